"""Rooms behind the person, out of focus: window, office, library, café."""

from __future__ import annotations

import cv2
import numpy as np

from headshot_core.studio.backdrops.scene import (
    Lens,
    Scene,
    backdrop,
    box,
    calmed,
    defocus,
    disc_radius,
    discs,
    gauss,
    haze,
    mix,
    noise,
    plane,
    smoothstep,
    vignette,
)

WOOD = np.array((0.36, 0.24, 0.15))
DAYLIGHT = np.array((0.86, 0.94, 1.0))


@backdrop(
    "window",
    "Window light",
    "A bright, airy room with a thin curtain at a tall window.",
    colour="#dfd6c9",
    accent="#f4f8ff",
    spill=0.5,
    rows=400,
    knee=0.7,
)
def window(scene: Scene) -> np.ndarray:
    rng = scene.rng
    edge = rng.uniform(0.02, 0.12)
    wall = 0.42 + 0.42 * np.exp(-((edge - scene.x) / 0.55).clip(0))
    picture = scene.colour * wall[..., None]
    box(scene, picture, -1.5, 0.80, edge, 1.2, 0.55 * scene.colour)
    for left in (-0.36 + rng.uniform(-0.05, 0.05), -1.0):
        box(scene, picture, left - 0.012, 0.10, left + 0.21, 0.43, 0.42 * scene.colour)
        box(scene, picture, left, 0.115, left + 0.198, 0.415, 0.80 * scene.colour)
    outside = mix(1.9 * scene.accent, (0.75, 0.95, 0.70), 0.55 * smoothstep(0.30, 0.75, scene.y))
    outside *= (1 + 0.18 * noise(scene, 5, 3))[..., None]
    for bar in (edge + 0.02, edge + 0.36, edge + 0.70):
        box(scene, outside, bar - 0.014, -0.1, bar + 0.014, 1.1, 0.55 * scene.colour)
    for bar in (0.22, 0.58):
        box(scene, outside, -1.5, bar - 0.009, 1.6, bar + 0.009, 0.6 * scene.colour)
    picture = mix(picture, outside, smoothstep(edge - 0.002, edge + 0.002, scene.x))
    picture = defocus(scene, picture, disc_radius(scene, 0.012, 0.034))
    return haze(scene, 1.15 * _curtain(scene, picture, edge), 0.25, 0.10) * vignette(scene, 0.12)[..., None]


def _curtain(scene: Scene, picture: np.ndarray, edge: float) -> np.ndarray:
    """Thin cloth in folds over the window: it scatters what is behind and hangs a little over the wall."""
    folds = noise(scene, 22, 2, gain=0.6, stretch=24, angle=90) + 0.7 * noise(scene, 8, 2, stretch=10, angle=90)
    folds = defocus(scene, folds, disc_radius(scene, 0.003, 0.012))
    cloth = (1.05 + 0.20 * folds)[..., None] * scene.accent * scene.colour**0.3
    hem = edge - 0.05 + 0.02 * np.sin(5 * scene.y + 1)
    soft = disc_radius(scene, 0.01, 0.03)
    cover = 0.62 * smoothstep(hem - soft, hem + soft, scene.x) * (0.92 + 0.08 * folds)
    return mix(picture, cloth, np.clip(cover, 0, 1))


