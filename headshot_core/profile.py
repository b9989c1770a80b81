"""Likeness profile: what is known of a person's looks from several photos, worked out in seconds without training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np

from headshot_core.enhance.measure import Sign, skin_told, skin_tone
from headshot_core.enhance.view import Study
from headshot_core.errors import HeadshotError
from headshot_core.face import identity, marks
from headshot_core.face.marks import Mark, Sight
from headshot_core.portrait import Portrait

ALIKE = 25
"""Likeness to the others below which a photo is left out: it may show somebody else."""


@dataclass(frozen=True, eq=False)
class Profile:
    """A person's looks."""

    embedder: str
    """whose embeddings these are, see `headshot_core.face.identity`"""
    embedding: np.ndarray
    """(D,) float32: the mean over the photos, without those that lie apart"""
    spread: float
    """the photos' mean distance from it"""
    photos: int
    """how many photos it rests on"""
    tone: np.ndarray | None
    """(3,) CIELAB of the person's skin under neutral light; None where no photo tells"""
    marks: tuple[Mark, ...]
    """moles and other spots that stay"""

    def distance(self, embedding: np.ndarray) -> float:
        """From this person to a face, as the same embedder sees it."""
        if embedding.shape != self.embedding.shape:
            raise HeadshotError(
                f"This face was not read by {self.embedder}, as the person's photos were.", "Check the photos again."
            )
        return identity.distance(self.embedding, embedding)

    def likeness(self, embedding: np.ndarray) -> int:
        """0..100: how far a face is this person's, as the same embedder sees it."""
        return identity.find(self.embedder).likeness(self.distance(embedding))

    def likeness_of(self, portrait: Portrait) -> int | None:
        """0..100: how far a portrait is this person's; None where the embedder cannot be used on this machine."""
        embedder = identity.find(self.embedder)
        return self.likeness(_embedding(portrait, embedder)) if embedder.usable() else None

    def to_dict(self) -> dict:
        """Plain data, ready for JSON."""
        return {
            "embedder": self.embedder,
            "embedding": self.embedding.tolist(),
            "spread": self.spread,
            "photos": self.photos,
            "tone": None if self.tone is None else self.tone.tolist(),
            "marks": [{**asdict(mark), "weights": list(mark.weights)} for mark in self.marks],
        }

    @classmethod
    def from_dict(cls, data: dict) -> Profile:
        """What `to_dict` gave. Raises `HeadshotError` for anything else."""
        try:
            embedder = identity.find(data["embedder"])
            if data["photos"] < 1:
                raise ValueError(data["photos"])
            return cls(
                embedder.name,
                _vector(data["embedding"], embedder.dimensions),
                float(data["spread"]),
                int(data["photos"]),
                None if data["tone"] is None else _vector(data["tone"], 3),
                tuple(_mark(mark) for mark in data["marks"]),
            )
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise HeadshotError("This is no likeness profile.", "Check the photos again to make a new one.") from error


def _vector(numbers: list[float], size: int) -> np.ndarray:
    vector = np.array(numbers, np.float32)
    if vector.shape != (size,) or not np.isfinite(vector).all():
        raise ValueError(numbers)
    return vector


def _mark(data: dict) -> Mark:
    a, b, c = (float(weight) for weight in data["weights"])
    mark = Mark(int(data["triangle"]), (a, b, c), float(data["radius"]), int(data["seen"]), int(data["of"]))
    if not (0 <= mark.triangle < marks.TRIANGLES and np.isfinite((a, b, c, mark.radius)).all()):
        raise ValueError(data)
    return mark


@dataclass(frozen=True, eq=False)
class _Seen:
    """What one photo tells of a person."""

    embedding: np.ndarray
    skin: tuple[Sign, Sign, Sign] | None
    sight: Sight


def build(portraits: Iterable[Portrait]) -> Profile:
    """The profile of the person whom all these photos show. Raises `HeadshotError` without any.

    Of each photo only what it tells is kept: give an iterator, and one photo at a time is in memory.
    """
    embedder = identity.chosen()
    seen = [_look(portrait, embedder) for portrait in portraits]
    if not seen:
        raise HeadshotError("There is no photo to know the person by.", "Add some that show the face well.")
    return _profile([seen[i] for i in _together([one.embedding for one in seen], embedder)], embedder)


def _look(portrait: Portrait, embedder: identity.Embedder) -> _Seen:
    return _Seen(_embedding(portrait, embedder), skin_told(Study(portrait.of(None))), marks.look(portrait))


def _embedding(portrait: Portrait, embedder: identity.Embedder) -> np.ndarray:
    return portrait.embedding if embedder.name == "dlib" else embedder.embed(portrait.pixels, portrait.face)


def _together(embeddings: list[np.ndarray], embedder: identity.Embedder) -> list[int]:
    """Which embeddings are alike: the one nearest to all, and those that may be the same person's."""
    far = np.array([[identity.distance(a, b) for b in embeddings] for a in embeddings])
    middle = far[np.median(far, 1).argmin()]
    return [i for i, apart in enumerate(middle) if embedder.likeness(apart) >= ALIKE]


def _profile(seen: list[_Seen], embedder: identity.Embedder) -> Profile:
    embedding = np.mean([one.embedding for one in seen], 0)
    spread = float(np.mean([identity.distance(embedding, one.embedding) for one in seen]))
    tone = skin_tone([one.skin for one in seen if one.skin])
    return Profile(embedder.name, embedding, spread, len(seen), tone, marks.permanent([one.sight for one in seen]))
