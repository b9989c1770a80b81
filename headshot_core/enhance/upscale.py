"""Upscale: more pixels, so that a small photo can be printed.

A net gives sharp edges; what it smoothed away of the photo's own fine texture is put back (back-projection, Irani &
Peleg 1991), and grain like the photo's own fills the octave that no photo of that size ever held. Done tile by tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field, field_validator

from headshot_core import assets, upscalers
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Box, Study
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.face import identity, regions
from headshot_core.face.landmarks import Face
from headshot_core.photo import to_bytes
from headshot_core.progress import CancelToken, Report

TIMES = {"2x": 2, "4x": 4}
PRINTS = {
    "10x15cm": (1181, 1772),
    "13x18cm": (1535, 2126),
    "20x30cm": (2362, 3543),
    "5x7in": (1500, 2100),
    "8x10in": (2400, 3000),
}
"""Pixels of the shorter and the longer side at 300 dots per inch."""
LONG_SIDE_4K = 3840
MOST = 120e6
"""Pixels of a picture beyond which no printer asks for more."""
TILE, MARGIN = 96, 20
"""Pixels of the small picture's tiles, and what is looked at around them: nets and filters fade within that."""
EDGES = 2 / 255, 8 / 255
"""Change from pixel to pixel from which the crisp net is used, and from which it is used in full."""
MOST_CRISP, CALM_SKIN = 0.75, 0.75
"""The crisp net's share at edges (all of it paints hair in strands), and how far skin is kept from it."""
FOG = 2.0
"""Pixels of the small picture above which tone is always the photo's own."""
LEAST_GRAIN, MOST_GRAIN = 1.2 / 255, 4 / 255
GRAIN_FIELD = 1024
SKIN_HEAD, SKIN_SIDE = 320, 1600
"""Pixels from crown to chin, and of the longer side, at which skin is told from the rest, at the most."""
DRIFT = 0.15
"""Identity distance that enlarging may add."""
FAR = 4.0
"""Times beyond which a photo holds too little for its size."""
PATIENCE = 0.2
"""Seconds between looks at the cancel token."""


class Upscale(Tool):
    """More pixels that look like a photo's, not like a drawing's."""

    title: ClassVar[str] = "Upscale"
    group: ClassVar[str] = "Size"

    tool: Literal["upscale"] = "upscale"
    strength: Literal[1.0] = 1.0
    to: Literal[("2x", "4x", "4k", *PRINTS)] = Field(
        "2x", description="how large: times each side, 4K, or enough for a print at 300 dpi"
    )
    method: Literal["natural", "crisp", "plain"] = Field(
        "natural", description="natural; crisp redraws hair, eyes and clothes and is slow; plain is without a net"
    )
    detail: float = amount(0.5, "how much of the photo's finest texture stays; less hides the blocks of a poor JPEG")
    grain: float = amount(0.5, "fine grain like the photo's own, so that skin does not look like wax")

    @field_validator("to", mode="before")
    @classmethod
    def _short_names(cls, to: object) -> object:
        """Takes '2', '4K' and '10x15' too."""
        name = str(to).lower().replace(" ", "")
        return next((full for full in (name, name + "x", name + "cm", name + "in") if full in (*TIMES, *PRINTS)), name)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after enlarging; the same where there are enough pixels. Raises `HeadshotError`."""
        short, long = sorted((width, height))
        if self.to in TIMES:
            scale = TIMES[self.to]
        elif self.to == "4k":
            scale = LONG_SIDE_4K / long
        else:
            scale = max(PRINTS[self.to][0] / short, PRINTS[self.to][1] / long)
        scale = max(1.0, scale)
        if scale > 1 and width * height * scale**2 > MOST:
            raise HeadshotError(
                f"The picture would have {width * height * scale**2 / 1e6:.0f} megapixels; "
                f"{MOST / 1e6:.0f} are the most.",
                "Choose '2x', '4k' or a print size, or crop first.",
            )
        return round(width * scale), round(height * scale)

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the model files that the method needs."""
        return {"natural": assets.UPSCALE, "crisp": assets.UPSCALE + assets.CRISP, "plain": ()}[self.method]

    def prepare(self, report: Report, cancel: CancelToken) -> None:
        """Fetch the model files that are missing. Raises `HeadshotError`."""
        try:
            assets.fetch_all(self.files, report, cancel)
        except Cancelled:
            raise
        except HeadshotError as error:
            raise HeadshotError(error.what, f"{error.todo} The method 'plain' works without them.") from error

    def enlarge(
        self, picture: np.ndarray, face: Face, study: Study, report: Report, cancel: CancelToken
    ) -> tuple[np.ndarray, Face, tuple[str, ...]]:
        """The larger picture (uint8 in and out), the face in its pixels, and notes for the person.

        Raises `HeadshotError` where the picture would be too large or a model file cannot be had, and `Cancelled`.
        """
        height, width = picture.shape[:2]
        size = self.size(width, height)
        if size == (width, height):
            return picture, face, (f"The picture already has {width} × {height} pixels: it was not enlarged.",)
        self.prepare(report, cancel)
        job = Job(self, picture, face, size)
        large = job.run(report, cancel)
        notes = job.keep_likeness(large, study, cancel)
        if size[0] > FAR * width:
            times = f"{size[0] / width:.1f}".removesuffix(".0")
            notes += (f"Enlarged {times} times: large enough, but with no more detail than the small photo holds.",)
        return large, job.large_face, notes


