"""Grade: the studio's looks."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core import recipe
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import View
from headshot_core.studio import grade


class Grade(Tool):
    """A look for the finished picture, from true colours to film."""

    title: ClassVar[str] = "Grade"
    group: ClassVar[str] = "Scene"

    tool: Literal["grade"] = "grade"
    look: Literal[tuple(grade.LOOKS)] = Field("warm", description="a look's name")

    def apply(self, view: View) -> np.ndarray:
        window = view.window
        left, top = np.round(window.whole.matrix[:, 2] - window.matrix[:, 2]).astype(int)
        part = grade.Part(window.whole.shape, int(top), int(left))
        return grade.apply(view.pixels, recipe.Grade(look=self.look), window.skin, seed=0, part=part)
