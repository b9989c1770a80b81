"""Paper and plain walls of a studio: colour, falloff, and little else."""

from __future__ import annotations

import numpy as np

from headshot_core.studio.backdrops.scene import (
    Scene,
    backdrop,
    gauss,
    mix,
    noise,
    smoothstep,
    vignette,
    wall_light,
)


@backdrop(
    "paper",
    "Seamless paper",
    "A roll of studio paper in any colour, softly lit.",
    colour="#b9b4ab",
    accent="#ffffff",
    wall=True,
    spill=0.2,
    rows=320,
    knee=1,
)
def paper(scene: Scene) -> np.ndarray:
    sag = 1 + 0.012 * noise(scene, 1.5, 2)
    sweep = 1 - 0.16 * smoothstep(0.62, 1.15, scene.y)
    light = wall_light(scene) * vignette(scene, 0.22) * sag * sweep
    return scene.colour * light[..., None]


@backdrop(
    "studio_grey",
    "Studio grey",
    "A graduated grey wall with a soft spot of light behind the head.",
    colour="#5d6064",
    accent="#fff6ea",
    wall=True,
    spill=0.2,
    rows=320,
    knee=1,
)
def studio_grey(scene: Scene) -> np.ndarray:
    head_x, head_y, height = scene.head
    # A gridded spot a little below the head, leaning to the key's side so that both lights tell one story.
    spot = gauss(scene, head_x + 0.06 * np.sin(np.deg2rad(scene.azimuth)), head_y + 0.3 * height, 0.46, 0.5)
    room = 0.34 * wall_light(scene) * (1 + 0.02 * noise(scene, 1.2, 3)) * vignette(scene, 0.35)
    plaster = 1 + 0.006 * noise(scene, 14, 3)
    return scene.colour * (plaster * room)[..., None] + scene.colour * scene.accent * (1.25 * plaster * spot)[..., None]


@backdrop(
    "gradient",
    "Two colours",
    "Two colours that melt into each other.",
    colour="#35508c",
    accent="#e79a86",
    wall=False,
    spill=0.3,
    rows=240,
    knee=1,
)
def gradient(scene: Scene) -> np.ndarray:
    tilt = scene.rng.uniform(0.5, 0.9)
    drift = 0.10 * noise(scene, 0.8, 2)
    share = smoothstep(-0.55, 0.65, tilt * scene.x + (scene.y - 0.55) * 0.9 + drift)
    bloom = 1 + 0.22 * gauss(scene, 0.35, 0.25, 0.5)
    # Mixed in a space near to perception: linear light would leave a dull, wide middle.
    blend = mix(scene.colour ** (1 / 2.2), scene.accent ** (1 / 2.2), share) ** 2.2
    return blend * (bloom * vignette(scene, 0.18))[..., None]


@backdrop(
    "brand",
    "Brand colour",
    "Your own colour, evenly lit, with a quiet broad shape in it.",
    colour="#1f4e79",
    accent="#ffffff",
    wall=False,
    spill=0.15,
    rows=320,
    knee=1,
)
def brand(scene: Scene) -> np.ndarray:
    lean = scene.rng.uniform(0.35, 0.6)
    edge = scene.x + lean * (scene.y - 0.5)
    panels = 0.10 * smoothstep(-0.004, 0.004, edge - 0.16) - 0.09 * smoothstep(0.004, -0.004, edge + 0.24)
    light = (
        1 + panels * (0.3 + 0.7 * smoothstep(1.0, 0.1, scene.y)) + 0.10 * scene.x * np.sin(np.deg2rad(scene.azimuth))
    )
    return scene.colour * (light * vignette(scene, 0.12))[..., None]
