"""Evens blotches and keeps pores; shine and redness apart.

The photo is split at `GRID`. What is finer (pores, fine lines, freckles, stubble) is not touched, because all that is
changed is a difference on that grid, laid over the photo. On the grid, an edge-aware average (Tomasi & Manduchi 1998)
of the skin around a place says what even skin would be there; a face's modelling is broader than that average or has
edges, and stays.
"""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

import cv2
import numpy as np
from pydantic import Field

from headshot_core import colour
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Study, View, Window
from headshot_core.face import regions

GRID, LINES_GRID = 40, 110
"""Pixels between the eyes on the grid for blotches, shine and redness, and on the one for lines."""
AROUND = 0.17
"""Standard deviation of the average that stands for even skin, in inter-eye distances."""
EDGE, MODELLING = 13.0, 6.0
"""CIELAB differences: what the average takes for an edge (L1 norm); how strong a blotch is at the most."""
MATT, DULL = 0.7, 0.6
"""Share of the shine that goes at the most, so that a nose keeps its shape; light that matt skin gives back for it."""
SMALL, ENOUGH = 18.0, 42.0
"""Pixels between the eyes in the photo up to which nothing is done, and from which on everything is."""
OUTSIDE = -100.0
"""A lightness so far from any skin's that the average leaves it out."""


class Skin(Tool):
    """Evens blotches and keeps pores; shine and redness apart."""

    title: ClassVar[str] = "Skin"
    group: ClassVar[str] = "Face"

    tool: Literal["skin"] = "skin"
    strength: float = Field(0.7, ge=0, le=1, description="how much of it, from nothing to all")
    evenness: float = amount(0.8, "evens blotches in lightness and colour; pores, freckles and moles stay")
    shine: float = amount(0.5, "takes shiny places down to matt skin")
    redness: float = amount(0.5, "brings red places nearer to the colour of the rest of the skin")
    lines: float = amount(0.0, "softens wrinkles and fine lines")

    def apply(self, view: View) -> np.ndarray:
        mask, tone = self.mask(view.window), tone_of(view.head)
        x, y, width, height = cv2.boundingRect((mask > 0.01).astype(np.uint8))
        if not width or tone is None:
            return view.pixels
        there = np.s_[y : y + height, x : x + width]
        mask, pixels = mask[there], view.pixels[there]
        origin = view.window.matrix[:, 2] - (x, y)
        change = self._coarse(pixels, mask, Grid(GRID, view.unit, origin), tone)
        if self.lines:
            change = change + self.lines * without_lines(pixels, Grid(LINES_GRID, view.unit, origin))
        result = view.pixels.copy()
        result[there] += change * mask[..., None]
        return result

    def mask(self, window: Window) -> np.ndarray:
        return window.once(where)

    def _coarse(self, pixels: np.ndarray, mask: np.ndarray, grid: Grid, tone: Tone) -> np.ndarray:
        """What is to be added for evenness, shine and redness (H, W, 3); as smooth as the grid."""
        before, skin = grid.shrunk(pixels), grid.shrunk(mask) > 0.5
        lab = colour.to_lab(less_shine(before, skin, tone, self.shine, grid.unit))
        lab += self.evenness * unevenness(lab, skin, grid.unit)
        lab[..., 1] -= 0.8 * self.redness * redness(lab, tone)
        return grid.grown(colour.from_lab(lab) - before, mask.shape)


