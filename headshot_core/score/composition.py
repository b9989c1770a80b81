"""Professional composition: head, eyes and shoulders where a photographer puts them.

Everything is read off where the head stands in the frame, never off pixels, so neither light nor blur nor what lies
behind the person moves it; and a crop can be judged before it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from headshot_core.enhance.crop import Crop
from headshot_core.enhance.view import Study, Window
from headshot_core.face.landmarks import Face
from headshot_core.score import ofiq
from headshot_core.score.look import Look
from headshot_core.score.report import Fix, Measure, between
from headshot_core.studio.framing import MAX_ROLL

NAME, TITLE, WEIGHT = "composition", "Professional composition", 0.2

PLANNED = 512
"""Pixels of a planned crop's longer side: enough to tell where things stand."""
WORTH = 1.0
"""Points from which a fix is worth offering."""
SKULL = 0.35
"""How far the middle of the skull lies behind the eyes, in head heights."""
TURNED = 8.0
"""Degrees of yaw from which the head looks to a side, so that there may be room on it."""
BODY = 2.2
"""Head heights below the chin within which a cut-out body must reach the frame's edge, or it floats."""


@dataclass(frozen=True)
class Shot:
    """Where head and body stand in a picture. Lengths in pixels of its window."""

    face: Face
    width: int
    height: int
    hair_top: float
    """y of the highest hair"""
    hair_cut: bool
    """whether the photo itself ends there"""
    body_end: float
    """y where the person's body ends, below the chin"""

    @property
    def head(self) -> float:
        """Pixels from crown to chin."""
        return self.face.head_height

    @cached_property
    def centre(self) -> float:
        """The x of the head's middle: in a turned head it lies behind the eyes, seen from the side."""
        return float(self.face.eye_centre[0] - SKULL * self.head * self.face.axes[2][0])


def shot(window: Window) -> Shot:
    """What a window shows of the person."""
    portrait = window.study.portrait
    x = portrait.face.eye_centre[0]
    marks = np.array([[x, portrait.hair_top], [portrait.face.chin[0], window.study.once(_body_end)]])
    hair, body = marks @ window.matrix[:, :2].T + window.matrix[:, 2]
    width, height = window.size
    return Shot(window.face, width, height, float(hair[1]), portrait.hair_top < 1.5 / window.scale, float(body[1]))


Judge = Callable[[Shot], tuple[Measure, ...]]


def _body_end(study: Study) -> float:
    """The y of the photo where the cut-out of the body below the chin ends."""
    matte, face = study.portrait.matte, study.portrait.face
    column, row = matte.matrix[:, :2] @ face.chin + matte.matrix[:, 2]
    reach = face.head_height * matte.matrix[0, 0] * 0.3
    strip = matte.alpha[:, max(0, int(column - reach)) : int(column + reach) + 1] > 0.5
    rows = np.flatnonzero(strip.mean(1) > 0.3) if strip.size else np.zeros(0)
    end = max(float(rows[-1]) if len(rows) else 0.0, float(row))
    return float((end - matte.matrix[1, 2]) / matte.matrix[1, 1])


def measures(look: Look) -> tuple[Measure, ...]:
    """What counts for this pillar, each with the crop that mends it."""
    return mended(look, judged, _crops(look.settings(Crop), look.study.face.roll))


def judged(seen: Shot) -> tuple[Measure, ...]:
    """Every measure of this pillar, without fixes."""
    return (
        head_size(seen),
        eye_line(seen),
        centring(seen),
        headroom(seen),
        tilt(seen),
        turn(seen),
        camera_height(seen),
        shoulders(seen),
        inside(seen),
        shape(seen),
    )


# The fix: another crop, judged by the same measures.


