"""Measures of face image quality by ISO/IEC 29794-5:2025, as its reference software OFIQ computes them.

Those that need no network of their own: a function for each raw value, named as the measure, and `quality` to bring it
to the standard's 0..100. Left and right are the viewer's. OFIQ's 98 landmarks are replaced by their neighbours among
our 478, so raw values of the geometry differ a little from OFIQ's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.face.landmarks import CHIN, Face
from headshot_core.face.regions import BROW_LEFT, BROW_RIGHT, OVAL

SIDE = 616
"""Pixels on each side of an aligned face."""
ANCHORS = np.array([[251, 272], [364, 272], [308, 336], [262, 402], [355, 402]], np.float32)
"""Where both eyes, nose tip and corners of the mouth lie in it."""
NOSE_TIP, MOUTH_CORNERS = 4, (61, 291)
EYES = ((33, 133), (362, 263))
"""Corners of either eye."""
LIDS = (((160, 144), (159, 145), (158, 153)), ((385, 380), (386, 374), (387, 373)))
"""Pairs of points on upper and lower lid, for either eye."""
INNER_LIPS = ((82, 87), (13, 14), (312, 317))
"""Pairs of points on upper and lower lip, where they meet."""
JAW = OVAL[OVAL.index(356) : OVAL.index(127) + 1]
"""From temple to temple along the chin."""
DARK, LIGHT = (0, 25), (247, 255)
"""Levels of luminance that count as under- and overexposed, of 0..255."""
BEHIND = np.s_[0 : SIDE - 210, 62 : SIDE - 62]
BEHIND_SIZE = (354, 292)
"""The part of an aligned face in which the background is measured, and its size (width, height) there."""


# From raw values to 0..100.


def sigmoid(x: float, x0: float, w: float) -> float:
    """0..1, one half at `x0`; `w`: how slowly it rises."""
    return float(1 / (1 + np.exp((x0 - x) / w)))


def _cosine_squared(degrees: float) -> float:
    return 100 * max(0.0, float(np.cos(np.radians(degrees)))) ** 2


def _uncovered(share: float) -> float:
    # A sigmoid, cut off at shares of 0 and 0.95 and stretched to reach 0 and 100 there.
    first, here, last = (sigmoid(x, 0.02, 0.1) for x in (0.0, min(share, 0.95), 0.95))
    return 100 * (last - here) / (last - first)


_MAPPINGS: dict[str, Callable[[float], float]] = {
    "BackgroundUniformity": lambda x: 190 * (1 - sigmoid(x, 10, 100)),
    "IlluminationUniformity": lambda x: 100 * x**0.3,
    "LuminanceMean": lambda x: 100 * sigmoid(x, 0.2, 0.05) * (1 - sigmoid(x, 0.8, 0.05)),
    "LuminanceVariance": lambda x: 100 * float(np.sin(np.pi * 60 * x / (60 * x + 1))),
    "UnderExposurePrevention": lambda x: 120 * (0.832 - sigmoid(x, 0.92, 0.05)),
    "OverExposurePrevention": lambda x: 1 / (x + 0.01),
    "DynamicRange": lambda x: 12.5 * x,
    "NaturalColour": lambda x: 200 * (1 - sigmoid(x, 0, 10)),
    "SingleFacePresent": lambda x: 100 * (1 - x),
    "EyesOpen": lambda x: 100 * sigmoid(x, 0.02, 0.01),
    "MouthClosed": lambda x: 100 * (1 - sigmoid(x, 0.2, 0.06)),
    "EyesVisible": lambda x: 100 * (1 - x),
    "MouthOcclusionPrevention": lambda x: 100 * (1 - x),
    "FaceOcclusionPrevention": lambda x: 100 * (1 - x),
    "InterEyeDistance": lambda x: 100 * sigmoid(x, 70, 20),
    "HeadSize": lambda x: 200 * (1 - sigmoid(abs(x - 0.45), 0, 0.05)),
    "LeftwardCropOfTheFaceImage": lambda x: 100 * sigmoid(x, 0.9, 0.1),
    "RightwardCropOfTheFaceImage": lambda x: 100 * sigmoid(x, 0.9, 0.1),
    "MarginAboveOfTheFaceImage": lambda x: 100 * sigmoid(x, 1.4, 0.1),
    "MarginBelowOfTheFaceImage": lambda x: 100 * sigmoid(x, 1.8, 0.1),
    "HeadPoseYaw": _cosine_squared,
    "HeadPosePitch": _cosine_squared,
    "HeadPoseRoll": _cosine_squared,
    "NoHeadCoverings": _uncovered,
}
NAMES = tuple(_MAPPINGS)
"""The measures whose quality can be told, as OFIQ names them."""


def quality(name: str, raw: float) -> float:
    """A raw value of the measure with OFIQ's `name` as the standard's quality, 0 bad to 100 good; OFIQ rounds it."""
    return float(np.clip(_MAPPINGS[name](raw), 0, 100))


def standard(name: str) -> str:
    """What a measure by this file says of where its formula comes from."""
    return f"ISO/IEC 29794-5:2025, {name}"


# The aligned face.


@dataclass(frozen=True, eq=False)
class Aligned:
    """A face turned, moved and scaled so that its eyes, nose and mouth lie near `ANCHORS`."""

    pixels: np.ndarray
    """sRGB float32 (SIDE, SIDE, 3), 0..1; black beyond the picture"""
    face: Face
    """in these pixels"""
    matrix: np.ndarray
    """(2, 3): from the picture's pixels to these"""

    @cached_property
    def luminance(self) -> np.ndarray:
        """(SIDE, SIDE) uint8: linear luminance, 0..255."""
        return luminance(self.pixels)

    @cached_property
    def region(self) -> np.ndarray:
        """(SIDE, SIDE) uint8, 0 or 1: the convex hull of brows and jaw."""
        mask = np.zeros((SIDE, SIDE), np.uint8)
        points = self.face.points[JAW + BROW_LEFT + BROW_RIGHT, :2]
        return cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points).astype(np.int32)), 1)

    def laid_in(self, mask: np.ndarray) -> np.ndarray:
        """A mask (H, W) of the picture, as it lies here; 0 beyond the picture."""
        return cv2.warpAffine(mask, self.matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)


