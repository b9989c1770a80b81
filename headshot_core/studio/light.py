"""Light patterns by their studio names, and the light that a recipe asks for in full.

Azimuth: degrees from the camera axis, positive from the viewer's right. Elevation: degrees above the eyes.
Angles and names follow common studio practice (Hunter, Biver & Fuqua, Light: Science and Magic, 5th ed., ch. 8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.recipe import Light


@dataclass(frozen=True)
class Pattern:
    """One way to set the lamps. `azimuth` is for a key on the viewer's right; the side is chosen per portrait."""

    title: str
    hint: str
    azimuth: float
    elevation: float
    fill: float
    """light in the shadows against the lit side, 0..1"""
    rim: float
    """edge light from behind, 0..1"""
    side: str = "source"
    """which side the key stands on: 'source' (as in the photo), 'short' or 'broad' (by the head's turn)"""


PATTERNS: dict[str, Pattern] = {
    "natural": Pattern("As it was", "the photo's own light", 20, 20, 1.0, 0.0),
    "flat": Pattern("Flat", "even light, few shadows: honest and friendly", 0, 15, 0.85, 0.0),
    "loop": Pattern("Loop", "a small shadow beside the nose: suits nearly everyone", 38, 30, 0.42, 0.1),
    "rembrandt": Pattern("Rembrandt", "a triangle of light on the far cheek: depth and character", 52, 38, 0.26, 0.1),
    "butterfly": Pattern("Butterfly", "from above the camera: cheekbones, glamour", 0, 48, 0.42, 0.1),
    "split": Pattern("Split", "half the face in shadow: drama", 84, 12, 0.17, 0.0),
    "clamshell": Pattern("Clamshell", "from above and below: soft beauty light", 0, 38, 0.7, 0.1),
    "broad": Pattern("Broad", "lights the side turned to the camera: opens the face", 46, 28, 0.4, 0.0, "broad"),
    "short": Pattern("Short", "lights the side turned away: slims and shapes", 46, 28, 0.3, 0.15, "short"),
    "rim": Pattern("Rim", "bright edges from behind, a gentle face", 30, 25, 0.55, 0.85),
}
TURNED = 6.0
"""Degrees of head turn from which broad and short have a side of their own."""


@dataclass(frozen=True)
class Lamps:
    """A light in full: nothing left to choose."""

    azimuth: float
    elevation: float
    softness: float
    fill: float
    temperature: float
    rim: float
    rim_colour: str
    strength: float

    @property
    def direction(self) -> np.ndarray:
        """(3,) unit vector to the key: x right, y down, z toward the camera."""
        azimuth, elevation = np.radians([self.azimuth, self.elevation])
        flat = np.cos(elevation)
        return np.array([np.sin(azimuth) * flat, -np.sin(elevation), np.cos(azimuth) * flat], np.float32)


def wrapped(cosine: np.ndarray, wrap: float) -> np.ndarray:
    """Diffuse light by the cosine of its angle: 1 where it falls straight, 0 from `wrap` beyond a right angle on.

    A large source reaches round an edge ("wrapped diffuse", Green, GPU Gems, 2004, chapter 16).
    """
    return np.clip((cosine + wrap) / (1 + wrap), 0, 1)


def pattern_of(light: Light) -> Pattern:
    """The pattern that a recipe names, or a `HeadshotError`."""
    if light.pattern not in PATTERNS:
        raise HeadshotError(f"There is no light called '{light.pattern}'.", f"Choose one of {', '.join(PATTERNS)}.")
    return PATTERNS[light.pattern]


def lamps(light: Light, yaw: float, source_side: int) -> Lamps:
    """A recipe's light in full, for a head turned by `yaw` degrees in a photo lit from `source_side` (-1 or 1)."""
    pattern = pattern_of(light)
    azimuth = light.azimuth
    if azimuth is None:
        azimuth = pattern.azimuth * _side(pattern, yaw, source_side)

    def own(value, fallback):
        return fallback if value is None else value

    strength = 0.0 if light.pattern == "natural" and light.azimuth is None else light.strength
    return Lamps(
        azimuth=azimuth,
        elevation=own(light.elevation, pattern.elevation),
        softness=light.softness,
        fill=own(light.fill, pattern.fill),
        temperature=light.temperature,
        rim=own(light.rim, pattern.rim) * light.strength,
        rim_colour=light.rim_colour,
        strength=strength,
    )


def _side(pattern: Pattern, yaw: float, source_side: int) -> int:
    if pattern.side == "source" or abs(yaw) < TURNED:
        return source_side
    turned = 1 if yaw > 0 else -1
    return turned if pattern.side == "short" else -turned
