"""Clean background: even, calm, apart from the person.

What is measured is coarse, finer neither than noise nor than a little blur, and relative to the background's own
lightness: a darker or a grainy picture has the same background.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance.background import APERTURE, Background
from headshot_core.enhance.engine import output
from headshot_core.face.landmarks import Face
from headshot_core.score import ofiq
from headshot_core.score.look import Look
from headshot_core.score.report import Fix, Measure, between

NAME, TITLE, WEIGHT = "background", "Clean background", 0.2

SIDE = 200
"""Longer side, in pixels, of the picture in which the background is measured."""
NEAR = 2.0
"""Head heights from the head's middle up to which the background is looked at."""
LEAST = 0.06
"""Share of what is looked at below which the background is too small to disturb."""
COARSE = 0.07
"""Standard deviation, in head heights, of the blur under which the background is looked at."""
USUAL, DIM = 0.4, 0.15
"""Linear luminance to which a background's lighter parts are brought before it is looked at; those of a dark one, less
than this share of the picture's white, are left darker."""
BAR = 2e-3
"""Linear luminance under which it may be a black bar beside the picture, which says nothing about its light."""
RAYS = 48
"""Directions from the head's middle in which its outline is looked at."""
STEP = 16.0
"""CIELAB difference between neighbouring directions that is seen as an edge."""
MILD = 60.0
"""Score from which on blur is enough; below it, another background is offered."""
BLURRED = 0.75
"""Blur of the background from which on more of it does not help."""
SMEARED = 0.35
"""Radius of a blur, in inter-eye distances of the one who is blurred, that makes a face a blot."""
SPOT, AROUND = 0.035, 0.3
"""Standard deviations, in head heights, of the blurs whose difference shows a spot."""
STANDS_OUT = 12.0
"""L and chroma beyond its surroundings' up to which a spot does not draw the eye."""


def measures(look: Look) -> tuple[Measure, ...]:
    """What counts for this pillar."""
    return tuple(one(look) for one in MEASURES)


@dataclass(frozen=True, eq=False)
class Scene:
    """The picture, small, its background at a usual lightness."""

    lab: np.ndarray
    """(H, W, 3) CIELAB"""
    person: np.ndarray
    """(H, W) 0..1"""
    face: Face

    @cached_property
    def away(self) -> np.ndarray:
        """(H, W) 0 or 1: background, without the person's soft edge."""
        return (self.person < 0.05).astype(np.float32)

    @cached_property
    def behind(self) -> np.ndarray:
        """(H, W) bool: the same near the head, a little farther from the person."""
        return self.near & (cv2.erode(self.away, np.ones((3, 3))) > 0)

    @cached_property
    def near(self) -> np.ndarray:
        """(H, W) bool: what a headshot may show. How much else the frame shows is a matter of composition."""
        middle = (self.face.crown + self.face.chin) / 2
        y, x = np.ogrid[: self.person.shape[0], : self.person.shape[1]]
        return np.hypot(x - middle[0], y - middle[1]) < NEAR * self.face.head_height

    def without_person(self, sigma: float) -> np.ndarray:
        """(H, W, 3) the background's colours, blurred by `sigma` pixels; none of the person's among them."""
        layers = np.dstack([self.lab * self.away[..., None], self.away])
        soft = cv2.GaussianBlur(layers, (0, 0), max(0.8, sigma))
        return soft[..., :3] / np.maximum(soft[..., 3:], 1e-3)

    @property
    def seen(self) -> bool:
        """Whether there is enough background to disturb."""
        return self.behind.sum() > LEAST * self.near.sum()


def _scene(look: Look) -> Scene:
    window = output(look.study, look.stack, SIDE)
    linear = colour.to_linear(cv2.resize(look.whole.pixels, window.size, interpolation=cv2.INTER_AREA))
    person = cv2.resize(look.whole.window.person, window.size, interpolation=cv2.INTER_AREA)
    gain = _gain(colour.luminance(linear), person < 0.05)
    return Scene(colour.to_lab(colour.to_srgb(linear * np.float32(gain))), person, window.face)


def _gain(light: np.ndarray, away: np.ndarray) -> float:
    """What brings the background to a usual lightness: not its lightest parts, they may be burnt out."""
    seen = light[away & (light > BAR)]
    usual = float(np.percentile(seen, 75)) if len(seen) else 0.0
    return USUAL / max(usual, DIM * float(np.percentile(light, 98)), 1e-3)


