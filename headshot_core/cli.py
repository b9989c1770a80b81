"""The studio from a terminal: `python -m headshot_core make|presets|inspect|assets`.

A thin layer: arguments in, calls to the core, lines or JSON out. Results go to stdout, everything else to stderr.
Exit codes: 0 done, 1 a fault of the program, 2 bad input, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from headshot_core import __version__, assets
from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write, explain
from headshot_core.recipe import Backdrop, Frame, Grade, Light, Recipe

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff", ".gif")
"""What counts as a photo inside a folder."""
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
STEM = 50
"""Letters of a photo's name that its headshots keep."""

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


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files may hold anything
            stream.reconfigure(errors="backslashreplace")
    try:
        given = _parser().parse_args(arguments)
    except HeadshotError as error:
        return _complain(str(error))
    try:
        return given.run(given)
    except HeadshotError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        _complain("Stopped. What was finished is kept, nothing is half-written.")
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if given.debug:
            traceback.print_exc()
        _complain(f"A fault in Headshot Studio, please report it ({type(error).__name__}: {error}; more with --debug).")
        return 1


def _complain(text: str) -> int:
    """One line on stderr; returns the exit code of bad input."""
    print("headshot:", " ".join(text.split()), file=sys.stderr)
    return 2


# Arguments.


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def __init__(self, **options):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str):
        raise HeadshotError(f"{message[0].upper()}{message[1:]}.", f"See: {self.prog} --help")


def _parser() -> Parser:
    parser = Parser(prog="python -m headshot_core", description="Headshots from photos, made on this machine alone.")
    parser.add_argument("--version", action="version", version=f"Headshot Studio {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_make(commands)
    _add_presets(commands)
    _add_inspect(commands)
    _add_assets(commands)
    return parser


def _command(commands, name: str, run, text: str) -> Parser:
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument("--json", action="store_true", help="print machine-readable JSON")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a fault in the program")
    parser.set_defaults(run=run)
    return parser


def _add_make(commands) -> None:
    parser = _command(commands, "make", make, "make headshots of photos, or of every photo in a folder")
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO|FOLDER")
    parser.add_argument("-o", "--out", type=Path, default=Path("headshots"), help="a picture or a folder (%(default)s)")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--preset", default="", metavar="NAME[,NAME…]", help="looks to start from, or 'all'")
    start.add_argument("--recipe", type=Path, metavar="FILE", help="start from a saved recipe (OUT.recipe.json)")
    parser.add_argument("--face", type=int, default=1, metavar="N", help="which face, the largest is 1 (see inspect)")
    _add_mask(parser)
    parser.add_argument(
        "--size", metavar="WxH", default=argparse.SUPPRESS, help="pixels, short for --width and --height"
    )
    parser.add_argument("--seed", default=argparse.SUPPRESS, metavar="N", help="of everything random")
    for section, model in SECTIONS.items():
        group = parser.add_argument_group(section, _first_line(model))
        for field, schema in model.model_json_schema()["properties"].items():
            _add_flag(group, section, field, schema)


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").splitlines()[0]


def _add_flag(group, section: str, field: str, schema: dict[str, Any]) -> None:
    """One flag for one field of the recipe; what is given is checked by the recipe itself."""
    options: dict[str, Any] = {"action": argparse.BooleanOptionalAction}
    if schema.get("type") != "boolean":
        options = {"metavar": "NAME" if CHOICES[section] == field else "VALUE"}
    text = (schema.get("description", "") + _bounds(schema)).replace("%", "%%")
    group.add_argument(
        _flag(section, field), dest=f"{section}.{field}", default=argparse.SUPPRESS, help=text, **options
    )


def _flag(section: str, field: str) -> str:
    return "--" + FLAGS.get(f"{section}.{field}", field.replace("_", "-"))


def _bounds(schema: dict[str, Any]) -> str:
    for part in (schema, *schema.get("anyOf", ())):
        if "minimum" in part:
            return f" ({part['minimum']:g} to {part['maximum']:g})"
    return ""


# make: from arguments to recipes.


@dataclass(frozen=True)
class Job:
    """One headshot to make."""

    photo: Path
    preset: str | None
    recipe: Recipe
    target: Path

    @property
    def recipe_file(self) -> Path:
        """Where the recipe is saved, beside the picture."""
        return self.target.with_suffix(".recipe.json")


def _jobs(given: argparse.Namespace) -> list[Job]:
    """Every headshot asked for, checked as far as can be without opening a photo."""
    recipes = _recipes(given)
    photos = _photos(given.photos)
    targets = _targets(given.out, photos, [recipe.preset for recipe in recipes])
    pairs = [(photo, recipe) for photo in photos for recipe in recipes]
    jobs = [Job(photo, recipe.preset, recipe, target) for (photo, recipe), target in zip(pairs, targets, strict=True)]
    own_backdrops = [Path(recipe.backdrop.image) for recipe in recipes if recipe.backdrop.image]
    _spare_inputs(jobs, [*photos, *own_backdrops, *([given.recipe] if given.recipe else [])])
    return jobs


def _recipes(given: argparse.Namespace) -> list[Recipe]:
    wishes = _wishes(given)
    recipes = [_changed(start, wishes) for start in _starts(given)]
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


def _wishes(given: argparse.Namespace) -> dict[str, Any]:
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


def _changed(recipe: Recipe, wishes: dict[str, Any]) -> Recipe:
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
        flag = _flag(*first["loc"][:2]) if len(first["loc"]) > 1 else f"--{first['loc'][0]}"
        raise HeadshotError(
            f"{flag} {first['input']}: {first['msg']}.", "See: python -m headshot_core make --help"
        ) from error


def _check_names(recipe: Recipe) -> None:
    """Names that nothing is called are found before any work."""
    from headshot_core.studio import backdrops, framing, grade, light

    framing.rule_of(recipe.frame)
    light.pattern_of(recipe.light)
    grade.look_of(recipe.grade)
    backdrops.get(recipe.backdrop.kind)


# make: which files.


def _photos(given: list[Path]) -> list[Path]:
    """The photos named, and those in the folders named."""
    photos: list[Path] = []
    for path in given:
        photos += _in_folder(path) if path.is_dir() else [path]
    return list(dict.fromkeys(photos))


def _in_folder(folder: Path) -> list[Path]:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES)
    except OSError as error:
        raise explain(error, folder) from error
    files = [path for path in files if not path.name.startswith(".") and not path.is_dir()]
    if not files:
        raise HeadshotError(f"There is no photo in the folder {folder}.", f"Photos end in {', '.join(PHOTO_SUFFIXES)}.")
    return files


