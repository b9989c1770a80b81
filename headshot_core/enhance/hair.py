"""Softens single hairs that stand off against the background."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import View


class Hair(Tool):
    """Softens single hairs that stand off against the background."""

    title: ClassVar[str] = "Flyaway hair"
    group: ClassVar[str] = "Features"

    tool: Literal["hair"] = "hair"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        return view.pixels
