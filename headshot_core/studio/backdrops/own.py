"""The user's own picture as a backdrop, and the photo's own background."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_photo, to_float
from headshot_core.studio.backdrops.scene import Scene, backdrop, defocus


@backdrop(
    "image",
    "My own picture",
    "A picture of yours, cropped to fill the frame and put out of focus as you like.",
    colour="#808080",
    accent="#ffffff",
    spill=0.35,
    rows=1280,
    knee=1,
    mirrored=False,
)
def image(scene: Scene) -> np.ndarray:
    """Blur 0 keeps the picture sharp. Raises `HeadshotError` where there is no readable picture."""
    if not scene.image:
        raise HeadshotError("No picture was chosen for the backdrop.", "Choose one, or pick another backdrop.")
    path = Path(scene.image)
    picture = _read(scene.image, path.stat().st_mtime_ns if path.is_file() else 0)
    linear = colour.to_linear(_cover(picture, scene.columns, scene.rows))
    return defocus(scene, linear, 0.045 * scene.blur**1.5)


@lru_cache(maxsize=2)
def _read(path: str, changed: int) -> np.ndarray:
    """sRGB of the file, read anew when it ``changed``: a preview asks for it many times."""
    return to_float(read_photo(path).image)


def forget() -> None:
    """Let go of the user's pictures."""
    _read.cache_clear()


def _cover(picture: np.ndarray, columns: int, rows: int) -> np.ndarray:
    """Scaled and cropped about the middle so that it fills the frame."""
    height, width = picture.shape[:2]
    scale = max(columns / width, rows / height)
    size = (max(columns, round(width * scale)), max(rows, round(height * scale)))
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (size[0] - columns) // 2, (size[1] - rows) // 2
    return picture[top : top + rows, left : left + columns]


PHOTOGRAPHED = {
    "colour": "#808080",
    "accent": "#ffffff",
    "spill": 0,
    "rows": 0,
    "knee": 1,
    "mirrored": False,
    "own": True,
}


@backdrop("original", "As it was", "The photo's own background, untouched.", **PHOTOGRAPHED)
def original(scene: Scene) -> np.ndarray:
    """Raises `HeadshotError` where no photo belongs to the scene."""
    if scene.plate is None:
        raise HeadshotError("The own background needs the photo.", "Choose another backdrop here.")
    return scene.plate


@backdrop(
    "original_blur",
    "As it was, blurred",
    "The photo's own background, out of focus as through a fast lens.",
    **PHOTOGRAPHED,
)
def original_blur(scene: Scene) -> np.ndarray:
    """Blur 0 keeps it sharp. Raises `HeadshotError` where no photo belongs to the scene."""
    return defocus(scene, original(scene), 0.05 * scene.blur)
