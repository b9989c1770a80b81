"""What the score says: measures in pillars, each with a value, a sentence and, where there is one, the fix."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from headshot_core.enhance.stack import NAMES, Stack
from headshot_core.errors import HeadshotError

NOTHING = 0.5
"""Points too few to speak of."""

WORST = 0.3
"""How far the total is drawn from the pillars' mean toward the worst of them."""


@dataclass(frozen=True)
class Fix:
    """Settings of the enhancement that mend something, for one click."""

    title: str
    """what it does, as a button says it: "Raise the fill light\""""
    settings: dict[str, dict]
    """tool -> the fields that change, with their new values"""


@dataclass(frozen=True)
class Measure:
    """One thing that was measured."""

    name: str
    title: str
    value: float | None
    """in its own unit; None where it cannot be measured on this picture"""
    unit: str
    score: float
    """0 bad .. 100 good"""
    costs: float
    """points that it takes from its pillar when it scores 0; 0: information only"""
    says: str
    """a plain sentence: what was seen, and what it means"""
    standard: str = ""
    """where the formula comes from, such as "ISO/IEC 29794-5:2025, 7.3.2\""""
    fix: Fix | None = None

    @property
    def lost(self) -> float:
        """Points lost to this measure."""
        return self.costs * (100 - self.score) / 100

    @property
    def faulty(self) -> bool:
        """Whether it lost points enough to speak of."""
        return self.lost >= NOTHING


@dataclass(frozen=True)
class Pillar:
    """One side of a good headshot: 100 points, less what its measures cost."""

    name: str
    title: str
    measures: tuple[Measure, ...]
    weight: float
    """its share of the total"""

    @property
    def score(self) -> float:
        """0..100."""
        return max(0.0, 100 - sum(measure.lost for measure in self.measures))

    @property
    def ranked(self) -> list[Measure]:
        """Its measures in the order in which they are told: the dearest first, mere information last."""
        return sorted(self.measures, key=lambda measure: (-measure.lost, not measure.costs))


@dataclass(frozen=True)
class Score:
    """The whole verdict on one picture."""

    profile: str
    pillars: tuple[Pillar, ...]
    likeness: int | None = None
    """0..100 to the person that the picture should show; None where nobody was named"""
    notes: tuple[str, ...] = field(default=())

    @property
    def points(self) -> float:
        """0..100: the pillars' mean by weight, drawn toward the worst: one bad side is not made good by four others."""
        scores = [pillar.score for pillar in self.pillars]
        mean = float(np.average(scores, weights=[pillar.weight for pillar in self.pillars]))
        return mean - WORST * (mean - min(scores))

    @property
    def total(self) -> int:
        """The points as a whole number."""
        return round(self.points)

    @property
    def measures(self) -> list[Measure]:
        """Every measure, those that cost most first."""
        return sorted((m for pillar in self.pillars for m in pillar.measures), key=lambda m: -m.lost)

    @property
    def fixes(self) -> list[Fix]:
        """The fixes of all measures that lost points, the dearest first."""
        return [measure.fix for measure in self.measures if measure.fix and measure.lost > 0]

    def to_dict(self) -> dict:
        """Plain data, ready for JSON."""
        return {
            "profile": self.profile,
            "total": self.total,
            "likeness": self.likeness,
            "notes": list(self.notes),
            "pillars": [
                {
                    "name": pillar.name,
                    "title": pillar.title,
                    "score": round(pillar.score),
                    "measures": [_measure(measure) for measure in pillar.measures],
                }
                for pillar in self.pillars
            ],
        }


def _measure(measure: Measure) -> dict:
    value = measure.value if measure.value is None else round(measure.value, 4)
    shown = {"name": measure.name, "title": measure.title, "value": value, "unit": measure.unit}
    shown |= {"score": round(measure.score), "costs": measure.costs, "lost": round(measure.lost, 1)}
    shown |= {"says": measure.says, "standard": measure.standard}
    return shown | {"fix": measure.fix and {"title": measure.fix.title, "settings": measure.fix.settings}}


def between(value: float, bad: float, good: float) -> float:
    """0 at `bad`, 100 at `good`, straight between them and flat beyond; `bad` may lie above `good`."""
    return 100 * float(np.clip((value - bad) / (good - bad), 0, 1))


def applied(stack: Stack, *fixes: Fix) -> Stack:
    """The stack with these fixes; of two that set one field, the earlier counts. Raises `HeadshotError`."""
    wishes: dict[str, dict] = {}
    for fix in fixes:
        for tool, fields in fix.settings.items():
            wishes[tool] = fields | wishes.get(tool, {})
    for tool, fields in wishes.items():
        if tool not in NAMES:
            raise HeadshotError(f"There is no tool called '{tool}'.")
        old = stack.of(NAMES[tool])
        stack = stack.having(NAMES[tool](**((old.model_dump() if old else {}) | fields | {"on": True})))
    return stack
