"""Trained adapters (LoRA): finding the files that a recipe names, and the word that calls the person up."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headshot_core.errors import HeadshotError
from headshot_core.files import explain
from headshot_core.generate.call import Adapter
from headshot_core.generate.models import Base
from headshot_core.generate.weights import read_header
from headshot_core.people import Person
from headshot_core.recipe import Lora

FAMILIES = {
    "sd15": "Stable Diffusion 1.5",
    "sdxl": "SDXL",
    "z_image": "Z-Image",
    "flux2_klein": "FLUX.2 klein 4B",
    "micro": "Micro (demo)",
}
"""Families of base models, and what their adapters are said to be for."""
LAYER = re.compile(r"(.+?)[._]lora(?:_linear_layer)?[._](A|B|down|up)(?:\.default(?:_\d+)?)?\.weight")
"""The name of an adapter's tensor, in all ways to write one: the layer, and which of its two matrices."""

# How to tell them apart, by layers written with underscores alone, as some programs do.
UNET = re.compile(r"(?!lora_prior_).*((down|up|input|output)_blocks_|mid(dle)?_block_)")
UNET_WIDTHS = {128: "micro", 768: "sd15", 1024: "Stable Diffusion 2", 1280: "the refiner of SDXL", 2048: "sdxl"}
"""By the width of the words that a U-Net attends to."""
Z_IMAGE = re.compile(
    r".*(layers_\d+_(attention_(to_[qkv]|to_out|qkv|out)|feed_forward_w\d|adaLN)|(noise|context)_refiner_)"
)
LUMINA = 2304
"""The width of Lumina 2, whose layers are called as Z-Image's."""
OTHERS = {
    r"lora_prior_unet": "Stable Cascade",
    r"joint_blocks_": "Stable Diffusion 3",
    r"double_stream_blocks_": "HiDream",
    r"transformer_blocks_\d+_(img|txt)_m(lp|od)_": "Qwen-Image",
    r"transformer_blocks_\d+_ff_(context_)?net_": "FLUX.1 or Stable Diffusion 3",
    r"single_transformer_blocks_\d+_(proj_|attn_to_[qkv]$)": "FLUX.1",
    r"transformer_blocks_\d+_attn[12]_": "a video model",
    r"(?<!transformer_)blocks_\d+_(self|cross)_attn_": "Wan",
}
FLUX = re.compile(r".*((double|single)_blocks|transformer_blocks)_(\d+)_|.*(double|single)_stream_modulation_")
FLUX_2_WIDTHS = {4096: "FLUX.2 klein 9B", 6144: "FLUX.2 dev"}
FLUX_2_BLOCKS = 8
"""Most double blocks of a FLUX.2; FLUX.1, HunyuanVideo and Qwen-Image have 19 and more."""
FLUX_1_RATIOS = {"linear1": (1, 7), "linear2": (5, 1), "mlp_0": (1, 4), "mlp_2": (4, 1)}
"""Inputs to outputs of FLUX.1's layers; FLUX.2, which gates its feed-forward, has others."""


def find(lora: Lora, person: Person | None) -> Adapter:
    """The file of a recipe's LoRA: a path, or the name of one of the person's models. Raises `HeadshotError`."""
    path = Path(lora.file).expanduser()
    known = models_of(person)
    if lora.file in known:
        path = known[lora.file]
    if not path.is_file():
        there = f"Choose one of {', '.join(known)}." if known else "Train one, or give the path of a file."
        raise HeadshotError(f"There is no trained model '{lora.file}'.", there)
    metadata(path)
    return Adapter(str(path), lora.weight)


def models_of(person: Person | None) -> dict[str, Path]:
    """The person's trained models by name, the newest first."""
    files = list((person.folder / "models").glob("*.safetensors")) if person else []
    return {path.stem: path for path in sorted(files, key=lambda path: (-path.stat().st_mtime, path.name))}


@dataclass(frozen=True)
class Model:
    """One of a person's models, as lists show it."""

    name: str
    path: Path
    family: str | None
    """of base models that it was trained for; None where it does not tell"""
    base: str
    """title of the base model, as far as it is known"""
    trigger: str
    made: str
    """when: an ISO date"""
    likeness: float | None
    """0..100, measured when it was made"""
    imported: bool
    """whether it came from elsewhere"""


def all_of(person: Person | None) -> list[Model]:
    """The person's models with what they say of themselves, the newest first; a damaged one has nothing to say."""
    return [_described(path) for path in models_of(person).values()]


def _described(path: Path) -> Model:
    said: dict[str, str] = {}
    with suppress(HeadshotError):
        said = metadata(path)
    try:
        likeness = float(said["likeness"])
    except (LookupError, ValueError):
        likeness = None
    base, trigger, made = (said.get(name, "") for name in ("base_title", "trigger", "made"))
    return Model(path.stem, path, family_of(path), base, trigger, made, likeness, said.get("imported") == "true")


