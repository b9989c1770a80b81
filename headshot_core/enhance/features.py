"""Features of a face as soft masks: eyes, mouth, brows, seen close up in the photo as it was taken.

Landmarks say where a feature may be, colour says where it is. Masks are made once a portrait, in windows of one scale,
and laid into whatever window is worked on: a preview, a tile and a look at full size agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance.view import Study, View, Window
from headshot_core.face import regions
from headshot_core.face.landmarks import Face
from headshot_core.matte import compose

CLOSE = 160
"""Pixels between the eyes in a close-up."""
SMALL, PLAIN = 14.0, 45.0
"""Pixels between the eyes in the photo up to which a feature's details are left alone, and from which they are seen."""

# fmt: off
INNER_LIPS = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95]


@dataclass(frozen=True)
class EyePoints:
    """Landmarks of an eye."""

    outline: list[int]
    upper: list[int]
    """the upper lid's edge, outer to inner corner"""
    iris: int
    ring: list[int]
    beneath: list[int]
    """first below the lashes, then back along the orbit's edge; its second half is meant half-way to `orbit`"""
    orbit: list[int]
    cheek: list[int]
    blink: str


LEFT_EYE = EyePoints(
    regions.EYE_LEFT, [33, 246, 161, 160, 159, 158, 157, 173, 133], 468, [469, 470, 471, 472],
    [25, 110, 24, 23, 22, 26, 112, 233, 232, 231, 230, 229, 228, 31], [128, 121, 120, 119, 118, 117, 111],
    [117, 118, 119, 100, 101, 50, 123], "eyeBlinkRight")
RIGHT_EYE = EyePoints(
    regions.EYE_RIGHT, [263, 466, 388, 387, 386, 385, 384, 398, 362], 473, [474, 475, 476, 477],
    [255, 339, 254, 253, 252, 256, 341, 453, 452, 451, 450, 449, 448, 261], [357, 350, 349, 348, 347, 346, 340],
    [346, 347, 348, 329, 330, 280, 352], "eyeBlinkLeft")
# fmt: on


@dataclass(frozen=True, eq=False)
class Eye:
    """One eye in a close-up."""

    window: Window
    points: EyePoints
    shown: float
    """0..1: 0 where the eye is closed, hidden, or too small to tell"""
    centre: np.ndarray
    """(2,) of the iris, pixels of the close-up"""
    radius: float
    """of the iris, pixels of the close-up"""
    opening: np.ndarray
    """(h, w) 0..1: between the lids"""
    glint: np.ndarray
    """(h, w) 0..1: light that the iris reflects"""
    whites: np.ndarray
    """(h, w) 0..1"""
    beneath: np.ndarray
    """(h, w) 0..1: the skin between lashes and cheek"""
    lashes: np.ndarray
    """(h, w) 0..1: along the upper lid"""


@dataclass(frozen=True, eq=False)
class Mouth:
    """The mouth in a close-up."""

    window: Window
    lips: np.ndarray
    """(h, w) 0..1"""
    teeth: np.ndarray | None
    """(h, w) 0..1; None where the mouth is closed or shows none"""


@dataclass(frozen=True, eq=False)
class Brow:
    """One brow in a close-up."""

    window: Window
    area: np.ndarray
    """(h, w) 0..1: the brow with the skin between its hairs"""
    hair: np.ndarray
    """(h, w) 0..1: hairs"""


def ramp(values: np.ndarray | float, low: float, high: float) -> np.ndarray:
    """0 up to `low`, 1 from `high` on, smooth between; falls where `high` is less. float32."""
    t = np.clip((np.asarray(values, np.float32) - low) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)


