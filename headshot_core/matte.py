"""Cut-out: which share of each pixel is the person (alpha), and which colour the person has there.

From coarse to fine: a small net's person mask, a trimap around its outline, closed-form matting inside that band
(Levin, Lischinski & Weiss 2008, with the box-filter form of the Laplacian by He, Sun & Tang 2010), and for the result's
full resolution the local linear model that both rest on (alpha = a * colour + b in each small window).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.face.landmarks import Face
from headshot_core.face.regions import OVAL, polygon, skin
from headshot_core.masks import person_mask
from headshot_core.pyramid import Pyramid

HEAD = 200
"""Head height, in pixels, at which the alpha is solved; finer detail comes from the photo itself."""
ABOVE, BELOW, BESIDE = 1.0, 2.6, 2.6
"""How far the cut-out reaches from crown, chin and eye centre, in head heights: more than any frame shows."""
CONTACTS = 64
"""Points on each side of the photo where it is looked whether the photo cuts the person."""
CLOTHES_BAND, HAIR_BAND = 0.022, 0.07
"""Half width of the unknown band round the outline, in head heights."""
EAR = 0.32, 0.65
"""Half width and half height of where an ear may be, in inter-eye distances."""
TEMPLES = 234, 454
"""Landmarks at the face's sides."""
EPSILON = 1e-4
"""Regularisation of the matting Laplacian, for colours 0..1."""
TRUST, CLOTHES_TRUST = 0.02, 0.3
"""Weight of the first guess against the matting Laplacian: on cloth the mask knows better than the colours."""
STEPS = 30
TOLERANCE = 0.02


def trimap(mask: np.ndarray, band: np.ndarray | float) -> np.ndarray:
    """1 sure person, 0 sure background, 0.5 unknown, from a rough mask 0..1.

    `band`: half the unknown band's width in pixels, one number or one a pixel.
    """
    inside = _depth(mask > 0.9) > band
    outside = _depth(mask < 0.1) > band
    # What touches no sure background is a hole in the mask, not an outline.
    _, labels = cv2.connectedComponents((~inside).astype(np.uint8))
    open_air = np.isin(labels, np.unique(labels[outside]))
    result = np.full(mask.shape, 0.5, np.float32)
    result[inside | ~open_air] = 1
    result[outside] = 0
    return result


def _depth(region: np.ndarray) -> np.ndarray:
    """Pixels from each place of the region to its outline; the picture's edge is no outline."""
    padded = np.pad(region, 1, mode="edge").astype(np.uint8)
    return cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]


