"""Exchange: a person's model for other programs, and LoRAs from elsewhere as a person's model.

Stable Diffusion and FLUX.2 go out with the names of kohya's scripts, which ComfyUI, AUTOMATIC1111 and Forge read;
Z-Image with those of its ComfyUI loader. Matrices go as they are: what comes back is the same, bit for bit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write, explain
from headshot_core.generate import library, loras
from headshot_core.generate.families import family
from headshot_core.generate.loras import FAMILIES, LAYER
from headshot_core.generate.weights import Header, read_header
from headshot_core.people import NOUNS, Person, slug
from headshot_core.provenance import TOOL
from headshot_core.train import card, finish

Pair = tuple[Any, Any]
"""The matrices of one layer: down (rank, inputs) and up (outputs, rank)."""
Weights = dict[str, Any]

ENCODERS = {"sd15": {"text_encoder": "lora_te"}, "sdxl": {"text_encoder": "lora_te1", "text_encoder_2": "lora_te2"}}
ENCODERS["micro"] = ENCODERS["sd15"]
"""What kohya's scripts call text encoders, by families with a U-Net."""
DOUBLE = {
    "attn.to_out.0": "img_attn.proj",
    "attn.to_add_out": "txt_attn.proj",
    "ff.linear_in": "img_mlp.0",
    "ff.linear_out": "img_mlp.2",
    "ff_context.linear_in": "txt_mlp.0",
    "ff_context.linear_out": "txt_mlp.2",
}
SINGLE = {"attn.to_qkv_mlp_proj": "linear1", "attn.to_out": "linear2"}
"""FLUX.2's layers: diffusers' names, and its makers', which other programs use."""
FUSED = {"img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v")}
FUSED |= {"txt_attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")}
"""Those that are one layer there."""
OUTSIDE = {"x_embedder": "img_in", "context_embedder": "txt_in", "proj_out": "final_layer.linear"}
ARCHITECTURES = {
    "sd15": ("sd_v1", "stable-diffusion-v1/lora"),
    "sdxl": ("sdxl_base_v1-0", "stable-diffusion-xl-v1-base/lora"),
    "z_image": ("z_image", "Z-Image/lora"),
    "flux2_klein": ("flux2_klein_4b", "Flux.2-klein-4b/lora"),
}
"""As kohya's scripts (``ss_base_model_version``) and ModelSpec call them."""


# To other programs.


def export(model: Path, target: Path) -> Path:
    """Write a person's model in the form that ComfyUI reads, and for Stable Diffusion others too; gives `target`.

    Raises `HeadshotError` where the model is damaged, or the target cannot be written.
    """
    from safetensors.numpy import save

    if target.suffix != ".safetensors" or target.resolve() == model.resolve():
        raise HeadshotError(f"{target} cannot be written.", "Choose another file, with a name ending in .safetensors.")
    header, facts = _header(model), loras.metadata(model)
    kind = _family(model, header)
    if not card.EXPORTED[kind]:
        raise HeadshotError("No other program draws with the demo base model.", "Its models can be used here alone.")
    layers = _pairs(_plain(model))
    weights = _for_comfy(layers) if kind == "z_image" else _for_kohya(_named(layers, kind))
    return atomic_write(target, save(weights, {"format": "pt", **facts, **_said_elsewhere(model, kind, facts, layers)}))


def _said_elsewhere(model: Path, kind: str, facts: dict[str, str], layers: dict[str, Pair]) -> dict[str, str]:
    """The model's facts in the words that other programs look for."""
    rank, trigger = str(max(len(down) for down, _ in layers.values())), facts.get("trigger", "")
    version, architecture = ARCHITECTURES[kind]
    photos = facts.get("photos", "")
    said = {
        "ss_base_model_version": version,
        "ss_network_dim": rank,
        "ss_network_alpha": rank,
        "ss_output_name": model.stem,
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": architecture,
        "modelspec.title": model.stem,
    }
    if kind in ENCODERS:
        said["ss_network_module"] = "networks.lora"
    if trigger:
        said["ss_tag_frequency"] = json.dumps({f"1_{trigger}": {trigger: int(photos) if photos.isdecimal() else 1}})
        said["modelspec.trigger_phrase"] = trigger
    return said


