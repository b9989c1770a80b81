"""Crops for training: which pictures of the head, of head and shoulders and of more a photo can give.

All of them lie inside the photo: nothing is mirrored or filled in, for a model would learn that too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from headshot_core.face.landmarks import Face
from headshot_core.portrait import Portrait
from headshot_core.train.dataset import Crop


class Kind(NamedTuple):
    """How large the head is in a kind of crop, as shares of the picture's height."""

    least: float
    best: float
    most: float


KINDS: dict[Crop, Kind] = {
    "wide": Kind(0.14, 0.2, 0.28),
    "half": Kind(0.28, 0.37, 0.46),
    "head": Kind(0.46, 0.56, 1.0),
}
STEP, SMALL_STEP, LARGE = 64, 16, 512
"""Sides are multiples of the first from that resolution on, below it of the second."""
SLIM = 0.6
"""Width against height of the slimmest bucket; the widest is its inverse."""
OFF = 0.1
"""Share by which a bucket may have more or fewer pixels than the resolution's square."""
SMALLER = {1.0: 0.0, 0.75: 0.3, 0.5: 0.8}
"""Where the photo holds too few pixels: smaller buckets, as shares of the resolution, and what each costs."""
SMALLEST = 64
"""Pixels: the least resolution of a bucket."""
ENLARGED, RESCUED, SOFT = 1.5, 2.0, 2.2
"""Pixels of the crop for one of the photo at the most: as a rule, by the net that enlarges, and rather than do without
the photo."""
ROOM = 0.07
"""Head heights above the hair that are wanted."""
AROUND = 0.05
"""Head heights about the face that are always kept."""
HAIR = 0.8
"""Head heights to each side of the eyes within which what belongs to the person counts as hair."""
ASPECT = 0.8
"""Width against height that is liked best."""
SHARES, PLACES = 25, 19
"""Head sizes, and places across and down, that are tried."""
ASIDE, UP = 0.25, 0.22
"""How far the eyes may be from where they are wanted, in shares of the crop's width and height."""
LEVEL = 0.7
"""Degrees up to which eyes count as level: turning costs the photo's edges."""
TINY = 0.15
"""Another head's height against this one's up to which it is nobody, but a part of the background."""


