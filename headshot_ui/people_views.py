"""Views: what each widget of the People tab shows, as plain data made from a visit."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from headshot_core.colour import from_lab
from headshot_core.face import identity
from headshot_core.gate import Checked
from headshot_core.people import Person
from headshot_core.profile import Profile
from headshot_ui.enhance_views import bar_working
from headshot_ui.people_visit import PeopleVisit
from headshot_ui.views import problem
from headshot_ui.visit import Visit
from headshot_ui.widgets import picture_url

WORDS = {"accept": "Good", "usable": "Usable", "reject": "Not used"}
"""What a verdict is called."""
AGREE = (
    (60, "The photos agree well."),
    (40, "The photos agree."),
    (0, "The photos differ a lot. Is one of somebody else?"),
)
"""From how many points of 100 the photos' likeness to each other is called what."""
__all__ = ["bar", "bar_working", "people", "people_photos", "people_profile"]


def people(visit: Visit, error: Exception | None = None, form: str = "") -> dict:
    """Everybody who is there, and who is looked at. `form`: "change" opens it for that person, "done" closes it."""
    work = visit.people
    person = work.person
    return {
        "people": [_card(work, one) for one in work.everybody.all()],
        "chosen": person and person.short,
        "form": form,
        "about": person.about.model_dump() if person and form == "change" else None,
        "proof": proof(visit),
        "error": error and problem(error),
    }


def _card(work: PeopleVisit, person: Person) -> dict:
    head = work.head(person)
    return {
        "short": person.short,
        "name": person.about.name,
        "picture": head and picture_url(head.image, 128),
        "says": _count(len(person.photos), "photo", "no photos yet"),
        "used": work.used is not None and work.used.folder == person.folder,
    }


def proof(visit: Visit) -> str:
    """What went with the latest deletion, and that it is gone; empty where there was none."""
    gone = visit.people.proof
    if gone is None:
        return ""
    size = f"{_count(gone.files, 'file')}, {_megabytes(gone.bytes)}"
    return f"{gone.name} is deleted: {size}. Looked again: nothing is left."


def people_photos(visit: Visit, error: Exception | None = None, pictures: Collection[str] | None = None) -> dict:
    """The person's photos with what the gate says of each. `pictures`: names of those to send as pictures, else all.

    The page keeps the pictures that it was sent.
    """
    work = visit.people
    person = work.person
    if person is None:
        return {"ready": False, "error": error and problem(error)}
    return {
        "ready": True,
        "short": person.short,
        "name": person.about.name,
        "photos": [_photo(work, path, pictures) for path in person.photos],
        "refused": [{"name": one.name, "says": one.what, "advice": one.todo} for one in work.refused],
        "arrived": list(work.arrived),
        "says": _says(work, person),
        "advice": _advice(work, person),
        "error": error and problem(error),
    }


def _advice(work: PeopleVisit, person: Person) -> list[str]:
    """What the set lacks, or what to do to know that."""
    gate = person.gate
    if gate:
        return list(gate.advice) or ["This set has all it needs."]
    return ["Each photo is looked at, then all together …"] if work.looking else ["Press Check photos below."]


def _photo(work: PeopleVisit, path, pictures: Collection[str] | None) -> dict:
    checked = work.verdicts.get(path.name)
    looking = path.name in work.looking
    shown = pictures is None or path.name in pictures
    return {
        "name": path.name,
        "state": "looking" if looking else checked.verdict if checked else "waiting",
        "word": "Looking …" if looking else WORDS[checked.verdict] if checked else "Not looked at yet",
        "reasons": [] if looking or not checked else _reasons(checked),
        "picture": picture_url(work.picture(path), quality=80) if shown else None,
    }


def _reasons(checked: Checked) -> list[dict]:
    ranked = sorted(checked.reasons, key=lambda reason: not reason.fatal)
    return [{"says": reason.says, "advice": reason.advice} for reason in ranked]


def _says(work: PeopleVisit, person: Person) -> str:
    count, good = len(person.photos), sum(one.verdict == "accept" for one in work.verdicts.values())
    return f"{_count(count, 'photo')}, {good} good" if work.verdicts else _count(count, "photo", "")


def people_profile(visit: Visit, error: Exception | None = None, file: dict | None = None) -> dict:
    """What is known of the person, and what can be done with it."""
    work = visit.people
    person = work.person
    if person is None:
        return {"ready": False, "error": error and problem(error)}
    profile = person.profile
    head = work.head(person, profile)
    size = sum(path.stat().st_size for path in person.folder.rglob("*") if path.is_file())
    return {
        "ready": True,
        "short": person.short,
        "name": person.about.name,
        "about": _about(person),
        "picture": head and picture_url(head.image),
        "rings": [{"x": x, "y": y, "r": r} for x, y, r in head.rings] if head else [],
        "profile": profile and _profile(profile),
        "outdated": profile is not None and person.gate is None,
        "used": work.used is not None and work.used.folder == person.folder,
        "other": work.used.about.name if work.used and work.used.folder != person.folder else "",
        "kept": f"{_count(len(person.photos), 'photo')}, {_megabytes(size)}" if person.photos else "",
        "limits": identity.WARNING,
        "file": file,
        "error": error and problem(error),
    }


def _about(person: Person) -> str:
    about = person.about
    parts = [about.noun, about.age and f"{about.age} years", about.eyes and f"{about.eyes} eyes"]
    parts += [about.hair and f"{about.hair} hair", "glasses" if about.glasses else ""]
    return ", ".join(part for part in parts if part)


def _profile(profile: Profile) -> dict:
    alike = identity.find(profile.embedder).likeness(profile.spread)
    return {
        "photos": _count(profile.photos, "photo"),
        "alike": alike,
        "alike_words": next(words for least, words in AGREE if alike >= least),
        "tone": None if profile.tone is None else _hex(profile.tone),
        "marks": len(profile.marks),
    }


def _hex(lab: np.ndarray) -> str:
    """A CIELAB colour as #rrggbb."""
    rgb = from_lab(np.asarray(lab, np.float32).reshape(1, 1, 3))[0, 0]
    return "#" + "".join(f"{round(255 * float(value)):02x}" for value in rgb)


def bar(visit: Visit, error: Exception | None = None, says: str = "") -> dict:
    """The main button and the words beside it."""
    person = visit.people.person
    waiting = person is not None and bool(person.photos) and person.gate is None
    return {
        "working": False,
        "ready": waiting,
        "says": says or _bar_says(visit.people, person, waiting),
        "error": error and problem(error),
    }


def _bar_says(work: PeopleVisit, person: Person | None, waiting: bool) -> str:
    if person is None:
        return "" if work.proof else "Add a person to begin."
    if not person.photos:
        return f"Add photos of {person.about.name}."
    return "The photos are not all looked at." if waiting else _says(work, person) + "."


def _count(number: int, word: str, none: str | None = None) -> str:
    if number == 0 and none is not None:
        return none
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
