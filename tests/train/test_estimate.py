"""Estimates: what fits is told with numbers, what does not with what would."""

from __future__ import annotations

import pytest

from headshot_core.errors import HeadshotError
from headshot_core.generate import models
from headshot_core.generate.device import Machine
from headshot_core.train import estimate, settings
from headshot_core.train.settings import Training

SMALL = Machine("cpu", "the CPU", 3.0, 3.0, False, 2)
HOME = Machine("cpu", "the CPU", 16.0, 16.0, False, 8)
CARD = Machine("cuda", "a card", 24.0, 32.0, True, 8)


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Every base model is on this machine."""
    monkeypatch.setattr(models, "installed", lambda item: True)


def settled(base: str, **wishes) -> Training:
    return settings.settled(Training(base=base, **wishes), 12)


def test_it_says_time_memory_and_disk():
    found = estimate.estimate(models.find("sd15"), settled("sd15"), 12, HOME)
    assert found.fits
    assert found.seconds > 600
    assert 1 < found.memory_gb < 16
    assert all(word in found.says for word in ("GB of memory", "MB of disk", "on the CPU"))
    assert not found.measured


@pytest.mark.parametrize("base", ["sd15", "sdxl", "z_image", "flux2_klein_base"])
def test_what_does_not_fit_is_refused_with_advice(base):
    found = estimate.estimate(models.find(base), settled(base, choice="best"), 12, SMALL)
    assert not found.fits
    assert "needs about" in found.says
    assert "3 GB are free" in found.says
    assert found.todo.startswith("Close other programs")
    with pytest.raises(HeadshotError):
        estimate.plan(models.find(base), settled(base, choice="best"), SMALL)


def test_gradient_checkpointing_is_used_only_where_it_is_needed():
    base = models.find("sdxl")
    roomy, tight = (
        estimate.plan(base, settled("sdxl"), Machine("cuda", "a card", free, 32.0, True, 8)) for free in (40.0, 14.0)
    )
    assert not roomy.checkpointing
    assert tight.checkpointing
    assert tight.memory_gb < roomy.memory_gb


def test_larger_pictures_batches_and_adapters_take_more():
    base = models.find("sd15")
    plain = estimate.plan(base, settled("sd15"), CARD).memory_gb
    for more in ({"resolution": 768}, {"batch": 4}, {"rank": 128}, {"text_encoder": True}):
        assert estimate.plan(base, settled("sd15", **more), CARD).memory_gb > plain


def test_a_measured_step_tells_the_time_from_then_on(tmp_path):
    base, training = models.find("sd15"), settled("sd15", samples=0, checkpoints=1)
    plan = estimate.plan(base, training, HOME)
    estimate.remember(base, training, plan, 2.0)
    found = estimate.estimate(base, training, 12, HOME)
    assert found.measured
    assert found.seconds == pytest.approx(estimate.COSTS["sd15"].loading + training.steps * 2, rel=0.05)
    other = estimate.estimate(base, settled("sd15", samples=0, checkpoints=1, resolution=256), 12, HOME)
    assert not other.measured


def test_what_was_measured_and_is_damaged_counts_as_nothing(tmp_path):
    estimate._file().parent.mkdir(parents=True, exist_ok=True)
    estimate._file().write_text("{")
    assert not estimate.estimate(models.find("sd15"), settled("sd15"), 12, HOME).measured


def test_on_a_card_without_a_measured_step_the_time_is_not_made_up():
    found = estimate.estimate(models.find("sdxl"), settled("sdxl"), 12, CARD)
    assert found.seconds is None
    assert "not known yet" in found.says


def test_a_full_disk_is_told(monkeypatch):
    monkeypatch.setattr(estimate.shutil, "disk_usage", lambda place: type("Usage", (), {"free": 5_000_000}))
    found = estimate.estimate(models.find("sd15"), settled("sd15"), 12, HOME)
    assert not found.fits
    assert "5 MB left" in found.says
