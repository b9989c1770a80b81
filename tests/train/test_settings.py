"""What a training is asked for: defaults by family and choice, and what can be trained on."""

from __future__ import annotations

import pytest
import tiny_run
from pydantic import ValidationError

from headshot_core.errors import HeadshotError
from headshot_core.generate import models
from headshot_core.train import settings
from headshot_core.train.settings import CHOICES, DEFAULTS, Training


@pytest.mark.parametrize("family", tiny_run.FAMILIES)
def test_the_choices_differ_as_they_say(family):
    tiny_run.install(family)
    quick, balanced, best = (
        settings.settled(Training(base=tiny_run.NAMES[family], choice=choice), 12) for choice in CHOICES
    )
    assert quick.steps < balanced.steps < best.steps
    assert quick.rank < balanced.rank < best.rank
    assert quick.checkpoints < balanced.checkpoints < best.checkpoints
    assert best.text_encoder == DEFAULTS[family].own.get("text_encoder", DEFAULTS[family].text_encoder)


@pytest.mark.parametrize("family", tiny_run.FAMILIES)
def test_a_settled_training_has_no_empty_field_and_settles_to_itself(family):
    tiny_run.install(family)
    done = settings.settled(Training(base=tiny_run.NAMES[family]), 10)
    assert not [name for name, value in done if value is None and name != "checkpointing"]
    assert settings.settled(done, 99) == done


def test_what_is_wished_is_kept():
    tiny_run.install("sd15")
    wishes = {"steps": 77, "rank": 3, "rate": 5e-5, "text_encoder": True, "samples": 0, "prior": "none", "alpha": 1.0}
    done = settings.settled(Training(base="sd15", **wishes), 10)
    assert {name: getattr(done, name) for name in wishes} == wishes


def test_more_photos_take_more_steps_within_bounds():
    tiny_run.install("sd15")
    steps = [settings.settled(Training(base="sd15"), photos).steps for photos in (1, 8, 12, 500)]
    assert steps == sorted(steps)
    assert steps[0] == DEFAULTS["sd15"].fewest
    assert steps[-1] == DEFAULTS["sd15"].most


def test_no_more_checkpoints_than_steps():
    tiny_run.install("sd15")
    assert settings.settled(Training(base="sd15", steps=3), 9).checkpoints == 3


@pytest.mark.parametrize("name", ["sdxl_lightning", "sd15_fast", "z_image_turbo", "flux2_klein"])
def test_models_distilled_for_few_steps_name_the_one_to_train_on(name, monkeypatch):
    monkeypatch.setattr(models, "installed", lambda item: True)
    with pytest.raises(HeadshotError, match="few steps") as caught:
        settings.base_of(Training(base=name))
    other = next(base for base in settings.trainable() if base.family == models.BASES[name].family)
    assert other.title in caught.value.todo


def test_without_any_base_model_it_says_how_to_get_one():
    with pytest.raises(HeadshotError, match="No base model") as caught:
        settings.settled(Training(), 9)
    assert "models get" in caught.value.todo


def test_the_best_base_model_here_is_taken_where_none_is_named():
    tiny_run.install("sd15")
    assert settings.settled(Training(), 9).base == "sd15"


def test_a_single_file_cannot_be_trained_on(tmp_path):
    import tiny

    tiny_run.install("sd15")
    with pytest.raises(HeadshotError, match="single file"):
        settings.base_of(Training(base=str(tiny.single_file(tmp_path / "whole.safetensors"))))


def test_a_text_encoder_that_is_a_language_model_is_refused():
    tiny_run.install("z_image")
    with pytest.raises(HeadshotError, match="text encoder"):
        settings.settled(Training(base="z_image", text_encoder=True), 9)


@pytest.mark.parametrize(
    "wrong", [{"trigger": ""}, {"trigger": "a; b"}, {"steps": 0}, {"rank": 0}, {"resolution": 500}, {"unknown": 1}]
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        Training(**wrong)
