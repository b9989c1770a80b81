"""The same on a distilled model and smaller pictures, for small machines."""

from __future__ import annotations

from pathlib import Path

from benchmarks.generate import full_size
from benchmarks.train.speed import compared

TITLE = "The same on the shape of a distilled model (323 million weights in its U-Net), 256 x 256"
STEPS = 8


def rows(photos: list[Path]) -> list[dict]:
    """A row for each way, and their ratio."""
    return compared(full_size.folder("-distilled"), 256, STEPS)
