"""What can be wrong with one photo: a short function a fault, each of which says what it saw and what to do.

A new fault is one function `(look) -> Reason | None` and its name in `CHECKS`. Bounds were chosen on portraits of
people of several ages and skin tones: photos that are good keep well away from them.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from headshot_core.enhance import measure
from headshot_core.enhance.denoise import noise_of
from headshot_core.enhance.jpeg import blockiness_of
from headshot_core.enhance.view import Study, View
from headshot_core.gate.covered import Cover, cover_of
from headshot_core.gate.focus import Focus, focus_of
from headshot_core.gate.genuine import Bars, Surface, bars_of, surface_of
from headshot_core.gate.verdict import Reason
from headshot_core.portrait import Portrait

WHOLE = 480
"""Pixels of the photo's longer side in which light is measured."""

COMPARABLE, NEARBY = 0.5, 0.25
"""Another head's height against the first's: from the first on it is a photo of several people."""
FEWEST, FEW = 30, 60
"""Pixels between the eyes: at least, and for good results. ISO/IEC 29794-5 asks 90 of passport photos."""
SOFT, BLURRED = 2.0, 3.3
"""Width of the sharpest edges in hundredths of the inter-eye distance; good photos stay below 1.4."""
SHAKEN_SOFT, SHAKEN = 2.2, 3.3
"""The same in the direction that is most blurred; good photos stay below 1.7."""
DIM, DARK = 1.3, 2.4
"""Stops that are missing."""
SHADED = 3.3
"""Stops that the face is darker than faces mostly are, whatever lies round it: more than any skin in good light."""
BRIGHT, PALE = 1.2, 1.0
"""Stops that the photo, and the face by itself, have too many: a white backdrop alone is none."""
BURNT, BURNT_OUT = 0.1, 0.5
"""Share of the face's skin that was too bright for the camera."""
TURNED, PROFILE = 45, 62
NODDING, LYING = 35, 50
"""Degrees of yaw and of pitch: seldom useful, and of no use."""
EYES_BARE, EYES_DIM, LENS = 0.12, 0.28, 0.5
"""Contrast of covered eyes, of eyes behind dark glass, and how dark the skin is behind it against the cheek."""
NO_MOUTH = ((0.045, 0.25), (0.02, 0.35))
"""Difference of lips from their surroundings, and depth of the line between them, below which (both) there is no
mouth: a mask shows neither, between fingers there may be a line."""
SHUT, SHUT_WEIGHT = 0.12, 0.5
NARROW, NARROW_WEIGHT = 0.18, 0.28
"""Height of the eye's opening against its width with the blink's weight: shut, and so narrow that it may be shut."""
BARS = 0.05
"""Share of the photo that plain bars may take."""
FLAT_TONES, STROKES, OUTLINES = 0.45, 0.3, 0.3
SMOOTHED, SHARP, TEXTURED = 2.4, 1.5, 80
"""The skin's texture below which it was smoothed, in a face that is as sharp and as large as this."""
OVERDRAWN = 0.35
"""Width of the edges, in the direction in which they are widest, that no lens draws on so large a face."""
GRAIN = 5.0
"""Noise in 8-bit steps, as it is on a face of 100 pixels between the eyes."""
BLOCKY = 0.4

ORIGINAL = "Use the original file, as the camera took it."
LIDS = ((159, 145, 33, 133), (386, 374, 263, 362))
"""Landmarks of each eye: upper and lower lid, corners."""


