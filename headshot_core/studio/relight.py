"""Relighting: the photo's own light on the person is estimated, taken out in part, and the studio's light put in.

The picture is multiplied, in linear light, by target shading over present shading, both smooth: the face's texture
stays as photographed. Present light: first-order spherical harmonics fitted to the skin (Ramamoorthi & Hanrahan 2001).
Target: a soft key with cast shadows, a fill, and an edge light.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.studio.geometry import HEAD, Shape
from headshot_core.studio.light import Lamps, wrapped

REMOVAL = 0.75
"""How much of the present light's unevenness is taken out: the fit is never sure enough for all of it."""
DARKEST, LIGHTEST = 0.2, 2.2
"""Bounds of the multiplication, linear light."""
CLOTHES, HAIR = 0.7, 0.75
"""How far clothes and hair follow the key, as exponents: their shape is a guess."""
SUBSURFACE = np.array([-0.06, 0.0, 0.08], np.float32)
"""Light that wanders under the skin comes out red: shadows on skin are warmer than on paper. Exponents for R, G, B."""
EDGE = 0.03
"""Depth of the edge light, in head heights."""
WHITE = np.ones(3, np.float32)
MARCH = 28
"""Steps of the shadow march."""


@dataclass(frozen=True)
class SourceLight:
    """The light in the photo, as read from the skin."""

    ambient: float
    vector: np.ndarray
    """(3,) strength times direction toward the light: x right, y down, z toward the camera"""

    @property
    def side(self) -> int:
        """1 where the stronger light comes from the viewer's right, else -1."""
        return 1 if self.vector[0] > 0 else -1

    @property
    def azimuth(self) -> float:
        """Degrees, positive from the viewer's right."""
        return float(np.degrees(np.arctan2(self.vector[0], max(self.vector[2], 1e-3))))

    @property
    def elevation(self) -> float:
        """Degrees above the eyes."""
        return float(np.degrees(np.arctan2(-self.vector[1], np.hypot(self.vector[0], self.vector[2]) + 1e-6)))

    @property
    def unevenness(self) -> float:
        """Directed light against all light, 0 (flat) to 1 (hard)."""
        directed = float(np.linalg.norm(self.vector))
        return directed / (directed + max(self.ambient, 1e-3))

    def shading(self, normals: np.ndarray) -> np.ndarray:
        """Present shading (h, w), about 1 on the mean of the skin."""
        shade = self.ambient + normals @ self.vector
        return np.clip(shade, 0.35, 1.8).astype(np.float32)


def read_source(luminance: np.ndarray, skin: np.ndarray, shape: Shape) -> SourceLight:
    """Fit the photo's light. `luminance` linear (h, w) and `skin` (h, w) 0..1, on the shape's grid."""
    used = skin > 0.5
    if used.sum() < 30:
        return SourceLight(1.0, np.zeros(3, np.float32))
    normals, light = shape.normals[used], luminance[used]
    light = light / np.median(light)
    basis = np.column_stack([np.ones(len(normals)), normals])
    weights = np.ones(len(light))
    ridge = np.diag([1e-3, 0.03, 0.03, 0.03]) * len(light)
    for _ in range(6):  # beard, shine and glasses count less and less (Huber)
        scaled = basis * weights[:, None]
        fit = np.linalg.solve(scaled.T @ basis + ridge, scaled.T @ light)
        error = np.abs(light - basis @ fit)
        weights = np.minimum(1, 1.5 * np.median(error) / np.maximum(error, 1e-6))
    shade = basis @ fit
    # Where the shape explains little of the brightness (make-up, freckles, shine), little of it is taken for light.
    explained = np.average((shade - shade.mean()) ** 2, weights=weights)
    trust = explained / (explained + np.average(error**2, weights=weights) + 1e-6)
    vector = fit[1:] / shade.mean() * min(1.0, 1.3 * trust)
    return SourceLight(float(1 - normals.mean(0) @ vector), vector.astype(np.float32))


