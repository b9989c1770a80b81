"""What the model families share about latents: light that a drawing begins with, pictures encoded once."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from headshot_core.generate import library

LIGHT_CYCLES = 8
"""Cosines along each side that count as light and dark: the broad gradients of a lamp, no outlines."""
REMEMBERED = 4
"""Prompts whose embeddings are kept."""
_read: WeakKeyDictionary = WeakKeyDictionary()
_encoded: WeakKeyDictionary = WeakKeyDictionary()
"""For each VAE the last picture it encoded, and what came of it."""


def light_start(noise: Any, lit: Any, strength: float) -> Any:
    """Noise whose low frequencies lean towards those of a lit picture; as loud as before, the same at strength 0.

    `noise` is a tensor (N, C, h, w) with variance 1, `lit` the picture's latents (1, C, h, w) as the model sees them,
    `strength` 0..1: none to all of the low frequencies. Diffusion models read brightness and colour off the low
    frequencies they begin with: Everaert et al., "Exploiting the signal-leak bias in diffusion models", WACV 2024;
    IC-Light steers light by the gradient it begins with.
    """
    if strength <= 0:
        return noise
    exact = noise.float()
    low, light = _low(exact), _low(lit.to(exact))
    light = light * (_loudness(low) / _loudness(light).clamp_min(1e-6))
    begun = exact - low + math.sqrt(1 - min(strength, 1) ** 2) * low + min(strength, 1) * light
    return (begun * (_loudness(exact) / _loudness(begun))).to(noise.dtype)


def _loudness(latents: Any) -> Any:
    """Root of the mean square of each picture's latents."""
    return latents.square().mean((1, 2, 3), keepdim=True).sqrt()


def _low(latents: Any) -> Any:
    """The part made of the first `LIGHT_CYCLES` cosines along both sides."""
    rows, columns = (_cosines(latents, side) for side in latents.shape[-2:])
    return rows.T @ (rows @ latents @ columns.T) @ columns


def _cosines(like: Any, side: int) -> Any:
    """The first orthonormal cosines (DCT-II) along a side: (cycles, side)."""
    torch = library.torch()
    cycles = torch.arange(min(LIGHT_CYCLES, side), device=like.device)[:, None]
    at = torch.arange(side, device=like.device)[None] + 0.5
    waves = torch.cos(math.pi * cycles * at / side) * math.sqrt(2 / side)
    waves[0] /= math.sqrt(2)
    return waves.to(like.dtype)


def ready_vae(vae: Any) -> None:
    """Let a VAE work on one picture at a time, repeat what overflows in half precision, and encode without chance.

    Pipelines draw a sample around the middle of what the VAE deems likely, with the generator of one picture, so that
    pictures of one batch would depend on their neighbours; and they encode one picture anew for each drawn from it.
    """
    library.diffusers()
    from diffusers.models.autoencoders.vae import DecoderOutput
    from diffusers.models.modeling_outputs import AutoencoderKLOutput

    encode, decode = vae.encode, vae.decode

    def encode_once(x: Any, return_dict: bool = True) -> Any:
        last = _encoded.get(vae)
        if not (last and last[0].dtype == x.dtype and last[0].shape == x.shape and last[0].equal(x)):
            last = _encoded[vae] = x, _precise(vae, lambda picture: encode(picture).latent_dist.mode(), x)
        middle = _Middle(last[1])
        return AutoencoderKLOutput(latent_dist=middle) if return_dict else (middle,)

    def decode_each(z: Any, return_dict: bool = True, generator: Any = None) -> Any:
        pictures = [_precise(vae, lambda one: decode(one, return_dict=False)[0], one) for one in z.split(1)]
        sample = library.torch().cat(pictures)
        return DecoderOutput(sample=sample) if return_dict else (sample,)

    vae.encode, vae.decode = encode_once, decode_each


def _precise(vae: Any, work: Callable[[Any], Any], x: Any) -> Any:
    """`work(x)`; once more in float32 where it overflowed."""
    done = work(x)
    if done.isfinite().all() or vae.dtype == library.torch().float32:
        return done
    narrow = vae.dtype
    vae.float()
    try:
        return work(x.float()).to(narrow)
    finally:
        vae.to(narrow)


class _Middle:
    """A distribution with all its weight in one place."""

    def __init__(self, mean: Any):
        self.mean = mean

    def mode(self) -> Any:
        return self.mean

    def sample(self, generator: Any = None) -> Any:
        return self.mean


def once(encoder: Any, key: Hashable, read: Callable[[], Any]) -> Any:
    """`read()`, remembered for this encoder and key: the batches of a run have their prompt in common."""
    known = _read.setdefault(encoder, {})
    if key not in known:
        while len(known) >= REMEMBERED:
            known.pop(next(iter(known)))
        known[key] = read()
    return known[key]


def forget_read() -> None:
    """Forget what was read: the encoders have changed, or somebody deletes their photo."""
    _read.clear()
    _encoded.clear()


def generators(seeds: Sequence[int]) -> list[Any]:
    """One generator a picture, on the CPU: a seed means the same on every device, in batches of any size."""
    torch = library.torch()
    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]


def rough(latents: Any, factors: Sequence[Sequence[float]], offset: Sequence[float]) -> np.ndarray:
    """uint8 (h, w, 3) from one picture's latents (C, h, w) by a linear map for all pixels, (C, 3), to -1..1."""
    pixels = np.einsum("chw,cr->hwr", latents.float().cpu().numpy(), np.asarray(factors, np.float32))
    pixels += np.asarray(offset, np.float32)
    return np.nan_to_num(np.clip((pixels + 1) * 127.5, 0, 255)).round().astype(np.uint8)
