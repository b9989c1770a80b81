"""Chance that follows from the step."""

from __future__ import annotations

from itertools import product

from headshot_core.generate import library
from headshot_core.train.dice import USES, Dice


def test_the_same_place_gives_the_same_number_and_every_other_another():
    numbers = {
        Dice(seed).number(use, step, part) for seed, use, step, part in product(range(3), USES, range(20), range(3))
    }
    assert len(numbers) == 3 * len(USES) * 20 * 3
    assert Dice(1).number("noise", 5) == Dice(1).number("noise", 5)


def test_noise_is_noise_over_the_steps():
    torch = library.torch()
    drawn = torch.stack([torch.randn(100, generator=Dice(0).generator("noise", step)) for step in range(200)])
    assert abs(float(drawn.mean())) < 0.02
    assert abs(float(drawn.std()) - 1) < 0.02
    assert abs(float((drawn[1:] * drawn[:-1]).mean())) < 0.02  # one step tells nothing of the next
