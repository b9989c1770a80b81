"""Light in the starting noise, and a VAE that leaves nothing to chance."""

from __future__ import annotations

import numpy as np
import pytest
import tiny

from headshot_core.generate import library
from headshot_core.generate.families import latents

torch = library.torch()


def noise(count: int = 2, channels: int = 4, side: int = 64):
    """Unit noise."""
    return torch.randn((count, channels, side, side), generator=torch.Generator().manual_seed(0))


def lit(side: int = 64):
    """Light from the left."""
    return torch.linspace(1, -1, side).expand(1, 4, side, side).contiguous()


def slope(picture) -> float:
    """How much brighter the left is than the right."""
    half = picture.shape[-1] // 2
    return float(picture[..., :half].mean() - picture[..., half:].mean())


def test_no_strength_gives_the_noise_itself():
    start = noise()
    assert latents.light_start(start, lit(), 0.0) is start


def test_the_stronger_the_light_the_more_its_side_is_brighter():
    slopes = [slope(latents.light_start(noise(), lit(), strength)) for strength in (0.0, 0.3, 0.6, 1.0)]
    assert slopes == sorted(slopes)
    assert slopes[-1] > slopes[0] + 0.1


@pytest.mark.parametrize("strength", [0.2, 0.6, 1.0])
def test_the_noise_stays_as_loud_and_its_detail_stays_noise(strength):
    start = noise()
    begun = latents.light_start(start, lit(), strength)
    assert begun.square().mean((1, 2, 3)) == pytest.approx(start.square().mean((1, 2, 3)), rel=1e-4)
    detail, before = begun - latents._low(begun), start - latents._low(start)
    assert float((detail * before).sum() / before.square().sum()) == pytest.approx(1, abs=0.02)


def test_each_picture_keeps_its_own_noise_whatever_its_neighbours():
    together = latents.light_start(noise(3), lit(), 0.7)
    alone = latents.light_start(noise(3)[1:2], lit(), 0.7)
    assert (together[1:2] - alone).abs().max() < 1e-5


def test_light_works_on_latents_of_any_shape_and_precision():
    for channels, rows, columns in ((16, 40, 24), (32, 6, 10)):
        start = torch.randn(1, channels, rows, columns).bfloat16()
        begun = latents.light_start(start, torch.randn(1, channels, rows, columns), 0.5)
        assert (begun.shape, begun.dtype) == (start.shape, start.dtype)


@pytest.fixture
def vae():
    """A tiny VAE made ready."""
    torch.manual_seed(0)
    vae = tiny._vae(0.18215).eval()
    latents.ready_vae(vae)
    return vae


def test_a_picture_is_encoded_without_chance_and_once(vae):
    seen = []
    vae.encoder.register_forward_pre_hook(lambda part, given: seen.append(given))
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        samples = [vae.encode(picture.clone()).latent_dist.sample(torch.Generator().manual_seed(i)) for i in (0, 1)]
        assert samples[0].equal(samples[1])
        assert len(seen) == 1
        assert not vae.encode(picture + 0.1).latent_dist.mode().equal(samples[0])
        assert len(seen) == 2


def test_pictures_are_decoded_one_by_one(vae):
    many = torch.randn(3, 4, 8, 8)
    with torch.no_grad():
        together = vae.decode(many, return_dict=False)[0]
        alone = [vae.decode(one).sample for one in many.split(1)]
    assert together.equal(torch.cat(alone))


def test_what_overflows_in_half_precision_is_decoded_in_float32():
    torch.manual_seed(0)
    vae = tiny._vae(0.18215).eval()
    with torch.no_grad():
        expected = vae.decode(torch.ones(1, 4, 8, 8) / 2).sample
    vae.to(torch.float16)
    latents.ready_vae(vae)

    def overflow(part, given, out):
        return out * torch.inf if out.dtype == torch.float16 else out

    vae.decoder.conv_in.register_forward_hook(overflow)
    with torch.no_grad():
        decoded = vae.decode(torch.ones(1, 4, 8, 8, dtype=torch.float16) / 2).sample
    assert decoded.dtype == torch.float16
    assert (decoded.float() - expected).abs().max() < 0.01
    assert vae.dtype == torch.float16


def test_what_was_read_is_kept_for_a_few_keys_of_each_encoder():
    encoder, counted = torch.nn.Linear(1, 1), []
    for key in ("a", "a", "b", "c", "d", "e", "a"):
        latents.once(encoder, key, lambda key=key: counted.append(key))
    assert counted == ["a", "b", "c", "d", "e", "a"]
    latents.forget_read()
    latents.once(encoder, "a", lambda: counted.append("again"))
    assert counted[-1] == "again"


def test_rough_colours_stay_within_their_range_even_of_broken_latents():
    broken = torch.tensor([[[100.0, -100.0, float("nan"), 0.0]]])
    assert latents.rough(broken, [(1, 1, 1)], (0, 0, 0)).tolist() == [[[255] * 3, [0] * 3, [0] * 3, [128] * 3]]
    assert latents.rough(broken, [(1, 1, 1)], (0, 0, 0)).dtype == np.uint8
