"""People: a name, photos, a likeness profile and what was made of them, in one folder each. Delete means deleted."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from pydantic import Field, ValidationError

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_file, atomic_write, explain, home, lock, make_private
from headshot_core.gate import Checked, Gate, check_photos, take_cartoons
from headshot_core.photo import read_photo, srgb_profile
from headshot_core.portrait import Portrait, analyse
from headshot_core.profile import Profile, build
from headshot_core.progress import CancelToken, Report, silent
from headshot_core.recipe import Settings

NOUNS = ("woman", "man", "person", "girl", "boy")
QUALITY = 95
"""Of the photos that are kept."""
STEM = 40
"""Letters of a photo's or a person's name that a file's or a folder's keeps."""
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(10))}
"""Names that no file may have on Windows."""
ABOUT, PROFILE, GATE, PHOTOS, LOCK = "person.json", "profile.json", "gate.json", "photos", ".lock"


class About(Settings):
    """What is known of a person besides the photos; all but the name may stay empty."""

    name: str = Field(min_length=1, max_length=60, description="how the person is called here")
    noun: Literal["woman", "man", "person", "girl", "boy"] = Field("person", description="the word for prompts")
    age: int | None = Field(None, ge=1, le=120, description="years")
    eyes: str = Field("", max_length=30, description="eye colour")
    hair: str = Field("", max_length=30, description="hair colour and style")
    glasses: bool = Field(False, description="wears glasses")
    cartoon: bool = Field(False, description="a drawing, nobody real: for the demo base model alone")
    consent: bool = Field(False, description="the person shown agrees, or it is you")


@dataclass(frozen=True)
class Deleted:
    """Proof of a deletion."""

    name: str
    files: int
    bytes: int
    left: tuple[str, ...]
    """what could not be deleted: empty, or the deletion raised an error"""


class People:
    """All people of one folder, ``people`` in the studio's own unless another is given."""

    def __init__(self, folder: Path | None = None):
        self.folder = Path(folder) if folder else home() / "people"

    def all(self) -> list[Person]:
        """Everybody, by name."""
        if not self.folder.is_dir():
            return []
        found = [Person(path) for path in self.folder.iterdir() if (path / ABOUT).is_file() and not path.is_symlink()]
        return sorted(found, key=lambda person: (person.about.name.casefold(), person.short))

    def get(self, name: str) -> Person:
        """The person of that name (or short name), or a `HeadshotError` that lists who is there."""
        everybody, wanted = self.all(), _plain(name)
        for person in everybody:
            if wanted in (_plain(person.about.name), person.short):
                return person
        there = ", ".join(person.about.name for person in everybody)
        raise HeadshotError(
            f"There is nobody called '{name}'.", f"Choose one of: {there}." if there else "Nobody was added yet."
        )

    def add(self, about: About) -> Person:
        """A new person. Raises `HeadshotError` without consent, or where the name is taken."""
        _check(about)
        make_private(self.folder)
        with lock(self.folder / LOCK):
            if any(_plain(person.about.name) == _plain(about.name) for person in self.all()):
                raise HeadshotError(f"There is somebody called '{about.name}' already.", "Choose another name.")
            folder = _free(self.folder, slug(about.name))
            make_private(folder)
            atomic_write(folder / ABOUT, _json(about.model_dump(mode="json")))
        return Person(folder)


