"""Progress and cancelling for long work, without knowing who listens."""

from __future__ import annotations

import threading
from collections.abc import Callable

from headshot_core.errors import Cancelled

Report = Callable[[int, int, str], None]
"""Called as ``report(step, total, message)``; ``total`` is 0 where it is not known."""


def silent(step: int, total: int, message: str) -> None:
    """A listener that says nothing."""


class CancelToken:
    """Set from one thread, checked in another."""

    def __init__(self):
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` once `cancel` was called."""
        if self.cancelled:
            raise Cancelled
