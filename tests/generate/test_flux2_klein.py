"""FLUX.2 klein: reference pictures, poses as pictures, guidance of Base. What it shares with Z-Image: test_flow.py."""

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
from headshot_core.generate.families.flux2_klein import shown_to

SIZE = (64, 96)
CALL = Call(Prompt("a portrait of a woman"), SIZE, (1, 2), steps=3, guidance=1.0)
KLEIN = family("flux2_klein")


def picture(seed, size=SIZE):
    """Random squares of 8 pixels."""
    squares = np.random.default_rng(seed).integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
    return Image.fromarray(squares.repeat(8, 0).repeat(8, 1))


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Pipelines of the distilled model and of Base."""
    folder = tmp_path_factory.mktemp("klein")
    names = {"distilled": True, "base": False}
    return {
        name: tiny_flow.load(tiny_flow.flux2_klein(folder / name, distilled=is_so)) for name, is_so in names.items()
    }


@pytest.fixture(scope="module")
def inpainting(text):
    return tiny_flow.turned(text["distilled"], KLEIN.pipeline("inpaint", False))


def draw(pipe, call, **more):
    """Pictures (N, H, W, 3), 0..1."""
    return pipe(**KLEIN.arguments(pipe, call, "cpu"), **{"output_type": "latent"} | more).images.numpy()


def change(one, other):
    return np.abs(one - other).mean()


def test_reference_pictures_change_the_picture(text):
    """Another person, another picture; likeness 0 draws as without; the more likeness, the larger they are shown."""
    pipe = text["distilled"]
    without, one, other = (draw(pipe, replace(CALL, references=r)) for r in ((), (picture(1),), (picture(2),)))
    assert change(one, without) > 1e-4
    assert change(one, other) > 1e-4
    assert (draw(pipe, replace(CALL, references=(picture(1),), likeness=0.0)) == without).all()
    large = picture(3, (1600, 2000))
    sizes = [shown_to(replace(CALL, references=(large,), likeness=x))[0][0].size for x in (0.1, 0.7, 1.0)]
    assert sizes == [(288, 352), (752, 944), (912, 1136)]


def test_reference_pictures_while_inpainting(inpainting):
    """As many references as pictures: each counts for every picture, whatever its shape, in batches of any size."""
    mask = Image.linear_gradient("L").resize(SIZE)
    call = replace(CALL, image=picture(1), mask=mask, references=(picture(2), picture(3, (96, 96))))
    arguments = KLEIN.arguments(inpainting, call, "cpu")
    assert set(arguments) <= set(inspect.signature(type(inpainting).__call__).parameters)
    both = draw(inpainting, call)
    alone = np.concatenate([draw(inpainting, replace(call, seeds=(seed,))) for seed in call.seeds])
    assert np.abs(both - alone).max() < 1e-4
    other = replace(call, references=(call.references[0], picture(4, (96, 96))))
    assert all(change(one, two) > 1e-4 for one, two in zip(both, draw(inpainting, other), strict=True))
    assert change(both, draw(inpainting, replace(call, references=()))) > 1e-4


def test_pictures_are_numbered_in_the_prompt():
    """First the picture drawn over or painted in, then the person, then what steers; four in all."""
    pose, depth = Control("pose", picture(3), 0.8), Control("depth", picture(4), 0.5)
    call = replace(CALL, references=(picture(1), picture(2)), controls=(pose, depth))
    shown, words = shown_to(call)
    assert len(shown) == 4
    assert words.startswith("a portrait of a woman The person is the one in image 1 and image 2")
    assert "exact pose from image 3" in words
    assert "depth map in image 4" in words
    over, words = shown_to(replace(call, image=picture(5)))
    assert len(over) == 4
    assert np.array_equal(np.asarray(over[0]), np.asarray(picture(5)))
    inside, words = shown_to(replace(call, image=picture(5), mask=Image.new("L", SIZE, 255)))
    assert len(inside) == 3
    assert "the one in image 1 and image 2:" in words
    assert "exact pose from image 3" in words
    assert shown_to(CALL) == ([], "a portrait of a woman")
    assert shown_to(replace(CALL, controls=(replace(pose, strength=0.0),))) == ([], "a portrait of a woman")


def test_a_pose_changes_the_picture_and_needs_no_controlnet(text):
    """It is drawn by the same pipeline; there is no ControlNet to load."""
    assert KLEIN.pipeline("text", True) is KLEIN.pipeline("text", False)
    one, other = (draw(text["distilled"], replace(CALL, controls=(Control("pose", picture(s)),))) for s in (1, 2))
    assert change(one, other) > 1e-4
    with pytest.raises(HeadshotError, match="no ControlNets"):
        KLEIN.controlnet("pose")


def test_a_picture_drawn_over_is_shown_as_well(text):
    """At full strength nothing of it is left in the start, and it still counts, as a reference."""
    one, other = (draw(text["distilled"], replace(CALL, image=picture(s))) for s in (1, 2))
    starts = [KLEIN.arguments(text["distilled"], replace(CALL, image=picture(s)), "cpu")["latents"] for s in (1, 2)]
    assert (starts[0] == starts[1]).all()
    assert change(one, other) > 1e-4


def test_only_base_takes_guidance_and_what_to_avoid(text):
    """The distilled model draws the same with any guidance; Base another picture, and heeds the negative prompt."""
    guided = replace(CALL, guidance=4.0)
    avoided = replace(guided, prompt=Prompt(CALL.prompt.positive, "sunglasses"))
    assert text["distilled"].config.is_distilled
    assert not text["base"].config.is_distilled
    assert (draw(text["distilled"], guided) == draw(text["distilled"], CALL)).all()
    assert "negative_prompt_embeds" not in KLEIN.arguments(text["distilled"], avoided, "cpu")
    assert change(draw(text["base"], guided), draw(text["base"], CALL)) > 1e-4
    assert change(draw(text["base"], guided), draw(text["base"], avoided)) > 1e-4


def test_inpainting_knows_whether_it_is_distilled(text):
    """The settings of a pipeline go along to the one made of its parts."""
    for name, pipe in text.items():
        turned = tiny_flow.turned(pipe, KLEIN.pipeline("inpaint", False))
        assert turned.config.is_distilled == (name == "distilled")
        assert isinstance(turned, library.diffusers().Flux2KleinInpaintPipeline)
