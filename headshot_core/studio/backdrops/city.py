"""Streets and roofs of a town."""

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
    smoothstep,
    vignette,
)

SODIUM, TUNGSTEN, LED = (1.0, 0.50, 0.14), (1.0, 0.66, 0.32), (0.80, 0.90, 1.0)
TAIL, SIGNAL = (1.0, 0.07, 0.03), (0.10, 0.85, 0.50)
STREET = 0.56
"""Height of the street's far end in the frame."""


@backdrop(
    "city_evening",
    "City evening",
    "A street at dusk, its lamps and windows melted into discs of light.",
    colour="#3a5078",
    accent="#ffad5c",
    spill=0.35,
    rows=560,
    knee=0.45,
)
def city_evening(scene: Scene) -> np.ndarray:
    sky = mix(0.40 * scene.colour, 0.75 * scene.colour + 0.22 * scene.accent, smoothstep(0.05, STREET, scene.y) ** 1.6)
    lights = []
    for far in np.linspace(1, 0, 13):
        _house(scene, sky, lights, far)
    street = smoothstep(STREET, STREET + 0.08, scene.y)
    sky = mix(sky, 0.12 * scene.colour + 0.03 * scene.accent, street)
    picture = defocus(scene, sky, disc_radius(scene, 0.012, 0.045))
    picture *= (1 + 0.10 * noise(scene, 2.5, 3))[..., None]
    lights += _traffic(scene) + _lamps(scene)
    picture += (0.14 * gauss(scene, 0.25, STREET + 0.03, 0.7, 0.10))[..., None] * scene.accent
    glow = np.zeros_like(picture)
    discs(scene, glow, calmed(scene, lights), rim=0.22, cat_eye=0.45)
    glow *= (1 + 0.05 * noise(scene, 30, 2))[..., None]
    return haze(scene, picture + glow, 0.22, 0.09)


def _house(scene: Scene, sky: np.ndarray, lights: list, far: float) -> None:
    """A block with a few lit windows, all in one house's kind of light; far ones are pale and low."""
    rng = scene.rng
    left, width = rng.uniform(-HALF_WIDTH, HALF_WIDTH), rng.uniform(0.14, 0.34) * (1 - 0.4 * far)
    top = rng.uniform(0.0, 0.25) + 0.16 * far
    tone = scene.colour * (rng.uniform(0.08, 0.16) + 0.30 * far) + 0.03 * far * scene.accent
    box(scene, sky, left, top, left + width, STREET + 0.05, tone)
    lamp = np.array([SODIUM, TUNGSTEN, TUNGSTEN, LED][rng.integers(4)])
    pitch = rng.uniform(0.034, 0.05)
    for x in np.arange(left + pitch, left + width, pitch):
        for y in np.arange(top + pitch, STREET - 0.02, 1.3 * pitch):
            if rng.random() < 0.13:
                radius = disc_radius(scene, 0.008, 0.036) * rng.uniform(0.85, 1.05)
                lights.append((x, y, radius, *(lamp * rng.lognormal(-2.0, 0.7))))


def _traffic(scene: Scene) -> list:
    """Head and tail lamps in two lanes that meet near the horizon."""
    rng = scene.rng
    lights = []
    for _ in range(90):
        far = rng.random() ** 0.6
        y = STREET + 0.01 + 0.24 * (1 - far) ** 1.5 + rng.normal(0, 0.010)
        oncoming = rng.random() < 0.55
        lane = (0.10 if oncoming else -0.14) + rng.normal(0, 0.12)
        x = 0.10 + lane * (1 + 5 * (1 - far))
        colour = np.array(TUNGSTEN if oncoming else TAIL)
        radius = disc_radius(scene, 0.010, 0.042) * (0.6 + 0.4 * far) * rng.uniform(0.85, 1.05)
        lights.append((x, y, radius, *(colour * rng.lognormal(-1.1, 0.8))))
    return lights


