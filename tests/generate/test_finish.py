"""Finishing: the own face in a drawn one, light, look, retouching, size; and what is said where one cannot be done."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from headshot_core import assets
from headshot_core.colour import to_lab
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.face import identity
from headshot_core.face.landmarks import find_faces
from headshot_core.generate import finish as module
from headshot_core.generate.finish import finish
from headshot_core.photo import to_bytes, to_float
from headshot_core.progress import CancelToken
from headshot_core.pyramid import Pyramid
from headshot_core.recipe import Frame, Generate, Grade, Light, Recipe
from headshot_core.studio.engine import make

SIZE = 320, 400


def recipe(size=SIZE, **changes):
    light, grade = changes.pop("light", Light()), changes.pop("grade", Grade())
    frame = Frame(width=size[0], height=size[1])
    return Recipe(frame=frame, light=light, grade=grade, generate=Generate(**changes))


@pytest.fixture(scope="module")
def head(astronaut):
    """The person as the studio shows them, float32."""
    return make(astronaut, recipe()).picture


@pytest.fixture(scope="module")
def stranger(head):
    """The same head with another face, as a model might draw it: broader, with another nose, mouth and distance of the
    eyes."""
    face = find_faces(Pyramid(to_bytes(head)))[0]
    y, x = np.mgrid[: head.shape[0], : head.shape[1]].astype(np.float32)
    (cx, cy), unit = face.points[4, :2], face.inter_eye
    u, v = (x - cx) / unit, (y - cy) / unit
    inside = np.exp(-((u / 1.1) ** 4 + (v / 1.3) ** 4)).astype(np.float32)
    dx = unit * inside * (0.25 * u * np.cos(2.2 * v) + 0.05 * np.sin(3 * v))
    dy = unit * inside * (0.18 * np.sin(2.6 * v) * np.cos(1.5 * u))
    return cv2.remap(head, x + dx, y + dy, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101).clip(0, 1)


@pytest.fixture(scope="module")
def nobody():
    """A drawing without a face, as untrained models make them."""
    noise = np.random.default_rng(0).random((SIZE[1], SIZE[0], 3), np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 4)


def distance(portrait, picture):
    pixels = to_bytes(picture)
    return identity.distance(portrait.embedding, identity.embed(pixels, find_faces(Pyramid(pixels))[0]))


# The own face.


def test_the_own_face_comes_closer_to_the_photo(astronaut, stranger):
    """Blended in, the identity distance falls by nearly half, and by less where less is asked for."""
    before = distance(astronaut, stranger)
    half = distance(astronaut, finish(stranger, recipe(blend=0.5), astronaut).picture)
    full = finish(stranger, recipe(blend=1.0), astronaut)
    assert full.notes == ()
    assert distance(astronaut, full.picture) < 0.55 * before
    assert distance(astronaut, full.picture) < half < before


def test_nothing_outside_the_face_changes(astronaut, stranger):
    """Hair, neck, clothes and background are the drawing's, to the bit."""
    result = finish(stranger, recipe(blend=1.0), astronaut).picture
    face = find_faces(Pyramid(to_bytes(stranger)))[0]
    inside = module.regions.polygon(face, module.regions.OVAL, result.shape[:2], 0.02)
    assert np.array_equal(result[~inside], stranger[~inside])
    assert np.abs(result - stranger)[inside].mean() > 0.005


def test_the_blended_face_keeps_the_drawings_light(astronaut, stranger):
    """In a dark, warm drawing the face is dark and warm: its broad tone moves by little."""
    dim = stranger * np.float32([0.75, 0.68, 0.6])
    result = finish(dim, recipe(blend=1.0), astronaut).picture
    face = find_faces(Pyramid(to_bytes(dim)))[0]
    inside = module.regions.cheeks(face, dim.shape[:2])
    before, after = (to_lab(picture)[inside].mean(0) for picture in (dim, result))
    assert np.abs(after - before).max() < 3


def test_real_faces_are_told_apart_by_their_turn(astronaut, portraits):
    """A head that is turned another way is left as drawn, with a note."""
    from headshot_core.photo import read_photo
    from headshot_core.portrait import analyse

    path = next((path for path in portraits if path.stem == "f1"), None)
    if path is None:
        pytest.skip("no turned portrait")
    drawn = make(analyse(read_photo(path)), recipe()).picture
    result = finish(drawn, recipe(blend=1.0), astronaut)
    assert np.array_equal(result.picture, drawn)
    assert result.notes == (
        "The drawn head is turned another way than in your photo: your own face was not blended in.",
    )


def test_closed_eyes_do_not_take_open_ones(astronaut, head, monkeypatch):
    """Where eyes or mouth differ, the face is left as drawn, with a note."""
    found = find_faces(Pyramid(to_bytes(head)))
    for face in found:
        face.expression["eyeBlinkLeft"] = 0.9
    monkeypatch.setattr(module, "find_faces", lambda *arguments, **options: found)
    result = finish(head, recipe(blend=1.0), astronaut)
    assert np.array_equal(result.picture, head)
    assert result.notes[0].startswith("Eyes or mouth are open in one picture and closed in the other")


