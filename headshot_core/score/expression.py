"""Authentic expression: eyes that smile with the mouth, a gaze at the camera; a neutral face is no fault.

Read from the expression weights and from the landmarks. Two of the weights, cheekSquint and noseSneer, are always 0,
and others (puckered lips, lowered brows) say more of how a face is built than of what it does: they are not used, or
only where they are extreme. Bounds were set on some 90 portraits that were looked at one by one.
"""

from __future__ import annotations

import numpy as np

from headshot_core.face.landmarks import Face
from headshot_core.score import ofiq
from headshot_core.score.look import Look
from headshot_core.score.report import Measure, between
from headshot_core.score.striking import OPEN, SHUT, eye_opening

NAME, TITLE, WEIGHT = "expression", "Authentic expression", 0.2

SMILES = (0.35, 0.65)
"""Weight at which a mouth begins to smile, and at which it clearly does."""
SQUINT, APERTURE = (0.1, 0.35), (0.44, 0.34)
"""Wide eyes, and eyes that smile: weights of squint and blink together; height of the eye's opening to its width."""
ORBIT, DEPTH, RESTING = 0.167, 0.115, -0.032
"""The eyeball's radius at the iris; how far its centre lies behind the middle of the eye's corners; where the iris of
a level gaze stands, above that middle. In inter-eye distances."""
PAST, AT_CAMERA = 28.0, 12.0
"""Degrees between gaze and camera."""
MOST_YAW = 45.0
"""Degrees up to which both eyes are seen well enough to tell where they look."""
STRAINS = (
    ("mouthPress", 0.85, 0.4, "The lips are pressed together"),
    ("mouthRollLower", 0.6, 0.3, "The lower lip is drawn in"),
    ("mouthStretch", 0.4, 0.16, "The mouth is drawn wide"),
    ("mouthFrown", 0.7, 0.2, "The corners of the mouth are pulled down"),
    ("browDown", 1.05, 0.75, "The brows are drawn together"),
    ("eyeWide", 0.2, 0.06, "The eyes are wide open, as if startled"),
)
"""Weights that show strain, where they are bad and up to where they are fine. Brows also come down in a smile."""
GAP, LAUGHING = 0.1, 0.25
"""How far apart the lips of a relaxed mouth may be, to its width, and how much farther in a full smile."""
WRY = (0.18, 0.06)
"""Difference in height of the mouth's corners to its width: bad, and fine."""
LEFT_CORNER, RIGHT_CORNER = ofiq.MOUTH_CORNERS


def measures(look: Look) -> tuple[Measure, ...]:
    """What counts for this pillar."""
    face = look.study.face
    return _eyes_open(look), _gaze(face), _smile(face), _relaxed(face), _mouth(face), _even(face)


def weight(face: Face, name: str) -> float:
    """An expression weight 0..1: the mean of both sides, where it has two."""
    return float(np.mean([value for key, value in face.expression.items() if key.startswith(name)]))


def mouth_width(face: Face) -> float:
    """Pixels between the corners of the mouth, as if the head looked straight ahead."""
    return float(np.linalg.norm(face.points[LEFT_CORNER] - face.points[RIGHT_CORNER]))


# Eyes.


def _eyes_open(look: Look) -> Measure:
    opening = eye_opening(look)
    score = between(opening, SHUT, OPEN)
    if score == 100:
        says = "The eyes are open."
    elif score > 35:
        says = "The eyes are half closed: choose a moment between two blinks."
    else:
        says = "The eyes are closed, or nearly so: choose another photo."
    return Measure("open", "Eyes open", opening, "of eyes to chin", score, 65, says, ofiq.standard("EyesOpen"))


def _gaze(face: Face) -> Measure:
    away, score, says = gaze(face), 100.0, "The eyes look at the camera, which makes contact."
    if away is None:
        says = "Where the eyes look cannot be seen."
    elif away > AT_CAMERA:
        score = between(away, PAST, AT_CAMERA)
        says = "The eyes look past the camera: look into the lens, as if a friend were behind it."
    return Measure("gaze", "Gaze", away, "degrees off the camera", score, 45, says)


