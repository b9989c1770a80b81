"""Seconds a step and peak memory at 512 x 512: our trainer beside the plain loop."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.generate import full_size

TITLE = "Training a LoRA of rank 16 on Stable Diffusion 1.5's shape, 512 x 512, batch 1, the same precision"
STEPS = 3


def rows(photos: list[Path]) -> list[dict]:
    """A row for each way, and their ratio."""
    return compared(full_size.folder(), 512, STEPS)


def compared(folder: Path, size: int, steps: int) -> list[dict]:
    """Ours and plain by turns, and how many times as fast and as small ours is."""
    told = {way: _learnt(way, folder, size, steps) for way in ("plain", "ours")}
    titles = {"ours": "Headshot Studio", "plain": "diffusers, DreamBooth LoRA"}
    found = [
        {
            "way": title,
            "s a step": told[way]["step"],
            "s to the first": told[way]["ready"],
            "peak MB": told[way]["megabytes"],
        }
        for way, title in titles.items()
    ]
    ours, plain = told["ours"], told["plain"]
    ratio = {"s a step": plain["step"] / ours["step"], "peak MB": ours["megabytes"] / plain["megabytes"]}
    return [*found, {"way": "times as fast; share of the memory", **ratio}]


def _learnt(way: str, folder: Path, size: int, steps: int) -> dict:
    """What `benchmarks.train.learn` prints, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.train.learn", way, str(folder), str(size), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])
