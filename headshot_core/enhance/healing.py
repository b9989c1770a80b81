"""Healing: a place is covered with texture from near by, fitted to the light and colour around the place.

What is healed is made of dabs: discs on the photo that know where their texture comes from. That is looked for once, on
the photo. Any view then copies from there and adds a smooth difference so that both meet at the edge, as cloning in the
gradient domain does (Perez, Gangnet & Blake 2003). The difference is interpolated by averages of what lies near and not
solved for, so that a tile finds the same as the whole photo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from headshot_core.enhance.view import Box, Study, View, Window
from headshot_core.pyramid import scale_of

FEATHER, RING = 1.35, 2.0
"""How far a dab fades out, and how far around it the surroundings are compared, in its radii."""
FINE = 10
"""Pixels of a dab's radius at which textures are compared and differences interpolated."""
NEAREST, FAR, DIRECTIONS = 2.5, 5.5, 16
"""Where texture is looked for: so many radii away, and around the clock."""
SPOILT = 3.0
"""The cost of a source from which on it is no skin, or another place to be healed."""
EDGE = 0.08
"""sRGB difference from which on source and surroundings rather show different things than different light."""
MOST_DABS = 160
"""Dabs of one stroke: however long it is, the work has a bound."""
WIDENING = (0.4, 0.8, 1.6, 3.2)
"""Standard deviations of the averages that carry the difference inwards, in radii."""

Placed = tuple[np.ndarray, np.ndarray]
"""a mask (h, w) 0..1, and the transform from the photo to it"""


@dataclass(frozen=True, eq=False)
class Dab:
    """A disc of the photo, and how far away its texture is; in pixels of the photo."""

    x: float
    y: float
    radius: float
    to: np.ndarray = field(default_factory=lambda: np.zeros(2))

    def seen(self, matrix: np.ndarray) -> Dab:
        """The same in the pixels of a window with that matrix."""
        x, y = matrix[:, :2] @ (self.x, self.y) + matrix[:, 2]
        return Dab(float(x), float(y), max(0.8, self.radius * scale_of(matrix)), matrix[:, :2] @ self.to)


def along(points: np.ndarray, radius: float) -> list[Dab]:
    """Dabs that cover a brush stroke through `points` (N, 2), without sources yet."""
    travelled = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    count = int(min(MOST_DABS, np.ceil(travelled[-1] / (0.7 * radius)) + 1))
    at = np.linspace(0, travelled[-1], count)
    x, y = (np.interp(at, travelled, points[:, axis]) for axis in (0, 1))
    return [Dab(float(x), float(y), radius) for x, y in zip(x, y, strict=True)]


def plan(study: Study, dabs: list[Dab], allowed: Placed | None = None) -> tuple[Dab, ...]:
    """The dabs with the best source for each: like their surroundings, even, and free of other dabs.

    `allowed`: what texture may be taken from; anything where empty.
    """
    planned: list[Dab] = []
    for dab in dabs:
        before = planned[-1].to if planned else np.zeros(2)
        planned.append(_with_source(study, dab, dabs, before, allowed))
    return tuple(planned)


def _with_source(study: Study, dab: Dab, dabs: list[Dab], before: np.ndarray, allowed: Placed | None) -> Dab:
    """`dab` with the source that costs least; the one `before` is preferred, so that a texture goes on."""
    scale = min(1.0, FINE / dab.radius)
    radius = max(1.0, dab.radius * scale)
    reachable = max(NEAREST, study.whole().reach / dab.radius - 3)
    for farthest in (min(FAR, reachable), 3 * FAR):
        half = int(np.ceil((farthest + RING) * radius)) + 1
        around = np.array([[scale, 0, half - scale * dab.x], [0, scale, half - scale * dab.y]])
        window = Window(study, around, (2 * half + 1, 2 * half + 1))
        offsets = np.concatenate([np.round(scale * before)[None].astype(int), _offsets(radius, farthest)])
        costs = _costs(window.photo, _spoilt(window, dabs, allowed), radius, offsets)
        if costs.min() < SPOILT:
            break
    return replace(dab, to=offsets[int(costs.argmin())] / scale)


