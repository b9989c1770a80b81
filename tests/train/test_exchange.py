"""Exchange: what goes out is read by others and comes back bit for bit; what comes in draws, or is refused in words."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tiny
import tiny_flow
from safetensors.numpy import load_file, save_file

from headshot_core.errors import HeadshotError
from headshot_core.generate import library, loras
from headshot_core.people import About, People
from headshot_core.train import card, exchange, finish

FAMILIES = ("sd15", "sdxl", "z_image", "flux2_klein")
LAYERS = {
    "unet": ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2"),
    "text_encoder": ("q_proj", "k_proj", "v_proj", "out_proj"),
    "text_encoder_2": ("q_proj", "k_proj", "v_proj", "out_proj"),
    "z_image": ("to_q", "to_k", "to_v", "to_out.0", "feed_forward.w1", "feed_forward.w2", "feed_forward.w3"),
    "flux2_klein": (
        "to_q", "to_k", "to_v", "to_out.0", "to_qkv_mlp_proj", "attn.to_out", "ff.linear_in", "ff.linear_out",
        "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out",
    ),
}  # fmt: skip
"""What is trained of each part, at the most."""
FACTS = {"trigger": "ohwx", "noun": "woman", "photos": "7", "made_with": "Headshot Studio 0", "licence": "MIT"}


@pytest.fixture(scope="module")
def pipes(tmp_path_factory):
    """A tiny model of each family, made when it is first asked for."""
    made = {}

    def pipe(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            build = getattr(tiny_flow, kind, None)
            build(folder) if build else tiny.build(kind, folder)
            made[kind] = tiny_flow.load(folder)
        return made[kind]

    return pipe


@pytest.fixture
def ada(tmp_path):
    return People(tmp_path / "people").add(About(name="Ada", consent=True))


def trained(pipe, kind, seed=0, rank=4):
    """Random weights for all layers that a training may adapt, as the trainer saves them."""
    rng, weights = np.random.default_rng(seed), {}
    for part in ("unet", "transformer", "text_encoder", "text_encoder_2"):
        ends = LAYERS.get(part if part != "transformer" else kind, ())
        if part.startswith("text") and kind not in exchange.ENCODERS:
            continue
        for name, layer in getattr(pipe, part).named_modules() if hasattr(pipe, part) else ():
            if name.endswith(tuple(f".{end}" for end in ends)) and isinstance(layer, library.torch().nn.Linear):
                for side, shape in (("A", (rank, layer.in_features)), ("B", (layer.out_features, rank))):
                    weights[f"{part}.{name}.lora_{side}.weight"] = rng.normal(0, 0.2, shape).astype(np.float32)
    return finish.portable(weights)


def drawn(pipe, parts, file=None):
    """A picture by diffusers alone, with what its own loader makes of the file."""
    if file:
        pipe.load_lora_weights(str(file.parent), weight_name=file.name, local_files_only=True)
        assert set(pipe.get_list_adapters()) == parts, "a part of the model was passed over"
    try:
        torch = library.torch()
        picture = pipe(
            prompt="ohwx woman", width=64, height=64, num_inference_steps=2, guidance_scale=2.0, output_type="np",
            generator=torch.Generator().manual_seed(0),
        ).images[0]  # fmt: skip
    finally:
        pipe.unload_lora_weights()
    return (picture * 255).round().astype(np.uint8)


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_model_goes_out_and_comes_back_bit_for_bit(kind, pipes, ada, tmp_path):
    """diffusers draws the same picture with the exported file, another one without; taken in again, nothing changed."""
    pipe = pipes(kind)
    model, weights = ada.folder / "models" / "first.safetensors", trained(pipe, kind)
    finish.store(model, weights, FACTS)
    out = exchange.export(model, tmp_path / "out" / "ohwx.safetensors")
    assert not set(load_file(out)) & set(weights), "other names"
    parts = {name.partition(".")[0] for name in weights}
    plain, own, other = (drawn(pipe, parts, file) for file in (None, model, out))
    assert tiny.distance(own, other) == 0
    assert tiny.distance(own, plain) > 5
    back = load_file(exchange.adopt(ada, out))
    assert set(back) == set(weights)
    assert all(np.array_equal(back[name], weights[name]) for name in weights)
    assert loras.family_of(out) == loras.family_of(model) == kind


NAMES = {
    "sd15": (
        "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_out_0",
        "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k",
        "lora_te_text_model_encoder_layers_1_self_attn_q_proj",
    ),
    "sdxl": (
        "lora_unet_up_blocks_0_attentions_1_transformer_blocks_1_ff_net_0_proj",
        "lora_te1_text_model_encoder_layers_0_self_attn_out_proj",
        "lora_te2_text_model_encoder_layers_0_self_attn_v_proj",
    ),
    "z_image": (
        "diffusion_model.layers.0.attention.to_q",
        "diffusion_model.noise_refiner.1.attention.to_out.0",
        "diffusion_model.context_refiner.0.feed_forward.w3",
    ),
    "flux2_klein": (
        "lora_unet_double_blocks_0_img_attn_qkv",
        "lora_unet_double_blocks_0_txt_attn_qkv",
        "lora_unet_double_blocks_0_txt_attn_proj",
        "lora_unet_double_blocks_0_img_mlp_2",
        "lora_unet_single_blocks_0_linear1",
        "lora_unet_single_blocks_0_linear2",
    ),
}
"""Modules as ComfyUI's comfy/lora.py maps them."""


