"""Matrix colour profiles to sRGB: Display P3 of every iPhone, Adobe RGB of many cameras.

Such a profile is three tone curves and a 3 × 3 matrix (ICC.1:2022, annex F.3). Little CMS converts 12 megapixels in
0.4 s, this in 0.13 s, to the same 8-bit value or the next. Profiles of other kinds are left to Little CMS.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

# XYZ relative to D50, as profiles hold it, to linear sRGB: Lindbloom, Bradford-adapted.
_TO_SRGB = np.array(
    [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]
)
_LINEAR = np.arange(65536) / 65535
_ENCODED = np.round(255 * np.where(_LINEAR <= 0.0031308, 12.92 * _LINEAR, 1.055 * _LINEAR ** (1 / 2.4) - 0.055)).astype(
    np.uint8
)
"""16-bit linear light to 8-bit sRGB (IEC 61966-2-1)."""


@dataclass(frozen=True)
class MatrixProfile:
    """The way from a profile's 8-bit RGB to linear sRGB."""

    curves: np.ndarray
    """float32 ``(1, 256, 3)``: the linear light of each 8-bit value, 0..1."""
    matrix: np.ndarray
    """float32 ``(3, 3)``: linear RGB of the profile to linear sRGB."""

    def convert(self, image: Image.Image) -> Image.Image:
        """An RGB image to sRGB; colours outside sRGB are clipped."""
        pixels = np.asarray(image)
        result = np.empty_like(pixels)
        for top in range(0, len(pixels), 256):  # a band at a time stays in the processor's cache
            band = slice(top, top + 256)
            linear = cv2.transform(cv2.LUT(pixels[band], self.curves), self.matrix)
            np.take(_ENCODED, (np.clip(linear, 0, 1) * 65535 + 0.5).astype(np.uint16), out=result[band], mode="clip")
        return Image.fromarray(result)


def parse(profile: bytes) -> MatrixProfile | None:
    """The matrix profile in these bytes; None where they are damaged or of another kind."""
    try:
        tags = _tags(profile)
        if profile[16:24] != b"RGB XYZ " or b"A2B0" in tags:  # a table, where there is one, goes before the matrix
            return None
        colorants = [struct.unpack(">3i", tags[key][8:20]) for key in (b"rXYZ", b"gXYZ", b"bXYZ")]
        curves = np.stack([_curve(tags[key]) for key in (b"rTRC", b"gTRC", b"bTRC")], axis=-1)
    except (KeyError, ValueError, struct.error):
        return None
    matrix = _TO_SRGB @ np.array(colorants).T / 65536
    return MatrixProfile(curves.astype(np.float32)[None], matrix.astype(np.float32))


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    entries = [struct.unpack_from(">4sII", profile, 132 + 12 * number) for number in range(min(count, 100))]
    return {key: profile[start : start + size] for key, start, size in entries}


def _curve(tag: bytes) -> np.ndarray:
    """The linear light of the 256 values, by a plain gamma, a table, or sRGB's kind of formula."""
    x = np.arange(256) / 255
    kind, count = struct.unpack_from(">4s4xI", tag)
    form = count >> 16  # a 'para' tag holds 16 bits there
    if kind == b"curv" and count == 0:
        return x
    if kind == b"curv":
        values = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
        return x ** (values[0] / 256) if count == 1 else np.interp(x, np.linspace(0, 1, count), values / 65535)
    if kind == b"para" and form in (0, 3):
        parameters = np.frombuffer(tag, ">i4", 5 if form == 3 else 1, 12) / 65536
        g, a, b, c, d = parameters if form == 3 else (parameters[0], 1, 0, 0, 0)
        return np.where(x >= d, np.maximum(a * x + b, 0) ** g, c * x)
    raise ValueError("a kind of curve that is not known")
