"""Heals temporary spots from the skin around them; moles, freckles and scars stay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core import colour
from headshot_core.enhance.healing import Dab, covered, heal, plan
from headshot_core.enhance.skin import where
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Study, View, Window
from headshot_core.face import regions
from headshot_core.face.marks import places

HEAD = 480
"""Pixels from crown to chin in which spots are looked for, at the most."""
SIZES = (0.009, 0.013, 0.018, 0.025, 0.035)
"""Standard deviations of the spots looked for, in inter-eye distances."""
DARK = 0.45
"""What a difference in lightness counts beside one in redness, in CIELAB."""
USUAL_OUT, USUAL_STRENGTH, USUAL_ROUND = 4.6, 1.5, 0.52
"""Of a spot that is half sure: how far it stands out from the restlessness of the skin around it, its difference to
that skin in CIELAB, and curvature across against curvature along, 0 for a line."""
RED = 0.45
"""Redness against darkness, from which on a spot is temporary: moles and freckles are brown."""
FAINTEST, MOST = 0.3, 60
"""How sure a spot must be to be one at all, and how many are kept of a face."""
HEALED = 1.5
"""Radius of what is healed, in radii of the spot."""
NEAR = 0.03
"""How far from its place a permanent mark may be seen, in inter-eye distances and beside its own radius."""
NOSE_BASE = [98, 97, 2, 326, 327, 460, 250, 19, 20, 240]
"""Outline of the nostrils, as landmark indices."""
SMALL = 42.0
"""Pixels between the eyes below which nothing can be told apart."""


@dataclass(frozen=True)
class Spot:
    """Something on the skin, in pixels of the photo."""

    x: float
    y: float
    radius: float
    kind: Literal["spot", "mole"]
    """temporary, or a mole, a freckle or another brown or permanent mark"""
    score: float
    """0..1: how sure it is"""


class Blemishes(Tool):
    """Heals temporary spots from the skin around them; moles, freckles and scars stay."""

    title: ClassVar[str] = "Blemishes"
    group: ClassVar[str] = "Face"

    tool: Literal["blemishes"] = "blemishes"
    strength: float = Field(1.0, ge=0, le=1, description="how much of it, from nothing to all")
    sensitivity: float = amount(0.5, "how faint a spot may be that is still healed")
    moles: bool = Field(False, description="also removes moles and other brown marks")
    spared: tuple[tuple[float, float], ...] = Field(
        (),
        description="places that stay as they are, in shares of the photo's width and height",
        max_length=200,
        json_schema_extra={"hidden": True},
    )

    def apply(self, view: View) -> np.ndarray:
        return heal(view, self._dabs(view.study))

    def mask(self, window: Window) -> np.ndarray:
        return covered([dab.seen(window.matrix) for (dab,) in self._dabs(window.study)], (0, 0, *window.size))

    def _dabs(self, study: Study) -> list[tuple[Dab, ...]]:
        dabs = study.once(planned)
        return [(dabs[spot],) for spot in healed_spots(study, self)]

    def includes(self, spot: Spot, size: tuple[int, int]) -> bool:
        """Whether a spot is to be healed, on a photo of that width and height."""
        wanted = spot.kind == "spot" or self.moles
        places = np.array(self.spared).reshape(-1, 2) * size - 0.5
        spared = np.hypot(*(places - (spot.x, spot.y)).T) < HEALED * spot.radius
        return wanted and spot.score >= 1 - self.sensitivity and not spared.any()


def healed_spots(study: Study, settings: Blemishes) -> list[Spot]:
    """The spots that these settings heal."""
    return [spot for spot in study.once(find_spots) if settings.includes(spot, study.size)]


def planned(study: Study) -> dict[Spot, Dab]:
    """Where each spot's new skin comes from."""
    spots = study.once(find_spots)
    dabs = [Dab(spot.x, spot.y, HEALED * spot.radius) for spot in spots]
    window = study.once(close_up)
    return dict(zip(spots, plan(study, dabs, (where(window), window.matrix)), strict=True))


def find_spots(study: Study) -> list[Spot]:
    """Every spot and mole on the face, the surest first; none on faces too small to tell."""
    if study.face.inter_eye < SMALL:
        return []
    window, skin = study.once(close_up), study.once(searched)
    if skin.sum() < 100:
        return []
    lab = _only_skin(colour.to_lab(window.photo), skin, window.unit)
    found = [mark for size in SIZES for mark in _marks(lab, skin, size * window.unit)]
    return _known(_spots(found, window), study)


