"""The magic wand: looks at a photo as a retoucher would, and chooses the tools and their settings.

Each measure has a tolerance, the spread that good photos show. What exceeds it is brought well inside: a good photo is
left alone, and a second stroke of the wand finds nothing more to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from headshot_core.enhance import measure
from headshot_core.enhance.blemishes import Blemishes, healed_spots
from headshot_core.enhance.denoise import Denoise, noise_of
from headshot_core.enhance.engine import after
from headshot_core.enhance.eyes import Eyes
from headshot_core.enhance.jpeg import Jpeg, blockiness_of
from headshot_core.enhance.sharpen import Sharpen, softness_of
from headshot_core.enhance.skin import Skin
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.teeth import Teeth
from headshot_core.enhance.tone import ENDS, Tone
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import Study, View, Window

SMALL = 480
"""Longer side, in pixels, of the photo that is measured."""
ROUNDS = 5
"""How often light is measured again after it was changed: its settings act on one another."""
DARK, BRIGHT = 0.4, 0.7
"""Tolerance of the exposure, stops: a light picture is more often meant to be so."""
WARM, PINK = 0.22, 0.13
"""Tolerance of the white balance, units of its sliders."""
KNOWN = 0.6
"""Share of both tolerances where the person's own skin is known."""
VISIBLE = 0.04
"""Change of the white balance that is worth a word."""
BLACK, WHITE = (0.1, 0.03), (0.8, 0.92)
"""Where black may begin at the most and white at the least, sRGB, and where they are brought if they do not."""
BACKLIT = 1.3
"""Stops by which a face may be darker than its scene."""
MOST = {"exposure": (-1.2, 2.0), "shadows": (0.0, 0.6)}
"""How far a slider is moved; others to their ends. Darkening more leaves burnt-out parts as patches."""
INSIDE = 0.4
"""Share of a tolerance at which what exceeded it comes to lie."""
BLOCKS, NOISE, COLOUR_NOISE, SOFT = 0.1, 2.2 / 255, 1.2 / 255, 0.1
"""Compression, noise and softness from which something is done; see `blockiness_of`, `noise_of`, `softness_of`."""
BLOTCHES, REDNESS, SHINE = 1.0, 0.4, 0.15
"""The same for the skin; see `measure.SkinState`."""
EYES, UNDER_EYES, YELLOW = 12.0, 7.0, 10.0
"""The same, in CIELAB, for dark whites of the eyes, shadows under them, and yellow teeth."""
CLUTTER, TILTED = 2.0, (5.0, 15.0)
"""A busy background, see `measure.clutter`, and a leaning head, degrees: more is a pose."""


@dataclass(frozen=True)
class Choice:
    """What the wand would do."""

    stack: Stack
    reasons: tuple[str, ...]
    """plain sentences: what it does and why, or that the photo needs nothing; then what it leaves to the person"""


def choose(study: Study, strength: float = 1.0) -> Choice:
    """The tools and settings that suit this photo; `strength` 0..1 scales all of them."""
    wishes = study.once(_wishes)
    stack = Stack()
    for tool, _ in wishes:
        if strength > 0:
            stack = stack.having(tool.model_copy(update={"strength": strength * tool.strength}))
    reasons = tuple(reason for _, reason in wishes) or ("This photo needs nothing.",)
    return Choice(stack, reasons + study.once(_advice))


def _wishes(study: Study) -> tuple[tuple[Tool, str], ...]:
    """Every tool that the photo needs, with the reason."""
    tone = _settled(study)
    head, own = _lit(study.head, tone), measure.own_skin(study) is not None
    found = (_clean(study, tone), _light(tone, own), _face(study, head), _features(head), _sharp(study))
    return tuple(wish for wishes in found for wish in wishes)


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


def _light(tone: Tone, own: bool) -> Iterator[tuple[Tool, str]]:
    words = [word for word in (_exposure_words(tone), _cast_words(tone, own), _contrast_words(tone)) if word]
    if words:
        yield tone, " ".join(words)


def _settled(study: Study) -> Tone:
    """Light and colour settings after which every measure is within its tolerance, or at the sliders' ends."""
    small, tone = study.whole(SMALL), Tone()
    for _ in range(ROUNDS):
        before = tone
        for better in (_better_colour, _better_light, _better_ends):
            tone = _moved(tone, **better(_lit(small, tone), _lit(study.head, tone)))
        if tone == before:
            break
    return tone


