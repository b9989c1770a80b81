"""Takes out the blocks and rings of strong JPEG compression."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core.enhance.denoise import JOIN, REACH, SPLIT, around_face, calm, calm_colours
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import Study, View

GRID = 8
"""Pixels of a JPEG block."""
FLAT, STEEP = 10 / 255, 16 / 255
"""Steps are counted where their neighbours add up to less than the first, and no higher than the second."""
BLACK = 0.03
"""Bars and blown-out places show no blocks."""
CLEAN, WORST = 1.3 / 255, 6.0 / 255
"""Mean step from block to block at JPEG qualities from about 80 up, and at about 10."""
ERROR = 1.2
"""The compression's error against that step: removed as noise of that deviation, it comes closest to the original."""


class Jpeg(Tool):
    """Takes out the blocks and rings of strong JPEG compression."""

    title: ClassVar[str] = "JPEG clean-up"
    group: ClassVar[str] = "Photo"

    tool: Literal["jpeg"] = "jpeg"
    strength: float = Field(1.0, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        blockiness, scale = view.study.once(blockiness_of), view.window.scale
        if blockiness == 0:
            return view.pixels
        step = CLEAN + blockiness * (WORST - CLEAN)
        # Little compression is left alone bit by bit; small views average it away.
        sigma = ERROR * step * min(1.0, 5 * blockiness) * min(1.0, scale) ** 2
        grey, *colours = cv2.split(cv2.transform(view.pixels, SPLIT))
        grey = calm(grey, sigma)
        colours = calm_colours(grey, colours, sigma, max(2, round(REACH * scale)))
        return cv2.transform(cv2.merge([grey, *colours]), JOIN)


def blockiness_of(study: Study) -> float:
    """0..1: 0 for a clean photo, about 0.3 at JPEG quality 40, 1 at 10; read from the photo's pixels about the face."""
    grey = cv2.transform(around_face(study).photo, SPLIT[:1])
    step = min(_step(grey), _step(np.ascontiguousarray(grey.T)))  # stripes in one direction are no blocks
    return float(np.clip((step - CLEAN) / (WORST - CLEAN), 0, 1))


def _step(grey: np.ndarray) -> float:
    """How much higher the steps in flat places are at every eighth column than at the others, whichever they are."""
    number = (grey.shape[1] - 3) // GRID * GRID
    steps = np.abs(np.diff(grey, axis=1))
    beside = (steps[:, :-2] + steps[:, 2:])[:, :number]
    here = grey[:, 1 : number + 1]
    flat = (beside < FLAT) & (here > BLACK) & (here < 1 - BLACK)
    excess = np.clip(steps[:, 1 : number + 1] - beside / 2, -STEEP, STEEP) * flat
    columns = excess.sum(0) / np.maximum(flat.sum(0), 1)
    phases = columns.reshape(-1, GRID).mean(0) if number else np.zeros(GRID)
    return float(phases.max() - np.median(phases))
