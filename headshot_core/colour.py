"""Colour: sRGB and linear light, CIELAB, colour temperature.

Arrays are float32, RGB in the last axis. sRGB and linear values lie in 0..1; linear values may
exceed 1 before they are tone-mapped.
"""

from __future__ import annotations

import cv2
import numpy as np

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Rec. 709 luminance weights, for linear light."""


def _decode(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _encode(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


STEPS = 65535
_TO_LINEAR, _TO_SRGB = (f(np.linspace(0, 1, STEPS + 1)).astype(np.float32) for f in (_decode, _encode))


def _look_up(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    # Five times faster than powers; 16 bits are finer than any photo.
    return table.take((np.asarray(values, np.float32) * STEPS + 0.5).astype(np.int32), mode="clip")


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB 0..1 to linear light 0..1 (IEC 61966-2-1)."""
    return _look_up(_TO_LINEAR, srgb)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light to sRGB, clipped to 0..1 (IEC 61966-2-1)."""
    return _look_up(_TO_SRGB, linear)


def peak(rgb: np.ndarray) -> np.ndarray:
    """The largest channel of each pixel, (H, W, 3) to (H, W)."""
    return np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])


def luminance(linear: np.ndarray) -> np.ndarray:
    """Rec. 709 luminance of linear RGB ``(..., 3)``, shape ``(...)``."""
    return linear @ LUMA


def to_lab(srgb: np.ndarray) -> np.ndarray:
    """sRGB 0..1 ``(H, W, 3)`` to CIELAB, L 0..100 (D65)."""
    return cv2.cvtColor(np.ascontiguousarray(srgb, np.float32), cv2.COLOR_RGB2LAB)


def from_lab(lab: np.ndarray) -> np.ndarray:
    """CIELAB ``(H, W, 3)`` to sRGB, clipped to 0..1 (D65)."""
    return np.clip(cv2.cvtColor(np.ascontiguousarray(lab, np.float32), cv2.COLOR_LAB2RGB), 0, 1)


def hex_to_rgb(colour: str) -> np.ndarray:
    """``#rrggbb`` to sRGB 0..1, shape ``(3,)``."""
    digits = colour.lstrip("#")
    return np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)], np.float32) / 255


def kelvin_to_rgb(kelvin: float) -> np.ndarray:
    """Linear RGB of a light of that colour temperature, luminance 1, white at 6500 K.

    Planckian locus by Kim et al. (2002), then XYZ to linear sRGB. Valid for 1667..25000 K.
    """
    return _planck(kelvin) / _planck(6504.0)


def _planck(kelvin: float) -> np.ndarray:
    t = float(np.clip(kelvin, 1667, 25000))
    if t < 4000:
        x = -0.2661239e9 / t**3 - 0.2343589e6 / t**2 + 0.8776956e3 / t + 0.179910
    else:
        x = -3.0258469e9 / t**3 + 2.1070379e6 / t**2 + 0.2226347e3 / t + 0.240390
    if t < 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif t < 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    xyz = np.array([x / y, 1.0, (1 - x - y) / y])
    matrix = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    rgb = np.clip(matrix @ xyz, 1e-3, None)
    return (rgb / (LUMA @ rgb)).astype(np.float32)