def metadata(path: Path) -> dict[str, str]:
    """What a .safetensors file says about itself. Raises `HeadshotError` for other files."""
    try:
        return read_header(path).metadata
    except OSError as error:
        raise explain(error, path) from error
    except ValueError as error:
        raise HeadshotError(f"{path.name} is not a .safetensors file.", "Choose another one.") from error


def family_of(path: Path) -> str | None:
    """The family of base models that it was trained for, by names and widths of its layers; None where none tells."""
    kind = kind_of(path)
    return kind if kind in FAMILIES else None


def kind_of(path: Path) -> str | None:
    """A family's name, or in words what else it was trained for, such as 'FLUX.1'; None where nothing tells."""
    try:
        return kind_of_layers(sizes(read_header(path).tensors))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def sizes(tensors: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Inputs and outputs of the layers that an adapter changes, 0 where they are not known; of `Header.tensors`."""
    found: dict[str, tuple[int, int]] = {}
    for name, entry in tensors.items():
        if match := LAYER.fullmatch(name):
            layer = match[1].replace(".", "_")
            inputs, outputs = found.get(layer, (0, 0))
            goes_in = match[2] in ("A", "down")
            found[layer] = (entry["shape"][1], outputs) if goes_in else (inputs, entry["shape"][0])
    return found


def kind_of_layers(layers: dict[str, tuple[int, int]]) -> str | None:
    """As `kind_of`, of `sizes`."""
    if any(UNET.match(layer) for layer in layers):
        return _kind_of_unet(layers)
    for layer, (inputs, _) in layers.items():
        if Z_IMAGE.match(layer):
            return "Lumina 2" if inputs == LUMINA else "z_image"
    for pattern, title in OTHERS.items():
        if any(re.search(pattern, layer) for layer in layers):
            return title
    if any(FLUX.match(layer) for layer in layers):
        return _kind_of_flux(layers)
    return _kind_of_text(layers)


def _kind_of_unet(layers: dict[str, tuple[int, int]]) -> str | None:
    for layer, (inputs, _) in layers.items():
        if "attn2" in layer and layer.endswith(("to_k", "to_v")) and inputs:
            return UNET_WIDTHS.get(inputs, "another Stable Diffusion")
    return _kind_of_text(layers)


def _kind_of_flux(layers: dict[str, tuple[int, int]]) -> str:
    for layer, (inputs, outputs) in layers.items():
        block = FLUX.match(layer)
        if block and "single" not in layer and block[3] and int(block[3]) >= FLUX_2_BLOCKS:
            return "FLUX.1 or a relative of it"
        for end, (goes_in, comes_out) in FLUX_1_RATIOS.items():
            if layer.endswith(end) and inputs and inputs * comes_out == outputs * goes_in:
                return "FLUX.1 or a relative of it"
    widths = [
        inputs for layer, (inputs, _) in layers.items() if layer.endswith(("qkv", "to_q", "qkv_mlp_proj", "linear1"))
    ]
    return next((FLUX_2_WIDTHS[width] for width in widths if width in FLUX_2_WIDTHS), "flux2_klein")


def _kind_of_text(layers: dict[str, tuple[int, int]]) -> str | None:
    """Of an adapter for text encoders alone: only SDXL has two, and kohya's scripts number them."""
    if any(layer.startswith(("lora_te1_", "lora_te2_", "text_encoder_2_")) for layer in layers):
        return "sdxl"
    widths = {inputs for layer, (inputs, _) in layers.items() if layer.startswith("lora_te_") and "q_proj" in layer}
    return next((UNET_WIDTHS[width] for width in widths if width in (768, 1024)), None)


def fits(path: Path, base: Base) -> bool:
    """Whether an adapter may be used with a base model, as far as its layers tell."""
    return kind_of(path) in (None, base.family)


def check(adapter: Adapter, base: Base) -> None:
    """Raise `HeadshotError` where an adapter was trained for another family of base models."""
    path = Path(adapter.path)
    if not fits(path, base):
        kind = kind_of(path)
        own = FAMILIES.get(kind, kind)
        todo = f"Draw with {own}." if kind in FAMILIES else f"Choose one for {base.title}."
        raise HeadshotError(f"{path.stem} was trained for {own}, not for {base.title}.", todo)


def trigger(adapters: tuple[Adapter, ...]) -> str:
    """The words that call up who was trained, as the files themselves name them; empty where none does."""
    words = [metadata(Path(adapter.path)).get("trigger", "") for adapter in adapters if adapter.weight > 0]
    return " ".join(word for word in dict.fromkeys(words) if word)