def gaze(face: Face) -> float | None:
    """Degrees between the gaze and the camera, however the head is turned; None where the eyes are hardly seen.

    An eye that looks at the camera has its iris in front of the eyeball's centre. The middle of the eye's corners lies
    nearer than that centre, and moves aside when the head turns.
    """
    if ofiq.eyes_open(face) < (SHUT + OPEN) / 2 or abs(face.yaw) > MOST_YAW:
        return None
    unit = face.inter_eye / np.cos(np.radians(face.yaw))
    turn = np.radians(face.roll)
    level = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    across, down = level @ (face.eyes - ofiq.eye_centres(face)).mean(0) / unit
    across += DEPTH * (level @ face.axes[2][:2])[0]
    # Lids go up and down with the eye, so that the iris keeps its place between them when the head nods.
    sine = np.hypot(across, down - RESTING) / ORBIT
    return float(np.degrees(np.arcsin(min(1.0, sine))))


# Smile.


def _smile(face: Face) -> Measure:
    smile, eyes = between(weight(face, "mouthSmile"), *SMILES) / 100, eyes_smile(face)
    score = 100 - smile * (100 - eyes)
    if smile == 0:
        says = "A calm face without a smile, which is fine."
    elif score < 85:
        says = "The mouth smiles more than the eyes: think of something that makes you laugh."
    elif smile < 0.6:
        says = "A hint of a smile, friendly and at ease."
    else:
        says = "The eyes smile with the mouth, which looks genuine."
    return Measure("smile", "Smile with the eyes", eyes if smile else None, "of 100", score, 30, says)


def eyes_smile(face: Face) -> float:
    """0..100: how far the eyes narrow as in a smile that is felt (Ekman, Davidson & Friesen 1990).

    By expression weights or by shape, whichever sees more of it: eyes that are narrow by nature lose nothing.
    """
    squint = weight(face, "eyeSquint") + weight(face, "eyeBlink")
    heights = [
        max(np.linalg.norm(face.points[a] - face.points[b]) for a, b in lids)
        / np.linalg.norm(face.points[outer] - face.points[inner])
        for lids, (outer, inner) in zip(ofiq.LIDS, ofiq.EYES, strict=True)
    ]
    return max(between(squint, *SQUINT), between(float(np.mean(heights)), *APERTURE))


# Strain, mouth, evenness.


def _relaxed(face: Face) -> Measure:
    score, says = 100.0, "The face is relaxed."
    for name, bad, good, seen in STRAINS:
        strength = weight(face, name) * (1 - weight(face, "mouthSmile") if name == "browDown" else 1)
        if between(strength, bad, good) < score:
            score, says = between(strength, bad, good), f"{seen}: breathe out and let go before the photo."
    return Measure("relaxed", "Relaxed face", 100 - score, "% strain", score, 50, says)


def _mouth(face: Face) -> Measure:
    gap = ofiq.mouth_closed(face) * ofiq.t_metric(face) / mouth_width(face)
    score = between(gap - LAUGHING * weight(face, "mouthSmile"), GAP + 0.2, GAP)
    if score == 100:
        says = "The mouth looks natural."
    elif score > 20:
        says = "The mouth is open, as if in the middle of a word: close it, or smile."
    else:
        says = "The mouth is wide open: let it close, or settle into a smile."
    return Measure("mouth", "Natural mouth", gap, "open, of its width", score, 45, says)


def _even(face: Face) -> Measure:
    drop = (face.points[RIGHT_CORNER] - face.points[LEFT_CORNER]) @ face.axes[1] / mouth_width(face)
    score = between(abs(float(drop)), *WRY)
    says = "Both sides of the mouth do the same." if score == 100 else "One corner of the mouth is higher, a wry look."
    return Measure("even", "Even mouth", abs(float(drop)), "of its width", score, 10, says)
