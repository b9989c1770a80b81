"""Reflections on glasses are taken down where something shows through; no glasses, no change."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from headshot_core import colour
from headshot_core.enhance.glasses import Glasses, glare
from headshot_core.enhance.view import Study, View
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.pyramid import Pyramid

FINE = 4


def with_glasses(portrait, reflection):
    """The portrait in drawn glasses; white light of that strength is added in a round patch below each eye's middle."""
    unit = portrait.face.inter_eye * FINE
    pixels = cv2.resize(portrait.pixels, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_CUBIC) / np.float32(255)
    frame, patch = np.zeros(pixels.shape[:2], np.float32), np.zeros(pixels.shape[:2], np.float32)
    eyes = portrait.face.eyes * FINE
    for x, y in eyes:
        cv2.ellipse(frame, (int(x), int(y + 0.07 * unit)), (int(0.4 * unit), int(0.3 * unit)), 0, 0, 360, 1, 9)
        cv2.ellipse(
            patch, (int(x + 0.1 * unit), int(y + 0.14 * unit)), (int(0.15 * unit), int(0.1 * unit)), 20, 0, 360, 1, -1
        )
    first, second = ((int(x + side * 0.4 * unit), int(y)) for (x, y), side in zip(eyes, (1, -1), strict=True))
    cv2.line(frame, first, second, 1, 9)

    def drawn(strength):
        lit = colour.to_srgb(colour.to_linear(pixels) + strength * patch[..., None]) * (1 - 0.9 * frame[..., None])
        return cv2.resize(lit, portrait.pixels.shape[1::-1], interpolation=cv2.INTER_AREA)

    study = Study(replace(portrait, pyramid=Pyramid((drawn(reflection) * 255 + 0.5).astype(np.uint8))))
    place = cv2.resize(patch, portrait.pixels.shape[1::-1], interpolation=cv2.INTER_AREA) > 0.9
    return study, drawn(0), place


def test_without_glasses_nothing_changes(astronaut):
    study = Study(astronaut)
    window = study.whole()
    assert not glare(study).worn
    assert Glasses().apply(View(window, window.photo)) is window.photo


def test_reflections_are_taken_down(astronaut):
    study, without, place = with_glasses(astronaut, 0.45)
    window = study.whole()
    seen = glare(study)
    assert seen.worn
    assert seen.reducible
    assert seen.blown < 0.2
    after = Glasses(strength=1).on_view(View(window, window.photo)).pixels
    before, after = (np.abs(pixels - without)[place].mean() for pixels in (window.photo, after))
    assert after < 0.6 * before


def test_blown_out_reflections_are_left_and_told(astronaut):
    study, _, place = with_glasses(astronaut, 2.0)
    window = study.whole()
    assert glare(study).blown > 0.2
    core = cv2.erode(place.astype(np.uint8), np.ones((5, 5))) > 0
    after = Glasses(strength=1).on_view(View(window, window.photo)).pixels
    assert after[core].min() > 0.95


@pytest.mark.parametrize("noise", [8, 16])
def test_noise_is_no_frame(astronaut, noise):
    grain = np.random.default_rng(5).normal(0, noise, astronaut.pixels.shape)
    pixels = np.clip(astronaut.pixels + grain, 0, 255).astype(np.uint8)
    assert not glare(Study(replace(astronaut, pyramid=Pyramid(pixels)))).worn


def test_faces_without_glasses_are_told_apart(portraits):
    assert not any(glare(Study(analyse(read_photo(path)))).worn for path in portraits)
