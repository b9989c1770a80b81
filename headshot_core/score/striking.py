"""Striking features: sharp and open eyes, a face with enough pixels, nothing in front of it.

Every measure is relative (to the face's size, to the picture's white, to the skin beside), so that neither light nor
skin tone nor size of the head move it. Bounds were set on some 90 portraits that were looked at one by one, and on the
same with masks, cups, phones, hair and sunglasses painted in.
"""

from __future__ import annotations

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance import features, glasses
from headshot_core.enhance.denoise import SPLIT, Denoise
from headshot_core.enhance.eyes import Eyes, Iris, shown, without_glint
from headshot_core.enhance.features import Eye
from headshot_core.enhance.jpeg import Jpeg, blockiness_of
from headshot_core.enhance.sharpen import Sharpen
from headshot_core.enhance.upscale import Upscale
from headshot_core.errors import HeadshotError
from headshot_core.face import regions
from headshot_core.score import ofiq
from headshot_core.score.look import Look
from headshot_core.score.report import Fix, Measure, between

NAME, TITLE, WEIGHT = "striking", "Striking features", 0.2

FINE = 0.01
"""The finer of two blurs whose gradients are compared, in inter-eye distances; a pixel at the least."""
EDGES, SHARPEST = 85, 25
"""Percentile of gradients from which a place is an edge; percentile of the edges' widths that counts."""
BLURRED, SHARP = 0.055, 0.008
"""Blur of the face's sharpest edges, in inter-eye distances."""
LOST = 0.045
"""The same, from which sharpening brings nothing back."""
NOISY, CLEAN = 0.06, 0.014
"""Noise in a picture with the head some 400 pixels high, to its white."""
FLAT, FLATTEST, BLOCK = 15, 0.86, 16
"""Percentile of the blocks that show noise and nothing else, what it gives of the true deviation, a block's pixels."""
SMOOTHED = 0.6
"""A view made smaller by some factor shows less noise by this power of it: neighbours are no longer independent."""
BLOCKS, NO_BLOCKS = 0.8, 0.12
"""Compression; see `blockiness_of`."""
FEW, ENOUGH = 20.0, 90.0
"""Pixels between the eyes; a headshot 1024 pixels high has some 120 to 180."""
ENLARGED = 1.4
"""What enlarging with a net is worth at the most: it makes edges crisp, and knows no more of the face."""
HIDDEN, SEEN = 0.08, 0.22
"""How much darker an iris is than the white beside it: hair, hands and dark lenses show no difference."""
GLARING, CLEAR = 0.5, 0.1
"""Share of the glasses' lenses that reflect."""
SHUT, OPEN = 0.018, 0.045
"""EyesOpen, in T: lids that are closed, and the least of eyes that laugh; mostly it is 0.055 to 0.10."""
BLUR_SHUTS = 0.25
"""How much narrower an eye looks to the landmarks, in T, for each inter-eye distance of blur."""
DEAD, ALIVE = 0.06, 0.26
"""How much brighter the lightest spot of an iris is than what lies round it, to the picture's white."""
SMALL_IRIS = 3.5
"""Radius in pixels below which no catchlight can be told."""
SIDEWAYS = 30.0
"""Degrees of yaw from which the eye that is turned away does not count."""
SKIN_COLOUR, OTHER_COLOUR = 0.38, 0.58
"""How much less red and bluer than the rest a part of a face may be, and masks are: log2 of ratios to green."""
SHADE, BLACK = 1.8, 2.8
"""Stops by which both sides of a face, or the tip of the nose, are darker than the rest: shade, and a black thing."""
BURNT = -0.05
"""log2 of the luminance from which skin is burnt out."""
# fmt: off
PARTS = {
    "nose": ([1, 4, 45, 275, 5],),
    "cheeks": ([50, 101, 36, 205, 118], [280, 330, 266, 425, 347]),
    "eyes": ([118, 119, 100, 101], [347, 348, 329, 330]),
}
"""Places where no face has hair; of pairs, left and right in the picture."""
BETWEEN = ([9, 8, 168, 107, 336], [6, 197, 196, 419])
"""More skin to compare with."""
# fmt: on


def measures(look: Look) -> tuple[Measure, ...]:
    """What counts for this pillar."""
    return (
        _sharpness(look),
        _noise(look),
        _compression(look),
        _resolution(look),
        _eyes_seen(look),
        _eyes_open(look),
        _catchlight(look),
        _uncovered(look),
    )


def _grey(pixels: np.ndarray) -> np.ndarray:
    return cv2.transform(pixels, SPLIT[:1])


def _white(look: Look) -> float:
    """Brightness of the picture's lightest parts, sRGB."""
    return max(float(np.percentile(_grey(look.whole.pixels), 98)), 0.05)


