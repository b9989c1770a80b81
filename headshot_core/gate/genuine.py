"""Is it a photo as a camera took it? Screenshots, drawings and skin smoothed away, each by signs that can be seen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance import glasses
from headshot_core.enhance.denoise import SPLIT
from headshot_core.enhance.measure import CLIPPED, COLOURLESS
from headshot_core.enhance.view import Study
from headshot_core.face import regions

# Bars and screens.

SIDE = 900
"""Pixels of the longer side in which bars are looked for."""
LEVEL = 6
"""8-bit steps from a row's commonest colour within which a pixel belongs to the bar."""
FLAT = 0.6
"""Share of a row that has its commonest colour, in a bar; the rest may be text."""
EDGE, EDGE_SHARE = 12, 0.3
"""8-bit steps and share of the row by which the picture begins at a bar's edge: all along at one height."""
SPOTTED = 0.07
"""Share of a bar's last rows that may be of other colours."""
DRIFT = 0.04
"""Share of rows whose colour differs a little from the last one's: a sky drifts, a bar does not."""
THINNEST = 0.02
INK = 0.004
"""Share of a bar that is text or symbols, from which it belongs to a screen."""
PHONE = 1.7
"""Height of a phone's screen against its width, at the least."""


@dataclass(frozen=True)
class Bars:
    """Plain strips along the photo's edges."""

    share: float
    """of the photo"""
    ink: float
    """share of them that is text or symbols, at the most of any"""
    screen: bool
    """whether they look like a screen's"""


def bars_of(study: Study) -> Bars:
    """Strips of plain colour along the edges that end in a straight line."""
    pixels, scale = study.portrait.pyramid.within(SIDE)
    x0, y0, x1, y1 = (scale * value for value in study.face.box)
    height, width = pixels.shape[:2]
    looks = (
        (pixels, y0),
        (pixels[::-1], height - y1),
        (pixels.transpose(1, 0, 2), x0),
        (pixels[:, ::-1].transpose(1, 0, 2), width - x1),
    )
    found = [_bar(np.ascontiguousarray(side), room) for side, room in looks]
    if not any(thick for thick, _ in found):
        return Bars(0.0, 0.0, False)
    (top, _), (bottom, _), (left, _), (right, _) = found
    share = 1 - (1 - (top + bottom) / height) * (1 - (left + right) / width)
    ink = max(ink for _, ink in found[:2])
    whole_screen = top > 0 and bottom > 0 and height > PHONE * width
    return Bars(share, ink, ink > INK or whole_screen)


def _bar(pixels: np.ndarray, room: float) -> tuple[int, float]:
    """Thickness in pixels and ink of the bar along the first rows, above the face; 0 and 0 where there is none."""
    rows = pixels[: max(1, int(room))].astype(np.int16)
    common = np.median(rows, axis=1)
    off = np.abs(rows - common[:, None]).max(-1) > LEVEL
    end = _end(off.mean(1) <= 1 - FLAT)
    if end < max(4, THINNEST * len(pixels)) or end + 3 > len(pixels):
        return 0, 0.0
    inside, outside = pixels[end - 2].astype(np.int16), pixels[end + 2].astype(np.int16)
    clean = off[max(0, end - 6) : end - 1].mean() < SPOTTED  # blown-out light frays, a bar does not
    straight = clean and (np.abs(inside - outside).max(-1) > EDGE).mean() >= EDGE_SHARE
    step = np.abs(np.diff(common[: end - 1], axis=0)).max(-1)
    drifts = ((step > 0) & (step <= LEVEL)).mean() > DRIFT
    return (end, float(off[: end - 2].mean())) if straight and not drifts else (0, 0.0)


def _end(flat: np.ndarray) -> int:
    """Where the flat rows end: at the first two in a row that are not."""
    broken = ~flat[:-1] & ~flat[1:]
    return int(np.argmax(broken)) if broken.any() else len(flat)


# Drawings and smoothed skin.

