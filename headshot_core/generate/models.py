"""Base models: what each is called, may be used for, needs and can do, and where it lies on this machine.

A new base model is one entry in `BASES`. Nothing is fetched unless it is asked for (`headshot_core.generate.fetch`);
the demo comes with this project.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from math import prod
from pathlib import Path
from typing import Any, Literal

from headshot_core.errors import HeadshotError
from headshot_core.files import home
from headshot_core.generate.weights import read_header

FamilyName = Literal["sd15", "sdxl", "z_image", "flux2_klein", "micro"]
Ability = Literal[
    "lora", "control", "pose_picture", "image", "inpaint", "reference", "face_adapter", "negative", "light_adapter"
]
"""control: by ControlNets; pose_picture: by one more picture, with words for it."""
ExtraKind = Literal["pose", "depth", "normal", "light", "face_adapter", "few_steps", "light_adapter", "prompt_scorer"]


@dataclass(frozen=True)
class Extra:
    """A further model that belongs to a base: a ControlNet, a face adapter, a few-step LoRA, a scorer."""

    name: str
    title: str
    kind: ExtraKind
    source: str
    """hub id; of the demo's, a folder on this machine"""
    files: tuple[str, ...]
    """the files wanted, by their paths"""
    download_bytes: int
    licence: str
    commercial: bool
    licence_url: str = ""
    note: str = ""
    folder: str = ""
    """the folder that it shares with others of the same hub repository; its own name where empty"""
    demo: bool = False
    """whether it comes with this project and its demo"""


@dataclass(frozen=True)
class Base:
    """One base model."""

    name: str
    title: str
    family: FamilyName | Literal[""]
    """empty for a hub id that was not fetched yet"""
    source: str
    """hub id, or a folder or .safetensors file on this machine"""
    licence: str
    commercial: bool
    """whether the licence allows commercial use"""
    download_bytes: int
    memory_gb: float
    """of weights in half precision, all parts together"""
    sizes: tuple[tuple[int, int], ...]
    """native sizes: width, height"""
    steps: int
    guidance: float
    """0 or 1: without"""
    can: frozenset[Ability]
    files: tuple[str, ...] = ()
    """patterns of the files wanted of the hub's repository"""
    extras: tuple[Extra, ...] = field(default=())
    """those of kind few_steps are a part of the base: it is not installed without them, and always drawn with them"""
    licence_url: str = ""
    note: str = ""
    variant: str | None = None
    """the files' variant, such as 'fp16'"""
    folder: str = ""
    """the folder of the base whose files it shares; its own name where empty"""
    scheduler: str = ""
    """diffusers' class to take in place of the folder's scheduler, with ``timestep_spacing="trailing"``"""
    demo: bool = False
    """whether it comes with this project, to try things out with: neither fetched nor removed, and never chosen unless
    it is named"""

    @property
    def cartoons(self) -> bool:
        """Whether it draws cartoons: nobody real, and only our own readers know what they show."""
        return self.family == "micro"


# Licences. Those named OpenRAIL allow commercial use, but forbid harmful uses, and pass that on with the model.


def _licence(name: str, url: str) -> dict[str, Any]:
    return {"licence": name, "commercial": True, "licence_url": url}


APACHE = _licence("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0")
MIT = _licence("MIT", "https://github.com/openai/CLIP/blob/main/LICENSE")
OPENRAIL = _licence("OpenRAIL", "https://huggingface.co/spaces/CompVis/stable-diffusion-license")
OPENRAIL_M = _licence("CreativeML OpenRAIL-M", "https://huggingface.co/spaces/CompVis/stable-diffusion-license")
OPENRAIL_PLUS = _licence(
    "CreativeML OpenRAIL++-M", "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md"
)


MICRO = Path(__file__).parents[1] / "micro" / "weights"
"""Where the demo's files lie in this project."""


# The further models.

