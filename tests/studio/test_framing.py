"""Framing: the rule is kept where the photo allows it, and no cut through the body shows where it can be hidden."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headshot_core.errors import HeadshotError
from headshot_core.face.landmarks import Face
from headshot_core.recipe import Frame
from headshot_core.studio.framing import FRAMES, place, rule_of, size_of

NOTHING = np.zeros((0, 2))


def shown(framing, point) -> np.ndarray:
    """Where a point of the photo lies in the frame, in shares of its width and height."""
    return (framing.matrix[:, :2] @ point + framing.matrix[:, 2]) / framing.size


def frame_of(portrait, name: str, contacts=NOTHING, **more):
    face = portrait.face
    frame = Frame(name=name, **more)
    return place(face, contacts, float(face.crown[1]), (512, 512), frame, inside=False)


@pytest.mark.parametrize("name", FRAMES)
def test_head_and_eyes_stand_by_the_rule(astronaut, name):
    framing, rule = frame_of(astronaut, name), FRAMES[name]
    head = np.linalg.norm(shown(framing, astronaut.face.crown) - shown(framing, astronaut.face.chin))
    eyes = shown(framing, astronaut.face.eye_centre)
    assert framing.size == (rule.width, rule.height)
    assert head == pytest.approx(rule.head, rel=0.12)
    assert eyes[1] == pytest.approx(rule.eyes, abs=0.05)
    assert eyes[0] == pytest.approx(0.5, abs=0.05)


def test_an_id_picture_keeps_the_icao_head_height(astronaut):
    framing = frame_of(astronaut, "id")
    top, chin = shown(framing, astronaut.face.crown), shown(framing, astronaut.face.chin)
    assert 0.70 <= chin[1] - top[1] <= 0.80


@pytest.mark.parametrize("name", [name for name, rule in FRAMES.items() if rule.circle])
def test_a_circle_holds_the_whole_head(astronaut, name):
    framing = frame_of(astronaut, name)
    for point in (astronaut.face.crown, astronaut.face.chin, *astronaut.face.points[[234, 454], :2]):
        assert np.linalg.norm(shown(framing, point) - 0.5) < 0.5


@given(st.floats(-25, 25))
@settings(max_examples=15, deadline=None)
def test_a_tilted_head_is_straightened_up_to_the_limit(astronaut, tilt):
    angle = np.radians(tilt)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]])
    face = astronaut.face.moved(turn)
    framing = place(face, NOTHING, float(face.crown[1]), (2000, 2000), Frame(), inside=False)
    assert abs(face.moved(framing.matrix).roll) == pytest.approx(max(abs(face.roll) - 12, 0), abs=0.2)


def bust(width: int, height: int, left: bool, right: bool) -> np.ndarray:
    """Cuts along the bottom and, from shoulder height, along the sides of a photo."""
    x, y = np.linspace(0, width - 1, 40), np.linspace(height * 0.8, height - 1, 15)
    cuts = [np.stack([x, 0 * x + height - 1], 1)]
    cuts += [np.stack([0 * y, y], 1)] * left + [np.stack([0 * y + width - 1, y], 1)] * right
    return np.concatenate(cuts)


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize(("left", "right"), [(False, False), (True, False), (False, True)])
def test_no_cut_shows_inside_the_frame(astronaut, name, left, right):
    face = astronaut.face
    width, height = 420, 470
    shift = np.array([[1, 0, 210 - face.eye_centre[0]], [0, 1, 170 - face.eye_centre[1]]])
    face = face.moved(shift)
    cuts = bust(width, height, left, right)
    framing = place(face, cuts, float(face.crown[1]), (width, height), Frame(name=name), inside=False)
    places = np.array([shown(framing, cut) for cut in cuts])
    inset = np.minimum(places, 1 - places).min(1)
    assert inset.max() < 0.04
    assert not any("no crop hides" in note for note in framing.notes)


def test_what_cannot_be_hidden_is_said(astronaut):
    face = astronaut.face.moved(np.array([[1, 0, 60 - 224], [0, 1, 90 - 115]]))
    around = np.array([[x, y] for x in (0, 119) for y in range(10, 170, 8)])
    framing = place(face, around, 5.0, (120, 170), Frame(name="speaker"), inside=False)
    assert any("cuts" in note for note in framing.notes)


def test_the_own_background_is_never_left(astronaut):
    face = astronaut.face
    framing = place(face, NOTHING, float(face.crown[1]), (512, 512), Frame(name="resume"), inside=True)
    inverse = np.linalg.inv(np.vstack([framing.matrix, [0, 0, 1]]))
    width, height = framing.size
    corners = [(inverse @ (x, y, 1))[:2] for x in (0, width) for y in (0, height)]
    assert np.min(corners) > -12
    assert np.max(corners) < 524


def test_zoom_and_shift_do_what_they_say(astronaut):
    plain = frame_of(astronaut, "free")
    larger = frame_of(astronaut, "free", zoom=1.3)
    moved = frame_of(astronaut, "free", shift_x=0.1, shift_y=0.05)
    assert np.linalg.det(larger.matrix[:, :2]) > 1.4 * np.linalg.det(plain.matrix[:, :2])
    step = shown(moved, astronaut.face.eye_centre) - shown(plain, astronaut.face.eye_centre)
    assert step == pytest.approx([0.1, 0.05], abs=0.02)


def test_sizes_keep_the_aspect_unless_both_are_given():
    assert size_of(Frame(name="team")) == (1200, 1500)
    assert size_of(Frame(name="team", width=240)) == (240, 300)
    assert size_of(Frame(name="team", height=150)) == (120, 150)
    assert size_of(Frame(name="free", width=300, height=100)) == (300, 100)


def test_an_unknown_frame_is_refused_with_the_names():
    with pytest.raises(HeadshotError, match="linkedin"):
        rule_of(Frame(name="nonsense"))


def test_a_face_enlarged_much_is_said(astronaut):
    assert any("enlarged" in note for note in frame_of(astronaut, "team").notes)


def test_faces_are_plain_data(astronaut):
    assert isinstance(astronaut.face.moved(np.eye(3)[:2]), Face)
