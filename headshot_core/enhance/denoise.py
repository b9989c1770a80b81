"""Takes out noise, colour noise first, and leaves texture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Study, View, Window

SPLIT = np.array([[0.299, 0.587, 0.114], [0.5, -0.5, 0.0], [-0.289, -0.289, 0.577]], np.float32)
"""sRGB to brightness, red against green, and blue against yellow; noise is the same in both colours."""
JOIN = np.linalg.inv(SPLIT).astype(np.float32)
SPLINE = np.array([1, 4, 6, 4, 1], np.float32) / 16
LEVELS = (0.891, 0.201, 0.0856, 0.0413)
"""White noise of deviation 1 in each band of the B3 spline wavelets (Starck & Murtagh 2006)."""
SIDE = 1024
"""Pixels of the photo about the face, at the most, on which noise is measured."""
BLOCK = 16
FLAT = 15
"""Percentile of the blocks: the flattest ones show noise and nothing else."""
FLATTEST = 0.86
"""What that percentile gives of the noise's true deviation."""
KNOTS = np.array([0.1, 0.3, 0.5, 0.7, 0.9], np.float32)
"""Brightness at which noise is measured."""
LEAST = 0.6 / 255
"""Noise below this is nobody's concern: 8-bit rounding and JPEG."""
REACH = 6
"""Pixels of the photo around which colour is averaged."""
COLOUR_MARGIN = 2.0
"""Colour counts as noise up to this many times the noise's energy: nobody misses a little colour."""


@dataclass(frozen=True)
class Noise:
    """Standard deviations of the photo's noise at its own pixels, in sRGB 0..1."""

    luminance: float
    colour: float
    """mean of both colour axes of `SPLIT`"""
    curve: tuple[float, ...]
    """luminance noise at the brightnesses `KNOTS`"""


class Denoise(Tool):
    """Takes out noise, colour noise first, and leaves texture."""

    title: ClassVar[str] = "Denoise"
    group: ClassVar[str] = "Photo"

    tool: Literal["denoise"] = "denoise"
    strength: float = Field(0.8, ge=0, le=1, description="how much of it, from nothing to all")
    luminance: float = amount(0.6, "grain: light and dark specks; above 100 % more than was measured", high=2)
    colour: float = amount(1.0, "coloured specks and blotches")

    def apply(self, view: View) -> np.ndarray:
        noise = view.study.once(noise_of)
        if max(noise.luminance, noise.colour) < LEAST:
            return view.pixels
        share = min(1.0, view.window.scale)  # small views average noise away
        grey, *colours = cv2.split(cv2.transform(view.pixels, SPLIT))
        calmer = calm(grey, share * max(1.0, self.luminance) * level_of(noise, grey))
        if noise.colour > LEAST:
            radius = max(2, round(REACH * view.window.scale))
            pure = calm_colours(calmer, colours, share * noise.colour, radius)
            colours = [old + self.colour * (new - old) for old, new in zip(colours, pure, strict=True)]
        grey = grey + min(1.0, self.luminance) * (calmer - grey)
        return cv2.transform(cv2.merge([grey, *colours]), JOIN)


def noise_of(study: Study) -> Noise:
    """The photo's noise, from the finest differences (Immerkær 1996) of its flattest blocks about the face."""
    grey, *colours = cv2.split(cv2.transform(around_face(study).photo, SPLIT))
    level = _blocks(grey)
    usable = (level > 0.04) & (level < 0.96)  # clipped places hide their noise
    found = [_deviations(channel) for channel in (grey, *colours)]
    luminance, *chroma = (_flattest(one[usable]) for one in found)
    curve = [_flattest(found[0][usable & (np.abs(level - knot) < 0.1)], luminance) for knot in KNOTS]
    curve = np.clip(curve, 0.5 * luminance, 2 * luminance)
    return Noise(luminance, float(np.mean(chroma)), tuple(float(value) for value in curve))


def around_face(study: Study) -> Window:
    """The photo's own pixels about the face, `SIDE` wide and high at the most."""
    (x, y), (width, height) = study.face.points[:, :2].mean(0), study.size
    x0, y0 = int(np.clip(x - SIDE / 2, 0, max(0, width - SIDE))), int(np.clip(y - SIDE / 2, 0, max(0, height - SIDE)))
    return study.whole().cut((x0, y0, min(width, x0 + SIDE), min(height, y0 + SIDE)))


def level_of(noise: Noise, grey: np.ndarray) -> np.ndarray:
    """(H, W): luminance noise to be expected at each pixel's brightness."""
    return np.interp(cv2.GaussianBlur(grey, (0, 0), 2.0), KNOTS, noise.curve).astype(np.float32)


def calm(grey: np.ndarray, sigma: np.ndarray | float) -> np.ndarray:
    """A channel (H, W) without white noise of deviation `sigma` (H, W).

    Every band of its wavelets is weighed by how much of its energy round each pixel is not noise (local Wiener filter):
    hair and lashes stay as they are, flat places lose all.
    """
    smooth, result = grey, 0
    for number, level in enumerate(LEVELS):
        kernel = np.zeros(4 * 2**number + 1, np.float32)
        kernel[:: 2**number] = SPLINE
        smoother = cv2.sepFilter2D(smooth, -1, kernel, kernel, borderType=cv2.BORDER_REFLECT)
        band, noise = smooth - smoother, (level * sigma) ** 2
        energy = cv2.blur(band * band, (5 + 2 * number,) * 2, borderType=cv2.BORDER_REFLECT)
        result = result + band * np.maximum(1 - noise / (energy + 1e-9), 0)
        smooth = smoother
    return result + smooth


def calm_colours(grey: np.ndarray, colours: list[np.ndarray], sigma: float, radius: int) -> list[np.ndarray]:
    """Colour channels without noise of deviation `sigma`: what brightness tells (guided filter, He et al. 2013) and
    what stands out too far to be noise."""

    def mean(array):
        return cv2.blur(array, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REFLECT)

    average = mean(grey)
    spread = mean(grey * grey) - average**2 + sigma**2
    result = []
    for channel in colours:
        middle = mean(channel)
        slope = (mean(grey * channel) - average * middle) / spread
        fit = mean(slope) * grey + mean(middle - slope * average)
        rest = channel - fit
        energy = cv2.blur(rest * rest, (5, 5), borderType=cv2.BORDER_REFLECT)
        result.append(fit + rest * np.maximum(1 - COLOUR_MARGIN * sigma**2 / (energy + 1e-9), 0))
    return result


def _blocks(channel: np.ndarray) -> np.ndarray:
    """Means of blocks."""
    rows, columns = (max(1, side // BLOCK) for side in channel.shape)
    return cv2.resize(channel[: rows * BLOCK, : columns * BLOCK], (columns, rows), interpolation=cv2.INTER_AREA)


def _deviations(channel: np.ndarray) -> np.ndarray:
    """Noise of each block, by the differences that a plane does not have."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    return np.sqrt(_blocks(cv2.filter2D(channel, -1, kernel) ** 2))


def _flattest(deviations: np.ndarray, otherwise: float = 0.0) -> float:
    return float(np.percentile(deviations, FLAT)) / FLATTEST if len(deviations) > 20 else otherwise