class Look:
    """A portrait and what was measured on it, each once."""

    def __init__(self, portrait: Portrait):
        self.portrait, self.face, self.study = portrait, portrait.face, Study(portrait)

    @cached_property
    def whole(self) -> View:
        window = self.study.whole(WHOLE)
        return View(window, window.photo)

    @cached_property
    def head(self) -> View:
        return View(self.study.head, self.study.head.photo)

    @cached_property
    def exposure(self) -> float:
        """Stops that are missing; negative where it is too bright."""
        return measure.combined(self._signs)

    @cached_property
    def darkness(self) -> float:
        """Stops that are missing in the lightest parts too: black cloth and dark skin in good light lack none."""
        return min(self.exposure, self._signs[-1].value)

    @cached_property
    def _signs(self) -> list[measure.Sign]:
        return measure.exposure_signs(self.whole, self.head)

    @cached_property
    def burnt(self) -> float:
        """Share of the face's skin that is clipped in two channels."""
        skin = measure.skin_pixels(self.head)
        return float((np.sort(skin, -1)[:, 1] > measure.CLIPPED).mean()) if len(skin) else 0.0

    @cached_property
    def focus(self) -> Focus:
        return focus_of(self.study)

    @cached_property
    def cover(self) -> Cover:
        return cover_of(self.study)

    @cached_property
    def bars(self) -> Bars:
        return bars_of(self.study)

    @cached_property
    def surface(self) -> Surface:
        return surface_of(self.study)

    @cached_property
    def grain(self) -> float:
        """Noise in 8-bit steps, as it is on a face of 100 pixels between the eyes."""
        return 255 * noise_of(self.study).luminance * min(1.0, 100 / self.face.inter_eye)

    @cached_property
    def openness(self) -> float:
        """Mean height of the eyes' openings against their widths."""
        points = self.face.points[:, :2]
        return float(np.mean([_apart(points, up, low) / _apart(points, out, into) for up, low, out, into in LIDS]))

    @cached_property
    def blink(self) -> float:
        """Mean weight of both eyes' blink, 0..1."""
        return float(np.mean([self.face.expression[name] for name in ("eyeBlinkLeft", "eyeBlinkRight")]))

    @property
    def others(self) -> list[float]:
        """The other heads' heights against this one's, the largest first."""
        heights = [face.head_height for face in self.portrait.faces if face is not self.face]
        return sorted((height / self.face.head_height for height in heights), reverse=True)

    @property
    def hazy(self) -> bool:
        """So blurred, or so burnt out, that lips and lids cannot be told."""
        return self.focus.all > SOFT or self.focus.worst > SHAKEN or self.burnt > BURNT_OUT

    @cached_property
    def hidden(self) -> bool:
        """Whether something covers eyes or mouth."""
        return bool(covered_eyes(self) or covered_mouth(self))


def _apart(points: np.ndarray, one: int, other: int) -> float:
    return float(np.linalg.norm(points[one] - points[other])) + 1e-6


# Who is in it, and how large.


def several(look: Look) -> Reason | None:
    if not look.others or look.others[0] < NEARBY:
        return None
    if look.others[0] >= COMPARABLE:
        number = 1 + sum(other >= COMPARABLE for other in look.others)
        return Reason("several", f"{number} people are in this photo.", "Use a photo of one person, or crop it.", True)
    return Reason("bystander", "Somebody else's face can be seen in the background.", "Crop the photo if you can.")


def too_small(look: Look) -> Reason | None:
    apart = look.face.inter_eye
    if apart >= FEW:
        return None
    fatal = apart < FEWEST
    says = f"The face is {'far too' if fatal else 'rather'} small: {apart:.0f} pixels between the eyes."
    return Reason("too_small", says, f"Come closer, or use the original photo; {FEW} and more are good.", fatal)


# How it was taken.


def blurred(look: Look) -> Reason | None:
    focus = look.focus
    if focus.shaken and focus.worst > SHAKEN_SOFT:
        advice = "Hold the camera with both hands, or lean it on something; take it in more light."
        return Reason("shaken", "The face is blurred by movement.", advice, focus.worst > SHAKEN)
    if focus.all > SOFT:
        fatal = focus.all > BLURRED
        says = "The face is out of focus." if fatal else "The face is a little out of focus."
        return Reason("blurred", says, "Tap on the face to focus, wipe the lens, and take it again.", fatal)
    return None


def too_dark(look: Look) -> Reason | None:
    if look.darkness > DIM:
        fatal = look.darkness > DARK
        says = "The photo is far too dark." if fatal else "The photo is rather dark."
        return Reason("too_dark", says, "Face a window or a lamp, and take it again.", fatal)
    if measure.face_darkness(look.head) > SHADED and not look.hidden:
        return Reason("in_shadow", "The face lies in deep shadow.", "Turn round, so that the light falls on the face.")
    return None


def too_bright(look: Look) -> Reason | None:
    glaring = look.exposure < -BRIGHT and measure.face_darkness(look.head) < -PALE
    if look.burnt < BURNT and not glaring:
        return None
    fatal = look.burnt > BURNT_OUT
    says = "The face is burnt out: too bright to show skin." if fatal else "The face is rather bright."
    return Reason("too_bright", says, "Step out of the direct light, or tap on the face to expose for it.", fatal)


