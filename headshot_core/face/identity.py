"""Likeness: does the picture still show the same person?

dlib's face embedding (King 2017, CC0; 99.38 % on LFW by its author), aligned by its own five points. Distances of one
person were seen from 0.06 to 0.47, of two different women of similar looks as low as 0.39, and it is weaker for some
groups of people: a small distance means "the picture did not change the face", never proof of who somebody is.
"""

from __future__ import annotations

import threading
from functools import lru_cache

import numpy as np

from headshot_core import assets
from headshot_core.errors import HeadshotError
from headshot_core.face.landmarks import Face

CLOSE, FAR = 0.10, 0.60
"""Distances shown as 100 and 0: nothing changed, and the author's threshold for another person."""
CHIP = 150
_lock = threading.Lock()


@lru_cache(maxsize=1)
def _models():
    try:
        import dlib
    except ImportError as error:
        raise HeadshotError("Likeness needs the package dlib-bin.", "Install it: pip install dlib-bin") from error
    aligner = dlib.shape_predictor(str(assets.path("dlib_shape_5")))
    network = dlib.face_recognition_model_v1(str(assets.path("dlib_face_recognition")))
    return dlib, aligner, network


@lru_cache(maxsize=1)
def available() -> bool:
    """Whether likeness can be read on this machine; fetches the model files if need be, and asks once in a process."""
    try:
        _models()
    except HeadshotError:
        return False
    return True


def embed(image: np.ndarray, face: Face, mirrored: bool = True) -> np.ndarray:
    """(128,) embedding of a face in an RGB uint8 image (H, W, 3).

    `mirrored`: the mean of the face and its mirror image, as usual in evaluations: steadier, at twice the time.
    """
    dlib, aligner, network = _models()
    box = dlib.rectangle(*(round(v) for v in face.box))
    with _lock:
        image = np.ascontiguousarray(image)
        chip = dlib.get_face_chip(image, aligner(image, box), size=CHIP, padding=0.25)
        chips = [chip, np.ascontiguousarray(chip[:, ::-1])] if mirrored else [chip]
        embeddings = network.compute_face_descriptor(chips)
    return np.mean([np.array(one, np.float32) for one in embeddings], 0)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Euclidean distance of two embeddings: 0 the same picture, above 0.6 another person by the author's threshold."""
    return float(np.linalg.norm(first - second))


def likeness(apart: float) -> int:
    """A distance as 0..100, for people to read."""
    return round(100 * float(np.clip((FAR - apart) / (FAR - CLOSE), 0, 1)))
