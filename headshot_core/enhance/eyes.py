"""Clearer whites and irises, a catchlight, lighter shadows under the eyes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core import colour
from headshot_core.enhance.features import (
    Eye,
    eyes,
    inside,
    laid,
    median,
    place,
    ramp,
    recoloured,
    retouch,
    soften,
    together,
)
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Study, View, Window
from headshot_core.face import regions
from headshot_core.matte import compose
from headshot_core.studio.geometry import Shape, read_shape
from headshot_core.studio.relight import read_source

WHITES_LIGHT, WHITES_COLOUR = 0.16, 0.5
"""How much lighter the whites become, and how much of their colour they lose, at most."""
IRIS_CONTRAST, IRIS_COLOUR, IRIS_RING, IRIS_GLOW = 0.7, 0.25, 0.12, 0.45
"""More local contrast and chroma, a darker rim, and a brighter crescent (linear light), at most, as shares."""
BLACK, BROWN = 6.0, 22.0
"""L up to which an iris is too dark to show colour, and from which it shows it."""
CORNEA = 1.32
"""Radius of the cornea against the iris': 7.8 mm to 5.9 mm (mean adult eye)."""
GLINT_SIZE, GLINT_LIGHT, FARTHEST = 0.12, 0.8, 0.5
"""Radius of a new catchlight, how far it goes towards the photo's white at most, linear light, and how far from the
pupil's middle it sits at most; lengths in iris radii."""
GLINT_GAIN = 0.6
"""How much brighter an existing catchlight becomes at most, linear light."""
USUAL_KEY = np.array([0, -0.2, 0.3], np.float32)
"""Added to the light that was read: where it is flat, the catchlight sits in the middle, a little up."""
LIFT, LEAST_SHADOW, DEEP_SHADOW = 0.7, 14.0, 32.0
"""How much of a dark circle goes at most; steps of L below the cheek's from where on it is rather cast shadow, and only
that."""


class Eyes(Tool):
    """Clearer whites and irises, a catchlight, lighter shadows under the eyes."""

    title: ClassVar[str] = "Eyes"
    group: ClassVar[str] = "Features"

    tool: Literal["eyes"] = "eyes"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")
    whites: float = amount(0.6, "whites of the eyes lighter and less red")
    iris: float = amount(0.6, "irises clearer: contrast, a little colour, a darker rim")
    catchlight: float = amount(
        0.4, "the light that an eye reflects; added where there is none, on the key light's side"
    )
    under_eye: float = amount(0.6, "dark circles and bags under the eyes lighter")

    def apply(self, view: View) -> np.ndarray:
        return retouch(view, shown(view.study), self._one)

    def mask(self, window: Window) -> np.ndarray:
        parts = shown(window.study)
        return together(window, [(eye.shown * np.maximum(eye.opening, eye.beneath), eye.window) for eye in parts])

    def _one(self, view: View, eye: Eye) -> np.ndarray:
        before = lab = colour.to_lab(view.pixels)
        if self.under_eye:
            lab = lab + self.under_eye * lift(view, eye)
        if self.whites:
            lab = whitened(lab, self.whites * eye.shown * laid(view.window, eye.whites, eye.window))
        iris = Iris.of(view.window, eye)
        if self.iris:
            lab = cleared(lab, self.iris, iris)
        pixels = recoloured(view.pixels, before, lab)
        if self.iris or self.catchlight:
            key = key_direction(view.head)
            brown = ramp(lab[..., 0], BLACK, BROWN)
            linear = colour.to_linear(pixels) * (1 + self.iris * IRIS_GLOW * brown * glow(iris, key))[..., None]
            linear = reflecting(linear, self.catchlight, iris)
            missing = self.catchlight * eye.shown * without_glint(view.study)
            if missing > 0:
                linear = lit(linear, missing, iris, eye, key, view.study.portrait.white)
            pixels = colour.to_srgb(linear)
        return pixels


def shown(study: Study) -> list[Eye]:
    """The eyes that are open and seen."""
    return [eye for eye in study.once(eyes) if eye.shown > 0]


# Under the eye


def lift(view: View, eye: Eye) -> np.ndarray:
    """What to add (H, W, 3) in CIELAB beneath an eye: smooth, so that skin keeps its texture and the lid its crease."""
    head = view.head
    box = place(head.window, eye.window)
    if box is None:
        return np.float32(0)
    small = head.window.part(box)
    lab = colour.to_lab(head.pixels[box[1] : box[3], box[0] : box[2]])
    mask = laid(small, eye.beneath, eye.window)
    cheek = median(lab, inside(small.face.points[eye.points.cheek, :2], small.shape, 0))
    if cheek is None:
        return np.float32(0)
    reach = 0.05 * head.unit
    here = soften(lab * mask[..., None], reach) / (soften(mask, reach) + 1e-3)[..., None]
    darker, redder, yellower = cv2.split(cheek - here)
    shadow = ramp(darker, DEEP_SHADOW, LEAST_SHADOW)
    more = np.clip(darker, 0, None), np.clip(redder, -8, 0), np.clip(yellower, 0, 8)
    amounts = cv2.merge(more) * (eye.shown * LIFT * shadow * mask)[..., None]
    return view.window.laid_in(amounts, small.matrix)


# Whites and iris


