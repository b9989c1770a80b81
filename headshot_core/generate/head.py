"""The head alone, cut out of a portrait: face, ears, hair and beard, also over the clothes, and the neck below the jaw.

Where hair ends and clothes begin is told by their colours: those of the crown (or the beard on the chin) against those
of clothes and skin. Hair of the clothes' own colour cannot be told from them, and ends at the height of the chin.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.face import regions
from headshot_core.face.landmarks import Face
from headshot_core.matte import LocalModel, Matte, clean_foreground, closed_form, trimap
from headshot_core.portrait import Portrait

# Lengths are shares of the head's height, crown to chin; heights count from the chin, down is positive.

NECK, ROUND = 0.20, 1.3
"""Height at which the kept neck ends, and how steeply that line rises to the sides: a collar's curve."""
NECK_WIDTH = 0.36
"""Half width within which neck and beard lie."""
SURE_HEAD, HEAD_WIDTH = -0.35, 0.75
"""Above this height and within this half width, all of the person is head."""
HAIR_FROM, CLOTHES_FROM = -0.5, 0.3
"""Heights above which hair, and below which clothes, show their colours."""
JAW = 0.05
"""Width of a bright or dark edge that does not part jaw and neck."""
COLLAR = 0.015
"""How far the neck is kept away from the old collar, whose shadow lies on it."""
BINS = 12
"""Steps of lightness in a histogram of colours; of a and b twice as many."""
DOUBT = 1e-5
"""Share that any colour may have of any region."""
LENIENT, STRICT = -0.3, 0.9
"""Log likelihood from which a colour is hair: beside the face, and below the chin."""
FEW = 50
"""Pixels below which a region's colours cannot be told."""
BEARD = 0.12
"""Share of the chin from which something that is no skin on it is a beard."""
SMOOTH = 0.01
"""Softness of the seam through skin."""
SEAM = 0.02
"""Half width of the band in which the seam between head and clothes is looked for."""


