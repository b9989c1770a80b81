"""Portraits by lot: every trait is independent of all others."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from headshot_core.micro.cartoon import LIGHTS, NAMED, TURNS, light_of, painted, sample, turn_of

MANY = 6000


def values(one) -> dict:
    turn, light = turn_of(one.yaw), light_of(one.azimuth, one.elevation)
    return {**{name: getattr(one, name) for name in (*NAMED, "glasses", "smile")}, "turn": turn, "light": light}


def test_every_trait_is_balanced_over_every_other():
    """Of any two traits, each pair of values comes up as often as chance has it: no skin has its own hair or light."""
    shown = [values(sample(np.random.default_rng(i))) for i in range(MANY)]
    for one, other in combinations(shown[0], 2):
        first, second = (np.unique([s[name] for s in shown], return_inverse=True)[1] for name in (one, other))
        counts = np.zeros((first.max() + 1, second.max() + 1))
        np.add.at(counts, (first, second), 1)
        expected = np.outer(counts.sum(1), counts.sum(0)) / MANY
        assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all(), (one, other)


def test_all_values_of_a_trait_are_as_frequent():
    shown = [values(sample(np.random.default_rng(i))) for i in range(MANY)]
    for name, names in {**NAMED, "light": tuple(LIGHTS)}.items():
        counts = np.array([sum(s[name] == value for s in shown) for value in names])
        assert counts.min() > 0.8 * MANY / len(names), name


def test_lights_and_turns_are_called_what_they_were_drawn_as():
    for name, (azimuths, elevations) in LIGHTS.items():
        assert {light_of(azimuth, elevation) for azimuth in azimuths for elevation in elevations} == {name}
    for name, yaws in TURNS.items():
        assert {turn_of(yaw) for yaw in yaws} == {name}


def test_fixed_traits_stay_and_the_others_do_not_change_with_them():
    free, fixed = (sample(np.random.default_rng(5), **given) for given in ({}, {"skin": "dark", "mark": True}))
    assert (fixed.skin, fixed.mark) == ("dark", True)
    assert fixed.but(skin=free.skin, mark=free.mark) == free


def test_only_painted_portraits_have_the_mark_or_unnamed_colours():
    rng = np.random.default_rng(0)
    plain = [sample(rng) for _ in range(200)]
    assert not any(one.mark or one.paint for one in plain)
    assert all(one.hair in NAMED["hair"] for one in plain)
    odd = [painted(rng) for _ in range(200)]
    assert any(one.mark for one in odd)
    assert any(one.hair.startswith("#") for one in odd)
