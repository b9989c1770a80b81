"""Expression: eyes, gaze, smile, strain and mouth are read for what they are, and a calm face is no fault."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from headshot_core.enhance.view import Study
from headshot_core.face.landmarks import IRISES, Face
from headshot_core.photo import read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.score import expression, ofiq
from headshot_core.score.look import Look
from headshot_core.score.report import Pillar


def points_of(face: Face, portrait: Portrait) -> tuple[float, dict]:
    """The pillar's score and its measures, for another face in the same photo."""
    other = replace(portrait, faces=(face,), chosen=0)
    measures = expression.measures(Look(Study(other)))
    return Pillar("", "", measures, 1).score, {measure.name: measure for measure in measures}


def with_weights(face: Face, **weights: float) -> Face:
    """The face with other expression weights; a name without side means both."""
    changed = {
        key: next((value for name, value in weights.items() if key.startswith(name)), old)
        for key, old in face.expression.items()
    }
    return replace(face, points=face.points.copy(), expression=changed)


def moved(face: Face, indices, vector) -> Face:
    """The face with some landmarks moved by a vector, in inter-eye distances along the head's own axes."""
    points = face.points.copy()
    points[list(indices)] += (face.inter_eye * np.array(vector) @ face.axes).astype(np.float32)
    return replace(face, points=points)


def with_lids(face: Face, share: float) -> Face:
    """The face with its lids open by a share of what they are."""
    points = face.points.copy()
    for lids in ofiq.LIDS:
        for upper, lower in lids:
            points[upper] = points[lower] + share * (points[upper] - points[lower])
    return replace(face, points=points)


def test_a_friendly_portrait_has_full_marks(astronaut):
    score, seen = points_of(astronaut.face, astronaut)
    assert score == 100
    assert "genuine" in seen["smile"].says


def test_a_calm_face_is_no_fault(astronaut):
    calm = with_weights(astronaut.face, mouth=0.0, jaw=0.0)
    for upper, lower in ofiq.INNER_LIPS:
        calm.points[lower] = calm.points[upper]
    score, seen = points_of(calm, astronaut)
    assert seen["smile"].score == 100
    assert seen["smile"].value is None
    assert score == 100


def test_a_smile_of_the_mouth_alone_costs_something(astronaut):
    wide = with_lids(with_weights(astronaut.face, mouthSmile=0.9, eyeSquint=0.02, eyeBlink=0.02), 1.5)
    score, seen = points_of(wide, astronaut)
    assert seen["smile"].score < 20
    assert 60 < score < 80
    assert "more than the eyes" in seen["smile"].says


def test_narrow_eyes_lose_nothing(astronaut):
    narrow = with_lids(with_weights(astronaut.face, eyeSquint=0.0, eyeBlink=0.0), 0.8)
    _, seen = points_of(narrow, astronaut)
    assert seen["smile"].score == seen["open"].score == 100


def test_closing_eyes_lower_the_score_step_by_step(astronaut):
    scores = [points_of(with_lids(astronaut.face, share), astronaut)[0] for share in (1.0, 0.5, 0.4, 0.3, 0.2)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 50


def test_closed_eyes_say_nothing_of_the_gaze(astronaut):
    _, seen = points_of(with_lids(astronaut.face, 0.1), astronaut)
    assert seen["gaze"].value is None
    assert seen["gaze"].score == 100


@pytest.mark.parametrize("side", [-1, 1])
def test_a_gaze_past_the_camera_is_seen(astronaut, side):
    _, seen = points_of(moved(astronaut.face, IRISES, (0.07 * side, 0, 0)), astronaut)
    assert seen["gaze"].value > 18
    assert seen["gaze"].score < 65
    assert "past the camera" in seen["gaze"].says


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"mouthPress": 0.8}, "lips are pressed"),
        ({"mouthStretch": 0.35}, "drawn wide"),
        ({"mouthFrown": 0.6}, "corners"),
        ({"eyeWide": 0.2}, "startled"),
        ({"browDown": 0.95, "mouthSmile": 0.0}, "brows"),
    ],
)
def test_strain_is_named(astronaut, weights, words):
    _, seen = points_of(with_weights(astronaut.face, **weights), astronaut)
    assert words in seen["relaxed"].says
    assert seen["relaxed"].score < 50


def test_brows_that_come_down_in_a_smile_are_no_strain(astronaut):
    _, seen = points_of(with_weights(astronaut.face, browDown=0.8, mouthSmile=0.9), astronaut)
    assert seen["relaxed"].score == 100


def test_a_mouth_in_mid_word_costs_and_a_laugh_does_not(astronaut):
    lower = [14, 87, 317]
    opened = moved(astronaut.face, lower, (0, 0.15, 0))
    _, talking = points_of(with_weights(opened, mouthSmile=0.0), astronaut)
    _, laughing = points_of(with_weights(opened, mouthSmile=1.0), astronaut)
    assert talking["mouth"].score < 50 < laughing["mouth"].score


@pytest.fixture(scope="module")
def looked_at(portraits) -> dict[str, Portrait]:
    """The portraits by name, analysed once."""
    return {path.stem: analyse(read_photo(path)) for path in portraits}


def test_faces_that_look_at_the_camera_are_known_to_however_they_are_turned(looked_at):
    for name in ("a1", "c1", "d1_generated", "e1_generated", "f1", "f2", "f3"):
        if name in looked_at:
            assert expression.gaze(looked_at[name].face) < expression.AT_CAMERA, name


def test_good_portraits_keep_their_points_but_pressed_lips_are_seen(looked_at):
    for name, portrait in looked_at.items():
        score, seen = points_of(portrait.face, portrait)
        assert score >= 80, name
        if name == "b1":
            assert "lips are pressed" in seen["relaxed"].says
