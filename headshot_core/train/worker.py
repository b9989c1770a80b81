"""The process that trains: `python -m headshot_core.train.worker FOLDER`, or the same under `accelerate launch`.

It waits for its turn, works, and writes down how it ended; the page and the terminal only read that. On ZeroGPU, where
a GPU is lent for a minute or two, the same work is done in slices.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write, lock_now
from headshot_core.generate import device
from headshot_core.generate.pipelines import is_out_of_memory
from headshot_core.people import People
from headshot_core.train import lora
from headshot_core.train.lora import Gone, Paused
from headshot_core.train.runs import LOCK, WISH, Run, all_runs, queue_lock

SLICE = 110
"""Seconds of one slice on a GPU that is lent, within the two minutes that are asked for."""
ASKED = 120
PATIENCE = 5
"""Seconds in which a lock that somebody only looks at is free again."""
FAULT = HeadshotError(
    "The training ended by a fault of the program.", "See the log, and report it. Resume goes on where it was saved."
)
OUT_OF_MEMORY = HeadshotError(
    "The machine ran out of memory.",
    "Close other programs, or allow gradient checkpointing; then resume: it goes on where it was saved.",
)


def work(run: Run, slices: bool = False) -> bool:
    """Do a run's work, and write down how it ended; gives whether it is finished. Nothing where others do it."""
    with _own(run) as mine:
        if not mine:
            return False
        run.tell(pid=os.getpid())
        try:
            with _turn(run):
                _in_slices(run) if slices else lora.train(run)
            return True
        except Gone:
            pass
        except Paused:
            step = run.status().step
            run.log(f"Paused at step {step}.")
            run.tell(state="paused", says=f"Paused at step {step}." if step else "Paused.", pid=None)
        except HeadshotError as error:
            _failed(run, error)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            _failed(run, OUT_OF_MEMORY if isinstance(error, MemoryError) or is_out_of_memory(error) else FAULT)
        return False


def _failed(run: Run, error: HeadshotError) -> None:
    run.log(f"Failed: {error}")
    run.tell(state="failed", says=error.what, todo=error.todo, pid=None)


@contextmanager
def _own(run: Run) -> Iterator[bool]:
    """Hold the run's lock; gives whether that could be had."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with lock_now(run.folder / LOCK) as mine:
            if mine or time.monotonic() > deadline:
                yield mine
                return
        time.sleep(0.05)


@contextmanager
def _turn(run: Run) -> Iterator[None]:
    """One training at a time on a machine, in the order in which they were started."""
    while True:
        if not run.folder.is_dir():
            raise Gone
        if run.wish:
            raise Paused
        if _is_first(run):
            with lock_now(queue_lock()) as mine:
                if mine:
                    yield
                    return
        time.sleep(0.2)


def _is_first(run: Run) -> bool:
    others = [one for one in all_runs(People(run.folder.parents[2])) if one.waits and one.alive]
    return not others or min(others, key=lambda one: one.since).folder == run.folder


def _in_slices(run: Run) -> None:
    """Slice after slice, each in a process that was lent a GPU, and each from where the last one saved."""
    step = device.lend(_slice, ASKED)
    while not step(str(run.folder)):
        if run.wish:
            raise Paused


def _slice(folder: str) -> bool:
    """Train for a while; gives whether it is finished."""
    run = Run(Path(folder))
    try:
        lora.train(run, until=time.monotonic() + SLICE)
    except Paused:
        return False
    return True


def main(arguments: list[str]) -> int:
    """Work on the run whose folder is named. Exit code 1: not finished."""
    run = Run(Path(arguments[0]))
    if not run.folder.is_dir():
        print(f"There is no training in {run.folder}.", file=sys.stderr)
        return 2
    # Whoever ends the process by a signal finds everything saved.
    signal.signal(signal.SIGTERM, lambda *_: atomic_write(run.folder / WISH, b"pause"))
    if int(os.environ.get("RANK", "0")):  # one of several: the first speaks for all
        with suppress(Gone, Paused):
            lora.train(run)
        return 0
    return 0 if work(run) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
