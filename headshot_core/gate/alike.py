"""Photos among each other: which show the same moment, and which may show somebody else."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core.face import identity
from headshot_core.face.landmarks import Face
from headshot_core.gate.faults import Look

PATCH, WIDE = 32, 6.0
"""Side of the patch that is hashed: in pixels, and in inter-eye distances. It holds head, shoulders and background."""
BELOW = 0.8
"""The patch's middle below the eyes, in inter-eye distances."""
SAME_HASH, SAME_SHAPE, SAME_FACE = 20, 0.05, 0.3
"""Differing bits of 63, mean distance of landmarks in inter-eye distances, and distance of embeddings, up to which two
photos show one moment. Re-encoded, cropped and brightened copies were seen up to 18, 0.04 and 0.20; different photos
of one person from 24, 0.09 and 0.25."""
BACKDROP = 96
"""Pixels of the photo's longer side in which backgrounds are compared."""
BINS = (6, 6, 6)
FRIENDS = 0.45
"""Distance of embeddings within which two photos count for one person when the largest group is looked for."""
LEAST_FAR, MOST_FAR, SPREADS = 0.38, 0.5, 2.2
"""Distance from the group's mean beyond which a photo is held to show somebody else: so many times the group's own
usual distance, between these bounds."""
DOUBT = 0.85
"""Share of that distance from which it is doubtful."""


@dataclass(frozen=True, eq=False)
class Print:
    """What two photos are compared by."""

    hash: np.ndarray
    """(63,) bool: perceptual hash of the picture about the head, the eyes level"""
    shape: np.ndarray
    """(478, 2) landmarks, the eyes level, in inter-eye distances"""
    backdrop: np.ndarray
    """(N,) histogram of the background's colours; sums to 1, or 0 where none is seen"""


def print_of(look: Look) -> Print:
    """The photo's print."""
    return Print(_hash(look), _shape(look.face), _backdrop(look))


def _hash(look: Look) -> np.ndarray:
    """Signs of the lowest frequencies (DCT) about their median: the usual perceptual hash, of an aligned picture."""
    face, side = look.face, 4 * PATCH
    middle = face.eye_centre + BELOW * face.inter_eye * face.axes[1][:2]
    matrix = cv2.getRotationMatrix2D([float(v) for v in middle], face.roll, side / (WIDE * face.inter_eye))
    matrix[:, 2] += side / 2 - middle
    patch = look.portrait.pyramid.warp(matrix, (side, side), cv2.BORDER_REPLICATE)
    grey = cv2.resize(cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY), (PATCH, PATCH), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:8, :8].ravel()[1:]
    return low > np.median(low)


def _shape(face: Face) -> np.ndarray:
    angle = np.radians(face.roll)
    level = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (face.points[:, :2] - face.eye_centre) @ level.T / face.inter_eye


def _backdrop(look: Look) -> np.ndarray:
    window = look.study.whole(BACKDROP)
    behind = window.photo[look.portrait.matte.in_frame(window.photo, window.matrix) < 0.05]
    counts, _ = np.histogramdd(behind, BINS, [(0, 1)] * 3)
    return (counts / max(1, len(behind))).ravel()


def same_moment(first: Print, second: Print, apart: float | None) -> bool:
    """Whether two photos are copies, or shots of one burst. `apart`: distance of embeddings, where it is known."""
    return bool(
        (first.hash != second.hash).sum() <= SAME_HASH
        and np.linalg.norm(first.shape - second.shape, axis=1).mean() <= SAME_SHAPE
        and (apart is None or apart <= SAME_FACE)
    )


@dataclass(frozen=True)
class Company:
    """Whether photos show the same person as most."""

    group: tuple[int, ...]
    """the largest group of photos that look like one person"""
    strangers: tuple[int, ...]
    """those that may show somebody else"""
    doubtful: tuple[int, ...]
    """those that are hard to tell"""


def company(embeddings: list[np.ndarray]) -> Company:
    """The largest group among the photos, and who does not belong to it.

    Of two photos that differ nobody can say which is wrong: then all is one group of one, and nobody a stranger.
    """
    apart = np.array([[identity.distance(one, other) for other in embeddings] for one in embeddings])
    if not len(apart):
        return Company((), (), ())
    near = apart < FRIENDS
    ranks = near.sum(1) - (apart * near).sum(1) / (near.sum(1) + 1)  # of equal groups the tighter one
    group = np.flatnonzero(near[int(np.argmax(ranks))])
    if len(group) < 2:
        return Company(tuple(group.tolist()), (), ())
    far = np.array([_from_the_others(embeddings, group, i) for i in range(len(embeddings))])
    limit = float(np.clip(SPREADS * np.median(far[group]), LEAST_FAR, MOST_FAR))
    strangers, doubtful = far > limit, (far > DOUBT * limit) & (far <= limit)
    kept = np.flatnonzero(far <= limit)
    return Company(*(tuple(np.asarray(one).tolist()) for one in (kept, *map(np.flatnonzero, (strangers, doubtful)))))


def _from_the_others(embeddings: list[np.ndarray], group: np.ndarray, index: int) -> float:
    """Distance of one photo from the mean of the group's others."""
    others = [embeddings[i] for i in group if i != index]
    return identity.distance(np.mean(others, 0), embeddings[index])
