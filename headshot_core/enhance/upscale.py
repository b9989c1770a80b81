"""Upscale: more pixels, so that a small photo can be printed."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import Study
from headshot_core.face.landmarks import Face
from headshot_core.progress import CancelToken, Report


class Upscale(Tool):
    """More pixels that look like a photo's, not like a drawing's."""

    title: ClassVar[str] = "Upscale"
    group: ClassVar[str] = "Size"

    tool: Literal["upscale"] = "upscale"

    def enlarge(
        self, picture: np.ndarray, face: Face, study: Study, report: Report, cancel: CancelToken
    ) -> tuple[np.ndarray, Face, tuple[str, ...]]:
        """The larger picture (uint8 in and out), the face in its pixels, and notes for the person."""
        return picture, face, ()