def soften(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur by `sigma` pixels; less than a fifth of a pixel is none."""
    return cv2.GaussianBlur(image, (0, 0), sigma) if sigma > 0.2 else image


def inside(points: np.ndarray, shape: tuple[int, int], soft: float) -> np.ndarray:
    """(H, W) 0..1: inside the outline of points (N, 2), its edge blurred by `soft` pixels."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return soften(mask.astype(np.float32) * np.float32(1 / 255), soft)


def median(values: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
    """(3,) median of the (H, W, 3) pixels with weight (H, W) above a half; None where there are few."""
    used = values[weight > 0.5]
    return np.median(used, 0).astype(np.float32) if len(used) >= 4 else None


def close_up(study: Study, points: np.ndarray, margin: float) -> Window:
    """A window at `CLOSE` round points (N, 2) of the photo, with `margin` inter-eye distances about them."""
    scale = CLOSE / study.face.inter_eye
    reach = margin * study.face.inter_eye
    (x0, y0), (x1, y1) = points.min(0) - reach, points.max(0) + reach
    matrix = np.array([[scale, 0, -x0 * scale], [0, scale, -y0 * scale]])
    return Window(study, matrix, (max(2, int((x1 - x0) * scale)), max(2, int((y1 - y0) * scale))))


def detail_seen(study: Study) -> float:
    """0..1: how far the photo shows a feature's details at all."""
    return float(ramp(study.face.inter_eye, SMALL, PLAIN))


# Eyes


def eyes(study: Study) -> tuple[Eye, Eye]:
    """Both eyes, the one on the viewer's left first."""
    return _eye(study, LEFT_EYE), _eye(study, RIGHT_EYE)


def _eye(study: Study, points: EyePoints) -> Eye:
    around = [points.iris, *points.outline, *points.beneath, *points.cheek]
    window = close_up(study, study.face.points[around, :2], 0.1)
    face, shape = window.face, window.shape
    lab = colour.to_lab(soften(window.photo, 0.008 * CLOSE))
    opening = inside(face.points[points.outline, :2], shape, 0.012 * CLOSE)
    centre, radius = _iris(lab[..., 0], opening, face, points)
    away = _distance(shape, centre) / radius
    whites, sure = _whites(lab, opening, away, _skin_beside(lab, face, points))
    glint = _glint(lab[..., 0], opening * ramp(away, 0.95, 0.75), radius)
    shown = sure * _open(face, points) * _turned(face, points) * detail_seen(study)
    beneath, lashes = _beneath(face, points, shape), _lashes(face, points, shape)
    return Eye(window, points, shown, centre, radius, opening, glint, whites, beneath, lashes)


def _distance(shape: tuple[int, int], centre: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.hypot(x - np.float32(centre[0]), y - np.float32(centre[1]))


def _open(face: Face, points: EyePoints) -> float:
    """0..1: how far the eye is open, by the lids' distance and the expression."""
    upper, lower = face.points[points.outline[12], :2], face.points[points.outline[4], :2]
    corner, other = face.points[points.outline[0], :2], face.points[points.outline[8], :2]
    aperture = float(np.linalg.norm(upper - lower) / (np.linalg.norm(corner - other) + 1e-6))
    return float(ramp(aperture, 0.12, 0.2) * ramp(face.expression.get(points.blink, 0.0), 0.6, 0.45))


def _turned(face: Face, points: EyePoints) -> float:
    """0..1: an eye on the side that a turned head hides counts less and less."""
    hidden = face.yaw if points is RIGHT_EYE else -face.yaw
    return float(ramp(hidden, 60, 30))


def _iris(light: np.ndarray, opening: np.ndarray, face: Face, points: EyePoints) -> tuple[np.ndarray, float]:
    """Centre and radius of the iris: the circle near the landmarks' with the sharpest step from dark to light.

    The integro-differential operator of Daugman (1993), on the sides of the iris, where no lid lies on it.
    """
    about = face.points[points.iris, :2]
    usual = float(np.linalg.norm(face.points[points.ring, :2] - about, axis=1).mean())
    x, y, r = np.meshgrid(*(np.linspace(-0.3, 0.3, 9),) * 2, np.linspace(0.75, 1.05, 7), indexing="ij")
    x, y, r = (values.ravel()[:, None] * usual for values in (x, y, r))
    sides = np.radians(np.concatenate([np.arange(-40, 41, 8), np.arange(140, 221, 8)]))[None]
    ring, counts = [], []
    for step in (-0.14, 0.14):
        at_x = (about[0] + x + (r + step * usual) * np.cos(sides)).astype(np.float32)
        at_y = (about[1] + y + (r + step * usual) * np.sin(sides)).astype(np.float32)
        ring.append(cv2.remap(light, at_x, at_y, cv2.INTER_LINEAR))
        counts.append(cv2.remap(opening, at_x, at_y, cv2.INTER_LINEAR))
    count = counts[1] * counts[0]
    edge = (count * np.clip(ring[1] - ring[0], -20, 40)).sum(1) / (count.sum(1) + 2)
    doubt = (x[:, 0] ** 2 + y[:, 0] ** 2) / usual**2 * 12 + ((r[:, 0] / usual - 0.92) ** 2) * 60
    best = int(np.argmax(edge - doubt))
    return about + (x[best, 0], y[best, 0]), float(r[best, 0])


def _skin_beside(lab: np.ndarray, face: Face, points: EyePoints) -> np.ndarray | None:
    """(3,) CIELAB of the cheek just below."""
    return median(lab, inside(face.points[points.cheek, :2], lab.shape[:2], 0))


def _whites(
    lab: np.ndarray, opening: np.ndarray, away: np.ndarray, skin: np.ndarray | None
) -> tuple[np.ndarray, float]:
    """The whites of an eye, and how sure it is (0..1) that an open eye is seen at all.

    `away`: distance from the iris' middle in its radii. Whites are paler than skin and lighter than the iris.
    """
    place = opening * ramp(away, 1.0, 1.12)
    beside, iris = lab[place > 0.6], lab[(opening > 0.8) & (away < 0.9)]
    if skin is None or len(beside) < 8 or len(iris) < 8:
        return np.zeros_like(opening), 0.0
    dark, light = float(np.median(iris[:, 0])), float(np.percentile(beside[:, 0], 80))
    colourful = (lab[..., 1:] @ skin[1:]) / (float(skin[1:] @ skin[1:]) + 25)
    pale = ramp(colourful, 0.95, 0.65)
    lit = ramp((lab[..., 0] - dark) / max(light - dark, 6.0), 0.3, 0.65)
    whites = place * pale * lit
    share = float(whites.sum() / (opening.sum() + 1e-6))
    sure = ramp(light - dark, 6, 14) * ramp(light / (skin[0] + 1e-6), 0.4, 0.6) * ramp(share, 0.02, 0.06)
    return whites, float(sure)


def _glint(light: np.ndarray, iris: np.ndarray, radius: float) -> np.ndarray:
    """Small places lighter than all around them (a white top-hat)."""
    size = max(3, int(0.7 * radius))
    ground = cv2.morphologyEx(light, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return iris * ramp(light - ground, 5, 16)


def _beneath(face: Face, points: EyePoints, shape: tuple[int, int]) -> np.ndarray:
    near = face.points[points.beneath, :2].copy()
    near[7:] = (near[7:] + face.points[points.orbit, :2]) / 2
    return inside(near, shape, 0.035 * CLOSE)


def _lashes(face: Face, points: EyePoints, shape: tuple[int, int]) -> np.ndarray:
    """A band along the upper lid's edge, mostly above it."""
    edge = face.points[points.upper, :2]
    up = -face.axes[1][:2].astype(np.float32) * CLOSE
    band = np.concatenate([edge + 0.075 * up, (edge - 0.025 * up)[::-1]])
    return inside(band, shape, 0.015 * CLOSE)


# Mouth


def mouth(study: Study) -> Mouth:
    """Lips and teeth."""
    window = close_up(study, study.face.points[regions.LIPS, :2], 0.25)
    face, shape = window.face, window.shape
    lab = colour.to_lab(soften(window.photo, 0.008 * CLOSE))
    outer = inside(face.points[regions.LIPS, :2], shape, 0.0)
    inner = inside(face.points[INNER_LIPS, :2], shape, 0.0)
    skin = median(lab, inside(_around(face), shape, 0) - soften(outer, 0.04 * CLOSE))
    if skin is None:
        return Mouth(window, np.zeros(shape, np.float32), None)
    gap = float(np.linalg.norm(face.points[13, :2] - face.points[14, :2])) / CLOSE
    teeth = _teeth(lab, inner, skin) if gap > 0.025 else None
    return Mouth(window, _lips(lab, outer * (1 - inner), skin), teeth)


def _around(face: Face) -> np.ndarray:
    """The skin round the mouth."""
    lips = face.points[regions.LIPS, :2]
    middle = lips.mean(0)
    return middle + 1.35 * (lips - middle)


def _lips(lab: np.ndarray, place: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Lips are redder or darker than the skin around; where they are hardly so, the outline counts in part."""
    redder = ramp(lab[..., 1] - skin[1] - 0.35 * (lab[..., 2] - skin[2]), 1, 7)
    return soften(place * (0.25 + 0.75 * soften(redder, 0.01 * CLOSE)), 0.015 * CLOSE)


def _teeth(lab: np.ndarray, place: np.ndarray, skin: np.ndarray) -> np.ndarray | None:
    """Teeth are lighter and less red than all else in a mouth."""
    used = lab[place > 0.6]
    if len(used) < 20:
        return None
    light = float(np.percentile(used[:, 0], 90))
    lit = ramp(lab[..., 0] / max(light, 1.0), 0.5, 0.75)
    step = float(np.clip(skin[1] / 2, 0.2, 5.5))  # in a grey photo nothing is red
    pale = ramp(lab[..., 1] - skin[1] - 0.5, -0.3 * step, -step)
    teeth = place * lit * pale
    if light < 0.75 * skin[0] or teeth.sum() < 0.004 * CLOSE**2:
        return None
    return soften(teeth, 0.008 * CLOSE)


# Brows


def brows(study: Study) -> tuple[Brow, Brow]:
    """Both brows, the one on the viewer's left first."""
    return _brow(study, regions.BROW_LEFT), _brow(study, regions.BROW_RIGHT)


def _brow(study: Study, outline: list[int]) -> Brow:
    """The landmarks lie a little above many a brow: the area looked at reaches further down than up."""
    window = close_up(study, study.face.points[outline, :2], 0.2)
    face, shape = window.face, window.shape
    place = inside(face.points[outline, :2], shape, 0)
    down = face.axes[1][:2] * 0.035 * CLOSE
    place = cv2.warpAffine(place, np.float32([[1, 0, down[0]], [0, 1, down[1]]]), window.size)
    reach = int(0.035 * CLOSE)
    grown = cv2.dilate(place, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))
    light = colour.to_lab(window.photo)[..., 0]
    skin = _skin_behind(light, grown)
    dark = ramp((skin - light) / np.maximum(skin, 1), 0.12, 0.35)
    hair = dark * soften(grown, 0.03 * CLOSE)
    area = ramp(soften(hair, 0.03 * CLOSE), 0.1, 0.6)
    return Brow(window, area, hair)


def _skin_behind(light: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The lightness (h, w) of the skin under a brow: the lightest round about, without what is lighter than skin."""
    size = int(0.2 * CLOSE)
    lightest = cv2.dilate(soften(light, 0.03 * CLOSE), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    skin = float(np.percentile(light[place > 0.5], 90)) if (place > 0.5).any() else 0.0
    return np.minimum(soften(lightest, 0.08 * CLOSE), np.float32(skin))


# Working on features

Part = TypeVar("Part", Eye, Mouth, Brow)


def retouch(view: View, parts: Iterable[Part], work: Callable[[View, Part], np.ndarray]) -> np.ndarray:
    """The view's pixels with `work(view of the part, part)` done in each part's place."""
    head = view.head
    for part in parts:
        pixels = view.within(place(view.window, part.window), lambda here, part=part: work(here, part))
        view = View(view.window, pixels, head)
    return view.pixels


def place(window: Window, close: Window):
    """The box of a close-up in a window; None where it lies outside."""
    width, height = close.size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    back = compose(window.matrix, cv2.invertAffineTransform(close.matrix))
    return window.box_round(corners @ back[:, :2].T + back[:, 2], 0)


def laid(window: Window, mask: np.ndarray, close: Window) -> np.ndarray:
    """A close-up's mask (h, w) as it lies in a window."""
    return window.laid_in(mask, close.matrix)


def together(window: Window, masks: Iterable[tuple[np.ndarray, Window]]) -> np.ndarray:
    """(H, W) 0..1: the masks of some close-ups, one over the other, as they lie in a window."""
    whole = np.zeros(window.shape, np.float32)
    for mask, close in masks:
        whole = np.maximum(whole, laid(window, mask, close))
    return whole


def band(light: np.ndarray, fine: float, coarse: float) -> np.ndarray:
    """The detail between two sizes, in pixels."""
    return soften(light, fine) - soften(light, coarse)


def recoloured(pixels: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The pixels after a change in CIELAB; where that changes nothing they stay as they are, to the last bit.

    OpenCV's way to CIELAB and back is only good to one step in 255.
    """
    return np.clip(pixels + (colour.from_lab(after) - colour.from_lab(before)), 0, 1)