def _for_comfy(layers: dict[str, Pair]) -> Weights:
    """Z-Image's layers as its loader there names them; no alpha means the rank."""
    named = {f"diffusion_model.{layer.removeprefix('transformer.')}": pair for layer, pair in layers.items()}
    return {
        f"{layer}.lora_{side}.weight": one
        for layer, pair in named.items()
        for side, one in zip("AB", pair, strict=True)
    }


def _for_kohya(layers: dict[str, Pair]) -> Weights:
    """With an alpha that is the rank: the strength is in the matrices already."""
    weights: Weights = {}
    for layer, (down, up) in layers.items():
        alpha = np.array(len(down), np.float32)
        weights |= {f"{layer}.lora_down.weight": down, f"{layer}.lora_up.weight": up, f"{layer}.alpha": alpha}
    return weights


def _named(layers: dict[str, Pair], kind: str) -> dict[str, Pair]:
    """Every layer by its name there."""
    if kind == "flux2_klein":
        return _flux(layers)
    return {_kohya(layer, kind): pair for layer, pair in layers.items()}


def _kohya(layer: str, kind: str) -> str:
    part, _, rest = layer.partition(".")
    if part == "unet":
        return f"lora_unet_{rest.replace('.', '_')}"
    # transformers 5 has no text_model any more in some text encoders; other programs do
    return f"{ENCODERS[kind][part]}_text_model_{rest.removeprefix('text_model.').replace('.', '_')}"


def _flux(layers: dict[str, Pair]) -> dict[str, Pair]:
    """FLUX.2's layers by its makers' names, with query, key and value in one."""
    named: dict[str, Pair] = {}
    left = {layer.removeprefix("transformer."): pair for layer, pair in layers.items()}
    for block in sorted({layer.split(".")[1] for layer in left if layer.startswith("transformer_blocks.")}):
        for name, three in FUSED.items():
            parts = [left.pop(f"transformer_blocks.{block}.{part}", None) for part in three]
            if any(parts):
                named[f"double_blocks.{block}.{name}"] = _fuse(parts)
    named |= {_flux_name(layer): pair for layer, pair in left.items()}
    return {f"lora_unet_{name.replace('.', '_')}": pair for name, pair in named.items()}


def _flux_name(layer: str) -> str:
    blocks, number, part = (*layer.split(".", 2), "", "")[:3]
    if blocks == "transformer_blocks" and part in DOUBLE:
        return f"double_blocks.{number}.{DOUBLE[part]}"
    if blocks == "single_transformer_blocks" and part in SINGLE:
        return f"single_blocks.{number}.{SINGLE[part]}"
    if layer in OUTSIDE:
        return OUTSIDE[layer]
    raise HeadshotError(f"Other programs have no layer such as {layer}.", "This model can be used here alone.")


def _fuse(parts: list[Pair | None]) -> Pair:
    """Three layers of the same input as one: downs above each other, ups as blocks of a diagonal. Nothing is lost.

    A part that was not trained has no rank, and rows of zeros.
    """
    known = next(pair for pair in parts if pair)
    rows, kind = len(known[1]), known[0].dtype
    pairs = [pair or (np.zeros((0, known[0].shape[1]), kind), np.zeros((rows, 0), kind)) for pair in parts]
    up = np.zeros((rows * len(pairs), sum(len(down) for down, _ in pairs)), kind)
    at = 0
    for number, (down, one) in enumerate(pairs):
        up[rows * number : rows * (number + 1), at : at + len(down)] = one
        at += len(down)
    return np.concatenate([down for down, _ in pairs]), up


# From elsewhere.

PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
NOT_PLAIN = {
    r"dora_scale|lora_magnitude_vector": "DoRA",
    r"\.lokr_": "LoKr",
    r"\.hada_": "LoHa",
    r"\.oft_": "OFT",
    r"\.lora_mid": "LoCon with three matrices a layer",
    r"\.[ab][12]\.weight$": "GLoRA",
    r"\.on_input$": "IA3",
    r"\.(diff|diff_b|set_weight|w_norm|b_norm)$": "an adapter that replaces whole layers",
}
"""What names of tensors tell of the kind of an adapter."""
NO_ADAPTERS = {
    r"^(model\.diffusion_model|first_stage_model)\.|^double_blocks\.\d+\..*\.weight$": "a whole base model",
    r"^(emb_params|string_to_param|clip_[lg]$)": "an embedding (textual inversion)",
    r"^control(_model|net_)|input_hint_block|zero_convs": "a ControlNet",
    r"^(image_proj|ip_adapter)": "an IP-Adapter",
    r"^(en|de)coder\.conv_in\.": "a VAE",
    r"(^|\.)(down_blocks|transformer_blocks|layers)\.": "a part of a base model",
}
OURS = ("trigger", "noun", "base", "base_title", "base_source", "licence", "licence_url", "commercial", "captions_hash")
OURS += ("photos", "step", "settings", "likeness", "loss", "made", "made_with")
"""What a model that was made here says of itself, and says still when it comes from elsewhere."""
LONGEST = 4000
"""Letters of each that are kept."""
ADVICE = f"Headshot Studio takes plain LoRAs for {', '.join(FAMILIES.values())}."
DOWN = ("A", "down")
"""What the first matrix of a layer is called."""
FORM = re.compile(r"(unet|transformer|text_encoder|text_encoder_2)\..+")
TEXT_LAYERS = {".to_q": ".q_proj", ".to_k": ".k_proj", ".to_v": ".v_proj", ".to_out": ".out_proj"}
TRIGGER = re.compile(r"[\w .,'’-]{1,60}")


def adopt(person: Person, source: Path, name: str = "") -> Path:
    """Take a LoRA from elsewhere in as the person's model, with a card; gives its path.

    Reads the names of diffusers, PEFT, kohya's scripts, ComfyUI and ai-toolkit; strengths become part of the matrices.
    Raises `HeadshotError` for everything else, which says what it is.
    """
    header = _header(source)
    kind = _family(source, header)
    with _explained(source):
        weights = _flat(_ours(_folded(_read(source), header.metadata), kind))
    _check(source, weights, kind)
    facts = _facts(header.metadata, kind)
    with finish.kept(person):
        path = _free(person, slug(name or source.stem, "model"))
        finish.store(path, weights, facts)
        card.write(path, facts)
    return path


def _header(source: Path) -> Header:
    """The header of a whole .safetensors file. Raises `HeadshotError`."""
    if source.suffix.lower() in PICKLES:
        raise _pickle(source)
    try:
        header = read_header(source)
        if header.size != source.stat().st_size:
            raise HeadshotError(f"{source.name} is not whole.", "Fetch it again.")
    except OSError as error:
        raise explain(error, source) from error
    except ValueError as error:
        with source.open("rb") as stream:
            if stream.read(2) in (b"PK", b"\x80\x02"):
                raise _pickle(source) from error
        raise HeadshotError(f"{source.name} is not a .safetensors file.", "Choose another one.") from error
    return header


def _pickle(source: Path) -> HeadshotError:
    what = f"{source.name} is a pickle, which can run programs when it is opened."
    return HeadshotError(what, "Take the same model as .safetensors.")


def _family(source: Path, header: Header) -> str:
    """The family that it is for. Raises `HeadshotError` that says what it is, where it cannot be used."""
    names = list(header.tensors)
    if kind := _kind(names, NOT_PLAIN):
        raise HeadshotError(f"{source.name} is no plain LoRA, but of the kind {kind}.", ADVICE)
    layers = _sizes(source, header)
    if not layers:
        raise HeadshotError(f"{source.name} is no LoRA, but {_kind(names, NO_ADAPTERS) or 'something else'}.", ADVICE)
    kind = loras.kind_of_layers(layers)
    if kind not in FAMILIES:
        raise HeadshotError(f"{source.name} was trained for {kind or 'a base model that it does not tell'}.", ADVICE)
    return kind


def _sizes(source: Path, header: Header) -> dict[str, tuple[int, int]]:
    try:
        return loras.sizes(header.tensors)
    except (LookupError, TypeError) as error:
        raise HeadshotError(f"{source.name} is damaged: its shapes are no LoRA's.", "Fetch it again.") from error


def _kind(names: list[str], table: dict[str, str]) -> str:
    """The first kind of a table that names of tensors tell; empty without any."""
    return next((kind for pattern, kind in table.items() if any(re.search(pattern, name) for name in names)), "")


def _read(source: Path) -> Weights:
    """torch's tensors by name; float16 stays, all else becomes float32."""
    from safetensors.torch import load_file

    torch = library.torch()
    return {name: one if one.dtype == torch.float16 else one.float() for name, one in load_file(source).items()}


