"""The check that generated pictures pass before they are shown: Yahoo's Open NSFW (2016, BSD-2-Clause).

It can be switched off on a person's own machine only (`may_switch_off`). Without its model file nothing is shown.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass

import numpy as np
from PIL import Image

from headshot_core import assets
from headshot_core.errors import HeadshotError
from headshot_core.nets import net
from headshot_core.progress import CancelToken, Report, silent

LIMIT = 0.3
"""Score from which a picture is withheld. Yahoo calls less than 0.2 safe and more than 0.8 unsafe and leaves the rest
to the application. Portraits scored 0.07 at most, the same with shoulders painted bare 0.12, with the whole body
painted bare up to 0.89."""
SIDE, CROP = 256, 224
MEAN = np.array([104, 117, 123], np.float32)
"""Of the training set, blue first."""


@dataclass(frozen=True)
class Verdict:
    """Whether a picture may be shown."""

    score: float
    """0..1: how likely it shows nudity"""

    @property
    def allowed(self) -> bool:
        """Whether the picture may be shown."""
        return self.score < LIMIT

    @property
    def says(self) -> str:
        """A plain sentence; empty where there is nothing to say."""
        return "" if self.allowed else "This picture may show nudity and is withheld."


def may_switch_off() -> bool:
    """Whether whoever runs this may leave the check out: on their own machine, not on a public Space."""
    return not os.environ.get("SPACE_ID")


def ready(report: Report = silent, cancel: CancelToken | None = None) -> None:
    """Fetch the model file where it is missing; worth doing before pictures are drawn that could not be shown.

    Raises `HeadshotError` where it cannot be had.
    """
    try:
        assets.fetch_all(assets.SAFETY, report, cancel)
    except HeadshotError as error:
        if type(error) is not HeadshotError:  # the person stopped it
            raise
        raise HeadshotError(
            f"Pictures are withheld: the safety check cannot be made. {error.what}", error.todo
        ) from error


def check(picture: np.ndarray) -> Verdict:
    """The verdict on an sRGB uint8 picture (H, W, 3). Raises `HeadshotError` where the model file is missing."""
    ready()
    return Verdict(score(picture))


def score(picture: np.ndarray) -> float:
    """0..1: how likely an sRGB uint8 picture (H, W, 3) shows nudity."""
    (found,) = net("open_nsfw")(_blob(picture)).values()
    return float(found[0, 1])


def _blob(picture: np.ndarray) -> np.ndarray:
    """(1, 224, 224, 3): the picture as Yahoo's classify_nsfw.py gives it to the net.

    Squeezed to a square, saved as JPEG and read again, for so were the pictures that it learnt from.
    """
    small = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG")
    pixels = np.asarray(Image.open(buffer), np.float32)
    edge = (SIDE - CROP) // 2
    return (pixels[edge:-edge, edge:-edge, ::-1] - MEAN)[None]
