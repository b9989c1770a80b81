"""Captions: what was measured of a picture, in the words that prompts are written in; never the face itself.

What a caption names, the trained model can be asked to change; what it leaves out belongs to the trigger word. So
framing, pose, light, expression, glasses, clothes and background are named, and nothing that makes the face.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import get_args

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance import measure
from headshot_core.enhance.glasses import glare
from headshot_core.enhance.view import Study, View, Window
from headshot_core.errors import HeadshotError
from headshot_core.face.landmarks import Face
from headshot_core.generate.light import Reading, read_shading
from headshot_core.people import About
from headshot_core.prompt.phrases import SMALL, colour_name, pose_words
from headshot_core.prompt.words import COLOURS, SIZES
from headshot_core.recipe import Pose, Recipe
from headshot_core.studio.frame import Framed
from headshot_core.studio.framing import Framing
from headshot_core.train.dataset import Example
from headshot_core.train.settings import Training

MOST = 400
"""Letters of a caption: more is never read."""
NOUNS: tuple[str, ...] = get_args(About.model_fields["noun"].annotation)
ARTICLES = ("a", "an", "the", "this", "that", "my", "our", "one")
HEAD = (200, 0.75)
"""Pixels from crown to chin in which the light is read, and the margin about the head in its heights."""
LOWERED, RAISED = -18.0, 8.0
"""Degrees of a nod from which it is told: foreheads and fringes make level heads read as a little lowered."""
AIM = 30.0
"""Degrees that the eyes turn at a weight of 1 of their blendshapes."""
AT_CAMERA, AWAY = 12.0, 25.0
"""Degrees between gaze and camera within which, and beyond which, it is said where the eyes look."""
FRONT, SIDE, ABOVE = 15.0, 65.0, 25.0
"""Degrees from which light comes from one side, from beside the face, and from above."""
CONTRAST = (1.5, 2.3)
"""Stops from light to shadow up to which light is soft, and from which its shadows are strong."""
BESIDE = 0.05
"""The person's share of a pixel below which it shows the background."""
LEAST = 0.03
"""Share of the picture that must show background or clothes for a word about them."""
PLAIN = 7.0
"""CIELAB spread up to which a background is plain."""
SHARP_SIDE, SHARP = 1024, 4.6
"""Longer side at which sharpness is looked at, and lightness from pixel to pixel, in the sharpest hundredth, from which
a background is in focus."""
SMALL_SIDE = 160
"""Pixels of the longer side at which colours and steps are read."""
COARSE = 6
"""Steps of CIELAB in which colours are counted."""
SECOND, UNLIKE = 0.2, 30.0
"""Share of background or clothes from which a second colour is named, and how far it must be from the first, CIELAB."""


@dataclass(frozen=True)
class Seen:
    """What was measured of one picture, in words; what is not seen is empty."""

    medium: str
    phrases: tuple[str, ...]


# What is seen.


def see(window: Window, pixels: np.ndarray, share: float, backdrop: str = "") -> Seen:
    """The words for a picture (sRGB 0..1, H, W, 3) made of a window onto a portrait.

    `share`: the head's height against the picture's; `backdrop`: what was put behind, in words.
    """
    whole = window.study.whole(measure.SIDE)
    mono = measure.colourless(View(whole, whole.photo))
    face = window.face
    clothes = "" if mono else clothes_words(window, pixels)
    worn = [words for words in ("glasses" if glare(window.study).worn else "", clothes) if words]
    behind = (
        f"background of {re.sub('^(an?|the) ', '', backdrop)}" if backdrop else background_words(window, pixels, mono)
    )
    phrases = (
        size_word(share),
        expression_word(face),
        gaze_words(face),
        *posed(face),
        f"wearing {' and '.join(worn)}" if worn else "",
        behind,
        light_words(read_light(window.study)),
    )
    return Seen("black and white photo" if mono else "photo", tuple(phrase for phrase in phrases if phrase))


def size_word(share: float) -> str:
    """What a picture is called whose head takes that share of its height."""
    return next(word for least, word in SIZES if share >= least)


