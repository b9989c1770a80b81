"""Grounds and halls: stadium at night, indoor court, running track, gym."""

from __future__ import annotations

import numpy as np

from headshot_core.studio.backdrops.scene import (
    HALF_WIDTH,
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
    polygon,
    smoothstep,
    vignette,
)

FLOOD = np.array((0.92, 0.97, 1.0))


def crowd(scene: Scene, share: float = 0.5) -> np.ndarray:
    """Rows of people as specks of cloth and skin (rows, columns, 3); only the lens makes them a crowd."""
    rng = scene.rng
    pitch = 0.011
    down, across = int(1 / pitch), int(2 * HALF_WIDTH / pitch)
    cloth = np.array([(0.5, 0.5, 0.52), (0.06, 0.07, 0.10), (0.35, 0.30, 0.26), (0.10, 0.16, 0.35), (0.42, 0.06, 0.05)])
    seats = cloth[rng.integers(0, len(cloth), (down, across))] * rng.lognormal(-0.3, 0.6, (down, across, 1))
    seats[rng.random((down, across)) > share] *= 0.15
    column = np.clip((scene.x[0] + HALF_WIDTH) / pitch, 0, across - 1).astype(int)
    row = np.clip(scene.y[:, 0] / pitch, 0, down - 1).astype(int)
    return seats[row][:, column].astype(np.float32)


@backdrop(
    "stadium",
    "Stadium at night",
    "Floodlights and full stands over a bright pitch, in a light haze.",
    colour="#2c3f5e",
    accent="#4c8a45",
    spill=0.45,
    rows=560,
    knee=0.5,
)
def stadium(scene: Scene) -> np.ndarray:
    rng = scene.rng
    picture = mix(0.10 * scene.colour, 0.40 * scene.colour, smoothstep(-0.2, 0.35, scene.y))
    bowl = 0.05 * scene.x**2
    stands = ((scene.y + bowl > 0.27) & (scene.y < 0.60)).astype(np.float32)
    lit = 0.12 + 0.42 * smoothstep(0.27, 0.60, scene.y) + 0.15 * scene.x
    picture = mix(picture, crowd(scene, 0.75) * lit[..., None] + 0.10 * scene.colour, stands)
    for y, thick in ((0.27, 0.016), (0.425, 0.020)):
        tier = np.abs(scene.y + bowl * (1 if y < 0.3 else 0.6) - y) < thick
        picture = mix(picture, 0.10 * scene.colour, tier.astype(np.float32))
    for x in np.arange(-HALF_WIDTH, HALF_WIDTH, 0.2):
        box(scene, picture, x, 0.44, x + 0.018, 0.58, 0.35 * scene.colour)
    _boards(scene, picture)
    stripes = 1 + 0.10 * np.sign(np.sin(26 * (scene.x + 0.15) / (0.4 + 2 * (scene.y - 0.60).clip(0.02))))
    pitch = scene.accent * (0.55 * stripes * (1 + 0.1 * noise(scene, 6, 2)))[..., None]
    picture = mix(picture, pitch, (scene.y > 0.635).astype(np.float32))
    picture = defocus(scene, picture, disc_radius(scene, 0.010, 0.028))
    lamps, beams = _floodlights(scene)
    air = 0.8 + 0.25 * noise(scene, 2, 3)
    picture += (beams * air)[..., None] * FLOOD * (0.5 + 0.5 * scene.colour / scene.colour.max())
    discs(scene, picture, calmed(scene, lamps), rim=0.15, cat_eye=0.35)
    phones = [
        (
            rng.uniform(-1.3, 1.3),
            rng.uniform(0.30, 0.56),
            disc_radius(scene, 0.006, 0.022),
            *(FLOOD * rng.lognormal(-2, 0.5)),
        )
        for _ in range(60)
    ]
    discs(scene, picture, calmed(scene, phones))
    return haze(scene, picture, 0.20, 0.09) * vignette(scene, 0.25)[..., None]


def _boards(scene: Scene, picture: np.ndarray) -> None:
    """The lit advertising boards along the pitch."""
    rng = scene.rng
    x = -HALF_WIDTH
    while x < HALF_WIDTH:
        wide = rng.uniform(0.16, 0.4)
        tone = [(0.75, 0.85, 1.0), (0.06, 0.12, 0.35), (0.30, 0.07, 0.06), (0.05, 0.06, 0.09)][rng.integers(4)]
        box(scene, picture, x, 0.597, x + wide, 0.636, np.array(tone) * 0.7)
        x += wide + 0.01


