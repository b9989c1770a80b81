"""Permanent marks: moles, scars and freckles, known from pimples by being at the same place of the face each time.

A place of the face is a place in a mesh of triangles between the landmarks, so that it is the same in every pose. The
mesh lies in `mesh.npz`: the mean of six faces' landmarks, turned to the front and mirrored upon itself ("the standard
face", (468, 3), in inter-eye distances), and its Delaunay triangulation when unrolled about the vertical axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from headshot_core.face.landmarks import IRISES, Face
from headshot_core.portrait import Portrait
from headshot_core.pyramid import scale_of

TRIANGLES = 898
"""How many the mesh has."""
SURE, LESS_SURE = 0.5, 0.6
"""How sure a spot must be on one photo at least, and on the others in shares of that."""
APART = 0.04
"""How far the same place comes to lie apart from photo to photo, in inter-eye distances: landmarks are not exact."""
LARGEST = 0.045
"""Radius of the largest mark, in inter-eye distances: what is larger is mostly the face's own shape."""
ALIKE = 2.0
"""How many times larger the same mark may look on another photo."""
MOSTLY = 0.6
"""Share of the photos that could show a mark and do."""
FACING = 0.4
"""Cosine of the angle to the camera up to which skin is seen well enough."""
BEHIND = 0.08
"""How far a place lies behind what is seen there if it is hidden, in inter-eye distances."""
FINEST = 1.6
"""Radius in pixels of the smallest spot that can be told."""


@dataclass(frozen=True)
class Mark:
    """A spot that several photos show at the same place of the face."""

    triangle: int
    """which triangle of the face's mesh it lies in"""
    weights: tuple[float, float, float]
    """its place there, barycentric"""
    radius: float
    """in inter-eye distances"""
    seen: int
    """photos that show it"""
    of: int
    """photos in which that place could be seen"""


def find(portraits: Iterable[Portrait]) -> tuple[Mark, ...]:
    """The marks that stay, of the person whom all these photos show; those seen most often first.

    Photos should be of different days, or at least moments: what two copies of one photo show is no proof.
    """
    return permanent([look(portrait) for portrait in portraits])


