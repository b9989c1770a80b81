"""Every pillar against every harm: its own should move it, the others not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import spearmanr

from benchmarks.score.degrade import HARMS, Harm, spoilt
from headshot_core.enhance.view import Study
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.score.engine import PILLARS, score

TITLE = """Score: points that each pillar loses at the strongest level of a harm, mean over the photos (* its own);
own: mean rank correlation of level and score (-1: falls at every step), and the worst photo's;
foreign: the largest mean move of a pillar that the harm should leave alone"""
SIDE = 900
"""Photos are made smaller than this first."""


def rows(photos: list[Path]) -> list[dict]:
    """The photos as they are, then a row a harm."""
    portraits = [analyse(read_photo(_small(photo))) for photo in photos]
    clean = [_pillars(portrait) for portrait in portraits]
    first = {"harm": "none (score)"} | {name: float(np.mean([one[name] for one in clean])) for name in _names()}
    return [first, *(_row(name, harm, portraits, clean) for name, harm in HARMS.items())]


def _names() -> list[str]:
    return [pillar.NAME for pillar in PILLARS]


def _small(photo: Path) -> Image.Image:
    image = read_photo(photo).image
    image.thumbnail((SIDE, SIDE))
    return image


def _pillars(portrait: Portrait) -> dict[str, float]:
    return {pillar.name: pillar.score for pillar in score(Study(portrait)).pillars}


def _row(name: str, harm: Harm, portraits: list[Portrait], clean: list[dict]) -> dict:
    seen = [(before, _levels(portrait, harm)) for portrait, before in zip(portraits, clean, strict=True)]
    seen = [(before, [before, *after]) for before, after in seen if None not in after]  # a face was found each time
    moved = {pillar: float(np.mean([b[pillar] - a[-1][pillar] for b, a in seen])) for pillar in _names()}
    ranks = [_rank([one[harm.pillars[0]] for one in after]) for _, after in seen]
    foreign = [abs(move) for pillar, move in moved.items() if pillar not in harm.pillars]
    cells = {pillar: f"{move:.1f}{'*' * (pillar in harm.pillars)}" for pillar, move in moved.items()}
    figures = {"own": float(np.mean(ranks)), "worst": float(np.max(ranks)), "foreign": max(foreign)}
    return {"harm": name, **cells, **figures, "photos": len(seen)}


def _levels(portrait: Portrait, harm: Harm) -> list[dict | None]:
    return [_spoilt_pillars(portrait, harm, level) for level in harm.levels]


def _spoilt_pillars(portrait: Portrait, harm: Harm, level: float) -> dict | None:
    try:
        return _pillars(analyse(read_photo(spoilt(portrait, harm, level))))
    except HeadshotError:
        return None


def _rank(scores: list[float]) -> float:
    """Spearman's correlation of level and score; 0 where the score never moves."""
    return 0.0 if np.ptp(scores) < 1e-6 else float(spearmanr(range(len(scores)), scores).statistic)
