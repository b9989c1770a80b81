"""Captions of cartoon portraits, in the words that the app's own prompts use (`headshot_core.prompt`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Protocol

import numpy as np

from headshot_core.generate.light import key_words
from headshot_core.micro.cartoon import NAMED, Cartoon, sample
from headshot_core.prompt import words
from headshot_core.prompt.phrases import SMALL, turned
from headshot_core.studio.light import Lamps

NAMED_SHARE = 0.85
"""Share of captions that name a trait."""
IN_ORDER = 0.6
"""Share whose phrases stand as in the app's prompts."""

HAIR = {
    "short": ("short {} hair",),
    "long": ("long {} hair",),
    "curly": ("curly {} hair", "{} curly hair"),
    "bun": ("{} hair in a bun", "{} hair tied in a bun"),
}
CLOTHES = {
    "t-shirt": ("{} t-shirt", "{} crew neck", "plain {} t-shirt"),
    "shirt": ("{} shirt", "{} open shirt", "{} dress shirt"),
    "suit jacket": ("{} suit jacket", "{} blazer", "{} suit and tie", "{} suit"),
    "hoodie": ("{} hoodie", "{} jumper", "{} sweater"),
}
SMILES = {
    True: ("gentle smile", "warm, open smile", "friendly smile with teeth showing", "smiling", "laughing"),
    False: ("calm, neutral expression", "serious expression", "thoughtful look", "neutral face"),
}
GLASSES = {True: ("glasses", "wearing glasses"), False: ("no glasses", "")}
GROUNDS = (
    "background of smooth {} studio wall with a soft pool of light behind the head",
    "background of plain seamless {} paper backdrop",
    "background of plain, evenly lit {} backdrop",
    "{} background",
    "plain {} background",
    "background of {}",
)
ALSO = {
    "brown": ("dark brown", "chestnut"),
    "blonde": ("blond", "golden"),
    "red": ("ginger",),
    "grey": ("gray", "slate grey", "warm grey"),
    "navy blue": ("navy", "dark blue", "indigo"),
    "sky blue": ("light blue", "powder blue"),
    "green": ("emerald green",),
    "violet": ("purple",),
    "white": ("off-white",),
}
"""Other names of colours, taken now and then."""
NOUNS = ("person", "woman", "man", "girl", "boy")
MEDIA = ("photo", "portrait", "picture", "cartoon portrait")
LATE = (words.LENS, "sharp focus on the eyes", "natural skin texture", "looking into the camera", "confident mood")
"""What the app's prompts say besides, which a cartoon does not show."""


def caption(cartoon: Cartoon, rng: np.random.Generator, named: float = NAMED_SHARE) -> str:
    """A caption by lot: each trait is named in a share of `named`, in one of several ways."""
    phrases = [phrase for phrase in _traits(cartoon, rng) if phrase and rng.random() < named]
    phrases += [phrase for phrase in LATE if rng.random() < 0.25]
    if rng.random() < 0.15:
        phrases.append(_other(rng))
    if rng.random() > IN_ORDER:
        rng.shuffle(phrases)
    return ", ".join([_subject(rng), *phrases])


class Looks(Protocol):
    """What may change from one picture of somebody to the next: of a `Cartoon`, or read off a picture."""

    background: str
    shirt: str
    outfit: str
    glasses: bool
    smile: bool
    yaw: float
    lamps: Lamps


def full(cartoon: Cartoon, unsaid: Collection[str] = ()) -> str:
    """Every trait named, in the usual words and order, but those that are to be left unsaid."""
    return ", ".join(("photo of person", *own(cartoon, unsaid), *changing(cartoon, unsaid)))


def own(cartoon: Cartoon, unsaid: Collection[str] = ()) -> tuple[str, ...]:
    """Phrases for skin and hair, which stay as they are from one picture of somebody to the next."""
    hair = "" if "hair" in unsaid else cartoon.hair
    said = {
        "skin": f"{cartoon.skin} skin",
        "style": HAIR[cartoon.style][0].format(hair).replace("  ", " ").strip(),
    }
    return tuple(phrase for trait, phrase in said.items() if trait not in unsaid)


