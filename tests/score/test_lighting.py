"""Proper lighting: each measure answers to its own cause, and skin tone is none."""

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core import colour
from headshot_core.enhance.background import Background
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tone import Tone, gains
from headshot_core.enhance.view import Study
from headshot_core.photo import read_photo, to_bytes
from headshot_core.portrait import Portrait, analyse
from headshot_core.score import lighting
from headshot_core.score.look import Look
from headshot_core.score.report import Measure, applied


def seen(portrait: Portrait, stack: Stack | None = None) -> dict[str, Measure]:
    return {one.name: one for one in lighting.measures(Look(Study(portrait), stack))}


def lost(measures: dict[str, Measure]) -> float:
    return sum(one.lost for one in measures.values())


def in_light(portrait: Portrait, factor) -> Portrait:
    """The photo in other light: `factor` for linear RGB, a number, (3,) or (H, W, 1)."""
    linear = colour.to_linear(portrait.pixels.astype(np.float32) / 255) * factor
    return analyse(read_photo(Image.fromarray(to_bytes(colour.to_srgb(linear.astype(np.float32))))))


@pytest.fixture(scope="module")
def clean(astronaut) -> dict[str, Measure]:
    return seen(astronaut)


def test_a_good_studio_portrait_loses_next_to_nothing(clean):
    assert lost(clean) < 5
    assert all(one.says.endswith(".") for one in clean.values())


@pytest.mark.parametrize(
    ("factor", "name", "word"),
    [(0.25, "exposure", "dark"), (3.5, "exposure", "bright"), (gains(0.7, 0.0), "cast", "yellow")],
)
def test_wrong_light_is_found_named_and_fixed(astronaut, factor, name, word):
    portrait = in_light(astronaut, factor)
    before = seen(portrait)
    assert before[name].score < 85
    assert word in before[name].says
    after = seen(portrait, applied(Stack(), before[name].fix))
    assert after[name].score > before[name].score + 5
    assert lost(after) < lost(before)


def test_darker_and_darker_loses_more_and_more(astronaut):
    points = [lost(seen(in_light(astronaut, 2.0**-stops))) for stops in (1, 2)]
    assert points == sorted(points)
    assert points[-1] > 30


def test_light_from_one_side_is_seen_on_that_side(astronaut):
    x = np.arange(astronaut.photo.width, dtype=np.float32)[None, :, None]
    across = np.clip((x - astronaut.face.eye_centre[0]) / astronaut.face.inter_eye, -1, 1)
    for side, word in ((1, "right"), (-1, "left")):
        pattern = seen(in_light(astronaut, np.exp2(2.6 * (side * across - 1))))["pattern"]
        assert word in pattern.says
        assert pattern.score < 80


def test_a_hard_shadow_edge_on_the_cheek_is_found(astronaut, clean):
    y, x = np.mgrid[: astronaut.photo.height, : astronaut.photo.width].astype(np.float32)
    cheek, unit = astronaut.face.points[50], astronaut.face.inter_eye
    beyond = ((x - cheek[0]) + 0.6 * (y - cheek[1])) / unit
    shadow = np.exp2(-2.5 / (1 + np.exp((-beyond / 0.02).clip(-50, 50))))[..., None]
    assert seen(in_light(astronaut, shadow))["shadow_edges"].value > clean["shadow_edges"].value + 0.3


def test_burnt_skin_is_told_and_nothing_is_promised(astronaut):
    clipping = seen(in_light(astronaut, 4.0))["clipping"]
    assert clipping.score < 20
    assert "burnt out" in clipping.says
    assert clipping.fix is None


def test_haze_is_flat_and_black_and_white_are_set(astronaut):
    hazy = np.clip(astronaut.pixels * 0.3 + 110, 0, 255).astype(np.uint8)
    portrait = analyse(read_photo(Image.fromarray(hazy)))
    before = seen(portrait)["contrast"]
    assert before.score < 70
    assert seen(portrait, applied(Stack(), before.fix))["contrast"].score > before.score


def test_dark_skin_in_good_light_is_not_underexposed(astronaut, clean):
    """The skin's own reflectance is lowered, eyes and scene stay: the light is the same."""
    skin = Study(astronaut).whole().skin[..., None]
    dark = seen(in_light(astronaut, 1 - 0.8 * skin))
    assert dark["exposure"].lost < 3
    assert dark["face_in_shadow"].lost < 6
    assert lost(dark) - lost(clean) < 10


def test_the_same_eyes_in_the_dark_are_underexposed(astronaut):
    """Against the test above: where the eyes are dark too, it is the light."""
    person = Study(astronaut).whole().person[..., None]
    assert seen(in_light(astronaut, 1 - 0.85 * person))["face_in_shadow"].score < 80


def test_the_background_tool_does_not_move_light(astronaut, clean):
    grey = seen(astronaut, Stack(steps=(Background(kind="studio_grey"),)))
    assert abs(lost(grey) - lost(clean)) < 3


def test_a_fix_starts_from_what_is_set(astronaut):
    portrait = in_light(astronaut, 0.25)
    stack = Stack(steps=(Tone(exposure=0.5),))
    fix = seen(portrait, stack)["exposure"].fix
    missing = seen(portrait, stack)["exposure"].value
    assert fix.settings["tone"]["exposure"] == pytest.approx(0.5 + missing, abs=0.01)


def test_blur_and_noise_are_no_matter_of_light(astronaut, clean):
    blurred = cv2.GaussianBlur(astronaut.pixels, (0, 0), 3)
    noisy = astronaut.pixels + np.random.default_rng(0).normal(0, 20, astronaut.pixels.shape)
    for pixels in (blurred, noisy.clip(0, 255).astype(np.uint8)):
        spoilt = seen(analyse(read_photo(Image.fromarray(pixels))))
        assert abs(lost(spoilt) - lost(clean)) < 5
