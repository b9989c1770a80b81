"""SD 1.5 and SDXL in every kind of drawing, on tiny models in diffusers' real classes."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import pytest
import tiny

from headshot_core.errors import HeadshotError
from headshot_core.generate import device, library, pipelines
from headshot_core.generate.call import Control, LightStart, Prompt
from headshot_core.generate.families import family
from headshot_core.generate.families.stable_diffusion import Reader, fragments, in_blocks

PICTURE, MASK = tiny.picture(), tiny.mask()
POSE, DEPTH = Control("pose", tiny.picture(1)), Control("depth", tiny.picture(2), 0.5, 0.2, 0.9)
FACE = (tiny.picture(3),)
MODES = {
    "text": {},
    "image": {"image": PICTURE, "strength": 0.7},
    "inpaint": {"image": PICTURE, "mask": MASK},
    "text, pose": {"controls": (POSE,)},
    "text, pose and depth": {"controls": (POSE, DEPTH)},
    "image, pose": {"image": PICTURE, "strength": 0.7, "controls": (POSE,)},
    "image, pose and depth": {"image": PICTURE, "strength": 0.7, "controls": (POSE, DEPTH)},
    "inpaint, pose": {"image": PICTURE, "mask": MASK, "controls": (POSE,)},
    "inpaint, pose and depth": {"image": PICTURE, "mask": MASK, "controls": (POSE, DEPTH)},
    "face": {"references": FACE},
    "two photos of a face": {"references": (*FACE, tiny.picture(4))},
    "face, inpaint, pose": {"references": FACE, "image": PICTURE, "mask": MASK, "controls": (POSE,)},
    "light": {"light": LightStart(tiny.picture(5), 0.8)},
    "without guidance": {"guidance": 1.0},
}


@pytest.fixture(scope="module", params=["sd15", "sdxl"])
def base(request, tmp_path_factory):
    """A tiny base model of each family, installed with its extras; in float32, so that numbers can be compared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSHOT_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr(device, "_cpu_has_bf16", lambda torch: False)
        yield tiny.install(request.param)
        pipelines.forget()


def draw(base, **wishes) -> np.ndarray:
    """One picture."""
    return pipelines.run(base, tiny.call(**wishes))[0]


def ready(base, **wishes):
    """The pipeline that would draw, and its keywords."""
    call = tiny.call(**wishes)
    loaded = pipelines._load(base, device.plan(base, call.size, 1), pipelines.silent)
    pipe = pipelines._ready(loaded, call, pipelines.silent)
    return pipe, loaded.family.arguments(pipe, call, "cpu")


@pytest.fixture(scope="module")
def plain(base) -> np.ndarray:
    """What is drawn from the prompt alone."""
    return draw(base)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_draws_with_keywords_that_the_pipeline_takes(base, plain, mode):
    pipe, given = ready(base, **MODES[mode])
    assert set(given) <= set(inspect.signature(type(pipe).__call__).parameters)
    picture = draw(base, **MODES[mode])
    assert picture.shape == (tiny.SIZE, tiny.SIZE, 3)
    assert picture.dtype == np.uint8
    assert mode == "text" or tiny.distance(picture, plain) > 8


@pytest.mark.parametrize("mode", ["text", "image, pose", "inpaint", "inpaint, pose and depth", "face", "light"])
def test_a_picture_does_not_depend_on_its_neighbours_in_a_batch(base, monkeypatch, mode):
    alone = [draw(base, seeds=(seed,), **MODES[mode]) for seed in (7, 8, 9)]
    plan = device.plan
    monkeypatch.setattr(device, "plan", lambda *a, **b: replace(plan(*a, **b), batch=3))
    together = pipelines.run(base, tiny.call(seeds=(7, 8, 9), **MODES[mode]))
    assert tiny.distance(alone[0], alone[1]) > 8
    # Matrices of other shapes are rounded otherwise, in the last bits of float32.
    assert max(tiny.distance(*pair) for pair in zip(alone, together, strict=True)) <= 1


