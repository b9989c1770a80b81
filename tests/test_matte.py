"""The cut-out: exact on pictures whose truth is known, whole and clean on a real one."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headshot_core import matte


def soft_disc(size: int = 96) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    return np.clip((size * 0.3 - np.hypot(x - size / 2, y - size / 2)) / 10 + 0.5, 0, 1).astype(np.float32)


def blend(alpha: np.ndarray, front, behind) -> np.ndarray:
    a = alpha[..., None]
    return (np.float32(front) * a + np.float32(behind) * (1 - a)).astype(np.float32)


def test_closed_form_recovers_a_known_edge_from_a_wrong_guess():
    truth = soft_disc()
    image = blend(truth, (0.8, 0.5, 0.3), (0.1, 0.2, 0.5))
    unknown = cv2.dilate(((truth > 0) & (truth < 1)).astype(np.uint8), np.ones((9, 9))) > 0
    tri = np.where(unknown, 0.5, (truth > 0.5).astype(np.float32)).astype(np.float32)
    guess = cv2.blur(tri, (15, 15))
    solved = matte.closed_form(image, tri, guess)
    assert np.abs(solved - truth).mean() < 0.5 * np.abs(np.where(unknown, guess, tri) - truth).mean()
    assert np.abs(solved - truth)[unknown].mean() < 0.05


def test_closed_form_holds_what_is_known():
    truth = soft_disc()
    tri = np.where(np.abs(truth - 0.5) < 0.49, 0.5, truth.round()).astype(np.float32)
    solved = matte.closed_form(blend(truth, (0.9, 0.9, 0.9), (0, 0, 0)), tri, truth)
    known = tri != 0.5
    assert np.array_equal(solved[known], tri[known])


def test_trimap_knows_inside_and_outside_and_closes_holes():
    mask = (soft_disc() > 0.5).astype(np.float32)
    mask[46:50, 46:50] = 0  # a hole that touches no background
    tri = matte.trimap(mask, 3)
    assert tri[48, 48] == 1
    assert tri[0, 0] == 0
    edge = np.abs(cv2.distanceTransform((mask > 0).astype(np.uint8), cv2.DIST_L2, 5) - 1) < 1
    assert (tri[edge & (np.hypot(*(np.mgrid[:96, :96] - 48)) > 20)] == 0.5).all()


def test_foreground_colours_lose_the_old_background():
    alpha = soft_disc()
    front, behind = np.float32([0.8, 0.5, 0.3]), np.float32([0.1, 0.9, 0.1])
    image = blend(alpha, front, behind)
    clean = matte.clean_foreground(image, alpha, head=60)
    edge = (alpha > 0.2) & (alpha < 0.8)
    assert np.abs(clean - front)[edge].mean() < 0.25 * np.abs(image - front)[edge].mean()


def test_background_colours_lose_the_person():
    alpha = soft_disc()
    front, behind = np.float32([0.8, 0.5, 0.3]), np.float32([0.1, 0.9, 0.1])
    plate = matte.clean_background(blend(alpha, front, behind), alpha, head=60)
    assert np.abs(plate - behind).max() < 0.15 * np.abs(front - behind).max()


@given(st.floats(0.2, 3), st.floats(-3, 3), st.floats(-50, 50), st.floats(-50, 50))
def test_composing_transforms_is_doing_one_after_the_other(scale, angle, x, y):
    first = np.array([[scale * np.cos(angle), -np.sin(angle), x], [np.sin(angle), scale, y]])
    second = np.array([[1.5, 0.2, -y], [-0.1, 0.7, x]])
    point = np.array([3.0, -7.0])
    one_by_one = second[:, :2] @ (first[:, :2] @ point + first[:, 2]) + second[:, 2]
    both = matte.compose(second, first)
    assert both[:, :2] @ point + both[:, 2] == pytest.approx(one_by_one)


def at(portrait, x: float, y: float) -> float:
    """Alpha at a place of the photo."""
    column, row = portrait.matte.matrix[:, :2] @ (x, y) + portrait.matte.matrix[:, 2]
    return float(portrait.matte.alpha[round(float(row)), round(float(column))])


def test_a_real_person_is_whole_and_the_room_is_gone(astronaut):
    face = astronaut.face
    inside = [face.eye_centre, face.chin, face.points[50, :2], face.points[280, :2], face.chin + (0, 200)]
    assert min(at(astronaut, *point) for point in inside) > 0.98
    assert max(at(astronaut, x, y) for x, y in [(120, 60), (400, 40), (150, 120), (330, 160)]) < 0.02
    assert astronaut.matte.doubt < 0.2


def test_the_photo_cuts_the_astronaut_below_and_not_above(astronaut):
    y = astronaut.contacts[:, 1]
    assert (y > 300).all()
    assert (y > 508).any()
