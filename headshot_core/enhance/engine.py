"""The enhancement: a portrait and a stack of tools make a picture, tile by tile, so that its size is no matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from headshot_core.enhance.crop import Crop
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.upscale import Upscale
from headshot_core.enhance.view import Box, Study, View, Window
from headshot_core.face import identity
from headshot_core.face.landmarks import Face
from headshot_core.photo import to_bytes, write_picture
from headshot_core.portrait import Portrait
from headshot_core.progress import CancelToken, Report, silent

TILE = 1536
"""Pixels of a tile's sides, without what the tools look at around it."""


@dataclass(frozen=True, eq=False)
class Enhanced:
    """A finished picture and how it came about."""

    picture: np.ndarray
    """uint8 (H, W, 3)"""
    stack: Stack
    portrait: Portrait
    face: Face
    """in pixels of the picture"""
    notes: tuple[str, ...]

    @cached_property
    def distance(self) -> float:
        """Identity distance between photo and picture; see `headshot_core.face.identity`."""
        return identity.distance(self.portrait.embedding, identity.embed(self.picture, self.face))

    @property
    def likeness(self) -> int:
        """0..100: how far the face is still the photo's."""
        return identity.likeness(self.distance)

    def save(self, path: str | Path) -> Path:
        """Write PNG, JPEG or WebP, with provenance and without the source's EXIF. Raises `HeadshotError`."""
        write_picture(self.picture, path, recipe=self.stack)
        return Path(path)


def enhance(portrait: Portrait, stack: Stack, report: Report = silent, cancel: CancelToken | None = None) -> Enhanced:
    """The photo after every tool of the stack, at full size. Raises `HeadshotError`, and `Cancelled` where asked to."""
    cancel = cancel or CancelToken()
    study = Study(portrait)
    window = output(study, stack)
    upscale = stack.of(Upscale)
    if upscale and not upscale.idle:  # what it cannot do is said before the work, not after it
        upscale.size(*window.size)
        upscale.prepare(report, cancel)
    picture = _tile_by_tile(study, window, pixel_steps(stack), report, cancel)
    face, notes = window.face, portrait.photo.notes
    if upscale and not upscale.idle:
        picture, face, more = upscale.enlarge(picture, face, study, report, cancel)
        notes = (*notes, *more)
    report(1, 1, "Ready")
    return Enhanced(picture, stack, portrait, face, notes)


def _tile_by_tile(study: Study, window: Window, steps: tuple[Tool, ...], report: Report, cancel: CancelToken):
    picture = np.empty((*window.shape, 3), np.uint8)
    heads, boxes = Heads(study.head).views(steps), list(tiles(window.size))
    for number, box in enumerate(boxes):
        cancel.check()
        report(number, len(boxes), "Enhancing")
        tile = Tile(window, box)
        view = through(View(tile.window, tile.window.photo), steps, heads)
        picture[box[1] : box[3], box[0] : box[2]] = to_bytes(tile.inner(view.pixels))
    return picture


def output(study: Study, stack: Stack, side: int | None = None) -> Window:
    """The window that the result shows: the crop's or the whole photo; its longer side at most `side` pixels."""
    crop = stack.of(Crop)
    return study.whole(side) if crop is None or crop.idle else crop.window(study, side)


def tiles(size: tuple[int, int]) -> Iterator[Box]:
    """Boxes that cover a picture of that (width, height) without overlap."""
    width, height = size
    for y in range(0, height, TILE):
        for x in range(0, width, TILE):
            yield x, y, min(x + TILE, width), min(y + TILE, height)


class Desk:
    """Where a portrait is worked on: renders any window, and does again only what changed since last time.

    The view before the tool that changed last is kept: moving one slider costs that tool and those after it.
    """

    def __init__(self, study: Study):
        self._heads = Heads(study.head)
        self._kept: tuple[tuple[Tool, ...], View] | None = None
        self._last: tuple[Tool, ...] = ()
        self._part: tuple[Window, Box, Tile] | None = None

    def render(self, window: Window, stack: Stack) -> np.ndarray:
        """The window after every tool but crop and upscale, sRGB float32 (H, W, 3)."""
        steps = pixel_steps(stack)
        heads = self._heads.views(steps)
        done, view = (), View(window, window.photo)
        if self._kept and self._kept[1].window is window and self._kept[0] == steps[: len(self._kept[0])]:
            done, view = self._kept
        hold = max(len(done), common(steps, self._last))
        view = through(view, steps[len(done) : hold], heads[len(done) :])
        self._kept, self._last = (steps[:hold], view), steps
        return through(view, steps[hold:], heads[hold:]).pixels

    def region(self, window: Window, box: Box, stack: Stack) -> np.ndarray:
        """A part of a window after every tool but crop and upscale, as it is in the whole."""
        if self._part is None or self._part[1] != box or not self._part[0].same(window):
            self._part = window, box, Tile(window, box)
        tile = self._part[2]
        return tile.inner(self.render(tile.window, stack))


class Tile:
    """A part of a window, with as much around it as the tools look at."""

    def __init__(self, window: Window, box: Box):
        x0, y0, x1, y1 = box
        reach, (width, height) = window.reach, window.size
        left, top = max(0, x0 - reach), max(0, y0 - reach)
        self.window = window.cut((left, top, min(width, x1 + reach), min(height, y1 + reach)))
        self._inside = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]

    def inner(self, pixels: np.ndarray) -> np.ndarray:
        """The part alone, of the tile's pixels (H, W, 3)."""
        return pixels[self._inside]


class Heads:
    """The head's views before each of some steps; those before the first step that changed are kept."""

    def __init__(self, window: Window):
        self._steps: tuple[Tool, ...] = ()
        self._views = [View(window, window.photo)]

    def views(self, steps: tuple[Tool, ...]) -> list[View]:
        """The view before every step, and the one after the last."""
        views = self._views[: common(steps, self._steps) + 1]
        for step in steps[len(views) - 1 :]:
            views.append(after(views[-1], step))
        self._steps, self._views = steps, views
        return views


def through(view: View, steps: tuple[Tool, ...], heads: list[View]) -> View:
    """A view after several tools; `heads`: the head before each of them, and perhaps more."""
    for step, head in zip(steps, heads, strict=False):
        view = after(view, step, head)
    return view


def after(view: View, step: Tool, head: View | None = None) -> View:
    """A view after one tool, which measures on `head`."""
    return step.on_view(View(view.window, view.pixels, head))


def common(first: tuple[Tool, ...], second: tuple[Tool, ...]) -> int:
    """How many steps two stacks begin with alike."""
    least = min(len(first), len(second))
    return next((i for i in range(least) if first[i] != second[i]), least)


def pixel_steps(stack: Stack) -> tuple[Tool, ...]:
    """The tools of a stack that change pixels, in order."""
    return tuple(step for step in stack.steps if not isinstance(step, (Crop, Upscale)) and not step.idle)
