"""`make`: headshots from recipes."""

from __future__ import annotations

import argparse
from pathlib import Path

from headshot_core.cli.batch import Done, Job, Kind, add_files, plan_jobs, work_through
from headshot_core.cli.recipes import STUDIO, add_recipe, recipes_of
from headshot_core.cli.terminal import command

HEADSHOT = Kind("headshot", "recipe", "preset")


def add(commands) -> None:
    """The command and its flags."""
    parser = command(commands, "make", make, "make headshots of photos, or of every photo in a folder")
    add_files(parser, "headshots")
    add_recipe(parser, STUDIO)


def make(given: argparse.Namespace) -> int:
    """Make every headshot asked for. 2 where one of them could not be made."""
    recipes = recipes_of(given, STUDIO)
    own_backdrops = [Path(recipe.backdrop.image) for recipe in recipes if recipe.backdrop.image]
    inputs = [*own_backdrops, *([given.recipe] if given.recipe else [])]
    jobs = plan_jobs(given, HEADSHOT, [(recipe.preset, recipe) for recipe in recipes], inputs)
    return work_through(jobs, given, _headshot)


def _headshot(job: Job, portrait, report) -> Done:
    from headshot_core.studio.engine import make

    return Done(make(portrait, job.wish, report), job.wish, {})
