"""Lights and colours of a feast: lanterns, confetti, a lit tree, fireworks."""

from __future__ import annotations

import cv2
import numpy as np

from headshot_core.studio.backdrops.scene import (
    HALF_WIDTH,
    Scene,
    backdrop,
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


@backdrop(
    "lanterns",
    "Paper lanterns",
    "Strings of glowing paper lanterns on a warm evening.",
    colour="#3a2433",
    accent="#ff9d4a",
    spill=0.4,
    rows=520,
    knee=0.45,
)
def lanterns(scene: Scene) -> np.ndarray:
    rng = scene.rng
    picture = mix(0.35 * scene.colour, 1.0 * scene.colour, smoothstep(-0.1, 0.7, scene.y))
    picture *= (1 + 0.25 * noise(scene, 3, 3))[..., None]
    picture = mix(picture, 0.22 * scene.colour, smoothstep(0.66, 0.85, scene.y))
    lights = []
    glow = np.zeros_like(picture)
    for far in (0.35, 0.55, 0.8, 1.1):
        start, dip, height = rng.uniform(-0.3, 0.3), rng.uniform(0.08, 0.16), 0.42 - 0.36 * far + rng.normal(0, 0.02)
        pitch = 0.20 * far + 0.02
        for x in np.arange(-HALF_WIDTH, HALF_WIDTH, pitch):
            sag = dip * (1 - (((x + start + 9) % 1.4) / 0.7 - 1) ** 2)
            tone = scene.accent * np.array((1, rng.uniform(0.75, 1.1), rng.uniform(0.6, 1.2)))
            if rng.random() < 0.22:
                tone = np.array((1.0, 0.13, 0.05))
            _lantern(scene, glow, x + rng.normal(0, 0.01), height + sag, 0.062 * far, tone * (0.5 + 1.3 * far))
    picture += defocus(scene, glow, disc_radius(scene, 0.006, 0.020))
    for _ in range(110):
        x, y = rng.uniform(-1.3, 1.3), 0.62 + rng.normal(0, 0.05)
        radius = disc_radius(scene, 0.008, 0.032) * rng.uniform(0.7, 1)
        lights.append((x, y, radius, *(scene.accent * rng.lognormal(-1.5, 0.8))))
    picture += (0.12 * gauss(scene, 0.2, 0.62, 0.8, 0.10))[..., None] * scene.accent
    discs(scene, picture, calmed(scene, lights), rim=0.2)
    return haze(scene, picture, 0.30, 0.09) * (vignette(scene, 0.3) * (1 + 0.5 * scene.x))[..., None]


def _lantern(scene: Scene, glow: np.ndarray, x: float, y: float, radius: float, tone: np.ndarray) -> None:
    """A round paper lantern, lit from inside: brightest low in the middle, ribs, dark caps."""
    head_x, head_y, height = scene.head
    near = np.hypot((x - head_x) / 0.8, y - head_y) / height
    tone = tone * float(np.clip(near - 0.1, 0.4, 1))
    left, top = scene.pixels([(x - radius, y - radius)])[0].astype(int)
    size = max(3, int(2 * radius * scene.rows))
    rows, columns = (
        slice(max(0, top), min(scene.rows, top + size)),
        slice(max(0, left), min(scene.columns, left + size)),
    )
    across, down = (scene.x[rows, columns] - x) / radius, (scene.y[rows, columns] - y) / (0.92 * radius)
    inside = np.clip((1 - (across**2 + np.abs(down) ** 2.2)) * radius * scene.rows / 2 + 0.5, 0, 1)
    ribs = 0.92 + 0.08 * np.cos(22 * down)
    light = inside * ribs * (0.45 + 0.9 * np.exp(-(across**2 + (down - 0.2) ** 2) / 0.35))
    light *= np.where(np.abs(down) > 0.94, 0.2, 1)
    glow[rows, columns] += light[..., None] * tone.astype(np.float32)


@backdrop(
    "confetti",
    "Confetti",
    "Colourful confetti falling through warm party light.",
    colour="#7d4a86",
    accent="#ffce6b",
    spill=0.35,
    rows=520,
    knee=0.55,
)
def confetti(scene: Scene) -> np.ndarray:
    rng = scene.rng
    stage = mix(0.16 * scene.colour, 0.75 * scene.colour, gauss(scene, 0.1, 0.4, 0.55, 0.5))
    stage += (0.34 * gauss(scene, 0.42, 0.05, 0.45, 0.40))[..., None] * scene.accent
    stage += (0.16 * gauss(scene, -0.45, 0.35, 0.4, 0.5))[..., None] * np.array((0.10, 0.45, 0.75), np.float32)
    picture = stage * (1 + 0.10 * noise(scene, 2, 3))[..., None]
    lights = []
    for _ in range(55):
        x, y = rng.uniform(-1.3, 1.3), rng.uniform(0.0, 0.95)
        radius = disc_radius(scene, 0.012, 0.05) * rng.uniform(0.6, 1.1)
        lights.append((x, y, radius, *(scene.accent * rng.lognormal(-2.6, 0.7))))
    discs(scene, picture, calmed(scene, lights), rim=0.2)
    # Far pieces are many and nearly sharp in size, near ones few, large and wholly soft.
    for count, size, soft in ((380, 0.009, 0.004), (340, 0.016, 0.010), (170, 0.028, 0.020)):
        picture = _pieces(scene, picture, count, size, (0.3 + 1.4 * scene.blur) * soft)
    return haze(scene, picture, 0.08, 0.06) * vignette(scene, 0.3)[..., None]


def _pieces(scene: Scene, picture: np.ndarray, count: int, size: float, soft: float) -> np.ndarray:
    """Tumbling bits of paper and foil at one depth, as a soft layer over the picture."""
    rng = scene.rng
    palette = np.array(
        [
            (0.90, 0.12, 0.22),
            (0.98, 0.62, 0.08),
            (0.10, 0.42, 0.85),
            (0.12, 0.62, 0.38),
            (0.85, 0.25, 0.62),
            (1.0, 0.85, 0.45),
        ]
    )
    layer = np.zeros((*scene.x.shape, 4), np.float32)
    head_x, head_y, height = scene.head
    for _ in range(count):
        x, y = rng.uniform(-HALF_WIDTH, HALF_WIDTH), rng.uniform(-0.05, 1.05)
        turn, flat = rng.uniform(0, np.pi), rng.uniform(0.15, 1.0)
        tone = palette[rng.integers(len(palette))] * rng.uniform(0.5, 1.2)
        if np.hypot(x - head_x, y - head_y) < 0.75 * height and rng.random() < 0.7:
            continue
        along = size * np.array((np.cos(turn), np.sin(turn)))
        across = 0.6 * flat * size * np.array((-np.sin(turn), np.cos(turn)))
        corners = np.array((x, y)) + np.array([along + across, along - across, -along - across, -along + across])
        fixed = np.round(scene.pixels(corners) * 16 - 8).astype(np.int32)
        cv2.fillPoly(layer, [fixed], (*tone.tolist(), 1.0), cv2.LINE_8, 4)
    layer = defocus(scene, layer, soft + 0.002)
    return picture * (1 - layer[..., 3:]) + layer[..., :3]


@backdrop(
    "christmas_tree",
    "Tree lights",
    "A Christmas tree with fairy lights, far out of focus by the fireside.",
    colour="#1f3a26",
    accent="#ffb85c",
    spill=0.35,
    rows=560,
    knee=0.45,
)
def christmas_tree(scene: Scene) -> np.ndarray:
    rng = scene.rng
    room = np.array((0.11, 0.055, 0.034), np.float32)
    picture = mix(0.35 * room, room, gauss(scene, -0.45, 0.55, 0.7, 0.5))
    picture += (0.24 * gauss(scene, -0.55, 0.75, 0.35, 0.25))[..., None] * np.array((1.0, 0.35, 0.08), np.float32)
    middle = rng.uniform(0.22, 0.28)
    wide = 0.09 + 0.36 * (scene.y + 0.12)
    tree = smoothstep(1.0, 0.86, np.abs(scene.x - middle) / wide + 0.10 * noise(scene, 9, 3))
    needles = scene.colour * (0.55 + 0.45 * smoothstep(-1.5, 1.5, noise(scene, 11, 3)))[..., None]
    picture = mix(picture, needles, tree)
    picture = defocus(scene, picture, disc_radius(scene, 0.012, 0.034))
    lights = []
    for _ in range(210):
        y = 1.1 * rng.random() ** 0.7 - 0.1
        x = middle + (0.07 + 0.36 * (y + 0.12)) * rng.uniform(-1, 1)
        tone = (
            scene.accent if rng.random() < 0.86 else np.array([(0.9, 0.08, 0.05), (0.95, 0.75, 0.5)][rng.integers(2)])
        )
        radius = disc_radius(scene, 0.009, 0.036) * rng.uniform(0.7, 1.05)
        lights.append((x, y, radius, *(tone * rng.lognormal(-1.0, 0.8))))
    for middle_x, middle_y in ((-0.40, 0.58), (-0.25, 0.63), (-0.9, 0.60)):
        for _ in range(5):
            x, y = middle_x + rng.normal(0, 0.05), middle_y + rng.normal(0, 0.02)
            lights.append((x, y, disc_radius(scene, 0.008, 0.032), *(scene.accent * rng.lognormal(-1.2, 0.5))))
    discs(scene, picture, calmed(scene, lights), rim=0.22, cat_eye=0.5)
    return haze(scene, picture, 0.28, 0.09) * vignette(scene, 0.25)[..., None]


@backdrop(
    "fireworks",
    "Fireworks",
    "Fireworks over the water, soft and far away.",
    colour="#1c2748",
    accent="#ffcf87",
    spill=0.35,
    rows=480,
    knee=0.45,
)
def fireworks(scene: Scene) -> np.ndarray:
    rng = scene.rng
    picture = mix(0.30 * scene.colour, 0.95 * scene.colour, smoothstep(-0.1, 0.75, scene.y))
    smoke = smoothstep(-0.2, 2.0, noise(scene, 2.5, 4)) * gauss(scene, 0.1, 0.3, 0.8, 0.35)
    picture += (0.05 * smoke)[..., None] * (scene.accent + scene.colour)
    picture = mix(picture, 0.16 * scene.colour, smoothstep(0.665, 0.675, scene.y))
    bursts, lights = np.zeros_like(picture), []
    tints = (scene.accent, np.array((1.0, 0.32, 0.22)), np.array((0.55, 0.68, 1.0)), scene.accent)
    for index, (x, y, size) in enumerate(
        ((0.34, 0.16, 0.22), (-0.36, 0.24, 0.17), (0.98, 0.2, 0.2), (-1.0, 0.18, 0.2))
    ):
        x, y = x + rng.uniform(-0.03, 0.03), y + rng.uniform(-0.03, 0.03)
        _burst(scene, bursts, lights, x, y, size, tints[index])
        picture += (0.10 * gauss(scene, x, y, 1.2 * size))[..., None] * tints[index].astype(np.float32)
        water = gauss(scene, x, 0.76, 0.6 * size, 0.09) * (1 + 0.4 * noise(scene, 16, 2, stretch=8))
        picture += (0.14 * water.clip(0))[..., None] * tints[index].astype(np.float32)
    picture += defocus(scene, bursts, disc_radius(scene, 0.003, 0.009))
    for _ in range(70):
        x, y = rng.uniform(-1.4, 1.4), 0.645 + rng.normal(0, 0.012)
        lights.append((x, y, disc_radius(scene, 0.005, 0.018), *(scene.accent * rng.lognormal(-1.3, 0.6))))
    discs(scene, picture, calmed(scene, lights), rim=0.15, cat_eye=0.3)
    return haze(scene, picture, 0.25, 0.05) * vignette(scene, 0.25)[..., None]


def _burst(scene: Scene, bursts: np.ndarray, lights: list, x, y, size, tone) -> None:
    """One shell: sparks that fly out, slow down and fall, brightest at their tips."""
    rng = scene.rng
    time = np.linspace(0.25, 1, 7)[:, None]
    for angle in np.linspace(0, 2 * np.pi, 90, endpoint=False) + rng.normal(0, 0.06, 90):
        flight = size * rng.uniform(0.3, 1.05) ** 0.7 * np.array((np.cos(angle), np.sin(angle)))
        path = np.array((x, y)) + flight * time + np.array((0, 0.22 * size)) * time**2
        spark = tone * rng.lognormal(-0.9, 0.7)
        fixed = np.round(scene.pixels(path) * 16).astype(int).tolist()
        for step in range(1, len(path)):
            bright = 1.8 * spark * float(time[step, 0]) ** 2
            cv2.line(bursts, fixed[step - 1], fixed[step], bright.tolist(), 1, cv2.LINE_8, 4)
        lights.append((*path[-1], disc_radius(scene, 0.004, 0.010), *(0.8 * spark)))
