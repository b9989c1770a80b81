"""One click on "Fix all": the total before and after, each measured on the picture itself."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from PIL import Image

from headshot_core.enhance.engine import enhance
from headshot_core.enhance.view import Study
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.score.engine import fixed, score

TITLE = (
    """Fixes: the total of the photo, what is foretold of the fixed picture, and that picture made and scored anew"""
)


def rows(photos: list[Path]) -> list[dict]:
    """A row a photo, and their mean."""
    table = [_row(photo) for photo in photos]
    mean = {key: float(np.mean([row[key] for row in table])) for key in ("before", "foretold", "after", "seconds")}
    return [*table, {"photo": "mean", **mean}]


def _row(photo: Path) -> dict:
    study = Study(analyse(read_photo(photo)))
    start = time.perf_counter()
    stack = fixed(study)
    seconds = time.perf_counter() - start
    picture = enhance(study.portrait, stack).picture
    again = score(Study(analyse(read_photo(Image.fromarray(picture)))))
    tools = " ".join(step.tool for step in stack.steps)
    found = {"before": score(study).total, "foretold": score(study, stack).total, "after": again.total}
    return {"photo": photo.stem, **found, "seconds": seconds, "tools": tools}
