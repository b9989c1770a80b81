"""From a command's arguments to recipes: every field of a recipe is a flag."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from headshot_core.cli.terminal import Parser, add_field, first_line
from headshot_core.errors import HeadshotError
from headshot_core.files import explain
from headshot_core.recipe import Backdrop, Frame, Generate, Grade, Light, Pose, Recipe, Wishes

STUDIO: dict[str, type[BaseModel]] = {"frame": Frame, "backdrop": Backdrop, "light": Light, "grade": Grade}
DRAWN: dict[str, type[BaseModel]] = {**STUDIO, "wishes": Wishes, "pose": Pose, "generate": Generate}
"""The sections of a recipe that count for the studio engine, and for the diffusion engine."""
CHOICES = {"frame": "name", "backdrop": "kind", "light": "pattern", "grade": "look", "pose": "name"}
"""The field of a section that names one of several kinds; its flag is called as below."""
FLAGS = {
    "frame.name": "frame",
    "backdrop.kind": "backdrop",
    "light.pattern": "light",
    "light.strength": "light-strength",
    "grade.look": "look",
    "grade.strength": "look-strength",
    "grade.auto": "auto-exposure",
    "wishes.colour": "clothing-colour",
    "pose.name": "pose",
    "pose.image": "pose-photo",
    "pose.strength": "pose-strength",
    "pose.start": "pose-start",
    "pose.end": "pose-end",
    "generate.loras": "lora",
    "generate.strength": "restyle-strength",
    "generate.light": "light-steering",
    "generate.enhance": "style",
}
"""Fields whose flag is not simply the field's name."""
NAMES = {
    "generate.base": "NAME",
    "generate.mode": "MODE",
    "generate.enhance": "NAME",
    "generate.loras": "FILE[:WEIGHT]",
}
"""What stands for the value of other fields than numbers and the choices above."""


def add_recipe(parser: Parser, sections: dict[str, type[BaseModel]]) -> None:
    """A preset or a saved recipe to start from, and a flag for every field of these sections."""
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--preset", default="", metavar="NAME[,NAME…]", help="looks to start from, or 'all'")
    start.add_argument("--recipe", type=Path, metavar="FILE", help="start from a saved recipe (OUT.recipe.json)")
    parser.add_argument(
        "--size", metavar="WxH", default=argparse.SUPPRESS, help="pixels, short for --width and --height"
    )
    parser.add_argument("--seed", default=argparse.SUPPRESS, metavar="N", help="of everything random")
    for section, model in sections.items():
        group = parser.add_argument_group(section, first_line(model))
        for field, schema in model.model_json_schema()["properties"].items():
            place = f"{section}.{field}"
            metavar = "NAME" if CHOICES.get(section) == field else NAMES.get(place, "VALUE")
            options = {"type": _lora, "action": "append"} if place == "generate.loras" else {}
            add_field(group, [flag(section, field)], place, schema, _limits(schema), metavar=metavar, **options)


def flag(section: str, field: str) -> str:
    """The flag of a recipe's field."""
    return "--" + FLAGS.get(f"{section}.{field}", field.replace("_", "-"))


def _limits(schema: dict[str, Any]) -> str:
    for part in (schema, *schema.get("anyOf", ())):
        if "minimum" in part:
            return f"{part['minimum']:g} to {part['maximum']:g}"
    return ""


def _lora(text: str) -> dict[str, Any]:
    """``FILE`` or ``FILE:WEIGHT``."""
    file, colon, weight = text.rpartition(":")
    try:
        return {"file": file, "weight": float(weight)} if colon else {"file": text}
    except ValueError:  # the colon of a Windows drive
        return {"file": text}


def recipes_of(given: argparse.Namespace, sections: dict[str, type[BaseModel]]) -> list[Recipe]:
    """The recipes that the arguments ask for; names that nothing is called are found here, before any work."""
    wishes = wishes_of(given, sections)
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


def wishes_of(given: argparse.Namespace, sections: dict[str, type[BaseModel]]) -> dict[str, Any]:
    """What the flags say, as parts of a recipe."""
    wishes: dict[str, Any] = {section: {} for section in sections}
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
    if wishes.get("pose", {}).get("image"):
        wishes["pose"].setdefault("name", "photo")
    if hasattr(given, "seed"):
        wishes["seed"] = given.seed
    return wishes


def changed(recipe: Recipe, wishes: dict[str, Any]) -> Recipe:
    """The recipe with the wishes put in. Another kind of frame, backdrop, light or look begins as it comes."""
    data = recipe.model_dump()
    data |= {part: _merged(data[part], wish, CHOICES.get(part)) for part, wish in wishes.items()}
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        wrong = flag(*first["loc"][:2]) if len(first["loc"]) > 1 else f"--{first['loc'][0]}"
        raise HeadshotError(f"{wrong} {first['input']}: {first['msg']}.", "See --help for what fits.") from error


def _merged(old: Any, wish: Any, choice: str | None) -> Any:
    if not isinstance(wish, dict):  # the seed
        return wish
    other = choice in wish and wish[choice] != old[choice]
    return wish if other else old | wish


def _check_names(recipe: Recipe) -> None:
    """Names that nothing is called are found before any work."""
    from headshot_core.studio import backdrops, framing, grade, light

    framing.rule_of(recipe.frame)
    light.pattern_of(recipe.light)
    grade.look_of(recipe.grade)
    backdrops.get(recipe.backdrop.kind)
