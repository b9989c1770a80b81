"""Other settings for what is left of a training: only those that fit what was saved, and only while it is at rest."""

from __future__ import annotations

import pytest
import tiny_run

from headshot_core.errors import HeadshotError
from headshot_core.generate import library
from headshot_core.train import lora
from headshot_core.train.encode import encode
from headshot_core.train.lora import Trainer
from headshot_core.train.runs import WISH
from headshot_core.train.work import Paused, Work

pytestmark = pytest.mark.usefixtures("one_thread")


def half_done(**wishes):
    """A run that was paused at step 3 of 6."""
    run = tiny_run.make("sd15", steps=6, checkpoints=1, schedule="constant", warm_up=0.0, **wishes)
    work = Work(run)
    encode(work)
    trainer = Trainer(work)
    for _ in range(3):
        trainer.advance()
        trainer.step += 1
    (run.folder / WISH).write_text("pause")
    with pytest.raises(Paused):
        trainer.go()
    (run.folder / WISH).unlink()
    run.tell(state="paused", step=3)
    return run


def test_another_learning_rate_counts_from_where_it_was_paused():
    run = half_done(rate=1e-3)
    run.amend(rate=5e-4)
    lora.train(run)
    rates = [float(line.split(",")[2]) for line in (run.folder / "steps.csv").read_text().splitlines()[1:]]
    assert rates == [5e-4] * 3
    assert "From here on: text_rate 0.00025, rate 0.0005." in (run.folder / "log.txt").read_text()


def test_more_steps_and_another_batch_are_done():
    run = half_done()
    run.amend(steps=8, batch=2, accumulation=2, checkpointing=True)
    lora.train(run)
    assert run.status().step == 8
    assert run.weights(8).is_file()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rank": 8}, "rank cannot change"),
        ({"samples": 1}, "samples cannot change"),
        ({"rate": -1.0}, "rate -1.0: Input should be greater than 0"),
        ({"steps": 3}, "step 3 already"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_changes(changes, words):
    run = tiny_run.make("sd15")
    run.tell(state="paused", step=3)
    before = run.training
    with pytest.raises(HeadshotError, match=words):
        run.amend(**changes)
    assert run.training == before


def test_a_finished_training_and_one_that_runs_stay_as_they_are(monkeypatch):
    run = tiny_run.make("sd15")
    run.tell(state="done")
    with pytest.raises(HeadshotError, match="finished"):
        run.amend(rate=1e-5)
    run.tell(state="training")
    monkeypatch.setattr(type(run), "alive", True)
    with pytest.raises(HeadshotError, match="Pause it first"):
        run.amend(rate=1e-5)


def test_what_was_begun_in_float32_goes_on_in_float16():
    """Where float16 is computed in, losses are scaled; what was saved before knows no scale."""
    work = Work(half_done())
    torch, trainer = library.torch(), Trainer(work)
    trainer.model.scaler = torch.amp.GradScaler("cpu", enabled=True)
    assert trainer.model.restore(trainer._state)["step"] == 3
