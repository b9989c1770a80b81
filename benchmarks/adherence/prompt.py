"""Does a picture show what its prompt names?"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.adherence.draw import COUNT, NAMED, base, chance, draw, followed, wishes
from headshot_core.generate import library, models
from headshot_core.micro import readers
from headshot_core.micro.make.loop import tensor
from headshot_core.micro.render import render

TITLE = "Prompt: share of the pictures that show what is named, trait by trait"


def rows(photos: list[Path]) -> list[dict]:
    """A row for each trait."""
    wished = wishes(COUNT)
    read, truth = readers.read(draw(wished)), readers.read(decoded(np.stack([render(one) for one in wished])))
    return [
        {
            "trait": trait,
            "followed": followed(read, wished, trait),
            "chance": chance(read, wished, trait),
            "ceiling": followed(truth, wished, trait),
        }
        for trait in NAMED
    ]


@cache
def _vae():
    folder = models.location(base()) / "vae"
    return library.diffusers().AutoencoderKL.from_pretrained(folder, variant="fp16", dtype=library.torch().float32)


def decoded(pictures: np.ndarray) -> np.ndarray:
    """Pictures after the VAE: the best that a perfect U-Net could draw."""
    with library.torch().no_grad():
        latents = _vae().encode(tensor(pictures)).latent_dist.mean
        back = _vae().decode(latents).sample.permute(0, 2, 3, 1).numpy()
    return ((back + 1) * 127.5).round().clip(0, 255).astype(np.uint8)
