"""Heals what you paint over from its surroundings."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core.enhance.healing import Dab, along, covered, heal, plan
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import Study, View, Window
from headshot_core.recipe import Settings

Share = Annotated[float, Field(ge=-1, le=2)]
"""Of the photo's width or height; a stroke may begin beyond the photo."""


class Stroke(Settings):
    """One stroke of the brush."""

    points: tuple[tuple[Share, Share], ...] = Field(min_length=1, max_length=2000)
    """x and y in shares of the photo's width and height"""
    radius: float = Field(ge=0.0005, le=0.1)
    """in shares of the photo's longer side"""


class Heal(Tool):
    """Heals what you paint over from its surroundings."""

    title: ClassVar[str] = "Heal brush"
    group: ClassVar[str] = "Face"

    tool: Literal["heal"] = "heal"
    strength: float = Field(1.0, ge=0, le=1, description="how much of it, from nothing to all")
    strokes: tuple[Stroke, ...] = Field(
        (), description="what was painted over", max_length=500, json_schema_extra={"hidden": True}
    )

    @property
    def idle(self) -> bool:
        return super().idle or not self.strokes

    def apply(self, view: View) -> np.ndarray:
        return heal(view, planned(view.study, self.strokes))

    def mask(self, window: Window) -> np.ndarray:
        dabs = [dab.seen(window.matrix) for stroke in planned(window.study, self.strokes) for dab in stroke]
        return covered(dabs, (0, 0, *window.size))


def planned(study: Study, strokes: tuple[Stroke, ...]) -> list[tuple[Dab, ...]]:
    """The dabs of every stroke; each stroke is planned once a photo."""
    known = study.once(_plans)
    for stroke in strokes:
        if stroke not in known:
            known[stroke] = plan(study, dabs_of(stroke, study.size))
    return [known[stroke] for stroke in strokes]


def _plans(study: Study) -> dict[Stroke, tuple[Dab, ...]]:
    """Where a photo's planned strokes are kept."""
    return {}


def dabs_of(stroke: Stroke, size: tuple[int, int]) -> list[Dab]:
    """A stroke on a photo of that width and height."""
    return along(np.array(stroke.points) * size - 0.5, stroke.radius * max(size))
