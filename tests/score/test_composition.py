"""Composition: each measure answers to its own cause, sentences say what is seen, and a crop mends what it can."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core.enhance.crop import Crop
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.score import composition
from headshot_core.score.composition import Shot, judged, shot
from headshot_core.score.look import Look
from headshot_core.score.report import Pillar, applied


@pytest.fixture(scope="module")
def good(astronaut) -> Shot:
    """A crop to head and shoulders."""
    return shot(Crop().window(Study(astronaut), 640))


def by_name(measures) -> dict:
    return {measure.name: measure for measure in measures}


def points(measures) -> float:
    return Pillar("", "", tuple(measures), 1).score


def moved(seen: Shot, scale=1.0, x=0.0, y=0.0, turned=0.0) -> Shot:
    """The person scaled, moved by shares of the frame, and turned about the face's middle (degrees, clockwise)."""
    middle = tuple(float(v) for v in seen.face.eye_centre)
    matrix = cv2.getRotationMatrix2D(middle, -turned, scale)
    matrix[:, 2] += (x * seen.width, y * seen.height)
    hair, body = (scale * (value - middle[1]) + middle[1] + y * seen.height for value in (seen.hair_top, seen.body_end))
    return replace(seen, face=seen.face.moved(matrix), hair_top=hair, body_end=body)


def yawed(seen: Shot, degrees: float) -> Shot:
    """The head turned to the viewer's right."""
    turn, (x, _, z) = np.radians(degrees), (seen.face.points - seen.face.points.mean(0)).T
    places = seen.face.points.copy()
    places[:, 0] += (np.cos(turn) - 1) * x + np.sin(turn) * z
    places[:, 2] += (np.cos(turn) - 1) * z - np.sin(turn) * x
    return replace(seen, face=replace(seen.face, points=places))


def test_head_and_shoulders_are_well_composed(good):
    assert points(judged(good)) > 97
    assert all(0 <= measure.score <= 100 and measure.says.endswith(".") for measure in judged(good))


CAUSES = {
    "head_size": [{"scale": 1 / far} for far in (2, 2.5, 3, 4)],
    "centring": [{"x": aside} for aside in (0.1, 0.18, 0.25, 0.33)],
    "headroom": [{"y": -up} for up in (0.05, 0.1, 0.15, 0.2)],
    "tilt": [{"turned": degrees} for degrees in (10, 15, 20, 26)],
    "inside": [{"x": aside} for aside in (0.31, 0.33, 0.35, 0.37)],
    "eye_line": [{"y": down} for down in (0.22, 0.28, 0.34, 0.4)],
    "shoulders": [{"y": down} for down in (0.32, 0.36, 0.4, 0.44)],
}


@pytest.mark.parametrize("name", CAUSES)
def test_a_measure_falls_with_its_cause(good, name):
    shots = [moved(good, **cause) for cause in CAUSES[name]]
    scores = [by_name(judged(one))[name].score for one in (good, *shots)]
    assert scores[0] == 100
    assert all(later < earlier for earlier, later in pairwise(scores))
    totals = [points(judged(one)) for one in (good, *shots)]
    assert totals == sorted(totals, reverse=True)
    assert by_name(judged(shots[-1]))[name].says != by_name(judged(good))[name].says


def test_a_turn_of_the_photo_is_no_fault_of_the_place(good):
    found = by_name(judged(moved(good, turned=20)))
    assert found["tilt"].lost > 10
    assert sum(measure.lost for measure in found.values()) - found["tilt"].lost < 5


def test_a_wide_and_a_tall_picture_lose_a_little(good):
    wide, tall = replace(good, width=2 * good.height), replace(good, height=3 * good.width)
    assert "wide" in composition.shape(wide).says
    assert "tall" in composition.shape(tall).says
    assert 0 < composition.shape(wide).lost < 10


def test_hair_that_the_photo_cuts(good):
    touching = moved(good, y=-good.hair_top / good.height)
    cut = replace(touching, hair_cut=True)
    assert composition.headroom(touching).score < 100
    assert composition.headroom(cut).score <= composition.headroom(touching).score


def test_room_to_look_into_is_no_fault(good):
    """A head that looks to the right may stand left, but not right, of the middle."""
    turned = yawed(good, 20)
    assert turned.face.yaw > composition.TURNED
    shift = 0.12 - (turned.centre / turned.width - 0.5)
    right, left = moved(turned, x=shift), moved(turned, x=shift - 0.24)
    assert composition.centring(left).score == 100
    assert "open space" in composition.centring(left).says
    assert composition.centring(right).score < 100


def test_a_body_that_ends_in_the_picture_floats(good):
    floating = replace(good, body_end=float(good.face.chin[1]) + 0.2 * good.head, height=2 * good.height)
    assert composition.shoulders(floating).score < 60
    assert "float" in composition.shoulders(floating).says


def test_three_quarter_view_is_fine_and_a_profile_is_not(good):
    def seen(yaw):
        return composition.turn(yawed(good, yaw))

    assert seen(30).score == 100
    assert "three-quarter" in seen(30).says
    assert seen(55).score < 60


# The fix.


def test_a_fix_raises_the_very_measures_that_offer_it(astronaut):
    study = Study(astronaut)
    before = composition.measures(Look(study))
    offering = [measure for measure in before if measure.fix]
    assert offering  # the example's eyes lie near the upper edge
    for measure in offering:
        after = by_name(composition.measures(Look(study, applied(Stack(), measure.fix))))
        assert after[measure.name].score > measure.score
        assert points(after.values()) > points(before)


def test_the_frame_in_use_stays(astronaut):
    small = Stack(steps=[Crop(frame="team", zoom=0.5)])
    fixes = [m.fix for m in composition.measures(Look(Study(astronaut), small)) if m.fix]
    assert all(fix.settings["crop"]["frame"] in ("team", "whole") for fix in fixes)


def test_light_and_noise_do_not_move_it(astronaut):
    pixels = astronaut.pixels / 255
    noise = np.random.default_rng(0).normal(0, 0.06, pixels.shape)
    before = points(judged(shot(Study(astronaut).whole(640))))
    for changed in (0.4 * pixels, np.clip(1.6 * pixels, 0, 1), np.clip(pixels + noise, 0, 1)):
        study = Study(analyse(read_photo(Image.fromarray(np.uint8(255 * changed)))))
        assert abs(points(judged(shot(study.whole(640)))) - before) < 5


def test_every_portrait_is_mended_or_good(portraits):
    for path in portraits:
        study = Study(analyse(read_photo(path)))
        before = composition.measures(Look(study))
        fixes = [measure.fix for measure in before if measure.fix]
        after = composition.measures(Look(study, applied(Stack(), *fixes)))
        assert points(after) > points(before) if fixes else points(after) == points(before)
