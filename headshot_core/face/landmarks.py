"""478 landmarks, 52 expression weights and the head's pose (MediaPipe Face Landmarker's models)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from headshot_core.face.detect import Detection, detect_faces
from headshot_core.nets import image_blob, net
from headshot_core.pyramid import Pyramid, scale_of

SIDE = 256
"""Pixels on each side of the landmark net's input."""
MARGIN = 1.5
"""The net's input against the face's box, as in MediaPipe's graph."""
SURE = 0.5
EYE_CORNERS = (33, 263)
IRISES = (468, 473)
CHIN, FOREHEAD = 152, 10
MIRRORED = ((33, 263), (133, 362), (61, 291), (234, 454), (127, 356), (58, 288), (172, 397), (70, 300), (105, 334))
"""Pairs of landmarks that a frontal face has at one height and one depth: (viewer's left, viewer's right)."""
FACE_LINE_LEAN = 2.5
"""Degrees by which the line from forehead to chin leans in a head that looks straight ahead."""
CROWN = 0.3
"""How far the crown lies above the hairline landmark, in forehead-to-chin lengths."""

# fmt: off
BLENDSHAPE_POINTS = [
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78,
    80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150,
    152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197,
    234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308,
    310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377,
    378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466,
    468, 469, 470, 471, 472, 473, 474, 475, 476, 477]
BLENDSHAPES = [
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft",
    "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft",
    "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft",
    "jawOpen", "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight"]
# fmt: on


@dataclass(frozen=True)
class Face:
    """One face, in pixels of the photo."""

    points: np.ndarray
    """(478, 3) float32: x right, y down, z toward the camera, all in pixels"""
    expression: dict[str, float]
    """52 blendshape weights 0..1 (ARKit names); left and right are the person's own"""
    score: float
    """how sure the net is that this is a face, 0..1"""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the landmarks."""
        (x0, y0), (x1, y1) = self.points[:, :2].min(0), self.points[:, :2].max(0)
        return float(x0), float(y0), float(x1), float(y1)

    @cached_property
    def axes(self) -> np.ndarray:
        """(3, 3) rows: unit vectors to the head's right (the viewer's), down and forward; z to the camera."""
        left, right = np.array(MIRRORED).T
        across = _unit((self.points[right] - self.points[left]).mean(0))
        along = self.points[CHIN] - self.points[FOREHEAD]
        down = _unit(along - across * (along @ across))
        forward = _unit(np.cross(across, down))
        lean = np.radians(FACE_LINE_LEAN)
        down, forward = np.cos(lean) * down - np.sin(lean) * forward, np.cos(lean) * forward + np.sin(lean) * down
        return np.stack([across, down, forward])

    @property
    def yaw(self) -> float:
        """Degrees: positive where the nose points to the viewer's right."""
        x, _, z = self.axes[2]
        return float(np.degrees(np.arctan2(x, z)))

    @property
    def pitch(self) -> float:
        """Degrees: positive where the nose points up."""
        return float(np.degrees(np.arcsin(-self.axes[2][1])))

    @property
    def roll(self) -> float:
        """Degrees: positive where the head leans clockwise, as the viewer sees it."""
        (lx, ly), (rx, ry) = self.points[EYE_CORNERS[0], :2], self.points[EYE_CORNERS[1], :2]
        return float(np.degrees(np.arctan2(ry - ly, rx - lx)))

    @property
    def eyes(self) -> np.ndarray:
        """(2, 2): iris centres, the one on the viewer's left first."""
        return self.points[list(IRISES), :2]

    @property
    def eye_centre(self) -> np.ndarray:
        """(2,): the point between the irises."""
        return self.eyes.mean(0)

    @property
    def chin(self) -> np.ndarray:
        """(2,): the lowest point of the chin."""
        return self.points[CHIN, :2]

    @property
    def crown(self) -> np.ndarray:
        """(2,): the top of the skull under the hair, estimated from the face's length."""
        forehead = self.points[FOREHEAD, :2]
        return forehead + CROWN * (forehead - self.chin) * _foreshortening(self.pitch)

    @property
    def head_height(self) -> float:
        """Pixels from crown to chin."""
        return float(np.linalg.norm(self.crown - self.chin))

    @property
    def inter_eye(self) -> float:
        """Pixels between the irises."""
        return float(np.linalg.norm(self.eyes[1] - self.eyes[0]))

    def moved(self, matrix: np.ndarray) -> Face:
        """The face under a similarity transform ``(2, 3)`` of the picture."""
        flat = self.points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        return Face(
            np.column_stack([flat, self.points[:, 2] * scale_of(matrix)]).astype(np.float32),
            self.expression,
            self.score,
        )


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / (np.linalg.norm(vector) + 1e-9)


