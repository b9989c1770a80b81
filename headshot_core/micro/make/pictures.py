"""The pictures that the demo base model learns from, drawn once."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from headshot_core.files import atomic_write
from headshot_core.micro.cartoon import Cartoon, painted, sample
from headshot_core.micro.render import render

SIZE = 64
PLAIN, PAINTED = 16_000, 8_000
"""How many portraits with named traits, and how many in any colours."""
PART = 500


def cartoon(i: int) -> Cartoon:
    """The portrait of that number: those from `PLAIN` on are painted in any colours."""
    rng = np.random.default_rng((1, i))
    return sample(rng) if i < PLAIN else painted(rng)


def pictures(folder: Path, count: int = PLAIN + PAINTED) -> np.ndarray:
    """uint8 (count, 64, 64, 3), kept in the folder."""
    return kept(folder / "pictures.npy", _all)[:count]


def _all() -> np.ndarray:
    with ProcessPoolExecutor() as pool:
        return np.concatenate(list(pool.map(_part, range(0, PLAIN + PAINTED, PART))))


def _part(start: int) -> np.ndarray:
    return np.stack([render(cartoon(i), SIZE) for i in range(start, start + PART)])


def kept(file: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """An array that is made once, and read from its file."""
    if not file.is_file():
        data = io.BytesIO()
        np.save(data, make())
        atomic_write(file, data.getvalue())
    return np.load(file, mmap_mode="r")
