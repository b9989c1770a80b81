"""What a retoucher sees at the first look: light and colour, skin, eyes, teeth, background.

For light and colour several rough signs are read (skin, eye whites, whites, the scene), each with how far it may be
trusted, and put together: one alone fools.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance import eyes, features, skin, teeth
from headshot_core.enhance.tone import gains, sliders
from headshot_core.enhance.view import Study, View
from headshot_core.face import regions
from headshot_core.face.landmarks import Face

USUAL = {
    "skin": (-1.15, -0.2, 0.18, 0.1),
    "eyes": (-0.4, -0.2, 0.16, 0.16),
    "whites": (-0.12, 0.0, 0.24, 0.1),
    "scene": (-0.1, 0.0, 0.3, 0.12),
}
"""What each sign reads in neutral light, temperature and tint to make it grey, and their standard deviations. Read off
portraits of people of several skin tones; eye whites are seen through lashes and beside skin."""
PALE = 1.3
"""How much less warm skin is for each unit of linear luminance."""
FACE, SCENE, LIGHTEST = 0.30, 0.12, 0.75
"""Linear luminance of a face, of a scene (its geometric mean) and of a scene's lightest hundredths, as mostly seen."""
OWN, ONE_PHOTO = (0.05, 0.04, 0.2), (0.12, 0.08, 0.5)
"""Temperature, tint and stops: how far a person's own skin is from itself from day to day, and how far one photo is
from telling it right; standard deviations."""
CAMERA, CAMERA_LIGHT = (0.2, 0.1), 0.5
"""How far the light of photos is from neutral, and their exposure from right, as cameras deliver them."""
SIDE = 480
"""Longer side of the photo on which its light is read."""
COLOURLESS = 2.0
"""CIELAB chroma that a photo in black and white keeps under; compression leaves it a little."""
BURNT = 0.25
"""Share of a photo that is burnt out from which it tells nothing of its person's skin."""
CLIPPED = 0.985
"""sRGB value from which a channel counts as clipped."""


@dataclass(frozen=True)
class Sign:
    """One piece of evidence: a value and its standard deviation over good photos."""

    value: float
    deviation: float


def combined(signs: list[Sign]) -> float:
    """The signs' mean, weighted by trust; those far from the others count less (Huber)."""
    if not signs:
        return 0.0
    values = np.array([sign.value for sign in signs])
    trust = 1 / np.array([sign.deviation for sign in signs]) ** 2
    mean = float(np.average(values, weights=trust))
    for _ in range(8):
        off = np.abs(values - mean) * np.sqrt(trust)
        mean = float(np.average(values, weights=trust / np.maximum(off, 1)))
    return mean


# Exposure: stops that are missing (positive) or too many.


def exposure(whole: View, head: View) -> float:
    """Stops by which the photo should become brighter (positive) or darker."""
    return combined(exposure_signs(whole, head))


def exposure_signs(whole: View, head: View) -> list[Sign]:
    """Face, scene and lightest parts against those of well exposed portraits."""
    scene, lightest = _scene_exposure(whole)
    if not len(skin_pixels(head)):
        return [scene, lightest]
    own = own_skin(head.study)
    return [scene, Sign(face_darkness(head), own.deviations[2] if own else 0.8), lightest]


def _scene_exposure(whole: View) -> tuple[Sign, Sign]:
    """What the scene and its lightest parts say."""
    light = colour.luminance(colour.to_linear(whole.pixels))
    scene = float(np.log2(SCENE)) - float(np.log2(np.maximum(light, 1e-3)).mean())
    lightest = float(np.log2(LIGHTEST / max(float(np.percentile(light, 98)), 1e-3)))
    beyond = min(1.2, 4 * max(0.0, clipped(whole) - 0.05))
    return Sign(scene, 1.0), Sign(lightest - beyond, 0.5)


def clipped(whole: View) -> float:
    """Share of the photo that was too bright for the camera, in two channels: it stays so, however dark it is made."""
    return float((np.sort(whole.window.photo, -1)[..., 1] > CLIPPED).mean())


