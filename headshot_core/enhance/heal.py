"""Heals what you paint over from its surroundings."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import View


class Heal(Tool):
    """Heals what you paint over from its surroundings."""

    title: ClassVar[str] = "Heal brush"
    group: ClassVar[str] = "Face"

    tool: Literal["heal"] = "heal"
    strength: float = Field(1.0, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        return view.pixels
