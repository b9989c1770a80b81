"""Presets: looks to begin with, one YAML file and one thumbnail each, in a folder a category.

`presets()` are those that come with the studio, then the person's own from ``presets/`` in their folder
(`headshot_core.files.home`); an own preset of the same name takes the place of one that came along.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from headshot_core import files
from headshot_core.errors import HeadshotError
from headshot_core.plain_yaml import PlainLoader
from headshot_core.progress import Report, silent
from headshot_core.recipe import Backdrop, Frame, Grade, Light, Pose, Recipe, Settings, Wishes

FOLDER = Path(__file__).parents[1] / "presets"
"""Where the studio's own presets lie."""
EXAMPLE = FOLDER / "example.jpg"
"""Eileen Collins, NASA, public domain: the portrait of the thumbnails, the page's example and the tests."""
CATEGORIES = ("professional", "trendy", "lifestyle", "sports", "fantasy", "festive")
"""In the order in which they are shown; others follow by name."""
THUMBNAIL = (300, 400)
"""Width and height in pixels."""
MAX_BYTES = 64_000
"""A preset is a page of text at most."""
SECTIONS: dict[str, type[Settings]] = {
    "frame": Frame,
    "backdrop": Backdrop,
    "light": Light,
    "grade": Grade,
    "wishes": Wishes,
    "pose": Pose,
}
PARTS = (*SECTIONS, "seed")
"""What a preset gives a recipe."""


class Preset(Settings):
    """One look: the parts of a recipe, and the words that present it."""

    path: Path = Field(description="the YAML file; its name and its folder are the preset's name and category")
    title: str = Field(min_length=1, max_length=40)
    description: str = Field(min_length=1, max_length=160, description="one plain, warm sentence")
    tags: tuple[str, ...] = Field((), description="words to find it by")
    order: int = Field(100, description="place within its category")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="of everything random: backdrop, grain")
    backdrop: Backdrop = Backdrop()
    light: Light = Light()
    grade: Grade = Grade()
    frame: Frame = Frame()
    wishes: Wishes = Field(Wishes(), description="for the diffusion engine, which draws anew")
    pose: Pose = Field(Pose(), description="for the diffusion engine")

    @property
    def name(self) -> str:
        """What recipes and the terminal call it."""
        return self.path.stem

    @property
    def category(self) -> str:
        """The folder that it lies in."""
        return self.path.parent.name

    @property
    def thumbnail(self) -> Path:
        """The WebP beside the YAML; an own preset may have none."""
        return self.path.with_suffix(".webp")

    def recipe(self) -> Recipe:
        """The recipe that the preset begins with."""
        parts = {part: getattr(self, part) for part in PARTS}
        return Recipe(preset=self.name, **parts)


def presets() -> dict[str, Preset]:
    """All presets by name, in the order in which they are shown. Read once."""
    return _all()[0]


def problems() -> tuple[HeadshotError, ...]:
    """What is wrong with own presets that could not be read; the others work all the same."""
    return _all()[1]


def categories() -> dict[str, list[Preset]]:
    """The presets of each category, in the order in which they are shown."""
    shelves: dict[str, list[Preset]] = {}
    for preset in presets().values():
        shelves.setdefault(preset.category, []).append(preset)
    return shelves


def get(name: str) -> Preset:
    """The preset of that name; a `HeadshotError` naming the nearest where there is none."""
    known = presets()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower().replace(" ", "-").replace("_", "-"), known, 1)
    hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(known)}."
    raise HeadshotError(f"There is no preset called '{name}'.", hint)


@cache
def _all() -> tuple[dict[str, Preset], tuple[HeadshotError, ...]]:
    found, wrong = read_folder(FOLDER), []
    for path in _paths(files.home() / "presets"):
        try:
            found[path.stem] = read_preset(path)
        except HeadshotError as error:
            wrong.append(error)
    return {preset.name: preset for preset in sorted(found.values(), key=_place)}, tuple(wrong)


def _place(preset: Preset) -> tuple:
    known = preset.category in CATEGORIES
    shelf = CATEGORIES.index(preset.category) if known else len(CATEGORIES)
    return shelf, preset.category, preset.order, preset.name


def _paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.yaml"))


def read_folder(folder: Path) -> dict[str, Preset]:
    """The presets of a folder of categories, by name. Raises `HeadshotError` at the first that is wrong."""
    found: dict[str, Preset] = {}
    for path in _paths(folder):
        preset = read_preset(path)
        if preset.name in found:
            raise HeadshotError(
                f"Two presets are called '{preset.name}': {found[preset.name].path} and {path}.", "Rename one."
            )
        found[preset.name] = preset
    return found


# Reading one, with the place of each error.


