"""The passport profile: the same picture against the rules of ICAO 9303 and ISO/IEC 29794-5.

Limits are those of ICAO Doc 9303-3 and of the ISO/IEC 39794-5 portrait that it asks for. What one photo tells only
roughly (pitch, crown) is given some leeway. Countries add rules of their own: this is a check, no promise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance.crop import Crop
from headshot_core.face.landmarks import Face
from headshot_core.score import background, composition, expression, lighting, ofiq, striking
from headshot_core.score.composition import Shot
from headshot_core.score.look import Look
from headshot_core.score.report import Fix, Measure, Pillar, between

ICAO = "ICAO Doc 9303-3"
LEVEL = -8.0
"""The pitch that most people show who look straight ahead, degrees."""
LEAST = 0.03
"""Share of the picture below which its background is too small to judge."""


def pillars(look: Look) -> tuple[Pillar, ...]:
    """The five pillars, measured and weighed as a passport office does."""
    told = {
        striking: (eye_distance(look), *_picture(look), coverings()),
        background: (plain(look), light_background(look), even_background(look), alone(look)),
        lighting: (exposure(look), natural_colour(look), even_light(look), no_shadows(look), no_hot_spots(look)),
        expression: (neutral(look), mouth_closed(look), eyes_open(look), gaze(look)),
        composition: composition.mended(look, geometry, (Crop(frame="id"),)),
    }
    return tuple(Pillar(p.NAME, p.TITLE, measures, p.WEIGHT) for p, measures in told.items())


def _rule(name: str, title: str, value: float, unit: str, score: float, costs: float, rule: str, seen: str, **more):
    """A rule's measure: what is asked for, and how the picture does."""
    return Measure(name, title, value, unit, score, costs, f"{rule}: {seen}.", **({"standard": ICAO} | more))


def _reworded(measured: Measure, costs: float, rule: str) -> Measure:
    """A measure of the headshot's pillars as a rule of this profile."""
    costs = costs if measured.value is not None else 0
    return replace(measured, costs=costs, says=f"{rule}. {measured.says}", standard=measured.standard or ICAO)


# Striking features: what a machine needs to see.


def eye_distance(look: Look) -> Measure:
    """Pixels between the eyes; what was enlarged does not count."""
    pixels = ofiq.inter_eye_distance(look.full_face) / max(1.0, look.scale)
    seen = f"yours are {pixels:.0f} apart" if pixels >= 90 else f"yours are only {pixels:.0f} apart, take it closer"
    score = between(pixels, 50, 90)
    rule = "At least 90 pixels between the eyes"
    return _rule("eye_distance", "Pixels between the eyes", pixels, "pixels", score, 60, rule, seen)


def _picture(look: Look) -> Iterator[Measure]:
    """Sharpness and what hides the face, as the headshot's pillar measures them, weighed anew."""
    asked = {
        "sharpness": (50, "In sharp focus"),
        "noise": (20, "Without noise"),
        "compression": (20, "Without traces of compression"),
        "seen": (40, "Both eyes visible, no reflections on glasses"),
        "uncovered": (60, "Nothing over the face"),
    }
    for measure in striking.measures(look):
        if measure.name in asked:
            yield _reworded(measure, *asked[measure.name])


def coverings() -> Measure:
    """Nothing here tells a covering from hair, so it is said and not judged."""
    says = (
        "A head covering is welcome where you wear it for faith or health: your face must show from chin to forehead "
        "and from edge to edge. Otherwise the head is bare. Please check this yourself."
    )
    return Measure("coverings", "Head covering", None, "", 100, 0, says, ICAO)


# Clean background: plain, light, even, empty.


def plain(look: Look) -> Measure:
    """OFIQ's BackgroundUniformity, the mean gradient about the head; and how many colours there are all around."""
    face = ofiq.aligned(look.whole.pixels, look.whole.face)
    raw = ofiq.background_uniformity(face, face.laid_in((look.whole.window.person < 0.05).astype(np.float32)) > 0.5)
    score, lab = between(raw, 250, 90), look.once(_behind)
    if lab is not None:
        off = np.linalg.norm(lab - np.median(lab, 0), axis=-1)
        score = min(score, between(float(np.percentile(off, 90)), 50, 22))
    told = "plain", "Plain background", raw, "", score, 40, "A plain background"
    seen = "yours is plain" if score == 100 else "yours shows things or colours"
    return _rule(*told, seen, standard=ofiq.standard("BackgroundUniformity"), fix=_paper_if(score < 100))