def _offsets(radius: float, farthest: float) -> np.ndarray:
    """(N, 2) whole pixels: where sources may lie."""
    angles = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
    circle = np.column_stack([np.cos(angles), np.sin(angles)]) * radius
    return np.round(np.concatenate([circle * far for far in np.linspace(NEAREST, farthest, 4)])).astype(int)


def _spoilt(window: Window, dabs: Iterable[Dab], allowed: Placed | None) -> np.ndarray:
    """(H, W) 0..1: what no texture may be taken from: dabs, what is not allowed, and beyond the photo."""
    clean = window.laid_in(np.ones(window.study.size[::-1], np.uint8), np.eye(3)[:2]).astype(np.float32)
    if allowed:
        clean = clean * window.laid_in(*allowed)
    return np.maximum(1 - clean, covered([dab.seen(window.matrix) for dab in dabs], (0, 0, *window.size)))


def covered(dabs: Iterable[Dab], box: Box) -> np.ndarray:
    """(H, W) 0..1 in a box of a window: the discs of dabs as seen there, soft at the edge."""
    result = np.zeros((box[3] - box[1], box[2] - box[0]), np.float32)
    for dab in dabs:
        part = box_of([dab], FEATHER, box)
        if part:
            there = result[within(part, box)]
            np.maximum(there, _cover(_distance(dab, part)), out=there)
    return result


