"""Photos in, pictures out: which files, the work photo by photo, and what is said about each picture."""

from __future__ import annotations

import argparse
import errno
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from headshot_core import assets
from headshot_core.cli.terminal import Bar, Parser, add_who, complain, face_index, fetch, print_json
from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write, explain
from headshot_core.progress import Report

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff", ".gif")
"""What counts as a photo inside a folder."""
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
STEM = 50
"""Letters of a photo's name that its pictures keep."""


@dataclass(frozen=True)
class Kind:
    """What a command makes: a 'headshot', with a 'recipe' that starts from a 'preset'."""

    picture: str
    """the word in the names of pictures that start from nothing"""
    plan: str
    start: str


@dataclass(frozen=True)
class Job:
    """One picture to make."""

    kind: Kind
    photo: Path
    start: str | None
    """the preset or style that it starts from"""
    wish: Any
    """what is to be made, for the command that makes it"""
    target: Path

    @property
    def plan_file(self) -> Path:
        """Where the recipe or stack is saved, beside the picture."""
        return self.target.with_suffix(f".{self.kind.plan}.json")


@dataclass(frozen=True)
class Done:
    """One picture that was made."""

    picture: Any
    """a `Headshot` or an `Enhanced`"""
    plan: BaseModel
    words: dict[str, Any]
    """what else there is to say; 'reasons' are shown to people"""


def add_files(parser: Parser, pictures: str) -> None:
    """Photos in, pictures out, and which person."""
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO|FOLDER")
    parser.add_argument("-o", "--out", type=Path, default=Path(pictures), help="a picture or a folder (%(default)s)")
    add_who(parser, "which face, the largest is 1 (see inspect)")


# Which files.


def plan_jobs(
    given: argparse.Namespace, kind: Kind, wishes: list[tuple[str | None, Any]], inputs: list[Path]
) -> list[Job]:
    """Every photo with every wish (what it starts from, what is to be made); nothing given is written over."""
    photos = find_photos(given.photos)
    targets = _targets(given.out, photos, kind, [start for start, _ in wishes])
    pairs = [(photo, *wish) for photo in photos for wish in wishes]
    jobs = [Job(kind, *pair, target) for pair, target in zip(pairs, targets, strict=True)]
    _spare_inputs(jobs, [*photos, *inputs])
    return jobs


def find_photos(given: list[Path]) -> list[Path]:
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


def _targets(out: Path, photos: list[Path], kind: Kind, starts: list[str | None]) -> list[Path]:
    """Where each picture goes, photo by photo, start by start: no two to one place."""
    one = len(photos) == len(starts) == 1
    if one and out.suffix and not out.is_dir():
        if out.suffix.lower() not in PICTURE_SUFFIXES:
            raise HeadshotError(f"A picture {out} cannot be written.", f"Use one of {', '.join(PICTURE_SUFFIXES)}.")
        _check_writable(out.parent)
        return [out]
    if out.suffix.lower() in PICTURE_SUFFIXES and not out.is_dir():
        raise HeadshotError(f"{len(photos) * len(starts)} pictures do not fit into {out}.", "Give a folder.")
    _check_writable(out)
    targets: list[Path] = []
    for photo in photos:
        for start in starts:
            stem = first = f"{photo.stem[:STEM]}-{start or kind.picture}"
            number = 2
            while (target := out / f"{stem}.png") in targets:
                stem, number = f"{first}-{number}", number + 1
            targets.append(target)
    return targets


def _check_writable(folder: Path) -> None:
    """Raise before an hour's work, not after it."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise HeadshotError(f"{there} is not a folder.", "Choose another place for the pictures.")
    if not os.access(there, os.W_OK):
        raise explain(PermissionError(errno.EACCES, ""), folder)


def _spare_inputs(jobs: list[Job], inputs: list[Path]) -> None:
    """A photo, backdrop, recipe or style that was given is never written over."""
    present = [path for path in inputs if path.exists()]
    for job in jobs:
        for path in (job.target, job.plan_file):
            if path.exists() and any(path.samefile(given) for given in present):
                raise HeadshotError(f"{path} was given as an input and is not written over.", "Choose another name.")


# The work.


def work_through(
    jobs: list[Job],
    given: argparse.Namespace,
    produce: Callable[[Job, Any, Report], Done],
    models: tuple[str, ...] = assets.STUDIO,
) -> int:
    """Make and save every picture with `produce(job, portrait, report)`; go on past photos that do not work.

    Returns the exit code: 2 where one of them did not.
    """
    face, bar = face_index(given.face), Bar()
    fetch(models, bar)
    try:
        fetch(assets.LIKENESS, bar)
    except HeadshotError as error:
        complain(f"The likeness will not be measured. {error}")
    results = []
    try:
        for number, result in enumerate(_results(jobs, face, given.mask, produce, bar)):
            results.append(result)
            if not given.json or "error" in result:
                bar.clear()
                _tell(result)
            bar.done, bar.total = number + 1, len(jobs)
    finally:
        bar.clear()
    if given.json:
        print_json(results)
    return 2 if any("error" in result for result in results) else 0


def _results(jobs: list[Job], face: int, mask: str, produce, bar: Bar) -> Iterator[dict[str, Any]]:
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
            report = bar.within(f"{job.photo.name} {job.start or ''}".strip())
            try:
                done = produce(job, portrait, report)
                yield _saved(job, done) | {"seconds": round(time.monotonic() - start, 2)}
            except HeadshotError as error:
                yield _failure(job, error)
            start = time.monotonic()


def _saved(job: Job, done: Done) -> dict[str, Any]:
    """Save one picture with its plan beside it."""
    plan = done.plan.model_dump(mode="json")
    done.picture.save(job.target)
    atomic_write(job.plan_file, json.dumps(plan, indent=2).encode() + b"\n")
    height, width = done.picture.picture.shape[:2]
    return {
        "photo": str(job.photo),
        job.kind.start: job.start,
        "path": str(job.target),
        f"{job.kind.plan}_path": str(job.plan_file),
        "width": width,
        "height": height,
        "notes": list(done.picture.notes),
        **done.words,
        **_likeness(done.picture),
        job.kind.plan: plan,
    }


def _likeness(picture) -> dict[str, Any]:
    try:
        return {"likeness": picture.likeness, "distance": round(picture.distance, 3)}
    except HeadshotError:  # its models are not on this machine
        return {"likeness": None, "distance": None}


def _failure(job: Job, error: HeadshotError) -> dict[str, Any]:
    return {"photo": str(job.photo), job.kind.start: job.start, "error": {"what": error.what, "todo": error.todo}}


def _tell(result: dict[str, Any]) -> None:
    """One result for people."""
    if "error" in result:
        complain(f"{result['photo']}: {result['error']['what']} {result['error']['todo']}")
        return
    likeness = "" if result["likeness"] is None else f", likeness {result['likeness']}"
    print(f"{result['path']}  {result['width']} × {result['height']}{likeness}, {result['seconds']:.1f} s", flush=True)
    for line in (*result.get("reasons", ()), *result["notes"]):
        print(f"    {line}", flush=True)
