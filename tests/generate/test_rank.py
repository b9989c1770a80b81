"""Judging drawn pictures, with real photos in their place: the right person first, copies and accidents found out."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core import colour
from headshot_core.face import regions
from headshot_core.generate import rank
from headshot_core.generate.rank import Judged, judge, order, summary
from headshot_core.generate.safety import Verdict
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.profile import build
from headshot_core.prompt import traits
from headshot_core.recipe import Generate, Recipe, Wishes


@pytest.fixture(scope="module")
def people(portraits):
    """Name -> pixels of the portraits, small."""
    found = {}
    for path in portraits:
        image = read_photo(path).image
        image.thumbnail((480, 480))
        found[path.stem] = np.asarray(image)
    return found


@pytest.fixture(scope="module")
def own(astronaut):
    """The example portrait judged against itself: a perfect copy."""
    return judge(astronaut.pixels, astronaut)


def portrait_of(pixels):
    return analyse(read_photo(Image.fromarray(pixels)))


def beside(one, other):
    return np.hstack([cv2.resize(picture, (400, 500)) for picture in (one, other)])


# The person.


def test_the_same_person_comes_first(people):
    """Another photo of the man before copies of the one given, those before strangers, accidents last."""
    first = people["a1"]
    pictures = {
        "stranger": people["b1"],
        "no face": np.full((400, 400, 3), 128, np.uint8),
        "copy": first,
        "mirrored": np.ascontiguousarray(first[:, ::-1]),
        "two": beside(people["a2"], people["b1"]),
        "right": people["a2"],
    }
    portrait = portrait_of(first)
    judged = [judge(picture, portrait) for picture in pictures.values()]
    names = [list(pictures)[i] for i in order(judged)]
    assert names[0] == "right"
    assert set(names[1:3]) == {"copy", "mirrored"}
    assert names[3:] == ["stranger", "two", "no face"]
    by = dict(zip(pictures, judged, strict=True))
    assert by["copy"].copy
    assert by["mirrored"].copy
    assert not by["right"].copy
    assert by["right"].same
    assert not by["stranger"].same
    assert "This looks like another person." in by["stranger"].notes


def test_a_profile_tells_better_than_one_photo(people):
    """Two photos of a woman know the third."""
    profile = build(portrait_of(people[name]) for name in ("f1", "f3"))
    right, wrong = judge(people["f2"], profile=profile), judge(people["d1_generated"], profile=profile)
    assert right.same
    assert right.likeness > 2 * max(wrong.likeness, 1)
    assert order([wrong, right]) == [1, 0]


def test_real_photos_of_one_person_are_no_copies(people):
    portraits = {name: portrait_of(people[name]) for name in ("f1", "f2", "f3")}
    for one, other in (("f1", "f2"), ("f1", "f3"), ("f2", "f3")):
        assert not rank.copied(portraits[one], portraits[other])


# Copies.


@pytest.mark.parametrize("change", ["as it is", "mirrored", "lit from the side", "compressed", "turned"])
def test_a_copy_is_found_out(astronaut, change):
    pixels = astronaut.pixels
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 6, 1.1)
    changed = {
        "as it is": lambda: pixels,
        "mirrored": lambda: np.ascontiguousarray(pixels[:, ::-1]),
        "lit from the side": lambda: np.clip(pixels * np.linspace(0.6, 1.3, width)[:, None], 0, 255).astype(np.uint8),
        "compressed": lambda: cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], -1),
        "turned": lambda: cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REPLICATE),
    }[change]()
    assert rank.copied(portrait_of(changed), astronaut)


def test_a_copy_is_no_fault_where_the_face_is_kept(astronaut, own):
    assert own.copy
    assert any("copy" in note for note in own.notes)
    kept = judge(astronaut.pixels, astronaut, recipe=Recipe(generate=Generate(mode="keep")))
    assert not kept.copy
    assert kept.points > own.points


def test_likeness_beyond_real_photos_adds_nothing(own):
    near, perfect = (Judged(0, 1, likeness=likeness, score=own.score) for likeness in (rank.REAL, 100))
    assert rank._points(near) == rank._points(perfect)


# Accidents.


def test_without_a_face():
    noise = np.random.default_rng(0).integers(0, 255, (200, 160, 3), np.uint8)
    judged = judge(noise, recipe=Recipe())
    assert (judged.points, judged.faces, judged.notes) == (0, 0, ("No face was drawn.",))
    assert not judged.sound
    assert json.loads(json.dumps(judged.to_dict()))["score"] is None


def test_two_faces(astronaut):
    judged = judge(beside(astronaut.pixels, astronaut.pixels))
    assert judged.faces == 2
    assert "Two faces were drawn." in judged.notes
    assert not judged.sound


def test_a_face_cut_by_the_edge(astronaut):
    x0, _, x1, _ = astronaut.face.box
    judged = judge(np.ascontiguousarray(astronaut.pixels[:, round(x0 + 0.3 * (x1 - x0)) :]))
    assert not judged.whole
    assert not judged.sound
    assert judged.notes


def test_a_tiny_picture_is_judged_without_a_traceback():
    assert not judge(np.zeros((8, 8, 3), np.uint8)).sound


# What was asked for.


@pytest.mark.parametrize(
    ("wishes", "notes"),
    [
        (Wishes(expression="eyes closed"), ["The eyes are open, though they should be closed."]),
        (Wishes(gaze="past the camera"), ["The eyes look into the camera, though they should not."]),
        (Wishes(gaze="into the camera"), []),
        (Wishes(), []),
    ],
)
def test_eyes_and_gaze_against_the_wish(own, wishes, notes):
    """Of one picture, whose eyes are open and look at the camera."""
    assert own.eyes_open
    assert own.gaze < 12
    assert rank._eyes(own, traits(Recipe(wishes=wishes))) == notes


@pytest.mark.parametrize(
    ("change", "note"),
    [({"eyes_open": False}, "The eyes are closed, or nearly so."), ({"gaze": 25.0}, "The eyes look past the camera.")],
)
def test_eyes_that_nobody_asked_for(own, change, note):
    assert rank._eyes(replace(own, **change), frozenset()) == [note]


def test_what_was_wished_costs_nothing(own):
    """Closed eyes and a gaze aside lose no points where they were asked for."""
    costs = {m.name: m.costs for m in rank._as_wished(own.score, frozenset({"eyes_closed"})).measures}
    assert (costs["open"], costs["gaze"]) == (0, 0)
    costs = {m.name: m.costs for m in rank._as_wished(own.score, frozenset({"gaze_away"})).measures}
    assert costs["open"] > 0
    assert costs["gaze"] == 0


def test_skin_that_was_lightened(astronaut, own):
    """A person with darker skin, drawn with skin much lighter; nothing of the kind for the photo itself."""
    assert np.abs(own.skin).max() < 0.5
    pixels = astronaut.pixels.astype(np.float32) / 255
    lab = colour.to_lab(pixels)
    lab[..., 0] = np.maximum(lab[..., 0] - 24 * regions.skin(pixels, astronaut.face), 0)
    darker = portrait_of(np.round(colour.from_lab(lab) * 255).astype(np.uint8))
    assert judge(astronaut.pixels, darker).skin[0] > 15
    assert rank._colour((30.0, 0, 0)) == ["The skin is much lighter than the person's."]
    assert rank._colour((-30.0, 0, 0)) == ["The skin is much darker than the person's."]
    assert rank._colour((0.0, 10, 10)) == ["The skin has another colour than the person's."]
    assert rank._colour((10.0, 3, 3)) == rank._colour(None) == []


def test_unsafe_pictures_come_last_of_all(own):
    unsafe = judge(np.zeros((64, 64, 3), np.uint8), verdict=Verdict(0.9))
    assert unsafe.unsafe == 0.9
    unsafe = replace(own, safe=False)
    assert "This picture may show nudity." in rank._notes(unsafe, frozenset())
    faceless = Judged(0, 0, whole=False)
    assert order([unsafe, faceless, own]) == [2, 1, 0]


# Order, summary, plain data.


def test_order_is_stable():
    judged = [Judged(50, 1), Judged(80, 2), Judged(50, 1), Judged(60, 1)]
    assert order(judged) == [3, 0, 2, 1]


def test_agreement_counts_where_it_is_known(own):
    poor, good = (rank._points(Judged(0, 1, score=own.score, agreement=agreement)) for agreement in (0, 100))
    assert poor < own.score.points < good


def test_summary():
    judged = [Judged(0, 1, likeness=60), Judged(0, 1, likeness=20), Judged(0, 0, whole=False)]
    found = summary(judged)
    assert (found.pictures, found.median, found.same) == (3, 20, 1)
    assert found.share == pytest.approx(1 / 3)
    assert found.says == "Median likeness 20 of 100; 1 of 3 pass for the same person."
    assert summary([Judged(50, 1)]) is None
    assert summary([]) is None


def test_plain_data(own):
    data = json.loads(json.dumps(own.to_dict()))
    assert data["likeness"] == 100
    assert data["copy"] is True
    assert data["score"]["total"] == own.score.total
    assert len(data["skin"]) == 3
