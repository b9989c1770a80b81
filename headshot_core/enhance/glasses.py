"""Takes down reflections on glasses where the eye still shows through."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import View


class Glasses(Tool):
    """Takes down reflections on glasses where the eye still shows through."""

    title: ClassVar[str] = "Glasses"
    group: ClassVar[str] = "Features"

    tool: Literal["glasses"] = "glasses"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        return view.pixels
