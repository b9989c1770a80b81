"""Keep my face: face, ears, hair and upper neck of the studio portrait stay pixel for pixel; all else is drawn anew.

`prepare` says what is kept and makes the picture that an inpainting model begins with; `Kept.rejoin` lays the kept head
over what the model drew: hair in its own clean colours over the new background, skin in one tone across the seam.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from PIL import Image

from headshot_core import colour
from headshot_core.enhance.healing import carried_inwards
from headshot_core.generate.head import Head, head_of
from headshot_core.masks import person_mask
from headshot_core.matte import clean_background, clean_foreground, compose
from headshot_core.photo import to_bytes, to_float
from headshot_core.portrait import Portrait
from headshot_core.recipe import Recipe
from headshot_core.studio import backdrops, composite, engine
from headshot_core.studio.frame import Framed
from headshot_core.studio.framing import place
from headshot_core.studio.light import Lamps, lamps
from headshot_core.studio.likeness_guard import safe_strength
from headshot_core.studio.relight import relight

# Lengths are shares of the head's height, crown to chin.

EDGE = 0.02
"""How far inside the photo's edge what is kept fades out."""
NEAR, FINE = 0.02, 0.005
"""Reach of the averages that are compared on both sides of the seam, and of those that take off grain."""
ENOUGH = 0.05
"""Share of such an average that must be skin on the kept side, and body on the drawn; twice that is plenty."""
LIKE, SKIN_LIKE = 6.0, 12.0
"""CIELAB difference up to which both sides of the seam are one thing in other light, and where both have a skin's hue;
twice that is surely something else. Lightness counts less."""
SKIN_HUE, SKIN_CHROMA = (50.0, 30.0), 6.0
"""Middle and half width of skin's hues, degrees in CIELAB, and the chroma from which a hue can be told."""
REACH = 0.35
"""How far from the seam the drawn skin is brought to the kept one's tone."""
CRISP = 0.35, 0.65
"""Kept shares between which the seam fades where the drawing has something else than skin beside it."""
SMALL = 80
"""Pixels of the head's height in which a finished picture is looked at."""
CHEST = 0.25
"""How far below the chin a body begins."""
FEW, HUE = 200, 6.0
"""Pixels from which a body's light can be read; CIELAB steps between hues."""
STEEP, UNEVEN = 1.0, 0.12
"""Rise of log light a head height over a body that tells its side; photographed bodies have up to 0.7 by their folds.
And the unevenness of the photo's light from which the face tells its own."""
OTHER_SIDE = "The drawn body is lit from the other side than your face."


