"""The trainer, on tiny models of all families in the real classes."""

from __future__ import annotations

import csv
import time
from typing import Any

import numpy as np
import pytest
import tiny
import tiny_run
from safetensors.torch import load_file

from headshot_core.errors import HeadshotError
from headshot_core.generate import library, models, pipelines
from headshot_core.generate.call import Adapter
from headshot_core.train import lora
from headshot_core.train.encode import encode
from headshot_core.train.lora import Trainer, train
from headshot_core.train.model import Lesson
from headshot_core.train.runs import STEPS, WISH
from headshot_core.train.work import Gone, Paused, Work

pytestmark = pytest.mark.usefixtures("one_thread")
EAGER = {"rate": 3e-3, "rank": 32, "layers": "all", "warm_up": 0.0, "caption_dropout": 0.0}
"""Settings with which a tiny model learns in seconds."""


def trainer(run) -> Trainer:
    work = Work(run)
    encode(work)
    return Trainer(work)


def weights(run, step: int) -> dict:
    return load_file(run.weights(step))


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)


# It learns.


@pytest.mark.parametrize("family", tiny_run.FAMILIES)
def test_the_loss_falls_by_half_where_one_step_is_learnt_by_heart(family):
    """Photo, noise and noise level follow from the step: while it stands still, they are the same again and again."""
    looped = trainer(tiny_run.make(family, **EAGER))
    first, _ = looped.advance()
    for _ in range(60):
        last, _ = looped.advance()
    assert last <= 0.5 * first


@pytest.mark.parametrize("family", tiny_run.FAMILIES)
def test_what_was_trained_draws_other_pictures_and_at_weight_0_the_base_models_own(family):
    run = tiny_run.make(family, steps=8, checkpoints=1, **EAGER)
    train(run)
    base, call = models.find(run.training.base), tiny.call(guidance=1.0)
    pipelines.forget()
    (plain,) = pipelines.run(base, call)
    (with_it,) = pipelines.run(base, tiny.call(guidance=1.0, loras=(Adapter(str(run.model)),)))
    (without,) = pipelines.run(base, tiny.call(guidance=1.0, loras=(Adapter(str(run.model), 0.0),)))
    assert tiny.distance(plain, with_it) > 0
    assert tiny.distance(plain, without) == 0


@pytest.mark.parametrize("family", tiny_run.FAMILIES)
def test_a_drawing_sees_exactly_what_the_trainer_has(family):
    """The velocity or noise that the trained model predicts is the same after the file was written and loaded."""
    run = tiny_run.make(family, steps=4, checkpoints=1, alpha=8.0, **EAGER)  # alpha: a scale to be folded in
    train(run)
    looped = trainer(run)  # taken up at the last step
    torch, work = library.torch(), looped.work
    latents, _ = looped._together(work.trained_on[:1])
    noised = looped._noised(latents, 0, 0, 0)
    caption = [work.trained_on[0].caption]
    with torch.no_grad():
        trained = looped.model.predict(noised, caption)
        pipe = work.load((work.trainee.part,), torch.float32)
        pipe.load_lora_weights(str(run.model.parent), weight_name=run.model.name)
        drawn = work.trainee.predict(getattr(pipe, work.trainee.part), noised, looped.model.words(caption))
        untrained = looped.model.predict_as_base(noised, caption)
    assert (trained - drawn).abs().max() < 1e-5 * trained.abs().max()
    assert (trained - untrained).abs().max() > 1e-3 * trained.abs().max()


def test_held_to_the_base_models_output_the_class_prompt_stays_nearer_to_it():
    someone, moved = tiny_run.person(), {}
    for prior in ("none", "output"):
        wishes = EAGER | {"prior": prior, "prior_weight": 4.0, "steps": 24}
        looped = trainer(tiny_run.make("sd15", f"with-{prior}", of=someone, **wishes))
        _learn(looped, 24)
        moved[prior] = _moved_without_trigger(looped)
    assert moved["output"] < 0.7 * moved["none"]