@dataclass(frozen=True, eq=False)
class Job:
    """One picture being enlarged to `size` (width, height).

    It goes tile by tile of the small picture, so that memory is bounded: tiles are (x0, y0, x1, y1) in its pixels.
    """

    tool: Upscale
    picture: np.ndarray
    face: Face
    size: tuple[int, int]

    @cached_property
    def scale(self) -> np.ndarray:
        """(2,): large pixels for one small pixel, across and down; equal but for rounding."""
        return np.array(self.size) / self.picture.shape[1::-1]

    @cached_property
    def factor(self) -> int:
        """How many times the nets enlarge; the rest is resampled."""
        if self.tool.method == "plain":
            return 1
        return 2 if self.scale.max() <= 2 else 4

    @cached_property
    def large_face(self) -> Face:
        """The face in pixels of the large picture."""
        across, down = self.scale
        return self.face.moved(np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2]]))

    def run(self, report: Report, cancel: CancelToken) -> np.ndarray:
        """The large picture, uint8."""
        large = np.empty((*self.size[::-1], 3), np.uint8)
        tiles = list(self._tiles())
        for number, tile in enumerate(tiles):
            report(number, len(tiles), f"Enlarging to {self.size[0]} × {self.size[1]}")
            self._place(large, tile)[:] = _awaited(lambda tile=tile: to_bytes(self._finished(tile)), cancel)
        return large

    def keep_likeness(self, large: np.ndarray, study: Study, cancel: CancelToken) -> tuple[str, ...]:
        """Fade the face towards plain enlarging, in place, where a net made it another's; notes for the person."""
        if self.factor == 1:
            return ()
        if not identity.available():
            return ("Likeness cannot be read on this machine: look whether the enlarged face is still the photo's.",)
        own = study.portrait.embedding
        most = identity.distance(own, identity.embed(self.picture, self.face)) + DRIFT
        notes = ()
        for share in (0.5, 1.0):
            if identity.distance(own, identity.embed(large, self.large_face)) <= most:
                break
            self._fade_face(large, share, cancel)
            notes = ("Enlarging changed the face too much: it was blended back towards the photo.",)
        return notes

    # Tiles.

    def _tiles(self) -> Iterator[Box]:
        """Tiles that cover the small picture without overlap."""
        height, width = self.picture.shape[:2]
        for y in range(0, height, TILE):
            for x in range(0, width, TILE):
                yield x, y, min(x + TILE, width), min(y + TILE, height)

    def _large_box(self, tile: Box) -> Box:
        """The same tile in large pixels."""
        return tuple(int(side) for side in np.round(np.array(tile) * np.tile(self.scale, 2)))

    def _place(self, large: np.ndarray, tile: Box) -> np.ndarray:
        x0, y0, x1, y1 = self._large_box(tile)
        return large[y0:y1, x0:x1]

    @cached_property
    def _bordered(self) -> np.ndarray:
        return cv2.copyMakeBorder(self.picture, *(MARGIN,) * 4, cv2.BORDER_REFLECT_101)

    def _around(self, tile: Box) -> np.ndarray:
        """The small picture's tile with `MARGIN` pixels about it, float32 0..1."""
        x0, y0, x1, y1 = tile
        return self._bordered[y0 : y1 + 2 * MARGIN, x0 : x1 + 2 * MARGIN].astype(np.float32) * np.float32(1 / 255)

    def _finished(self, tile: Box) -> np.ndarray:
        """The tile in large pixels, float32."""
        return self._with_grain(self._resampled(self._enlarged(tile), tile), tile)

    def _resampled(self, pixels: np.ndarray, tile: Box) -> np.ndarray:
        """Large pixels of a tile, from the tile with its margin at any scale."""
        x0, y0, x1, y1 = self._large_box(tile)
        zoom = pixels.shape[0] / (tile[3] - tile[1] + 2 * MARGIN)
        origin = np.array(tile[:2]) - MARGIN
        return _sample(pixels, zoom, origin, self.scale, (x0, y0), (x1 - x0, y1 - y0))

    # Nets.

    def _enlarged(self, tile: Box) -> np.ndarray:
        """The tile with its margin, `factor` times as large."""
        small = self._around(tile)
        large = small
        while len(large) < self.factor * len(small):
            large = upscalers.natural()(large.clip(0, 1))
        natural = self._true(large, small)
        if self.tool.method != "crisp":
            return natural
        weight = self._edges(_shrunk(large, small), tile)
        if weight.max() < 0.02:
            return natural
        crisp = self._true(_shrunk(upscalers.crisp()(small), large), small)
        return natural + _grown(weight, large)[..., None] * (crisp - natural)

    def _true(self, large: np.ndarray, small: np.ndarray) -> np.ndarray:
        """The large picture with what it lost of the small one: all of its tone, `detail` of its finest texture."""
        lost = small - _shrunk(large, small)
        tone = cv2.GaussianBlur(lost, (0, 0), FOG)
        return large + _grown(tone + np.float32(self.tool.detail) * (lost - tone), large)

    def _edges(self, small: np.ndarray, tile: Box) -> np.ndarray:
        """(h, w) 0..1: how much of the crisp net the tile takes: edges, hair and cloth, and little of skin."""
        grey = small.mean(-1)
        change = np.hypot(cv2.Sobel(grey, -1, 1, 0, scale=1 / 8), cv2.Sobel(grey, -1, 0, 1, scale=1 / 8))
        low, high = EDGES
        ramp = np.clip((cv2.GaussianBlur(change, (0, 0), 1.5) - low) / (high - low), 0, 1)
        mask, zoom = self._skin
        start, size = np.array(tile[:2]) - MARGIN, grey.shape[::-1]
        skin = _sample(mask, zoom, (0, 0), (1, 1), start, size).clip(0, 1)
        return MOST_CRISP * ramp * ramp * (3 - 2 * ramp) * (1 - CALM_SKIN * skin)

    @cached_property
    def _skin(self) -> tuple[np.ndarray, float]:
        """The skin's mask, and its pixels for one of the small picture."""
        zoom = self._mask_zoom
        small = cv2.resize(self.picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        face = self.face.moved(np.array([[zoom, 0, 0], [0, zoom, 0]]))
        return cv2.GaussianBlur(regions.skin(small.astype(np.float32) / 255, face), (0, 0), 1.0), zoom

    @property
    def _mask_zoom(self) -> float:
        return min(1.0, SKIN_HEAD / self.face.head_height, SKIN_SIDE / max(self.picture.shape[:2]))

    # Grain.

    def _with_grain(self, pixels: np.ndarray, tile: Box) -> np.ndarray:
        """A tile in large pixels with grain: most in the middle tones, none in white and black."""
        if not self.tool.grain:
            return pixels
        x0, y0, x1, y1 = self._large_box(tile)
        field = _grain_field(round(0.35 * float(np.sqrt(self.scale.max())), 2))
        noise = field.take(range(y0, y1), 0, mode="wrap").take(range(x0, x1), 1, mode="wrap")
        grey = pixels.mean(-1).clip(0, 1)
        return pixels + (np.float32(self.tool.grain * self._grain) * noise * np.sqrt(4 * grey * (1 - grey)))[..., None]

    @cached_property
    def _grain(self) -> float:
        """Standard deviation of the finest texture on the photo's bare skin, in sRGB 0..1."""
        height, width = self.picture.shape[:2]
        x0, y0, x1, y1 = (int(side) for side in np.clip(self.face.box, 0, (width, height, width, height)))
        if x1 - x0 < 8 or y1 - y0 < 8:
            return LEAST_GRAIN
        grey = self.picture[y0:y1, x0:x1].mean(-1, dtype=np.float32) / 255
        bare = regions.bare_face(self.face.moved(np.array([[1.0, 0, -x0], [0, 1.0, -y0]])), grey.shape)
        fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.0))[bare]
        return float(np.clip(1.4826 * np.median(fine), LEAST_GRAIN, MOST_GRAIN)) if len(fine) else LEAST_GRAIN

    # Likeness.

    def _fade_face(self, large: np.ndarray, share: float, cancel: CancelToken) -> None:
        """Blend the face with plain enlarging, in place."""
        zoom = self._mask_zoom
        face = self.face.moved(np.array([[zoom, 0, 0], [0, zoom, 0]]))
        shape = tuple(int(side * zoom) + 1 for side in self.picture.shape[:2])
        mask = cv2.GaussianBlur(
            regions.polygon(face, regions.OVAL, shape, 0.2).astype(np.float32), (0, 0), max(1.0, 0.1 * face.inter_eye)
        )
        for tile in self._tiles():
            cancel.check()
            x0, y0, x1, y1 = self._large_box(tile)
            weight = share * _sample(mask, zoom, (0, 0), self.scale, (x0, y0), (x1 - x0, y1 - y0)).clip(0, 1)
            if weight.max() > 0.01:
                plain = self._with_grain(self._resampled(self._around(tile), tile), tile)
                pixels = self._place(large, tile).astype(np.float32) / 255
                self._place(large, tile)[:] = to_bytes(pixels + weight[..., None] * (plain - pixels))


