"""Portrait: a photo that was looked at once (faces, cut-out), ready for any number of recipes."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from PIL.Image import Transpose

from headshot_core import colour
from headshot_core.errors import HeadshotError
from headshot_core.face import identity
from headshot_core.face.landmarks import Face, find_faces
from headshot_core.matte import Matte, cut_out
from headshot_core.photo import Photo
from headshot_core.progress import CancelToken, Report, silent
from headshot_core.pyramid import Pyramid

if TYPE_CHECKING:
    from headshot_core.profile import Profile

MIN_INTER_EYE = 12
"""Pixels between the eyes below which no headshot is possible."""

BODY, BODY_HEAD = 9.0, 100
"""How far a whole body reaches below the chin, in head heights; the head's height in pixels at which it is cut out."""
CUT = 0.12
"""Share of the face beyond the photo's edge from which no headshot is possible."""


@dataclass(frozen=True, eq=False)
class Portrait:
    """One person in one photo. Everything heavy is computed once, when first asked for."""

    photo: Photo
    pyramid: Pyramid
    """the photo's pixels"""
    faces: tuple[Face, ...]
    """every face found, the largest first"""
    chosen: int = 0
    mask: str = "selfie"
    """the net for the rough cut-out"""
    person: Profile | None = None
    """who this is, where that is known"""

    @property
    def pixels(self) -> np.ndarray:
        """The photo, uint8 (H, W, 3)."""
        return self.pyramid.image

    @property
    def face(self) -> Face:
        """The chosen person's face."""
        return self.faces[self.chosen]

    @cached_property
    def matte(self) -> Matte:
        """The chosen person's cut-out."""
        return cut_out(self.pyramid, self.face, self._others, self.mask)

    @cached_property
    def whole_body(self) -> Matte:
        """The same down to the feet, coarser: for pictures that show more than a headshot."""
        return cut_out(self.pyramid, self.face, self._others, self.mask, solved=BODY_HEAD, below=BODY)

    @property
    def _others(self) -> tuple[Face, ...]:
        return tuple(face for i, face in enumerate(self.faces) if i != self.chosen)

    @cached_property
    def contacts(self) -> np.ndarray:
        """(N, 2) points where the photo's edge cuts the person."""
        return self.matte.outline_contacts((self.photo.width, self.photo.height))

    @cached_property
    def hair_top(self) -> float:
        """The y of the highest point of the hair, in pixels of the photo."""
        matte, face = self.matte, self.face
        column = matte.matrix[:, :2] @ face.eye_centre + matte.matrix[:, 2]
        reach = int(face.head_height * matte.matrix[0, 0] * 0.3)
        x = int(column[0])
        strip = matte.alpha[:, max(0, x - reach) : x + reach + 1] > 0.5
        rows = np.flatnonzero(strip.any(1))
        top = rows[0] if len(rows) else column[1]
        return float((top - matte.matrix[1, 2]) / matte.matrix[1, 1])

    @cached_property
    def white(self) -> float:
        """Linear luminance of the photo's lightest hundredth, 0..1."""
        small, _ = self.pyramid.within(320)
        return float(np.percentile(colour.luminance(colour.to_linear(small / 255)), 99))

    @cached_property
    def embedding(self) -> np.ndarray:
        """(128,) identity embedding of the chosen face, as photographed."""
        return identity.embed(self.pixels, self.face)

    @cached_property
    def plain_embedding(self) -> np.ndarray:
        """(128,) the same without the mirror image: quicker, for comparisons among such alone."""
        return identity.embed(self.pixels, self.face, mirrored=False)

    def with_face(self, index: int) -> Portrait:
        """The same photo, another person."""
        if not 0 <= index < len(self.faces):
            raise HeadshotError(f"There is no face {index + 1}.", f"The photo shows {len(self.faces)}.")
        return replace(self, chosen=index)

    def of(self, person: Profile | None) -> Portrait:
        """The same portrait, known to show this person; what was computed stays."""
        known = copy.copy(self)
        object.__setattr__(known, "person", person)
        return known


def analyse(
    photo: Photo,
    face: int = 0,
    report: Report = silent,
    cancel: CancelToken | None = None,
    mask: str = "selfie",
) -> Portrait:
    """Find the faces in a photo and cut out the chosen person.

    `mask`: the net for the rough cut-out, see `headshot_core.masks`. Raises `HeadshotError` where there is no face or
    no person.
    """
    cancel = cancel or CancelToken()
    report(0, 2, "Looking for faces")
    portrait = _find(photo, mask)
    cancel.check()
    report(1, 2, "Cutting out the person")
    portrait = portrait.with_face(face)
    _ = portrait.contacts
    report(2, 2, "Ready")
    return portrait


def _find(photo: Photo, mask: str, turned: bool = False) -> Portrait:
    pyramid = Pyramid(np.asarray(photo.image))
    portrait = Portrait(photo, pyramid, tuple(find_faces(pyramid)), mask=mask)
    if not portrait.faces:
        raise HeadshotError(
            "No face was found in this photo.", "Use one where the face is seen from the front, in light."
        )
    quarters = round(portrait.face.roll / 90) % 4
    if quarters and not turned:  # once: a doubtful face may seem to lie another way each time
        return _find(_turned(photo, quarters), mask, turned=True)
    if portrait.face.inter_eye < MIN_INTER_EYE:
        raise HeadshotError(
            "The face is too small for a headshot.", "Use a photo taken closer, or crop less before sending it."
        )
    if _outside(portrait.face, photo) > CUT:
        raise HeadshotError("The photo's edge cuts through the face.", "Use one that shows the whole face.")
    return portrait


def _outside(face: Face, photo: Photo) -> float:
    """Share of the face that lies beyond the photo's edges."""
    x, y = face.points[:, 0], face.points[:, 1]
    return float(((x < 0) | (y < 0) | (x >= photo.width) | (y >= photo.height)).mean())


def _turned(photo: Photo, quarters: int) -> Photo:
    """The photo turned counter-clockwise by quarters, for one that lies on its side."""
    turn = {1: Transpose.ROTATE_90, 2: Transpose.ROTATE_180, 3: Transpose.ROTATE_270}[quarters]
    notes = (*photo.notes, "The photo lay on its side and was turned upright.")
    return replace(photo, image=photo.image.transpose(turn), notes=notes)
