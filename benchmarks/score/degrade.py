"""Photos made worse by known amounts: each harm has one cause, and one pillar of the score that it should move."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from headshot_core import colour
from headshot_core.enhance.tone import gains
from headshot_core.enhance.view import Study
from headshot_core.photo import to_bytes
from headshot_core.portrait import Portrait
from headshot_core.studio.frame import Framed
from headshot_core.studio.framing import Framing
from headshot_core.studio.light import Lamps
from headshot_core.studio.relight import gain

Pixels = np.ndarray
"""sRGB float32 (H, W, 3), 0..1"""


@dataclass(frozen=True)
class Harm:
    """One way to spoil a photo."""

    pillars: tuple[str, ...]
    """those that it should move"""
    levels: tuple[float, ...]
    """from slight to strong"""
    spoil: Callable[[Portrait, float], Pixels]


def spoilt(portrait: Portrait, harm: Harm, level: float) -> Image.Image:
    """The photo with so much of the harm."""
    return Image.fromarray(to_bytes(np.clip(harm.spoil(portrait, level), 0, 1).astype(np.float32)))


def _pixels(portrait: Portrait) -> Pixels:
    return portrait.pixels.astype(np.float32) / 255


# Light.


def _in_light(stops: float = 0.0, temperature: float = 0.0, tint: float = 0.0):
    def spoil(portrait: Portrait, level: float) -> Pixels:
        factors = 2 ** (level * stops) * gains(level * temperature, level * tint)
        return colour.to_srgb(np.clip(colour.to_linear(_pixels(portrait)) * factors, 0, 1))

    return spoil


def _side_light(portrait: Portrait, level: float) -> Pixels:
    """A bare lamp from one side, rendered on the person's shape: by the studio's light, without its guard."""
    study = Study(portrait)
    window, whole = study.around_head(200, 1.6), study.whole()
    shot = Framed(portrait, Framing(window.matrix, window.size, 0.0, ()))
    side = shot.shading.source.side
    lamp = Lamps(side * 75, 12, softness=0.2, fill=0.12, temperature=6500, rim=0, rim_colour="#ffffff", strength=level)
    factor = whole.laid_in(cv2.resize(gain(shot.shading, lamp)[0], window.size), window.matrix, cv2.BORDER_REPLICATE)
    lit = colour.to_linear(_pixels(portrait)) * (1 + whole.person[..., None] * (factor - 1))
    return colour.to_srgb(np.clip(lit, 0, 1))


# The picture itself.


def _blur(portrait: Portrait, level: float) -> Pixels:
    return cv2.GaussianBlur(_pixels(portrait), (0, 0), level * portrait.face.inter_eye)


def _noise(portrait: Portrait, level: float) -> Pixels:
    """As a sensor's: as loud for every size of the face that is looked at."""
    pixels = _pixels(portrait)
    return pixels + np.random.default_rng(0).normal(0, level, pixels.shape).astype(np.float32)


def _jpeg(portrait: Portrait, level: float) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(portrait.pixels).save(buffer, "JPEG", quality=round(level))
    return np.asarray(Image.open(buffer)).astype(np.float32) / 255


def _small(portrait: Portrait, level: float) -> Pixels:
    """With this share of the pixels, each way."""
    size = (round(portrait.photo.width * level), round(portrait.photo.height * level))
    return cv2.resize(_pixels(portrait), size, interpolation=cv2.INTER_AREA)


# The background.


def _clutter(portrait: Portrait, level: float) -> Pixels:
    """Boxes in many colours behind the person; `level`: how much they stand out."""
    pixels, random = _pixels(portrait), np.random.default_rng(1)
    behind, unit = pixels.copy(), portrait.face.inter_eye
    height, width = pixels.shape[:2]
    for _ in range(60):
        x, y = random.integers(0, width), random.integers(0, height)
        w, h = random.uniform(0.3, 1.5, 2) * unit
        box = np.s_[y : y + round(h), x : x + round(w)]
        shift = random.uniform(-1, 1, 3).astype(np.float32) * level
        behind[box] = np.clip(behind[box] + shift, 0, 1)
    return _behind(portrait, behind)


