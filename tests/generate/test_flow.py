"""What Z-Image and FLUX.2 klein have in common, with tiny models in diffusers' own classes."""

import inspect
from dataclasses import replace

import numpy as np
import pytest
import tiny_flow
from PIL import Image

from headshot_core.generate import library, models, pipelines
from headshot_core.generate.call import Adapter, Call, Control, LightStart, Prompt
from headshot_core.generate.families import family, flow, latents

SIZE = (64, 96)
BOTH = ("z_image", "flux2_klein")
CALL = Call(Prompt("a portrait of a woman"), SIZE, (1, 2, 3), steps=3, guidance=0.0)
KINDS = ("text", "image", "inpaint")


def picture(seed):
    """Random squares of 8 pixels."""
    squares = np.random.default_rng(seed).integers(0, 256, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    return Image.fromarray(squares.repeat(8, 0).repeat(8, 1))


def lower_half():
    """A mask: only the lower half is drawn."""
    mask = Image.new("L", SIZE, 0)
    mask.paste(255, (0, SIZE[1] // 2, *SIZE))
    return mask


def of_kind(kind, **changes):
    """CALL, as that kind of drawing."""
    image = None if kind == "text" else picture(1)
    return replace(CALL, image=image, mask=lower_half() if kind == "inpaint" else None, **changes)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flow")
    return {name: getattr(tiny_flow, name)(folder / name) for name in BOTH}


@pytest.fixture(scope="module")
def load(folders):
    """The pipeline of a family for a kind of drawing, all parts shared."""
    text = {name: tiny_flow.load(folders[name]) for name in BOTH}
    return lambda name, kind="text": tiny_flow.turned(text[name], family(name).pipeline(kind, False))


def draw(name, pipe, call, each=None, **more):
    """Pictures (N, H, W, 3), 0..1."""
    arguments = family(name).arguments(pipe, call, "cpu")
    return pipe(**arguments, callback_on_step_end=each, **{"output_type": "np"} | more).images


def as_latents(name, pipe, image):
    """A picture as the transformer sees it."""
    pixels = flow.pixels(pipe, image, SIZE, "cpu")
    with library.torch().no_grad():
        if name == "flux2_klein":
            return pipe._encode_vae_image(pixels, None)
        config = pipe.vae.config
        return (pipe.vae.encode(pixels).latent_dist.mode() - config.shift_factor) * config.scaling_factor


class Oracle:
    """Puts into a pipeline a transformer that knows the picture, and goes there on a straight line.

    It is told no noise: from its input and the sigma it works out the way, as a perfectly trained one would.
    """

    def __init__(self, name, pipe, target, monkeypatch):
        self.name, self.pipe, self.target = name, pipe, target
        forward = self.z_image if name == "z_image" else self.flux2_klein
        monkeypatch.setattr(pipe.transformer, "forward", forward)

    def _sigma(self):
        scheduler = self.pipe.scheduler
        return scheduler.sigmas[scheduler.step_index or 0]

    def z_image(self, x, t, prompts, **more):
        return ([(self.target[0][:, None] - one) / self._sigma() for one in x],)

    def flux2_klein(self, hidden_states, **more):
        target = self.pipe._pack_latents(self.target)
        velocity = library.torch().zeros_like(hidden_states)
        here = target.shape[1]
        velocity[:, :here] = (hidden_states[:, :here] - target) / self._sigma()
        return (velocity,)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_draws_by_known_keywords(name, kind, load):
    """All keywords are those of the installed pipeline, pictures have the size asked for, and differ by their seeds."""
    pipe, call = load(name, kind), of_kind(kind, strength=0.7)
    arguments = family(name).arguments(pipe, call, "cpu")
    assert set(arguments) <= set(inspect.signature(type(pipe).__call__).parameters)
    pictures = draw(name, pipe, call)
    assert pictures.shape == (3, SIZE[1], SIZE[0], 3)
    assert np.isfinite(pictures).all()
    assert np.abs(pictures[0] - pictures[1]).mean() > 0.02


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("kind", KINDS)
def test_batch_size_changes_no_picture(name, kind, load):
    """Three pictures at once are the same three one by one, light included."""
    pipe = load(name, kind)
    call = of_kind(kind, strength=0.7, light=LightStart(picture(5), 0.6))
    together = draw(name, pipe, call)
    alone = [draw(name, pipe, replace(call, seeds=(seed,)))[0] for seed in call.seeds]
    assert np.abs(together - alone).max() < 1e-4


@pytest.mark.parametrize("name", BOTH)
def test_the_same_seed_gives_the_same_picture(name, load):
    """The same, byte for byte, also where other drawings came between; another seed gives another."""
    pipe = load(name)
    first = draw(name, pipe, CALL)
    draw(name, load(name, "image"), of_kind("image", strength=0.3))
    assert (draw(name, pipe, CALL) == first).all()
    assert np.abs(draw(name, pipe, replace(CALL, seeds=(7, 8, 9))) - first).mean() > 0.02


@pytest.mark.parametrize("name", BOTH)
def test_text_is_what_diffusers_draws_with_its_defaults(name, load):
    """With nothing wished for but words, the picture is that of a plain call of the pipeline."""
    pipe = load(name)
    plain = pipe(
        prompt=CALL.prompt.positive,
        height=SIZE[1],
        width=SIZE[0],
        num_inference_steps=3,
        guidance_scale=0.0,
        generator=latents.generators(CALL.seeds),
        num_images_per_prompt=3,
        output_type="np",
    ).images
    assert np.abs(draw(name, pipe, CALL) - plain).max() < 1e-4


@pytest.mark.parametrize("name", BOTH)
def test_the_prompt_is_read_once_and_without_weights(name, load, monkeypatch):
    """Batches share the embeddings; a weight is no word; other words are read anew, and draw another picture."""
    pipe, read = load(name), []
    encode = pipe.encode_prompt
    monkeypatch.setattr(pipe, "encode_prompt", lambda *text, **more: read.extend(text) or encode(*text, **more))
    one, two = (
        family(name).arguments(pipe, replace(CALL, prompt=Prompt(t)), "cpu") for t in ("(red:1.3) tie", "red tie")
    )
    other = draw(name, pipe, replace(CALL, prompt=Prompt("a blue scarf")))
    assert read == ["red tie", "a blue scarf"]
    assert (one["prompt_embeds"][0] == two["prompt_embeds"][0]).all()
    assert np.abs(other - draw(name, pipe, CALL)).max() > 1e-4


def test_plain_drops_weights_and_leaves_other_brackets():
    """Nested weights go; times, f-numbers and brackets of sentences stay."""
    assert flow.plain("a ((silk:1.2) tie:0.9), (smiling: 1.1)") == "a silk tie, smiling"
    for text in ("at 85 mm (f/1.8)", "meets at (10:30)", "a man (about 40)", "warm: soft light"):
        assert flow.plain(text) == text


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_a_perfect_model_arrives(name, kind, strength, load, monkeypatch):
    """A transformer that knows the way ends at its picture, from every start; its preview is right after one step."""
    pipe = load(name, kind)
    target = as_latents(name, pipe, picture(1))
    Oracle(name, pipe, target, monkeypatch)
    seen = []
    each = lambda pipe, i, t, now: seen.append(family(name).preview(pipe, now["latents"], SIZE)) or {}  # noqa: E731
    call = of_kind(kind, strength=strength)
    drawn = draw(name, pipe, call, each, output_type="latent")
    if name == "flux2_klein":
        mean, var = (stat.view(1, -1, 1, 1) for stat in (pipe.vae.bn.running_mean, pipe.vae.bn.running_var))
        target = pipe._unpatchify_latents(target * (var + pipe.vae.config.batch_norm_eps).sqrt() + mean)
    assert np.abs(np.asarray(drawn) - np.asarray(target)).max() < 1e-3
    assert seen[0].shape == (SIZE[1] // 8, SIZE[0] // 8, 3)
    assert seen[0].dtype == np.uint8
    assert all(np.abs(one.astype(int) - seen[-1]).max() <= 1 for one in seen)
    assert seen[-1].std() > 2


@pytest.mark.parametrize("name", BOTH)
def test_strength_says_how_much_of_the_picture_is_left(name, load):
    """The start holds the less of the picture the greater the strength: by the shares that `begin` states."""
    pipe = load(name)
    image = as_latents(name, pipe, picture(1))
    unit = family(name).arguments(pipe, CALL, "cpu")["latents"]
    for strength in (0.2, 0.6, 0.95):
        arguments = family(name).arguments(pipe, of_kind("image", strength=strength), "cpu")
        sigma = flow.begin(strength)
        assert np.abs(np.asarray(arguments["latents"] - ((1 - sigma) * image + sigma * unit))).max() < 1e-5
        draw(name, pipe, of_kind("image", strength=strength))
        assert float(pipe.scheduler.sigmas[0]) == pytest.approx(sigma, abs=1e-4)
    assert flow.begin(1.0) == 1
    kept = draw(name, pipe, of_kind("image", strength=0.0), output_type="latent")
    assert np.isfinite(np.asarray(kept)).all()
    assert len(arguments["sigmas"]) == 3


def test_fewer_steps_where_less_is_drawn_but_never_next_to_none():
    """A strong model needs its share of steps, a few-step model all of them."""
    scheduler = library.diffusers().FlowMatchEulerDiscreteScheduler(shift=3.0)
    assert len(flow.schedule(scheduler, 50, 0.6, lambda steps: 0)) == 30
    assert len(flow.schedule(scheduler, 4, 0.3, lambda steps: 0)) == 4
    assert len(flow.schedule(scheduler, 2, 0.3, lambda steps: 0)) == 2


@pytest.mark.parametrize("name", BOTH)
def test_what_is_kept_stays(name, load):
    """Outside the mask the latents are the picture's own, with light and at any strength; inside they are not."""
    pipe = load(name, "inpaint")
    image = as_latents(name, pipe, picture(1))
    for strength, light in ((1.0, None), (0.5, LightStart(picture(5), 1.0))):
        call = of_kind("inpaint", strength=strength, light=light)
        drawn = draw(name, pipe, call, output_type="latent")
        if name == "flux2_klein":
            mean, var = (stat.view(1, -1, 1, 1) for stat in (pipe.vae.bn.running_mean, pipe.vae.bn.running_var))
            drawn = (pipe._patchify_latents(drawn) - mean) / (var + pipe.vae.config.batch_norm_eps).sqrt()
        upper = drawn.shape[2] // 2
        assert np.abs(np.asarray(drawn[:, :, :upper] - image[:, :, :upper])).max() < 1e-4
        assert np.abs(np.asarray(drawn[:, :, upper:] - image[:, :, upper:])).mean() > 0.1


@pytest.mark.parametrize("name", BOTH)
def test_light_leans_the_start_and_keeps_it_as_loud(name, load):
    """The start's broad light follows the lit picture by its strength; strength 0 leaves the noise alone."""
    pipe = load(name)
    lit = as_latents(name, pipe, picture(5))
    starts = [
        family(name).arguments(pipe, replace(CALL, light=LightStart(picture(5), strength)), "cpu")["latents"]
        for strength in (0.0, 0.5, 1.0)
    ]
    assert (starts[0] == family(name).arguments(pipe, CALL, "cpu")["latents"]).all()
    alike = [float((start[0] * lit[0]).mean()) for start in starts]
    assert alike[0] < alike[1] < alike[2]
    assert all(float(start.std()) == pytest.approx(1, abs=0.1) for start in starts)


@pytest.mark.parametrize("name", BOTH)
def test_cancel_within_a_step(name, load):
    """An interrupt in the first step is the end of it."""
    pipe, steps = load(name), []

    def stop(pipe, i, t, now):
        steps.append(i)
        pipe._interrupt = True
        return {}

    draw(name, pipe, CALL, stop)
    assert steps == [0]


@pytest.mark.parametrize("name", BOTH)
def test_a_lora_counts_by_its_weight_and_leaves_no_trace(name, folders, tmp_path):
    """It changes the picture; at weight 0, and unloaded, the picture is what it was."""
    pipe = tiny_flow.load(folders[name])
    before = draw(name, pipe, CALL)
    pipe.load_lora_weights(str(tiny_flow.lora(tmp_path / "lora.safetensors", folders[name])), adapter_name="a")
    whole = draw(name, pipe, CALL)
    pipe.set_adapters(["a"], [0.0])
    assert (draw(name, pipe, CALL) == before).all()
    pipe.unload_lora_weights()
    assert (draw(name, pipe, CALL) == before).all()
    assert np.abs(whole - before).max() > 1e-3


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("kind", KINDS)
def test_half_precision(name, kind, folders):
    """In bfloat16 every kind of drawing runs, and its preview."""
    torch = library.torch()
    text = tiny_flow.load(folders[name], torch.bfloat16)
    pipe = tiny_flow.turned(text, family(name).pipeline(kind, False))
    seen = []
    each = lambda pipe, i, t, now: seen.append(family(name).preview(pipe, now["latents"], SIZE)) or {}  # noqa: E731
    call = of_kind(kind, strength=0.7, light=LightStart(picture(5), 0.6), references=(picture(3),))
    assert np.isfinite(draw(name, pipe, call, each)).all()
    assert len(seen) == 3


@pytest.mark.parametrize("name", BOTH)
def test_saved_and_reloaded(name, folders, load, tmp_path):
    """A pipeline saved and loaded again draws the same."""
    load(name).save_pretrained(tmp_path / "again")
    again = tiny_flow.load(tmp_path / "again")
    assert (draw(name, again, CALL) == draw(name, load(name), CALL)).all()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Tiny base models where the engine looks for its own, with entries that say how small they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSHOT_HOME", str(tmp_path_factory.mktemp("home")))
        names = ("z_image_turbo", "z_image", "flux2_klein", "flux2_klein_base")
        yield {name: replace(tiny_flow.install(name), memory_gb=0.1) for name in names}
        pipelines.forget()


@pytest.mark.parametrize("name", ["z_image_turbo", "z_image", "flux2_klein", "flux2_klein_base"])
def test_the_engine_runs_them(name, installed, tmp_path):
    """From their folders, by `pipelines.run`: every kind of drawing, with a LoRA, light and whatever else it can."""
    base, seen = installed[name], []
    lora = tiny_flow.lora(tmp_path / "lora.safetensors", models.location(base))
    controls = (Control("pose", picture(4)),) if "control" in base.can and base.family == "z_image" else ()
    for kind in KINDS:
        call = of_kind(kind, strength=0.7, guidance=base.guidance, light=LightStart(picture(5), 0.5))
        call = replace(call, references=(picture(6),) if "reference" in base.can else (), steps=5)
        plain = pipelines.run(base, call, seen.append)
        again = pipelines.run(base, replace(call, seeds=call.seeds[1:]))
        trained = pipelines.run(base, replace(call, loras=(Adapter(str(lora), 0.8),)))
        assert [one.shape for one in plain] == [(SIZE[1], SIZE[0], 3)] * 3
        assert all(np.abs(one.astype(int) - two).max() <= 1 for one, two in zip(plain[1:], again, strict=True))
        assert all((one != two).any() for one, two in zip(plain, trained, strict=True))
        if controls:
            held = pipelines.run(base, replace(call, controls=controls))
            assert all((one != two).any() for one, two in zip(plain, held, strict=True))
    assert seen[-1].step == seen[-1].total
    assert any(step.preview is not None for step in seen)
