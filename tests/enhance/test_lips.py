"""Lips become a little clearer and keep their own colour: no lipstick."""

from __future__ import annotations

import numpy as np
import pytest

from headshot_core import colour
from headshot_core.enhance.engine import Desk, enhance
from headshot_core.enhance.features import laid, mouth
from headshot_core.enhance.lips import Lips, redder
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study, View


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


@pytest.fixture(scope="module")
def lips(study) -> np.ndarray:
    part = study.once(mouth)
    return laid(study.whole(), part.lips, part.window)


def done(study: Study, **settings) -> tuple[np.ndarray, np.ndarray]:
    """CIELAB before and after."""
    window = study.whole()
    off = {"colour": 0, "definition": 0, "shine": 0, "strength": 1}
    after = Desk(study).render(window, Stack(steps=[Lips(**{**off, **settings})]))
    return colour.to_lab(window.photo), colour.to_lab(after)


def hue(lab: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(lab[2], lab[1])))


def test_colour_is_the_lips_own(study, lips):
    before, after = (lab[lips > 0.5].mean(0) for lab in done(study, colour=1))
    assert np.hypot(*before[1:]) * 1.05 < np.hypot(*after[1:]) < np.hypot(*before[1:]) * 1.4
    assert abs(hue(before) - hue(after)) < 3
    assert after[0] == pytest.approx(before[0], abs=0.5)


def test_by_default_it_is_no_lipstick(study, lips):
    window = study.whole()
    after = colour.to_lab(Desk(study).render(window, Stack(steps=[Lips()])))
    apart = np.linalg.norm(after - colour.to_lab(window.photo), axis=-1)[lips > 0.5]
    assert 0.3 < apart.mean() < 4


def test_painted_lips_get_no_more_paint(study, lips):
    """A red far beyond lips' own gets no redder."""
    window = study.whole()
    lab = colour.to_lab(window.photo)
    lab[lips > 0.5] = (40, 62, 40)
    ab = redder(lab, lips, View(study.head, study.head.photo), study.once(mouth))
    assert np.abs(ab - lab[..., 1:])[lips > 0.5].max() < 0.5


def test_definition_adds_contrast_and_no_colour(study, lips):
    before, after = done(study, definition=1)
    inside = lips > 0.5
    assert after[..., 0][inside].std() > 1.02 * before[..., 0][inside].std()
    assert np.abs(after - before)[inside][:, 1:].mean() < 0.6


def test_shine_only_lightens(study, lips):
    before, after = done(study, shine=1)
    change = (after - before)[..., 0]
    assert change.min() > -0.5
    assert change.max() > 1


def test_the_rest_of_the_face_stays(study, lips):
    before, after = done(study, colour=1, definition=1, shine=1)
    assert np.abs(after - before)[lips == 0].max() == 0


def test_likeness(astronaut):
    assert enhance(astronaut, Stack(steps=[Lips()])).distance < 0.15
    assert enhance(astronaut, Stack(steps=[Lips(strength=1, colour=1, definition=1, shine=1)])).distance < 0.25