def test_pictures_of_others_are_drawn_once_and_go_on_being_seen_as_before():
    """Of them, too, the base model's own output is held."""
    someone, wishes = tiny_run.person(), EAGER | {"prior_weight": 4.0, "steps": 24}
    held = trainer(tiny_run.make("sd15", "held", of=someone, prior="images", prior_images=2, **wishes))
    free = trainer(tiny_run.make("sd15", "free", of=someone, prior="none", **wishes))
    drawn = sorted((held.run.folder / "prior").glob("*.png"))
    assert len(drawn) == 4  # two, with their weights
    for looped in (held, free):
        _learn(looped, 24)
    other = held.work.others[0]
    latents, _ = held._together([other])
    free.work.cache.keep_words(other.caption, held.work.cache.words(other.caption))
    assert _moved(held, latents, other.caption) < 0.7 * _moved(free, latents, other.caption)
    times = [path.stat().st_mtime_ns for path in drawn]
    trainer(held.run)
    assert [path.stat().st_mtime_ns for path in drawn] == times


@pytest.mark.parametrize(("batch", "of_others"), [(4, (2, 2)), (3, (2, 1)), (1, (1, 0))])
def test_half_of_those_who_are_held_are_others_and_half_the_photos_as_anybodys(batch, of_others, monkeypatch):
    """In turn where there is an odd one. However it is divided, it counts as wished; more, where it is more seldom."""
    monkeypatch.setattr(lora, "SILENT", 0.0)
    wishes = {"prior": "images", "prior_images": 2, "prior_weight": 1.5, "prior_every": 1, "batch": batch}
    looped = trainer(tiny_run.make("micro", **wishes))
    drawn = {example.caption for example in looped.work.others}
    for looped.step, count in enumerate(of_others):
        held = _held(looped)
        captions = [caption for one in held for caption in one.captions]
        assert (len(captions), sum(caption in drawn for caption in captions)) == (batch, count)
        assert sum(one.weight for one in held) == pytest.approx(1.5)
        assert all(one.as_base for one in held)
    looped.training = looped.training.model_copy(update={"prior_every": 4})
    weights = []
    for looped.step in range(8):
        weights.append(sum(one.weight for one in _held(looped)))
    assert weights == pytest.approx([6, 0, 0, 0] * 2)


@pytest.mark.parametrize("family", tiny_run.FAMILIES)
def test_lessons_taken_together_are_as_lessons_taken_alone(family):
    looped = trainer(tiny_run.make(family, prior="output", prior_every=1, rank=4))
    for weight in looped.model.adapter.all_weights:
        weight.data.normal_(0, 0.1)
    lessons = [_learnt(looped), *_held(looped)]
    with library.torch().no_grad():
        together, alone = (looped.model.error(*lessons), sum(looped.model.error(one) for one in lessons))
        (held,) = lessons[1:]
        assert looped.model.error(held) > 0
        for weight in looped.model.adapter.all_weights:
            weight.data.zero_()
        assert looped.model.error(held) < 1e-9 * together  # nothing learnt: as the base model
    assert float(together) == pytest.approx(float(alone), rel=1e-4)


def _learnt(looped: Trainer) -> Lesson:
    """What the first batch teaches."""
    batch = looped._batch(0, 0, 0)
    latents, counts = looped._together(batch)
    return Lesson(looped._noised(latents, 0, 0, 0), [one.caption for one in batch], counts)


def _held(looped: Trainer) -> list[Lesson]:
    """What holds others beside it."""
    return looped._held(looped._batch(0, 0, 0), _learnt(looped), looped.step, 0, 0)


def _learn(looped: Trainer, steps: int) -> None:
    for _ in range(steps):
        looped.advance()
        looped.step += 1


def _moved_without_trigger(looped: Trainer) -> float:
    """How far predictions for the class prompt moved."""
    example = looped.work.trained_on[0]
    latents, _ = looped._together([example])
    return _moved(looped, latents, example.class_caption)


