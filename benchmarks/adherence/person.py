"""A LoRA of the demo person by the app's own trainer: who is drawn, what follows, who else changed, which moment."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks.adherence.draw import COUNT, SOME, Read, adherence, draw, followed, wishes
from headshot_core.generate.call import Adapter
from headshot_core.micro import captions, demo, readers
from headshot_core.micro.cartoon import Cartoon
from headshot_core.micro.make.text import TRIGGER
from headshot_core.train import judge, lora, runs
from headshot_core.train.runs import Run
from headshot_core.train.settings import Training

TITLE = "LoRA of the demo person, eight pictures: shares with the person's traits, and of what the prompt names"
OWN = ("skin", "hair", "style", "mark")
FREE = ("background", "shirt", "outfit", "light", "turn", "smile")
"""What makes the person, and what must still follow the prompt."""
OTHERS = ("skin", "hair", "style", *FREE)
"""What a prompt names of somebody else."""
WEIGHTS = (0.0, 0.5, 1.0)
KNOT = 0.65
"""How far above the head's middle a bun must find room in the picture to be seen, in head heights."""
PRIORS, USUAL = ("none", "output", "images"), "images"
"""What others are held by, and what is the default."""


@dataclass(frozen=True)
class Trained:
    """A finished training."""

    run: Run
    seconds: float

    @property
    def model(self) -> Path:
        return self.run.model


def rows(photos: list[Path]) -> list[dict]:
    """A row for each weight, for the class prompt after each kind of prior, and for each checkpoint."""
    wished, some, table = wishes(COUNT), wishes(SOME), []
    with somewhere():
        for prior in PRIORS:
            trained = train(prior=prior)
            ways = WEIGHTS if prior == USUAL else (1.0,)
            table += [{"prior": prior, **called(trained.model, weight, wished)} for weight in ways]
            table.append({"prior": prior, **uncalled(trained.model, wished), "seconds": trained.seconds})
            if prior == USUAL:
                table += [{"prior": prior, **one} for one in moments(trained, some)]
    return table


@contextmanager
def somewhere():
    """A home for people and models that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"HEADSHOT_HOME": folder}):
        yield


def train(**wishes) -> Trained:
    """The demo person learnt from what the app itself would take, in this process."""
    person, began = demo.add(), time.monotonic()
    run = runs.draft(person, Training(base="micro", trigger=TRIGGER, **wishes))
    lora.train(run)
    return Trained(run, time.monotonic() - began)


def called(model: Path, weight: float, wished: Sequence[Cartoon]) -> dict:
    """Pictures of the person, with that weight."""
    found = read(model, weight, wished, called_upon)
    return {
        "drawn": f"with the trigger, weight {weight:g}",
        **{trait: share(found, wished, trait) for trait in OWN},
        "person": identity(found, wished),
        "rest followed": adherence(found, wished, FREE),
        "background": followed(found, wished, "background"),
        "shirt": followed(found, wished, "shirt"),
    }


def uncalled(model: Path, wished: Sequence[Cartoon]) -> dict:
    """Pictures of others, which should be as without the LoRA; and how often they show a trait of the person's."""
    before, after = (read(model, weight, wished, captions.full) for weight in (0.0, 1.0))
    worst = max(OTHERS, key=lambda trait: abs(followed(after, wished, trait) - followed(before, wished, trait)))
    return {
        "drawn": "without the trigger",
        "mark": share(after, wished, "mark"),
        "rest followed": adherence(after, wished, FREE),
        "most changed": worst,
        "by": followed(after, wished, worst) - followed(before, wished, worst),
    }


def moments(trained: Trained, wished: Sequence[Cartoon]) -> list[dict]:
    """Each checkpoint: the judge's points, and how much of the person there is when all wishes are drawn."""
    run, table = trained.run, []
    known = [one for one in run.checkpoints if one.step]
    chosen = judge.best(known).step
    for one in known:
        found = read(run.choose(one.step), 1.0, wished, called_upon)
        table.append({"drawn": f"step {one.step}", "points": one.points, "person": identity(found, wished)})
    table[[one.step for one in known].index(chosen)]["drawn"] += ", chosen"
    return table


def called_upon(wish: Cartoon) -> str:
    """All that may change, of the person."""
    return ", ".join((f"photo of {TRIGGER} person", *captions.changing(wish)))


def read(model: Path, weight: float, wished: Sequence[Cartoon], say: Callable[[Cartoon], str]) -> Read:
    """Readings of pictures drawn with the LoRA; the same seeds for all weights."""
    return readers.read(draw(wished, say, loras=(Adapter(str(model), weight),) if weight else ()))


def share(found: Read, wished: Sequence[Cartoon], trait: str) -> float:
    """Of the pictures that show the person's trait, of those that have room for it.

    The mark is out of sight where the head is turned away, and a bun where it lies beyond the picture's edge.
    """
    person = Cartoon(**demo.LOOKS)
    if trait == "mark":
        return float(np.mean([one.mark for one, wish in zip(found, wished, strict=True) if wish.yaw > readers.AWAY]))
    if trait == "style":
        return float(np.mean([one.style == person.style for one in found if one.y > KNOT * one.head]))
    return float(np.mean([_is_own(one.paints[trait], person, trait) for one in found]))


def _is_own(paint: Sequence[float], person: Cartoon, trait: str) -> bool:
    """Whether a colour is nearer to the person's, in CIELAB, than to any other that the base model knows."""
    known = person.but(**{trait: readers.called(trait, paint)})
    own, other = (np.linalg.norm(readers.lab(paint) - readers.lab(one.paint_of(trait))) for one in (person, known))
    return bool(own <= other)


def identity(found: Read, wished: Sequence[Cartoon]) -> float:
    """Mean share of the person's own traits."""
    return float(np.mean([share(found, wished, trait) for trait in OWN]))
