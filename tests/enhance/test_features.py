"""Features lie where they are seen, and nothing is seen where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from painted import closed_eyes, dark_glasses, lids_together, lips_together, shifted_iris, with_points

from headshot_core import colour
from headshot_core.enhance.features import (
    CLOSE,
    LEFT_EYE,
    brows,
    eyes,
    inside,
    laid,
    median,
    mouth,
    place,
    recoloured,
    retouch,
)
from headshot_core.enhance.view import Study, View
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


def test_open_eyes_are_seen_and_their_irises_found(study):
    for eye in study.once(eyes):
        assert eye.shown > 0.9
        marked = eye.window.face.points[eye.points.iris, :2]
        assert np.linalg.norm(eye.centre - marked) < 0.03 * CLOSE
        assert 0.08 * CLOSE < eye.radius < 0.12 * CLOSE


def test_an_iris_is_found_though_its_landmarks_are_off(astronaut, study):
    right = study.once(eyes)[0]
    found = Study(shifted_iris(astronaut, LEFT_EYE, 0.2)).once(eyes)[0]
    # Close-ups begin at the same outline, so their pixels are alike.
    assert abs(found.centre[0] - right.centre[0]) < 0.1 * right.radius


def test_whites_are_paler_than_skin_and_beside_the_iris(study):
    for eye in study.once(eyes):
        lab = colour.to_lab(eye.window.photo)
        cheek = median(lab, inside(eye.window.face.points[eye.points.cheek, :2], lab.shape[:2], 0))
        white = median(lab, eye.whites)
        assert np.hypot(*white[1:]) < 0.75 * np.hypot(*cheek[1:])
        y, x = np.nonzero(eye.whites > 0.3)
        assert np.hypot(x - eye.centre[0], y - eye.centre[1]).min() > 0.95 * eye.radius


def test_teeth_are_lighter_than_lips_and_apart_from_them(study):
    part = study.once(mouth)
    light = colour.to_lab(part.window.photo)[..., 0]
    assert np.median(light[part.teeth > 0.5]) > np.median(light[part.lips > 0.5]) + 5
    assert (np.minimum(part.teeth, part.lips) > 0.5).mean() < 0.002


def test_brows_are_darker_than_the_skin_around_them(study):
    for part in study.once(brows):
        light = colour.to_lab(part.window.photo)[..., 0]
        assert (part.hair > 0.5).sum() > 50
        assert np.median(light[part.hair > 0.5]) < np.median(light[part.area < 0.1]) - 8


def test_masks_are_in_range(study):
    one, other = study.once(eyes)
    part = study.once(mouth)
    masks = [part.lips, part.teeth]
    for eye in (one, other):
        masks += [eye.opening, eye.whites, eye.glint, eye.beneath, eye.lashes]
    for brow in study.once(brows):
        masks += [brow.area, brow.hair]
    assert all(mask.dtype == np.float32 and mask.min() >= 0 and mask.max() <= 1 for mask in masks)


@pytest.mark.parametrize("paint", [closed_eyes, dark_glasses, lids_together])
def test_no_eye_is_seen_where_it_is_closed_or_covered(astronaut, paint):
    assert [eye.shown for eye in Study(paint(astronaut)).once(eyes)] == [0, 0]


def test_one_eye_may_wink(astronaut):
    winking = with_points(astronaut, astronaut.face.points, eyeBlinkRight=0.8)
    left, right = Study(winking).once(eyes)
    assert left.shown == 0
    assert right.shown > 0.9


def test_a_closed_mouth_has_no_teeth(astronaut):
    assert Study(lips_together(astronaut)).once(mouth).teeth is None


def test_masks_agree_between_scales(study):
    eye = study.once(eyes)[0]
    whole, small = study.whole(), study.whole(256)
    large, little = (laid(window, eye.opening, eye.window).sum() / window.scale**2 for window in (whole, small))
    assert little == pytest.approx(large, rel=0.1)


def test_a_feature_outside_a_window_is_left_out(study):
    eye = study.once(eyes)[0]
    corner = study.whole().cut((0, 0, 40, 40))
    assert place(corner, eye.window) is None
    view = View(corner, corner.photo)
    assert (retouch(view, [eye], lambda here, part: here.pixels * 0) == corner.photo).all()


def test_recolouring_nothing_changes_no_bit():
    pixels = np.random.default_rng(1).random((64, 64, 3), np.float32) ** 2
    lab = colour.to_lab(pixels)
    assert (recoloured(pixels, lab, lab.copy()) == pixels).all()


def test_every_portraits_features_are_found(portraits):
    for path in portraits:
        study = Study(analyse(read_photo(path)))
        assert max(eye.shown for eye in study.once(eyes)) > 0.2, path.name
        assert study.once(mouth).lips.max() > 0.2, path.name
        assert max(part.hair.max() for part in study.once(brows)) > 0.5, path.name