def _lit(window: Window, tone: Tone) -> View:
    """A window in the new light."""
    return after(View(window, window.photo), tone)


def _better_colour(whole: View, head: View) -> dict[str, float]:
    warm, pink = measure.cast(whole, head)
    share = KNOWN if measure.own_skin(head.study) else 1.0
    return {"temperature": _beyond(warm, share * WARM, share * WARM), "tint": _beyond(pink, share * PINK, share * PINK)}


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
    return round(float(np.clip(value, *MOST.get(name, (-1.0, 1.0)))), 3)


def _exposure_words(tone: Tone) -> str:
    if tone.exposure > 0.05:
        return f"The photo is dark: {tone.exposure:.1f} stops brighter."
    if tone.exposure < -0.05:
        return f"The photo is very bright: {-tone.exposure:.1f} stops darker."
    return "The face lies in shadow: the dark parts are lifted." if tone.shadows > 0.03 else ""


def _cast_words(tone: Tone, own: bool) -> str:
    names = []
    if abs(tone.temperature) > VISIBLE:
        names.append("yellow" if tone.temperature < 0 else "blue")
    if abs(tone.tint) > VISIBLE:
        names.append("pink" if tone.tint < 0 else "green")
    done = "skin returned to your own tone" if own else "it is taken out"
    return f"The light has a {' and '.join(names)} cast: {done}." if names else ""


def _contrast_words(tone: Tone) -> str:
    return "The photo is flat: black and white are set." if tone.blacks < -0.02 or tone.whites > 0.02 else ""


# Noise, compression, blur.


def _clean(study: Study, tone: Tone) -> Iterator[tuple[Tool, str]]:
    if study.once(blockiness_of) > BLOCKS:
        yield Jpeg(), "The file was compressed hard: blocks and rings are smoothed."
    noise, louder = study.once(noise_of), 2 ** (max(0.0, tone.exposure) / 2)  # dark parts made lighter show more of it
    if louder * noise.luminance > NOISE or louder * noise.colour > COLOUR_NOISE:
        yield Denoise(), "The photo is noisy: grain is taken down, colour specks first."


def _sharp(study: Study) -> Iterator[tuple[Tool, str]]:
    soft = study.once(softness_of).share
    if soft > SOFT:
        yield (
            Sharpen(strength=round(min(0.8, 0.3 + soft), 2)),
            "The face is a little soft: eyes and hair are sharpened.",
        )


# The face.


def _face(study: Study, head: View) -> Iterator[tuple[Tool, str]]:
    spots = [spot for spot in healed_spots(study, Blemishes()) if spot.kind == "spot"]
    if spots:
        yield Blemishes(), f"{_counted(len(spots), 'spot')} healed; moles and freckles stay."
    state = measure.skin_state(head)
    if state.blotches > BLOTCHES:
        strength = round(float(np.clip((state.blotches - 0.8) / 2, 0.2, 0.7)), 2)
        red, shiny = state.redness > REDNESS, state.shine > SHINE
        words = ["blotches evened"] + ["redness calmed"] * red + ["shine taken down"] * shiny
        yield Skin(strength=strength, redness=0.5 * red, shine=0.5 * shiny), f"Skin: {', '.join(words)}; pores stay."


def _features(head: View) -> Iterator[tuple[Tool, str]]:
    dark, shadow = measure.eye_darkness(head), measure.under_eyes(head)
    if dark > EYES or shadow > UNDER_EYES:
        words = ["the shadows under them lifted"] * (shadow > UNDER_EYES) + ["their whites lighter"] * (dark > EYES)
        eyes = Eyes(strength=0.4, whites=0.6 * (dark > EYES), under_eye=0.6 * (shadow > UNDER_EYES))
        yield eyes, f"Eyes: {' and '.join(words)}."
    if measure.teeth_yellow(head) > YELLOW:
        yield Teeth(strength=0.4), "Teeth: a little less yellow."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


# What is left to the person: it would change more than the photo's quality.


def _advice(study: Study) -> tuple[str, ...]:
    found = []
    if measure.clutter(study) > CLUTTER:
        found.append("The background is busy: Background makes it quieter, or puts another one there.")
    if TILTED[0] < abs(study.face.roll) < TILTED[1]:
        found.append(f"The head leans by {abs(study.face.roll):.0f} degrees: Crop straightens it, if you like.")
    return tuple(found)