HEAD, DETAIL = 256, 420
"""Pixels from crown to chin in which tones and lines, and the skin's texture, are read."""
TONES, COMMONEST = 128, 8
"""Tones that the face's range is divided into, and how many of them are counted."""
FEWEST_LEVELS = 40
"""8-bit steps that the face's range has at the least, for its tones to be counted."""
SMALLEST = 40
"""Pixels between the eyes below which lines are not looked for."""


@dataclass(frozen=True)
class Surface:
    """How the face's bare skin is made up."""

    tones: float
    """share of it in its commonest tones: photos below 0.3, flat colours above 0.45"""
    strokes: float
    """usual against strongest steps of brightness, in pictures without colour: photos below 0.3, pencil above"""
    outlines: float
    """depth of thin dark lines on it where it is otherwise smooth, 0..1; 0 where there are none"""
    texture: float | None
    """usual fine detail of the skin in thousandths of its brightness; None where it cannot be read"""


def surface_of(study: Study) -> Surface:
    """The face's tones, lines and texture."""
    window = study.around_head(HEAD, 0.1)
    grey = cv2.transform(window.photo, SPLIT[:1])
    bare = _readable(window.photo, grey) & regions.bare_face(window.face, window.shape)
    if bare.sum() < 200:
        return Surface(0.0, 0.0, 0.0, None)
    steps = cv2.magnitude(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1))
    strongest = float(np.percentile(steps[regions.polygon(window.face, regions.OVAL, window.shape)], 95)) + 1e-6
    smooth, usual = np.percentile(steps[bare], (25, 50)) / strongest
    coloured = np.percentile(np.hypot(*cv2.split(colour.to_lab(window.photo))[1:]), 99) > COLOURLESS
    return Surface(
        tones=_tones(grey[bare]),
        strokes=0.0 if coloured else float(usual),
        outlines=_outlines(study, float(smooth)),
        texture=_texture(study),
    )


def _readable(photo: np.ndarray, grey: np.ndarray) -> np.ndarray:
    return (colour.peak(photo) < CLIPPED) & (grey > 0.03)


def _tones(skin: np.ndarray) -> float:
    low, high = np.percentile(skin, (2, 98))
    if (high - low) * 255 < FEWEST_LEVELS:
        return 0.0
    counts = np.histogram(skin, TONES, (low, high))[0]
    return float(np.sort(counts)[-COMMONEST:].sum() / counts.sum())


def _outlines(study: Study, smooth: float) -> float:
    """Thin dark lines, as drawn: deep, on skin with hardly a step besides. Rims of glasses are no such lines."""
    window = study.around_head(DETAIL, 0.1)
    if window.unit < SMALLEST:
        return 0.0
    grey, inner = cv2.transform(window.photo, SPLIT[:1]), _inner(window)
    size = max(3, int(0.06 * window.unit) | 1)
    lines = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8)) - grey
    if not inner.any():
        return 0.0
    depth = float(np.percentile(lines[inner], 99) / (np.percentile(grey[inner], 90) + 1e-6))
    return depth if depth > 9 * smooth and not glasses.glare(study).worn else 0.0


def _texture(study: Study) -> float | None:
    window = study.around_head(DETAIL, 0.1)
    grey = cv2.transform(window.photo, SPLIT[:1])
    skin = _inner(window) & _readable(window.photo, grey)
    if skin.sum() < 500:
        return None
    detail = cv2.GaussianBlur(grey, (0, 0), 1.0) - cv2.GaussianBlur(grey, (0, 0), 2.5)
    return float(1000 * np.median(np.abs(detail[skin]) / (grey[skin] + 0.05)))


def _inner(window) -> np.ndarray:
    """(H, W) bool: bare skin well away from features and outline."""
    bare = regions.bare_face(window.face, window.shape).astype(np.uint8)
    return cv2.erode(bare, np.ones((max(3, int(0.1 * window.unit)),) * 2, np.uint8)) > 0