def expression_word(face: Face) -> str:
    """The expression, as the form for prompts calls it."""
    smile, frown, jaw, blink = (
        float(np.mean([face.expression[name] for name in names]))
        for names in (
            ("mouthSmileLeft", "mouthSmileRight"),
            ("mouthFrownLeft", "mouthFrownRight"),
            ("jawOpen",),
            ("eyeBlinkLeft", "eyeBlinkRight"),
        )
    )
    closed = " with closed eyes" if blink >= 0.6 else ""
    if smile >= 0.25:
        return ("warm, open smile" if smile >= 0.55 else "gentle smile") + closed
    if jaw >= 0.2:
        return f"open mouth{closed}"
    return ("serious expression" if frown >= 0.4 else "calm, neutral expression") + closed


def gaze_words(face: Face) -> str:
    """Where the eyes look; nothing where they are closed, or it is hard to tell."""
    weights = face.expression

    def mean(*names: str) -> float:
        return float(np.mean([weights[f"eye{name}"] for name in names]))

    if mean("BlinkLeft", "BlinkRight") >= 0.6:
        return ""
    across = face.yaw + AIM * (mean("LookOutLeft", "LookInRight") - mean("LookInLeft", "LookOutRight"))
    up = face.pitch + AIM * (mean("LookUpLeft", "LookUpRight") - mean("LookDownLeft", "LookDownRight"))
    if np.hypot(across, up) <= AT_CAMERA:
        return "looking into the camera"
    if max(abs(across), abs(up)) < AWAY:
        return ""
    if abs(across) >= abs(up):
        return f"looking to the {'right' if across > 0 else 'left'}"
    return "looking up" if up > 0 else "looking down"


def posed(face: Face) -> list[str]:
    """How the head is held."""
    nod = 0.0 if LOWERED < face.pitch < RAISED else face.pitch
    tilt = face.roll if abs(face.roll) >= SMALL else 0.0
    yaw, nod, tilt = (float(np.clip(angle, -most, most)) for angle, most in ((face.yaw, 75), (nod, 30), (tilt, 25)))
    return pose_words(Recipe(pose=Pose(yaw=yaw, pitch=nod, roll=tilt, shoulders=yaw)))


def read_light(study: Study) -> Reading | None:
    """The light on the face; None where too little skin is seen."""
    head = study.around_head(*HEAD)
    shot = Framed(study.portrait, Framing(head.matrix, head.size, 0.0, ()))
    return read_shading(shot.shading, shot.linear, shot.face)


def light_words(reading: Reading | None) -> str:
    """The light on the face, as the prompts call it; nothing where it cannot be read."""
    if reading is None:
        return ""
    if reading.even:
        return "soft, even light"
    side, off = "right" if reading.azimuth > 0 else "left", abs(reading.azimuth)
    place = "the front" if off < FRONT else f"the {side}" if off < SIDE else f"the side, {side} of the face"
    above = " and above" if reading.elevation > ABOVE else ""
    soft = "soft " if reading.ratio < CONTRAST[0] else ""
    return f"{soft}key light from {place}{above}{', strong shadows' if reading.ratio >= CONTRAST[1] else ''}"


