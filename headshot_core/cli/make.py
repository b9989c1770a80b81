"""`make`: headshots from recipes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from headshot_core.cli.batch import Done, Job, Kind, add_files, plan_jobs, work_through
from headshot_core.cli.terminal import add_field, command, first_line
from headshot_core.errors import HeadshotError
from headshot_core.files import explain
from headshot_core.recipe import Backdrop, Frame, Grade, Light, Recipe

HEADSHOT = Kind("headshot", "recipe", "preset")
SECTIONS: dict[str, type[BaseModel]] = {"frame": Frame, "backdrop": Backdrop, "light": Light, "grade": Grade}
CHOICES = {"frame": "name", "backdrop": "kind", "light": "pattern", "grade": "look"}
"""The field of each section that names one of several kinds; its flag is called as below."""
FLAGS = {
    "frame.name": "frame",
    "backdrop.kind": "backdrop",
    "light.pattern": "light",
    "light.strength": "light-strength",
    "grade.look": "look",
    "grade.strength": "look-strength",
    "grade.auto": "auto-exposure",
}
"""Fields whose flag is not simply the field's name."""


def add(commands) -> None:
    """The command and its flags."""
    parser = command(commands, "make", make, "make headshots of photos, or of every photo in a folder")
    add_files(parser, "headshots")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--preset", default="", metavar="NAME[,NAME…]", help="looks to start from, or 'all'")
    start.add_argument("--recipe", type=Path, metavar="FILE", help="start from a saved recipe (OUT.recipe.json)")
    parser.add_argument(
        "--size", metavar="WxH", default=argparse.SUPPRESS, help="pixels, short for --width and --height"
    )
    parser.add_argument("--seed", default=argparse.SUPPRESS, metavar="N", help="of everything random")
    for section, model in SECTIONS.items():
        group = parser.add_argument_group(section, first_line(model))
        for field, schema in model.model_json_schema()["properties"].items():
            metavar = "NAME" if CHOICES[section] == field else "VALUE"
            add_field(group, [flag(section, field)], f"{section}.{field}", schema, _limits(schema), metavar=metavar)


def flag(section: str, field: str) -> str:
    """The flag of a recipe's field."""
    return "--" + FLAGS.get(f"{section}.{field}", field.replace("_", "-"))


def _limits(schema: dict[str, Any]) -> str:
    for part in (schema, *schema.get("anyOf", ())):
        if "minimum" in part:
            return f"{part['minimum']:g} to {part['maximum']:g}"
    return ""


def make(given: argparse.Namespace) -> int:
    """Make every headshot asked for. 2 where one of them could not be made."""
    recipes = _recipes(given)
    own_backdrops = [Path(recipe.backdrop.image) for recipe in recipes if recipe.backdrop.image]
    inputs = [*own_backdrops, *([given.recipe] if given.recipe else [])]
    jobs = plan_jobs(given, HEADSHOT, [(recipe.preset, recipe) for recipe in recipes], inputs)
    return work_through(jobs, given, _headshot)


def _headshot(job: Job, portrait, report) -> Done:
    from headshot_core.studio.engine import make

    return Done(make(portrait, job.wish, report), job.wish, {})


# From arguments to recipes.


def _recipes(given: argparse.Namespace) -> list[Recipe]:
    wishes = wishes_of(given)
    recipes = [changed(start, wishes) for start in _starts(given)]
    for recipe in recipes:
        _check_names(recipe)
    return recipes


def _starts(given: argparse.Namespace) -> list[Recipe]:
    """The recipes to start from: a file's, the presets', or the plain one."""
    if given.recipe:
        return [_read_recipe(given.recipe)]
    names = [name.strip() for name in given.preset.split(",") if name.strip()]
    if not names:
        return [Recipe()]
    from headshot_core import presets

    if names == ["all"]:
        return [preset.recipe() for preset in presets.presets().values()]
    return [presets.get(name).recipe() for name in dict.fromkeys(names)]


def _read_recipe(path: Path) -> Recipe:
    try:
        return Recipe.model_validate_json(path.read_bytes())
    except OSError as error:
        raise explain(error, path) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise HeadshotError(
            f"{path} is no recipe: {place} {first['msg']}.", "Use a saved .recipe.json file."
        ) from error


def wishes_of(given: argparse.Namespace) -> dict[str, Any]:
    """What the flags say, as parts of a recipe."""
    wishes: dict[str, Any] = {section: {} for section in SECTIONS}
    if hasattr(given, "size"):
        width, cross, height = given.size.lower().replace("×", "x").partition("x")
        if not (cross and width.isdecimal() and height.isdecimal()):
            raise HeadshotError(f"The size {given.size!r} cannot be read.", "Write it as 800x1000.")
        wishes["frame"] |= {"width": width, "height": height}
    for name, value in vars(given).items():
        section, dot, field = name.partition(".")
        if dot:
            wishes[section][field] = value
    if wishes["backdrop"].get("image"):
        wishes["backdrop"].setdefault("kind", "image")
    if hasattr(given, "seed"):
        wishes["seed"] = given.seed
    return wishes


def changed(recipe: Recipe, wishes: dict[str, Any]) -> Recipe:
    """The recipe with the wishes put in. Another kind of frame, backdrop, light or look begins as it comes."""
    data = recipe.model_dump()
    for section, choice in CHOICES.items():
        wish = wishes[section]
        other = choice in wish and wish[choice] != data[section][choice]
        data[section] = wish if other else data[section] | wish
    if "seed" in wishes:
        data["seed"] = wishes["seed"]
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        wrong = flag(*first["loc"][:2]) if len(first["loc"]) > 1 else f"--{first['loc'][0]}"
        raise HeadshotError(
            f"{wrong} {first['input']}: {first['msg']}.", "See: python -m headshot_core make --help"
        ) from error


def _check_names(recipe: Recipe) -> None:
    """Names that nothing is called are found before any work."""
    from headshot_core.studio import backdrops, framing, grade, light

    framing.rule_of(recipe.frame)
    light.pattern_of(recipe.light)
    grade.look_of(recipe.grade)
    backdrops.get(recipe.backdrop.kind)
