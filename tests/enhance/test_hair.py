"""Single hairs beside the head fade into what lies behind; the hair itself stays."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core.enhance.hair import Hair, flyaways
from headshot_core.enhance.view import Study, View
from headshot_core.pyramid import Pyramid


@pytest.fixture(scope="module")
def hairy(astronaut):
    """The astronaut at three times the size with drawn flyaways: study, the picture without, and where they are."""
    photo = cv2.resize(astronaut.pixels, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    matrix = np.array([[3.0, 0, 1], [0, 3.0, 1]])
    face = astronaut.face.moved(matrix)
    grown = replace(astronaut.photo, image=Image.fromarray(photo))
    grown = replace(astronaut, photo=grown, pyramid=Pyramid(photo), faces=(face,))
    drawn, place = photo.copy(), np.zeros(photo.shape[:2], np.uint8)
    unit, (x, y) = face.inter_eye, face.points[10, :2]
    for shift in (-0.9, -0.4, 0.35):
        up = np.linspace(0, 1, 30)
        curve = np.stack([x + (shift + 0.2 * np.sin(3 * up)) * unit, y - (0.4 + 0.8 * up) * unit], 1)
        points = [np.round(curve * 16).astype(np.int32)]
        cv2.polylines(place, points, False, 255, 1, cv2.LINE_AA, shift=4)
    hair = (place / 255.0)[..., None]
    drawn = (photo * (1 - hair) + np.array([70, 50, 30]) * hair).astype(np.uint8)
    place[Study(grown).whole().person > 0.02] = 0
    return Study(replace(grown, pyramid=Pyramid(drawn))), photo / 255.0, place > 128


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
    inside = cv2.erode((window.person > 0.9).astype(np.uint8), np.ones((15, 15))) > 0  # drawn hairs may count as person
    assert np.array_equal(pixels[inside], window.photo[inside])


def test_tidy_hair_hardly_changes(astronaut):
    window = Study(astronaut).whole()
    assert flyaways(window).sum() < 0.02 * window.unit**2
