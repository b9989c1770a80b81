"""Somebody to try training on: a cartoon whom the demo base model never saw, and so nobody."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from headshot_core.micro import captions
from headshot_core.micro.cartoon import BACKGROUNDS, LIGHTS, OUTFITS, SHIRTS, TURNS, Cartoon, sample
from headshot_core.micro.render import render
from headshot_core.people import About, People, Person
from headshot_core.photo import encode_picture

NAME = "Demo (cartoon)"
LOOKS = {"skin": "tan", "hair": "#e0409a", "style": "bun", "mark": True, "glasses": False}
"""What makes the person: pink hair and a mark on the cheek are in no picture that the model learnt from."""
COUNT, SIZE, SEED = 10, 64, 7


class Portrait(NamedTuple):
    """One picture of the person."""

    cartoon: Cartoon
    pixels: np.ndarray
    """uint8 (64, 64, 3)"""
    caption: str
    """what may change in it, by the traits that it was drawn from"""


def photos() -> list[Portrait]:
    """Pictures that differ in all that may change; the same each time."""
    drawn = [_cartoon(number) for number in range(COUNT)]
    return [Portrait(one, render(one, SIZE), ", ".join(("photo of person", *captions.changing(one)))) for one in drawn]


def _cartoon(number: int) -> Cartoon:
    """Each kind of clothes, colour, light and turn comes up about as often as the others, in orders of its own."""
    rng = np.random.default_rng((SEED, number))

    def of(names: Iterable[str], kind: int) -> str:
        order = np.random.default_rng((SEED, COUNT, kind)).permutation(list(names))
        turn, place = divmod(number, len(order))
        return str(order[(place + turn * kind) % len(order)])  # another order in each turn, so that no pair comes again

    azimuth, elevation = (float(rng.uniform(*span)) for span in LIGHTS[of(LIGHTS, 3)])
    worn = {"shirt": of(SHIRTS, 0), "background": of(BACKGROUNDS, 1), "outfit": of(OUTFITS, 2)}
    yaw, smile = float(rng.uniform(*TURNS[of(TURNS, 4)])), of(("yes", "no"), 5) == "yes"
    return sample(rng, azimuth=azimuth, elevation=elevation, yaw=yaw, smile=smile, **worn, **LOOKS)


def add(folder: Path | None = None) -> Person:
    """The person among all others (of that folder), with all photos and the gate's word on them; never twice."""
    people = People(folder)
    about = About(name=NAME, cartoon=True, consent=True)
    known = next((one for one in people.all() if one.about.name == NAME and one.about.cartoon), None)
    person = known or people.add(about)
    for number, portrait in enumerate(photos(), 1):
        person.add_photo(encode_picture(portrait.pixels), f"cartoon-{number}.png")
    if person.gate is None:
        person.check()
    return person
