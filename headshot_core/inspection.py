"""Inspection: what the studio sees in a photo, as plain data with a few words for people."""

from __future__ import annotations

from typing import Any

import numpy as np

from headshot_core.face.landmarks import Face
from headshot_core.photo import Photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.recipe import Frame
from headshot_core.studio.frame import framed
from headshot_core.studio.framing import FRAMES
from headshot_core.studio.likeness_guard import CROP
from headshot_core.studio.relight import SourceLight

DOUBTFUL = 0.12
"""Share of half-transparent pixels from which a cut-out deserves a second look."""
EXPRESSIONS = (
    (("mouthSmileLeft", "mouthSmileRight"), ((0.55, "a broad smile"), (0.25, "a slight smile"))),
    (("mouthFrownLeft", "mouthFrownRight"), ((0.4, "mouth corners down"),)),
    (("jawOpen",), ((0.35, "mouth wide open"), (0.12, "mouth open"))),
    (("eyeBlinkLeft", "eyeBlinkRight"), ((0.6, "eyes closed"),)),
    (("eyeLookDownLeft", "eyeLookDownRight"), ((0.6, "looking down"),)),
    (("eyeLookUpLeft", "eyeLookUpRight"), ((0.5, "looking up"),)),
    (("eyeLookOutLeft", "eyeLookInRight"), ((0.5, "looking to the viewer's right"),)),
    (("eyeLookInLeft", "eyeLookOutRight"), ((0.5, "looking to the viewer's left"),)),
    (("browInnerUp", "browOuterUpLeft", "browOuterUpRight"), ((0.5, "brows raised"),)),
    (("browDownLeft", "browDownRight"), ((0.5, "brows drawn together"),)),
)
"""Blendshapes whose mean weight is looked at, and from which weight on it is said how."""


def inspect_photo(photo: Photo, face: int = 0, mask: str = "selfie") -> dict[str, Any]:
    """Faces, light, cut-out and frames of a photo, ready for JSON. `face` counts from 0, `mask` as in `analyse`.

    Pixels are the photo's, x right, y down; angles in degrees. Raises `HeadshotError` where there is no face.
    """
    portrait = analyse(photo, face, mask=mask)
    return {
        "photo": {"name": photo.name, "width": photo.width, "height": photo.height, "notes": list(photo.notes)},
        "faces": [_face(one, one is portrait.face) for one in portrait.faces],
        "light": _light(framed(portrait, CROP).shading.source),
        "cut_out": _cut_out(portrait),
        "frames": {name: _frame(portrait, name) for name in FRAMES},
    }


def _face(face: Face, chosen: bool) -> dict[str, Any]:
    return {
        "chosen": chosen,
        "box": [round(value) for value in face.box],
        "yaw": round(face.yaw, 1),
        "pitch": round(face.pitch, 1),
        "roll": round(face.roll, 1),
        "pose": _pose(face),
        "inter_eye": round(face.inter_eye, 1),
        "head_height": round(face.head_height, 1),
        "score": round(face.score, 3),
        "expression": expression_words(face.expression),
        "weights": face.expression,
    }


def _pose(face: Face) -> str:
    """Where the head points, in words."""
    words = []
    if abs(face.yaw) >= 8:
        how = "in profile" if abs(face.yaw) > 50 else "turned" if abs(face.yaw) > 25 else "turned a little"
        words.append(f"{how} to the viewer's {'right' if face.yaw > 0 else 'left'}")
    if abs(face.pitch) >= 12:
        words.append("chin up" if face.pitch > 0 else "chin down")
    if abs(face.roll) >= 5:
        words.append(f"leaning to the viewer's {'right' if face.roll > 0 else 'left'}")
    return ", ".join(words) or "facing the camera"


def expression_words(weights: dict[str, float]) -> str:
    """52 blendshape weights in a few words."""
    words = []
    for names, steps in EXPRESSIONS:
        weight = float(np.mean([weights[name] for name in names]))
        words += [text for least, text in steps if weight >= least][:1]
    return ", ".join(words) or "neutral"


def _light(source: SourceLight) -> dict[str, Any]:
    return {
        "azimuth": round(source.azimuth),
        "elevation": round(source.elevation),
        "unevenness": round(source.unevenness, 2),
        "words": light_words(source),
    }


def light_words(source: SourceLight) -> str:
    """The photo's own light in words; left and right are the viewer's."""
    if source.unevenness < 0.08:
        return "flat light from all sides"
    hard = "soft" if source.unevenness < 0.25 else "clear" if source.unevenness < 0.45 else "strong"
    height = "above" if source.elevation > 25 else "below" if source.elevation < -15 else ""
    side = "" if abs(source.azimuth) < 15 else "the right" if source.azimuth > 0 else "the left"
    return f"{hard} light from {' and '.join(part for part in (height, side) if part) or 'the front'}"


def _cut_out(portrait: Portrait) -> dict[str, Any]:
    doubt = portrait.matte.doubt
    return {
        "doubt": round(doubt, 3),
        "words": "clean" if doubt < DOUBTFUL else "doubtful: look at hair and shoulders",
        "cut_by": _cut_sides(portrait),
    }


def _cut_sides(portrait: Portrait) -> list[str]:
    """The photo's edges that cut the person."""
    x, y = portrait.contacts.T if len(portrait.contacts) else np.zeros((2, 0))
    right, bottom = portrait.photo.width - 1, portrait.photo.height - 1
    sides = {"top": y <= 0, "right": x >= right, "bottom": y >= bottom, "left": x <= 0}
    return [side for side, cut in sides.items() if cut.sum() > 1]


def _frame(portrait: Portrait, name: str) -> dict[str, Any]:
    shot = framed(portrait, Frame(name=name))
    width, height = shot.framing.size
    return {"width": width, "height": height, "enlarged": round(shot.magnified, 2), "notes": list(shot.framing.notes)}
