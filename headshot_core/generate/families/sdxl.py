"""Stable Diffusion XL: two CLIP text encoders, a megapixel."""

from __future__ import annotations

from typing import Any

from headshot_core.generate import library
from headshot_core.generate.call import Prompt
from headshot_core.generate.families.stable_diffusion import Reader, StableDiffusion


class SDXL(StableDiffusion):
    """Family ``sdxl``."""

    name = "sdxl"
    title = "Stable Diffusion XL"
    prefix = "StableDiffusionXL"
    # By Timothy Alexis Vass, in 255ths of 0..1:
    # https://huggingface.co/blog/TimothyAlexisVass/explaining-the-sdxl-latent-space
    factors = tuple(
        tuple(part / 127.5 for part in row) for row in ((60, 60, 60), (-60, -5, 10), (25, 15, -5), (-70, -50, -35))
    )
    offset = tuple(part / 127.5 - 1 for part in (150, 140, 130))

    def read(self, pipe: Any, prompt: Prompt, guided: bool, device: str) -> dict[str, Any]:
        torch = library.torch()
        readers = [
            Reader(pipe.tokenizer, pipe.text_encoder, device, penultimate=True),
            Reader(pipe.tokenizer_2, pipe.text_encoder_2, device, penultimate=True),
        ]
        texts = [prompt.positive, prompt.negative] if guided else [prompt.positive]
        halves = [reader.even(*(reader.read(text) for text in texts)) for reader in readers]
        # The two tokenizers split alike, but for the padding.
        both = [torch.cat(pair, -1) for pair in zip(*halves, strict=True)]
        pooled = [readers[1].pooled(text) for text in texts]
        read = {"prompt_embeds": both[0], "pooled_prompt_embeds": pooled[0]}
        if guided:
            # SDXL was trained with zeros for no words at all.
            scale = 0 if not prompt.negative and pipe.config.get("force_zeros_for_empty_prompt") else 1
            read["negative_prompt_embeds"] = both[1] * scale
            read["negative_pooled_prompt_embeds"] = pooled[1] * scale
        return read
