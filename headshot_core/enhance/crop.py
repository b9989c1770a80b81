"""Crop: the picture's frame, at the photo's own resolution."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core import recipe
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Study, Window
from headshot_core.studio.framing import FRAMES, MAX_ROLL, place

LONGEST = 6000
"""Pixels of a cropped picture's longer side, at the most."""


class Crop(Tool):
    """Straightens the photo and crops it to a frame."""

    title: ClassVar[str] = "Crop"
    group: ClassVar[str] = "Size"

    tool: Literal["crop"] = "crop"
    strength: Literal[1.0] = 1.0
    frame: Literal["whole", "portrait", "linkedin", "resume", "email", "team", "speaker", "id"] = Field(
        "portrait", description="a headshot's frame, or the whole photo"
    )
    angle: float = amount(0.0, "turns the whole photo clockwise", -MAX_ROLL, MAX_ROLL, "°")
    zoom: float = Field(
        1.0, ge=0.5, le=2.0, description="head size against the frame's rule", json_schema_extra={"unit": "×"}
    )
    straighten: bool = Field(True, description="in a headshot's frame: take out the head's tilt")

    def window(self, study: Study, side: int | None = None) -> Window:
        """What the picture shows, at the photo's own resolution or with its longer side at most `side` pixels."""
        if self.frame == "whole":
            return self._turned(study, side)
        rule = FRAMES[self.frame]
        shape = np.array([rule.width, rule.height]) / max(rule.width, rule.height)
        first = self._placed(study, shape * (side or LONGEST))
        if first.scale <= 1:
            return first
        # As many pixels as the photo has there, and no more: that is what Upscale is for.
        return self._placed(study, shape * max(first.size) / first.scale)

    def _placed(self, study: Study, size: np.ndarray) -> Window:
        width, height = (max(64, round(float(pixels))) for pixels in size)
        frame = recipe.Frame(name=self.frame, width=width, height=height, zoom=self.zoom, straighten=self.straighten)
        portrait = study.portrait
        framing = place(study.face, portrait.contacts, portrait.hair_top, study.size, frame, inside=True)
        return Window(study, framing.matrix, framing.size)

    def _turned(self, study: Study, side: int | None) -> Window:
        """The largest part of the turned photo that has its shape and shows nothing beyond its edges."""
        width, height = study.size
        turn = np.radians(abs(self.angle))
        ratio = max(width, height) / min(width, height)
        shrink = 1 / (np.cos(turn) + ratio * np.sin(turn))
        scale = min(1.0, side / (max(width, height) * shrink)) if side else 1.0
        size = max(1, int(width * shrink * scale)), max(1, int(height * shrink * scale))
        middle = ((width - 1) / 2, (height - 1) / 2)
        matrix = cv2.getRotationMatrix2D(middle, -self.angle, scale)
        matrix[:, 2] += (np.array(size) - 1) / 2 - np.array(middle)
        return Window(study, matrix, size)