def test_without_guidance_the_net_is_asked_once_a_step_and_not_twice(base):
    pipe, _ = ready(base)
    batches = []
    hook = pipe.unet.register_forward_pre_hook(lambda net, given: batches.append(len(given[0])))
    draw(base, guidance=1.0, steps=2)
    draw(base, guidance=4.0, steps=2)
    hook.remove()
    assert batches == [1, 1, 2, 2]


def test_what_is_to_be_avoided_counts_only_with_guidance(base):
    avoid = Prompt("a man in a suit", "a hat, a crown, a beard")
    assert tiny.distance(draw(base), draw(base, prompt=avoid)) > 2
    assert tiny.distance(draw(base, guidance=1.0), draw(base, guidance=1.0, prompt=avoid)) == 0


# The prompt.


def embeddings(base, text: str):
    """The embeddings of a prompt."""
    pipe, _ = ready(base)
    return family(base.family).read(pipe, Prompt(text, "blurry"), True, "cpu")


def test_a_short_prompt_is_read_as_diffusers_reads_it(base):
    pipe, _ = ready(base)
    read = embeddings(base, "a man in a suit")
    with library.torch().no_grad():
        own = pipe.encode_prompt("a man in a suit", negative_prompt="blurry", device="cpu", num_images_per_prompt=1,
                                 do_classifier_free_guidance=True)  # fmt: skip
    names = ["prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds"]
    for name, expected in zip(names, own, strict=False):
        assert (read[name] - expected).abs().max() < 1e-5


def test_what_stands_beyond_77_tokens_is_read(base):
    start = "a portrait of a man, " * 6
    one, other = (embeddings(base, start + end)["prompt_embeds"] for end in ("in a red tie", "in a blue hat"))
    assert one.shape[1] > 77
    assert one.shape[1] % 77 == 0
    assert one[:, :77].equal(other[:, :77])
    assert not one.equal(other)


def test_both_prompts_are_filled_up_to_the_same_length(base):
    read = embeddings(base, "a portrait of a man, " * 12)
    assert read["prompt_embeds"].shape == read["negative_prompt_embeds"].shape
    assert tiny.distance(draw(base, prompt=Prompt("a portrait of a man, " * 12, "x")), draw(base)) > 2


def test_weights_change_what_is_read_by_degrees(base):
    texts = ["a man in (silk:1)", "a man in (silk:1.2)", "a man in (silk:1.5)", "a man in (silk:0.6)", "a man in silk"]
    once, more, most, less, unweighted = (embeddings(base, text)["prompt_embeds"] for text in texts)
    assert once.equal(unweighted)
    assert 0 < (more - once).norm() < (most - once).norm()
    assert (less - once).norm() > 0


def test_prompts_are_split_into_weighted_pieces():
    assert fragments("a (silk:1.2) tie, (grey: 0.5) suit") == (
        ["a", "silk", "tie,", "grey", "suit"],
        [1.0, 1.2, 1.0, 0.5, 1.0],
    )
    assert fragments("f/1.8 (85 mm) 3:4") == (["f/1.8 (85 mm) 3:4"], [1.0])
    assert fragments("") == ([""], [1.0])


def test_the_prompt_is_read_once_for_all_pictures_of_a_run(base, monkeypatch):
    counted = []
    read = Reader.read
    monkeypatch.setattr(Reader, "read", lambda self, prompt: counted.append(prompt) or read(self, prompt))
    pipelines.run(base, tiny.call(prompt=Prompt("somebody new", "nothing"), seeds=(1, 2, 3)))
    assert len(counted) == len(set(counted)) * {"sd15": 1, "sdxl": 2}[base.family]


# What steers.


def test_controls_of_no_strength_change_nothing(base, plain):
    none = Control("pose", PICTURE, strength=0.0)
    assert tiny.distance(draw(base, controls=(none,)), plain) <= 1


