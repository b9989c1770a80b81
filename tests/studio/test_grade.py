"""Looks do what they are called, and leave skin its colour."""

import numpy as np
import pytest

from headshot_core import colour
from headshot_core.errors import HeadshotError
from headshot_core.recipe import Grade
from headshot_core.studio.grade import LOOKS, apply, auto_exposure, look_of

rng = np.random.default_rng(3)
PICTURE = (0.15 + 0.7 * rng.random((60, 80, 3))).astype(np.float32)
NO_SKIN, ALL_SKIN = np.zeros((60, 80), np.float32), np.ones((60, 80), np.float32)


def mean_lab(look: str, skin=NO_SKIN, **settings) -> np.ndarray:
    return colour.to_lab(apply(PICTURE, Grade(look=look, **settings), skin, 0)).mean((0, 1))


def test_natural_changes_nothing():
    assert apply(PICTURE, Grade(), NO_SKIN, 0) is PICTURE


@pytest.mark.parametrize("look", LOOKS)
def test_no_strength_changes_nothing(look):
    assert np.array_equal(apply(PICTURE, Grade(look=look, strength=0), NO_SKIN, 0), PICTURE)


def test_looks_do_what_they_are_called():
    plain = mean_lab("natural")
    assert mean_lab("warm")[2] > plain[2] + 3
    assert mean_lab("cool")[2] < plain[2] - 3
    assert mean_lab("high_key")[0] > plain[0] + 4
    assert mean_lab("low_key")[0] < plain[0] - 3
    grey = colour.to_lab(apply(PICTURE, Grade(look="black_and_white"), NO_SKIN, 0))
    assert np.abs(grey[..., 1:]).max() < 0.5


@pytest.mark.parametrize("look", ["warm", "cool", "film", "editorial"])
def test_skin_is_spared_most_of_the_tint(look):
    # Saturation is the same for both; what differs is the tint.
    skin, rest = mean_lab(look, ALL_SKIN)[1:], mean_lab(look, NO_SKIN)[1:]
    saturated = mean_lab("natural")[1:] * LOOKS[look].saturation
    assert np.linalg.norm(skin - saturated) < 0.6 * np.linalg.norm(rest - saturated)


def test_exposure_is_monotone_and_never_clips_to_flat_white():
    means = [apply(PICTURE, Grade(exposure=e), NO_SKIN, 0).mean() for e in (-2, -1, 0, 1, 2)]
    assert means == sorted(means)
    assert apply(PICTURE, Grade(exposure=2), NO_SKIN, 0).max() < 1


def test_grain_comes_from_the_seed():
    film = Grade(look="film")
    first, again, other = (apply(PICTURE, film, NO_SKIN, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_auto_exposure_helps_the_dark_and_the_burnt_and_leaves_every_skin_tone_alone():
    assert auto_exposure(0.02, white=0.9) > 1
    assert auto_exposure(0.9, white=1.0) < -0.3
    for well_lit in (0.11, 0.2, 0.3, 0.45):  # deep to very light skin
        assert auto_exposure(well_lit, white=0.9) == pytest.approx(0)


@pytest.mark.parametrize("face", [0.12, 0.2, 0.35])
@pytest.mark.parametrize("stops", [1, 2, 3])
def test_a_photo_exposed_too_little_gets_most_of_it_back_whatever_the_skin(face, stops):
    got = auto_exposure(face / 2**stops, white=0.6 / 2**stops)
    assert 0.6 * stops < got <= stops


def test_an_unknown_look_is_refused_with_the_names():
    with pytest.raises(HeadshotError, match="editorial"):
        look_of(Grade(look="sepia"))
