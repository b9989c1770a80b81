"""Relight: the studio's light patterns on the photo as it stands."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import View
from headshot_core.studio.light import PATTERNS

Pattern = Literal[tuple(name for name in PATTERNS if name != "natural")]


class Relight(Tool):
    """New light on the person: studio patterns, with the shadows they cast."""

    title: ClassVar[str] = "Relight"
    group: ClassVar[str] = "Scene"

    tool: Literal["relight"] = "relight"
    strength: float = Field(0.6, ge=0, le=1, description="the photo's own light to the pattern in full")
    pattern: Pattern = Field("loop", description="a studio light pattern")
    softness: float = amount(0.6, "bare bulb to large softbox")
    temperature: float = Field(6500, ge=2500, le=10000, description="of the key light", json_schema_extra={"unit": "K"})

    def apply(self, view: View) -> np.ndarray:
        return view.pixels
