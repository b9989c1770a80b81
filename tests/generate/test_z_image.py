"""Z-Image: guidance, and ControlNets as its makers publish them. What it shares with FLUX.2 klein: test_flow.py."""

import inspect
from dataclasses import replace

import numpy as np
import pytest
import tiny_flow
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.generate import library
from headshot_core.generate.call import Call, Control, Prompt
from headshot_core.generate.families import family

SIZE = (64, 96)
CALL = Call(Prompt("a portrait of a woman", "blurred"), SIZE, (1, 2), steps=4, guidance=0.0)
Z_IMAGE = family("z_image")


def picture(seed):
    """Random squares of 8 pixels."""
    squares = np.random.default_rng(seed).integers(0, 256, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    return Image.fromarray(squares.repeat(8, 0).repeat(8, 1))


def controlled(kind="text", **changes):
    """CALL with a pose, as that kind of drawing."""
    image = None if kind == "text" else picture(1)
    mask = Image.linear_gradient("L").resize(SIZE) if kind == "inpaint" else None
    return replace(CALL, image=image, mask=mask, controls=(Control("pose", picture(2), **changes),))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_flow.z_image(tmp_path_factory.mktemp("z_image") / "base")


@pytest.fixture(scope="module")
def text(folder):
    return tiny_flow.load(folder)


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    """ControlNets of both versions, as single files, loaded by the family."""
    torch, at = library.torch(), tmp_path_factory.mktemp("nets")
    folders = {
        version: tiny_flow.z_image_controlnet(at / str(version), version, file="union.safetensors")
        for version in (1, 2)
    }
    return {version: Z_IMAGE.load_controlnet(folder, torch.float32) for version, folder in folders.items()}


@pytest.fixture(scope="module")
def load(text, nets):
    """The pipeline for a kind of drawing with a ControlNet of a version."""
    return lambda kind, version: tiny_flow.turned(text, Z_IMAGE.pipeline(kind, True), controlnet=nets[version])


def draw(pipe, call, **more):
    """Pictures (N, H, W, 3), 0..1."""
    return pipe(**Z_IMAGE.arguments(pipe, call, "cpu"), output_type="np", **more).images


def test_turbo_needs_no_negative_prompt_and_the_base_model_heeds_it(text):
    """Without guidance what is to be avoided is not even read; with guidance it changes the picture."""
    other = replace(CALL, prompt=Prompt(CALL.prompt.positive, "sunglasses"))
    assert Z_IMAGE.arguments(text, CALL, "cpu")["negative_prompt_embeds"] == []
    assert (draw(text, CALL) == draw(text, other)).all()
    guided, avoided = (draw(text, replace(call, guidance=4.0)) for call in (CALL, other))
    assert np.abs(guided - avoided).max() > 1e-3
    assert np.abs(guided - draw(text, CALL)).max() > 1e-3


@pytest.mark.parametrize(("kind", "version"), [("text", 1), ("text", 2), ("image", 1), ("image", 2), ("inpaint", 2)])
def test_a_control_picture_counts_by_its_strength(kind, version, load, text):
    """Keywords are the pipeline's own; strength 0 draws as without; the more strength, the greater the change."""
    pipe = load(kind, version)
    changes = [controlled(kind, strength=strength) for strength in (0.0, 0.7, 1.4)]
    arguments = Z_IMAGE.arguments(pipe, changes[1], "cpu")
    assert set(arguments) <= set(inspect.signature(type(pipe).__call__).parameters)
    none, some, much = (draw(pipe, call) for call in changes)
    if kind != "inpaint":  # whose ControlNet pipeline does not put back what is kept: it is shown to the ControlNet
        assert np.abs(none - draw(text, replace(changes[0], controls=()))).max() < 1e-4
    assert 0 < np.abs(some - none).mean() < np.abs(much - none).mean()
    other = replace(changes[1], controls=(Control("pose", picture(7), 0.7),))
    assert np.abs(draw(pipe, other) - some).max() > 1e-3


def test_batch_size_changes_no_controlled_picture(load):
    """Two at once are the same two one by one."""
    for kind in ("text", "inpaint"):
        together = draw(load(kind, 2), controlled(kind))
        alone = [draw(load(kind, 2), replace(controlled(kind), seeds=(seed,)))[0] for seed in CALL.seeds]
        assert np.abs(together - alone).max() < 1e-4


def test_a_control_is_held_from_its_start_to_its_end(load, monkeypatch):
    """In a run of four steps: only in those that lie wholly between start and end."""
    pipe = load("text", 1)
    forward, held = pipe.controlnet.forward, []

    def watch(*given, **more):
        hints = forward(*given, **more)
        held.append(bool(hints[0].any()))
        return hints

    monkeypatch.setattr(pipe.controlnet, "forward", watch)
    for start, end, expected in ((0, 0.5, [1, 1, 0, 0]), (0.25, 0.8, [0, 1, 1, 0]), (0.5, 1, [0, 0, 1, 1])):
        held.clear()
        draw(pipe, controlled(start=start, end=end))
        assert held == expected


def test_several_controls_are_refused(load):
    """The union ControlNet was trained on one picture at a time."""
    call = replace(CALL, controls=(Control("pose", picture(1)), Control("depth", picture(2))))
    with pytest.raises(HeadshotError, match="one control picture"):
        Z_IMAGE.arguments(load("text", 1), call, "cpu")


def test_inpainting_needs_the_second_version(load):
    """diffusers refuses to join the first version with inpainting."""
    with pytest.raises(ValueError, match="not compatible"):
        load("inpaint", 1)


def test_single_files_are_read_as_they_were_trained(nets, tmp_path):
    """Weights and settings of either version; 2.0 does without its untrained refiner; others are refused."""
    torch = library.torch()
    again = Z_IMAGE.load_controlnet(tiny_flow.z_image_controlnet(tmp_path / "saved", 2), torch.float32)
    for name, weight in again.state_dict().items():
        assert (nets[2].state_dict()[name] == weight).all(), name
    for version, channels, joined in ((1, 16, None), (2, 33, "control_noise_refiner")):
        assert nets[version].config.control_in_dim == channels
        assert nets[version].config.add_control_noise_refiner == joined
    untrained = tiny_flow.z_image_controlnet(tmp_path / "untrained", 2, file="union.safetensors", refined=False)
    assert Z_IMAGE.load_controlnet(untrained, torch.float32).config.add_control_noise_refiner == "control_layers"
    (tmp_path / "empty").mkdir()
    with pytest.raises(HeadshotError, match="no ControlNet in"):
        Z_IMAGE.load_controlnet(tmp_path / "empty", torch.float32)
    tiny_flow.lora(tmp_path / "lora" / "lora.safetensors", tiny_flow.z_image(tmp_path / "base"))
    with pytest.raises(HeadshotError, match="lora.safetensors is no ControlNet"):
        Z_IMAGE.load_controlnet(tmp_path / "lora", torch.float32)
