"""LoRA files: found by path or by name, read for what they say of themselves, refused in words."""

from __future__ import annotations

import json
import struct

import pytest

from headshot_core.errors import HeadshotError
from headshot_core.generate import loras, models
from headshot_core.people import About, People
from headshot_core.recipe import Lora


def write(path, metadata=None, **shapes):
    """A .safetensors file of tensors without any numbers."""
    tensors = {name: {"dtype": "F16", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes.items()}
    header = json.dumps(tensors | ({"__metadata__": metadata} if metadata else {})).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


@pytest.fixture
def person(tmp_path):
    ada = People(tmp_path / "people").add(About(name="Ada", consent=True))
    write(ada.folder / "models" / "first.safetensors", {"trigger": "ohwx"})
    return ada


def test_a_path_or_the_name_of_a_persons_model_is_found(person, tmp_path):
    other = write(tmp_path / "style.safetensors")
    assert loras.find(Lora(file=str(other), weight=0.5), None).path == str(other)
    found = loras.find(Lora(file="first"), person)
    assert found.path == str(person.folder / "models" / "first.safetensors")
    assert list(loras.models_of(person)) == ["first"]
    assert loras.models_of(None) == {}


def test_the_trigger_is_the_files_own_and_said_once(person, tmp_path):
    first = loras.find(Lora(file="first"), person)
    plain = loras.find(Lora(file=str(write(tmp_path / "style.safetensors"))), person)
    assert loras.trigger((first, plain, first)) == "ohwx"
    assert loras.trigger((plain,)) == ""
    assert loras.trigger((loras.find(Lora(file="first", weight=-1), person),)) == "", "pushed away, not called up"


def test_what_is_not_there_is_said_with_what_is(person):
    with pytest.raises(HeadshotError, match="'second'.*first"):
        loras.find(Lora(file="second"), person)
    with pytest.raises(HeadshotError, match="Train one"):
        loras.find(Lora(file="second"), None)


@pytest.mark.parametrize("data", [b"", b"PK\3\4" + bytes(60), struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 1 << 60)])
def test_another_kind_of_file_is_refused_in_words(tmp_path, data):
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(HeadshotError, match="not a .safetensors file"):
        loras.find(Lora(file=str(path)), None)


@pytest.mark.parametrize(
    ("layer", "shape", "family"),
    [
        ("unet.down_blocks.1.attentions.0.attn2.to_k.lora_A.weight", [4, 768], "sd15"),
        ("lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight", [4, 2048], "sdxl"),
        ("transformer.single_transformer_blocks.0.attn.to_out.lora_A.weight", [4, 3072], "flux2_klein"),
        ("transformer.layers.0.attention.to_q.lora_A.weight", [4, 3840], "z_image"),
        ("lora_unet_double_blocks_4_img_attn_qkv.lora_down.weight", [4, 3072], "flux2_klein"),
        ("lora_unet_layers_29_attention_qkv.lora_down.weight", [4, 3840], "z_image"),
        ("diffusion_model.context_refiner.0.attention.to_q.lora_A.weight", [4, 3840], "z_image"),
        ("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", [4, 1280], "sdxl"),
        ("lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight", [4, 768], "sd15"),
        ("unet.down_blocks.1.attentions.0.attn2.processor.to_k_lora.down.weight", [4, 768], "sd15"),
        ("text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight", [4, 768], None),
        ("something.else", [1], None),
    ],
)
def test_a_file_tells_what_it_was_trained_for(tmp_path, layer, shape, family):
    path = write(tmp_path / "ada.safetensors", **{layer: shape})
    assert loras.family_of(path) == family
    adapter, base = loras.find(Lora(file=str(path)), None), models.BASES["sdxl"]
    if family in ("sdxl", None):
        loras.check(adapter, base)
    else:
        with pytest.raises(HeadshotError, match="was trained for .*, not for SDXL"):
            loras.check(adapter, base)


@pytest.mark.parametrize(
    ("layer", "shape", "kind"),
    [
        ("unet.down_blocks.1.attentions.0.attn2.to_k.lora_A.weight", [4, 1024], "Stable Diffusion 2"),
        ("lora_prior_unet_down_blocks_0_1.lora_down.weight", [4, 2048], "Stable Cascade"),
        ("transformer.transformer_blocks.18.attn.to_q.lora_A.weight", [4, 3072], "FLUX.1 or a relative of it"),
        ("transformer.transformer_blocks.0.attn.to_q.lora_A.weight", [4, 6144], "FLUX.2 dev"),
        ("transformer.transformer_blocks.0.attn2.to_k.lora_A.weight", [4, 2048], "a video model"),
        ("transformer.joint_blocks.0.x_block.attn.qkv.lora_A.weight", [4, 1536], "Stable Diffusion 3"),
    ],
)
def test_what_no_base_model_here_can_use_is_refused_by_its_name(tmp_path, layer, shape, kind):
    path = write(tmp_path / "ada.safetensors", **{layer: shape})
    assert loras.family_of(path) is None
    assert not loras.fits(path, models.BASES["sdxl"])
    with pytest.raises(HeadshotError, match=f"ada was trained for {kind}, not for SDXL.*Choose one for SDXL"):
        loras.check(loras.find(Lora(file=str(path)), None), models.BASES["sdxl"])
