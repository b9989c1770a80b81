"""Light for pictures that are drawn anew, by the studio's pattern names and sliders; and read off the finished picture.

A light goes into a drawing as a lit canonical head and shoulders, whose broad light and dark the drawing begins with
(an idea of IC-Light, Zhang et al., ICLR 2025), and as words of the prompt. What came of it is measured afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from headshot_core import colour
from headshot_core.face import regions
from headshot_core.face.landmarks import Face
from headshot_core.generate import figure, pose
from headshot_core.generate.call import LightStart
from headshot_core.photo import to_bytes
from headshot_core.portrait import Portrait
from headshot_core.recipe import Backdrop, Frame, Light, Recipe
from headshot_core.studio import backdrops, composite
from headshot_core.studio.frame import framed
from headshot_core.studio.light import Lamps, lamps, pattern_of, wrapped
from headshot_core.studio.relight import Shading

SIDE = -1
"""Where a key stands that stands where the photo's light comes from, without a photo: the viewer's left."""


def lamps_of(recipe: Recipe) -> Lamps:
    """The recipe's light in full, for a picture without a photo: short and broad go by the pose's turn."""
    return lamps(recipe.light, pose.stance_of(recipe.pose).yaw, SIDE)


# What the drawing begins with.

GROUND = "studio_grey"
"""The backdrop of a start whose recipe keeps a photo's own background."""
LONGEST = 512
"""Pixels of the longer side in which the figure is lit: only its broad light and dark count."""


GREY, DARKEST = 0.18, 0.02
"""Linear reflectance of a start's figure: a photographer's grey card; and the least that is taken for the lit one's."""


def lit(recipe: Recipe, size: tuple[int, int]) -> Image.Image:
    """A canonical figure in the recipe's pose, under its lamps and before its backdrop, out of focus.

    `size`: width, height in pixels.
    """
    return _resized(_scene(recipe, size)[0], size)


def backdrop(recipe: Recipe, size: tuple[int, int]) -> Image.Image:
    """What stands behind that figure, alone."""
    return _resized(_scene(recipe, size)[1], size)