def face_darkness(head: View) -> float:
    """Stops that the face is darker than faces mostly are, or than its own tone; 0 where no skin is seen."""
    face = skin_pixels(head)
    if not len(face):
        return 0.0
    own = own_skin(head.study)
    seen = float(np.median(colour.luminance(colour.to_linear(face[None])[0])))
    return float(np.log2((own.light if own else FACE) / max(seen, 1e-3)))


# White balance: what the sliders should do.


def cast(whole: View, head: View) -> tuple[float, float]:
    """Temperature and tint, in units of `Tone`'s sliders, that would make the light neutral."""
    if colourless(whole):
        return 0.0, 0.0
    signs = cast_signs(whole, head)
    # Where much is burnt out, the colours left say little about the light.
    told = max(0.0, 1 - 4 * max(0.0, clipped(whole) - 0.03))
    return told * combined([warm for _, warm, _ in signs]), told * combined([pink for _, _, pink in signs])


def colourless(whole: View) -> bool:
    """Whether the photo is in black and white: the skin's missing warmth is no cast."""
    lab = colour.to_lab(whole.pixels)
    return float(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 99)) < COLOURLESS


def cast_signs(whole: View, head: View) -> list[tuple[str, Sign, Sign]]:
    """Name, temperature and tint of each sign."""
    found = []
    seen = skin_colour(head)
    if seen is not None:
        found.append(("skin", *_signs(seen, *_usual_skin(seen, own_skin(head.study)))))
    others = {"eyes": eye_whites(head), "whites": _whites(whole.pixels), "scene": _edges(whole.pixels)}
    return found + [(name, *_signs(seen, *USUAL[name])) for name, seen in others.items() if seen is not None]


def _usual_skin(seen: np.ndarray, own: OwnSkin | None) -> tuple[float, float, float, float]:
    """What skin of the seen linear colour (3,) reads in neutral light, as in `USUAL`; or the person's own."""
    if own:
        return own.warm, own.pink, *own.deviations[:2]
    light = min(float(colour.luminance(seen)), 0.5)
    return (PALE * light + USUAL["skin"][0], *USUAL["skin"][1:])


def skin_colour(head: View) -> np.ndarray | None:
    """Linear colour (3,) of the face's skin where it is not burnt out; None where too little is seen."""
    face = skin_pixels(head)
    face = face[face.max(-1, initial=0) < CLIPPED]
    return np.median(colour.to_linear(face[None])[0], 0) if len(face) > 50 else None


def _signs(linear: np.ndarray, warm: float, pink: float, warm_off: float, pink_off: float) -> tuple[Sign, Sign]:
    seen_warm, seen_pink = _toward_neutral(linear)
    return Sign(seen_warm - warm, warm_off), Sign(seen_pink - pink, pink_off)


def _toward_neutral(linear: np.ndarray) -> tuple[float, float]:
    """Temperature and tint that turn this linear colour (3,) grey."""
    return sliders(1 / np.maximum(linear, 1e-4))


def skin_pixels(head: View) -> np.ndarray:
    """(N, 3) sRGB of the bare face's well lit skin."""
    bare = regions.bare_face(head.face, head.window.shape) & (head.window.skin > 0.6)
    return head.pixels[bare]


def eye_whites(head: View) -> np.ndarray | None:
    """Linear colour (3,) of the eyes' whites; None where they cannot be seen."""
    found = []
    for outline, iris in ((regions.EYE_LEFT, slice(468, 473)), (regions.EYE_RIGHT, slice(473, 478))):
        white = regions.polygon(head.face, outline, head.window.shape) & ~_disc(head.face, iris, head.window.shape)
        pixels = colour.to_linear(head.pixels[white][None])[0]
        if len(pixels) < 12:
            continue
        light = colour.luminance(pixels)
        found.append(pixels[light >= np.percentile(light, 60)])
    return np.median(np.concatenate(found), 0) if found else None


