"""The magic wand: looks at a photo as a retoucher would, and chooses the tools and their settings.

Each measure has a tolerance, the spread that good photos show. What exceeds it is brought well inside: a good photo is
left alone, and a second stroke of the wand finds nothing more to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from headshot_core.enhance import measure
from headshot_core.enhance.engine import Heads, after
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tone import ENDS, Tone
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import Study, View

SMALL = 480
"""Longer side, in pixels, of the photo that is measured."""
ROUNDS = 5
"""How often light is measured again after it was changed: its settings act on one another."""
DARK, BRIGHT = 0.4, 0.65
"""Tolerance of the exposure, stops: a light picture is more often meant to be so."""
WARM, PINK = 0.22, 0.13
"""Tolerance of the white balance, units of its sliders."""
BLACK, WHITE = (0.1, 0.03), (0.8, 0.92)
"""Where black may begin at the most and white at the least, sRGB, and where they are brought if they do not."""
BACKLIT = 1.3
"""Stops by which a face may be darker than its scene."""
MOST = {"exposure": 2.0, "shadows": 0.6, "whites": 0.5}
"""How far a slider is moved; others to their ends."""
INSIDE = 0.4
"""Share of a tolerance at which what exceeded it comes to lie."""


@dataclass(frozen=True)
class Choice:
    """What the wand would do."""

    stack: Stack
    reasons: tuple[str, ...]
    """a plain sentence for each thing it does, and why; one that says so where the photo needs nothing"""


def choose(study: Study, strength: float = 1.0) -> Choice:
    """The tools and settings that suit this photo; `strength` 0..1 scales all of them."""
    wishes = study.once(_wishes)
    stack = Stack()
    for tool, _ in wishes:
        if strength > 0:
            stack = stack.having(tool.model_copy(update={"strength": strength * tool.strength}))
    return Choice(stack, tuple(reason for _, reason in wishes) or ("This photo needs nothing.",))


def _wishes(study: Study) -> tuple[tuple[Tool, str], ...]:
    """Every tool that the photo needs, with the reason."""
    return tuple(_tone(study))


def _beyond(value: float, below: float, above: float) -> float:
    """What is to be taken off a value outside -below..above, so that it comes to lie well inside; else 0."""
    limit = above if value > 0 else below
    size = abs(value)
    if size <= limit:
        return 0.0
    # Just outside, little is taken off: two photos that hardly differ are treated alike.
    left = max(INSIDE * limit, limit - 0.6 * (size - limit))
    return float(np.sign(value)) * (size - left)


# Light and colour.


def _tone(study: Study) -> Iterator[tuple[Tool, str]]:
    tone = _settled(study)
    words = [word for word in (_exposure_words(tone), _cast_words(tone), _contrast_words(tone)) if word]
    if words:
        yield tone, " ".join(words)


def _settled(study: Study) -> Tone:
    """Light and colour settings after which every measure is within its tolerance, or at the sliders' ends."""
    heads, small = Heads(study.head), study.whole(SMALL)
    tone = Tone()
    for _ in range(ROUNDS):
        before = tone
        for better in (_better_colour, _better_light, _better_ends):
            whole, head = after(View(small, small.photo), tone), heads.views((tone,))[-1]
            tone = _moved(tone, **better(whole, head))
        if tone == before:
            break
    return tone


def _better_colour(whole: View, head: View) -> dict[str, float]:
    warm, pink = measure.cast(whole, head)
    return {"temperature": _beyond(warm, WARM, WARM), "tint": _beyond(pink, PINK, PINK)}


def _better_light(whole: View, head: View) -> dict[str, float]:
    missing = measure.exposure(whole, head)
    behind = measure.face_darkness(head) - max(missing, 0.0)
    return {"exposure": _beyond(missing, BRIGHT, DARK), "shadows": max(0.0, _beyond(behind, 9, BACKLIT))}


def _better_ends(whole: View, head: View) -> dict[str, float]:
    black, white = measure.ends(whole)
    return {
        "blacks": -(black - BLACK[1]) / ENDS if black > BLACK[0] else 0.0,
        "whites": (1 - white / WHITE[1]) / ENDS if white < WHITE[0] else 0.0,
    }


def _moved(tone: Tone, **steps: float) -> Tone:
    """The settings with these steps added, inside the sliders' bounds."""
    return tone.model_copy(update={name: _within(name, getattr(tone, name) + step) for name, step in steps.items()})


def _within(name: str, value: float) -> float:
    limit = MOST.get(name, 1.0)
    return round(float(np.clip(value, -limit, limit)), 3)


def _exposure_words(tone: Tone) -> str:
    if tone.exposure > 0.05:
        return f"The photo is dark: {tone.exposure:.1f} stops brighter."
    if tone.exposure < -0.05:
        return f"The photo is very bright: {-tone.exposure:.1f} stops darker."
    return "The face lies in shadow: the dark parts are lifted." if tone.shadows > 0.03 else ""


def _cast_words(tone: Tone) -> str:
    if max(abs(tone.temperature), abs(tone.tint)) < 0.02:
        return ""
    names = []
    if abs(tone.temperature) >= 0.02:
        names.append("yellow" if tone.temperature < 0 else "blue")
    if abs(tone.tint) >= 0.02:
        names.append("pink" if tone.tint < 0 else "green")
    return f"The light has a {' and '.join(names)} cast: it is taken out."


def _contrast_words(tone: Tone) -> str:
    return "The photo is flat: black and white are set." if tone.blacks < -0.02 or tone.whites > 0.02 else ""
