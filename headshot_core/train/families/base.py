"""What the trainer must know of a model family. One file a family; `train.families.trainee` finds them by name.

The trainer's loop knows no family and a family knows no loop: it reads captions, encodes pictures, mixes noise in,
predicts, and says what the prediction should have been.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from headshot_core.generate import library, models
from headshot_core.generate.families import family
from headshot_core.generate.models import Base

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
"""The layers that Hugging Face's DreamBooth scripts adapt."""


@dataclass(frozen=True, eq=False)
class Noised:
    """Pictures with noise mixed in, and what is to be predicted from them."""

    latents: Any
    """(N, C, h, w)"""
    time: Any
    """(N,) as the denoiser takes it"""
    target: Any
    """(N, C, h, w)"""
    weight: Any
    """(N,) of the loss"""

    def first(self, count: int) -> Noised:
        """That many of them."""
        return Noised(*(getattr(self, one.name)[:count] for one in fields(Noised)))


def joined(parts: Sequence[Noised]) -> Noised:
    """Those of one size as one batch."""
    return Noised(*(library.torch().cat([getattr(part, one.name) for part in parts]) for one in fields(Noised)))


class Trainee:
    """One family of base models, as the trainer sees it."""

    name: str
    part: str
    """of the pipeline: the one that draws, ``unet`` or ``transformer``"""
    encoders: tuple[str, ...]
    """text encoders that can be trained"""
    attention: tuple[str, ...] = ATTENTION
    feed_forward: tuple[str, ...]
    """layers that 'all' adapts besides"""
    convolutions: tuple[str, ...] = ()
    """and convolutions, where layers hold too little"""
    blocks: tuple[str, ...] = ("",)
    """what the names of adapted layers begin with"""

    def targets(self, denoiser: Any, layers: str) -> list[str]:
        """Full names of the layers to adapt: 'attention' or 'all'."""
        nn, more = library.torch().nn, (*self.feed_forward, *self.convolutions) if layers == "all" else ()
        ends = tuple(f".{end}" for end in (*self.attention, *more))
        kinds = (nn.Linear, nn.Conv2d) if self.convolutions else nn.Linear
        return [
            name
            for name, layer in denoiser.named_modules()
            if name.startswith(self.blocks) and name.endswith(ends) and isinstance(layer, kinds)
        ]

    # Loading, part by part, so that never more is in memory than is needed.

    def load(self, base: Base, dtype: Any, parts: Sequence[str]) -> Any:
        """A pipeline of the base model with these parts (and tokenizers and scheduler) alone."""
        kind = family(base.family)
        source = kind.pipeline("text", False)
        library.diffusers()
        index = source.load_config(models.location(base), local_files_only=True)
        heavy = [name for name in index if name in ("unet", "transformer", "vae") or name.startswith("text_encoder")]
        left_out = {name: None for name in heavy if name not in parts}
        pipe = source.from_pretrained(
            models.location(base),
            dtype=dtype,
            variant=models.variant_here(base),
            use_safetensors=True,
            local_files_only=True,
            **{**kind.without(), **left_out},
        )
        pipe.set_progress_bar_config(disable=True)
        return pipe

    # Words.

    def read(self, pipe: Any, caption: str) -> dict[str, Any]:
        """A caption as tensors, (1, ...) each. With gradients where the caller wants them."""
        raise NotImplementedError

    def collate(self, words: list[dict[str, Any]]) -> dict[str, Any]:
        """Several captions together."""
        torch = library.torch()
        return {name: torch.cat([one[name] for one in words]) for name in words[0]}

    # Pictures.

    def encode(self, pipe: Any, pixels: Any) -> Any:
        """Latents (1, C, h, w) as the denoiser sees them, from pixels (1, 3, H, W), -1..1."""
        raise NotImplementedError

    def noised(self, pipe: Any, latents: Any, noise: Any, at: Any) -> Noised:
        """Latents (N, C, h, w) with noise mixed in; `at` (N,) is uniform in 0..1 and says how much."""
        raise NotImplementedError

    def predict(self, denoiser: Any, noised: Noised, words: dict[str, Any]) -> Any:
        """(N, C, h, w), to be like `noised.target`."""
        raise NotImplementedError

    # Samples.

    def drawing(self, words: dict[str, Any], negative: dict[str, Any]) -> dict[str, Any]:
        """Keywords of the pipeline for one picture."""
        raise NotImplementedError
