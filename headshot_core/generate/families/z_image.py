"""Z-Image and Z-Image-Turbo (Tongyi-MAI): Qwen3 reads the prompt, a single-stream transformer draws.

Drawing over a picture needs no pipeline of its own: the text pipelines begin wherever they are told to. Turbo is
distilled to run without guidance (guidance 0: a negative prompt counts for nothing); Z-Image takes both. Its pipelines
count guidance from 0, one less than most: 0 is none, and 4 weighs prompt against negative prompt 5 : -4.

ControlNet: one file for every kind of control picture, one picture at a time. Only its versions 2 and later work
together with inpainting: the pipeline's class refuses the first.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.generate import library
from headshot_core.generate.call import Call, Control, ControlKind, Kind
from headshot_core.generate.families import flow
from headshot_core.generate.families.base import Family
from headshot_core.generate.families.latents import generators, once, rough

RGB = (
    (-0.0346, 0.0244, 0.0681),
    (0.0034, 0.0210, 0.0687),
    (0.0275, -0.0668, -0.0433),
    (-0.0174, 0.0160, 0.0617),
    (0.0859, 0.0721, 0.0329),
    (0.0004, 0.0383, 0.0115),
    (0.0405, 0.0861, 0.0915),
    (-0.0236, -0.0185, -0.0259),
    (-0.0245, 0.0250, 0.1180),
    (0.1008, 0.0755, -0.0421),
    (-0.0515, 0.0201, 0.0011),
    (0.0428, -0.0012, -0.0036),
    (0.0817, 0.0765, 0.0749),
    (-0.1264, -0.0522, -0.1103),
    (-0.0280, -0.0881, -0.0499),
    (-0.1262, -0.0982, -0.0778),
)
RGB_OFFSET = (-0.0329, -0.0718, -0.0851)
"""FLUX.1's latents to colours, -1..1; Z-Image has FLUX.1's VAE. Values as in ComfyUI, comfy/latent_formats.py."""
MAIN_LAYERS = 30
"""of the transformer, among which the layers of a ControlNet are spread evenly"""
LAYERS = (6, 15)
"""of ControlNets: of the first version, and of the second"""


class ZImage(Family):
    """Family ``z_image``."""

    name = "z_image"
    title = "Z-Image"
    multiple = 16

    def pipeline(self, kind: Kind, controlled: bool) -> type:
        """The diffusers class: inpainting has its own; drawing over a picture shares that for text."""
        diffusers = library.diffusers()
        if kind == "inpaint":
            return diffusers.ZImageControlNetInpaintPipeline if controlled else diffusers.ZImageInpaintPipeline
        return diffusers.ZImageControlNetPipeline if controlled else diffusers.ZImagePipeline

    def controlnet(self, kind: ControlKind) -> type:
        """The same class, and the same file, for every kind; `load_controlnet` reads it."""
        return library.diffusers().ZImageControlNetModel

    def load_controlnet(self, folder: Path, dtype: Any) -> Any:
        """A ControlNet from its folder: as diffusers saves one, or a single file as alibaba-pai publishes it.

        A pipeline lends it the layers that it shares with the transformer, so it serves that transformer alone.
        Raises `HeadshotError`.
        """
        folder = Path(folder)
        kind = self.controlnet("pose")
        if (folder / "config.json").is_file():
            return kind.from_pretrained(folder, dtype=dtype, local_files_only=True)
        files = sorted(folder.glob("*.safetensors"))
        if len(files) != 1:
            raise HeadshotError(f"There is no ControlNet in {folder}, or more than one.", "Fetch it again.")
        with tempfile.TemporaryDirectory() as settings:  # diffusers would ask the hub for them
            (Path(settings) / "config.json").write_text(json.dumps(_controlnet_settings(files[0])))
            return kind.from_single_file(str(files[0]), config=settings, dtype=dtype)

    def arguments(self, pipe: Any, call: Call, device: str) -> dict[str, Any]:
        """Every keyword for ``pipe(**arguments)``. Raises `HeadshotError`."""
        with library.torch().no_grad():
            return self._arguments(pipe, call, device)

    def preview(self, pipe: Any, latents: Any, size: tuple[int, int]) -> np.ndarray:
        """A rough look at the first picture, an eighth of its size: uint8 (h, w, 3)."""
        return rough(flow.ahead(pipe, latents)[0], RGB, RGB_OFFSET)

    def _arguments(self, pipe: Any, call: Call, device: str) -> dict[str, Any]:
        width, height = call.size
        count = len(call.seeds)
        words = _embedding(pipe, call.prompt.positive, device)
        strength = 1.0 if call.image is None else call.strength
        sigmas = flow.schedule(pipe.scheduler, call.steps, strength, lambda count: _mu(pipe, call.size))
        given = {
            "prompt_embeds": [words] * count,
            "negative_prompt_embeds": [],
            "guidance_scale": call.guidance,
            "width": width,
            "height": height,
            "num_inference_steps": len(sigmas),
            "sigmas": sigmas,
            "generator": generators(call.seeds),
            "latents": _start(pipe, call, strength, words.dtype, device),
        }
        if call.guidance > 0:
            given["negative_prompt_embeds"] = [_embedding(pipe, call.prompt.negative, device)] * count
        if call.mask is not None:
            given |= {"image": call.image.convert("RGB"), "mask_image": [call.mask] * count}
            if not call.controls:
                given["strength"] = 1.0  # the schedule says where to begin
        if call.controls:
            given |= _control(pipe, call, device)
        return given | call.extras


def _embedding(pipe: Any, prompt: str, device: str) -> Any:
    text = flow.plain(prompt)

    def read() -> Any:
        return pipe.encode_prompt(text, device=device, do_classifier_free_guidance=False)[0][0]

    return once(pipe.text_encoder, text, read)


def _mu(pipe: Any, size: tuple[int, int]) -> float:
    """The pipelines' own shift for a picture of that size, for schedulers that heed it."""
    from diffusers.pipelines.z_image.pipeline_z_image import calculate_shift

    side = pipe.vae_scale_factor * 2
    config = pipe.scheduler.config
    names = ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift")
    return calculate_shift((size[0] // side) * (size[1] // side), *(config[name] for name in names))


def _start(pipe: Any, call: Call, strength: float, dtype: Any, device: str) -> Any:
    width, height = call.size
    scale = pipe.vae_scale_factor
    shape = (pipe.transformer.in_channels, height // scale, width // scale)
    # The inpainting pipeline draws noise of this type by itself, for what is kept.
    unit = flow.noise(call.seeds, shape, dtype).to(device)
    picture = _latents(pipe, call.image, call.size, device) if strength < 1 else None
    lit = call.light and _latents(pipe, call.light.image, call.size, device)
    begun = flow.start(pipe, unit, picture, lit, call.light.strength if call.light else 0, strength)
    return begun.float()


def _latents(pipe: Any, image: Any, size: tuple[int, int], device: str) -> Any:
    """The picture's latents as the transformer sees them."""
    config = pipe.vae.config
    encoded = pipe.vae.encode(flow.pixels(pipe, image, size, device)).latent_dist.mode()
    return (encoded - config.shift_factor) * config.scaling_factor


def _control(pipe: Any, call: Call, device: str) -> dict[str, Any]:
    if len(call.controls) > 1:
        raise HeadshotError(
            f"Z-Image follows one control picture at a time, and {len(call.controls)} are wished for.",
            "Leave the pose or the depth out.",
        )
    (control,) = call.controls
    if not any(weight.is_meta for weight in pipe.controlnet.parameters()):
        pipe.controlnet.to(device)  # offloading takes the layers that it shares along with the transformer
    return {"control_image": control.image.convert("RGB"), "controlnet_conditioning_scale": _held(pipe, control)}


def _held(pipe: Any, control: Control) -> Any:
    always = control.start <= 0 and control.end >= 1
    return control.strength if always else Held(pipe.scheduler, control)


class Held:
    """A control's strength, and 0 in steps that do not lie wholly within its start and end.

    Z-Image's pipelines take one number for all steps; they only ever multiply by it.
    """

    def __init__(self, scheduler: Any, control: Control):
        self.scheduler, self.control = scheduler, control

    def __rmul__(self, hint: Any) -> Any:
        step, steps = self.scheduler.step_index or 0, len(self.scheduler.timesteps)
        held = self.control.start <= step / steps and (step + 1) / steps <= self.control.end
        return hint * (self.control.strength if held else 0.0)


def _controlnet_settings(file: Path) -> dict[str, Any]:
    """The settings that a ControlNet's single file was trained with, told from its weights.

    As in diffusers' loader and aigc-apps/VideoX-Fun, config/z_image: 6 layers and the picture alone in the first
    version; 15 layers, two more in the noise refiner, mask and picture beside it in versions 2.0 and 2.1. In 2.0 those
    two were never trained.
    """
    from safetensors import safe_open

    with safe_open(file, "pt") as weights:
        names = set(weights.keys())
        count = len({name.split(".")[1] for name in names if name.startswith("control_layers.")})
        if count not in LAYERS:
            raise HeadshotError(f"{file.name} is no ControlNet for Z-Image that is known here.", "Fetch it again.")
        width, channels = weights.get_slice("control_all_x_embedder.2-1.weight").get_shape()
        head = weights.get_slice("control_layers.0.attention.norm_q.weight").get_shape()[0]
        refiner = "control_noise_refiner.0.before_proj.weight"
        trained = refiner in names and bool(weights.get_tensor(refiner).any())
    joined = None if count == LAYERS[0] else "control_noise_refiner" if trained else "control_layers"
    return {
        "_class_name": "ZImageControlNetModel",
        "control_layers_places": list(range(0, MAIN_LAYERS, MAIN_LAYERS // count)),
        "control_refiner_layers_places": [0, 1] if joined else [],
        "control_in_dim": channels // 4,
        "add_control_noise_refiner": joined,
        "dim": width,
        "n_heads": width // head,
        "n_kv_heads": width // head,
        "n_refiner_layers": 2,
    }