def grainy(look: Look) -> Reason | None:
    if look.grain < GRAIN:
        return None
    return Reason("grainy", "The photo is very grainy.", "Take it in more light.")


def compressed(look: Look) -> Reason | None:
    if blockiness_of(look.study) < BLOCKY:
        return None
    return Reason("compressed", "The photo was compressed so far that it shows blocks.", ORIGINAL)


# What the face shows.


def covered_eyes(look: Look) -> Reason | None:
    cover = look.cover
    dark_glass = cover.eyes < EYES_DIM and cover.below_eyes < LENS
    if look.burnt > BURNT_OUT or not (dark_glass or cover.eyes < EYES_BARE):
        return None
    return Reason("covered", "The eyes cannot be seen.", "Take sunglasses off, and hair or hands away.", True)


def covered_mouth(look: Look) -> Reason | None:
    cover = look.cover
    if look.hazy or not any(cover.lips < lips and cover.mouth_line < line for lips, line in NO_MOUTH):
        return None
    return Reason("covered", "The mouth cannot be seen.", "Take off the mask, and hands or cup away.", True)


def turned_away(look: Look) -> Reason | None:
    yaw, pitch = abs(look.face.yaw), abs(look.face.pitch)
    fatal = yaw > PROFILE or pitch > LYING
    if yaw > TURNED or fatal:
        says = "The head is seen from the side." if fatal else "The head is turned far to the side."
        return Reason("angle", says, "Turn toward the camera until it sees both eyes well.", fatal)
    if pitch > NODDING:
        how = "up" if look.face.pitch > 0 else "down"
        return Reason("angle", f"The head is tilted far {how}.", "Hold the camera at the height of the eyes.")
    return None


def eyes_closed(look: Look) -> Reason | None:
    if look.hazy:
        return None
    if look.openness < SHUT and look.blink > SHUT_WEIGHT:
        return Reason("eyes_closed", "The eyes are closed.", "Take it again with open eyes.", True)
    if look.openness < NARROW and look.blink > NARROW_WEIGHT:
        return Reason("eyes_closed", "The eyes are nearly closed.", "Choose one with open eyes if you can.")
    return None


# Whether it is a camera's.


def screenshot(look: Look) -> Reason | None:
    bars = look.bars
    if bars.screen:
        advice = "Use the photo itself, from the phone's gallery."
        return Reason("screenshot", "This is a screenshot, or has text round the photo.", advice, True)
    if bars.share > BARS:
        return Reason("bars", "There are plain bars along the edges.", "Crop them off.")
    return None


def drawing(look: Look) -> Reason | None:
    surface = look.surface
    signs = surface.tones > FLAT_TONES, surface.strokes > STROKES, surface.outlines > OUTLINES
    if not any(signs) or look.hidden or look.burnt > BURNT_OUT:
        return None
    return Reason("drawing", "This looks like a drawing or a strong effect, not like a photo.", "Use a photo.", True)


def filtered(look: Look) -> Reason | None:
    """Skin as smooth as no skin is, or edges sharper than a lens draws them, in a large sharp face."""
    texture, focus = look.surface.texture, look.focus
    if look.face.inter_eye < TEXTURED or look.hidden or look.burnt > BURNT or drawing(look):
        return None
    if focus.worst < OVERDRAWN:
        return Reason("filter", "The edges are sharper than any lens draws them: an effect was used.", ORIGINAL)
    if texture is None or texture > SMOOTHED or focus.all > SHARP or focus.worst > SHAKEN_SOFT:
        return None
    advice = "Switch the camera's beauty filter off: it hides what makes the face yours."
    return Reason("filter", "The skin is smooth as wax: a filter was used.", advice)


CHECKS = (
    several,
    too_small,
    screenshot,
    drawing,
    covered_eyes,
    covered_mouth,
    eyes_closed,
    turned_away,
    blurred,
    too_dark,
    too_bright,
    filtered,
    grainy,
    compressed,
)


def faults_of(look: Look) -> tuple[Reason, ...]:
    """All that is wrong with the photo."""
    return tuple(reason for check in CHECKS if (reason := check(look)))
