"""What the gate says: reasons, one photo's verdict, the whole set's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from PIL import Image

Verdict = Literal["accept", "usable", "reject"]


@dataclass(frozen=True)
class Reason:
    """Something against a photo."""

    code: str
    """such as "blurred", for programs"""
    says: str
    """what is wrong, in a sentence"""
    advice: str
    """what to do about it"""
    fatal: bool = False
    """enough to reject the photo"""


@dataclass(frozen=True, eq=False)
class Checked:
    """One photo and what the gate says of it."""

    name: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    """the weightiest first"""
    thumbnail: Image.Image | None
    """at most 320 pixels a side; None where the file cannot be read"""
    traits: dict = field(default_factory=dict)
    """what was measured: pose, light, expression, distance, background, sharpness, ...; ready for JSON"""
    embedding: np.ndarray | None = None
    """dlib's, without the mirror image: to be compared within the set alone"""

    @property
    def good(self) -> bool:
        """Whether the photo may be used."""
        return self.verdict != "reject"

    def against(self, reason: Reason) -> Checked:
        """The same with one more reason against it."""
        reasons = ordered((*self.reasons, reason))
        return replace(self, reasons=reasons, verdict=verdict_of(reasons))


def ordered(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """The fatal ones first."""
    return tuple(sorted(reasons, key=lambda reason: not reason.fatal))


def verdict_of(reasons: tuple[Reason, ...]) -> Verdict:
    """Nothing against it, something, or enough."""
    if any(reason.fatal for reason in reasons):
        return "reject"
    return "usable" if reasons else "accept"


@dataclass(frozen=True, eq=False)
class Gate:
    """The verdict on a whole set."""

    photos: tuple[Checked, ...]
    """in the order in which they were given; no two of one name"""
    advice: tuple[str, ...]
    """what the set lacks, in sentences: how many more of what"""
    recommended: tuple[str, ...]
    """names of the photos to use, in order"""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: without pictures and embeddings."""
        return {
            "photos": [_plain(photo) for photo in self.photos],
            "advice": list(self.advice),
            "recommended": list(self.recommended),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Gate:
        """What `to_dict` gave."""
        photos = tuple(
            Checked(
                photo["name"],
                photo["verdict"],
                tuple(Reason(**reason) for reason in photo["reasons"]),
                None,
                photo["traits"],
            )
            for photo in data["photos"]
        )
        return cls(photos, tuple(data["advice"]), tuple(data["recommended"]))


def _plain(photo: Checked) -> dict[str, Any]:
    reasons = [
        {"code": reason.code, "says": reason.says, "advice": reason.advice, "fatal": reason.fatal}
        for reason in photo.reasons
    ]
    return {"name": photo.name, "verdict": photo.verdict, "reasons": reasons, "traits": photo.traits}