@dataclass(frozen=True, eq=False)
class Cut:
    """One crop of one photo."""

    kind: Crop
    matrix: np.ndarray
    """(2, 3): from pixels of the photo to pixels of the crop"""
    size: tuple[int, int]
    """width, height"""
    share: float
    """the head's height against the picture's"""
    scale: float
    """pixels of the crop for one of the photo"""
    turned: float
    """degrees by which the photo was turned counter-clockwise, for the eyes to be level"""
    cost: float
    """0 for all that is wished for; about 1 for half the resolution"""

    def box(self, photo: tuple[int, int]) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 in a photo of that (width, height), in shares of its sides; as if it had not been turned."""
        middle = cv2.invertAffineTransform(self.matrix) @ np.array([*(np.array(self.size) / 2 - 0.5), 1.0]) + 0.5
        half = np.array(self.size) / self.scale / 2
        x0, y0, x1, y1 = (np.concatenate([middle - half, middle + half]) / np.tile(photo, 2)).round(4).tolist()
        return x0, y0, x1, y1


def buckets(resolution: int) -> list[tuple[int, int]]:
    """(width, height) of all pictures that have about `resolution` squared pixels, the slimmest first."""
    step = STEP if resolution >= LARGE else SMALL_STEP
    widths = range(step, 2 * resolution, step)
    sizes = [(width, max(1, round(resolution**2 / width / step)) * step) for width in widths]
    return [
        (width, height)
        for width, height in sizes
        if abs(width * height / resolution**2 - 1) <= OFF and SLIM <= width / height <= 1 / SLIM
    ]


def cuts(portrait: Portrait, resolution: int, enlarged: float = ENLARGED) -> dict[Crop, Cut]:
    """The best crop of every kind that the photo can give; none where no crop holds the face alone.

    Upright, unless so tight a photo cannot be turned without losing the face or the hair. `enlarged`: pixels of the
    crop for one of the photo, at the most.
    """
    sides = {side: cost for share, cost in SMALLER.items() if (side := _side(resolution, share)) >= SMALLEST}
    tries = [(side, enlarged, cost) for side, cost in sides.items()] or [(resolution, enlarged, 0.0)]
    for most in (tries, [(tries[-1][0], max(SOFT, enlarged), 1.5)]):
        for angle in _angles(portrait.face.roll):
            view = _Upright(portrait, angle)
            found = {kind: cut for kind in KINDS if (cut := _largest(view, kind, most))}
            if found:
                return found
    return {}


def _angles(roll: float) -> tuple[float, ...]:
    """Degrees to turn the photo by, the best first."""
    return (roll, roll / 2, 0.0) if abs(roll) > LEVEL else (0.0,)


def _side(resolution: int, share: float) -> int:
    return round(resolution * share / SMALL_STEP) * SMALL_STEP


def _largest(view: _Upright, kind: Crop, tries: list[tuple[int, float, float]]) -> Cut | None:
    """The crop with most pixels. `tries`: resolution, enlargement at the most, and what that costs."""
    found = (_best(view, kind, *one) for one in tries)
    return next((cut for cut in found if cut), None)


class _Upright:
    """What must be inside a crop and what must not, in pixels of the photo turned about the eyes."""

    def __init__(self, portrait: Portrait, angle: float):
        self.portrait, self.face, self.angle = portrait, portrait.face, angle
        self.turn = cv2.getRotationMatrix2D(tuple(float(v) for v in self.face.eye_centre), angle, 1.0)
        self.eyes = self.face.eye_centre
        self.head = self.face.head_height

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the photo."""
        return self.portrait.photo.width, self.portrait.photo.height

    def placed(self, start: np.ndarray, length: np.ndarray, axis: int) -> np.ndarray:
        """Where crops begin that are pushed into the photo; one that was turned has no straight edges to push to."""
        if self.angle:
            return start
        return np.clip(start, -0.5, np.maximum(-0.5, self.size[axis] - 0.5 - length))

    def points(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) of the photo, turned."""
        return points @ self.turn[:, :2].T + self.turn[:, 2]

    @cached_property
    def bare(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the face with a little about it, as far as the photo shows it."""
        points, margin = self.points(self.face.points[:, :2]), AROUND * self.head
        low, high = points.min(0) - margin, points.max(0) + margin
        if self.angle == 0:
            low, high = np.maximum(low, -0.5), np.minimum(high, np.array(self.size) - 0.5)
        return *low, *high

    @cached_property
    def hair(self) -> tuple[float, float, float]:
        """Left, top and right of the head with its hair."""
        matte = self.portrait.matte
        rows, columns = np.nonzero(matte.alpha > 0.5)
        back = cv2.invertAffineTransform(matte.matrix)
        points = self.points(np.column_stack([columns, rows]) @ back[:, :2].T + back[:, 2])
        chin = self.points(self.face.chin[None])[0, 1]
        near = points[(points[:, 1] < chin) & (np.abs(points[:, 0] - self.eyes[0]) < HAIR * self.head)]
        x0, y0, x1, _ = self.bare
        if not len(near):
            return x0, y0, x1
        left, right = np.quantile(near[:, 0], (0.002, 0.998))
        return min(x0, left), min(y0, near[:, 1].min()), max(x1, right)

    @cached_property
    def others(self) -> list[tuple[float, float, float, float]]:
        """x0, y0, x1, y1 of everybody else's head."""
        heads = [face for face in self.portrait.faces if face is not self.face]
        return [self._head(face) for face in heads if face.head_height > TINY * self.head]

    def _head(self, face: Face) -> tuple[float, float, float, float]:
        points = self.points(np.vstack([face.points[:, :2], face.crown]))
        return *points.min(0), *points.max(0)

    @cached_property
    def hair_is_cut(self) -> bool:
        """Whether the photo's own upper edge cuts the hair."""
        return self.portrait.hair_top < 0.02 * self.head

    def inside(self, x0, y0, x1, y1) -> np.ndarray:
        """Which crops (arrays of their sides) lie wholly in the photo."""
        width, height = self.size
        back = cv2.invertAffineTransform(self.turn)
        held = np.ones(np.broadcast(x0, y0).shape, bool)
        for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)):
            u, v = (back[i, 0] * x + back[i, 1] * y + back[i, 2] for i in (0, 1))
            held &= (u >= -0.501) & (v >= -0.501) & (u <= width - 0.499) & (v <= height - 0.499)
        return held


