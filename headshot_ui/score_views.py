"""Views: what the score panel shows, as plain data made from the scores of a picture before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headshot_core.face import identity
from headshot_core.score.report import Measure, Pillar, Score

if TYPE_CHECKING:
    from headshot_ui.visit import Visit

GOOD = 85
"""From here on it is a good headshot."""
WHOLE = "Out of 100: features, background, light, expression and composition together. From 85 on it is a good one."


def panel(
    visit: Visit,
    of: str,
    before: Score | None,
    now: Score | None,
    problem: dict | None = None,
    spent: bool = False,
) -> dict:
    """The score of a picture `now`, with that of the photo `before` where it is another; a missing one is on its way.

    `of`: the picture's mark, another one for each picture; `problem`: why there is none; `spent`: all fixes that
    help are in use.
    """
    shown = {"of": of, "rules": visit.rules, "error": problem}
    if problem or before is None or now is None:
        return shown | {"state": "failed" if problem else "measuring"}
    same = now is before
    return shown | {
        "state": "ready",
        "total": {"before": None if same else before.total, "now": now.total, "words": WHOLE},
        "pillars": [_pillar(old, new, same) for old, new in zip(before.pillars, now.pillars, strict=True)],
        "rest": _rest(now, spent),
        "likeness": _likeness(visit, now.likeness),
    }


def _rest(score: Score, spent: bool) -> str:
    """What is said where there is nothing to fix."""
    if not spent and any(one.fix for one in score.measures if one.faulty):
        return ""
    if score.total >= GOOD:
        return "Good as it is."
    return "All that helps is done." if spent else "What is left needs another photo."


def _pillar(old: Pillar, new: Pillar, same: bool) -> dict:
    return {
        "name": new.name,
        "label": new.name.capitalize(),
        "title": new.title,
        "before": None if same else round(old.score),
        "now": round(new.score),
        "measures": [_measure(one) for one in new.ranked],
    }


def _measure(measure: Measure) -> dict:
    kind = "bad" if measure.faulty else "good" if measure.costs else "info"
    return {
        "name": measure.name,
        "says": measure.says,
        "kind": kind,
        "hint": _hint(measure),
        "fix": measure.fix.title if measure.fix and measure.faulty else None,
    }


def _hint(measure: Measure) -> str:
    """The figures behind a sentence, for those who ask."""
    value = "" if measure.value is None else f": {measure.value:.3g} {measure.unit}".rstrip()
    lost = f"costs {measure.lost:.0f} points" if measure.faulty else ""
    return ", ".join(part for part in (f"{measure.title}{value}", lost, measure.standard) if part)


def _likeness(visit: Visit, value: int | None) -> dict | None:
    person = visit.people.used
    if value is None or person is None:
        return None
    says = identity.says(value)
    return {
        "says": f"{person.about.name}: {says[0].lower()}{says[1:]}",
        "warning": f"Likeness {value} of 100. {identity.WARNING}",
    }
