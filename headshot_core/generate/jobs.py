"""The queue: one drawing at a time works in the background; others wait; whoever asks again finds it.

Jobs belong to an owner, a word that cannot be guessed: a page that was loaded again finds its own by it.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Literal

import numpy as np

from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.generate.engine import Candidate, Generated, Progress, Subject, forget, generate
from headshot_core.progress import CancelToken
from headshot_core.recipe import Recipe

State = Literal["waiting", "working", "done", "failed", "stopped"]
OVER = ("done", "failed", "stopped")
KEPT = 12
"""Jobs of one owner that are kept; older ones go when a new one comes."""
FAULT = HeadshotError("This could not be drawn, by a fault of the program.", "Try other settings, and report it.")
_NUMBERS = itertools.count(1)


class Job:
    """One recipe to be drawn, and where that stands. Read it from any thread."""

    def __init__(self, owner: str, subject: Subject, recipe: Recipe):
        self.number = next(_NUMBERS)
        self.owner, self.recipe = owner, recipe
        self.subject: Subject | None = subject
        self.state: State = "waiting"
        self.says, self.step, self.total = "Waiting for its turn", 0, 0
        self.preview: np.ndarray | None = None
        """uint8 (h, w, 3): a rough look at what is being drawn"""
        self.ready: tuple[Candidate, ...] = ()
        """pictures finished so far, in the order in which they were drawn"""
        self.result: Generated | None = None
        self.error: HeadshotError | None = None
        self.turn = 0
        """grows with every change"""
        self.cancel = CancelToken()
        self._first: tuple[float, int] | None = None  # when, and which, was the first step heard of
        self._changed = threading.Condition()

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in OVER

    @property
    def seconds_left(self) -> float | None:
        """A guess from the pace so far; None before there is one."""
        began, first = self._first or (0.0, self.step)
        if self.over or not first < self.step < self.total:  # the pace of what follows the steps is not known
            return None
        return (time.monotonic() - began) / (self.step - first) * (self.total - self.step)

    def wait(self, turn: int, timeout: float | None = None) -> int:
        """Wait until there is news since `turn`, or the time is up; gives the present turn."""
        with self._changed:
            self._changed.wait_for(lambda: self.turn > turn or self.over, timeout)
            return self.turn

    def change(self, **news) -> None:
        """Set what is new, and wake whoever waits."""
        with self._changed:
            for name, value in news.items():
                setattr(self, name, value)
            self.turn += 1
            self._changed.notify_all()

    def hear(self, progress: Progress) -> None:
        """News of the engine."""
        if progress.candidate:
            self.change(ready=(*self.ready, progress.candidate))
            return
        if progress.total and self._first is None:
            self._first = time.monotonic(), progress.step
        preview = self.preview if progress.preview is None else progress.preview
        self.change(says=progress.says, step=progress.step, total=progress.total, preview=preview)


class Queue:
    """Jobs in the order in which they came, worked on by one thread that is there only while there is work."""

    def __init__(self, engine: Callable[..., Generated] = generate):
        self._engine = engine
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None

    def add(self, owner: str, subject: Subject, recipe: Recipe) -> Job:
        """A new job at the end of the queue."""
        job = Job(owner, subject, recipe)
        with self._lock:
            over = [old for old in self._jobs if old.owner == owner and old.over]
            for old in over[: max(0, len(over) + 1 - KEPT)]:
                self._jobs.remove(old)
            self._jobs.append(job)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, daemon=True, name="drawing")
                self._worker.start()
        return job

    def of(self, owner: str) -> list[Job]:
        """The owner's jobs, the newest first."""
        with self._lock:
            return [job for job in reversed(self._jobs) if job.owner == owner]

    def place(self, job: Job) -> int:
        """How many jobs come before this one."""
        with self._lock:
            active = [one for one in self._jobs if not one.over]
            return active.index(job) if job in active else 0

    def cancel(self, job: Job) -> None:
        """Stop a job; pictures that are finished stay."""
        job.cancel.cancel()
        if job.state == "waiting":
            job.change(state="stopped", says="Stopped.", subject=None)

    def forget(self, owner: str) -> None:
        """Stop and remove all jobs of an owner, pictures included."""
        for job in self.of(owner):
            self.cancel(job)
        with self._lock:
            self._jobs = [job for job in self._jobs if job.owner != owner]
        forget()

    def _work(self) -> None:
        while job := self._next():
            self._do(job)

    def _next(self) -> Job | None:
        with self._lock:
            waiting = [job for job in self._jobs if job.state == "waiting"]
            if not waiting:
                self._worker = None
                return None
            waiting[0].change(state="working", says="Preparing")
            return waiting[0]

    def _do(self, job: Job) -> None:
        """Draw, and keep whatever comes of it; the photo is let go of in any case."""
        over = {"subject": None, "preview": None}
        try:
            result = self._engine(job.subject, job.recipe, job.hear, job.cancel)
            job.change(state="done", says="Ready", result=result, **over)
        except Cancelled:
            job.change(state="stopped", says="Stopped. What was ready stays.", **over)
        except HeadshotError as error:
            job.change(state="failed", says=str(error), error=error, **over)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            job.change(state="failed", says=str(FAULT), error=FAULT, **over)
        if job not in self._jobs:
            forget()  # what was kept for speed since it was forgotten