# The quality of the picture.


def _sharpness(look: Look) -> Measure:
    blur = look.once(blur_of)
    score, fix = between(blur, BLURRED, SHARP), None
    if score == 100:
        says = "The face is sharp."
    elif score > 55:
        says = "The face is a little soft."
    else:
        says = "The face is blurred: hold still, tap the eyes to focus, and take it again."
    if score < 100:
        fix = _sharpening(look, blur)
    return Measure("sharpness", "Sharpness", blur, "of the eyes' distance", score, 60, says, fix=fix)


def _sharpening(look: Look, blur: float) -> Fix | None:
    used, strength = look.stack.of(Sharpen), round(float(np.clip(0.4 + 20 * blur, 0.5, 0.9)), 2)
    if blur > LOST or (used and used.on and used.strength >= strength):
        return None
    return Fix("Sharpen eyes and hair", {"sharpen": {"strength": strength, "deblur": 0.6}})


def blur_of(look: Look) -> float:
    """Blur of the face's sharpest edges in inter-eye distances, from its gradients at two scales (Zhuo & Sim 2011).

    A ratio of gradients: neither light nor contrast matter. What one pixel's size blurs is not counted.
    """
    view = look.face
    grey, fine = _grey(view.pixels), max(1.0, FINE * view.unit)
    first, second = (_gradient(cv2.GaussianBlur(grey, (0, 0), scale * fine)) for scale in (1, 2))
    places = regions.features(view.face, view.window.shape)
    edges = places & (first > np.percentile(first[places], EDGES)) if places.any() else places
    if edges.sum() < 10:
        return 0.0
    ratio = np.maximum(first[edges] / (second[edges] + 1e-6), 1.01)
    widths = fine * np.sqrt(np.maximum((4 - ratio**2) / (ratio**2 - 1), 0))
    return float(np.sqrt(max(0.0, np.percentile(widths, SHARPEST) ** 2 - 1)) / view.unit)


def _gradient(grey: np.ndarray) -> np.ndarray:
    return cv2.magnitude(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1))


def _noise(look: Look) -> Measure:
    noise = look.once(noise_of)
    score, fix = between(noise, NOISY, CLEAN), None
    if score == 100:
        says = "The picture is clean."
    else:
        says = f"The picture is {'noisy' if score < 60 else 'a little noisy'}: more light on the face keeps grain away."
        used = look.stack.of(Denoise)
        if used is None or not used.on or used.strength * used.luminance < 0.8:
            fix = Fix("Take the noise out", {"denoise": {"strength": 0.9, "luminance": 1.0}})
    return Measure("noise", "Noise", 100 * noise, "% of white", score, 35, says, fix=fix)


def noise_of(look: Look) -> float:
    """Deviation of the brightness in the flattest places about the head (Immerkær 1996), as a share of white.

    To white, as darker pictures have less of it in sRGB, but no less to see.
    """
    grey = _grey(look.face.pixels)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    energy, level = (
        cv2.blur(array, (BLOCK, BLOCK))[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]
        for array in (cv2.filter2D(grey, -1, kernel) ** 2, grey)
    )
    usable = energy[(level > 0.04) & (level < 0.96)]  # clipped places hide their noise
    if len(usable) < 6:
        return 0.0
    noise = float(np.sqrt(max(0.0, np.percentile(usable, FLAT)))) / FLATTEST
    return noise / look.face.window.scale**SMOOTHED / look.once(_white)


def _compression(look: Look) -> Measure:
    blocks = _blocks(look)
    score, fix = between(blocks, BLOCKS, NO_BLOCKS), None
    if score == 100:
        says = "No traces of compression."
    else:
        says = "The file was compressed hard: use the original, not one that a messenger sent on."
        fix = Fix("Clean up compression", {"jpeg": {"strength": 1.0}})
    return Measure("compression", "Compression", 100 * blocks, "%", score, 35, says, fix=fix)


def _blocks(look: Look) -> float:
    """The photo's compression, less what the tool takes out. Read at full size: small views have no blocks left."""
    tool = look.stack.of(Jpeg)
    return look.study.once(blockiness_of) * (1 - tool.strength if tool and tool.on else 1.0)


def _resolution(look: Look) -> Measure:
    pixels = _detail(look)
    score, fix = between(pixels, FEW, ENOUGH), None
    if score == 100:
        says = "The face has enough pixels, for print too."
    else:
        says = f"The face is small in the photo: some {pixels:.0f} pixels between the eyes"
        says += ", enough for a small picture." if score > 45 else ". Take it from nearer, or use the original file."
        fix = _enlarging(look)
    standard = ofiq.standard("InterEyeDistance")
    return Measure(
        "resolution", "Pixels of the face", pixels, "pixels between the eyes", score, 45, says, standard, fix
    )


