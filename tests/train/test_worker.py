"""The process that trains: it ends well, or says why, or is killed and goes on where it was."""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
import time

import pytest
import tiny_run
from safetensors.torch import load_file

from headshot_core.errors import HeadshotError
from headshot_core.files import lock_now
from headshot_core.generate import device
from headshot_core.train import worker
from headshot_core.train.lora import train
from headshot_core.train.runs import STEPS, WISH, Run

pytestmark = pytest.mark.usefixtures("one_thread")
EAGER = {"rate": 3e-3, "rank": 8, "warm_up": 0.0}


def same(one: Run, other: Run, step: int) -> bool:
    a, b = load_file(one.weights(step)), load_file(other.weights(step))
    return a.keys() == b.keys() and all(a[name].equal(b[name]) for name in a)


def done(run: Run) -> int:
    """Steps on record."""
    path = run.folder / STEPS
    return max(0, len(path.read_text().splitlines()) - 1) if path.is_file() else 0


def wait_for(condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


# The real process.


def test_a_process_of_its_own_trains_to_the_end_and_makes_the_model():
    run = tiny_run.make("sd15", steps=6, checkpoints=2, samples=1, held_out=1, **EAGER)
    run.start()
    assert run.status().working
    status = tiny_run.wait(run)
    assert status.state == "done", status
    assert status.chosen in (3, 6)
    assert run.model.is_file()
    assert [one.step for one in status.checkpoints] == [0, 3, 6]
    assert all(one.points is not None for one in status.checkpoints[1:])
    log = (run.folder / "log.txt").read_text()
    assert "Traceback" not in log
    assert "The model was made of step" in log


@pytest.mark.slow
def test_killed_twenty_times_it_gives_the_same_weights_bit_for_bit(monkeypatch):
    """Kill -9 at random steps, in the middle of whatever it does."""
    import forked

    settings = {"steps": 120, "checkpoints": 24, "prior": "output", "dropout": 0.05} | EAGER
    whole = tiny_run.make("sd15", "whole", **settings)
    train(whole)
    broken = tiny_run.make("sd15", "broken", of=whole.person, **settings)
    tests = worker.Path(forked.__file__).parent  # the server that forks must find what it imports
    monkeypatch.setenv("PYTHONPATH", f"{tests}{os.pathsep}{tests.parent}")
    chance, context = random.Random(7), multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["forked"])
    kills = 0
    while kills < 20:
        process = context.Process(target=forked.work, args=(str(broken.folder),))
        process.start()
        goal = done(broken) + chance.randint(1, 6)
        wait_for(lambda process=process, goal=goal: done(broken) >= goal or not process.is_alive())
        time.sleep(chance.uniform(0, 0.1))
        assert process.is_alive(), (broken.status(), (broken.folder / "log.txt").read_text())
        process.kill()
        process.join()
        kills += 1
        assert broken.status().state == "broken"
    process = context.Process(target=forked.work, args=(str(broken.folder),))
    process.start()
    process.join()
    assert broken.status().state == "done"
    assert [line.split(",")[:3] for line in (whole.folder / STEPS).read_text().splitlines()] == [
        line.split(",")[:3] for line in (broken.folder / STEPS).read_text().splitlines()
    ]
    for step in (60, 120):
        assert same(whole, broken, step)


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(worker.Path(worker.__file__).parents[2])}


@pytest.mark.slow
def test_two_processes_train_together(tmp_path):
    """Each sees other photos, and both have the same weights; the first writes the files."""
    run = tiny_run.make("sd15", steps=4, checkpoints=1, **EAGER)
    alone = tiny_run.make("sd15", "alone", of=run.person, steps=4, checkpoints=1, **EAGER)
    train(alone)
    # On graphics cards `accelerate launch` starts processes by this very program; on CPUs it wants MPI.
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29577", "-m"]
    command += ["headshot_core.train.worker", str(run.folder)]
    said = subprocess.run(
        command, env=_environment() | {"ACCELERATE_USE_CPU": "true"}, capture_output=True, text=True, timeout=300
    )
    assert run.status().state == "done", said.stderr[-3000:]
    assert done(run) == 4
    assert not same(run, alone, 4)


# How it ends, here and now.


def test_a_pause_is_told_and_it_can_be_taken_up_again():
    run = tiny_run.make("sd15", steps=3, checkpoints=1)
    (run.folder / WISH).write_text("pause")
    assert not worker.work(run)
    assert run.status().state == "paused"
    (run.folder / WISH).unlink()
    assert worker.work(run)
    assert run.status().state == "done"


def test_what_a_person_can_mend_is_told_in_their_words(monkeypatch):
    run = tiny_run.make("sd15")
    monkeypatch.setattr(worker.lora, "train", _raise(HeadshotError("The disk is full.", "Make some room.")))
    assert not worker.work(run)
    status = run.status()
    assert (status.state, status.says, status.todo) == ("failed", "The disk is full.", "Make some room.")
    assert status.startable


def test_a_fault_of_the_program_is_told_as_one_and_the_log_has_it(monkeypatch, capsys):
    run = tiny_run.make("sd15")
    monkeypatch.setattr(worker.lora, "train", _raise(KeyError("secret")))
    assert not worker.work(run)
    assert "fault of the program" in run.status().says
    assert "secret" not in run.status().says
    assert "KeyError" in capsys.readouterr().err


def test_out_of_memory_is_told_with_what_helps(monkeypatch, capsys):
    run = tiny_run.make("sd15")
    monkeypatch.setattr(worker.lora, "train", _raise(RuntimeError("DefaultCPUAllocator: can't allocate memory")))
    assert not worker.work(run)
    assert "out of memory" in run.status().says
    assert "checkpointing" in run.status().todo


def _raise(error: Exception):
    def train(run):
        raise error

    return train


# One at a time.


def test_nobody_works_on_a_run_that_somebody_works_on(monkeypatch):
    run = tiny_run.make("sd15")
    monkeypatch.setattr(worker, "PATIENCE", 0.1)
    with lock_now(run.folder / ".lock"):
        assert not worker.work(run)
    assert run.status().state == "draft"


def test_the_one_that_was_started_first_comes_first():
    first = tiny_run.make("sd15", "b")
    second = tiny_run.make("sd15", "a", of=first.person)
    first.tell(state="waiting", since=1.0)
    second.tell(state="waiting", since=2.0)
    with lock_now(first.folder / ".lock"), lock_now(second.folder / ".lock"):
        assert worker._is_first(first)
        assert not worker._is_first(second)
    assert worker._is_first(second)  # nobody works on the first any more


# A GPU that is lent.


def test_in_slices_it_goes_on_where_the_last_one_ended(monkeypatch):
    whole = tiny_run.make("sd15", "whole", steps=6, checkpoints=2, **EAGER)
    train(whole)
    sliced = tiny_run.make("sd15", "sliced", of=whole.person, steps=6, checkpoints=2, **EAGER)
    lent: list[float] = []

    def lend(work, seconds):
        def slice_of_work(folder):
            lent.append(seconds)
            return work(folder)

        return slice_of_work

    monkeypatch.setattr(device, "lend", lend)
    monkeypatch.setattr(worker, "SLICE", 0.3)
    assert worker.work(sliced, slices=True)
    assert len(lent) > 1
    assert set(lent) == {worker.ASKED}
    assert sliced.status().state == "done"
    assert same(whole, sliced, 6)