def _folded(weights: Weights, said: dict[str, str]) -> Weights:
    """Without alphas: they are part of the second matrix."""
    alphas = {name.removesuffix(".alpha"): value.item() for name, value in weights.items() if name.endswith(".alpha")}
    config = json.loads(said.get("lora_adapter_metadata") or "{}")
    downs = [
        (match[1], len(one)) for name, one in weights.items() if (match := LAYER.fullmatch(name)) and match[2] in DOWN
    ]
    ranks, found = dict(downs), {}
    for name, one in weights.items():
        match = LAYER.fullmatch(name)
        if name.endswith(".alpha"):
            continue
        if match and match[2] not in DOWN:
            rank = ranks[match[1]]
            alpha = alphas.get(match[1], _alpha(config, match[1], rank))
            one = one if alpha == rank else one.float() * (alpha / rank)
        found[name] = one
    return found


def _alpha(config: dict[str, Any], layer: str, rank: int) -> float:
    """What diffusers wrote into the header, part by part; the rank where it wrote nothing."""
    part, _, rest = layer.partition(".")
    patterns = config.get(f"{part}.alpha_pattern") or {}
    own = next((value for end, value in patterns.items() if rest == end or rest.endswith(f".{end}")), None)
    return float(own if own is not None else config.get(f"{part}.lora_alpha", rank))


def _ours(weights: Weights, kind: str) -> Weights:
    """By diffusers' names: renamed as far as diffusers' own loader of that family wants it, then by that."""
    weights = {_dotted(name, kind): one for name, one in weights.items()}
    if kind == "z_image":
        weights = _split(weights)
    if all(FORM.fullmatch(name) for name in weights):
        return weights
    loader = family(kind).pipeline("text", False)
    if kind in ENCODERS:  # both have U-Nets of two layers a block, which their first code numbers through
        return loader.lora_state_dict(dict(weights), unet_config=SimpleNamespace(layers_per_block=2))[0]
    found = loader.lora_state_dict(dict(weights))
    fused = sum(bool(re.search(r"(img|txt)_attn.qkv\.", name)) for name in weights)
    if kind == "flux2_klein" and len(found) != len(weights) + 2 * fused:
        raise ValueError("it has layers that are not known")
    return found


def _dotted(name: str, kind: str) -> str:
    """One way to write it, of the many that programs have: with its part before, and without an adapter's name."""
    name = re.sub(r"\.default(_\d+)?\.weight$", ".weight", name.removeprefix("base_model.model."))
    name = re.sub(r"^lycoris_", "lora_unet_", name)
    if name.startswith("lora_"):
        return name
    part, rest = re.fullmatch(r"(diffusion_model\.|transformer\.|unet\.|text_encoder(?:_2)?\.|)(.+)", name).groups()
    if kind in ENCODERS and part == "diffusion_model.":  # the names of Stable Diffusion's first code
        layer, side = LAYER.fullmatch(rest).groups()
        return f"lora_unet_{layer.replace('.', '_')}.lora_{'down' if side in DOWN else 'up'}.weight"
    if kind in ENCODERS:
        return f"{part or 'unet.'}{rest}"
    if kind == "flux2_klein" and not rest.startswith(("transformer_blocks.", "single_transformer_blocks.")):
        return f"diffusion_model.{rest}" if part in ("diffusion_model.", "") or "_blocks." in rest else name
    return f"transformer.{rest}" if part in ("diffusion_model.", "") else name


def _split(weights: Weights) -> Weights:
    """Z-Image's query, key and value, which are one layer in its makers' code, as three."""
    found: Weights = {}
    for name, one in weights.items():
        name = re.sub(r"\.attention\.out\.(?=lora)", ".attention.to_out.0.", name)
        fused = re.fullmatch(r"(transformer\..+\.attention\.)qkv(\.lora_(A|B|down|up)\.weight)", name)
        if not fused:
            found[name] = one
            continue
        for to, three in zip("qkv", [one] * 3 if fused[3] in DOWN else one.chunk(3), strict=True):
            found[f"{fused[1]}to_{to}{fused[2]}"] = three
    return found


def _flat(weights: Weights) -> Weights:
    """As diffusers writes LoRAs today (lora_A, lora_B), numpy."""
    found: Weights = {}
    for name, one in weights.items():
        match = LAYER.fullmatch(name)
        if not match:
            raise ValueError(f"{name} is not known")
        layer = match[1].replace(".processor", "")
        if layer.startswith("text_encoder"):
            layer = re.sub(r"\.to_(q|k|v|out)$", lambda found: TEXT_LAYERS[found[0]], layer)
        elif layer.startswith("unet"):
            layer = re.sub(r"\.to_out$", ".to_out.0", layer)
        side = "A" if match[2] in DOWN else "B"
        found[f"{layer}.lora_{side}.weight"] = np.ascontiguousarray(one.numpy())
    return finish.portable(found)


