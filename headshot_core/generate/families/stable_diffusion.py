"""What SD 1.5 and SDXL have in common: CLIP reads the prompt, a U-Net draws, ControlNets and IP-Adapters steer it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from headshot_core.generate import library, models
from headshot_core.generate.call import Call, Control, ControlKind, Kind, Prompt
from headshot_core.generate.families import latents
from headshot_core.generate.families.base import Family
from headshot_core.generate.models import Base

WEIGHTED = re.compile(r"\(([^():]+):\s*(\d*\.?\d+)\s*\)")
KINDS = {"text": "", "image": "Img2Img", "inpaint": "Inpaint"}
"""As diffusers' classes are named."""
OWN_SCHEDULERS = ("LCMScheduler", "TCDScheduler")
"""A model with one of these was distilled for it."""


class StableDiffusion(Family):
    """The families of latent diffusion with a U-Net."""

    multiple = 8
    prefix: str
    """with which the names of diffusers' classes begin"""
    factors: Sequence[Sequence[float]]
    offset: Sequence[float]
    """latents to colours, -1..1"""

    def pipeline(self, kind: Kind, controlled: bool) -> type:
        control = "ControlNet" if controlled else ""
        return getattr(library.diffusers(), f"{self.prefix}{control}{KINDS[kind]}Pipeline")

    def controlnet(self, kind: ControlKind) -> type:
        return library.diffusers().ControlNetModel

    def settle(self, pipe: Any, base: Base) -> None:
        """DPM-Solver++ 2M on Karras' steps: as good in 20 to 30 steps as the models' own schedulers in 50."""
        super().settle(pipe, base)
        own = type(pipe.scheduler).__name__ in OWN_SCHEDULERS or pipe.scheduler.config.timestep_spacing == "trailing"
        if not own:
            solver = library.diffusers().DPMSolverMultistepScheduler
            pipe.scheduler = solver.from_config(
                pipe.scheduler.config, algorithm_type="dpmsolver++", use_karras_sigmas=True
            )

    def prepare(self, pipe: Any, base: Base, call: Call) -> None:
        """The face adapter, where there are pictures of the person; gone where there are none."""
        there = pipe.unet.encoder_hid_proj is not None
        if call.references and not there:
            _load_face_adapter(pipe, base)
        elif there and not call.references:
            pipe.unload_ip_adapter()
        if call.references:
            pipe.set_ip_adapter_scale(call.likeness)

    def arguments(self, pipe: Any, call: Call, device: str) -> dict[str, Any]:
        with library.torch().no_grad():
            guided = call.guidance > 1 and pipe.unet.config.time_cond_proj_dim is None
            generators = latents.generators(call.seeds)
            given = {
                "num_inference_steps": call.steps,
                "guidance_scale": call.guidance,
                "generator": generators,
                **self._words(pipe, call, guided, device),
                **_pictures(pipe, call),
                **_controls(call),
            }
            if call.references:
                given["ip_adapter_image_embeds"] = _faces(pipe, call.references, guided, device)
            if call.light and call.light.strength > 0 and call.kind == "text":
                given["latents"] = _light(pipe, call, generators, device)
            return given | call.extras

    def preview(self, pipe: Any, latents_now: Any, size: tuple[int, int]) -> np.ndarray:
        """As the solver sees it finished, where it does; a pixel for each latent."""
        finished = getattr(pipe.scheduler, "model_outputs", None)
        seen = latents_now if not finished or finished[-1] is None else finished[-1]
        return latents.rough(seen[0], self.factors, self.offset)

    def _words(self, pipe: Any, call: Call, guided: bool, device: str) -> dict[str, Any]:
        """The prompt's embeddings, read once for all pictures that have it in common."""
        key = (call.prompt.positive, call.prompt.negative, guided, call.loras)
        read = latents.once(pipe.text_encoder, key, lambda: self.read(pipe, call.prompt, guided, device))
        return {name: value.expand(len(call.seeds), *value.shape[1:]) for name, value in read.items()}

    def read(self, pipe: Any, prompt: Prompt, guided: bool, device: str) -> dict[str, Any]:
        """Embeddings by the names of the pipeline's keywords, (1, ...) each."""
        raise NotImplementedError


# The prompt.


def fragments(prompt: str) -> tuple[list[str], list[float]]:
    """The prompt's pieces and their weights: ``a (silk:1.2) tie`` has three pieces, of weights 1, 1.2 and 1."""
    pieces, weights, end = [], [], 0
    for match in WEIGHTED.finditer(prompt):
        pieces += [prompt[end : match.start()], match[1]]
        weights += [1.0, float(match[2])]
        end = match.end()
    pieces, weights = [*pieces, prompt[end:]], [*weights, 1.0]
    filled = [(piece.strip(), weight) for piece, weight in zip(pieces, weights, strict=True) if piece.strip()]
    return ([piece for piece, _ in filled], [weight for _, weight in filled]) if filled else ([""], [1.0])


