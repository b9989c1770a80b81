"""FLUX.2 klein (Black Forest Labs): Qwen3 reads the prompt, and pictures of the person can be shown along with it.

That is the likeness without training: up to four reference pictures, each put behind the one that is drawn. A pose,
too, is such a picture, with words for it: FLUX.2 has no ControlNets ("structural control is achieved through reference
images and prompt instructions", docs.bfl.ai/guides/usecases_editing_controlnets). So how firmly a pose is held follows
from how large its picture is shown, and it is held from the first step to the last.

Drawing over a picture begins with its latents, and shows it as a reference as well. The distilled model runs without
guidance; Base takes guidance and a negative prompt. Pictures beyond a megapixel are made smaller by the inpainting
pipeline, so base models should name no such sizes.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from headshot_core.errors import HeadshotError
from headshot_core.generate import library
from headshot_core.generate.call import Call, ControlKind, Kind
from headshot_core.generate.families import flow
from headshot_core.generate.families.base import Family
from headshot_core.generate.families.latents import generators, once, rough

MEGAPIXEL = 1024 * 1024
"""Pixels of a reference picture that counts in full; the pipelines make larger ones smaller."""
MOST = 4
"""Reference pictures that klein takes (docs.bfl.ai/guides/prompting_editing_overview)."""
SMALLEST = 64
"""Pixels of a reference picture's shorter side."""
PERSON = "The person is the one in {images}: the same face, hair and identity."
STEER = {
    "pose": "Match the exact pose from image {number}: the same turn and tilt of the head, the same shoulders.",
    "depth": "Follow the depth map in image {number}: the same shapes at the same distances.",
    "normal": "Follow the surface directions in image {number}: the same shapes in the same places.",
}
"""What the prompt says of the pictures, by their numbers, as Black Forest Labs' guides do."""
RGB = (
    (0.0058, 0.0113, 0.0073),
    (0.0495, 0.0443, 0.0836),
    (-0.0099, 0.0096, 0.0644),
    (0.2144, 0.3009, 0.3652),
    (0.0166, -0.0039, -0.0054),
    (0.0157, 0.0103, -0.0160),
    (-0.0398, 0.0902, -0.0235),
    (-0.0052, 0.0095, 0.0109),
    (-0.3527, -0.2712, -0.1666),
    (-0.0301, -0.0356, -0.0180),
    (-0.0107, 0.0078, 0.0013),
    (0.0746, 0.0090, -0.0941),
    (0.0156, 0.0169, 0.0070),
    (-0.0034, -0.0040, -0.0114),
    (0.0032, 0.0181, 0.0080),
    (-0.0939, -0.0008, 0.0186),
    (0.0018, 0.0043, 0.0104),
    (0.0284, 0.0056, -0.0127),
    (-0.0024, -0.0022, -0.0030),
    (0.1207, -0.0026, 0.0065),
    (0.0128, 0.0101, 0.0142),
    (0.0137, -0.0072, -0.0007),
    (0.0095, 0.0092, -0.0059),
    (0.0000, -0.0077, -0.0049),
    (-0.0465, -0.0204, -0.0312),
    (0.0095, 0.0012, -0.0066),
    (0.0290, -0.0034, 0.0025),
    (0.0220, 0.0169, -0.0048),
    (-0.0332, -0.0457, -0.0468),
    (-0.0085, 0.0389, 0.0609),
    (-0.0076, 0.0003, -0.0043),
    (-0.0111, -0.0460, -0.0614),
)
RGB_OFFSET = (-0.0329, -0.0718, -0.0851)
"""FLUX.2's latents, unpatchified, to colours, -1..1. Values as in ComfyUI, comfy/latent_formats.py."""


