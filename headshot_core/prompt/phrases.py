"""What a recipe's settings are called in words: backdrop, size of the head, pose."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from headshot_core import colour
from headshot_core.prompt.words import ARMS, BACKDROPS, COLOURS, FOCUS, POSES, SIZES
from headshot_core.recipe import Pose, Recipe

if TYPE_CHECKING:
    from headshot_core.generate.figure import Stance

LIT = 0.4
"""Brightness of the backdrop, up or down, from which it is worth a word."""


def size_word(recipe: Recipe) -> str:
    """What a picture is called whose head is as large as the frame and the pose's distance make it."""
    return next(word for least, word in SIZES if head_share(recipe) >= least)


def head_share(recipe: Recipe) -> float:
    """Head height against the picture's."""
    from headshot_core.studio.framing import rule_of

    return rule_of(recipe.frame).head * recipe.frame.zoom / stance(recipe).distance


def stance(recipe: Recipe) -> Stance:
    """How the recipe's pose holds the person; of a photo whose pose is copied only what the sliders say."""
    from headshot_core.generate.pose import stance_of

    return stance_of(_unread(recipe.pose))


def backdrop_words(recipe: Recipe, mono: bool = False) -> str:
    """The backdrop in words; empty where a picture says it. `mono`: without colours."""
    from headshot_core.studio.backdrops import get

    backdrop, kind = recipe.backdrop, get(recipe.backdrop.kind)
    place = BACKDROPS.get(backdrop.kind) or BACKDROPS["image"]
    if not place.words:
        return ""
    shades = ("light", "dark") if mono else (backdrop.colour or kind.colour, backdrop.accent or kind.accent)
    colours = {
        name: shade if mono else colour_name(shade) for name, shade in zip(("colour", "accent"), shades, strict=True)
    }
    words = [place.words.format(**colours)]
    if place.deep:
        words.append(next(focus for most, focus in FOCUS if backdrop.blur < most))
    if abs(backdrop.brightness) >= LIT:
        words.append("brightly lit" if backdrop.brightness > 0 else "kept dark")
    return ", ".join(words)


@lru_cache(maxsize=256)
def colour_name(code: str) -> str:
    """The nearest of the colours that have a name, in CIELAB."""
    shades = np.array([colour.hex_to_rgb(shade) for shade in (code, *COLOURS.values())], np.float32)
    wanted, *known = colour.to_lab(shades[None])[0]
    return list(COLOURS)[int(np.linalg.norm(np.array(known) - wanted, axis=1).argmin())]


def light_words(recipe: Recipe) -> str:
    """The light as a photographer would say it; of a photo whose pose is copied only what the sliders say."""
    from headshot_core.generate.light import words

    return words(recipe.model_copy(update={"pose": _unread(recipe.pose)}))


def _unread(pose: Pose) -> Pose:
    """The pose with its sliders, without a look at the photo that it is copied from."""
    return pose.model_copy(update={"name": "free"}) if pose.name == "photo" else pose


# The pose.

TURNS = ((8, ""), (22, "head turned slightly to the {side}"), (50, "three-quarter view, head turned to the {side}"))
PROFILE = "profile view, facing {side}"
STRAIGHT = "head facing the camera"
SMALL = 6.0
"""Degrees of a nod, a tilt or a turn of the shoulders against the head from which it is worth a word."""


def pose_words(recipe: Recipe) -> list[str]:
    """How head and shoulders are held; nothing where the model is free, or a photo shows it."""
    pose = recipe.pose
    angles = (pose.yaw, pose.pitch, pose.roll, pose.shoulders, pose.lean)
    if pose.name in ("free", "photo") and all(angle is None for angle in angles):
        return []
    held = stance(recipe)
    words = [POSES.get(pose.name, ""), ARMS[held.arms], turned(held.yaw)]
    if abs(held.pitch) >= SMALL:
        words.append("chin raised" if held.pitch > 0 else "chin lowered")
    if abs(held.roll) >= SMALL:
        words.append(f"head tilted to the {_side(held.roll)}")
    if abs(held.shoulders - held.yaw) >= 2 * SMALL:
        aside = abs(held.shoulders) >= 2 * SMALL
        words.append(f"shoulders turned to the {_side(held.shoulders)}" if aside else "shoulders square to the camera")
    return [word for word in words if word]


def _side(angle: float) -> str:
    return "right" if angle > 0 else "left"


def turned(yaw: float) -> str:
    """What a head turned by so many degrees is called."""
    turn = next((words for most, words in TURNS if abs(yaw) < most), PROFILE)
    return turn.format(side=_side(yaw)) or STRAIGHT
