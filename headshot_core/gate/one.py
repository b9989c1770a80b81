"""One photo: read, looked at, judged, and kept small."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.face import identity
from headshot_core.face.landmarks import find_faces
from headshot_core.gate.alike import Print, print_of
from headshot_core.gate.faults import FEW, NEARBY, SOFT, Look, faults_of
from headshot_core.gate.variety import traits_of
from headshot_core.gate.verdict import Checked, Reason, ordered, verdict_of
from headshot_core.photo import Photo, read_photo
from headshot_core.portrait import MIN_INTER_EYE, analyse
from headshot_core.pyramid import Pyramid

THUMBNAIL = 320


@dataclass(frozen=True, eq=False)
class Seen:
    """A photo with what it is compared with others by."""

    checked: Checked
    print: Print | None = None
    """None where there is no face"""
    quality: float = 0.0
    """0..1"""


def see(name: str, source: Path | bytes) -> Seen:
    """Judge one photo by itself."""
    try:
        photo = read_photo(source)
    except HeadshotError as error:
        return Seen(Checked(name, "reject", (Reason("unreadable", error.what, error.todo, True),), None))
    thumbnail = photo.image.copy()
    thumbnail.thumbnail((THUMBNAIL, THUMBNAIL), reducing_gap=2)
    try:
        portrait = analyse(photo)
    except HeadshotError as error:
        reason = Reason(_why(photo), error.what, error.todo, True)
        return Seen(Checked(name, "reject", (reason,), thumbnail))
    look = Look(portrait)
    reasons = ordered(faults_of(look))
    embedding = portrait.plain_embedding if identity.available() else None
    quality = _quality(look, reasons)
    traits = traits_of(look) | {"quality": round(quality, 2), "notes": _notes(look)}
    checked = Checked(name, verdict_of(reasons), reasons, thumbnail, traits, embedding)
    return Seen(checked, print_of(look), quality)


def _why(photo: Photo) -> str:
    """The code of what keeps a photo from being analysed."""
    faces = find_faces(Pyramid(np.asarray(photo.image)))
    if not faces:
        return "no_face"
    return "too_small" if faces[0].inter_eye < MIN_INTER_EYE else "cut_off"


def _notes(look: Look) -> list[str]:
    """What is worth knowing and no fault."""
    notes = list(look.portrait.photo.notes)
    small = sum(other < NEARBY for other in look.others)
    if small:
        notes.append("There is a small face in the background." if small == 1 else f"{small} small faces behind.")
    return notes


def _quality(look: Look, reasons: tuple[Reason, ...]) -> float:
    """How good a photo is among others of its person, 0..1."""
    sharp = float(np.clip((SOFT - look.focus.all) / SOFT, 0, 1))
    large = float(np.clip(look.face.inter_eye / (2 * FEW), 0, 1))
    lit = float(np.clip(1 - abs(look.exposure) / 2, 0, 1))
    return float(np.clip((0.35 * sharp + 0.4 * large + 0.25 * lit) * 0.7 ** len(reasons), 0, 1))
