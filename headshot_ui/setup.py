"""Setup: bring the model files and warm the engine up behind the page, which is there from the first second."""

from __future__ import annotations

import contextlib
import threading

from headshot_core.errors import HeadshotError
from headshot_core.presets import EXAMPLE
from headshot_core.progress import CancelToken


class Setup:
    """One background thread; `view` says where it stands."""

    def __init__(self):
        self._thread: threading.Thread | None = None
        self._cancel = CancelToken()
        self._view: dict = {"ready": True}

    def start(self) -> None:
        """Begin, or begin again after an error."""
        if self._thread is None or not self._thread.is_alive():
            self._view = {"ready": True}
            self._thread = threading.Thread(target=self._run, daemon=True, name="setup")
            self._thread.start()

    def close(self) -> None:
        """Stop, and wait a little for it: a program must not end in the middle of a model's work."""
        self._cancel.cancel()
        if self._thread:
            self._thread.join(10)

    @property
    def done(self) -> bool:
        """Nothing more will change by itself."""
        return self._thread is not None and not self._thread.is_alive()

    @property
    def view(self) -> dict:
        """Data for the setup widget: hidden while `ready`."""
        return self._view

    def _run(self) -> None:
        from headshot_core import assets

        try:
            assets.fetch_all(assets.STUDIO, self._report, self._cancel)
            self._fetch_likeness(assets)
            self._view = {"ready": True}
            self._warm_up()
        except HeadshotError as error:
            self._view = {"ready": False, "error": {"what": error.what, "todo": error.todo}}

    def _fetch_likeness(self, assets) -> None:
        """The studio works without: then likeness is neither guarded nor shown."""
        with contextlib.suppress(HeadshotError):
            assets.fetch_all(assets.LIKENESS, self._report, self._cancel)

    def _report(self, step: int, total: int, message: str) -> None:
        percent = round(100 * step / total) if total else 0
        self._view = {"ready": False, "says": f"Getting ready, this once: {message}", "percent": percent}

    def _warm_up(self) -> None:
        """Make the example once, so that the first visitor does not wait for imports and models."""
        from headshot_core.photo import read_photo
        from headshot_core.portrait import analyse
        from headshot_core.recipe import Frame, Light, Recipe
        from headshot_core.studio.engine import make
        from headshot_ui.views import backdrop_pictures

        recipe = Recipe(frame=Frame(width=320, height=400), light=Light(pattern="loop"))
        make(analyse(read_photo(EXAMPLE), cancel=self._cancel), recipe, cancel=self._cancel)
        self._cancel.check()
        backdrop_pictures()