def _resized(linear: np.ndarray, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(to_bytes(colour.to_srgb(linear))).resize(size, Image.Resampling.BICUBIC)


def _scene(recipe: Recipe, size: tuple[int, int], plain: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The whole picture and its background, small, linear (h, w, 3).

    `plain`: the figure is grey all over, for a drawing must not take its skin or hair from what lights it.
    """
    shrink = min(1.0, LONGEST / max(size))
    width, height = (max(16, round(side * shrink)) for side in size)
    lights = lamps_of(recipe)
    lights = replace(lights, strength=float(lights.strength > 0))  # how much of it counts, the start's strength says
    shown = figure.render(pose.stance_of(recipe.pose), (width, height), recipe.frame, lights)
    settings = Backdrop(kind=GROUND) if recipe.own_background else recipe.backdrop
    kind = backdrops.get(settings.kind)
    middle, head = (shown.face.crown + shown.face.chin) / 2, shown.face.head_height
    keyed = recipe.light.model_copy(update={"azimuth": lights.azimuth, "elevation": lights.elevation})
    stage = backdrops.Stage(width, height, (float(middle[0]), float(middle[1]), head), keyed, recipe.seed)
    behind = colour.to_linear(backdrops.render(settings.model_copy(update={"blur": 1.0}), stage))
    person = colour.to_linear(shown.lit / np.float32(255))
    if plain:
        person = GREY * person / np.maximum(colour.to_linear(shown.bare / np.float32(255)), DARKEST)
    return composite.join(person, shown.alpha, behind, kind.wall, kind.spill, lights, head), behind


def start(recipe: Recipe, size: tuple[int, int]) -> LightStart | None:
    """What the drawing begins with; None where the light is left to the model."""
    strength = recipe.generate.light * lamps_of(recipe).strength
    return LightStart(_resized(_scene(recipe, size, plain=True)[0], size), strength) if strength > 0 else None


def ball(lights: Lamps, size: tuple[int, int]) -> Image.Image:
    """A grey ball under the lamps before black: what a ControlNet for light is shown. `size`: width, height.

    It says where the key stands, how soft it is and how deep its shadows are, and nothing of a pose.
    """
    width, height = size
    radius = min(size) / 2
    x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2)[None] / radius
    y = (np.arange(height, dtype=np.float32) + 0.5 - height / 2)[:, None] / radius
    deep = 1 - x * x - y * y
    normals = np.stack(np.broadcast_arrays(x, y, np.sqrt(np.maximum(deep, 0))), -1)
    key = wrapped(normals @ lights.direction, 0.1 + 0.5 * lights.softness)
    shade = np.clip(deep * radius / 2 + 0.5, 0, 1) * (lights.fill + (1 - lights.fill) * key)
    return Image.fromarray(to_bytes(shade.astype(np.float32))).convert("RGB")


# What the prompt says.

NAMES = {
    "flat": "flat even lighting",
    "loop": "loop lighting",
    "rembrandt": "Rembrandt lighting",
    "butterfly": "butterfly lighting",
    "split": "split lighting",
    "clamshell": "clamshell beauty lighting",
    "broad": "broad lighting",
    "short": "short lighting",
    "rim": "rim lighting",
}
TRUE_TO_NAME = 22.0
"""Degrees by which a key may stand elsewhere than its pattern has it and still be called by its name."""
HUES = ("red", "orange", "yellow", "green", "green", "teal", "cyan", "blue", "blue", "violet", "magenta", "pink")
"""Of the colour circle, every 30 degrees from red on, with yellow at 60."""


def words(recipe: Recipe) -> str:
    """The light in a photographer's words: 'Rembrandt lighting, soft key light from the left and above, warm light'.

    True to the sliders: a pattern whose key was moved far away is not called by its name.
    """
    light, lights = recipe.light, lamps_of(recipe)
    if lights.strength == 0:
        return ", ".join(filter(None, ("natural light" if light.pattern == "natural" else "", _rim(lights))))
    said = (_name(light, lights), key_words(lights), _shadows(lights.fill), _warmth(lights.temperature), _rim(lights))
    return ", ".join(filter(None, said))


def key_words(lights: Lamps) -> str:
    """The key light: 'soft key light from the left and above'."""
    return f"{_quality(lights.softness)} key light from {_place(lights)}"


def _name(light: Light, lights: Lamps) -> str:
    pattern = pattern_of(light)
    sideways = abs(lights.azimuth) - pattern.azimuth
    upward = lights.elevation - pattern.elevation
    moved = np.hypot(sideways, upward) > TRUE_TO_NAME or abs(lights.fill - pattern.fill) > 0.35
    return "" if moved else NAMES.get(light.pattern, "")


def _quality(softness: float) -> str:
    return ("hard", "crisp", "soft", "very soft")[np.searchsorted((0.2, 0.4, 0.8), softness)]


def _place(lights: Lamps) -> str:
    side = "right" if lights.azimuth > 0 else "left"
    off = abs(lights.azimuth)
    if off < 12:
        place = "the front"
    elif off < 65:
        place = f"the {side}"
    elif off < 115:
        place = f"the side, {side} of the face"
    else:
        place = f"behind on the {side}"
    height = ("below", "", "above", "high above")[np.searchsorted((-10, 14, 55), lights.elevation)]
    return f"{place} and {height}" if height else f"{place} at eye level"


def _shadows(fill: float) -> str:
    return ("deep dark shadows", "strong shadows", "", "open bright shadows")[np.searchsorted((0.2, 0.32, 0.68), fill)]


def _warmth(kelvin: float) -> str:
    tones = ("golden candlelight", "warm light", "slightly warm light", "", "cool light", "cold blue light")
    return tones[np.searchsorted((3000, 4600, 5700, 7300, 9000), kelvin)]


def _rim(lights: Lamps) -> str:
    if lights.rim < 0.12:
        return ""
    tint = colour.hex_to_rgb(lights.rim_colour)
    hue, saturation, _ = cv2.cvtColor(tint[None, None], cv2.COLOR_RGB2HSV)[0, 0]
    tone = HUES[round(float(hue) / 30) % 12] + " " if saturation > 0.25 else ""
    if lights.rim > 0.6:
        return f"bright {tone}rim light on both edges"
    strength = "" if lights.rim > 0.3 else "subtle "
    return f"{strength}{tone}rim light on the {'left' if lights.azimuth > 0 else 'right'} edge"


# Where the light comes from in a finished picture.

READ = 256
"""Pixels of the square in which light is read."""
AZIMUTHS, ELEVATIONS = np.arange(-105, 106, 7.5), np.arange(-45, 81, 7.5)
WRAP = 0.28
"""How far a key of usual softness reaches round the edge of its own light; see `headshot_core.studio.relight`."""
USUAL = 25.0, 40.0, 60.0
"""Degrees: the height at which keys stand, and how far they stand off it and off the camera's axis. A beard looks like
light from above, blushed cheeks like light from aside: what explains the picture little better must be usual."""
EXPECT = 0.1
"""By which share a direction that far off must explain the picture better."""
DOUBT = 0.05
"""Directions that explain the picture worse by this share count a third as much."""
PLACES = 600
"""Places on the skin that are looked at: light is smooth."""
ROUGH, DIM = 0.2, 0.03
"""Differences of log light beyond which they are features, not light; and the least light, against the usual."""
ENOUGH = 200
"""Places on the skin from which light can be read."""
FITS = 5
"""Rounds of the robust fit."""
MOST = 4.0
"""Stops from light to shadow that can be told: beyond, shadows are black."""
EVEN, EVEN_FILL = 0.45, 0.6
"""Stops up to which light reads as even, without a direction to speak of, and the fill from which it is meant to be."""

AGREES = 35.0
"""Degrees of azimuth up to which the light is the one that was asked for: a model draws, it does not measure."""


@dataclass(frozen=True)
class Reading:
    """The light on a face as it came out. Angles as in `headshot_core.studio.light`."""

    azimuth: float
    """degrees, positive from the viewer's right"""
    elevation: float
    """degrees above the eyes; less sure than the azimuth, as a face's own colours change from forehead to chin"""
    ratio: float
    """stops from the lit side to the shadows, 0..4"""

    @property
    def even(self) -> bool:
        """Whether the light has no direction to speak of."""
        return self.ratio < EVEN


def read(portrait: Portrait) -> Reading | None:
    """The key light's direction on a finished picture; None where too little skin is seen.

    A fill from the camera and one key, as the studio's lamps give them, are fitted to the skin's light from every
    direction; features count little (Huber). Against figures rendered in known light the azimuth is off by 6 degrees
    as a rule, by 16 at most on a head that looks at the camera, by 20 on one turned by 15, by 34 on one turned by 30.
    A lamp behind the person cannot be read off the face.
    """
    shot = framed(portrait, Frame(width=READ, height=READ, straighten=False))
    return read_shading(shot.shading, shot.linear, shot.face)


def read_shading(shading: Shading, linear: np.ndarray, face: Face) -> Reading | None:
    """The same from a person's shape, their own colours in linear light (H, W, 3), and the face in its pixels."""
    height, width = shading.skin.shape
    small = face.moved(np.array([[width / linear.shape[1], 0, 0], [0, height / linear.shape[0], 0]]))
    bare = regions.bare_face(small, shading.skin.shape) & (shading.skin > 0.5)
    bare = cv2.erode(bare.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if bare.sum() < ENOUGH:
        return None
    seen = colour.luminance(cv2.resize(linear, (width, height), interpolation=cv2.INTER_AREA))
    return _fitted(shading.shape.normals[bare], cv2.GaussianBlur(seen, (0, 0), 1.0)[bare])


def _fitted(normals: np.ndarray, light: np.ndarray) -> Reading:
    """The reading from normals (N, 3) and the light (N,) there: the mean of all directions by how well they explain."""
    thin = max(1, len(light) // PLACES)
    normals, light = normals[::thin], light[::thin]
    azimuth, elevation = (angles.ravel() for angles in np.meshgrid(AZIMUTHS, ELEVATIONS))
    directions = _directions(azimuth, elevation)
    key = wrapped(normals @ directions.T, WRAP)
    fills = np.stack([-0.25 * np.sign(azimuth), np.full_like(azimuth, -0.1), np.ones_like(azimuth)])
    fill = 0.55 + 0.45 * np.clip(normals @ (fills / np.linalg.norm(fills, axis=0)), 0, 1)
    own, share, error = _fit(key, fill, np.maximum(light / np.median(light), DIM)[:, None])
    height, heights, sides = USUAL
    error = error * (1 + EXPECT * (((elevation - height) / heights) ** 2 + (azimuth / sides) ** 2))
    sphere = np.cos(np.radians(elevation))  # equal parts of the sphere count alike
    likely = np.exp((1 - error / max(error.min(), 1e-9)) / DOUBT) * sphere
    likely /= likely.sum()
    x, y, z = likely @ directions
    ratio = likely @ np.log2(1 + share / own)
    return Reading(
        float(np.degrees(np.arctan2(x, z))),
        float(np.degrees(np.arctan2(-y, np.hypot(x, z)))),
        float(min(ratio, MOST)),
    )


def _directions(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Unit vectors (M, 3) toward keys: x right, y down, z toward the camera."""
    azimuth, elevation = np.radians(azimuth), np.radians(elevation)
    flat = np.cos(elevation)
    return np.stack([np.sin(azimuth) * flat, -np.sin(elevation), np.cos(azimuth) * flat], -1).astype(np.float32)


def _fit(key: np.ndarray, fill: np.ndarray, light: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How much fill and how much key, (M,) each, explain the light (N, 1) best, and the error (M,) that is left."""
    logs, weight = np.log(light), np.ones_like(key)
    for _ in range(FITS):
        ff, fk, kk = ((weight * one * other).sum(0) for one, other in ((fill, fill), (fill, key), (key, key)))
        fl, kl = ((weight * one * light).sum(0) for one in (fill, key))
        spread = ff * kk - fk * fk + 1e-6
        own, share = (fl * kk - kl * fk) / spread, (kl * ff - fl * fk) / spread
        # Neither lamp takes light away: where the best of both would, it is the best of the other alone.
        share = np.where(own < DIM, (kl - DIM * fk) / (kk + 1e-6), share)
        own = np.where(share < 0, fl / ff, np.maximum(own, DIM))
        share = np.maximum(share, 0)
        told = np.maximum(own * fill + share * key, DIM)
        miss = np.abs(np.log(told) - logs)
        weight = np.minimum(1, ROUGH / np.maximum(miss, 1e-6)) / told**2
    return own, share, np.where(miss < ROUGH, miss**2 / 2, ROUGH * miss - ROUGH**2 / 2).mean(0)


def says(wanted: Lamps, reading: Reading | None) -> str:
    """How the light that came out agrees with the light that was asked for, in one sentence."""
    if reading is None:
        return "Light: too little skin is seen to read it."
    came = "even" if reading.even else _from(reading.azimuth, reading.elevation)
    if wanted.strength == 0:
        return f"Light: {came}."
    asked = "even" if even(wanted) else _from(wanted.azimuth, wanted.elevation)
    if agrees(wanted, reading):
        return f"Light: {asked}, as asked."
    return f"Light: {came}; asked was {asked}."


def agrees(wanted: Lamps, reading: Reading) -> bool:
    """Whether the key came out on the side that was asked for, as far as can be read."""
    asked, came = (0.0 if flat else one.azimuth for one, flat in ((wanted, even(wanted)), (reading, reading.even)))
    return abs(np.clip(asked, -90, 90) - np.clip(came, -90, 90)) <= AGREES


def even(lights: Lamps) -> bool:
    """Whether so much fill leaves the light without a direction."""
    return lights.fill > EVEN_FILL


def _from(azimuth: float, elevation: float) -> str:
    side = "from the front" if abs(azimuth) < 15 else f"from the {'right' if azimuth > 0 else 'left'}"
    return side + (" and above" if elevation > 20 else " and below" if elevation < -15 else "")
