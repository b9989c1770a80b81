"""Drawing over a picture, inside a mask, and around a head that is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.adherence.draw import SOME, draw, followed, wishes
from headshot_core.generate.families.stable_diffusion import in_blocks
from headshot_core.micro import readers
from headshot_core.micro.cartoon import Cartoon
from headshot_core.micro.render import render

TITLE = "Over a rendered picture, with another background and shirt wished: what follows, what changes (RMS of 255)"
STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
Masked = Callable[[Cartoon], np.ndarray]
AT = (np.arange(64) + 0.5) / 64


def rows(photos: list[Path]) -> list[dict]:
    """A row for each strength, and for each mask."""
    masked = [inside("torso drawn anew", torso), inside("head kept", surroundings)]
    return [over(strength) for strength in STRENGTHS] + masked


def over(strength: float, count: int = SOME) -> dict:
    """The whole picture drawn over."""
    begun, wished = pairs(count)
    pictures = _rendered(begun)
    drawn = draw(wished, image=_shown(wished, pictures), strength=strength)
    return {"way": f"strength {strength:g}", **_followed(drawn, wished), "changed": _apart(drawn, pictures)}


def inside(way: str, mask: Masked, count: int = SOME) -> dict:
    """The picture drawn anew inside a mask."""
    begun, wished = pairs(count)
    pictures = _rendered(begun)
    masks = [in_blocks(Image.fromarray(mask(one).astype(np.uint8) * 255), 4) for one in begun]
    by_wish = {id(wish): one for wish, one in zip(wished, masks, strict=True)}
    drawn = draw(wished, image=_shown(wished, pictures), mask=lambda wish: by_wish[id(wish)])
    anew = np.stack([np.asarray(one) > 127 for one in masks])
    changed, kept = _apart(drawn[anew], pictures[anew]), _apart(drawn[~anew], pictures[~anew])
    return {"way": way, **_followed(drawn, wished), "changed": changed, "kept region": kept}


def pairs(count: int) -> tuple[list[Cartoon], list[Cartoon]]:
    """Portraits, and the same with the next one's background and shirt."""
    begun = wishes(count)
    others = [*begun[1:], begun[0]]
    return begun, [
        one.but(background=other.background, shirt=other.shirt) for one, other in zip(begun, others, strict=True)
    ]


def torso(one: Cartoon) -> np.ndarray:
    """(64, 64) bool: all below the neck."""
    return np.broadcast_to(AT[:, None] > one.y + 0.66 * one.head, (64, 64))


def surroundings(one: Cartoon) -> np.ndarray:
    """(64, 64) bool: all but the head."""
    return np.hypot((AT[None] - one.x) / 0.45, (AT[:, None] - one.y) / 0.6) > one.head


def _rendered(cartoons: list[Cartoon]) -> np.ndarray:
    return np.stack([render(one) for one in cartoons])


def _shown(wished: list[Cartoon], pictures: np.ndarray) -> Callable[[Cartoon], Image.Image]:
    by_wish = {id(wish): Image.fromarray(picture) for wish, picture in zip(wished, pictures, strict=True)}
    return lambda wish: by_wish[id(wish)]


def _followed(drawn: np.ndarray, wished: list[Cartoon]) -> dict[str, float]:
    read = readers.read(drawn)
    return {trait: followed(read, wished, trait) for trait in ("background", "shirt", "hair", "skin")}


def _apart(drawn: np.ndarray, pictures: np.ndarray) -> float:
    return float(np.sqrt(np.mean((drawn.astype(np.float32) - pictures) ** 2)))
