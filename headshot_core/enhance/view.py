"""What a tool of the enhancement works in: a window onto a portrait, at any scale.

`Study`: one portrait, and what is measured on it once. `Window`: a rectangle of it at some scale, with the masks that
belong there. `View`: a window's pixels as the tools so far have left them. A preview, a tile of a large photo and a
look at full size are the same thing in windows of their own, which is why a tool must take whatever concerns the whole
photo from `view.head` or `view.study`, never from its own pixels, and may look no farther around than `reach`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import cv2
import numpy as np

from headshot_core.face import regions
from headshot_core.face.landmarks import Face
from headshot_core.matte import compose
from headshot_core.portrait import Portrait
from headshot_core.pyramid import scale_of

HEAD = 256
"""Pixels from crown to chin in which a head is measured, at the most."""
SKIN = 320
"""The same for the mask of the skin."""
REACH, MOST_REACH = 0.5, 512
"""How far a tool may look around a pixel, in inter-eye distances, and its bound in pixels."""

T = TypeVar("T")
Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of a window; x1 and y1 are outside"""


class Memo:
    """Remembers what functions of the object gave."""

    def __init__(self):
        self._known: dict[Callable, object] = {}
        self._latest: dict[Callable, tuple[tuple, object]] = {}

    def once(self, compute: Callable[..., T]) -> T:
        """`compute(self)`, worked out when first asked for. Only for module-level functions."""
        if compute not in self._known:
            self._known[compute] = compute(self)
        return self._known[compute]

    def latest(self, compute: Callable[..., T], *settings) -> T:
        """`compute(self, *settings)`, remembered until it is asked for with other settings."""
        if compute not in self._latest or self._latest[compute][0] != settings:
            self._latest[compute] = settings, compute(self, *settings)
        return self._latest[compute][1]