@backdrop(
    "office",
    "Modern office",
    "An open office with a wall of windows, far out of focus.",
    colour="#8c959c",
    accent="#ffc98a",
    spill=0.35,
    rows=440,
    knee=0.55,
)
def office(scene: Scene) -> np.ndarray:
    rng = scene.rng
    lens = Lens(horizon=0.43, focal=1.55, shift=rng.uniform(-0.10, 0.02))
    left, right, top, floor, end = -2.3, 1.9, 1.35, -1.35, 15.0
    base = scene.colour
    picture = scene.fill(0.36 * base)
    plane(
        scene,
        lens,
        picture,
        [(left, floor, 1), (right, floor, 1), (right, floor, end), (left, floor, end)],
        0.30 * base,
    )
    plane(scene, lens, picture, [(left, top, 1), (right, top, 1), (right, top, end), (left, top, end)], 0.55 * base)
    plane(scene, lens, picture, [(left, floor, 1), (left, floor, end), (left, top, end), (left, top, 1)], 0.34 * base)
    _far_rooms(scene, lens, picture, left, right, top, floor, end)
    _window_wall(scene, lens, picture, right, top, floor, end)
    for x in (-1.55, 0.95):
        for z in np.arange(3.5, end, 2.2):
            strip = [
                (x, top - 0.02, z),
                (x + 0.12, top - 0.02, z),
                (x + 0.12, top - 0.02, z + 1.4),
                (x, top - 0.02, z + 1.4),
            ]
            plane(scene, lens, picture, strip, 3.2 * DAYLIGHT)
    _desks(scene, lens, picture, left, right, floor, end)
    picture *= (1 + 0.10 * noise(scene, 4, 4, gain=0.6))[..., None]
    picture = defocus(scene, picture, disc_radius(scene, 0.010, 0.034))
    lamps = []
    for _ in range(9):
        at = lens.project([(rng.uniform(left, right), rng.uniform(-0.45, 0.7), rng.uniform(7, end))])[0]
        lamps.append((*at, disc_radius(scene, 0.008, 0.030), *(scene.accent * rng.uniform(0.25, 0.8))))
    discs(scene, picture, calmed(scene, lamps))
    picture += (0.05 * gauss(scene, -0.35, 0.42, 0.5, 0.25))[..., None] * scene.accent
    return haze(scene, 1.4 * picture, 0.20, 0.10) * vignette(scene, 0.25)[..., None]


def _window_wall(scene: Scene, lens: Lens, picture: np.ndarray, x, top, floor, end) -> None:
    """Floor-to-ceiling panes along the key's side: bright sky, a darker town below, dark posts between."""
    town = floor + 1.05
    sky = [(x, town, 1), (x, town, end), (x, top - 0.15, end), (x, top - 0.15, 1)]
    ground = [(x, floor, 1), (x, floor, end), (x, town, end), (x, town, 1)]
    plane(scene, lens, picture, sky, 1.9 * DAYLIGHT)
    plane(scene, lens, picture, ground, 0.62 * DAYLIGHT)
    shine = [(x, floor, 1), (x, floor, end), (x - 1.1, floor, end), (x - 1.1, floor, 1)]
    plane(scene, lens, picture, shine, 0.42 * scene.colour)
    for z in np.arange(2.0, end, 1.5):
        plane(
            scene,
            lens,
            picture,
            [(x, floor, z), (x, floor, z + 0.16), (x, top, z + 0.16), (x, top, z)],
            0.12 * scene.colour,
        )


def _far_rooms(scene: Scene, lens: Lens, picture: np.ndarray, left, right, top, floor, end) -> None:
    """The far wall: glass rooms, some lit warm, some by day."""
    rng = scene.rng
    x = left
    while x < right:
        wide = rng.uniform(0.5, 1.1)
        tone = [0.28 * scene.colour, 0.5 * scene.colour, 0.75 * scene.accent, 0.9 * DAYLIGHT][rng.integers(4)]
        pane = [(x, floor, end), (x + wide - 0.1, floor, end), (x + wide - 0.1, top, end), (x, top, end)]
        plane(scene, lens, picture, pane, 0.7 * tone)
        x += wide
    # Doors and a shelf on the shaded side.
    for z in np.arange(4, end, 2.4):
        tone = 0.10 * scene.colour if rng.random() < 0.5 else 0.42 * scene.colour
        door = [(left, floor, z), (left, floor, z + 1.1), (left, top - 0.5, z + 1.1), (left, top - 0.5, z)]
        plane(scene, lens, picture, door, tone)


