"""What a step takes on this machine: real steps of a prepared run, in a process of its own, which may use all memory.

What was measured is remembered for the next estimates (`estimate.remember`); nothing is learnt, and nothing is kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.files import lock_now
from headshot_core.generate.pipelines import is_out_of_memory
from headshot_core.people import Person
from headshot_core.progress import Report, silent
from headshot_core.train import estimate, runs
from headshot_core.train.runs import Run
from headshot_core.train.settings import Training

STEPS = 2
"""That are measured, after one that warms up: others are held to the base model's output at every second."""
NAME = "measuring"


def measure(person: Person, training: Training, report: Report = silent) -> float:
    """Seconds of a step of such a training. Raises `HeadshotError` where it cannot work here, or another is running."""
    wishes = {"name": NAME, "samples": 0, "prior_images": 1, "held_out": 0.0}
    with lock_now(runs.queue_lock()) as mine:
        if not mine:
            raise HeadshotError("A training is running, and would slow the steps down.", "Measure when it has ended.")
        run = runs.draft(person, training.model_copy(update=wishes), report)
        try:
            report(0, 0, "Loading the base model, then measuring")
            return _in_own_process(run)
        finally:
            run.remove()


def _in_own_process(run: Run) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "headshot_core.train.measure", str(run.folder)],
        stdin=subprocess.DEVNULL, capture_output=True, env=runs.environment(), check=False,
    )  # fmt: skip
    if done.returncode:  # without a word: ended from outside
        raise HeadshotError("The machine ran out of memory.", "Close other programs, or take a smaller base model.")
    said = json.loads(done.stdout.splitlines()[-1])
    if "what" in said:
        raise HeadshotError(**said)
    return said["seconds"]


# The process of its own, seen from inside.


def steps(run: Run) -> float:
    """Do the steps; gives seconds a step, which are remembered."""
    from headshot_core.train.encode import encode
    from headshot_core.train.lora import Trainer
    from headshot_core.train.work import Work

    work = Work(run)
    encode(work)
    trainer, seconds = Trainer(work), []
    for _ in range(1 + STEPS):
        began = time.perf_counter()
        trainer.advance()
        trainer.step += 1
        seconds.append(time.perf_counter() - began)
    step = float(np.mean(seconds[1:]))
    estimate.remember(work.base, work.training, work.plan, step)
    return step


def main(folder: str) -> None:
    """Measure the run in that folder, and say on stdout what came of it."""
    said: dict[str, Any]
    try:
        said = {"seconds": steps(Run(Path(folder)))}
    except HeadshotError as error:
        said = {"what": error.what, "todo": error.todo}
    except Exception as error:
        if not isinstance(error, MemoryError) and not is_out_of_memory(error):
            said = {"what": f"A fault in the program ({type(error).__name__}: {error}).", "todo": "Please report it."}
        else:
            said = {"what": "The machine ran out of memory.", "todo": "Close other programs, or take a smaller model."}
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1])