def _costs(pixels: np.ndarray, spoilt: np.ndarray, radius: float, offsets: np.ndarray) -> np.ndarray:
    """(N,) how badly a source fits the middle of `pixels`, for each offset (N, 2), of which the first is preferred."""
    half = len(pixels) // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    far = np.hypot(x, y) / radius
    ring = np.argwhere((far > FEATHER) & (far < RING) & (spoilt < 0.5))
    disc = np.argwhere(far < FEATHER)
    ring, disc = ring[:: max(1, len(ring) // 200)], disc[:: max(1, len(disc) // 200)]
    calm = cv2.GaussianBlur(pixels, (0, 0), max(0.6, 0.3 * radius))

    def at(picture: np.ndarray, places: np.ndarray) -> np.ndarray:
        rows = np.clip(places[None, :, 0] + offsets[:, None, 1], 0, 2 * half)
        return picture[rows, np.clip(places[None, :, 1] + offsets[:, None, 0], 0, 2 * half)]

    uneven = at(calm, disc).std(1).mean(-1)
    if not len(ring):
        return uneven + 10 * at(spoilt, disc).mean(1)
    apart = pixels[ring[:, 0], ring[:, 1]] - at(pixels, ring)
    misfit = apart.std(1).mean(-1) + 0.5 * np.abs(apart.mean(1)).mean(-1)
    marked = np.maximum(uneven - calm[ring[:, 0], ring[:, 1]].std(0).mean(), 0)
    cost = misfit + 0.7 * marked + 10 * at(spoilt, disc).mean(1) + at(spoilt, ring).mean(1)
    cost[0] *= 0.85
    return cost


def heal(view: View, strokes: Iterable[tuple[Dab, ...]]) -> np.ndarray:
    """The view's pixels with every stroke healed, one after the other."""
    strokes = [tuple(dab.seen(view.window.matrix) for dab in stroke) for stroke in strokes]
    everything = [dab for stroke in strokes for dab in stroke]
    pixels = view.pixels.copy()
    for stroke in strokes:
        box = box_of(stroke, RING, (0, 0, *view.window.size))
        if box:
            _heal(pixels, view.window, stroke, everything, box)
    return pixels


def _heal(pixels: np.ndarray, window: Window, stroke: tuple[Dab, ...], everything: list[Dab], box: Box) -> None:
    """Heal a stroke that lies in `box`; dabs as seen in the window. Writes into `pixels`."""
    target = pixels[within(box)]
    source, weight = np.zeros_like(target), np.full(target.shape[:2], 1e-12, np.float32)
    for dab in stroke:
        part = box_of([dab], RING, box)
        if part:
            near = np.exp(-6 * np.square(_distance(dab, part)))
            source[within(part, box)] += near[..., None] * _texture(pixels, window, dab, part)
            weight[within(part, box)] += near
    source /= weight[..., None]
    around = (weight > np.exp(-6 * RING**2)) & (covered(everything, box) == 0)
    apart = target - source
    trust = around / (1 + np.square(apart / EDGE).sum(-1))
    fit = carried_inwards(apart * trust[..., None], trust, stroke[0].radius, window.reach)
    target += covered(stroke, box)[..., None] * (source + fit - target)


def _texture(pixels: np.ndarray, window: Window, dab: Dab, box: Box) -> np.ndarray:
    """What a dab takes for `box`: from these pixels, or, where a tile would not see so far, from the photo."""
    dx, dy = (round(float(v)) for v in dab.to)
    x0, y0, x1, y1 = box
    if np.hypot(dx, dy) + 3 * dab.radius > window.reach:
        return window.cut((x0 + dx, y0 + dy, x1 + dx, y1 + dy)).photo
    height, width = pixels.shape[:2]
    rows, columns = np.clip(np.arange(y0, y1) + dy, 0, height - 1), np.clip(np.arange(x0, x1) + dx, 0, width - 1)
    return pixels[np.ix_(rows, columns)]


def carried_inwards(values: np.ndarray, weight: np.ndarray, radius: float, reach: int) -> np.ndarray:
    """(H, W, 3) smooth values everywhere from those that have a `weight` (H, W) 0..1; `values` are times that weight.

    Averages over ever wider surroundings, the narrower ones first where they find anything.
    """
    scale = min(1.0, FINE / radius)
    shape, size = weight.shape, [max(1, round(side * scale)) for side in weight.shape[::-1]]
    both = np.dstack([values, weight.astype(np.float32)])
    both = cv2.resize(both, size, interpolation=cv2.INTER_AREA)
    result = np.zeros_like(both[..., :3])
    for wide in reversed(WIDENING):
        sigma = min(wide * radius, reach / 3) * scale
        mean = cv2.GaussianBlur(both, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        share = mean[..., 3:]
        result += share / (share + 0.03) * (mean[..., :3] / (share + 1e-6) - result)
    return cv2.resize(result, shape[::-1], interpolation=cv2.INTER_LINEAR)


def box_of(dabs: Iterable[Dab], radii: float, limits: Box) -> Box | None:
    """The box round dabs with so many radii, inside `limits`; None if that is outside."""
    x0, y0, x1, y1 = limits
    left = max(x0, min(int(np.floor(dab.x - radii * dab.radius)) for dab in dabs))
    top = max(y0, min(int(np.floor(dab.y - radii * dab.radius)) for dab in dabs))
    right = min(x1, max(int(np.ceil(dab.x + radii * dab.radius)) for dab in dabs) + 1)
    bottom = min(y1, max(int(np.ceil(dab.y + radii * dab.radius)) for dab in dabs) + 1)
    return (left, top, right, bottom) if right > left and bottom > top else None


def within(box: Box, other: Box = (0, 0, 0, 0)) -> tuple[slice, slice]:
    """The slices of a box in an array that shows `other`."""
    return np.s_[box[1] - other[1] : box[3] - other[1], box[0] - other[0] : box[2] - other[0]]


def _distance(dab: Dab, box: Box) -> np.ndarray:
    """(H, W) how far the pixels of a box are from a dab's centre, in its radii."""
    x, y = np.arange(box[0], box[2], dtype=np.float32), np.arange(box[1], box[3], dtype=np.float32)
    return np.hypot(x[None] - np.float32(dab.x), y[:, None] - np.float32(dab.y)) / np.float32(dab.radius)


def _cover(distance: np.ndarray) -> np.ndarray:
    """0..1: all of the disc, fading out to `FEATHER`."""
    fade = np.clip((FEATHER - distance) / (FEATHER - 1), 0, 1)
    return fade * fade * (3 - 2 * fade)
