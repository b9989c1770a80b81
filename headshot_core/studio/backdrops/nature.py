"""Out of doors: leaves, a glowing forest, snow at dusk, the sea at sunset."""

from __future__ import annotations

import numpy as np

from headshot_core.studio.backdrops.scene import (
    HALF_WIDTH,
    Scene,
    backdrop,
    calm,
    calmed,
    defocus,
    disc_radius,
    discs,
    gauss,
    haze,
    mix,
    noise,
    polygon,
    smoothstep,
    value_at,
    vignette,
)


@backdrop(
    "foliage",
    "Leaves in the sun",
    "A green garden with sunlight falling through the leaves.",
    colour="#6b9440",
    accent="#f3f7c4",
    spill=0.4,
    rows=520,
    knee=0.5,
)
def foliage(scene: Scene) -> np.ndarray:
    rng = scene.rng
    light = smoothstep(-2.2, 2.6, noise(scene, 2.0, 3) + 1.1 * scene.x - 1.6 * (scene.y - 0.45))
    leaves = smoothstep(-1.8, 1.8, noise(scene, 10, 4, gain=0.7))
    picture = mix(0.10 * scene.colour, 1.0 * scene.colour + 0.10 * scene.accent, light * (0.35 + 0.65 * leaves))
    picture = mix(picture, 0.35 * scene.colour, 0.7 * smoothstep(0.62, 0.95, scene.y))
    for x in (rng.uniform(-0.45, -0.22), rng.uniform(0.18, 0.5), rng.uniform(-1.3, -0.7), rng.uniform(0.7, 1.3)):
        wide, lean = rng.uniform(0.02, 0.05), rng.normal(0, 0.05)
        bark = np.array((0.035, 0.030, 0.018))
        polygon(scene, picture, [(x, -0.1), (x + wide, -0.1), (x + wide + lean, 1.1), (x + lean, 1.1)], bark)
    picture += _leaf_glints(scene, light)
    picture = defocus(scene, picture, disc_radius(scene, 0.010, 0.036))
    discs(scene, picture, calmed(scene, _sun_gaps(scene, light)), rim=0.3, cat_eye=0.6)
    return haze(scene, picture, 0.16, 0.08) * vignette(scene, 0.3)[..., None]


def _leaf_glints(scene: Scene, light: np.ndarray) -> np.ndarray:
    """Thousands of shining leaves as single pixels: the lens makes each of them a disc."""
    rng = scene.rng
    count = 9000
    x, y = rng.uniform(-HALF_WIDTH, HALF_WIDTH, count), rng.uniform(-0.05, 1.05, count)
    bright = rng.lognormal(-1.2, 1.1, count) * value_at(scene, light, x, y) ** 2 * calm(scene, x, y, 0.6)
    glints = np.zeros_like(scene.x)
    across, down = scene.pixels(np.column_stack([x, y])).astype(int).T
    seen = (across >= 0) & (across < scene.columns) & (down >= 0) & (down < scene.rows)
    np.add.at(glints, (down[seen], across[seen]), bright[seen])
    # One pixel stands for a whole disc's light.
    area = np.pi * (disc_radius(scene, 0.010, 0.036) * scene.rows) ** 2
    return (0.35 * area * glints)[..., None] * (scene.colour + 0.06 * scene.accent)


def _sun_gaps(scene: Scene, light: np.ndarray) -> np.ndarray:
    """Gaps of bright sky between the leaves: few, and most of them where the light comes from."""
    rng = scene.rng
    count = 170
    x, y = rng.uniform(-HALF_WIDTH, HALF_WIDTH, count), rng.beta(1.3, 2.6, count)
    keep = rng.random(count) < value_at(scene, light, x, y)
    radius = disc_radius(scene, 0.010, 0.038) * rng.uniform(0.75, 1.05, count)
    rgb = rng.lognormal(-1.6, 0.8, count)[:, None] * (0.7 * scene.accent + 0.5 * scene.colour)
    return np.column_stack([x, y, radius, rgb])[keep]


@backdrop(
    "forest",
    "Glowing forest",
    "A misty forest with shafts of light and floating golden motes.",
    colour="#2c6a66",
    accent="#ffd37a",
    spill=0.45,
    rows=440,
    knee=0.5,
)
def forest(scene: Scene) -> np.ndarray:
    source_x, source_y = 0.34, 0.16
    glow = gauss(scene, source_x - 0.1, source_y + 0.16, 0.40, 0.46)
    mist = mix(0.22 * scene.colour, 1.15 * scene.colour + 0.25 * scene.accent, glow)
    picture = mist.copy()
    for near in (0.25, 0.45, 0.7, 1.0):
        _trunks(scene, picture, mist, near)
        picture = defocus(scene, picture, disc_radius(scene, 0.004, 0.014))
        fog = 0.35 * (1 - near) * smoothstep(-1.5, 1.5, noise(scene, 2.2, 3, stretch=2))
        picture = mix(picture, mist, fog)
    ferns = smoothstep(0.70, 0.95, scene.y + 0.05 * noise(scene, 5, 3))
    picture = mix(picture, 0.10 * scene.colour * (1 + 0.5 * noise(scene, 12, 3)).clip(0)[..., None], ferns)
    picture += (0.55 * _shafts(scene, source_x + 0.15, -0.35))[..., None] * (0.45 * scene.accent + 0.3 * scene.colour)
    picture += (0.28 * gauss(scene, source_x, source_y, 0.26, 0.24))[..., None] * scene.accent
    discs(scene, picture, calmed(scene, _motes(scene), 0.6), rim=0.1, cat_eye=0.3)
    return haze(scene, picture, 0.28, 0.09) * vignette(scene, 0.45)[..., None]