class LocalModel:
    """Windows of a guide image in which alpha is a linear function of colour (guided filter, He et al. 2013)."""

    def __init__(self, guide: np.ndarray, radius: int = 1, epsilon: float = EPSILON):
        self.guide, self._size = guide, (2 * radius + 1, 2 * radius + 1)
        self.mean = self.box(guide)
        pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
        products = np.stack([guide[..., i] * guide[..., j] for i, j in pairs], -1)
        second = np.concatenate([self.box(products[..., :3]), self.box(products[..., 3:])], -1)
        cov = [second[..., k] - self.mean[..., i] * self.mean[..., j] for k, (i, j) in enumerate(pairs)]
        self._inverse = _inverse_symmetric(cov, epsilon / (2 * radius + 1) ** 2)

    def box(self, array: np.ndarray) -> np.ndarray:
        """Mean over the window of each pixel."""
        return cv2.boxFilter(array, -1, self._size, borderType=cv2.BORDER_REFLECT)

    def fit(self, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slope (H, W, 3) and offset (H, W) per window that best explain `target` (H, W)."""
        mean = self.box(target)
        cross = self.box(self.guide * target[..., None]) - self.mean * mean[..., None]
        i00, i01, i02, i11, i12, i22 = self._inverse
        x, y, z = cross[..., 0], cross[..., 1], cross[..., 2]
        slope = np.stack([i00 * x + i01 * y + i02 * z, i01 * x + i11 * y + i12 * z, i02 * x + i12 * y + i22 * z], -1)
        return slope, mean - np.einsum("hwc,hwc->hw", slope, self.mean)

    def predict(self, slope: np.ndarray, offset: np.ndarray) -> np.ndarray:
        """Target by the mean of all windows that hold a pixel."""
        return np.einsum("hwc,hwc->hw", self.box(slope), self.guide) + self.box(offset)

    def laplacian(self, alpha: np.ndarray) -> np.ndarray:
        """Matting Laplacian times alpha: how far alpha is from its local linear models."""
        return alpha - self.predict(*self.fit(alpha))


def _inverse_symmetric(cov: list[np.ndarray], epsilon: float) -> list[np.ndarray]:
    a, b, c, d, e, f = cov
    # Rounding takes flat windows below what any variance, and so any determinant, can be.
    a, d, f = (np.maximum(variance, 0) + epsilon for variance in (a, d, f))
    minors = [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b]
    determinant = a * minors[0] + b * minors[1] + c * minors[2]
    return [m / np.maximum(determinant, epsilon**3) for m in minors]


def closed_form(guide: np.ndarray, tri: np.ndarray, first: np.ndarray, trust: np.ndarray | float = TRUST) -> np.ndarray:
    """Alpha 0..1 that follows the guide's colours and, weakly, the first guess; known pixels are held.

    Solves (L + D) alpha = D first by conjugate gradients, D = `trust` times how sure the first guess is.
    All arrays float32 0..1, (H, W, 3) and (H, W).
    """
    model = LocalModel(guide - 0.5)
    unknown = tri == 0.5
    trust = (trust * (0.1 + (2 * first - 1) ** 2)).astype(np.float32)

    def apply(x):
        return np.where(unknown, model.laplacian(x) + trust * x, 0)

    alpha = np.where(unknown, first, tri)
    residual = np.where(unknown, trust * first, 0) - apply(alpha)
    direction, energy = residual, float(np.vdot(residual, residual))
    goal = energy * TOLERANCE**2
    for _ in range(STEPS):
        if energy <= goal:
            break
        image = apply(direction)
        step = energy / float(np.vdot(direction, image))
        alpha = alpha + step * direction
        residual = residual - step * image
        energy, before = float(np.vdot(residual, residual)), energy
        direction = residual + energy / before * direction
    return alpha.clip(0, 1)


@dataclass(frozen=True)
class Matte:
    """A person's cut-out from a photo, ready to be laid into any frame."""

    alpha: np.ndarray
    """(h, w) 0..1 at the resolution it was solved"""
    slope: np.ndarray
    """(h, w, 3): finer alpha = slope . colour + offset"""
    offset: np.ndarray
    known: np.ndarray
    """(h, w) 0..1: where alpha needs no refinement"""
    matrix: np.ndarray
    """(2, 3): from pixels of the photo to pixels of `alpha`"""

    def in_frame(self, pixels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        """Alpha for the frame `pixels` (H, W, 3), sRGB 0..1, that `matrix` (2, 3) took from the photo."""
        size = pixels.shape[1::-1]
        to_frame = compose(matrix, cv2.invertAffineTransform(self.matrix))

        def warp(array, flags=cv2.INTER_LINEAR):
            return cv2.warpAffine(array, to_frame, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)

        refined = np.einsum("hwc,hwc->hw", warp(self.slope), pixels) + warp(self.offset)
        # Detail may move alpha within what its neighbours at low resolution show, not invent it from texture.
        around = np.ones((3, 3), np.uint8)
        refined = np.clip(refined, warp(cv2.erode(self.alpha, around)), warp(cv2.dilate(self.alpha, around)))
        known = warp(self.known)
        return (known * warp(self.alpha) + (1 - known) * refined).clip(0, 1)

    def outline_contacts(self, size: tuple[int, int]) -> np.ndarray:
        """(N, 2) points on the edges of a photo of that (width, height) where the photo cuts the person."""
        width, height = size
        x, y = np.linspace(0, width - 1, CONTACTS), np.linspace(0, height - 1, CONTACTS)
        sides = [(x, 0 * x), (x, 0 * x + height - 1), (0 * y, y), (0 * y + width - 1, y)]
        points = np.concatenate([np.stack(side, 1) for side in sides]).astype(np.float32)
        at = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        inside = ((at > -1.5) & (at < np.array(self.alpha.shape[::-1]) + 0.5)).all(1)
        column, row = np.round(at[inside]).astype(int).T
        rows, columns = self.alpha.shape
        return points[inside][self.alpha[row.clip(0, rows - 1), column.clip(0, columns - 1)] > 0.5]

    @property
    def doubt(self) -> float:
        """Share of half-transparent pixels in the person's area: small is a clean cut-out."""
        return float(((self.alpha > 0.1) & (self.alpha < 0.9)).sum() / max((self.alpha > 0.5).sum(), 1))


def compose(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """One (2, 3) transform that does `first`, then `second`."""
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


def cut_out(
    photo: Pyramid,
    face: Face,
    others: tuple[Face, ...] = (),
    model: str = "selfie",
    solved: float = HEAD,
    below: float = BELOW,
) -> Matte:
    """The person with this face, cut out of a photo; `others` are left behind.

    `model`: the net for the rough mask, see `headshot_core.masks`; `solved`: head height, in pixels, at which the alpha
    is solved; `below`: how far down it reaches, in head heights. Raises `HeadshotError` where no person is seen round
    the face.
    """
    head = face.head_height
    scale = min(1.0, solved / head)
    x0, y0, x1, y1 = _region(photo.image, face, head, below)
    # Pixel centres: small x = (photo x + 0.5 - x0) * scale - 0.5.
    matrix = np.array([[scale, 0, (0.5 - x0) * scale - 0.5], [0, scale, (0.5 - y0) * scale - 0.5]])
    small = photo.warp(matrix, (max(2, int((x1 - x0) * scale)), max(2, int((y1 - y0) * scale))))
    face, others = face.moved(matrix), tuple(other.moved(matrix) for other in others)
    mask = _own(_mask(small, face, model), face, others)
    guide = small.astype(np.float32) / 255
    tri = trimap(mask, _band(mask.shape, face))
    tri[_ears(guide, mask, face)] = 1
    wide = LocalModel(guide, max(2, round(face.head_height * 0.05)), 1e-2)
    hair, cloth = wide.predict(*wide.fit(mask)).clip(0, 1), np.clip(1.6 * mask - 0.4, 0, 1)
    clothes = _clothes(mask.shape, face)
    first = hair + clothes * (cloth - hair)
    trust = TRUST + (CLOTHES_TRUST - TRUST) * clothes
    alpha = _levels(closed_form(guide, tri, first, trust), mask, face)
    fine = LocalModel(guide, 2, 1e-2)
    slope, offset = fine.fit(alpha)
    known = cv2.blur((tri != 0.5).astype(np.float32), (5, 5))
    return Matte(alpha, fine.box(slope), fine.box(offset), known, matrix)


def _region(image: np.ndarray, face: Face, head: float, below: float) -> tuple[int, int, int, int]:
    (x, _), top, bottom = face.eye_centre, face.crown[1] - ABOVE * head, face.chin[1] + below * head
    height, width = image.shape[:2]
    box = max(0, x - BESIDE * head), max(0, top), min(width, x + BESIDE * head), min(height, bottom)
    return tuple(int(v) for v in box)


def _mask(image: np.ndarray, face: Face, model: str) -> np.ndarray:
    """The net's mask of the whole region, finer round the head; another net where the first misses the face."""
    oval = polygon(face, OVAL, image.shape[:2])
    for name in dict.fromkeys((model, "salient")):
        mask = _close_up(image, face, name)
        if not oval.any() or mask[oval].mean() > 0.6:
            return mask
    raise HeadshotError(
        "A face was found, but no person round it.", "Use a photo of a real person with hair and shoulders."
    )


def _close_up(image: np.ndarray, face: Face, model: str) -> np.ndarray:
    mask = person_mask(image, model)
    head, (x, _) = face.head_height, face.eye_centre
    box = (x - 0.9 * head, face.crown[1] - 0.5 * head, x + 0.9 * head, face.chin[1] + 0.7 * head)
    x0, y0, x1, y1 = (int(v) for v in np.clip(box, 0, (*image.shape[1::-1], *image.shape[1::-1])))
    if min(x1 - x0, y1 - y0) < 16:
        return mask
    weight = np.zeros(mask.shape, np.float32)
    weight[y0:y1, x0:x1] = 1
    weight = cv2.blur(weight, (int(head * 0.3) | 1,) * 2) * weight
    close = mask.copy()
    close[y0:y1, x0:x1] = person_mask(image[y0:y1, x0:x1], model)
    return mask + weight * (close - mask)


def _own(mask: np.ndarray, face: Face, others: tuple[Face, ...]) -> np.ndarray:
    """The mask without what is nearer to another's head and body than to this person's, and in one piece."""
    if others:
        away = np.min([_distance(mask.shape, other) for other in others], 0)
        own = _distance(mask.shape, face)
        mask = mask * cv2.blur((own < away).astype(np.float32), (5, 5))
    _, labels = cv2.connectedComponents((mask > 0.5).astype(np.uint8))
    within = labels[polygon(face, OVAL, mask.shape) & (labels > 0)]
    body = labels == (np.bincount(within).argmax() if len(within) else 0)
    near = np.clip(1.5 - _depth(~body) / (0.06 * face.head_height), 0, 1)
    return (mask * near).astype(np.float32)


def _distance(shape: tuple[int, int], face: Face) -> np.ndarray:
    """From each pixel to the line from the eyes down through the body, in head heights of that person.

    The line fades out on its way down: who stands in front is nearer than the body of one behind.
    """
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    (cx, cy), head = face.eye_centre, face.head_height
    above = np.maximum(cy - y, 0) + 0.25 * np.maximum(y - face.chin[1], 0)
    widening = 1 + np.clip((y - face.chin[1]) / head, 0, 1)
    return np.hypot((x - cx) / widening, above) / head


def _band(shape: tuple[int, int], face: Face) -> np.ndarray:
    """Half width of the unknown band: wide round the hair, narrow on clothes."""
    return face.head_height * (HAIR_BAND + (CLOTHES_BAND - HAIR_BAND) * _clothes(shape, face))


def _ears(guide: np.ndarray, mask: np.ndarray, face: Face) -> np.ndarray:
    """(H, W) bool: ears, which stand out from the head into the unknown band: skin where the mask holds it possible."""
    near = np.zeros(mask.shape, np.uint8)
    across, unit = face.axes[0][:2], face.inter_eye
    axes = round(EAR[0] * unit), round(EAR[1] * unit)
    for point, side in zip(TEMPLES, (-1, 1), strict=True):
        x, y = face.points[point, :2] + side * EAR[0] / 2 * unit * across + 0.2 * unit * face.axes[1][:2]
        cv2.ellipse(near, (round(float(x)), round(float(y))), axes, face.roll, 0, 360, 1, -1)
    found = near * ((mask > 0.2) & (skin(guide, face) > 0.6)).astype(np.uint8)
    closed = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((max(3, round(0.15 * unit)),) * 2, np.uint8))
    return cv2.erode(closed, np.ones((3, 3), np.uint8)) > 0  # the ear's own outline is left to the solver


def _clothes(shape: tuple[int, int], face: Face) -> np.ndarray:
    """(H, W) 0 at the height of the head, 1 from the shoulders down."""
    y = np.arange(shape[0], dtype=np.float32)[:, None]
    share = np.clip((y - face.chin[1]) / (0.12 * face.head_height) + 0.5, 0, 1)
    return np.broadcast_to(share, shape)


def _levels(alpha: np.ndarray, mask: np.ndarray, face: Face) -> np.ndarray:
    """Alpha without the solver's doubt: faint haze, the more so the farther from the mask, and near-solid skin."""
    away = np.clip(_depth(mask < 0.5) / (0.09 * face.head_height), 0, 1)
    # Hair flies, cloth does not: what is faint beside a shoulder belongs to the room.
    haze = 0.04 + away * (0.3 + 0.4 * _clothes(alpha.shape, face))
    return np.clip((alpha - haze) / (0.96 - haze), 0, 1).astype(np.float32)


def clean_foreground(pixels: np.ndarray, alpha: np.ndarray, head: float) -> np.ndarray:
    """The person's own colours (H, W, 3), free of the old background's (blur fusion, Forte & Pitié 2021).

    `pixels` (H, W, 3) and `alpha` (H, W) 0..1; `head`: head height in pixels, which sets the reach.
    """
    # First from afar, where a fraction of the resolution will do, then close to the edge.
    shrink = float(np.clip(head // 120, 1, 4))
    small = cv2.resize(pixels, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
    small_alpha = cv2.resize(alpha, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    wide = _blur_fusion(small, small_alpha, small, small, max(2, int(head * 0.25 / shrink)))
    wide = (cv2.resize(c, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR) for c in wide)
    foreground, _ = _blur_fusion(pixels, alpha, *wide, max(3, int(head * 0.02)))
    return foreground.clip(0, 1)


def _blur_fusion(pixels, alpha, foreground, background, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Better colours of foreground and background from a first guess of both."""
    a = alpha[..., None]
    weight = _soft_box(a, radius)
    near, far = _soft_box(foreground * a, radius), _soft_box(background * (1 - a), radius)
    # Where the person is solid the photo shows the colour itself, and far from the person nobody looks.
    mixed = (alpha < 1) & (weight[..., 0] > 0.001)
    a, weight = a[mixed], weight[mixed]
    near_mixed, far_mixed = near[mixed] / (weight + 1e-4), far[mixed] / (1 - weight + 1e-4)
    result = pixels.copy()
    result[mixed] = near_mixed + a * (pixels[mixed] - a * near_mixed - (1 - a) * far_mixed)
    far[mixed] = far_mixed
    return result, far


def clean_background(pixels: np.ndarray, alpha: np.ndarray, head: float) -> np.ndarray:
    """The picture without the person (H, W, 3): filled from what surrounds it, finest near the edge."""
    share = np.clip(1 - 3 * alpha, 0, 1)[..., None] ** 2  # a mixed pixel shows the person too
    filled = np.zeros_like(pixels)
    trust = np.zeros_like(share)
    for radius in (0.02, 0.08, 0.3, 1.2, 4.0):
        near = _soft_box(pixels * share, head * radius), _soft_box(share, head * radius)
        weight = (1 - trust) * np.clip(near[1] * 4, 0, 1)
        filled += weight * near[0] / (near[1] + 1e-4)
        trust += weight
    filled /= trust + 1e-4
    return pixels * share + filled * (1 - share)


def _soft_box(array: np.ndarray, radius: float) -> np.ndarray:
    # Far reaches need no full resolution: blur them small.
    shrink = max(1, int(radius) // 6)
    size = max(1, array.shape[1] // shrink), max(1, array.shape[0] // shrink)
    small = cv2.resize(array, size, interpolation=cv2.INTER_AREA)
    soft = cv2.blur(small, (2 * (max(1, int(radius)) // shrink) + 1,) * 2)
    wide = cv2.resize(soft, array.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return wide.reshape(array.shape)
