"""Proper lighting: well exposed, shaped but not harsh, true in colour.

Light is judged on the photo's own scene: what the background tool puts behind the person is no light on the person.
Nothing here depends on how dark the skin is: where the whites of the eyes are lighter than the skin, the skin is dark
by tone and not for want of light.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance import eyes, features, measure, skin
from headshot_core.enhance.background import Background
from headshot_core.enhance.engine import output
from headshot_core.enhance.eyes import Eyes
from headshot_core.enhance.skin import Skin
from headshot_core.enhance.tone import ENDS, Tone
from headshot_core.enhance.view import Study, View
from headshot_core.face import regions
from headshot_core.score import ofiq
from headshot_core.score.look import Look
from headshot_core.score.report import Fix, Measure, between
from headshot_core.studio.geometry import Shape
from headshot_core.studio.relight import read_source

NAME, TITLE, WEIGHT = "lighting", "Proper lighting", 0.2

SMALL = 320
"""Longer side, in pixels, of the picture in which the scene's light and colour are read."""
SCLERA = 0.8
"""Luminance of a face of usual tone against that of its eyes' whites, which lie in the lids' shade."""
LIT, LIT_FACE = 75, 0.33
"""A face is exposed for its lit side: the percentile of its skin that is looked at, and its usual linear luminance."""
DARK, BRIGHT = 0.4, 0.7
"""Stops that may be missing, or too many: a light picture is more often meant to be so."""
WARM, PINK = 0.25, 0.15
"""What the white balance may be off, in units of its sliders."""
BLACK, WHITE = 0.03, 0.92
"""Where black and white are brought by a fix, sRGB."""
SEEN = 0.25
"""Cosine from which a place of the face is turned enough to the camera for its light to be read."""
PAIRS = 8
"""Places seen on both halves of the face from which on their light is compared."""
EVEN, LOOP, REMBRANDT = 0.25, 1.0, 1.5
"""Stops between the halves of the face up to which light is even, or falls as in these patterns; beyond, it splits."""
HIGH, BELOW = -0.55, 0.1
"""Light from above (negative) or below against that from all around: butterfly, and light from below."""
TURNED = 15.0
"""Degrees of head turn from which one half of the face is the near one."""
BOUNDS = {"exposure": (-2.0, 2.0)}
"""How far a fix moves a slider; others to their ends."""


def measures(look: Look) -> tuple[Measure, ...]:
    """What counts for this pillar."""
    return tuple(one(look) for one in MEASURES)


# Exposure.


def exposure(look: Look) -> Measure:
    """Stops missing, as the enhancement reads them off face, scene and lightest parts."""
    missing = look.once(_missing)
    score = between(missing, 1.7, DARK) if missing > 0 else between(missing, -2.0, -BRIGHT)
    says = "Well exposed: neither too dark nor too bright."
    if score < 100:
        says = f"The picture is {abs(missing):.1f} stops too {'dark' if missing > 0 else 'bright'}."
    title = "Brighten the picture" if missing > 0 else "Darken the picture"
    fix = _tone(look, title, exposure=missing) if score < 100 else None
    return Measure("exposure", "Exposure", missing, "stops missing", score, 60, says, fix=fix)


def _missing(look: Look) -> float:
    signs = measure.exposure_signs(look.once(_scene), look.once(_face))
    short = look.once(_shade)
    if short is not None:  # the second sign is the face's
        signs[1] = measure.Sign(short, signs[1].deviation)
    missing = measure.combined(signs)
    # Low key is a choice: a picture is not too dark whose face has its light.
    return missing if short is None or missing < 0 else min(missing, max(0.0, short))


def _shade(look: Look) -> float | None:
    """Stops by which the light on the face falls short of the usual, whatever the skin's tone; None without skin."""
    face = look.once(_face)
    pixels, whites = measure.skin_pixels(face), measure.eye_whites(face) if eyes.shown(look.study) else None
    if not len(pixels):
        return None
    seen = float(np.percentile(colour.luminance(colour.to_linear(pixels[None])[0]), LIT))
    if whites is not None:
        seen = max(seen, SCLERA * float(colour.luminance(whites)))
    return float(np.log2(LIT_FACE / max(seen, 1e-3)))


def in_shadow(look: Look) -> Measure:
    """Stops that the face is darker than the picture's exposure alone would make it: light from behind."""
    short = look.once(_shade)
    told = "face_in_shadow", "Light on the face"
    if short is None:
        return _unknown(*told, "stops", "Too little skin is seen to read the light on the face.")
    behind = short - max(0.0, look.once(_missing))
    score = between(behind, 2.0, 0.5)
    says = "The face gets its share of the light."
    if score < 100:
        says = f"The face lies in shadow: {behind:.1f} stops darker than it should be in this scene."
    brighter = float(np.clip(behind - 0.3, 0, look.once(_missing) + BRIGHT - 0.1))
    lifted = {"exposure": brighter, "shadows": 0.3 * behind, "highlights": -0.3 * behind}
    fix = _tone(look, "Lift the face out of the shadow", **lifted) if score < 100 else None
    return Measure(*told, behind, "stops", score, 30, says, fix=fix)