def anybody(noun: str, rng: np.random.Generator) -> str:
    """Somebody else than a person who is learnt; every other time of named looks, which must be drawn as before too."""
    return noun if rng.random() < 0.5 else ", ".join((noun, *own(sample(rng))))


def changing(looks: Looks, unsaid: Collection[str] = ()) -> tuple[str, ...]:
    """Phrases for all that may change, in the usual words and order; nothing of skin, hair or the mark."""
    said = {
        "glasses": "glasses" if looks.glasses else "no glasses",
        "smile": SMILES[looks.smile][0],
        "turn": turned(looks.yaw),
        "shirt": f"wearing {CLOTHES[looks.outfit][0].format(looks.shirt)}",
        "background": f"background of plain, evenly lit {looks.background} backdrop",
        "light": key_words(looks.lamps),
    }
    return tuple(phrase for trait, phrase in said.items() if trait not in unsaid)


def _traits(cartoon: Cartoon, rng: np.random.Generator) -> list[str]:
    def one(choices) -> str:
        return str(choices[rng.integers(len(choices))])

    def shade(name: str) -> str:
        return one(ALSO[name]) if name in ALSO and rng.random() < 0.25 else name

    tilt = f"head tilted to the {'right' if cartoon.roll > 0 else 'left'}" if abs(cartoon.roll) >= SMALL else ""
    return [
        f"{cartoon.skin} skin",
        one(HAIR[cartoon.style]).format(shade(cartoon.hair)),
        one(GLASSES[cartoon.glasses]),
        next(word for least, word in words.SIZES if cartoon.head >= least) if rng.random() < 0.5 else "",
        one(SMILES[cartoon.smile]),
        turned(cartoon.yaw),
        tilt,
        f"wearing {one(CLOTHES[cartoon.outfit]).format(shade(cartoon.shirt))}",
        one(GROUNDS).format(shade(cartoon.background)),
        key_words(cartoon.lamps),
    ]


def _subject(rng: np.random.Generator) -> str:
    medium, noun = MEDIA[rng.integers(len(MEDIA))], NOUNS[rng.integers(len(NOUNS))]
    letters = "abcdefghijklmnopqrstuvwxyz"
    called = "".join(letters[i] for i in rng.integers(0, 26, rng.integers(3, 7))) if rng.random() < 0.15 else ""
    return " ".join(part for part in (medium, "of", called, noun) if part)


@cache
def _others() -> tuple[str, ...]:
    """Phrases of the app's own that say nothing about a trait."""
    return tuple(
        phrase for field in ("gaze", "lens", "framing", "mood", "era") for phrase in words.SUGGESTIONS.get(field, ())
    )


def _other(rng: np.random.Generator) -> str:
    return _others()[rng.integers(len(_others()))]


def vocabulary() -> list[str]:
    """Every word that captions and the app's own prompts use, and those that a person may well type; sorted."""
    phrases = [*_caption_phrases(), *(phrase for field in words.SUGGESTIONS.values() for phrase in field)]
    phrases += [place.words for place in words.BACKDROPS.values()] + list(words.COLOURS)
    phrases += [word for _, word in (*words.SIZES, *words.FOCUS)] + [words.CLOTHES, *words.NEVER.values()]
    found = re.findall(r"[a-z0-9]+|[^\sa-z0-9]", " ".join(phrases).lower())
    return sorted({word for word in found if word not in "{}"})


def _caption_phrases() -> Iterator[str]:
    for table in (HAIR, CLOTHES, SMILES, GLASSES, ALSO):
        for phrases in table.values():
            yield from phrases
    for names in NAMED.values():
        yield from names
    yield from (*GROUNDS, *NOUNS, *MEDIA, *LATE, "of wearing skin head tilted facing the camera to left right")
    yield "three-quarter view turned slightly profile key light from front side face behind on and above below high"
    yield "at eye level hard crisp soft very deep dark strong open bright shadows"
