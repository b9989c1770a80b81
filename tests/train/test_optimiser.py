"""The learning rate's course, and optimisers that are not installed."""

from __future__ import annotations

import pytest

from headshot_core.errors import HeadshotError
from headshot_core.train import optimiser
from headshot_core.train.settings import Training


def course(**wishes) -> list[float]:
    training = Training(steps=100, **wishes)
    return [optimiser.course(training, step) for step in range(100)]


def test_it_rises_then_falls_along_a_cosine_and_never_to_nothing_before_the_end():
    shares = course(warm_up=0.1)
    assert shares[:10] == sorted(shares[:10])
    assert shares[9] == 1.0
    assert shares[10:] == sorted(shares[10:], reverse=True)
    assert 0 < shares[-1] < 0.01
    assert shares[55] == pytest.approx(0.5, abs=0.01)


def test_it_stays_where_that_is_wished():
    assert set(course(warm_up=0.0, schedule="constant")) == {1.0}


def test_an_optimiser_that_is_not_installed_is_told_with_what_to_do(monkeypatch):
    monkeypatch.setattr(optimiser, "find_spec", lambda name: None)
    with pytest.raises(HeadshotError, match="bitsandbytes") as caught:
        optimiser.check(Training(optimiser="adamw8bit"))
    assert "pip install bitsandbytes" in caught.value.todo