def _known(spots: list[Spot], study: Study) -> list[Spot]:
    """The spots; those at the place of a permanent mark of the person are moles, whatever their colour."""
    person = study.portrait.person
    if person is None or not person.marks:
        return spots
    x, y, radius = places(person.marks, study.face).T
    reach = np.where(radius > 0, radius + NEAR * study.face.inter_eye, -1)

    def stays(spot: Spot) -> bool:
        return bool((np.hypot(x - spot.x, y - spot.y) < reach).any())

    return [replace(spot, kind="mole") if stays(spot) else spot for spot in spots]


@dataclass(frozen=True)
class _Mark:
    """A place that stands out at one size; pixels of the window in which was looked."""

    x: int
    y: int
    sigma: float
    light: float
    red: float
    """CIELAB differences to the skin around it"""
    score: float
    """0..1: how sure it is that it is no accident, no edge and no line"""


def close_up(study: Study) -> Window:
    """Where spots are looked for."""
    return study.around_head(HEAD, 0.4)


def searched(study: Study) -> np.ndarray:
    """(H, W) bool: the face's bare skin in `close_up`, with the small holes that spots themselves make in it."""
    window = study.once(close_up)
    face, unit, shape = window.face, window.unit, window.shape
    bare = cv2.GaussianBlur(where(window), (0, 0), 0.07 * unit) > 0.5
    hard = [(regions.EYE_LEFT, 0.12), (regions.EYE_RIGHT, 0.12), (regions.BROW_LEFT, 0.08), (regions.BROW_RIGHT, 0.08)]
    hard += [(regions.LIPS, 0.08), (NOSE_BASE, 0.03)]
    hidden = np.any([regions.polygon(face, outline, shape, grow) for outline, grow in hard], 0)
    edge = np.ones((2 * round(0.02 * unit) + 1,) * 2, np.uint8)
    inside = cv2.erode(regions.polygon(face, regions.OVAL, shape).astype(np.uint8), edge) > 0
    return bare & inside & ~hidden


def _only_skin(lab: np.ndarray, skin: np.ndarray, unit: float) -> np.ndarray:
    """CIELAB with the colour of the skin near by in place of all that is not skin, so that no edge stands out."""
    weight = skin.astype(np.float32)
    sigma = 0.08 * unit
    around = cv2.GaussianBlur(lab * weight[..., None], (0, 0), sigma)
    around /= cv2.GaussianBlur(weight, (0, 0), sigma)[..., None] + 1e-3
    return np.where(skin[..., None], lab, around)


def _marks(lab: np.ndarray, skin: np.ndarray, sigma: float) -> list[_Mark]:
    """What stands out at one size: peaks of redness and darkness against the surroundings."""
    if sigma < 0.7:
        return []
    apart = cv2.GaussianBlur(lab, (0, 0), sigma)
    apart -= cv2.GaussianBlur(apart, (0, 0), 2 * sigma)
    strength = np.maximum(np.maximum(apart[..., 1], -DARK * apart[..., 0]), 0) * skin
    restless = np.sqrt(cv2.GaussianBlur(np.square(strength), (0, 0), 8 * sigma)) + 1e-3
    signs = strength / restless / USUAL_OUT, strength / USUAL_STRENGTH, _roundness(strength, sigma) / USUAL_ROUND
    score = np.clip(np.min(signs, 0) / 2, 0, 1)
    peak = (strength >= cv2.dilate(strength, np.ones((3, 3)))) & (score > FAINTEST)
    return [
        _Mark(int(x), int(y), sigma, *(float(v) for v in (*apart[y, x, :2], score[y, x]))) for y, x in np.argwhere(peak)
    ]


def _roundness(strength: np.ndarray, sigma: float) -> np.ndarray:
    """(H, W): the smaller curvature over the larger, 1 for a disc and 0 for a line, from the Hessian matrix."""
    smooth = cv2.GaussianBlur(strength, (0, 0), 0.7 * sigma)
    xx, yy, xy = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=5) for order in ((2, 0), (0, 2), (1, 1)))
    mean, half = (xx + yy) / 2, np.sqrt(np.square((xx - yy) / 2) + np.square(xy))
    return np.where(mean < 0, (mean + half) / (mean - half - 1e-6), 0)


def _spots(marks: list[_Mark], window: Window) -> list[Spot]:
    """The marks as spots of the photo, each once: at the size at which it stands out most."""
    back = cv2.invertAffineTransform(window.matrix)
    spots: list[Spot] = []
    for mark in sorted(marks, key=lambda mark: -mark.score):
        x, y = (float(v) for v in back[:, :2] @ (mark.x, mark.y) + back[:, 2])
        radius = 1.6 * mark.sigma / window.scale
        if all(np.hypot(x - spot.x, y - spot.y) > radius + spot.radius for spot in spots):
            kind = "spot" if mark.red > RED * (2 - mark.light) else "mole"
            spots.append(Spot(x, y, radius, kind, mark.score))
    return spots[:MOST]