def light_background(look: Look) -> Measure:
    """CIELAB L behind the person."""
    lab = look.once(_behind)
    if lab is None:
        return _hidden("light_background", "Light background")
    level = float(np.median(lab[:, 0]))
    score = between(level, 40, 65)
    told = "light_background", "Light background", level, "L", score, 35, "A light-coloured background"
    return _rule(*told, "yours is light" if score == 100 else "yours is too dark", fix=_paper_if(score < 100))


def even_background(look: Look) -> Measure:
    """CIELAB L between the background's darkest and lightest tenth: shadows, or a wall that fades."""
    lab = look.once(_behind)
    if lab is None:
        return _hidden("even_background", "No shadow behind")
    spread = float(np.subtract(*np.percentile(lab[:, 0], [90, 10])))
    score = between(spread, 45, 20)
    told = "even_background", "No shadow behind", spread, "L", score, 25, "No shadows on the background"
    return _rule(*told, "none seen" if score == 100 else "yours is darker in places", fix=_paper_if(score < 100))


def alone(look: Look) -> Measure:
    """Other faces in the picture."""
    return _reworded(background.others(look), 60, "Nobody else in the picture")


def _behind(look: Look) -> np.ndarray | None:
    """(N, 3) CIELAB of the background, softened; None where hardly any is seen."""
    view = look.whole
    away = (view.window.person < 0.05).astype(np.uint8)
    clear = cv2.erode(away, np.ones((5, 5), np.uint8)) > 0
    if clear.mean() < LEAST:
        return None
    return colour.to_lab(cv2.GaussianBlur(view.pixels, (0, 0), 2))[clear]


def _paper_if(wanted: bool) -> Fix | None:
    if not wanted:
        return None
    settings = {"kind": "paper", "colour": "#e2e4e6", "blur": 0.0, "brightness": 0.0}
    return Fix("Light grey background (some offices refuse edited photos)", {"background": settings})


def _hidden(name: str, title: str) -> Measure:
    return Measure(name, title, None, "", 100, 0, "Hardly any background is seen around you.", ICAO)


# Proper lighting: the headshot's measures, weighed anew.


def exposure(look: Look) -> Measure:
    """Stops missing."""
    return _reworded(lighting.exposure(look), 40, "Correct brightness")


def natural_colour(look: Look) -> Measure:
    """How far the white balance is off."""
    return _reworded(lighting.cast(look), 30, "Natural skin tones")


def even_light(look: Look) -> Measure:
    """Stops from the lit half of the face to the other."""
    pattern = lighting.pattern(look)
    if pattern.value is None:
        return replace(pattern, costs=0)
    score = between(pattern.value, 2.0, 0.8)
    return _reworded(replace(pattern, score=score, fix=pattern.fix if score < 100 else None), 40, "Even light")


def no_shadows(look: Look) -> Measure:
    """How steeply light falls off on the cheeks."""
    return _reworded(lighting.shadow_edges(look), 25, "No shadows on the face")


def no_hot_spots(look: Look) -> Measure:
    """Shine on the skin."""
    return _reworded(lighting.shine(look), 20, "No flash reflections on the skin")


# Authentic expression: none.


def neutral(look: Look) -> Measure:
    """The weight of a smile, 0..1."""
    smile = expression.weight(look.study.face, "mouthSmile")
    score = between(smile, 0.7, 0.3)
    seen = "yours is calm" if score == 100 else "you smile, which is for the other photos"
    return _rule("neutral", "Neutral expression", smile, "0 to 1", score, 45, "A neutral expression", seen)


def mouth_closed(look: Look) -> Measure:
    """OFIQ's MouthClosed."""
    raw = ofiq.mouth_closed(look.study.face)
    score = between(raw, 0.2, 0.05)
    seen, standard = "it is" if score == 100 else "it is open", ofiq.standard("MouthClosed")
    return _rule("mouth_closed", "Mouth closed", raw, "T", score, 40, "Mouth closed", seen, standard=standard)