def read_preset(path: Path) -> Preset:
    """The preset in a YAML file. Raises `HeadshotError` that says file, line, field and what is allowed."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.stem):
        raise HeadshotError(f"{path}: a preset's file has a name such as 'city-dusk.yaml'.", "Rename it.")
    data, lines = _parse(path)
    try:
        preset = Preset.model_validate({**data, "path": path})
    except ValidationError as error:
        raise _misfit(path, lines, error) from error
    for field, allowed in _names().items():
        value = getattr(getattr(preset, field[0]), field[1])
        if value not in allowed:
            near = difflib.get_close_matches(value, allowed, 1)
            hint = f"Did you mean '{near[0]}'? " if near else ""
            raise _error(path, lines, field, f"there is no '{value}'", f"{hint}Allowed: {', '.join(allowed)}.")
    return preset


def _names() -> dict[tuple[str, str], Collection[str]]:
    """The fields that hold a name, and the names allowed. Imported late: they bring OpenCV along."""
    from headshot_core.generate.pose import NAMES as POSES
    from headshot_core.studio.backdrops import BACKDROPS
    from headshot_core.studio.framing import FRAMES
    from headshot_core.studio.grade import LOOKS
    from headshot_core.studio.light import PATTERNS

    return {
        ("backdrop", "kind"): BACKDROPS,
        ("light", "pattern"): PATTERNS,
        ("grade", "look"): LOOKS,
        ("frame", "name"): FRAMES,
        ("pose", "name"): POSES,
    }


class _Loader(PlainLoader):
    what = "preset"


def _parse(path: Path) -> tuple[dict, dict[tuple, int]]:
    """The file's data, and the line of each field."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise HeadshotError(f"{path} is too large for a preset.", f"Keep it below {MAX_BYTES // 1000} kB.")
        loader = _Loader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        data = loader.construct_document(root) if root else None
    except OSError as error:
        raise files.explain(error, path) from error
    except UnicodeDecodeError as error:
        raise HeadshotError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    except yaml.error.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise HeadshotError(f"{path}, line {line}: {error.problem}.", "Mend the YAML there.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise HeadshotError(f"{path} is not YAML: {error}.", "Mend it, or take another preset as a model.") from error
    if not isinstance(data, dict):
        raise HeadshotError(f"{path}, line 1: a preset begins with 'title:'.", "Take another preset as a model.")
    lines: dict[tuple, int] = {}
    _note_lines(path, root, (), lines)
    if "path" in data:
        raise _error(path, lines, ("path",), "a preset does not say its own path", "Remove it.")
    return data, lines


def _note_lines(path: Path, node: yaml.Node, field: tuple, lines: dict[tuple, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner, line = (*field, str(key.value)), key.start_mark.line + 1
            if key.tag != "tag:yaml.org,2002:str":
                raise HeadshotError(f"{path}, line {line}, {_dotted(inner)}: a field's name is a word.", "Mend it.")
            if inner in lines:
                raise HeadshotError(f"{path}, line {line}, {_dotted(inner)}: stands there twice.", "Keep one of them.")
            lines[inner] = line
            _note_lines(path, value, inner, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*field, index)] = item.start_mark.line + 1
            _note_lines(path, item, (*field, index), lines)


def _misfit(path: Path, lines: dict[tuple, int], error: ValidationError) -> HeadshotError:
    """The first thing that does not fit the schema, in plain words."""
    first = error.errors()[0]
    field, problem = first["loc"], first["msg"]
    if first["type"] == "extra_forbidden":
        allowed = [name for name in _fields(field[:-1]) if name != "path"]
        near = difflib.get_close_matches(str(field[-1]), allowed, 1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        return _error(path, lines, field, "there is no such field", f"{hint}Allowed: {', '.join(allowed)}.")
    if first["type"] == "missing":
        return _error(path, lines, field, "is missing", "Add it.")
    if first["type"] == "string_pattern_mismatch":
        return _error(path, lines, field, f"'{first['input']}' is not a colour", "Write it as '#rrggbb', in quotes.")
    return _error(path, lines, field, f"{first['input']!r} does not fit", f"{problem}.")


def _fields(field: tuple) -> Collection[str]:
    return (SECTIONS[field[0]] if field else Preset).model_fields


def _error(path: Path, lines: dict[tuple, int], field: tuple, problem: str, todo: str) -> HeadshotError:
    # A missing field has no line of its own: its group has.
    known = next((field[:size] for size in range(len(field), 0, -1) if field[:size] in lines), None)
    return HeadshotError(f"{path}, line {lines.get(known, 1)}, {_dotted(field)}: {problem}.", todo)


def _dotted(field: tuple) -> str:
    return ".".join(str(part) for part in field)


# Thumbnails.


def render_thumbnails(names: Collection[str] = (), report: Report = silent) -> list[Path]:
    """Render the thumbnails of the named presets, of all where none is named, on `EXAMPLE`; returns the files."""
    import cv2

    from headshot_core.photo import read_photo, write_picture
    from headshot_core.portrait import analyse
    from headshot_core.studio.engine import make

    width, height = THUMBNAIL
    chosen = [get(name) for name in names] or list(presets().values())
    portrait = analyse(read_photo(EXAMPLE))
    for step, preset in enumerate(chosen):
        report(step, len(chosen), preset.title)
        frame = Frame(name="free", width=2 * width, height=2 * height)
        recipe = preset.recipe().model_copy(update={"frame": frame})
        picture = cv2.resize(make(portrait, recipe).picture, THUMBNAIL, interpolation=cv2.INTER_AREA)
        write_picture(picture, preset.thumbnail, quality=82, recipe=recipe)
    report(len(chosen), len(chosen), "Ready")
    return [preset.thumbnail for preset in chosen]