def _desks(scene: Scene, lens: Lens, picture: np.ndarray, left, right, floor, end) -> None:
    """Rows of desks with screens, chairs and a plant or two, far to near."""
    rng = scene.rng
    for z in np.arange(end - 1.5, 4.5, -1.7):
        for x in (left + 0.35, right - 1.35):
            z_desk = z + rng.uniform(-0.3, 0.3)
            top = [
                (x, -0.62, z_desk),
                (x + 1.0, -0.62, z_desk),
                (x + 1.0, -0.62, z_desk + 0.7),
                (x, -0.62, z_desk + 0.7),
            ]
            plane(scene, lens, picture, top, 0.9 * WOOD)
            front = [(x, -0.66, z_desk), (x + 1.0, -0.66, z_desk), (x + 1.0, floor, z_desk), (x, floor, z_desk)]
            plane(scene, lens, picture, front, 0.16 * scene.colour)
            screen_x = x + rng.uniform(0.1, 0.5)
            _upright(scene, lens, picture, screen_x, -0.55, 0.42, 0.34, z_desk, 0.07 * scene.colour)
            if rng.random() < 0.5:
                _upright(scene, lens, picture, screen_x + 0.02, -0.52, 0.38, 0.27, z_desk, 0.75 * DAYLIGHT)
        if rng.random() < 0.45:
            _plant(scene, lens, picture, rng.choice([left + 0.2, right - 0.3]), z)


def _upright(scene: Scene, lens: Lens, picture: np.ndarray, x, y, width, height, z, rgb) -> None:
    plane(scene, lens, picture, [(x, y, z), (x + width, y, z), (x + width, y + height, z), (x, y + height, z)], rgb)


def _plant(scene: Scene, lens: Lens, picture: np.ndarray, x: float, z: float) -> None:
    """A floor plant: a bunch of long leaves."""
    rng = scene.rng
    for _ in range(16):
        lean, tall = rng.normal(0, 0.35), rng.uniform(0.5, 1.1)
        tip = (x + lean * tall, -0.8 + tall, z)
        green = np.array((0.035, 0.11, 0.035)) * rng.uniform(0.5, 2.2)
        plane(
            scene,
            lens,
            picture,
            [(x - 0.03, -0.8, z), (x + 0.5 * lean - 0.06, -0.5, z), tip, (x + 0.05, -0.8, z)],
            green,
        )


@backdrop(
    "library",
    "Library",
    "Tall shelves of old books under warm lamps.",
    colour="#5b3b22",
    accent="#ffb765",
    spill=0.25,
    rows=440,
    knee=0.5,
)
def library(scene: Scene) -> np.ndarray:
    rng = scene.rng
    lens = Lens(horizon=0.45, focal=1.5, shift=rng.uniform(-0.06, 0.06))
    near, end, top, floor = 1.6, 8.5, 1.9, -1.5
    picture = scene.fill(0.05 * scene.colour)
    far = [(-1.4, floor, end), (1.4, floor, end), (1.4, top, end), (-1.4, top, end)]
    _hang(scene, lens, picture, _shelves(scene, 2.8, top - floor), far, 0.55)
    for x in (-1.25, 1.05):
        wall = [(x, floor, end), (x, floor, near), (x, top, near), (x, top, end)]
        _hang(scene, lens, picture, _shelves(scene, end - near, top - floor), wall, 1.25 if x > 0 else 0.75)
    glow = 0.55 + 1.7 * gauss(scene, 0.10, 0.24, 0.55, 0.42) + 0.25 * scene.x
    picture *= np.clip(glow, 0.1, None)[..., None] * (0.75 + 0.25 * scene.accent / scene.accent.max())
    picture = defocus(scene, picture, disc_radius(scene, 0.007, 0.024))
    lamps = []
    for x in (-1.1, 0.9):
        for z in (2.9, 4.1, 5.6, 7.4):
            at = lens.project([(x, 0.95 + rng.normal(0, 0.03), z)])[0]
            bright = 1.6 if x > 0 else 0.9
            lamps.append((*at, disc_radius(scene, 0.010, 0.036), *(bright * scene.accent)))
            picture += (0.16 * bright * gauss(scene, at[0], at[1] + 0.04, 0.10, 0.13))[..., None] * scene.accent
    discs(scene, picture, calmed(scene, lamps), rim=0.15)
    return haze(scene, picture, 0.2, 0.10) * vignette(scene, 0.35)[..., None]


