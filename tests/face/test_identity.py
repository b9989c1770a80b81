"""Likeness: small for the same picture, larger for another face, and readable as a number."""

import cv2
import numpy as np
import pytest

from headshot_core.face import identity
from headshot_core.face.landmarks import find_faces
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
