"""What the tabs' handlers share: their widgets, errors shown where they belong, uploads that are not believed."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import gradio as gr

from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.photo import Photo, read_photo
from headshot_core.presets import EXAMPLE
from headshot_ui.visit import Visit, Visits

HEAVY = {"concurrency_limit": max(1, (os.cpu_count() or 2) // 2), "concurrency_id": "heavy"}
"""How many pictures are made at once for all visitors; the rest wait their turn."""
MEASURING = {"concurrency_limit": HEAVY["concurrency_limit"], "concurrency_id": "score"}
"""The same for scores, which nobody should have to wait for while a picture is made."""
LATEST = {"trigger_mode": "always_last"}
"""What came last counts: such events bring their widget's value, because Gradio repeats them with old event data."""
TURNS = itertools.count(1)
"""Answers to two events may overtake each other on the way: each bears a number, and the browser keeps the newest."""


class Widgets:
    """The widgets of a tab, as fields of a dataclass, and how they are shown."""

    views: ClassVar[ModuleType]
    """for each widget a function of its name: what it shows of a visit"""
    usual: ClassVar[tuple[str, ...]]
    """those that a visit's state decides"""

    def all(self) -> list[gr.HTML]:
        """Every widget: the outputs of every handler."""
        return list(vars(self).values())

    def show(self, visit: Visit, *only: str, **given) -> dict:
        """New data for the widgets named by `only`, or for the usual ones; `given` replaces what a view would say."""
        turn = next(TURNS)  # before the views: what they see is then never older than their number
        names = only or self.usual
        shown = {name: getattr(self.views, name)(visit) for name in names if name not in given}
        return self.put(turn, **shown, **given)

    def put(self, turn: int = 0, **given: dict) -> dict:
        """Data for the widgets named, and no others; without a `turn` it is the newest."""
        turn = turn or next(TURNS)
        return {getattr(self, name): value | {"turn": turn} for name, value in given.items()}

    def on(self, event: Callable, handler: Callable, value: gr.HTML | None = None, also: tuple = (), **options) -> None:
        """Connect an event of a widget; `also`: outputs beyond this tab."""
        event(handler, value, [*self.all(), *also], show_progress="hidden", api_visibility="private", **options)


def careful(where: str):
    """Show any error in the widget where it belongs, and keep everything else as it was."""

    def wrap(handler):
        def run(self, event: gr.EventData, request: gr.Request, value: dict | None = None):
            visit = self.visits.of(request.session_hash)
            yield gr.skip()  # nothing new yet: a handler that shows nothing at all would empty every widget
            try:
                yield from handler(self, visit, value or event._data or {})
            except Cancelled:
                yield self.tab.show(visit, bar=self.tab.views.bar(visit, says="Stopped. What was ready stays."))
            except Exception as error:
                if not isinstance(error, HeadshotError):
                    traceback.print_exc(file=sys.stderr)
                yield self.tab.show(visit, **{where: getattr(self.tab.views, where)(visit, error=error)})

        run.__name__, run.__doc__ = handler.__name__, handler.__doc__
        return run

    return wrap


class uploaded:
    """A file that the browser sent, removed from the disk as soon as it was read.

    Only files inside Gradio's upload folder are taken: the path comes from the browser and may be anything.
    """

    def __init__(self, data: dict):
        self._path = Path(str(data.get("path", ""))).resolve()
        folder = Path(os.environ["GRADIO_TEMP_DIR"]).resolve()
        if folder not in self._path.parents or not self._path.is_file():
            raise HeadshotError("The photo did not arrive.", "Try again.")

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *_) -> None:
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty: somebody else's
            self._path.parent.rmdir()


class PhotoHandlers:
    """What happens on each event of a tab: a generator over new data for its widgets. Here: how a photo comes in."""

    def __init__(self, tab: Widgets, visits: Visits):
        self.tab, self.visits = tab, visits

    @careful("photo")
    def give(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A photo came from the browser."""
        with uploaded(data) as path:
            photo = read_photo(path)
        yield from self.take_photo(visit, photo)

    @careful("photo")
    def example(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The example portrait."""
        yield from self.take_photo(visit, read_photo(EXAMPLE))

    def take_photo(self, visit: Visit, photo: Photo) -> Iterator[dict]:
        """Begin with a photo; what is shown meanwhile, and then."""
        raise NotImplementedError