def mended(look: Look, judge: Judge, crops: tuple[Crop, ...]) -> tuple[Measure, ...]:
    """The measures that `judge` takes of the picture as it is, with that of the crops as a fix which improves them."""
    found = judge(shot(look.whole.window))
    if _lost(found) < WORTH:
        return found
    planned = look.study.latest(_planned, judge, *crops)
    better, crop = min(zip(planned, crops, strict=True), key=lambda one: _lost(one[0]))
    if _lost(found) - _lost(better) < WORTH:
        return found
    fix = _fix(crop)
    return tuple(
        replace(old, fix=fix) if old.lost - new.lost > max(WORTH, old.lost) / 4 else old
        for old, new in zip(found, better, strict=True)
    )


def _lost(found: tuple[Measure, ...]) -> float:
    return sum(measure.lost for measure in found)


def _planned(study: Study, judge: Judge, *crops: Crop) -> tuple[tuple[Measure, ...], ...]:
    return tuple(judge(shot(crop.window(study, PLANNED))) for crop in crops)


def _crops(now: Crop, roll: float) -> tuple[Crop, ...]:
    """Crops to try: to the frame in use or a portrait's, and the whole photo, straightened."""
    frame = "portrait" if now.frame == "whole" or now.idle else now.frame
    angle = round(float(np.clip(-roll, -MAX_ROLL, MAX_ROLL)), 1)
    return Crop(frame=frame), Crop(frame="whole", angle=angle)


def _fix(crop: Crop) -> Fix:
    if crop.frame == "whole":
        return Fix("Straighten the photo", {"crop": {"frame": "whole", "angle": crop.angle}})
    title = "Crop to a passport photo" if crop.frame == "id" else "Crop to a headshot"
    return Fix(title, {"crop": {"frame": crop.frame, "zoom": crop.zoom, "straighten": crop.straighten}})


# The head in the frame.


def head_size(seen: Shot) -> Measure:
    """Crown to chin, as a share of the picture's height."""
    share = seen.head / seen.height
    score = min(between(share, 0.07, 0.27), between(share, 1.15, 0.66))
    if share < 0.27:
        says = f"Your head is small in the picture, {share:.0%} of its height: a headshot is closer."
    elif share > 0.66:
        says = f"Your head fills {share:.0%} of the picture's height: a little more space would let it breathe."
    else:
        says = f"Your head has a good size, {share:.0%} of the picture's height."
    return Measure("head_size", "Size of the head", share, "of height", score, 25, says)


def eye_line(seen: Shot) -> Measure:
    """How far down the eyes are."""
    share = float(seen.face.eye_centre[1]) / seen.height
    score = min(between(share, 0.06, 0.25), between(share, 0.75, 0.5))
    if share < 0.25:
        says = "Your eyes lie close to the upper edge: about a third of the way down looks settled."
    elif share > 0.5:
        says = "Your eyes lie in the lower half: about a third of the way down looks more confident."
    else:
        says = f"Your eyes lie {share:.0%} of the way down, where one looks first."
    return Measure("eye_line", "Eye line", share, "from the top", score, 12, says)


def centring(seen: Shot) -> Measure:
    """How far the head is off the middle; more is allowed where a turned head looks into the space."""
    off, yaw = seen.centre / seen.width - 0.5, seen.face.yaw
    looks_in = abs(yaw) > TURNED and off * yaw < 0
    score = between(abs(off), 0.4, 0.17 if looks_in else 0.07)
    side = "left" if off < 0 else "right"
    if score == 100:
        says = (
            "You stand in the middle." if abs(off) <= 0.07 else "You look into the open space, as photographers like."
        )
    else:
        far = "a little" if score > 70 else "far"
        says = f"You stand {far} to the {side}: the middle is stronger, or space on the side where you look."
    return Measure("centring", "Place in the frame", off, "of width", score, 25, says)


def headroom(seen: Shot) -> Measure:
    """Space between hair and upper edge, in head heights; negative where the hair is cut."""
    crown = float(seen.face.crown[1]) / seen.head
    room = min(0.0, crown - 0.1) if seen.hair_cut else seen.hair_top / seen.head
    tight = np.clip(seen.head / seen.height - 0.55, 0, 0.25)  # a close crop may cut the hair a little
    score = between(room, -0.35 - tight, 0.06 - 0.2 * tight)
    if score == 100:
        says = (
            "There is room above your hair."
            if room >= 0.03
            else "The close crop just touches your hair, which is fine."
        )
    elif room < 0:
        says = "The upper edge cuts your head."
    else:
        says = "Your hair nearly touches the upper edge: leave a little room."
    return Measure("headroom", "Space above the head", room, "head heights", score, 30, says)