class Reader:
    """One text encoder, and compel to weigh words and to read on beyond CLIP's 77 tokens, in pieces of as many."""

    def __init__(self, tokenizer: Any, encoder: Any, device: str, penultimate: bool):
        library.compel()
        from compel.embeddings_provider import EmbeddingsProvider, ReturnedEmbeddingsType, SplitLongTextMode

        kinds = ReturnedEmbeddingsType
        layer = kinds.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED if penultimate else kinds.LAST_HIDDEN_STATES_NORMALIZED
        self.device = device
        self.provider = EmbeddingsProvider(
            tokenizer,
            encoder,
            truncate=False,
            returned_embeddings_type=layer,
            device=device,
            split_long_text_mode=SplitLongTextMode.PHRASES,
        )

    def read(self, prompt: str) -> Any:
        """(1, 77 n, C)"""
        pieces, weights = fragments(prompt)
        read = self.provider.get_embeddings_for_weighted_prompt_fragments([pieces], [weights], device=self.device)
        return read.to(self.device)

    def pooled(self, prompt: str) -> Any:
        """(1, C), of the first 77 tokens"""
        return self.provider.get_pooled_embeddings([" ".join(fragments(prompt)[0])], device=self.device)

    def even(self, *read: Any) -> list[Any]:
        """All as long as the longest, filled up with what an empty prompt reads as."""
        longest = max(one.shape[1] for one in read)
        empty = self.provider.empty_z.to(read[0])
        times = [(longest - one.shape[1]) // empty.shape[1] for one in read]
        torch = library.torch()
        return [torch.cat([one, empty.repeat(1, n, 1)], 1) if n else one for one, n in zip(read, times, strict=True)]


# Pictures.


def _pictures(pipe: Any, call: Call) -> dict[str, Any]:
    """The picture and mask to begin with, and the size."""
    width, height = call.size
    size = {"width": width, "height": height}
    if call.kind == "text":
        return size
    begin = {"image": call.image.convert("RGB"), "strength": call.strength}
    if call.kind == "inpaint":
        return size | begin | {"mask_image": in_blocks(call.mask, pipe.vae_scale_factor)}
    return begin


def in_blocks(mask: Image.Image, side: int) -> Image.Image:
    """The mask as the latents see it: a block of `side` pixels is drawn anew if any of them is to be."""
    drawn = np.asarray(mask.convert("L")) > 127
    rows, columns = drawn.shape[0] // side, drawn.shape[1] // side
    blocks = drawn.reshape(rows, side, columns, side).any((1, 3))
    return Image.fromarray(np.kron(blocks, np.full((side, side), 255, np.uint8)))


def _controls(call: Call) -> dict[str, Any]:
    """The ControlNets' pictures; single values for a single net."""
    if not call.controls:
        return {}
    pictures = "image" if call.kind == "text" else "control_image"
    given = {
        pictures: [control.image.convert("RGB") for control in call.controls],
        "controlnet_conditioning_scale": [float(control.strength) for control in call.controls],
        "control_guidance_start": [control.start for control in call.controls],
        "control_guidance_end": [_end(control) for control in call.controls],
    }
    return given if len(call.controls) > 1 else {name: values[0] for name, values in given.items()}


def _end(control: Control) -> float:
    """Diffusers wants the end behind the start."""
    return max(control.end, control.start + 1e-6)


def _light(pipe: Any, call: Call, generators: list[Any], device: str) -> Any:
    """The noise that the pipeline would draw, with the broad light and dark of the lit picture."""
    torch = library.torch()
    width, height = call.size
    side = pipe.vae_scale_factor
    shape = (1, pipe.unet.config.in_channels, height // side, width // side)
    noise = torch.cat([torch.randn(shape, generator=generator) for generator in generators])
    picture = pipe.image_processor.preprocess(call.light.image.convert("RGB"), height=height, width=width)
    lit = pipe.vae.encode(picture.to(device, pipe.vae.dtype)).latent_dist.mode() * pipe.vae.config.scaling_factor
    begun = latents.light_start(noise, lit.float().cpu(), call.light.strength)
    return begun.to(device, pipe.unet.dtype)


# The face adapter.


def _load_face_adapter(pipe: Any, base: Base) -> None:
    """Load the base's IP-Adapter with its image encoder. Raises `HeadshotError` where it is not here."""
    extra = models.extra_of(base, "face_adapter", "adapter for faces", "Choose another base model.")
    weights = Path(next(name for name in extra.files if "ip-adapter" in name))
    encoder = Path(next(name for name in extra.files if name.endswith("config.json"))).parent
    pipe.load_ip_adapter(
        str(models.location(extra)),
        subfolder=weights.parent.as_posix(),
        weight_name=weights.name,
        image_encoder_folder=encoder.as_posix(),
        local_files_only=True,
    )


def _faces(pipe: Any, references: tuple[Image.Image, ...], guided: bool, device: str) -> list[Any]:
    """Embeddings of the pictures of the person, read once."""
    images = [image.convert("RGB") for image in references]
    key = (guided, *(hashlib.sha256(image.tobytes()).hexdigest() for image in images))
    read = latents.once(
        pipe.image_encoder, key, lambda: pipe.prepare_ip_adapter_image_embeds([images], None, device, 1, guided)
    )
    return list(read)
