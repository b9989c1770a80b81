"""Walls with a surface: painted canvas, brick, concrete, plaster."""

from __future__ import annotations

import cv2
import numpy as np

from headshot_core.studio.backdrops.scene import (
    HALF_WIDTH,
    Scene,
    backdrop,
    defocus,
    gauss,
    mix,
    noise,
    smoothstep,
    vignette,
    wall_light,
    warped,
)


@backdrop(
    "canvas",
    "Painted canvas",
    "A hand-painted canvas with cloudy brushwork, as portrait painters and photographers use.",
    colour="#4f4a43",
    accent="#8f8573",
    wall=True,
    spill=0.15,
    rows=860,
    knee=1,
)
def canvas(scene: Scene) -> np.ndarray:
    # Broad brushwork: strokes of a few directions, each showing where its own cloud of paint lies.
    strokes = np.zeros(scene.x.shape, np.float32)
    weight = np.full(scene.x.shape, 1e-3, np.float32)
    for angle in (25, 70, 115, 160):
        share = np.exp(1.6 * noise(scene, 2.2, 2))
        strokes += share * noise(scene, 8, 3, gain=0.65, stretch=2.6, angle=angle + scene.rng.uniform(-20, 20))
        weight += share
    clouds = noise(scene, 2.4, 3, gain=0.6)
    paint = warped(scene, 0.8 * clouds + 0.6 * strokes / weight, 0.012, 4)
    head_x, head_y, height = scene.head
    middle = gauss(scene, head_x + 0.05, head_y + 0.2 * height, 0.55, 0.62)
    share = smoothstep(-2.4, 2.6, paint + 1.9 * (middle - 0.65))
    picture = mix(0.5 * scene.colour, scene.accent, share)
    light = wall_light(scene) * vignette(scene, 0.45) * (1 + _weave(scene))
    return picture * light[..., None]


def _weave(scene: Scene) -> np.ndarray:
    """Linen seen through thin paint: uneven threads both ways, lost out of focus."""
    depth = 0.016 * (1 - scene.blur) ** 0.7
    across = noise(scene, 240, 1, stretch=9) + noise(scene, 240, 1, stretch=9, angle=90)
    return depth * across * np.clip(1 + 0.6 * noise(scene, 5, 2), 0, 3)


@backdrop(
    "concrete",
    "Concrete",
    "A smooth concrete wall with faint clouds and casting marks.",
    colour="#8b8b88",
    accent="#b9b6af",
    wall=True,
    spill=0.2,
    rows=800,
    knee=1,
)
def concrete(scene: Scene) -> np.ndarray:
    clouds = warped(scene, noise(scene, 3.0, 5, gain=0.7), 0.02, 6)
    runs = noise(scene, 16, 2, stretch=7, angle=90) * smoothstep(-0.3, 1.2, noise(scene, 1.5, 2))
    share = smoothstep(-6, 6, clouds + 0.5 * runs)
    picture = mix(0.72 * scene.colour, scene.accent, share)
    seams = np.ones(scene.x.shape, np.float32)
    start_x, start_y = scene.rng.uniform(-0.42, -0.30), scene.rng.uniform(0.10, 0.2)
    for place, grid in ((start_x, scene.x), (start_x + 0.85, scene.x), (start_y, scene.y), (start_y + 0.62, scene.y)):
        seams -= 0.30 * np.exp(-(((grid - place) / 0.0022) ** 2))
    for x in (start_x + 0.14, start_x + 0.71):
        for y in (start_y + 0.12, start_y + 0.50):
            seams -= 0.45 * smoothstep(0.009, 0.006, np.hypot(scene.x - x, scene.y - y))
    pores = 1 + 0.02 * noise(scene, 120, 2)
    picture *= (seams * pores)[..., None]
    picture = defocus(scene, picture, 0.001 + 0.011 * scene.blur)
    return picture * (wall_light(scene, throw=2.2) * vignette(scene, 0.3))[..., None]


@backdrop(
    "loft",
    "Brick loft",
    "An old brick wall, softly lit from the side and a little out of focus.",
    colour="#6f4a3d",
    accent="#a99f93",
    wall=True,
    spill=0.2,
    rows=720,
    knee=0.8,
)
def loft(scene: Scene) -> np.ndarray:
    rng = scene.rng
    course, length, joint = 0.052, 0.165, 0.0065
    picture = scene.fill(0.40 * scene.accent)
    for row in range(-1, int(1 / course) + 2):
        top = row * course
        shift = (row % 2) * length / 2 + rng.normal(0, 0.004)
        for column in range(-int(HALF_WIDTH / length) - 1, int(HALF_WIDTH / length) + 2):
            left = column * length + shift
            tone = scene.colour * rng.lognormal(0, 0.22) * (1 + rng.normal(0, 0.05, 3))
            if rng.random() < 0.10:
                tone = 0.45 * tone
            _brick(scene, picture, left, top, length - joint, course - joint, tone)
    picture = warped(scene, picture, 0.0016, 22)
    grime = 1 + 0.16 * noise(scene, 3, 4) + 0.10 * noise(scene, 60, 3)
    limewash = 0.22 * smoothstep(0.4, 2.2, noise(scene, 2.5, 2) + 0.8 * noise(scene, 40, 2))
    picture = mix(picture * np.clip(grime, 0.3, 2)[..., None], scene.accent, limewash)
    picture = defocus(scene, picture, 0.0015 + 0.012 * scene.blur)
    light = wall_light(scene, throw=1.7) * vignette(scene, 0.4) * (1 + 0.05 * noise(scene, 1.2, 2))
    return 0.8 * picture * light[..., None]


def _brick(scene: Scene, picture: np.ndarray, left: float, top: float, width: float, height: float, tone) -> None:
    """One brick, its upper edge lit and its lower edge in shade."""
    corners = scene.pixels([(left, top), (left + width, top + height)]).round().astype(int)
    (x0, y0), (x1, y1) = corners.tolist()
    if x1 <= 0 or x0 >= scene.columns or y1 <= 0 or y0 >= scene.rows:
        return
    edge = max(1, round(0.003 * scene.rows))
    cv2.rectangle(picture, (x0, y0), (x1, y1), (tone * 0.8).tolist(), -1)
    cv2.rectangle(picture, (x0, y0), (x1, y1 - edge), (tone * 1.15).tolist(), -1)
    cv2.rectangle(picture, (x0, y0 + edge), (x1, y1 - edge), tone.tolist(), -1)