def _moved(looped: Trainer, latents: Any, caption: str) -> float:
    """How far predictions moved for these words, over several noise levels."""
    moved = []
    with library.torch().no_grad():
        for number in range(8):
            noised = looped._noised(latents, 10_000 + number, 0, 0)
            now, before = (
                predict(noised, [caption]) for predict in (looped.model.predict, looped.model.predict_as_base)
            )
            moved.append(float((now - before).square().mean()))
    return float(np.mean(moved))


def test_the_face_counts_most():
    """With nothing but the face in the loss, what is predicted elsewhere does not matter."""
    run = tiny_run.make("sd15", body=0.0, surroundings=0.0)
    looped = trainer(run)
    _, counts = looped._together(looped.work.trained_on[:1])
    assert counts[0, 0, 3, 4] > 1 > counts[0, 0, 0, 0] == 0
    assert counts.mean() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_text_encoders_are_trained_and_drawn_with_where_that_is_wished(family):
    run = tiny_run.make(family, text_encoder=True, text_rate=3e-3, steps=6, checkpoints=1, **EAGER)
    train(run)
    names = {name.split(".")[0] for name in weights(run, 6)}
    assert names == {"unet", "text_encoder"} | ({"text_encoder_2"} if family == "sdxl" else set())
    base = models.find(run.training.base)
    pipelines.forget()
    loaded = pipelines.run(base, tiny.call(loras=(Adapter(str(run.model)),)))
    plain = pipelines.run(base, tiny.call())
    assert tiny.distance(loaded[0], plain[0]) > 0


@pytest.mark.parametrize("wish", [{"ema": 0.5}, {"optimiser": "prodigy", "rate": 1.0}, {"accumulation": 2, "batch": 2}])
def test_other_ways_to_train_go_on_where_they_were_as_well(wish):
    whole = tiny_run.make("sd15", "whole", steps=6, checkpoints=3, **EAGER | wish)
    train(whole)
    broken = tiny_run.make("sd15", "broken", steps=6, checkpoints=3, of=whole.person, **EAGER | wish)
    for _ in range(20):
        try:
            train(broken, until=time.monotonic())
            break
        except Paused:
            _one_step(broken)
    assert same(weights(whole, 6), weights(broken, 6))


def _one_step(run) -> None:
    """Take it up, do one step, and save."""
    looped = trainer(run)
    looped._begin()
    looped.advance()
    looped.step += 1
    if looped.step in looped._milestones():
        looped._keep_checkpoint()
    looped._save()


# It goes on exactly where it was.


@pytest.mark.parametrize("family", tiny_run.FAMILIES)
def test_a_training_paused_after_every_step_gives_the_same_weights(family):
    whole = tiny_run.make(family, "whole", steps=4, checkpoints=2, dropout=0.1, prior="output", **EAGER)
    train(whole)
    broken = tiny_run.make(
        family, "broken", steps=4, checkpoints=2, dropout=0.1, prior="output", of=whole.person, **EAGER
    )
    for _ in range(4):
        _one_step(broken)
    train(broken)
    assert same(weights(whole, 2), weights(broken, 2))
    assert same(weights(whole, 4), weights(broken, 4))
    assert _losses(whole) == _losses(broken) or len(_losses(broken)) == 0


def _losses(run) -> list[tuple[str, str]]:
    path = run.folder / STEPS
    return [(row["step"], row["loss"]) for row in csv.DictReader(path.open())] if path.is_file() else []


def test_looking_in_between_changes_nothing():
    blind = tiny_run.make("sd15", "blind", steps=4, checkpoints=1, **EAGER)
    train(blind)
    seen = tiny_run.make("sd15", "seen", steps=4, checkpoints=4, samples=1, of=blind.person, **EAGER)
    train(seen)
    assert same(weights(blind, 4), weights(seen, 4))


def test_steps_that_were_recorded_but_not_saved_are_recorded_once():
    run = tiny_run.make("sd15", steps=3, checkpoints=1)
    (run.folder / STEPS).write_text("step,loss,rate,seconds\n1,9.0,1,1\n2,9.0,1,1\n3,9.")
    train(run)
    assert [step for step, _ in _losses(run)] == ["1", "2", "3"]
    assert "9.0" not in [loss for _, loss in _losses(run)]


