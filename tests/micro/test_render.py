"""Drawn portraits show what they are asked to."""

from __future__ import annotations

import numpy as np
import pytest

from headshot_core import colour
from headshot_core.micro.cartoon import BACKGROUNDS, OUTFITS, STYLES, Cartoon
from headshot_core.micro.render import render

PLAIN = Cartoon(azimuth=0, elevation=0, y=0.4)
SIZE = 128


def apart(one: Cartoon, other: Cartoon) -> np.ndarray:
    """(128, 128): where two portraits differ."""
    return np.abs(render(one, SIZE).astype(int) - render(other, SIZE)).max(-1) > 20


def middle(where: np.ndarray) -> tuple[float, float]:
    y, x = np.nonzero(where)
    return x.mean() / SIZE, y.mean() / SIZE


def test_the_same_portrait_is_the_same_picture_at_any_size():
    assert (render(PLAIN, 64) == render(PLAIN, 64)).all()
    small, large = render(PLAIN, 64).astype(float), render(PLAIN, 256)
    shrunk = large.reshape(64, 4, 64, 4, 3).mean((1, 3))
    assert np.abs(small - shrunk).mean() < 4


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_the_background_has_its_colour(name):
    corner = render(PLAIN.but(background=name), SIZE)[:10, :10].mean((0, 1)) / 255
    assert np.abs(corner - colour.hex_to_rgb(BACKGROUNDS[name])).max() < 0.08


@pytest.mark.parametrize("azimuth", [-60, 60])
def test_the_key_lights_its_own_side(azimuth):
    """The side of the face, and of the body, that the lamp stands on is the brighter one."""
    picture = render(PLAIN.but(azimuth=azimuth, shirt="white"), SIZE).mean(-1)
    for rows in (slice(45, 75), slice(115, 128)):
        left, right = picture[rows, 44:60].mean(), picture[rows, 68:84].mean()
        assert (left > right + 20) == (azimuth < 0)


def test_light_from_above_and_below():
    above, below = (render(PLAIN.but(elevation=angle), SIZE).mean(-1)[60:75, 54:74].mean() for angle in (70, -40))
    assert below > above


def test_what_is_on_the_face_turns_with_it():
    """The nose, and with it all features, go to the side that the head is turned to."""
    places = [middle(apart(PLAIN.but(yaw=yaw, smile=True), PLAIN.but(yaw=yaw)))[0] for yaw in (-40, 0, 40)]
    assert places[0] < 0.45 < places[1] < 0.55 < places[2]


def test_the_head_tilts_clockwise():
    x, _ = middle(apart(PLAIN.but(style="bun", roll=10), PLAIN.but(style="short", roll=10)))
    assert x > 0.52


def test_each_trait_changes_its_own_place_alone():
    """Glasses the eyes, a smile the mouth, the mark a cheek on the viewer's left, a shirt the lowest part."""
    for change, (x, y) in {
        "glasses": (0.5, 0.40),
        "smile": (0.5, 0.55),
        "mark": (0.4, 0.475),
    }.items():
        there = middle(apart(PLAIN.but(**{change: True}), PLAIN))
        assert np.hypot(there[0] - x, there[1] - y) < 0.03, change
    assert np.nonzero(apart(PLAIN.but(shirt="red"), PLAIN))[0].min() > 0.7 * SIZE


def test_the_mark_is_out_of_sight_on_the_far_cheek():
    """But for a sliver."""
    seen, hidden = (apart(PLAIN.but(mark=True, yaw=yaw), PLAIN.but(yaw=yaw)).sum() for yaw in (0, -45))
    assert seen > 100
    assert hidden < 0.15 * seen


def test_place_and_size():
    def share(one):
        return apart(one.but(skin="dark"), one.but(skin="pale"))

    small, large = PLAIN.but(head=0.42), PLAIN.but(head=0.6)
    assert 1.6 < share(large).sum() / share(small).sum() < 2.4
    assert middle(share(PLAIN.but(x=0.6)))[0] - middle(share(PLAIN))[0] == pytest.approx(0.1, abs=0.01)


def test_styles_and_outfits_look_different_from_each_other():
    for name, values in (("style", STYLES), ("outfit", OUTFITS)):
        for i, one in enumerate(values):
            for other in values[:i]:
                assert apart(PLAIN.but(**{name: one}), PLAIN.but(**{name: other})).mean() > 0.008, (one, other)


def test_other_colours_for_single_parts():
    changed = apart(PLAIN.but(paint={"eye": "#ff0000"}), PLAIN)
    assert 0 < changed.mean() < 0.02
