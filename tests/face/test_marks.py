"""Permanent marks: what is at the same place of the face on several photos stays; what is on one photo does not."""

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core import colour
from headshot_core.face import marks
from headshot_core.face.landmarks import find_faces
from headshot_core.face.marks import Mark
from headshot_core.photo import read_photo, to_bytes
from headshot_core.portrait import Portrait, analyse
from headshot_core.pyramid import Pyramid

POSES = ((0, 0.0, 1.0), (12, 0.1, 0.92), (-9, -0.08, 1.0))
"""Degrees of turning, shear and narrowing: as near to other poses as a flat picture comes."""


@pytest.fixture(scope="module")
def posed(astronaut) -> list[Portrait]:
    """The example portrait in three poses, large enough to show small spots."""
    return [analyse(read_photo(Image.fromarray(_posed(astronaut.pixels, *pose)))) for pose in POSES]


def _posed(pixels: np.ndarray, turn: float, shear: float, width: float) -> np.ndarray:
    face = cv2.resize(pixels[:330, 60:390], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    matrix = cv2.getRotationMatrix2D((330, 330), turn, 1.0)
    matrix = matrix @ np.array([[width, shear, 330 * (1 - width - shear)], [0, 1, 0], [0, 0, 1]])
    return cv2.warpAffine(face, matrix, (660, 660), borderMode=cv2.BORDER_REPLICATE)


def painted(portrait: Portrait, spots: list[Mark]) -> Portrait:
    """The portrait with brown spots there, looked at afresh."""
    lab = colour.to_lab(portrait.pixels.astype(np.float32) / 255)
    y, x = np.mgrid[: lab.shape[0], : lab.shape[1]].astype(np.float32)
    for px, py, radius in marks.places(spots, portrait.face):
        disc = np.clip((radius - np.hypot(x - px, y - py)) / max(0.8, 0.3 * radius) + 0.5, 0, 1) if radius else 0
        lab -= np.multiply.outer(disc, np.float32([20, -2, 1])) if radius else 0
    return analyse(read_photo(Image.fromarray(to_bytes(colour.from_lab(lab)))))


def drawn(portraits: list[Portrait], number: int, seed: int, free_of: tuple[Mark, ...] = ()) -> list[Mark]:
    """Places where each of the portraits would show a spot, apart from each other and from others."""
    random, sights = np.random.default_rng(seed), [marks.look(portrait) for portrait in portraits]
    found: list[Mark] = []
    spots = [sight.spots[sight.scores > 0.4] for sight in sights]
    while len(found) < number:
        mark = Mark(int(random.integers(marks.TRIANGLES)), tuple(random.dirichlet([2, 2, 2])), 0.03, 0, 0)
        taken = np.concatenate([*spots, *(place(other)[None] for other in (*found, *free_of))])
        far = np.linalg.norm(taken - place(mark), axis=1).min(initial=9)
        if far > 0.12 and all(sight.could_show(mark.triangle, mark.weights, 0.03) for sight in sights):
            found.append(mark)
    return found


def place(mark: Mark) -> np.ndarray:
    """(3,) on the standard face."""
    return marks._on_standard_face(np.array([mark.triangle]), np.array([mark.weights]))[0]


def known(spot: Mark, found: tuple[Mark, ...]) -> bool:
    return any(np.linalg.norm(place(spot) - place(mark)) < marks.APART for mark in found)


def judged(portraits: list[Portrait], seed: int) -> tuple[list[bool], list[bool]]:
    """Which planted moles are recognised, and which spots of one photo alone are taken for moles."""
    own = marks.find(portraits)
    moles = drawn(portraits, 6, seed, own)
    passing = [drawn([portrait], 3, seed + i, (*own, *moles)) for i, portrait in enumerate(portraits, 1)]
    found = marks.find(painted(p, moles + more) for p, more in zip(portraits, passing, strict=True))
    return [known(one, found) for one in moles], [known(one, found) for more in passing for one in more]


def test_planted_moles_are_permanent_and_spots_of_one_photo_are_not(posed):
    stay, pass_by = judged(posed, 1)
    assert np.mean(stay) >= 0.8
    assert np.mean(pass_by) <= 0.12


@pytest.mark.parametrize("letter", ["a", "f"])
def test_the_same_on_photos_of_one_person(portraits, letter):
    """Three real photos each."""
    files = [path for path in portraits if path.stem[0] == letter and "240" not in path.stem]
    several = [analyse(read_photo(path)) for path in files]
    stay, pass_by = (np.concatenate(v) for v in zip(*(judged(several, seed) for seed in (1, 2)), strict=True))
    assert np.mean(stay) >= 0.8
    assert np.mean(pass_by) <= 0.12


def test_a_mark_tells_how_many_photos_show_it(posed):
    mole = drawn(posed, 1, 5)
    found = marks.find(painted(portrait, mole) for portrait in posed)
    (mark,) = [one for one in found if known(mole[0], (one,))]
    assert (mark.seen, mark.of) == (3, 3)
    assert mark.radius == pytest.approx(mole[0].radius, rel=0.5)


def test_one_photo_proves_nothing(posed):
    assert marks.find(posed[:1]) == ()
    assert marks.find([]) == ()


def test_a_place_lies_at_the_same_skin_on_each_photo(astronaut, posed):
    """The places follow the picture: turned, sheared and narrowed, they are where the pixels went."""
    spots = drawn(posed, 8, 3)
    first, second = (marks.places(spots, posed[i].face) for i in (0, 1))
    turn, shear, width = POSES[1]
    matrix = cv2.getRotationMatrix2D((330, 330), turn, 1.0)
    matrix = matrix @ np.array([[width, shear, 330 * (1 - width - shear)], [0, 1, 0], [0, 0, 1]])
    went = first[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(second[:, :2] - went, axis=1).max() < 0.06 * posed[0].face.inter_eye


def test_a_place_that_is_turned_away_has_no_radius(portraits):
    """On a face turned to one side, the far cheek's places are hidden and the near one's are not."""
    face = next(find_faces(Pyramid(np.asarray(read_photo(path).image)))[0] for path in portraits if path.stem == "f2")
    near, far = (_cheek(side) for side in ((352, 376, 411), (123, 147, 187)))
    radii = marks.places([near, far], face)[:, 2]
    assert face.yaw < -20
    assert radii[0] > 0
    assert radii[1] == 0
    assert marks.places([], face).shape == (0, 3)


def _cheek(landmarks: tuple[int, ...]) -> Mark:
    """In a triangle between these landmarks, or the nearest one."""
    points, mesh = marks._mesh()
    middle = points[list(landmarks)].mean(0)
    triangle = int(np.linalg.norm(points[mesh].mean(1) - middle, axis=1).argmin())
    return Mark(triangle, (1 / 3, 1 / 3, 1 / 3), 0.03, 0, 0)


def test_the_mesh_is_whole():
    """Every triangle faces the front, none overlaps another, and the two halves mirror each other."""
    points, mesh = marks._mesh()
    a, b, c = (points[mesh[:, i], :2].astype(float) for i in range(3))
    areas = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    assert (len(mesh), len(points)) == (marks.TRIANGLES, 468)
    assert areas.min() > 0
    hull = cv2.contourArea(cv2.convexHull(np.ascontiguousarray(points[:, :2])))
    assert areas.sum() == pytest.approx(hull, rel=0.01)
    mirrored = points * (-1, 1, 1)
    assert np.linalg.norm(points[:, None] - mirrored[None], axis=-1).min(1).max() < 0.01