_EXTRAS = (
    Extra(
        name="sd15_pose",
        title="Pose (ControlNet 1.1 openpose)",
        kind="pose",
        source="lllyasviel/control_v11p_sd15_openpose",
        files=("config.json", "diffusion_pytorch_model.fp16.safetensors"),
        download_bytes=723_000_000,
        **OPENRAIL,
    ),
    Extra(
        name="sd15_depth",
        title="Depth (ControlNet 1.1 depth)",
        kind="depth",
        source="lllyasviel/control_v11f1p_sd15_depth",
        files=("config.json", "diffusion_pytorch_model.fp16.safetensors"),
        download_bytes=723_000_000,
        **OPENRAIL,
    ),
    Extra(
        name="sd15_normal",
        title="Surface directions (ControlNet 1.1 normalbae)",
        kind="normal",
        source="lllyasviel/control_v11p_sd15_normalbae",
        files=("config.json", "diffusion_pytorch_model.fp16.safetensors"),
        download_bytes=723_000_000,
        **OPENRAIL,
    ),
    Extra(
        name="sd15_face",
        title="A face from a photo (IP-Adapter plus face)",
        kind="face_adapter",
        source="h94/IP-Adapter",
        files=(
            "models/ip-adapter-plus-face_sd15.safetensors",
            "models/image_encoder/config.json",
            "models/image_encoder/model.safetensors",
        ),
        download_bytes=2_630_000_000,
        **APACHE,
        folder="ip_adapter",
    ),
    Extra(
        name="sd15_light",
        title="Light from a picture (IC-Light, foreground)",
        kind="light_adapter",
        source="lllyasviel/ic-light",
        files=("iclight_sd15_fc.safetensors",),
        download_bytes=1_720_000_000,
        **OPENRAIL_M,
    ),
    Extra(
        name="sd15_lcm",
        title="Few steps (LCM-LoRA)",
        kind="few_steps",
        source="latent-consistency/lcm-lora-sdv1-5",
        files=("pytorch_lora_weights.safetensors",),
        download_bytes=135_000_000,
        **OPENRAIL_PLUS,
    ),
    Extra(
        name="sdxl_pose",
        title="Pose (xinsir's openpose ControlNet)",
        kind="pose",
        source="xinsir/controlnet-openpose-sdxl-1.0",
        files=("config.json", "diffusion_pytorch_model.safetensors"),
        download_bytes=2_500_000_000,
        **APACHE,
    ),
    Extra(
        name="sdxl_depth",
        title="Depth (xinsir's depth ControlNet)",
        kind="depth",
        source="xinsir/controlnet-depth-sdxl-1.0",
        files=("config.json", "diffusion_pytorch_model.safetensors"),
        download_bytes=2_500_000_000,
        **APACHE,
    ),
    Extra(
        name="sdxl_face",
        title="A face from a photo (IP-Adapter plus face, ViT-H)",
        kind="face_adapter",
        source="h94/IP-Adapter",
        files=(
            "sdxl_models/ip-adapter-plus-face_sdxl_vit-h.safetensors",
            "models/image_encoder/config.json",
            "models/image_encoder/model.safetensors",
        ),
        download_bytes=3_380_000_000,
        **APACHE,
        folder="ip_adapter",
    ),
    Extra(
        name="sdxl_lightning_8",
        title="Few steps (SDXL-Lightning, 8 steps)",
        kind="few_steps",
        source="ByteDance/SDXL-Lightning",
        files=("sdxl_lightning_8step_lora.safetensors",),
        download_bytes=394_000_000,
        **OPENRAIL_PLUS,
    ),
    Extra(
        name="z_image_turbo_pose",
        title="Pose (Fun-Controlnet-Union 2.1)",
        kind="pose",
        source="alibaba-pai/Z-Image-Turbo-Fun-Controlnet-Union-2.1",
        files=("Z-Image-Turbo-Fun-Controlnet-Union-2.1-8steps.safetensors",),
        download_bytes=6_710_000_000,
        **APACHE,
        folder="z_image_turbo_control",
    ),
    Extra(
        name="z_image_turbo_depth",
        title="Depth (Fun-Controlnet-Union 2.1: the same file)",
        kind="depth",
        source="alibaba-pai/Z-Image-Turbo-Fun-Controlnet-Union-2.1",
        files=("Z-Image-Turbo-Fun-Controlnet-Union-2.1-8steps.safetensors",),
        download_bytes=6_710_000_000,
        **APACHE,
        folder="z_image_turbo_control",
    ),
    Extra(
        name="z_image_pose",
        title="Pose (Fun-Controlnet-Union 2.1)",
        kind="pose",
        source="alibaba-pai/Z-Image-Fun-Controlnet-Union-2.1",
        files=("Z-Image-Fun-Controlnet-Union-2.1.safetensors",),
        download_bytes=6_710_000_000,
        **APACHE,
        folder="z_image_control",
    ),
    Extra(
        name="z_image_depth",
        title="Depth (Fun-Controlnet-Union 2.1: the same file)",
        kind="depth",
        source="alibaba-pai/Z-Image-Fun-Controlnet-Union-2.1",
        files=("Z-Image-Fun-Controlnet-Union-2.1.safetensors",),
        download_bytes=6_710_000_000,
        **APACHE,
        folder="z_image_control",
    ),
    Extra(
        name="clip_scorer",
        title="How well a picture agrees with its prompt (CLIP ViT-L/14)",
        kind="prompt_scorer",
        source="openai/clip-vit-large-patch14",
        files=(
            "config.json",
            "merges.txt",
            "model.safetensors",
            "preprocessor_config.json",
            "special_tokens_map.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "vocab.json",
        ),
        download_bytes=1_714_000_000,
        **MIT,
    ),
    Extra(
        name="micro_pose",
        title="Pose (ControlNet of the demo)",
        kind="pose",
        source=str(MICRO / "pose"),
        files=("config.json", "diffusion_pytorch_model.fp16.safetensors"),
        download_bytes=0,
        **APACHE,
        demo=True,
    ),
    Extra(
        name="micro_light",
        title="Light (ControlNet of the demo)",
        kind="light",
        source=str(MICRO / "light"),
        files=("config.json", "diffusion_pytorch_model.fp16.safetensors"),
        download_bytes=0,
        **APACHE,
        demo=True,
    ),
)
EXTRAS: dict[str, Extra] = {extra.name: extra for extra in _EXTRAS}


