"""Brings back what a soft lens or a small blur took, most on eyes and hair, least on skin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core.enhance.denoise import SPLIT, around_face, level_of, noise_of
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Study, View, Window
from headshot_core.face import regions

FINE, COARSE = 1.0, 2.0
"""Blurs, in pixels, whose gradients are compared: the sharper an edge, the more the first tells from the second."""
EDGES = 85
"""Percentile of the gradients from which a place is an edge."""
SHARPEST = 25
"""Percentile of the edges' widths that is the photo's: the lens focused there, and the edge is a sharp one."""
CRISP, CRISP_SHARE = 1.0, 0.004
"""Width of edges in a sharp photo: pixels, and inter-eye distances (a lash's root, an iris's rim)."""
LEAST, MOST = 0.6, 2.5
"""Bounds of the blur that is taken back, in pixels of the photo."""
OWN = 0.8
"""Width of edges that is the world's and the sensor's, no blur to be taken back."""
ROUNDS = 6
"""Of Richardson-Lucy deconvolution: more would ring."""
SKIN, BACKGROUND = 0.2, 0.3
"""Sharpening on bare skin and behind the person against that of eyes and hair."""
DOUBT = 3.0
"""Detail this many times as strong as the noise is half trusted."""
OVERSHOOT = 0.15
"""How far a pixel may go beyond its neighbours' range, in shares of that range."""


@dataclass(frozen=True)
class Softness:
    """How blurred the face's sharpest edges are."""

    pixels: float
    """standard deviation of their blur, in pixels of the photo"""
    share: float
    """0: as sharp as a face of this size can be; 1: three times as wide, or more"""


class Sharpen(Tool):
    """Brings back what a soft lens or a small blur took, most on eyes and hair, least on skin."""

    title: ClassVar[str] = "Sharpen"
    group: ClassVar[str] = "Photo"

    tool: Literal["sharpen"] = "sharpen"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")
    detail: float = amount(0.6, "contrast of fine detail")
    deblur: float = amount(0.3, "takes back the photo's own blur, for soft photos")

    def apply(self, view: View) -> np.ndarray:
        softness = view.study.once(softness_of)
        blur = float(np.clip(softness.pixels, LEAST, MOST)) * view.window.scale
        lost = float(np.sqrt(max(0, min(softness.pixels, MOST) ** 2 - OWN**2))) * view.window.scale
        grey = cv2.transform(view.pixels, SPLIT[:1])
        change = np.float32(1.5 * self.detail) * (grey - cv2.GaussianBlur(grey, (0, 0), max(0.3, blur)))
        if self.deblur and lost > 0.3:
            change += self.deblur * (_deconvolved(grey, lost) - grey)
        change *= self.mask(view.window) * _above_noise(view, grey, change)
        return view.pixels + (_bounded(grey, grey + change, blur) - grey)[..., None]

    def mask(self, window: Window) -> np.ndarray:
        return (1 - (1 - SKIN) * window.skin) * (BACKGROUND + (1 - BACKGROUND) * window.person)


def softness_of(study: Study) -> Softness:
    """The blur of the face's sharpest edges, from its gradients at two scales (Zhuo & Sim 2011)."""
    window = around_face(study)
    grey = cv2.transform(window.photo, SPLIT[:1])
    fine, coarse = (_gradient(cv2.GaussianBlur(grey, (0, 0), sigma)) for sigma in (FINE, COARSE))
    places = regions.features(window.face, window.shape)
    edges = places & (fine > np.percentile(fine[places], EDGES)) if places.any() else places
    if edges.sum() < 10:
        return Softness(CRISP, 0.0)
    ratio = np.maximum(fine[edges] / (coarse[edges] + 1e-6), 1.01)
    widths = np.sqrt(np.maximum((COARSE**2 - ratio**2 * FINE**2) / (ratio**2 - 1), 0))
    pixels = float(np.percentile(widths, SHARPEST))
    crisp = max(CRISP, CRISP_SHARE * study.face.inter_eye)
    return Softness(pixels, float(np.clip((pixels / crisp - 1) / 2, 0, 1)))


def _gradient(grey: np.ndarray) -> np.ndarray:
    return cv2.magnitude(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1))


def _deconvolved(grey: np.ndarray, sigma: float) -> np.ndarray:
    """Brightness before a Gaussian blur, by a few rounds of Richardson-Lucy."""
    seen = grey + 0.02  # no division by black
    guess = seen
    for _ in range(ROUNDS):
        guess = guess * cv2.GaussianBlur(seen / cv2.GaussianBlur(guess, (0, 0), sigma), (0, 0), sigma)
    return guess - 0.02


def _above_noise(view: View, grey: np.ndarray, detail: np.ndarray) -> np.ndarray:
    """(H, W) 0..1: how surely detail is more than the photo's noise."""
    noise = level_of(view.study.once(noise_of), grey) * min(1.0, view.window.scale)
    energy = cv2.GaussianBlur(detail * detail, (0, 0), 1.5)
    return energy / (energy + (DOUBT * noise) ** 2 + 1e-6)


def _bounded(before: np.ndarray, after: np.ndarray, blur: float) -> np.ndarray:
    """The sharpened picture without halos: hardly beyond the range of each pixel's neighbours."""
    around = np.ones((2 * max(1, round(blur)) + 1,) * 2, np.uint8)
    low, high = cv2.erode(before, around), cv2.dilate(before, around)
    room = OVERSHOOT * (high - low)
    return np.clip(after, low - room, high + room)
