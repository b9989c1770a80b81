"""What the score says: points that are lost, plain data, and fixes that become a stack."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from headshot_core.enhance.eyes import Eyes
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tone import Tone
from headshot_core.errors import HeadshotError
from headshot_core.score.report import WORST, Fix, Measure, Pillar, Score, applied, between


def measure(name="one", score=50.0, costs=20.0, fix=None) -> Measure:
    return Measure(name, name.title(), 1.23456, "stops", score, costs, "It is so.", fix=fix)


def test_a_pillar_loses_what_its_measures_cost():
    """Points add up, information costs nothing, and nobody falls below nothing."""
    assert Pillar("p", "P", (), 1).score == 100
    assert Pillar("p", "P", (measure(), measure(score=0, costs=30), measure(score=0, costs=0)), 1).score == 60
    assert Pillar("p", "P", (measure(score=0, costs=80), measure(score=0, costs=80)), 1).score == 0


def test_the_total_is_the_mean_by_weight_drawn_toward_the_worst():
    """One bad side is not made good by the others."""
    heavy, light = Pillar("a", "A", (measure(score=0, costs=40),), 3), Pillar("b", "B", (), 1)
    assert Score("headshot", (heavy, light)).points == pytest.approx(70 - WORST * (70 - 60))
    assert Score("headshot", (light, light)).total == 100


def test_fixes_come_dearest_first_and_only_for_lost_points():
    cheap, dear, free = (Fix(title, {}) for title in ("cheap", "dear", "free"))
    seen = (measure(costs=10, fix=cheap), measure(costs=40, fix=dear), measure(score=100, fix=free))
    assert Score("headshot", (Pillar("p", "P", seen, 1),)).fixes == [dear, cheap]


def test_a_score_is_plain_data():
    """It goes through JSON as it is, with every sentence and fix."""
    fix = Fix("Brighter", {"tone": {"exposure": 0.5}})
    score = Score("headshot", (Pillar("p", "P", (measure(fix=fix),), 1),), likeness=88)
    data = json.loads(json.dumps(score.to_dict()))
    assert data["total"] == 90
    assert data["likeness"] == 88
    seen = data["pillars"][0]["measures"][0]
    assert seen["value"] == 1.2346
    assert seen["lost"] == 10
    assert seen["fix"] == {"title": "Brighter", "settings": {"tone": {"exposure": 0.5}}}


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (2, 0), (3, 50), (4, 100), (9, 100)])
def test_between_is_straight_and_flat_beyond(value, expected):
    assert between(value, 2, 4) == expected
    assert between(value, 4, 2) == 100 - expected


def test_fixes_become_tools_of_the_stack():
    """Other settings of a tool stay, a tool that was switched off comes on, and the first of two wishes counts."""
    stack = Stack(steps=[Tone(contrast=0.3), Eyes(on=False, whites=0.2)])
    fixes = Fix("a", {"tone": {"exposure": 0.5}}), Fix("b", {"tone": {"exposure": 2}, "eyes": {"under_eye": 0.4}})
    after = applied(stack, *fixes)
    assert after.of(Tone) == Tone(contrast=0.3, exposure=0.5)
    assert after.of(Eyes) == Eyes(whites=0.2, under_eye=0.4)
    assert stack.of(Tone).exposure == 0


def test_a_wrong_fix_is_refused():
    with pytest.raises(HeadshotError):
        applied(Stack(), Fix("a", {"hammer": {}}))
    with pytest.raises(ValidationError):
        applied(Stack(), Fix("a", {"tone": {"exposure": 99}}))
