"""What our engine costs around the model itself: both ways with the same precision, scheduler, guidance and batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.generate import full_size
from benchmarks.generate.speed import drawn

TITLE = "Overhead: the same settings both ways, 256 x 256, eight steps (a narrow model: a real one hides more of it)"
PICTURES, STEPS, SIZE, ROUNDS = 2, 8, 256, 3


def rows(photos: list[Path]) -> list[dict]:
    """A row for each way: the fastest of several processes each, by turns; and what ours costs more."""
    folder = full_size.folder("-narrow")
    told = {way: [] for way in ("ours", "plain")}
    for _ in range(ROUNDS):
        for way, times in told.items():
            times.append(drawn(way, folder, PICTURES, STEPS, SIZE, same=True)["seconds"])
    ours, plain = (float(np.min(told[way])) for way in ("ours", "plain"))
    return [
        {"way": "Headshot Studio", "seconds": ours},
        {"way": "diffusers, plain", "seconds": plain},
        {"way": "more, %", "seconds": 100 * (ours / plain - 1)},
    ]