def _trunks(scene: Scene, picture: np.ndarray, mist: np.ndarray, near: float) -> None:
    """One depth of trees: thinner, paler and more of them the farther away."""
    rng = scene.rng
    tone = (1 - 0.93 * near) * 0.55 * scene.colour + 0.012
    for x in np.arange(-HALF_WIDTH, HALF_WIDTH, 0.10 + 0.24 * near):
        x = x + rng.normal(0, 0.07)
        wide, lean = (0.012 + 0.055 * near) * rng.uniform(0.6, 1.3), rng.normal(0, 0.03)
        # The nearest trees leave the middle, where the head is, free.
        if near > 0.6 and abs(x - scene.head[0]) < 0.22:
            x += 0.3 if x > scene.head[0] else -0.3
        foot = 0.70 + 0.35 * near
        trunk = [(x - 0.7 * wide, -0.1), (x + 0.7 * wide, -0.1), (x + wide + lean, foot), (x - wide + lean, foot)]
        polygon(scene, picture, trunk, tone)
        for _ in range(2):
            y, side = rng.uniform(0.0, 0.4), rng.choice([-1, 1])
            reach = rng.uniform(0.08, 0.22) * (0.4 + near)
            branch = [(x, y), (x + side * reach, y - 0.6 * reach), (x, y + 0.25 * wide)]
            polygon(scene, picture, branch, tone)


def _shafts(scene: Scene, source_x: float, source_y: float) -> np.ndarray:
    """Rays of light that fan out from a gap in the leaves."""
    rng = scene.rng
    angle = np.arctan2(scene.x - source_x, scene.y - source_y)
    rays = np.interp(angle, np.linspace(-1.6, 1.6, 90), rng.standard_normal(90))
    rays = smoothstep(0.2, 1.9, rays.astype(np.float32) + 0.3)
    distance = np.hypot(scene.x - source_x, scene.y - source_y)
    return defocus(scene, rays, 0.006) * smoothstep(1.35, 0.35, distance)


def _motes(scene: Scene) -> np.ndarray:
    """Glowing specks at all depths: most small, a few near and large and faint."""
    rng = scene.rng
    count = 170
    depth = rng.random(count) ** 3
    x, y = rng.uniform(-1.3, 1.3, count), rng.beta(2.2, 1.8, count)
    radius = 0.0025 + (0.006 + 0.028 * scene.blur) * depth
    bright = rng.lognormal(-0.2, 0.5, count) * (0.10 + 0.9 * (1 - depth) ** 4)
    return np.column_stack([x, y, radius, bright[:, None] * 1.6 * scene.accent])


@backdrop(
    "snow",
    "Falling snow",
    "Soft snow falling at blue dusk, with the warm windows of a village.",
    colour="#54719b",
    accent="#ffb45e",
    spill=0.35,
    rows=520,
    knee=0.55,
)
def snow(scene: Scene) -> np.ndarray:
    rng = scene.rng
    sky = mix(0.45 * scene.colour, 1.05 * scene.colour + 0.05 * scene.accent, smoothstep(-0.1, 0.6, scene.y))
    picture = sky.copy()
    for near in (0.25, 0.55, 0.9):
        for x in np.arange(-HALF_WIDTH, HALF_WIDTH, 0.11 + 0.12 * near):
            _fir(
                scene,
                picture,
                x + rng.normal(0, 0.05),
                0.66 + 0.05 * near,
                (0.16 + 0.30 * near) * rng.uniform(0.6, 1.2),
                near,
            )
        picture = mix(picture, sky, np.full(scene.x.shape, 0.30 * (1 - near), np.float32))
    ground = smoothstep(0.64, 0.70, scene.y + 0.012 * noise(scene, 2, 2))
    picture = mix(picture, 0.70 * (scene.colour + 0.06) * (1 + 0.12 * noise(scene, 3, 3, stretch=3))[..., None], ground)
    picture = defocus(scene, picture, disc_radius(scene, 0.012, 0.040))
    lights = _village(scene)
    picture += (0.20 * gauss(scene, 0.32, 0.62, 0.42, 0.10) + 0.10 * gauss(scene, -0.45, 0.62, 0.3, 0.09))[
        ..., None
    ] * scene.accent
    discs(scene, picture, calmed(scene, lights), rim=0.15)
    picture = haze(scene, picture, 0.22, 0.08)
    discs(scene, picture, calmed(scene, _flakes(scene), 0.5), rim=0.0, cat_eye=0.2, edge=0.7)
    return picture * vignette(scene, 0.22)[..., None]


