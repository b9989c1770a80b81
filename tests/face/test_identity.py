"""Likeness: small for the same picture, larger for another face, readable as a number; and other networks for it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from headshot_core.errors import HeadshotError
from headshot_core.face import identity
from headshot_core.face.landmarks import find_faces
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.pyramid import Pyramid


def test_the_same_face_in_another_size_and_light_stays_close(astronaut):
    image = cv2.resize(astronaut.pixels, None, fx=1.7, fy=1.7, interpolation=cv2.INTER_CUBIC)
    darker = (image * 0.7).astype(np.uint8)
    again = identity.embed(darker, find_faces(Pyramid(darker))[0])
    assert identity.distance(astronaut.embedding, again) < 0.15


def test_a_face_stretched_out_of_shape_is_farther_than_one_in_other_light(astronaut):
    image = cv2.resize(astronaut.pixels, None, fx=1.0, fy=1.5, interpolation=cv2.INTER_CUBIC)
    stretched = identity.embed(image, find_faces(Pyramid(image))[0])
    assert identity.distance(astronaut.embedding, stretched) > 0.25


def test_likeness_is_a_falling_number_from_100_to_0():
    numbers = [identity.likeness(d) for d in np.linspace(0, 1, 21)]
    assert numbers[0] == 100
    assert numbers[-1] == 0
    assert numbers == sorted(numbers, reverse=True)


def test_an_embedding_is_a_vector_of_length_near_one(astronaut):
    assert astronaut.embedding.shape == (128,)
    assert np.linalg.norm(astronaut.embedding) == pytest.approx(1.4, abs=0.3)


# What is said of it.


def test_the_sentence_follows_the_number_and_the_figures_are_named():
    order = [sentence for _, sentence in identity.SENTENCES]
    places = [order.index(identity.says(number)) for number in range(100, -1, -1)]
    assert places == sorted(places)
    assert set(places) == set(range(len(order)))
    assert "same person" in identity.says(identity.likeness(0.3))
    assert "cannot be told" in identity.says(identity.likeness(0.52))
    assert "another person" in identity.says(identity.likeness(0.8))
    for embedder in identity.EMBEDDERS.values():
        assert embedder.figures
        assert embedder.likeness(embedder.close) == 100
        assert embedder.likeness(embedder.far) == 0


def test_no_two_people_at_hand_are_said_to_be_the_same(portraits):
    """Over all pairs of real portraits, by their file's first letter."""
    known = [(path.stem[0], analyse(read_photo(path)).embedding) for path in portraits]
    for i, (name, embedding) in enumerate(known):
        for other, another in known[:i]:
            alike = identity.likeness(identity.distance(embedding, another))
            assert (alike >= 50) if name == other else (alike < 25)


# InsightFace: another network, brought and accepted by the person.


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """Settings of a person who never chose anything."""
    monkeypatch.setattr(identity, "_place", lambda: tmp_path / "identity.json")
    identity._read_arc.cache_clear()
    return tmp_path


@pytest.fixture
def model(tmp_path) -> Path:
    """A model file of ArcFace's shape that knows nothing of faces."""
    return tiny_arcface(tmp_path / "tiny.onnx")


def test_dlib_is_used_until_another_is_chosen_and_its_terms_accepted(own_folder, model):
    assert identity.chosen().name == "dlib"
    with pytest.raises(HeadshotError, match="non-commercial"):
        identity.use("insightface", model)
    assert not identity._place().exists()
    identity.use("insightface", model, accept=True)
    assert identity.chosen().name == "insightface"
    assert identity.accepted("insightface")
    identity.revoke("insightface")
    assert identity.chosen().name == "dlib"
    with pytest.raises(HeadshotError, match="have not been accepted"):
        identity.EMBEDDERS["insightface"].check()


def test_terms_that_were_accepted_need_not_be_accepted_again(own_folder, model):
    identity.use("insightface", model, accept=True)
    identity.use("dlib")
    assert identity.use("insightface").name == identity.chosen().name == "insightface"


