"""People in a visit: whose photos are looked at, and who the pictures are known to show. Plain Python.

At home people are kept in the studio's own folder until they are deleted. In a hosted Space they lie in the visit's
private folder, and go when the visit ends.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from pydantic import ValidationError

from headshot_core.errors import HeadshotError
from headshot_core.face import marks
from headshot_core.face.landmarks import Face, find_faces
from headshot_core.gate import Checked, Gate
from headshot_core.people import About, Deleted, People, Person
from headshot_core.photo import read_photo
from headshot_core.profile import Profile
from headshot_core.progress import CancelToken
from headshot_core.pyramid import Pyramid
from headshot_ui.retouch import Step, hosted, in_steps
from headshot_ui.visit_files import download_folder, safe_stem, small_copy

if TYPE_CHECKING:
    from headshot_ui.visit import Visit

MOST = 60
"""How many photos of a person may be kept."""
SECONDS_EACH = 1.0
"""For looking at one photo, before it was timed."""
HEAD = (1.6, 2.0)
"""Width and height of a picture of the head, in head heights."""
EXPORT = "person"
"""What the folder of an export is called."""


@dataclass(frozen=True)
class Refused:
    """A file that could not be kept."""

    name: str
    what: str
    todo: str


@dataclass(frozen=True, eq=False)
class HeadPicture:
    """A person's head, cut from one of their photos, and where the marks that stay are on it."""

    image: Image.Image
    rings: tuple[tuple[float, float, float], ...] = ()
    """x and radius as shares of the picture's width, y as a share of its height"""


class PeopleVisit:
    """The People tab's part of a visit. Methods raise `HeadshotError`."""

    def __init__(self, visit: Visit):
        self._visit = visit
        self._cancel = CancelToken()
        self._checking, self._changing = threading.Lock(), threading.Lock()
        self._seconds = SECONDS_EACH
        self._clear()

    def _clear(self) -> None:
        self._used: Person | None = None
        self._profile: Profile | None = None
        self.proof: Deleted | None = None
        """of the latest deletion"""
        self._close()

    def _close(self) -> None:
        self._person: Person | None = None
        self.verdicts: dict[str, Checked] = {}
        """the latest of each photo, by its name"""
        self.looking: set[str] = set()
        """photos that are still to be looked at"""
        self.refused: list[Refused] = []
        self.arrived: list[str] = []
        """parcels of files whose photos are all here"""
        self._pictures: dict[Path, Image.Image] = {}
        self._heads: dict[tuple, HeadPicture] = {}

    @property
    def folder(self) -> Path | None:
        """Where people are kept for this visit alone; None: in the studio's own folder."""
        return self._visit.folder / "people" if hosted() else None

    @property
    def everybody(self) -> People:
        """All people whom this visit may see."""
        return People(self.folder)

    # Who.

    @property
    def person(self) -> Person | None:
        """Whose photos are looked at."""
        return _still_there(self._person)

    @property
    def used(self) -> Person | None:
        """Whom the pictures of this visit are known to show."""
        return _still_there(self._used)

    @property
    def profile(self) -> Profile | None:
        """The looks of the person whom the pictures show."""
        return self._profile if self.used else None

    def arrive(self) -> None:
        """Somebody is looked at, if anybody is there."""
        if self.person is None:
            everybody = self.everybody.all()
            if everybody:
                self._open(everybody[0])

    def open(self, name: str) -> None:
        """Look at another person."""
        self.proof = None
        self._open(self.everybody.get(name))

    def _open(self, person: Person) -> None:
        self._stop()
        self._close()
        self._person = person
        gate = person.gate
        self.verdicts = {one.name: one for one in gate.photos} if gate else {}

    def add(self, given: dict) -> None:
        """A new person, who is looked at from now on."""
        person = self.everybody.add(_about(given))
        self.proof = None
        self._open(person)

    def change(self, given: dict) -> None:
        """Other data for the person who is looked at."""
        self._need_person().change(_about(given))

    def use(self, on: bool) -> None:
        """The pictures of this visit show the person who is looked at, or nobody known."""
        person = self._need_person() if on else None
        profile = person.profile if person else None
        if person and profile is None:
            raise HeadshotError(f"Nothing is known of {person.about.name}'s looks yet.", "Add good photos first.")
        self._used, self._profile = person, profile

    # The photos.

    def keep(self, path: Path) -> None:
        """Keep one more photo."""
        person = self._need_person()
        if len(person.photos) >= MOST:
            raise HeadshotError(f"{MOST} photos are the most.", "Remove some first; twenty good ones are plenty.")
        with self._changing:
            person.add_photo(path.read_bytes(), path.name)
        self.looking = {photo.name for photo in person.photos} - set(self.verdicts)

    def refuse(self, name: str, error: HeadshotError) -> None:
        """A file that could not be kept is told beside the photos."""
        self.refused.append(Refused(name, error.what, error.todo))

    def remove(self, name: str) -> None:
        """Delete one photo."""
        person = self._need_person()
        path = next((path for path in person.photos if path.name == name), None)
        if path is None:
            raise HeadshotError("That photo is not here any more.")
        self._stop()
        with self._checking, self._changing:
            person.remove_photo(name)
        self.verdicts.pop(name, None)
        self.looking.discard(name)
        self._pictures.pop(path, None)
        self._heads.clear()

    def dismiss(self, number: int) -> None:
        """A refused file need not be shown any longer."""
        if 0 <= number < len(self.refused):
            self.refused.pop(number)

    def check(self) -> Iterator[Step]:
        """Look at all photos; each verdict stands in `verdicts` as soon as it is known. Nothing to do where all are."""
        person = self._need_person()
        if person.gate is not None or not person.photos:
            self.looking = set()
            return
        cancel = self._cancel = CancelToken()
        self.looking = {photo.name for photo in person.photos}

        def each(checked: Checked) -> None:
            if not cancel.cancelled:
                self.verdicts[checked.name] = checked
                self.looking.discard(checked.name)

        def work(report) -> Gate:
            with self._checking:
                cancel.check()
                return person.gate or person.check(report, cancel, each)

        count = len(self.looking)
        try:
            gate = yield from in_steps(work, cancel, self._seconds * count)
            cancel.check()  # somebody else is looked at meanwhile, or nobody
        finally:
            if not cancel.cancelled or person is self._person:
                self.looking = set()
        self.verdicts = {one.name: one for one in gate.photos}
        self._heads.clear()
        if self._used and self._used.folder == person.folder:
            self._profile = person.profile

    def cancel(self) -> None:
        """Stop looking; the verdicts so far stay."""
        self._cancel.cancel()

    def _stop(self) -> None:
        """Stop looking, before something changes."""
        self._cancel.cancel()
        self.looking = set()

    # Pictures to show.

    def picture(self, path: Path) -> Image.Image:
        """A photo, small."""
        if path not in self._pictures:
            image = Image.open(path)
            image.draft("RGB", (720, 720))  # a JPEG is decoded at a fraction of its size
            self._pictures[path] = small = small_copy(image.convert("RGB"))
            small.thumbnail((360, 360))
        return self._pictures[path]

    def head(self, person: Person, profile: Profile | None = None) -> HeadPicture | None:
        """The person's head on their best photo, with the profile's marks; None without any photo."""
        path = best_photo(person)
        if path is None:
            return None
        key = path, profile and profile.marks
        if key not in self._heads:
            self._heads[key] = _head_picture(path, profile)
        return self._heads[key]

    # Taking away.

    def export(self) -> Path:
        """Everything of the person as a ZIP, for the download."""
        person = self._need_person()
        target = download_folder(self._visit.folder, EXPORT) / f"{safe_stem(person.about.name)}.zip"
        with self._changing:
            return person.export(target)

    def delete(self) -> None:
        """Remove everything of the person; the proof of it is in `proof`."""
        person = self._need_person()
        self._stop()
        with self._checking, self._changing:
            proof = person.delete()
            self._remove_exports()
        if self._used and self._used.folder == person.folder:
            self._used = self._profile = None
            self._visit.recognise(shown=False)  # no photo in hand keeps the profile alive
        self._close()
        self.proof = proof

    def _remove_exports(self) -> None:
        if "folder" in self._visit.__dict__:
            for old in self._visit.folder.glob(f"{EXPORT}-*"):
                shutil.rmtree(old, ignore_errors=True)

    def forget(self) -> None:
        """The visit ends: nothing of anybody stays in memory, and in a hosted Space nothing on the disk."""
        self._stop()
        with self._checking, self._changing:
            if self.folder:
                shutil.rmtree(self.folder, ignore_errors=True)
            self._clear()

    def _need_person(self) -> Person:
        if self.person is None:
            raise HeadshotError("Nobody is chosen.", "Choose a person, or add one.")
        return self.person