# Whoever watches.


def test_stop_keeps_what_is_there():
    run = tiny_run.make("sd15", steps=50, checkpoints=1, **EAGER)
    looped = trainer(run)
    looped._begin()
    looped.advance()
    looped.step = 1
    looped._save()
    (run.folder / WISH).write_text("stop")
    train(run)
    status = run.status()
    assert (status.state, status.chosen) == ("done", 1)
    assert run.model.is_file()


def test_stopped_before_anything_was_learnt_says_so():
    run = tiny_run.make("sd15")
    (run.folder / WISH).write_text("stop")
    with pytest.raises(HeadshotError, match="before there was anything to keep"):
        train(run)


def test_pause_saves_and_says_so():
    run = tiny_run.make("sd15")
    (run.folder / WISH).write_text("pause")
    with pytest.raises(Paused):
        train(run)


def test_a_deleted_run_is_left_alone():
    run = tiny_run.make("sd15")
    looped = trainer(run)
    run.remove()
    with pytest.raises(Gone):
        looped.go()
    assert not run.folder.exists()


def test_a_photo_deleted_halfway_is_not_trained_on_any_more():
    run = tiny_run.make("sd15", photos=3, steps=6, checkpoints=1)
    looped = trainer(run)
    looped._begin()
    gone = run.examples[0]
    run.person.remove_photo(gone.photo)
    looped.work._photos_at = 0.0
    looped.go()
    assert gone.name not in [one.name for one in run.examples]
    left = [path.name for path in run.folder.rglob("*") if gone.name in path.name]
    assert not left
    assert gone.photo in (run.folder / "log.txt").read_text()
    assert run.weights(6).is_file()


def test_the_last_photo_deleted_ends_it_with_a_plain_word():
    run = tiny_run.make("sd15", photos=1)
    looped = trainer(run)
    run.person.remove_photo(run.examples[0].photo)
    looped.work._photos_at = 0.0
    with pytest.raises(HeadshotError, match="No photo is left"):
        looped.go()


# What can go wrong.


def test_numbers_that_break_are_told_and_nothing_is_lost():
    run = tiny_run.make("sd15", steps=6, checkpoints=3, **EAGER)
    looped = trainer(run)
    looped._begin()
    for _ in range(2):
        looped.advance()
        looped.step += 1
    looped._keep_checkpoint()
    looped.adapter_weight = looped.model.adapter.all_weights[0]
    looped.adapter_weight.data.fill_(float("nan"))
    with pytest.raises(HeadshotError, match="broke at step 3") as caught:
        looped.advance()
    assert "half the learning rate" in caught.value.todo
    assert np.isfinite(next(iter(weights(run, 2).values())).numpy()).all()
    train(run)
    assert run.status().state == "done"


def test_what_was_saved_and_is_damaged_is_told():
    run = tiny_run.make("sd15", steps=2, checkpoints=1)
    (run.folder / "resume").mkdir()
    (run.folder / "resume" / "state.pt").write_bytes(b"not this")
    with pytest.raises(HeadshotError, match="damaged"):
        train(run)


def test_a_base_model_that_is_half_there_is_told():
    run = tiny_run.make("sd15")
    place = models.location(models.find("sd15"))
    unet = next((place / "unet").glob("*.safetensors"))
    unet.write_bytes(unet.read_bytes()[:-100])
    with pytest.raises(HeadshotError, match="not all of it") as caught:
        train(run)
    assert "models get sd15" in caught.value.todo


def test_a_full_disk_is_told_before_it_starts(monkeypatch):
    run = tiny_run.make("sd15")
    monkeypatch.setattr(lora.estimate.shutil, "disk_usage", lambda place: type("Usage", (), {"free": 1_000_000}))
    with pytest.raises(HeadshotError, match="disk has 1 MB left"):
        train(run)