def places(marks: Sequence[Mark], face: Face) -> np.ndarray:
    """(N, 3) x, y and radius in pixels of the face's picture; radius 0 where that place is turned away or hidden."""
    if not marks:
        return np.zeros((0, 3), np.float32)
    triangles, weights = np.array([mark.triangle for mark in marks]), np.array([mark.weights for mark in marks])
    points, seen = _shown(face, triangles, weights)
    radii = np.array([mark.radius for mark in marks]) * _unit(face)
    return np.column_stack([points[:, :2], radii * seen]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Sight:
    """What one photo shows of the face's skin: its spots, and where there could be one."""

    face: Face
    triangles: np.ndarray
    """(N,) of each spot"""
    weights: np.ndarray
    """(N, 3)"""
    radii: np.ndarray
    """(N,) in inter-eye distances"""
    scores: np.ndarray
    """(N,) 0..1: how sure each is"""
    bare: np.ndarray
    """(H, W) bool: bare skin, in a window of the photo"""
    matrix: np.ndarray
    """(2, 3) from the photo to that window"""
    finest: float
    """radius of the smallest spot that shows, in inter-eye distances"""

    @property
    def spots(self) -> np.ndarray:
        """(N, 3) the spots' places on the standard face."""
        return _on_standard_face(self.triangles, self.weights)

    def could_show(self, triangle: int, weights: np.ndarray, radius: float) -> bool:
        """Whether a spot at that place would be seen."""
        points, seen = _shown(self.face, np.array([triangle]), np.array([weights]))
        x, y = np.round(self.matrix[:, :2] @ points[0, :2] + self.matrix[:, 2]).astype(int)
        height, width = self.bare.shape
        inside = 0 <= x < width and 0 <= y < height
        return bool(seen[0] and inside and self.bare[y, x] and radius >= self.finest)


def look(portrait: Portrait) -> Sight:
    """What a photo shows; the photo itself is not kept."""
    # The enhancement rests on this module: its files are read when they are needed.
    from headshot_core.enhance.blemishes import close_up, find_spots, searched
    from headshot_core.enhance.sharpen import softness_of
    from headshot_core.enhance.view import Study

    study = Study(portrait.of(None))
    spots, bare, matrix = study.once(find_spots), study.once(searched), study.once(close_up).matrix
    where = np.array([(spot.x, spot.y) for spot in spots]).reshape(-1, 2)
    triangles, weights, _ = _located(portrait.face, where)
    unit = _unit(portrait.face)
    radii, scores = np.array([spot.radius for spot in spots]) / unit, np.array([spot.score for spot in spots])
    kept = (triangles >= 0) & (radii < LARGEST)
    finest = max(FINEST / scale_of(matrix), study.once(softness_of).pixels) / unit
    return Sight(portrait.face, triangles[kept], weights[kept], radii[kept], scores[kept], bare, matrix, finest)


def permanent(sights: Sequence[Sight]) -> tuple[Mark, ...]:
    """The spots that most photos show of those that could, two at the least; those seen most often first."""
    free = [np.ones(len(sight.scores), bool) for sight in sights]
    surest = [(-score, i, j) for i, sight in enumerate(sights) for j, score in enumerate(sight.scores) if score >= SURE]
    marks = []
    for _, i, j in sorted(surest):
        if free[i][j]:
            group = _same(sights, free, i, j)
            for k, spot in group:
                free[k][spot] = False
            marks.append(_mark(sights, group))
    return tuple(sorted((m for m in marks if m.seen >= max(2, MOSTLY * m.of)), key=lambda m: -m.seen))


def _same(sights: Sequence[Sight], free: list[np.ndarray], i: int, j: int) -> list[tuple[int, int]]:
    """(photo, spot) of the spot `j` of photo `i` and of those at the same place of the others' faces."""
    place, radius, score = sights[i].spots[j], sights[i].radii[j], sights[i].scores[j]
    group = [(i, j)]
    for k, sight in enumerate(sights):
        if k == i or not len(sight.scores):
            continue
        far = np.linalg.norm(sight.spots - place, axis=1)
        alike = (sight.radii < ALIKE * radius) & (sight.radii > radius / ALIKE)
        alike &= sight.scores > LESS_SURE * score
        far = np.where(free[k] & alike, far, np.inf)
        if far.min() < APART:
            group.append((k, int(far.argmin())))
    return group


def _mark(sights: Sequence[Sight], group: list[tuple[int, int]]) -> Mark:
    """What several photos show at one place, placed where the first of them shows it."""
    (i, j), radius = group[0], float(np.median([sights[k].radii[spot] for k, spot in group]))
    triangle, weights = int(sights[i].triangles[j]), sights[i].weights[j]
    showing = {k for k, _ in group}
    of = sum(k in showing or sight.could_show(triangle, weights, radius) for k, sight in enumerate(sights))
    return Mark(triangle, tuple(float(w) for w in weights), radius, len(group), of)


# The mesh.


@cache
def _mesh() -> tuple[np.ndarray, np.ndarray]:
    """The standard face (468, 3) and its triangles (T, 3)."""
    with np.load(Path(__file__).with_name("mesh.npz")) as file:
        return file["points"], file["triangles"].astype(int)


def _on_standard_face(triangles: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(N, 3) places of the mesh in inter-eye distances, the same for everybody in every pose."""
    points, mesh = _mesh()
    return _mixed(points, mesh[triangles], weights)


def _mixed(points: np.ndarray, corners: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (points[corners] * weights[..., None]).sum(1)


def _unit(face: Face) -> float:
    """The inter-eye distance as it would be seen from the front, pixels."""
    left, right = face.points[list(IRISES)]
    return float(np.linalg.norm(right - left))


def _located(face: Face, where: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangle (N,), weights (N, 3) and z (N,) of the skin seen at points (N, 2); triangle -1 beside the face."""
    points, mesh = face.points.astype(float), _mesh()[1]
    a, b, c = (points[mesh[:, i]] for i in range(3))
    along, across = (b - a)[:, :2], (c - a)[:, :2]
    area = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
    area = np.where(area > 1e-6, area, np.nan)  # turned away, or a line
    x, y = (where[:, None, i] - a[None, :, i] for i in range(2))
    second = (x * across[:, 1] - y * across[:, 0]) / area
    third = (y * along[:, 0] - x * along[:, 1]) / area
    weights = np.stack([1 - second - third, second, third], -1)
    depth = (weights * np.stack([a[:, 2], b[:, 2], c[:, 2]], -1)).sum(-1)
    depth = np.where(weights.min(-1) >= -1e-6, depth, -np.inf)
    nearest, rows = depth.argmax(1), np.arange(len(where))
    z = depth[rows, nearest]
    return np.where(np.isfinite(z), nearest, -1), weights[rows, nearest], z


def _shown(face: Face, triangles: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of the mesh as points (N, 3) of the face's picture, and whether (N,) bool the camera sees them well."""
    corners = _mesh()[1][triangles]
    points = _mixed(face.points, corners, weights)
    a, b, c = (face.points[corners[:, i]] for i in range(3))
    normals = np.cross(b - a, c - a)
    facing = normals[:, 2] / (np.linalg.norm(normals, axis=1) + 1e-9)
    *_, nearest = _located(face, points[:, :2])
    return points, (facing > FACING) & (nearest < points[:, 2] + BEHIND * _unit(face))
