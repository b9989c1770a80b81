"""Z-Image and FLUX.2 klein: a transformer predicts the velocity on the straight line from picture to noise."""

from __future__ import annotations

from typing import Any

from headshot_core.generate import library
from headshot_core.train.families.base import ATTENTION, Noised, Trainee


class Flow(Trainee):
    """What both have in common. Their text encoders are language models, and stay as they are."""

    part = "transformer"
    encoders = ()

    def noised(self, pipe: Any, latents: Any, noise: Any, at: Any) -> Noised:
        """Noise levels as often as the model's own schedule has them: mostly high ones, for large pictures more so."""
        shift = self.shift(pipe, latents.shape[-2:])
        sigma = shift * at / (1 + (shift - 1) * at)
        wide = sigma.view(-1, 1, 1, 1)
        mixed = (1 - wide) * latents + wide * noise
        return Noised(mixed, sigma, noise - latents, library.torch().ones_like(sigma))

    def shift(self, pipe: Any, sides: tuple[int, int]) -> float:
        """How far the schedule leans towards noise, for latents of that height and width."""
        raise NotImplementedError


class ZImage(Flow):
    """Family ``z_image``."""

    name = "z_image"
    feed_forward = ("feed_forward.w1", "feed_forward.w2", "feed_forward.w3")

    def read(self, pipe: Any, caption: str) -> dict[str, Any]:
        device = pipe.text_encoder.device
        read = pipe.encode_prompt(caption, device=device, do_classifier_free_guidance=False)[0][0]
        return {"embeds": read[None]}

    def collate(self, words: list[dict[str, Any]]) -> dict[str, Any]:
        """Captions may have any length: a list."""
        return {"embeds": [one["embeds"][0] for one in words]}

    def encode(self, pipe: Any, pixels: Any) -> Any:
        config = pipe.vae.config
        return (pipe.vae.encode(pixels).latent_dist.mode() - config.shift_factor) * config.scaling_factor

    def shift(self, pipe: Any, sides: tuple[int, int]) -> float:
        return float(pipe.scheduler.shift)

    def predict(self, denoiser: Any, noised: Noised, words: dict[str, Any]) -> Any:
        # It counts time from noise to picture, and predicts the way back.
        pictures = list(noised.latents.unsqueeze(2).unbind(0))
        drawn = denoiser(pictures, 1 - noised.time, words["embeds"], return_dict=False)[0]
        return -library.torch().stack(drawn).squeeze(2)

    def drawing(self, words: dict[str, Any], negative: dict[str, Any]) -> dict[str, Any]:
        return {"prompt_embeds": [words["embeds"][0]], "negative_prompt_embeds": [negative["embeds"][0]]}


class Flux2Klein(Flow):
    """Family ``flux2_klein``. Its latents are patchified: 128 channels, a sixteenth of the picture's sides."""

    name = "flux2_klein"
    # The single blocks have attention and feed-forward in one layer.
    attention = (*ATTENTION, "to_qkv_mlp_proj", "attn.to_out")
    feed_forward = ("ff.linear_in", "ff.linear_out", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")

    def read(self, pipe: Any, caption: str) -> dict[str, Any]:
        return {"embeds": pipe.encode_prompt(caption, device=pipe.text_encoder.device)[0]}

    def encode(self, pipe: Any, pixels: Any) -> Any:
        return pipe._encode_vae_image(pixels, None)

    def shift(self, pipe: Any, sides: tuple[int, int]) -> float:
        from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu

        torch = library.torch()
        if not pipe.scheduler.config.use_dynamic_shifting:
            return float(pipe.scheduler.shift)
        return float(torch.tensor(compute_empirical_mu(sides[0] * sides[1], STEPS)).exp())

    def predict(self, denoiser: Any, noised: Noised, words: dict[str, Any]) -> Any:
        kind = library.diffusers().Flux2KleinPipeline
        latents, device = noised.latents, noised.latents.device
        drawn = denoiser(
            hidden_states=kind._pack_latents(latents),
            timestep=noised.time,
            guidance=None,
            encoder_hidden_states=words["embeds"],
            txt_ids=kind._prepare_text_ids(words["embeds"]).to(device),
            img_ids=kind._prepare_latent_ids(latents).to(device),
            return_dict=False,
        )[0]
        return drawn[:, : latents.shape[2] * latents.shape[3]].permute(0, 2, 1).reshape(latents.shape)

    def drawing(self, words: dict[str, Any], negative: dict[str, Any]) -> dict[str, Any]:
        return {"prompt_embeds": words["embeds"], "negative_prompt_embeds": negative["embeds"]}


STEPS = 50
"""With which klein Base is drawn: its schedule depends on them."""