def clutter(look: Look) -> Measure:
    """Mean change of colour behind the person, CIELAB for a tenth of the head's height."""
    value, told = look.once(_change), ("clutter", "Calm background")
    if value is None:
        return _little(*told, "dE")
    score = _calm(value)
    says = "The background is calm."
    if score < 100:
        says = "The background has a little too much going on."
    if score < MILD:
        says = "The background is busy: it competes with the face."
    return Measure(*told, value, "dE", score, 45, says, fix=_calmer(look, score))


def _change(look: Look) -> float | None:
    scene = look.once(_scene)
    if not scene.seen:
        return None
    soft = scene.without_person(COARSE * scene.face.head_height)
    slopes = (cv2.Sobel(soft, -1, *way)[scene.behind] / 8 for way in ((1, 0), (0, 1)))
    change = np.sqrt(sum(np.square(slope).sum(-1) for slope in slopes))
    return float(change.mean()) * scene.face.head_height / 10


def _calm(change: float) -> float:
    return between(change, 22, 3.5)


def spots(look: Look) -> Measure:
    """How much lighter and more colourful than what is around them some places are, L and chroma beyond `STANDS_OUT`,
    averaged over the background.
    """
    value, told = look.once(_standing_out), ("spots", "Nothing draws the eye away")
    if value is None:
        return _little(*told, "dE")
    score = _quiet(value)
    says = "Nothing behind the person draws the eye away."
    if score < 100:
        says = "Bright or colourful places behind the person draw the eye away."
    return Measure(*told, value, "dE", score, 25, says, fix=_calmer(look, score))


def _standing_out(look: Look) -> float | None:
    scene = look.once(_scene)
    if not scene.seen:
        return None
    spot, around = (scene.without_person(share * scene.face.head_height)[scene.behind] for share in (SPOT, AROUND))
    lighter = spot[:, 0] - around[:, 0]
    more_colourful = np.hypot(*spot[:, 1:].T) - np.hypot(*around[:, 1:].T)
    return float(np.maximum(lighter.clip(0) + more_colourful.clip(0) - STANDS_OUT, 0).mean())


def _quiet(standing_out: float) -> float:
    return between(standing_out, 6, 0.4)


