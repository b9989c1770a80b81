"""The score: a portrait, perhaps after a stack of tools, measured pillar by pillar.

A new measure is one function in its pillar's file; a new pillar is one module with `NAME`, `TITLE`, `WEIGHT` and
`measures(look)`, and one name in `PILLARS`.
"""

from __future__ import annotations

from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study
from headshot_core.errors import HeadshotError
from headshot_core.score import background, composition, expression, lighting, passport, striking
from headshot_core.score.look import Look
from headshot_core.score.report import Pillar, Score, applied

PILLARS = (striking, background, lighting, expression, composition)
PROFILES = ("headshot", "passport")
ROUNDS = 5
"""How often a fixed picture is looked at again: one fix may call for another."""
WORTH = 0.2
"""Points of the total for which a fix is worth its change."""


def score(study: Study, stack: Stack | None = None, profile: str = "headshot") -> Score:
    """How good a headshot this is: the photo as it is, or after a stack of tools.

    `profile`: "headshot", or "passport" for the rules of ICAO. Where the portrait belongs to a person, likeness to
    them is told as well. Raises `HeadshotError` for a profile that is not known.
    """
    look = Look(study, stack)
    if profile == "passport":
        pillars = passport.pillars(look)
    elif profile == "headshot":
        pillars = tuple(Pillar(p.NAME, p.TITLE, p.measures(look), p.WEIGHT) for p in PILLARS)
    else:
        raise HeadshotError(f"There is no profile called '{profile}'.", f"Choose one of {', '.join(PROFILES)}.")
    person = study.portrait.person
    return Score(profile, pillars, person and person.likeness_of(study.portrait), study.portrait.photo.notes)


def fixed(study: Study, stack: Stack | None = None, profile: str = "headshot") -> Stack:
    """The stack with the fixes that the score offers: none after which the points would be fewer."""
    best = stack or Stack()
    now = score(study, best, profile)
    for _ in range(ROUNDS):
        better = _better(study, best, now)
        if better is None:
            break
        best, now = better
    return best


def _better(study: Study, stack: Stack, now: Score) -> tuple[Stack, Score] | None:
    """All fixes at once if that helps, else the first that does; None where none is worth it."""
    single = [[fix] for fix in now.fixes]
    for fixes in [now.fixes, *single] if len(single) > 1 else single:
        after = applied(stack, *fixes)
        then = score(study, after, now.profile)
        if then.points > now.points + WORTH:
            return after, then
    return None