class Shot(Framed):
    """A person in a frame that may reach beyond the photo: there the photo's edge goes on until it is drawn over."""

    _inside = np.float32(1)

    @cached_property
    def pixels(self) -> np.ndarray:
        """The photo in the frame, sRGB float32 (H, W, 3)."""
        frame = self.portrait.pyramid.warp(self.framing.matrix, self.framing.size, cv2.BORDER_REPLICATE)
        return frame.astype(np.float32) * np.float32(1 / 255)

    @cached_property
    def photographed(self) -> np.ndarray:
        """(H, W) 1 in the photo, 0 beyond it, with a soft edge."""
        width, height = self.portrait.photo.width, self.portrait.photo.height
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
        there = corners @ self.framing.matrix[:, :2].T + self.framing.matrix[:, 2]
        photo = np.zeros(self.framing.size[::-1], np.uint8)
        cv2.fillConvexPoly(photo, np.round(there).astype(np.int32), 1)
        # The frame's own edge is no edge of the photo's.
        depth = cv2.distanceTransform(np.pad(photo, 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
        edge = EDGE * self.face.head_height
        return np.minimum(depth, edge) / edge


@dataclass(frozen=True, eq=False)
class Kept:
    """A person in a frame, of whom the head is kept."""

    shot: Shot
    recipe: Recipe
    head: Head
    notes: tuple[str, ...]
    """what the person should know"""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.shot.framing.size

    @cached_property
    def keep(self) -> np.ndarray:
        """(H, W) 0..1: the kept share of each pixel; where it is 1, the picture is the studio portrait's."""
        shot = self.shot
        share = self.head.matte.in_frame(shot.foreground, shot.framing.matrix) * shot.alpha * shot.photographed
        return np.clip((share - 0.03) / 0.95, 0, 1).astype(np.float32)

    @cached_property
    def mask(self) -> Image.Image:
        """Mode L: white is drawn anew, black is kept."""
        return Image.fromarray(np.where(self.keep < 1, 255, 0).astype(np.uint8))

    @cached_property
    def image(self) -> Image.Image:
        """The picture to begin with: the person before the recipe's backdrop."""
        a, shot = self.shot.alpha[..., None], self.shot
        picture = self._over(self._lit(shot.linear) * a + self._behind * (1 - a), self.keep)
        picture = composite.add_grain(colour.to_srgb(picture), shot.alpha, shot.grain, self.recipe.seed)
        return Image.fromarray(to_bytes(np.clip(picture, 0, 1)))

    def rejoin(self, drawn: np.ndarray) -> np.ndarray:
        """The kept head over a drawn picture (H, W, 3), uint8 or sRGB float32, as sRGB float32 of the same size.

        A drawing that was enlarged first is joined with the head in the photo's own, finer pixels.
        """
        size = drawn.shape[1::-1]
        if size != self.size:
            return self._scaled.setdefault(size, self.at(size)).rejoin(drawn)
        pixels = to_float(drawn) if drawn.dtype == np.uint8 else drawn.astype(np.float32)
        pixels, keep = self._toned(pixels)
        behind = clean_background(colour.to_linear(pixels), keep, self.shot.face.head_height)
        picture = np.where(keep[..., None] > 0, colour.to_srgb(self._over(behind, keep)), pixels)
        return np.clip(self._grained(picture), 0, 1)

    def doubts(self, picture: np.ndarray) -> tuple[str, ...]:
        """What a rejoined picture, sRGB float32 (H, W, 3), seems to have wrong, in plain words."""
        height, width = (round(side * SMALL / self.shot.face.head_height) for side in self.size[::-1])
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        person = person_mask(to_bytes(small))
        face = self.shot.face.moved(np.diag([width / self.size[0], height / self.size[1], 1])[:2])
        y, x = np.mgrid[:height, :width].astype(np.float32)
        across, down = (x - (face.box[0] + face.box[2]) / 2) / SMALL, (y - face.chin[1]) / SMALL
        body = (person > 0.9) & (down > CHEST) & (cv2.resize(self.keep, (width, height)) < 0.02)
        side = self._lit_from
        return (OTHER_SIDE,) if side and body.sum() > FEW and -side * _slope(small, body, across) > STEEP else ()

    @property
    def _lit_from(self) -> int:
        """1 where the head is plainly lit from the viewer's right, -1 from the left, 0 where neither."""
        source = self.shot.shading.source
        if self._lamps.strength > 0.5:
            plain, side = abs(self._lamps.azimuth) > 20, np.sign(self._lamps.azimuth)
        else:
            plain, side = source.unevenness > UNEVEN, source.side
        return int(side) if plain else 0

    def at(self, size: tuple[int, int]) -> Kept:
        """The same at another scale; of the frame, the middle in that shape. `size`: width, height."""
        own, framing = np.array(self.size), self.shot.framing
        scale = float(max(np.array(size) / own))
        offset = (np.array(size) - 1) / 2 - scale * (own - 1) / 2
        matrix = compose(np.array([[scale, 0, offset[0]], [0, scale, offset[1]]]), framing.matrix)
        return replace(self, shot=Shot(self.shot.portrait, replace(framing, matrix=matrix, size=size)))

    @cached_property
    def _scaled(self) -> dict[tuple[int, int], Kept]:
        return {}

    # The person in the recipe's light.

    @cached_property
    def _lamps(self) -> Lamps:
        lights = lamps(self.recipe.light, self.shot.face.yaw, self.shot.shading.source.side)
        safe = safe_strength(self.shot.portrait, self.recipe.light) if lights.strength else 0.0
        return replace(lights, strength=min(safe, lights.strength))

    @property
    def _backdrop(self) -> backdrops.Kind:
        return backdrops.get(self.recipe.backdrop.kind)

    @cached_property
    def _behind(self) -> np.ndarray:
        """The recipe's backdrop, linear (H, W, 3)."""
        return engine.backdrop(self.shot, self.recipe, self._lamps, self._backdrop)

    def _lit(self, linear: np.ndarray) -> np.ndarray:
        """The person's colours, linear (H, W, 3), as the studio engine exposes and lights them."""
        shot, spill = self.shot, self._backdrop.spill
        head, around = shot.face.head_height, composite.surroundings(self._behind, spill)
        bright = engine.exposed(shot, self.recipe.grade, linear)
        lit = relight(bright, shot.alpha, shot.shading, self._lamps, head, around)
        return composite.in_the_room(lit.copy(), shot.alpha, self._behind, spill, head, around)

    @cached_property
    def _bare(self) -> np.ndarray:
        """(H, W) 0..1: nearer to bare face and neck than to hair."""
        return self.head.bare_in(self.shot.framing.matrix, self.size)

    @cached_property
    def _own(self) -> np.ndarray:
        """The head's own colours, linear (H, W, 3); of the hair free of the old background's and the old clothes'."""
        shot = self.shot
        clean = clean_foreground(shot.foreground, self.keep, shot.face.head_height)
        return self._lit(colour.to_linear(clean + self._bare[..., None] * (shot.foreground - clean)))

    def _over(self, behind: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """The head over something, both linear (H, W, 3)."""
        return behind + keep[..., None] * (self._own - behind)

    # The drawn side of the seam.

    def _toned(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The drawing with its skin in the kept skin's tone near the seam, and the kept shares, (H, W).

        The difference across the seam is carried into the drawn skin, where it fades out (a membrane, as in cloning by
        Perez, Gangnet & Blake 2003). Cloth is left as it is, and the seam beside it crisp.
        """
        head, body = self.shot.face.head_height, self.shot.alpha > 0.9
        soft = cv2.GaussianBlur(pixels, (0, 0), FINE * head)
        ours, skin = _mean(colour.to_srgb(self._own), (self.keep >= 1) * self._bare, NEAR * head)
        outside = ((self.keep <= 0) & body).astype(np.float32)
        theirs, alike = _mean(pixels, outside * _alike(soft, ours), NEAR * head)
        drawn = cv2.GaussianBlur(outside, (0, 0), NEAR * head)
        meeting = np.clip(np.minimum(skin, drawn) / ENOUGH - 1, 0, 1) * body * self._bare
        one = np.clip(2 * alike / np.maximum(drawn, ENOUGH), 0, 1)
        crisp = np.clip((self.keep - CRISP[0]) / (CRISP[1] - CRISP[0]), 0, 1)
        keep = self.keep + (meeting * (1 - one)) * (crisp - self.keep)
        trust = meeting * one
        if trust.max() < ENOUGH:
            return pixels, keep

        def carried(values):
            return carried_inwards(values * trust[..., None], trust, 0.1 * head, round(REACH * head))

        distance = cv2.distanceTransform((trust < 0.3).astype(np.uint8), cv2.DIST_L2, 5)
        fade = np.clip(1 - distance / (REACH * head), 0, 1) ** 2
        same = _alike(soft, carried(theirs))
        return np.clip(pixels + carried(ours - theirs) * (fade * same)[..., None], 0, 1), keep

    def _grained(self, picture: np.ndarray) -> np.ndarray:
        """The same grain on the drawn part as on the kept, which has it already."""
        drawn = composite.grain_of(picture, (self.keep <= 0).astype(np.float32))
        lacking = float(np.sqrt(max(0.0, self.shot.grain**2 - drawn**2)))
        return composite.add_grain(picture, self.keep, lacking, self.recipe.seed)


def _mean(pixels: np.ndarray, weight: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the weighted pixels round each place, (H, W, 3), and their share of what lies there, (H, W)."""
    both = cv2.GaussianBlur(np.dstack([pixels * weight[..., None], weight]), (0, 0), sigma)
    return both[..., :3] / np.maximum(both[..., 3:], 1e-4), both[..., 3]


def _slope(pixels: np.ndarray, where: np.ndarray, across: np.ndarray) -> float:
    """By how much sRGB pixels (h, w, 3) grow lighter to the right, log light a head height; told within each hue."""
    lab, light = colour.to_lab(pixels)[where], colour.luminance(colour.to_linear(pixels))[where]
    _, hue, count = np.unique((lab[:, 1:] / HUE).round(), axis=0, return_inverse=True, return_counts=True)
    hue = hue.ravel()
    x, y = across[where], np.log(np.maximum(light, 3e-3))
    x, y = (values - (np.bincount(hue, values) / count)[hue] for values in (x, y))
    return float((x @ y) / max(float(x @ x), 1e-6))


def _alike(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(H, W) 0..1: how surely two sRGB colours (H, W, 3) are one thing in other light."""
    first, second = colour.to_lab(first), colour.to_lab(second)
    apart = np.linalg.norm((first - second) * np.float32([0.6, 1, 1]), axis=-1)
    most = LIKE + (SKIN_LIKE - LIKE) * np.minimum(_skin_hued(first), _skin_hued(second))
    return np.clip(2 - apart / most, 0, 1)


def _skin_hued(lab: np.ndarray) -> np.ndarray:
    """(H, W) 0..1: whether CIELAB colours have the hue of skin of any tone, in light that is not strongly coloured."""
    a, b = lab[..., 1], lab[..., 2]
    hue, chroma = np.degrees(np.arctan2(b, a)), np.hypot(a, b)
    return np.clip(1 - (np.abs(hue - SKIN_HUE[0]) - SKIN_HUE[1]) / 20, 0, 1) * np.clip((chroma - SKIN_CHROMA) / 8, 0, 1)


def prepare(portrait: Portrait, recipe: Recipe, size: tuple[int, int]) -> Kept:
    """Frame the person for a drawing of `size` (width, height), and tell what is kept. Raises `HeadshotError`.

    The studio's own framing, but for cuts of the body by the photo's edge: what is missing is drawn.
    """
    head, photo = head_of(portrait), portrait.photo
    frame = recipe.frame.model_copy(update={"width": size[0], "height": size[1]})
    inside = backdrops.get(recipe.backdrop.kind).own
    framing = place(portrait.face, head.cuts, portrait.hair_top, (photo.width, photo.height), frame, inside)
    shot = Shot(portrait, framing)
    return Kept(shot, recipe, head, (*photo.notes, *framing.notes, *shot.notes))