def _disc(face: Face, iris: slice, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: an iris, a little enlarged."""
    points = face.points[iris, :2]
    radius = 1.25 * float(np.linalg.norm(points[1:] - points[0], axis=1).mean())
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return (x - points[0][0]) ** 2 + (y - points[0][1]) ** 2 < radius**2


def _whites(pixels: np.ndarray) -> np.ndarray | None:
    """Linear colour (3,) that is commonest among the light, not clipped, pixels: a shirt, a wall; None without any."""
    linear = colour.to_linear(pixels).reshape(-1, 3)
    light, peak = colour.luminance(linear), linear.max(1)
    good = (peak < 0.96) & (light > 0.35 * np.percentile(light, 98))
    linear = linear[good]
    if len(linear) < 0.01 * len(light):
        return None
    logs = np.log2(np.maximum(linear, 1e-3))
    ratios = np.stack([logs[:, 0] - logs[:, 1], logs[:, 2] - logs[:, 1]], 1)
    counts, reds, blues = np.histogram2d(*ratios.T, bins=40, range=((-2, 2), (-2, 2)))
    red, blue = np.unravel_index(np.argmax(counts), counts.shape)
    near = (np.abs(ratios[:, 0] - reds[red] - 0.05) < 0.15) & (np.abs(ratios[:, 1] - blues[blue] - 0.05) < 0.15)
    return np.median(linear[near], 0) if near.sum() > 0.01 * len(light) else None


def _edges(pixels: np.ndarray) -> np.ndarray | None:
    """Linear colour (3,) of the mean edge: grey under neutral light (van de Weijer, Gevers & Gijsenij 2007)."""
    linear = colour.to_linear(pixels)
    linear = np.where((colour.peak(pixels) > CLIPPED)[..., None], np.float32(0), linear)
    down, across = np.gradient(linear, axis=(0, 1))
    strength = np.sqrt(down**2 + across**2) ** 3
    edge = np.cbrt(strength.reshape(-1, 3).mean(0))
    return edge if edge.min() > 1e-4 else None


# A person's own skin, in neutral light and well exposed: what their likeness profile knows of it.


@dataclass(frozen=True)
class OwnSkin:
    """How a person's skin reads."""

    warm: float
    pink: float
    """temperature and tint that turn it grey"""
    light: float
    """linear luminance"""
    deviations: tuple[float, float, float]
    """of temperature, tint and stops, on other photos"""


def own_skin(study: Study) -> OwnSkin | None:
    """The own skin of the person in the photo; None where nobody, or nothing of it, is known."""
    person = study.portrait.person
    if person is None or person.tone is None:
        return None
    linear = colour.to_linear(colour.from_lab(person.tone[None, None])[0, 0])
    deviations = tuple(
        float(np.hypot(own, one / np.sqrt(person.photos))) for own, one in zip(OWN, ONE_PHOTO, strict=True)
    )
    return OwnSkin(*_toward_neutral(linear), max(float(colour.luminance(linear)), 1e-3), deviations)


def skin_told(study: Study) -> tuple[Sign, Sign, Sign] | None:
    """What a photo tells of its person's skin: temperature and tint that turn it grey in neutral light, and log2 of its
    luminance; None for photos in black and white, burnt out or without bare skin.

    The light is read from all but the skin itself, whose colour is what is asked for.
    """
    whole, head = (View(window, window.photo) for window in (study.whole(SIDE), study.head))
    seen = skin_colour(head)
    if seen is None or colourless(whole) or clipped(whole) > BURNT:
        return None
    others = [signs for name, *signs in cast_signs(whole, head) if name != "skin"]
    cast = [[Sign(0.0, usual), *(signs[i] for signs in others)] for i, usual in enumerate(CAMERA)]
    light = [Sign(0.0, CAMERA_LIGHT), *_scene_exposure(whole)]
    stops = float(np.log2(max(colour.luminance(seen), 1e-3)))
    readings = (*_toward_neutral(seen), stops)
    change = (-combined(cast[0]), -combined(cast[1]), combined(light))
    return tuple(
        Sign(reading + moved, _deviation(signs))
        for reading, moved, signs in zip(readings, change, (*cast, light), strict=True)
    )


def _deviation(signs: list[Sign]) -> float:
    """Of the signs' mean."""
    return float(1 / np.sqrt(sum(1 / sign.deviation**2 for sign in signs)))


def skin_tone(told: list[tuple[Sign, Sign, Sign]]) -> np.ndarray | None:
    """(3,) CIELAB of a person's skin, from what several photos tell; None where none does.

    What skin mostly looks like counts as one more photo.
    """
    if not told:
        return None
    warms, pinks, lights = ([signs[i] for signs in told] for i in range(3))
    light = 2 ** combined([Sign(float(np.log2(FACE)), 0.8), *lights])
    warm, pink, *deviations = USUAL["skin"]
    usual = Sign(PALE * min(light, 0.5) + warm, deviations[0]), Sign(pink, deviations[1])
    linear = 1 / gains(combined([usual[0], *warms]), combined([usual[1], *pinks]))
    linear = linear * np.float32(light / colour.luminance(linear))
    return colour.to_lab(colour.to_srgb(linear)[None, None])[0, 0]


# Contrast: the ends of the scale.


def ends(whole: View) -> tuple[float, float]:
    """The sRGB values where the photo's black and white lie."""
    light = colour.to_srgb(colour.luminance(colour.to_linear(whole.pixels)))
    return float(np.percentile(light, 0.5)), float(np.percentile(light, 99.5))


# The face.


@dataclass(frozen=True)
class SkinState:
    """What is uneven on the skin, CIELAB differences averaged over it; 0 where there is none to see."""

    blotches: float = 0.0
    redness: float = 0.0
    shine: float = 0.0


def skin_state(head: View) -> SkinState:
    """Blotches, redness and shine of the face, as the skin tool sees them."""
    tone = skin.tone_of(head)
    grid = skin.Grid(skin.GRID, head.unit, head.window.matrix[:, 2])
    pixels, bare = grid.shrunk(head.pixels), grid.shrunk(skin.where(head.window)) > 0.5
    if tone is None or bare.sum() < 50:
        return SkinState()
    lab = colour.to_lab(pixels)
    blotches = skin.unevenness(lab, bare, grid.unit)[bare]
    matt = colour.to_lab(skin.less_shine(pixels, bare, tone, 1.0, grid.unit))
    return SkinState(
        float(np.sqrt(np.square(blotches).sum(-1).mean())),
        float(skin.redness(lab, tone)[bare].mean()),
        float((lab - matt)[bare][:, 0].clip(0).mean()),
    )


def eye_darkness(head: View) -> float:
    """How much darker, in L, the eyes' whites are than the face's skin; 0 where they are not seen."""
    face = skin_pixels(head)
    seen = [eye for eye in head.study.once(features.eyes) if eye.shown > 0]
    whites = features.median(
        colour.to_lab(head.pixels), features.together(head.window, [(eye.whites, eye.window) for eye in seen])
    )
    if whites is None or not len(face):
        return 0.0
    return float(np.median(colour.to_lab(face[None])[0, :, 0]) - whites[0])


def under_eyes(head: View) -> float:
    """How much lighter, in L, the eyes tool would make the darkest place under an eye."""
    return max((float(np.max(eyes.lift(head, eye)[..., 0], initial=0)) for eye in eyes.shown(head.study)), default=0.0)


def teeth_yellow(head: View) -> float:
    """b* of the teeth; 0 where none are seen."""
    parts = [(part.teeth, part.window) for part in teeth.smiling(head.study)]
    seen = features.median(colour.to_lab(head.pixels), features.together(head.window, parts))
    return 0.0 if seen is None else float(seen[2])


# The background.


def clutter(study: Study, side: int = 480) -> float:
    """Mean step of lightness from pixel to pixel behind the person, on a photo of that longer side."""
    window = study.whole(side)
    light = cv2.GaussianBlur(colour.to_lab(window.photo)[..., 0], (0, 0), 1)
    steps = cv2.magnitude(cv2.Sobel(light, -1, 1, 0), cv2.Sobel(light, -1, 0, 1)) / 8
    behind = window.person < 0.05
    return float(steps[behind].mean()) if behind.mean() > 0.05 else 0.0
