"""`train`: teach a base model a person, in a process of its own; and what can be done with trainings and models."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from headshot_core import assets
from headshot_core.cli.gate import with_bar
from headshot_core.cli.terminal import Bar, Parser, add_field, agreed, command, complain, fetch, first_line, print_json
from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write

if TYPE_CHECKING:
    from headshot_core.people import Person
    from headshot_core.train.estimate import Estimate
    from headshot_core.train.runs import Checkpoint, Run, Status
    from headshot_core.train.settings import Training

LOOK = 0.3
"""Seconds from one look at a run that is watched to the next."""
INTERRUPTED = ("paused", "failed", "broken")


@dataclass(frozen=True)
class Action:
    """What can be done but to start a new training."""

    run: Callable[[argparse.Namespace], int]
    text: str
    takes: tuple[str, ...] = ("person",)
    """other flags that say something to it"""
    settings: tuple[str, ...] | None = ()
    """fields of a training that do; None: all"""
    metavar: str = ""
    """what it is done with"""
    optional: bool = False
    """whether that may be left out"""


# Arguments.


def add(commands) -> None:
    """The command; its flags are made when it is used, from the settings of a training."""
    text = "teach a base model a person from their photos: start, follow, resume, take home"
    command(commands, "train", train, text, fill=_add_flags)


def _add_flags(parser: Parser) -> None:
    from headshot_core.train import catalogue
    from headshot_core.train.settings import Training

    parser.usage = (
        "%(prog)s --person NAME [--base NAME] [--choice CHOICE] [--SETTING VALUE ...] | --ACTION ... [--json]"
    )
    parser.epilog = "Ctrl-C pauses, with everything saved; --resume goes on from there."
    parser.add_argument("--person", metavar="NAME", help="of whom; needed where several are known here (see people)")
    parser.add_argument("--detach", action="store_true", default=None, help="do not wait for what comes of it")
    actions = parser.add_argument_group("Instead of starting a new training").add_mutually_exclusive_group()
    for name, action in ACTIONS.items():
        options = {"metavar": action.metavar} if action.metavar else {"action": "store_true"}
        options |= {"nargs": "?", "const": ""} if action.optional else {}
        actions.add_argument(f"--{name}", dest=f"do.{name}", default=argparse.SUPPRESS, help=action.text, **options)
    more = parser.add_argument_group("For some of these")
    more.add_argument("-o", "--out", type=Path, metavar="FILE", help="of --prepare and --export")
    more.add_argument("--step", type=int, metavar="N", help="of --choose: the checkpoint of that step")
    more.add_argument("--to", metavar="OWNER/REPO", help="of --push: a repository, made private where it is missing")
    more.add_argument("--measure", action="store_true", default=None, help="of --estimate: time two real steps")
    more.add_argument("--yes", action="store_true", default=None, help="of --remove and --delete: do not ask")
    group = parser.add_argument_group("Settings", first_line(Training))
    for field, schema in catalogue.settings().items():
        options = SPECIAL.get(field, {"metavar": "VALUE"})
        kind = schema | ({"type": "boolean"} if catalogue.is_switch(schema) else {})
        add_field(group, [catalogue.flag(field)], f"training.{field}", kind, catalogue.limits(schema), **options)


def _caption(text: str) -> tuple[str, str]:
    photo, sign, words = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is no PHOTO=WORDS")
    return photo, words


SPECIAL: dict[str, dict[str, Any]] = {
    "captions": {"metavar": "PHOTO=WORDS", "type": _caption, "action": "append"},
    "leave_out": {"metavar": "PHOTO", "action": "append"},
}
"""Settings that may be given several times."""


def train(given: argparse.Namespace) -> int:
    """Start a training, or do what is asked for instead."""
    name = next((flag.removeprefix("do.") for flag in vars(given) if flag.startswith("do.")), "")
    action = ACTIONS[name] if name else START
    given.what = getattr(given, f"do.{name}", "")
    given.settings = {
        flag.removeprefix("training."): value for flag, value in vars(given).items() if flag.startswith("training.")
    }
    if "captions" in given.settings:
        given.settings["captions"] = dict(given.settings["captions"])
    _check_flags(given, name, action)
    return action.run(given)


def _check_flags(given: argparse.Namespace, name: str, action: Action) -> None:
    """Flags that would do nothing are a mistake."""
    from headshot_core.train.catalogue import flag

    flags = ("person", "detach", "out", "step", "to", "measure", "yes")
    idle = [f"--{one}" for one in flags if getattr(given, one) is not None and one not in action.takes]
    if action.settings is not None:
        idle += [flag(field) for field in given.settings if field not in action.settings]
    if idle:
        raise HeadshotError(
            f"{idle[0]} does not go with {f'--{name}' if name else 'a new training'}.",
            "See: python -m headshot_core train --help",
        )


def _training(given: argparse.Namespace) -> Training:
    """The settings given. Raises `HeadshotError` that names the flag that does not fit."""
    from headshot_core.train.catalogue import flag
    from headshot_core.train.settings import Training

    try:
        return Training.model_validate(given.settings)
    except ValidationError as error:
        first = error.errors()[0]
        wrong = f"{flag(str(first['loc'][0]))} {first['input']}"
        raise HeadshotError(f"{wrong}: {first['msg']}.", "See: python -m headshot_core train --help") from error


def _person(given: argparse.Namespace) -> Person:
    """Of whom: the person named, or the only one there is."""
    from headshot_core.people import People

    if given.person:
        return People().get(given.person)
    everybody = People().all()
    if len(everybody) == 1:
        return everybody[0]
    there = f"Choose one of: {', '.join(one.about.name for one in everybody)}." if everybody else (
        "Nobody was added yet: python -m headshot_core people add NAME PHOTO …"
    )  # fmt: skip
    raise HeadshotError("Say of whom: --person NAME.", there)


def _people(given: argparse.Namespace) -> list[Person]:
    """The person named, or everybody."""
    from headshot_core.people import People

    return [People().get(given.person)] if given.person else People().all()


def _owner(given: argparse.Namespace, kind: str, names: Callable[[Person], Iterable[str]]) -> Person:
    """Who has the training or model asked for. Raises `HeadshotError` where nobody has, or several have."""
    known = {person: list(names(person)) for person in _people(given)}
    owners = [person for person, theirs in known.items() if given.what in theirs]
    if len(owners) == 1:
        return owners[0]
    if owners:
        several = " and ".join(person.about.name for person in owners)
        raise HeadshotError(f"{several} have a {kind} '{given.what}' each.", "Say whose: --person NAME.")
    there = ", ".join(dict.fromkeys(name for theirs in known.values() for name in theirs))
    raise HeadshotError(
        f"There is no {kind} '{given.what}'.", f"Choose one of: {there}." if there else "There is none yet."
    )


def _run(given: argparse.Namespace) -> Run:
    from headshot_core.train import runs

    owner = _owner(given, "training", lambda person: [run.name for run in runs.of(person)])
    return runs.find(owner, given.what)


def _model(given: argparse.Namespace) -> tuple[Person, Path]:
    from headshot_core.generate import loras

    owner = _owner(given, "model", loras.models_of)
    return owner, loras.models_of(owner)[given.what]


# Before a training.


def _planned(given: argparse.Namespace) -> tuple[Person, Training, int]:
    """Of whom, everything settled, and how many photos there are."""
    from headshot_core.train import settings

    person, training = _person(given), _training(given)
    photos = _photos(person, training)
    return person, settings.settled(training, photos), photos


def _photos(person: Person, training: Training) -> int:
    """How many can be used; names of photos that are none are found here."""
    from headshot_core.train import prepare
    from headshot_core.train.crops import KINDS

    names = [path.name for path in person.photos]
    pictures = [f"{path.stem}-{kind}" for path in person.photos for kind in KINDS]
    for name in (*training.leave_out, *training.captions):
        if name not in names and (name not in pictures or name in training.leave_out):
            there = f"Their photos are: {', '.join(names)}." if names else "They have none yet."
            raise HeadshotError(f"There is no photo '{name}' of {person.about.name}.", there)
    prepare.check_kind(person.about, training)
    if names and person.gate is None:
        with_bar(person.check, person.about.cartoon)
    return len(prepare.photos_of(person, training))


def _reckoned(training: Training, photos: int) -> Estimate:
    from headshot_core.train import estimate, settings

    return estimate.estimate(settings.base_of(training), training, photos)


def _plan_words(training: Training, photos: int) -> str:
    from headshot_core.train import settings

    return (
        f"{settings.base_of(training).title}, {training.choice}: {photos} photos, {training.steps} steps, "
        f"rank {training.rank}, {training.resolution} x {training.resolution} pixels."
    )


def _estimate(given: argparse.Namespace) -> int:
    """Say what a training would take. 2 where it cannot work here."""
    from headshot_core.train.measure import measure

    person, training, photos = _planned(given)
    found = _reckoned(training, photos)
    if given.measure and found.fits:
        with_bar(lambda report: measure(person, training, report), person.about.cartoon)
        found = _reckoned(training, photos)
    if given.json:
        print_json(asdict(found) | {"photos": photos, "training": training.model_dump(mode="json")})
    else:
        print(_plan_words(training, photos))
        print(_estimate_words(found))
    return 0 if found.fits else 2


def _estimate_words(found: Estimate) -> str:
    how = " The time was measured here." if found.measured else " The time is reckoned: --estimate --measure measures."
    return f"{found.says}.{how * (found.seconds is not None)}" if found.fits else f"{found.says} {found.todo}"


def _prepare(given: argparse.Namespace) -> int:
    """Write a contact sheet of what a model would be shown."""
    from headshot_core.photo import write_picture
    from headshot_core.train import prepare, settings, sheet

    person, training = _person(given), _training(given)
    photos = _photos(person, training)
    if training.resolution is None:
        training = settings.settled(training, photos)
    target = given.out or Path(f"{person.short}-photos.jpg")
    _fetch_for(training)
    with tempfile.TemporaryDirectory(prefix="headshot-") as place:
        folder = Path(place)
        examples = with_bar(lambda report: prepare.prepare(person, training, folder, report), person.about.cartoon)
        write_picture(sheet.contact_sheet(folder, examples), target)
    told = [asdict(example) for example in examples]
    _say(given, {"sheet": str(target), "pictures": told}, f"{sheet.says(examples)}. They are on {target}.")
    return 0


def _fetch_for(training: Training) -> None:
    if training.rescue:
        fetch(assets.UPSCALE, Bar())


def _start(given: argparse.Namespace) -> int:
    """Prepare, say what will be done, train, and say what came of it."""
    from headshot_core.train import runs

    person, training, photos = _planned(given)
    found = _reckoned(training, photos)
    if not found.fits:  # said before any work
        raise HeadshotError(found.says, found.todo)
    _fetch_for(training)
    run = with_bar(lambda report: runs.draft(person, training, report), person.about.cartoon)
    _tell_plan(run, person, photos, found)
    _begin(run)
    return _followed(given, run)


def _tell_plan(run: Run, person: Person, photos: int, found: Estimate) -> None:
    from headshot_core.train import prepare, sheet

    training, examples = run.training, run.examples
    _note(f"{run.name} of {person.about.name}. {_plan_words(training, photos)}")
    _note(f"{sheet.says(examples)}.")
    used = {one.photo for one in examples}
    lost = [path.name for path in prepare.photos_of(person, training) if path.name not in used]
    if lost:
        _note(f"Left out, for no good picture could be made of them: {', '.join(lost)}.")
    unfit = len(person.photos) - photos
    if unfit:
        _note(f"{unfit} of {len(person.photos)} photos are not used: people show {shlex.quote(person.about.name)}")
    _note(_estimate_words(found))


# While it runs.


def _resume(given: argparse.Namespace) -> int:
    """Go on with a training, with other settings where some are given."""
    run = _run(given) if given.what else _interrupted(given)
    if given.settings:
        training = _training(given)
        run.amend(**{field: getattr(training, field) for field in given.settings})
    _note(f"{run.name} of {run.person.about.name}: {run.status().says}")
    _begin(run)
    return _followed(given, run)


def _begin(run: Run) -> None:
    """Start it; Ctrl-C before it can be heard there leaves a note."""
    from headshot_core.train.runs import WISH

    try:
        run.start()
    except KeyboardInterrupt as error:
        atomic_write(run.folder / WISH, b"pause")
        raise HeadshotError(
            "Stopped while it began: it pauses by itself.", f"To go on: {_again('--resume', run)}"
        ) from error


def _interrupted(given: argparse.Namespace) -> Run:
    """The one that was at work last, of those that were broken off."""
    from headshot_core.train import runs

    found = [run for one in _people(given) for run in runs.of(one) if run.status().state in INTERRUPTED]
    if not found:
        raise HeadshotError("No training was broken off.", "See: python -m headshot_core train --list")
    return max(found, key=lambda run: run.since)


def _pause(given: argparse.Namespace) -> int:
    """Let a training save, and let go of the machine."""
    run = _run(given)
    run.pause()
    return _followed(given, run)


def _stop(given: argparse.Namespace) -> int:
    """End a training, and make the model of what is there."""
    run = _run(given)
    run.stop()
    return _followed(given, run)


def _followed(given: argparse.Namespace, run: Run) -> int:
    """Watch a run to its end, unless it is to go on by itself; say what came of it. 130 where Ctrl-C paused it."""
    if given.detach:
        _say(given, facts(run), f"It goes on by itself. To see how: {_again('--status', run)}")
        return 0
    status, by_hand = _watched(run)
    if not run.folder.is_dir():
        raise HeadshotError("This training was removed.")
    if status.state in ("failed", "broken"):
        raise HeadshotError(status.says, f"{status.todo} To go on: {_again('--resume', run)}")
    words = _ready_words(run, status) if status.state == "done" else f"{status.says} Everything is saved."
    more = "" if status.state == "done" else f"\nTo go on: {_again('--resume', run)}"
    _say(given, facts(run), words + more)
    return 130 if by_hand and status.state != "done" else 0


def _watched(run: Run) -> tuple[Status, bool]:
    """Show how it goes until nobody works on it; Ctrl-C pauses it. Gives how it ended, and whether by Ctrl-C."""
    from headshot_core.train import look

    bar, by_hand = Bar(), False
    told = {one.step for one in run.checkpoints if _is_judged(one)}
    while True:
        try:
            status = run.status()
            for one in status.checkpoints:
                if _is_judged(one) and one.step not in told:
                    told.add(one.step)
                    bar.clear()
                    _note(look.says(one))
            if not status.working:
                bar.clear()
                return status, by_hand
            bar.report(status.step, status.steps, "Pausing" if by_hand else _now(status))
            time.sleep(LOOK)
        except KeyboardInterrupt:
            if by_hand:
                raise
            by_hand = True
            with suppress(HeadshotError):  # it ended just now
                run.pause()


def _is_judged(checkpoint: Checkpoint) -> bool:
    return checkpoint.step > 0 and (checkpoint.points is not None or bool(checkpoint.notes))


def _now(status: Status) -> str:
    from headshot_core.train.estimate import duration

    left = f", about {duration(status.seconds_left)} left" if status.seconds_left is not None else ""
    return f"{status.says}{left}"


def _ready_words(run: Run, status: Status) -> str:
    """Which checkpoint was chosen and why, where the model lies, and how to draw with it."""
    from headshot_core.train import look

    chosen = next((one for one in status.checkpoints if one.step == status.chosen), None)
    measured = [look.says(chosen), _why(chosen, status)] if chosen and _is_judged(chosen) else []
    name = shlex.quote(run.person.about.name)
    draw = f"python -m headshot_core generate --person {name} --mode person --lora {run.name}"
    return "\n".join(
        [
            f"The model {run.name} of {run.person.about.name} is made of step {status.chosen} of {status.steps}.",
            *measured,
            f"It lies in {run.model}",
            f"Draw with it: {draw} --base {shlex.quote(run.training.base)}",
        ]
    )


def _why(chosen: Checkpoint, status: Status) -> str:
    from headshot_core.train import judge

    judged = [one for one in status.checkpoints if one.step and one.points is not None]
    if len(judged) < 2:
        return "It is the only one that was judged."
    top = max(judged, key=lambda one: one.points)
    if top.step == chosen.step or top.points == chosen.points:
        return f"None of the {len(judged)} checkpoints has more points."
    return (
        f"It is the earliest within {judge.TIE:g} points of the best, step {top.step} with {top.points:.1f}: "
        "what comes after it was learnt by heart."
    )


def _again(flag: str, run: Run) -> str:
    """The command that does something with a run."""
    return f"python -m headshot_core train {flag} {run.name} --person {shlex.quote(run.person.about.name)}"


# What there is.


def _list(given: argparse.Namespace) -> int:
    """All trainings and all models."""
    from headshot_core.generate import loras
    from headshot_core.train import runs

    everybody = _people(given)
    trainings = [facts(run) for person in everybody for run in runs.of(person)]
    models = [
        {"person": person.about.name, **asdict(model), "path": str(model.path)}
        for person in everybody
        for model in loras.all_of(person)
    ]
    if given.json:
        print_json({"trainings": trainings, "models": models})
        return 0
    for one in trainings:
        where = f"step {one['step']} of {one['steps']}, {one['base']}"
        print(f"{one['name']:<20}{one['person']:<20}{one['state']:<10} {where}")
    for one in models:
        like = f", likeness {one['likeness']:.0f}" if one["likeness"] is not None else ""
        print(f"{one['name']:<20}{one['person']:<20}{'model':<10} for {one['base'] or 'a base model not told'}{like}")
    if not trainings and not models:
        print("Nothing was trained yet.")
    return 0


def _status(given: argparse.Namespace) -> int:
    """Where a training stands, and every checkpoint."""
    from headshot_core.train import look
    from headshot_core.train.runs import LOG

    run = _run(given)
    if given.json:
        print_json(facts(run))
        return 0
    status = run.status()
    print(f"{run.name} of {run.person.about.name}: {status.state}, step {status.step} of {status.steps}.")
    print(f"{_now(status)} {status.todo}".strip())
    for one in status.checkpoints:
        if one.step:
            print(f"{'+' if one.step == status.chosen else ' '} {look.says(one)}")
    print(f"Model: {status.model or 'none yet'}")
    print(f"Log: {run.folder / LOG}")
    return 0


def facts(run: Run) -> dict[str, Any]:
    """A run as plain data."""
    status, base = run.status(), ""
    with suppress(HeadshotError):
        base = run.training.base
    return {
        "name": run.name,
        "person": run.person.about.name,
        "base": base,
        "state": status.state,
        "says": status.says,
        "todo": status.todo,
        "step": status.step,
        "steps": status.steps,
        "seconds_left": status.seconds_left,
        "checkpoints": [asdict(one) for one in status.checkpoints],
        "chosen": status.chosen,
        "model": status.model,
        "folder": str(run.folder),
    }


# Afterwards.


def _choose(given: argparse.Namespace) -> int:
    """Make the model of another checkpoint."""
    run = _run(given)
    if given.step is None:
        there = ", ".join(str(one.step) for one in run.checkpoints if one.step) or "none yet"
        raise HeadshotError("Say which: --step N.", f"Those kept are: {there}.")
    path = run.choose(given.step)
    _say(given, facts(run), f"{run.name} is made of step {given.step} now: {path}")
    return 0


def _remove(given: argparse.Namespace) -> int:
    """End a training and delete its folder."""
    run = _run(given)
    whose = run.person.about.name
    if not given.yes and not agreed(f"Delete the training {run.name} of {whose} with all its checkpoints?"):
        complain("Nothing was deleted.")
        return 2
    run.remove()
    stays = f" The model stays: {run.model}" if run.model.is_file() else ""
    _say(given, {"name": run.name, "person": whose, "removed": True}, f"{run.name} of {whose} is removed.{stays}")
    return 0


def _export(given: argparse.Namespace) -> int:
    """Write a model for other programs."""
    from headshot_core.train import card, exchange

    _, path = _model(given)
    target = given.out or Path(card.exported(path.stem))
    if target.exists():
        raise HeadshotError(f"{target} is there already.", "Choose another name: -o FILE")
    exchange.export(path, target)
    _say(given, {"path": str(target), "bytes": target.stat().st_size}, f"{path.stem} is written to {target}.")
    return 0


def _import(given: argparse.Namespace) -> int:
    """Take a LoRA from elsewhere in."""
    from headshot_core.generate import loras
    from headshot_core.train import exchange

    person, training = _person(given), _training(given)
    path = exchange.adopt(person, Path(given.what).expanduser(), training.name)
    trigger = loras.metadata(path).get("trigger", "")
    calls = f"'{trigger}' calls the person." if trigger else "It does not tell the word that calls the person."
    told = {"name": path.stem, "person": person.about.name, "path": str(path), "trigger": trigger}
    _say(given, told, f"{path.stem} is a model of {person.about.name} now. {calls}")
    return 0


def _push(given: argparse.Namespace) -> int:
    """Copy a model to the hub, private."""
    from headshot_core.train import publish

    _, path = _model(given)
    if not given.to:
        raise HeadshotError("Say where to: --to OWNER/REPO.", "It is made, private, where it is missing.")
    bar = Bar()
    address = publish.push(path, given.to, os.environ.get("HF_TOKEN"), bar.report)
    bar.clear()
    _say(given, {"address": address}, f"{path.stem} is in {address}, where nobody but you sees it.")
    return 0


def _delete(given: argparse.Namespace) -> int:
    """Delete a model."""
    from headshot_core.train import finish

    person, path = _model(given)
    if not given.yes and not agreed(f"Delete the model {path.stem} of {person.about.name}?"):
        complain("Nothing was deleted.")
        return 2
    gone = finish.delete(person, path.stem)
    told = {"name": gone.name, "files": gone.files, "bytes": gone.bytes, "left": list(gone.left)}
    _say(given, told, f"{gone.name} is deleted: {gone.files} files, {gone.bytes / 1e6:.1f} MB. Nothing is left.")
    return 0


# What is said.


def _say(given: argparse.Namespace, data: Any, words: str) -> None:
    print_json(data) if given.json else print(words)


def _note(words: str) -> None:
    """Beside the result."""
    print(words, file=sys.stderr, flush=True)


START = Action(_start, "", ("person", "detach"), None)
ACTIONS = {
    "estimate": Action(_estimate, "say what it would take: memory, time, disk", ("person", "measure"), None),
    "prepare": Action(_prepare, "write a contact sheet of the crops and captions, no more", ("person", "out"), None),
    "resume": Action(
        _resume, "go on with one that was broken off, with another --rate where that is wished",
        ("person", "detach"), None, "NAME", optional=True,
    ),
    "list": Action(_list, "list all trainings and models"),
    "status": Action(_status, "say where one stands", metavar="NAME"),
    "pause": Action(_pause, "let one save, and let go of the machine", ("person", "detach"), metavar="NAME"),
    "stop": Action(_stop, "end one, and make the model of what is there", ("person", "detach"), metavar="NAME"),
    "choose": Action(_choose, "make the model of another checkpoint: --step N", ("person", "step"), metavar="NAME"),
    "remove": Action(_remove, "delete one; its model stays", ("person", "yes"), metavar="NAME"),
    "export": Action(_export, "write a model for ComfyUI and others", ("person", "out"), metavar="MODEL"),
    "import": Action(_import, "take a LoRA from elsewhere in as a model", ("person",), ("name",), "FILE"),
    "push": Action(_push, "copy a model to the hub, private: --to OWNER/REPO", ("person", "to"), metavar="MODEL"),
    "delete": Action(_delete, "delete a model", ("person", "yes"), metavar="MODEL"),
}  # fmt: skip
