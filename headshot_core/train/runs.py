"""Runs: one training each, in a folder of the person's, worked on by a process of its own.

    PEOPLE/person/training/NAME/
      training.json              what is asked for, settled
      state.json                 where it stands, written by whoever works on it
      wish                       "pause" or "stop", written by whoever watches
      photos/                    the prepared photos (`dataset`)
      cache/                     their latents and the captions' embeddings
      steps.csv                  step, loss, learning rate, seconds
      checkpoints/000100.safetensors, samples/000100-1.png, checkpoints.json
      resume/                    all that is needed to go on exactly where it was
      log.txt                    the same in plain words

Everything is read from these files: a page that was loaded again, a terminal, or the studio after a power cut sees the
same. A process that works on a run holds its lock; where nobody holds it, nobody works on it, whatever state.json says.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write, explain, home, lock_now, make_private
from headshot_core.generate import device
from headshot_core.people import People, Person, slug
from headshot_core.progress import CancelToken, Report, silent
from headshot_core.train import dataset, settings
from headshot_core.train.dataset import Example
from headshot_core.train.settings import Training

State = Literal["draft", "waiting", "preparing", "training", "finishing", "paused", "done", "failed", "broken"]
"""draft: not started; broken: its process ended without a word, as in a power cut. Both, and paused and failed, can be
started."""
WORKING = ("waiting", "preparing", "training", "finishing")
STARTABLE = ("draft", "paused", "failed", "broken")
TRAINING, STATE, WISH, LOCK, LOG, STEPS = "training.json", "state.json", "wish", ".lock", "log.txt", "steps.csv"
PHOTOS, CACHE, CHECKPOINTS, SAMPLES, RESUME = "photos", "cache", "checkpoints", "samples", "resume"
JUDGED = "checkpoints.json"
PACKAGE = Path(__file__).parents[2]
LOOKS = 3
"""At a lock, before it counts as held."""
GRACE = 20
"""Seconds in which a process is to end by itself before it is made to."""
BEGINS = 120
"""Seconds in which a process is to take hold of its run: on a busy machine the libraries alone take that long."""
AMENDABLE = ("rate", "text_rate", "steps", "batch", "accumulation", "precision", "checkpointing", "checkpoints")
"""Settings that may change while a run is at rest: what was saved of it fits before and after."""


@dataclass(frozen=True)
class Checkpoint:
    """One moment of a training that was kept, and what was measured on it."""

    step: int
    loss: float | None = None
    """on the photos held out; of the base model itself it is 1"""
    likeness: float | None = None
    """0..100: mean of its samples, to the photos held out; None where no face was drawn or none is held out"""
    same: float | None = None
    """0..1 of its samples pass for the same person"""
    copies: int = 0
    """samples that are almost a photo of the training"""
    variety: float | None = None
    """0..1: how much poses and pictures of the samples differ, against the base model's"""
    drift: float | None = None
    """0..1: how far the class prompt's picture moved from the base model's, without the trigger word"""
    points: float | None = None
    """0..100: all of it in one number"""
    samples: tuple[str, ...] = ()
    """file names in `samples`"""
    notes: tuple[str, ...] = ()
    """what is good or bad about it, in plain words"""


@dataclass(frozen=True)
class Status:
    """Where a run stands."""

    state: State
    says: str
    """in a sentence"""
    todo: str = ""
    """what to do about it, where something is wrong"""
    step: int = 0
    steps: int = 0
    seconds_left: float | None = None
    losses: tuple[tuple[int, float], ...] = ()
    """(step, loss) so far, smoothed; at most `Run.POINTS`"""
    checkpoints: tuple[Checkpoint, ...] = ()
    """the earliest first"""
    chosen: int | None = None
    """the step of the checkpoint that the model is made of"""
    model: str | None = None
    """path of the finished model"""

    @property
    def working(self) -> bool:
        """Whether a process works on it, or waits for its turn."""
        return self.state in WORKING

    @property
    def startable(self) -> bool:
        """Whether it can be started, or taken up again."""
        return self.state in STARTABLE