def _check(source: Path, weights: Weights, kind: str) -> None:
    """Every layer has both matrices, which fit each other, and numbers that are numbers."""
    parts = ("unet.", *(f"{encoder}." for encoder in ENCODERS[kind])) if kind in ENCODERS else ("transformer.",)
    for layer in sorted({name.partition(".lora_")[0] for name in weights}):
        if not layer.startswith(parts):
            raise HeadshotError(f"{source.name} changes what cannot be changed here: {layer}.", ADVICE)
        down, up = (weights.get(f"{layer}.lora_{side}.weight") for side in "AB")
        whole = down is not None and up is not None and len(down) == up.shape[1]
        if not whole or not (np.isfinite(down).all() and np.isfinite(up).all()):
            raise HeadshotError(f"{source.name} is damaged at {layer}.", "Fetch it again.")


@contextmanager
def _explained(source: Path) -> Iterator[None]:
    """What fails while names are understood, in words: files from elsewhere hold anything."""
    from safetensors import SafetensorError

    try:
        yield
    except OSError as error:
        raise explain(error, source) from error
    except (SafetensorError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, AssertionError) as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise HeadshotError(f"{source.name} cannot be understood as a LoRA ({reason}).", ADVICE) from error


def _facts(said: dict[str, str], kind: str) -> dict[str, str]:
    """What is known of it: of one made here everything, of others what kohya's scripts and ModelSpec write."""
    if said.get("made_with", "").startswith("Headshot Studio"):
        known = {name: " ".join(said[name].split())[:LONGEST] for name in OURS if name in said}
        return {**known, "trigger": _trigger(said), "family": kind, "imported": "true"}
    words = _trigger(said).split()
    noun = words.pop() if len(words) > 1 and words[-1] in NOUNS else ""
    return {
        "trigger": " ".join(words),
        **({"noun": noun} if noun else {}),
        "base_title": FAMILIES[kind],
        "family": kind,
        "licence": "its maker's",
        "commercial": "false",
        "imported": "true",
        "made": date.today().isoformat(),
        "imported_with": TOOL,
    }


def _trigger(said: dict[str, str]) -> str:
    """The words that call up what was trained, as far as its maker wrote them down; else empty.

    Kohya's scripts name folders of photos ``REPEATS_TRIGGER CLASS``; where they do not, a tag that the file is called
    by may be it.
    """
    try:
        folders = dict(json.loads(said.get("ss_tag_frequency") or "{}"))
        tags = {tag.strip(): int(times) for found in folders.values() for tag, times in dict(found).items()}
    except (ValueError, TypeError, AttributeError):
        folders, tags = {}, {}
    named = [match[1] for folder in folders if (match := re.fullmatch(r"\d+_(.+)", folder))]
    output = said.get("ss_output_name", "").casefold()
    called = [tag for tag in sorted(tags, key=tags.get, reverse=True) if len(tag) > 2 and tag.casefold() in output]
    candidates = [said.get("trigger", ""), said.get("modelspec.trigger_phrase", ""), *named, *called]
    return next((word.strip() for word in candidates if TRIGGER.fullmatch(word) and word.strip()), "")


def _free(person: Person, name: str) -> Path:
    """A path that neither a model nor a run has."""
    taken = {*loras.models_of(person), *(path.name for path in (person.folder / "training").glob("*"))}
    numbered = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return person.folder / "models" / f"{next(one for one in numbered if one not in taken)}.safetensors"


def _plain(model: Path) -> Weights:
    """The weights of a person's model."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(model)
    except SafetensorError as error:
        raise HeadshotError(f"{model.name} is damaged.", "Make it again, or bring it again.") from error


def _pairs(weights: Weights) -> dict[str, Pair]:
    """Both matrices of every layer."""
    layers = [name.removesuffix(".lora_A.weight") for name in weights if name.endswith(".lora_A.weight")]
    return {layer: (weights[f"{layer}.lora_A.weight"], weights[f"{layer}.lora_B.weight"]) for layer in layers}