def background_words(window: Window, pixels: np.ndarray, mono: bool = False) -> str:
    """The background's colour, and whether it is plain, out of focus or full of things."""
    small, person = _small(pixels), _small(window.person)
    behind = cv2.erode((person < BESIDE).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if behind.mean() < LEAST:
        return ""
    lab = colour.to_lab(small)
    spread = float(np.linalg.norm(lab[behind].std(0)))
    shade = "" if mono else f"{' and '.join(_colours(lab[behind]))} "
    if spread <= PLAIN:
        return f"plain {shade}background"
    return f"{shade}background {'in focus' if _sharpness(window) > SHARP else 'softly out of focus'}"


def _sharpness(window: Window) -> float:
    """Steps of lightness behind the person, in the sharpest hundredth."""
    zoom = SHARP_SIDE / max(window.size)
    matrix = zoom * window.matrix
    matrix[:, 2] += (zoom - 1) / 2
    large = Window(window.study, matrix, (round(zoom * window.size[0]), round(zoom * window.size[1])))
    light = colour.to_lab(large.photo)[..., 0]
    steps = cv2.magnitude(cv2.Sobel(light, -1, 1, 0), cv2.Sobel(light, -1, 0, 1)) / 8
    behind = cv2.erode((large.person < BESIDE).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    return float(np.percentile(steps[behind], 99)) if behind.any() else 0.0


def clothes_words(window: Window, pixels: np.ndarray) -> str:
    """The clothes' colour, or their two; nothing where too little of them is seen."""
    small, person, skin = (_small(layer) for layer in (pixels, window.person, window.skin))
    zoom = small.shape[0] / window.shape[0]
    face = window.face
    rows = np.arange(small.shape[0])[:, None] / zoom
    worn = (person > 0.95) & (skin < 0.1) & (rows > face.chin[1] + 0.25 * face.head_height)
    if worn.mean() < LEAST:
        return ""
    return f"{' and '.join(_colours(colour.to_lab(small)[worn]))} clothes"


def _small(layer: np.ndarray) -> np.ndarray:
    scale = min(1.0, SMALL_SIDE / max(layer.shape[:2]))
    return cv2.resize(layer, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)


def _colours(lab: np.ndarray) -> list[str]:
    """The commonest colour of CIELAB values (N, 3) by name, and the second if there is much of it."""
    shades, counts = np.unique(np.round(lab / COARSE).astype(int), axis=0, return_counts=True)
    found: Counter[str] = Counter()
    for shade, count in zip(shades.tolist(), counts.tolist(), strict=True):
        found[_name(*shade)] += count
    (first, _), *others = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    second = [name for name, count in others if count >= SECOND * len(lab) and _unlike(first, name)]
    return [first, *second[:1]]


def _unlike(first: str, second: str) -> bool:
    """Whether two colours are no shades of one."""
    both = colour.to_lab(np.array([[colour.hex_to_rgb(COLOURS[name]) for name in (first, second)]], np.float32))[0]
    return float(np.linalg.norm(both[0] - both[1])) > UNLIKE


def _name(light: int, green_red: int, blue_yellow: int) -> str:
    """The name of a colour in CIELAB, in steps of `COARSE`."""
    lab = COARSE * np.array([[[light, green_red, blue_yellow]]], np.float32)
    red, green, blue = np.round(255 * colour.from_lab(lab)[0, 0]).astype(int)
    return colour_name(f"#{red:02x}{green:02x}{blue:02x}")


# The caption.


def write(seen: Seen, training: Training, noun: str) -> tuple[str, str]:
    """The caption with the trigger word, and the same without it."""
    words = ", ".join((f"{seen.medium} of {called(training.trigger, noun)}", *seen.phrases))
    return words, without_trigger(words, training.trigger, noun)


def called(trigger: str, noun: str) -> str:
    """The subject: the trigger before the noun, unless it says so itself; as prompts do."""
    return trigger if noun in trigger.split() else f"{trigger} {noun}".strip()


def without_trigger(text: str, trigger: str, noun: str) -> str:
    """A caption of somebody else: the trigger left out, or the noun put there where no noun follows."""

    def instead(found: re.Match) -> str:
        return f"{found[1] or 'a '}{found[2] or noun}"

    pattern = rf"\b((?:{'|'.join(ARTICLES)}) )?{re.escape(trigger)}\b(?: ({'|'.join(NOUNS)})\b)?"
    return re.sub(pattern, instead, text, flags=re.IGNORECASE)


def checked(text: str, trigger: str) -> str:
    """A caption of one's own on one line. Raises `HeadshotError` where it is empty, too long or lacks the trigger."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    if not text:
        raise HeadshotError(
            "The caption is empty.", f"Say what the photo shows, such as 'photo of {trigger} outdoors'."
        )
    if len(text) > MOST:
        raise HeadshotError(
            f"The caption has {len(text)} letters; {MOST} are the most.", "Leave out what matters least."
        )
    if not re.search(rf"\b{re.escape(trigger)}\b", text, re.IGNORECASE):
        raise HeadshotError(
            f"The caption lacks the word '{trigger}', which calls the person.",
            f"Put it where the person is named, such as 'photo of {trigger} outdoors'.",
        )
    return text


def with_words(example: Example, words: str, training: Training) -> Example:
    """The example with a caption that was `checked`."""
    noun = next((noun for noun in NOUNS if re.search(rf"\b{noun}\b", example.class_caption)), "person")
    return replace(example, caption=words, class_caption=without_trigger(words, training.trigger, noun))
