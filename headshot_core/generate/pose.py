"""Poses by name, by sliders and from a photo; and the skeletons that hold them while a picture is drawn."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from headshot_core import recipe
from headshot_core.errors import HeadshotError
from headshot_core.generate.figure import Figure, Stance, placed
from headshot_core.nets import image_blob, net
from headshot_core.photo import read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.pyramid import Pyramid
from headshot_core.recipe import Frame


class Held(NamedTuple):
    """One way to hold head and shoulders."""

    title: str
    hint: str
    stance: Stance | None
    """None leaves it to the model"""


POSES: dict[str, Held] = {
    "free": Held("Free", "left to the model and to your words", None),
    "straight": Held("Straight on", "head and shoulders square to the camera: plain and open", Stance()),
    "slight-left": Held(
        "Slightly left",
        "shoulders turned a little to the left, the face nearly to the camera",
        Stance(-10, shoulders=-25),
    ),
    "slight-right": Held(
        "Slightly right",
        "shoulders turned a little to the right, the face nearly to the camera",
        Stance(10, shoulders=25),
    ),
    "three-quarter-left": Held(
        "Three-quarter left", "turned halfway to the left: shape and depth", Stance(-36, shoulders=-44)
    ),
    "three-quarter-right": Held(
        "Three-quarter right", "turned halfway to the right: shape and depth", Stance(36, shoulders=44)
    ),
    "head-tilt": Held("Head tilt", "the head leans to one side: friendly", Stance(5, roll=10, shoulders=12)),
    "over-the-shoulder": Held(
        "Over the shoulder", "the back turned away, looking back to the camera", Stance(24, 2, -4, 72, 4)
    ),
    "arms-crossed": Held(
        "Arms crossed", "farther away, arms crossed: confident", Stance(-6, shoulders=-8, distance=1.6, arms="crossed")
    ),
    "seated": Held(
        "Seated", "farther away, hands in the lap: at ease", Stance(6, 1, 2, 20, 2, distance=1.7, arms="lap")
    ),
    "leaning-in": Held("Leaning in", "nearer, one shoulder low: attentive", Stance(4, 3, 6, 14, 10, distance=0.9)),
    "looking-up": Held("Looking up", "the chin raised: hopeful, proud", Stance(pitch=13)),
    "looking-down": Held("Looking down", "the chin lowered: thoughtful", Stance(pitch=-14)),
    "profile-left": Held("Profile left", "seen from the side, facing left: graphic", Stance(-72, shoulders=-66)),
    "profile-right": Held("Profile right", "seen from the side, facing right: graphic", Stance(72, shoulders=66)),
}
NAMES = (*POSES, "photo")
"""Every name that a recipe's pose may have; 'photo' copies the pose of the photo that the recipe names."""
SLIDERS = ("yaw", "pitch", "roll", "shoulders", "lean")


def stance_of(pose: recipe.Pose) -> Stance:
    """The pose in full: the named one, with the sliders that were set in place of its own angles.

    A free pose stands straight. Raises `HeadshotError` for an unknown name, or a photo that shows no face.
    """
    named = _stance_in(reference(pose)) if pose.name == "photo" else _named(pose.name).stance or Stance()
    set_by_hand = {name: getattr(pose, name) for name in SLIDERS if getattr(pose, name) is not None}
    return Stance(**{**vars(named), **set_by_hand, "distance": named.distance * pose.distance})


def _named(name: str) -> Held:
    if name in POSES:
        return POSES[name]
    near = difflib.get_close_matches(name.lower().replace(" ", "-").replace("_", "-"), POSES, 3, 0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(NAMES)}."
    raise HeadshotError(f"There is no pose called '{name}'.", hint)


# Skeletons.

# fmt: off
FACE = (
    # the 68 points of iBUG 300-W (Sagonas et al. 2013) among MediaPipe's 478: jaw, brows, nose, eyes, lips
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 5, 4, 98, 97, 2, 326, 327,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 81, 13, 311, 308, 402, 14, 178,
    468, 473)
