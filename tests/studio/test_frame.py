"""A framed person: pixels where the transform says, alpha that is whole, and notes that are true."""

import numpy as np
import pytest
from PIL import Image

from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.recipe import Frame
from headshot_core.studio.frame import framed


def test_a_frame_is_computed_once(astronaut):
    assert framed(astronaut, Frame(name="email")) is framed(astronaut, Frame(name="email"))


def test_the_face_lies_where_the_pixels_show_it(astronaut):
    """Landmarks found anew in the frame agree with the moved ones."""
    shot = framed(astronaut, Frame(width=512, height=640))
    again = analyse(read_photo(Image.fromarray((shot.pixels * 255).round().clip(0, 255).astype(np.uint8)))).face
    assert np.abs(again.points[:, :2] - shot.face.points[:, :2]).mean() < 0.03 * shot.face.inter_eye


def test_fine_and_coarse_frames_show_the_same_cut_out(astronaut):
    large, small = (framed(astronaut, Frame(height=h)).alpha for h in (1024, 256))
    shrunk = np.asarray(Image.fromarray(large).resize(small.shape[::-1], Image.Resampling.BOX))
    assert np.abs(shrunk - small).mean() < 0.01


def test_the_background_plate_has_no_person(astronaut):
    shot = framed(astronaut, Frame(width=256, height=320), inside=True)
    x, y = shot.face.eye_centre.round().astype(int)
    wall = shot.background[:40].reshape(-1, 3).mean(0)
    assert np.abs(shot.background[y, x] - wall).max() < 0.25
    outside = shot.alpha < 0.01
    assert np.abs(shot.background - shot.background.clip(0, 1))[outside].max() < 1e-3


@pytest.mark.parametrize(("factor", "word"), [(0.12, "dark"), (6.0, "burnt")])
def test_bad_exposure_is_said(astronaut, factor, word):
    linear = (np.asarray(astronaut.photo.image) / 255.0) ** 2.2 * factor
    photo = read_photo(Image.fromarray((linear.clip(0, 1) ** (1 / 2.2) * 255).astype(np.uint8)))
    notes = framed(analyse(photo), Frame(width=160, height=200)).notes
    assert any(word in note for note in notes)
    assert not framed(astronaut, Frame(width=160, height=200)).notes
