"""Masks lie where their names say."""

import numpy as np

from headshot_core.face import regions


def test_cheeks_are_bare_skin_and_eyes_are_not(astronaut):
    face, shape = astronaut.face, astronaut.pixels.shape[:2]
    bare, hard = regions.bare_face(face, shape), regions.features(face, shape)
    assert regions.cheeks(face, shape)[bare].sum() > 0.95 * regions.cheeks(face, shape).sum()
    x, y = face.eyes[0].round().astype(int)
    assert hard[y, x]
    assert not bare[y, x]


def test_skin_is_found_on_the_face_and_neither_on_hair_nor_on_the_suit(astronaut):
    face = astronaut.face
    skin = regions.skin(astronaut.photo.array(), face)
    assert skin[regions.cheeks(face, skin.shape)].mean() > 0.9
    x, y = face.crown.round().astype(int)
    assert skin[max(y, 0), x] < 0.3
    assert skin[480:, :].mean() < 0.2
    assert skin.min() >= 0
    assert skin.max() <= 1


def test_growing_a_region_only_adds(astronaut):
    face, shape = astronaut.face, astronaut.pixels.shape[:2]
    plain, grown = (regions.polygon(face, regions.LIPS, shape, grow) for grow in (0, 0.2))
    assert np.all(grown[plain])
    assert grown.sum() > plain.sum()
