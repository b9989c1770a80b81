"""Every slider of tone moves what its name says, the right way; tones keep their order, white stays white."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headshot_core import colour
from headshot_core.enhance.tone import GREY, SKIN_PROTECTION, Tone, gains, sliders
from headshot_core.enhance.view import Study, View, Window
from headshot_core.pyramid import Pyramid

share = st.floats(-1, 1)


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


@pytest.fixture(scope="module")
def view(study) -> View:
    window = study.whole(320)
    return View(window, window.photo)


@pytest.fixture(scope="module")
def ramp(astronaut) -> View:
    """A photo that goes from black to white, from left to right."""
    return painted(astronaut, np.tile(np.linspace(0, 255, 512), (64, 1)))


def painted(portrait, grey: np.ndarray) -> View:
    """A photo with these grey values 0..255 (H, W), seen whole."""
    pixels = np.repeat(grey.round().astype(np.uint8)[..., None], 3, -1)
    window = Study(replace(portrait, pyramid=Pyramid(pixels), photo=Size(*pixels.shape[1::-1]))).whole()
    window.skin = np.zeros(window.shape, np.float32)
    return View(window, window.photo)


class Size:
    """All that a study asks of a photo."""

    def __init__(self, width: int, height: int):
        self.width, self.height = width, height


def filled(view: View, value) -> View:
    """The view in one colour."""
    return View(view.window, np.full_like(view.pixels, value))


def stops(view: View, **sliders_) -> np.ndarray:
    """(H, W) by how many stops these sliders make the view brighter."""
    before, after = (
        colour.luminance(colour.to_linear(p)) for p in (view.pixels, Tone(**sliders_).on_view(view).pixels)
    )
    return np.log2(np.maximum(after, 1e-5) / np.maximum(before, 1e-5))


def lab(view: View, **sliders_) -> np.ndarray:
    return colour.to_lab(Tone(**sliders_).on_view(view).pixels)


# Light.


@pytest.mark.parametrize("exposure", [-2, -1, 0.5, 1, 2])
def test_a_stop_is_twice_the_light(view, exposure):
    linear = colour.to_linear(view.pixels)
    middle = (colour.peak(linear) < 0.55 / max(1, 2**exposure)) & (linear.min(-1) > 0.02)
    assert middle.sum() > 2000
    after = colour.to_linear(Tone(exposure=exposure).on_view(view).pixels)
    assert after[middle] / linear[middle] == pytest.approx(2**exposure, rel=0.01)


def test_what_becomes_bright_rolls_off_and_stays_apart(ramp):
    before, after = ramp.pixels[32, :, 0], Tone(exposure=1.5).on_view(ramp).pixels[32, :, 0]
    light = after[(before > 0.6) & (before < 0.98)]
    assert light.max() < 0.999
    assert (light[16:] - light[:-16] > 0.003).all()


def test_shadows_move_the_dark_and_highlights_the_light_parts(ramp):
    light = colour.luminance(colour.to_linear(ramp.pixels))[32]
    dark, middle, bright = (
        (light > low * GREY) & (light < high * GREY) for low, high in ((0.05, 0.2), (0.9, 1.1), (3, 5))
    )
    for way in (-1, 1):
        shadows, highlights = (way * stops(ramp, **{name: 0.8 * way})[32] for name in ("shadows", "highlights"))
        assert shadows[dark].mean() > 0.6 > 0.4 > shadows[middle].mean()
        assert np.abs(shadows[bright]).max() < 0.02
        assert highlights[bright].mean() > (0.3 if way > 0 else 0.6)
        assert np.abs(highlights[dark]).max() < 0.02
        assert highlights[middle].mean() < 0.2


def test_blacks_and_whites_move_their_end_and_hold_the_other(ramp):
    before = ramp.pixels[32, :, 0]
    at = [np.abs(before - level).argmin() for level in (0.15, 0.5, 0.85)]
    for name, moved, held in (("blacks", 0, -1), ("whites", -1, 0)):
        for amount in (-0.5, 0.5):
            change = (Tone(**{name: amount}).on_view(ramp).pixels[32, :, 0] - before)[at] * np.sign(amount)
            assert change[moved] > 0.05
            assert change[1] > 0
            assert abs(change[held]) < 0.35 * change[moved]
    assert Tone(blacks=0.5).on_view(ramp).pixels.min() > 0.1
    assert Tone(whites=-0.5).on_view(ramp).pixels.max() < 0.9


def test_contrast_is_steeper_round_middle_grey_which_stays(ramp):
    light = colour.luminance(colour.to_linear(ramp.pixels))[32]
    above, below, grey = (np.abs(light - level * GREY).argmin() for level in (2, 0.5, 1))
    for amount in (-0.8, 0.8):
        gain = np.sign(amount) * stops(ramp, contrast=amount)[32]
        assert gain[above] > 0.2
        assert gain[below] < -0.2
        assert abs(gain[grey]) < 0.02


def test_clarity_deepens_small_shapes_and_holds_the_large(astronaut):
    """Waves of half the eyes' distance grow and shrink with it; one across the whole photo and an edge do not."""
    x = np.arange(512, dtype=np.float32)
    weak, wide = 6 * np.sin(2 * np.pi * x / (0.5 * astronaut.face.inter_eye)), 40 * np.sin(2 * np.pi * x / 512)
    view = painted(astronaut, np.tile(110 + weak + wide, (200, 1)))

    def waves(amount):
        row = Tone(clarity=amount).on_view(view).pixels[100, :, 0] * 255
        small = row - cv2.blur(row[None], (round(0.5 * astronaut.face.inter_eye), 1), borderType=cv2.BORDER_REFLECT)[0]
        return small[40:-40].std(), np.ptp(cv2.GaussianBlur(row[None], (0, 0), 30))

    (less, _), (before, large), (more, still) = (waves(amount) for amount in (-1, 0, 1))
    assert 0.3 * before < less < 0.75 * before
    assert 1.25 * before < more < 1.7 * before
    assert still == pytest.approx(large, rel=0.1)


