"""JPEG clean-up knows a strongly compressed photo, mends it, and leaves others alone."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from headshot_core.enhance.jpeg import Jpeg, blockiness_of
from headshot_core.enhance.view import Study, View
from headshot_core.pyramid import Pyramid


def compressed(portrait, quality, cut=0):
    """The portrait after JPEG, its first rows and columns cut away."""
    file = io.BytesIO()
    Image.fromarray(portrait.pixels).save(file, "JPEG", quality=quality)
    pixels = np.asarray(Image.open(file))[cut:, cut:]
    return Study(replace(portrait, pyramid=Pyramid(np.ascontiguousarray(pixels))))


def test_blocks_are_measured(astronaut):
    levels = [blockiness_of(compressed(astronaut, quality)) for quality in (90, 40, 20, 10)]
    assert levels[0] == 0
    assert levels == sorted(levels)
    assert levels[1] > 0.1
    assert levels[3] > 0.7


def test_the_grid_may_lie_anywhere(astronaut):
    assert blockiness_of(compressed(astronaut, 20, cut=3)) == pytest.approx(
        blockiness_of(compressed(astronaut, 20)), abs=0.1
    )


def test_grain_and_stripes_are_no_blocks(astronaut):
    grain = np.random.default_rng(2).normal(0, 12, astronaut.pixels.shape)
    grainy = np.clip(astronaut.pixels + grain, 0, 255).astype(np.uint8)
    striped = astronaut.pixels.copy()
    striped[:, ::8] = np.clip(striped[:, ::8].astype(int) + 12, 0, 255)
    for pixels in (grainy, striped):
        assert blockiness_of(Study(replace(astronaut, pyramid=Pyramid(pixels)))) == 0


@pytest.mark.parametrize("quality", [10, 20, 30, 40])
def test_comes_nearer_to_the_original(astronaut, quality):
    window = compressed(astronaut, quality).whole()
    before = ((window.photo * 255 - astronaut.pixels) ** 2).mean()
    pixels = Jpeg().on_view(View(window, window.photo)).pixels
    assert ((pixels * 255 - astronaut.pixels) ** 2).mean() < 0.96 * before


def test_a_clean_photo_stays_as_it_is(astronaut):
    window = Study(astronaut).whole()
    assert Jpeg().apply(View(window, window.photo)) is window.photo


def test_the_effect_fades_in_small_views(astronaut):
    study = compressed(astronaut, 10)
    changes = []
    for side in (512, 256, 128):
        window = study.whole(side)
        changes.append(np.abs(Jpeg().on_view(View(window, window.photo)).pixels - window.photo).mean())
    assert changes[0] > 1.5 * changes[1] > 2 * changes[2]
