"""Background: tidied, out of focus, or another one."""

from __future__ import annotations

from functools import cache
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core import colour, recipe
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Study, View, Window
from headshot_core.matte import clean_foreground
from headshot_core.recipe import Colour
from headshot_core.studio import backdrops, composite
from headshot_core.studio.light import lamps

APERTURE = 0.38
"""Radius of the disc that a point becomes at full blur, in inter-eye distances."""
KERNEL = 6
"""Pixels of that disc's radius at which the blur is worked out, at the most."""
AROUND = 0.12
"""Radius within which the background is tidied, in inter-eye distances: what is smaller counts as a spot."""
SIDES = (1024, 2048)
"""Longer side of a rendered backdrop: for a preview, for the picture."""
GRAIN = 512
"""Pixels of the grain's tile."""


class Background(Tool):
    """Tidies the background, throws it out of focus, or puts another one behind the person."""

    title: ClassVar[str] = "Background"
    group: ClassVar[str] = "Scene"

    tool: Literal["background"] = "background"
    strength: Literal[1.0] = 1.0
    kind: Literal[("own", *sorted(name for name in backdrops.BACKDROPS if not name.startswith("original")))] = Field(
        "own", description="the photo's own, or a backdrop of the studio"
    )
    blur: float = amount(0.4, "out of focus")
    tidy: float = amount(0.3, "quieter: bright and coloured spots are taken down; the photo's own background only")
    brightness: float = amount(0.0, "darker or lighter, about one stop each way", -1, 1)
    colour: Colour | None = Field(None, description="main colour of a studio backdrop; its own where empty")
    image: str | None = Field(None, description="path of your own picture, for the kind 'image'")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="of everything random in a studio backdrop")

    @property
    def keeps(self) -> bool:
        """Whether the photo's own background is kept."""
        return self.kind == "own"

    def apply(self, view: View) -> np.ndarray:
        alpha = view.window.person
        if alpha.min() > 0.995:
            return view.pixels
        person = colour.to_linear(clean_foreground(view.pixels, alpha, view.face.head_height))
        if self.keeps:
            behind, spill = self._own(view, alpha), 0.0
            tint = np.ones(3, np.float32)
        else:
            behind, spill, tint = self._rendered(view)
        person = composite.in_the_room(person, alpha, behind, spill, view.face.head_height, tint)
        share = alpha[..., None]
        picture = colour.to_srgb(person * share + behind * (1 - share))
        if self.keeps and self.blur == 0:
            return picture
        grains = view.study.once(_grains)
        return _grained(picture, view.window, alpha, min(grains) if self.keeps else grains[0])

    def mask(self, window: Window) -> np.ndarray:
        return 1 - window.person

    def _own(self, view: View, alpha: np.ndarray) -> np.ndarray:
        """The photo's background without the person, linear (H, W, 3), tidied and blurred."""
        linear, share = colour.to_linear(view.pixels), (1 - alpha) ** 2
        behind = _blurred(linear, share, 0.5 * AROUND * view.unit, keep=True)
        if self.tidy:
            behind = behind + self.tidy * (_tidied(behind, share, AROUND * view.unit) - behind)
        if self.blur:
            behind = _blurred(behind, share, self.blur * APERTURE * view.unit)
        return behind * np.float32(2**self.brightness)

    def _rendered(self, view: View) -> tuple[np.ndarray, float, np.ndarray]:
        """A studio backdrop as it lies in this view, linear; its spill, and the tint that it gives."""
        window = view.window
        side = SIDES[window.scale * max(window.study.size) > SIDES[0]]
        settings = self.model_dump(include={"kind", "blur", "brightness", "colour", "image"})
        plate, tint, matrix = window.study.latest(_plate, recipe.Backdrop(**settings), side, self.seed)
        spill = backdrops.get(self.kind).spill
        return window.laid_in(plate, matrix, cv2.BORDER_REPLICATE), spill, tint


def _plate(study: Study, backdrop: recipe.Backdrop, side: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A backdrop for the whole photo, linear, with the person's shadow; its tint; the transform from the photo."""
    window = study.whole(side)
    face = window.face
    middle, head = (face.crown + face.chin) / 2, face.head_height
    light = recipe.Light()
    stage = backdrops.Stage(*window.size, (float(middle[0]), float(middle[1]), head), light, seed, None)
    plate, kind = colour.to_linear(backdrops.render(backdrop, stage)), backdrops.get(backdrop.kind)
    tint = composite.surroundings(plate, kind.spill)
    if kind.wall:
        plate = plate * (1 - composite.wall_shadow(window.person, lamps(light, face.yaw, 1), head))[..., None]
    return plate, tint, window.matrix


def _blurred(linear: np.ndarray, share: np.ndarray, radius: float, keep: bool = False) -> np.ndarray:
    """What counts by `share` (H, W), as a lens throws it out of focus: each point a disc of `radius` pixels.

    `keep`: what counts in full stays as sharp as it was; only what does not is filled in.
    """
    shrink = max(1.0, radius / KERNEL)
    size = [max(1, round(pixels / shrink)) for pixels in linear.shape[1::-1]]
    layers = np.dstack([linear * share[..., None], share])
    small = cv2.resize(layers, size, interpolation=cv2.INTER_AREA)
    soft = cv2.filter2D(small, -1, _disc(radius / shrink), borderType=cv2.BORDER_REFLECT)
    # Deep behind the person nothing is seen: a little of a wider blur keeps the colour from being divided by nothing.
    soft = soft + 1e-3 * cv2.blur(soft, (4 * KERNEL + 1,) * 2) + 1e-6 * small.mean((0, 1))
    soft = cv2.resize(soft, linear.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    filled = soft[..., :3] / np.maximum(soft[..., 3:], 1e-9)
    return filled + share[..., None] * (linear - filled) if keep else filled


def _disc(radius: float) -> np.ndarray:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return disc / disc.sum()


def _tidied(behind: np.ndarray, share: np.ndarray, radius: float) -> np.ndarray:
    """The background with small bright or coloured spots brought near what is around them, linear."""
    around = colour.to_lab(colour.to_srgb(_blurred(behind, np.maximum(share, np.float32(0.05)), 3 * radius)))
    lab = colour.to_lab(colour.to_srgb(behind))
    off = lab - around
    lab[..., 0] = around[..., 0] + np.where(off[..., 0] > 0, 0.35, 0.75).astype(np.float32) * off[..., 0]
    lab[..., 1:] = 0.85 * (around[..., 1:] + 0.4 * off[..., 1:])
    return colour.to_linear(colour.from_lab(lab))


def _grained(picture: np.ndarray, window: Window, alpha: np.ndarray, grain: float) -> np.ndarray:
    """The background with the grain (standard deviation at the photo's own pixels) that blur or a backdrop lacks."""
    tile = _tile() * np.float32(grain * min(1.0, window.scale))
    left, top = np.round(-window.matrix[:, 2]).astype(int)
    height, width = window.shape
    rows, columns = (top + np.arange(height)) % GRAIN, (left + np.arange(width)) % GRAIN
    return picture + (tile[rows[:, None], columns] * (1 - alpha))[..., None]


@cache
def _tile() -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal((GRAIN, GRAIN), np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 0.55) * np.float32(1.6)


def _grains(study: Study) -> tuple[float, float]:
    """Standard deviation of the photo's grain, sRGB 0..1, on skin and in the background."""
    window = study.around_head(1200, 0.4)
    return tuple(composite.grain_of(window.photo, mask) for mask in (window.skin, 1 - window.person))
