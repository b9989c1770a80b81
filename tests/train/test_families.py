"""The families as the trainer sees them agree with diffusers' own pipelines: what is learnt is what draws."""

from __future__ import annotations

import pytest
import tiny_run

from headshot_core.generate import library
from headshot_core.generate.families.latents import generators
from headshot_core.micro.make import unet
from headshot_core.train.families import Noised, trainee

pytestmark = pytest.mark.usefixtures("one_thread")
SIDE = 64


@pytest.fixture(params=tiny_run.FAMILIES)
def family(request):
    """The family and its base model, with all parts."""
    base = tiny_run.install(request.param)
    known = trainee(request.param)
    encoders = known.encoders or ("text_encoder",)
    pipe = known.load(base, library.torch().float32, (known.part, "vae", *encoders))
    return known, base, pipe


def test_it_predicts_what_the_pipeline_computes(family):
    """The same latents, noise level and words give the very prediction that the pipeline hands to its scheduler."""
    known, _, pipe = family
    torch = library.torch()
    with torch.no_grad():
        words, empty = (known.read(pipe, text) for text in ("a photo of ohwx woman, in a red coat", ""))
    if known.part == "unet":  # one that shows the model its latents as they are
        pipe.scheduler = library.diffusers().DDIMScheduler.from_config(pipe.scheduler.config)
    seen, step = {}, pipe.scheduler.step

    def watched(prediction, time, latents, **more):
        if not seen:
            seen.update(prediction=prediction, time=torch.as_tensor(time).reshape(1), latents=latents)
        return step(prediction, time, latents, **more)

    pipe.scheduler.step = watched
    with torch.no_grad():
        pipe(
            **known.drawing(words, empty), width=SIDE, height=SIDE, num_inference_steps=2,
            guidance_scale=0.0 if known.name == "z_image" else 1.0, generator=generators((1,)), output_type="latent",
        )  # fmt: skip
    latents, drawn = (_unpacked(seen[name]) for name in ("latents", "prediction"))
    time = seen["time"] if known.part == "unet" else seen["time"].float() / 1000
    noised = Noised(latents.float(), time, latents, torch.ones(1))
    with torch.no_grad():
        predicted = known.predict(getattr(pipe, known.part), noised, known.collate([words]))
    assert torch.allclose(predicted, drawn.float(), rtol=1e-3, atol=1e-4)


def _unpacked(latents):
    """FLUX.2's latents come as a sequence: (1, h w, C)."""
    if latents.ndim == 4:
        return latents
    side = int(latents.shape[1] ** 0.5)
    return latents.permute(0, 2, 1).reshape(1, -1, side, side)


def test_a_perfect_prediction_leads_back_to_the_picture(family):
    """By the scheduler's own rules: what is asked of the model is what brings the picture out of the noise."""
    known, _, pipe = family
    torch = library.torch()
    draw = torch.Generator().manual_seed(0)
    latents, noise = (torch.randn(1, 4, 8, 8, generator=draw) for _ in range(2))
    for at in (0.1, 0.5, 0.9):
        noised = known.noised(pipe, latents, noise, torch.tensor([at]))
        if known.part == "unet":
            schedule = library.diffusers().DDPMScheduler.from_config(pipe.scheduler.config, clip_sample=False)
            schedule.set_timesteps(1000)
            back = schedule.step(noised.target, int(noised.time), noised.latents).pred_original_sample
        else:
            back = noised.latents - noised.time.view(-1, 1, 1, 1) * noised.target
        assert torch.allclose(back, latents, atol=1e-4)
        assert noised.weight > 0


def test_more_noise_where_it_is_asked_for(family):
    known, _, pipe = family
    torch = library.torch()
    zero, noise = torch.zeros(1, 4, 8, 8), torch.ones(1, 4, 8, 8)
    amounts = [
        float(known.noised(pipe, zero, noise, torch.tensor([at])).latents.mean()) for at in (0.0, 0.3, 0.6, 0.99)
    ]
    assert amounts == sorted(amounts)
    assert amounts[0] < 0.1
    assert amounts[-1] > 0.9


def test_all_adapts_more_layers_than_attention_and_convolutions_where_it_says_so(family):
    known, _, pipe = family
    denoiser = getattr(pipe, known.part)
    attention, everything = (known.targets(denoiser, layers) for layers in ("attention", "all"))
    assert 0 < len(attention) < len(everything)
    assert set(attention) < set(everything)
    kinds = {type(denoiser.get_submodule(name)).__name__ for name in everything}
    assert kinds == ({"Linear", "Conv2d"} if known.convolutions else {"Linear"})


def test_the_demo_learns_in_its_convolutions_too_from_the_middle_on():
    """Its attention sees 8 x 8 places: a mark on a cheek is smaller."""
    denoiser = unet.build()
    everything = trainee("micro").targets(denoiser, "all")
    assert {type(denoiser.get_submodule(name)).__name__ for name in everything} == {"Linear", "Conv2d"}
    assert {name.split(".")[0] for name in everything} == {"mid_block", "up_blocks"}
    assert any(name.startswith("up_blocks.2.") for name in everything)  # 16 x 16 places


def test_pictures_come_back_from_their_latents(family):
    """Encoding for the trainer is the inverse of what the pipeline does before it decodes."""
    known, _, pipe = family
    torch = library.torch()
    pixels = torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    with torch.no_grad():
        latents = known.encode(pipe, pixels)
        own = pipe.vae.encode(pixels).latent_dist.mode()
    config = pipe.vae.config
    if known.name == "flux2_klein":
        own = pipe._patchify_latents(own)
        mean = pipe.vae.bn.running_mean.view(1, -1, 1, 1)
        back = latents * (pipe.vae.bn.running_var.view(1, -1, 1, 1) + config.batch_norm_eps).sqrt() + mean
    else:
        back = latents / config.scaling_factor + (config.get("shift_factor") or 0)
    assert torch.allclose(back, own, atol=1e-4)


def test_min_snr_weighs_clean_pictures_less():
    """Hang et al. 2023: the weight of noise levels with little noise is capped."""
    tiny_run.install("sd15")
    known = trainee("sd15")
    pipe = known.load(tiny_run.install("sd15"), library.torch().float32, ())
    torch = library.torch()
    latents, noise = torch.zeros(3, 4, 8, 8), torch.ones(3, 4, 8, 8)
    at = torch.tensor([0.01, 0.3, 0.95])
    weighted = known.noised(pipe, latents, noise, at).weight
    assert weighted[0] < weighted[1] < weighted[2] + 1e-6
    known.snr_gamma = 0
    assert known.noised(pipe, latents, noise, at).weight.tolist() == [1, 1, 1]


def test_velocity_prediction_is_trained_as_such():
    known = trainee("sd15")
    pipe = known.load(tiny_run.install("sd15"), library.torch().float32, ())
    torch = library.torch()
    pipe.scheduler.register_to_config(prediction_type="v_prediction")
    latents, noise = torch.ones(1, 4, 8, 8), torch.full((1, 4, 8, 8), 2.0)
    noised = known.noised(pipe, latents, noise, torch.tensor([0.5]))
    schedule = library.diffusers().DDPMScheduler.from_config(pipe.scheduler.config)
    assert torch.allclose(noised.target, schedule.get_velocity(latents, noise, noised.time), atol=1e-5)
