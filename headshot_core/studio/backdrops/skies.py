"""Night skies and a castle at dusk, for a touch of fantasy."""

from __future__ import annotations

import numpy as np

from headshot_core.studio.backdrops.scene import (
    HALF_WIDTH,
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
    polygon,
    smoothstep,
    value_at,
    vignette,
    warped,
)


@backdrop(
    "starfield",
    "Among the stars",
    "A soft nebula with dust and stars, as a long exposure shows it.",
    colour="#3a3f9e",
    accent="#e0709a",
    spill=0.35,
    rows=640,
    knee=0.5,
)
def starfield(scene: Scene) -> np.ndarray:
    lean = scene.rng.uniform(0.5, 0.8)
    band = np.exp(-(((scene.y - 0.45) + lean * scene.x + 0.07 * noise(scene, 1.5, 2)) ** 2) / 0.09)
    gas = warped(scene, noise(scene, 2.2, 5, gain=0.62), 0.035, 3)
    second = warped(scene, noise(scene, 1.8, 5, gain=0.6), 0.035, 3)
    dust = smoothstep(-0.2, 2.4, warped(scene, noise(scene, 4.0, 5, gain=0.66), 0.025, 5)) * band
    cloud = band * smoothstep(-2.2, 2.6, gas + 0.5 * scene.x)
    rose = band**1.5 * smoothstep(-1.0, 2.6, second + 0.9 * scene.x)
    picture = scene.fill(0.035 * scene.colour) + (0.80 * cloud)[..., None] * scene.colour
    picture += (0.55 * rose)[..., None] * scene.accent
    core = gauss(scene, 0.30, 0.24, 0.16, 0.13) * (0.8 + 0.3 * gas)
    picture += (0.42 * core.clip(0))[..., None] * (0.55 * scene.accent + 0.25 * scene.colour + 0.12)
    picture *= (1 - 0.8 * dust)[..., None]
    picture = defocus(scene, picture, 0.002 + 0.010 * scene.blur)
    discs(scene, picture, calmed(scene, _stars(scene, band), 0.5), rim=0, cat_eye=0, edge=0.8)
    return haze(scene, picture, 0.22, 0.035) * vignette(scene, 0.35)[..., None]


def _stars(scene: Scene, band: np.ndarray) -> np.ndarray:
    """Few bright stars and many faint ones, most within the band; blue, white and amber as real ones."""
    rng = scene.rng
    count = 1100
    x, y = rng.uniform(-HALF_WIDTH, HALF_WIDTH, count), rng.uniform(-0.02, 1.02, count)
    keep = rng.random(count) < 0.25 + 0.75 * value_at(scene, band, x, y)
    size = rng.pareto(2.6, count).clip(0, 9)
    radius = 0.0016 + 0.0006 * size + 0.0045 * scene.blur * (0.3 + 0.1 * size)
    tint = np.array([(0.72, 0.82, 1.0), (1.0, 0.98, 0.95), (1.0, 0.82, 0.62)])[rng.integers(0, 3, count)]
    bright = (0.10 + 0.30 * size) * rng.uniform(0.5, 1, count)
    return np.column_stack([x, y, radius, bright[:, None] * tint])[keep]


@backdrop(
    "aurora",
    "Northern lights",
    "Curtains of northern light over snowy hills.",
    colour="#4fe0a0",
    accent="#8a5ad8",
    spill=0.35,
    rows=520,
    knee=0.5,
)
def aurora(scene: Scene) -> np.ndarray:
    night = mix((0.004, 0.008, 0.022), (0.014, 0.040, 0.060), smoothstep(0.1, 0.8, scene.y))
    picture = night.copy()
    for step in range(3):
        picture += _curtain(scene, 0.62 - 0.14 * step, (1.0, 0.65, 0.4)[step])
    picture = defocus(scene, picture, 0.004 + 0.018 * scene.blur)
    for y, shade in ((0.66, 0.055), (0.74, 0.10)):
        slopes = 1 + 0.18 * noise(scene, 5, 3, stretch=2.5, angle=20) + 0.4 * scene.x
        snow = (shade * slopes)[..., None] * (0.6 * scene.colour + np.array((0.15, 0.25, 0.5), np.float32))
        picture = mix(picture, snow, defocus(scene, _hills(scene, y, 0.045), disc_radius(scene, 0.004, 0.018)))
    picture = mix(picture, (0.004, 0.010, 0.012), defocus(scene, _firs(scene), disc_radius(scene, 0.004, 0.016)))
    stars = _stars(scene, np.full_like(scene.x, 0.1))
    discs(
        scene,
        picture,
        calmed(scene, stars[stars[:, 1] < 0.6]) * np.array((1, 1, 0.6, 0.6, 0.6, 0.6)),
        rim=0,
        cat_eye=0,
        edge=0.8,
    )
    return haze(scene, picture, 0.25, 0.06) * vignette(scene, 0.25)[..., None]


def _curtain(scene: Scene, height: float, bright: float) -> np.ndarray:
    """One folded sheet of light: a sharp lower hem, long rays above it, green turning violet."""
    rng = scene.rng
    across = np.linspace(-2, 2, 512)
    hem = height + sum(
        size * np.sin(pitch * across + rng.uniform(0, 6.3)) for size, pitch in ((0.07, 2.3), (0.035, 5.1), (0.012, 13))
    )
    rays = np.convolve(rng.standard_normal(512), np.hanning(9), "same") * 0.35 + np.interp(
        across, np.linspace(-2, 2, 28), 1.5 * rng.standard_normal(28)
    )
    lean = scene.x + 0.12 * (scene.y - height)
    up = np.interp(scene.x, across, hem).astype(np.float32) - scene.y
    ray = np.clip(0.55 + 0.40 * np.interp(lean, across, rays) + 0.25 * scene.x, 0.05, 2).astype(np.float32)
    long = 0.16 + 0.10 * ray
    light = np.where(up > 0, np.exp(-up.clip(0) / long), np.exp(-((up / 0.014) ** 2))) * ray
    violet = smoothstep(0.10, 0.42, up)
    return bright * 0.42 * light[..., None] * mix(scene.colour, scene.accent, violet)


