"""The first look: each measure moves with what it is named after, and one false sign does not carry the others away."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from painted import yellow_teeth

from headshot_core import colour
from headshot_core.enhance import features, measure
from headshot_core.enhance.features import laid
from headshot_core.enhance.measure import Sign, combined
from headshot_core.enhance.tone import gains
from headshot_core.enhance.view import Study, View
from headshot_core.pyramid import Pyramid


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


@pytest.fixture(scope="module")
def whole(study) -> View:
    window = study.whole(320)
    return View(window, window.photo)


@pytest.fixture(scope="module")
def head(study) -> View:
    return View(study.head, study.head.photo)


def lit(view: View, stops: float = 0.0, temperature: float = 0.0, tint: float = 0.0) -> View:
    """The view in other light."""
    linear = colour.to_linear(view.pixels) * (2**stops * gains(temperature, tint))
    return View(view.window, colour.to_srgb(linear))


def shifted(view: View, lab: np.ndarray) -> View:
    """The view with that added to its CIELAB, (H, W, 3) or (3,)."""
    return View(view.window, colour.from_lab(colour.to_lab(view.pixels) + np.asarray(lab, np.float32)))


def photo(study: Study, pixels: np.ndarray) -> Study:
    """The same portrait as if photographed with these pixels, uint8 (H, W, 3)."""
    return Study(replace(study.portrait, pyramid=Pyramid(pixels)))


# Signs.

values, spreads = st.floats(-2, 2), st.floats(0.05, 1)
signs = st.lists(st.builds(Sign, values, spreads), min_size=1, max_size=6)


def test_no_sign_says_nothing():
    assert combined([]) == 0


@given(signs, values)
def test_the_signs_are_put_together_by_a_mean(found, step):
    together, ends = combined(found), [sign.value for sign in found]
    assert min(ends) - 1e-6 <= together <= max(ends) + 1e-6
    assert combined(found[::-1]) == pytest.approx(together, abs=1e-6)
    moved = [Sign(sign.value + step, sign.deviation) for sign in found]
    assert combined(moved) == pytest.approx(together + step, abs=1e-6)


@given(values, st.floats(0.1, 0.5), st.integers(3, 6), st.floats(-10, 10))
def test_one_false_sign_counts_little(value, deviation, agreeing, off):
    """However far it is off, it moves the rest by no more than a deviation shared among them."""
    found = combined([Sign(value, deviation)] * agreeing + [Sign(value + off, deviation)])
    assert abs(found - value) < 1.2 * deviation / agreeing + 1e-6


def test_a_trusted_sign_counts_more():
    assert combined([Sign(0, 0.1), Sign(0.1, 0.4)]) < 0.03 < 0.07 < combined([Sign(0, 0.4), Sign(0.1, 0.1)])


# Light and colour.


def test_exposure_follows_the_stops(whole, head):
    missing = [measure.exposure(lit(whole, stops), lit(head, stops)) for stops in (-2.5, -2, -1, -0.5, 0, 0.5, 1)]
    assert missing == sorted(missing, reverse=True)
    assert missing[0] - missing[4] > 1.5
    assert missing[4] - missing[6] > 0.5
    assert abs(missing[4]) < 0.5


def test_white_balance_follows_temperature_and_tint(whole, head):
    steps = (-0.6, -0.3, -0.15, 0, 0.15, 0.3, 0.6)
    for index, name in enumerate(("temperature", "tint")):
        found = [measure.cast(lit(whole, **{name: s}), lit(head, **{name: s}))[index] for s in steps]
        assert found == sorted(found, reverse=True)
        assert np.diff(found) == pytest.approx(-np.diff(steps), rel=0.6)
        other = [measure.cast(lit(whole, **{name: s}), lit(head, **{name: s}))[1 - index] for s in (-0.3, 0, 0.3)]
        assert np.ptp(other) < 0.15


def test_a_photo_without_colour_has_no_cast(whole, head):
    """There is nothing to balance in black and white: it must not become tinted."""
    grey = [View(view.window, np.repeat(view.pixels.mean(-1, keepdims=True), 3, -1)) for view in (whole, head)]
    assert measure.cast(*grey) == (0, 0)


def test_the_ends_lie_where_black_and_white_are_put(whole):
    for black, white in ((0.0, 1.0), (0.2, 0.8), (0.1, 0.6)):
        flat = View(whole.window, black + (white - black) * whole.pixels)
        assert measure.ends(flat) == pytest.approx((black, white), abs=0.08)


def test_clipped_is_the_share_of_white(study):
    pixels = study.portrait.pixels // 2
    pixels[:128, :256] = 255
    for red_only, share in ((False, 1 / 8), (True, 0)):  # one channel at its end is a strong colour
        if red_only:
            pixels[:128, :256, 1:] = 90
        small = photo(study, pixels).whole(256)
        assert measure.clipped(View(small, small.photo)) == pytest.approx(share, abs=0.005)


def test_a_face_out_of_sight_is_no_face(study):
    """The hand's width of wall beside the person: every measure still gives a number, or says that nothing is seen."""
    wall = study.whole().cut((400, 60, 480, 140))
    view = View(wall, wall.photo)
    assert len(measure.skin_pixels(view)) == 0
    assert measure.face_darkness(view) == 0
    assert measure.eye_whites(view) is None
    assert measure.eye_darkness(view) == 0
    assert measure.teeth_yellow(view) == 0
    assert measure.skin_state(view) == measure.SkinState()
    assert np.isfinite(measure.exposure(view, view))
    assert np.isfinite(measure.cast(view, view)).all()


