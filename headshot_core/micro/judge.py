"""Judging cartoon portraits, in which nets that know faces see none: all is read by `headshot_core.micro.readers`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from headshot_core import colour
from headshot_core.generate import light
from headshot_core.generate.rank import Judged
from headshot_core.generate.safety import Verdict
from headshot_core.micro import readers
from headshot_core.micro.captions import ALSO
from headshot_core.micro.cartoon import PAINTS, YAW
from headshot_core.micro.readers import Reading, called
from headshot_core.people import Person
from headshot_core.photo import read_photo
from headshot_core.portrait import Portrait
from headshot_core.prompt.phrases import stance
from headshot_core.prompt.words import BACKDROPS
from headshot_core.recipe import Recipe
from headshot_core.studio import backdrops

TURNED, LIT = 15.0, 35.0
"""Degrees by which a head or the key light may be off and still be as asked: a tiny model draws them."""
SMILING = r"smil|laugh|grin"
GLASSES, BARE = r"(?<!sun)\b(glasses|spectacles)\b", r"\b(no|without) (glasses|spectacles)\b"
COPY = 6.0
"""Mean difference of two pictures, of 255, up to which one is a copy of the other. What the VAE makes of a picture lay
4 to 6 from it; the picture moved by two pixels 9, with another shirt 14; two photos of the demo person 36 and more."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A cartoon that was looked at."""

    picture: np.ndarray
    """uint8 (64, 64, 3)"""
    reading: Reading


@dataclass(frozen=True)
class Looks:
    """A person's looks as all their cartoons together show them."""

    reading: Reading

    def likeness_of(self, seen: Seen) -> int:
        """0..100"""
        return readers.likeness(seen.reading, self.reading)

    def nearness_of(self, seen: Seen) -> float:
        """0..100, by degrees: what a training has reached so far."""
        return readers.nearness(seen.reading, self.reading)


def see(picture: np.ndarray | None) -> Seen | None:
    """A cartoon, uint8 (H, W, 3), looked at."""
    return None if picture is None else Seen(readers.fitted(picture), readers.read([picture])[0])


def looks(seen: Iterable[Seen]) -> Looks | None:
    """What they show of the one person; None without any."""
    readings = [one.reading for one in seen]
    return Looks(readers.mean(readings)) if readings else None


def of_person(person: Person) -> Looks | None:
    """A person's looks by all photos; None without any."""
    return looks(see(np.asarray(read_photo(photo).image)) for photo in person.photos)


def copied(seen: Seen, photo: Seen) -> bool:
    """Whether two pictures are nearly equal, pixel for pixel: one person, one pose and one light alone make no copy."""
    return float(np.abs(seen.picture.astype(np.float32) - photo.picture).mean()) <= COPY


def judge(
    picture: np.ndarray,
    person: Person | None = None,
    portrait: Portrait | None = None,
    recipe: Recipe | None = None,
    verdict: Verdict | None = None,
) -> Judged:
    """What `rank.judge` measures, read off a cartoon, sRGB uint8 (H, W, 3); points and notes are left to it.

    Likeness is to the person's photos, or else to the one photo; agreement is the share of the readable wishes that
    came true.
    """
    recipe, seen = recipe or Recipe(), see(picture)
    known = (person and of_person(person)) or (looks([see(portrait.pixels)]) if portrait else None)
    return Judged(
        points=0.0,
        faces=1,
        likeness=None if known is None else known.likeness_of(seen),
        agreement=agreement(seen.reading, recipe, person),
        light=light.says(light.lamps_of(recipe), lit(seen.reading)),
        **({"unsafe": verdict.score, "safe": verdict.allowed} if verdict else {}),
    )


def lit(reading: Reading) -> light.Reading:
    """The light that was read, as it is read off faces."""
    lights = reading.lamps
    ratio = np.clip(np.log2(1 / max(lights.fill, 0.01)), 0, light.MOST)
    return light.Reading(lights.azimuth, lights.elevation, float(ratio))


# What was wished, and can be read.


def agreement(reading: Reading, recipe: Recipe, person: Person | None = None) -> float | None:
    """0..100: the share of the wishes that came true; None where nothing was wished that can be read."""
    kept = agreed(reading, recipe, person).values()
    return 100 * sum(kept) / len(kept) if kept else None


def agreed(reading: Reading, recipe: Recipe, person: Person | None = None) -> dict[str, bool]:
    """Whether each readable wish came true: background, shirt, glasses, smile, yaw, light."""
    wanted = {
        "background": _background(recipe),
        "shirt": _named("shirt", f"{recipe.wishes.colour} {recipe.wishes.clothing}"),
        "glasses": _glasses(recipe, bool(person and person.about.glasses)),
        "smile": bool(re.search(SMILING, recipe.wishes.expression)) if recipe.wishes.expression else None,
    }
    found = {name: getattr(reading, name) == wish for name, wish in wanted.items() if wish is not None}
    if recipe.pose.name not in ("free", "photo") or recipe.pose.yaw is not None:
        found["yaw"] = abs(reading.yaw - float(np.clip(stance(recipe).yaw, -YAW, YAW))) <= TURNED
    lights = light.lamps_of(recipe)
    if lights.strength and not light.even(lights):
        found["light"] = readers.apart(lights, reading.lamps) <= LIT
    return found


def _background(recipe: Recipe) -> str | None:
    """The name of the colour that was wished: by words, or by a backdrop that has one colour."""
    if recipe.wishes.background:
        return _named("background", recipe.wishes.background)
    place = BACKDROPS.get(recipe.backdrop.kind)
    if place is None or place.deep or "{colour}" not in place.words or "{accent}" in place.words:
        return None
    code = recipe.backdrop.colour or backdrops.get(recipe.backdrop.kind).colour
    return called("background", colour.hex_to_rgb(code))


def _named(part: str, words: str) -> str | None:
    """Which colour of a part is named in words, by any of its names; the longest name counts."""
    ways = {way: name for name in PAINTS[part] for way in (name, *ALSO.get(name, ()))}
    found = [way for way in ways if re.search(rf"\b{way}\b", words.lower())]
    return ways[max(found, key=len)] if found else None


def _glasses(recipe: Recipe, worn: bool) -> bool | None:
    wishes = recipe.wishes
    words = f"{wishes.text} {wishes.clothing} {wishes.expression}".lower()
    if re.search(BARE, words) or re.search(GLASSES, wishes.avoid.lower()):
        return False
    return True if worn or re.search(GLASSES, words) else None