def _firs(scene: Scene) -> np.ndarray:
    """Mask of a dark wood along the foot of the hills."""
    rng = scene.rng
    wood = np.zeros_like(scene.x)
    for x in np.arange(-HALF_WIDTH, HALF_WIDTH, 0.03):
        x, tall = x + rng.normal(0, 0.01), rng.uniform(0.05, 0.15) * (0.6 + abs(x))
        wide = 0.3 * tall
        polygon(scene, wood, [(x, 0.86 - tall), (x + wide, 0.90), (x - wide, 0.90)], (1, 1, 1))
    return np.maximum(wood, (scene.y > 0.88).astype(np.float32))


def _hills(scene: Scene, y: float, size: float) -> np.ndarray:
    """Mask of a ridge of hills."""
    rng = scene.rng
    across = np.linspace(-2, 2, 400)
    ridge = y + sum(
        size / (octave + 1) * np.sin((2.1 + 2.7 * octave) * across + rng.uniform(0, 6.3)) for octave in range(5)
    )
    return (scene.y > np.interp(scene.x, across, ridge)).astype(np.float32)


@backdrop(
    "castle",
    "Castle at dusk",
    "A far castle in violet mist, its windows just lit.",
    colour="#7a5f9c",
    accent="#ffb46a",
    spill=0.4,
    rows=480,
    knee=0.5,
)
def castle(scene: Scene) -> np.ndarray:
    rng = scene.rng
    glow = gauss(scene, 0.32, 0.52, 0.60, 0.30)
    sky = mix(0.35 * scene.colour, 0.95 * scene.colour, smoothstep(-0.1, 0.6, scene.y))
    clouds = smoothstep(0, 1.8, noise(scene, 2.5, 4, stretch=3)) * smoothstep(0.62, 0.1, scene.y)
    sky += (0.75 * glow + 0.25 * clouds * (0.3 + glow))[..., None] * scene.accent
    picture = sky.copy()
    picture = mix(picture, mix(0.55 * scene.colour, sky, np.full_like(scene.x, 0.35)), _hills(scene, 0.56, 0.04))
    lights = []
    for left, scale in ((0.16, 1.15), (-0.44, 0.5), (0.95, 0.8), (-1.2, 0.9)):
        _keep(scene, picture, lights, left + rng.uniform(-0.03, 0.03), 0.60, scale * rng.uniform(0.9, 1.1))
    picture = mix(picture, 0.16 * scene.colour, _hills(scene, 0.66, 0.04))
    picture = defocus(scene, picture, disc_radius(scene, 0.007, 0.022))
    picture = mix(
        picture,
        0.6 * sky + 0.1 * scene.accent,
        0.55 * gauss(scene, 0, 0.66, 3, 0.07) * smoothstep(-2, 2, noise(scene, 2.5, 3, stretch=3)),
    )
    picture = mix(picture, 0.07 * scene.colour, defocus(scene, _hills(scene, 0.80, 0.05), 0.03))
    for _ in range(60):
        x, y = rng.normal(0.3, 0.5), 0.70 + 0.05 * rng.random()
        lights.append((x, y, disc_radius(scene, 0.005, 0.018), *(scene.accent * rng.lognormal(-2.0, 0.7))))
    discs(scene, picture, calmed(scene, lights, 0.6), rim=0.05, cat_eye=0.3, edge=0.2)
    return haze(scene, picture, 0.22, 0.08) * (vignette(scene, 0.35) * (1 + 0.45 * scene.x))[..., None]


def _keep(scene: Scene, picture: np.ndarray, lights: list, x: float, foot: float, scale: float) -> None:
    """A group of towers with pointed roofs, and the lamps in them."""
    rng = scene.rng
    stone, roof = 0.20 * scene.colour, 0.11 * scene.colour
    box(scene, picture, x - 0.02, foot - 0.07 * scale, x + 0.34 * scale, foot + 0.1, stone)
    box(scene, picture, x + 0.07 * scale, foot - 0.15 * scale, x + 0.24 * scale, foot + 0.1, 0.9 * stone)
    towers = (
        (-0.03, 0.04, 0.13),
        (0.03, 0.035, 0.22),
        (0.09, 0.060, 0.36),
        (0.17, 0.03, 0.26),
        (0.215, 0.05, 0.2),
        (0.30, 0.05, 0.15),
    )
    for offset, wide, tall in towers:
        left, top = x + offset * scale, foot - tall * scale * rng.uniform(0.9, 1.1)
        wide = wide * scale
        box(scene, picture, left, top, left + wide, foot + 0.1, stone * rng.uniform(0.85, 1.15))
        peak = [(left - 0.2 * wide, top), (left + 1.2 * wide, top), (left + 0.5 * wide, top - 2.0 * wide)]
        polygon(scene, picture, peak, roof)
        for _ in range(rng.integers(0, 3)):
            y = top + scale * rng.uniform(0.02, 0.14)
            bright = 0.7 * scale * rng.uniform(0.4, 1)
            lights.append((left + 0.5 * wide, y, disc_radius(scene, 0.005, 0.013), *(bright * scene.accent)))
