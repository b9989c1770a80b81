"""The 3D reading: a face has a nose in front, cheeks that fall away, and normals that agree with its depth."""

import numpy as np
import pytest

from headshot_core.recipe import Frame
from headshot_core.studio.frame import framed
from headshot_core.studio.geometry import normals_of


@pytest.fixture(scope="module")
def shot(astronaut):
    return framed(astronaut, Frame(width=256, height=320))


def place(shot, index: int) -> tuple[int, int]:
    x, y = (shot.face.points[index, :2] * shot.shading.shape.scale).round().astype(int)
    return y, x


def test_the_nose_is_in_front_of_cheeks_ears_and_shoulders(shot):
    depth = shot.shading.shape.depth
    nose, cheek, ear = (depth[place(shot, i)] for i in (4, 50, 234))
    assert nose > cheek > ear
    assert nose > depth[-3].max()


def test_cheeks_face_their_own_side_and_the_forehead_looks_up(shot):
    normals = shot.shading.shape.normals
    assert normals[place(shot, 123)][0] < -0.25
    assert normals[place(shot, 352)][0] > 0.25
    assert normals[place(shot, 10)][1] < 0
    assert normals[place(shot, 9)][2] > 0.8


def test_normals_are_unit_vectors_toward_the_camera(shot):
    normals = shot.shading.shape.normals
    assert np.linalg.norm(normals, axis=-1) == pytest.approx(1, abs=1e-4)
    assert normals[..., 2].min() > 0


def test_there_is_no_seam_at_the_rim_of_the_face(shot):
    """Depth bends no more sharply along the jaw than it does across the face."""
    depth = shot.shading.shape.depth
    bend = np.abs(np.diff(depth, 2, axis=1))
    row = place(shot, 1)[0]
    left, right = place(shot, 234)[1], place(shot, 454)[1]
    rim = max(bend[row, left - 3 : left + 3].max(), bend[row, right - 3 : right + 3].max())
    assert rim < 1.5 * bend[row, left + 4 : right - 4].max()


def test_normals_of_a_ball_point_away_from_its_middle():
    y, x = np.mgrid[-20:21, -20:21].astype(np.float32)
    ball = np.sqrt(np.maximum(40.0**2 - x**2 - y**2, 1)).astype(np.float32)
    normals = normals_of(ball, 0.5)
    truth = np.stack([x, y, ball], -1) / 40
    assert np.abs(normals - truth)[3:-3, 3:-3].max() < 0.02
