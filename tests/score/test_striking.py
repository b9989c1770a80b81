"""Striking features: each harm is seen for what it is, its fix mends it, and good portraits keep their points."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study
from headshot_core.photo import Photo, read_photo, to_bytes
from headshot_core.portrait import Portrait, analyse
from headshot_core.pyramid import Pyramid
from headshot_core.score import striking
from headshot_core.score.look import Look
from headshot_core.score.report import Measure, Pillar, applied

SCALE = 2.4
"""The example is enlarged by this, so that harms are not hidden by its few pixels."""


@pytest.fixture(scope="module")
def portrait(astronaut) -> Portrait:
    """The example, larger, so that its face has some 100 pixels between the eyes."""
    pixels = cv2.resize(astronaut.pixels / 255.0, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_LANCZOS4)
    return analyse(photo_of(pixels))


def photo_of(pixels: np.ndarray) -> Photo:
    """A photo of pixels, sRGB 0..1."""
    return read_photo(Image.fromarray(to_bytes(np.clip(pixels, 0, 1).astype(np.float32))))


def remade(portrait: Portrait, pixels: np.ndarray) -> Portrait:
    """The portrait with other pixels, and the landmarks that were found."""
    photo = photo_of(pixels)
    return replace(portrait, photo=photo, pyramid=Pyramid(np.asarray(photo.image)))


def seen(portrait: Portrait, stack: Stack | None = None) -> dict[str, Measure]:
    """The pillar's measures by name."""
    return {measure.name: measure for measure in striking.measures(Look(Study(portrait), stack))}


def points(portrait: Portrait) -> float:
    """The pillar's score."""
    return Pillar("", "", tuple(seen(portrait).values()), 1).score


def fixed(portrait: Portrait, name: str) -> tuple[Measure, Measure]:
    """One measure, and the same after its own fix."""
    before = seen(portrait)[name]
    assert before.fix is not None
    return before, seen(portrait, applied(Stack(), before.fix))[name]


def covered(portrait: Portrait, outline: np.ndarray, colour: tuple[float, float, float]) -> dict[str, Measure]:
    """The measures with something of one colour over the face, `outline` (N, 2) pixels."""
    mask = np.zeros(portrait.pixels.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
    mask = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.01 * portrait.face.inter_eye)[..., None]
    return seen(remade(portrait, portrait.pixels / 255.0 * (1 - mask) + np.array(colour) * mask))


def round_points(centre: np.ndarray, across: float, down: float) -> np.ndarray:
    """An ellipse as an outline (36, 2)."""
    turn = np.radians(np.arange(0, 360, 10))
    return centre + np.column_stack([across * np.cos(turn), down * np.sin(turn)])


def test_the_example_loses_points_for_its_few_pixels_alone(astronaut):
    measures = seen(astronaut)
    assert [name for name, measure in measures.items() if measure.lost > 0] == ["resolution"]
    assert "42 pixels" in measures["resolution"].says


def test_enlarging_is_worth_something_but_not_its_pixels(astronaut):
    before, after = fixed(astronaut, "resolution")
    assert before.score + 10 < after.score < 80
    plain = applied(Stack(), before.fix).of(striking.Upscale).model_copy(update={"method": "plain"})
    assert seen(astronaut, Stack(steps=[plain]))["resolution"].score == before.score


def test_blur_lowers_the_score_step_by_step_and_sharpening_helps(portrait):
    soft = [
        remade(portrait, cv2.GaussianBlur(portrait.pixels / 255.0, (0, 0), s * portrait.face.inter_eye))
        for s in (0.02, 0.05)
    ]
    assert points(portrait) > points(soft[0]) > points(soft[1])
    before, after = fixed(soft[0], "sharpness")
    assert before.score + 5 < after.score


