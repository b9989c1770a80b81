"""Can eyes and mouth be seen? Sunglasses, masks and hands hide what makes an eye an eye and a mouth a mouth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance.view import Study, Window
from headshot_core.face import regions
from headshot_core.face.landmarks import Face

HEAD = 256
UPPER_SKIN = (9, 168, 6, 118, 347)
"""Landmarks between the brows, on the nose's bridge and below the eyes: the rest is measured by their lightness."""
CHEEKS = (205, 425)
LIP_PAIRS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318))
"""Landmarks of the upper and the lower lip's inner edge, one above the other."""
PALEST = 10.0
"""CIELAB lightness below which skin is not measured by: darkness hides everything."""


@dataclass(frozen=True)
class Cover:
    """What eyes and mouth show. Unmasked faces of every kind keep well above the bounds in `faults`."""

    eyes: float
    """contrast of lightness within the eye's opening (white, iris, lashes) against the skin's; the better eye"""
    below_eyes: float
    """lightness of the skin below the eyes against the cheek's; the better eye"""
    lips: float
    """CIELAB difference between the lips and what surrounds them, against the skin's lightness"""
    mouth_line: float
    """how dark the line between the lips is against the skin's lightness"""


def cover_of(study: Study) -> Cover:
    """What can be seen of eyes and mouth."""
    window = study.around_head(HEAD, 0.1)
    lab, face, unit = colour.to_lab(window.photo), window.face, window.unit
    skin = max(PALEST, float(np.median([_spot(lab, face.points[i, :2], 0.06 * unit)[0] for i in UPPER_SKIN])))
    below = [_spot(lab, eye + 0.27 * unit * face.axes[1][:2], 0.07 * unit)[0] for eye in face.eyes]
    cheeks = [_spot(lab, face.points[i, :2], 0.08 * unit)[0] for i in CHEEKS]
    return Cover(
        eyes=max(_contrast(lab, window, outline) for outline in (regions.EYE_LEFT, regions.EYE_RIGHT)) / skin,
        below_eyes=float(max(under / max(cheek, 1.0) for under, cheek in zip(below, cheeks, strict=True))),
        lips=_lips(lab, window) / skin,
        mouth_line=_mouth_line(lab, face, unit) / skin,
    )


def _spot(lab: np.ndarray, at: np.ndarray, radius: float) -> np.ndarray:
    """(3,) median colour of a small disc; that of the nearest pixel where it lies outside."""
    height, width = lab.shape[:2]
    x, y = (int(np.clip(round(float(v)), 0, limit - 1)) for v, limit in zip(at, (width, height), strict=True))
    reach = max(1, round(radius))
    box = lab[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
    return np.median(box.reshape(-1, 3), 0)


def _contrast(lab: np.ndarray, window: Window, outline: list[int]) -> float:
    seen = lab[..., 0][regions.polygon(window.face, outline, window.shape, 0.02)]
    return float(np.percentile(seen, 92) - np.percentile(seen, 10)) if len(seen) else 0.0


def _lips(lab: np.ndarray, window: Window) -> float:
    lips = regions.polygon(window.face, regions.LIPS, window.shape)
    near, far = (regions.polygon(window.face, regions.LIPS, window.shape, grow) for grow in (0.05, 0.14))
    around = far & ~near
    if not lips.any() or not around.any():
        return 0.0
    return float(np.linalg.norm(np.median(lab[lips], 0) - np.median(lab[around], 0)))


def _mouth_line(lab: np.ndarray, face: Face, unit: float) -> float:
    """The darkest place between the lips against what lies above and below it, the median along the mouth."""
    light, down = np.ascontiguousarray(lab[..., 0]), face.axes[1][:2]
    steps = np.linspace(-0.22, 0.22, 41, dtype=np.float32) * unit
    found = []
    for upper, lower in LIP_PAIRS:
        first, second = face.points[upper, :2], face.points[lower, :2]
        x, y = ((first + second) / 2 + steps[:, None] * down).astype(np.float32).T
        profile = cv2.remap(light, x[None], y[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
        between = np.abs(steps) <= np.linalg.norm(second - first) / 2 + 0.03 * unit
        rest = profile[~between]
        found.append(np.median(rest) - profile[between].min() if len(rest) else 0.0)
    return float(np.median(found))
