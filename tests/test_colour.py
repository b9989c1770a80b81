"""Colour conversions agree with their standards and with themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headshot_core import colour

grid = np.random.default_rng(0).random((40, 40, 3), np.float32)


def test_linear_light_and_back_is_finer_than_eight_bits():
    assert np.abs(colour.to_srgb(colour.to_linear(grid)) - grid).max() < 0.3 / 255


@pytest.mark.parametrize(("srgb", "linear"), [(0.0, 0.0), (0.5, 0.21404), (0.02, 0.02 / 12.92), (1.0, 1.0)])
def test_srgb_curve_matches_the_standard(srgb, linear):
    assert colour.to_linear(np.float32(srgb)) == pytest.approx(linear, abs=2e-5)


def test_values_outside_the_range_are_clipped():
    assert colour.to_srgb(np.float32([-1, 2])).tolist() == [0, 1]


def test_lab_of_greys_has_no_colour_and_comes_back():
    grey = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[:, None, None], 3, 2)
    lab = colour.to_lab(grey)
    assert np.abs(lab[..., 1:]).max() < 0.2
    assert np.all(np.diff(lab[:, 0, 0]) > 0)
    assert np.abs(colour.from_lab(colour.to_lab(grid)) - grid).max() < 0.01


@given(st.floats(1700, 20000))
def test_a_lamp_has_luminance_one_and_gets_bluer_with_its_temperature(kelvin):
    lamp, hotter = colour.kelvin_to_rgb(kelvin), colour.kelvin_to_rgb(kelvin * 1.2)
    assert colour.LUMA @ lamp == pytest.approx(1, abs=0.03)
    assert hotter[2] / hotter[0] > lamp[2] / lamp[0]


def test_daylight_is_white():
    assert colour.kelvin_to_rgb(6504) == pytest.approx(np.ones(3), abs=0.01)


def test_peak_is_the_largest_channel():
    assert np.array_equal(colour.peak(grid), grid.max(-1))


def test_hex_colours():
    assert colour.hex_to_rgb("#ff8000") == pytest.approx([1, 128 / 255, 0])
