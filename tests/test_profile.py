"""The likeness profile: whose face, how sure, what tone, which marks; and that it comes back from JSON as it was."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from headshot_core import colour, profile
from headshot_core.enhance.tone import gains
from headshot_core.errors import HeadshotError
from headshot_core.face import identity
from headshot_core.face.marks import Mark
from headshot_core.photo import read_photo, to_bytes
from headshot_core.portrait import Portrait, analyse
from headshot_core.profile import Profile


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "_place", lambda: tmp_path / "identity.json")


def lit(portrait: Portrait, stops: float = 0.0, temperature: float = 0.0) -> Portrait:
    """The same in other light."""
    linear = colour.to_linear(portrait.pixels.astype(np.float32) / 255)
    pixels = to_bytes(colour.to_srgb(2**stops * gains(temperature, 0) * linear))
    return analyse(read_photo(Image.fromarray(pixels)))


@pytest.fixture(scope="module")
def photos(astronaut) -> list[Portrait]:
    return [astronaut, lit(astronaut, -0.4, 0.2), lit(astronaut, 0.2, -0.2)]


def stranger(portrait: Portrait) -> Portrait:
    """Somebody whose embedding is another."""
    other = replace(portrait)
    embedding = np.roll(portrait.embedding, 1)
    object.__setattr__(other, "embedding", embedding)
    return other


def test_the_person_s_own_photos_are_near_and_others_far(photos):
    person = profile.build(iter(photos))
    assert person.photos == 3
    assert person.embedder == "dlib"
    assert person.spread < 0.2
    assert all(person.likeness(photo.embedding) > 85 for photo in photos)
    assert person.likeness_of(photos[0]) == person.likeness(photos[0].embedding)
    assert person.likeness_of(stranger(photos[0])) == 0


def test_a_stranger_among_the_photos_is_left_out(photos):
    alone, among = profile.build(photos), profile.build([stranger(photos[0]), *photos])
    assert among.photos == 3
    np.testing.assert_array_equal(among.embedding, alone.embedding)
    np.testing.assert_array_equal(among.tone, alone.tone)


def test_the_tone_is_the_skin_s_in_good_light(astronaut):
    """Casts and exposures of the photos fall out: the tone is near that of the good photo alone."""
    alone = profile.build([astronaut]).tone
    spoilt = profile.build([lit(astronaut, -0.8, 0.4), lit(astronaut, -0.6, 0.3)])
    assert 45 < alone[0] < 80
    assert alone[1] > 4
    assert alone[2] > 8
    assert np.linalg.norm((spoilt.tone - alone)[1:]) < 6
    assert abs(spoilt.tone[0] - alone[0]) < 10


def test_photos_in_black_and_white_tell_no_tone(astronaut):
    grey = np.repeat(astronaut.pixels.mean(-1, keepdims=True), 3, -1).astype(np.uint8)
    assert profile.build([analyse(read_photo(Image.fromarray(grey)))]).tone is None


@pytest.mark.parametrize("tone", [None, np.float32([61.25, 12.1, 17.7])])
def test_it_comes_back_from_json_exactly(tone):
    marks = (Mark(17, (0.1, 0.2, 0.7), 0.0213, 3, 4), Mark(897, (1 / 3, 1 / 3, 1 / 3), 0.03, 2, 2))
    embedding = np.random.default_rng(0).normal(0, 0.1, 128).astype(np.float32)
    person = Profile("dlib", embedding, 0.1234567, 7, tone, marks)
    again = Profile.from_dict(json.loads(json.dumps(person.to_dict())))
    assert again.to_dict() == person.to_dict()
    assert again.marks == marks
    assert again.embedding.dtype == np.float32
    np.testing.assert_array_equal(again.embedding, embedding)


@pytest.mark.parametrize(
    "changed",
    [
        {"embedder": "nobody"},
        {"embedding": [0.0] * 5},
        {"embedding": [float("nan")] * 128},
        {"spread": "wide"},
        {"tone": 3},
        {"marks": [{}]},
        {"marks": [{"triangle": 898, "weights": [1, 0, 0], "radius": 0.1, "seen": 2, "of": 2}]},
        {"photos": float("inf")},
        {"photos": 0},
    ],
)
def test_what_is_no_profile_is_an_error_in_words(changed):
    good = Profile("dlib", np.zeros(128, np.float32), 0.1, 3, None, ()).to_dict()
    with pytest.raises(HeadshotError):
        Profile.from_dict(good | changed)
    with pytest.raises(HeadshotError):
        Profile.from_dict({})


def test_embeddings_of_another_network_are_not_compared():
    person = Profile("dlib", np.zeros(128, np.float32), 0.1, 3, None, ())
    with pytest.raises(HeadshotError, match="dlib"):
        person.distance(np.zeros(512, np.float32))


def test_without_the_network_no_likeness_is_told(astronaut):
    person = Profile("insightface", np.zeros(512, np.float32), 0.1, 3, None, ())
    assert person.likeness_of(astronaut) is None


def test_without_photos_there_is_no_profile():
    with pytest.raises(HeadshotError, match="no photo"):
        profile.build([])
