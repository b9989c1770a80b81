"""Whose face is it? What is found in a photo, and what is said where nothing can be made of it."""

import numpy as np
import pytest
from bad_inputs import FACES
from PIL import Image

from headshot_core import portrait as portrait_module
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.progress import CancelToken
from headshot_core.recipe import Frame, Light, Recipe
from headshot_core.studio.engine import make

pytestmark = pytest.mark.usefixtures("model_files")
RECIPE = Recipe(frame=Frame(width=160, height=200), light=Light(pattern="loop"))


@pytest.mark.parametrize("case", FACES, ids=str)
def test_every_photo_gives_a_headshot_or_a_plain_sentence(case):
    photo = read_photo(case.make())
    try:
        portrait = analyse(photo)
        shot = make(portrait, RECIPE)
    except HeadshotError as error:
        assert not case.faces, f"{case.faces} faces were there: {error}"
        assert error.what
        assert error.todo
    else:
        assert case.faces in (None, len(portrait.faces))
        assert np.isfinite(shot.picture).all()
        assert shot.shot.alpha.max() > 0.9, "an empty backdrop is no headshot"


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_photo_on_its_side_is_turned_upright(astronaut, angle):
    turned = read_photo(astronaut.photo.image.rotate(angle, expand=True))
    portrait = analyse(turned)
    assert abs(portrait.face.roll - astronaut.face.roll) < 2
    assert any("upright" in note for note in portrait.photo.notes)


def test_a_face_that_seems_to_lie_however_it_is_turned_ends_all_the_same(astronaut, monkeypatch):
    quarter = astronaut.face.moved(np.array([[0.0, -1, 511], [1, 0, 0]]))
    monkeypatch.setattr(portrait_module, "find_faces", lambda *_: [quarter])
    assert portrait_module._find(astronaut.photo, "selfie").faces == (quarter,)


def test_a_face_cut_by_the_edge_is_refused(astronaut):
    x = round(float(astronaut.face.points[1, 0]))
    with pytest.raises(HeadshotError, match="cuts through the face|No face"):
        analyse(read_photo(astronaut.photo.image.crop((x + 5, 0, 512, 512))))


@pytest.fixture(scope="module")
def pair(astronaut):
    """Two people, the left one larger, on one canvas without a gap."""
    canvas = Image.new("RGB", (840, 512), "#8899aa")
    canvas.paste(astronaut.photo.image, (0, 0))
    canvas.paste(astronaut.photo.image.resize((328, 328)), (512, 184))
    return analyse(read_photo(canvas))


def test_the_largest_face_is_taken_and_another_can_be_chosen(pair):
    assert len(pair.faces) == 2
    assert pair.face.eye_centre[0] < 512
    other = pair.with_face(1)
    assert other.face.eye_centre[0] > 512
    with pytest.raises(HeadshotError, match="no face 3"):
        pair.with_face(2)


def test_each_persons_cut_out_leaves_the_other_behind(pair):
    for index in (0, 1):
        portrait = pair.with_face(index)
        matte, other = portrait.matte, pair.faces[1 - index]
        x, y = (matte.matrix[:, :2] @ other.eye_centre + matte.matrix[:, 2]).round().astype(int)
        if 0 <= y < matte.alpha.shape[0] and 0 <= x < matte.alpha.shape[1]:
            assert matte.alpha[y, x] < 0.05


@pytest.mark.parametrize("mask", ["selfie", "salient"])
def test_both_masks_find_the_person(astronaut_photo, mask):
    portrait = analyse(astronaut_photo, mask=mask)
    x, y = (portrait.matte.matrix[:, :2] @ portrait.face.chin + portrait.matte.matrix[:, 2]).round().astype(int)
    assert portrait.matte.alpha[y - 3, x] > 0.95
    assert portrait.matte.alpha[:5].mean() < 0.05


@pytest.mark.parametrize("mask", ["nonsense", "rembg:no-such-model"])
def test_an_unknown_mask_is_refused(astronaut_photo, mask):
    with pytest.raises(HeadshotError, match="nonsense|rembg"):
        analyse(astronaut_photo, mask=mask)


def test_a_cancel_is_heard_between_the_steps(astronaut_photo):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        analyse(astronaut_photo, cancel=token)


def test_hair_ends_above_the_face_and_inside_the_photo(astronaut):
    assert 0 < astronaut.hair_top < astronaut.face.points[10, 1]