def _enlarging(look: Look) -> Fix | None:
    used = look.stack.of(Upscale)
    if used is not None and not used.idle:
        return None
    try:
        Upscale(to="2x").size(*look.size)
    except HeadshotError:  # there would be more pixels than it can make
        return None
    return Fix("Enlarge the picture", {"upscale": {"to": "2x"}})


def _detail(look: Look) -> float:
    """Pixels between the eyes that the photo has something to show in."""
    upscale = look.stack.of(Upscale)
    net = upscale is not None and not upscale.idle and upscale.method != "plain"
    taken = ofiq.inter_eye_distance(look.study.face) / max(1.0, look.study.portrait.photo.enlarged)
    return taken * min(look.scale, ENLARGED if net else 1.0)


# Eyes.


def eye_opening(look: Look) -> float:
    """EyesOpen, in T; blurred eyes, which look narrower than they are, get the benefit of the doubt."""
    return ofiq.eyes_open(look.study.face) + BLUR_SHUTS * look.once(blur_of)


def _eyes_open(look: Look) -> Measure:
    opening = eye_opening(look)
    score = between(opening, SHUT, OPEN)
    says = (
        "The eyes are open." if score == 100 else "The eyes are half closed." if score > 35 else "The eyes are closed."
    )
    return Measure("open", "Open eyes", opening, "of eyes to chin", score, 40, says, ofiq.standard("EyesOpen"))


def _eyes_seen(look: Look) -> Measure:
    def measure(value: float | None, score: float, says: str, fix: Fix | None = None) -> Measure:
        return Measure(
            "seen", "Eyes in sight", value, "iris to white", score, 45, says, ofiq.standard("EyesVisible"), fix
        )

    contrasts = [contrast for contrast in look.once(_irises) if contrast is not None]
    if not contrasts:
        return measure(None, 100, "Closed eyes hide their irises.")
    seen, glare, fix = min(contrasts), _glare(look), None
    hidden, mirrored = between(seen, HIDDEN, SEEN), between(glare, GLARING, CLEAR)
    if mirrored < hidden:
        used = look.stack.of(glasses.Glasses)
        if glasses.glare(look.study).reducible and (used is None or not used.on or used.strength < 0.9):
            fix = Fix("Reduce the glare", {"glasses": {"strength": 0.9}})
        return measure(seen, mirrored, "The glasses mirror light: tilt them a little, or move the lamp aside.", fix)
    if hidden < 100:
        which = "An eye is" if max(contrasts) > SEEN else "The eyes are"
        return measure(seen, hidden, f"{which} hidden, by hair, a hand, dark lenses or deep shadow.")
    return measure(
        seen, 100, "Both eyes are in full sight." if len(contrasts) == 2 else "The near eye is in full sight."
    )


def _glare(look: Look) -> float:
    """Share of the lenses that reflect, less what the tool takes out; squeezed eyes look like glasses."""
    if ofiq.eyes_open(look.study.face) < OPEN:
        return 0.0
    found, tool = glasses.glare(look.study), look.stack.of(glasses.Glasses)
    reduced = (1 - found.blown) * tool.strength if tool and tool.on else 0.0
    return found.share * (1 - reduced)


def _irises(look: Look) -> tuple[float | None, float | None]:
    """For either eye, how much darker the iris is than the white beside it, as a share; None where it is not seen."""
    if ofiq.eyes_open(look.study.face) < (SHUT + OPEN) / 2:
        return None, None
    left, right = (_contrast(look, eye) for eye in look.study.once(features.eyes))
    yaw = look.study.face.yaw
    return None if yaw < -SIDEWAYS else left, None if yaw > SIDEWAYS else right


def _contrast(look: Look, eye: Eye) -> float | None:
    grey, iris, opening = _close(look, eye)
    inside, beside = grey[(iris.away < 0.9) & (opening > 0.5)], grey[(iris.away > 1.1) & (opening > 0.5)]
    if len(inside) < 4 or len(beside) < 4:
        return None
    white = float(np.percentile(beside, 80))
    return (white - float(np.median(inside))) / max(white, 0.01)


def _close(look: Look, eye: Eye) -> tuple[np.ndarray, Iris, np.ndarray]:
    """Brightness round an eye, (h, w), where its iris lies there, and where its lids are open (h, w), 0..1."""
    view = look.face
    x0, y0, x1, y1 = box = features.place(view.window, eye.window)
    part = view.window.part(box)
    return _grey(view.pixels[y0:y1, x0:x1]), Iris.of(part, eye), features.laid(part, eye.opening, eye.window)


