"""The canonical person as surfaces: head with a painted face, hair, ears, neck, clothes and arms.

Lengths are in inter-eye distances (63 mm in an adult), origin between the eyes, x to the viewer's right, y down, z
toward the camera. The face is the standard face of `headshot_core.face.marks`, made into one smooth surface with a
skull by thin-plate interpolation of its radius. Everything is symmetrical, so that a mirrored pose is a mirrored
picture. Measures are an average adult's, between a woman's and a man's.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.face import landmarks
from headshot_core.face.regions import BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT, LIPS

Arms = Literal["down", "crossed", "lap"]
HEAD_PIVOT = np.array([0.0, 1.0, -1.3])
"""Where the head turns on the neck."""
BODY_PIVOT = np.array([0.0, 2.7, -1.6])
"""Where the shoulders turn under it."""

HEAD_HEIGHT = 3.47
"""Crown to chin, as `headshot_core.face.landmarks.Face` measures it on the standard face."""

IRIS = 0.5 * 11.7 / 63
"""Radius of an iris."""
DEEPER = 1.08
"""The landmark net's faces are a little flatter than heads."""

# fmt: off
INNER_LIPS = ((78, 78), (191, 95), (80, 88), (81, 178), (82, 87), (13, 14), (312, 317), (311, 402), (310, 318),
              (415, 324), (308, 308))
"""Upper and lower rim of the mouth, from the viewer's left to the right."""
UPPER_LID = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (263, 466, 388, 387, 386, 385, 384, 398, 362))
LOWER_LID = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (263, 249, 390, 373, 374, 380, 381, 382, 362))
CREASE = ((130, 247, 30, 29, 27, 28, 56, 190), (359, 467, 260, 259, 257, 258, 286, 414))
LOWER_LIP = (17, 84, 181, 91, 146, 314, 405, 321, 375, 16, 85, 180, 90, 77, 315, 404, 320, 307, 15, 86, 179, 89, 96,
             316, 403, 319, 325)
# fmt: on


class Part(NamedTuple):
    """One smooth surface."""

    points: np.ndarray
    """(V, 3)"""
    triangles: np.ndarray
    """(T, 3) clockwise as seen from outside"""
    paint: np.ndarray
    """(V, 2) place in the atlas, 0..1"""
    head: np.ndarray
    """(V,) 0..1: how much it moves with the head; the rest moves with the shoulders"""
    kind: int
    """SKIN, HAIR or CLOTH"""


SKIN, HAIR, CLOTH = range(3)


class Person(NamedTuple):
    """All surfaces together."""

    points: np.ndarray
    """(V, 3)"""
    normals: np.ndarray
    """(V, 3) unit vectors outward"""
    triangles: np.ndarray
    """(T, 3)"""
    paint: np.ndarray
    """(V, 2) place in the atlas, 0..1"""
    head: np.ndarray
    """(V, 1) 0..1"""
    kind: np.ndarray
    """(V, 3) one-hot: skin, hair, cloth"""


@lru_cache
def person(arms: Arms = "down") -> Person:
    """The canonical person, upright, facing the camera."""
    parts = [_head(), _hair(), *_ears(), _neck(), _torso(), *_arms(arms)]
    counts = [len(part.points) for part in parts]
    starts = np.cumsum([0, *counts[:-1]])
    return Person(
        np.concatenate([part.points for part in parts]).astype(np.float32),
        np.concatenate([_normals(part) for part in parts]).astype(np.float32),
        np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=True)]).astype(np.int32),
        np.concatenate([part.paint for part in parts]).astype(np.float32),
        np.concatenate([part.head for part in parts])[:, None].astype(np.float32),
        np.eye(3, dtype=np.float32)[np.repeat([part.kind for part in parts], counts)],
    )


