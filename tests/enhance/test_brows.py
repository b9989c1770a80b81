"""Brows and lashes become clearer within their own outline; closed eyes get no lashes."""

from __future__ import annotations

import numpy as np
import pytest
from painted import closed_eyes

from headshot_core import colour
from headshot_core.enhance.brows import Brows
from headshot_core.enhance.engine import Desk, enhance
from headshot_core.enhance.features import brows, eyes, together
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study

OFF = {"sharpen": 0, "density": 0, "lashes": 0, "strength": 1}


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


def done(study: Study, **settings) -> tuple[np.ndarray, np.ndarray]:
    """CIELAB before and after."""
    window = study.whole()
    after = Desk(study).render(window, Stack(steps=[Brows(**{**OFF, **settings})]))
    return colour.to_lab(window.photo), colour.to_lab(after)


def area(study: Study) -> np.ndarray:
    return together(study.whole(), [(part.area, part.window) for part in study.once(brows)])


def test_density_darkens_and_stays_inside_the_brow(study):
    before, after = done(study, density=1)
    place = area(study)
    change = (after - before)[..., 0]
    assert change[place > 0.8].mean() < -1
    assert change.max() < 0.05
    assert np.abs(change)[place == 0].max() == 0


def test_density_keeps_the_brows_own_colour(study):
    before, after = done(study, density=1)
    hair = together(study.whole(), [(part.hair, part.window) for part in study.once(brows)]) > 0.6
    assert np.abs((after - before)[hair][:, 1:].mean(0)).max() < 3


def test_sharpening_adds_contrast_between_hairs(study):
    before, after = done(study, sharpen=1)
    place = area(study) > 0.7
    fine = [np.abs(np.diff(lab[..., 0], axis=0))[place[1:]].mean() for lab in (before, after)]
    assert fine[1] > 1.1 * fine[0]
    assert (after - before)[..., 0].max() < 5.5  # no bright seams


def test_lashes_are_drawn_out_along_the_upper_lid_alone(study):
    before, after = done(study, lashes=1)
    band = together(study.whole(), [(eye.lashes, eye.window) for eye in study.once(eyes)])
    change = np.abs(after - before).max(-1)
    assert change[band > 0.5].mean() > 0.5
    assert change[band == 0].max() == 0


def test_closed_eyes_get_no_lashes(astronaut):
    before, after = done(Study(closed_eyes(astronaut)), lashes=1)
    assert (before == after).all()


def test_likeness(astronaut):
    assert enhance(astronaut, Stack(steps=[Brows()])).distance < 0.15
    assert enhance(astronaut, Stack(steps=[Brows(strength=1, sharpen=1, density=1, lashes=1)])).distance < 0.25
