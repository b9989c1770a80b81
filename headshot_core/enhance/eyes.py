"""Clearer whites and irises, a catchlight, lighter shadows under the eyes."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import View


class Eyes(Tool):
    """Clearer whites and irises, a catchlight, lighter shadows under the eyes."""

    title: ClassVar[str] = "Eyes"
    group: ClassVar[str] = "Features"

    tool: Literal["eyes"] = "eyes"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        return view.pixels