@pytest.mark.parametrize("kind", FAMILIES)
def test_names_and_facts_are_those_that_other_programs_look_for(kind, pipes, tmp_path):
    """Modules by ComfyUI's names, alpha equal to the rank; base, rank and trigger where kohya's scripts write them."""
    finish.store(tmp_path / "first.safetensors", trained(pipes(kind), kind), FACTS)
    out = exchange.export(tmp_path / "first.safetensors", tmp_path / "out.safetensors")
    weights, said = load_file(out), loras.metadata(out)
    modules = {name.partition(".lora_")[0] for name in weights if ".lora_" in name}
    assert set(NAMES[kind]) <= modules
    if kind == "z_image":
        assert {name.rpartition(".lora_")[2] for name in weights} == {"A.weight", "B.weight"}
    else:
        assert all(weights[f"{one}.alpha"] == len(weights[f"{one}.lora_down.weight"]) for one in modules)
    assert said["trigger"] == "ohwx"
    assert (said["ss_network_dim"], said["ss_network_alpha"], said["ss_output_name"]) == ("4", "4", "first")
    assert json.loads(said["ss_tag_frequency"]) == {"1_ohwx": {"ohwx": 7}}


def test_query_key_and_value_as_one_change_what_they_changed():
    """The product of the joined matrices is the three products above each other; of what was not trained, zeros."""
    rng = np.random.default_rng(0)
    pairs = [(rng.normal(size=(rank, 6)), rng.normal(size=(5, rank))) for rank in (2, 3)]
    down, up = exchange._fuse([pairs[0], None, pairs[1]])
    assert np.allclose(
        up @ down, np.concatenate([pairs[0][1] @ pairs[0][0], np.zeros((5, 6)), pairs[1][1] @ pairs[1][0]])
    )


def test_what_cannot_be_exported_is_told(tmp_path):
    """A target that is no .safetensors, or the model itself; a layer without a name elsewhere; a damaged model."""
    model = tmp_path / "first.safetensors"
    finish.store(model, pair("transformer.single_transformer_blocks.0.attn.to_out", (4, 4)), {})
    for target in (tmp_path / "first.bin", model):
        with pytest.raises(HeadshotError, match="cannot be written"):
            exchange.export(model, target)
    finish.store(model, pair("transformer.transformer_blocks.0.attn.norm_q", (4, 4)), {})
    with pytest.raises(HeadshotError, match="no layer such as transformer_blocks.0.attn.norm_q"):
        exchange.export(model, tmp_path / "out.safetensors")
    model.write_bytes(model.read_bytes()[:-1])
    with pytest.raises(HeadshotError, match="not whole"):
        exchange.export(model, tmp_path / "out.safetensors")


# From elsewhere.


def pair(layer, size, ending=".lora_{}.weight", sides="AB", rank=2, kind=np.float32):
    """The two matrices of a layer of `size` inputs and outputs, in any way to write them."""
    rng = np.random.default_rng(len(layer))
    down, up = rng.normal(size=(rank, size[0])).astype(kind), rng.normal(size=(size[1], rank)).astype(kind)
    one, other = ("down", "up") if sides == "down" else sides
    return {f"{layer}{ending.format(one)}": down, f"{layer}{ending.format(other)}": up}


