"""Does more guidance follow the prompt more closely, and does a negative prompt push away what it names?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.adherence.draw import SOME, adherence, draw, unsaid, wishes
from headshot_core.micro import readers

TITLE = "Guidance: mean share of named traits that are followed. Negative prompts: share that shows what they name"
SCALES = (1.0, 2.0, 3.0, 4.0, 7.0)
NEGATIVES = {
    "glasses": "glasses",
    "smile": "gentle smile",
    "shirt": "wearing red t-shirt",
    "background": "yellow background",
    "style": "long hair",
}
"""A trait that the prompt leaves out, and what the negative prompt calls."""
SHOWN = {"glasses": True, "smile": True, "shirt": "red", "background": "yellow", "style": "long"}


def rows(photos: list[Path]) -> list[dict]:
    """A row for each scale, and for each negative prompt."""
    wished = wishes(SOME)
    found = [
        {"guidance": f"{scale:g}", "followed": adherence(readers.read(draw(wished, guidance=scale)), wished)}
        for scale in SCALES
    ]
    return found + [negative(trait) for trait in NEGATIVES]


def negative(trait: str, count: int = SOME) -> dict:
    """How often a trait that the prompt leaves out shows the value that is to be avoided, without and with that."""
    wished, say, avoided = wishes(count), unsaid(trait), NEGATIVES[trait]

    def share(**more) -> float:
        return float(np.mean([getattr(one, trait) == SHOWN[trait] for one in readers.read(draw(wished, say, **more))]))

    return {"negative": avoided, "without": share(), "with": share(negative=avoided)}