@pytest.mark.parametrize(
    ("content", "says"), [(None, "missing"), (b"no model", "no ArcFace network"), ("small", "no ArcFace network")]
)
def test_what_is_missing_is_said_and_nothing_is_changed(own_folder, tmp_path, content, says):
    model = None if content is None else tmp_path / "wrong.onnx"
    if content == "small":
        tiny_arcface(model, channels=8)
    elif model:
        model.write_bytes(content)
    with pytest.raises(HeadshotError, match=says):
        identity.use("insightface", model, accept=True)
    assert identity.chosen().name == "dlib"
    assert not identity.accepted("insightface")


@pytest.mark.parametrize("text", ["", "[]", '{"use": []}', '{"use": "insightface", "accepted": 3, "models": {}}'])
def test_settings_that_cannot_be_read_accept_nothing(own_folder, text):
    identity._place().write_text(text)
    assert identity.chosen().name == "dlib"
    assert not identity.accepted("insightface")


def test_an_unknown_embedder_is_named(own_folder):
    with pytest.raises(HeadshotError, match="nobody"):
        identity.use("nobody")


def test_a_person_s_own_model_makes_embeddings_of_length_one(own_folder, model, astronaut):
    embedder = identity.use("insightface", model, accept=True)
    found = embedder.embed(astronaut.pixels, astronaut.face)
    mirrored = np.ascontiguousarray(astronaut.pixels[:, ::-1])
    assert found.shape == (embedder.dimensions,)
    assert found.dtype == np.float32
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(found, embedder.embed(astronaut.pixels, astronaut.face, mirrored=False), atol=1e-3)
    other = embedder.embed(mirrored, find_faces(Pyramid(mirrored))[0])
    assert identity.distance(found, other) < 0.3


def test_a_face_is_laid_out_as_the_model_s_author_does(astronaut):
    """Eyes, nose and mouth lie where ArcFace expects them, whatever the photo's size and turn."""
    chips = []
    height, width = astronaut.pixels.shape[:2]
    for turn, scale in ((0, 1.0), (25, 1.4)):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 3), turn, scale)
        image, face = cv2.warpAffine(astronaut.pixels, matrix, (width, height)), astronaut.face.moved(matrix)
        chips.append(identity.align_arc(image, face).astype(float))
    assert chips[0].shape == (112, 112, 3)
    assert np.abs(chips[0] - chips[1]).mean() < 6
    chip = chips[0].astype(np.uint8)
    found = find_faces(Pyramid(chip))[0].points[identity.ARC_LANDMARKS, :2]
    assert np.abs(found - identity.ARC_POINTS).max() < 9


def test_a_similarity_is_found_again():
    points = np.random.default_rng(0).uniform(0, 100, (5, 2))
    matrix = np.array([[1.2, -0.5, 7.0], [0.5, 1.2, -3.0]])
    assert identity.similarity(points, points @ matrix[:, :2].T + matrix[:, 2]) == pytest.approx(matrix)


def tiny_arcface(path: Path, channels: int = 32) -> Path:
    """An ONNX file written by hand: one convolution of random weights from 1 x 3 x 112 x 112 to 1 x 512."""

    def field(number: int, value: bytes | int | str) -> bytes:
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        data = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(data)) + data

    def varint(value: int) -> bytes:
        return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)

    def attribute(name: str, values: tuple[int, ...]) -> bytes:
        return field(5, field(1, name) + b"".join(field(8, value) for value in values) + field(20, 7))

    def tensor_type(name: str, sizes: tuple[int, ...]) -> bytes:
        shape = b"".join(field(1, field(1, size)) for size in sizes)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    sizes = (channels, 3, 28, 28)
    weights = np.random.default_rng(0).normal(0, 0.05, sizes).astype("<f4")
    initial = b"".join(field(1, size) for size in sizes) + field(2, 1) + field(8, "w") + field(9, weights.tobytes())
    conv = b"".join(field(1, name) for name in ("x", "w")) + field(2, "c") + field(4, "Conv")
    conv += attribute("kernel_shape", (28, 28)) + attribute("strides", (28, 28))
    flat = field(1, "c") + field(2, "y") + field(4, "Flatten")
    graph = field(1, conv) + field(1, flat) + field(2, "tiny") + field(5, initial)
    graph += field(11, tensor_type("x", (1, 3, 112, 112))) + field(12, tensor_type("y", (1, channels * 16)))
    path.write_bytes(field(1, 7) + field(7, graph) + field(8, field(2, 13)))
    return path
