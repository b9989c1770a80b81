"""Which checkpoint? Likeness on prompts and photos that the training never saw, and what likeness alone would hide.

A picture that copies a photo, poses that are all the same, a class prompt that draws the person without being asked:
each makes a checkpoint worse, however alike its faces are. Of those as good as the best, the earliest is taken:
what comes after it was learnt by heart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.face import identity
from headshot_core.generate import models
from headshot_core.generate.rank import REAL, copied
from headshot_core.people import Person
from headshot_core.photo import read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.profile import ALIKE, Profile, build
from headshot_core.train import dataset
from headshot_core.train.runs import PHOTOS, SAMPLES, Checkpoint, Run

if TYPE_CHECKING:
    from headshot_core.micro.judge import Looks

SIDE = 32
"""Pixels of the sides at which two pictures are compared as a whole."""
WEIGHTS = {"likeness": 0.7, "loss": 0.3}
"""What the points are made of; what is not known leaves its share to the other."""
WORST, BEST = 1.05, 0.85
"""Loss on the photos held out, against the base model's, that gives no points and all: most of it is noise that nobody
can foretell, so that a few per cent are much."""
COPY, SAME_POSE, LEAK = 30.0, 15.0, 30.0
"""Points that a set of nothing but copies, of one pose, of a class prompt that draws another picture, costs."""
VARIED, MOVED = 0.6, 0.35
"""Variety below which points are lost, and drift from which they are."""
TIE = 2.0
"""Points by which an earlier checkpoint may be worse and still be taken."""
SAME = 0.02
"""Share by which its loss may be higher: a small model's soon has all points, and goes on falling."""


class Eyes(NamedTuple):
    """How pictures are looked at."""

    see: Callable[[np.ndarray | None], Any]
    """what is seen of uint8 pixels; None where nobody is"""
    copied: Callable[[Any, Any], bool]
    """whether of two that were seen one is a copy of the other"""
    looks: Callable[[Person, Sequence[Any]], Any]
    """a person's looks, by what was seen of the photos held out where there are any: what has ``likeness_of`` another;
    None where they cannot be told"""
    near: Callable[[Any, Any], float]
    """0..100: how far what was seen has come near to those looks; of faces, the likeness"""


def _portrait(picture: np.ndarray | None) -> Portrait | None:
    try:
        return None if picture is None else analyse(read_photo(Image.fromarray(picture)))
    except HeadshotError:  # no face, or none that can be told
        return None


def _profile(person: Person, held_out: Sequence[Portrait]) -> Profile | None:
    return build(iter(held_out)) if held_out and identity.available() else person.profile


def _likeness_of(looks: Profile, seen: Portrait) -> float:
    return looks.likeness_of(seen) or 0


FACES = Eyes(_portrait, copied, _profile, _likeness_of)


@dataclass(frozen=True, eq=False)
class Judge:
    """What all checkpoints of a run are measured against."""

    held_out: Profile | Looks | None
    """the looks of the photos held out, or of all photos where none is; None where likeness cannot be measured"""
    trained: tuple[Any, ...] = ()
    """the photos of the training, as seen, to tell copies by"""
    begun: tuple[np.ndarray, ...] = field(default=())
    """the samples of the base model, before any training; the class prompt's last"""
    eyes: Eyes = FACES

    def judge(self, step: int, drawn: Sequence[np.ndarray | None], loss: float | None) -> Checkpoint:
        """Measure one by its samples (uint8, the class prompt's last) and its loss on the photos held out."""
        samples, plain = list(drawn[:-1]), drawn[-1] if drawn else None
        seen = [self.eyes.see(picture) for picture in samples]
        found = [one for one in seen if one]
        likeness, same = self._likeness(seen, len(samples))
        checkpoint = Checkpoint(
            step,
            loss=loss,
            likeness=likeness,
            same=same,
            copies=sum(any(self.eyes.copied(one, photo) for photo in self.trained) for one in found),
            variety=self._variety(samples),
            drift=self._drift(plain),
        )
        broken = sum(picture is None for picture in drawn)
        points = _points(checkpoint, len(samples))
        return replace(checkpoint, points=points, notes=_notes(checkpoint, len(samples), len(found), broken))

    def _likeness(self, seen: list[Any], count: int) -> tuple[float | None, float | None]:
        """Mean likeness, and the share that pass for the same person; a sample without a face counts as 0.

        A median of three would say the same of one that is alike and of none.
        """
        if self.held_out is None or not any(seen):
            return None, None
        near = [self.eyes.near(self.held_out, one) if one else 0 for one in seen]
        same = sum((self.held_out.likeness_of(one) or 0) >= ALIKE for one in seen if one)
        return float(np.mean(near)), same / count

    def _variety(self, samples: list[np.ndarray | None]) -> float | None:
        """How different the samples are from each other, against the base model's for the same prompts."""
        begun = _spread(self.begun[:-1])
        return None if not begun else min(1.0, _spread(samples) / begun)

    def _drift(self, plain: np.ndarray | None) -> float | None:
        """How far the class prompt's picture moved; 1: as far as two pictures of different prompts lie apart."""
        usual = _spread(self.begun)
        if plain is None or not usual:
            return None
        return min(1.0, _apart(plain, self.begun[-1]) / usual)


