"""Grade: the studio's looks on the photo as it stands, with its skin spared. The looks have tests of their own."""

import numpy as np
import pytest

from headshot_core import colour
from headshot_core.enhance.engine import Desk
from headshot_core.enhance.grade import Grade
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study, View
from headshot_core.studio.grade import LOOKS


@pytest.fixture(scope="module")
def view(astronaut) -> View:
    window = Study(astronaut).whole(400)
    return View(window, window.photo)


def moved(view: View, look: str) -> np.ndarray:
    """What the look adds, CIELAB (H, W, 3)."""
    return colour.to_lab(Grade(look=look).on_view(view).pixels) - colour.to_lab(view.pixels)


def test_every_look_of_the_studio_is_there_and_does_something(view):
    for look in LOOKS:
        change = np.abs(moved(view, look)).mean()
        assert change == 0 if look == "natural" else change > 0.5


@pytest.mark.parametrize(("look", "sign"), [("warm", 1), ("cool", -1)])
def test_skin_takes_on_less_of_the_colour(view, look, sign):
    plain = np.full_like(view.pixels, 0.5)  # the same colour everywhere: what differs is the mask
    yellow = moved(View(view.window, plain), look)[..., 2] * sign
    skin, rest = view.window.skin > 0.95, view.window.skin < 0.05
    assert 0 < yellow[skin].mean() < 0.6 * yellow[rest].mean()


def test_black_and_white_has_no_colour_left(view):
    lab = colour.to_lab(Grade(look="black_and_white").on_view(view).pixels)
    assert np.abs(lab[..., 1:]).max() < 0.5


@pytest.mark.parametrize("look", [name for name, look in LOOKS.items() if look.vignette or look.grain])
def test_vignette_and_grain_belong_to_the_whole_picture(astronaut, look):
    """Worked on in tiles or looked at through the loupe, a picture has four dark corners, not four a tile."""
    study, stack = Study(astronaut), Stack(steps=[Grade(look=look)])
    desk, window = Desk(study), study.whole()
    whole = desk.render(window, stack)
    for x0, y0, x1, y1 in [(0, 0, 200, 200), (150, 190, 360, 400), (300, 400, 512, 512)]:
        assert np.abs(desk.region(window, (x0, y0, x1, y1), stack) - whole[y0:y1, x0:x1]).max() < 0.01


def test_strength_is_a_way_between(view):
    half, full = (Grade(look="editorial", strength=share).on_view(view).pixels for share in (0.5, 1))
    assert np.abs(half - (view.pixels + full) / 2).max() < 1e-3
