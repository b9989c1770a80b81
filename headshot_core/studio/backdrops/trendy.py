"""Of the moment: neon tubes."""

from __future__ import annotations

import numpy as np

from headshot_core.studio.backdrops.scene import (
    Scene,
    backdrop,
    defocus,
    disc_radius,
    gauss,
    haze,
    noise,
    smoothstep,
    vignette,
)


@backdrop(
    "neon",
    "Neon",
    "Soft neon tubes that wash a dark wall in two colours.",
    colour="#e0389a",
    accent="#2fb8e6",
    wall=True,
    spill=0.5,
    rows=480,
    knee=0.45,
)
def neon(scene: Scene) -> np.ndarray:
    rng = scene.rng
    lean = rng.uniform(0.10, 0.22)
    wall = (1 + 0.06 * noise(scene, 5, 4)) * vignette(scene, 0.35)
    picture = scene.fill((0.012, 0.011, 0.016))
    tubes = scene.fill((0, 0, 0))
    for x, tone, bright in ((0.30, scene.colour, 1.15), (-0.31, scene.accent, 0.55)):
        x = x + rng.uniform(-0.02, 0.03)
        away = np.abs(scene.x - x - lean * (0.5 - scene.y)) / np.hypot(1, lean)
        beyond = (np.abs(scene.y - 0.40) - 0.46).clip(0)
        distance = np.hypot(away, beyond)
        # A long tube's light on a wall falls with distance, not with its square.
        wash = 0.022 / (distance + 0.05) + 0.10 * np.exp(-distance / 0.22)
        picture += (bright * wash * wall)[..., None] * tone
        core = smoothstep(0.011, 0.007, distance)
        tubes += (bright * core)[..., None] * (2.2 * tone + 0.9)
    picture += defocus(scene, tubes, disc_radius(scene, 0.005, 0.016))
    picture += (0.06 * gauss(scene, scene.head[0], 0.9, 0.6, 0.35))[..., None] * (scene.colour + scene.accent) * 0.5
    return haze(scene, picture, 0.18, 0.05)