def _still_there(person: Person | None) -> Person | None:
    """Somebody may have been deleted in another window."""
    return person if person and person.folder.is_dir() else None


def _about(given: dict) -> About:
    """What the form says; the browser may send anything."""
    try:
        fields = {name: value for name, value in given.items() if name in About.model_fields}
        fields["name"] = " ".join(str(fields.get("name", "")).split())
        return About(**fields)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        what, todo = WRONG.get(field, ("Something in the form cannot be.", "Look through it again."))
        raise HeadshotError(what, todo) from error


WRONG = {
    "name": ("The person needs a name.", "Give one of 1 to 60 letters."),
    "age": ("The age cannot be.", "Give years from 1 to 120, or leave it empty."),
    "eyes": ("The eye colour is too long.", "A word or two will do."),
    "hair": ("The hair is described at too great a length.", "A few words will do."),
}
"""What is said of a field that cannot be taken."""


def best_photo(person: Person) -> Path | None:
    """The photo that shows the person best, as far as that is known."""
    photos, gate = {path.name: path for path in person.photos}, person.gate
    ranked = [*gate.recommended, *(one.name for one in gate.photos if one.verdict != "reject")] if gate else []
    known = [photos[name] for name in ranked if name in photos]
    return next(iter([*known, *photos.values()]), None)


def _head_picture(path: Path, profile: Profile | None) -> HeadPicture:
    photo = read_photo(path)
    faces = find_faces(Pyramid(np.asarray(photo.image)))
    if not faces:
        return HeadPicture(small_copy(photo.image))
    x0, y0, x1, y1 = box = _head_box(faces[0], photo.image.size)
    image = small_copy(photo.image.crop(box))
    found = marks.places(profile.marks, faces[0]) if profile else ()
    rings = (((x - x0) / (x1 - x0), (y - y0) / (y1 - y0), r / (x1 - x0)) for x, y, r in found if r > 0)
    return HeadPicture(image, tuple(tuple(float(v) for v in ring) for ring in rings))


def _head_box(face: Face, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Round the whole head, inside the photo, always of the same shape."""
    width, height = (share * face.head_height for share in HEAD)
    shrink = min(1.0, size[0] / width, size[1] / height)
    width, height = width * shrink, height * shrink
    x, y = (face.crown + face.chin) / 2
    left = min(max(0.0, x - width / 2), size[0] - width)
    top = min(max(0.0, y - height / 2), size[1] - height)
    return round(left), round(top), round(left + width), round(top + height)