def _spots(portrait: Portrait, level: float) -> Pixels:
    """Lamps in the background."""
    pixels, random = _pixels(portrait), np.random.default_rng(2)
    behind, unit = pixels.copy(), portrait.face.inter_eye
    height, width = pixels.shape[:2]
    for _ in range(16):
        centre = int(random.integers(0, width)), int(random.integers(0, height * 2 // 3))
        light = np.zeros((height, width), np.float32)
        cv2.circle(light, centre, round(random.uniform(0.25, 0.6) * unit), 1.0, -1)
        light = level * cv2.GaussianBlur(light, (0, 0), 0.05 * unit)[..., None]
        behind = behind + light * (np.array([1.0, 0.95, 0.75], np.float32) - behind)
    return _behind(portrait, behind)


def _behind(portrait: Portrait, behind: Pixels) -> Pixels:
    person = Study(portrait).whole().person[..., None]
    return behind + person * (_pixels(portrait) - behind)


# Place in the picture.


def _tilt(portrait: Portrait, level: float) -> Pixels:
    """Turned by so many degrees more, to the side to which the head leans already."""
    level = -level if portrait.face.roll > 0 else level
    height, width = portrait.pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D(tuple(float(v) for v in portrait.face.eye_centre), level, 1.0)
    return cv2.warpAffine(_pixels(portrait), matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def _aside(portrait: Portrait, level: float) -> Pixels:
    """The person toward one edge of the frame: so much of the way that leaves the face whole."""
    x0, _, x1, _ = portrait.face.box
    left, right = -x0, portrait.photo.width - 1 - x1
    return _laid(portrait, level * (right if right > -left else left), 0, (portrait.photo.width, portrait.photo.height))


def _cut(portrait: Portrait, level: float) -> Pixels:
    """The head cut by the upper edge; `level`: how much of it is gone."""
    top = portrait.face.crown[1] + level * portrait.face.head_height
    return _pixels(portrait)[max(0, round(top)) :]


def _far(portrait: Portrait, level: float) -> Pixels:
    """The head no more than this share of the frame's height: the frame grows, so that the pixels stay."""
    width, height = portrait.photo.width, portrait.photo.height
    grown = max(1.0, portrait.face.head_height / height / level)
    size = round(width * grown), round(height * grown)
    return _laid(portrait, (size[0] - width) / 2, size[1] - height, size)


def _laid(portrait: Portrait, x: float, y: float, size: tuple[int, int]) -> Pixels:
    """The photo moved to x, y in a frame of that size; what it leaves free goes on as the photo ended, blurred."""
    matrix = np.array([[1.0, 0, x], [0, 1.0, y]])
    pixels = _pixels(portrait)
    laid = cv2.warpAffine(pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones(pixels.shape[:2], np.float32), matrix, size)[..., None]
    return inside * laid + (1 - inside) * cv2.GaussianBlur(laid, (0, 0), portrait.face.inter_eye)


# The face.

LIDS = (
    ([246, 161, 160, 159, 158, 157, 173], [7, 163, 144, 145, 153, 154, 155]),
    ([466, 388, 387, 386, 385, 384, 398], [249, 390, 373, 374, 380, 381, 382]),
)
CORNERS = ((33, 133), (263, 362))


def _closing_eyes(portrait: Portrait, level: float) -> Pixels:
    """The lids drawn together by warping, `level` 0 open to 1 shut."""
    pixels, face = _pixels(portrait), portrait.face
    height, width = pixels.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    source = y.copy()
    for (upper, lower), corners in zip(LIDS, CORNERS, strict=True):
        points = face.points[:, :2]
        order = np.argsort(points[upper, 0])
        top = np.interp(x[0], *points[upper][order].T)
        low = np.interp(x[0], *points[lower][np.argsort(points[lower, 0])].T)
        middle, half = top + 0.75 * (low - top), np.maximum((low - top) / 2, 0.5)
        left, right = sorted(points[list(corners), 0])
        inside = np.clip(np.minimum(x[0] - left, right - x[0]) / (0.08 * face.inter_eye), 0, 1)
        closing = np.clip(level, 0, 0.96) * inside
        above, below = y - middle[None] < 0, (y - middle[None]) >= 0
        for side, reach in ((above, 1.5 * half), (below, 0.5 * half)):
            far = np.abs(y - middle[None])
            now = reach * (1 - closing)
            wide = reach + 0.35 * face.inter_eye
            stretched = np.where(
                far < now, far / np.maximum(1 - closing, 1e-3), reach + (far - now) * (wide - reach) / (wide - now)
            )
            stretched = np.where(far < wide, stretched, far)
            moved = middle[None] + np.sign(y - middle[None]) * stretched
            source = np.where(side & (closing > 0) & (far < wide), moved, source)
    return cv2.remap(pixels, x, source.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


# Where the frame moves, another part of the background is seen: that pillar may move as well.
FRAMED = ("composition", "background")
HARMS: dict[str, Harm] = {
    "dark": Harm(("lighting",), (0.5, 1.0, 1.5, 2.0), _in_light(stops=-1)),
    "bright": Harm(("lighting",), (0.4, 0.8, 1.2, 1.6), _in_light(stops=1)),
    "warm cast": Harm(("lighting",), (0.2, 0.4, 0.6, 0.8), _in_light(temperature=1)),
    "green cast": Harm(("lighting",), (0.15, 0.3, 0.45, 0.6), _in_light(tint=-1)),
    "side light": Harm(("lighting",), (0.25, 0.5, 0.75, 1.0), _side_light),
    "blur": Harm(("striking",), (0.01, 0.02, 0.04, 0.07), _blur),
    "noise": Harm(("striking",), (0.02, 0.04, 0.07, 0.1), _noise),
    "jpeg": Harm(("striking",), (60, 40, 25, 15), _jpeg),
    "few pixels": Harm(("striking",), (0.8, 0.6, 0.45, 0.3), _small),
    "clutter": Harm(("background",), (0.1, 0.25, 0.5, 0.9), _clutter),
    "lamps": Harm(("background",), (0.25, 0.5, 0.75, 1.0), _spots),
    "tilt": Harm(FRAMED, (6, 12, 18, 24), _tilt),
    "aside": Harm(FRAMED, (0.4, 0.6, 0.8, 1.0), _aside),
    "cut head": Harm(FRAMED, (0.0, 0.08, 0.16, 0.24), _cut),
    "far": Harm(FRAMED, (0.24, 0.18, 0.13, 0.09), _far),
    "closing eyes": Harm(("expression", "striking"), (0.3, 0.55, 0.75, 0.95), _closing_eyes),
}