def _lamps(scene: Scene) -> list:
    """Two rows of street lamps that run away down the street, and a few signs and shop fronts."""
    rng = scene.rng
    lights = []
    for row, side in ((10, 1), (9, -1)):
        for step in range(row):
            near = 0.80**step
            x = 0.10 + side * (0.05 + 0.72 * near) + rng.normal(0, 0.012)
            y = STREET - 0.02 - 0.46 * near + rng.normal(0, 0.012)
            bright = 1.4 * rng.uniform(0.6, 1.2) * (1.0 if side > 0 else 0.55)
            lights.append((x, y, disc_radius(scene, 0.012, 0.048), *(scene.accent * bright)))
    for _ in range(34):
        colour = np.array([SIGNAL, LED, TAIL, TUNGSTEN, TUNGSTEN, SODIUM][rng.integers(6)])
        x, y = rng.uniform(-1.3, 1.3), STREET - abs(rng.normal(0.03, 0.07))
        lights.append(
            (x, y, disc_radius(scene, 0.010, 0.044) * rng.uniform(0.8, 1), *(colour * rng.lognormal(-1.5, 0.6)))
        )
    return lights


@backdrop(
    "skyline",
    "Rooftop by day",
    "A city seen from a rooftop on a hazy, bright day.",
    colour="#8ba3b8",
    accent="#ffe9c7",
    spill=0.45,
    rows=440,
    knee=0.6,
)
def skyline(scene: Scene) -> np.ndarray:
    rng = scene.rng
    sky = mix(0.85 * scene.colour, 1.15 * scene.colour + 0.35 * scene.accent, smoothstep(-0.2, 0.55, scene.y))
    sky += (0.55 * gauss(scene, 0.55, 0.05, 0.6, 0.5))[..., None] * scene.accent
    picture = mix(sky, 0.95, 0.35 * smoothstep(0.2, 2.0, noise(scene, 2.5, 4, stretch=2.5)))
    for near in (0.15, 0.4, 0.7, 1.0):
        x = -HALF_WIDTH
        while x < HALF_WIDTH:
            wide = rng.uniform(0.06, 0.12) * (0.8 + 0.7 * near)
            top = 0.52 + 0.17 * near - rng.gamma(2.0, 0.055)
            _tower(scene, picture, x, wide, top, near)
            x += wide * rng.uniform(0.85, 1.3)
        # Haze lies between the rows: far ones fade into the sky.
        picture = mix(picture, sky, np.full_like(scene.x, 0.34 * (1 - near)))
    box(scene, picture, -1.5, 0.84, 1.5, 0.87, 0.50 * scene.colour + 0.10)
    box(scene, picture, -1.5, 0.87, 1.5, 1.1, 0.22 * scene.colour)
    picture = defocus(scene, picture, disc_radius(scene, 0.008, 0.026))
    return haze(scene, picture, 0.22, 0.10) * (vignette(scene, 0.2) * (1 + 0.12 * scene.x))[..., None]


def _tower(scene: Scene, picture: np.ndarray, x: float, wide: float, top: float, near: float) -> None:
    """A block with a sunny and a shaded face, rows of windows, and now and then the sun in one of them."""
    rng = scene.rng
    stone = [scene.colour, 0.8 * scene.colour + 0.1 * scene.accent, np.array((0.42, 0.30, 0.23))][rng.integers(3)]
    stone = stone * rng.uniform(0.25, 0.6)
    edge = x + wide * rng.uniform(0.55, 0.8)
    box(scene, picture, x, top, x + wide, 1.1, 0.6 * stone)
    box(scene, picture, edge, top, x + wide, 1.1, 1.5 * stone * scene.accent**0.5)
    pitch = 0.020 + 0.008 * near
    for y in np.arange(top + pitch, 0.86, pitch):
        box(scene, picture, x + 0.006, y, x + wide - 0.006, y + 0.45 * pitch, stone * rng.uniform(0.3, 0.7))
        if rng.random() < 0.03:
            box(scene, picture, edge, y, edge + 0.014, y + 0.5 * pitch, 5 * scene.accent)
