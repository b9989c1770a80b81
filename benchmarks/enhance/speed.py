"""What a picture costs: a style on a whole photo, the preview while a slider moves, memory at 50 megapixels."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from headshot_core.enhance import styles
from headshot_core.enhance.engine import Desk, enhance
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse

TITLE = "Speed: seconds, and the most memory"
PREVIEW = 900
STYLE = "polished"
LARGE = """
import sys
from PIL import Image
from benchmarks import peak_mb
from headshot_core.enhance import styles
from headshot_core.enhance.engine import enhance
from headshot_core.enhance.view import Study
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
image = read_photo(sys.argv[1]).image
scale = (50e6 / (image.width * image.height)) ** 0.5
portrait = analyse(read_photo(image.resize((round(image.width * scale), round(image.height * scale)))))
del image
enhance(portrait, styles.get(sys.argv[2]).stack_for(Study(portrait)))
print(peak_mb())
"""


def rows(photos: list[Path]) -> list[dict]:
    """A row a photo, and one for the memory that 50 megapixels take in a process of their own."""
    command = [sys.executable, "-c", LARGE, str(photos[0]), STYLE]
    memory = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [*(_row(photo) for photo in photos), {"photo": "50 megapixels", "peak MB": memory}]


def _row(photo: Path) -> dict:
    portrait = analyse(read_photo(photo))
    study = Study(portrait)
    stack = Stack(steps=[step for step in styles.get(STYLE).stack_for(study).steps if step.tool != "upscale"])
    start = time.perf_counter()
    enhance(portrait, stack)
    full = time.perf_counter() - start
    first, moved = _preview(study, stack)
    megapixels = portrait.photo.width * portrait.photo.height / 1e6
    return {"photo": photo.name, "megapixels": megapixels, "whole photo": full, "preview": first, "slider moves": moved}


def _preview(study: Study, stack: Stack) -> tuple[float, float]:
    """The first preview of a style, masks at hand, and the median while the strength of its first tool moves."""
    desk, window = Desk(study), study.whole(PREVIEW)
    desk.render(window, stack)
    times = []
    for strength in np.linspace(0.3, 0.8, 6):
        step = stack.steps[0].model_copy(update={"strength": float(strength)})
        start = time.perf_counter()
        desk.render(window, stack.having(step))
        times.append(time.perf_counter() - start)
    return times[0], float(np.median(times[1:]))
