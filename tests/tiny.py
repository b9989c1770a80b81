"""Tiny base models with random weights, in the real classes of diffusers, laid out as on the hub: milliseconds a step.

    import tiny
    tiny.install("sd15")        # with all its extras, where `models.location` looks; any name of models.BASES
    micro = tiny.install("micro")                     # in that folder too, not in the project: only the entry knows
    folder = tiny.build("sdxl", tmp_path / "model")   # or anywhere: models.find(str(folder)) takes it
    tiny.controlnet("sd15", folder), tiny.ip_adapter("sd15", folder), tiny.lora("sd15", file, seed=1)
    tiny.single_file(file)      # SD 1.5 as one .safetensors file
    pipelines.run(models.find("sd15"), tiny.call(image=tiny.picture(), mask=tiny.mask()))

Set ``HEADSHOT_HOME`` to an empty folder before `install`. Pictures show coloured noise; 64 x 64 is enough.
Weights are drawn from a seed, so the same model draws the same pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headshot_core.files import atomic_write
from headshot_core.generate import device, library, models, pipelines
from headshot_core.generate.call import Call, Prompt

SIZE = 64
"""Side of a picture that is drawn in milliseconds."""
TEXT = 768
TEXT_2 = 1280
TEXT_MICRO = 128
"""Widths of the text encoders, by which the families are told apart."""


def build(family: str, folder: Path | str, seed: int = 0, variant: str | None = None, attentive=False) -> Path:
    """Write a model of ``sd15``, ``sdxl`` or ``micro``; `attentive`: attention at all levels, so that it can learn."""
    _pipeline(family, seed, attentive).save_pretrained(folder, variant=variant)
    return Path(folder)


def install(name: str, extras: bool = True) -> models.Base:
    """Put a tiny base model, with its extras, where the base model of that name would lie; gives its entry."""
    import tiny_flow

    base = _at_home(models.BASES[name])
    if base.family not in ("sd15", "sdxl", "micro"):
        return tiny_flow.install(name)
    build(base.family, models.location(base), variant=base.variant)
    for extra in models.parts(base)[1:] + (base.extras if extras else ()):
        install_extra(base.family, extra)
    return base


@contextmanager
def installed(name: str, home: Path) -> Iterator[models.Base]:
    """That base model, in a home of its own; drawn in float32, so that numbers can be compared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSHOT_HOME", str(home))
        patch.setattr(device, "_cpu_has_bf16", lambda torch: False)
        yield install(name)
        pipelines.forget()


def _at_home(base: models.Base) -> models.Base:
    """The demo lies in the home's folder, so that the project's own stays what it is."""
    if not base.demo:
        return base
    extras = tuple(replace(extra, source=str(models.folder() / extra.name)) for extra in base.extras)
    return replace(base, source=str(models.folder() / base.name), extras=extras)


def install_extra(family: str, extra: models.Extra) -> None:
    """Put one tiny extra where it would lie; IC-Light and the scorer of prompts are left out."""
    folder = models.location(extra)
    if extra.kind in ("pose", "depth", "normal", "light"):
        variant = "fp16" if "fp16" in extra.files[1] else None
        controlnet(family, folder, seed=len(extra.kind), variant=variant)
    elif extra.kind == "face_adapter":
        ip_adapter(family, folder)
    elif extra.kind == "few_steps":
        lora(family, folder / extra.files[0], scale=0.02)


def controlnet(family: str, folder: Path | str, seed: int = 0, variant: str | None = None) -> Path:
    """Write a ControlNet whose zero convolutions are not zero, so that it has an effect."""
    torch, diffusers = library.torch(), library.diffusers()
    _seed(100 + seed)
    shrinks = (16, 32, 64) if family == "micro" else (16, 32, 96, 256)  # as often as the VAE does
    net = diffusers.ControlNetModel.from_unet(
        _pipeline(family, 0).unet, conditioning_channels=3, conditioning_embedding_out_channels=shrinks
    )
    for block in (*net.controlnet_down_blocks, net.controlnet_mid_block, net.controlnet_cond_embedding.conv_out):
        torch.nn.init.normal_(block.weight, std=0.5)
    net.save_pretrained(folder, variant=variant)
    return Path(folder)


