"""A little more colour and definition on the lips."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core import colour
from headshot_core.enhance.features import Mouth, band, laid, median, mouth, ramp, recoloured, retouch, together
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import View, Window

COLOUR = 0.35
"""More chroma at most, as a share."""
PLAIN, PAINTED = 0.5, 1.0
"""Chroma against lightness up to which lips get all of that, and from which they get none: paint, and shadow."""
FINE, BROAD = 0.7, 0.4
"""More contrast at most, as shares: in the lips' lines, and in their form."""
SHINE = 1.5


class Lips(Tool):
    """A little more colour and definition on the lips."""

    title: ClassVar[str] = "Lips"
    group: ClassVar[str] = "Features"

    tool: Literal["lips"] = "lips"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")
    colour: float = amount(0.5, "more of the lips' own colour")
    definition: float = amount(0.5, "clearer lines and edges")
    shine: float = amount(0.0, "brighter light on the lips")

    def apply(self, view: View) -> np.ndarray:
        return retouch(view, [view.study.once(mouth)], self._one)

    def mask(self, window: Window) -> np.ndarray:
        part = window.study.once(mouth)
        return together(window, [(part.lips, part.window)])

    def _one(self, view: View, part: Mouth) -> np.ndarray:
        mask, unit = laid(view.window, part.lips, part.window), view.unit
        lab = colour.to_lab(view.pixels)
        light = lab[..., 0]
        fine = np.clip(band(light, 0.004 * unit, 0.015 * unit), -8, 8)
        broad = np.clip(band(light, 0.015 * unit, 0.07 * unit), -8, 8)
        light = light + mask * self.definition * (FINE * fine + BROAD * broad)
        light = light + mask * self.shine * SHINE * np.maximum(broad, 0)
        ab = redder(lab, self.colour * mask, view.head, part)
        return recoloured(view.pixels, lab, np.dstack([light, ab]))


def redder(lab: np.ndarray, mask: np.ndarray, head: View, part: Mouth) -> np.ndarray:
    """a and b (H, W, 2) with more chroma, all of it of the lips' own hue."""
    own = median(colour.to_lab(head.pixels), laid(head.window, part.lips, part.window))
    light, ab = lab[..., 0], lab[..., 1:]
    if own is None:
        return ab
    hue = own[1:] / (np.linalg.norm(own[1:]) + np.float32(1e-6))
    room = ramp(np.linalg.norm(ab, axis=-1) / np.maximum(light, 1), PAINTED, PLAIN)
    return ab + (COLOUR * mask * room * np.maximum(ab @ hue, 0))[..., None] * hue