def test_a_kept_face_needs_no_blending(astronaut, head):
    """In the way to draw that keeps the face it is the own one already, and lit already."""
    wishes = recipe(mode="keep", blend=1.0, relight=True, light=Light(pattern="split"))
    result = finish(head, wishes, astronaut)
    assert np.array_equal(result.picture, head)
    assert result.notes == ()


# Light, look, retouching.


def test_new_light_falls_on_the_person_alone(head):
    """Split light from the right: the viewer's left half of the face gets darker than the right, the wall stays."""
    lit = finish(head, recipe(relight=True, light=Light(pattern="split", azimuth=80))).picture
    face = find_faces(Pyramid(to_bytes(head)))[0]
    left, right = ((int(y), int(x)) for x, y in face.points[[50, 280], :2])
    change = cv2.GaussianBlur(lit - head, (0, 0), 4).mean(-1)
    assert change[left] < change[right] - 0.05
    assert np.abs(lit - head)[:40, :40].max() < 0.01


def test_light_is_left_alone_unless_asked_for(head):
    assert np.array_equal(finish(head, recipe(light=Light(pattern="split"))).picture, head)


def test_the_recipes_look_is_given(head, nobody):
    """Black and white is black and white, with and without a face."""
    for picture in (head, nobody):
        result = finish(picture, recipe(grade=Grade(look="black_and_white")))
        assert np.ptp(result.picture, axis=-1).max() < 0.02
        assert result.notes == ()


def test_a_style_retouches(head):
    result = finish(head, recipe(enhance="natural"))
    assert result.notes == ()
    assert 0 < np.abs(result.picture - head).mean() < 0.05


def test_what_cannot_be_done_is_said_and_leaves_the_picture(nobody, astronaut):
    """A drawing without a face goes through every step unharmed."""
    wishes = recipe(blend=1.0, relight=True, light=Light(pattern="loop"), enhance="natural")
    result = finish(nobody, wishes, astronaut)
    assert np.array_equal(result.picture, nobody)
    assert result.notes == (
        "No face was found in the drawn picture: your own face was not blended in.",
        "No face was found in the drawn picture: it was not relit.",
        "No face was found in the drawn picture: it was not enhanced.",
    )


def test_no_photo_and_no_such_style_are_notes(head):
    result = finish(head, recipe(blend=1.0, enhance="none-such"))
    assert np.array_equal(result.picture, head)
    assert result.notes == (
        "There is no photo: your own face was not blended in.",
        "There is no style called 'none-such'.",
    )


# Size.


@pytest.mark.parametrize("size", [(320, 400), (200, 250), (301, 399), (300, 300), (353, 441)])
def test_the_frames_size_is_met_to_the_pixel(nobody, size):
    """Smaller, larger, and of another shape than the drawing; uint8 comes in, float32 goes out."""
    result = finish(to_bytes(nobody), recipe(size))
    assert result.picture.shape == (size[1], size[0], 3)
    assert result.picture.dtype == np.float32


def test_enlarging_shows_the_same_picture(head):
    """What was enlarged and is made small again is the drawing."""
    large, notes = module.sized(head, (480, 600))
    assert notes == ()
    small = cv2.resize(large, SIZE, interpolation=cv2.INTER_AREA)
    assert np.abs(cv2.GaussianBlur(small - head, (0, 0), 2)).max() < 0.03


def test_without_the_net_it_is_enlarged_plainly(head, monkeypatch):
    """Where the net's files cannot be had, that is said, and the size is met all the same."""

    def missing(names, *arguments):
        if names:
            raise HeadshotError("A model file could not be fetched.", "Go online.")
        return []

    monkeypatch.setattr(assets, "fetch_all", missing)
    large, notes = module.sized(head, (480, 600))
    assert large.shape == (600, 480, 3)
    assert notes == ("The picture was enlarged without a net, and looks softer: A model file could not be fetched.",)


# Order.


def test_equal_arguments_give_equal_pictures(astronaut, stranger):
    wishes = recipe((200, 250), blend=0.7, relight=True, light=Light(pattern="loop"), grade=Grade(look="film"))
    first, second = (finish(stranger, wishes, astronaut).picture for _ in range(2))
    assert np.array_equal(first, second)


def test_cancelling_stops_it(head):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        finish(head, recipe(), cancel=token)


def test_bytes_and_floats_are_one(head):
    """A picture of whole 8-bit steps is the same either way."""
    pixels = to_bytes(head)
    assert np.array_equal(finish(pixels, recipe()).picture, finish(to_float(pixels), recipe()).picture)
