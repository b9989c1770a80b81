"""Four pictures of one recipe at 512 x 512: our engine with its own settings beside a plain call with its defaults.

A whole plain call takes half an hour on two cores. So both draw with few steps twice, which tells what a step costs and
what comes on top; the time of a whole recipe follows.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.generate import full_size
from headshot_core.generate import models

TITLE = "Speed: four pictures of one recipe, Stable Diffusion 1.5 at 512 x 512"
PICTURES, SIZE = 4, 512
FEW, MORE = 1, 3
"""Steps of the two timed calls."""
PLAIN_STEPS = 50
"""What `StableDiffusionPipeline.__call__` takes where nothing is said."""


def rows(photos: list[Path]) -> list[dict]:
    """A row for each way, and their ratio."""
    folder = full_size.folder()
    ours = _row("Headshot Studio", "ours", folder, models.find("sd15").steps)
    plain = _row("diffusers, plain", "plain", folder, PLAIN_STEPS)
    ratio = {name: plain[name] / ours[name] for name in ours if name not in ("way", "steps")}
    return [ours, plain, {"way": "ratio", **ratio}]


def _row(title: str, way: str, folder: Path, steps: int) -> dict:
    few, more = (drawn(way, folder, PICTURES, count, SIZE) for count in (FEW, MORE))
    step = (more["seconds"] - few["seconds"]) / (MORE - FEW)
    return {
        "way": title,
        "steps": steps,
        "s a step and picture": step / PICTURES,
        "s for all, equal steps": few["seconds"] + (PLAIN_STEPS - FEW) * step,
        "s for all, own steps": few["seconds"] + (steps - FEW) * step,
        "peak MB": more["megabytes"],
    }


def drawn(way: str, folder: Path, pictures: int, steps: int, size: int, same: bool = False) -> dict:
    """What `benchmarks.generate.draw` prints, from a process of its own."""
    told = [way, folder, pictures, steps, size, "same" if same else "own"]
    command = [sys.executable, "-m", "benchmarks.generate.draw", *map(str, told)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])
