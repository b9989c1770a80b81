"""Does the ranking put the person first among seven others, drawn from the same prompt?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.adherence.draw import base, draw, wishes
from benchmarks.adherence.person import somewhere
from benchmarks.adherence.prompt import decoded
from headshot_core.generate import rank
from headshot_core.micro import demo
from headshot_core.micro.cartoon import sample
from headshot_core.micro.render import render

TITLE = "Ranking: how often the one picture of the demo person is put first of eight"
TRIALS, OTHERS = 40, 7


def rows(photos: list[Path]) -> list[dict]:
    """One row."""
    return [{"trials": TRIALS, "first": first(TRIALS), "chance": 1 / (OTHERS + 1)}]


def first(trials: int) -> float:
    """Share of the trials in which the person's picture is put first; the others are drawn by the base model."""
    others = draw(wishes(trials))
    with somewhere():
        person = demo.add()
        judged, own = (
            [rank.judge(picture, base=base(), person=person) for picture in pictures]
            for pictures in (others, _of_person(trials))
        )
    found = 0
    for trial, planted in enumerate(own):
        rng = np.random.default_rng((11, trial))
        field = [judged[i] for i in rng.choice(trials, OTHERS, replace=False)]
        at = int(rng.integers(OTHERS + 1))
        field.insert(at, planted)
        found += rank.order(field)[0] == at
    return found / trials


def _of_person(count: int) -> np.ndarray:
    """uint8 (count, 64, 64, 3): the demo person as nobody saw them, through the VAE."""
    cartoons = [sample(np.random.default_rng((12, i)), **demo.LOOKS) for i in range(count)]
    return decoded(np.stack([render(one) for one in cartoons]))
