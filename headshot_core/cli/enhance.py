"""`enhance`: the magic wand, styles and single tools on photos."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from headshot_core import assets
from headshot_core.cli.batch import Done, Job, Kind, add_files, plan_jobs, work_through
from headshot_core.cli.terminal import Parser, add_field, command
from headshot_core.errors import HeadshotError

if TYPE_CHECKING:
    from headshot_core.enhance.stack import Stack
    from headshot_core.enhance.styles import Style

ENHANCED = Kind("enhanced", "stack", "style")
STYLE_FILES = (".yaml", ".yml", ".json")
AS_IT_COMES = object()
"""What `--skin` without a value means."""

Wishes = dict[str, dict[str, Any] | None]
"""Tool -> its fields that were asked for; None where it was asked to stay out"""


@dataclass(frozen=True)
class Plan:
    """What is to be done with each photo: the wand's choice, a style's steps over it, the flags over those."""

    style: Style
    wishes: Wishes


def add(commands) -> None:
    """The command; its flags are made when it is used, from the tools."""
    text = "enhance photos, or every photo in a folder: magic wand, styles, single tools"
    command(commands, "enhance", enhance, text, fill=_add_flags)


def _add_flags(parser: Parser) -> None:
    from headshot_core.enhance import catalogue
    from headshot_core.enhance.stack import NAMES

    parser.usage = "%(prog)s PHOTO|FOLDER ... [-o OUT] [--wand | --style NAME] [--TOOL VALUE ...] [--json]"
    parser.epilog = "Photos come before the flags. --TOOL alone uses a tool as it comes, --no-TOOL leaves it out."
    add_files(parser, "enhanced")
    start = parser.add_mutually_exclusive_group()
    start.add_argument(
        "--wand",
        nargs="?",
        const="1",
        metavar="STRENGTH",
        help="start from what the wand chooses for the photo (0 to 1); so it does where nothing is asked for",
    )
    start.add_argument("--style", metavar="NAME|FILE", help="start from a style (see: styles) or a saved stack")
    for name, kind in NAMES.items():
        group = parser.add_argument_group(kind.title, catalogue.summary(kind))
        for number, (field, schema) in enumerate(catalogue.settings(kind).items()):
            names, options = [f"--{name}-{field.replace('_', '-')}"], {"metavar": "VALUE"}
            if number == 0:  # the main setting
                names, options = [f"--{name}", *names], {"metavar": "VALUE", "nargs": "?", "const": AS_IT_COMES}
            add_field(group, names, f"{name}.{field}", schema, catalogue.limits(schema), **options)
        text = f"leave {kind.title} out"
        group.add_argument(f"--no-{name}", dest="without", action="append_const", const=name, default=[], help=text)


def enhance(given: argparse.Namespace) -> int:
    """Enhance every photo asked for. 2 where one of them could not be enhanced."""
    from headshot_core.enhance.stack import Stack
    from headshot_core.enhance.upscale import Upscale

    plan = _plan(given)
    known = changed(Stack(steps=plan.style.steps), plan.wishes)  # without the wand's choice; bad values are found here
    jobs = plan_jobs(given, ENHANCED, [(plan.style.name if given.style else None, plan)], _inputs(known, plan.style))
    upscale = known.of(Upscale)
    models = () if upscale is None or upscale.idle else upscale.files
    return work_through(jobs, given, _enhanced, assets.STUDIO + models)


def _enhanced(job: Job, portrait, report) -> Done:
    from headshot_core.enhance.engine import enhance
    from headshot_core.enhance.view import Study

    choice = job.wish.style.choice_for(Study(portrait))
    stack = changed(choice.stack, job.wish.wishes)
    return Done(enhance(portrait, stack, report), stack, {"reasons": list(choice.reasons)})


def _inputs(stack: Stack, style: Style) -> list[Path]:
    """Files beside the photos that must not be written over."""
    from headshot_core.enhance.background import Background

    background = stack.of(Background)
    return [style.path, *([Path(background.image)] if background and background.image else [])]


# From arguments to stacks.


def _plan(given: argparse.Namespace) -> Plan:
    from headshot_core.enhance import styles

    wishes = wishes_of(given)
    if given.style:
        is_file = Path(given.style).suffix.lower() in STYLE_FILES
        return Plan(styles.read_style(Path(given.style)) if is_file else styles.get(given.style), wishes)
    wand = given.wand if given.wand is not None else "0" if wishes else "1"
    try:
        return Plan(styles.Style(path=Path("wand"), title="Wand", wand=wand), wishes)
    except ValidationError as error:
        raise _misfit("--wand", error) from error


def wishes_of(given: argparse.Namespace) -> Wishes:
    """What the flags say, tool by tool."""
    wishes: Wishes = {}
    for name, value in vars(given).items():
        tool, dot, field = name.partition(".")
        if dot:
            fields = wishes.setdefault(tool, {})
            fields |= {} if value is AS_IT_COMES else {field: value}
    background = wishes.get("background") or {}
    if background.get("image"):
        background.setdefault("kind", "image")
    return wishes | dict.fromkeys(given.without)


def changed(stack: Stack, wishes: Wishes) -> Stack:
    """The stack with the wishes put in. Raises `HeadshotError` that names the flag that does not fit."""
    from headshot_core.enhance.stack import tool

    for name, fields in wishes.items():
        if fields is None:
            stack = stack.without(name)
            continue
        kind = tool(name)
        settings = stack.of(kind) or kind()
        try:
            stack = stack.having(kind.model_validate({**settings.model_dump(), "on": True, **_typed(kind, fields)}))
        except ValidationError as error:
            raise _misfit(f"--{name}", error) from error
    return stack


def _typed(kind, fields: dict[str, Any]) -> dict[str, Any]:
    """Words from the terminal; those that name a choice which is a number become one."""
    schema = kind.model_json_schema()["properties"]
    choices = {field: {str(choice): choice for choice in schema[field].get("enum", ())} for field in fields}
    return {field: choices[field].get(value, value) for field, value in fields.items()}


def _misfit(flag: str, error: ValidationError) -> HeadshotError:
    first = error.errors()[0]
    field = str(first["loc"][0]).replace("_", "-") if first["loc"] else ""
    flag = flag if field in ("", "strength", "wand") else f"{flag}-{field}"
    return HeadshotError(f"{flag} {first['input']}: {first['msg']}.", "See: python -m headshot_core enhance --help")
