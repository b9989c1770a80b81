"""`score`: how good a headshot a photo is, in five pillars, and what would mend it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from headshot_core import assets
from headshot_core.cli.batch import Done, Job, Kind, add_files, find_photos, plan_jobs, work_through
from headshot_core.cli.terminal import Bar, command, complain, face_index, fetch, print_json
from headshot_core.errors import HeadshotError

if TYPE_CHECKING:
    from headshot_core.portrait import Portrait
    from headshot_core.profile import Profile
    from headshot_core.score.report import Measure, Score

FIXED = Kind("fixed", "stack", "style")
PROFILES = ("headshot", "passport")
BAR = 20
"""Letters of a pillar's bar."""


def add(commands) -> None:
    """The command and its flags."""
    parser = command(commands, "score", run, "score photos as headshots, say why, and fix what can be fixed")
    add_files(parser, "fixed")
    parser.add_argument("--profile", choices=PROFILES, default=PROFILES[0], help="the rules (%(default)s)")
    parser.add_argument("--person", metavar="NAME", help="say how far the photo looks like this person (see people)")
    parser.add_argument("--sort", action="store_true", help="the best photo first")
    parser.add_argument("--fix", action="store_true", help="write each photo to OUT with all fixes that help")


def run(given: argparse.Namespace) -> int:
    """Score every photo asked for. 2 where one of them could not be."""
    person = _profile_of(given.person) if given.person else None
    if person:
        fetch(assets.LIKENESS, Bar())
    if given.fix:
        jobs = plan_jobs(given, FIXED, [(None, None)], [])
        return work_through(jobs, given, partial(_fixed, rules=given.profile, person=person))
    return _tell(given, list(_scores(given, person)))


def _profile_of(name: str) -> Profile:
    from headshot_core.people import People

    profile = People().get(name).profile
    if profile is None:
        raise HeadshotError(f"What {name} looks like is not known yet.", "Add photos: python -m headshot_core people.")
    return profile


# Scores.

Result = tuple[Path, "Score | HeadshotError"]


def _scores(given: argparse.Namespace, person: Profile | None) -> Iterator[Result]:
    """Each photo with its score, or why it has none."""
    from headshot_core.enhance.view import Study
    from headshot_core.score.engine import score

    photos, face, bar = find_photos(given.photos), face_index(given.face), Bar()
    fetch(assets.STUDIO, bar)
    bar.total = len(photos)
    try:
        for number, photo in enumerate(photos):
            try:
                yield photo, score(Study(_read(photo, face, given.mask, bar).of(person)), None, given.profile)
            except HeadshotError as error:
                yield photo, error
            bar.done = number + 1
    finally:
        bar.clear()


def _read(path: Path, face: int, mask: str, bar: Bar) -> Portrait:
    from headshot_core.photo import read_photo
    from headshot_core.portrait import analyse

    return analyse(read_photo(path), face, bar.within(path.name), mask=mask)


def _fixed(job: Job, portrait: Portrait, report, rules: str, person: Profile | None) -> Done:
    from headshot_core.enhance.engine import enhance
    from headshot_core.enhance.view import Study
    from headshot_core.score.engine import fixed, score

    portrait = portrait.of(person)
    study = Study(portrait)
    stack = fixed(study, None, rules)
    before, after = score(study, None, rules), score(study, stack, rules)
    words = {"reasons": _changes(before, after), "score": {"before": before.to_dict(), "after": after.to_dict()}}
    return Done(enhance(portrait, stack, report), stack, words)


def _changes(before: Score, after: Score) -> list[str]:
    """What the fixes brought, in words."""
    pairs = [
        (old.title, round(old.score), round(new.score)) for old, new in zip(before.pillars, after.pillars, strict=True)
    ]
    changed = [f"{title} {old} → {new}." for title, old, new in pairs if old != new]
    return [f"Score {before.total} → {after.total}.", *changed]


# What is said.


def _tell(given: argparse.Namespace, results: list[Result]) -> int:
    scored = [(photo, score) for photo, score in results if not isinstance(score, HeadshotError)]
    failed = [(photo, error) for photo, error in results if isinstance(error, HeadshotError)]
    if given.sort:
        scored.sort(key=lambda pair: -pair[1].total)
    for photo, error in failed:
        complain(f"{photo}: {error}")
    if given.json:
        faults = [{"photo": str(photo), "error": {"what": e.what, "todo": e.todo}} for photo, e in failed]
        print_json([{"photo": str(photo)} | score.to_dict() for photo, score in scored] + faults)
    elif len(results) == 1:
        for photo, score in scored:
            print(*_report(photo, score, given.person), sep="\n")
    else:
        print(*_table(scored), sep="\n")
    return 2 if failed else 0


def _table(scored: list[tuple[Path, Score]]) -> Iterator[str]:
    """One line a photo."""
    if scored:
        names = [pillar.name for pillar in scored[0][1].pillars]
        yield "  ".join(["score", *names, "photo"])
    for photo, score in scored:
        figures = [f"{pillar.score:{len(pillar.name)}.0f}" for pillar in score.pillars]
        likeness = "" if score.likeness is None else f"  likeness {score.likeness}"
        yield "  ".join([f"{score.total:5}", *figures, f"{photo}{likeness}"])


def _report(photo: Path, score: Score, person: str | None) -> Iterator[str]:
    """Everything about one photo."""
    from headshot_core.face import identity

    yield f"{photo}: {score.total} of 100"
    for note in score.notes:
        yield f"  {note}"
    if score.likeness is not None:
        yield f"  Likeness to {person}: {score.likeness} of 100. {identity.says(score.likeness)} {identity.WARNING}"
    for pillar in score.pillars:
        filled = round(pillar.score / 100 * BAR)
        yield f"{pillar.title:26}{'█' * filled}{'░' * (BAR - filled)} {pillar.score:3.0f}"
        yield from (f"    {_sentence(measure)}" for measure in pillar.ranked)


def _sentence(measure: Measure) -> str:
    fix = f" → {measure.fix.title}" if measure.fix and measure.faulty else ""
    mark = "✗" if measure.faulty else "✓" if measure.costs else " "
    return f"{mark} {measure.says}{fix}"