def _extras(*names: str) -> tuple[Extra, ...]:
    return tuple(EXTRAS[name] for name in names)


# The base models, best first: how natural their people look, then how fast they are; the demo last.


def _layout(*parts: str, variant: str = "") -> tuple[str, ...]:
    """Patterns of a repository in diffusers' layout: the settings, and of these parts the weights, each once."""
    weights = f"*.{variant}.safetensors" if variant else "*.safetensors"
    common = ("model_index.json", "LICENSE*", "scheduler/*.json", "tokenizer*/*")
    return common + tuple(f"{part}/{pattern}" for part in parts for pattern in ("*.json", weights))


_MEGAPIXEL = ((1024, 1024), (896, 1120), (864, 1152), (832, 1248), (1152, 864), (1248, 832))
"""1:1, 4:5, 3:4, 2:3, 4:3, 3:2: about a million pixels each."""
_SDXL_SIZES = ((1024, 1024), (896, 1088), (896, 1152), (832, 1216), (1152, 896), (1216, 832))
"""Buckets of SDXL's training near 1:1, 4:5, 3:4, 2:3, 4:3, 3:2 (arXiv:2307.01952, appendix I)."""
_SD15_SIZES = ((512, 512), (512, 640), (512, 672), (512, 768), (672, 512), (768, 512))
"""Near 1:1, 4:5, 3:4, 2:3, 4:3, 3:2: the short side as it was trained."""
_SD15_ABILITIES = frozenset({"lora", "control", "image", "inpaint", "face_adapter", "light_adapter"})
_SDXL_ABILITIES = frozenset({"lora", "control", "image", "inpaint", "face_adapter"})

