"""Styles: stacks of tools to begin with, one YAML file each.

`styles()` are those of the folder ``styles/`` that come along, then the person's own from ``styles/`` in their folder
(`headshot_core.files.home`); an own style of the same name takes the place of one that came along.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from headshot_core import files
from headshot_core.enhance import wand
from headshot_core.enhance.background import Background
from headshot_core.enhance.catalogue import hidden
from headshot_core.enhance.crop import Crop
from headshot_core.enhance.stack import NAMES, Stack, Steps
from headshot_core.enhance.view import Study
from headshot_core.enhance.wand import Choice
from headshot_core.errors import HeadshotError
from headshot_core.plain_yaml import PlainLoader
from headshot_core.recipe import Settings

FOLDER = Path(__file__).parents[2] / "styles"
"""Where the styles that come along lie."""
MAX_BYTES = 1_000_000
"""A style is a page of text; a saved stack may hold strokes of the brush."""
TITLE = 40
"""Letters of a title, at the most."""


class Style(Settings):
    """Tools and settings with a title: what the wand chooses for a photo, then the style's own steps."""

    path: Path = Field(exclude=True, description="the file; its name is the style's name")
    title: str = Field(min_length=1, max_length=TITLE)
    description: str = Field("", max_length=160, description="one plain sentence")
    order: int = Field(100, description="place among the styles that come along")
    wand: float = Field(0.0, ge=0, le=1, description="start from the wand's choice at that strength; 0: without it")
    steps: Steps = Field((), description="each takes the place of the wand's choice for the same tool")

    @property
    def name(self) -> str:
        """What the terminal and the page call it."""
        return self.path.name.split(".")[0]

    @property
    def own(self) -> bool:
        """Whether it is the person's, and not one that came along."""
        return self.path.parent != FOLDER

    def stack_for(self, study: Study) -> Stack:
        """The stack for a photo."""
        return self.choice_for(study).stack

    def choice_for(self, study: Study) -> Choice:
        """The stack for a photo, with the wand's reasons for its share; none where the wand does nothing."""
        if not self.wand:
            return Choice(Stack(steps=self.steps), ())
        choice = wand.choose(study, self.wand)
        stack = choice.stack
        for step in self.steps:
            stack = stack.having(step)
        return Choice(stack, () if self.steps and not choice.stack.steps else choice.reasons)


def styles() -> dict[str, Style]:
    """All styles by name: those that came along in their order, then the person's own by name."""
    return _built_in() | _own()[0]


def problems() -> tuple[HeadshotError, ...]:
    """What is wrong with own styles that could not be read; the others work all the same."""
    return _own()[1]


def get(name: str) -> Style:
    """The style of that name; a `HeadshotError` naming the nearest where there is none."""
    known = styles()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(_slug(name), known, 1)
    hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(known)}."
    raise HeadshotError(f"There is no style called '{name}'.", hint)


def save_own(title: str, stack: Stack, wand: float = 0.0) -> Style:
    """Keep a stack as the person's own style; one of the same title is replaced. Raises `HeadshotError`.

    What belongs to one photo or one machine is left out: strokes and clicked spots, an own background picture.
    """
    title = " ".join(title.encode(errors="ignore").decode().split())
    if not 1 <= len(title) <= TITLE:
        raise HeadshotError("A style needs a title.", f"Give it one of 1 to {TITLE} letters.")
    path = _own_folder() / f"{_free_name(title)}.yaml"
    stack = for_any_photo(stack)
    background = stack.of(Background)
    if background and background.image:
        stack = stack.without("background")
    style = Style(path=path, title=title, wand=wand, steps=stack.steps)
    text = yaml.safe_dump(
        style.model_dump(mode="json", exclude={"order"}, exclude_none=True), sort_keys=False, allow_unicode=True
    )
    files.atomic_write(path, text.encode())
    return style


def for_any_photo(stack: Stack) -> Stack:
    """The stack without the marks that were made on one photo: strokes of the brush, spots that stay, its tilt."""
    steps = []
    for step in stack.without("heal").steps:
        marks = {name: info.get_default(call_default_factory=True) for name, info in hidden(type(step)).items()}
        marks |= {"angle": 0.0} if isinstance(step, Crop) else {}
        steps.append(step.model_copy(update=marks))
    return stack.model_copy(update={"steps": tuple(steps)})