def kohya(layer, size, alpha=None, **more):
    alphas = {} if alpha is None else {f"{layer}.alpha": np.array(alpha, np.float32)}
    return pair(layer, size, ".lora_{}.weight", "down", **more) | alphas


def change(weights, layer):
    """What a layer changes, of diffusers' form."""
    return weights[f"{layer}.lora_B.weight"] @ weights[f"{layer}.lora_A.weight"]


def changes(given):
    """What each layer changes at full strength, however it is written."""
    sides = {}
    for name, one in given.items():
        if match := loras.LAYER.fullmatch(name):
            sides.setdefault(match[1], {})[match[2] in exchange.DOWN] = one
    return [both[False] @ both[True] for both in sides.values()]


UNET = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
UNET_KOHYA = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
Z = "transformer.layers.3.attention.to_"
FLUX = "transformer.transformer_blocks.2.attn.to_"
FOREIGN = {
    "diffusers": (pair(UNET, (768, 320)), "sd15", {UNET: 1}),
    "kohya, alpha half of the rank": (kohya(UNET_KOHYA, (768, 320), 1), "sd15", {UNET: 0.5}),
    "kohya, float16": (kohya(UNET_KOHYA, (768, 320), 2, kind=np.float16), "sd15", {UNET: 1}),
    "diffusers of 2023": (
        pair(UNET.replace("attn2.", "attn2.processor."), (768, 320), "_lora.{}.weight", "down"), "sd15", {UNET: 1},
    ),
    "PEFT": (pair(UNET.replace("unet", "base_model.model"), (768, 320), ".lora_{}.default.weight"), "sd15", {UNET: 1}),
    "kohya's SDXL, numbered through": (
        kohya("lora_unet_input_blocks_4_1_transformer_blocks_1_attn2_to_k", (2048, 640), 4)
        | kohya("lora_unet_middle_block_1_transformer_blocks_0_attn1_to_out_0", (1280, 1280), 2)
        | kohya("lora_unet_output_blocks_5_1_transformer_blocks_0_attn1_to_q", (640, 640), 2)
        | kohya("lora_te2_text_model_encoder_layers_3_self_attn_out_proj", (1280, 1280), 2)
        | kohya("lora_te1_text_model_encoder_layers_3_mlp_fc1", (768, 3072), 2),
        "sdxl",
        {
            "unet.down_blocks.1.attentions.0.transformer_blocks.1.attn2.to_k": 2,
            "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0": 1,
            "unet.up_blocks.1.attentions.2.transformer_blocks.0.attn1.to_q": 1,
            "text_encoder_2.text_model.encoder.layers.3.self_attn.out_proj": 1,
            "text_encoder.text_model.encoder.layers.3.mlp.fc1": 1,
        },
    ),
    "ComfyUI's SDXL": (
        pair("diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_v", (2048, 640)),
        "sdxl",
        {"unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_v": 1},
    ),
    "ai-toolkit's Z-Image": (pair("diffusion_model.layers.3.attention.to_q", (3840, 3840)), "z_image", {f"{Z}q": 1}),
    "kohya's Z-Image": (kohya("lora_unet_layers_3_attention_to_out_0", (3840, 3840), 1), "z_image", {f"{Z}out.0": 0.5}),
    "LyCORIS, but plain": (kohya("lycoris_layers_3_attention_to_v", (3840, 3840), 2), "z_image", {f"{Z}v": 1}),
    "ComfyUI's Z-Image": (pair("diffusion_model.layers.3.attention.out", (3840, 3840)), "z_image", {f"{Z}out.0": 1}),
    "ai-toolkit's FLUX.2": (
        pair("diffusion_model.double_blocks.2.img_attn.proj", (3072, 3072))
        | pair("diffusion_model.single_blocks.19.linear2", (12288, 3072)),
        "flux2_klein",
        {f"{FLUX}out.0": 1, "transformer.single_transformer_blocks.19.attn.to_out": 1},
    ),
    "PEFT's FLUX.2": (pair("base_model.model.single_blocks.1.linear1", (3072, 27648)), "flux2_klein", {
        "transformer.single_transformer_blocks.1.attn.to_qkv_mlp_proj": 1,
    }),
    "without any part": (pair("transformer_blocks.2.attn.to_k", (3072, 3072)), "flux2_klein", {f"{FLUX}k": 1}),
}  # fmt: skip
"""Files as programs write them; the family; the layers that they change, and how strongly."""


