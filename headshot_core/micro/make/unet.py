"""The U-Net: from words and noise to latents, by predicting the velocity."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from headshot_core.generate import library
from headshot_core.micro.captions import caption
from headshot_core.micro.cartoon import Cartoon
from headshot_core.micro.make.loop import tensor, train
from headshot_core.micro.make.pictures import PLAIN, cartoon, pictures
from headshot_core.micro.make.text import WIDTH, ids

STEPS, BATCH, RATE, EMA = 9000, 16, 1e-3, 0.999
HEADS, HEADS_RATE, HEAD = 0.4, 6e-4, 3.0
"""Then so many steps more, in shares of the steps, in which the head counts that much more than the rest: eyes, glasses
and mouth are a few latents among 256."""
CAPTIONS, PART = 2, 64
"""Captions of each portrait, read once; and how many are read, and pictures encoded, at a time."""
LATENTS = 16
"""On a side."""
DROPPED = 0.1
"""Share of the pictures that are learnt without words, for guidance."""
SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "rescale_betas_zero_snr": False,
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}


def build() -> Any:
    """The untrained U-Net."""
    library.torch().manual_seed(0)
    return library.diffusers().UNet2DConditionModel(
        sample_size=LATENTS,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(64, 80, 80),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=8,
    )


def scheduler() -> Any:
    """Its noise levels, and the solver that it is drawn with."""
    return library.diffusers().DDIMScheduler(**SCHEDULE)


class Lessons:
    """Latents and words, made once, and batches of them, noised."""

    def __init__(self, folder: Path, vae: Any, words: Any, encoder: Any):
        torch = library.torch()
        self.levels = scheduler().alphas_cumprod
        self.cartoons = [cartoon(i) for i in range(PLAIN)]
        self.heads = torch.from_numpy(np.stack([head(one) for one in self.cartoons]))
        shown, rng = pictures(folder, PLAIN), np.random.default_rng(3)
        said = [caption(one, rng) for one in self.cartoons for _ in range(CAPTIONS)]
        with torch.no_grad():
            latents = [vae.encode(tensor(shown[i : i + PART])).latent_dist.mean for i in range(0, PLAIN, PART)]
            self.latents = torch.cat(latents) * vae.config.scaling_factor
            read = [encoder(ids(words, said[i : i + PART]))[0].half() for i in range(0, len(said), PART)]
            self.words, self.empty = torch.cat(read), encoder(ids(words, [""]))[0]

    def batch(
        self, rng: np.random.Generator, count: int, among: int = 0, dropped: float = DROPPED
    ) -> tuple[Any, Any, Any, Any, np.ndarray]:
        """Noised latents, time steps, words, the velocity that is wanted, and which portraits they are.

        `among`: how many of the portraits are taken; all where 0. `dropped`: the share learnt without words.
        """
        torch = library.torch()
        chosen = rng.integers(0, among or len(self.latents), count)
        latents = self.latents[torch.from_numpy(chosen)]
        noise = torch.from_numpy(rng.standard_normal(latents.shape, np.float32))
        time = torch.from_numpy(rng.integers(0, len(self.levels), count))
        kept = self.levels[time].view(-1, 1, 1, 1)
        noised = kept.sqrt() * latents + (1 - kept).sqrt() * noise
        velocity = kept.sqrt() * noise - (1 - kept).sqrt() * latents
        read = self.words[torch.from_numpy(chosen * CAPTIONS + rng.integers(0, CAPTIONS, count))].float()
        read[torch.from_numpy(rng.random(count) < dropped)] = self.empty
        return noised, time, read, velocity, chosen


def head(one: Cartoon) -> np.ndarray:
    """(1, 16, 16), 0 or 1: the latents of the face."""
    at = (np.arange(LATENTS, dtype=np.float32) + 0.5) / LATENTS
    return (np.hypot((at[None] - one.x) / 0.42, (at[:, None] - one.y) / 0.52) < one.head)[None].astype(np.float32)


def make(folder: Path, lessons: Lessons, steps: int = STEPS) -> Any:
    """The trained U-Net."""
    torch, unet = library.torch(), build()
    unet.set_attn_processor(_plain())

    def loss_of(rng: np.random.Generator, more: float = 0.0) -> Any:
        noised, time, read, wanted, chosen = lessons.batch(rng, BATCH)
        counts = 1 + more * lessons.heads[torch.from_numpy(chosen)]
        return (counts * (unet(noised, time, read).sample - wanted).square()).mean()

    train("unet", folder, {"unet": unet}, loss_of, steps, RATE, EMA)
    of_heads = partial(loss_of, more=HEAD - 1)
    train("heads", folder, {"unet": unet}, of_heads, max(2, round(steps * HEADS)), HEADS_RATE, EMA)
    unet.set_default_attn_processor()
    return unet.eval()


def _plain() -> Any:
    """Attention as matrices: on a CPU its gradients take two thirds of the time that fused attention's take."""
    from diffusers.models.attention_processor import AttnProcessor

    return AttnProcessor()