_BASES = (
    Base(
        name="z_image_turbo",
        title="Z-Image-Turbo",
        family="z_image",
        source="Tongyi-MAI/Z-Image-Turbo",
        **APACHE,
        download_bytes=32_850_000_000,
        memory_gb=20.5,
        sizes=_MEGAPIXEL,
        steps=8,
        guidance=0.0,
        can=frozenset({"lora", "control", "image", "inpaint"}),
        files=_layout("transformer", "text_encoder", "vae"),
        extras=_extras("z_image_turbo_pose", "z_image_turbo_depth", "clip_scorer"),
        note="The most natural photos. Large to fetch, because it is published in full precision.",
    ),
    Base(
        name="flux2_klein",
        title="FLUX.2 klein 4B",
        family="flux2_klein",
        source="black-forest-labs/FLUX.2-klein-4B",
        **APACHE,
        download_bytes=15_980_000_000,
        memory_gb=16.0,
        sizes=_MEGAPIXEL,
        steps=4,
        guidance=1.0,
        can=frozenset({"lora", "image", "inpaint", "reference", "pose_picture"}),
        files=_layout("transformer", "text_encoder", "vae"),
        extras=_extras("clip_scorer"),
        note="Draws a person from photos, without training.",
    ),
    Base(
        name="z_image",
        title="Z-Image",
        family="z_image",
        source="Tongyi-MAI/Z-Image",
        **APACHE,
        download_bytes=20_540_000_000,
        memory_gb=20.5,
        sizes=_MEGAPIXEL,
        steps=40,
        guidance=4.0,
        can=frozenset({"lora", "control", "image", "inpaint", "negative"}),
        files=_layout("transformer", "text_encoder", "vae"),
        extras=_extras("z_image_pose", "z_image_depth", "clip_scorer"),
        note="Undistilled: more variety, slower, the one to train on.",
    ),
    Base(
        name="flux2_klein_base",
        title="FLUX.2 klein 4B Base",
        family="flux2_klein",
        source="black-forest-labs/FLUX.2-klein-base-4B",
        **APACHE,
        download_bytes=15_980_000_000,
        memory_gb=16.0,
        sizes=_MEGAPIXEL,
        steps=50,
        guidance=4.0,
        can=frozenset({"lora", "image", "inpaint", "reference", "pose_picture", "negative"}),
        files=_layout("transformer", "text_encoder", "vae"),
        extras=_extras("clip_scorer"),
        note="Undistilled: more variety, slower, the one to train on.",
    ),
    Base(
        name="sdxl",
        title="SDXL",
        family="sdxl",
        source="stabilityai/stable-diffusion-xl-base-1.0",
        **OPENRAIL_PLUS,
        download_bytes=6_950_000_000,
        memory_gb=6.9,
        sizes=_SDXL_SIZES,
        steps=30,
        guidance=5.0,
        can=_SDXL_ABILITIES | {"negative"},
        files=_layout("unet", "text_encoder", "text_encoder_2", "vae", variant="fp16"),
        extras=_extras("sdxl_pose", "sdxl_depth", "sdxl_face", "clip_scorer"),
        note="For a middling card; holds poses well.",
        variant="fp16",
    ),
    Base(
        name="sdxl_lightning",
        title="SDXL with Lightning (8 steps)",
        family="sdxl",
        source="stabilityai/stable-diffusion-xl-base-1.0",
        **OPENRAIL_PLUS,
        download_bytes=6_950_000_000,
        memory_gb=7.3,
        sizes=_SDXL_SIZES,
        steps=8,
        guidance=0.0,
        can=_SDXL_ABILITIES,
        files=_layout("unet", "text_encoder", "text_encoder_2", "vae", variant="fp16"),
        extras=_extras("sdxl_lightning_8", "sdxl_pose", "sdxl_depth", "sdxl_face", "clip_scorer"),
        note="SDXL's files and a LoRA that draws in few steps.",
        variant="fp16",
        folder="sdxl",
        scheduler="EulerDiscreteScheduler",
    ),
    Base(
        name="sd15",
        title="Stable Diffusion 1.5",
        family="sd15",
        source="stable-diffusion-v1-5/stable-diffusion-v1-5",
        **OPENRAIL_M,
        download_bytes=2_140_000_000,
        memory_gb=2.1,
        sizes=_SD15_SIZES,
        steps=30,
        guidance=7.0,
        can=_SD15_ABILITIES | {"negative"},
        files=_layout("unet", "text_encoder", "vae", variant="fp16"),
        extras=_extras("sd15_pose", "sd15_depth", "sd15_normal", "sd15_face", "sd15_light", "clip_scorer"),
        note="For small cards.",
        variant="fp16",
    ),
    Base(
        name="sd15_fast",
        title="Stable Diffusion 1.5 with LCM (6 steps)",
        family="sd15",
        source="stable-diffusion-v1-5/stable-diffusion-v1-5",
        **OPENRAIL_M,
        download_bytes=2_140_000_000,
        memory_gb=2.3,
        sizes=_SD15_SIZES,
        steps=6,
        guidance=1.0,
        can=_SD15_ABILITIES,
        files=_layout("unet", "text_encoder", "vae", variant="fp16"),
        extras=_extras("sd15_lcm", "sd15_pose", "sd15_depth", "sd15_normal", "sd15_face", "sd15_light", "clip_scorer"),
        note="For machines without a graphics card: SD 1.5's files and a LoRA that draws in few steps.",
        variant="fp16",
        folder="sd15",
        scheduler="LCMScheduler",
    ),
    Base(
        name="micro",
        title="Micro (demo)",
        family="micro",
        source=str(MICRO / "base"),
        **APACHE,
        download_bytes=0,
        memory_gb=0.01,
        sizes=((64, 64),),
        steps=12,
        guidance=2.0,
        can=frozenset({"lora", "control", "image", "inpaint", "negative"}),
        extras=_extras("micro_pose", "micro_light"),
        note="Demo: cartoon portraits, 64 px, made by this project. It does as it is told; its faces are rough.",
        variant="fp16",
        demo=True,
    ),
)
BASES: dict[str, Base] = {base.name: base for base in _BASES}


