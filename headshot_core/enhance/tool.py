"""What every tool of the enhancement is: a pydantic class of settings, and what they do to a view.

A new tool is one file with one such class, and one entry in `headshot_core.enhance.TOOLS`. Its sliders, flags, row in
the docs and its part of a saved style are made from the class.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from headshot_core.enhance.view import View, Window
from headshot_core.recipe import Settings

GROUPS = ("Photo", "Face", "Features", "Scene", "Size")
"""The order of the tools' groups on the page."""


def amount(default: float, description: str, low: float = 0.0, high: float = 1.0, unit: str = "") -> Any:
    """A slider: 0 does nothing. `unit` as shown beside the number, such as 'stops'; shares are shown in per cent."""
    return Field(default, ge=low, le=high, description=description, json_schema_extra={"unit": unit})


class Tool(Settings):
    """One tool with its settings. Subclasses: `tool: Literal["name"] = "name"`, and the docstring's first line.

    The pixels change and nothing else: same size, same place.
    """

    title: ClassVar[str]
    group: ClassVar[str]
    """one of `GROUPS`"""

    tool: str
    on: bool = Field(True, description="whether it is used")
    strength: float = Field(1.0, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        """The view's pixels after the tool at full `strength`, sRGB float32 (H, W, 3). Never writes into the view's."""
        raise NotImplementedError

    def mask(self, window: Window) -> np.ndarray | None:
        """(H, W) 0..1: where the tool works; None where it works everywhere."""
        return None

    @property
    def idle(self) -> bool:
        """Whether it changes nothing."""
        return not self.on or self.strength == 0

    def on_view(self, view: View) -> View:
        """The view after the tool at its strength."""
        if self.idle:
            return view
        pixels = self.apply(view)
        if self.strength < 1:
            pixels = view.pixels + np.float32(self.strength) * (pixels - view.pixels)
        return View(view.window, np.clip(pixels, 0, 1), view.whole_head)