# The face.


def blots(shape: tuple[int, int], unit: float) -> np.ndarray:
    """(H, W) patches of about a fifth of the eyes' distance, standard deviation 1."""
    noise = np.random.default_rng(4).standard_normal(shape).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 0.06 * unit)
    return soft / soft.std()


@pytest.fixture(scope="module")
def plain(head) -> View:
    """The head all in one skin colour: nothing uneven is left."""
    return View(head.window, np.full_like(head.pixels, (0.75, 0.6, 0.5)))


def test_plain_skin_has_nothing_uneven(plain):
    state = measure.skin_state(plain)
    assert (state.blotches, state.redness, state.shine) == pytest.approx((0, 0, 0), abs=0.05)


def test_blotches_are_seen_by_their_strength(plain):
    patches = blots(plain.window.shape, plain.unit)[..., None] * [2.5, 1.5, 1]
    faint, strong = (measure.skin_state(shifted(plain, share * patches)) for share in (0.5, 1))
    assert 0.3 < faint.blotches < 0.7 * strong.blotches
    assert strong.redness < 0.4


def on_skin(view: View, points: tuple[int, ...], radius: float) -> np.ndarray:
    """(H, W, 1) soft spots round landmarks; `radius` in inter-eye distances."""
    spots = np.zeros(view.window.shape, np.float32)
    for x, y in view.face.points[list(points), :2]:
        cv2.circle(spots, (round(float(x)), round(float(y))), round(radius * view.unit), 1.0, -1)
    return cv2.GaussianBlur(spots, (0, 0), 0.05 * view.unit)[..., None]


def test_redness_and_shine_are_told_apart(plain):
    red = measure.skin_state(shifted(plain, on_skin(plain, (280,), 0.3) * [0, 10, 4]))
    assert red.redness > 0.3 > 0.05 > red.shine
    white = 0.4 * on_skin(plain, (4, 9, 50, 151, 280), 0.12)  # a lamp's light on nose, brow and cheeks
    glossy = measure.skin_state(View(plain.window, colour.to_srgb(colour.to_linear(plain.pixels) + white)))
    assert glossy.shine > 0.1 > 0.05 > glossy.redness


@pytest.mark.parametrize(("measured", "mask"), [("eye_darkness", "whites"), ("under_eyes", "beneath")])
def test_darker_eyes_are_seen(study, head, measured, mask):
    seen = sum(laid(head.window, getattr(eye, mask), eye.window) for eye in study.once(features.eyes))
    place = cv2.dilate((seen > 0.05).astype(np.float32), np.ones((3, 3)))[..., None]
    levels = [getattr(measure, measured)(shifted(head, place * [lighter, 0, 0])) for lighter in (12, 6, 0)]
    assert levels[0] + 1.5 < levels[1] < levels[2] - 1


def test_yellow_teeth_are_seen(astronaut, head):
    yellow = Study(yellow_teeth(astronaut)).head
    found = measure.teeth_yellow(View(yellow, yellow.photo)) - measure.teeth_yellow(head)
    assert found == pytest.approx(14, abs=4)


# The background.


def test_a_busy_background_is_cluttered(study):
    behind = study.whole().person < 0.02
    y, x = np.mgrid[:512, :512]
    checks = np.where((x // 12 + y // 12) % 2, 210, 60).astype(np.uint8)
    found = []
    for background in (checks, cv2.GaussianBlur(checks, (0, 0), 5), np.full_like(checks, 128)):
        pixels = study.portrait.pixels.copy()
        pixels[behind] = background[behind][:, None]
        found.append(measure.clutter(photo(study, pixels)))
    busy, soft, plain = found
    assert busy > 3 * soft
    assert soft > 2 * plain
    assert plain < 1
    assert plain < measure.clutter(study) < busy
