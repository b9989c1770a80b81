"""Single hairs beside the head fade into what lies behind; the hair itself stays."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from headshot_core.enhance.hair import Hair, flyaways
from headshot_core.enhance.view import Study, View
from headshot_core.pyramid import Pyramid


@pytest.fixture(scope="module")
def hairy(astronaut):
    """The astronaut at four times the size with drawn flyaways: study, the picture without, and where they are."""
    photo = cv2.resize(astronaut.pixels, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    matrix = np.array([[3.0, 0, 1], [0, 3.0, 1]])
    face = astronaut.face.moved(matrix)
    small = astronaut.matte
    matte = replace(small, matrix=small.matrix @ np.diag([1 / 3, 1 / 3, 1]))
    grown = replace(astronaut, pyramid=Pyramid(photo), faces=(face,), photo=_sized(astronaut.photo, photo))
    grown.__dict__["matte"] = matte
    drawn, place = photo.copy(), np.zeros(photo.shape[:2], np.uint8)
    unit, (x, y) = face.inter_eye, face.points[10, :2]
    for shift in (-0.9, -0.55, 0.35):
        curve = [
            (x + shift * unit + 0.12 * unit * np.sin(3 * t), y + (0.1 - 1.6 * t) * unit) for t in np.linspace(0, 1, 30)
        ]
        points = [np.round(np.array(curve) * 16).astype(np.int32)]
        cv2.polylines(place, points, False, 255, 1, cv2.LINE_AA, shift=4)
    hair = (place / 255.0)[..., None]
    drawn = (photo * (1 - hair) + np.array([70, 50, 30]) * hair).astype(np.uint8)
    place[Study(grown).whole().person > 0.02] = 0
    return Study(replace_pixels(grown, drawn)), photo / 255.0, place > 128


def _sized(photo, pixels):
    from PIL import Image

    return replace(photo, image=Image.fromarray(pixels))


def replace_pixels(portrait, pixels):
    other = replace(portrait, pyramid=Pyramid(pixels))
    other.__dict__["matte"] = portrait.matte
    return other


def test_drawn_hairs_are_found_and_fade(hairy):
    study, without, place = hairy
    window = study.whole()
    found = flyaways(window)
    assert found[place].mean() > 0.4
    before = np.abs(window.photo - without)[place].mean()
    after = np.abs(Hair(strength=1).on_view(View(window, window.photo)).pixels - without)[place].mean()
    assert after < 0.7 * before


def test_the_hair_itself_stays(hairy):
    study, _, _ = hairy
    window = study.whole()
    pixels = Hair(strength=1).on_view(View(window, window.photo)).pixels
    assert np.array_equal(pixels[window.person > 0.9], window.photo[window.person > 0.9])


def test_tidy_hair_hardly_changes(astronaut):
    window = Study(astronaut).whole()
    assert flyaways(window).sum() < 0.02 * window.unit**2