class Flux2Klein(Family):
    """Family ``flux2_klein``."""

    name = "flux2_klein"
    title = "FLUX.2 klein"
    multiple = 16

    def pipeline(self, kind: Kind, controlled: bool) -> type:
        """The diffusers class: inpainting has its own; drawing over a picture shares that for text."""
        return _inpainting() if kind == "inpaint" else library.diffusers().Flux2KleinPipeline

    def controlnet(self, kind: ControlKind) -> type:
        """Raises `HeadshotError`: control pictures go to the model itself."""
        raise HeadshotError(
            "FLUX.2 klein has no ControlNets.", "It takes a pose as one more picture: nothing to fetch."
        )

    def arguments(self, pipe: Any, call: Call, device: str) -> dict[str, Any]:
        """Every keyword for ``pipe(**arguments)``. Raises `HeadshotError`."""
        with library.torch().no_grad():
            return self._arguments(pipe, call, device)

    def preview(self, pipe: Any, latents: Any, size: tuple[int, int]) -> np.ndarray:
        """A rough look at the first picture, an eighth of its size: uint8 (h, w, 3)."""
        side = pipe.vae_scale_factor * 2
        columns, rows = size[0] // side, size[1] // side
        patches = latents[:1].permute(0, 2, 1).reshape(1, -1, rows, columns)
        return rough(pipe._unpatchify_latents(flow.ahead(pipe, patches))[0], RGB, RGB_OFFSET)

    def _arguments(self, pipe: Any, call: Call, device: str) -> dict[str, Any]:
        width, height = call.size
        count = len(call.seeds)
        shown, words = shown_to(call)
        strength = 1.0 if call.image is None else call.strength
        sigmas = flow.schedule(pipe.scheduler, call.steps, strength, lambda count: _mu(pipe, call.size, count))
        embedding = _embedding(pipe, words, device)
        given = {
            "prompt_embeds": embedding.expand(count, -1, -1),
            "guidance_scale": call.guidance,
            "width": width,
            "height": height,
            "num_inference_steps": len(sigmas),
            "sigmas": sigmas,
            "generator": generators(call.seeds),
            "latents": _start(pipe, call, strength, embedding.dtype, device),
        }
        if call.guidance > 1 and not pipe.config.is_distilled:
            negative = _embedding(pipe, call.prompt.negative, device)
            given["negative_prompt_embeds"] = negative.expand(count, -1, -1)
        if call.mask is None:
            given["image"] = shown or None
        else:
            given |= {"image": call.image.convert("RGB"), "mask_image": call.mask, "strength": 1.0}
            given["image_reference"] = [ImageOps.pad(one, shown[0].size, color="white") for one in shown] or None
        return given | call.extras


def shown_to(call: Call) -> tuple[list[Image.Image], str]:
    """The pictures that the model is shown, in order, and the prompt with words about them.

    First the picture that is drawn over, then the person, then control pictures. The inpainting pipeline adds the
    picture that it paints in by itself, as the first; that, too, shows the person.
    """
    before = 0 if call.mask is None else 1
    controls = [control for control in call.controls if control.strength > 0]
    people = [call.image] if call.mask is None and call.image is not None else []
    people = [*people, *call.references][: max(MOST - before - len(controls), 0)] if call.likeness > 0 else []
    shown = [_sized(one, call.likeness) for one in people]
    words = [call.prompt.positive]
    if before + len(people):
        images = [f"image {i + 1}" for i in range(before + len(people))]
        words.append(PERSON.format(images=" and ".join(images)))
    for control in controls:
        shown.append(_sized(control.image, control.strength))
        words.append(STEER[control.kind].format(number=before + len(shown)))
    return shown, " ".join(words)


def _sized(image: Image.Image, share: float) -> Image.Image:
    """A reference picture with that share of a megapixel: the more of it is seen, the more it counts."""
    width, height = image.size
    scale = (min(share, 1.0) * MEGAPIXEL / (width * height)) ** 0.5
    scale = max(min(scale, 1.0), SMALLEST / min(width, height))
    size = tuple(max(int(side * scale) // 16 * 16, SMALLEST) for side in (width, height))
    return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)


def _embedding(pipe: Any, prompt: str, device: str) -> Any:
    text = flow.plain(prompt)
    return once(pipe.text_encoder, text, lambda: pipe.encode_prompt(text, device=device)[0])


def _mu(pipe: Any, size: tuple[int, int], steps: int) -> float:
    """The pipelines' own shift for a picture of that size in as many steps."""
    from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu

    side = pipe.vae_scale_factor * 2
    return compute_empirical_mu((size[0] // side) * (size[1] // side), steps)


def _start(pipe: Any, call: Call, strength: float, dtype: Any, device: str) -> Any:
    """Patchified latents (N, 128, h, w)."""
    width, height = call.size
    side = pipe.vae_scale_factor * 2
    unit = flow.noise(call.seeds, (pipe.transformer.config.in_channels, height // side, width // side), dtype)
    picture = _latents(pipe, call.image, call.size, device) if strength < 1 else None
    lit = call.light and _latents(pipe, call.light.image, call.size, device)
    return flow.start(pipe, unit.to(device), picture, lit, call.light.strength if call.light else 0, strength)


def _latents(pipe: Any, image: Image.Image, size: tuple[int, int], device: str) -> Any:
    """The picture's latents as the transformer sees them: patchified, by the VAE's own statistics."""
    return pipe._encode_vae_image(flow.pixels(pipe, image, size, device), None)


@cache
def _inpainting() -> type:
    """diffusers' inpainting, less two surprises.

    It shows each picture drawn another reference where there are as many of both; here, each is shown all. And it mixes
    what is kept with the latents that it is told to begin with, as if they were noise; here, with the noise in them.
    """
    diffusers = library.diffusers()

    class Flux2KleinInpaint(diffusers.Flux2KleinInpaintPipeline):
        def prepare_latents(self, *given):
            begun, _, painted, *more = super().prepare_latents(*given)
            sigma = float(self.scheduler.sigmas[0])
            return begun, (begun - (1 - sigma) * painted) / sigma, painted, *more

        def prepare_image_latents(self, images, *rest):
            painted, *references = images
            single = [one for group in references for one in group.split(1)]
            return super().prepare_image_latents([painted, *single], *rest)

    return Flux2KleinInpaint