def test_clarity_spares_skin(study, monkeypatch):
    window = study.whole(320)
    skin = window.skin > 0.98
    spared = stops(View(window, window.photo), clarity=1)
    monkeypatch.setattr(Window, "skin", property(lambda self: np.zeros(self.shape, np.float32)))
    bare = study.whole(320)
    full = stops(View(bare, bare.photo), clarity=1)
    told = skin & (np.abs(full) > 0.1) & (colour.peak(colour.to_linear(bare.photo)) < 0.4)
    assert told.sum() > 100
    assert np.median(spared[told] / full[told]) == pytest.approx(1 - SKIN_PROTECTION, abs=0.05)


@pytest.mark.parametrize(
    ("light", "bound"), [({"shadows": 1}, 0.02), ({"highlights": -1}, 0.02), ({"shadows": 1, "highlights": -1}, 0.02)]
)
def test_no_halos_at_an_edge(astronaut, light, bound):
    """Beside a hard edge a plain surface stays plain: no glow on the dark side, no dark line on the light side."""
    step = np.where(np.arange(512) < 256, 50, 205).astype(np.float32)
    row = Tone(**light).on_view(painted(astronaut, np.tile(step, (200, 1)))).pixels[100, :, 0]
    assert np.ptp(row[:254]) < bound
    assert np.ptp(row[258:]) < bound


@given(
    st.floats(-3, 3),
    st.fixed_dictionaries(dict.fromkeys(("contrast", "highlights", "shadows", "whites", "blacks", "clarity"), share)),
)
@example(0, {"highlights": -1, "contrast": -1, "shadows": 1})
@settings(max_examples=25, deadline=None)
def test_tones_keep_their_order(ramp, exposure, others):
    """Whatever the sliders, what was lighter does not become darker."""
    row = Tone(exposure=exposure, **others).on_view(ramp).pixels[32, :, 1]
    assert (np.maximum.accumulate(row) - row).max() < 1.5 / 255