class Study(Memo):
    """One portrait, and what tools measure on it once: `study.once(find_spots)` gives `find_spots(study)`."""

    def __init__(self, portrait: Portrait):
        super().__init__()
        self.portrait = portrait

    @property
    def face(self) -> Face:
        """In pixels of the photo."""
        return self.portrait.face

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the photo."""
        return self.portrait.photo.width, self.portrait.photo.height

    def whole(self, side: int | None = None) -> Window:
        """The whole photo; its longer side at most `side` pixels."""
        width, height = self.size
        scale = min(1.0, side / max(width, height)) if side else 1.0
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return Window(self, _scaling(scale), size)

    @cached_property
    def head(self) -> Window:
        """Head and neck, at most `HEAD` pixels from crown to chin: where tools measure."""
        return self.around_head(HEAD, 0.75)

    def around_head(self, height: int, margin: float) -> Window:
        """The head with `margin` head heights about it; at most `height` pixels from crown to chin."""
        face, (width, number_of_rows) = self.face, self.size
        x0, y0, x1, y1 = face.box
        reach = margin * face.head_height
        x0, x1 = max(0, int(x0 - reach)), min(width, int(x1 + reach))
        y0, y1 = max(0, int(min(face.crown[1], y0) - reach / 2)), min(number_of_rows, int(y1 + reach))
        scale = min(1.0, height / face.head_height)
        matrix = compose(_scaling(scale), np.array([[1.0, 0, -x0], [0, 1.0, -y0]]))
        return Window(self, matrix, (max(2, int((x1 - x0) * scale)), max(2, int((y1 - y0) * scale))))


def _scaling(scale: float) -> np.ndarray:
    # Pixel centres: small x = (x + 0.5) * scale - 0.5.
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]])


class Window(Memo):
    """A rectangle of a portrait at some scale. Masks and colours here are those of the photo as it was taken."""

    def __init__(self, study: Study, matrix: np.ndarray, size: tuple[int, int], whole: Window | None = None):
        super().__init__()
        self.study, self.matrix, self.size = study, matrix, size
        self.whole = whole or self
        """the window that this one was cut out of: the whole picture"""
        self._parts: dict[Box, Window] = {}

    def same(self, other: Window) -> bool:
        """Whether the other shows the same of the same portrait."""
        return self.study is other.study and self.size == other.size and np.array_equal(self.matrix, other.matrix)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.size[1], self.size[0]

    @cached_property
    def scale(self) -> float:
        """Pixels here for one pixel of the photo."""
        return scale_of(self.matrix)

    @cached_property
    def photo(self) -> np.ndarray:
        """The photo, sRGB float32 (H, W, 3), 0..1."""
        pixels = self.study.portrait.pyramid.warp(self.matrix, self.size)
        return pixels.astype(np.float32) * np.float32(1 / 255)

    @cached_property
    def face(self) -> Face:
        """In pixels of this window; it may lie outside."""
        return self.study.face.moved(self.matrix)

    @property
    def unit(self) -> float:
        """Pixels between the eyes: every length on a face is a share of it."""
        return self.face.inter_eye

    @property
    def reach(self) -> int:
        """Pixels around a pixel that a tool may look at."""
        return int(min(max(16.0, REACH * self.unit), MOST_REACH))

    @cached_property
    def person(self) -> np.ndarray:
        """(H, W) 0..1: the person's share of each pixel."""
        portrait = self.study.portrait
        alpha = portrait.matte.in_frame(self.photo, self.matrix)
        covered = self._covered()
        if covered.min() > 0.99:
            return alpha
        return alpha + (1 - covered) * (portrait.whole_body.in_frame(self.photo, self.matrix) - alpha)

    def _covered(self) -> np.ndarray:
        """(H, W) 1 where the headshot's cut-out reaches, fading to 0 below it."""
        matte, portrait = self.study.portrait.matte, self.study.portrait
        rows = matte.alpha.shape[0]
        end = (rows - 1 - matte.matrix[1, 2]) / matte.matrix[1, 1]
        if end > portrait.photo.height - 2:
            return np.ones((1, 1), np.float32)
        edge = np.clip((rows - 1 - np.arange(rows, dtype=np.float32)) / (0.15 * rows), 0, 1)
        ramp = np.broadcast_to(edge[:, None], matte.alpha.shape)
        return self.laid_in(np.ascontiguousarray(ramp), matte.matrix, cv2.BORDER_REPLICATE)

    @cached_property
    def skin(self) -> np.ndarray:
        """(H, W) 0..1: skin of face, ears, neck and hands; not eyes, brows, lips and hair."""
        mask, matrix = self.study.once(_skin)
        return self.laid_in(mask, matrix) * self.person

    def laid_in(self, layer: np.ndarray, matrix: np.ndarray, border: int = cv2.BORDER_CONSTANT) -> np.ndarray:
        """A map (h, w) or (h, w, 3) of another window, `matrix` from the photo to it, as it lies in this one.

        Beyond that window it is 0, or as `border` (OpenCV's border types) says.
        """
        to_here = compose(self.matrix, cv2.invertAffineTransform(matrix))
        return cv2.warpAffine(layer, to_here, self.size, flags=cv2.INTER_LINEAR, borderMode=border)

    def box_round(self, points: np.ndarray, margin: float) -> Box | None:
        """The box of points (N, 2) with `margin` inter-eye distances about it, inside this window; None if outside."""
        reach = margin * self.unit
        x0, y0 = np.floor(points[:, :2].min(0) - reach).astype(int)
        x1, y1 = np.ceil(points[:, :2].max(0) + reach).astype(int) + 1
        width, height = self.size
        x0, y0, x1, y1 = max(0, int(x0)), max(0, int(y0)), min(width, int(x1)), min(height, int(y1))
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None

    def part(self, box: Box) -> Window:
        """A part of this window; the same one each time it is asked for."""
        if box not in self._parts:
            self._parts[box] = self.cut(box)
        return self._parts[box]

    def cut(self, box: Box) -> Window:
        """A part of this window that is not kept."""
        x0, y0, x1, y1 = box
        matrix = np.column_stack([self.matrix[:, :2], self.matrix[:, 2] - (x0, y0)])
        return Window(self.study, matrix, (x1 - x0, y1 - y0), self.whole)


def _skin(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """The skin's mask and its transform from the photo."""
    window = study.around_head(SKIN, 2.2)
    mask = regions.skin(window.photo, window.face)
    return cv2.GaussianBlur(mask, (0, 0), 1.0), window.matrix


@dataclass(frozen=True, eq=False)
class View:
    """A window's pixels as the tools so far have left them."""

    window: Window
    pixels: np.ndarray
    """sRGB float32 (H, W, 3), 0..1; never written into"""
    whole_head: View | None = None

    @property
    def study(self) -> Study:
        """The portrait."""
        return self.window.study

    @property
    def face(self) -> Face:
        """In pixels of this view."""
        return self.window.face

    @property
    def unit(self) -> float:
        """Pixels between the eyes."""
        return self.window.unit

    @property
    def head(self) -> View:
        """The whole head, small, in the same state: where a tool measures what it needs to know."""
        return self.whole_head or self

    def within(self, box: Box | None, work: Callable[[View], np.ndarray]) -> np.ndarray:
        """These pixels with `work` done on a part of them: far quicker than on all, for an eye or a mouth."""
        if box is None:
            return self.pixels
        x0, y0, x1, y1 = box
        part = View(self.window.part(box), self.pixels[y0:y1, x0:x1], self.head)
        result = self.pixels.copy()
        result[y0:y1, x0:x1] = work(part)
        return result
