"""The demo in every kind of drawing, on a tiny model of its shape: four pixels a latent, nets for pose and light."""

from __future__ import annotations

import inspect
from importlib.util import find_spec

import numpy as np
import pytest
import tiny

from headshot_core.generate import control, device, light, loras, models, pipelines
from headshot_core.generate.call import Control, LightStart
from headshot_core.recipe import Generate, Light, Pose, Recipe

PICTURE, MASK = tiny.picture(), tiny.mask()
POSE, LIGHT = Control("pose", tiny.picture(1)), Control("light", tiny.picture(2), 0.9)
KINDS = {"text": {}, "image": {"image": PICTURE, "strength": 0.7}, "inpaint": {"image": PICTURE, "mask": MASK}}
CONTROLS = {"pose": (POSE,), "light": (LIGHT,), "pose and light": (POSE, LIGHT)}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A tiny demo, with its extras; in float32, so that numbers can be compared."""
    with tiny.installed("micro", tmp_path_factory.mktemp("home")) as base:
        yield base


def ready(base, **wishes):
    """The pipeline that would draw, and its keywords."""
    call = tiny.call(**wishes)
    loaded = pipelines._load(base, device.plan(base, call.size, 1), pipelines.silent)
    pipe = pipelines._ready(loaded, call, pipelines.silent)
    return pipe, loaded.family.arguments(pipe, call, "cpu")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_with_none_with_each_and_with_both_controlnets(base, kind):
    """64 pixels from 16 latents a side; the nets' pictures shrink as often as the VAE's, so they fit and count."""
    plain = pipelines.run(base, tiny.call(**KINDS[kind]))[0]
    assert plain.shape == (64, 64, 3)
    for controls in CONTROLS.values():
        pipe, given = ready(base, **KINDS[kind], controls=controls)
        assert set(given) <= set(inspect.signature(type(pipe).__call__).parameters)
        drawn = pipelines.run(base, tiny.call(**KINDS[kind], controls=controls))[0]
        assert drawn.shape == (64, 64, 3)
        assert tiny.distance(drawn, plain) > 8


def test_inpainting_draws_the_mask_in_blocks_of_four_pixels_and_keeps_the_rest(base):
    speck = np.zeros((64, 64), np.uint8)
    speck[21, 33] = 255
    pipe, given = ready(base, image=PICTURE, mask=tiny.Image.fromarray(speck))
    assert np.count_nonzero(np.asarray(given["mask_image"])) == 16
    kept = pipe(**given, output_type="latent").images[0]
    own = pipe.vae.encode(pipe.image_processor.preprocess(PICTURE)).latent_dist.mode()[0]
    changed = (kept - own * pipe.vae.config.scaling_factor).abs().amax(0) > 1e-4
    assert changed.nonzero().tolist() == [[5, 8]]


def test_a_light_to_begin_with_has_the_shape_of_the_latents(base):
    _, given = ready(base, light=LightStart(PICTURE, 0.8))
    assert given["latents"].shape == (1, 4, 16, 16)
    dark, bright = (
        pipelines.run(base, tiny.call(light=LightStart(tiny.Image.new("RGB", (64, 64), shade), 0.8)))[0]
        for shade in ("black", "white")
    )
    assert tiny.distance(dark, bright) > 8


def test_previews_have_a_pixel_for_each_latent(base):
    seen = []
    pipelines.run(base, tiny.call(steps=6), lambda step: seen.append(step.preview))
    assert {preview.shape for preview in seen if preview is not None} == {(16, 16, 3)}


def test_its_own_solver_is_kept(base):
    """It learnt velocities up to the last noise level, for which DDIM's steps are spaced from the end."""
    pipe, _ = ready(base)
    assert type(pipe.scheduler).__name__ == "DDIMScheduler"
    assert pipe.scheduler.config.prediction_type == "v_prediction"


def test_its_loras_are_told_by_the_width_of_its_words(base, tmp_path):
    file = tiny.lora("micro", tmp_path / "ada.safetensors")
    assert loras.family_of(file) == "micro"
    assert loras.fits(file, base)
    assert not loras.fits(file, models.BASES["sd15"])
    plain, adapted = (pipelines.run(base, tiny.call(loras=given))[0] for given in ((), (pipelines.Adapter(str(file)),)))
    assert tiny.distance(plain, adapted) > 2


# What a recipe asks of it.


def test_a_recipes_light_is_held_by_its_controlnet(base):
    """A lit ball, at the recipe's usual strengths as heavy as it was learnt; nothing where light is left alone."""
    recipe = Recipe(light=Light(pattern="loop", azimuth=-50))
    (held,) = control.controls(recipe, (64, 64), base)
    assert (held.kind, held.image.size) == ("light", (64, 64))
    assert held.strength == pytest.approx(1.0, abs=0.05)
    left, right = np.split(np.asarray(held.image).mean(-1), 2, 1)
    assert left.mean() > 1.3 * right.mean()
    assert control.controls(Recipe(), (64, 64), base) == ()
    assert control.controls(recipe.model_copy(update={"generate": Generate(light=0)}), (64, 64), base) == ()
    assert control.controls(recipe, (64, 64), models.BASES["sdxl"]) == ()


@pytest.mark.skipif(find_spec("controlnet_aux") is None, reason="controlnet_aux is not installed")
def test_pose_and_light_are_held_together(base):
    recipe = Recipe(light=Light(pattern="loop"), pose=Pose(name="three-quarter-left"))
    given = control.controls(recipe, (64, 64), base)
    assert [one.kind for one in given] == ["pose", "light"]
    assert control.says(recipe, base, given) == ""
    lit = light.lamps_of(recipe)
    assert np.array_equal(np.asarray(given[1].image), np.asarray(light.ball(lit, (64, 64))))
