"""The eyes become clearer and stay eyes; closed and covered ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from painted import closed_eyes, dark_glasses, dull_eyes

from headshot_core import colour
from headshot_core.enhance.engine import Desk, enhance
from headshot_core.enhance.eyes import Eyes, Iris, key_direction, mirrored, without_glint
from headshot_core.enhance.features import band, eyes, laid
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study, View

OFF = {"strength": 1, "whites": 0, "iris": 0, "catchlight": 0, "under_eye": 0}
ALL = {"strength": 1, "whites": 1, "iris": 1, "catchlight": 1, "under_eye": 1}


def done(study: Study, **settings) -> tuple[np.ndarray, np.ndarray]:
    """The photo before and after, float32 (H, W, 3)."""
    window = study.whole()
    return window.photo, Desk(study).render(window, Stack(steps=[Eyes(**{**OFF, **settings})]))


def means(study: Study, pixels: np.ndarray, mask: str) -> np.ndarray:
    """(3,) mean CIELAB on both eyes' mask of that name."""
    window = study.whole()
    weight = sum(laid(window, getattr(eye, mask), eye.window) for eye in study.once(eyes))
    return np.average(colour.to_lab(pixels).reshape(-1, 3), axis=0, weights=weight.ravel())


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


@pytest.mark.parametrize("paint", [closed_eyes, dark_glasses])
def test_closed_and_covered_eyes_stay_as_they_are(astronaut, paint):
    before, after = done(Study(paint(astronaut)), **ALL)
    assert (before == after).all()


def test_whites_become_lighter_and_paler_but_not_paper(study):
    before, after = done(study, whites=1)
    was, now = means(study, before, "whites"), means(study, after, "whites")
    assert was[0] + 1 < now[0] < 92
    assert 0.35 * np.hypot(*was[1:]) < np.hypot(*now[1:]) < 0.75 * np.hypot(*was[1:])


def test_whites_keep_their_shading(study):
    before, after = (colour.to_lab(pixels)[..., 0] for pixels in done(study, whites=1))
    place = laid(study.whole(), study.once(eyes)[0].whites, study.once(eyes)[0].window) > 0.7
    assert np.corrcoef(before[place], after[place])[0, 1] > 0.95
    assert after[place].std() > 0.6 * before[place].std()


def test_the_iris_keeps_its_hue(study):
    before, after = (colour.to_lab(pixels) for pixels in done(study, iris=1))
    for eye in study.once(eyes):
        iris = Iris.of(study.whole(), eye)
        place = (iris.away < 0.8) & (iris.opening > 0.8) & (iris.glint < 0.1)
        was, now = (lab[place].mean(0) for lab in (before, after))
        turned = np.degrees(np.arctan2(was[2], was[1]) - np.arctan2(now[2], now[1]))
        assert abs(turned) < 6
        assert np.hypot(*now[1:]) / now[0] > 0.97 * np.hypot(*was[1:]) / was[0]


def test_no_second_catchlight_is_added(study):
    assert without_glint(study) == 0
    before, after = done(study, catchlight=1)
    glint = sum(laid(study.whole(), eye.glint, eye.window) for eye in study.once(eyes))
    changed = np.abs(after - before).max(-1) > 2 / 255
    assert changed.any()
    assert glint[changed].min() > 0.02


def test_a_missing_catchlight_is_added_where_the_key_is(astronaut):
    """Lit from either side, the eye shows the lamp on that side, above the pupil."""
    study = Study(dull_eyes(astronaut))
    assert without_glint(study) > 0.8
    head = study.head
    across = (np.arange(head.size[0]) - head.face.eye_centre[0]) / head.unit
    for side in (-1, 1):
        falling = np.clip(0.7 + 0.4 * side * across, 0.3, 1.1).astype(np.float32)
        key = key_direction(View(head, head.photo * falling[None, :, None]))
        assert key[0] * side > 0.2
        assert key[1] < 0
        for eye in study.once(eyes):
            x, y = mirrored(eye, key)
            assert x * side > 0
            assert y < 0
            assert np.hypot(x, y) < 0.51


def test_an_added_catchlight_is_small_soft_and_inside_the_iris(astronaut):
    study = Study(dull_eyes(astronaut))
    before, after = done(study, catchlight=1)
    added = colour.luminance(colour.to_linear(after)) - colour.luminance(colour.to_linear(before))
    assert added.max() > 0.05
    for eye in study.once(eyes):
        iris = Iris.of(study.whole(), eye)
        near = iris.away < 2
        assert added[near & (iris.away > 0.9)].max() < 0.01
        assert (added[near] > 0.03).sum() < 0.2 * np.pi * iris.radius**2 + 4


def test_shadows_under_the_eyes_become_lighter_and_keep_their_texture(study):
    before, after = done(study, under_eye=1)
    was, now = means(study, before, "beneath"), means(study, after, "beneath")
    assert was[0] + 0.3 < now[0] < was[0] + 9
    light = [colour.to_lab(pixels)[..., 0] for pixels in (before, after)]
    skin = sum(laid(study.whole(), eye.beneath, eye.window) for eye in study.once(eyes)) > 0.3
    was, now = (band(one, 0, 1.2)[skin] for one in light)
    assert np.corrcoef(was, now)[0, 1] > 0.95
    assert now.std() == pytest.approx(was.std(), rel=0.1)


def test_likeness(astronaut):
    assert enhance(astronaut, Stack(steps=[Eyes()])).distance < 0.15
    assert enhance(astronaut, Stack(steps=[Eyes(**ALL)])).distance < 0.25
