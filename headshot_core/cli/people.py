"""`people`: who is known here, with photos and a likeness profile; delete means deleted."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from headshot_core.cli.batch import find_photos
from headshot_core.cli.gate import tell, with_bar
from headshot_core.cli.terminal import Parser, agreed, command, complain, print_json
from headshot_core.errors import HeadshotError

if TYPE_CHECKING:
    from headshot_core.people import Person
    from headshot_core.profile import Profile


def add(commands) -> None:
    """The command, and a command of its own for everything that can be done."""
    parser = commands.add_parser("people", help=(text := "people known here: add, list, show, check, export, delete"))
    parser.description = f"{text[0].upper()}{text[1:]}."
    tasks = parser.add_subparsers(metavar="TASK", required=True)
    adding = command(tasks, "add", _add, "add a person, or photos of one who is known")
    adding.add_argument("name", metavar="NAME")
    adding.add_argument("photos", nargs="*", type=Path, metavar="PHOTO|FOLDER")
    adding.add_argument("--noun", default="person", help="woman, man, person, girl or boy (%(default)s)")
    adding.add_argument("--age", type=int, help="years")
    adding.add_argument("--eyes", default="", metavar="COLOUR", help="eye colour")
    adding.add_argument("--hair", default="", metavar="WORDS", help="hair colour and style")
    adding.add_argument("--glasses", action="store_true", help="wears glasses")
    adding.add_argument("--cartoon", action="store_true", help="a drawing, nobody real: for the demo base model alone")
    adding.add_argument("--consent", action="store_true", help="the person shown agrees, or it is you: needed")
    command(tasks, "demo", _demo, "add the demo person: cartoon portraits of nobody, to train --base micro on")
    command(tasks, "list", _list, "list everybody")
    _named(command(tasks, "show", _show, "say what is known of a person"))
    _named(command(tasks, "check", _check, "look at a person's photos again"))
    exporting = _named(command(tasks, "export", _export, "write everything of a person into a ZIP"))
    exporting.add_argument("-o", "--out", type=Path, metavar="FILE", help="the ZIP (NAME.zip)")
    deleting = _named(command(tasks, "delete", _delete, "delete a person: photos, profile, models and results"))
    deleting.add_argument("--yes", action="store_true", help="do not ask")


def _named(parser: Parser) -> Parser:
    parser.add_argument("name", metavar="NAME")
    return parser


def _person(given: argparse.Namespace) -> Person:
    from headshot_core.people import People

    return People().get(given.name)


# Tasks.


def _add(given: argparse.Namespace) -> int:
    """Add a person or photos, and look at them. 2 where a photo could not be kept."""
    photos = find_photos(given.photos)
    person = _new_or_known(given)
    failed = 0
    for photo in photos:
        try:
            person.add_photo(_bytes(photo), photo.name)
        except HeadshotError as error:
            failed = complain(f"{photo}: {error}")
    if person.photos:
        return _check_one(person, given.json) or failed
    _say(
        given.json, _facts(person), f"{person.about.name} was added. Add photos: people add '{person.about.name}' PHOTO"
    )
    return failed


def _new_or_known(given: argparse.Namespace) -> Person:
    from headshot_core.people import About, People

    people = People()
    known = next((one for one in people.all() if given.name in (one.about.name, one.short)), None)
    if known:
        return known
    fields = {name: getattr(given, name) for name in About.model_fields}
    try:
        return people.add(About(**fields))
    except ValidationError as error:
        first = error.errors()[0]
        raise HeadshotError(f"--{first['loc'][0]} {first['input']}: {first['msg']}.") from error


def _demo(given: argparse.Namespace) -> int:
    """Add the demo person, and say what can be done with it."""
    from headshot_core.micro import demo
    from headshot_core.train.settings import DEMO

    person = demo.add()
    name = person.about.name
    train = f"python -m headshot_core train --person {shlex.quote(name)} --base {DEMO}"
    _say(given.json, _facts(person), f"{name} is here with {len(person.photos)} cartoon portraits. Train: {train}")
    return 0


def _bytes(photo: Path) -> bytes:
    from headshot_core.files import explain

    try:
        return photo.read_bytes()
    except OSError as error:
        raise explain(error, photo) from error


def _list(given: argparse.Namespace) -> int:
    from headshot_core.people import People

    everybody = [_facts(person) for person in People().all()]
    if given.json:
        print_json(everybody)
        return 0
    for one in everybody:
        known = f"known from {one['profile']['photos']}" if one["profile"] else "not known yet"
        print(f"{one['name']} ({one['noun']}): {one['photos']} photos, {known}")
    if not everybody:
        print("Nobody was added yet.")
    return 0


def _show(given: argparse.Namespace) -> int:
    person = _person(given)
    facts, gate = _facts(person), person.gate
    if given.json:
        print_json(facts | {"gate": gate and gate.to_dict()})
        return 0
    parts = [facts["noun"], facts["age"] and f"{facts['age']} years", facts["eyes"] and f"{facts['eyes']} eyes"]
    parts += [facts["hair"] and f"{facts['hair']} hair", "glasses" if facts["glasses"] else ""]
    print(f"{facts['name']}: {', '.join(part for part in parts if part)}")
    print(f"Folder: {person.folder}")
    profile = facts["profile"]
    if profile:
        marks = f"{profile['marks']} permanent mark{'s' * (profile['marks'] != 1)}"
        print(f"Profile: from {profile['photos']} photos, {marks}")
    if gate:
        tell(gate)
    else:
        print(f"{facts['photos']} photos, not checked in this state: people check '{facts['name']}'")
    return 0


def _check(given: argparse.Namespace) -> int:
    return _check_one(_person(given), given.json)


def _check_one(person: Person, as_json: bool) -> int:
    """2 where none of the photos can be used."""
    gate = with_bar(person.check, person.about.cartoon)
    if as_json:
        print_json(_facts(person) | {"gate": gate.to_dict()})
    else:
        tell(gate)
    return 0 if gate.recommended else 2


def _export(given: argparse.Namespace) -> int:
    person = _person(given)
    target = given.out or Path(f"{person.short}.zip")
    if target.exists():
        raise HeadshotError(f"{target} is there already.", "Choose another name: -o FILE")
    person.export(target)
    _say(given.json, {"path": str(target), "bytes": target.stat().st_size}, f"Everything is in {target}.")
    return 0


def _delete(given: argparse.Namespace) -> int:
    person = _person(given)
    question = f"Delete {person.about.name} with {len(person.photos)} photos and all that was made of them?"
    if not given.yes and not agreed(question):
        complain("Nothing was deleted.")
        return 2
    gone = person.delete()
    facts = {"name": gone.name, "files": gone.files, "bytes": gone.bytes, "left": list(gone.left)}
    _say(given.json, facts, f"{gone.name} is deleted: {gone.files} files, {gone.bytes / 1e6:.1f} MB. Nothing is left.")
    return 0


# What is said.


def _facts(person: Person) -> dict[str, Any]:
    """A person as plain data, without embeddings."""
    about = person.about.model_dump(mode="json")
    return about | {"short": person.short, "photos": len(person.photos), "profile": _profile(person.profile)}


def _profile(profile: Profile | None) -> dict[str, Any] | None:
    if profile is None:
        return None
    tone = None if profile.tone is None else [round(float(value), 1) for value in profile.tone]
    return {"photos": profile.photos, "spread": round(profile.spread, 3), "tone": tone, "marks": len(profile.marks)}


def _say(as_json: bool, data: Any, words: str) -> None:
    print_json(data) if as_json else print(words)
