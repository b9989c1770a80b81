"""Teeth lose yellow and stay teeth; a closed mouth is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from painted import lips_together, yellow_teeth

from headshot_core import colour
from headshot_core.enhance.engine import Desk, enhance
from headshot_core.enhance.features import eyes, laid, mouth, together
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.teeth import Teeth
from headshot_core.enhance.view import Study

FULL = Teeth(strength=1, whiten=1)


def done(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """CIELAB before and after the strongest whitening."""
    window = study.whole()
    return tuple(colour.to_lab(p) for p in (window.photo, Desk(study).render(window, Stack(steps=[FULL]))))


def place(study: Study) -> np.ndarray:
    part = study.once(mouth)
    return laid(study.whole(), part.teeth, part.window)


@pytest.fixture(scope="module")
def yellow(astronaut) -> Study:
    return Study(yellow_teeth(astronaut))


def test_a_closed_mouth_stays_as_it_is(astronaut):
    study = Study(lips_together(astronaut))
    window = study.whole()
    assert (Desk(study).render(window, Stack(steps=[FULL])) == window.photo).all()
    assert not FULL.mask(window).any()


def test_yellow_goes_part_of_the_way(yellow):
    before, after = (lab[place(yellow) > 0.7].mean(0) for lab in done(yellow))
    assert 0.4 * before[2] < after[2] < 0.75 * before[2]
    assert after[0] >= before[0]


def test_no_tooth_becomes_blue_or_whiter_than_the_eyes(yellow):
    before, after = done(yellow)
    teeth = place(yellow) > 0.7
    assert (after[teeth][:, 2] >= np.minimum(before[teeth][:, 2], 2) - 0.5).all()
    whites = together(yellow.whole(), [(eye.whites, eye.window) for eye in yellow.once(eyes)]) > 0.5
    assert np.median(after[teeth][:, 2]) >= 0.6 * np.median(before[whites][:, 2])


def test_the_shading_between_teeth_stays(yellow):
    before, after = (lab[place(yellow) > 0.5][:, 0] for lab in done(yellow))
    assert np.corrcoef(before, after)[0, 1] > 0.98
    assert after.std() > 0.8 * before.std()


def test_lips_and_skin_stay(yellow):
    before, after = done(yellow)
    assert np.abs(after - before)[place(yellow) == 0].max() < 0.01


def test_likeness(astronaut):
    assert enhance(astronaut, Stack(steps=[Teeth()])).distance < 0.15
    assert enhance(astronaut, Stack(steps=[FULL])).distance < 0.25