class Person:
    """One person. Made by `People`; every file lies in `folder`."""

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def about(self) -> About:
        """Name and what else is known. Raises `HeadshotError` where the person was deleted meanwhile."""
        try:
            return About.model_validate_json((self.folder / ABOUT).read_bytes())
        except FileNotFoundError as error:
            raise HeadshotError("This person is not here any more.", "Somebody deleted them meanwhile.") from error
        except OSError as error:
            raise explain(error, self.folder / ABOUT) from error
        except ValidationError as error:
            raise HeadshotError(f"{self.folder / ABOUT} is damaged.", "Mend it, or remove its folder.") from error

    @property
    def short(self) -> str:
        """The name as a folder's, never one that another person has."""
        return self.folder.name

    def change(self, about: About) -> None:
        """Other data; the folder stays. Raises `HeadshotError` without consent, or where the name is taken."""
        _check(about)
        with self._locked():
            others = [other for other in People(self.folder.parent).all() if other.short != self.short]
            if any(_plain(other.about.name) == _plain(about.name) for other in others):
                raise HeadshotError(f"There is somebody called '{about.name}' already.", "Choose another name.")
            if about.cartoon != self.about.cartoon:  # another gate is to look at the photos
                self._keep(GATE, None)
            atomic_write(self.folder / ABOUT, _json(about.model_dump(mode="json")))

    # Photos: kept as upright sRGB JPEG without any metadata.

    @property
    def photos(self) -> list[Path]:
        """The photos kept, oldest first."""
        folder = self.folder / PHOTOS
        return sorted(path for path in folder.glob("*.jpg")) if folder.is_dir() else []

    def add_photo(self, data: bytes, name: str) -> Path:
        """Keep one photo; one that is here already is not kept twice. Raises `HeadshotError` if it cannot be read."""
        photo = read_photo(data)
        pixels = _jpeg(photo.image)
        key = sha256(pixels).digest()
        with self._locked():
            make_private(self.folder / PHOTOS)
            for path in self.photos:
                if path.stat().st_size == len(pixels) and sha256(path.read_bytes()).digest() == key:
                    return path
            # The number keeps the order in which they came, and their names unique.
            number = 1 + max((int(path.stem[:4]) for path in self.photos), default=0)
            return atomic_write(self.folder / PHOTOS / f"{number:04d}-{slug(Path(name).stem, 'photo')}.jpg", pixels)

    def remove_photo(self, name: str) -> None:
        """Delete one photo, and what trainings made of it; the profile is out of date then."""
        from headshot_core.train import runs

        with self._locked():
            path = next((path for path in self.photos if path.name == name), None)
            if path is None:
                raise HeadshotError(f"There is no photo {name} of {self.about.name}.", "It may be gone already.")
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise explain(error, path) from error
        runs.forget_photo(self, name)

    # What is known.

    def check(
        self,
        report: Report = silent,
        cancel: CancelToken | None = None,
        each: Callable[[Checked], None] | None = None,
    ) -> Gate:
        """Look at all photos (again), keep the verdicts, and work out the profile from those that are good.

        `each` is told of every photo as soon as it was looked at. Nothing is kept where photos came or went meanwhile.
        Cartoons are taken as they are, and have no profile.
        """
        photos, known, cartoon = self.photos, self._state(), self.about.cartoon
        cancel = cancel or CancelToken()
        names = {path.name: path for path in photos}
        steps = 2 * len(photos)
        looked = take_cartoons if cartoon else check_photos
        gate = looked(photos, lambda step, total, message: report(step, steps, message), cancel, each)
        good = [] if cartoon else [names[name] for name in gate.recommended]
        profile = build(_portraits(good, report, cancel)) if good else None
        report(steps, steps, "Ready")
        with self._locked():
            if self._state() == known:
                self._keep(PROFILE, profile and profile.to_dict())
                self._keep(GATE, {"photos": known, "gate": gate.to_dict()})
        return gate

    def _keep(self, name: str, data: dict[str, Any] | None) -> None:
        if data is None:
            (self.folder / name).unlink(missing_ok=True)
        else:
            atomic_write(self.folder / name, _json(data))

    def _state(self) -> list[list]:
        """Names and sizes of the photos: what verdicts rest on."""
        return [[path.name, path.stat().st_size] for path in self.photos]

    @property
    def gate(self) -> Gate | None:
        """The latest verdicts, if photos were not added or removed since; without thumbnails."""
        data = self._read(GATE)
        try:
            return Gate.from_dict(data["gate"]) if data and data["photos"] == self._state() else None
        except (LookupError, TypeError):  # of another version, or damaged: the photos can be checked again
            return None

    @property
    def profile(self) -> Profile | None:
        """The likeness profile, if one was worked out."""
        data = self._read(PROFILE)
        try:
            return Profile.from_dict(data) if data else None
        except HeadshotError:
            return None

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            return json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError):
            return None

    # Taking away.

    def export(self, target: Path) -> Path:
        """Everything of this person as a ZIP."""
        if target.resolve().is_relative_to(self.folder.resolve()):
            raise HeadshotError(f"{target} lies in the person's own folder.", "Choose another place.")
        with self._locked(), atomic_file(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for path in _files(self.folder):
                if not path.is_symlink():
                    archive.write(path, Path(self.short) / path.relative_to(self.folder))
        return target

    def delete(self) -> Deleted:
        """Remove photos, profile, models and results, look that nothing is left, and say what went.

        Raises `HeadshotError` that names what could not be deleted.
        """
        from headshot_core.train import runs

        name = self.about.name
        runs.end_all(self)
        with self._locked():
            files = _files(self.folder)
            size = sum(path.lstat().st_size for path in files)
            _removed(self.folder)
        left = tuple(str(path) for path in _files(self.folder)) if self.folder.exists() else ()
        if left or self.folder.exists():
            shown = ", ".join(left[:3]) or str(self.folder)
            raise HeadshotError(
                f"{len(left) or 1} of {name}'s files could not be deleted: {shown}.",
                "Close what uses them, or change their permissions, and delete again.",
            )
        return Deleted(name, len(files), size, left)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time changes people's files; a `HeadshotError` where this person was deleted meanwhile."""
        _ = self.about
        with lock(self.folder.parent / LOCK):
            _ = self.about
            yield


def _portraits(photos: list[Path], report: Report, cancel: CancelToken) -> Iterator[Portrait]:
    """One photo after another, so that one at a time is in memory."""
    for number, path in enumerate(photos):
        cancel.check()
        report(len(photos) + number, 2 * len(photos), f"Learning from {path.name}")
        yield analyse(read_photo(path))


def _check(about: About) -> None:
    if not about.consent:
        raise HeadshotError("Consent is missing.", "Confirm that the person shown agrees, or that it is you.")
    if not about.name.strip():
        raise HeadshotError("The person needs a name.", "Give one of 1 to 60 letters.")


def _plain(name: str) -> str:
    """What two names are compared by."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()


def slug(name: str, otherwise: str = "person") -> str:
    """A name as a file's: small letters, digits and hyphens of any script; never a path, never a reserved word."""
    text = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", name).casefold()).strip("-")
    text = text.encode()[: 2 * STEM].decode(errors="ignore")[:STEM].strip("-")
    return f"{text}-1" if text in RESERVED else text or otherwise


def _free(folder: Path, name: str) -> Path:
    """A folder of that name that is not there yet."""
    path, number = folder / name, 2
    while path.exists() or path.is_symlink():
        path, number = folder / f"{name}-{number}", number + 1
    return path


def _jpeg(image: Image.Image) -> bytes:
    """Plain pixels with the sRGB profile: no EXIF, and no word of where they come from, for nothing made them."""
    buffer = io.BytesIO()
    plain = image.copy()
    plain.info = {}
    plain.save(buffer, "JPEG", quality=QUALITY, subsampling=0, icc_profile=srgb_profile())
    return buffer.getvalue()


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, indent=2, ensure_ascii=False).encode() + b"\n"


def _files(folder: Path) -> list[Path]:
    """Everything in a folder that is no folder; links are not followed."""
    return sorted(
        Path(parent) / name
        for parent, folders, files in os.walk(folder)
        for name in [*files, *(one for one in folders if (Path(parent) / one).is_symlink())]
    )


def _removed(folder: Path) -> None:
    """Delete a folder, files without permission too; what is left is looked for afterwards."""
    for parent, _, _ in os.walk(folder):
        with suppress(OSError):
            Path(parent).chmod(stat.S_IRWXU)
    if os.name == "nt":  # there a file's own permission counts
        for path in _files(folder):
            with suppress(OSError):
                path.chmod(stat.S_IWRITE)
    shutil.rmtree(folder, ignore_errors=True)
