"""What every backdrop is made with: the scene, its registry, and a few tools of light and lens.

A backdrop is a function that paints a `Scene` in linear light, always as if the key light came from the
right; `render` mirrors it for a key from the left. All places are in frame heights, so that a thumbnail and
a large picture show the same composition: `x` is 0 at the frame's middle, `y` is 0 at the top and 1 at the bottom.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core import colour, recipe

HALF_WIDTH = 1.5
"""Noise and layouts reach this far to each side of the middle, in frame heights: enough for a 3:1 frame."""


@dataclass(frozen=True)
class Stage:
    """The frame that a backdrop is rendered for, in pixels, and the light that it has to agree with."""

    width: int
    height: int
    head: tuple[float, float, float]
    """x and y of the head's middle, and the head's height."""
    light: recipe.Light
    """Azimuth and elevation resolved: degrees, positive azimuth = from the viewer's right."""
    seed: int
    plate: np.ndarray | None = None
    """The photo without the person, linear (height, width, 3), for the kinds that keep its background."""


@dataclass(frozen=True)
class Scene:
    """One backdrop being painted, at its working size."""

    x: np.ndarray
    """(rows, columns), frame heights, 0 in the middle, positive towards the key light."""
    y: np.ndarray
    """(rows, columns), frame heights, 0 at the top."""
    head: tuple[float, float, float]
    """x, y and height of the head, frame heights."""
    colour: np.ndarray
    """Main colour, linear RGB."""
    accent: np.ndarray
    """Second colour, linear RGB."""
    azimuth: float
    """Of the key light, 0..180 degrees: always on the right."""
    elevation: float
    blur: float
    """Depth of field, 0..1."""
    image: str | None
    """Path of the user's own picture, for kind 'image'."""
    plate: np.ndarray | None
    """The photo without the person, linear RGB at the frame's size, for kinds that keep its background."""
    rng: np.random.Generator

    @property
    def rows(self) -> int:
        return self.x.shape[0]

    @property
    def columns(self) -> int:
        return self.x.shape[1]

    def fill(self, rgb) -> np.ndarray:
        """A picture of one linear colour, (rows, columns, 3)."""
        return np.broadcast_to(np.asarray(rgb, np.float32), (*self.x.shape, 3)).copy()

    def pixels(self, points) -> np.ndarray:
        """Points (N, 2) in frame heights to pixels of the working size."""
        points = np.asarray(points, np.float32) * self.rows
        return points + np.array([self.columns / 2, 0], np.float32)


@dataclass(frozen=True)
class Kind:
    """A backdrop in the registry."""

    name: str
    title: str
    sentence: str
    colour: str
    """Default main colour, #rrggbb."""
    accent: str
    """Default second colour, #rrggbb."""
    wall: bool
    """A near surface: the person may cast a faint, soft shadow on it."""
    spill: float
    """How much of its light wraps round the person, 0..1."""
    rows: int
    """Working height in pixels: low for what is out of focus, high for fine texture; 0 for the frame's own."""
    knee: float
    """Linear light from which highlights roll off as on film; 1 for flat colours that must stay exact."""
    mirrored: bool
    """Follows the key light's side; not so for the user's own picture."""
    own: bool
    """The photo's own background: the crop must stay inside the photo."""
    paint: Callable[[Scene], np.ndarray]


BACKDROPS: dict[str, Kind] = {}
"""Every kind of backdrop by name; filled by `backdrop`."""


def backdrop(
    name: str,
    title: str,
    sentence: str,
    *,
    colour: str,
    accent: str,
    wall: bool = False,
    spill: float = 0.3,
    rows: int = 480,
    knee: float = 0.6,
    mirrored: bool = True,
    own: bool = False,
):
    """Register a function ``paint(scene) -> linear RGB (rows, columns, 3)`` as a backdrop. See `Kind`."""

    def register(paint: Callable[[Scene], np.ndarray]):
        BACKDROPS[name] = Kind(name, title, sentence, colour, accent, wall, spill, rows, knee, mirrored, own, paint)
        return paint

    return register


