"""Drawing cartoon portraits: ellipsoids under a lamp, by numpy alone, some hundreds a second on one core.

The head is an ellipsoid seen from far away (orthographic); features lie on its surface, so that they turn with it.
Lengths are in head heights (crown to chin), x right, y down, z toward the camera, from the middle of the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from headshot_core import colour
from headshot_core.micro.cartoon import MARK, Cartoon
from headshot_core.studio.light import wrapped

HEAD = (0.37, 0.5, 0.42)
"""Half axes of the head."""
HAIR = {"short": (0.41, 0.54, 0.47), "long": (0.43, 0.55, 0.47), "curly": (0.5, 0.61, 0.54), "bun": (0.405, 0.54, 0.46)}
"""Half axes of the hair."""
LEAN = 0.3
"""How far a wholly turned head stands before the neck's foot."""
PIVOT = 0.62
"""What the head tilts about, below its middle."""
EYE, MOUTH = (0.15, -0.01), 0.27
"""Where eyes and mouth lie, from the middle."""


def render(cartoon: Cartoon, size: int = 64) -> np.ndarray:
    """uint8 (size, size, 3), sRGB. The same cartoon gives the same picture."""
    return (np.clip(_Canvas(cartoon, size).draw(), 0, 1) * 255 + 0.5).astype(np.uint8)


def shade(normals: tuple[np.ndarray, ...], cartoon: Cartoon) -> np.ndarray:
    """Light on a surface, 1 where the key hits it squarely; `normals`: x, y, z."""
    x, y, z = cartoon.lamps.direction
    key = wrapped(normals[0] * x + normals[1] * y + normals[2] * z, 0.1 + 0.5 * cartoon.softness)
    return cartoon.fill + (1.12 - cartoon.fill) * key


@lru_cache(maxsize=4)
def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    at = (np.arange(size, dtype=np.float32) + 0.5) / size
    return np.meshgrid(at, at)


@dataclass
class _Surface:
    """Where an ellipsoid is seen."""

    cover: np.ndarray
    """0..1"""
    places: tuple[np.ndarray, np.ndarray, np.ndarray]
    """on it, in its own directions"""
    normals: tuple[np.ndarray, np.ndarray, np.ndarray]
    """as the camera sees them"""


