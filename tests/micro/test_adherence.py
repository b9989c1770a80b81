"""Whether the diffusion engine does what it is told: small counts of what `benchmarks.adherence` counts in full.

Every bound lies well below what the benchmark's table shows and well above chance, so that noise does not trip it.
"""

from __future__ import annotations

import pytest

from benchmarks.adherence import control, draw, edit, settings
from headshot_core.micro import readers

FEW, COUNT = 8, 24
"""Pictures of most tests; and of that of the prompt."""


@pytest.fixture(scope="module")
def usual():
    """Wishes, and readings of pictures of the full prompts."""
    wished = draw.wishes(COUNT)
    return wished, readers.read(draw.draw(wished))


@pytest.fixture(scope="module")
def free():
    """A few wishes, and how far pictures are off whose prompts name neither turn nor light."""
    wished = draw.wishes(FEW)
    return wished, control.errors(control.read("neither", wished), wished)


# The prompt.


def test_pictures_show_what_the_prompt_names(usual):
    """Each trait far above chance."""
    wished, found = usual
    for trait in draw.NAMED:
        followed, by_chance = draw.followed(found, wished, trait), draw.chance(found, wished, trait)
        assert followed > by_chance + 0.3 * (1 - by_chance), trait
    assert draw.adherence(found, wished) > 0.8


# ControlNets.


def test_the_pose_is_held(free):
    wished, without = free
    found = control.errors(control.read("pose", wished), wished)
    assert found["yaw"] < 0.7 * without["yaw"]
    assert found["place"] < 0.8 * without["place"]


# Drawing over.


@pytest.mark.parametrize(("mask", "trait"), [(edit.torso, "shirt"), (edit.surroundings, "background")])
def test_inside_a_mask_the_prompt_is_followed_and_outside_nothing_changes(mask, trait):
    """What is kept goes through the VAE alone."""
    found = edit.inside("", mask, FEW)
    assert found[trait] > 0.7
    assert found["kept region"] < 0.3 * found["changed"]


# Settings that should not matter.


def test_pictures_drawn_together_are_those_drawn_one_by_one():
    assert settings.batch() <= 2