def _foreshortening(pitch: float) -> float:
    # A head that looks down shows more of its crown, one that looks up less.
    return float(np.clip(1 - pitch / 60, 0.6, 1.4))


def find_faces(photo: Pyramid, most: int = 8) -> list[Face]:
    """Faces of a photo, the largest first, `most` at the most."""
    faces = [_landmarks(photo, _corners_of(d)) for d in detect_faces(photo)[:most]]
    if not faces:
        faces = [_landmarks(photo, _whole(photo.image))]
    return [face for face in faces if face is not None]


def _corners_of(detection: Detection) -> np.ndarray:
    x0, y0, x1, y1 = detection.box
    (ax, ay), (bx, by) = detection.eyes
    return _square((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0) * MARGIN, np.arctan2(by - ay, bx - ax))


def _whole(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    return _square(width / 2, height / 2, max(width, height), 0.0)


def _square(x: float, y: float, side: float, angle: float) -> np.ndarray:
    """(2, 3): from the photo to the net's input, for a square turned by `angle` radians."""
    matrix = cv2.getRotationMatrix2D((float(x), float(y)), np.degrees(angle), SIDE / max(side, 1.0))
    matrix[:, 2] += SIDE / 2 - np.array([x, y])
    return matrix


def _landmarks(photo: Pyramid, matrix: np.ndarray) -> Face | None:
    """Landmarks by two passes: the first one's points place the second one's input, as in video tracking."""
    points, score = _pass(photo, matrix)
    if score < SURE:
        return None
    centre = (points[:, :2].min(0) + points[:, :2].max(0)) / 2
    (ax, ay), (bx, by) = points[EYE_CORNERS[0], :2], points[EYE_CORNERS[1], :2]
    side = np.ptp(points[:, :2], 0).max() * MARGIN
    points, score = _pass(photo, _square(*centre, side, np.arctan2(by - ay, bx - ax)))
    if score < SURE:
        return None
    return Face(points, _expression(points), score)


def _pass(photo: Pyramid, matrix: np.ndarray) -> tuple[np.ndarray, float]:
    crop = photo.warp(matrix, (SIDE, SIDE), cv2.BORDER_CONSTANT)
    outputs = net("face_landmarker", "face_landmarks_detector.tflite")(image_blob(crop) / 255)
    local = outputs["Identity"].reshape(478, 3)
    back = cv2.invertAffineTransform(matrix)
    flat = local[:, :2] @ back[:, :2].T + back[:, 2]
    points = np.column_stack([flat, -local[:, 2] * scale_of(back)]).astype(np.float32)
    return points, float(1 / (1 + np.exp(-outputs["Identity_1"].item())))


def _expression(points: np.ndarray) -> dict[str, float]:
    blob = points[BLENDSHAPE_POINTS, :2][None]
    weights = net("face_landmarker", "face_blendshapes.tflite")(blob)
    return {name: round(float(w), 4) for name, w in zip(BLENDSHAPES, next(iter(weights.values())).ravel(), strict=True)}
