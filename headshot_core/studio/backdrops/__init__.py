"""Backdrops: photographic backgrounds, rendered from a seed at any size.

A new backdrop is one function with the `scene.backdrop` decorator in a file of this folder; nothing else to do.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil

import cv2
import numpy as np

from headshot_core import colour, recipe
from headshot_core.errors import HeadshotError
from headshot_core.studio.backdrops.own import forget
from headshot_core.studio.backdrops.scene import BACKDROPS, Kind, Stage, key_side, roll_off, set_up

__all__ = ["BACKDROPS", "Kind", "Stage", "forget", "get", "render"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def get(name: str) -> Kind:
    """The backdrop of that name; a `HeadshotError` naming the nearest where there is none."""
    if name in BACKDROPS:
        return BACKDROPS[name]
    near = difflib.get_close_matches(name, BACKDROPS, 1)
    hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(sorted(BACKDROPS))}."
    raise HeadshotError(f"There is no backdrop called '{name}'.", hint)


def render(settings: recipe.Backdrop, stage: Stage) -> np.ndarray:
    """The backdrop as sRGB (height, width, 3) float32, 0..1.

    The same settings, seed and light give the same picture, and the same composition at every size.
    """
    kind = get(settings.kind)
    linear = kind.paint(set_up(kind, settings, stage)) * 2**settings.brightness
    if key_side(kind, stage) < 0:
        linear = linear[:, ::-1]
    picture = colour.to_srgb(roll_off(linear, kind.knee))
    size = (stage.width, stage.height)
    smaller = stage.height < picture.shape[0]
    return np.clip(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC), 0, 1)