def ip_adapter(family: str, folder: Path | str, seed: int = 0) -> Path:
    """Write an IP-Adapter Plus (16 image tokens) as h94/IP-Adapter lays it out, with its image encoder."""
    from safetensors.torch import save

    torch, transformers = library.torch(), library.transformers()
    _seed(200 + seed)
    unet = _pipeline(family, 0).unet
    width, cross = 32, unet.config.cross_attention_dim
    weights = {
        "image_proj.latents": torch.randn(1, 16, width),
        **_linear("image_proj.proj_in", width, width),
        **_linear("image_proj.proj_out", width, cross),
        **_norm("image_proj.norm_out", cross),
    }
    for layer in range(4):
        at = f"image_proj.layers.{layer}"
        weights |= _norm(f"{at}.0.norm1", width) | _norm(f"{at}.0.norm2", width) | _norm(f"{at}.1.0", width)
        weights |= _linear(f"{at}.0.to_q", width, 64, bias=False) | _linear(f"{at}.0.to_kv", width, 128, bias=False)
        weights |= _linear(f"{at}.0.to_out", 64, width, bias=False)
        weights |= _linear(f"{at}.1.1", width, 128, bias=False) | _linear(f"{at}.1.3", 128, width, bias=False)
    attentions = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    for i, name in enumerate(attentions):
        width_here = unet.get_submodule(name.removesuffix(".processor")).inner_dim
        weights |= _linear(f"ip_adapter.{2 * i + 1}.to_k_ip", cross, width_here, bias=False)
        weights |= _linear(f"ip_adapter.{2 * i + 1}.to_v_ip", cross, width_here, bias=False)
    models_folder = Path(folder) / ("models" if family == "sd15" else "sdxl_models")
    file = "ip-adapter-plus-face_sd15" if family == "sd15" else "ip-adapter-plus-face_sdxl_vit-h"
    atomic_write(models_folder / f"{file}.safetensors", save(weights))
    config = transformers.CLIPVisionConfig(
        hidden_size=width, projection_dim=width, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
        image_size=32, patch_size=8,
    )  # fmt: skip
    transformers.CLIPVisionModelWithProjection(config).save_pretrained(Path(folder) / "models" / "image_encoder")
    return Path(folder)


def lora(family: str, file: Path | str, seed: int = 0, rank: int = 4, scale: float = 0.3, metadata=None) -> Path:
    """Write a LoRA of the UNet's attention, as diffusers saves one."""
    from safetensors.torch import save

    torch = library.torch()
    _seed(300 + seed)
    weights = {}
    for name, module in _pipeline(family, 0).unet.named_modules():
        if name.endswith(("to_q", "to_k", "to_v", "to_out.0")):
            weights[f"unet.{name}.lora_A.weight"] = torch.randn(rank, module.in_features) * scale
            weights[f"unet.{name}.lora_B.weight"] = torch.randn(module.out_features, rank) * scale
    return atomic_write(file, save(weights, {"format": "pt", **(metadata or {})}))


# What the models are made of.


@cache
def _pipeline(family: str, seed: int, attentive: bool = False):
    """The whole model. Whoever changes it has to build another one."""
    diffusers = library.diffusers()
    _seed(seed)
    levels = {"attentive": attentive}
    if family == "sd15":
        return diffusers.StableDiffusionPipeline(
            vae=_vae(0.18215), text_encoder=_text_encoder(TEXT), tokenizer=_tokenizer(),
            unet=_unet(cross_attention_dim=TEXT, **levels),
            scheduler=diffusers.PNDMScheduler(skip_prk_steps=True, steps_offset=1, **_SCHEDULE),
            safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        )  # fmt: skip
    if family == "micro":
        return diffusers.StableDiffusionPipeline(
            vae=_vae(0.35, levels=3), text_encoder=_text_encoder(TEXT_MICRO), tokenizer=_tokenizer(),
            unet=_unet(cross_attention_dim=TEXT_MICRO, **levels),
            scheduler=diffusers.DDIMScheduler(
                prediction_type="v_prediction", timestep_spacing="trailing", clip_sample=False, steps_offset=1,
                **_SCHEDULE,
            ),
            safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        )  # fmt: skip
    if family == "sdxl":
        sdxl = {
            "cross_attention_dim": TEXT + TEXT_2, "use_linear_projection": True, "transformer_layers_per_block": (1, 2),
            **levels,
            "addition_embed_type": "text_time", "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 6 * 8 + TEXT_2,
        }  # fmt: skip
        return diffusers.StableDiffusionXLPipeline(
            vae=_vae(0.13025), unet=_unet(**sdxl), scheduler=diffusers.EulerDiscreteScheduler(**_SCHEDULE),
            text_encoder=_text_encoder(TEXT), tokenizer=_tokenizer(),
            text_encoder_2=_text_encoder(TEXT_2, projected=True), tokenizer_2=_tokenizer(pad="!"),
            force_zeros_for_empty_prompt=True, add_watermarker=False,
        )  # fmt: skip
    raise ValueError(f"no tiny model of family {family}")


_SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def _seed(seed: int) -> None:
    library.torch().manual_seed(seed)


def _unet(attentive: bool, **more):
    first = "CrossAttn" if attentive else ""
    return library.diffusers().UNet2DConditionModel(
        sample_size=SIZE // 8, in_channels=4, out_channels=4, layers_per_block=1, norm_num_groups=8,
        block_out_channels=(16, 32), down_block_types=(f"{first}DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", f"{first}UpBlock2D"), attention_head_dim=4, **more,
    )  # fmt: skip


