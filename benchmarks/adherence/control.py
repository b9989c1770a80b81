"""Do the ControlNets hold the pose and the light that their pictures show, alone and together?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.adherence.draw import SOME, Read, adherence, draw, unsaid, wishes
from headshot_core.generate.call import Control
from headshot_core.micro import readers
from headshot_core.micro.cartoon import Cartoon
from headshot_core.micro.make.controlnet import picture

TITLE = "ControlNets: mean error against what they are shown, with prompts that name neither turn nor light"
UNSAID = ("turn", "light")
REST = ("background", "shirt", "hair", "glasses")
WAYS: dict[str, dict[str, dict]] = {
    "neither": {},
    "pose": {"pose": {}},
    "light": {"light": {}},
    "both": {"pose": {}, "light": {}},
    "pose, strength 0.5": {"pose": {"strength": 0.5}},
    "light, strength 0.5": {"light": {"strength": 0.5}},
    "both, from half the steps on": {"pose": {"start": 0.5}, "light": {"start": 0.5}},
    "both, up to half the steps": {"pose": {"end": 0.5}, "light": {"end": 0.5}},
}
"""What is shown, and how."""


def rows(photos: list[Path]) -> list[dict]:
    """A row for each way."""
    wished = wishes(SOME)
    return [{"shown": way, **errors(read(way, wished), wished)} for way in WAYS]


def read(way: str, wished: Sequence[Cartoon]) -> Read:
    """Readings of pictures that are drawn that way."""
    return readers.read(draw(wished, unsaid(*UNSAID), controls=lambda wish: controls(wish, WAYS[way])))


def controls(wish: Cartoon, shown: dict[str, dict]) -> tuple[Control, ...]:
    """The wish's ControlNet pictures."""
    return tuple(Control(kind, picture(kind, wish), **{"strength": 1.0, **how}) for kind, how in shown.items())


def errors(found: Read, wished: Sequence[Cartoon]) -> dict[str, float]:
    """Mean errors: yaw and light in degrees, the head's place in shares of the picture; and what else follows."""
    pairs = list(zip(found, wished, strict=True))
    return {
        "yaw": float(np.mean([abs(one.yaw - wish.yaw) for one, wish in pairs])),
        "light": float(np.mean([readers.apart(one.lamps, wish.lamps) for one, wish in pairs])),
        "place": float(np.mean([np.hypot(one.x - wish.x, one.y - wish.y) for one, wish in pairs])),
        "size": float(np.mean([abs(one.head - wish.head) for one, wish in pairs])),
        "rest followed": adherence(found, wished, REST),
    }
