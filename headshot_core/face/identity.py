"""Likeness: does the picture still show the same person?

An embedding is a list of numbers that lies near another one where two pictures show the same face. Whose network makes
it is an `Embedder`; embeddings of different ones are never compared.

The studio's own is dlib's (King 2017, CC0; 99.38 % on LFW by its author), aligned by its own five points. The functions
`embed`, `distance` and `likeness` are its own, and what the studio measures its pictures by. Another embedder serves to
know people by (`chosen`), where the person wants it and accepts its terms.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from headshot_core import assets
from headshot_core.errors import HeadshotError
from headshot_core.face.landmarks import IRISES, Face
from headshot_core.files import atomic_write, home
from headshot_core.pyramid import Pyramid

CLOSE, FAR = 0.10, 0.60
"""Distances shown as 100 and 0: nothing changed, and the author's threshold for another person."""
CHIP = 150
_lock = threading.Lock()

SENTENCES = (
    (50, "Very likely the same person."),
    (25, "Probably the same person; other people of similar looks can come as close."),
    (5, "This cannot be told: the same person on an unusual photo, or somebody of similar looks."),
    (0, "Very likely another person."),
)
"""From which likeness on what can be said."""
WARNING = (
    "Likeness is an estimate, never proof of who somebody is. Close relatives, make-up, age, glasses and odd light "
    "fool it, and it tells people of some groups apart less well than others."
)


@dataclass(frozen=True)
class Embedder:
    """A network that turns faces into embeddings, and what its distances mean."""

    name: str
    title: str
    licence: str
    commercial: bool
    """whether it may be used commercially"""
    dimensions: int
    close: float
    far: float
    """distances shown as likeness 100 and 0"""
    figures: str
    """what that rests on"""
    embed: Callable[..., np.ndarray]
    """`embed(image, face, mirrored=True)`: a face in an RGB uint8 image (H, W, 3) as (dimensions,) float32"""
    check: Callable[[], Any]
    """raises `HeadshotError` where something is missing: what it is, and how to get it"""
    usable: Callable[[], bool]
    """whether nothing is missing"""
    terms: str = ""
    """what must be accepted before it is used; empty: nothing"""

    def likeness(self, apart: float) -> int:
        """A distance as 0..100, for people to read."""
        return round(100 * float(np.clip((self.far - apart) / (self.far - self.close), 0, 1)))


def says(likeness: int) -> str:
    """A likeness 0..100 in a sentence."""
    return next(sentence for least, sentence in SENTENCES if likeness >= least)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Euclidean distance of two embeddings; of dlib's 0 is the same picture, above 0.6 another person by its author."""
    return float(np.linalg.norm(first - second))


def likeness(apart: float) -> int:
    """A distance of dlib's embeddings as 0..100, for people to read."""
    return EMBEDDERS["dlib"].likeness(apart)


# dlib.


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
    """(128,) dlib's embedding of a face in an RGB uint8 image (H, W, 3).

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


# InsightFace. Its code is MIT, its models are not: nothing of it is shipped or fetched, the person brings the file.

ARC_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""Where eyes, tip of the nose and corners of the mouth lie in the network's input of 112 x 112 (Deng et al. 2019)."""
ARC_SIDE = 112
ARC_LANDMARKS = [*IRISES, 4, 61, 291]
"""The same points among our landmarks."""


def align_arc(image: np.ndarray, face: Face) -> np.ndarray:
    """(112, 112, 3) uint8: the face of an RGB image as ArcFace was trained on it, by a similarity of five points."""
    return Pyramid(image).warp(similarity(face.points[ARC_LANDMARKS, :2], ARC_POINTS), (ARC_SIDE, ARC_SIDE))


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(2, 3): the turn, scale and shift that bring points (N, 2) nearest to others (least squares; Umeyama 1991)."""
    middle, goal = source.mean(0), target.mean(0)
    x, y = (source - middle).T
    u, v = (target - goal).T
    a, b = np.array([x @ u + y @ v, x @ v - y @ u]) / (x @ x + y @ y)
    turn = np.array([[a, -b], [b, a]])
    return np.column_stack([turn, goal - turn @ middle])


def _embed_arc(image: np.ndarray, face: Face, mirrored: bool = True) -> np.ndarray:
    """(512,) of length 1."""
    network, chip = _arc_network(), align_arc(image, face)
    chips = [chip, chip[:, ::-1]] if mirrored else [chip]
    with _lock:
        found = sum(_through(network, one) for one in chips)
    return (found / max(float(np.linalg.norm(found)), 1e-9)).astype(np.float32)


def _through(network: cv2.dnn.Net, chip: np.ndarray) -> np.ndarray:
    network.setInput(((chip.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None])
    return network.forward().ravel()


def _arc_network() -> cv2.dnn.Net:
    """The person's own model file, once its terms are accepted. Raises `HeadshotError`."""
    name, settings = "insightface", _settings()
    if name not in settings["accepted"]:
        raise HeadshotError(
            "The terms of InsightFace's models have not been accepted.",
            "Read them: python -m headshot_core identity; then: identity use insightface --model FILE --accept-terms",
        )
    if not settings["models"].get(name):
        raise HeadshotError(
            "InsightFace's model file is missing; the studio never fetches it.",
            "Get w600k_r50.onnx from its authors' buffalo_l pack, then: identity use insightface --model FILE",
        )
    return _read_arc(Path(settings["models"][name]))