@pytest.mark.parametrize("program", FOREIGN)
def test_loras_of_other_programs_are_taken_in(program, ada, tmp_path):
    """By diffusers' names, with their strength in the matrices, and their family told."""
    given, kind, layers = FOREIGN[program]
    save_file(given, tmp_path / "Ada's LoRA v2.safetensors")
    path = exchange.adopt(ada, tmp_path / "Ada's LoRA v2.safetensors")
    assert path.name == "ada-s-lora-v2.safetensors"
    weights = load_file(path)
    assert {name.partition(".lora_")[0] for name in weights} == set(layers)
    for layer, strength in layers.items():
        own = change(weights, layer)
        assert any(one.shape == own.shape and np.allclose(own, strength * one, 1e-2, 1e-2) for one in changes(given))
    assert loras.family_of(path) == kind
    model = next(model for model in loras.all_of(ada))
    assert (model.imported, model.family, model.base) == (True, kind, loras.FAMILIES[kind])
    assert loras.metadata(path)["licence"] == "its maker's"
    assert (card.folder_of(path) / card.README).is_file()


@pytest.mark.parametrize(
    ("layer", "parts"),
    [
        ("diffusion_model.layers.3.attention.qkv", [f"{Z}{one}" for one in "qkv"]),
        ("diffusion_model.double_blocks.2.img_attn.qkv", [f"{FLUX}{one}" for one in "qkv"]),
    ],
)
def test_one_layer_for_query_key_and_value_becomes_three(layer, parts, ada, tmp_path):
    """Each of the three changes its third of what the one changed."""
    given = pair(layer, (64, 192))
    save_file(given, tmp_path / "one.safetensors")
    weights = load_file(exchange.adopt(ada, tmp_path / "one.safetensors"))
    whole = given[f"{layer}.lora_B.weight"] @ given[f"{layer}.lora_A.weight"]
    assert np.allclose(np.concatenate([change(weights, part) for part in parts]), whole, atol=1e-5)


def test_the_strength_that_diffusers_wrote_into_the_header_counts(ada, tmp_path):
    given, said = pair(UNET, (768, 320)), {"unet.r": 2, "unet.lora_alpha": 4, "unet.alpha_pattern": {"to_q": 1}}
    save_file(given, tmp_path / "one.safetensors", {"lora_adapter_metadata": json.dumps(said)})
    weights = load_file(exchange.adopt(ada, tmp_path / "one.safetensors"))
    assert np.allclose(change(weights, UNET), 2 * change(given, UNET), atol=1e-5)


TAGS = json.dumps({"10_ohwx woman": {"1girl": 20, "smile": 3}})


@pytest.mark.parametrize(
    ("said", "trigger", "noun"),
    [
        ({"ss_tag_frequency": TAGS}, "ohwx", "woman"),
        ({"modelspec.trigger_phrase": "sks man", "ss_tag_frequency": TAGS}, "sks", "man"),
        ({"ss_tag_frequency": json.dumps({"img": {"1girl": 20, "zoe": 9}}), "ss_output_name": "Zoe_v2"}, "zoe", ""),
        ({"ss_tag_frequency": json.dumps({"img": {"1girl": 20}}), "ss_output_name": "Zoe_v2"}, "", ""),
        ({"ss_tag_frequency": "[1, 2"}, "", ""),
        ({"ss_tag_frequency": '{"1_a": 3}'}, "", ""),
        ({"modelspec.trigger_phrase": "<script>\n"}, "", ""),
        ({}, "", ""),
    ],
)
def test_the_trigger_is_found_where_its_maker_wrote_it(said, trigger, noun, ada, tmp_path):
    """In ModelSpec's field, in the name of kohya's folder, in a tag that the file is called by; else it stays empty."""
    save_file(pair(UNET, (768, 320)), tmp_path / "one.safetensors", said)
    found = loras.metadata(exchange.adopt(ada, tmp_path / "one.safetensors"))
    assert (found["trigger"], found.get("noun", "")) == (trigger, noun)


