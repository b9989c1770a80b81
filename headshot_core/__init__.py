"""Headshot Studio: the core, without the page.

    from headshot_core import Recipe, analyse, make, read_photo

    portrait = analyse(read_photo("me.jpg"))
    make(portrait, Recipe()).save("headshot.png")

Everything heavy is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headshot_core import presets
    from headshot_core.errors import HeadshotError
    from headshot_core.photo import Photo, read_photo
    from headshot_core.portrait import Portrait, analyse
    from headshot_core.recipe import Recipe
    from headshot_core.studio.engine import Headshot, make

__version__ = "0.1.0"
__all__ = ["Headshot", "HeadshotError", "Photo", "Portrait", "Recipe", "analyse", "make", "presets", "read_photo"]

_MODULES = {
    "Headshot": "studio.engine",
    "HeadshotError": "errors",
    "Photo": "photo",
    "Portrait": "portrait",
    "Recipe": "recipe",
    "analyse": "portrait",
    "make": "studio.engine",
    "read_photo": "photo",
}
"""Public name -> the module of this package that defines it."""


def __getattr__(name: str) -> Any:
    if name == "presets":
        return importlib.import_module("headshot_core.presets")
    if name in _MODULES:
        return getattr(importlib.import_module(f"headshot_core.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