def _fir(scene: Scene, picture: np.ndarray, x: float, foot: float, tall: float, near: float) -> None:
    """A conifer of five skirts, each with a little snow on the key's side."""
    dark = 0.30 * scene.colour * (1.3 - near)
    for tier in range(5):
        top, wide = foot - tall * (1 - tier / 6), tall * (0.07 + 0.045 * tier)
        low = top + tall * 0.34
        polygon(scene, picture, [(x, top), (x + wide, low), (x - wide, low)], dark)
        snow = 0.9 * scene.colour
        polygon(scene, picture, [(x, top), (x + wide, low), (x + 0.55 * wide, low)], snow)


def _village(scene: Scene) -> list:
    rng = scene.rng
    lights = []
    for middle, count in ((0.34, 22), (-0.42, 14), (0.95, 18), (-1.05, 16)):
        for _ in range(count):
            x, y = middle + rng.normal(0, 0.12), 0.60 + rng.normal(0, 0.028)
            radius = disc_radius(scene, 0.009, 0.036) * rng.uniform(0.75, 1.05)
            lights.append((x, y, radius, *(scene.accent * rng.lognormal(-0.6, 0.5))))
    return lights


def _flakes(scene: Scene) -> np.ndarray:
    """Snow at all depths: many small soft flakes, some near, large and almost clear."""
    rng = scene.rng
    count = 760
    depth = rng.random(count) ** 9
    x, y = rng.uniform(-HALF_WIDTH, HALF_WIDTH, count), rng.uniform(-0.03, 1.03, count)
    radius = 0.0028 + 0.004 * rng.random(count) + 0.030 * depth
    bright = np.clip(0.85 * (0.0035 / radius) ** 1.15, 0.05, 0.8) * rng.uniform(0.4, 1, count)
    return np.column_stack([x, y, radius, bright[:, None] * (0.4 + 0.6 * np.array((0.85, 0.93, 1.0)))])


@backdrop(
    "beach_sunset",
    "Beach at sunset",
    "The sea at the end of the day, a low sun glittering on the water.",
    colour="#e08a5a",
    accent="#ffd08a",
    spill=0.5,
    rows=480,
    knee=0.5,
)
def beach_sunset(scene: Scene) -> np.ndarray:
    rng = scene.rng
    horizon = 0.50 + rng.uniform(-0.02, 0.03)
    sun_x, sun_y = rng.uniform(0.27, 0.36), horizon - rng.uniform(0.07, 0.12)
    dusk = np.array((0.16, 0.19, 0.34), np.float32)
    sky = mix(dusk, 0.75 * scene.colour, smoothstep(-0.15, horizon, scene.y) ** 1.5)
    clouds = smoothstep(0.1, 1.8, noise(scene, 3.5, 4, stretch=5)) * smoothstep(horizon, 0.1, scene.y)
    sky = mix(sky, 0.9 * scene.colour + 0.2 * scene.accent, 0.45 * clouds)
    sky += (0.75 * gauss(scene, sun_x, sun_y, 0.32, 0.20))[..., None] * scene.accent
    water = mix(0.55 * scene.colour, dusk * 0.8, smoothstep(horizon, 0.85, scene.y))
    swell = noise(scene, 14, 3, stretch=8) * smoothstep(horizon, horizon + 0.2, scene.y)
    path = np.exp(-(((scene.x - sun_x) / (0.06 + 0.5 * (scene.y - horizon).clip(0))) ** 2))
    water = water * (1 + 0.20 * swell)[..., None] + (0.7 * path)[..., None] * scene.accent
    picture = mix(sky, water, (scene.y > horizon).astype(np.float32))
    shore = 0.84 + 0.03 * scene.x + 0.012 * np.sin(7 * scene.x)
    sand = np.array((0.24, 0.13, 0.075), np.float32) * (1 + 0.10 * noise(scene, 8, 3))[..., None]
    picture = mix(picture, sand, (scene.y > shore).astype(np.float32))
    picture = defocus(scene, picture, disc_radius(scene, 0.010, 0.032))
    lights = []
    picture += (1.6 * gauss(scene, sun_x, sun_y, 0.09))[..., None] * scene.accent
    discs(scene, picture, [(sun_x, sun_y, disc_radius(scene, 0.028, 0.055), *(2.5 * scene.accent))], 0, 0, edge=0.25)
    for _ in range(120):
        far = rng.random() ** 1.6
        x = sun_x + rng.normal(0, 0.05 + 0.25 * far)
        y = horizon + 0.012 + 0.28 * far
        radius = disc_radius(scene, 0.006, 0.026) * rng.uniform(0.6, 1.0)
        lights.append((x, y, radius, *(scene.accent * rng.lognormal(-1.6, 0.7))))
    discs(scene, picture, calmed(scene, lights), rim=0.15, cat_eye=0.4)
    return haze(scene, picture, 0.30, 0.12) * vignette(scene, 0.2)[..., None]