class Grid:
    """A coarse grid over a part of a window, tied to the photo's corner: neighbouring tiles share its points."""

    def __init__(self, finest: float, unit: float, origin: np.ndarray):
        """`finest`: the most pixels between the eyes; `unit`: pixels between the eyes in the part; `origin`: (2,) where
        the photo's corner lies there.
        """
        self.scale = min(1.0, finest / unit)
        self.unit = unit * self.scale
        start = -self.scale * origin
        self.matrix = np.column_stack([np.eye(2) * self.scale, start - np.floor(start)])

    def shrunk(self, array: np.ndarray) -> np.ndarray:
        """A picture (H, W) or (H, W, 3) on the grid."""
        if self.scale < 1:
            array = cv2.GaussianBlur(array, (0, 0), 0.45 / self.scale)
        size = [int(np.ceil(side * self.scale)) + 2 for side in array.shape[1::-1]]
        return cv2.warpAffine(array, self.matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def grown(self, array: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """The way back to a shape (H, W)."""
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(array, self.matrix, shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)


class Tone(NamedTuple):
    """A person's own skin, as the photo shows it."""

    lab: np.ndarray
    """(3,) its median in CIELAB"""
    rgb: np.ndarray
    """(3,) the same in linear light, for a luminance of 1"""
    luminance: float
    gloss: float
    """linear light 0..1 beside the skin's own colour that is found nearly everywhere: no shine"""


def tone_of(head: View) -> Tone | None:
    """The tone of the cheeks in a view of the head; None where next to nothing is seen of them."""
    sample = head.pixels[regions.cheeks(head.face, head.window.shape) & (where(head.window) > 0.5)]
    if len(sample) < 20:
        return None
    linear = colour.to_linear(np.median(sample, 0))
    luminance = float(colour.luminance(linear))
    tone = Tone(colour.to_lab(np.median(sample, 0)[None, None])[0, 0], linear / max(luminance, 1e-3), luminance, 0.0)
    return tone._replace(gloss=max(0.0, float(np.percentile(gloss(colour.to_linear(sample), tone), 60))))


def gloss(linear: np.ndarray, tone: Tone) -> np.ndarray:
    """White light (...) reflected by the surface, in linear light (..., 3).

    Shafer's dichromatic model (1985): the skin's own colour times some light, plus white.
    """
    red, _, blue = (float(v) for v in tone.rgb)
    if red - blue < 0.15:  # skin without colour: a black-and-white photo
        return np.zeros(linear.shape[:-1], np.float32)
    return (red * linear[..., 2] - blue * linear[..., 0]) / (red - blue)


def less_shine(pixels: np.ndarray, skin: np.ndarray, tone: Tone, share: float, unit: float) -> np.ndarray:
    """A share of the shine exchanged for less light, nearer to the skin's own colour, so that no grey is left.

    sRGB (H, W, 3), `skin` (H, W) bool. Shine is what is glossier than the cheeks and than the skin around it: a face in
    hard sun or pale with powder does not shine.
    """
    linear = colour.to_linear(pixels)
    white = np.where(skin, gloss(linear, tone), 0)
    size = (2 * int(0.45 * unit) + 1,) * 2
    around = cv2.GaussianBlur(white, size, 0.22 * unit) / (cv2.GaussianBlur(np.float32(skin), size, 0.22 * unit) + 1e-3)
    bright = np.clip((colour.luminance(linear) / max(tone.luminance, 1e-3) - 1.0) / 0.3, 0, 1)
    shine = np.maximum(white - np.maximum(around, tone.gloss), 0) * bright
    return colour.to_srgb(linear + (MATT * share * shine)[..., None] * (DULL * (0.5 + 0.5 * tone.rgb) - 1))


def unevenness(lab: np.ndarray, skin: np.ndarray, unit: float) -> np.ndarray:
    """What turns blotchy into even skin when added to it; CIELAB (H, W, 3), `skin` (H, W) bool."""
    calm = cv2.medianBlur(lab, 3)  # freckles and moles are left out, so they stay
    calm[~skin] = OUTSIDE
    even = cv2.bilateralFilter(calm, -1, EDGE, AROUND * unit, borderType=cv2.BORDER_REFLECT)
    change = np.where(skin[..., None], even - calm, 0)
    strength = np.square(change).sum(-1, keepdims=True)
    return cv2.GaussianBlur(change * np.exp(-strength / MODELLING**2), (0, 0), 0.6)


def redness(lab: np.ndarray, tone: Tone) -> np.ndarray:
    """How far a* (H, W) is beyond the person's own hue: what is only lighter or darker, or warmer lit, is not red."""
    _, a, b = (float(v) for v in tone.lab)
    slope = float(np.clip(a / max(b, 4.0), 0, 1))
    return np.clip(lab[..., 1] - a - slope * (lab[..., 2] - b) - 2, 0, 12)


def without_lines(pixels: np.ndarray, grid: Grid) -> np.ndarray:
    """What is to be added to sRGB pixels (H, W, 3) to fill thin dark lines, (H, W, 1); spots and hairs' dots stay.

    Black top-hat, of which openings with short lines of every direction leave what is long.
    """
    light = grid.shrunk(pixels.mean(-1))
    width, length = (2 * round(share * grid.unit / 2) + 1 for share in (0.07, 0.14))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    dark = cv2.morphologyEx(cv2.GaussianBlur(light, (0, 0), 0.7), cv2.MORPH_BLACKHAT, disc)
    long = np.max([cv2.morphologyEx(dark, cv2.MORPH_OPEN, bar(length, angle)) for angle in range(0, 180, 15)], 0)
    return grid.grown(cv2.GaussianBlur(np.minimum(long, 0.12), (0, 0), 0.8), pixels.shape[:2])[..., None]


def bar(length: int, angle: float) -> np.ndarray:
    """A line of `length` pixels as a structuring element; degrees."""
    element = np.zeros((length, length), np.uint8)
    half, direction = length // 2, np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    ends = [tuple(round(float(v)) for v in half + side * half * direction) for side in (-1, 1)]
    cv2.line(element, ends[0], ends[1], 1)
    return element


def where(window: Window) -> np.ndarray:
    """(H, W) 0..1: bare skin, without hair, beard, brows, lashes, nostrils, lips and glasses."""
    mask, matrix = window.study.once(_bare_skin)
    return window.skin * window.laid_in(mask, matrix)


def _bare_skin(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """Where the skin is bare, and the transform from the photo. Nowhere on faces too small to tell."""
    window = study.around_head(320, 1.2)
    face, unit, shape = window.face, window.unit, window.shape
    light = colour.to_lab(window.photo)[..., 0]
    skin = window.skin > 0.5
    holes = [(regions.EYE_LEFT, 0.11), (regions.EYE_RIGHT, 0.11), (regions.BROW_LEFT, 0.07), (regions.BROW_RIGHT, 0.07)]
    holes += [(regions.LIPS, 0.06)]
    hidden = np.any([regions.polygon(face, outline, shape, grow) for outline, grow in holes], 0)
    bare = ~hidden & ~hairy(light, skin & ~hidden, unit)
    enough = np.clip((study.face.inter_eye - SMALL) / (ENOUGH - SMALL), 0, 1)
    soft = cv2.GaussianBlur(cv2.erode(bare.astype(np.float32), np.ones((3, 3))), (0, 0), max(0.7, 0.035 * unit))
    return soft * np.float32(enough), window.matrix


def hairy(light: np.ndarray, skin: np.ndarray, unit: float) -> np.ndarray:
    """(H, W) bool: where lightness 0..100 is far darker than the skin around it, or has much more grain than skin."""
    sigma = 0.3 * unit
    weight = cv2.GaussianBlur(skin.astype(np.float32), (0, 0), sigma) + 1e-3
    around = cv2.GaussianBlur(light * skin, (0, 0), sigma) / weight
    fine = np.abs(light - cv2.GaussianBlur(light, (0, 0), max(0.8, 0.03 * unit)))
    grain = cv2.GaussianBlur(fine, (0, 0), max(0.8, 0.05 * unit))
    usual = float(np.median(grain[skin])) if skin.any() else 0.0
    return (light < around - 14) | (grain > max(3.5 * usual, 3.0))