class Run:
    """One training. Made by `draft`, found by `of`, `all_runs` and `find`."""

    POINTS = 400
    """Most points of the loss curve."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    @property
    def name(self) -> str:
        """The name of the run, and of the model that comes of it."""
        return self.folder.name

    @property
    def person(self) -> Person:
        """Whom it is of."""
        return Person(self.folder.parents[1])

    @property
    def training(self) -> Training:
        """What is asked for, settled. Raises `HeadshotError` where it was deleted, or is damaged."""
        try:
            return Training.model_validate_json((self.folder / TRAINING).read_bytes())
        except FileNotFoundError as error:
            raise HeadshotError("This training is not here any more.", "Somebody deleted it meanwhile.") from error
        except OSError as error:
            raise explain(error, self.folder / TRAINING) from error
        except ValidationError as error:
            raise HeadshotError(f"{self.folder / TRAINING} is damaged.", "Start a new training.") from error

    @property
    def examples(self) -> list[Example]:
        """The prepared photos."""
        return dataset.read(self.folder / PHOTOS)

    @property
    def model(self) -> Path:
        """Where the finished model lies, or will."""
        return self.person.folder / "models" / f"{self.name}.safetensors"

    # Where it stands.

    def status(self) -> Status:
        """As the files tell it now."""
        known = self._state()
        state = known.get("state", "draft")
        if state in WORKING and not self.alive and self._state().get("state") in WORKING:
            state = "broken"
            known |= {
                "says": "The training ended without a word: the machine was switched off, or ran out of memory.",
                "todo": "Resume it: it goes on exactly where it was saved last.",
            }
        return Status(
            state,
            known.get("says", "Not started yet."),
            known.get("todo", ""),
            known.get("step", 0),
            known.get("steps", 0),
            known.get("seconds_left") if state in WORKING else None,
            self._losses(),
            self.checkpoints,
            known.get("chosen"),
            str(self.model) if self.model.is_file() else None,
        )

    def tell(self, **news) -> None:
        """Change what `state.json` says."""
        self._write(STATE, json.dumps(self._state() | news))

    def _write(self, name: str, text: str) -> None:
        """Nothing where the run was deleted meanwhile: its folder would come back."""
        if self.folder.is_dir():
            atomic_write(self.folder / name, text.encode())

    def log(self, line: str) -> None:
        """One line more in the log, with date and time."""
        with suppress(OSError), (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {' '.join(line.split())}\n")

    @property
    def alive(self) -> bool:
        """Whether a process works on it."""
        for _ in range(LOOKS):  # somebody else may be looking just now
            with lock_now(self.folder / LOCK) as free:
                if free or not self.folder.is_dir():
                    return False
            time.sleep(0.005)
        return True

    @property
    def waits(self) -> bool:
        """Whether it waits for its turn."""
        return self._state().get("state") == "waiting"

    @property
    def since(self) -> float:
        """When it was started, in seconds since 1970."""
        return self._state().get("since", 0.0)

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Those kept so far, judged or not, the earliest first."""
        with suppress(OSError, ValueError, TypeError):
            entries = json.loads((self.folder / JUDGED).read_bytes())
            return tuple(
                Checkpoint(**{**entry, "samples": tuple(entry["samples"]), "notes": tuple(entry["notes"])})
                for entry in entries
            )
        return ()

    def keep(self, checkpoint: Checkpoint) -> None:
        """Add a checkpoint to those that are known, or change it."""
        others = [one for one in self.checkpoints if one.step != checkpoint.step]
        self.keep_all([*others, checkpoint])

    def keep_all(self, checkpoints: list[Checkpoint]) -> None:
        """These are the checkpoints."""
        ordered = sorted(checkpoints, key=lambda one: one.step)
        self._write(JUDGED, json.dumps([asdict(one) for one in ordered], indent=2))

    def weights(self, step: int) -> Path:
        """The adapter as it was at a step."""
        return self.folder / CHECKPOINTS / f"{step:06d}.safetensors"

    def _state(self) -> dict:
        try:
            known = json.loads((self.folder / STATE).read_bytes())
            return known if isinstance(known, dict) else {}
        except (OSError, ValueError):
            return {}

    def _losses(self) -> tuple[tuple[int, float], ...]:
        """The mean of each stretch of steps."""
        found: list[tuple[int, float]] = []
        with suppress(OSError, ValueError, LookupError), (self.folder / STEPS).open(newline="") as file:
            found = [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]
        size = -(-len(found) // self.POINTS) if found else 1
        stretches = [found[i : i + size] for i in range(0, len(found), size)]
        return tuple((part[-1][0], sum(loss for _, loss in part) / len(part)) for part in stretches)

    # What can be done with it.

    def caption(self, name: str, text: str) -> None:
        """Other words for one prepared picture. Raises `HeadshotError` once the training began."""
        if self.status().state != "draft":
            raise HeadshotError("The training has begun: its captions stay as they are.", "Start a new one for others.")
        examples = self.examples
        if name not in [example.name for example in examples]:
            raise HeadshotError(f"There is no prepared picture {name}.", "Prepare the photos again.")
        from headshot_core.train import captions

        words = captions.checked(text, self.training.trigger)
        changed = [captions.with_words(one, words, self.training) if one.name == name else one for one in examples]
        dataset.write(self.folder / PHOTOS, changed)

    def amend(self, **changes: Any) -> None:
        """Other settings for what is left of it, of those in `AMENDABLE`; the text encoders' rate goes with the rate.

        Raises `HeadshotError` for others, and where it is running or finished.
        """
        status, training = self.status(), self.training
        if status.working or not status.startable:
            raise HeadshotError(
                f"The training is {'running' if status.working else 'finished'}: its settings stay as they are.",
                "Pause it first." if status.working else "Start a new one.",
            )
        fixed = [name for name in changes if name not in AMENDABLE]
        if fixed:
            raise HeadshotError(
                f"{fixed[0]} cannot change in a training that is prepared.", f"What can: {', '.join(AMENDABLE)}."
            )
        if "rate" in changes and training.text_rate:
            changes = {"text_rate": training.text_rate * changes["rate"] / training.rate} | changes
        try:
            amended = Training.model_validate(training.model_dump() | changes)
        except ValidationError as error:
            first = error.errors()[0]
            raise HeadshotError(f"{first['loc'][0]} {first['input']}: {first['msg']}.", "Choose another.") from error
        if amended.steps <= status.step:
            raise HeadshotError(f"It is at step {status.step} already.", "Give more steps, or stop it there.")
        amended = amended.model_copy(update={"checkpoints": min(amended.checkpoints, amended.steps)})
        atomic_write(self.folder / TRAINING, amended.model_dump_json(indent=2).encode())
        self.tell(steps=amended.steps)
        self.log(f"From here on: {', '.join(f'{name} {value}' for name, value in changes.items())}.")

    def start(self) -> None:
        """Start it, or take it up where it was saved last, in a process of its own. Raises `HeadshotError`."""
        status = self.status()
        if status.working:
            raise HeadshotError("This training is running already.", "Wait for it, or stop it.")
        if not status.startable:
            raise HeadshotError("This training is finished.", "Start a new one.")
        settings.base_of(self.training)
        (self.folder / WISH).unlink(missing_ok=True)
        self.tell(state="waiting", says="Waiting for its turn", todo="", since=time.time())
        if device.is_lent():
            threading.Thread(target=_in_slices, args=(self,), daemon=True, name=f"training {self.name}").start()
        else:
            _spawn(self)

    def pause(self) -> None:
        """Save, and let go of the machine; `start` goes on from there."""
        self._wish("pause")

    def stop(self) -> None:
        """End it, and make the model of what is there."""
        self._wish("stop")

    def _wish(self, wish: str) -> None:
        if not self.status().working:
            raise HeadshotError("This training is not running.", "")
        atomic_write(self.folder / WISH, wish.encode())

    @property
    def wish(self) -> str:
        """What whoever watches wants: "", "pause" or "stop"."""
        try:
            return (self.folder / WISH).read_text()
        except OSError:
            return ""

    def choose(self, step: int) -> Path:
        """Make the model of another checkpoint. Raises `HeadshotError` where there is none of that step."""
        from headshot_core.train import finish

        if self.status().working:
            raise HeadshotError("The training is still running.", "Stop it first, or wait.")
        return finish.finish(self, step)

    def forget(self, photo: str) -> None:
        """Delete what was made of a photo of the person's; what was learnt from it stays."""
        gone = [example for example in self.examples if example.photo == photo]
        dataset.remove(self.folder / PHOTOS, photo)
        for example in gone:
            (self.folder / CACHE / f"{example.name}.safetensors").unlink(missing_ok=True)
        if gone:
            self.log(f"{photo} was deleted: it is not trained on any more. What was learnt from it stays.")

    def remove(self) -> None:
        """End it and delete its folder; the finished model stays, until it is deleted itself."""
        end(self)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.exists():
            raise HeadshotError(f"{self.folder} could not be deleted.", "Close what uses it, and delete it again.")


# Making and finding.


def draft(person: Person, training: Training, report: Report = silent, cancel: CancelToken | None = None) -> Run:
    """A new run with its photos prepared, not started: look at `run.examples`, change captions, then `start`.

    Raises `HeadshotError` where the photos are not good enough, or nothing can be trained.
    """
    from headshot_core.train import prepare

    photos = prepare.photos_of(person, training, report, cancel)
    training = settings.settled(training, len(photos))
    folder = _free(person, training)
    try:
        for place in (folder.parent, folder, folder / PHOTOS):
            make_private(place)
        prepare.prepare(person, training, folder / PHOTOS, report, cancel)
        atomic_write(folder / TRAINING, training.model_dump_json(indent=2).encode())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    run = Run(folder)
    run.tell(state="draft", says="Not started yet.", step=0, steps=training.steps)
    return run


def _free(person: Person, training: Training) -> Path:
    """A folder of a name that neither a run nor a model has."""
    start = slug(training.name or training.base.rpartition("/")[2], "model")
    number, name = 1, start if training.name else f"{start}-1"
    while (person.folder / "training" / name).exists() or (person.folder / "models" / f"{name}.safetensors").exists():
        number += 1
        name = f"{start}-{number}"
    return person.folder / "training" / name


def of(person: Person) -> list[Run]:
    """The person's runs, the newest first."""
    folders = [path.parent for path in (person.folder / "training").glob(f"*/{TRAINING}")]
    return [Run(folder) for folder in sorted(folders, key=lambda one: (-one.stat().st_mtime_ns, one.name))]


def find(person: Person, name: str) -> Run:
    """The person's run of that name, or a `HeadshotError` that lists them."""
    runs = of(person)
    run = next((run for run in runs if run.name == name), None)
    if run is None:
        there = f"Choose one of: {', '.join(run.name for run in runs)}." if runs else "None was started yet."
        raise HeadshotError(f"There is no training '{name}' of {person.about.name}.", there)
    return run


def all_runs(people: People | None = None) -> list[Run]:
    """Everybody's runs."""
    return [run for person in (people or People()).all() for run in of(person)]


def forget_photo(person: Person, photo: str) -> None:
    """Delete what was made of a photo, in all runs; a process at work on one sees it by itself."""
    for run in of(person):
        if not run.alive:
            with suppress(HeadshotError):  # a damaged run is no reason to keep the photo
                run.forget(photo)


def end_all(person: Person) -> None:
    """End all work on a person's runs, as before they are deleted."""
    for run in of(person):
        end(run)


def end(run: Run) -> None:
    """Let nobody work on a run any more: asked first, made to after a while."""
    if not run.alive:
        return
    with suppress(HeadshotError):
        run.pause()
    deadline = time.monotonic() + GRACE
    while run.alive and time.monotonic() < deadline:
        time.sleep(0.1)
    pid = run._state().get("pid")
    if run.alive and pid and pid != os.getpid():
        import psutil

        with suppress(psutil.Error):
            psutil.Process(pid).kill()
            psutil.wait_procs([psutil.Process(pid)], timeout=GRACE)


# The process of its own.


def _spawn(run: Run) -> None:
    """A process that outlives this one."""
    alone = {"creationflags": subprocess.CREATE_NO_WINDOW} if os.name == "nt" else {"start_new_session": True}
    with (run.folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "headshot_core.train.worker", str(run.folder)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=environment(), **alone,
        )  # fmt: skip
    threading.Thread(target=process.wait, daemon=True).start()  # no zombie is left behind
    deadline = time.monotonic() + BEGINS
    while not run.alive and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def environment() -> dict[str, str]:
    """For a process of its own: it finds this package wherever it was started."""
    paths = [str(PACKAGE), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def _in_slices(run: Run) -> None:
    """On ZeroGPU, where calls are short: slice after slice, each from where the last one saved."""
    from headshot_core.train import worker

    worker.work(run, slices=True)


def queue_lock() -> Path:
    """Held by the one training that is at work on this machine."""
    return home() / "training.lock"
