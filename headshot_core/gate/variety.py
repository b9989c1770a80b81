"""What a set has and lacks: angles, light, expressions, distances, backgrounds; and which photos to use of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from headshot_core.enhance import measure
from headshot_core.enhance.glasses import glare
from headshot_core.face.landmarks import Face
from headshot_core.gate.faults import Look
from headshot_core.inspection import expression_words, light_words
from headshot_core.studio.frame import Framed
from headshot_core.studio.framing import Framing

FEWEST, MOST = 8, 20
"""Photos that a person is well known by."""
KINDS = ("angle", "light", "expression", "distance", "background")
HEAD = (200, 0.75)
"""Pixels from crown to chin in which the light is read, and the margin about the head in its heights."""
FRONTAL = 14
"""Degrees of yaw up to which a head looks straight ahead."""
CLOSE_UP, HALF = 1.2, 4.5
"""Head heights of body seen below the chin: up to the first a close-up, up to the second a half-length photo."""
CAST = 0.35
"""Units of the temperature slider from which light is warm or cool."""
FLAT, SIDEWAYS = 0.15, 25
"""Unevenness below which light has no direction, and degrees from which it comes from one side."""
SIMILAR = 0.6
"""Share that two backgrounds' colours have in common, from which they count as one."""
NEW = 0.25
"""Quality that a trait which no chosen photo has yet is worth."""


# Traits of one photo.


def traits_of(look: Look) -> dict[str, Any]:
    """What was measured, ready for JSON; left and right are the viewer's."""
    face = look.face
    light, words = _light(look)
    return {
        "angle": _angle(face),
        "light": light,
        "light_words": words,
        "expression": _expression(face),
        "expression_words": expression_words(face.expression),
        "distance": _distance(look),
        "yaw": round(face.yaw, 1),
        "pitch": round(face.pitch, 1),
        "roll": round(face.roll, 1),
        "inter_eye": round(face.inter_eye, 1),
        "blur": round(look.focus.all, 2),
        "exposure": round(-look.exposure, 2),
        "faces": len(look.portrait.faces),
        "glasses": glare(look.study).worn,
    }


def _angle(face: Face) -> str:
    if abs(face.yaw) <= FRONTAL:
        return "front"
    return "right" if face.yaw > 0 else "left"


def _light(look: Look) -> tuple[str, str]:
    """The light set-up, roughly, so that two of one kind have one name; and the same in more words."""
    window = look.study.around_head(*HEAD)
    source = Framed(look.portrait, Framing(window.matrix, window.size, 0.0, ())).shading.source
    temperature, _ = measure.cast(look.whole, look.head)  # what would make it neutral
    colour = "warm" if temperature < -CAST else "cool" if temperature > CAST else "neutral"
    flat, frontal = source.unevenness < FLAT, abs(source.azimuth) < SIDEWAYS
    side = "flat" if flat else "front" if frontal else "right" if source.azimuth > 0 else "left"
    return f"{colour}, {side}", light_words(source)


def _expression(face: Face) -> str:
    smile, jaw = (
        float(np.mean([face.expression[name] for name in names]))
        for names in (("mouthSmileLeft", "mouthSmileRight"), ("jawOpen",))
    )
    if smile >= 0.55:
        return "broad smile"
    if smile >= 0.25:
        return "slight smile"
    return "open mouth" if jaw >= 0.2 else "no smile"


def _distance(look: Look) -> str:
    face = look.face
    below = (look.portrait.photo.height - face.chin[1]) / face.head_height
    return "close-up" if below < CLOSE_UP else "half" if below < HALF else "full"


def backgrounds(backdrops: list[np.ndarray]) -> list[int]:
    """A number for each background, from 1; 0 where none is seen. Those that look alike have the same."""
    known: list[np.ndarray] = []
    numbers = []
    for backdrop in backdrops:
        if backdrop.sum() == 0:
            numbers.append(0)
            continue
        common = [float(np.minimum(backdrop, other).sum()) for other in known]
        if common and max(common) > SIMILAR:
            numbers.append(1 + int(np.argmax(common)))
        else:
            known.append(backdrop)
            numbers.append(len(known))
    return numbers


# The set.


def recommended(photos: list[tuple[str, dict[str, Any], bool]]) -> list[str]:
    """Names of the photos to use, the best first: each time the one that adds most, by quality and by what is new.

    `photos`: name, traits, and whether nothing is wrong with it. Those with faults are taken only as far as they are
    needed, or show something that no other does.
    """
    left, chosen, seen = list(photos), [], Counter()
    while left and len(chosen) < MOST:
        worth = [_worth(traits, seen) for _, traits, _ in left]
        best = int(np.argmax(worth))
        name, traits, accepted = left.pop(best)
        new = any(not seen[kind, traits[kind]] for kind in KINDS)
        if accepted or new or len(chosen) < FEWEST:
            chosen.append(name)
            seen.update((kind, traits[kind]) for kind in KINDS)
    return chosen


def _worth(traits: dict[str, Any], seen: Counter) -> float:
    return traits["quality"] + sum(NEW / (1 + seen[kind, traits[kind]]) for kind in KINDS)


def advice(traits: list[dict[str, Any]]) -> list[str]:
    """How many more of what, from the traits of the photos that may be used; nothing where the set has it all."""
    number, lines = len(traits), []
    if number < FEWEST:
        lines.append(f"Add {_photos(FEWEST - number, 'more good photo')}: {FEWEST} to {MOST} are best.")
    elif number > MOST:
        lines.append(f"{number} good photos are more than needed: the {MOST} that differ most are recommended.")
    if not number:
        return lines
    count = {kind: Counter(one[kind] for one in traits) for kind in KINDS}
    return lines + [line for ask in (_angles, _lights, _expressions, _distances, _backgrounds) if (line := ask(count))]


def _angles(count: dict[str, Counter]) -> str:
    found = count["angle"]
    wanted = {"front": (3, "straight into the camera"), "left": (2, "turned to the left"), "right": (2, "to the right")}
    missing = {words: least - found[angle] for angle, (least, words) in wanted.items() if found[angle] < least}
    if not missing:
        return ""
    parts = [f"{number} {words}" for words, number in missing.items()]
    return f"Angles: add {_listed(parts)}; left and right as seen in the picture, by a third of a turn."


def _lights(count: dict[str, Counter]) -> str:
    kinds = len(count["light"])
    if kinds >= 3:
        return ""
    return f"Light: {_photos(kinds, 'kind')} so far; add {_photos(3 - kinds, 'other')}, by a window or outdoors."


def _expressions(count: dict[str, Counter]) -> str:
    found = count["expression"]
    smiling, calm = found["broad smile"] + found["slight smile"], found["no smile"]
    parts = [f"{2 - n} {words}" for n, words in ((smiling, "with a smile"), (calm, "without a smile")) if n < 2]
    return f"Expressions: add {_listed(parts)}." if parts else ""


def _distances(count: dict[str, Counter]) -> str:
    found = count["distance"]
    wanted = {
        "close-up": (2, "of head and shoulders"),
        "half": (2, "down to the waist"),
        "full": (1, "of the whole body"),
    }
    parts = [f"{least - found[one]} {words}" for one, (least, words) in wanted.items() if found[one] < least]
    return f"Distances: add {_listed(parts)}." if parts else ""


def _backgrounds(count: dict[str, Counter]) -> str:
    kinds = sum(1 for number in count["background"] if number)
    if kinds >= 3:
        return ""
    return f"Backgrounds: {kinds or 'none'} so far; add photos in {_photos(3 - kinds, 'other place')}."


def _photos(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
