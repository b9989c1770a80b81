"""Control pictures: how long the live preview and the full picture take."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from headshot_core.generate import control, light
from headshot_core.recipe import Light, Pose, Recipe

TITLE = "Control pictures: milliseconds, warm (median of five)"
RECIPE = Recipe(pose=Pose(name="three-quarter-left"), light=Light(pattern="rembrandt"))
SIZES = {"live": (256, 320), "drawing": (832, 1040)}


def rows(photos: list[Path]) -> list[dict]:
    """A row a size."""
    return [
        {
            "size": f"{name}, {size[0]} x {size[1]}",
            "pose": _time(lambda size=size: control.preview(RECIPE, size)),
            "light": _time(lambda size=size: light.lit(RECIPE, size)),
        }
        for name, size in SIZES.items()
    ]


def _time(draw) -> float:
    draw()
    times = []
    for _ in range(5):
        started = time.perf_counter()
        draw()
        times.append(time.perf_counter() - started)
    return 1000 * float(np.median(times))