@dataclass(frozen=True)
class Shading:
    """What relighting needs of a framed person, on the shape's grid."""

    shape: Shape
    source: SourceLight
    skin: np.ndarray
    """(h, w) 0..1"""
    body: np.ndarray
    """(h, w) 0..1: below the chin"""


def gain(shading: Shading, lamps: Lamps, surroundings: np.ndarray = WHITE) -> tuple[np.ndarray, np.ndarray]:
    """The multiplication (h, w, 3) for linear light, and a faint highlight (h, w) to add on skin.

    `surroundings`: colour of the light that the backdrop sends back, linear RGB of luminance 1; it fills the shadows.
    """
    normals = shading.shape.normals
    present = shading.source.shading(normals) ** REMOVAL
    key, shine = _key(shading.shape, lamps)
    fill = lamps.fill * _fill(normals, lamps)
    key = (1 - lamps.fill) * key
    ratio = (key + fill) / present
    on_skin = shading.skin > 0.5
    if on_skin.any():  # exposed for the lit side, as a photographer does
        ratio = ratio / float(np.percentile(ratio[on_skin], 72))
    loose = HAIR + (CLOTHES - HAIR) * shading.body
    follow = loose + shading.skin * (1 - loose)
    ratio = np.clip(ratio, DARKEST, LIGHTEST) ** (follow * lamps.strength)
    share = (key / np.maximum(key + fill, 1e-3))[..., None]
    light = share * colour.kelvin_to_rgb(lamps.temperature) + (1 - share) * surroundings
    warmth = 1 + shading.skin[..., None] * SUBSURFACE
    return ratio[..., None] ** warmth * (1 + lamps.strength * (light - 1)), shine * shading.skin * lamps.strength


def _key(shape: Shape, lamps: Lamps) -> tuple[np.ndarray, np.ndarray]:
    """Diffuse light of the key (h, w), 1 where it falls straight, and its broad highlight."""
    direction = lamps.direction
    facing = wrapped(shape.normals @ direction, 0.1 + 0.3 * lamps.softness)
    seen = _visible(shape.depth, direction, lamps.softness)
    half = direction + np.array([0, 0, 1], np.float32)
    half = half / np.linalg.norm(half)
    shine = np.clip(shape.normals @ half, 0, 1) ** (30 - 18 * lamps.softness) * seen
    return facing * seen, 0.035 * shine


def _fill(normals: np.ndarray, lamps: Lamps) -> np.ndarray:
    """A broad fill from the camera, a little from the key's other side: (h, w), about 1."""
    direction = np.array([-0.25 * np.sign(lamps.direction[0]), -0.1, 1], np.float32)
    direction = direction / np.linalg.norm(direction)
    return 0.55 + 0.45 * np.clip(normals @ direction, 0, 1)


