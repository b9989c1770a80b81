"""Evens blotches and keeps pores; shine and redness apart."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import View


class Skin(Tool):
    """Evens blotches and keeps pores; shine and redness apart."""

    title: ClassVar[str] = "Skin"
    group: ClassVar[str] = "Face"

    tool: Literal["skin"] = "skin"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        return view.pixels
