"""What the score looks at: a portrait after a stack of tools, at the sizes at which things are measured.

The photo as it is has an empty stack. Nothing is made at full size to be scored: the enhancement's own views show what
it would look like, so the effect of a fix is known before it is used.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from headshot_core.enhance.engine import Heads, output, pixel_steps, through
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.upscale import Upscale
from headshot_core.enhance.view import Memo, Study, View, Window
from headshot_core.face.landmarks import Face
from headshot_core.pyramid import scale_of

WHOLE = 640
"""Pixels of the picture's longer side in which backgrounds and light are measured."""
FACE = 420
"""Pixels from crown to chin in which a face's details are measured, at the most."""


class Look(Memo):
    """A portrait after a stack of tools. `look.once(function)` remembers what a function of it gives."""

    def __init__(self, study: Study, stack: Stack | None = None):
        super().__init__()
        self.study, self.stack = study, stack or Stack()

    @property
    def head(self) -> View:
        """The head, at most 256 pixels from crown to chin; always the whole head, whatever the crop."""
        return self._heads[-1]

    @cached_property
    def face(self) -> View:
        """The same head, at most `FACE` pixels from crown to chin: for sharpness, eyes and mouth."""
        return self._rendered(self.study.around_head(FACE, 0.35))

    @cached_property
    def whole(self) -> View:
        """The whole picture as it would be framed, its longer side at most `WHOLE` pixels."""
        return self._rendered(output(self.study, self.stack, WHOLE))

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height of the finished picture in pixels."""
        width, height = output(self.study, self.stack).size
        upscale = self.stack.of(Upscale)
        return upscale.size(width, height) if upscale and not upscale.idle else (width, height)

    @cached_property
    def full_face(self) -> Face:
        """The face in pixels of the finished picture."""
        window = output(self.study, self.stack)
        scale = self.size[0] / window.size[0]
        return window.face.moved(np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]]))

    @property
    def scale(self) -> float:
        """Pixels of the finished picture for one of the photo: above 1 it is enlarged."""
        window = output(self.study, self.stack)
        return scale_of(window.matrix) * self.size[0] / window.size[0]

    def settings(self, tool: type[Tool]) -> Tool:
        """The tool's settings in this stack, or as it comes."""
        return self.stack.of(tool) or tool()

    @cached_property
    def _steps(self) -> tuple[Tool, ...]:
        return pixel_steps(self.stack)

    @cached_property
    def _heads(self) -> list[View]:
        return Heads(self.study.head).views(self._steps)

    def _rendered(self, window: Window) -> View:
        view = through(View(window, window.photo), self._steps, self._heads)
        return View(window, view.pixels, self.head)
