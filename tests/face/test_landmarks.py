"""Faces are found wherever they are, and what is read from them follows the picture's geometry."""

import cv2
import numpy as np
import pytest

from headshot_core.face.landmarks import find_faces
from headshot_core.pyramid import Pyramid


@pytest.fixture(scope="module")
def image(astronaut):
    return astronaut.pixels


@pytest.fixture(scope="module")
def face(astronaut):
    return astronaut.face


def test_one_face_with_a_smile_and_open_eyes(astronaut, face):
    assert len(astronaut.faces) == 1
    assert face.score > 0.9
    assert min(face.expression["mouthSmileLeft"], face.expression["mouthSmileRight"]) > 0.3
    assert max(face.expression["eyeBlinkLeft"], face.expression["eyeBlinkRight"]) < 0.4


def test_eyes_chin_and_crown_stand_in_order(face):
    assert face.crown[1] < face.eye_centre[1] < face.points[1, 1] < face.chin[1]
    assert face.eyes[0, 0] < face.eyes[1, 0]
    assert 3.0 < face.head_height / face.inter_eye < 4.6


def test_the_nose_is_the_nearest_and_the_ears_the_farthest(face):
    assert face.points[4, 2] > face.points[[33, 263, 152, 10], 2].max()
    assert face.points[[234, 454], 2].max() < face.points[[33, 263], 2].min()


def test_a_mirrored_photo_mirrors_yaw_and_roll(image, face):
    mirrored = find_faces(Pyramid(np.ascontiguousarray(image[:, ::-1])))[0]
    assert mirrored.yaw == pytest.approx(-face.yaw, abs=2.5)
    assert mirrored.roll == pytest.approx(-face.roll, abs=1.5)
    assert mirrored.eye_centre[0] == pytest.approx(image.shape[1] - 1 - face.eye_centre[0], abs=2)


@pytest.mark.parametrize("angle", [-30, 20, 45])
def test_a_turned_photo_turns_the_roll(image, face, angle):
    matrix = cv2.getRotationMatrix2D((256, 150), -angle, 1)
    turned = find_faces(Pyramid(cv2.warpAffine(image, matrix, (512, 512))))[0]
    assert turned.roll == pytest.approx(face.roll + angle, abs=3)


@pytest.mark.parametrize("scale", [0.3, 0.6, 2.0, 4.0])
def test_the_size_of_the_photo_does_not_matter(image, face, scale):
    found = find_faces(Pyramid(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)))[0]
    assert np.abs(found.points[:, :2] / scale - face.points[:, :2]).mean() < 0.06 * face.inter_eye


def test_a_face_of_forty_pixels_in_a_large_photo_is_found(image):
    canvas = np.full((1500, 2000, 3), 90, np.uint8)
    canvas[700:870, 1500:1670] = cv2.resize(image, (170, 170), interpolation=cv2.INTER_AREA)
    faces = find_faces(Pyramid(canvas))
    assert len(faces) == 1
    assert 1500 < faces[0].eye_centre[0] < 1670


def test_several_faces_are_found_the_largest_first(image):
    small = cv2.resize(image[:256, 100:356], (128, 128), interpolation=cv2.INTER_AREA)
    canvas = np.full((300, 700, 3), 120, np.uint8)
    canvas[:256, :256] = image[:256, 100:356]
    canvas[100:228, 300:428] = small
    canvas[100:228, 500:628] = small
    faces = find_faces(Pyramid(canvas))
    assert len(faces) == 3
    assert faces[0].eye_centre[0] < 256


@pytest.mark.parametrize("shape", [(64, 64), (300, 400)])
def test_noise_and_emptiness_hold_no_face(shape):
    noise = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    assert find_faces(Pyramid(noise)) == []
    assert find_faces(Pyramid(np.zeros((*shape, 3), np.uint8))) == []


def test_a_moved_face_moves_with_the_transform(face):
    matrix = np.array([[2.0, 0, 10], [0, 2.0, -5]])
    moved = face.moved(matrix)
    assert moved.eye_centre == pytest.approx(face.eye_centre * 2 + (10, -5), abs=1e-3)
    assert moved.head_height == pytest.approx(2 * face.head_height, rel=1e-4)
    assert moved.yaw == pytest.approx(face.yaw, abs=0.01)