# Colour.


@given(share, share)
@settings(deadline=None)
def test_white_balance_keeps_luminance_and_can_be_read_back(temperature, tint):
    factors = gains(temperature, tint)
    assert float(colour.luminance(factors)) == pytest.approx(1, abs=1e-5)
    assert sliders(factors) == pytest.approx((temperature, tint), abs=1e-4)
    assert sliders(3 * factors) == pytest.approx((temperature, tint), abs=1e-4)


def test_temperature_is_warmer_and_tint_pinker(view):
    grey = filled(view, 0.5)
    for amount in (0.2, 0.5, 1):
        for sign in (-1, 1):
            _, pink, yellow = lab(grey, temperature=sign * amount)[0, 0] * sign
            assert yellow > 15 * amount
            assert abs(pink) < yellow
            _, pink, yellow = lab(grey, tint=sign * amount)[0, 0] * sign
            assert pink > 15 * amount
            assert abs(yellow) < pink
    for settings_ in ({"temperature": 0.5}, {"tint": -0.5}):
        assert lab(grey, **settings_)[0, 0, 0] == pytest.approx(lab(grey)[0, 0, 0], abs=3)


@pytest.mark.parametrize(
    "settings_", [{"exposure": -1}, {"exposure": -2}, {"highlights": -1}, {"contrast": -1}], ids=str
)
def test_burnt_out_white_does_not_turn_grey(view, settings_):
    assert lab(filled(view, 1), **settings_)[0, 0, 0] > 85


@pytest.mark.parametrize("settings_", [{"temperature": 1}, {"temperature": -1}, {"tint": 1}, {"tint": -1}], ids=str)
def test_burnt_out_white_takes_on_no_colour(view, settings_):
    assert Tone(**settings_).on_view(filled(view, 1)).pixels == pytest.approx(1, abs=0.005)


def chroma_factor(view: View, value, vibrance: float) -> np.ndarray:
    """(H, W) by what the chroma of that one colour is multiplied."""
    one = filled(view, np.float32(value))
    before, after = (np.hypot(*np.moveaxis(lab(one, vibrance=amount)[..., 1:], -1, 0)) for amount in (0, vibrance))
    return after / before


def test_vibrance_is_for_dull_colours_and_spares_skin(view):
    skin, rest = view.window.skin > 0.98, view.window.skin < 0.02
    for dull, bright in (((0.45, 0.5, 0.55), (0.1, 0.3, 0.9)), ((0.55, 0.5, 0.45), (0.9, 0.4, 0.1))):
        dull, bright = chroma_factor(view, dull, 0.8), chroma_factor(view, bright, 0.8)
        assert dull[rest].mean() > 1.5
        assert bright[rest].mean() < 1.15
        assert (dull[skin] - 1).mean() == pytest.approx((1 - SKIN_PROTECTION) * (dull[rest] - 1).mean(), rel=0.1)
    assert chroma_factor(view, (0.45, 0.5, 0.55), -0.8)[rest].mean() < 0.3


def test_light_and_vibrance_keep_hues(view):
    """Exposure, contrast and vibrance turn no hue; where lights fade to white it cannot be told."""
    before = lab(view)
    told = (np.hypot(before[..., 1], before[..., 2]) > 15) & (colour.peak(view.pixels) < 0.6)
    for settings_ in ({"exposure": 0.7}, {"exposure": -1}, {"contrast": 0.5}, {"vibrance": 0.8}):
        after = lab(view, **settings_)
        turned = np.arctan2(before[..., 2], before[..., 1]) - np.arctan2(after[..., 2], after[..., 1])
        assert np.abs(np.degrees((turned + np.pi) % (2 * np.pi) - np.pi))[told].mean() < 3
