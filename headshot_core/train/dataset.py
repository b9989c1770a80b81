"""The prepared photos of one training: what the trainer sees, in a folder of plain files.

FOLDER/index.json           an entry for each picture
FOLDER/NAME.png             the crop, upright, in its bucket's size
FOLDER/NAME.weight.png      8-bit: 0 behind the person, 128 the person, 255 the face
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write
from headshot_core.photo import to_bytes

INDEX = "index.json"
Crop = Literal["head", "half", "wide"]
BEHIND, PERSON, FACE = 0, 128, 255
"""Values of a weight picture."""


@dataclass(frozen=True)
class Example:
    """One prepared picture."""

    name: str
    """of its files, without suffix"""
    photo: str
    """the person's photo that it was made from, by file name"""
    crop: Crop
    size: tuple[int, int]
    """width, height in pixels: its bucket"""
    caption: str
    """with the trigger word and the class noun; never the face itself"""
    class_caption: str
    """the same without the trigger word"""
    box: tuple[float, float, float, float] = (0, 0, 1, 1)
    """x0, y0, x1, y1 of the crop in the upright photo, in shares of its sides; may reach beyond by a little"""
    held_out: bool = False
    """kept for judging, never trained on"""
    notes: tuple[str, ...] = ()
    """what was done to it, in plain words"""


def write(folder: Path, examples: list[Example]) -> None:
    """Write the index, last of all files."""
    data = json.dumps([asdict(example) for example in examples], indent=2, ensure_ascii=False)
    atomic_write(folder / INDEX, data.encode())


def read(folder: Path) -> list[Example]:
    """The prepared pictures, in order. Raises `HeadshotError` where the folder was not prepared, or is damaged."""
    try:
        entries = json.loads((folder / INDEX).read_bytes())
        return [Example(**{**entry, **_tuples(entry)}) for entry in entries]
    except FileNotFoundError as error:
        raise HeadshotError("The photos are not prepared yet.", "Start the training again.") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise HeadshotError(f"{folder / INDEX} is damaged.", "Start the training again.") from error


def _tuples(entry: dict) -> dict:
    return {name: tuple(entry[name]) for name in ("size", "box", "notes") if name in entry}


def picture(folder: Path, example: Example) -> np.ndarray:
    """uint8 (H, W, 3), sRGB. Raises `HeadshotError`."""
    return cv2.cvtColor(_image(folder / f"{example.name}.png", cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def weights(folder: Path, example: Example) -> np.ndarray:
    """uint8 (H, W): `BEHIND`, `PERSON`, `FACE`, and what lies between. Raises `HeadshotError`."""
    return _image(folder / f"{example.name}.weight.png", cv2.IMREAD_GRAYSCALE)


def _image(path: Path, kind: int) -> np.ndarray:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError:
        data = np.empty(0, np.uint8)
    image = cv2.imdecode(data, kind) if data.size else None
    if image is None:
        raise HeadshotError(f"{path.name} of the prepared photos is gone or damaged.", "Start the training again.")
    return image


def put(folder: Path, example: Example, picture: np.ndarray, weight: np.ndarray) -> None:
    """Write both pictures of an example: sRGB (H, W, 3) and weight (H, W), float 0..1 or uint8."""
    for name, pixels in ((example.name, picture[..., ::-1]), (f"{example.name}.weight", weight)):
        done, data = cv2.imencode(".png", pixels if pixels.dtype == np.uint8 else to_bytes(pixels))
        if not done:
            raise HeadshotError(f"{name}.png could not be written.", "Try again.")
        atomic_write(folder / f"{name}.png", data.tobytes())


def remove(folder: Path, photo: str) -> list[Example]:
    """Delete what was made of a photo; gives what is left."""
    examples = read(folder)
    left = [example for example in examples if example.photo != photo]
    write(folder, left)
    for example in examples:
        if example.photo == photo:
            for path in folder.glob(f"{example.name}.*"):
                path.unlink(missing_ok=True)
    return left
