"""Background: tidied, out of focus, or another one."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import View, Window
from headshot_core.recipe import Colour
from headshot_core.studio.backdrops import BACKDROPS

Kind = Literal[("own", *sorted(name for name in BACKDROPS if not name.startswith("original")))]


class Background(Tool):
    """Tidies the background, throws it out of focus, or puts another one behind the person."""

    title: ClassVar[str] = "Background"
    group: ClassVar[str] = "Scene"

    tool: Literal["background"] = "background"
    strength: Literal[1.0] = 1.0
    kind: Kind = Field("own", description="the photo's own, or a backdrop of the studio")
    blur: float = amount(0.4, "out of focus")
    tidy: float = amount(0.3, "quieter: bright and coloured spots are taken down; the photo's own background only")
    brightness: float = amount(0.0, "darker or lighter, about one stop each way", -1, 1)
    colour: Colour | None = Field(None, description="main colour of a studio backdrop; its own where empty")
    image: str | None = Field(None, description="path of your own picture, for the kind 'image'")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="of everything random in a studio backdrop")

    @property
    def keeps(self) -> bool:
        """Whether the photo's own background is kept."""
        return self.kind == "own"

    def apply(self, view: View) -> np.ndarray:
        return view.pixels

    def mask(self, window: Window) -> np.ndarray:
        return 1 - window.person
