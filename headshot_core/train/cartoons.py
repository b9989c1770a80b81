"""Preparation of cartoons for the demo base model: taken as they are, and put into its own words by its own readers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from headshot_core.micro import captions as words
from headshot_core.micro import readers
from headshot_core.micro.readers import Reading
from headshot_core.photo import read_photo
from headshot_core.train import captions, dataset
from headshot_core.train.dataset import FACE, PERSON, Crop, Example
from headshot_core.train.settings import Training

CROP: Crop = "head"
"""What each is called, and there is one of each photo: from nearer by as well, the demo person was learnt less well."""
WIDE, HIGH, UP = 0.45, 0.72, 0.1
"""Half axes of what counts as the head with its hair, and how far its middle lies above the head's, in head heights: a
bun stands on it."""


@dataclass(frozen=True, eq=False)
class Cartoon:
    """One photo as the base model sees it."""

    path: Path
    pixels: np.ndarray
    """uint8 (side, side, 3)"""
    reading: Reading

    @property
    def traits(self) -> dict:
        """What the photos to be held out are chosen by."""
        return {"angle": self.reading.turn, "yaw": self.reading.yaw}


def read(photos: list[Path], side: int) -> list[Cartoon]:
    """Every photo square and of that many pixels, and what is seen on it. Raises `HeadshotError`."""
    pictures = [_square(path, side) for path in photos]
    return [Cartoon(*one) for one in zip(photos, pictures, readers.read(pictures), strict=True)]


def _square(path: Path, side: int) -> np.ndarray:
    """The middle of the photo, uint8 (side, side, 3)."""
    pixels = np.asarray(read_photo(path).image)
    height, width = pixels.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    square = pixels[top : top + short, left : left + short]
    how = cv2.INTER_AREA if short > side else cv2.INTER_LINEAR
    return square if short == side else cv2.resize(square, (side, side), interpolation=how)


def make(one: Cartoon, held_out: bool, training: Training, noun: str, own: dict[str, str], folder: Path) -> Example:
    """Write one picture with its weights, and put it into words."""
    side, name = training.resolution, f"{one.path.stem}-{CROP}"
    somebody = words.anybody(noun, np.random.default_rng(list(name.encode())))
    caption, class_caption = (
        ", ".join((f"photo of {who}", *words.changing(one.reading)))
        for who in (captions.called(training.trigger, noun), somebody)
    )
    example = Example(name, one.path.name, CROP, (side, side), caption, class_caption, held_out=held_out)
    given = own.get(name) or own.get(one.path.name)
    if given:
        example = captions.with_words(example, given, training)
    dataset.put(folder, example, one.pixels, weights(one.reading, side))
    return example


def weights(reading: Reading, side: int) -> np.ndarray:
    """uint8 (side, side): `FACE` where the head with its hair is, `PERSON` elsewhere."""
    at = (np.arange(side, dtype=np.float32) + 0.5) / side
    across, down = (at[None] - reading.x) / WIDE, (at[:, None] - reading.y + UP * reading.head) / HIGH
    inside = np.hypot(across, down) < reading.head
    return np.where(inside, FACE, PERSON).astype(np.uint8)
