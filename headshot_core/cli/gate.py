"""`gate`: which of a set of photos are good enough to know a person by, and what is missing."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from headshot_core import assets
from headshot_core.cli.batch import find_photos
from headshot_core.cli.terminal import Bar, command, complain, fetch, print_json
from headshot_core.errors import HeadshotError

if TYPE_CHECKING:
    from headshot_core.gate import Gate
    from headshot_core.progress import Report

WIDEST = 40
"""Letters of a photo's name that are shown."""


def add(commands) -> None:
    """The command and its flags."""
    parser = command(commands, "gate", run, "say which photos of a person are good, and what the set lacks")
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO|FOLDER")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="write a contact sheet of all photos")
    parser.add_argument("--copy", type=Path, metavar="FOLDER", help="copy the recommended photos there, as they are")


def run(given: argparse.Namespace) -> int:
    """Look at all photos. 2 where none of them can be used."""
    from headshot_core.gate import check_photos, contact_sheet
    from headshot_core.photo import write_picture

    paths = find_photos(given.photos)
    _spare(given.sheet, paths)
    gate = with_bar(lambda report: check_photos(paths, report))
    if given.sheet:
        write_picture(contact_sheet(gate), given.sheet)
    copies = _copied(gate, paths, given.copy) if given.copy else []
    if given.json:
        print_json(gate.to_dict() | ({"copied": [str(path) for path in copies]} if given.copy else {}))
    else:
        tell(gate)
    return 0 if gate.recommended else 2


def with_bar(check: Callable[[Report], Gate], cartoon: bool = False) -> Gate:
    """Do the work with the model files at hand and a progress bar; for a cartoon none of the files is needed."""
    bar = Bar()
    if not cartoon:
        _fetch_files(bar)
    try:
        return check(bar.report)
    finally:
        bar.clear()


def _fetch_files(bar: Bar) -> None:
    fetch(assets.STUDIO, bar)
    try:
        fetch(assets.LIKENESS, bar)
    except HeadshotError as error:
        complain(f"Whether all photos show one person will not be checked. {error}")


def tell(gate: Gate) -> None:
    """The verdicts, for people."""
    width = min(WIDEST, max(len(photo.name) for photo in gate.photos))
    for photo in gate.photos:
        mark = "+" if photo.name in gate.recommended else " "
        print(f"{mark} {photo.name[:WIDEST]:{width}}  {photo.verdict}")
        for reason in photo.reasons:
            print(f"      {reason.says} {reason.advice}")
    print(f"{len(gate.recommended)} of {len(gate.photos)} are recommended (+).")
    for line in gate.advice:
        print(line)


def _spare(target: Path | None, photos: list[Path]) -> None:
    """A photo that was given is never written over."""
    if target and target.exists() and any(photo.exists() and target.samefile(photo) for photo in photos):
        raise HeadshotError(f"{target} was given as a photo and is not written over.", "Choose another name.")


def _copied(gate: Gate, paths: list[Path], folder: Path) -> list[Path]:
    """The recommended photos, copied; nothing that is there already is written over."""
    from headshot_core.files import atomic_write, make_folder

    files = {photo.name: path for photo, path in zip(gate.photos, paths, strict=True)}
    targets = [folder / name for name in gate.recommended]
    taken = [target for target in targets if target.exists()]
    if taken:
        raise HeadshotError(f"{taken[0]} is there already.", "Choose an empty folder for the copies.")
    make_folder(folder)
    chosen = [files[name] for name in gate.recommended]
    return [atomic_write(target, path.read_bytes()) for path, target in zip(chosen, targets, strict=True)]