def best(checkpoints: Sequence[Checkpoint]) -> Checkpoint | None:
    """The one to make the model of: the earliest of those as good as the best; without any points, the last."""
    known = [one for one in checkpoints if one.points is not None and one.step]
    if not known:
        return max((one for one in checkpoints if one.step), key=lambda one: one.step, default=None)
    top = max(one.points for one in known)
    good = [one for one in known if one.points >= top - TIE]
    lowest = min(one.loss or 0 for one in good)
    return min((one for one in good if (one.loss or 0) <= lowest * (1 + SAME)), key=lambda one: one.step)


def _points(checkpoint: Checkpoint, samples: int) -> float | None:
    known = {}
    if checkpoint.likeness is not None:
        known["likeness"] = min(checkpoint.likeness, REAL) / REAL * 100
    if checkpoint.loss is not None:
        known["loss"] = 100 * float(np.clip((WORST - checkpoint.loss) / (WORST - BEST), 0, 1))
    if not known:
        return None
    points = float(np.average(list(known.values()), weights=[WEIGHTS[name] for name in known]))
    points -= COPY * checkpoint.copies / max(1, samples)
    if checkpoint.variety is not None:
        points -= SAME_POSE * max(0.0, VARIED - checkpoint.variety) / VARIED
    if checkpoint.drift is not None:
        points -= LEAK * max(0.0, checkpoint.drift - MOVED) / (1 - MOVED)
    return max(0.0, points)


def _notes(checkpoint: Checkpoint, samples: int, faces: int, broken: int) -> tuple[str, ...]:
    notes = []
    if broken:
        notes.append("A sample's numbers broke: the training has gone too far, or too fast.")
    if samples and not faces:
        notes.append("No face was drawn: the loss alone tells.")
    if checkpoint.copies:
        notes.append(f"{checkpoint.copies} of {samples} samples are almost a photo of the training.")
    if checkpoint.variety is not None and checkpoint.variety < VARIED:
        notes.append("The samples are all alike.")
    if checkpoint.drift is not None and checkpoint.drift > MOVED:
        notes.append("Other people are drawn differently as well.")
    if checkpoint.loss is not None and checkpoint.loss > 1.02:
        notes.append("The photos held out are explained worse than before the training.")
    return tuple(notes)


def judge_of(run: Run, begun: Sequence[str]) -> Judge:
    """The judge of a run; `begun`: names of the base model's samples, the class prompt's last."""
    folder, eyes = run.folder / PHOTOS, _eyes(run)
    seen = [(example, eyes.see(dataset.picture(folder, example))) for example in run.examples]
    held_out = [one for example, one in seen if one and example.held_out]
    trained = tuple(one for example, one in seen if one and not example.held_out)
    known = eyes.looks(run.person, held_out)
    pictures = [cv2.imread(str(run.folder / SAMPLES / name)) for name in begun]
    return Judge(known, trained, tuple(picture[..., ::-1] for picture in pictures if picture is not None), eyes)


def _eyes(run: Run) -> Eyes:
    """Those for faces, or for the demo's cartoons."""
    if not models.find(run.training.base).cartoons:
        return FACES
    from headshot_core.micro import judge as cartoons

    # All photos tell more than the few held out, and a reading of them is not what was trained on.
    return Eyes(
        cartoons.see, cartoons.copied, lambda person, held_out: cartoons.of_person(person), cartoons.Looks.nearness_of
    )


def _spread(pictures: Sequence[np.ndarray | None]) -> float:
    """The mean distance of all pairs."""
    whole = [picture for picture in pictures if picture is not None]
    apart = [_apart(a, b) for i, a in enumerate(whole) for b in whole[:i]]
    return float(np.mean(apart)) if apart else 0.0


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Root of the mean square of the difference of two pictures seen small, 0..1."""
    small = [cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA) / 255.0 for picture in (one, other)]
    return float(np.sqrt(np.mean((small[0] - small[1]) ** 2)))
