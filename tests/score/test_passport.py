"""The passport profile: ICAO's limits, each told apart, and the same five pillars as a headshot's."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core.enhance.background import Background
from headshot_core.enhance.crop import Crop
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.upscale import Upscale
from headshot_core.enhance.view import Study
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.score import composition, passport
from headshot_core.score.engine import PILLARS, fixed, score
from headshot_core.score.look import Look
from headshot_core.score.report import applied

PAPER = Background(kind="paper", colour="#e2e4e6", blur=0.0)


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


@pytest.fixture(scope="module")
def found(study) -> dict:
    """What the profile says of the example: a laughing astronaut, small, before a flag and a model of a shuttle."""
    return {measure.name: measure for measure in score(study, profile="passport").measures}


def test_the_pillars_are_those_of_a_headshot(study):
    pillars = passport.pillars(Look(study))
    assert [(p.name, p.title, p.weight) for p in pillars] == [(p.NAME, p.TITLE, p.WEIGHT) for p in PILLARS]


def test_every_rule_says_where_it_comes_from(found):
    assert all(measure.standard and measure.says.endswith(".") for measure in found.values())


def test_a_laughing_astronaut_has_no_passport_photo(found):
    for name in ("eye_distance", "plain", "even_background", "neutral", "mouth_closed", "head_size", "shape"):
        assert found[name].lost > 0, name
    for name in ("eyes_open", "gaze", "turn", "tilt", "exposure", "others", "seen", "uncovered"):
        assert found[name].lost == 0, name


def test_head_coverings_are_told_kindly_and_cost_nothing(found):
    assert found["coverings"].costs == 0
    assert "faith" in found["coverings"].says


def test_a_photo_before_grey_paper_passes_for_the_background(study):
    look = Look(study, Stack(steps=[Crop(frame="id"), PAPER]))
    for rule in (passport.plain, passport.light_background, passport.even_background):
        assert rule(look).score > 95


def test_a_dark_background_is_not_light(study):
    look = Look(study, Stack(steps=[PAPER.model_copy(update={"colour": "#202224"})]))
    assert passport.light_background(look).score == 0
    assert "too dark" in passport.light_background(look).says


def test_pixels_that_were_added_do_not_count(study):
    photo = passport.eye_distance(Look(study))
    enlarged = passport.eye_distance(Look(study, Stack(steps=[Upscale(to="2x", method="plain")])))
    assert enlarged.value == pytest.approx(photo.value, rel=0.02)


def test_fixes_raise_the_score_and_their_own_measures(study):
    before = score(study, profile="passport")
    assert score(study, fixed(study, profile="passport"), "passport").total > before.total + 5
    offers = [measure for measure in before.measures if measure.fix and measure.lost > 0]
    for fix in {measure.fix.title: measure.fix for measure in offers}.values():
        after = {m.name: m for m in score(study, applied(Stack(), fix), "passport").measures}
        for measure in offers:
            assert measure.fix != fix or after[measure.name].score > measure.score, measure.name


def test_a_tilted_photo_is_straightened(astronaut):
    roomy = Image.fromarray(cv2.copyMakeBorder(astronaut.pixels, 150, 0, 120, 120, cv2.BORDER_REPLICATE))
    study = Study(analyse(read_photo(roomy.rotate(-9, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128)))))
    tilt = _tilt(study, Stack())
    assert tilt.score < 80
    assert abs(_tilt(study, applied(Stack(), tilt.fix)).value) < 3


def _tilt(study, stack):
    found = next(pillar for pillar in passport.pillars(Look(study, stack)) if pillar.name == "composition")
    return next(measure for measure in found.measures if measure.name == "tilt")


# Geometry.


@pytest.fixture(scope="module")
def shot(study):
    return composition.shot(Crop(frame="id").window(study, 640))


def rules(shot) -> dict:
    return {measure.name: measure for measure in passport.geometry(shot)}


def test_the_id_frame_keeps_every_rule_of_geometry(shot):
    lost = {name: measure.lost for name, measure in rules(shot).items()}
    assert sum(lost.values()) < 3, lost


def turned(face, degrees: float, axis: int):
    """The face turned about the vertical (0) or the horizontal (1) axis."""
    turn, points = np.radians(degrees), face.points - face.points.mean(0)
    across, depth = points[:, axis].copy(), points[:, 2].copy()
    points[:, axis] = np.cos(turn) * across + np.sin(turn) * depth
    points[:, 2] = np.cos(turn) * depth - np.sin(turn) * across
    return replace(face, points=(points + face.points.mean(0)).astype(np.float32))


@pytest.mark.parametrize(("rule", "axis", "fine", "bad"), [(passport.turn, 0, 4, 15), (passport.nod, 1, 5, 40)])
def test_a_turned_head_fails(shot, rule, axis, fine, bad):
    assert rule(turned(shot.face, fine, axis)).score == 100
    assert rule(turned(shot.face, bad, axis)).score < 50


def test_a_leaning_head_fails(shot):
    def leaning(degrees):
        return shot.face.moved(cv2.getRotationMatrix2D((0, 0), -degrees, 1))

    upright = -shot.face.roll
    assert passport.tilt(leaning(upright + 7)).score == 100
    assert passport.tilt(leaning(upright + 14)).score == pytest.approx(50, abs=1)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_head_of_the_wrong_size_fails(shot, share):
    height = round(shot.head / share)
    assert rules(replace(shot, height=height))["head_size"].score < 5


def test_a_square_is_no_passport_photo(shot):
    assert rules(replace(shot, width=shot.height))["shape"].score == 0


# Expression, on a face that was made neutral.


def test_a_neutral_face_passes(study, monkeypatch, astronaut):
    calm = replace(astronaut.face, expression=dict.fromkeys(astronaut.face.expression, 0.0))
    monkeypatch.setattr(type(study), "face", calm)
    assert passport.neutral(Look(study)).score == 100


def test_two_faces_are_one_too_many(astronaut):
    image = astronaut.photo.image
    pair = Image.new("RGB", (2 * image.width, image.height))
    pair.paste(image, (0, 0))
    pair.paste(image, (image.width, 0))
    look = Look(Study(analyse(read_photo(pair))))
    assert passport.alone(look).lost > 20
    assert passport.alone(Look(look.study, Stack(steps=[Crop(frame="id")]))).lost == 0
