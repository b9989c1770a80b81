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
        return grade.apply(view.pixels, recipe.Grade(look=self.look), view.window.skin, seed=0)
