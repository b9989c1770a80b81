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
    picture = np.empty((*window.shape, 3), np.uint8)
    boxes = list(tiles(window.size))
    desk = Desk(study)
    for number, box in enumerate(boxes):
        cancel.check()
        report(number, len(boxes), "Enhancing")
        picture[box[1] : box[3], box[0] : box[2]] = to_bytes(desk.region(window, box, stack))
    face, notes = window.face, portrait.photo.notes
    upscale = stack.of(Upscale)
    if upscale and not upscale.idle:
        picture, face, more = upscale.enlarge(picture, face, study, report, cancel)
        notes = (*notes, *more)
    report(1, 1, "Ready")
    return Enhanced(picture, stack, portrait, face, notes)


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
    """Where a portrait is worked on: renders any window, and does again only what changed since last time."""

    def __init__(self, study: Study):
        self.study = study
        self._head = Heads(study.head)
        self._kept: tuple[tuple[Tool, ...], View] | None = None
        self._last: tuple[Tool, ...] = ()

    def render(self, window: Window, stack: Stack) -> np.ndarray:
        """The window after every tool but crop and upscale, sRGB float32 (H, W, 3).

        The view before the tool that changed since last time is kept: moving one slider costs that tool and those
        after it.
        """
        steps = pixel_steps(stack)
        heads = self._head.views(steps)
        done, view = (), View(window, window.photo)
        if self._kept and self._kept[1].window is window and self._kept[0] == steps[: len(self._kept[0])]:
            done, view = self._kept
        hold = max(len(done), common(steps, self._last))
        for number in range(len(done), hold):
            view = after(view, steps[number], heads[number])
        self._kept, self._last = (steps[:hold], view), steps
        for number in range(hold, len(steps)):
            view = after(view, steps[number], heads[number])
        return view.pixels

    def region(self, window: Window, box: Box, stack: Stack) -> np.ndarray:
        """A part of a window after every tool but crop and upscale, as it is in the whole."""
        x0, y0, x1, y1 = box
        reach, (width, height) = window.reach, window.size
        left, top = max(0, x0 - reach), max(0, y0 - reach)
        around = (left, top, min(width, x1 + reach), min(height, y1 + reach))
        tile = window.cut(around)
        steps = pixel_steps(stack)
        view = View(tile, tile.photo)
        for step, head in zip(steps, self._head.views(steps), strict=False):
            view = after(view, step, head)
        return view.pixels[y0 - top : y1 - top, x0 - left : x1 - left]


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