def clipping(look: Look) -> Measure:
    """Share of the face's skin without any tone left: white in two channels, or black. What the photo lost stays so."""
    face, bare = look.once(_face), look.once(_bare)
    told = "clipping", "Burnt-out or black skin"
    if not bare.any():
        return _unknown(*told, "share of the skin", "Too little skin is seen to tell.")
    photo, now = (features.soften(p, 0.03 * face.unit)[bare] for p in (face.window.photo, face.pixels))
    white = float((np.sort(np.maximum(photo, now), -1)[:, 1] > measure.CLIPPED).mean())
    black = float((now.max(-1) < 0.03).mean())
    lost = max(white, black)
    score = between(lost, 0.25, 0.01)
    says = "The skin keeps its tones, from the lightest to the darkest."
    if score < 100:
        says = f"{100 * lost:.0f} % of the skin is {'burnt out' if white > black else 'black'}: no tool brings it back."
    return Measure(*told, lost, "share of the skin", score, 25, says)


def contrast(look: Look) -> Measure:
    """Stops from the picture's black to its white."""
    black, white = measure.ends(look.once(_scene))
    low, high = colour.to_linear(np.array([black, white])).clip(1e-3)
    stops = float(np.log2(high / low))
    score = between(stops, 1.5, 4.2)
    says = "The picture reaches from deep to light tones."
    if score < 100:
        says = "The picture is flat, as if seen through haze."
    ends = {"blacks": -max(0.0, black - BLACK) / ENDS, "whites": max(0.0, 1 - white / WHITE) / ENDS}
    fix = _tone(look, "Set black and white", **ends) if score < 100 else None
    return Measure("contrast", "Contrast", stops, "stops", score, 25, says, fix=fix)


# Direction.


@dataclass(frozen=True)
class Light:
    """The light on a face: its left and right as seen, but its own if the head leans or turns."""

    side: float | None
    """stops that its right half is lighter than its left; None where one half is hidden"""
    down: float
    """light from below (negative: from above) against that from all around"""

    @property
    def ratio(self) -> float:
        """Stops from the lit half to the other."""
        return abs(self.side or 0.0)


