"""Joining person and backdrop so that both were in one room: spilled light, a shadow on the wall, one grain."""

from __future__ import annotations

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.studio.grade import grain_scale
from headshot_core.studio.light import Lamps

WRAP = 0.03
"""Reach of the light that the backdrop throws round the person's edge, in head heights."""
FILL_TINT, TINT = 1.0, 0.15
"""How far the shadows take on the backdrop's colour at full spill, and which share of that the whole person does."""
SHADOW = 0.3
"""Darkness of the shadow on a wall under a hard key."""
LEAST_GRAIN, MOST_GRAIN = 0.003, 0.03
"""Bounds of the grain given to the backdrop, standard deviation in sRGB 0..1."""


def join(
    person: np.ndarray,
    alpha: np.ndarray,
    backdrop: np.ndarray,
    wall: bool,
    spill: float,
    lamps: Lamps,
    head: float,
) -> np.ndarray:
    """The picture, linear (H, W, 3), from person and backdrop in linear light and the person's alpha (H, W).

    `wall`: the backdrop is near enough to take a shadow. `spill` 0..1: how much of its light falls on the person.
    `head`: the head's height in pixels.
    """
    if wall:
        backdrop = backdrop * (1 - wall_shadow(alpha, lamps, head))[..., None]
    person = in_the_room(person, alpha, backdrop, spill, head, surroundings(backdrop, spill))
    a = alpha[..., None]
    return person * a + backdrop * (1 - a)


def surroundings(backdrop: np.ndarray, spill: float) -> np.ndarray:
    """Colour of the light that the backdrop (linear, H, W, 3) throws on the person: linear RGB, luminance 1."""
    mean = cv2.resize(backdrop, (16, 16), interpolation=cv2.INTER_AREA).reshape(-1, 3).mean(0)
    tone = mean / max(float(colour.luminance(mean)), 1e-4)
    return (1 + FILL_TINT * spill * (np.clip(tone, 0.5, 1.5) - 1)).astype(np.float32)


def in_the_room(person, alpha, backdrop, spill: float, head: float, tint: np.ndarray) -> np.ndarray:
    """The person with a little of the backdrop's colour overall and of its light round the edge.

    `tint`: that colour, see `surroundings`; arrays and lengths as in `join`.
    """
    if spill == 0:
        return person
    person = person * (1 + TINT * (tint - 1))
    sigma = WRAP * head
    edge = alpha * np.clip(1.1 - 1.2 * _soft(alpha, sigma), 0, 1) * spill
    near = edge > 0.004  # a small part of the picture: the rest need not be computed
    glow, own = _soft(backdrop, sigma * 2.5)[near], person[near]
    person[near] = own + edge[near][:, None] * np.maximum(glow - own, 0)
    return person


def _soft(array: np.ndarray, sigma: float) -> np.ndarray:
    # A wide blur at low resolution: same look, a fraction of the time.
    shrink = max(1, int(sigma / 3))
    size = (array.shape[1] // shrink, array.shape[0] // shrink)
    small = cv2.resize(array, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    return cv2.resize(small, array.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def wall_shadow(alpha: np.ndarray, lamps: Lamps, head: float) -> np.ndarray:
    """(H, W): what the person takes from the wall's light, away from the key; softer for a larger lamp."""
    direction = lamps.direction
    shift = np.float32([[1, 0, -0.35 * direction[0] * head], [0, 1, -0.25 * direction[1] * head]])
    cast = cv2.warpAffine(alpha, shift, alpha.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    depth = SHADOW * (1 - 0.6 * lamps.softness) * (1 - 0.7 * lamps.fill)
    return depth * _soft(cast, head * (0.08 + 0.18 * lamps.softness))


def grain_of(foreground: np.ndarray, skin: np.ndarray) -> float:
    """The photo's noise on skin, standard deviation in sRGB 0..1, from the finest differences (Immerkær 1996)."""
    grey = foreground.mean(-1)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    noise = np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel)[skin > 0.8])
    if len(noise) < 100:
        return LEAST_GRAIN
    return float(np.clip(1.4826 * np.median(noise), LEAST_GRAIN, MOST_GRAIN))


def add_grain(picture: np.ndarray, alpha: np.ndarray, amount: float, seed: int) -> np.ndarray:
    """The same grain on the backdrop as on the person, who has it already. sRGB in and out."""
    noise = np.random.default_rng(seed).standard_normal(picture.shape[:2], np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.55) * (1.6 * amount * grain_scale(alpha.shape))
    return picture + (noise * (1 - alpha))[..., None]
