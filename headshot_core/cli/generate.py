"""`generate`: new pictures of a person by the diffusion engine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from headshot_core.cli.batch import PICTURE_SUFFIXES
from headshot_core.cli.recipes import DRAWN, add_recipe, recipes_of
from headshot_core.cli.terminal import Bar, add_who, command, face_index, fetch, print_json
from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write, make_folder
from headshot_core.recipe import Recipe


def add(commands) -> None:
    """The command and its flags."""
    parser = command(commands, "generate", generate, "draw new pictures of a person, with a base model (see models)")
    parser.add_argument(
        "photo", nargs="?", type=Path, metavar="PHOTO", help="of the person; needed but for --mode person"
    )
    parser.add_argument("-o", "--out", type=Path, default=Path("headshots"), help="a picture or a folder (%(default)s)")
    parser.add_argument("--person", metavar="NAME", help="one of the people known here (see people)")
    parser.add_argument("--all", action="store_true", help="write every picture drawn, not only the best")
    parser.add_argument("--no-safety-check", action="store_true", help="on your own machine: withhold nothing")
    add_who(parser, "which face, the largest is 1 (see inspect)")
    add_recipe(parser, DRAWN)


def generate(given: argparse.Namespace) -> int:
    """Draw every recipe asked for, and write the best pictures of each."""
    from headshot_core.generate import engine

    recipes = recipes_of(given, DRAWN)
    _check_out(given.out, recipes)
    bases = [engine.base_of(recipe) for recipe in recipes]  # said before photos are read and models fetched
    bar = Bar()
    subject = _subject(given, bar)
    for base, recipe in zip(bases, recipes, strict=True):
        engine.check(base, subject, recipe)
    told = []
    checked = not given.no_safety_check
    for recipe in recipes:
        result = engine.generate(
            subject, recipe, lambda now: bar.report(now.step, now.total, now.says), checked=checked
        )
        bar.clear()
        told += _written(given, recipe, result)
    if given.json:
        print_json(told)
    return 0


def _check_out(out: Path, recipes: list[Recipe]) -> None:
    if out.suffix.lower() in PICTURE_SUFFIXES and not out.is_dir():
        if len(recipes) > 1:
            raise HeadshotError(f"Pictures of {len(recipes)} recipes do not fit into {out}.", "Give a folder.")
    elif out.suffix and not out.is_dir():
        raise HeadshotError(f"A picture {out} cannot be written.", f"Use one of {', '.join(PICTURE_SUFFIXES)}.")


def _subject(given: argparse.Namespace, bar: Bar):
    from headshot_core import assets
    from headshot_core.generate.engine import Subject
    from headshot_core.people import People
    from headshot_core.photo import read_photo
    from headshot_core.portrait import analyse

    person = People().get(given.person) if given.person else None
    fetch([*assets.STUDIO, *assets.LIKENESS, *assets.SAFETY], bar)
    if given.photo is None:
        return Subject(None, person)
    portrait = analyse(read_photo(given.photo), face_index(given.face), mask=given.mask)
    return Subject(portrait.of(person.profile) if person else portrait, person)


def _written(given: argparse.Namespace, recipe: Recipe, result) -> list[dict[str, Any]]:
    """Write the pictures and say what is known of each."""
    chosen = [*result.shown, *(result.more if given.all else ())]
    told = []
    for rank, candidate in enumerate(chosen, 1):
        path = candidate.save(_place(given, recipe, rank, len(chosen)))
        atomic_write(path.with_suffix(".recipe.json"), candidate.recipe.public().model_dump_json(indent=2).encode())
        told.append({"picture": str(path), "rank": rank, "seed": candidate.seed, **candidate.judged.to_dict()})
        if not given.json:
            print(path, _words(candidate), sep="  ", flush=True)
    if not given.json:
        for note in _notes(result):
            print(note)
        drawn = len(result.shown) + len(result.more) + result.withheld
        print(f"{drawn} drawn with {result.base.title} in {result.seconds:.0f} s.")
    return told


def _words(candidate) -> str:
    """What was measured on a picture, in a line."""
    judged = candidate.judged
    numbers = {"likeness": judged.likeness, "score": judged.score and judged.score.total, "prompt": judged.agreement}
    told = [f"{name} {value:.0f}" for name, value in numbers.items() if value is not None]
    return " ".join(
        [", ".join([f"seed {candidate.seed}", *told]) + ".", judged.light, *judged.notes, *candidate.notes]
    ).replace("  ", " ")


def _notes(result) -> list[str]:
    notes = list(result.notes)
    if result.withheld:
        notes.append(f"{result.withheld} were kept back by the safety check.")
    return list(dict.fromkeys(notes))


def _place(given: argparse.Namespace, recipe: Recipe, rank: int, count: int) -> Path:
    """Where a picture goes: the file named, numbered from the second on, or a name of its own in the folder named."""
    if given.out.suffix.lower() in PICTURE_SUFFIXES and not given.out.is_dir():
        return given.out if rank == 1 else given.out.with_stem(f"{given.out.stem}-{rank}")
    folder = make_folder(given.out)
    start = "-".join(word for word in (given.photo.stem if given.photo else given.person, recipe.preset) if word)
    return folder / f"{start or 'drawn'}-{rank}.png"