def _floodlights(scene: Scene) -> tuple[list, np.ndarray]:
    """Banks of lamps on masts, brighter on the key's side, and the haze that they light."""
    rng = scene.rng
    lamps, beams = [], np.zeros_like(scene.x)
    for x, y, bright in ((0.36, 0.115, 1.0), (-0.37, 0.15, 0.55), (0.95, 0.10, 0.8), (-1.05, 0.12, 0.6)):
        x, y = x + rng.uniform(-0.02, 0.02), y + rng.uniform(-0.015, 0.015)
        for row in range(4):
            for column in range(6):
                lamp = bright * rng.uniform(0.6, 1.2)
                place = (x + 0.034 * (column - 2.5), y + 0.034 * (row - 1.5) + 0.004 * column)
                lamps.append((*place, disc_radius(scene, 0.009, 0.024), *(1.5 * lamp * FLOOD)))
        distance = np.hypot(scene.x - x, scene.y - y)
        beams += bright * (0.25 * np.exp(-distance / 0.12) + 0.05 * np.exp(-distance / 0.45))
    return lamps, beams


@backdrop(
    "court",
    "Indoor court",
    "A polished wooden court under rows of bright hall lights.",
    colour="#33517f",
    accent="#c98a4b",
    spill=0.4,
    rows=480,
    knee=0.5,
)
def court(scene: Scene) -> np.ndarray:
    rng = scene.rng
    lens = Lens(horizon=0.46, focal=1.7, shift=rng.uniform(-0.12, -0.02))
    floor, top, end, side = -1.6, 5.2, 20.0, 8.0
    picture = scene.fill(0.10 * scene.colour)
    plane(
        scene,
        lens,
        picture,
        [(-side, floor, end), (side, floor, end), (side, top, end), (-side, top, end)],
        0.32 * scene.colour,
    )
    plane(
        scene,
        lens,
        picture,
        [(side, floor, 3), (side, floor, end), (side, top, end), (side, top, 3)],
        0.42 * scene.colour,
    )
    plane(
        scene,
        lens,
        picture,
        [(-side, floor, 3), (-side, floor, end), (-side, top, end), (-side, top, 3)],
        0.22 * scene.colour,
    )
    seats = lens.project([(-side, -0.9, end), (side, 1.7, end)])
    stand = ((scene.y > seats[1, 1]) & (scene.y < seats[0, 1])).astype(np.float32)
    picture = mix(picture, 0.55 * crowd(scene, 0.65) + 0.08 * scene.colour, stand)
    pads = lens.project([(0, -0.9, end), (0, floor, end)])[:, 1]
    box(scene, picture, -1.5, pads[0], 1.5, pads[1], 0.8 * scene.colour)
    picture = _wood(scene, lens, picture, floor, end)
    _hoop(scene, lens, picture, rng.uniform(-3.3, -2.6), end - 2.5)
    lamps, pools = [], np.zeros_like(scene.x)
    for x in (-4.5, -1.3, 1.9, 5.1):
        for z in (10, 12.5, 15, 17.5, 20):
            at = lens.project([(x, 4.6, z)])[0]
            bright = 2.4 * (1 + 0.5 * np.sign(x))
            lamps.append((*at, disc_radius(scene, 0.012, 0.036), *(bright * np.array((1.0, 0.97, 0.90)))))
            mirror = lens.project([(x, 2 * floor - 4.6, z)])[0]
            pools += 0.09 * bright * gauss(scene, mirror[0], mirror[1] - 0.16, 0.055, 0.20)
    wood = smoothstep(pads[1], pads[1] + 0.02, scene.y)
    picture += (pools * wood)[..., None] * np.array((1.0, 0.92, 0.80), np.float32)
    picture = defocus(scene, picture, disc_radius(scene, 0.010, 0.030))
    discs(scene, picture, calmed(scene, lamps), rim=0.15, cat_eye=0.35)
    return haze(scene, picture, 0.25, 0.10) * vignette(scene, 0.25)[..., None]