def inside(seen: Shot) -> Measure:
    """How far the face keeps from the picture's sides and its lower edge, in head heights."""
    x0, _, x1, y1 = seen.face.box
    margin = min(x0, seen.width - x1, seen.height - y1) / seen.head
    score = between(margin, -0.1, 0.06)
    if score == 100:
        says = "All of your face is in the picture."
    else:
        says = "An edge cuts your face." if margin < 0 else "Your face nearly touches an edge."
    return Measure("inside", "Face in the picture", margin, "head heights", score, 30, says)


def shoulders(seen: Shot) -> Measure:
    """How much of neck and shoulders is seen, in head heights below the chin."""
    chin = float(seen.face.chin[1])
    body, room = (seen.body_end - chin) / seen.head, (seen.height - chin) / seen.head
    below, missing = max(0.0, min(body, room)), max(0.0, min(room, BODY) - body)
    score = min(between(room, 0.0, 0.4), between(missing, 2.0, 0.4))
    if room < 0.4:
        says = "Your neck or shoulders are cut off: a head needs something to rest on."
    else:
        says = "Your shoulders carry the picture."
        if score < 100:
            says = "Your body ends inside the picture, as if it floated."
    return Measure("shoulders", "Shoulders", below, "head heights", score, 15, says)


def shape(seen: Shot) -> Measure:
    """Width by height: headshots are upright or square, banners at most 3:2."""
    ratio = seen.width / seen.height
    score = min(between(ratio, 0.3, 0.6), between(ratio, 2.1, 1.55))
    if ratio > 1.55:
        says = "The picture is very wide: much of it shows no person."
    elif ratio < 0.6:
        says = "The picture is very tall: it shows more of you than a headshot needs."
    else:
        says = "The picture has the shape of a headshot."
    return Measure("shape", "Shape of the picture", ratio, "width by height", score, 10, says)


# How the head is held.


def tilt(seen: Shot) -> Measure:
    """The head's lean to a side."""
    roll = seen.face.roll
    score = between(abs(roll), 32, 8)
    if score < 100:
        says = f"Your head leans by {abs(roll):.0f} degrees: up to 8 look lively, more looks slanted."
    else:
        says = "You hold your head upright." if abs(roll) < 4 else "Your head leans a little, which looks lively."
    return Measure("tilt", "Tilt of the head", roll, "°", score, 30, says, ofiq.standard("HeadPoseRoll"))


def turn(seen: Shot) -> Measure:
    """How far the head is turned to a side: up to a three-quarter view is a headshot."""
    yaw = seen.face.yaw
    score = between(abs(yaw), 65, 35)
    if score < 100:
        says = "You look far to the side: turn your face a little more to the camera."
    else:
        says = (
            "You face the camera." if abs(yaw) < 15 else "You turn a little to the side: a classic three-quarter view."
        )
    return Measure("turn", "Turn of the head", yaw, "°", score, 20, says, ofiq.standard("HeadPoseYaw"))


def camera_height(seen: Shot) -> Measure:
    """The head's pitch: whether it is seen from below or from above. Rough, since faces differ: a wide dead zone."""
    pitch = seen.face.pitch
    score = min(between(pitch, -50, -28), between(pitch, 42, 20))
    if score == 100:
        says = "The camera is near the height of your eyes."
    else:
        where, move = ("below", "higher") if pitch > 0 else ("above", "lower")
        says = f"Your face is seen from {where}: hold the camera {move}, at the height of your eyes."
    return Measure("camera_height", "Height of the camera", pitch, "°", score, 15, says, ofiq.standard("HeadPosePitch"))