@dataclass(frozen=True, eq=False)
class Head:
    """A head, ready to be laid into any frame."""

    matte: Matte
    """its share of person and background"""
    bare: np.ndarray
    """(h, w) 0..1 on the matte's grid: nearer to bare face and neck than to hair"""
    cuts: np.ndarray
    """(N, 2) points of the photo's edge that cut through face or hair; a cut neck goes on in the drawing"""

    def bare_in(self, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """(H, W) `bare` in a frame of that transform from the photo, and width and height."""
        back = np.linalg.inv(np.vstack([self.matte.matrix, [0, 0, 1]]))
        return cv2.warpAffine(self.bare, (np.vstack([matrix, [0, 0, 1]]) @ back)[:2], size)


def head_of(portrait: Portrait) -> Head:
    """The head of a portrait's person."""
    person = portrait.matte
    solid, face = person.alpha > 0.5, portrait.face.moved(person.matrix)
    guide = portrait.pyramid.warp(person.matrix, solid.shape[::-1]).astype(np.float32) / 255
    own = clean_foreground(guide, person.alpha, face.head_height)
    bare, hair, skin = _parts(own, solid, face)
    drawn = solid & ~(bare | hair)
    first, bare_here = _nearer(bare | hair, drawn), _nearer(bare, hair)
    # Through skin the seam is a line that somebody drew, which no colours show.
    line = bare_here * _nearer(drawn & skin, drawn & ~skin)
    smooth, bare_here, line = (
        cv2.GaussianBlur(part, (0, 0), SMOOTH * face.head_height) for part in (first, bare_here, line)
    )
    tri = trimap(first, max(1.5, SEAM * face.head_height))
    alpha = closed_form(own, tri, first)
    alpha = np.clip((alpha + line * (smooth - alpha) - 0.04) / 0.92, 0, 1).astype(np.float32)
    fine = LocalModel(own, 2, 1e-2)
    slope, offset = fine.fit(alpha)
    known = np.maximum(cv2.blur((tri != 0.5).astype(np.float32), (5, 5)), line)
    matte = Matte(alpha, fine.box(slope), fine.box(offset), known, person.matrix)
    return Head(matte, bare_here, _cuts(matte, portrait))


def _cuts(matte: Matte, portrait: Portrait) -> np.ndarray:
    points, face = matte.outline_contacts((portrait.photo.width, portrait.photo.height)), portrait.face
    if not len(points):
        return points
    across, down = _places(points[:, 0], points[:, 1], face)
    return points[(down < 0) | (np.abs(across) > NECK_WIDTH)]


def _nearer(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(h, w) 1 where a region is nearer than another, both (h, w) bool, else 0."""
    if not other.any():
        return np.ones(one.shape, np.float32)
    to_one, to_other = (cv2.distanceTransform((~part).astype(np.uint8), cv2.DIST_L2, 5) for part in (one, other))
    return (to_one < to_other).astype(np.float32)


def _parts(pixels: np.ndarray, person: np.ndarray, face: Face) -> tuple[np.ndarray, ...]:
    """Face and neck, hair, and all skin, each (h, w) bool; of a `person` (h, w) with those own colours (h, w, 3)."""
    shape, head_height = person.shape, face.head_height
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    across, down = _places(x, y, face)
    hull = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(face.points[:468, :2]).astype(np.int32)), 1)
    hull = hull > 0
    skin = regions.skin(pixels, face) > 0.4
    top = person & (down < SURE_HEAD) & (np.abs(across) < HEAD_WIDTH)
    below = person & ~hull & (down >= SURE_HEAD)
    middle = below & (np.abs(across) < NECK_WIDTH)
    neck = middle & skin & (down < NECK - ROUND * across**2)
    kept = (cv2.morphologyEx((top | hull | neck).astype(np.uint8), cv2.MORPH_CLOSE, _disc(JAW * head_height)) > 0) & (
        person | hull
    )
    clothes = person & ~kept & (down > CLOTHES_FROM) & ~(skin & (down < 0.5))
    lab = colour.to_lab(pixels)
    others = _Colours(lab, clothes, regions.bare_face(face, shape) & skin, face)
    crown = top & ~hull & ~skin & (down < HAIR_FROM)
    hair = others.linked(crown, below, top, down)
    chin = hull & (down > -0.2) & ~regions.polygon(face, regions.LIPS, shape, 0.06)
    beard = chin & ~skin
    if beard.sum() > BEARD * chin.sum():
        hair |= others.linked(beard, middle, beard, down)
    drawn = person & ~kept & ~hair
    collar = cv2.dilate(drawn.astype(np.uint8), _disc(COLLAR * head_height)) > 0
    bare = kept & (hull | ~(top | collar))
    hair = (hair | (top & ~hull)) & ~bare
    _, labels = cv2.connectedComponents((bare | hair).astype(np.uint8))
    linked = np.isin(labels, np.unique(labels[hull]))
    return bare & linked, hair & linked, skin


class _Colours:
    """What hair is told from: the colours of clothes and of bare skin."""

    def __init__(self, lab: np.ndarray, clothes: np.ndarray, skin: np.ndarray, face: Face):
        self.lab, self.clothes, self.skin = lab, clothes, _share(_histogram(lab, skin), lab)
        self.soft = 0.012 * face.head_height

    def linked(self, sample: np.ndarray, where: np.ndarray, start: np.ndarray, down: np.ndarray) -> np.ndarray:
        """(h, w) bool: what of `where` has the sample's colours rather than these, and hangs together with `start`."""
        found = np.zeros(sample.shape, bool)
        if sample.sum() < FEW:
            return found
        own = _share(_histogram(self.lab, sample), self.lab)
        least = LENIENT + (STRICT - LENIENT) * np.clip((down + 0.1) / 0.2, 0, 1)
        for _ in range(3):  # hair that lies over the clothes counts among them at first
            other = np.maximum(_share(_histogram(self.lab, self.clothes & ~found), self.lab), self.skin)
            surely = cv2.GaussianBlur(np.log((own + DOUBT) / (other + DOUBT)), (0, 0), self.soft)
            likely = (where & (surely > least)).astype(np.uint8)
            likely = cv2.morphologyEx(likely, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
            _, labels = cv2.connectedComponents((likely | start).astype(np.uint8))
            found = likely & np.isin(labels, np.unique(labels[start]))
        return found


def _places(x: np.ndarray, y: np.ndarray, face: Face) -> tuple[np.ndarray, np.ndarray]:
    """How far points lie across from the face's middle line and down from the chin, along the head's axes."""
    right, below = (axis[:2] / (np.linalg.norm(axis[:2]) + 1e-6) for axis in face.axes[:2])
    middle = (face.box[0] + face.box[2]) / 2
    across = (x - middle) * right[0] + (y - face.chin[1]) * right[1]
    down = (x - face.chin[0]) * below[0] + (y - face.chin[1]) * below[1]
    return across / face.head_height, down / face.head_height


def _histogram(lab: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Shares of the colours there, a little blurred."""
    counts = np.zeros((BINS, 2 * BINS, 2 * BINS), np.float32)
    np.add.at(counts, tuple(_bins(lab[where]).T), 1)
    for axis in range(3):
        counts = (np.roll(counts, 1, axis) + 2 * counts + np.roll(counts, -1, axis)) / 4
    return counts / max(float(counts.sum()), 1.0)


def _share(histogram: np.ndarray, lab: np.ndarray) -> np.ndarray:
    return histogram[tuple(np.moveaxis(_bins(lab), -1, 0))]


def _bins(lab: np.ndarray) -> np.ndarray:
    steps = lab * np.float32([BINS / 100, BINS / 128, BINS / 128]) + np.float32([0, BINS, BINS])
    return np.clip(steps.astype(int), 0, [BINS - 1, 2 * BINS - 1, 2 * BINS - 1])


def _disc(radius: float) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(radius)) + 1,) * 2)
