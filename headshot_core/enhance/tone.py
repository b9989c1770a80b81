"""Tone and colour: what a raw developer's basic panel does, with skin spared what does not suit it.

Everything about light is a gain in stops (log2), added up and applied once in linear light, so hues hold. Highlights,
shadows and clarity follow a smooth base layer of the photo (guided filter, He et al. 2013, in its fast form of 2015),
so that edges get no halos and local contrast stays.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance.features import ramp
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Study, View, Window

GREY = 0.18
"""Linear luminance of middle grey."""
DARKEST = 0.002
"""Linear luminance below which nothing is told apart."""
SKIN_PROTECTION = 0.6
"""Share of clarity and vibrance that skin is spared."""
WARM, PINK = 1.0, 0.9
"""Stops of red against green, and of green against the others, at temperature 1 and tint 1."""
DARKS, LIGHTS = 1.5, 1.2
"""Stops by which the darkest and the lightest parts are moved in full."""
BURNT = 0.85
"""Share of darkening that burnt-out parts are spared."""
ENDS = 0.3
"""How far the ends of the scale are moved in full, sRGB 0..1."""
SMALL = 480
"""Longer side of the photo on which the base layer is worked out."""
BASE_EPSILON = 0.25
"""Regularisation of the base layer, stops squared: contrasts above half a stop are edges."""


class Tone(Tool):
    """Exposure, contrast and colour, as a raw developer does them; skin is spared what does not suit it."""

    title: ClassVar[str] = "Light and colour"
    group: ClassVar[str] = "Photo"

    tool: Literal["tone"] = "tone"
    exposure: float = amount(0.0, "brighter or darker", -3, 3, "stops")
    contrast: float = amount(0.0, "steeper or flatter round middle grey", -1, 1)
    highlights: float = amount(0.0, "the light parts down or up", -1, 1)
    shadows: float = amount(0.0, "the dark parts down or up", -1, 1)
    whites: float = amount(0.0, "where white begins", -1, 1)
    blacks: float = amount(0.0, "where black begins", -1, 1)
    clarity: float = amount(0.0, "contrast of middle-sized shapes; less of it on skin", -1, 1)
    vibrance: float = amount(0.0, "colour where there is little; skin is spared", -1, 1)
    temperature: float = amount(0.0, "colder or warmer", -1, 1)
    tint: float = amount(0.0, "greener or pinker", -1, 1)

    def apply(self, view: View) -> np.ndarray:
        pixels = self._lit(view)
        if self.whites or self.blacks:
            pixels = levels(pixels, *self._ends)
        return self._vibrant(pixels, view.window) if self.vibrance else pixels

    def _lit(self, view: View) -> np.ndarray:
        """The pixels after white balance and all that is a gain of light."""
        linear = colour.to_linear(view.pixels)
        if self.temperature or self.tint:
            factors = gains(self.temperature, self.tint)
            white = ramp(colour.luminance(linear), 0.8, 1.0)[..., None]  # burnt-out white stays white
            linear = linear * (factors + white * (1 - factors))
        stops = self._stops(view.window, linear)
        if stops is not None:
            white = 2 ** max(0.0, self.exposure + LIGHTS * max(self.highlights, 0))
            linear = roll_off(linear * np.exp2(stops)[..., None], white)
        return colour.to_srgb(linear)

    @property
    def _ends(self) -> tuple[float, float]:
        """The sRGB values that become black and white."""
        return -ENDS * self.blacks, 1 - ENDS * self.whites

    def _stops(self, window: Window, linear: np.ndarray) -> np.ndarray | None:
        """(H, W) stops of gain, relative to the pixels after white balance; None for none."""
        light = _stops_from_grey(linear) + self.exposure
        stops = np.zeros_like(light)
        if self.highlights or self.shadows or self.clarity:
            base = _base(window, light)
            stops += DARKS * self.shadows * ramp(base, 0.8, -3.5) + LIGHTS * self.highlights * ramp(base, 0.0, 2.2)
            if self.clarity:
                spared = 1 - SKIN_PROTECTION * window.skin
                stops += 0.6 * self.clarity * spared * np.clip(light - base, -1.5, 1.5)
        if self.contrast:
            # An S-curve: its slope is 1 + contrast / 2 at middle grey, and 1 again far from it. It bends what the
            # others gave, not the photo: were their slopes added up, they could fall below 0 and turn tones round.
            stops += self.contrast * np.tanh((light + stops) / 2)
        stops += self.exposure
        if not stops.any():
            return None
        # What was burnt out holds no tone: made darker it would turn into a grey patch.
        burnt = ramp(colour.peak(linear), 0.7, 1.0)
        return np.where(stops < 0, stops * (1 - BURNT * burnt), stops)

    def _vibrant(self, pixels: np.ndarray, window: Window) -> np.ndarray:
        lab = colour.to_lab(pixels)
        chroma = np.hypot(lab[..., 1], lab[..., 2])
        room = np.clip(1 - chroma / 70, 0, 1) if self.vibrance > 0 else np.float32(1)
        factor = 1 + self.vibrance * room * (1 - SKIN_PROTECTION * window.skin)
        lab[..., 1:] *= factor[..., None]
        return colour.from_lab(lab)


def levels(pixels: np.ndarray, black: float, white: float) -> np.ndarray:
    """sRGB with the given values moved to 0 and 1, what lies between stretched; the outermost tones bend, not clip."""
    stretched = (pixels - np.float32(black)) / np.float32(white - black)
    toe = np.float32(0.04)
    soft = (
        np.where(stretched < toe, toe * np.exp(np.minimum(stretched / toe - 1, 0)), stretched)
        if black > 0
        else stretched
    )
    return np.clip(soft, 0, 1)


def gains(temperature: float, tint: float) -> np.ndarray:
    """(3,) factors for linear RGB, luminance kept: what the two white balance sliders mean."""
    warm, pink = WARM * temperature, PINK * tint
    factors = np.exp2(np.array([warm + pink / 3, -2 * pink / 3, -warm + pink / 3], np.float32))
    return (factors / (colour.LUMA @ factors)).astype(np.float32)


def sliders(factors: np.ndarray) -> tuple[float, float]:
    """Temperature and tint, unbounded, whose `gains` have the ratios of these factors (3,)."""
    red, green, blue = (float(v) for v in np.log2(factors))
    return (red - blue) / 2 / WARM, ((red + blue) / 2 - green) / PINK


def roll_off(linear: np.ndarray, white: float, knee: float = 0.6) -> np.ndarray:
    """Linear light with what lies above the knee compressed so that `white` becomes 1: bright tones stay apart.

    Half by the largest channel, which keeps hue, and half channel by channel, which lets lights fade to white, as film
    does.
    """
    peak = colour.peak(linear)
    if float(peak.max(initial=0)) <= knee:
        return linear
    hold = linear * (_shoulder(peak, white, knee) / np.maximum(peak, 1e-6))[..., None]
    return (hold + _shoulder(linear, white, knee)) / 2


def _shoulder(values: np.ndarray, white: float, knee: float) -> np.ndarray:
    slope = max(1.0, (white - knee) / (1 - knee))
    over = np.clip((values - knee) / (slope * (1 - knee)), 0, 1)
    return np.where(values > knee, knee + (1 - knee) * slope * over / (1 + (slope - 1) * over), values)


def _stops_from_grey(linear: np.ndarray) -> np.ndarray:
    return np.log2(np.maximum(colour.luminance(linear), np.float32(DARKEST)) / np.float32(GREY))


def _base(window: Window, light: np.ndarray) -> np.ndarray:
    """The light (H, W), in stops, without its local contrast."""
    slope, offset, matrix = window.study.once(_base_layer)
    slope, offset = (window.laid_in(layer, matrix, cv2.BORDER_REPLICATE) for layer in (slope, offset))
    # The layer is the photo's; exposure and white balance may have moved the light since: move the layer along.
    photo = _stops_from_grey(colour.to_linear(window.photo))
    return slope * photo + offset + (light - photo)


def _base_layer(study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Base layer = slope * stops + offset: both (h, w), and the transform from the photo."""
    window = study.whole(SMALL)
    light = _stops_from_grey(colour.to_linear(window.photo))
    size = (2 * max(2, round(0.35 * window.unit)) + 1,) * 2

    def box(array):
        return cv2.blur(array, size, borderType=cv2.BORDER_REFLECT)

    mean = box(light)
    variance = box(light * light) - mean * mean
    slope = variance / (variance + BASE_EPSILON)
    return box(slope), box(mean - slope * mean), window.matrix