def delete_own(name: str) -> None:
    """Delete one of the person's own styles; a `HeadshotError` where there is none of that name."""
    style = get(name)
    if not style.own:
        raise HeadshotError(f"The style '{name}' came along and stays.", "Only your own can be deleted.")
    try:
        style.path.unlink(missing_ok=True)
    except OSError as error:
        raise files.explain(error, style.path) from error


def read_style(path: Path) -> Style:
    """The style in a YAML file, or the stack in a ``.stack.json``. Raises `HeadshotError` that says what is wrong."""
    data = _parse(path)
    if path.suffix == ".json":
        data = {"title": path.name.split(".")[0][:TITLE] or "stack", **data}
        if data.pop("version", 1) != 1:
            raise HeadshotError(f"{path} is from a newer version.", "Update Headshot Studio.")
    if "path" in data:
        raise HeadshotError(f"{path}: a style does not say its own path.", "Remove the line 'path'.")
    try:
        return Style.model_validate({**data, "path": path})
    except ValidationError as error:
        raise _misfit(path, error) from error


def read_folder(folder: Path) -> dict[str, Style]:
    """The styles of a folder, in order. Raises `HeadshotError` at the first that is wrong."""
    found = [read_style(path) for path in folder.glob("*.yaml")]
    return {style.name: style for style in sorted(found, key=lambda style: (style.order, style.name))}


@cache
def _built_in() -> dict[str, Style]:
    return read_folder(FOLDER)


def _own() -> tuple[dict[str, Style], tuple[HeadshotError, ...]]:
    found, wrong = {}, []
    for path in sorted(_own_folder().glob("*.yaml")):
        try:
            style = read_style(path)
            found[style.name] = style
        except HeadshotError as error:
            wrong.append(error)
    return found, tuple(wrong)


def _own_folder() -> Path:
    return files.home() / "styles"


# Saving.


def _free_name(title: str) -> str:
    """A file name for the title: that of the own style so called, else one that nothing has."""
    own = _own()[0]
    same = next((name for name, style in own.items() if style.title == title), None)
    stem, number = _slug(title), 2
    name = same or stem
    while name != same and (name in _built_in() or (_own_folder() / f"{name}.yaml").exists()):
        name, number = f"{stem}-{number}", number + 1
    return name


def _slug(text: str) -> str:
    """Small Latin letters, digits and single hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "style"


# Reading.


def _parse(path: Path) -> dict:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise HeadshotError(f"{path} is too large for a style.", f"Keep it below {MAX_BYTES // 1000} kB.")
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)
    except OSError as error:
        raise files.explain(error, path) from error
    except yaml.error.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise HeadshotError(f"{path}, line {line}: {error.problem}.", "Mend the YAML there.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise HeadshotError(f"{path} is no style: {error}.", "Take a file of the folder styles as a model.") from error
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise HeadshotError(f"{path} is no style.", "Take a file of the folder styles as a model.")
    return data


class _Loader(PlainLoader):
    """'on' is a word, as in YAML 1.2."""

    what = "style"

    yaml_implicit_resolvers = {  # noqa: RUF012
        letter: [pair for pair in pairs if letter in "tTfF" or pair[0] != "tag:yaml.org,2002:bool"]
        for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _misfit(path: Path, error: ValidationError) -> HeadshotError:
    """The first thing that does not fit, in plain words: 'steps.2.skin.strength'."""
    first = error.errors()[0]
    field, kind = [str(part) for part in first["loc"]], first["type"]
    place = f"{path}: {'.'.join(field)}"
    if kind == "union_tag_invalid":
        return HeadshotError(f"{place}: there is no tool '{first['ctx']['tag']}'.", f"Tools: {', '.join(NAMES)}.")
    if kind == "union_tag_not_found":
        return HeadshotError(f"{place}: a step begins with 'tool:'.", f"Tools: {', '.join(NAMES)}.")
    if kind == "extra_forbidden":
        kinds = Style if len(field) == 1 else NAMES[field[2]]
        allowed = [name for name in kinds.model_fields if name != "path"]
        return HeadshotError(f"{place}: there is no such field.", f"Allowed: {', '.join(allowed)}.")
    return HeadshotError(f"{place}: {first['msg']}.", "Mend it there.")
