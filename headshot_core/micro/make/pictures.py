"""The pictures that the demo base model learns from, drawn once."""

from __future__ import annotations

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
    file = folder / "pictures.npy"
    if not file.is_file():
        starts = range(0, PLAIN + PAINTED, PART)
        with ProcessPoolExecutor() as pool:
            atomic_write(file, _bytes(np.concatenate(list(pool.map(_part, starts)))))
    return np.load(file, mmap_mode="r")[:count]


def _part(start: int) -> np.ndarray:
    return np.stack([render(cartoon(i), SIZE) for i in range(start, start + PART)])


def _bytes(array: np.ndarray) -> bytes:
    import io

    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()
