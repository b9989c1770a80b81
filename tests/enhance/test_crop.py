"""Crop: heads by the frame's rule, at the size asked for, upright, whatever the photo's size."""

import numpy as np
import pytest
from PIL import Image

from headshot_core.enhance.crop import Crop
from headshot_core.enhance.engine import enhance
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.studio.framing import FRAMES

HEADSHOTS = [name for name in FRAMES if name != "free"]


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


@pytest.fixture(scope="module")
def roomy(astronaut, astronaut_photo) -> Study:
    """The example with so much room about it that every frame fits: nothing bends the rule."""
    pixels = np.pad(astronaut_photo.image, ((150, 0), (400, 400), (0, 0)), "edge")
    return Study(analyse(read_photo(Image.fromarray(pixels))))


def heads(window) -> tuple[float, float]:
    """The head's height and the eyes' place from the top, shares of the picture's height."""
    height = window.shape[0]
    return window.face.head_height / height, float(window.face.eye_centre[1]) / height


@pytest.mark.parametrize("name", HEADSHOTS)
def test_head_and_eyes_stand_by_the_frames_rule(roomy, name):
    rule, window = FRAMES[name], Crop(frame=name).window(roomy, 600)
    head, eyes = heads(window)
    assert head == pytest.approx(rule.head, rel=0.15)
    assert eyes == pytest.approx(rule.eyes, abs=0.06)
    assert window.size[0] / window.size[1] == pytest.approx(rule.width / rule.height, rel=0.01)


@pytest.mark.parametrize("name", [*HEADSHOTS, "whole"])
@pytest.mark.parametrize("side", [200, 400])
def test_a_preview_has_the_side_asked_for_and_shows_the_same(study, name, side):
    small, full = Crop(frame=name).window(study, side), Crop(frame=name).window(study)
    assert max(small.size) <= side
    assert max(small.size) == min(side, max(full.size)) or small.scale == pytest.approx(1, abs=0.02)
    assert heads(small) == pytest.approx(heads(full), abs=0.01)


def test_no_pixels_are_made_up(study):
    """A photo with few pixels gives a small crop, however large a preview is asked for."""
    for name in HEADSHOTS:
        assert Crop(frame=name).window(study, 5000).scale < 1.05


def test_zoom_makes_the_head_larger(roomy):
    small, plain, large = (heads(Crop(zoom=zoom).window(roomy, 600))[0] for zoom in (0.8, 1, 1.4))
    assert large / plain == pytest.approx(1.4, rel=0.1)
    assert small / plain == pytest.approx(0.8, rel=0.1)


def test_a_leaning_head_is_straightened_only_if_wanted(astronaut_photo, model_files):
    pixels = np.pad(astronaut_photo.image, ((150, 150), (400, 400), (0, 0)), "edge")
    study = Study(analyse(read_photo(Image.fromarray(pixels).rotate(-6, Image.Resampling.BICUBIC))))
    assert abs(study.face.roll) > 4
    upright, leaning = (Crop(straighten=wanted).window(study).face.roll for wanted in (True, False))
    assert abs(upright) < 0.5
    assert leaning == pytest.approx(study.face.roll, abs=0.1)


@pytest.mark.parametrize("name", [*HEADSHOTS, "whole"])
def test_a_tiny_photo_gives_a_tiny_picture(astronaut_photo, model_files, name):
    portrait = analyse(read_photo(astronaut_photo.image.crop((90, 0, 360, 270)).resize((80, 80))))
    picture = enhance(portrait, Stack(steps=[Crop(frame=name)])).picture
    assert 40 <= max(picture.shape) <= 160
    assert picture.std() > 20