"""OpenPose's 70 points of the face, the pupils last: the person's right side, which is the viewer's left, first."""
BODY = (0, None, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7)
"""OpenPose's 18 points among BlazePose's 33; the neck is halfway between the shoulders."""
MIRRORED_BODY = (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)
"""The same points of a mirrored person."""
# fmt: on


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A person as OpenPose sees one, in pixels of the frame."""

    body: np.ndarray
    """float32 (18, 3): x, y, and 1 where seen"""
    face: np.ndarray
    """float32 (70, 2): x, y"""


def of_figure(figure: Figure) -> Skeleton:
    """The skeleton of the canonical figure."""
    return Skeleton(figure.body, figure.points[list(FACE), :2])


def of_photo(portrait: Portrait, size: tuple[int, int], frame: Frame, distance: float = 1.0) -> Skeleton:
    """The skeleton of the person in a photo, placed in a frame of `size` (width, height) by the studio's rule.

    `distance`: farther away than the rule. What the photo does not show is not seen.
    """
    matrix = placing(portrait, size, frame, distance)
    points = _read_body(portrait)
    body = _openpose(points, portrait)
    body[:, :2] = _moved(body[:, :2], matrix)
    inside = ((body[:, :2] >= 0) & (body[:, :2] < size)).all(1)
    body[:, 2] *= inside
    return Skeleton(body.astype(np.float32), _moved(portrait.face.points[list(FACE), :2], matrix).astype(np.float32))


def placing(portrait: Portrait, size: tuple[int, int], frame: Frame, distance: float = 1.0) -> np.ndarray:
    """(2, 3): from a photo whose pose is copied to the frame."""
    return placed(portrait.face, float(portrait.face.crown[1]), size, frame, distance)


def reference(pose: recipe.Pose) -> Portrait:
    """The photo whose pose is copied, looked at once; `HeadshotError` where it is missing or shows no face."""
    if not pose.image:
        raise HeadshotError("The pose 'photo' names no photo.", "Name the photo whose pose is copied.")
    path = Path(pose.image).expanduser()
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise HeadshotError(
            "The photo whose pose is copied cannot be read.", "Choose it again, or choose another pose."
        ) from error
    return _looked_at(path, changed)


@lru_cache(maxsize=2)
def _looked_at(path: Path, changed: int) -> Portrait:
    return analyse(read_photo(path))


def forget() -> None:
    """Let go of the photos whose poses were copied."""
    _looked_at.cache_clear()
    _read_body.cache_clear()


def _stance_in(portrait: Portrait) -> Stance:
    """The figure's stance that is nearest to a person's in a photo."""
    face = portrait.face
    points = _read_body(portrait)
    left, right = points.places[12], points.places[11]
    turned = np.degrees(np.arctan2(*(points.world[11] - points.world[12])[[2, 0]]))
    lean = np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0]))
    shown = points.seen[[11, 12]].all()
    return Stance(
        yaw=float(np.clip(face.yaw, -75, 75)),
        pitch=float(np.clip(face.pitch, -30, 30)),
        roll=float(np.clip(face.roll, -25, 25)),
        shoulders=float(np.clip(turned if shown else face.yaw, -75, 75)),
        lean=float(np.clip(lean, -20, 20)) if shown else 0.0,
    )


# A person's body in a photo: BlazePose (Bazarevsky et al. 2020), as in MediaPipe's Pose Landmarker.

SIDE = 256
"""Pixels on each side of the net's input."""
HIPS, RADIUS = 3.4, 5.0
"""A first guess from the face, in head heights: how far the hips lie below the eyes, and the half side of the square
about them that holds the whole body."""
REACHES = (2.0, 8.0)
"""What the net may say of the body's half size, in head heights."""
MARGIN = 1.25
"""The net's input against the circle round the body, as in MediaPipe's graph."""
SURE = 0.5
FAR_EAR = 20.0
"""Degrees of turn from which the ear of the far side is hidden."""


class _Body(NamedTuple):
    places: np.ndarray
    """(33, 2) pixels of the photo"""
    seen: np.ndarray
    """(33,) bool"""
    world: np.ndarray
    """(33, 3) metres: x right, y down, z away from the camera"""


@lru_cache(maxsize=4)
def _read_body(portrait: Portrait) -> _Body:
    """Two passes, as in video tracking: the first one's points place the second one's input.

    MediaPipe's own first stage, which finds bodies, is not needed where the face is known.
    """
    head = portrait.face.head_height
    hips, reach = portrait.face.eye_centre + [0, HIPS * head], RADIUS * head
    for _ in range(2):
        scale = SIDE / (2 * reach)
        matrix = np.column_stack([np.eye(2) * scale, SIDE / 2 - scale * hips])
        body, hips, top = _pass(portrait.pyramid, matrix)
        reach = float(np.clip(np.linalg.norm(top - hips), *(head * np.array(REACHES)))) * MARGIN
    return body


def _pass(photo: Pyramid, matrix: np.ndarray) -> tuple[_Body, np.ndarray, np.ndarray]:
    crop = photo.warp(matrix, (SIDE, SIDE), cv2.BORDER_CONSTANT)
    outputs = net("pose_landmarker", "pose_landmarks_detector.tflite")(image_blob(crop) / 255)
    local = outputs["Identity"].reshape(39, 5)
    flat = _moved(local[:, :2], cv2.invertAffineTransform(matrix))
    seen = 1 / (1 + np.exp(-local[:33, 3:].min(1))) > SURE  # visible, and in the picture at all
    body = _Body(flat[:33], seen, outputs["Identity_4"].reshape(39, 3)[:33])
    return body, flat[33], flat[34]


def _moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def _openpose(body: _Body, portrait: Portrait) -> np.ndarray:
    """(18, 3) in pixels of the photo. Nose, eyes and ears are the face's, which are surer."""
    face, (height, width) = portrait.face, portrait.pixels.shape[:2]
    order = [index or 0 for index in BODY]
    points = np.column_stack([body.places[order], body.seen[order]]).astype(float)
    points[1] = (points[2] + points[5]) / 2
    points[1, 2] = points[2, 2] * points[5, 2]
    points[[0, 14, 15, 16, 17], :2] = face.points[[4, 468, 473, 234, 454], :2]
    points[[0, 14, 15, 16, 17], 2] = 1
    if abs(face.yaw) > FAR_EAR:
        points[16 if face.yaw < 0 else 17, 2] = 0
    inside = ((points[:, :2] >= 0) & (points[:, :2] < (width, height))).all(1)
    points[:, 2] *= inside
    return points