def aligned(pixels: np.ndarray, face: Face) -> Aligned:
    """The aligned face of a picture; `face` in its pixels, sRGB float32 (H, W, 3)."""
    own = np.array([*eye_centres(face), *face.points[[NOSE_TIP, *MOUTH_CORNERS], :2]], np.float32)
    matrix, _ = cv2.estimateAffinePartial2D(own, ANCHORS, method=cv2.LMEDS)
    return Aligned(cv2.warpAffine(pixels, matrix, (SIDE, SIDE)), face.moved(matrix), matrix)


def luminance(pixels: np.ndarray) -> np.ndarray:
    """Linear luminance 0..255 as uint8 (H, W), of sRGB (H, W, 3) 0..1."""
    return np.floor(colour.luminance(colour.to_linear(pixels)) * 255 + 0.5).clip(0, 255).astype(np.uint8)


def histogram(levels: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """(256,) shares of each level of a uint8 picture (H, W), where a uint8 `mask` is not 0; all 0 where it is empty."""
    counts = cv2.calcHist([levels], [0], mask, [256], [0, 256]).ravel()
    return counts / max(float(counts.sum()), 1.0)


# Light and colour: raw values of an aligned face.


def illumination_uniformity(face: Aligned) -> float:
    """IlluminationUniformity: what the luminance histograms of both cheeks have in common, 0..1."""
    left, right = (histogram(np.ascontiguousarray(face.luminance[cheek])) for cheek in _cheeks(face))
    return float(np.minimum(left, right).sum())


def luminance_mean(face: Aligned) -> float:
    """LuminanceMean: of the face, 0..1."""
    return float(histogram(face.luminance, face.region) @ _LEVELS)


def luminance_variance(face: Aligned) -> float:
    """LuminanceVariance: of the face, for luminance 0..1."""
    return float(histogram(face.luminance, face.region) @ (_LEVELS - luminance_mean(face)) ** 2)


def dynamic_range(face: Aligned) -> float:
    """DynamicRange: entropy of the face's luminance, bits."""
    shares = histogram(face.luminance, face.region)
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def under_exposure_prevention(face: Aligned, uncovered: np.ndarray | None = None) -> float:
    """UnderExposurePrevention: share of the face that is nearly black.

    `uncovered`: (SIDE, SIDE) uint8, not 0 where nothing lies over the face.
    """
    return _share(face, DARK, uncovered)


def over_exposure_prevention(face: Aligned, uncovered: np.ndarray | None = None) -> float:
    """OverExposurePrevention: share of the face that is nearly white; `uncovered` as above."""
    return _share(face, LIGHT, uncovered)


def natural_colour(face: Aligned) -> float:
    """NaturalColour: how far the cheeks' mean colour lies outside a* 5..25, b* 5..35 (CIELAB, D50); 100 if far off."""
    if np.ptp(face.pixels, axis=-1).max() < 1 / 255:  # black and white: nothing to tell
        return 0.0
    whole = face.pixels * face.region[..., None]
    mean = np.concatenate([whole[cheek] for cheek in _cheeks(face)], 1).mean((0, 1))
    a, b = _lab_d50(mean)
    if a < 0 or b < 0:
        return 100.0
    return float(np.hypot(max(5 - a, 0.0, a - 25), max(5 - b, 0.0, b - 35)))


def background_uniformity(face: Aligned, background: np.ndarray) -> float:
    """BackgroundUniformity: mean gradient of the luminance (Sobel, 0..255) behind the person; 0 where none is seen.

    `background`: (SIDE, SIDE) bool; OFIQ takes it from a face parsing network, for us it is what the matte leaves.
    """
    behind = cv2.resize(background[BEHIND].astype(np.uint8), BEHIND_SIZE, interpolation=cv2.INTER_NEAREST)
    behind = cv2.erode(behind, np.ones((4, 4), np.uint8)) > 0
    if not behind.any():
        return 0.0
    light = luminance(cv2.resize(face.pixels[BEHIND], BEHIND_SIZE, interpolation=cv2.INTER_LINEAR)).astype(np.float32)
    # OpenCV's "size -1" is the 3 x 3 Scharr kernel.
    slope = cv2.magnitude(cv2.Scharr(light, -1, 1, 0), cv2.Scharr(light, -1, 0, 1))
    return float(slope[behind].mean())


_LEVELS = np.arange(256, dtype=np.float32) / 255


def _cheeks(face: Aligned) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Two squares between the height of the eyes and that of the mouth."""
    left, right = (np.round(eye) for eye in eye_centres(face.face))
    mouth = face.face.points[list(INNER_LIPS[1]), :2].mean(0)
    zone = int(0.3 * np.linalg.norm(right - left))
    below = int(np.linalg.norm(mouth - (left + right) / 2) / 2)

    def square(x: float, y: float) -> tuple[slice, slice]:
        x, y = (int(np.clip(v, 0, SIDE - zone)) for v in (x, y))
        return slice(y, y + zone), slice(x, x + zone)

    return square(left[0], left[1] + below), square(right[0] - zone, right[1] + below)


def _share(face: Aligned, levels: tuple[int, int], uncovered: np.ndarray | None) -> float:
    mask = face.region if uncovered is None else face.region * (uncovered > 0)
    return float(histogram(face.luminance, mask)[levels[0] : levels[1] + 1].sum())


def _lab_d50(srgb: np.ndarray) -> tuple[float, float]:
    """a* and b* of one colour (3,), by the standard's matrix, which adapts to D50 as ICC profiles do."""
    matrix = [[0.43605, 0.38508, 0.14309], [0.22249, 0.71689, 0.06062], [0.01393, 0.09710, 0.71419]]
    xyz = np.array(matrix) @ colour.to_linear(srgb) / (0.964221, 1, 0.825211)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return float(500 * (x - y)), float(200 * (y - z))


# Geometry: raw values of a face in a picture.


def eye_centres(face: Face) -> np.ndarray:
    """(2, 2): the middle between either eye's corners."""
    return np.array([face.points[list(corners), :2].mean(0) for corners in EYES])


def t_metric(face: Face) -> float:
    """T, the standard's measure of a head: pixels from the middle of the eyes to the chin."""
    return float(np.linalg.norm(face.points[CHIN, :2] - eye_centres(face).mean(0)))


def single_face_present(faces: Sequence[Face]) -> float:
    """SingleFacePresent: the second largest face's area as a share of the largest's; 0 if there is one face."""
    areas = sorted(((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (face.box for face in faces)), reverse=True)
    return areas[1] / areas[0] if len(areas) > 1 else 0.0


def eyes_open(face: Face) -> float:
    """EyesOpen: the lids' widest opening, of the eye that is less open, in T."""
    return min(_opening(face, pairs) for pairs in LIDS) / t_metric(face)


def mouth_closed(face: Face) -> float:
    """MouthClosed: the widest opening between the lips, in T."""
    return _opening(face, INNER_LIPS) / t_metric(face)


def inter_eye_distance(face: Face) -> float:
    """InterEyeDistance: pixels between the eyes' centres, as if the head looked straight ahead."""
    left, right = eye_centres(face)
    return float(np.linalg.norm(right - left) / np.cos(np.radians(np.clip(face.yaw, -80, 80))))


def head_size(face: Face, height: int) -> float:
    """HeadSize: T as a share of the picture's height, 0.45 at best."""
    return t_metric(face) / height


def leftward_crop(face: Face) -> float:
    """LeftwardCropOfTheFaceImage: from the picture's left edge to the eye on the right, in distances of the eyes."""
    left, right = eye_centres(face)
    return float(right[0] / np.linalg.norm(right - left))


def rightward_crop(face: Face, width: int) -> float:
    """RightwardCropOfTheFaceImage: from the eye on the left to the picture's right edge, in distances of the eyes."""
    left, right = eye_centres(face)
    return float((width - left[0]) / np.linalg.norm(right - left))


def margin_above(face: Face) -> float:
    """MarginAboveOfTheFaceImage: from the picture's upper edge to the eyes, in T."""
    return float(eye_centres(face)[:, 1].mean() / t_metric(face))


def margin_below(face: Face, height: int) -> float:
    """MarginBelowOfTheFaceImage: from the eyes to the picture's lower edge, in T."""
    return float((height - eye_centres(face)[:, 1].mean()) / t_metric(face))


def _opening(face: Face, pairs: Sequence[tuple[int, int]]) -> float:
    upper, lower = np.array(pairs).T
    return float(np.linalg.norm(face.points[upper, :2] - face.points[lower, :2], axis=1).max())


# Shares of a region that is covered.


def covered(region: np.ndarray, uncovered: np.ndarray) -> float:
    """FaceOcclusionPrevention, MouthOcclusionPrevention: share of a region (H, W) that something lies over."""
    return float((region.astype(bool) & ~uncovered.astype(bool)).sum() / max(region.astype(bool).sum(), 1))


def eyes_visible(face: Aligned, uncovered: np.ndarray) -> float:
    """EyesVisible: share of the boxes about both eyes that something lies over; `uncovered`: (SIDE, SIDE)."""
    boxes = np.zeros((SIDE, SIDE), np.uint8)
    margin = int(inter_eye_distance(face.face) / 20)
    for lids, corners in zip(LIDS, EYES, strict=True):
        points = face.face.points[[*corners, *np.ravel(lids)], :2]
        (x0, y0), (x1, y1) = np.floor(points.min(0)).astype(int), np.ceil(points.max(0)).astype(int)
        boxes[max(0, y0 - margin) : y1 + margin + 1, max(0, x0 - margin) : x1 + margin + 1] = 1
    return covered(boxes, uncovered)