def _best(view: _Upright, kind: Crop, resolution: int, enlarged: float, cost: float) -> Cut | None:
    """The crop of all sizes and places that costs least; None where none holds what it must."""
    least, best, most = KINDS[kind]
    sizes = np.array(buckets(resolution))
    shares = np.geomspace(least, most, SHARES)
    across, down = 0.5 + np.linspace(-ASIDE, ASIDE, PLACES), np.linspace(-UP, UP, PLACES)
    number, share, x, dy = (
        axis.ravel() for axis in np.meshgrid(np.arange(len(sizes)), shares, across, down, indexing="ij")
    )
    width, height = sizes[number].T
    scale = share * height / view.head
    x0 = view.placed(view.eyes[0] - x * width / scale, width / scale, 0)
    y0 = view.placed(view.eyes[1] - (_eye_line(share) + dy) * height / scale, height / scale, 1)
    x1, y1 = x0 + width / scale, y0 + height / scale
    aside, up = (view.eyes[0] - x0) * scale / width - 0.5, (view.eyes[1] - y0) * scale / height - _eye_line(share)
    costs = np.abs(np.log(share / best)) + 2 * np.abs(aside) + 3 * np.abs(up)
    costs += 0.25 * np.abs(np.log(width / height / ASPECT)) + 0.5 * np.log(scale).clip(0)
    costs += _hair_cost(view, x0, y0, x1, share)
    fits = (scale <= enlarged) & (np.abs(aside) <= ASIDE + 0.01) & (np.abs(up) <= UP + 0.01)
    fits &= view.inside(x0, y0, x1, y1) & _holds(view, x0, y0, x1, y1)
    costs = np.where(fits, costs, np.inf)
    i = int(np.argmin(costs))
    if not fits[i]:
        return None
    offset = scale[i] * (view.turn[:, 2] - (x0[i], y0[i])) - 0.5  # to the middle of the first pixel
    matrix = np.column_stack([view.turn[:, :2] * scale[i], offset])
    size = int(width[i]), int(height[i])
    return Cut(kind, matrix, size, float(share[i]), float(scale[i]), view.angle, float(costs[i]) + cost)


def _eye_line(share: np.ndarray) -> np.ndarray:
    """How far down the eyes are, in shares of the picture's height: a third, and lower the larger the head is."""
    return 0.22 + 0.42 * share


def _hair_cost(view: _Upright, x0, y0, x1, share) -> np.ndarray:
    """What crops cost that are short of room above the hair, or cut it at the sides."""
    left, top, right = view.hair
    missing = (y0 - top + ROOM * view.head).clip(0) / view.head
    beside = ((x0 - left).clip(0) + (right - x1).clip(0)) / view.head
    return (10 * missing + 20 * beside) * share


def _holds(view: _Upright, x0, y0, x1, y1) -> np.ndarray:
    """Which crops hold the whole face and the hair's top, and nobody else's head."""
    left, top, right, bottom = view.bare
    held = (x0 <= left) & (y0 <= top) & (x1 >= right) & (y1 >= bottom)
    if not view.hair_is_cut:
        held &= y0 <= view.hair[1]
    for ox0, oy0, ox1, oy1 in view.others:
        held &= (ox1 < x0) | (ox0 > x1) | (oy1 < y0) | (oy0 > y1)
    return held