def test_neither_light_nor_noise_pass_for_sharpness(portrait):
    pixels = cv2.GaussianBlur(portrait.pixels / 255.0, (0, 0), 0.03 * portrait.face.inter_eye)
    blur = seen(remade(portrait, pixels))["sharpness"].value
    assert seen(remade(portrait, 0.5 * pixels))["sharpness"].value == pytest.approx(blur, rel=0.1)
    noise = np.random.default_rng(0).normal(0, 0.03, pixels.shape)
    assert seen(remade(portrait, pixels + noise))["sharpness"].value > 0.6 * blur


def test_noise_is_seen_and_taken_out(portrait):
    noise = np.random.default_rng(0).normal(0, 0.06, portrait.pixels.shape)
    noisy = remade(portrait, portrait.pixels / 255.0 + noise)
    assert points(noisy) < points(portrait) - 10
    before, after = fixed(noisy, "noise")
    assert before.score + 20 < after.score


def test_hard_compression_is_seen_and_cleaned_up(portrait):
    buffer = io.BytesIO()
    Image.fromarray(portrait.pixels).save(buffer, "JPEG", quality=12)
    before, after = fixed(remade(portrait, np.asarray(Image.open(buffer)) / 255.0), "compression")
    assert before.score < 60
    assert after.score == 100


@pytest.mark.parametrize("colour", [(0.92, 0.92, 0.93), (0.5, 0.68, 0.82), (0.06, 0.06, 0.07)])
def test_a_face_mask_is_seen(portrait, colour):
    jaw = [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454]
    outline = portrait.face.points[[*jaw, 280, 5, 50], :2]
    measures = covered(portrait, outline, colour)
    assert measures["uncovered"].score < 40
    assert "nose" in measures["uncovered"].says


def test_dark_glasses_and_a_hand_over_one_eye_hide_the_eyes(portrait):
    face = portrait.face
    left, right = (round_points(eye, 0.42 * face.inter_eye, 0.32 * face.inter_eye) for eye in face.eyes)
    x, y = face.points[205, :2].astype(int)
    cheek = np.median(portrait.pixels[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3), 0) / 255.0
    hand = covered(portrait, left, tuple(cheek))
    assert hand["seen"].score < 40
    assert hand["seen"].says.startswith("An eye is hidden")
    dark = covered(portrait, np.concatenate([left, right]), (0.05, 0.05, 0.06))
    assert dark["seen"].score < 40


def test_eyes_without_a_catchlight_are_given_one(portrait):
    """The irises are painted evenly dark."""
    pixels = portrait.pixels / 255.0
    mask = np.zeros(pixels.shape[:2], np.float32)
    for x, y in portrait.face.eyes:
        cv2.circle(
            mask, (round(float(x)), round(float(y))), round(0.085 * portrait.face.inter_eye), 1.0, -1, cv2.LINE_AA
        )
    dead = remade(portrait, pixels + mask[..., None] * (np.array([0.12, 0.09, 0.08]) - pixels))
    before, after = fixed(dead, "catchlight")
    assert before.score < 40
    assert after.score > 80


def test_light_and_skin_tone_move_nothing(portrait):
    darker = remade(portrait, portrait.pixels / 255.0 * 0.55)
    assert points(darker) == pytest.approx(points(portrait), abs=4)
    browner = remade(portrait, (portrait.pixels / 255.0) ** 1.6 * (0.85, 0.75, 0.68))
    assert points(browner) == pytest.approx(points(portrait), abs=4)


def test_good_portraits_keep_their_points(portraits):
    """The small picture among them does not."""
    for path in portraits:
        found = points(analyse(read_photo(path)))
        assert (found < 65) if "240p" in path.stem else (found > 80), path.name


def test_pixels_that_no_camera_took_do_not_count(astronaut):
    """A headshot that was enlarged from a small photo has no more of the face than that photo."""
    large = read_photo(astronaut.photo.image.resize((1536, 1536)))
    photo, taken_as_it_is, told = (
        seen(portrait)["resolution"].value
        for portrait in (astronaut, analyse(large), analyse(replace(large, enlarged=3.0)))
    )
    assert taken_as_it_is > 2.5 * photo
    assert told == pytest.approx(photo, rel=0.05)