def _targets(out: Path, photos: list[Path], presets: list[str | None]) -> list[Path]:
    """Where each headshot goes, photo by photo, preset by preset: no two to one place."""
    one = len(photos) == len(presets) == 1
    if one and out.suffix and not out.is_dir():
        if out.suffix.lower() not in PICTURE_SUFFIXES:
            raise HeadshotError(f"A picture {out} cannot be written.", f"Use one of {', '.join(PICTURE_SUFFIXES)}.")
        _check_writable(out.parent)
        return [out]
    if out.suffix.lower() in PICTURE_SUFFIXES and not out.is_dir():
        raise HeadshotError(f"{len(photos) * len(presets)} headshots do not fit into {out}.", "Give a folder.")
    _check_writable(out)
    targets: list[Path] = []
    for photo in photos:
        for preset in presets:
            stem = f"{photo.stem[:STEM]}-{preset or 'headshot'}"
            number = 2
            while (target := out / f"{stem}.png") in targets:
                stem, number = f"{photo.stem[:STEM]}-{preset or 'headshot'}-{number}", number + 1
            targets.append(target)
    return targets


def _check_writable(folder: Path) -> None:
    """Raise before an hour's work, not after it."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise HeadshotError(f"{there} is not a folder.", "Choose another place for the headshots.")
    if not os.access(there, os.W_OK):
        raise explain(PermissionError(errno.EACCES, ""), folder)


def _spare_inputs(jobs: list[Job], inputs: list[Path]) -> None:
    """A photo, backdrop or recipe that was given is never written over."""
    present = [path for path in inputs if path.exists()]
    for job in jobs:
        for path in (job.target, job.recipe_file):
            if path.exists() and any(path.samefile(given) for given in present):
                raise HeadshotError(f"{path} was given as an input and is not written over.", "Choose another name.")


# make: the work.


def make(given: argparse.Namespace) -> int:
    """Make every headshot asked for; go on past photos that do not work. 2 where one of them did not."""
    jobs, face = _jobs(given), _face(given.face)
    bar = Bar()
    _fetch(assets.STUDIO, bar)
    try:
        _fetch(assets.LIKENESS, bar)
    except HeadshotError as error:
        _complain(f"The likeness will not be measured. {error}")
    results = []
    try:
        for number, result in enumerate(_work(jobs, face, given.mask, bar)):
            results.append(result)
            if not given.json or "error" in result:
                bar.clear()
                _tell(result)
            bar.done, bar.total = number + 1, len(jobs)
    finally:
        bar.clear()
    if given.json:
        _print_json(results)
    return 2 if any("error" in result for result in results) else 0


def _face(number: int) -> int:
    """People count from 1, the core from 0."""
    if number < 1:
        raise HeadshotError("Faces count from 1.", "The largest face is 1.")
    return number - 1


def _work(jobs: list[Job], face: int, mask: str, bar: Bar) -> Iterator[dict[str, Any]]:
    """The result of each job as plain data, in order."""
    from headshot_core.photo import read_photo
    from headshot_core.portrait import analyse

    bar.total = len(jobs)
    for photo, group in groupby(jobs, key=lambda job: job.photo):
        start = time.monotonic()
        try:
            portrait = analyse(read_photo(photo), face, bar.within(photo.name), mask=mask)
        except HeadshotError as error:
            yield from (_failure(job, error) for job in group)
            continue
        for job in group:
            yield _headshot(job, portrait, bar, start)
            start = time.monotonic()


def _headshot(job: Job, portrait, bar: Bar, start: float) -> dict[str, Any]:
    """Make and save one headshot."""
    from headshot_core.studio.engine import make

    try:
        headshot = make(portrait, job.recipe, bar.within(f"{job.photo.name} {job.preset or ''}".strip()))
        headshot.save(job.target)
        recipe = job.recipe.model_dump(mode="json")
        atomic_write(job.recipe_file, json.dumps(recipe, indent=2).encode() + b"\n")
    except HeadshotError as error:
        return _failure(job, error)
    height, width = headshot.picture.shape[:2]
    return {
        "photo": str(job.photo),
        "preset": job.preset,
        "path": str(job.target),
        "recipe_path": str(job.recipe_file),
        "width": width,
        "height": height,
        "notes": list(headshot.notes),
        **_likeness(headshot),
        "seconds": round(time.monotonic() - start, 2),
        "recipe": recipe,
    }


def _likeness(headshot) -> dict[str, Any]:
    try:
        return {"likeness": headshot.likeness, "distance": round(headshot.distance, 3)}
    except HeadshotError:  # its models are not on this machine
        return {"likeness": None, "distance": None}


def _failure(job: Job, error: HeadshotError) -> dict[str, Any]:
    return {"photo": str(job.photo), "preset": job.preset, "error": {"what": error.what, "todo": error.todo}}


def _tell(result: dict[str, Any]) -> None:
    """One result for people."""
    if "error" in result:
        _complain(f"{result['photo']}: {result['error']['what']} {result['error']['todo']}")
        return
    likeness = "" if result["likeness"] is None else f", likeness {result['likeness']}"
    print(f"{result['path']}  {result['width']} × {result['height']}{likeness}, {result['seconds']:.1f} s", flush=True)
    for note in result["notes"]:
        print(f"    {note}", flush=True)


# presets


def _add_presets(commands) -> None:
    parser = _command(commands, "presets", presets_command, "list the presets, or render their thumbnails")
    parser.add_argument("action", nargs="?", choices=("list", "render"), default="list")
    parser.add_argument("names", nargs="*", metavar="NAME", help="thumbnails to render; all where none is named")


def presets_command(given: argparse.Namespace) -> int:
    """List the presets by category, after rendering thumbnails if asked to."""
    from headshot_core import presets

    for problem in presets.problems():
        _complain(str(problem))
    if given.action == "render":
        bar = Bar()
        _fetch(assets.STUDIO, bar)
        presets.render_thumbnails(given.names, bar.report)
        bar.clear()
    if given.json:
        _print_json([_preset(row) for row in presets.presets().values()])
        return 0
    for category, shelf in presets.categories().items():
        print(category)
        for row in shelf:
            print(f"  {row.name:<22}{row.description}")
    return 0


def _preset(row) -> dict[str, Any]:
    words = {"name": row.name, "title": row.title, "category": row.category, "description": row.description}
    return words | {"tags": list(row.tags), "recipe": row.recipe().model_dump(mode="json")}


# inspect


def _add_inspect(commands) -> None:
    parser = _command(
        commands, "inspect", inspect, "say what the studio sees in a photo: faces, light, cut-out, frames"
    )
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    parser.add_argument("--face", type=int, default=1, metavar="N", help="which face to cut out, the largest is 1")
    _add_mask(parser)


def _add_mask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mask", default="selfie", metavar="NAME", help="net for the rough cut-out: selfie, salient or rembg:MODEL"
    )


def inspect(given: argparse.Namespace) -> int:
    """Print what is seen in a photo."""
    from headshot_core.inspection import inspect_photo
    from headshot_core.photo import read_photo

    photo = read_photo(given.photo)
    bar = Bar()
    _fetch(assets.STUDIO, bar)
    seen = inspect_photo(photo, _face(given.face), given.mask)
    if given.json:
        _print_json(seen)
        return 0
    print(f"{seen['photo']['name']}: {photo.width} × {photo.height}", *photo.notes, sep="\n  ")
    for number, face in enumerate(seen["faces"], 1):
        chosen = ", chosen" if face["chosen"] else ""
        print(
            f"Face {number}{chosen}: {face['pose']}, {face['expression']}, {face['inter_eye']:.0f} px between the eyes"
        )
    print(f"Light: {seen['light']['words']}")
    cut_by = f"; the photo's edge cuts the person at the {', '.join(seen['cut_out']['cut_by'])}" * bool(
        seen["cut_out"]["cut_by"]
    )
    print(f"Cut-out: {seen['cut_out']['words']}{cut_by}")
    for name, frame in seen["frames"].items():
        print(f"Frame {name}: {' '.join(frame['notes']) or 'fits'}")
    return 0


# assets


def _add_assets(commands) -> None:
    parser = _command(commands, "assets", assets_command, "list, fetch or verify the model files")
    parser.add_argument("action", nargs="?", choices=("list", "fetch", "verify"), default="list")
    parser.add_argument("names", nargs="*", metavar="NAME", help="model files to fetch; all where none is named")


def assets_command(given: argparse.Namespace) -> int:
    """List the model files, after fetching or verifying them. 2 where one is damaged."""
    if given.action == "fetch":
        _fetch(given.names or assets.STUDIO + assets.LIKENESS, Bar())
    elif given.names:
        raise HeadshotError("Names are for 'assets fetch'.", "See: python -m headshot_core assets --help")
    rows = assets.verify()
    if given.json:
        _print_json(
            [
                {
                    "name": asset.name,
                    "state": state,
                    "path": str(place),
                    "purpose": asset.purpose,
                    "licence": asset.licence,
                    "bytes": asset.size_bytes,
                }
                for asset, state, place in rows
            ]
        )
    else:
        for asset, state, _ in rows:
            print(f"{asset.name:<23}{state:<9}{asset.size_bytes / 1e6:5.1f} MB  {asset.licence:<12}{asset.purpose}")
    return 2 if any(state == "damaged" for _, state, _ in rows) else 0


def _fetch(names: tuple[str, ...] | list[str], bar: Bar) -> None:
    """Bring missing model files, after saying which and how large."""
    wanted = [assets.find(name) for name in names]
    present = {asset.name for asset, good, _ in assets.status() if good}
    missing = [asset for asset in wanted if asset.name not in present]
    if missing:
        size = sum(asset.size_bytes for asset in missing) / 1e6
        listed = ", ".join(f"{asset.file} ({asset.licence})" for asset in missing)
        print(f"Fetching {size:.0f} MB of model files, this once: {listed}", file=sys.stderr)
        assets.fetch_all(names, bar.report)
        bar.clear()


# Output.


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2), flush=True)


class Bar:
    """A progress bar on stderr, for people: nothing where stderr is not a terminal."""

    WIDTH = 24

    def __init__(self):
        self.done, self.total = 0, 1
        self._shown = sys.stderr.isatty()

    def report(self, step: int, total: int, message: str) -> None:
        """Show `step` of `total`; of unknown length where that is 0."""
        self._draw(step / total if total else 0, message)

    def within(self, name: str):
        """A listener for one of several pieces of work."""

        def report(step: int, total: int, message: str) -> None:
            share = min(step / total, 0.99) if total else 0
            count = f"{self.done + 1}/{self.total} " if self.total > 1 else ""
            self._draw((self.done + share) / self.total, f"{count}{name}: {message}")

        return report

    def clear(self) -> None:
        """Take the bar away, so that a line can be printed."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _draw(self, share: float, text: str) -> None:
        if self._shown:
            filled = round(share * self.WIDTH)
            line = f"{'█' * filled}{'░' * (self.WIDTH - filled)} {share:4.0%} {text}"
            sys.stderr.write("\r\x1b[K" + line[: shutil.get_terminal_size().columns - 1])
            sys.stderr.flush()