@lru_cache
def face() -> np.ndarray:
    """(478, 3): the face's landmarks, irises included, the mouth closed and slightly smiling."""
    with np.load(Path(landmarks.__file__).with_name("mesh.npz")) as file:
        points = file["points"].astype(float)
    upper, lower = np.array(INNER_LIPS).T
    gap = (points[lower] - points[upper])[:, 1].max()
    points[list(LOWER_LIP), 1] -= 0.6 * gap
    points[upper] = points[lower] = 0.4 * points[upper] + 0.6 * (points[lower] - [0, 0.6 * gap, 0])
    points = np.vstack([points, *(_iris(points, lid) for lid in (EYE_LEFT, EYE_RIGHT))])
    points[:, 2] = DEEPER * (points[:, 2] - points[234, 2]) + points[234, 2]
    return points @ landmarks.Face(points, {}, 1.0).axes.T  # still looking straight ahead


def _iris(points: np.ndarray, lids: list[int]) -> np.ndarray:
    """(5, 3): centre, then right, top, left and bottom of an iris 11.7 mm wide."""
    centre = points[lids].mean(0) + [0, -0.008, 0.02]
    return centre + IRIS * np.array([[0, 0, 0], [1, 0, 0], [0, -1, 0], [-1, 0, 0], [0, 1, 0]])


# Surfaces.


def _grid(points: np.ndarray, paint: np.ndarray, head: float | np.ndarray, kind: int, shown=None) -> Part:
    """A surface from rows of points (R, C, 3), whose last column is the first again.

    `shown`: (R, C) bool, points that may be seen at all.
    """
    rows, columns = points.shape[:2]
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    a, b, c, d = corner, corner + 1, corner + columns + 1, corner + columns
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    flat = points.reshape(-1, 3)
    p, q, r = (flat[triangles[:, i]] - flat.mean(0) for i in range(3))
    if (p * np.cross(q, r)).sum() < 0:  # inside out
        triangles = triangles[:, ::-1]
    if shown is not None:
        triangles = triangles[shown.ravel()[triangles].any(1)]
    paint = np.broadcast_to(paint, (rows, columns, 2)).reshape(-1, 2)
    head = np.broadcast_to(head, (rows, columns)).ravel()
    return Part(flat, triangles, paint, head, kind)


def _normals(part: Part) -> np.ndarray:
    """(V, 3) unit normals; points at one place share theirs."""
    _, same = np.unique(np.round(part.points, 4), axis=0, return_inverse=True)
    same = same.ravel()
    a, b, c = (part.points[part.triangles[:, i]] for i in range(3))
    across = np.cross(b - a, c - a)
    total = np.zeros((same.max() + 1, 3))
    for i in range(3):
        np.add.at(total, same[part.triangles[:, i]], across)
    return (total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-12))[same]


# Head and hair, by their radius in every direction from a point inside the skull.

CENTRE = np.array([0.0, 0.3, -1.1])
ROWS, COLUMNS = 120, 144
FINE_U, FINE_V = 0.5, 0.6
"""How much finer the grid is in front and at eye height than on the whole."""


def _longitude(u: np.ndarray) -> np.ndarray:
    """Radians from the front, for u in -1..1."""
    return np.pi * (FINE_U * u + (1 - FINE_U) * u**3)


def _latitude(v: np.ndarray) -> np.ndarray:
    """Radians above the horizontal, for v in -1..1 from top to bottom."""
    return -np.pi / 2 * (FINE_V * v + (1 - FINE_V) * v**3)


