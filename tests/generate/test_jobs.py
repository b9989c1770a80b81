"""The queue: one job at a time, in order; whoever asks again finds it; nothing of one owner's is another's."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.generate.engine import Progress, Subject
from headshot_core.generate.jobs import KEPT, OVER, Queue
from headshot_core.recipe import Recipe

PATIENCE = 10


class Easel:
    """An engine whose steps the test lets happen."""

    def __init__(self):
        self.begun: list[int] = []
        self.step = threading.Semaphore(0)

    def __call__(self, subject, recipe, each, cancel):
        self.begun.append(recipe.seed)
        for step in range(1, 4):
            assert self.step.acquire(timeout=PATIENCE)
            cancel.check()
            each(Progress("Drawing", step, 3, preview=step))
        if recipe.seed == 13:
            raise HeadshotError("No memory.", "Draw smaller.")
        if recipe.seed == 99:
            raise ZeroDivisionError
        each(Progress("", 0, 0, candidate=f"picture {recipe.seed}"))
        return SimpleNamespace(shown=(f"picture {recipe.seed}",))

    def let(self, steps: int) -> None:
        for _ in range(steps):
            self.step.release()


@pytest.fixture
def easel() -> Easel:
    return Easel()


@pytest.fixture
def queue(easel) -> Queue:
    return Queue(easel)


def wish(seed: int) -> Recipe:
    return Recipe(seed=seed)


def until(job, reached) -> None:
    """Wait for news until the condition holds."""
    turn = 0
    while not reached(job):
        before = turn
        turn = job.wait(turn, PATIENCE)
        assert turn > before or job.over, f"nothing happened: {job.state}"


def over(job) -> bool:
    return job.state in OVER


def test_jobs_are_done_in_order_one_at_a_time(queue, easel):
    first, second = queue.add("me", Subject(), wish(1)), queue.add("you", Subject(), wish(2))
    until(first, lambda job: job.state == "working")
    assert (second.state, queue.place(first), queue.place(second)) == ("waiting", 0, 1)
    easel.let(3)
    until(first, over)
    until(second, lambda job: job.state == "working")
    easel.let(3)
    until(second, over)
    assert easel.begun == [1, 2]
    assert (first.state, first.ready, first.result.shown) == ("done", ("picture 1",), ("picture 1",))


def test_the_queue_works_on_after_it_was_empty(queue, easel):
    for seed in (1, 2):
        easel.let(3)
        job = queue.add("me", Subject(), wish(seed))
        until(job, over)
        assert job.state == "done"


def test_progress_tells_step_preview_and_time_left(queue, easel):
    job = queue.add("me", Subject(), wish(1))
    assert job.seconds_left is None
    easel.let(2)
    until(job, lambda job: job.step == 2)
    assert (job.says, job.total, job.preview) == ("Drawing", 3, 2)
    assert 0 <= job.seconds_left < PATIENCE
    easel.let(1)
    until(job, over)
    assert (job.seconds_left, job.preview) == (None, None)


def test_a_job_is_found_again_by_its_owner_and_by_nobody_else(queue, easel):
    mine, older = [queue.add("me", Subject(), wish(seed)) for seed in (2, 1)]
    yours = queue.add("you", Subject(), wish(3))
    assert queue.of("me") == [older, mine]
    assert queue.of("you") == [yours]
    assert queue.of("nobody") == []
    easel.let(9)
    until(yours, over)


@pytest.mark.parametrize("when", ["waiting", "working"])
def test_a_job_is_stopped_and_the_next_one_goes_on(queue, easel, when):
    first, second, third = (queue.add("me", Subject(), wish(seed)) for seed in (1, 2, 3))
    until(first, lambda job: job.state == "working")
    stopped = {"working": first, "waiting": second}[when]
    queue.cancel(stopped)
    easel.let(9)
    until(third, over)
    assert (stopped.state, third.state) == ("stopped", "done")
    assert stopped.result is None
    assert easel.begun == ([1, 2, 3] if when == "working" else [1, 3])


def test_failure_is_told_in_words_and_the_next_job_goes_on(queue, easel, capsys):
    easel.let(9)
    known, fault, good = (queue.add("me", Subject(), wish(seed)) for seed in (13, 99, 1))
    until(good, over)
    assert (known.state, known.error.what, known.says) == ("failed", "No memory.", "No memory. Draw smaller.")
    assert fault.state == "failed"
    assert "ZeroDivisionError" not in fault.says
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert good.state == "done"


def test_the_photo_is_let_go_of_when_the_job_is_over(queue, easel):
    jobs = [queue.add("me", Subject(), wish(seed)) for seed in (1, 13)]
    assert all(job.subject for job in jobs if job.state == "waiting")
    easel.let(6)
    until(jobs[-1], over)
    assert [job.subject for job in jobs] == [None, None]


def test_only_the_latest_jobs_of_an_owner_are_kept(queue, easel):
    other = queue.add("you", Subject(), wish(7))
    easel.let(3)
    until(other, over)
    for seed in range(KEPT + 3):
        easel.let(3)
        until(queue.add("me", Subject(), wish(seed)), over)
    assert [job.recipe.seed for job in queue.of("me")] == list(range(KEPT + 3))[: -KEPT - 1 : -1]
    assert queue.of("you") == [other]


def test_forgetting_stops_and_removes_everything_of_an_owner(queue, easel):
    working, waiting, other = (queue.add(owner, Subject(), wish(1)) for owner in ("me", "me", "you"))
    until(working, lambda job: job.state == "working")
    queue.forget("me")
    assert queue.of("me") == []
    easel.let(9)
    until(other, over)
    assert other.state == "done"
    until(working, over)
    assert (working.state, waiting.state) == ("stopped", "stopped")


def test_waiting_ends_when_the_time_is_up(queue):
    job = queue.add("me", Subject(), wish(1))
    until(job, lambda job: job.state == "working")
    assert job.wait(job.turn, 0.01) == job.turn
    queue.cancel(job)


def test_cancelled_is_no_failure(queue):
    def engine(subject, recipe, each, cancel):
        raise Cancelled

    job = Queue(engine).add("me", Subject(), wish(1))
    until(job, over)
    assert (job.state, job.error) == ("stopped", None)
