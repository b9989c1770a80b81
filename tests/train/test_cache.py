"""What the encoders gave comes back bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from headshot_core.generate import library
from headshot_core.train import cache as caches
from headshot_core.train import dataset
from headshot_core.train.cache import Cache
from headshot_core.train.dataset import Example

ONE = Example("one", "1.jpg", "head", (64, 64), "a photo of ohwx woman", "a photo of woman")


def test_what_is_kept_comes_back(tmp_path):
    torch, cache = library.torch(), Cache(tmp_path)
    latents, weight = torch.randn(1, 4, 8, 8), torch.rand(1, 1, 8, 8)
    assert not cache.has_latents([ONE])
    cache.keep_latents(ONE, latents, weight)
    cache.keep_words("a caption", {"embeds": latents})
    back = cache.latents(ONE)
    assert back["latents"].equal(latents)
    assert back["weight"].equal(weight)
    assert cache.words("a caption")["embeds"].equal(latents)
    assert cache.has_words(["a caption"])
    assert not cache.has_words(["a caption", "another"])


def test_captions_do_not_stand_in_the_names_of_files(tmp_path):
    cache = Cache(tmp_path)
    cache.keep_words("a photo of ohwx woman", {"embeds": library.torch().zeros(1)})
    assert not [path for path in tmp_path.iterdir() if "ohwx" in path.name]


@pytest.fixture
def prepared(tmp_path):
    weight = np.full((64, 64), dataset.BEHIND, np.uint8)
    weight[32:] = dataset.PERSON
    weight[40:56, 16:48] = dataset.FACE
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[..., 0] = 255
    dataset.put(tmp_path, ONE, picture, weight)
    return tmp_path


def test_pixels_are_red_first_and_from_minus_one_to_one(prepared):
    pixels = caches.pixels(prepared, ONE)
    assert pixels.shape == (1, 3, 64, 64)
    assert pixels[0, :, 0, 0].tolist() == [1, -1, -1]


def test_the_face_counts_most_and_all_weights_have_mean_one(prepared):
    weight = caches.weight(prepared, ONE, (8, 8), (0.15, 0.6, 1.0))
    assert float(weight.mean()) == pytest.approx(1, abs=1e-5)
    behind, person, face = (float(weight[0, 0, row, column]) for row, column in ((0, 0), (4, 0), (5, 3)))
    assert behind < person < face
    assert face / behind == pytest.approx(1 / 0.15, rel=0.01)


def test_a_crop_in_which_nothing_counts_counts_evenly(prepared):
    weight = caches.weight(prepared, ONE, (8, 8), (0.0, 0.0, 0.0))
    assert set(weight.flatten().tolist()) == {1.0}
