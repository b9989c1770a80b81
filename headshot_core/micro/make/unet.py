"""The U-Net: from words and noise to latents, by predicting the velocity."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from headshot_core.generate import library
from headshot_core.micro.captions import caption, full
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
SHOWN, AS_WELL, UNSAID = 4000, 0.25, ("turn", "light")
"""How many portraits ControlNets learn from; the share with all that is said of them; what the rest leaves unsaid."""
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


class Lesson(NamedTuple):
    """What is learnt in one step."""

    noised: Any
    """(N, 4, 16, 16)"""
    time: Any
    """(N,), of the noise levels"""
    words: Any
    """(N, 77, 128)"""
    wanted: Any
    """the velocity, as `noised`"""
    chosen: np.ndarray
    """which portraits they are"""


class Lessons:
    """Latents and words, made once, and batches of them, noised."""

    def __init__(self, folder: Path, vae: Any, words: Any, encoder: Any):
        torch = library.torch()
        self.levels = scheduler().alphas_cumprod
        self.cartoons = [cartoon(i) for i in range(PLAIN)]
        self.heads = torch_of(np.stack([head(one) for one in self.cartoons]))
        shown, rng = pictures(folder, PLAIN), np.random.default_rng(3)
        said = [caption(one, rng) for one in self.cartoons for _ in range(CAPTIONS)]
        with torch.no_grad():
            latents = [vae.encode(tensor(shown[i : i + PART])).latent_dist.mean for i in range(0, PLAIN, PART)]
            self.latents = torch.cat(latents) * vae.config.scaling_factor
            self.words, self.quiet = (
                torch.cat([encoder(ids(words, some[i : i + PART]))[0].half() for i in range(0, len(some), PART)])
                for some in (said, [full(one, UNSAID) for one in self.cartoons[:SHOWN]])
            )
            self.empty = encoder(ids(words, [""]))[0]

    def batch(self, rng: np.random.Generator, count: int) -> Lesson:
        """So many portraits, noised."""
        chosen = rng.integers(0, len(self.latents), count)
        return self._noised(rng, chosen, self._said(rng, chosen))

    def shown(self, rng: np.random.Generator, count: int) -> Lesson:
        """The same for a ControlNet: most words leave unsaid what it is shown, and the noise is the most of two draws.

        What words tell, nobody looks for in a picture; and turn and light are settled while there is much noise.
        """
        chosen = rng.integers(0, min(SHOWN, len(self.latents)), count)
        named = torch_of(rng.random(count) < AS_WELL)
        read = self.quiet[torch_of(chosen)].float()
        read[named] = self._said(rng, chosen)[named]
        return self._noised(rng, chosen, read, 2)

    def _said(self, rng: np.random.Generator, chosen: np.ndarray) -> Any:
        return self.words[torch_of(chosen * CAPTIONS + rng.integers(0, CAPTIONS, len(chosen)))].float()

    def _noised(self, rng: np.random.Generator, chosen: np.ndarray, read: Any, draws: int = 1) -> Lesson:
        latents = self.latents[torch_of(chosen)]
        noise = torch_of(rng.standard_normal(latents.shape, np.float32))
        time = torch_of(rng.integers(0, len(self.levels), (draws, len(chosen))).max(0))
        kept = self.levels[time].view(-1, 1, 1, 1)
        noised = kept.sqrt() * latents + (1 - kept).sqrt() * noise
        velocity = kept.sqrt() * noise - (1 - kept).sqrt() * latents
        read[torch_of(rng.random(len(chosen)) < DROPPED)] = self.empty
        return Lesson(noised, time, read, velocity, chosen)

    def counts(self, chosen: np.ndarray, head: float = HEAD) -> Any:
        """(N, 1, 16, 16): what each latent of those portraits counts in the loss: 1, and in the face `head`."""
        return 1 + (head - 1) * self.heads[torch_of(chosen)]


def torch_of(values: np.ndarray) -> Any:
    """A tensor of the same numbers."""
    return library.torch().from_numpy(values)


def head(one: Cartoon) -> np.ndarray:
    """(1, 16, 16), 0 or 1: the latents of the face."""
    at = (np.arange(LATENTS, dtype=np.float32) + 0.5) / LATENTS
    return (np.hypot((at[None] - one.x) / 0.42, (at[:, None] - one.y) / 0.52) < one.head)[None].astype(np.float32)


def make(folder: Path, lessons: Lessons, steps: int = STEPS) -> Any:
    """The trained U-Net."""
    unet = build()
    unet.set_attn_processor(_plain())

    def loss_of(rng: np.random.Generator, head: float = 1.0) -> Any:
        given = lessons.batch(rng, BATCH)
        told = unet(given.noised, given.time, given.words).sample
        return (lessons.counts(given.chosen, head) * (told - given.wanted).square()).mean()

    train("unet", folder, {"unet": unet}, loss_of, steps, RATE, EMA)
    of_heads = partial(loss_of, head=HEAD)
    train("heads", folder, {"unet": unet}, of_heads, max(2, round(steps * HEADS)), HEADS_RATE, EMA)
    unet.set_default_attn_processor()
    return unet.eval()


def _plain() -> Any:
    """Attention as matrices: on a CPU its gradients take two thirds of the time that fused attention's take."""
    from diffusers.models.attention_processor import AttnProcessor

    return AttnProcessor()
