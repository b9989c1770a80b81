"""What the flow-matching families share: where a drawing begins, its prompt, and a look at it on the way.

A flow model goes from noise (sigma 1) to a picture (sigma 0) along nearly straight lines: between them lies
``(1 - sigma) * picture + sigma * noise``. So a drawing may begin at any sigma with any picture's latents, and where it
will end can be told from two points of its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from headshot_core.generate.families import latents

RESOLUTION_SHIFT = 3.0
"""How much more noise it takes at about a megapixel to hide as much of a picture: Esser et al., "Scaling rectified flow
transformers for high-resolution image synthesis", 2024, section 5.3.2."""
LEAST = 0.01
"""Strength below which next to nothing would be drawn."""
FEWEST = 4
"""Steps that drawing over a picture takes at least, where the model takes as many."""
_WEIGHT = re.compile(r"\(([^()]*[^():\d\s])\s*:\s*[+-]?\d*\.?\d+\)")


def plain(prompt: str) -> str:
    """The prompt without weights, which these models would read as words: ``(silk:1.2)`` becomes ``silk``."""
    while (lighter := _WEIGHT.sub(r"\1", prompt)) != prompt:
        prompt = lighter
    return prompt


def noise(seeds: Sequence[int], shape: tuple[int, ...], dtype: Any) -> Any:
    """Unit noise (N, *shape) on the CPU: what a pipeline would draw first from its generators."""
    from headshot_core.generate import library

    torch = library.torch()
    return torch.stack(
        [torch.randn(shape, generator=generator, dtype=dtype) for generator in latents.generators(seeds)]
    )


def begin(strength: float) -> float:
    """The sigma at which a picture is drawn over with that strength, 0..1; at sigma 1 nothing is left of it.

    Independent of the model's own schedule, which spends most of its few steps near sigma 1: a share of those, which is
    what diffusers' image-to-image takes, leaves a four-step model little between "as it was" and "all anew".
    """
    strength = max(strength, LEAST)
    return RESOLUTION_SHIFT * strength / (1 + (RESOLUTION_SHIFT - 1) * strength)


def schedule(scheduler: Any, steps: int, strength: float, mu: Callable[[int], float]) -> list[float]:
    """What to give a pipeline as `sigmas` so that it begins at `begin(strength)`: at strength 1 its own default.

    The scheduler shifts them: by its constant, or by e to the power of `mu`, which the pipeline counts from the steps.
    """
    if strength >= 1:
        return np.linspace(1, 1 / steps, steps).tolist()
    count = max(round(steps * strength), min(steps, FEWEST))
    shift = float(np.exp(mu(count))) if scheduler.config.use_dynamic_shifting else scheduler.shift
    first = begin(strength)
    first = first / (shift - (shift - 1) * first)
    return np.linspace(first, first / count, count).tolist()


def start(pipe: Any, unit: Any, picture: Any | None, lit: Any | None, light: float, strength: float) -> Any:
    """The latents that a drawing begins with, remembered for `preview`.

    `unit` is noise (N, C, h, w); `picture` and `lit` are latents (1, C, h, w) of the picture drawn over and of the one
    that the light comes from, or None.
    """
    if lit is not None:
        unit = latents.light_start(unit, lit, light)
    sigma = 1.0 if picture is None else begin(strength)
    begun = unit if picture is None else sigma * unit + (1 - sigma) * picture.to(unit)
    pipe.begun = (begun[:1].float(), sigma)
    return begun


def ahead(pipe: Any, present: Any) -> Any:
    """Where the first picture's latents are bound for, (1, C, h, w): its line drawn on to sigma 0.

    At first sight the latents of a few-step model are noise until its last step; where they are bound for is not.
    """
    scheduler = pipe.scheduler
    sigma = float(scheduler.sigmas[scheduler.step_index or 0])
    begun, first = pipe.begun
    present = present[:1].float()
    if sigma >= first:
        return present
    return present - sigma * (present - begun.to(present)) / (sigma - first)


def pixels(pipe: Any, image: Image.Image, size: tuple[int, int], device: str) -> Any:
    """The picture as the VAE takes it: (1, 3, H, W), -1..1."""
    width, height = size
    tensor = pipe.image_processor.preprocess(image.convert("RGB"), height=height, width=width)
    return tensor.to(device=device, dtype=pipe.vae.dtype)