def _arc_usable() -> bool:
    try:
        _arc_network()
    except HeadshotError:
        return False
    return True


@lru_cache(maxsize=1)
def _read_arc(path: Path) -> cv2.dnn.Net:
    """An ArcFace network, tried once. Raises `HeadshotError`."""
    if not path.is_file():
        raise HeadshotError(f"The model file {path} is not there.", "Give its place: identity use NAME --model FILE")
    try:
        network = cv2.dnn.readNetFromONNX(str(path))
        size = _through(network, np.zeros((ARC_SIDE, ARC_SIDE, 3), np.uint8)).size
    except cv2.error:
        size = 0
    if size != EMBEDDERS["insightface"].dimensions:
        raise HeadshotError(
            f"{path} is no ArcFace network for faces of 112 x 112 pixels.",
            "Take a recognition model of InsightFace, such as w600k_r50.onnx or glintr100.onnx.",
        )
    return network


EMBEDDERS = {
    embedder.name: embedder
    for embedder in (
        Embedder(
            name="dlib",
            title="dlib's face embedding",
            licence="CC0",
            commercial=True,
            dimensions=128,
            close=CLOSE,
            far=FAR,
            figures=(
                "Photos of one person lay 0.06 to 0.47 apart (26 pairs), copies of one photo at other sizes 0.03 to "
                "0.10, photos of different people 0.48 to 1.00 (57 pairs), but two women of similar looks came as "
                "close as 0.39. People of East Asian looks lay 0.48 to 0.61 from one another, all others 0.74 and "
                "more: it tells them apart less well. 0.60 is the author's threshold (99.38 % on LFW)."
            ),
            embed=embed,
            check=_models,
            usable=available,
        ),
        Embedder(
            name="insightface",
            title="InsightFace's ArcFace, from your own model file",
            licence="non-commercial research only",
            commercial=False,
            dimensions=512,
            close=0.78,
            far=1.34,
            figures=(
                "Not measured here. By its authors' own demo a cosine of 0.28 (distance 1.20, likeness 25) is the same "
                "person, and one below 0.20 (1.26, 13) is not; 0.70 is shown as 100."
            ),
            embed=_embed_arc,
            check=_arc_network,
            usable=_arc_usable,
            terms=(
                "InsightFace's models are available for non-commercial research purposes only, whether they are "
                "downloaded by hand or by its library (https://github.com/deepinsight/insightface). Accept this only "
                "if your use is such, or if you have a licence from its authors. You can take it back at any time."
            ),
        ),
    )
}


# Which one people are known by, in the person's own folder.


def find(name: str) -> Embedder:
    """The embedder of that name. Raises `HeadshotError`."""
    if name not in EMBEDDERS:
        raise HeadshotError(f"There is no embedder called '{name}'.", f"Choose one of {', '.join(EMBEDDERS)}.")
    return EMBEDDERS[name]


def chosen() -> Embedder:
    """The one that people are known by: dlib's unless the person chose another."""
    return EMBEDDERS[_settings()["use"]]


def accepted(name: str) -> bool:
    """Whether the person accepted the terms of that embedder; true where it has none."""
    return not find(name).terms or name in _settings()["accepted"]


def use(name: str, model: Path | None = None, accept: bool = False) -> Embedder:
    """Know people by this embedder from now on; `model`: its file, `accept`: its terms are accepted.

    Raises `HeadshotError` where terms or files are missing; then everything stays as it was.
    """
    embedder, before = find(name), _settings()
    if embedder.terms and not (accept or name in before["accepted"]):
        raise HeadshotError(embedder.terms, "To accept: add --accept-terms.")
    after = {
        "use": name,
        "accepted": sorted({*before["accepted"], name}) if embedder.terms else before["accepted"],
        "models": before["models"] | ({name: str(Path(model).absolute())} if model else {}),
    }
    _save(after)
    try:
        embedder.check()
    except HeadshotError:
        _save(before)
        raise
    return embedder


def revoke(name: str) -> None:
    """Take back that the terms were accepted; dlib's is used again. Raises `HeadshotError` for an unknown name."""
    embedder, settings = find(name), _settings()
    settings["accepted"] = [one for one in settings["accepted"] if one != embedder.name]
    if embedder.terms and settings["use"] == embedder.name:
        settings["use"] = "dlib"
    _save(settings)


def _place() -> Path:
    return home() / "identity.json"


def _save(settings: dict) -> None:
    atomic_write(_place(), json.dumps(settings, indent=2).encode())


def _settings() -> dict:
    """What the person chose; where that cannot be read, nothing was accepted."""
    try:
        told = json.loads(_place().read_bytes())
        accepted, models = [str(one) for one in told["accepted"]], {str(k): str(v) for k, v in told["models"].items()}
        use = told["use"] if told["use"] in EMBEDDERS else "dlib"
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {"use": "dlib", "accepted": [], "models": {}}
    return {"use": use, "accepted": accepted, "models": models}