class _Canvas:
    """One picture on its way."""

    def __init__(self, cartoon: Cartoon, size: int):
        self.cartoon = cartoon
        across, down = _grid(size)
        self.x = (across - np.float32(cartoon.x)) / np.float32(cartoon.head)
        self.y = (down - np.float32(cartoon.y)) / np.float32(cartoon.head)
        self.pixel = np.float32(1 / (size * cartoon.head))
        turn, roll = np.radians(cartoon.yaw), np.radians(cartoon.roll)
        self.cos, self.sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        cos, sin = np.float32(np.cos(roll)), np.float32(np.sin(roll))
        below = self.y - PIVOT
        self.u, self.v = cos * self.x + sin * below, cos * below - sin * self.x + PIVOT  # the tilted head's own
        self.neck = np.float32(-LEAN * np.sin(turn))
        self.picture = np.empty((size, size, 3), np.float32)

    def part(self, name: str) -> np.ndarray:
        """A part's colour."""
        return self.cartoon.paint_of(name)

    def paint(self, name: str, otherwise: str) -> np.ndarray:
        return colour.hex_to_rgb(self.cartoon.paint.get(name, otherwise))

    def soft(self, inside: np.ndarray, wide: float = 1.0) -> np.ndarray:
        """0..1 from a distance to an edge, positive inside."""
        return np.clip(inside / (wide * self.pixel) + 0.5, 0, 1)

    def lay(self, cover: np.ndarray, shade: np.ndarray | float) -> None:
        """Paint over."""
        self.picture += cover[..., None] * (shade - self.picture)

    # From back to front.

    def draw(self) -> np.ndarray:
        self.ground()
        hair = self.part("hair")
        if self.cartoon.style == "long":
            self.curtain(hair)
        self.body()
        self.throat()
        if self.cartoon.style == "bun":
            self.bun(hair)
        self.ears()
        self.head()
        self.hair(hair)
        self.nose()
        if self.cartoon.glasses:
            self.glasses()
        return self.picture

    def ground(self) -> None:
        fall = 1 - 0.12 * ((self.x * self.cartoon.head) ** 2 + (self.y * self.cartoon.head) ** 2)
        self.picture[:] = self.part("background") * fall[..., None]

    def ellipsoid(self, axes: tuple[float, float, float], middle: tuple[float, float, float] = (0, 0, 0)) -> _Surface:
        """An ellipsoid that turns with the head; `middle` in the head's own directions."""
        a, b, c = (np.float32(axis) for axis in axes)
        cos, sin = self.cos, self.sin
        mx, my, mz = middle
        x = self.u - (mx * cos + mz * sin)
        y = self.v - np.float32(my)
        # Of (X/a)^2 + (y/b)^2 + (Z/c)^2 = 1 with X = x cos - z sin, Z = x sin + z cos: the nearer z.
        first = sin * sin / a**2 + cos * cos / c**2
        second = x * (sin * cos * (1 / c**2 - 1 / a**2))
        third = x * x * (cos * cos / a**2 + sin * sin / c**2) + (y / b) ** 2 - 1
        inside = second * second - first * third
        wide = np.sqrt(cos * cos * a**2 + sin * sin * c**2)
        cover = self.soft((1 - np.sqrt((x / wide) ** 2 + (y / b) ** 2)) * min(wide, b))
        z = (-second + np.sqrt(np.maximum(inside, 0))) / first
        own_x, own_z = x * cos - z * sin, x * sin + z * cos
        nx, ny, nz = own_x / a**2, y / b**2, own_z / c**2
        length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-6
        nx, ny, nz = nx / length, ny / length, nz / length
        return _Surface(cover, (own_x, y, own_z), (nx * cos + nz * sin, ny, nz * cos - nx * sin))

    def spot(self, middle: tuple[float, float, float], axes: tuple[float, float]) -> np.ndarray:
        """0..1: a flat ellipse at a place that turns with the head."""
        x = middle[0] * self.cos + middle[2] * self.sin
        away = np.sqrt(((self.u - x) / axes[0]) ** 2 + ((self.v - middle[1]) / axes[1]) ** 2)
        return self.soft((1 - away) * min(axes))

    def lit(self, cover: np.ndarray, shade_of: np.ndarray, normals: tuple[np.ndarray, ...]) -> None:
        self.lay(cover, shade_of * shade(normals, self.cartoon)[..., None])

    # Behind and below the head.

    def curtain(self, hair: np.ndarray) -> None:
        """Hair that falls to the shoulders."""
        wide = 0.44 + 0.1 * np.clip(self.y, 0, 0.9)
        x = (self.x - self.neck * 0.5 * np.clip(self.y, 0, 1)) / wide
        cover = self.soft((1 - np.abs(x)) * wide) * self.soft(0.92 - 0.25 * x**4 - self.y) * self.soft(self.y + 0.1)
        self.lit(cover, hair * 0.9, (x, 0 * x, np.sqrt(np.clip(1 - x * x, 0, 1))))

    def body(self) -> None:
        cartoon, shirt = self.cartoon, self.part("shirt")
        wide = 0.86 * (0.78 + 0.22 * self.cos)
        x = (self.x - self.neck * 0.85) / wide
        top = 0.68 + 0.1 * np.abs(x) + 0.22 * np.abs(x) ** 4
        cover = self.soft((self.y - top) * 0.8) * self.soft((1 - np.abs(x)) * wide)
        rise = np.clip(1 - (self.y - top) / 0.5, 0, 1) ** 2
        nx, ny, nz = 0.85 * x, -0.8 * rise, np.sqrt(np.clip(1.1 - 0.72 * x * x - 0.6 * rise * rise, 0.05, 1))
        length = np.sqrt(nx * nx + ny * ny + nz * nz)
        normals = (nx / length, ny / length, nz / length)
        self.lit(cover, shirt, normals)
        front = self.neck * 0.85 + 0.3 * self.sin  # the middle of the chest
        away, down = np.abs(self.x - front), self.y - 0.66
        getattr(self, "_" + cartoon.outfit.replace("-", "_").replace(" ", "_"))(cover, away, down, normals)

    def _t_shirt(self, cover, away, down, normals) -> None:
        neckline = self.soft(0.24 - np.sqrt(away**2 + (down * 1.3) ** 2))
        self.lit(cover * neckline, self.part("skin"), normals)

    def _shirt(self, cover, away, down, normals) -> None:
        opening = self.soft((0.26 - down) * 0.5 - away)
        self.lit(cover * opening, self.part("skin"), normals)
        collar = self.soft(np.minimum((0.36 - down) * 0.75 - away, away - (0.26 - down) * 0.5))
        self.lit(cover * collar, 0.55 * self.part("shirt") + 0.45, normals)
        buttons = self.soft(0.02 - away) * (down > 0.2)
        self.lay(cover * buttons, 0.5 * self.part("shirt"))

    def _suit_jacket(self, cover, away, down, normals) -> None:
        lapel = self.soft((0.62 - down) * 0.62 - away)
        self.lit(cover * lapel, 0.72 * self.part("shirt"), normals)
        opening = self.soft((0.5 - down) * 0.42 - away)
        self.lit(cover * opening, np.float32([0.95, 0.95, 0.95]), normals)
        tie = self.soft(0.05 + 0.03 * down - away) * self.soft(0.5 - down)
        self.lit(cover * tie, np.float32([0.35, 0.08, 0.12]), normals)

    def _hoodie(self, cover, away, down, normals) -> None:
        ring = np.sqrt(away**2 + (down * 1.2) ** 2)
        self.lit(cover * self.soft(0.44 - ring), 0.66 * self.part("shirt"), normals)
        self.lit(cover * self.soft(0.24 - ring), 0.35 * self.part("shirt"), normals)
        strings = self.soft(0.022 - np.abs(away - 0.13)) * self.soft(0.75 - down) * self.soft(down - 0.3)
        self.lay(cover * strings, np.float32([0.95, 0.95, 0.95]))

    def throat(self) -> None:
        x = (self.x - self.neck * np.clip(self.y - 0.2, 0, 0.6) / 0.6) / 0.2
        cover = (
            self.soft((1 - np.abs(x)) * 0.2) * self.soft(self.y - 0.2) * self.soft(0.76 + 0.06 * (1 - x * x) - self.y)
        )
        fall = np.clip(0.72 + 0.5 * (self.y - 0.5), 0.62, 0.95)[..., None]  # the chin's shadow
        self.lit(cover, self.part("skin") * fall, (x, 0 * x, np.sqrt(np.clip(1 - x * x, 0, 1))))

    def bun(self, hair: np.ndarray) -> None:
        knot = self.ellipsoid((0.2, 0.18, 0.2), (0, -0.62, -0.08))
        self.lit(knot.cover, hair, knot.normals)

    # The head.

    def ears(self) -> None:
        for side in (-1, 1):
            cover = self.spot((side * 0.37, 0.03, -0.04), (0.07, 0.1))
            x = np.full_like(self.u, side * 0.6)
            self.lit(cover, 0.9 * self.part("skin"), (x, 0 * x, 0 * x + 0.8))

    def head(self) -> None:
        cartoon, skin = self.cartoon, self.part("skin")
        face = self.ellipsoid(HEAD)
        x, y, z = face.places
        light = shade(face.normals, cartoon)
        front = self.soft(z, 2)

        def feature(inside: np.ndarray, shade_of: np.ndarray) -> None:
            cover = self.soft(inside) * front * face.cover
            self.lay(cover, shade_of * np.minimum(light + 0.1, 1.1)[..., None])

        def oval(side: float, at: tuple[float, float], axes: tuple[float, float]) -> np.ndarray:
            return (1 - np.sqrt(((x - side * at[0]) / axes[0]) ** 2 + ((y - at[1]) / axes[1]) ** 2)) * min(axes)

        self.lay(face.cover, skin * light[..., None])
        for side in (-1, 1):
            feature(oval(side, EYE, (0.075, 0.052)), np.float32([0.97, 0.97, 0.97]))
            feature(oval(side, EYE, (0.043, 0.047)), self.paint("eye", "#241a16"))
            brow = 0.02 - np.abs(y - EYE[1] + 0.115 - 0.5 * (np.abs(x) - EYE[0]) ** 2)
            brow = np.minimum(brow, 0.09 - np.abs(x - side * EYE[0]))
            feature(brow, self.paint("brow", "#2a1d16"))
        if cartoon.mark:
            feature(oval(-1, (0.21, 0.16), (0.1, 0.1)), self.paint("mark", MARK))
        self._mouth(x, y, feature)

    def _mouth(self, x: np.ndarray, y: np.ndarray, feature) -> None:
        lip = self.paint("lip", "#8e2a32")
        if not self.cartoon.smile:
            feature(np.minimum(0.02 - np.abs(y - MOUTH), 0.1 - np.abs(x)), lip)
            return
        up, low = MOUTH - 0.03 - 1.2 * x * x, MOUTH + 0.07 - 4.0 * x * x
        feature(np.minimum(np.minimum(y - up + 0.022, low + 0.022 - y), 0.19 - np.abs(x)), lip)
        feature(np.minimum(np.minimum(y - up - 0.005, low - 0.005 - y), 0.19 - np.abs(x)), np.float32([1, 1, 1]))

    def hair(self, hair: np.ndarray) -> None:
        style = self.cartoon.style
        cap = self.ellipsoid(HAIR[style], (0, -0.03, -0.05))
        x, y, z = cap.places
        # Where the hair ends: high above the brows in front, lower toward the back.
        back = np.clip((0.16 - z) / 0.25, 0, 1)
        low = {"short": 0.08, "long": 0.6, "curly": 0.2, "bun": 0.12}[style]
        line = -0.235 + 0.25 * x * x + back * (low + 0.235)
        cover = cap.cover * self.soft(line - y, 1.2)
        gloss = 1.0
        if style == "curly":
            angle = np.arctan2(self.v + 0.03, self.u)
            gloss = 0.86 + 0.14 * np.sin(13 * angle) * np.sin(22 * np.hypot(self.u, self.v))
            cover *= self.soft(0.57 + 0.03 * np.sin(11 * angle) - np.hypot(1.18 * self.u, self.v + 0.03), 1.5)
            gloss = gloss[..., None]
        self.lit(cover, hair * gloss, cap.normals)

    def nose(self) -> None:
        skin, tip = self.part("skin"), 0.12
        bump = self.ellipsoid((0.055, 0.075, 0.1), (0, tip, 0.43))
        self.lay(self.spot((0, tip + 0.05, 0.47), (0.06, 0.035)) * 0.5, skin * 0.45)
        self.lit(bump.cover, skin * np.float32([1.0, 0.93, 0.9]), bump.normals)

    def glasses(self) -> None:
        frame = self.paint("frame", "#15161a")
        for side in (-1, 1):
            place = (side * EYE[0], EYE[1] + 0.005, 0.41)
            wide = max(0.35, abs(float(self.cos - side * self.sin * 0.35)))
            ring = self.spot(place, (0.135 * wide, 0.12)) - self.spot(place, (0.098 * wide, 0.083))
            self.lay(0.25 * self.spot(place, (0.11 * wide, 0.1)), np.float32([0.85, 0.93, 1.0]))
            self.lay(np.clip(ring, 0, 1), frame)
        bridge = self.spot((0, EYE[1], 0.44), (0.06, 0.02))
        self.lay(bridge, frame)
