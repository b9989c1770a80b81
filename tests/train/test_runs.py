"""Runs: everything is read from their folders, whoever asks; deletion reaches all of it."""

from __future__ import annotations

import json
import time

import pytest
import tiny_run

from headshot_core.errors import HeadshotError
from headshot_core.files import lock_now
from headshot_core.people import People
from headshot_core.train import runs
from headshot_core.train.lora import train
from headshot_core.train.runs import LOCK, STEPS, WISH, Checkpoint, Run


@pytest.fixture
def run() -> Run:
    return tiny_run.make("sd15")


def test_another_program_sees_the_same(run):
    run.tell(state="paused", says="Paused at step 3.", step=3, steps=10)
    run.keep(Checkpoint(2, loss=0.9, likeness=40.0, points=50.0, samples=("a.png",), notes=("fine",)))
    again = runs.find(People().get("Ada"), "mine")
    assert again.status() == run.status()
    assert again.status().checkpoints[0].samples == ("a.png",)
    assert again.training == run.training


def test_a_run_that_nobody_works_on_any_more_is_broken_and_can_be_started(run):
    run.tell(state="training", says="Step 3 of 10", step=3)
    status = run.status()
    assert (status.state, status.startable, status.working) == ("broken", True, False)
    assert "Resume" in status.todo


def test_while_its_lock_is_held_it_works(run):
    run.tell(state="training", says="Step 3 of 10", step=3, seconds_left=60.0)
    with lock_now(run.folder / LOCK) as held:
        assert held
        assert run.status().working
        assert run.status().seconds_left == 60.0
        with pytest.raises(HeadshotError, match="running already"):
            run.start()
        with pytest.raises(HeadshotError, match="still running"):
            run.choose(2)
        run.stop()
    assert run.wish == "stop"


def test_only_what_runs_can_be_paused_or_stopped(run):
    for do in (run.pause, run.stop):
        with pytest.raises(HeadshotError, match="not running"):
            do()
    assert not (run.folder / WISH).exists()


def test_the_loss_curve_is_thinned_not_cut(run):
    lines = ["step,loss,rate,seconds", *(f"{step},{step / 1000},1,1" for step in range(1, 3001))]
    (run.folder / STEPS).write_text("\n".join(lines))
    losses = run.status().losses
    assert len(losses) <= Run.POINTS
    assert losses[-1][0] == 3000
    assert losses[0][1] < losses[-1][1]


@pytest.mark.parametrize("name", ["state.json", "checkpoints.json", STEPS])
def test_a_damaged_file_is_no_traceback(run, name):
    (run.folder / name).write_bytes(b"\xff{]")
    assert run.status().state == "draft"


def test_a_damaged_training_is_told(run):
    (run.folder / "training.json").write_text("{")
    with pytest.raises(HeadshotError, match="damaged"):
        _ = run.training


def test_captions_can_be_changed_until_it_begins(run):
    example = run.examples[0]
    run.caption(example.name, "  a photo of ohwx woman   in a red coat ")
    assert run.examples[0].caption == "a photo of ohwx woman in a red coat"
    assert "ohwx" not in run.examples[0].class_caption
    run.tell(state="paused")
    with pytest.raises(HeadshotError, match="has begun"):
        run.caption(example.name, "a photo of ohwx woman")


def test_names_are_unique_within_a_person(run):
    taken = runs._free(run.person, run.training)
    assert taken.name != run.name
    assert taken.parent == run.folder.parent


def test_who_is_there_is_told_where_a_name_is_wrong(run):
    with pytest.raises(HeadshotError, match="There is no training 'other'") as caught:
        runs.find(run.person, "other")
    assert "mine" in caught.value.todo


def test_a_run_is_removed_whole(run):
    run.remove()
    assert not run.folder.exists()
    assert runs.of(run.person) == []


def test_a_photo_that_is_deleted_goes_from_runs_at_rest_as_well(run):
    train(run)
    gone, kept = run.examples[0], run.examples[1]
    run.person.remove_photo(gone.photo)
    names = [path.name for path in run.folder.rglob("*")]
    assert not [name for name in names if gone.name in name]
    assert len([name for name in names if kept.name in name]) == 3
    assert gone.photo in (run.folder / "log.txt").read_text()


def test_nothing_that_is_told_brings_a_removed_run_back(run):
    run.remove()
    run.tell(state="training")
    run.keep(Checkpoint(1))
    run.log("a line")
    assert not run.folder.exists()


def test_a_working_process_is_ended_before_the_person_is_deleted(run):
    run.start()
    deadline = time.monotonic() + 60
    while not run.alive and time.monotonic() < deadline:
        time.sleep(0.05)
    person = run.person
    pid = json.loads((run.folder / "state.json").read_bytes()).get("pid")
    person.delete()
    assert not person.folder.exists()
    import psutil

    gone = time.monotonic() + 20
    while pid and psutil.pid_exists(pid) and time.monotonic() < gone:
        time.sleep(0.05)
    assert not (pid and psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    assert not person.folder.exists()
