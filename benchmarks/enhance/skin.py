"""Skin: pores kept and blotches gone, beside what OpenCV offers for the same, at equal blotch reduction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance.engine import Desk, enhance
from headshot_core.enhance.skin import Skin, where
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study, Window
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse

TITLE = "Skin: fine-scale energy kept and coarse-scale energy gone; the others are tuned to the same blotch reduction"
FULL = Skin(strength=1, evenness=1, shine=1, redness=1)
FINE, BLOTCH = 0.02, (0.03, 0.12)
"""Standard deviations in inter-eye distances: texture is finer than the first, blotches lie between the others."""
MODELLING = 4.0
"""CIELAB; where the photo differs more from its surroundings it is a fold, a nostril or a mole, and is not counted."""
LARGE = 480
"""Pixels from crown to chin in which is measured, at the most."""
LEAST = 42
"""Pixels between the eyes below which the tool leaves a face nearly alone by design."""

Smoother = Callable[[np.ndarray, float, float], np.ndarray]
"""pixels (sRGB 0..1), inter-eye distance, share 0..1 of its strongest setting"""


def _bilateral(pixels: np.ndarray, unit: float, share: float) -> np.ndarray:
    return cv2.bilateralFilter(pixels, -1, 0.005 + 0.4 * share**2, 0.12 * unit)


def _edge_preserving(pixels: np.ndarray, unit: float, share: float) -> np.ndarray:
    eight = np.round(pixels * 255).astype(np.uint8)
    sigma_s, sigma_r = float(np.clip(0.25 * unit, 1, 200)), float(0.01 + 0.99 * share**2)
    return cv2.edgePreservingFilter(eight, flags=cv2.RECURS_FILTER, sigma_s=sigma_s, sigma_r=sigma_r) / np.float32(255)


def _gaussian(pixels: np.ndarray, unit: float, share: float) -> np.ndarray:
    return cv2.GaussianBlur(pixels, (0, 0), max(0.1, 0.2 * share * unit))


OTHERS: dict[str, Smoother] = {
    "bilateral": _bilateral,
    "edge-preserving": _edge_preserving,
    "gaussian": _gaussian,
}


def rows(photos: list[Path]) -> list[dict]:
    """One row a portrait, and their means (largest for identity and hue)."""
    table = [row for row in map(_row, photos) if row]
    means = {name: round(float(np.mean([row[name] for row in table])), 3) for name in table[0] if name != "photo"}
    worst = ("identity", "identity full", "hue shift", "hue shift full")
    means |= {name: max((row[name] for row in table), key=abs) for name in worst}
    return [*table, {"photo": "all (identity, hue: worst)", **means}]


def _row(path: Path) -> dict | None:
    portrait = analyse(read_photo(path))
    if portrait.face.inter_eye < LEAST:
        return None
    stacks = [Stack(steps=(settings,)) for settings in (Skin(), FULL)]
    ours, full = (enhance(portrait, stack) for stack in stacks)
    study = Study(portrait)
    window = study.around_head(LARGE, 0.1)
    after, after_full = (Desk(study).render(window, stack) for stack in stacks)
    gone = blotches_gone(window, after)
    row = {"photo": path.stem, "blotches gone": gone, "texture kept": texture_kept(window, after)}
    row |= {f"texture kept, {name}": _tuned(window, smooth, gone) for name, smooth in OTHERS.items()}
    row |= {"identity": ours.distance, "identity full": full.distance}
    row |= {"hue shift": hue_shift(window, after), "hue shift full": hue_shift(window, after_full)}
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}


def _tuned(window: Window, smooth: Smoother, wanted: float) -> float:
    """Texture kept by another filter in the same mask, as strong as it must be for the same blotch reduction."""
    low, high = 0.0, 1.0
    for _ in range(8):
        share = (low + high) / 2
        mask = where(window)[..., None]
        after = window.photo + mask * (smooth(window.photo, window.unit, share) - window.photo)
        low, high = (share, high) if blotches_gone(window, after) < wanted else (low, share)
    return texture_kept(window, after)


def measured(window: Window) -> np.ndarray:
    """(H, W) bool: well inside the mask."""
    return cv2.erode((where(window) > 0.8).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def texture_kept(window: Window, after: np.ndarray) -> float:
    """Energy of the lightness finer than `FINE`, after against before."""
    there, sigma = measured(window), max(0.8, FINE * window.unit)

    def energy(pixels: np.ndarray) -> float:
        light = colour.to_lab(pixels)[..., 0]
        return float(np.square(light - cv2.GaussianBlur(light, (0, 0), sigma))[there].sum())

    return energy(after) / energy(window.photo)


def blotches_gone(window: Window, after: np.ndarray) -> float:
    """1 - energy of the CIELAB differences in the band `BLOTCH`, after against before."""
    there = measured(window)
    weight = there.astype(np.float32)

    def blurred(lab: np.ndarray, sigma: float) -> np.ndarray:
        sum_of_skin = cv2.GaussianBlur(lab * weight[..., None], (0, 0), sigma * window.unit)
        return sum_of_skin / (cv2.GaussianBlur(weight, (0, 0), sigma * window.unit)[..., None] + 1e-4)

    def band(pixels: np.ndarray) -> np.ndarray:
        lab = colour.to_lab(pixels)
        return (blurred(lab, BLOTCH[0]) - blurred(lab, BLOTCH[1]))[there]

    before = band(window.photo)
    counted = np.abs(before).max(-1) < MODELLING
    return 1 - float(np.square(band(after)[counted]).sum() / np.square(before[counted]).sum())


def hue_shift(window: Window, after: np.ndarray) -> float:
    """Degrees by which the CIELAB hue of the median skin turns."""
    there = measured(window)
    hues = [np.arctan2(*np.median(colour.to_lab(pixels)[there], 0)[:0:-1]) for pixels in (window.photo, after)]
    return float(np.degrees(hues[1] - hues[0]))
