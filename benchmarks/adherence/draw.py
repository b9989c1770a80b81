"""Wishes, pictures of them, and how far the pictures follow: what all parts share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headshot_core.generate import models, pipelines
from headshot_core.generate.call import Call, Prompt
from headshot_core.generate.models import Base
from headshot_core.micro import captions, readers
from headshot_core.micro.cartoon import Cartoon, sample

COUNT, SOME = 128, 48
"""How many wishes; and of each row of a table that has many."""
FIRST_SEED = 10_000
NAMED = ("background", "shirt", "outfit", "hair", "style", "skin", "glasses", "smile", "turn", "light")
"""What a prompt names, and a reader reads."""
Read = list[readers.Reading]


def base() -> Base:
    """The demo base model."""
    return models.find("micro")


def wishes(count: int = COUNT) -> list[Cartoon]:
    """Portraits by lot, which no training ever saw: turned to one of the sides, or not at all."""
    found = [sample(np.random.default_rng((9, i))) for i in range(3 * count)]
    return [one for one in found if abs(one.yaw) < 8 or abs(one.yaw) > 22][:count]


def draw(
    wished: Sequence[Cartoon], say: Callable[[Cartoon], str] = captions.full, negative: str = "", **changes: Any
) -> np.ndarray:
    """uint8 (N, 64, 64, 3): a picture for each wish, each with its own seed. `changes`: fields of `Call`.

    Those that are functions are called with the wish.
    """
    return np.stack([_drawn(i, wish, say(wish), negative, changes) for i, wish in enumerate(wished)])


def _drawn(number: int, wish: Cartoon, said: str, negative: str, changes: dict[str, Any]) -> np.ndarray:
    given = {name: value(wish) if callable(value) else value for name, value in changes.items()}
    own = given.pop("base", None) or base()
    seeds = (FIRST_SEED + given.pop("seed", 0) + number,)
    settings = {"steps": own.steps, "guidance": own.guidance, **given}
    return pipelines.run(own, Call(Prompt(said, negative), (64, 64), seeds, **settings))[0]


def unsaid(*traits: str) -> Callable[[Cartoon], str]:
    """The full prompt without these traits."""
    return lambda wish: captions.full(wish, traits)


# How far they follow.


def followed(read: Read, wished: Sequence[Cartoon], trait: str) -> float:
    """Share of the pictures that show what was wished."""
    return float(np.mean([getattr(one, trait) == getattr(wish, trait) for one, wish in zip(read, wished, strict=True)]))


def chance(read: Read, wished: Sequence[Cartoon], trait: str) -> float:
    """The same, against all the others' wishes."""
    own = [getattr(one, trait) for one in read]
    asked = [getattr(wish, trait) for wish in wished]
    return float(np.mean([a == b for i, a in enumerate(own) for j, b in enumerate(asked) if i != j]))


def adherence(read: Read, wished: Sequence[Cartoon], traits: Sequence[str] = NAMED) -> float:
    """The mean over the traits."""
    return float(np.mean([followed(read, wished, trait) for trait in traits]))