# Where they are.


def folder() -> Path:
    """Where all base models and extras lie, a folder each."""
    return home() / "models" / "diffusion"


def location(item: Base | Extra) -> Path:
    """Where the model's folder lies, or would lie; of a user's own folder or file and of the demo, that itself."""
    place = Path(item.source)
    return place if place.is_absolute() else folder() / (item.folder or item.name)


def is_own(item: Base | Extra) -> bool:
    """Whether it is the user's own folder or file, which is neither fetched nor removed."""
    return Path(item.source).is_absolute() and not item.demo


def page(item: Base | Extra) -> str:
    """Address of its repository on the hub; empty of what is not from there."""
    return "" if Path(item.source).is_absolute() else f"https://huggingface.co/{item.source}"


def parts(item: Base | Extra) -> tuple[Base | Extra, ...]:
    """What must be here for it: itself, and of a base its few-step adapter."""
    adapters = item.extras if isinstance(item, Base) else ()
    return (item, *(extra for extra in adapters if extra.kind == "few_steps"))


def installed(item: Base | Extra) -> bool:
    """Whether it is here in full: every file that it names, and every shard of those, whole."""
    return all(is_here(part) for part in parts(item))


def variant_here(base: Base) -> str | None:
    """The variant in which the files of its folder lie, such as 'fp16'; None for plain names."""
    return base.variant if any(location(base).glob(f"*/*.{base.variant}.*")) else None


def is_here(item: Base | Extra) -> bool:
    """As `installed`, but for the few-step adapter of a base."""
    place = location(item)
    try:
        if isinstance(item, Extra):
            return all(_is_whole(place / name) for name in item.files)
        return _is_whole(place) if place.is_file() else _is_complete(place)
    except (OSError, ValueError):
        return False


NOT_NEEDED = ("safety_checker", "feature_extractor", "image_encoder")
"""Parts of a pipeline that are never loaded: Headshot Studio has a safety check of its own."""


