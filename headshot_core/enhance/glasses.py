"""Takes down reflections on glasses where the eye still shows through.

A reflection adds white light to what is seen through the lens. How much is read from the skin, whose colour it dilutes,
and taken away in linear light, which gives back contrast and colour. What is blown out is lost, and left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core import colour
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import Study, View, Window
from headshot_core.face import regions
from headshot_core.face.landmarks import Face

UNIT = 80
"""Pixels between the eyes where glasses are looked for, the eyes level."""
WIDTH, HEIGHT, EYES = 3.0, 2.2, 1.0
"""Size of that window and how far down the eyes are, in inter-eye distances."""
FRAME = 13
"""Pixels there within which a frame's rim is a thin dark line."""
RIM, BRIDGE = 0.10, 0.09
"""How dark rims and bridge are against the skin, at the least: lines under an eye and across a nose are fainter."""
LENS = (0.42, 0.30)
"""Half axes of what may be lens about an eye, in inter-eye distances."""
BRIGHTER, WHITE = 1.2, 0.25
"""A reflection makes skin this much brighter than the cheek, and adds at least this share of the cheek's light."""
DARKEST = 0.85
"""Skin behind a reflection is taken to be at least this bright against the cheek."""
COLOURED = 0.15
"""Red less blue light of skin against its luminance, below which the colour tells nothing (black and white)."""
NOSE = 0.08
"""A lens ends this far past the eye's inner corner, in inter-eye distances."""
BLOWN = 0.97
"""sRGB value of the darkest channel from which nothing shows through."""
SMALLEST = 0.004
"""Area of a reflection, in squares of the inter-eye distance."""
EYE_PARTS = ((regions.EYE_LEFT, regions.CHEEK_LEFT), (regions.EYE_RIGHT, regions.CHEEK_RIGHT))
INNER_CORNERS = (133, 362)
OWN = 0.6
"""A bright place this much inside the eye's opening is the eye's: its white, or a catchlight."""
MOST = 0.75
"""Share of a pixel's light that may be taken for the reflection's."""


@dataclass(frozen=True)
class Glare:
    """What is known of reflections on glasses."""

    worn: bool
    """whether glasses with a frame are seen"""
    share: float = 0.0
    """of the lenses, covered by reflections, 0..1"""
    blown: float = 0.0
    """of the reflections, blown out so that nothing can be brought back, 0..1"""

    @property
    def reducible(self) -> bool:
        """Whether the tool can do something about it."""
        return self.share * (1 - self.blown) > 0.01


class Glasses(Tool):
    """Takes down reflections on glasses where the eye still shows through."""

    title: ClassVar[str] = "Glasses"
    group: ClassVar[str] = "Features"

    tool: Literal["glasses"] = "glasses"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")

    def apply(self, view: View) -> np.ndarray:
        _, reflected, _ = view.study.once(_look)
        if not reflected.any():
            return view.pixels
        return view.within(view.window.box_round(view.face.eyes, 0.7), _without)

    def mask(self, window: Window) -> np.ndarray:
        return np.clip(_reflected(window) / MOST, 0, 1)


def glare(study: Study) -> Glare:
    """Whether glasses are worn, how much of them reflects, and whether something shows through."""
    return study.once(_look)[0]


def _reflected(window: Window) -> np.ndarray:
    """(H, W) 0..1: the reflections' share of the light at each pixel."""
    _, reflected, matrix = window.study.once(_look)
    return window.laid_in(reflected, matrix)


def _without(view: View) -> np.ndarray:
    linear = colour.to_linear(view.pixels)
    added = _reflected(view.window) * _soft(colour.luminance(linear), 0.02 * view.unit)
    return colour.to_srgb(np.maximum(linear - added[..., None], (1 - MOST) * linear))


def _look(study: Study) -> tuple[Glare, np.ndarray, np.ndarray]:
    """What is seen, the reflections' share of the light (h, w), and the transform from the photo to there."""
    window = _levelled(study)
    reflected = np.zeros(window.shape, np.float32)
    if not worn(window):
        return Glare(False), reflected, window.matrix
    area = covered = blown = 0.0
    for number, (opening, cheek) in enumerate(EYE_PARTS):
        lens = _lens(window.face, number, window.shape)
        found, lost, share = _reflection(window, lens, opening, cheek)
        reflected = np.maximum(reflected, share)
        area, covered, blown = area + lens.sum(), covered + found.sum(), blown + lost.sum()
    seen = Glare(True, float(covered / area), float(blown / max(covered, 1)))
    return seen, reflected, window.matrix


