"""SD 1.5 and SDXL: a U-Net predicts the noise, or the velocity; its loss is weighted by min-SNR."""

from __future__ import annotations

from typing import Any

from headshot_core.generate import library
from headshot_core.train.families.base import ATTENTION, Noised, Trainee


class StableDiffusion(Trainee):
    """What both have in common."""

    part = "unet"
    feed_forward = ("ff.net.0.proj", "ff.net.2", "proj_in", "proj_out")

    def encode(self, pipe: Any, pixels: Any) -> Any:
        config = pipe.vae.config
        return pipe.vae.encode(pixels).latent_dist.mode() * config.scaling_factor

    def noised(self, pipe: Any, latents: Any, noise: Any, at: Any) -> Noised:
        """As the model was trained: noise levels in equal shares, on its own schedule."""
        torch, config = library.torch(), pipe.scheduler.config
        levels = _kept(pipe).to(latents.device)
        time = (at * len(levels)).long().clamp(0, len(levels) - 1)
        kept = levels[time].view(-1, 1, 1, 1)
        mixed = kept.sqrt() * latents + (1 - kept).sqrt() * noise
        snr = (kept / (1 - kept)).flatten()
        weight = torch.ones_like(snr)
        velocity = config.prediction_type == "v_prediction"
        if self.snr_gamma:
            # Hang et al., "Efficient diffusion training via min-SNR weighting strategy", ICCV 2023.
            weight = snr.clamp(max=self.snr_gamma) / (snr + 1 if velocity else snr)
        target = kept.sqrt() * noise - (1 - kept).sqrt() * latents if velocity else noise
        return Noised(mixed, time, target, weight)

    snr_gamma: float = 5.0
    """0: every noise level counts alike"""


def _kept(pipe: Any) -> Any:
    """(T,) share of the picture's energy that is left at each noise level."""
    if not hasattr(pipe, "kept"):
        schedule = library.diffusers().DDPMScheduler.from_config(pipe.scheduler.config)
        pipe.kept = schedule.alphas_cumprod
    return pipe.kept


def _ids(tokenizer: Any, caption: str, device: Any) -> Any:
    """(1, 77): what CLIP reads at once; the rest of a long caption is left out."""
    length = tokenizer.model_max_length
    read = tokenizer(caption, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    return read.input_ids.to(device)


class SD15(StableDiffusion):
    """Family ``sd15``."""

    name = "sd15"
    encoders = ("text_encoder",)

    def read(self, pipe: Any, caption: str) -> dict[str, Any]:
        encoder = pipe.text_encoder
        return {"embeds": encoder(_ids(pipe.tokenizer, caption, encoder.device))[0]}

    def predict(self, denoiser: Any, noised: Noised, words: dict[str, Any]) -> Any:
        return denoiser(noised.latents, noised.time, words["embeds"], return_dict=False)[0]

    def drawing(self, words: dict[str, Any], negative: dict[str, Any]) -> dict[str, Any]:
        return {"prompt_embeds": words["embeds"], "negative_prompt_embeds": negative["embeds"]}


class Micro(SD15):
    """Family ``micro``: the demo, adapted where it hears the words, and in its convolutions; from the middle on.

    A mark on a cheek is learnt by convolutions: its attention sees 8 x 8 places. More layers learn no better and take
    longer (docs/micro.md).
    """

    name = "micro"
    attention = tuple(f"attn2.{end}" for end in ATTENTION)
    feed_forward = ()
    convolutions = ("conv1", "conv2")
    blocks = ("mid_block.", "up_blocks.")


class SDXL(StableDiffusion):
    """Family ``sdxl``."""

    name = "sdxl"
    encoders = ("text_encoder", "text_encoder_2")

    def read(self, pipe: Any, caption: str) -> dict[str, Any]:
        torch = library.torch()
        halves = []
        for tokenizer, encoder in (
            (pipe.tokenizer, pipe.text_encoder),
            (pipe.tokenizer_2, pipe.text_encoder_2),
        ):
            read = encoder(_ids(tokenizer, caption, encoder.device), output_hidden_states=True)
            halves.append(read.hidden_states[-2])
        return {"embeds": torch.cat(halves, -1), "pooled": read[0]}

    def predict(self, denoiser: Any, noised: Noised, words: dict[str, Any]) -> Any:
        torch = library.torch()
        height, width = (8 * side for side in noised.latents.shape[-2:])
        # Size before the crop, the crop's corner, size after: as the pipeline tells it when it draws.
        size = torch.tensor([[height, width, 0, 0, height, width]], device=noised.latents.device)
        added = {"text_embeds": words["pooled"], "time_ids": size.expand(len(noised.latents), -1)}
        return denoiser(noised.latents, noised.time, words["embeds"], added_cond_kwargs=added, return_dict=False)[0]

    def drawing(self, words: dict[str, Any], negative: dict[str, Any]) -> dict[str, Any]:
        return {
            "prompt_embeds": words["embeds"],
            "pooled_prompt_embeds": words["pooled"],
            "negative_prompt_embeds": negative["embeds"],
            "negative_pooled_prompt_embeds": negative["pooled"],
        }