def _shelves(scene: Scene, width: float, height: float, pitch: float = 0.34) -> np.ndarray:
    """A flat picture of filled shelves, 96 pixels a metre, linear light."""
    rng = scene.rng
    scale = 96
    columns = int(width * scale)
    leather = np.array(
        [
            (0.20, 0.07, 0.04),
            (0.10, 0.05, 0.03),
            (0.05, 0.08, 0.10),
            (0.05, 0.09, 0.05),
            (0.35, 0.24, 0.13),
            (0.16, 0.10, 0.06),
        ]
    )
    rows = []
    for _ in range(int(height / pitch)):
        widths = rng.integers(2, 6, columns)
        books = np.repeat(np.arange(columns), widths)[:columns]
        tone = leather[rng.integers(0, len(leather), columns)] * rng.lognormal(0, 0.35, (columns, 1))
        tall = rng.uniform(0.60, 0.86, columns)
        gap = rng.random(columns) < 0.05
        tall[gap] *= 0.4
        down = np.linspace(1, 0, int(pitch * scale))[:, None]
        book = (down < tall[books][None])[..., None] * tone[books][None]
        band = np.abs(down - 0.7 * tall[books][None]) < 0.03
        book = book * (1 + 2.0 * (band & (rng.random(columns) < 0.3)[books])[..., None])
        book[-3:] = 0.22 * scene.colour * 2
        rows.append(book + 0.012 * scene.colour)
    return np.concatenate(rows).astype(np.float32)


def _hang(scene: Scene, lens: Lens, picture: np.ndarray, texture: np.ndarray, corners, light: float) -> None:
    """Hang a flat picture in the room; corners lower left, lower right, upper right, upper left as seen."""
    rows, columns = texture.shape[:2]
    source = np.array([(0, rows), (columns, rows), (columns, 0), (0, 0)], np.float32)
    matrix = cv2.getPerspectiveTransform(source, scene.pixels(lens.project(corners)).astype(np.float32))
    size = (scene.columns, scene.rows)
    cv2.warpPerspective(texture * light, matrix, size, picture, cv2.INTER_AREA, cv2.BORDER_TRANSPARENT)


@backdrop(
    "cafe",
    "Café",
    "A warm café with hanging lamps and a bright front window.",
    colour="#5a4030",
    accent="#ffb45c",
    spill=0.35,
    rows=480,
    knee=0.5,
)
def cafe(scene: Scene) -> np.ndarray:
    wood, wall = scene.colour, np.array((0.050, 0.062, 0.060))
    picture = mix(scene.fill(1.6 * wall), 0.5 * wall, smoothstep(0.30, 0.0, scene.y))
    _street_window(scene, picture, scene.rng.uniform(0.20, 0.27))
    _bar(scene, picture, wood)
    box(scene, picture, -1.5, 0.63, 1.5, 0.66, 1.7 * wood)
    box(scene, picture, -1.5, 0.66, 1.5, 1.2, 0.30 * wood)
    _tables(scene, picture, wood)
    picture *= (1 + 0.12 * noise(scene, 5, 4, gain=0.6))[..., None]
    picture = defocus(scene, picture, disc_radius(scene, 0.012, 0.034))
    picture += (0.16 * gauss(scene, -0.1, 0.24, 0.9, 0.22))[..., None] * scene.accent
    discs(scene, picture, calmed(scene, _pendants(scene)), rim=0.18)
    return haze(scene, picture, 0.22, 0.10) * vignette(scene, 0.3)[..., None]


