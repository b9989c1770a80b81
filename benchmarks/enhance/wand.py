"""The wand on photos spoilt by known amounts: how far back does it bring the face's colour?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from headshot_core import colour
from headshot_core.enhance import wand
from headshot_core.enhance.engine import enhance
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tone import gains
from headshot_core.enhance.view import Study
from headshot_core.face import regions
from headshot_core.photo import read_photo, to_bytes
from headshot_core.portrait import Portrait, analyse

TITLE = "Wand: mean CIELAB distance of the face from the good photo, spoilt and after; the way back in per cent"
SIDE = 1000
"""Photos are made smaller than this first: colour needs no more."""


def _in_light(stops: float = 0.0, temperature: float = 0.0, tint: float = 0.0) -> Callable[[np.ndarray], np.ndarray]:
    factors = 2**stops * gains(temperature, tint)
    return lambda pixels: colour.to_srgb(np.clip(colour.to_linear(pixels) * factors, 0, 1))


def _noisy(pixels: np.ndarray) -> np.ndarray:
    return pixels + np.random.default_rng(0).normal(0, 0.05, pixels.shape).astype(np.float32)


SPOILT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "+1.5 stops": _in_light(1.5),
    "-1.5 stops": _in_light(-1.5),
    "warm": _in_light(temperature=0.45),
    "cool": _in_light(temperature=-0.45),
    "pink": _in_light(tint=0.35),
    "green": _in_light(tint=-0.35),
    "flat": lambda pixels: 0.25 + 0.5 * pixels,
    "dim, warm and noisy": lambda pixels: _noisy(_in_light(-1.5, 0.4)(pixels)),
}


def rows(photos: list[Path]) -> list[dict]:
    """A row a kind of harm, then their mean, and last what happens to the good photos themselves."""
    goods = [analyse(read_photo(_small(photo))) for photo in photos]
    table = [_row(name, spoil, goods) for name, spoil in SPOILT.items()]
    means = {key: float(np.mean([row[key] for row in table])) for key in table[0] if key != "photo was"}
    good = _row("good", lambda pixels: pixels, goods)
    worst = {"photo was": "good, worst case"} | {name: max(values) for name, values in _distances(goods).items()}
    return [*table, {"photo was": "mean"} | means, {key: good[key] for key in good if "back" not in key}, worst]


def _small(photo: Path) -> Image.Image:
    image = read_photo(photo).image
    image.thumbnail((SIDE, SIDE))
    return image


def _row(name: str, spoil: Callable, goods: list[Portrait]) -> dict:
    seen = [_seen(spoil, good) for good in goods]
    means = {key: float(np.mean([one[key] for one in seen])) for key in seen[0]}
    back = {f"{key} back %": 100 * (1 - means[key] / max(means["spoilt"], 1e-6)) for key in METHODS}
    return {"photo was": name} | means | back


def _distances(goods: list[Portrait]) -> dict[str, list[float]]:
    seen = [_seen(lambda pixels: pixels, good) for good in goods]
    return {key: [one[key] for one in seen] for key in seen[0]}


def _seen(spoil: Callable, good: Portrait) -> dict[str, float]:
    """Distance of the face's mean colour from the good photo's: spoilt, and after each method."""
    pixels = good.pixels.astype(np.float32) / 255
    spoilt = to_bytes(np.clip(spoil(pixels), 0, 1).astype(np.float32))
    face = regions.bare_face(good.face, pixels.shape[:2]) & (Study(good).whole().skin > 0.5)
    goal = _mean(good.pixels, face)
    found = {"spoilt": spoilt} | {name: method(spoilt) for name, method in METHODS.items()}
    return {name: float(np.linalg.norm(_mean(picture, face) - goal)) for name, picture in found.items()}


def _mean(picture: np.ndarray, face: np.ndarray) -> np.ndarray:
    return colour.to_lab(picture[face][None].astype(np.float32) / 255)[0].mean(0)


def _wand(picture: np.ndarray) -> np.ndarray:
    portrait = analyse(read_photo(Image.fromarray(picture)))
    steps = [step for step in wand.choose(Study(portrait)).stack.steps if step.tool not in ("crop", "upscale")]
    return enhance(portrait, Stack(steps=steps)).picture


def _autocontrast(picture: np.ndarray) -> np.ndarray:
    return np.asarray(ImageOps.autocontrast(Image.fromarray(picture), cutoff=0.5))


def _clahe(picture: np.ndarray) -> np.ndarray:
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(lab[..., 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def _grey_world(picture: np.ndarray) -> np.ndarray:
    means = picture.reshape(-1, 3).mean(0)
    return np.clip(picture * (means.mean() / means), 0, 255).astype(np.uint8)


METHODS = {"wand": _wand, "autocontrast": _autocontrast, "CLAHE": _clahe, "grey world": _grey_world}
