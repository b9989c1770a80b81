"""Stand-in for headshot_core.presets while that is being written. To be removed."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from headshot_core.recipe import Backdrop, Grade, Light, Recipe


@dataclass(frozen=True)
class Preset:
    name: str
    title: str
    category: str
    description: str
    parts: dict = field(default_factory=dict)

    def recipe(self):
        return Recipe(preset=self.name, **self.parts)

    @property
    def thumbnail(self):
        return Path("/tmp/thumbs") / f"{self.name}.webp"


@cache
def presets():
    rows = [
        ("boardroom", "Boardroom", "professional", "studio_grey", "loop", "natural"),
        ("open-office", "Open office", "professional", "office", "clamshell", "natural"),
        ("library", "Library", "professional", "library", "rembrandt", "warm"),
        ("clean-paper", "Clean paper", "professional", "paper", "flat", "high_key"),
        ("city-dusk", "City dusk", "trendy", "city_evening", "short", "film"),
        ("neon", "Neon", "trendy", "neon", "split", "cool"),
        ("loft", "Brick loft", "trendy", "loft", "loop", "editorial"),
        ("concrete", "Concrete", "trendy", "concrete", "rembrandt", "black_and_white"),
        ("garden", "Garden", "lifestyle", "foliage", "loop", "warm"),
        ("cafe", "Café", "lifestyle", "cafe", "loop", "warm"),
        ("stadium", "Stadium", "sports", "stadium", "rim", "cool"),
        ("court", "Court", "sports", "court", "rim", "natural"),
        ("forest", "Glowing forest", "fantasy", "forest", "rim", "film"),
        ("stars", "Among the stars", "fantasy", "starfield", "split", "cool"),
        ("lanterns", "Lanterns", "festive", "lanterns", "loop", "warm"),
        ("snow", "First snow", "festive", "snow", "butterfly", "cool"),
    ]
    return {
        n: Preset(
            n,
            t,
            c,
            f"{t}, made for trying.",
            {"backdrop": Backdrop(kind=b), "light": Light(pattern=p), "grade": Grade(look=g)},
        )
        for n, t, c, b, p, g in rows
    }
