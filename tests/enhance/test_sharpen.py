"""Sharpening brings back what a blur took, without halos and without grit on skin."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from headshot_core.enhance.sharpen import OVERSHOOT, Sharpen, softness_of
from headshot_core.enhance.view import Study, View
from headshot_core.face import regions
from headshot_core.pyramid import Pyramid

FULL = Sharpen(strength=1, detail=1, deblur=1)


def changed(portrait, blur=0.0, noise=0.0):
    """The portrait after a Gaussian blur, then noise in 8-bit steps."""
    pixels = portrait.pixels.astype(np.float32)
    if blur:
        pixels = cv2.GaussianBlur(pixels, (0, 0), blur)
    pixels = pixels + np.random.default_rng(4).normal(0, noise, pixels.shape)
    return Study(replace(portrait, pyramid=Pyramid(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))))


def view_of(study):
    window = study.whole()
    return View(window, window.photo)


def test_softness_follows_the_blur(astronaut):
    found = [softness_of(changed(astronaut, blur)) for blur in (0, 1.5, 2, 3)]
    widths = [one.pixels for one in found]
    assert widths == sorted(widths)
    assert found[0].share < 0.1
    assert found[3].share > 0.4


@pytest.mark.parametrize(("blur", "noise"), [(1.0, 0), (1.5, 0), (2.0, 2)])
def test_comes_nearer_to_the_sharp_picture(astronaut, blur, noise):
    view = view_of(changed(astronaut, blur, noise))

    def error(pixels):
        x0, y0, x1, y1 = (int(value) for value in astronaut.face.box)
        return ((pixels * 255 - astronaut.pixels)[y0:y1, x0:x1] ** 2).mean()

    assert error(Sharpen(strength=1).on_view(view).pixels) < 0.9 * error(view.pixels)


def test_no_halos(astronaut):
    view = view_of(Study(astronaut))
    grey, after = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (view.pixels, FULL.apply(view)))
    around = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(grey, around), cv2.dilate(grey, around)
    room = OVERSHOOT * (high - low) + 1e-3
    assert ((after > low - room) & (after < high + room)).all()


def test_eyes_get_more_than_skin(astronaut):
    view = view_of(changed(astronaut, 1.0))
    more = np.abs(FULL.on_view(view).pixels - view.pixels).mean(-1)
    eyes = regions.polygon(view.face, regions.EYE_LEFT, more.shape) | regions.polygon(
        view.face, regions.EYE_RIGHT, more.shape
    )
    assert more[eyes].mean() > 4 * more[regions.cheeks(view.face, more.shape)].mean()


def test_flat_noise_is_not_sharpened(astronaut):
    view = view_of(changed(astronaut, blur=8, noise=6))  # nothing is left but noise
    more = FULL.on_view(view).pixels - view.pixels
    assert more.std() < 0.25 * 6 / 255
