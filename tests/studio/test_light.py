"""Light patterns: every name gives lamps, sides follow photo and head, angles mean what they say."""

import numpy as np
import pytest

from headshot_core.errors import HeadshotError
from headshot_core.recipe import Light
from headshot_core.studio.light import PATTERNS, lamps


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("side", [-1, 1])
def test_every_pattern_gives_lamps_on_the_photos_side(name, side):
    result = lamps(Light(pattern=name), yaw=0, source_side=side)
    assert result.azimuth * side >= 0
    assert np.linalg.norm(result.direction) == pytest.approx(1)
    assert 0 <= result.fill <= 1


def test_short_light_comes_from_where_the_nose_points_and_broad_from_the_other_side():
    for yaw in (-20, 20):
        assert lamps(Light(pattern="short"), yaw, -1).azimuth * yaw > 0
        assert lamps(Light(pattern="broad"), yaw, 1).azimuth * yaw < 0


def test_own_settings_win_over_the_pattern():
    result = lamps(Light(pattern="split", azimuth=-20, elevation=5, fill=0.9, rim=0.5, strength=1), 0, 1)
    assert (result.azimuth, result.elevation, result.fill, result.rim) == (-20, 5, 0.9, 0.5)


def test_the_photos_own_light_is_kept_unless_a_lamp_is_moved():
    assert lamps(Light(pattern="natural", strength=1), 0, 1).strength == 0
    assert lamps(Light(pattern="natural", strength=1, azimuth=30), 0, 1).strength == 1


def test_directions_are_right_up_and_to_the_camera():
    x, y, z = lamps(Light(pattern="loop", azimuth=90, elevation=0), 0, 1).direction
    assert (x, y, z) == pytest.approx((1, 0, 0), abs=1e-6)
    assert lamps(Light(pattern="loop", azimuth=0, elevation=90), 0, 1).direction[1] == pytest.approx(-1)


def test_an_unknown_pattern_is_refused_with_the_names():
    with pytest.raises(HeadshotError, match="rembrandt"):
        lamps(Light(pattern="disco"), 0, 1)