def _street_window(scene: Scene, picture: np.ndarray, left: float) -> None:
    """The front window on the key's side: bright sky above, a blurred street below."""
    rng = scene.rng
    box(scene, picture, left, 0.03, 1.6, 0.63, 1.5 * DAYLIGHT)
    for _ in range(40):
        x, y = rng.uniform(left, 1.5), rng.uniform(0.22, 0.60)
        tone = np.array(
            [(0.40, 0.36, 0.32), (0.55, 0.58, 0.62), (0.20, 0.26, 0.16), (0.75, 0.68, 0.58)][rng.integers(4)]
        )
        box(scene, picture, x, y, x + rng.uniform(0.03, 0.16), 0.63, tone * rng.uniform(0.5, 1.2))
    for bar in (left, left + 0.22, left + 0.44, left + 0.66, left + 0.88):
        box(scene, picture, bar - 0.012, 0.02, bar + 0.012, 0.64, (0.02, 0.02, 0.02))
    box(scene, picture, left, 0.17, 1.6, 0.185, (0.02, 0.02, 0.02))


def _bar(scene: Scene, picture: np.ndarray, wood: np.ndarray) -> None:
    """Lit shelves of bottles, jars and cups on the other side."""
    rng = scene.rng
    box(scene, picture, -1.5, 0.14, -0.06, 0.55, 0.9 * wood)
    for y in (0.245, 0.345, 0.445, 0.545):
        box(scene, picture, -1.5, y, -0.06, y + 0.012, 2.0 * wood)
        for x in np.arange(-1.5, -0.08, 0.027):
            tall, tone = rng.uniform(0.03, 0.08), rng.lognormal(-0.2, 0.7)
            tint = [scene.accent, wood, np.array((0.35, 0.45, 0.40)), np.array((0.9, 0.85, 0.8))][rng.integers(4)]
            box(scene, picture, x, y - tall, x + rng.uniform(0.012, 0.024), y, 0.45 * tone * tint)


def _tables(scene: Scene, picture: np.ndarray, wood: np.ndarray) -> None:
    """Chair backs and table tops before the counter."""
    rng = scene.rng
    for _ in range(12):
        x, y, wide = rng.uniform(-1.4, 1.4), rng.uniform(0.60, 0.72), rng.uniform(0.06, 0.10)
        box(scene, picture, x, y, x + wide, y + 0.16, wood * rng.uniform(0.1, 0.6))
        box(scene, picture, x + 0.01, y + 0.02, x + wide - 0.01, y + 0.07, wood * rng.uniform(0.3, 1.0))
    for _ in range(9):
        x, y = rng.uniform(-1.4, 1.4), rng.uniform(0.72, 0.86)
        box(scene, picture, x, y, x + rng.uniform(0.14, 0.30), y + 0.025, wood * rng.uniform(0.8, 2))


def _pendants(scene: Scene) -> list:
    """A row of hanging lamps that runs back into the room, and small lights on the shelves."""
    rng = scene.rng
    lamps = []
    for step in range(9):
        near = 0.78**step
        x, y = 0.10 - 0.72 * near, 0.30 - 0.27 * near
        lamps.append((x, y, disc_radius(scene, 0.014, 0.046) * (0.75 + 0.3 * near), *(2.2 * scene.accent)))
        lamps.append((0.10 + 1.1 * near, y + 0.02, disc_radius(scene, 0.014, 0.044), *(1.3 * scene.accent)))
    for _ in range(22):
        x, y = rng.uniform(-1.3, 0.0), rng.choice([0.20, 0.34, 0.48]) + rng.normal(0, 0.012)
        lamps.append((x, y, disc_radius(scene, 0.008, 0.030), *(scene.accent * rng.lognormal(-1.6, 0.6))))
    return lamps