def _visible(depth: np.ndarray, direction: np.ndarray, softness: float) -> np.ndarray:
    """(h, w) 0..1: how much of the lamp each place sees, by marching the height field towards it."""
    across = float(np.hypot(direction[0], direction[1]))
    if across < 0.05:
        return np.ones_like(depth)
    step = direction / across
    seen = np.ones_like(depth)
    spread = 0.12 + 0.35 * softness  # a larger lamp: a wider half-shadow
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for distance in np.geomspace(1.5, HEAD * 1.1, MARCH, dtype=np.float32):
        shift = np.float32([[1, 0, step[0] * distance], [0, 1, step[1] * distance]])
        ahead = cv2.warpAffine(depth, shift, depth.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        clearance = (depth + step[2] * distance - ahead) / (spread * distance + 1)
        seen = np.minimum(seen, np.clip(clearance + 0.9, 0, 1))
    return cv2.GaussianBlur(seen, (0, 0), 0.6 + 1.4 * softness)


def relight(
    linear: np.ndarray,
    alpha: np.ndarray,
    shading: Shading,
    lamps: Lamps,
    head: float,
    surroundings: np.ndarray = WHITE,
) -> np.ndarray:
    """The person in the lamps' light, linear (H, W, 3).

    `linear`: own colours (H, W, 3); `alpha`: (H, W); `head`: head height in pixels; `surroundings`: see `gain`.
    """
    lit = linear
    if lamps.strength > 0:
        lit = _multiplied(lit, *gain(shading, lamps, surroundings))
    if lamps.rim > 0:
        lit = lit + _edge_light(linear, alpha, lamps, head)
    return lit if lit is linear else roll_off(lit, linear)


def _multiplied(linear: np.ndarray, factor: np.ndarray, shine: np.ndarray) -> np.ndarray:
    size = linear.shape[1::-1]
    factor = cv2.resize(cv2.GaussianBlur(factor, (0, 0), 0.7), size, interpolation=cv2.INTER_CUBIC)
    shine = cv2.resize(shine, size, interpolation=cv2.INTER_LINEAR)
    return multiplied(linear, factor, shine, max(1.0, linear.shape[0] / 300))


def multiplied(linear: np.ndarray, factor: np.ndarray, shine: np.ndarray, softness: float) -> np.ndarray:
    """Linear (H, W, 3) times `factor` (H, W, 3), plus the highlight `shine` (H, W).

    Careful where the photo is burnt out; `softness`: pixels over which that is looked at.
    """
    # Burnt-out places hold no tone: made darker they turn grey, made lighter they spread.
    bright = cv2.GaussianBlur(colour.peak(linear), (0, 0), softness)[..., None]
    burnt = np.clip((bright - 0.85) / 0.15, 0, 1)
    held = np.where(factor < 1, np.float32(0.7), np.float32(1))
    factor = factor + burnt * held * (1 - factor)
    return linear * factor + shine[..., None] * (1 - burnt)


def _edge_light(linear: np.ndarray, alpha: np.ndarray, lamps: Lamps, head: float) -> np.ndarray:
    size = linear.shape[1::-1]
    shrink = max(1, round(head / 160))
    small = cv2.resize(alpha, (size[0] // shrink, size[1] // shrink), interpolation=cv2.INTER_AREA)
    band = edge_band(small, lamps, head / shrink)
    return edge_light(linear, cv2.resize(band, size, interpolation=cv2.INTER_LINEAR), lamps)


def edge_band(alpha: np.ndarray, lamps: Lamps, head: float) -> np.ndarray:
    """Where a lamp behind the person lights an edge, (h, w) 0..1, from `alpha` (h, w) and the head's height there.

    A thin bright edge on hair and shoulders, on the side away from the key or, for a strong one, on both.
    """
    soft = cv2.GaussianBlur(alpha, (0, 0), head * 0.03)
    out_x = -cv2.Sobel(soft, cv2.CV_32F, 1, 0)
    out_y = -cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    length = np.hypot(out_x, out_y) + 1e-6
    away = -1 if lamps.azimuth > 0 else 1
    facing = np.clip(out_x / length * away * 0.9 - 0.45 * out_y / length, 0, 1)
    if lamps.rim > 0.6:
        facing = np.maximum(facing, np.clip(-out_x / length * away * 0.9 - 0.45 * out_y / length, 0, 1) * 0.8)
    depth = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return cv2.GaussianBlur(np.exp(-depth / (head * EDGE)) * facing, (0, 0), 0.8)


def edge_light(linear: np.ndarray, band: np.ndarray, lamps: Lamps) -> np.ndarray:
    """What the lamp behind adds to the person's own colours, linear (H, W, 3)."""
    light = colour.to_linear(colour.hex_to_rgb(lamps.rim_colour)[None])[0]
    return 1.5 * lamps.rim * band[..., None] * light * (0.06 + np.sqrt(np.clip(linear, 0, 1)))


def roll_off(lit: np.ndarray, before: np.ndarray, knee: float = 0.7) -> np.ndarray:
    """What became brighter than the knee bends towards 1 instead of clipping; hue is kept, the rest is untouched."""
    peak = colour.peak(lit)
    knee = np.clip(colour.peak(before), knee, 0.995)
    over = np.maximum(peak - knee, 0)
    bent = np.minimum(peak, knee) + (1 - knee) * (1 - cv2.exp(-over / (1 - knee)))
    return lit * (bent / np.maximum(peak, 1e-6))[..., None]