def _is_complete(place: Path) -> bool:
    """Whether every part that model_index.json names is there and whole."""
    components = _components(_read_json(place / "model_index.json"))
    return bool(components) and all(_has(place / name, kind) for name, kind in components)


def _components(index: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and class of a pipeline's parts: values such as ["diffusers", "AutoencoderKL"]."""
    pairs = [(name, value) for name, value in index.items() if isinstance(value, list) and len(value) == 2]
    return [(name, value[1]) for name, value in pairs if value[1] and name not in NOT_NEEDED]


def _has(place: Path, kind: str) -> bool:
    if "Scheduler" in kind:
        return _is_whole(place / "scheduler_config.json")
    if "Tokenizer" in kind or "Processor" in kind:
        return any(_is_whole(place / name) for name in ("tokenizer.json", "vocab.json", "tokenizer.model"))
    found = weights(place)
    return _is_whole(place / "config.json") and bool(found) and all(_is_whole(file) for file in found)


def weights(place: Path) -> list[Path]:
    """The files that hold the weights of one part: all shards of an index, or one file; half precision first."""
    for mark in (".fp16", ""):
        for index in sorted(place.glob(f"*.safetensors.index{mark}.json")):
            return [place / name for name in sorted(set(_read_json(index).get("weight_map", {}).values()))]
        single = [place / f"{name}{mark}.safetensors" for name in ("model", "diffusion_pytorch_model")]
        if any(file.is_file() for file in single):
            return [file for file in single if file.is_file()]
    return []


def _is_whole(file: Path) -> bool:
    """Whether the file is there; of .safetensors, whether it is as long as its header says."""
    if file.suffix != ".safetensors":
        return file.is_file() and file.stat().st_size > 0
    return file.is_file() and read_header(file).size == file.stat().st_size


def _read_json(file: Path) -> dict[str, Any]:
    data = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError(f"{file} is no object")
    return data


# By name.

HUB_ID = r"(?!.*(--|\.\.))[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}"
"""owner/name, as the hub allows them: neither has two hyphens in a row, so that owner--name can be a folder's name."""


def find(name: str) -> Base:
    """The base model of that name, folder, .safetensors file or hub id; `HeadshotError` with what there is.

    Of a folder or file the family is read from what lies there; of a hub id as soon as it was fetched.
    """
    if name in BASES:
        return BASES[name]
    place = Path(name).expanduser()
    if place.suffix == ".safetensors" or (name and _is_folder(place)):
        return _own(place.absolute())
    if re.fullmatch(HUB_ID, name):
        return _of_hub(name)
    near = get_close_matches(name, BASES, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise HeadshotError(
        f"There is no base model named {name!r}.",
        f"{hint}Choose from: {', '.join(BASES)}; or name a folder, a .safetensors file or a hub id such as owner/name.",
    )


def how_to_get(item: Base | Extra) -> str:
    """What to do where a model is missing."""
    if item.demo:
        return "It comes with this project: install that again, or choose another base model."
    if is_own(item):
        return "Check it, or choose another base model."
    return f"Fetch it: python -m headshot_core models get {item.name}"


def extra_of(base: Base, kind: ExtraKind, lacking: str, otherwise: str) -> Extra:
    """What belongs to a base model, on this machine. Raises `HeadshotError` where it is not.

    `lacking`: what a base without such an extra is said to have none of; `otherwise`: what to do then.
    """
    extra = next((extra for extra in base.extras if extra.kind == kind), None)
    if extra is None:
        raise HeadshotError(f"{base.title} has no {lacking}.", otherwise)
    if not installed(extra):
        raise HeadshotError(f"{extra.title} is not on this machine.", how_to_get(extra))
    return extra


def find_extra(name: str) -> Extra:
    """The extra of that name; `HeadshotError` with what there is."""
    if name not in EXTRAS:
        raise HeadshotError(f"There is no extra named {name!r}.", f"Choose from: {', '.join(EXTRAS)}.")
    return EXTRAS[name]


def here() -> list[Base]:
    """Every base model that is on this machine, best first: those of `BASES`, then those fetched by their hub id."""
    known = [base for base in BASES.values() if installed(base)]
    fetched = [_of_hub(place.name.replace("--", "/", 1)) for place in sorted(folder().glob("*--*")) if place.is_dir()]
    return known + [base for base in fetched if base.family and installed(base)]


def best_here(*abilities: Ability) -> Base | None:
    """The best base model that is on this machine; None without any but the demo.

    Best is the first in the order of `BASES` that can do one of these abilities (or any, where none is named) and fits
    into this machine's memory; where none fits, the smallest.
    """
    known = [base for base in BASES.values() if installed(base) and not base.demo]
    able = [base for base in known if not abilities or base.can & set(abilities)]
    fitting = [base for base in able if fits(base)]
    return fitting[0] if fitting else min(able, key=lambda base: base.memory_gb, default=None)


def fits(base: Base) -> bool:
    """Whether the machine's memory holds its weights, with a quarter to spare; a graphics card may be smaller."""
    return base.memory_gb <= 0.75 * _memory_gb()


def _memory_gb() -> float:
    """All of the machine's memory, GB."""
    if os.name == "nt":
        import ctypes

        total = ctypes.c_ulonglong()
        ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(total))
        return total.value * 1024 / 1e9  # told in KiB
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


# The user's own.


def _own(place: Path) -> Base:
    family, like, gigabytes = _of_file(place) if place.suffix == ".safetensors" else _of_folder(place)
    return replace(
        BASES[like],
        name=str(place),
        title=place.stem if place.is_file() else place.name,
        family=family,
        source=str(place),
        licence="its maker's",
        commercial=False,
        download_bytes=0,
        memory_gb=gigabytes,
        files=(),
        licence_url="",
        note="Your own: its licence is not known here.",
        folder="",
        demo=False,
    )


def _of_hub(name: str) -> Base:
    base = Base(
        name=name,
        title=name.partition("/")[2],
        family="",
        source=name,
        licence="its maker's",
        commercial=False,
        download_bytes=0,
        memory_gb=0.0,
        sizes=((1024, 1024),),
        steps=30,
        guidance=5.0,
        can=frozenset(),
        note="Its licence is on its page.",
        folder=name.replace("/", "--"),
    )
    base = replace(base, licence_url=page(base))
    if not (location(base) / "model_index.json").is_file():
        return base
    kept = {key: getattr(base, key) for key in ("name", "title", "source", "licence_url", "note", "folder")}
    return replace(_own(location(base)), **kept)


CLASSES: tuple[tuple[str, FamilyName], ...] = (
    ("StableDiffusionXL", "sdxl"),
    ("StableDiffusion", "sd15"),
    ("LatentConsistencyModel", "sd15"),
    ("ZImage", "z_image"),
    ("Flux2Klein", "flux2_klein"),
)
"""How the class of a pipeline in model_index.json begins, and its family."""
WIDTHS: dict[FamilyName, int] = {"sd15": 768, "sdxl": 2048, "micro": 128}
"""The width of the text that a U-Net takes: tells SD 1.5 from SD 2 and from the demo, and SDXL from its refiner."""


def family_of(index: dict[str, Any]) -> FamilyName:
    """The family of a model_index.json; `HeadshotError` where it is none that is known here."""
    kind = str(index.get("_class_name", ""))
    for start, family in CLASSES:
        if kind.startswith(start):
            return family
    raise HeadshotError(f"A {kind or 'model of an unknown kind'} cannot be used here.", _FAMILIES)


_FAMILIES = "Stable Diffusion 1.5, SDXL, Z-Image and FLUX.2 klein can."


def _of_folder(place: Path) -> tuple[FamilyName, str, float]:
    """Family, the entry of `BASES` that it is like, and GB of weights in half precision."""
    try:
        index = _read_json(place / "model_index.json")
    except (OSError, ValueError) as error:
        raise HeadshotError(
            f"{place} is no folder of a base model: it has no readable model_index.json.",
            "Name the folder that holds model_index.json, in diffusers' layout.",
        ) from error
    family = family_of(index)
    if family in WIDTHS:
        unet = _settings(place / "unet" / "config.json")
        width = unet.get("cross_attention_dim")
        if (family, width) == ("sd15", WIDTHS["micro"]):
            family = "micro"
        _check_unet(place, family, width, unet.get("in_channels", 4))
    scheduler = _settings(place / "scheduler" / "scheduler_config.json")
    files = [file for name, _ in _components(index) for file in weights(place / name)]
    return family, _like(family, index, scheduler), sum(_elements(file) for file in files) * 2 / 1e9


def _like(family: FamilyName, index: dict[str, Any], scheduler: dict[str, Any]) -> str:
    """The entry of `BASES` whose steps and guidance suit it: distilled flow models differ from undistilled ones."""
    if family == "flux2_klein":
        return "flux2_klein" if index.get("is_distilled") else "flux2_klein_base"
    if family == "z_image":  # Turbo shifts its time steps by 3, Z-Image by 6
        return "z_image" if scheduler.get("shift", 3.0) > 3.0 else "z_image_turbo"
    return family


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _settings(file: Path) -> dict[str, Any]:
    try:
        return _read_json(file)
    except (OSError, ValueError):
        return {}


def _check_unet(place: Path, family: FamilyName, width: int | None, channels: int) -> None:
    if width is not None and width != WIDTHS[family]:
        raise HeadshotError(f"{place} is another kind of Stable Diffusion (such as 2.x or a refiner).", _FAMILIES)
    if channels != 4:
        raise HeadshotError(
            f"{place} was made for inpainting or editing alone.", "Choose the plain model; it inpaints as well."
        )


UNET_TEXT = "model.diffusion_model.{}.transformer_blocks.0.attn2.to_k.weight"


def _of_file(place: Path) -> tuple[FamilyName, str, float]:
    """As `_of_folder`, of a whole checkpoint in one file, from its header alone."""
    try:
        header = read_header(place)
        shapes = {name: entry["shape"] for name, entry in header.tensors.items()}
    except FileNotFoundError as error:
        raise HeadshotError(f"There is no file {place}.", "Check the path.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HeadshotError(f"{place} is no .safetensors file, or cannot be read.", "Fetch it again.") from error
    if header.size != place.stat().st_size:
        raise HeadshotError(f"{place} is not whole.", "Fetch it again.")
    family = _family_of_tensors(place, shapes)
    text = shapes.get(UNET_TEXT.format("input_blocks.1.1")) or shapes.get(UNET_TEXT.format("input_blocks.4.1"))
    entrance = shapes["model.diffusion_model.input_blocks.0.0.weight"]
    _check_unet(place, family, text[1] if text else None, entrance[1])
    if not any(name.startswith("first_stage_model.") for name in shapes):
        raise HeadshotError(f"{place} holds no VAE.", "Take a whole checkpoint, or a folder in diffusers' layout.")
    return family, family, _elements(place) * 2 / 1e9


def _family_of_tensors(place: Path, shapes: Collection[str]) -> FamilyName:
    if "model.diffusion_model.input_blocks.0.0.weight" in shapes:
        return "sdxl" if any(name.startswith("conditioner.embedders.") for name in shapes) else "sd15"
    if any("lora" in name for name in shapes):
        raise HeadshotError(f"{place} is a LoRA, not a base model.", "Give it as a LoRA, beside a base model.")
    if any(word in name for name in shapes for word in ("cap_embedder", "double_blocks.", "double_stream")):
        raise HeadshotError(
            f"{place} holds a model's transformer alone, without text encoder and VAE.",
            "Take the whole model as a folder in diffusers' layout.",
        )
    raise HeadshotError(f"{place} is no base model that is known here.", _FAMILIES)


def _elements(file: Path) -> int:
    """How many numbers a .safetensors file holds; 0 where it is not readable yet."""
    try:
        return sum(prod(entry["shape"]) for entry in read_header(file).tensors.values())
    except (OSError, ValueError):
        return 0
