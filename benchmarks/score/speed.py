"""How long the score takes, from a file to the verdict, warm; and how much of it is reading the photo."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from headshot_core.enhance.view import Study
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.score.engine import score

TITLE = "Speed: seconds a photo, warm (median of five)"


def rows(photos: list[Path]) -> list[dict]:
    """A row a photo."""
    return [_row(photo) for photo in photos]


def _row(path: Path) -> dict:
    _timed(path)
    times = np.median([_timed(path) for _ in range(5)], 0)
    photo = read_photo(path)
    megapixels = photo.width * photo.height / 1e6
    return {"photo": path.stem, "megapixels": megapixels} | dict(
        zip(("read", "analyse", "score", "in all"), (*map(float, times), float(times.sum())), strict=True)
    )


def _timed(path: Path) -> list[float]:
    marks = [time.perf_counter()]
    photo = read_photo(path)
    marks.append(time.perf_counter())
    portrait = analyse(photo)
    marks.append(time.perf_counter())
    score(Study(portrait))
    marks.append(time.perf_counter())
    return list(np.diff(marks))
