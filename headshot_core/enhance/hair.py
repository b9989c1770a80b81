"""Softens single hairs that stand off against the background."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core import colour
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import Study, View, Window

HEAD, MARGIN = 480, 0.6
"""Pixels from crown to chin at which single hairs are looked for, and how far about the head, in its heights."""
MOUTH = 13
ALIKE = 25.0
"""CIELAB difference from the hair's tone up to which a place on the head is hair."""
WIDEST = 0.03
"""A flyaway strand is narrower than this, in inter-eye distances."""
FUZZ, FARTHEST = 0.06, 0.7
"""The hair's own soft outline stays; farther out nothing is taken for hair. In inter-eye distances."""
FAINT, CLEAR = 2.0, 7.0
"""CIELAB difference from what lies behind at which a strand is not, and fully, seen."""
SHORTEST = 0.1
"""A strand is at least this long, in inter-eye distances: specks are something else."""
LINE, STRAIGHT = 0.25, 0.008
"""What is longer than the first and strays less than the second from a line, in inter-eye distances, is no hair."""


class Hair(Tool):
    """Softens single hairs that stand off against the background."""

    title: ClassVar[str] = "Flyaway hair"
    group: ClassVar[str] = "Features"

    tool: Literal["hair"] = "hair"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        places = cv2.findNonZero(flyaways(view.window).astype(bool).astype(np.uint8))
        if places is None:
            return view.pixels
        return view.within(view.window.box_round(places.reshape(-1, 2), 2 * WIDEST), _faded)

    def mask(self, window: Window) -> np.ndarray:
        return flyaways(window)


def flyaways(window: Window) -> np.ndarray:
    """(H, W) 0..1: single hairs off the hair's mass, which the tool fades into the background."""
    return window.laid_in(*window.study.once(find_flyaways))


def _faded(view: View) -> np.ndarray:
    strands = flyaways(view.window)[..., None]
    return view.pixels + strands * (behind(view.pixels, view.unit) - view.pixels)


def behind(pixels: np.ndarray, unit: float) -> np.ndarray:
    """What lies behind thin strands, sRGB (H, W, 3): the median round each pixel, twice as wide as a strand."""
    side = int(np.clip(2 * round(WIDEST * unit) + 1, 3, 255))
    rounded = (pixels * 255 + 0.5).astype(np.uint8)
    return cv2.medianBlur(rounded, side).astype(np.float32) * np.float32(1 / 255)


def find_flyaways(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """Where single hairs stand off, (h, w) 0..1, and the transform from the photo to there."""
    window = study.around_head(HEAD, MARGIN)
    unit = window.unit
    body = cv2.morphologyEx((window.person > 0.6).astype(np.uint8), cv2.MORPH_OPEN, _disc(FUZZ * unit))
    lab = colour.to_lab(cv2.GaussianBlur(window.photo, (0, 0), 0.7))  # noise is no hair
    hair = (body > 0) & (window.skin < 0.1) & (_height(window) > 0)
    if hair.sum() < 50:
        return np.zeros(window.shape, np.float32), window.matrix
    tone = np.median(lab[hair], 0)
    hair &= np.linalg.norm(lab - tone, axis=-1) < ALIKE
    apart = cv2.distanceTransform(1 - body, cv2.DIST_L2, 5) / unit
    from_hair = cv2.distanceTransform(1 - hair.astype(np.uint8), cv2.DIST_L2, 5) / unit
    around = np.clip(apart / FUZZ - 0.5, 0, 1) * np.clip((FARTHEST - from_hair) / 0.2, 0, 1)
    strands = around * _like(tone, lab, colour.to_lab(behind(window.photo, unit)))
    return cv2.GaussianBlur(strands * _long(strands > 0.2, from_hair, unit), (0, 0), 0.8), window.matrix


def _height(window: Window) -> np.ndarray:
    """(h, 1) in inter-eye distances above the mouth: hair lower down is not looked at, it may be a coat."""
    y = np.arange(window.shape[0], dtype=np.float32)[:, None]
    return (window.face.points[MOUTH, 1] - y) / window.unit


def _like(tone: np.ndarray, lab: np.ndarray, back: np.ndarray) -> np.ndarray:
    """(h, w) 0..1: stands out from what lies behind, toward the hair's tone; all in CIELAB."""
    off, toward = lab - back, tone - back
    difference = np.linalg.norm(off, axis=-1)
    agreement = (off * toward).sum(-1) / (difference * np.linalg.norm(toward, axis=-1) + 1e-6)
    return np.clip((difference - FAINT) / (CLEAR - FAINT), 0, 1) * np.clip((agreement - 0.4) / 0.3, 0, 1)


def _long(strands: np.ndarray, from_hair: np.ndarray, unit: float) -> np.ndarray:
    """(h, w) 0..1: about strands that are long enough and begin at the hair, of all that look like some."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(strands.astype(np.uint8), connectivity=8)
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    near = np.zeros(len(stats), bool)
    near[np.unique(labels[from_hair < 3 * FUZZ])] = True
    kept = near & (length > SHORTEST * unit)
    kept[0] = False
    for number in np.flatnonzero(kept & (length > LINE * unit)):
        kept[number] = not _straight(np.argwhere(labels == number), unit)
    return cv2.dilate(kept[labels].astype(np.float32), np.ones((3, 3), np.uint8))


def _straight(points: np.ndarray, unit: float) -> bool:
    """Whether points (N, 2) lie on a line: a ceiling's, not a hair's."""
    return bool(np.linalg.eigvalsh(np.cov(points.T))[0] < (STRAIGHT * unit) ** 2)


def _disc(radius: float) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(radius)) + 1,) * 2)
