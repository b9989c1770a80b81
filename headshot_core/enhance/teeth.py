"""Whiter teeth, as far as teeth are white."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core import colour
from headshot_core.enhance.features import Mouth, eyes, laid, median, mouth, recoloured, retouch, together
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Study, View, Window

PALER, LIGHTER = 0.65, 0.07
"""How much of their yellow teeth lose, and how much lighter they become, at most."""
IVORY = (1.0, 4.0)
"""a and b in CIELAB that white teeth keep."""
BRIGHT, WHITE = 60.0, 92.0
"""L from which teeth become lighter less and less, and from which not at all."""


class Teeth(Tool):
    """Whiter teeth, as far as teeth are white."""

    title: ClassVar[str] = "Teeth"
    group: ClassVar[str] = "Features"

    tool: Literal["teeth"] = "teeth"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")
    whiten: float = amount(0.7, "teeth less yellow and a little lighter, never beyond the whites of the eyes")

    def apply(self, view: View) -> np.ndarray:
        parts = smiling(view.study)
        return retouch(view, parts, self._one) if parts and self.whiten else view.pixels

    def mask(self, window: Window) -> np.ndarray:
        return together(window, [(part.teeth, part.window) for part in smiling(window.study)])

    def _one(self, view: View, part: Mouth) -> np.ndarray:
        mask = self.whiten * laid(view.window, part.teeth, part.window)
        lab = colour.to_lab(view.pixels)
        light, red, yellow = cv2.split(lab)
        least_red, least_yellow = ivory(view.head)
        light = light * (1 + LIGHTER * mask * np.clip((WHITE - light) / (WHITE - BRIGHT), 0, 1))
        red = red - PALER * mask * np.maximum(red - least_red, 0)
        yellow = yellow - PALER * mask * np.maximum(yellow - least_yellow, 0)
        return recoloured(view.pixels, lab, cv2.merge([light, red, yellow]))


def smiling(study: Study) -> list[Mouth]:
    """The mouth, if it shows teeth."""
    part = study.once(mouth)
    return [] if part.teeth is None else [part]


def ivory(head: View) -> tuple[float, float]:
    """a and b that teeth keep: white teeth's, or the eyes' whites' where the photo's light colours those more."""
    lab = colour.to_lab(head.pixels)
    whites = together(head.window, [(eye.shown * eye.whites, eye.window) for eye in head.study.once(eyes)])
    seen = median(lab, whites)
    return (
        IVORY
        if seen is None
        else tuple(max(least, 0.7 * float(own)) for least, own in zip(IVORY, seen[1:], strict=True))
    )