def whitened(lab: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Lighter, in proportion, so that the eyeball stays round; paler, in proportion, so that vessels stay vessels."""
    light = lab[..., 0] * (1 + WHITES_LIGHT * mask * np.clip((90 - lab[..., 0]) / 40, 0, 1))
    fade = 1 - WHITES_COLOUR * mask
    return cv2.merge([light, lab[..., 1] * fade, lab[..., 2] * fade])


@dataclass(frozen=True, eq=False)
class Iris:
    """An iris as it lies in a window."""

    across: np.ndarray
    """(H, W) from its middle to the photo's right, in its radii"""
    down: np.ndarray
    opening: np.ndarray
    """(H, W) 0..1: between the lids, as far as the eye is to be touched"""
    glint: np.ndarray
    """(H, W) 0..1: light that it reflects already"""
    radius: float
    """in pixels of the window"""

    @classmethod
    def of(cls, window: Window, eye: Eye) -> Iris:
        """An eye's iris in a window."""
        there = compose(eye.window.matrix, cv2.invertAffineTransform(window.matrix))
        x, y = np.meshgrid(*(np.arange(n) for n in window.size))
        (across, down) = (
            ((row[0] * x + row[1] * y + row[2] - middle) / eye.radius).astype(np.float32)
            for row, middle in zip(there, eye.centre, strict=True)
        )
        opening, glint = (laid(window, mask, eye.window) for mask in (eye.opening, eye.glint))
        radius = eye.radius * window.scale / eye.window.scale
        return cls(across, down, eye.shown * opening, glint, radius)

    @cached_property
    def away(self) -> np.ndarray:
        """(H, W) from its middle, in its radii."""
        return np.hypot(self.across, self.down)


def cleared(lab: np.ndarray, share: float, iris: Iris) -> np.ndarray:
    """More contrast and chroma inside the iris, and a darker rim."""
    before = light = lab[..., 0]
    disc = share * iris.opening * ramp(iris.away, 1.02, 0.88) * (1 - iris.glint)
    rim = share * iris.opening * np.exp(-(((iris.away - 0.94) / 0.11) ** 2)) * (1 - iris.glint)
    inner = iris.opening * (iris.away < 1) * (1 - iris.glint)
    ground = soften(light * inner, 0.35 * iris.radius) / (soften(inner, 0.35 * iris.radius) + 1e-3)
    detail = np.clip(soften(light, 0.05 * iris.radius) - ground, -8, 8)
    light = (light + IRIS_CONTRAST * disc * detail) * (1 - IRIS_RING * rim)
    # Colour follows light, as in nature: what becomes darker would otherwise glow.
    more = (1 + IRIS_COLOUR * disc * ramp(light, BLACK, BROWN)) * (light / np.maximum(before, 1))
    return cv2.merge([light, lab[..., 1] * more, lab[..., 2] * more])


# Light


def key_direction(head: View) -> np.ndarray:
    """(3,) unit vector to the light on the head: x to the photo's right, y down, z to the camera."""
    shape, skin = head.study.once(_shape)
    small = cv2.resize(head.pixels, skin.shape[::-1], interpolation=cv2.INTER_AREA)
    vector = read_source(colour.luminance(colour.to_linear(small)), skin, shape).vector + USUAL_KEY
    return vector / np.linalg.norm(vector)


def _shape(study: Study) -> tuple[Shape, np.ndarray]:
    """The head's shape, and the bare skin of the face on its grid."""
    head = study.head
    shape = read_shape(head.person, head.face)
    bare = head.skin * regions.bare_face(head.face, head.shape)
    return shape, cv2.resize(bare, shape.depth.shape[::-1], interpolation=cv2.INTER_AREA)


def glow(iris: Iris, key: np.ndarray) -> np.ndarray:
    """(H, W) 0..1: the crescent opposite the key, where light that entered the cornea falls on the iris."""
    side = -(iris.across * key[0] + iris.down * key[1]) / np.maximum(np.hypot(key[0], key[1]), 0.1)
    ring = ramp(iris.away, 0.35, 0.6) * ramp(iris.away, 0.95, 0.75)
    return iris.opening * (1 - iris.glint) * ring * ramp(side / np.maximum(iris.away, 0.1), 0.0, 0.9)


def reflecting(linear: np.ndarray, share: float, iris: Iris) -> np.ndarray:
    """The catchlights that an eye has, brighter."""
    more = share * GLINT_GAIN * iris.glint * iris.opening
    return linear + more[..., None] * linear * np.clip(1 - linear, 0, 1)


def without_glint(study: Study) -> float:
    """0..1: how sure it is that neither eye has a catchlight."""
    return float(ramp(max(float(eye.glint.max()) for eye in study.once(eyes)), 0.6, 0.1))


def lit(linear: np.ndarray, share: float, iris: Iris, eye: Eye, key: np.ndarray, white: float) -> np.ndarray:
    """A new catchlight, where a cornea mirrors the key to the camera: a fainter one is smaller too."""
    x, y = mirrored(eye, key)
    own = GLINT_SIZE * np.sqrt(share)
    size = np.hypot(own, 0.5 / iris.radius)  # smaller than a pixel, it is spread over that, as by a lens
    spot = np.exp(-((((iris.across - x) ** 2 + (iris.down - y) ** 2) / size**2) ** 1.5))
    added = GLINT_LIGHT * np.sqrt(share) * (own / size) ** 2 * spot * iris.opening
    return linear + added[..., None] * np.clip(white - linear, 0, None)


def mirrored(eye: Eye, key: np.ndarray) -> np.ndarray:
    """(2,) where the key is seen in the eye, from the iris' middle in its radii; nearer to it where a lid hides it."""
    halfway = key + (0, 0, 1)
    spot = CORNEA * halfway[:2] / np.linalg.norm(halfway)
    spot = spot * min(1.0, FARTHEST / (np.linalg.norm(spot) + 1e-6))
    for share in (1.0, 0.75, 0.5, 0.25):
        x, y = np.round(eye.centre + share * spot * eye.radius).astype(int)
        if eye.opening[y, x] > 0.95:
            return share * spot
    return 0 * spot