def eyes_open(look: Look) -> Measure:
    """OFIQ's EyesOpen."""
    raw = ofiq.eyes_open(look.study.face)
    score = between(raw, 0.018, 0.045)
    seen, standard = "they are" if score == 100 else "they are nearly closed", ofiq.standard("EyesOpen")
    return _rule("eyes_open", "Eyes open", raw, "T", score, 60, "Both eyes open", seen, standard=standard)


def gaze(look: Look) -> Measure:
    """Degrees between gaze and camera."""
    away = expression.gaze(look.study.face)
    if away is None:
        return Measure("gaze", "Gaze", None, "°", 100, 0, "Where the eyes look cannot be seen.", ICAO)
    score = between(away, 25, 12)
    seen = "you do" if score == 100 else "you look past it"
    return _rule("gaze", "Gaze", away, "°", score, 40, "Look straight at the camera", seen)


# Professional composition: the frame of a passport photo.


def geometry(shot: Shot) -> tuple[Measure, ...]:
    """Every rule about where the head stands and how it is held."""
    return (
        head_size(shot),
        centring(shot),
        eye_line(shot),
        shape(shot),
        turn(shot.face),
        nod(shot.face),
        tilt(shot.face),
        replace(composition.inside(shot), standard=ICAO),
        replace(composition.headroom(shot), standard=ICAO),
    )


def head_size(shot: Shot) -> Measure:
    """Crown to chin as a share of the picture's height."""
    share = shot.head / shot.height
    score = min(between(share, 0.5, 0.68), between(share, 1.0, 0.82))
    rule, seen = "Head from chin to crown 70 to 80 % of the height", f"yours is {100 * share:.0f} %"
    return _rule("head_size", "Size of the head", share, "of height", score, 30, rule, seen)


def centring(shot: Shot) -> Measure:
    """Where the face's middle stands across the picture."""
    place = float(shot.face.points[:, 0].mean()) / shot.width
    score = between(abs(place - 0.5), 0.15, 0.05)
    seen = "it is" if score == 100 else "it is to one side"
    return _rule("centring", "Place in the frame", place, "of width", score, 20, "The face in the middle", seen)


def eye_line(shot: Shot) -> Measure:
    """How far down the eyes are."""
    share = float(ofiq.eye_centres(shot.face)[:, 1].mean()) / shot.height
    score = min(between(share, 0.15, 0.3), between(share, 0.65, 0.5))
    rule, seen = "Eyes 30 to 50 % of the way down", f"yours are at {100 * share:.0f} %"
    return _rule("eye_line", "Eye line", share, "from the top", score, 15, rule, seen)


def shape(shot: Shot) -> Measure:
    """Width by height."""
    ratio = shot.width / shot.height
    score = min(between(ratio, 0.6, 0.74), between(ratio, 1.0, 0.8))
    rule, seen = "35 by 45 mm, that is 0.78 times as wide as high", f"yours is {ratio:.2f} times"
    return _rule("shape", "Shape of the picture", ratio, "width by height", score, 15, rule, seen)


def turn(face: Face) -> Measure:
    """Yaw."""
    score = between(abs(face.yaw), 20, 6)
    seen = "you do" if score == 100 else f"you are turned by about {abs(face.yaw):.0f}"
    name = ofiq.standard("HeadPoseYaw")
    rule = "Face the camera, turned by 5 degrees at most"
    return _rule("turn", "Turn of the head", face.yaw, "°", score, 40, rule, seen, standard=name)


def nod(face: Face) -> Measure:
    """Pitch, against that of most people; one photo tells it only roughly."""
    nod = face.pitch - LEVEL
    score = between(abs(nod), 35, 15)
    seen = "it looks so" if score == 100 else f"your chin is too {'high' if nod > 0 else 'low'}"
    name = ofiq.standard("HeadPosePitch")
    rule = "Chin neither raised nor lowered, 5 degrees at most"
    return _rule("nod", "Nod of the head", nod, "°", score, 25, rule, seen, standard=name)


def tilt(face: Face) -> Measure:
    """Roll."""
    score = between(abs(face.roll), 20, 8)
    seen = "it is" if score == 100 else f"it leans by {abs(face.roll):.0f}"
    name = ofiq.standard("HeadPoseRoll")
    rule = "The head upright, leaning by 8 degrees at most"
    return _rule("tilt", "Tilt of the head", face.roll, "°", score, 30, rule, seen, standard=name)