def test_a_control_holds_only_from_its_start_to_its_end(base, plain):
    full, early, late = (
        draw(base, controls=(replace(POSE, start=start, end=end),), steps=4)
        for start, end in ((0, 1), (0, 0.5), (0.5, 1))
    )
    assert min(tiny.distance(*pair) for pair in ((full, early), (full, late), (early, late))) > 2


def test_likeness_of_nothing_shows_no_face(base, plain):
    assert tiny.distance(draw(base, references=FACE, likeness=0.0), plain) <= 1
    assert tiny.distance(draw(base, references=FACE, likeness=1.0), plain) > 2
    # And after it the face adapter is gone.
    assert tiny.distance(draw(base), plain) == 0


def test_light_of_no_strength_changes_nothing(base, plain):
    assert tiny.distance(draw(base, light=LightStart(PICTURE, 0.0)), plain) == 0


def test_strength_says_how_much_is_drawn_anew(base):
    weak, strong = (draw(base, image=PICTURE, strength=strength, steps=10) for strength in (0.2, 0.9))
    _pipe, _ = ready(base)
    near, far = (np.abs(picture.astype(int) - np.asarray(PICTURE)).mean() for picture in (weak, strong))
    assert near != far
    steps = []
    pipelines.run(base, tiny.call(image=PICTURE, strength=0.3, steps=10), steps.append)
    assert len(steps) == 3


def test_inpainting_draws_the_mask_and_keeps_the_latents_around_it(base):
    pipe, given = ready(base, image=PICTURE, mask=MASK)
    kept = pipe(**given, output_type="latent").images[0]
    pixels = pipe.image_processor.preprocess(PICTURE)
    own = pipe.vae.encode(pixels).latent_dist.mode()[0] * pipe.vae.config.scaling_factor
    around = np.ones((8, 8), bool)
    around[2:-2, 2:-2] = False
    assert (kept - own)[:, around].abs().max() < 1e-4
    assert (kept - own)[:, ~around].abs().min() > 0
    other = pipe.vae.encode(-pixels).latent_dist.mode()[0] * pipe.vae.config.scaling_factor
    assert (other - own).abs().max() > 1e-3


def test_a_block_of_latents_is_drawn_if_any_of_its_pixels_is():
    speck = np.zeros((32, 48), np.uint8)
    speck[9, 17] = 255
    coarse, fine = (np.asarray(in_blocks(tiny.Image.fromarray(speck), side)) for side in (8, 4))
    assert coarse.shape == fine.shape == speck.shape
    assert coarse[8:16, 16:24].min() == fine[8:12, 16:20].min() == 255
    assert (np.count_nonzero(coarse), np.count_nonzero(fine)) == (64, 16)


def test_previews_are_small_pictures_that_come_close_to_the_end(base):
    seen = []
    last = pipelines.run(base, tiny.call(steps=12), lambda step: seen.append(step.preview))[0]
    previews = [preview for preview in seen if preview is not None]
    assert [index for index, preview in enumerate(seen) if preview is not None] == [2, 5, 8]
    assert {preview.shape for preview in previews} == {(8, 8, 3)}
    assert all(preview.dtype == np.uint8 for preview in previews)
    assert last.shape == (tiny.SIZE, tiny.SIZE, 3)


def test_a_missing_extra_is_named_with_the_way_to_fetch_it(base, tmp_path, monkeypatch):
    pipelines.forget()
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path))
    alone = tiny.install(base.name, extras=False)
    for wishes in ({"controls": (POSE,)}, {"references": FACE}):
        with pytest.raises(HeadshotError, match="is not on this machine") as caught:
            draw(alone, **wishes)
        assert "models get" in caught.value.todo
    none = replace(alone, extras=())
    with pytest.raises(HeadshotError, match="no ControlNet for pose"):
        draw(none, controls=(POSE,))
    with pytest.raises(HeadshotError, match="no adapter for faces"):
        draw(none, references=FACE)
    pipelines.forget()
