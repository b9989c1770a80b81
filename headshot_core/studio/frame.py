"""Framed: one person in one frame, cut out and cleaned, before any light or backdrop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.face import regions
from headshot_core.face.landmarks import Face
from headshot_core.matte import clean_background, clean_foreground
from headshot_core.portrait import Portrait
from headshot_core.pyramid import scale_of
from headshot_core.recipe import Frame
from headshot_core.studio.composite import grain_of
from headshot_core.studio.framing import Framing, place
from headshot_core.studio.geometry import read_shape
from headshot_core.studio.grade import auto_exposure
from headshot_core.studio.relight import Shading, read_source

FLOATING = 0.02
"""Share of the frame that shows a cut, from which the cut fades out."""
DARK = 1.2
"""Stops of brightening from which noise shows."""
BURNT = 0.15
"""Share of the face without any tone left."""
FADE = 0.035
"""Length of that fade, in frame heights."""


@dataclass(frozen=True, eq=False)
class Framed:
    """Everything of a frame that does not depend on light, backdrop or grade; computed once a frame."""

    portrait: Portrait
    framing: Framing

    @cached_property
    def pixels(self) -> np.ndarray:
        """The photo in the frame, sRGB float32 (H, W, 3); beyond the photo its edge is mirrored."""
        frame = self.portrait.pyramid.warp(self.framing.matrix, self.framing.size)
        return frame.astype(np.float32) * np.float32(1 / 255)

    @cached_property
    def alpha(self) -> np.ndarray:
        """The person's share of each pixel, (H, W) 0..1; nothing beyond the photo."""
        alpha = self.portrait.matte.in_frame(self.pixels, self.framing.matrix)
        return alpha * self._inside

    @cached_property
    def foreground(self) -> np.ndarray:
        """The person's own colours, sRGB (H, W, 3), free of the old background's."""
        return clean_foreground(self.pixels, self.alpha, self.face.head_height)

    @cached_property
    def face(self) -> Face:
        """The face in pixels of the frame."""
        return self.portrait.face.moved(self.framing.matrix)

    @cached_property
    def linear(self) -> np.ndarray:
        """`foreground` in linear light."""
        return colour.to_linear(self.foreground)

    @cached_property
    def background(self) -> np.ndarray:
        """The photo without the person, linear (H, W, 3): what lies behind is filled from its surroundings."""
        return clean_background(colour.to_linear(self.pixels), self.alpha, self.face.head_height)

    @cached_property
    def grain(self) -> float:
        """The photo's grain, standard deviation in sRGB 0..1."""
        x0, y0, x1, y1 = self._face_box
        return grain_of(self.foreground[y0:y1, x0:x1], self.skin[y0:y1, x0:x1])

    @property
    def _face_box(self) -> tuple[int, int, int, int]:
        width, height = self.framing.size
        return tuple(int(v) for v in np.clip(self.face.box, 0, (width, height, width, height)))

    @cached_property
    def bare_face(self) -> np.ndarray:
        """(H, W) bool: inside the face's oval, without eyes, brows and lips."""
        x0, y0, x1, y1 = self._face_box
        mask = np.zeros(self.framing.size[::-1], bool)
        here = self.face.moved(np.array([[1.0, 0, -x0], [0, 1.0, -y0]]))
        mask[y0:y1, x0:x1] = regions.bare_face(here, (y1 - y0, x1 - x0))
        return mask

    @cached_property
    def stops(self) -> float:
        """Stops that bring the face to a pleasant brightness."""
        face = (self.skin > 0.5) & self.bare_face
        if not face.any():
            return 0.0
        return auto_exposure(float(np.median(colour.luminance(self.linear[face]))), self.portrait.white)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the photo's exposure does to the result, in plain words."""
        if self.stops > DARK:
            return ("The face is very dark in the photo: made brighter, it shows noise.",)
        bright = self.pixels[self.bare_face].max(-1, initial=0)
        if len(bright) and (bright > 0.985).mean() > BURNT:
            return ("Parts of the face are burnt out in the photo: no light can bring them back.",)
        return ()

    @cached_property
    def skin(self) -> np.ndarray:
        """Skin of face, neck and hands, (H, W) 0..1."""
        height, width = self.alpha.shape
        scale = min(1.0, 160 / self.face.head_height)
        size = (round(width * scale), round(height * scale))
        small = cv2.resize(self.foreground, size, interpolation=cv2.INTER_AREA)
        face = self.face.moved(np.array([[size[0] / width, 0, 0], [0, size[1] / height, 0]]))
        mask = cv2.GaussianBlur(regions.skin(small, face), (0, 0), 1.0)
        return cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR) * self.alpha

    @cached_property
    def shading(self) -> Shading:
        """The person's shape and the photo's own light."""
        shape = read_shape(self.alpha, self.face)
        size = shape.depth.shape[::-1]
        skin = cv2.resize(self.skin, size, interpolation=cv2.INTER_AREA)
        luminance = colour.luminance(cv2.resize(self.linear, size, interpolation=cv2.INTER_AREA))
        face = self.face.moved(np.array([[shape.scale, 0, 0], [0, shape.scale, 0]]))
        source = read_source(luminance, skin * regions.bare_face(face, skin.shape), shape)
        y = np.arange(size[1], dtype=np.float32)[:, None] / shape.scale
        body = np.clip((y - self.face.chin[1]) / (0.25 * self.face.head_height), 0, 1)
        return Shading(shape, source, skin, np.broadcast_to(body, skin.shape))

    @property
    def head(self) -> tuple[float, float, float]:
        """x and y of the head's middle and its height, pixels of the frame."""
        middle = (self.face.crown + self.face.chin) / 2
        return float(middle[0]), float(middle[1]), self.face.head_height

    @property
    def magnified(self) -> float:
        """Pixels of the frame for one pixel of the photo."""
        return scale_of(self.framing.matrix)

    @cached_property
    def _inside(self) -> np.ndarray | np.float32:
        """Where a cut through the body could not be hidden, it fades out instead of ending in a hard line."""
        if self.framing.floating < FLOATING:
            return np.float32(1)
        width, height = self.portrait.photo.width, self.portrait.photo.height
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
        matrix = self.framing.matrix
        there = corners @ matrix[:, :2].T + matrix[:, 2]
        photo = np.zeros(self.framing.size[::-1], np.uint8)
        cv2.fillConvexPoly(photo, np.round(there).astype(np.int32), 1)
        # The frame's own edge is no cut: only depth inside the photo counts.
        depth = cv2.distanceTransform(np.pad(photo, 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
        return np.clip(depth / (FADE * self.framing.size[1]), 0, 1) ** 0.8


def framed(portrait: Portrait, frame: Frame, inside: bool = False) -> Framed:
    """A portrait in a frame; the last few are kept, so that other lights and backdrops cost little.

    `inside`: the crop stays inside the photo, to show its own background.
    """
    return _framed(portrait, frame, inside)


@lru_cache(maxsize=6)
def _framed(portrait: Portrait, frame: Frame, inside: bool) -> Framed:
    size = (portrait.photo.width, portrait.photo.height)
    framing = place(portrait.face, portrait.contacts, portrait.hair_top, size, frame, inside)
    return Framed(portrait, framing)


def forget() -> None:
    """Let go of every framed portrait."""
    _framed.cache_clear()