def test_a_model_made_here_keeps_what_is_known_of_it(ada, tmp_path):
    """From another machine, by way of the exported file: trigger, noun and licence are there; each has its own name."""
    finish.store(tmp_path / "first.safetensors", pair(UNET, (768, 320)), FACTS)
    exchange.export(tmp_path / "first.safetensors", tmp_path / "out.safetensors")
    paths = [exchange.adopt(ada, tmp_path / "out.safetensors", name="From Home") for _ in range(2)]
    assert [path.stem for path in paths] == ["from-home", "from-home-2"]
    assert FACTS.items() <= loras.metadata(paths[0]).items()


REFUSED = {
    "Stable Diffusion 2": pair(UNET, (1024, 320)),
    "FLUX.1 or a relative": kohya("lora_unet_double_blocks_18_img_attn_proj", (3072, 3072), 1),
    "FLUX.1": pair("transformer.single_transformer_blocks.0.proj_mlp", (3072, 12288)),
    "FLUX.2 klein 9B": pair("diffusion_model.single_blocks.0.linear1", (4096, 36864)),
    "FLUX.2 dev": pair("transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj", (6144, 55296)),
    "Qwen-Image": pair("transformer.transformer_blocks.0.img_mlp.net.0.proj", (3072, 12288)),
    "Wan": pair("diffusion_model.blocks.0.self_attn.q", (1536, 1536)),
    "Lumina 2": pair("diffusion_model.layers.0.attention.qkv", (2304, 2304)),
    "does not tell": pair("model.layers.0.self_attn.q_proj", (16, 16)),
    "LoKr": {"lora_unet_x.lokr_w1": np.zeros((2, 2), np.float32)},
    "LoHa": {"lora_unet_x.hada_w1_a": np.zeros((2, 2), np.float32)},
    "DoRA": kohya(UNET_KOHYA, (768, 320)) | {f"{UNET_KOHYA}.dora_scale": np.zeros((1, 768), np.float32)},
    "a whole base model": {"model.diffusion_model.out.2.weight": np.zeros((2, 2), np.float32)},
    "an embedding": {"emb_params": np.zeros((2, 768), np.float32)},
    "a part of a base model": {"down_blocks.0.resnets.0.conv1.weight": np.zeros((2, 2), np.float32)},
    "damaged at": {name: one * np.nan for name, one in pair(UNET, (768, 320)).items()},
    "cannot be understood": {name: one for name, one in pair(UNET, (768, 320)).items() if "lora_B" in name}
    | pair(UNET.replace("to_k", "to_v"), (768, 320)),
    "not known": kohya("lora_unet_double_blocks_0_img_attn_proj", (64, 64)) | kohya("lora_unet_strange_0", (4, 4)),
    "what cannot be changed here": pair("diffusion_model.layers.3.attention.to_q", (64, 64))
    | pair("text_encoder.x", (4, 4)),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_used_is_refused_by_its_name(words, ada, tmp_path):
    """Other base models, other kinds of adapters, no adapters, damage: told as what it is, and nothing is kept."""
    save_file(REFUSED[words], tmp_path / "one.safetensors")
    with pytest.raises(HeadshotError, match=words) as caught:
        exchange.adopt(ada, tmp_path / "one.safetensors")
    assert caught.value.todo
    assert loras.all_of(ada) == []


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("one.ckpt", b"anything", "pickle"),
        ("one.safetensors", b"PK\3\4" + bytes(60), "pickle"),
        ("one.safetensors", b"", "not a .safetensors"),
        ("one.safetensors", b"these are words, and many of them", "not a .safetensors"),
        ("one.safetensors", b"\2\0\0\0\0\0\0\0{}", "no LoRA, but something else"),
        ("one.safetensors", None, "not whole"),
    ],
)
def test_a_file_of_another_kind_is_refused(name, data, words, ada, tmp_path):
    """Pickles for safety; empty, renamed and cut files as what they are."""
    save_file(pair(UNET, (768, 320)), tmp_path / "whole.safetensors")
    (tmp_path / name).write_bytes((tmp_path / "whole.safetensors").read_bytes()[:-1] if data is None else data)
    with pytest.raises(HeadshotError, match=words) as caught:
        exchange.adopt(ada, tmp_path / name)
    assert caught.value.todo
    with pytest.raises(HeadshotError):
        exchange.adopt(ada, tmp_path / "nowhere.safetensors")
