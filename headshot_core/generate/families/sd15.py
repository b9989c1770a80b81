"""Stable Diffusion 1.5: one CLIP text encoder, 512 pixels."""

from __future__ import annotations

from typing import Any

from headshot_core.generate.call import Prompt
from headshot_core.generate.families.stable_diffusion import Reader, StableDiffusion


class SD15(StableDiffusion):
    """Family ``sd15``."""

    name = "sd15"
    title = "Stable Diffusion 1.5"
    prefix = "StableDiffusion"
    # Determined by Keturn: https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204
    factors = ((0.298, 0.207, 0.208), (0.187, 0.286, 0.173), (-0.158, 0.189, 0.264), (-0.184, -0.271, -0.473))
    offset = (0.0, 0.0, 0.0)

    def without(self) -> dict[str, None]:
        """Its own safety check: `headshot_core.generate.safety` looks at every picture."""
        return {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}

    def read(self, pipe: Any, prompt: Prompt, guided: bool, device: str) -> dict[str, Any]:
        reader = Reader(pipe.tokenizer, pipe.text_encoder, device, penultimate=False)
        positive = reader.read(prompt.positive)
        if not guided:
            return {"prompt_embeds": positive}
        positive, negative = reader.even(positive, reader.read(prompt.negative))
        return {"prompt_embeds": positive, "negative_prompt_embeds": negative}