def _light(look: Look) -> Light:
    """Read off the skin at the face's landmarks: mirrored places compared, and the light's first harmonics."""
    places, normals, twins = look.study.once(_places)
    view = look.once(_face)
    bare = cv2.erode(look.once(_bare).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    luminance = colour.luminance(colour.to_linear(view.pixels))
    soft, share = (features.soften(layer, 0.04 * view.unit) for layer in (luminance * bare, bare))
    x, y = (np.round(view.face.points[:468, i]).astype(int).clip(0, view.window.size[i] - 1) for i in (0, 1))
    lit = np.maximum(soft[y, x] / np.maximum(share[y, x], 1e-3), 1e-4)
    known = (share[y, x] > 0.6) & (normals @ view.face.axes[:, 2] > SEEN)
    source = read_source(lit, known, Shape(places[:, 2], normals, 1.0))
    right = known & known[twins] & (places[:, 0] > 0.15 * places[:, 0].max())
    side = np.log2(lit[right] / lit[twins[right]])
    return Light(float(np.median(side)) if len(side) >= PAIRS else None, float(source.vector[1]) / source.ambient)


def _places(study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The landmarks (468, 3) as the face itself has them: x to its right as seen, y down, z forward; the surface's
    normals (468, 3) there; and which landmark (468,) lies nearest to the same place of the other half.
    """
    face = study.head.face
    places = ((face.points[:468] - face.points[:468].mean(0)) @ face.axes.T).astype(np.float32)
    apart = np.square(places[:, None] - places[None]).sum(-1)
    near = places[np.argpartition(apart, 9, 1)[:, :9]]  # the plane through a place and its neighbours
    near = near - near.mean(1, keepdims=True)
    normals = np.linalg.eigh(np.einsum("nki,nkj->nij", near, near))[1][:, :, 0]
    outward = places + np.array([0, 0, face.inter_eye], np.float32)
    normals = normals * np.sign((normals * outward).sum(1, keepdims=True))
    mirrored = places * np.array([-1, 1, 1], np.float32)
    return places, normals, np.square(mirrored[:, None] - places[None]).sum(-1).argmin(1)


def pattern(look: Look) -> Measure:
    """The key light's pattern by its studio name, and how much darker its shaded side is.

    Patterns: see `headshot_core.studio.light`.
    """
    light = look.once(_light)
    score = min(between(light.ratio, 2.6, 1.2), between(light.down, 0.6, BELOW))
    value = None if light.side is None else light.ratio
    says = _pattern_words(light, look.study.face.yaw)
    fix = Fix("Raise the fill light", {"relight": {"pattern": "clamshell", "strength": 0.8}}) if score < 100 else None
    return Measure("pattern", "Light pattern", value, "stops key to fill", score, 45, says, fix=fix)


def _pattern_words(light: Light, yaw: float) -> str:
    if light.down > BELOW:
        return "Light from below: shadows fall upward, as round a camp fire."
    if light.side is None:
        return "The head is turned too far to compare the light on both halves of the face."
    if light.ratio < EVEN and light.down < HIGH:
        return "Butterfly light from above: even, with shape under cheekbones and chin."
    if light.ratio < EVEN:
        return "Even light from the front: friendly, with few shadows."
    name, verdict = next(words for limit, *words in _PATTERNS if light.ratio < limit)
    side = "right" if light.side > 0 else "left"
    if abs(yaw) > TURNED:
        side += ", on the far side of the face" if yaw * light.side > 0 else ", on the near side of the face"
    return f"{name} light from the {side}, key to fill {light.ratio:.1f} stops: {verdict}."


_PATTERNS = (
    (LOOP, "Loop", "shaped but soft"),
    (REMBRANDT, "Rembrandt", "depth and character"),
    (np.inf, "Split", "half of the face lies in shadow"),
)


def shadow_edges(look: Look) -> Measure:
    """How steeply light falls off on the cheeks, where no feature has an edge of its own."""
    view = look.once(_face)
    light = np.log2(np.maximum(colour.luminance(colour.to_linear(view.pixels)), 4e-3))
    smooth = features.soften(light, 0.06 * view.unit)
    steps = 0.1 * view.unit / 8 * cv2.magnitude(cv2.Sobel(smooth, -1, 1, 0), cv2.Sobel(smooth, -1, 0, 1))
    cheeks = (look.once(_bare) & regions.cheeks(view.face, view.window.shape)).astype(np.uint8)
    where = cv2.erode(cheeks, np.ones((2 * round(0.06 * view.unit) + 1,) * 2, np.uint8)) > 0
    value = float(np.percentile(steps[where], 97)) if where.sum() > 20 else 0.0
    score = between(value, 1.9, 1.0)
    says = "Light and shadow run softly into each other on the face."
    if score < 100:
        says = "A hard shadow falls across the face: a larger lamp, a curtain or open shade would soften it."
    return Measure("shadow_edges", "Shadow edges", value, "stops per tenth of the eyes' distance", score, 12, says)


# Colour.


def cast(look: Look) -> Measure:
    """How far the white balance is off, in units of its sliders."""
    warm, pink = look.once(_cast)
    score = min(between(abs(warm), 1.0, WARM), between(abs(pink), 0.7, PINK))
    says = "The colours are true: skin and whites have no cast."
    if score < 100:
        names = ["yellow" if warm < 0 else "blue"] * (abs(warm) > WARM)
        names += ["pink" if pink < 0 else "green"] * (abs(pink) > PINK)
        says = f"The light has a {' and '.join(names)} cast."
    fix = _tone(look, "Take the cast out", temperature=0.8 * warm, tint=0.8 * pink) if score < 100 else None
    return Measure("cast", "Colour cast", float(np.hypot(warm, pink)), "", score, 45, says, fix=fix)


def _cast(look: Look) -> tuple[float, float]:
    """What `measure.cast` reads, but for the whites of eyes that are shut."""
    scene, face = look.once(_scene), look.once(_face)
    if measure.colourless(scene):
        return 0.0, 0.0
    seen = bool(eyes.shown(look.study))
    signs = [signs for name, *signs in measure.cast_signs(scene, face) if seen or name != "eyes"]
    told = max(0.0, 1 - 4 * max(0.0, measure.clipped(scene) - 0.03))
    return tuple(told * measure.combined(list(one)) for one in zip(*signs, strict=True)) or (0.0, 0.0)


# Skin.


def under_eyes(look: Look) -> Measure:
    """How much darker, in L, the skin beneath an eye is than the cheek."""
    view = look.once(_face)
    lab, found = colour.to_lab(view.pixels), []
    for eye in eyes.shown(look.study):
        cheek = features.median(lab, features.inside(view.face.points[eye.points.cheek, :2], view.window.shape, 0))
        beneath = features.laid(view.window, eye.beneath, eye.window)
        if cheek is not None and beneath.sum() > 4:
            found.append(float(cheek[0] - np.average(lab[..., 0], weights=beneath)))
    told = "under_eyes", "Shadows under the eyes"
    if not found:
        return _unknown(*told, "L", "The eyes are not seen well enough to tell.")
    dark = max(found)
    score = between(dark, 28, 13)
    says = "No dark shadows under the eyes." if score == 100 else "Dark shadows lie under the eyes."
    others = {} if look.stack.of(Eyes) else {"whites": 0.0, "iris": 0.0, "catchlight": 0.0}
    fix = Fix("Lighten the shadows under the eyes", {"eyes": {**others, "strength": 0.7, "under_eye": 1.0}})
    return Measure(*told, dark, "L", score, 8, says, fix=fix if score < 100 else None)


def shine(look: Look) -> Measure:
    """How much lighter, in L, the face's skin is than it would be matt: see `headshot_core.enhance.skin`."""
    view, told = look.once(_face), ("shine", "Shine")
    grid = skin.Grid(skin.GRID, view.unit, view.window.matrix[:, 2])
    pixels, bare = grid.shrunk(view.pixels), grid.shrunk(look.once(_bare).astype(np.float32)) > 0.6
    if bare.sum() < 50:
        return _unknown(*told, "L", "Too little skin is seen to tell.")
    matt = skin.less_shine(pixels, bare, _tone_of(pixels[bare]), 1.0, grid.unit)
    value = float((colour.to_lab(pixels) - colour.to_lab(matt))[bare][:, 0].clip(0).mean())
    score = between(value, 1.2, 0.4)
    says = "The skin does not shine." if score == 100 else "The skin shines: light mirrors on forehead, nose or cheeks."
    others = {} if look.stack.of(Skin) else {"evenness": 0.0, "redness": 0.0}
    fix = Fix("Take the shine down", {"skin": {**others, "strength": 0.8, "shine": 0.8}})
    return Measure(*told, value, "L", score, 8, says, fix=fix if score < 100 else None)


def _tone_of(pixels: np.ndarray) -> skin.Tone:
    """The tone of bare skin, sRGB (N, 3)."""
    usual = colour.to_linear(np.median(pixels, 0))
    light = max(float(colour.luminance(usual)), 1e-3)
    tone = skin.Tone(colour.to_lab(np.median(pixels, 0)[None, None])[0, 0], usual / light, light, 0.0)
    return tone._replace(gloss=max(0.0, float(np.percentile(skin.gloss(colour.to_linear(pixels), tone), 60))))


# For information: as the standard has it.


def both_cheeks(look: Look) -> Measure:
    """OFIQ's IlluminationUniformity."""
    raw = ofiq.illumination_uniformity(look.once(_aligned))
    says = f"Both cheeks have {100 * raw:.0f} % of their tones in common."
    return _information("IlluminationUniformity", "Both cheeks alike", raw, "share of tones", says)


def tones(look: Look) -> Measure:
    """OFIQ's DynamicRange."""
    raw = ofiq.dynamic_range(look.once(_aligned))
    says = f"The face's tones are worth {raw:.1f} of 8 bits."
    return _information("DynamicRange", "Tones of the face", raw, "bits", says)


def _aligned(look: Look) -> ofiq.Aligned:
    view = look.once(_face)
    return ofiq.aligned(view.pixels, view.face)


def _information(name: str, title: str, raw: float, unit: str, says: str) -> Measure:
    return Measure(name, title, raw, unit, ofiq.quality(name, raw), 0, says, ofiq.standard(name))


MEASURES = (exposure, in_shadow, clipping, contrast, pattern, shadow_edges, cast, under_eyes, shine, both_cheeks, tones)


# What is looked at.


def _scene(look: Look) -> View:
    """The picture, small, with the photo's own background."""
    own = Look(look.study, look.stack.without("background")) if look.stack.of(Background) else look
    window = output(own.study, own.stack, SMALL)
    return View(window, cv2.resize(own.whole.pixels, window.size, interpolation=cv2.INTER_AREA))


def _face(look: Look) -> View:
    """The face without the head's surroundings."""
    head = look.head
    x0, y0, x1, y1 = box = head.window.box_round(head.face.points, 0.2)
    return View(head.window.part(box), head.pixels[y0:y1, x0:x1])


def _bare(look: Look) -> np.ndarray:
    """(H, W) bool: the bare skin in `_face`."""
    view = look.once(_face)
    return regions.bare_face(view.face, view.window.shape) & (view.window.skin > 0.6)


def _tone(look: Look, title: str, **steps: float) -> Fix:
    """Light and colour, with these steps added to what is set."""
    tone = look.settings(Tone)
    moved = {name: np.clip(getattr(tone, name) + step, *BOUNDS.get(name, (-1, 1))) for name, step in steps.items()}
    return Fix(title, {"tone": {name: round(float(value), 2) for name, value in moved.items()}})


def _unknown(name: str, title: str, unit: str, says: str) -> Measure:
    return Measure(name, title, None, unit, 100, 0, says)