def _levelled(study: Study) -> Window:
    """The eyes' surroundings, turned so that the eyes are level."""
    first, second = study.face.eyes
    along = (second - first) / study.face.inter_eye
    turn = UNIT / study.face.inter_eye * np.array([[along[0], along[1]], [-along[1], along[0]]])
    offset = UNIT * np.array([WIDTH / 2, EYES]) - turn @ study.face.eye_centre
    return Window(study, np.column_stack([turn, offset]), (int(WIDTH * UNIT), int(HEIGHT * UNIT)))


def worn(window: Window) -> bool:
    """Whether dark rims below both eyes and a bridge across the nose are seen; `window`: the eyes level."""
    grey = _soft(colour.luminance(window.photo), 0.8)
    cheeks = regions.cheeks(window.face, window.shape)
    skin = max(float(np.median(grey[cheeks])) if cheeks.any() else 0.0, 0.1)
    lines = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((FRAME, 1), np.uint8)) / skin

    def line(left: float, right: float, top: float, bottom: float) -> float:
        """How dark the darkest level line is across a box, in inter-eye distances from the point between the eyes."""
        x0, x1 = (int((WIDTH / 2 + x) * UNIT) for x in (left, right))
        y0, y1 = (int((EYES + y) * UNIT) for y in (top, bottom))
        return float(np.percentile(lines[y0:y1, x0:x1].max(0), 20))

    rims = line(-0.7, -0.3, 0.24, 0.62), line(0.3, 0.7, 0.24, 0.62)
    return min(rims) > RIM and line(-0.08, 0.08, -0.25, 0.3) > BRIDGE


def _lens(face: Face, number: int, shape: tuple[int, int]) -> np.ndarray:
    """(h, w) bool: about where a lens is."""
    x, y = face.eyes[number] + (0, 0.05 * UNIT)
    mask = np.zeros(shape, np.uint8)
    cv2.ellipse(mask, (round(x), round(y)), tuple(round(axis * UNIT) for axis in LENS), 0, 0, 360, 1, -1)
    corner = face.points[INNER_CORNERS[number], 0]
    columns = np.arange(shape[1])
    mask[:, columns > corner + NOSE * UNIT if number == 0 else columns < corner - NOSE * UNIT] = 0
    return mask > 0


def _reflection(window: Window, lens: np.ndarray, opening: list[int], cheek: list[int]):
    """Where a lens reflects, where it is blown out (both (h, w) bool), and the reflection's share of the light."""
    nothing = np.zeros(window.shape, bool)
    linear = colour.to_linear(window.photo)
    light = colour.luminance(linear)
    beside = regions.polygon(window.face, cheek, window.shape)
    skin = np.median(linear[beside], 0) if beside.any() else np.zeros(3, np.float32)
    usual, tinted = float(colour.luminance(skin)), float(skin[0] - skin[2])
    if tinted <= COLOURED * usual:
        return nothing, nothing, nothing.astype(np.float32)
    # A pixel is so much skin and so much white: red less blue tells how much skin.
    white = _soft(light - (linear[..., 0] - linear[..., 2]) / tinted * usual, 1.0)
    white = np.minimum(white, light - DARKEST * usual)  # pale skin is no reflection
    lost = lens & (window.photo.min(-1) > BLOWN)
    seen = lens & (light > BRIGHTER * usual) & (white > WHITE * usual)
    found = _large(seen | lost, regions.polygon(window.face, opening, window.shape)) & lens
    seen = (found & seen & ~lost).astype(np.float32)
    # Between its parts a reflection goes on, over an eye that is darker than skin; it cannot exceed the light there.
    added = _soft(seen * white, 0.05 * UNIT) / (_soft(seen, 0.05 * UNIT) + 1e-3)
    whole = _hulls(found) & lens & (light > 0.8 * added)
    lost &= found
    share = np.where(whole & ~lost, added / (light + 1e-3), 0).clip(0, MOST).astype(np.float32)
    return whole, lost, _soft(share, 1.0)


def _hulls(places: np.ndarray) -> np.ndarray:
    """(h, w) bool: each place with what lies between its parts."""
    outlines, _ = cv2.findContours(places.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = np.zeros(places.shape, np.uint8)
    for outline in outlines:
        cv2.fillConvexPoly(filled, cv2.convexHull(outline), 1)
    return filled > 0


def _large(places: np.ndarray, opening: np.ndarray) -> np.ndarray:
    """The larger ones of bright places, without the eye's own."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(places.astype(np.uint8))
    area = stats[:, cv2.CC_STAT_AREA]
    inside = np.bincount(labels[opening], minlength=len(area))
    kept = (area > SMALLEST * UNIT**2) & (inside < OWN * area)
    kept[0] = False
    return kept[labels]


def _soft(array: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(array, (0, 0), max(0.5, sigma))