def _sample(
    pixels: np.ndarray,
    zoom: float,
    origin: tuple[float, float],
    scale: tuple[float, float],
    start: tuple[int, int],
    size: tuple[int, int],
) -> np.ndarray:
    """A rectangle (`start`, `size`) of a grid of `scale` pixels a unit, from a grid of `zoom` pixels a unit whose first
    corner lies at `origin`. The unit is a pixel of the small picture; averaged where it shrinks."""
    across, down = (
        _lanczos(pixels.shape[1 - axis], zoom, origin[axis], scale[axis], start[axis], size[axis]) for axis in (0, 1)
    )
    return np.moveaxis(np.tensordot(across, np.tensordot(down, pixels, (1, 0)), (1, 1)), 0, 1)


def _lanczos(count: int, zoom: float, origin: float, scale: float, start: int, size: int) -> np.ndarray:
    """(size, count): weights of Lanczos' kernel of 3 lobes along one axis. OpenCV's own snaps to 1/32 pixel."""
    places = ((start + np.arange(size) + 0.5) / scale - origin) * zoom - 0.5
    away = (places.clip(0, count - 1)[:, None] - np.arange(count)) / max(1.0, zoom / scale)
    weights = np.sinc(away) * np.sinc(away / 3) * (np.abs(away) < 3)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def _shrunk(large: np.ndarray, like: np.ndarray) -> np.ndarray:
    return cv2.resize(large, like.shape[1::-1], interpolation=cv2.INTER_AREA)


def _grown(small: np.ndarray, like: np.ndarray) -> np.ndarray:
    return cv2.resize(small, like.shape[1::-1], interpolation=cv2.INTER_CUBIC)


@lru_cache(maxsize=4)
def _grain_field(softness: float) -> np.ndarray:
    """(`GRAIN_FIELD`, `GRAIN_FIELD`) noise of deviation 1 that repeats without a seam."""
    noise = np.random.default_rng(0).standard_normal((GRAIN_FIELD, GRAIN_FIELD), np.float32)
    soft = cv2.GaussianBlur(np.pad(noise, 8, mode="wrap"), (0, 0), softness)[8:-8, 8:-8]
    return soft / soft.std()


def _awaited(work: Callable[[], np.ndarray], cancel: CancelToken) -> np.ndarray:
    """Do the work in a thread, so that cancelling need not wait for a slow net."""
    worker = ThreadPoolExecutor(1)
    result = worker.submit(work)
    worker.shutdown(wait=False)
    while True:
        cancel.check()
        try:
            return result.result(PATIENCE)
        except NotYet:
            continue