def _wood(scene: Scene, lens: Lens, picture: np.ndarray, floor: float, end: float) -> np.ndarray:
    """The floor: boards, a painted key and white lines."""
    edge = lens.project([(0, floor, end)])[0, 1]
    boards = scene.accent * (0.50 * (1 + 0.10 * noise(scene, 14, 3, stretch=6)))[..., None]
    picture = mix(picture, boards, (scene.y > edge).astype(np.float32))
    plane(
        scene,
        lens,
        picture,
        [(-4.6, floor, 11), (-0.8, floor, 11), (-0.8, floor, 17.5), (-4.6, floor, 17.5)],
        0.5 * scene.colour,
    )
    white = (0.75, 0.75, 0.72)
    for x0, z0, x1, z1 in ((-7, 17.5, 7, 17.8), (3.2, 4, 3.4, 17.8), (-0.85, 11, -0.7, 17.5), (-4.7, 11, -0.8, 11.25)):
        plane(scene, lens, picture, [(x0, floor, z0), (x1, floor, z0), (x1, floor, z1), (x0, floor, z1)], white)
    return picture


def _hoop(scene: Scene, lens: Lens, picture: np.ndarray, x: float, z: float) -> None:
    """Basket and board."""
    white, orange = (0.62, 0.62, 0.62), (0.85, 0.20, 0.05)

    def upright(left, low, wide, tall, rgb):
        plane(
            scene,
            lens,
            picture,
            [(left, low, z), (left + wide, low, z), (left + wide, low + tall, z), (left, low + tall, z)],
            rgb,
        )

    upright(x + 0.8, -1.6, 0.16, 3.2, 0.12 * scene.colour)
    upright(x, 1.35, 1.8, 1.1, white)
    upright(x + 0.60, 1.5, 0.6, 0.45, orange)
    upright(x + 0.66, 1.56, 0.48, 0.33, white)
    upright(x + 0.65, 1.35, 0.5, 0.06, orange)


@backdrop(
    "track",
    "Running track",
    "A red track and green infield on a clear morning.",
    colour="#a84e38",
    accent="#86b4e0",
    spill=0.45,
    rows=480,
    knee=0.6,
)
def track(scene: Scene) -> np.ndarray:
    rng = scene.rng
    lens = Lens(horizon=0.47, focal=1.7, shift=rng.uniform(0.16, 0.26))
    sky = mix(0.85 * scene.accent, 1.15 * scene.accent + 0.15, smoothstep(-0.1, 0.48, scene.y))
    sky += (0.5 * gauss(scene, 0.45, 0.05, 0.55, 0.45))[..., None] * np.array((1.0, 0.95, 0.82), np.float32)
    clouds = smoothstep(0.2, 2.0, noise(scene, 3, 4, stretch=2.5)) * smoothstep(-0.1, 0.3, scene.y)
    picture = mix(sky, (1.05, 1.05, 1.05), 0.5 * clouds)
    picture = mix(
        picture,
        _trees(scene),
        (scene.y > 0.25 - 0.10 * scene.x + 0.03 * noise(scene, 6, 4, gain=0.7)).astype(np.float32),
    )
    # A low grandstand on the shaded side.
    polygon(scene, picture, [(-1.5, 0.22), (-0.16, 0.37), (-0.16, 0.40), (-1.5, 0.27)], (0.62, 0.64, 0.66))
    seats = ((scene.y > 0.27 + 0.105 * (scene.x + 1.5)) & (scene.x < -0.16) & (scene.y < 0.5)).astype(np.float32)
    picture = mix(picture, 0.55 * crowd(scene, 0.5) + 0.10, seats)
    infield = np.array((0.10, 0.20, 0.055), np.float32) * (1 + 0.12 * noise(scene, 9, 3, stretch=3))[..., None]
    picture = mix(picture, infield, (scene.y > 0.485).astype(np.float32))
    floor = -1.6
    red = [(-9.5, floor, 1), (1.6, floor, 1), (1.6, floor, 90), (-9.5, floor, 90)]
    plane(scene, lens, picture, red, 0.85 * scene.colour)
    for x in np.arange(-9.5, 1.7, 1.22):
        line = [(x, floor, 1), (x + 0.09, floor, 1), (x + 0.09, floor, 90), (x, floor, 90)]
        plane(scene, lens, picture, line, (0.60, 0.58, 0.55))
    picture = defocus(scene, picture, disc_radius(scene, 0.009, 0.030))
    return haze(scene, picture, 0.22, 0.12) * (vignette(scene, 0.18) * (1 + 0.3 * scene.x))[..., None]


