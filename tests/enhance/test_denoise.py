"""Denoise knows how noisy a photo is, and comes nearer to the clean picture than the noisy one was."""

from dataclasses import replace

import numpy as np
import pytest

from headshot_core.enhance.denoise import Denoise, noise_of
from headshot_core.enhance.view import Study, View
from headshot_core.pyramid import Pyramid


def noisy(portrait, sigma):
    """The portrait with white noise of that deviation in 8-bit steps."""
    grain = np.random.default_rng(1).normal(0, sigma, portrait.pixels.shape)
    pixels = np.clip(portrait.pixels + grain + 0.5, 0, 255).astype(np.uint8)
    return Study(replace(portrait, pyramid=Pyramid(pixels)))


def view_of(study):
    window = study.whole()
    return View(window, window.photo)


def error(pixels, portrait):
    return float(np.sqrt(((pixels * 255 - portrait.pixels) ** 2).mean()))


@pytest.mark.parametrize("sigma", [5, 10, 20])
def test_noise_is_measured(astronaut, sigma):
    noise = noise_of(noisy(astronaut, sigma))
    assert noise.luminance * 255 == pytest.approx(sigma * np.linalg.norm([0.299, 0.587, 0.114]), rel=0.2)
    assert noise.colour * 255 == pytest.approx(sigma * np.sqrt(0.5), rel=0.2)


@pytest.mark.parametrize(("sigma", "left"), [(5, 0.85), (10, 0.7), (20, 0.6)])
def test_comes_nearer_to_the_clean_picture(astronaut, sigma, left):
    view = view_of(noisy(astronaut, sigma))
    assert error(Denoise().on_view(view).pixels, astronaut) < left * error(view.pixels, astronaut)


def test_a_clean_photo_hardly_changes(astronaut):
    view = view_of(Study(astronaut))
    assert error(Denoise(luminance=1, strength=1).on_view(view).pixels, astronaut) < 1.0


def test_colour_specks_go_first(astronaut):
    view = view_of(noisy(astronaut, 10))
    pixels = Denoise(luminance=0, colour=1, strength=1).on_view(view).pixels
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    inside = (view.pixels.min(-1) > 0.2) & (view.pixels.max(-1) < 0.8)  # elsewhere colours are cut off
    assert np.abs((pixels - view.pixels) @ luma)[inside].max() < 2e-3
    assert error(pixels, astronaut) < 0.8 * error(view.pixels, astronaut)


def test_small_views_lose_no_more_than_their_noise(astronaut):
    study = noisy(astronaut, 20)
    small = study.whole(256)
    clean = Study(astronaut).whole(256).photo
    result = Denoise().on_view(View(small, small.photo)).pixels
    assert np.abs(result - clean).mean() < 0.9 * np.abs(small.photo - clean).mean()
