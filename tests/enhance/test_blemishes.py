"""Blemishes: planted pimples go, planted moles stay, and what was clicked off stays too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.enhance.blemishes import planted
from headshot_core.enhance import engine
from headshot_core.enhance.blemishes import Blemishes, find_spots, healed_spots
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study, View
from headshot_core.face.marks import Mark, _located
from headshot_core.profile import Profile


@pytest.fixture(scope="module")
def marked(astronaut):
    """The example portrait with pimples and moles on it, and the list of them."""
    return planted(astronaut, 1)


def near(spots, mark) -> bool:
    return any(np.hypot(spot.x - mark.x, spot.y - mark.y) < max(2, mark.radius) for spot in spots)


def test_pimples_are_found_and_moles_left(marked):
    portrait, marks = marked
    spots = healed_spots(Study(portrait), Blemishes())
    pimples = [mark for mark in marks if not mark.mole]
    assert sum(near(spots, mark) for mark in pimples) >= 0.7 * len(pimples)
    assert not any(near(spots, mark) for mark in marks if mark.mole)


def test_little_is_marked_without_cause(astronaut):
    assert len(healed_spots(Study(astronaut), Blemishes())) <= 2


def test_moles_go_where_asked(marked):
    portrait, marks = marked
    spots = healed_spots(Study(portrait), Blemishes(moles=True))
    moles = [mark for mark in marks if mark.mole]
    assert sum(near(spots, mark) for mark in moles) >= 0.5 * len(moles)


def test_a_healed_pimple_looks_like_the_photo_without_it(astronaut, marked):
    portrait, marks = marked
    study = Study(portrait)
    clean, spoilt = Study(astronaut).whole().photo, study.whole().photo
    after = Blemishes().apply(View(study.whole(), spoilt))
    spots = healed_spots(study, Blemishes())
    found = [mark for mark in marks if not mark.mole and near(spots, mark)]
    places = [np.s_[round(mark.y) - 1 : round(mark.y) + 2, round(mark.x) - 1 : round(mark.x) + 2] for mark in found]
    red = [np.mean([np.ptp(pixels[there].mean((0, 1))) for there in places]) for pixels in (clean, after, spoilt)]
    assert red[2] - red[0] > 0.02
    assert abs(red[1] - red[0]) < 0.4 * (red[2] - red[0])


def test_spared_spots_stay(marked):
    portrait, _ = marked
    study = Study(portrait)
    all_of_them = healed_spots(study, Blemishes())
    place = ((all_of_them[0].x + 0.5) / study.size[0], (all_of_them[0].y + 0.5) / study.size[1])
    settings = Blemishes(spared=(place,))
    assert healed_spots(study, settings) == all_of_them[1:]
    row, column = round(all_of_them[0].y), round(all_of_them[0].x)
    assert Blemishes().mask(study.whole())[row, column] == 1
    assert settings.mask(study.whole())[row, column] == 0


def test_sensitivity_finds_more(marked):
    portrait, _ = marked
    counts = [len(healed_spots(Study(portrait), Blemishes(sensitivity=share))) for share in (0, 0.5, 1)]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


def test_a_spot_at_a_tile_s_edge_is_healed_alike(marked, monkeypatch):
    portrait, _ = marked
    stack = Stack(steps=(Blemishes(moles=True),))
    whole = engine.enhance(portrait, stack).picture
    x = round(find_spots(Study(portrait))[0].x)
    monkeypatch.setattr(engine, "TILE", x)
    assert np.abs(engine.enhance(portrait, stack).picture.astype(int) - whole).max() <= 2


def test_a_permanent_mark_stays_whatever_its_colour(marked):
    """A red spot at the place of one of the person's marks is a mole; all others are what they were."""
    portrait, _ = marked
    pimple = healed_spots(Study(portrait), Blemishes())[0]
    (triangle,), (weights,), _ = _located(portrait.face, np.array([[pimple.x, pimple.y]]))
    mark = Mark(int(triangle), tuple(weights), pimple.radius / portrait.face.inter_eye, 3, 3)
    person = Profile("dlib", np.zeros(128, np.float32), 0.1, 3, None, (mark,))
    before, after = find_spots(Study(portrait)), find_spots(Study(portrait.of(person)))
    changed = [(one, two) for one, two in zip(before, after, strict=True) if one != two]
    assert changed == [(pimple, replace(pimple, kind="mole"))]
    assert replace(pimple, kind="mole") not in healed_spots(Study(portrait.of(person)), Blemishes())
    assert replace(pimple, kind="mole") in healed_spots(Study(portrait.of(person)), Blemishes(moles=True))