def set_up(kind: Kind, settings: recipe.Backdrop, stage: Stage) -> Scene:
    """The empty scene of a kind, with the key light on the right."""
    aspect = stage.width / stage.height
    # Banners wider than any scene: fewer rows keep the work bounded, and the scene's ends are drawn out.
    rows = max(16, round(kind.rows * min(1, 2 * HALF_WIDTH / aspect))) if kind.rows else stage.height
    columns = max(1, round(rows * aspect))
    x = (np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) / rows
    y = (np.arange(rows, dtype=np.float32) + 0.5) / rows
    grid_x, grid_y = np.meshgrid(x.clip(-HALF_WIDTH, HALF_WIDTH), y)
    head_x, head_y, head_height = (value / stage.height for value in stage.head)
    side = key_side(kind, stage)
    return Scene(
        x=grid_x,
        y=grid_y,
        head=(side * (head_x - aspect / 2), head_y, head_height),
        colour=linear_hex(settings.colour or kind.colour),
        accent=linear_hex(settings.accent or kind.accent),
        azimuth=side * (stage.light.azimuth or 0.0),
        elevation=stage.light.elevation or 0.0,
        blur=settings.blur,
        image=settings.image,
        plate=stage.plate,
        rng=np.random.default_rng([stage.seed, zlib.crc32(kind.name.encode())]),
    )


def key_side(kind: Kind, stage: Stage) -> int:
    """1 where the scene stands as painted, -1 where it is mirrored for a key light from the left."""
    return -1 if kind.mirrored and (stage.light.azimuth or 0.0) < 0 else 1


def linear_hex(code: str) -> np.ndarray:
    """``#rrggbb`` to linear RGB, shape (3,)."""
    return colour.to_linear(colour.hex_to_rgb(code)[None])[0]


def roll_off(linear: np.ndarray, knee: float) -> np.ndarray:
    """Film's shoulder: identity below the knee, then ever slower towards 1."""
    if knee >= 1:
        return linear
    room = 1 - knee
    return np.where(linear < knee, linear, 1 - room * np.exp(-np.maximum(linear - knee, 0) / room))


# Tools: shapes ------------------------------------------------------------------------------------------------------


