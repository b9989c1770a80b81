"""Poses by name and slider, and skeletons: of the figure and of people in photos."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.generate.figure import Stance, render
from headshot_core.generate.pose import FACE, MIRRORED_BODY, NAMES, POSES, of_figure, of_photo, placing, stance_of
from headshot_core.recipe import Frame, Pose
from tests.conftest import EXAMPLE

SIZE = (400, 500)


def test_every_pose_has_a_stance_within_the_sliders():
    for name in NAMES[:-1]:
        stance = stance_of(Pose(name=name))
        Pose(yaw=stance.yaw, pitch=stance.pitch, roll=stance.roll, shoulders=stance.shoulders, lean=stance.lean)
    assert stance_of(Pose()) == Stance()


def test_left_and_right_are_mirrored():
    for name, held in POSES.items():
        if name.endswith("-left"):
            assert POSES[name.replace("left", "right")].stance == held.stance.mirrored
            assert held.stance.yaw < 0


def test_sliders_override_the_named_pose():
    stance = stance_of(Pose(name="three-quarter-left", yaw=5, roll=0, distance=1.5))
    named = POSES["three-quarter-left"].stance
    assert (stance.yaw, stance.roll, stance.shoulders) == (5, 0, named.shoulders)
    assert stance.distance == 1.5 * named.distance


def test_an_unknown_pose_names_the_near_ones():
    with pytest.raises(HeadshotError, match="three-quarter-left") as error:
        stance_of(Pose(name="Three_quarter left"))
    assert "no pose called" in error.value.what
    with pytest.raises(HeadshotError, match="straight"):
        stance_of(Pose(name="xyzzy"))


@pytest.mark.parametrize("name", [name for name in POSES if name != "free"])
def test_skeleton_points_land_on_the_figure(name):
    stance = POSES[name].stance
    figure = render(stance, SIZE, Frame())
    skeleton = of_figure(figure)
    assert skeleton.body.shape == (18, 3)
    assert skeleton.face.shape == (70, 2)
    covered = cv2.dilate(figure.alpha, np.ones((5, 5), np.uint8))  # a nose in profile lies on the outline
    for x, y, _ in skeleton.body[skeleton.body[:, 2] > 0]:
        assert covered[int(y), int(x)] > 0.9
    inside = (skeleton.face >= 0).all(1) & (skeleton.face < SIZE).all(1)
    x, y = skeleton.face[inside].astype(int).T
    assert (covered[y, x] > 0.9).mean() > 0.95
    assert skeleton.body[14, :2] == pytest.approx(skeleton.face[68], abs=0.01)  # the right eye is the right pupil


def test_a_mirrored_stance_gives_a_mirrored_skeleton():
    stance = Stance(20, 5, 8, 30, 4)
    one, other = (of_figure(render(s, SIZE, Frame())) for s in (stance, stance.mirrored))
    back = other.body[list(MIRRORED_BODY)] * (-1, 1, 1) + (SIZE[0], 0, 0)
    assert one.body == pytest.approx(back, abs=1.5)


def test_the_faces_points_follow_the_order_of_300w():
    """Jaw from ear to ear over the chin, brows above eyes above nose above lips; the viewer's left first."""
    points = render(Stance(), SIZE, Frame()).points[list(FACE), :2]
    jaw, brows, nose, eyes, lips = points[:17], points[17:27], points[27:36], points[36:48], points[48:68]
    assert (np.diff(jaw[1:-1, 0]) > 0).all()
    assert jaw[8, 1] == jaw[:, 1].max()
    assert (np.diff(brows[:, 0]) > 0).all()
    assert (np.diff(nose[4:, 0]) > 0).sum() >= 4
    assert brows[:, 1].mean() < eyes[:, 1].mean() < nose[-5:, 1].mean() < lips[:, 1].mean() < jaw[8, 1]
    assert np.linalg.norm(points[68] - eyes[:6].mean(0)) < 3
    assert np.linalg.norm(points[69] - eyes[6:].mean(0)) < 3


def test_a_photos_skeleton_stands_in_the_frame(astronaut):
    skeleton = of_photo(astronaut, SIZE, Frame())
    assert skeleton.body[[14, 15], 1].mean() == pytest.approx(0.365 * SIZE[1], abs=8)  # the rule's eye line
    matrix = placing(astronaut, SIZE, Frame())
    # Where one sees them in the photo: pupils, and the joints inside the suit.
    for point, seen, near in ((14, (204, 101), 3), (15, (247, 103), 3), (2, (105, 238), 20), (5, (310, 240), 20)):
        there = matrix[:, :2] @ seen + matrix[:, 2]
        assert np.linalg.norm(skeleton.body[point, :2] - there) < near * matrix[0, 0]
        assert skeleton.body[point, 2] == 1
    assert not skeleton.body[[9, 10, 12, 13], 2].any()  # no legs in the photo


def test_the_pose_of_a_photo_is_copied(model_files, astronaut):
    stance = stance_of(Pose(name="photo", image=str(EXAMPLE), yaw=30))
    assert stance.yaw == 30
    assert stance.roll == pytest.approx(astronaut.face.roll, abs=0.5)
    assert abs(stance.shoulders) < 25


def test_a_photo_that_cannot_be_copied_is_told_without_its_folder(tmp_path):
    with pytest.raises(HeadshotError, match="names no photo"):
        stance_of(Pose(name="photo"))
    with pytest.raises(HeadshotError, match="cannot be read") as error:
        stance_of(Pose(name="photo", image=str(tmp_path / "gone.jpg")))
    assert str(tmp_path) not in str(error.value)
    Image.new("RGB", (300, 300), "grey").save(tmp_path / "empty.png")
    with pytest.raises(HeadshotError, match="No face"):
        stance_of(Pose(name="photo", image=str(tmp_path / "empty.png")))