def _directions(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (rows, columns + 1, 3) and their place (u, v) on the head, 0..1."""
    u, v = np.meshgrid(np.linspace(-1, 1, columns + 1), np.linspace(-1, 1, rows))
    around, above = _longitude(u), _latitude(v)
    flat = np.cos(above)
    directions = np.stack([np.sin(around) * flat, -np.sin(above), np.cos(around) * flat], -1)
    return directions, np.stack([u + 1, v + 1], -1) / 2


def _place(points: np.ndarray) -> np.ndarray:
    """(N, 2) place (u, v), 0..1, of points (N, 3) of the head."""
    x, y, z = (points - CENTRE).T
    dense = np.linspace(-1, 1, 2001)
    u = np.interp(np.arctan2(x, z), _longitude(dense), dense)
    v = np.interp(np.arctan2(y, np.hypot(x, z)), -_latitude(dense), dense)
    return np.stack([u + 1, v + 1], 1) / 2


def _skull() -> np.ndarray:
    """(N, 3) points of the head where the face does not reach: an ellipsoid, and the jaw's underside."""
    around, above = np.meshgrid(np.linspace(-np.pi, np.pi, 25)[:-1], np.radians(np.linspace(-85, 85, 13)))
    flat = np.cos(above)
    unit = np.stack([np.sin(around) * flat, -np.sin(above), np.cos(around) * flat], -1).reshape(-1, 3)
    skull = np.array([0, -0.22, -1.2]) + unit * [1.2, 1.45, 1.6]
    behind = (skull[:, 2] < -1.55) & (skull[:, 1] < 0.9)
    above = (skull[:, 1] < -1.15) & (skull[:, 2] < -0.25)
    under = [[x, 1.62 - 0.25 * abs(x), z] for x, z in ((0, -0.3), (0.35, -0.45), (-0.35, -0.45), (0, -0.9))]
    nape = [[x, 1.25, -2.15 + 0.5 * abs(x)] for x in (-0.7, -0.35, 0, 0.35, 0.7)]
    return np.vstack([skull[behind | above], under, nape])


@lru_cache
def _radius() -> tuple[np.ndarray, np.ndarray]:
    """The surface's known directions and their weights: radius = sum of weight * distance^3 + plane."""
    known = np.vstack([face()[:468], _skull()]) - CENTRE
    far = np.linalg.norm(known, axis=1)
    unit = known / far[:, None]
    count = len(unit)
    kernel = np.linalg.norm(unit[:, None] - unit, axis=-1) ** 3
    smooth = np.where(np.arange(count) < 468, 2e-5, 2e-3)
    plane = np.column_stack([np.ones(count), unit])
    system = np.block([[kernel + np.diag(smooth), plane], [plane.T, np.zeros((4, 4))]])
    return unit, np.linalg.solve(system, np.concatenate([far, np.zeros(4)]))


def _far(directions: np.ndarray) -> np.ndarray:
    """The skin's distance from the centre in directions (..., 3)."""
    unit, weights = _radius()
    flat = directions.reshape(-1, 3)
    far = np.concatenate([_kernel(rows, unit) @ weights for rows in np.array_split(flat, 16)])
    return far.reshape(directions.shape[:-1])


def _kernel(directions: np.ndarray, unit: np.ndarray) -> np.ndarray:
    apart = np.sqrt(np.clip(2 - 2 * directions @ unit.T, 0, None)) ** 3
    return np.column_stack([apart, np.ones(len(directions)), directions])


def _head() -> Part:
    directions, place = _directions(ROWS, COLUMNS)
    points = CENTRE + directions * _far(directions)[..., None]
    shown = _hair_depth(directions, points) < 0.08
    return _grid(points, place * [1, HEAD_PART], 1.0, SKIN, shown)


def _hairline(around: np.ndarray) -> np.ndarray:
    """How low the hair reaches, as y, at so many degrees (absolute) from the front."""
    degrees = [0, 16, 28, 38, 46, 54, 62, 68, 75, 83, 100, 112, 125, 150, 180]
    heights = [-1.04, -1.03, -0.98, -0.86, -0.66, -0.4, -0.1, 0.15, 0.22, -0.15, -0.18, 0.5, 1.1, 1.4, 1.45]
    return np.interp(around, degrees, heights)


def _hair_depth(directions: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """How thick the hair lies over the skin; negative where there is none."""
    x, y, z = np.moveaxis(directions, -1, 0)
    above = _hairline(np.degrees(np.abs(np.arctan2(x, z)))) - skin[..., 1]
    full = 0.15 + 0.2 * np.clip(-y, 0, 1) + 0.06 * np.clip(-z, 0, 1) + 0.1 * np.clip(z, 0, 1)
    rise = 1 - np.exp(-np.clip(above, 0, None) / 0.2)
    return np.where(above > 0, full * rise, np.clip(above * 0.5, -0.15, 0)) - 0.02


def _hair() -> Part:
    directions, place = _directions(100, 160)
    points = CENTRE + directions * _far(directions)[..., None]
    depth = _hair_depth(directions, points)
    strands = np.interp(np.abs(place[..., 0] * 2 - 1), np.linspace(0, 1, 200), _strands(200, 2.0))
    flat = np.hypot(directions[..., 0], directions[..., 2])
    depth = depth + 0.04 * strands * np.clip(depth / 0.2, 0, 1) * flat
    low, high = HEAD_PART, HEAD_PART + HAIR_PART
    paint = np.stack([place[..., 0], low + (high - low) * (0.04 + 0.92 * place[..., 1])], -1)
    return _grid(points + directions * depth[..., None], paint, 1.0, HAIR, depth > -0.1)


def _ears() -> list[Part]:
    rings = np.array([0, 0.3, 0.5, 0.68, 0.82, 0.93, 1.0, 0.92, 0.6])
    height = np.array([0.09, 0.07, 0.07, 0.11, 0.17, 0.18, 0.1, 0.0, -0.12])
    shade = np.array([0.55, 0.55, 0.7, 0.9, 0.97, 1, 1, 0.9, 0.6])
    angle = np.linspace(0, 2 * np.pi, 29)
    narrow = np.where(np.sin(angle) > 0, 0.24, 0.31)  # the lobe is narrower
    tilt, flare = np.radians(10), np.radians(17)
    down = np.array([0, np.cos(tilt), np.sin(tilt)])
    parts = []
    for side in (-1, 1):
        back = np.array([side * np.sin(flare), 0, -np.cos(flare)])
        back = back - down * (back @ down)
        out = np.array([side * np.cos(flare), 0, np.sin(flare)])
        across = rings[:, None] * (narrow * np.cos(angle) + 0.05 * np.cos(angle) ** 2)
        along = rings[:, None] * 0.47 * np.sin(angle)
        points = np.array([side * 1.09, 0.34, -1.12]) + across[..., None] * back + along[..., None] * down
        points = points + height[:, None, None] * out
        parts.append(_grid(points, _swatch(SKIN, shade[:, None]), 1.0, SKIN))
    return parts


# Neck, clothes, arms: rings along a line.


def _ring(count: int) -> np.ndarray:
    return np.linspace(0, 2 * np.pi, count + 1)


def _loft(rows: list[tuple[float, ...]], many: int, round_: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Rings from rows (y, half width, front z, back z, squareness), smoothed in between; their points and angles."""
    rows = np.array(rows, float)
    at = np.linspace(0, len(rows) - 1, many)
    smooth = np.stack([_spline(rows[:, i], at) for i in range(5)], 1)
    angle = _ring(round_)
    y, wide, front, back, square = smooth.T[..., None]
    sine, cosine = np.sin(angle), np.cos(angle)
    power = 2 / square
    x = wide * np.sign(sine) * np.abs(sine) ** power
    z = (front + back) / 2 + (front - back) / 2 * np.sign(cosine) * np.abs(cosine) ** power
    return np.stack([x, np.broadcast_to(y, x.shape), z], -1), np.broadcast_to(angle, x.shape)


def _spline(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Catmull-Rom through values at 0, 1, 2, ..."""
    padded = np.concatenate([[2 * values[0] - values[1]], values, [2 * values[-1] - values[-2]]])
    i = np.clip(at.astype(int), 0, len(values) - 2)
    t = at - i
    a, b, c, d = (padded[i + k] for k in range(4))
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def _neck() -> Part:
    rows = [
        (0.9, 0.8, -0.75, -2.2, 2.2),
        (1.3, 0.78, -0.62, -2.2, 2.2),
        (1.7, 0.76, -0.66, -2.25, 2.2),
        (2.1, 0.8, -0.75, -2.4, 2.2),
        (2.5, 1.0, -0.85, -2.6, 2.2),
        (3.0, 1.5, -0.75, -2.8, 2.2),
    ]
    points, _ = _loft(rows, 24)
    head = np.clip((2.3 - points[:, :1, 1]) / 1.3, 0, 1)
    return _grid(points, _swatch(SKIN, 0.96), head * head * (3 - 2 * head), SKIN)


def _torso() -> Part:
    rows = [
        (2.18, 0.8, -0.72, -2.28, 2.1),
        (2.06, 0.9, -0.62, -2.38, 2.1),
        (2.12, 1.03, -0.52, -2.48, 2.1),
        (2.32, 1.4, -0.5, -2.62, 2.1),
        (2.52, 1.88, -0.52, -2.72, 2.1),
        (2.78, 2.28, -0.46, -2.8, 2.2),
        (3.2, 2.52, -0.3, -2.88, 2.4),
        (3.9, 2.55, -0.05, -2.95, 2.5),
        (5.0, 2.45, 0.1, -2.9, 2.5),
        (6.7, 2.25, -0.05, -2.75, 2.4),
        (8.5, 2.15, -0.15, -2.65, 2.4),
        (10.3, 2.3, -0.15, -2.8, 2.4),
        (12.0, 2.45, -0.2, -2.9, 2.4),
        (20.0, 2.4, -0.3, -2.8, 2.4),
    ]
    points, angle = _loft(rows, 64, 64)
    # The collar lies lower in front than at the nape.
    collar = np.exp(-(np.linspace(0, 5, len(points)) ** 2) * 0.8)[:, None]
    points[..., 1] += collar * (0.5 * (0.5 + 0.5 * np.cos(angle)) ** 1.5 - 0.08)
    shade = np.where(np.arange(len(points)) < 8, 0.86, 1.0)[:, None]
    return _grid(points, _swatch(CLOTH, shade), 0.0, CLOTH)


class Limb(NamedTuple):
    """One arm, on the viewer's right."""

    shoulder: tuple[float, float, float]
    elbow: tuple[float, float, float]
    wrist: tuple[float, float, float]
    finger: tuple[float, float, float]


def _mirrored(limb: Limb) -> Limb:
    return Limb(*((-x, y, z) for x, y, z in limb))


_DOWN = Limb((2.3, 3.2, -1.6), (3.0, 7.8, -1.9), (2.95, 11.6, -0.9), (2.85, 13.8, -0.5))
_LAP = Limb((2.3, 3.2, -1.6), (3.0, 7.7, -1.7), (1.7, 10.6, 0.9), (0.6, 11.8, 1.6))
_UNDER = Limb((2.3, 3.2, -1.5), (2.9, 7.4, -0.7), (-1.1, 7.1, 0.75), (-2.7, 6.4, 0.6))
_OVER = Limb((2.3, 3.2, -1.5), (2.9, 7.3, -0.6), (-1.2, 6.3, 1.25), (-2.8, 5.8, 0.95))
LIMBS: dict[str, tuple[Limb, Limb]] = {
    "down": (_mirrored(_DOWN), _DOWN),
    "lap": (_mirrored(_LAP), _LAP),
    "crossed": (_mirrored(_UNDER), _OVER),
}
"""Arms on the viewer's left and right, by how they are held."""


def _arms(arms: str) -> list[Part]:
    parts = []
    for limb in LIMBS[arms]:
        shoulder, elbow, wrist, finger = (np.array(point) for point in limb)
        shoulder = shoulder + [0.06 * np.sign(shoulder[0]), 0.42, 0]  # the deltoid's middle, below the joint
        inward = shoulder * [0.62, 1, 1]
        upper, lower = (shoulder + elbow) / 2, (elbow + wrist) / 2
        sleeve = [inward, shoulder, upper, elbow, lower, wrist]
        parts.append(_tube(sleeve, [0.5, 0.66, 0.76, 0.66, 0.58, 0.46], 1.0, CLOTH))
        hand = [wrist, wrist + (finger - wrist) * 0.35, wrist + (finger - wrist) * 0.75, finger]
        parts.append(_tube(hand, [0.4, 0.52, 0.42, 0.12], 0.62, SKIN))
    return parts


def _tube(line: list[np.ndarray], radius: list[float], flat: float, kind: int) -> Part:
    """A tube round a line of points; `flat`: its thickness toward the camera against its width."""
    at = np.linspace(0, len(line) - 1, 8 * len(line))
    centre = np.stack([_spline(np.array(line)[:, i], at) for i in range(3)], 1)
    far = np.clip(_spline(np.array(radius), at), 0.05, None)
    along = np.gradient(centre, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    side = np.cross(along, [0, 0, 1.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
    front = np.cross(side, along)
    angle = _ring(28)[:, None]
    points = centre[:, None] + far[:, None, None] * (
        np.sin(angle) * side[:, None] + flat * np.cos(angle) * front[:, None]
    )
    points = np.concatenate([centre[:1, None].repeat(29, 1), points, centre[-1:, None].repeat(29, 1)])
    return _grid(points, _swatch(kind, 1.0), 0.0, kind)


# Paint.

SKIN_COLOUR, LIP, BROW, HAIR_COLOUR, CLOTH_COLOUR = "#bf9a84", "#a2675e", "#54443a", "#55463c", "#6d747b"
BLUSH, SHADE, WHITE, EYE, PUPIL, LASH = "#b97d6c", "#8f6553", "#e4dfda", "#6a5744", "#191513", "#33271f"
SIDE = 1536
"""Pixels on each side of the atlas."""
HEAD_PART, HAIR_PART = 0.7, 0.24
"""Shares of the atlas' height; the rest holds plain colours from dark to light."""


def _swatch(kind: int, shade: float | np.ndarray) -> np.ndarray:
    """Place of a plain colour, from dark 0 to light 1."""
    row = HEAD_PART + HAIR_PART + (1 - HEAD_PART - HAIR_PART) * (0.25 if kind == SKIN else 0.75)
    u = 0.1 + 0.8 * np.asarray(shade, float)
    return np.stack(np.broadcast_arrays(u, row), -1)


@lru_cache
def atlas() -> tuple[np.ndarray, ...]:
    """The paint, uint8 sRGB (H, W, 3), and its halves."""
    height, hair = round(SIDE * HEAD_PART), round(SIDE * HAIR_PART)
    plain = SIDE - height - hair
    rows = [_painted_face(SIDE, height), _painted_hair(SIDE, hair)]
    rows.append(_gradient(SKIN_COLOUR, SIDE, plain // 2))
    rows.append(_gradient(CLOTH_COLOUR, SIDE, plain - plain // 2))
    levels = [(np.concatenate(rows).clip(0, 1) * 255 + 0.5).astype(np.uint8)]
    for _ in range(3):
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return tuple(levels)


def _gradient(name: str, width: int, height: int) -> np.ndarray:
    shade = np.clip((np.linspace(0, 1, width) - 0.1) / 0.8, 0, 1)[:, None]
    row = colour.hex_to_rgb(name) * (0.45 + 0.55 * shade)
    return np.broadcast_to(row, (height, width, 3))


def _strands(count: int, smooth: float) -> np.ndarray:
    """Noise from -1 to 1, about one strand of hair a value."""
    noise = np.random.default_rng(1).standard_normal((1, count)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=smooth, sigmaY=0.1)[0]
    return noise / np.abs(noise).max()


def _painted_hair(width: int, height: int) -> np.ndarray:
    """Strands from the crown down, with the sheen that hair has all round the head where light falls along it."""
    half = _strands(width // 2, 1.2) * 0.5 + _strands(width // 2, 5.0) * 0.5
    tone = np.concatenate([half[::-1], half])
    rows = np.linspace(0, 1, height)[:, None]
    sheen = np.exp(-(((rows - 0.26 - 0.03 * tone) / 0.07) ** 2))
    light = (0.88 + 0.15 * rows) * (1 + 0.22 * tone) + sheen * (0.3 + 0.3 * tone)
    return colour.hex_to_rgb(HAIR_COLOUR) * light[..., None]


class _Canvas:
    """Paints on the head, or on a part of it, by places on the head."""

    def __init__(self, picture: np.ndarray, whole: tuple[int, int], corner: tuple[int, int] = (0, 0)):
        self.picture, self.whole, self.corner = picture, whole, corner

    def around(self, points: np.ndarray, margin: float) -> _Canvas:
        """The part of the canvas about points (N, 3), and `margin` more of the whole."""
        place = _place(points)
        low = (np.clip(place.min(0) - margin, 0, 1) * self.whole).astype(int)
        high = (np.clip(place.max(0) + margin, 0, 1) * self.whole).astype(int)
        return _Canvas(self.picture[low[1] : high[1], low[0] : high[0]], self.whole, tuple(low))

    def area(self, points: np.ndarray, blur: float) -> np.ndarray:
        """(H, W) 0..1: inside an outline; `blur` in inter-eye distances."""
        mask = np.zeros(self.picture.shape[:2], np.uint8)
        cv2.fillPoly(mask, [self._pixels(points)], 255, cv2.LINE_AA, 4)
        return self._soft(mask, blur)

    def line(self, points: np.ndarray, width: float, blur: float) -> np.ndarray:
        """(H, W) 0..1: along a line, `width` in inter-eye distances."""
        mask = np.zeros(self.picture.shape[:2], np.uint8)
        thick = max(1, round(width * self.whole[1] * DOWN))
        cv2.polylines(mask, [self._pixels(points)], False, 255, thick, cv2.LINE_AA, 4)
        return self._soft(mask, blur)

    def spot(self, centre: np.ndarray, across: float, down: float, blur: float) -> np.ndarray:
        """(H, W) 0..1: an ellipse on the face."""
        angle = np.linspace(0, 2 * np.pi, 40)[:-1, None]
        return self.area(centre + np.hstack([np.cos(angle) * across, np.sin(angle) * down, 0 * angle]), blur)

    def put(self, name: str, mask: np.ndarray) -> None:
        """Lay a colour over what is there."""
        self.picture += mask[..., None] * (colour.hex_to_rgb(name) - self.picture)

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        """With four binary digits behind the point."""
        return np.round((_place(points) * self.whole - self.corner) * 16).astype(np.int32)

    def _soft(self, mask: np.ndarray, blur: float) -> np.ndarray:
        soft = mask.astype(np.float32) / 255
        return cv2.GaussianBlur(soft, (0, 0), sigmaX=blur * self.whole[0] * ACROSS, sigmaY=blur * self.whole[1] * DOWN)


ACROSS, DOWN = 0.19, 0.3
"""Shares of the canvas that one inter-eye distance takes on the middle of the face."""


def _painted_face(width: int, height: int) -> np.ndarray:
    points = face()
    picture = np.broadcast_to(colour.hex_to_rgb(SKIN_COLOUR), (height, width, 3)).astype(np.float32).copy()
    whole = _Canvas(picture, (width, height))
    for cheek in (205, 425):
        canvas = whole.around(points[[cheek]], 0.2)
        canvas.put(BLUSH, 0.22 * canvas.spot(points[cheek] + [0, -0.1, 0], 0.22, 0.2, 0.16))
    canvas = whole.around(points[[4]], 0.15)
    canvas.put(BLUSH, 0.2 * canvas.spot(points[4], 0.14, 0.14, 0.1))
    for wing, base in ((98, 97), (327, 326)):
        nostril = 0.45 * points[wing] + 0.55 * points[base] + [0, -0.02, 0]
        canvas.put(SHADE, 0.8 * canvas.spot(nostril, 0.07, 0.03, 0.02))
    _paint_lips(whole.around(points[LIPS], 0.06), points)
    for brow in (BROW_LEFT, BROW_RIGHT):
        canvas = whole.around(points[brow], 0.06)
        canvas.put(BROW, 0.75 * canvas.area(_tapered(points[brow]), 0.022))
    for side in (0, 1):
        _paint_eye(whole.around(points[(EYE_LEFT, EYE_RIGHT)[side]], 0.1), points, side)
    place = np.stack(np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height)), -1)
    whole.put(HAIR_COLOUR, _hair_mask(place))
    return picture


def _tapered(brow: np.ndarray) -> np.ndarray:
    """A brow's outline (upper edge from outside in, lower edge back), slimmer than the landmarks' at both ends."""
    upper, lower = brow[:5], brow[:4:-1]
    slim = np.array([0.2, 0.12, 0.1, 0.15, 0.35])[:, None] * (lower - upper)
    return np.vstack([upper + slim, (lower - slim)[::-1]])


def _hair_mask(place: np.ndarray) -> np.ndarray:
    """(H, W) 0..1: the skin under and just before the hair."""
    small = cv2.resize(place.astype(np.float32), (192, 128), interpolation=cv2.INTER_AREA)
    around, above = _longitude(small[..., 0]), _latitude(small[..., 1])
    flat = np.cos(above)
    directions = np.stack([np.sin(around) * flat, -np.sin(above), np.cos(around) * flat], -1)
    skin = CENTRE + directions * _far(directions)[..., None]
    high = _hairline(np.degrees(np.abs(around))) - skin[..., 1]
    mask = np.clip((high + 0.07) / 0.14, 0, 1).astype(np.float32)
    return cv2.resize(mask, place.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _paint_lips(canvas: _Canvas, points: np.ndarray) -> None:
    canvas.put(LIP, 0.75 * canvas.area(points[LIPS], 0.02))
    upper = points[[pair[0] for pair in INNER_LIPS]]
    canvas.put(LASH, 0.6 * canvas.line(upper, 0.016, 0.008))


def _paint_eye(canvas: _Canvas, points: np.ndarray, side: int) -> None:
    lids = (EYE_LEFT, EYE_RIGHT)[side]
    upper, lower, crease = (points[list(lines[side])] for lines in (UPPER_LID, LOWER_LID, CREASE))
    canvas.put(SHADE, 0.3 * canvas.area(points[lids], 0.1))
    inside = canvas.area(points[lids], 0.006)
    canvas.put(WHITE, inside)
    centre = points[landmarks.IRISES[side]]
    canvas.put(EYE, inside * canvas.spot(centre, IRIS, IRIS, 0.006))
    canvas.put(PUPIL, inside * canvas.spot(centre, 0.4 * IRIS, 0.4 * IRIS, 0.006))
    canvas.put(SHADE, 0.5 * inside * canvas.line(upper, 0.07, 0.03))
    canvas.put(LASH, 0.85 * canvas.line(upper, 0.03, 0.008))
    canvas.put(LASH, 0.3 * canvas.line(lower, 0.012, 0.008))
    canvas.put(SHADE, 0.5 * canvas.line(crease, 0.02, 0.012))
    canvas.put("#ffffff", inside * 0.9 * canvas.spot(centre + [0, -0.045, 0], 0.018, 0.018, 0.004))
