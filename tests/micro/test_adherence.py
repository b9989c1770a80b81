"""Whether the diffusion engine does what it is told: small counts of what `benchmarks.adherence` counts in full.

Every bound lies well below what the benchmark's table shows and well above chance, so that noise does not trip it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.adherence import control, draw, edit, guidance, person, rank, settings
from headshot_core.micro import readers

FEW, COUNT = 8, 24
"""Pictures of a quick test, and of a slow one."""


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


@pytest.mark.slow
def test_more_guidance_follows_more_closely(usual):
    wished, found = usual
    without = readers.read(draw.draw(wished, guidance=1.0))
    assert draw.adherence(found, wished) > draw.adherence(without, wished) + 0.01


@pytest.mark.slow
@pytest.mark.parametrize("trait", ["glasses", "background"])
def test_a_negative_prompt_pushes_away_what_it_names(trait):
    shares = guidance.negative(trait, COUNT)
    assert shares["with"] < 0.6 * shares["without"] + 0.05


# ControlNets.


def test_the_pose_is_held(free):
    wished, without = free
    found = control.errors(control.read("pose", wished), wished)
    assert found["yaw"] < 0.7 * without["yaw"]
    assert found["place"] < 0.8 * without["place"]


@pytest.mark.slow
def test_the_light_comes_nearer():
    """Nearer, not held: see docs/micro.md."""
    wished = draw.wishes(COUNT)
    without, found = (control.errors(control.read(way, wished), wished)["light"] for way in ("neither", "light"))
    assert found < 0.8 * without


@pytest.mark.slow
def test_both_hold_at_once_and_the_rest_follows_the_prompt(free):
    wished, without = free
    found = control.errors(control.read("both", wished), wished)
    assert found["yaw"] < 0.7 * without["yaw"]
    assert found["light"] < 0.9 * without["light"]
    assert found["rest followed"] > 0.7


@pytest.mark.slow
def test_a_controlnets_strength_and_span_count(free):
    """Half the strength, or the last half of the steps alone, holds less than all."""
    wished, without = free
    ways = ("pose", "pose, strength 0.5", "both, from half the steps on")
    whole, half, late = (control.errors(control.read(way, wished), wished)["yaw"] for way in ways)
    assert whole < half + 3 < without["yaw"] + 3
    assert whole < late + 3 < without["yaw"] + 6


# Drawing over.


@pytest.mark.slow
def test_drawing_over_changes_more_the_stronger_it_is():
    weak, middle, strong = (edit.over(strength, COUNT) for strength in (0.2, 0.6, 1.0))
    assert weak["changed"] < middle["changed"] < strong["changed"]
    assert weak["background"] < strong["background"] > 0.8


@pytest.mark.parametrize(("mask", "trait"), [(edit.torso, "shirt"), (edit.surroundings, "background")])
def test_inside_a_mask_the_prompt_is_followed_and_outside_nothing_changes(mask, trait):
    """What is kept goes through the VAE alone."""
    found = edit.inside("", mask, FEW)
    assert found[trait] > 0.7
    assert found["kept region"] < 0.3 * found["changed"]


# The ranking, and settings that should not matter.


@pytest.mark.slow
def test_the_ranking_puts_the_person_first():
    assert rank.first(16) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("solver", settings.SOLVERS)
def test_solvers_agree(usual, solver):
    wished, found = usual
    other = settings.drawn(wished, base=replace(draw.base(), scheduler=solver))
    assert abs(other - draw.adherence(found, wished)) < 0.08


def test_pictures_drawn_together_are_those_drawn_one_by_one():
    assert settings.batch() <= 2


# A trained person.


@pytest.mark.slow
def test_a_trained_person_is_drawn_when_called_and_the_rest_follows_the_prompt():
    """Half the weight lies between; of others, who are not called, everything else is drawn as before."""
    wished = draw.wishes(COUNT)
    with person.somewhere():
        run = person.train().run
        base, half, whole = (person.called(run.model, weight, wished) for weight in (0.0, 0.5, 1.0))
        others = person.uncalled(run.model, wished)
    assert base["person"] < 0.3
    assert base["person"] < half["person"] <= whole["person"] + 0.1
    assert whole["person"] > 0.75
    for trait in ("background", "shirt"):
        assert whole[trait] > base[trait] - 0.15
    assert others["rest followed"] > 0.8
    assert abs(others["by"]) < 0.2  # a picture is 0.04
    assert others["mark"] < 0.2