def smoothstep(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 at ``low``, 1 at ``high``, smooth between; the ends may be given in falling order."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def gauss(scene: Scene, x: float, y: float, radius_x: float, radius_y: float | None = None) -> np.ndarray:
    """A soft spot of height 1."""
    return np.exp(-(((scene.x - x) / radius_x) ** 2) - ((scene.y - y) / (radius_y or radius_x)) ** 2)


def mix(a, b, share: np.ndarray) -> np.ndarray:
    """From picture or colour ``a`` to ``b`` by a mask (rows, columns)."""
    share = share[..., None]
    return np.asarray(a, np.float32) * (1 - share) + np.asarray(b, np.float32) * share


def polygon(scene: Scene, picture: np.ndarray, points, rgb) -> None:
    """Paint a filled polygon into the picture; points in frame heights."""
    fixed = np.round(scene.pixels(points) * 16 - 8).astype(np.int32)
    cv2.fillPoly(picture, [fixed], [float(value) for value in rgb], cv2.LINE_8, 4)


def box(scene: Scene, picture: np.ndarray, left: float, top: float, right: float, bottom: float, rgb) -> None:
    """Paint an upright rectangle; edges in frame heights."""
    polygon(scene, picture, [(left, top), (right, top), (right, bottom), (left, bottom)], rgb)


@dataclass(frozen=True)
class Lens:
    """A pinhole at eye height. World metres: x right, y up from the eye, z away from the camera."""

    horizon: float = 0.42
    """Height of the horizon in the frame, frame heights."""
    focal: float = 1.8
    """Focal length in frame heights."""
    shift: float = 0.0
    """x of the vanishing point, frame heights."""

    def project(self, points) -> np.ndarray:
        """World points (N, 3) to frame heights (N, 2)."""
        points = np.asarray(points, np.float32)
        depth = np.maximum(points[:, 2], 0.05)
        return np.stack(
            [self.shift + self.focal * points[:, 0] / depth, self.horizon - self.focal * points[:, 1] / depth], -1
        )


def plane(scene: Scene, lens: Lens, picture: np.ndarray, points, rgb) -> None:
    """Paint a flat polygon that stands in the room; corners in metres, see `Lens`."""
    polygon(scene, picture, lens.project(points), rgb)


# Tools: texture -----------------------------------------------------------------------------------------------------


def noise(scene: Scene, cells: float, octaves: int = 4, gain: float = 0.5, stretch: float = 1.0, angle: float = 0.0):
    """Smooth random values (rows, columns), mean about 0, deviation about 1: value noise summed over octaves.

    ``cells``: cells of the first octave in one frame height. ``stretch`` > 1 draws them out along ``angle``
    (degrees, 0 = along x). Octaves finer than the working size can show are left out.
    """
    total, power = np.zeros((1, 1), np.float32), 0.0
    for octave in range(octaves):
        across = cells * 2**octave
        if octave and across > scene.rows / 2:
            break
        # Each octave needs only a few samples a cell; the sum grows in size as it grows in detail.
        rows = min(scene.rows, max(24, int(6 * across)))
        columns = max(4, round(rows * scene.columns / scene.rows))
        total = cv2.resize(total, (columns, rows), interpolation=cv2.INTER_CUBIC)
        total += gain**octave * _lattice(scene.rng, columns, rows, across / stretch, across, np.deg2rad(angle))
        power += gain ** (2 * octave)
    total = cv2.resize(total, (scene.columns, scene.rows), interpolation=cv2.INTER_CUBIC)
    return total / (0.75 * power**0.5)


def _lattice(rng: np.random.Generator, columns: int, rows: int, along: float, across: float, turn: float):
    """Random numbers on a turned grid of ``along`` by ``across`` cells a frame height, smoothly joined."""
    reach = 2 * HALF_WIDTH
    # The same numbers whatever the frame's shape, so that a wider frame shows more of one picture.
    lattice = rng.standard_normal((int(across * reach) + 6, int(along * reach) + 6), dtype=np.float32)
    start = np.array([lattice.shape[1], lattice.shape[0]]) / 2 + rng.random(2)
    axes = np.array([[along * np.cos(turn), -across * np.sin(turn)], [along * np.sin(turn), across * np.cos(turn)]])
    u, v = axes / rows
    origin = start - u * (columns - 1) / 2 - v * (rows - 1) / 2
    matrix = np.array([[u[0], v[0], origin[0]], [u[1], v[1], origin[1]]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(lattice, matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REFLECT)


def warped(scene: Scene, picture: np.ndarray, amount: float, cells: float) -> np.ndarray:
    """The picture pushed about by smooth noise, up to about ``amount`` frame heights."""
    push_x = noise(scene, cells, 3) * amount * scene.rows
    push_y = noise(scene, cells, 3) * amount * scene.rows
    columns, rows = np.meshgrid(np.arange(scene.columns, dtype=np.float32), np.arange(scene.rows, dtype=np.float32))
    return cv2.remap(picture, columns + push_x, rows + push_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


# Tools: light and lens ----------------------------------------------------------------------------------------------


def wall_light(scene: Scene, distance: float = 1.6, throw: float = 3.2) -> np.ndarray:
    """The key light on a flat wall behind the person, 1 near the head: Lambert's cosine and the inverse square law.

    ``distance`` from the person back to the wall and ``throw`` from the person to the lamp, frame heights.
    """
    azimuth, elevation = np.deg2rad([min(scene.azimuth, 80.0), np.clip(scene.elevation, -30, 75)])
    lamp_x = scene.head[0] + throw * np.sin(azimuth) * np.cos(elevation)
    lamp_y = scene.head[1] - throw * np.sin(elevation)
    lamp_z = throw * np.cos(azimuth) * np.cos(elevation) + distance

    def light_at(x, y):
        return lamp_z / ((x - lamp_x) ** 2 + (y - lamp_y) ** 2 + lamp_z**2) ** 1.5

    return light_at(scene.x, scene.y) / light_at(scene.head[0], scene.head[1])


def vignette(scene: Scene, amount: float = 0.25) -> np.ndarray:
    """1 in the middle, ``1 - amount`` about the corners of a portrait frame."""
    distance = scene.x**2 + (scene.y - 0.5) ** 2
    return 1 - amount * smoothstep(0.02, 0.5, distance)


def aperture(radius: float) -> np.ndarray:
    """Blur kernel of a lens wide open, summing to 1: a disc of ``radius`` pixels."""
    half = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    kernel = np.clip(radius - np.hypot(x, y) + 0.5, 0, 1)
    return kernel / kernel.sum()


def defocus(scene: Scene, picture: np.ndarray, radius: float) -> np.ndarray:
    """Out of focus by a disc of ``radius`` frame heights, in linear light, so that bright points become discs."""
    pixels = radius * scene.rows
    if pixels < 0.6:
        return picture
    # A wide blur is safe, and quick, at a smaller size.
    step = max(1, int(pixels / 7))
    small = cv2.resize(picture, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    small = cv2.filter2D(small, -1, aperture(pixels / step), borderType=cv2.BORDER_REFLECT)
    return cv2.resize(small, (scene.columns, scene.rows), interpolation=cv2.INTER_CUBIC) if step > 1 else small


def soften(scene: Scene, picture: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian of ``radius`` frame heights: haze, glow, light thrown about a room."""
    step = max(1, int(radius * scene.rows / 6))
    small = cv2.resize(picture, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(radius * scene.rows / step, 0.3), borderType=cv2.BORDER_REFLECT)
    return cv2.resize(small, (scene.columns, scene.rows), interpolation=cv2.INTER_CUBIC)


def haze(scene: Scene, picture: np.ndarray, amount: float = 0.15, radius: float = 0.08) -> np.ndarray:
    """Veiling glare: a share of the light spreads far in lens and air."""
    return picture * (1 - amount) + amount * soften(scene, picture, radius)


def calm(scene: Scene, x, y, amount: float = 0.8) -> np.ndarray:
    """Factor for lights at x, y: 1 far away, ``1 - amount`` at the head, so that no bright disc touches the hair."""
    head_x, head_y, height = scene.head
    distance = np.hypot((np.asarray(x) - head_x) / 0.85, np.asarray(y) - head_y)
    return 1 - amount * (1 - smoothstep(0.5 * height, 1.05 * height, distance))


def calmed(scene: Scene, lights, amount: float = 0.8) -> np.ndarray:
    """The lights (see `discs`), dimmed near the head, and the fainter the wider they are spread."""
    lights = np.array(lights, np.float32)
    spread = _aperture(scene.blur) / _aperture(0.5)
    lights[:, 3:] *= calm(scene, lights[:, 0], lights[:, 1], amount)[:, None] / spread
    return lights


def value_at(scene: Scene, field: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The field (rows, columns) at places in frame heights; beyond the frame, its edge."""
    across, down = scene.pixels(np.column_stack([x, y])).astype(int).T
    return field[down.clip(0, scene.rows - 1), across.clip(0, scene.columns - 1)]


def disc_radius(scene: Scene, small: float = 0.012, large: float = 0.05) -> float:
    """Radius in frame heights of a distant point of light at this depth of field."""
    return small + (large - small) * _aperture(scene.blur)


def _aperture(blur: float) -> float:
    """How far the lens is open, 0..1: even at blur 0 a background is never as sharp as the face."""
    return 0.15 + 0.85 * blur


def discs(
    scene: Scene, picture: np.ndarray, lights, rim: float = 0.25, cat_eye: float = 0.5, edge: float = 0.0
) -> None:
    """Add defocused points of light to the picture.

    ``lights``: rows of x, y, radius (frame heights) and linear r, g, b. ``rim``: brighter edge of a real lens.
    ``cat_eye``: how much the barrel cuts discs towards the frame's corners.
    ``edge``: softness of the rim, 0 a crisp disc, 1 a glow.
    """
    for x, y, radius, *rgb in np.asarray(lights, np.float32).tolist():
        _disc(scene, picture, x, y, radius, rgb, rim, cat_eye, edge)


def _disc(scene: Scene, picture: np.ndarray, x, y, radius, rgb, rim, cat_eye, edge) -> None:
    middle_x, middle_y = x * scene.rows + scene.columns / 2 - 0.5, y * scene.rows - 0.5
    reach = radius * scene.rows
    left, right = max(0, int(middle_x - reach - 1)), min(scene.columns, int(middle_x + reach + 3))
    top, bottom = max(0, int(middle_y - reach - 1)), min(scene.rows, int(middle_y + reach + 3))
    if left >= right or top >= bottom:
        return
    across = np.arange(left, right, dtype=np.float32)[None] - middle_x
    down = np.arange(top, bottom, dtype=np.float32)[:, None] - middle_y
    distance = np.hypot(across, down)
    cover = np.clip((reach - distance + 0.5) / max(1.0, edge * reach), 0, 1)
    if cat_eye:
        # The barrel's far rim is a second circle, pushed towards the frame's middle.
        push = cat_eye * reach
        cut = np.hypot(across + push * x / 0.5, down + push * (y - 0.5) / 0.5)
        cover = cover * np.clip(1.12 * reach - cut + 0.5, 0, 1)
    profile = 1 - rim / 2 + rim * smoothstep(0.55, 1.0, distance / max(reach, 1e-3))
    picture[top:bottom, left:right] += (cover * profile)[..., None] * np.asarray(rgb, np.float32)