def _vae(scaling: float, levels: int = 4):
    """Four levels: eight pixels a latent, as ControlNets take for granted; the demo's has three."""
    return library.diffusers().AutoencoderKL(
        block_out_channels=(8,) * levels, norm_num_groups=4, latent_channels=4, sample_size=SIZE,
        scaling_factor=scaling, down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
    )  # fmt: skip


def _text_encoder(width: int, projected: bool = False):
    transformers = library.transformers()
    tokenizer = _tokenizer()
    config = transformers.CLIPTextConfig(
        hidden_size=width, intermediate_size=32, num_hidden_layers=2, num_attention_heads=8, projection_dim=width,
        vocab_size=len(tokenizer), bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return (transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel)(config)


def _tokenizer(pad: str = "<|endoftext|>"):
    """CLIP's tokenizer with letters instead of words: every letter is a token, so long prompts come soon."""
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return library.transformers().CLIPTokenizer(
        vocab={word: i for i, word in enumerate(words)}, merges=[], pad_token=pad, model_max_length=77
    )


def _linear(name: str, inputs: int, outputs: int, bias: bool = True) -> dict:
    torch = library.torch()
    weights = {f"{name}.weight": torch.randn(outputs, inputs) / inputs**0.5}
    return weights | {f"{name}.bias": torch.zeros(outputs)} if bias else weights


def _norm(name: str, width: int) -> dict:
    torch = library.torch()
    return {f"{name}.weight": torch.ones(width), f"{name}.bias": torch.zeros(width)}


# What is drawn with them.


def picture(seed: int = 0, size: int = SIZE):
    """A colourful picture, (size, size)."""
    rough = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(rough).resize((size, size), Image.Resampling.BICUBIC)


def mask(size: int = SIZE):
    """White, to be drawn anew, in the middle."""
    drawn = np.zeros((size, size), np.uint8)
    drawn[size // 4 : -size // 4, size // 4 : -size // 4] = 255
    return Image.fromarray(drawn)


def call(**wishes) -> Call:
    """A call of three steps for one picture, with other wishes."""
    given = {"prompt": Prompt("a man in a suit", "blurry"), "size": (SIZE, SIZE), "seeds": (1,), "steps": 3}
    return Call(**(given | {"guidance": 5.0} | wishes))


def distance(one: np.ndarray, other: np.ndarray) -> int:
    """The largest difference of two uint8 pictures."""
    return int(np.abs(one.astype(int) - other).max())


# A whole checkpoint in one file, with the names of Stable Diffusion's first code.


def single_file(file: Path | str, seed: int = 0) -> Path:
    """Write SD 1.5 as a single .safetensors file."""
    from safetensors.torch import save

    pipe = _pipeline("sd15", seed)
    weights = {f"model.diffusion_model.{_unet_name(name)}": value for name, value in pipe.unet.state_dict().items()}
    for name, value in pipe.vae.state_dict().items():
        old = _vae_name(name)
        is_matrix = "attn_1" in old and old.endswith("weight") and "norm" not in old
        weights[f"first_stage_model.{old}"] = value[:, :, None, None] if is_matrix else value
    for name, value in pipe.text_encoder.state_dict().items():
        weights[f"cond_stage_model.transformer.text_model.{name.removeprefix('text_model.')}"] = value
    return atomic_write(file, save({name: value.contiguous().clone() for name, value in weights.items()}))


_RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip
_UNET = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2", "down_blocks.0.resnets.0": "input_blocks.1.0",
    "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op", "down_blocks.1.resnets.0": "input_blocks.3.0",
    "down_blocks.1.attentions.0": "input_blocks.3.1", "up_blocks.0.resnets.0": "output_blocks.0.0",
    "up_blocks.0.attentions.0": "output_blocks.0.1", "up_blocks.0.resnets.1": "output_blocks.1.0",
    "up_blocks.0.attentions.1": "output_blocks.1.1", "up_blocks.0.upsamplers.0.conv": "output_blocks.1.2.conv",
    "up_blocks.1.resnets.0": "output_blocks.2.0", "up_blocks.1.resnets.1": "output_blocks.3.0",
}  # fmt: skip
_VAE = {"conv_shortcut": "nin_shortcut", "conv_norm_out": "norm_out"}
_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def _unet_name(name: str) -> str:
    old = next(old for old in sorted(_UNET, key=len, reverse=True) if name.startswith(f"{old}."))
    rest = name.removeprefix(f"{old}.")
    part = rest.rpartition(".")[0]
    return f"{_UNET[old]}.{rest.replace(part, _RESNET[part]) if part in _RESNET else rest}"


def _vae_name(name: str) -> str:
    for new, old in _VAE.items():
        name = name.replace(new, old)
    if ".mid_block.attentions.0." in name:
        for new, old in _ATTENTION.items():
            name = name.replace(f".{new}.", f".{old}.")
        return name.replace(".mid_block.attentions.0.", ".mid.attn_1.")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
    name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.(\d)", lambda found: f"up.{3 - int(found[1])}.block.{found[2]}", name)
    return re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda found: f"up.{3 - int(found[1])}.upsample", name)