def _trees(scene: Scene) -> np.ndarray:
    """A belt of trees at the far side, sunny tops and dark below."""
    lit = smoothstep(-1.2, 1.6, 1.2 * noise(scene, 20, 4, gain=0.8) + 0.8 * scene.x + 4 * (0.36 - scene.y))
    return mix((0.014, 0.030, 0.014), (0.15, 0.21, 0.06), lit)


@backdrop(
    "gym",
    "Gym",
    "A dark weights room with strip lights and a glowing band on the wall.",
    colour="#4a525c",
    accent="#ff5a2a",
    spill=0.4,
    rows=480,
    knee=0.5,
)
def gym(scene: Scene) -> np.ndarray:
    rng = scene.rng
    lens = Lens(horizon=0.45, focal=1.6, shift=rng.uniform(-0.14, -0.04))
    side, floor, top, end = 3.0, -1.5, 1.9, 11.0
    picture = scene.fill(0.05 * scene.colour)
    ends = [(-side, floor, end), (side, floor, end), (side, top, end), (-side, top, end)]
    plane(scene, lens, picture, ends, 0.30 * scene.colour)
    for x, tone in ((-side, 0.16), (side, 0.34)):
        wall = [(x, floor, 2), (x, floor, end), (x, top, end), (x, top, 2)]
        plane(scene, lens, picture, wall, tone * scene.colour)
    ground = [(-side, floor, 2), (side, floor, 2), (side, floor, end), (-side, floor, end)]
    plane(scene, lens, picture, ground, 0.13 * scene.colour)
    for x in (-side + 0.02, side - 0.02):
        band = [(x, 0.95, 2), (x, 0.95, end), (x, 1.05, end), (x, 1.05, 2)]
        plane(scene, lens, picture, band, (2.2 if x > 0 else 1.2) * scene.accent)
    plane(
        scene,
        lens,
        picture,
        [(-side, 0.95, end), (side, 0.95, end), (side, 1.05, end), (-side, 1.05, end)],
        1.2 * scene.accent,
    )
    for x, bright in ((-1.5, 3.0), (1.6, 5.0)):
        for z in (4.5, 6.7, 8.9):
            strip = [(x, top, z), (x + 0.14, top, z), (x + 0.14, top, z + 1.5), (x, top, z + 1.5)]
            plane(scene, lens, picture, strip, bright * FLOOD)
    for z in (9.5, 7.5, 6.0):
        for x in (-2.3, 1.7):
            _rack(scene, lens, picture, x + rng.uniform(-0.2, 0.2), floor, z)
    picture *= (1 + 0.12 * noise(scene, 5, 4, gain=0.6))[..., None]
    shine = gauss(scene, 0.22, 0.86, 0.16, 0.16) + 0.5 * gauss(scene, -0.26, 0.86, 0.14, 0.16)
    picture += (0.05 * shine)[..., None] * FLOOD + (0.10 * gauss(scene, 0, 0.29, 0.7, 0.10))[..., None] * scene.accent
    picture = defocus(scene, picture, disc_radius(scene, 0.010, 0.030))
    return haze(scene, picture, 0.24, 0.09) * (vignette(scene, 0.35) * (1 + 0.25 * scene.x))[..., None]


def _rack(scene: Scene, lens: Lens, picture: np.ndarray, x: float, floor: float, z: float) -> None:
    """A power rack: two posts, a loaded bar, a few plates with a glint of light."""
    rng = scene.rng
    steel = 0.05 * scene.colour
    for post in (x, x + 1.0):
        plane(
            scene,
            lens,
            picture,
            [(post, floor, z), (post + 0.09, floor, z), (post + 0.09, 0.8, z), (post, 0.8, z)],
            steel,
        )
    bar = -0.2 + rng.uniform(-0.3, 0.2)
    plane(
        scene,
        lens,
        picture,
        [(x - 0.5, bar, z), (x + 1.6, bar, z), (x + 1.6, bar + 0.05, z), (x - 0.5, bar + 0.05, z)],
        0.9 * scene.colour,
    )
    for plate in (x - 0.35, x - 0.25, x + 1.30, x + 1.40):
        tone = scene.accent * 0.25 if rng.random() < 0.35 else 0.6 * steel
        edge = [
            (plate, bar - 0.21, z),
            (plate + 0.07, bar - 0.21, z),
            (plate + 0.07, bar + 0.26, z),
            (plate, bar + 0.26, z),
        ]
        plane(scene, lens, picture, edge, tone)
