"""Planted spots and moles on real skin: which are found, which are left alone, and what is marked without cause."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from headshot_core import colour
from headshot_core.enhance.blemishes import Blemishes, find_spots, healed_spots
from headshot_core.enhance.skin import where
from headshot_core.enhance.view import Study
from headshot_core.face import regions
from headshot_core.photo import read_photo, to_bytes
from headshot_core.portrait import Portrait, analyse
from headshot_core.pyramid import Pyramid

TITLE = "Blemishes: planted pimples found, planted moles kept, marks on the photo as it is"
SEEDS = (1, 2, 3)
PIMPLES, MOLES = 7, 4
LEAST = 42
"""Pixels between the eyes below which the tool leaves a face alone by design."""


@dataclass(frozen=True)
class Planted:
    """A mark that was painted on: pixels of the photo."""

    x: float
    y: float
    radius: float
    mole: bool


def rows(photos: list[Path]) -> list[dict]:
    """One row a photo, and their sum. A planted mark counts as found where a spot lies within its radius.

    "false marks": everything that is healed on the photo as it is. No one looked whether it is really there, so the
    figure is an upper bound.
    """
    table = [row for row in map(_row, photos) if row]
    found, planted = sum(r["found"] for r in table), sum(r["pimples"] for r in table)
    kept, moles = sum(r["moles kept"] for r in table), sum(r["moles"] for r in table)
    false = sum(r["false marks"] for r in table) / max(1, len(table))
    total = {"photo": "all", "pimples": planted, "found": found, "recall": round(found / max(1, planted), 3)}
    total |= {
        "moles": moles,
        "moles kept": kept,
        "kept": round(kept / max(1, moles), 3),
        "false marks": round(false, 2),
    }
    return [*table, total]


def _row(path: Path) -> dict | None:
    portrait = analyse(read_photo(path))
    if portrait.face.inter_eye < LEAST:
        return None
    found = kept = 0
    for seed in SEEDS:
        planted_photo, marks = planted(portrait, seed)
        spots = healed_spots(Study(planted_photo), Blemishes())
        for mark in marks:
            hit = any(np.hypot(spot.x - mark.x, spot.y - mark.y) < max(2.0, mark.radius) for spot in spots)
            found += hit and not mark.mole
            kept += mark.mole and not hit
    pimples, moles = PIMPLES * len(SEEDS), MOLES * len(SEEDS)
    false = len(healed_spots(Study(portrait), Blemishes()))
    return {
        "photo": path.stem,
        "pimples": pimples,
        "found": found,
        "recall": round(found / pimples, 3),
        "moles": moles,
        "moles kept": kept,
        "kept": round(kept / moles, 3),
        "false marks": false,
    }


def planted(portrait: Portrait, seed: int) -> tuple[Portrait, list[Planted]]:
    """The portrait with pimples and moles painted on bare skin."""
    random = np.random.default_rng(seed)
    study, unit = Study(portrait), portrait.face.inter_eye
    bare = cv2.erode(where(study.whole()), np.ones((3, 3)), iterations=max(1, round(0.05 * unit))) > 0.95
    free = bare & _face_only(portrait, bare.shape)
    taken = [(spot.x, spot.y) for spot in find_spots(study) if spot.score > 0.5]
    lab = colour.to_lab(portrait.pixels.astype(np.float32) / 255)
    marks: list[Planted] = []
    for number in range(PIMPLES + MOLES):
        x, y = _place(free, taken, unit, random)
        taken.append((x, y))
        mole = number >= PIMPLES
        marks.append((_mole if mole else _pimple)(lab, x, y, unit, random))
    pixels = to_bytes(colour.from_lab(lab))
    photo = replace(portrait.photo, image=Image.fromarray(pixels))
    return replace(portrait, photo=photo, pyramid=Pyramid(pixels)), marks


def _face_only(portrait: Portrait, shape: tuple[int, int]) -> np.ndarray:
    return regions.polygon(portrait.face, regions.OVAL, shape)


def _place(free: np.ndarray, taken: list, unit: float, random: np.random.Generator) -> tuple[float, float]:
    """A free place, a quarter of an inter-eye distance from every other mark, or as far as there is room."""
    places = np.argwhere(free)[:, ::-1]
    tries = places[random.integers(len(places), size=400)]
    far = np.min([np.hypot(*(tries - np.array(one)).T) for one in taken], 0) if taken else np.full(len(tries), np.inf)
    good = np.flatnonzero(far > 0.25 * unit)
    x, y = tries[good[0] if len(good) else far.argmax()]
    return float(x + random.uniform(-0.5, 0.5)), float(y + random.uniform(-0.5, 0.5))


def _pimple(lab: np.ndarray, x: float, y: float, unit: float, random: np.random.Generator) -> Planted:
    """A soft reddish bump in a red halo, now and then with a glint on top. Writes into `lab`."""
    radius = unit * random.uniform(0.015, 0.04)
    far = _far(lab, x, y) / radius
    bump, halo = np.exp(-((far / 0.8) ** 2)), np.exp(-((far / 1.5) ** 2))
    lab[..., 0] -= random.uniform(2, 7) * bump
    lab[..., 1] += random.uniform(5, 11) * (0.65 * bump + 0.35 * halo)
    lab[..., 2] += random.uniform(0, 3) * bump
    if random.random() < 0.4:
        glint = _far(lab, x - 0.25 * radius, y - 0.3 * radius) / radius
        lab[..., 0] += random.uniform(4, 9) * np.exp(-((glint / 0.3) ** 2))
    return Planted(x, y, radius, False)


def _mole(lab: np.ndarray, x: float, y: float, unit: float, random: np.random.Generator) -> Planted:
    """A brown disc with a crisp edge. Writes into `lab`."""
    radius = unit * random.uniform(0.012, 0.03)
    disc = np.clip((radius - _far(lab, x, y)) / max(0.8, 0.3 * radius) + 0.5, 0, 1)
    lab[..., 0] -= random.uniform(13, 28) * disc
    lab[..., 1] += random.uniform(0, 4) * disc
    lab[..., 2] += random.uniform(-4, 2) * disc
    return Planted(x, y, radius, True)


def _far(lab: np.ndarray, x: float, y: float) -> np.ndarray:
    height, width = lab.shape[:2]
    return np.hypot(np.arange(width, dtype=np.float32)[None] - x, np.arange(height, dtype=np.float32)[:, None] - y)
