"""The two ControlNets: one is shown a skeleton, as the app draws it for every model, one a grey ball under the lamps.

Both are the U-Net's own way down without its attention: what a picture shows need not be read from words.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from headshot_core.generate import control, library, light
from headshot_core.generate.figure import Stance, render
from headshot_core.generate.pose import Skeleton, of_figure
from headshot_core.micro.cartoon import YAW, Cartoon
from headshot_core.micro.make.loop import train
from headshot_core.micro.make.pictures import SIZE, cartoon, kept
from headshot_core.micro.make.unet import EMA, SHOWN, Lessons, torch_of
from headshot_core.micro.render import PIVOT
from headshot_core.recipe import Frame

Shown = Literal["pose", "light"]
STEPS: dict[Shown, int] = {"pose": 800, "light": 8000}
BATCH, RATE = 16, 1e-3
HEAD = (0, 14, 15, 16, 17)
"""Which of the body's points the head carries: nose, eyes, ears."""
GRID = np.arange(-YAW - 3, YAW + 4, 4.0)
"""Yaws at which the canonical figure is drawn; between them its points are interpolated."""


def picture(shown: Shown, one: Cartoon) -> Image.Image:
    """What a portrait's ControlNet is shown, 64 x 64."""
    size = (SIZE, SIZE)
    if shown == "light":
        return light.ball(one.lamps, size)
    return control.draw_skeleton(skeleton(one), size, SIZE / control.FINE)


def skeleton(one: Cartoon) -> Skeleton:
    """The canonical figure's skeleton, as the portrait is held and where it stands."""
    body, face = _at(one.yaw)
    body[list(HEAD), :2] = _tilted(body[list(HEAD), :2], one.roll)
    face = _tilted(face, one.roll)
    middle, scale = np.array([one.x, one.y]) * SIZE, one.head * SIZE
    body[:, :2] = body[:, :2] * scale + middle
    body[:, 2] *= ((body[:, :2] >= 0) & (body[:, :2] < SIZE)).all(1)
    return Skeleton(body.astype(np.float32), (face * scale + middle).astype(np.float32))


def _at(yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """Body and face at a yaw, in head heights from the middle of the head."""
    bodies, faces = _figures()
    at = np.clip((yaw - GRID[0]) / (GRID[1] - GRID[0]), 0, len(GRID) - 1.001)
    below, share = int(at), at - int(at)
    body = (1 - share) * bodies[below] + share * bodies[below + 1]
    body[:, 2] = bodies[round(at)][:, 2]
    return body, (1 - share) * faces[below] + share * faces[below + 1]


@cache
def _figures() -> tuple[np.ndarray, np.ndarray]:
    """(N, 18, 3) and (N, 70, 2): the canonical figure's skeletons at the yaws of `GRID`."""
    bodies, faces = [], []
    far = Frame(name="free", width=SIZE, height=SIZE, zoom=0.5)
    for yaw in GRID:
        figure = render(Stance(yaw=float(yaw), shoulders=float(yaw), distance=2.0), (SIZE * 4, SIZE * 4), far)
        middle, head = (figure.face.crown + figure.face.chin) / 2, figure.face.head_height
        found = of_figure(figure)
        bodies.append(np.column_stack([(found.body[:, :2] - middle) / head, found.body[:, 2]]))
        faces.append((found.face - middle) / head)
    return np.array(bodies), np.array(faces)


def _tilted(points: np.ndarray, roll: float) -> np.ndarray:
    cos, sin = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    return (points - [0, PIVOT]) @ np.array([[cos, sin], [-sin, cos]]) + [0, PIVOT]


def build(unet: Any) -> Any:
    """A ControlNet that begins as the U-Net's way down."""
    settings = unet.config
    library.torch().manual_seed(0)
    net = library.diffusers().ControlNetModel(
        in_channels=settings.in_channels,
        down_block_types=("DownBlock2D",) * 3,
        mid_block_type="UNetMidBlock2D",
        block_out_channels=settings.block_out_channels,
        layers_per_block=settings.layers_per_block,
        cross_attention_dim=settings.cross_attention_dim,
        attention_head_dim=settings.attention_head_dim,
        norm_num_groups=settings.norm_num_groups,
        conditioning_embedding_out_channels=(16, 32, 64),
    )
    own = net.state_dict()
    known = {name: value for name, value in unet.state_dict().items() if name in own and own[name].shape == value.shape}
    net.load_state_dict(own | known)
    return net


def make(folder: Path, shown: Shown, unet: Any, lessons: Lessons, steps: int | None = None) -> Any:
    """A trained ControlNet for a U-Net that stays as it is."""
    net, pictures = build(unet), _pictures(folder, shown)
    unet.requires_grad_(False)

    def loss_of(rng: np.random.Generator) -> Any:
        given = lessons.shown(rng, BATCH)
        seen = torch_of(pictures[given.chosen]).permute(0, 3, 1, 2).float() / 255
        asked = (given.noised, given.time, given.words)
        down, middle = net(*asked, controlnet_cond=seen, return_dict=False)
        told = unet(*asked, down_block_additional_residuals=down, mid_block_additional_residual=middle).sample
        return (lessons.counts(given.chosen) * (told - given.wanted).square()).mean()

    train(shown, folder, {"net": net}, loss_of, steps or STEPS[shown], RATE, EMA)
    return net.eval()


def _pictures(folder: Path, shown: Shown) -> np.ndarray:
    """uint8 (SHOWN, 64, 64, 3): what the first portraits' ControlNet is shown, drawn once."""
    return kept(folder / f"{shown}.npy", lambda: _all(shown))


def _all(shown: Shown) -> np.ndarray:
    with ProcessPoolExecutor() as pool:
        return np.stack(list(pool.map(_drawn, [shown] * SHOWN, range(SHOWN), chunksize=100)))


def _drawn(shown: Shown, number: int) -> np.ndarray:
    return np.asarray(picture(shown, cartoon(number)))
