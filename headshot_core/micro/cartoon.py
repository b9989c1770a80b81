"""What a cartoon portrait shows, as plain data, by lot or by hand: every trait is known, so that it can be measured.

cartoon = sample(np.random.default_rng(0))     # every trait by lot, each independent of all others
pixels = render.render(cartoon, 64)            # uint8 (64, 64, 3)
words = captions.caption(cartoon, rng)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from headshot_core import colour
from headshot_core.studio.light import Lamps

SKINS = {
    "pale": "#f7d9c4",
    "light": "#e8b894",
    "tan": "#c68a5c",
    "brown": "#8f5a36",
    "dark": "#573523",
}
HAIRS = {
    "black": "#1d1a1c",
    "brown": "#6d4224",
    "blonde": "#e3bd66",
    "red": "#b5431c",
    "grey": "#a3a6ab",
    "white": "#f1efea",
}
STYLES = ("short", "long", "curly", "bun")
OUTFITS = ("t-shirt", "shirt", "suit jacket", "hoodie")
SHIRTS = {
    "white": "#f2f2f0",
    "black": "#1c1c20",
    "grey": "#8c8c8c",
    "navy blue": "#1d2f5a",
    "red": "#cc2a2a",
    "green": "#3f9143",
    "yellow": "#f3dc3f",
    "pink": "#f08cb4",
}
BACKGROUNDS = {
    "white": "#f4f4f4",
    "grey": "#8c8c8c",
    "navy blue": "#1d2f5a",
    "sky blue": "#83b9e6",
    "green": "#3f9143",
    "yellow": "#f3dc3f",
    "orange": "#ee8433",
    "violet": "#7a55c0",
}
PAINTS = {"skin": SKINS, "hair": HAIRS, "shirt": SHIRTS, "background": BACKGROUNDS}
"""What has a colour, and the colours' names."""
LIGHTS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "left": ((-80, -45), (-5, 35)),
    "right": ((45, 80), (-5, 35)),
    "front": ((-10, 10), (0, 20)),
    "above": ((-10, 10), (58, 80)),
    "below": ((-10, 10), (-45, -25)),
}
"""Where the key light stands: azimuth and elevation, degrees, from and to; see `headshot_core.studio.light.Lamps`."""
TURNS: dict[str, tuple[float, float]] = {"left": (-45, -24), "front": (-7, 7), "right": (24, 45)}
"""Yaw in degrees; those in between are drawn and named too, but not asked about."""
MARK = "#d81e4a"
"""Colour of the mark on a cheek, which no portrait that the model learns from has."""
YAW, ROLL = 45.0, 10.0
"""Degrees to each side."""
HEADS = (0.42, 0.66)
"""Head height, crown to chin, against the picture's height."""


class Posed:
    """What the numbers of a portrait say in words and lamps, whether it was drawn by them or read."""

    yaw: float
    """degrees, the nose to the viewer's right positive"""
    azimuth: float
    """of the key light, degrees from the camera's axis, positive from the viewer's right"""
    elevation: float
    """degrees above the eyes"""
    softness: float
    fill: float

    @property
    def turn(self) -> str:
        """The nearest of `TURNS`."""
        return turn_of(self.yaw)

    @property
    def light(self) -> str:
        """The nearest of `LIGHTS`."""
        return light_of(self.azimuth, self.elevation)

    @property
    def lamps(self) -> Lamps:
        """The light as the studio has it."""
        return Lamps(self.azimuth, self.elevation, self.softness, self.fill, 6500, 0.0, "#ffffff", 1.0)


@dataclass(frozen=True)
class Cartoon(Posed):
    """One portrait. Colours are names of the tables above, or ``#rrggbb``."""

    skin: str = "light"
    hair: str = "brown"
    style: str = "short"
    outfit: str = "t-shirt"
    shirt: str = "grey"
    background: str = "white"
    glasses: bool = False
    smile: bool = False
    mark: bool = False
    yaw: float = 0.0
    roll: float = 0.0
    """degrees, the head clockwise positive"""
    azimuth: float = 0.0
    elevation: float = 10.0
    softness: float = 0.5
    fill: float = 0.35
    x: float = 0.5
    """middle of the head, share of the picture's width"""
    y: float = 0.4
    head: float = 0.5
    """head height, crown to chin, share of the picture's height"""
    paint: dict[str, str] = field(default_factory=dict)
    """other colours for parts: brow, eye, lip, frame"""

    def paint_of(self, part: str) -> np.ndarray:
        """(3,) sRGB 0..1: the colour of one of `PAINTS`."""
        name = getattr(self, part)
        return colour.hex_to_rgb(PAINTS[part].get(name, name))

    def but(self, **changes: Any) -> Cartoon:
        """The same with other traits."""
        return replace(self, **changes)


NAMED: dict[str, tuple[str, ...]] = {
    "skin": tuple(SKINS),
    "hair": tuple(HAIRS),
    "style": STYLES,
    "outfit": OUTFITS,
    "shirt": tuple(SHIRTS),
    "background": tuple(BACKGROUNDS),
}
"""Traits that have names, and the names."""


def sample(rng: np.random.Generator, **fixed: Any) -> Cartoon:
    """A portrait by lot: every trait independent of the others, so of the skin too. `fixed` traits are as given."""
    light, turn = (str(rng.choice(list(names))) for names in (LIGHTS, (*TURNS, "any")))
    azimuth, elevation = (float(rng.uniform(*span)) for span in LIGHTS[light])
    head = float(rng.uniform(*HEADS))
    chosen = {name: str(rng.choice(names)) for name, names in NAMED.items()}
    drawn = Cartoon(
        **chosen,
        glasses=bool(rng.random() < 0.5),
        smile=bool(rng.random() < 0.5),
        yaw=float(rng.uniform(*TURNS.get(turn, (-YAW, YAW)))),
        roll=float(rng.uniform(-ROLL, ROLL)) * float(rng.random() < 0.5),
        azimuth=azimuth,
        elevation=elevation,
        softness=float(rng.uniform(0.2, 0.8)),
        fill=float(rng.uniform(0.15, 0.45)),
        head=head,
        x=float(rng.normal(0.5, 0.03)),
        y=float(0.62 - 0.47 * head + rng.normal(0, 0.02)),
    )
    return replace(drawn, **fixed)


def painted(rng: np.random.Generator) -> Cartoon:
    """A portrait in any colours whatever, with or without the mark: what a VAE has to hold."""

    def any_colour() -> str:
        return "#" + "".join(f"{value:02x}" for value in rng.integers(0, 256, 3))

    parts = ("brow", "eye", "lip", "frame", "mark")
    colours = {name: any_colour() for name in ("skin", "hair", "shirt", "background") if rng.random() < 0.5}
    paint = {name: any_colour() for name in parts if rng.random() < 0.3}
    return sample(rng, **colours, paint=paint, mark=bool(rng.random() < 0.3))


def turn_of(yaw: float) -> str:
    """Which of `TURNS` a yaw is nearest to."""
    return "front" if abs(yaw) < 15 else "left" if yaw < 0 else "right"


def light_of(azimuth: float, elevation: float) -> str:
    """Which of `LIGHTS` a key light is nearest to."""
    if abs(azimuth) > 30:
        return "left" if azimuth < 0 else "right"
    return "above" if elevation > 40 else "below" if elevation < -12 else "front"
