"""The heal brush: what is painted over goes, texture stays, everything else stays as it is."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from headshot_core.enhance import engine
from headshot_core.enhance.heal import Heal, Stroke, dabs_of
from headshot_core.enhance.healing import MOST_DABS
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study, View
from headshot_core.portrait import Portrait
from headshot_core.pyramid import Pyramid

SCRATCH = [(205, 225), (222, 233), (240, 228)]
STROKE = Stroke(points=tuple(((x + 0.5) / 512, (y + 0.5) / 512) for x, y in SCRATCH), radius=4.5 / 512)


@pytest.fixture(scope="module")
def scratched(astronaut) -> Portrait:
    """The example portrait with a bright scratch across the face."""
    pixels = astronaut.pixels.copy()
    cv2.polylines(pixels, [np.array(SCRATCH)], False, (70, 220, 90), 3)
    photo = replace(astronaut.photo, image=Image.fromarray(pixels))
    return replace(astronaut, photo=photo, pyramid=Pyramid(pixels))


def test_a_scratch_goes_and_the_rest_stays(astronaut, scratched):
    healed = engine.enhance(scratched, Stack(steps=(Heal(strokes=(STROKE,)),))).picture.astype(int)
    scratch = (scratched.pixels != astronaut.pixels).any(-1)
    before = np.abs(scratched.pixels.astype(int) - astronaut.pixels)[scratch].mean()
    assert np.abs(healed - astronaut.pixels)[scratch].mean() < 0.25 * before
    far = Heal(strokes=(STROKE,)).mask(Study(scratched).whole()) == 0
    assert (healed == scratched.pixels)[far].all()


def test_grain_goes_on_across_a_healed_place(astronaut):
    grain = np.random.default_rng(1).normal(0, 12, (512, 512, 1))
    pixels = np.clip(np.full((512, 512, 3), 128.0) + grain, 0, 255).astype(np.uint8)
    portrait = replace(astronaut, pyramid=Pyramid(pixels))
    stroke = Stroke(points=((0.1, 0.8), (0.2, 0.85)), radius=0.02)
    window = Study(portrait).whole()
    settings = Heal(strokes=(stroke,))
    after, inside = settings.apply(View(window, window.photo)), settings.mask(window) == 1
    assert 0.8 < after[inside].std() / window.photo[inside].std() < 1.1


def test_tiles_heal_alike(scratched, monkeypatch):
    stack = Stack(steps=(Heal(strokes=(STROKE,)),))
    whole = engine.enhance(scratched, stack).picture
    monkeypatch.setattr(engine, "TILE", 222)
    assert np.abs(engine.enhance(scratched, stack).picture.astype(int) - whole).max() <= 2


@pytest.mark.parametrize("points", [((0.5, 0.5),), ((-0.1, 0.3), (1.2, 0.3)), ((0.0, 0.0), (1.0, 1.0))])
def test_strokes_of_any_size_and_place_give_a_picture(astronaut, points):
    strokes = (Stroke(points=points, radius=0.1),)
    window = Study(astronaut).whole(200)
    after = Heal(strokes=strokes).apply(View(window, window.photo))
    assert np.isfinite(after).all()
    assert 0.05 < after[Heal(strokes=strokes).mask(window) == 1].mean() < 0.95


def test_the_work_for_a_stroke_has_a_bound():
    scribble = Stroke(points=tuple((x / 2000, x % 2) for x in range(2000)), radius=0.001)
    assert len(dabs_of(scribble, (6000, 4000))) == MOST_DABS


def test_without_strokes_it_is_idle():
    assert Heal().idle
    assert not Heal(strokes=(STROKE,)).idle


def test_a_stroke_needs_points_and_a_sane_radius():
    for bad in ({"points": (), "radius": 0.01}, {"points": ((0.5, 0.5),), "radius": 3}):
        with pytest.raises(ValidationError):
            Stroke(**bad)
