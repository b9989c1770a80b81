"""Grade: the look of the finished picture, with skin tones protected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.errors import HeadshotError
from headshot_core.recipe import Grade


@dataclass(frozen=True)
class Look:
    """A look as a few well known moves, all in CIELAB; amounts at full strength."""

    title: str
    hint: str
    contrast: float = 0.0
    """slope of the S-curve round middle grey: 0 none"""
    lift: float = 0.0
    """L added to black"""
    gamma: float = 1.0
    """above 1 lightens the middle tones"""
    saturation: float = 1.0
    warm: float = 0.0
    """b added to the whole picture; half of it on skin"""
    shadows: tuple[float, float] = (0.0, 0.0)
    """a, b added to the dark parts"""
    lights: tuple[float, float] = (0.0, 0.0)
    """a, b added to the light parts"""
    grain: float = 0.0
    """standard deviation, in L"""
    vignette: float = 0.0
    """L taken from the corners"""


LOOKS: dict[str, Look] = {
    "natural": Look("Natural", "true colours, nothing added"),
    "warm": Look("Warm", "late afternoon", 0.1, warm=6.0, lights=(0.5, 2.5), saturation=1.04),
    "cool": Look("Cool", "crisp and modern", 0.12, warm=-5.0, shadows=(-0.5, -3.0), saturation=0.96),
    "editorial": Look(
        "Editorial", "magazine: contrast, quiet colour", 0.28, 1.5, 1.02, 0.86, shadows=(-1.0, -2.0), vignette=4
    ),
    "film": Look(
        "Film",
        "soft blacks, fine grain",
        0.14,
        5.0,
        1.04,
        0.9,
        1.5,
        shadows=(-2.0, -2.5),
        lights=(1.0, 3.0),
        grain=1.5,
        vignette=3,
    ),
    "high_key": Look("High key", "light and airy", -0.06, 2.0, 1.22, 0.94),
    "low_key": Look("Low key", "dark and calm", 0.24, 0.0, 0.82, 0.92, vignette=9),
    "black_and_white": Look("Black and white", "classic, full tones", 0.26, 0.5, 1.04, 0.0, grain=1.0, vignette=3),
}
SKIN_PROTECTION = 0.6
"""Share of a look's colour shift that skin is spared."""
FACE_RANGE = (0.10, 0.62)
"""Linear luminance of well lit skin, deep to very light in high key (Munsell value 3.6 to 8.2)."""
LIGHT_FACE = 0.46
"""Luminance beyond which no face is lifted."""
WHITE, LEVELS = 0.6, 0.85
"""Luminance that the lightest parts of a well exposed photo reach, and the share of a lack that is made up."""
PART = 0.75
"""Share of the way into `FACE_RANGE`."""
FULL_GRAIN = 1280
"""Height in pixels from which grain has its full strength."""
GRAIN = 1024
"""Pixels after which the grain repeats itself."""


class Part(NamedTuple):
    """Where in a picture a part of it lies: what a look does to the picture as a whole goes on there."""

    whole: tuple[int, int]
    """height and width of the picture"""
    top: int = 0
    left: int = 0


def look_of(grade: Grade) -> Look:
    """The look that a recipe names, or a `HeadshotError`."""
    if grade.look not in LOOKS:
        raise HeadshotError(f"There is no look called '{grade.look}'.", f"Choose one of {', '.join(LOOKS)}.")
    return LOOKS[grade.look]


def auto_exposure(face: float, white: float) -> float:
    """Stops that bring a photo to a pleasant brightness, without making dark skin light.

    `face`: median linear luminance of the bare face; `white`: that of the whole photo's lightest hundredth. A photo
    without any white was exposed too little, whatever the skin. After that only a face outside the range in which well
    lit skin of every tone lies (`FACE_RANGE`) is moved, and only part of the way.
    """
    levels = LEVELS * float(np.clip(np.log2(WHITE / max(white, 1e-3)), 0, 4))
    levels = min(levels, max(0.0, float(np.log2(LIGHT_FACE / max(face, 1e-3)))))
    face = max(face * 2**levels, 1e-3)
    return levels + PART * float(np.log2(np.clip(face, *FACE_RANGE) / face))


def apply(picture: np.ndarray, grade: Grade, skin: np.ndarray, seed: int, part: Part | None = None) -> np.ndarray:
    """The graded picture, sRGB (H, W, 3) 0..1. `skin`: (H, W) 0..1, spared most of the colour shift.

    `part`: where it lies in a larger picture, if it is only a part of one.
    """
    part = part or Part(picture.shape[:2])
    look, amount = look_of(grade), grade.strength
    if grade.exposure:
        picture = colour.to_srgb(_shoulder(colour.to_linear(picture) * 2**grade.exposure))
    if look == LOOKS["natural"] or amount == 0:
        return picture
    light, a, b = cv2.split(colour.to_lab(picture))
    light = _tone(light, look, amount)
    chroma = 1 + (look.saturation - 1) * amount
    a, b = a * chroma, b * chroma
    if look.saturation:
        shift = amount * (1 - SKIN_PROTECTION * skin)
        tint_a, tint_b = _tint(light, look)
        a, b = a + shift * tint_a, b + shift * tint_b
    if look.vignette:
        light -= _vignette(light.shape, part) * (look.vignette * amount)
    if look.grain:
        light += _grain(light.shape, part, seed) * (look.grain * amount)
    return colour.from_lab(cv2.merge([light, a, b]))


def _shoulder(linear: np.ndarray, knee: float = 0.7) -> np.ndarray:
    # Highlights roll off instead of clipping.
    over = np.maximum(linear - knee, 0)
    return np.minimum(linear, knee) + (1 - knee) * (1 - np.exp(-over / (1 - knee)))


def _tone(lightness: np.ndarray, look: Look, amount: float) -> np.ndarray:
    x = np.clip(lightness / 100, 0, 1)
    y = x ** (1 / look.gamma)
    y = y + look.contrast * (y - 0.5) * 4 * y * (1 - y)
    y = look.lift / 100 + y * (1 - look.lift / 100)
    return 100 * (x + amount * (y - x))


def _tint(lightness: np.ndarray, look: Look) -> tuple[np.ndarray, np.ndarray]:
    """What is added to a and b, (H, W) each: the look's warmth, and its tint of the dark and of the light parts."""
    light = np.clip(lightness / 100, 0, 1)
    dark, bright = (1 - light) ** 2, light**2
    (dark_a, dark_b), (bright_a, bright_b) = look.shadows, look.lights
    return dark * dark_a + bright * bright_a, look.warm + dark * dark_b + bright * bright_b


def _vignette(shape: tuple[int, int], part: Part) -> np.ndarray:
    y, x = (
        np.linspace(-1, 1, n, dtype=np.float32)[start : start + length]
        for n, start, length in zip(part.whole, part[1:], shape, strict=True)
    )
    return np.clip(np.hypot(x[None], y[:, None]) - 0.55, 0, None) ** 1.5


def _grain(shape: tuple[int, int], part: Part, seed: int) -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal((GRAIN, GRAIN), np.float32), (0, 0), 0.7)
    rows, columns = ((start + np.arange(length)) % GRAIN for start, length in zip(part[1:], shape, strict=True))
    return noise[rows[:, None], columns] * (1.9 * grain_scale(part.whole))


def grain_scale(shape: tuple[int, int]) -> float:
    """Strength of grain in a picture of that (height, width): a smaller print shows less of the same film's."""
    return min(1.0, shape[0] / FULL_GRAIN)
