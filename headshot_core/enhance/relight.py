"""Relight: the studio's light patterns on the photo as it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from headshot_core import colour, recipe
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import Study, View, Window
from headshot_core.studio.frame import Framed
from headshot_core.studio.framing import Framing
from headshot_core.studio.light import PATTERNS, Lamps, lamps
from headshot_core.studio.likeness_guard import safe_strength
from headshot_core.studio.relight import edge_band, edge_light, gain, multiplied, roll_off

HEAD = 200
"""Pixels from crown to chin at which light and shape are read."""
AROUND = 1.6
"""Head heights about the head that are relit: the light fades out below."""


class Relight(Tool):
    """New light on the person: studio patterns, with the shadows they cast."""

    title: ClassVar[str] = "Relight"
    group: ClassVar[str] = "Scene"

    tool: Literal["relight"] = "relight"
    strength: float = Field(0.6, ge=0, le=1, description="from the photo's own light to the pattern in full")
    pattern: Literal[tuple(name for name in PATTERNS if name != "natural")] = Field(
        "loop", description="a studio light pattern"
    )
    side: Literal["auto", "left", "right"] = Field("auto", description="where the key light stands, as you see it")
    softness: float = amount(0.6, "bare bulb to large softbox")
    temperature: float = Field(
        6500, ge=2500, le=10000, description="colour of the key light", json_schema_extra={"unit": "K"}
    )

    def apply(self, view: View) -> np.ndarray:
        window = view.window
        factor, shine, band, lights, matrix = window.study.latest(_light, self._light)
        person = window.person
        on_person = person[..., None]
        factor = 1 + on_person * window.laid_in(factor - 1, matrix)
        linear = colour.to_linear(view.pixels)
        lit = multiplied(linear, factor, window.laid_in(shine, matrix) * person, max(1.0, 0.03 * view.unit))
        if lights.rim > 0:
            lit = lit + on_person * edge_light(linear, window.laid_in(band, matrix), lights)
        return colour.to_srgb(roll_off(lit, linear))

    def mask(self, window: Window) -> np.ndarray:
        return window.person

    @property
    def _light(self) -> recipe.Light:
        """The same wish in the studio's words."""
        sign = {"auto": None, "left": -1, "right": 1}[self.side]
        azimuth = sign and sign * abs(PATTERNS[self.pattern].azimuth)
        return recipe.Light(
            pattern=self.pattern,
            azimuth=azimuth,
            softness=self.softness,
            temperature=self.temperature,
            strength=1.0,
        )


def _light(study: Study, light: recipe.Light) -> tuple[np.ndarray, np.ndarray, np.ndarray, Lamps, np.ndarray]:
    """Factor, highlight and lit edge, (h, w, 3), (h, w) and (h, w), the lamps, and the transform from the photo."""
    shot = study.once(_shot)
    lights = lamps(light, shot.face.yaw, shot.shading.source.side)
    lights = replace(lights, strength=min(lights.strength, safe_strength(study.portrait, light)))
    size, head = shot.framing.size, shot.face.head_height
    factor, shine = (cv2.resize(layer, size, interpolation=cv2.INTER_CUBIC) for layer in gain(shot.shading, lights))
    fade = _fading(shot)
    factor = 1 + (cv2.GaussianBlur(factor, (0, 0), 0.7) - 1) * fade[..., None]
    return factor, shine * fade, edge_band(shot.alpha, lights, head) * fade, lights, shot.framing.matrix


def _shot(study: Study) -> Framed:
    """Head and shoulders as the studio sees them, small."""
    window = study.around_head(HEAD, AROUND)
    return Framed(study.portrait, Framing(window.matrix, window.size, 0.0, ()))


def _fading(shot: Framed) -> np.ndarray:
    """(h, w) 1 on head and chest, fading to 0 toward the lower edge where the photo goes on below it."""
    height = shot.framing.size[1]
    bottom = cv2.invertAffineTransform(shot.framing.matrix)[1] @ (0, height - 1, 1)
    if bottom > shot.portrait.photo.height - 2:
        return np.ones(shot.alpha.shape, np.float32)
    rows = np.clip((height - 1 - np.arange(height, dtype=np.float32)) / (0.8 * shot.face.head_height), 0, 1)
    return np.broadcast_to((rows * rows * (3 - 2 * rows))[:, None], shot.alpha.shape)