def _rays(look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Colours (RAYS, 3) just inside and outside the outline of head and shoulders, by direction; NaN where none."""
    scene = look.once(_scene)
    head = scene.face.head_height
    middle = (scene.face.crown + scene.face.chin) / 2
    y, x = np.mgrid[: scene.person.shape[0], : scene.person.shape[1]].astype(np.float32)
    angle = np.arctan2(x - middle[0], middle[1] - y)  # 0 above the head
    near = (np.abs(angle) < np.radians(150)) & (np.hypot(x - middle[0], y - middle[1]) < 1.6 * head)
    ray = ((angle + np.pi) / (2 * np.pi) * RAYS).astype(int) % RAYS
    own = np.uint8(scene.person >= 0.5)
    apart, within = (cv2.distanceTransform(region, cv2.DIST_L2, 5) for region in (1 - own, own))
    outside = near & scene.behind & (apart < 0.2 * head)
    inside = near & (scene.person > 0.95) & (within < 0.1 * head)
    return tuple(_medians(scene.lab, ray, where) for where in (inside, outside))


def _medians(lab: np.ndarray, ray: np.ndarray, where: np.ndarray) -> np.ndarray:
    found = np.full((RAYS, 3), np.nan, np.float32)
    for i in range(RAYS):
        here = lab[where & (ray == i)]
        if len(here) > 2:
            found[i] = np.median(here, 0)
    return found


def touching(look: Look) -> Measure:
    """Edges in the background that run into head and shoulders."""
    value, told = look.once(_edges), ("touching", "Nothing grows out of the head")
    if value is None:
        return _little(*told, "edges")
    score = _free(value)
    says = "No lines run into the head."
    if score < 100:
        says = f"Lines or edges of the background run into head and shoulders in {value} places."
    return Measure(*told, value, "edges", score, 15, says, fix=_calmer(look, score))


def _edges(look: Look) -> int | None:
    _, outside = look.once(_rays)
    steps = np.linalg.norm(np.diff(outside, axis=0), axis=-1)
    return int((steps > STEP).sum()) if look.once(_scene).seen and np.isfinite(steps).any() else None


def _free(edges: int) -> float:
    return between(edges, 14, 4)


def separation(look: Look) -> Measure:
    """How far hair and shoulders lie in colour from what is next to them, CIELAB; the quarter that is nearest."""
    inside, outside = look.once(_rays)
    apart, told = np.linalg.norm(inside - outside, axis=-1), ("separation", "The person stands out")
    apart = apart[np.isfinite(apart)]
    if not look.once(_scene).seen or len(apart) < RAYS // 6:
        return _little(*told, "dE")
    value = float(np.percentile(apart, 25))
    score = between(value, 3, 13)
    says = "Hair and shoulders stand out well from the background."
    if score < 100:
        says = "Hair or shoulders melt into the background: their colours are too much alike."
    return Measure(*told, value, "dE", score, 25, says, fix=_apart(look) if score < 100 else None)


def others(look: Look) -> Measure:
    """Faces of other people that the picture shows."""
    found = look.once(_others)
    says = "Nobody else is in the picture."
    if found:
        says = f"{len(found)} other {'face is' if len(found) == 1 else 'faces are'} in the picture."
    score = between(max(found, default=0.0), 0.8, 0.1)
    fix = _studio() if score < 100 else None
    return Measure("others", "Nobody else", len(found), "faces", score, 40, says, fix=fix)


def _others(look: Look) -> list[float]:
    """Sizes of the other faces that are seen, against the person's own."""
    if not look.stack.own_background:
        return []
    portrait, (width, height) = look.study.portrait, look.whole.window.size
    background = look.stack.of(Background)
    blur = 0.0 if background is None or background.idle else APERTURE * background.blur
    found = []
    for face in portrait.faces:
        x, y = face.moved(look.whole.window.matrix).eye_centre
        size = face.inter_eye / portrait.face.inter_eye
        if face is not portrait.face and 0 <= x < width and 0 <= y < height and blur < SMEARED * size:
            found.append(size)
    return found


# Fixes.


def _calmer(look: Look, score: float) -> Fix | None:
    """One fix for all that disturbs: blur where little does, else a studio's backdrop."""
    if score == 100 or not look.stack.own_background:
        return None
    background = look.stack.of(Background)
    blurred = background is not None and not background.idle and background.blur >= BLURRED
    if blurred or look.once(_worst) < MILD:
        return _studio()
    tidy = max(0.6, look.settings(Background).tidy)
    return Fix("Throw the background out of focus", {"background": {"kind": "own", "blur": 0.8, "tidy": tidy}})


def _worst(look: Look) -> float:
    """The lowest score of what a blur can mend: one fix is offered for all of it."""
    return min(_calm(look.once(_change)), _quiet(look.once(_standing_out)), _free(look.once(_edges) or 0))


def _studio() -> Fix:
    return Fix("Put a studio backdrop behind", {"background": {"kind": "studio_grey", "blur": 0.4, "brightness": 0.0}})


def _apart(look: Look) -> Fix:
    """Another backdrop; of one that is there already, another brightness."""
    if look.stack.own_background:
        return _studio()
    inside, outside = (np.nanmedian(colours[:, 0]) for colours in look.once(_rays))
    brightness = look.settings(Background).brightness + (0.4 if outside > inside else -0.4)
    brightness = round(float(np.clip(brightness, -1, 1)), 2)
    title = "Lighten the backdrop" if outside > inside else "Darken the backdrop"
    return Fix(title, {"background": {"brightness": brightness}})


def uniformity(look: Look) -> Measure:
    """OFIQ's BackgroundUniformity, for information."""
    whole = look.whole
    face = ofiq.aligned(whole.pixels, whole.face)
    raw = ofiq.background_uniformity(face, face.laid_in((whole.window.person < 0.05).astype(np.float32)) > 0.5)
    name = "BackgroundUniformity"
    score = ofiq.quality(name, raw)
    says = f"Near the head, a passport office would give the background {score:.0f} of 100 for evenness."
    return Measure(name, "Even background", raw, "", score, 0, says, ofiq.standard(name))


def _little(name: str, title: str, unit: str) -> Measure:
    return Measure(name, title, None, unit, 100, 0, "The person fills the picture: there is hardly any background.")


MEASURES = (clutter, spots, touching, separation, others, uniformity)
