"""Clean background: what is busy, draws the eye or melts into the person is found, and what is no fault is left."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core.enhance.background import Background
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study
from headshot_core.photo import read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.score import background
from headshot_core.score.look import Look
from headshot_core.score.report import Measure, applied


def seen(portrait: Portrait, stack: Stack | None = None) -> dict[str, Measure]:
    return {one.name: one for one in background.measures(Look(Study(portrait), stack))}


def lost(measures: dict[str, Measure]) -> float:
    return sum(one.lost for one in measures.values())


def photographed(pixels: np.ndarray) -> Portrait:
    return analyse(read_photo(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))))


def before_wall(portrait: Portrait, behind: np.ndarray) -> Portrait:
    """The person before something else, sRGB 0..255."""
    person = Study(portrait).whole().person[..., None]
    return photographed(portrait.pixels * person + behind * (1 - person))


@pytest.fixture(scope="module")
def wall(astronaut) -> Portrait:
    """Before an even grey wall."""
    return before_wall(astronaut, np.full(astronaut.pixels.shape, 150.0))


def boxes(portrait: Portrait, contrast: float) -> np.ndarray:
    random, picture = np.random.default_rng(3), np.full(portrait.pixels.shape, 128.0)
    for _ in range(80):
        x, y = random.integers(0, 460, 2)
        picture[y : y + 60, x : x + 50] = 128 + contrast * random.uniform(-120, 120, 3)
    return picture


def test_an_even_wall_is_clean(wall):
    found = seen(wall)
    assert lost(found) < 5
    assert "calm" in found["clutter"].says
    assert "Nobody" in found["others"].says


def test_more_clutter_loses_more(astronaut):
    points = [lost(seen(before_wall(astronaut, boxes(astronaut, contrast)))) for contrast in (0.1, 0.4, 1.0)]
    assert points == sorted(points)
    assert points[-1] > 50


def test_a_studio_backdrop_mends_a_busy_room(astronaut):
    portrait = before_wall(astronaut, boxes(astronaut, 1.0))
    busy = seen(portrait)["clutter"]
    assert busy.score < 60
    assert busy.fix.settings["background"]["kind"] == "studio_grey"
    assert lost(seen(portrait, applied(Stack(), busy.fix))) < 10


def test_blur_is_enough_for_little(astronaut):
    before = seen(astronaut)
    fix = before["clutter"].fix
    assert fix.settings["background"]["kind"] == "own"
    assert seen(astronaut, applied(Stack(), fix))["clutter"].score > before["clutter"].score


def test_lamps_draw_the_eye(wall):
    picture = wall.pixels.copy()
    for centre in ((440, 60), (440, 180), (60, 120)):
        cv2.circle(picture, centre, 14, (255, 235, 150), -1)
    assert seen(photographed(picture))["spots"].score < seen(wall)["spots"].score


def test_lines_into_the_head_are_counted(astronaut):
    striped = np.full(astronaut.pixels.shape, 150.0)
    striped[:, ::60] = striped[:, 15::60] = 40
    for offset in range(15):
        striped[:, offset::60] = 40
    assert seen(before_wall(astronaut, striped))["touching"].value >= 5


def test_a_person_of_the_wall_s_colour_melts_into_it(astronaut):
    person = Study(astronaut).whole().person
    hair = np.median(astronaut.pixels[40:70, 150:220].reshape(-1, 3), 0)
    alike = astronaut.pixels * 0.15 + hair * 0.85
    portrait = photographed(np.where(person[..., None] > 0.02, astronaut.pixels, alike))
    assert person.shape == portrait.pixels.shape[:2]
    dark = Stack(steps=(Background(kind="studio_grey", brightness=0.0),))
    assert seen(portrait)["separation"].value < seen(portrait, dark)["separation"].value


def test_other_people_are_counted_and_a_backdrop_hides_them(astronaut):
    """The example's own face, moved aside and a little smaller, stands for another person."""
    other = astronaut.face.moved(np.array([[0.5, 0, 250.0], [0, 0.5, 20.0]]))
    look = Look(Study(astronaut))
    study = SimpleNamespace(portrait=SimpleNamespace(faces=(astronaut.face, other), face=astronaut.face))
    crowd = SimpleNamespace(stack=Stack(), study=study, whole=look.whole)
    assert background._others(crowd) == [pytest.approx(0.5, abs=0.01)]
    crowd.stack = Stack(steps=(Background(kind="studio_grey"),))
    assert background._others(crowd) == []


def test_a_tight_crop_has_no_background_to_blame(astronaut):
    x0, y0, x1, y1 = (int(v) for v in astronaut.face.box)
    tight = seen(photographed(astronaut.pixels[y0 + 4 : y1, x0 + 4 : x1 - 4]))
    assert lost(tight) == 0
    assert tight["clutter"].value is None


def test_dark_grainy_or_soft_pictures_have_the_same_background(astronaut):
    clean, pixels = lost(seen(astronaut)), astronaut.pixels.astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 15, pixels.shape)
    for spoilt in (pixels * 0.6, pixels + noise, cv2.GaussianBlur(pixels, (0, 0), 1.5)):
        assert abs(lost(seen(photographed(spoilt))) - clean) < 5
