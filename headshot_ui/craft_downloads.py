"""Base models on their way to this machine: one download at a time, behind the page, whoever looks at it."""

from __future__ import annotations

import sys
import threading
import time
import traceback

from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.generate import models
from headshot_core.progress import CancelToken
from headshot_ui.retouch import hosted
from headshot_ui.views import problem

QUEUED = 24
"""Models that may wait for their turn."""


class Downloads:
    """One background thread, there only while there is something to fetch."""

    def __init__(self):
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._cancel = CancelToken()
        self._wanted: list[str] = []
        self.view: dict | None = None
        """what is fetched now and how far it is, or what went wrong"""

    def start(self, names: list[str]) -> None:
        """Fetch these models, base models or what belongs to them. Raises `HeadshotError`."""
        if hosted():
            raise HeadshotError("Visitors of this Space cannot bring models.", "Run the studio at home.")
        known = {*models.BASES, *models.EXTRAS}
        names = [name for name in names if name in known]
        if not names:
            raise HeadshotError("There is no such base model.", "Choose one of those shown.")
        with self._lock:
            self._wanted += [name for name in names if name not in self._wanted][:QUEUED]
            if self._thread is None:
                self._cancel = CancelToken()
                self.view = {"name": self._wanted[0], "says": "Looking for it", "percent": 0, "left": ""}
                self._thread = threading.Thread(target=self._run, args=(self._cancel,), daemon=True, name="models")
                self._thread.start()

    def cancel(self) -> None:
        """Stop; what arrived is kept, and the next try goes on from there."""
        self._cancel.cancel()

    @property
    def busy(self) -> bool:
        """Whether something is on its way."""
        return self._thread is not None

    def _run(self, cancel: CancelToken) -> None:
        try:
            while name := self._next():
                self._fetch(name, cancel)
        except Cancelled:
            self._stop(None)
        except HeadshotError as error:
            self._stop({"error": problem(error)})
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            self._stop({"error": problem(error)})

    def _stop(self, view: dict | None) -> None:
        with self._lock:
            self._thread, self._wanted, self.view = None, [], view

    def _next(self) -> str | None:
        with self._lock:
            if self._wanted:
                return self._wanted.pop(0)
            self._thread, self.view = None, None
            return None

    def _fetch(self, name: str, cancel: CancelToken) -> None:
        from headshot_core.generate import fetch

        item = models.BASES.get(name) or models.EXTRAS[name]
        began = time.monotonic()

        def report(step: int, total: int, message: str) -> None:
            seconds = time.monotonic() - began
            left = seconds / step * (total - step) if step and seconds > 3 else None
            percent = round(100 * step / total) if total else 0
            self.view = {"name": name, "says": message, "percent": percent, "left": _time(left)}

        report(0, 0, f"Fetching {item.title}")
        fetch.fetch(item, report, cancel)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {max(1, seconds):.0f} s left"


DOWNLOADS = Downloads()