def _catchlight(look: Look) -> Measure:
    def measure(value: float | None, score: float, says: str, fix: Fix | None = None) -> Measure:
        return Measure("catchlight", "Catchlight", value, "of white", score, 10, says, fix=fix)

    light = look.once(catchlight)
    if light is None:
        return measure(None, 100, "The eyes are too small, or too far closed, to tell of a catchlight.")
    score = between(light, DEAD, ALIVE)
    if score == 100:
        return measure(light, score, "Light sparkles in the eyes.")
    says = "The eyes have hardly a catchlight: face a window or a lamp."
    return measure(light, score, says, _new_catchlight(look))


def _new_catchlight(look: Look) -> Fix | None:
    """Only where the tool sees none at all: what is there it would hardly change."""
    used = look.stack.of(Eyes)
    if look.study.once(without_glint) < 0.5 or not shown(look.study):
        return None
    if used is None:
        others = {"whites": 0.0, "iris": 0.0, "under_eye": 0.0}
        return Fix("Add a catchlight", {"eyes": {"strength": 0.8, "catchlight": 0.8} | others})
    if used.on and used.strength * used.catchlight > 0.5:
        return None
    return Fix("Add a catchlight", {"eyes": {"strength": max(0.8, used.strength), "catchlight": 0.8}})


def catchlight(look: Look) -> float | None:
    """How much brighter an iris' lightest spot is than what lies round it, to the picture's white.

    Of the eye that shows more; None where neither can be seen well enough.
    """
    spot = look.once(_brightest)
    return None if spot is None else spot / look.once(_white)


def _brightest(look: Look) -> float | None:
    if ofiq.eyes_open(look.study.face) < (SHUT + OPEN) / 2:
        return None
    found = [_spot(look, eye) for eye in look.study.once(features.eyes)]
    found = [spot for spot in found if spot is not None]
    return max(found) if found else None


def _spot(look: Look, eye: Eye) -> float | None:
    grey, iris, opening = _close(look, eye)
    disc = (iris.away < 0.85) & (opening > 0.6)
    if iris.radius < SMALL_IRIS or disc.sum() < 6:
        return None
    size = max(3, int(0.7 * iris.radius))
    ground = cv2.morphologyEx(grey, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return float((grey - ground)[disc].max())


# What covers the face.


def _uncovered(look: Look) -> Measure:
    parts = look.once(covered)
    share = max(parts.values())
    says = "Nothing covers the face."
    if share > 0:
        where = " and ".join(name for name, sure in parts.items() if sure > 0)
        says = f"Something seems to cover the {where}: show the whole face."
    return Measure("uncovered", "Uncovered face", 100 * share, "% covered", 100 * (1 - share), 45, says)


def covered(look: Look) -> dict[str, float]:
    """0..1 for each of `PARTS`: how surely it is not skin, such as a mask, a cup, a phone or dark glasses.

    Colour is compared without brightness, and of pairs both sides together: shade, hard light from the side, make-up
    and beards do not count. A hand has the face's colour and is not found.
    """
    groups = [[_skin_at(look, points) for points in pair] for pair in (*PARTS.values(), BETWEEN)]
    usual = np.median(np.concatenate(groups), 0)
    return {name: _foreign(np.array(group), usual) for name, group in zip(PARTS, groups, strict=False)}


def _foreign(places: np.ndarray, usual: np.ndarray) -> float:
    """0..1, from how far the places (N, 3) of one part are from the usual (3,)."""
    apart = places - usual
    if (apart[:, 2] < -SHADE).all():
        return between(-float(apart[:, 2].max()), SHADE, BLACK) / 100
    coloured = apart[(apart[:, 2] > -SHADE) & (places[:, 2] < BURNT)]  # neither shade nor burnt-out skin shows colour
    if not len(coloured):
        return 0.0
    redder, bluer = coloured[:, :2].mean(0)  # a nose may be redder, but hardly anything is as red as skin
    return between(float(np.hypot(min(redder, 0), max(bluer, 0))), SKIN_COLOUR, OTHER_COLOUR) / 100


def _skin_at(look: Look, points: list[int]) -> np.ndarray:
    """(3,) log2 of red to green, blue to green, and luminance, of the median colour about some landmarks."""
    view = look.head
    (x, y), reach = view.face.points[points, :2].mean(0), max(2.0, 0.07 * view.unit)
    height, width = view.window.shape
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    rows, columns = (slice(max(0, int(at - reach)), int(at + reach) + 1) for at in (y, x))
    seen = np.median(view.pixels[rows, columns].reshape(-1, 3), 0)
    red, green, blue = linear = colour.to_linear(seen) + np.float32(0.004)  # black has no colour
    return np.log2([red / green, blue / green, colour.luminance(linear)])
