"""Is the face sharp? How wide its edges are, and whether they are wider in one direction than in another."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core.enhance.denoise import SPLIT
from headshot_core.enhance.view import Study
from headshot_core.face import regions

HEAD = 420
"""Pixels from crown to chin in which a head's sharpness is read, at the most: more than most headshots show."""
FINE, COARSE = 1.0, 2.0
"""Blurs, in pixels, whose gradients are compared: the sharper an edge, the more the first tells from the second."""
EDGES = 85
"""Percentile of the gradients from which a place is an edge."""
SHARPEST = 25
"""Percentile of the edges' widths that counts: not all of a face lies in the plane of focus."""
FEWEST = 8
"""Edges of one direction that are needed to say something of it."""


@dataclass(frozen=True)
class Focus:
    """Widths of the edges of eyes, brows and lips, in hundredths of the distance between the eyes."""

    all: float
    """the sharpest quarter of all edges"""
    worst: float
    """the same of the direction in which they are widest"""
    best: float
    """and of that in which they are narrowest"""

    @property
    def shaken(self) -> bool:
        """Whether the blur has a direction: the camera or the person moved."""
        return self.worst > 1.7 * self.best + 0.3


def focus_of(study: Study) -> Focus:
    """The face's sharpness, from gradients at two scales (Zhuo & Sim 2011), all together and by direction."""
    window = study.around_head(HEAD, 0.1)
    grey = cv2.transform(window.photo, SPLIT[:1])
    across, down = _gradient(grey, FINE)
    fine, coarse = cv2.magnitude(across, down), cv2.magnitude(*_gradient(grey, COARSE))
    ratio = np.maximum(fine / (coarse + 1e-6), 1.01)
    widths = np.sqrt(np.maximum((COARSE**2 - ratio**2 * FINE**2) / (ratio**2 - 1), 0)) * 100 / window.unit
    places = regions.features(window.face, window.shape)
    angle = np.degrees(np.arctan2(down, across)) % 180
    ways = [np.abs((angle - middle + 90) % 180 - 90) < 22.5 for middle in (0, 45, 90, 135)]
    found = [_width(widths, fine, places & way) for way in ways]
    known = [width for width in found if width is not None] or [0.0]
    return Focus(_width(widths, fine, places) or 0.0, max(known), min(known))


def _gradient(grey: np.ndarray, blur: float) -> tuple[np.ndarray, np.ndarray]:
    soft = cv2.GaussianBlur(grey, (0, 0), blur)
    return cv2.Sobel(soft, -1, 1, 0), cv2.Sobel(soft, -1, 0, 1)


def _width(widths: np.ndarray, strength: np.ndarray, places: np.ndarray) -> float | None:
    """The width of the sharpest edges among some places; None where there are too few."""
    if not places.any():
        return None
    edges = places & (strength > np.percentile(strength[places], EDGES))
    return float(np.percentile(widths[edges], SHARPEST)) if edges.sum() >= FEWEST else None
