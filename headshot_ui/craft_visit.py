"""Craft in a visit: who is drawn, the wishes, and the pictures drawn. Plain Python.

What is drawn belongs to an owner, a word that only their browser knows: a page that was loaded again finds its pictures
and what is still being drawn by it.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from pydantic import ValidationError

from headshot_core import presets
from headshot_core.errors import HeadshotError
from headshot_core.generate import loras, models
from headshot_core.generate.models import Base
from headshot_core.people import Person
from headshot_core.progress import CancelToken
from headshot_core.recipe import Backdrop, Generate, Light, Lora, Mode, Pose, Recipe, Settings, Wishes
from headshot_ui.people_visit import best_photo
from headshot_ui.retouch import Step, hosted, in_steps
from headshot_ui.visit_files import download_folder, safe_stem, small_copy, zipped

if TYPE_CHECKING:
    from headshot_core.generate.engine import Candidate
    from headshot_core.generate.jobs import Job, Queue
    from headshot_core.photo import Photo
    from headshot_core.portrait import Portrait
    from headshot_ui.visit import Visit

OWNER = re.compile(r"[A-Za-z0-9_-]{20,64}")
"""What an owner's word looks like."""
SKETCH_SIDE = 640
"""Pixels of the sketch's longer side."""
FIRST_GUESS = 2.0
"""Seconds for one picture of the studio's, before any was timed."""
STUDIO = "studio"
"""The engine that draws nothing: it photographs the photo again."""
SKETCH = "sketch"
"""The key of what is to be drawn, among the keys of pictures."""
MOST = {"count": 16, "hosted": 4}
"""Pictures that may be drawn at once, at home and in a hosted Space."""
LAST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Way:
    """One way to draw, and why it cannot be had; an empty `why` says that it can."""

    mode: Mode
    title: str
    hint: str
    why: str = ""


WAYS = (
    Way("photo", "From one photo", "You, drawn anew from this photo. No training."),
    Way("keep", "Keep my face", "Face and hair stay exactly as photographed; clothes and place are drawn."),
    Way("restyle", "Restyle", "Your headshot, drawn over, as lightly or strongly as you say."),
    Way("person", "Trained person", "You, as a model trained on your photos knows you: the freest way."),
)


@dataclass(frozen=True, eq=False)
class Made:
    """A finished picture."""

    key: str
    """found by this in the visit"""
    candidate: Candidate
    source: str
    """the IPTC digital source type"""
    drawn: bool = True
    """by the diffusion engine; else photographed by the studio's"""

    @property
    def recipe(self) -> Recipe:
        """All that decides it."""
        return self.candidate.recipe

    @cached_property
    def tile(self) -> str:
        """The picture, small, as a data URL."""
        from headshot_ui.widgets import picture_url

        return picture_url(self.candidate.draft, 220, quality=82)


@dataclass(frozen=True, eq=False)
class Series:
    """The pictures of one recipe."""

    best: tuple[Made, ...]
    more: tuple[Made, ...] = ()
    withheld: int = 0


class Drawings:
    """What is drawn for all visitors, and who has it open: one queue, made when it is first needed."""

    def __init__(self):
        self._open: dict[str, list[CraftVisit]] = {}
        self._lock = threading.Lock()

    @cached_property
    def queue(self) -> Queue:
        """The queue; it needs the diffusion engine's modules, but nothing heavy."""
        from headshot_core.generate.jobs import Queue

        return Queue()

    def of(self, owner: str) -> list[Job]:
        """The owner's jobs, the newest first; none before there is a queue."""
        return self.queue.of(owner) if "queue" in self.__dict__ else []

    def claim(self, owner: str, visit: CraftVisit) -> CraftVisit | None:
        """A page has the owner's pictures open; gives the page that had them last, where it is still known."""
        with self._lock:
            pages = self._open.setdefault(owner, [])
            pages.append(visit)
            return pages[-2] if len(pages) > 1 else None

    def leave(self, owner: str, visit: CraftVisit) -> None:
        """A page was left. In a hosted Space the pictures go when nobody has them open any more."""
        with self._lock:
            pages = self._open.get(owner, [])
            if visit in pages:
                pages.remove(visit)
            if not pages:
                self._open.pop(owner, None)
        if not pages and hosted():
            self.forget(owner)

    def forget(self, owner: str) -> None:
        """Stop and delete everything of the owner's, in all their pages."""
        if "queue" in self.__dict__:
            self.queue.forget(owner)
        for page in list(self._open.get(owner, [])):
            page.clear()


DRAWINGS = Drawings()


class CraftVisit:
    """The Craft tab's part of a visit. Methods raise `HeadshotError`."""

    def __init__(self, visit: Visit, drawings: Drawings = DRAWINGS):
        self._visit, self._drawings = visit, drawings
        self._owner: str | None = None
        self._seconds = FIRST_GUESS
        self._cancel = CancelToken()
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.portrait: Portrait | None = None
        self.small: Image.Image | None = None
        self.recipe = self._own = Recipe(light=Light(pattern="loop"))
        self.fresh = True
        """another seed for each press of the button"""
        self.selected = SKETCH
        """the key of the picture that is shown"""
        self._person: Person | None = None
        self._base: Base | None = None
        self._studio = False
        self._photographed: tuple[Made, ...] = ()
        self._made: dict[str, Made] = {}
        self._pose_photo: Path | None = None
        self._sketched: tuple | None = None
        self._watched: Job | None = None
        self.ended: Job | None = None
        """what was drawn last, until something is changed"""

    # Who.

    @property
    def person(self) -> Person | None:
        """Whom the pictures are to show, where that is somebody known."""
        return self._person if self._person and self._person.folder.is_dir() else None

    @property
    def begun(self) -> bool:
        """Whether there is somebody to draw: a photo, or a cartoon, which has none that a face is found in."""
        return self.portrait is not None or self.person is not None

    @property
    def trained(self) -> dict[str, Path]:
        """The person's trained models that the base model takes, by name."""
        known, base = loras.models_of(self.person), self.base
        return {name: path for name, path in known.items() if base is None or loras.fits(path, base)}

    @property
    def trigger(self) -> str:
        """The words that call the person up in the models chosen."""
        known = self.trained
        chosen = (lora for lora in self.recipe.generate.loras if lora.file in known)
        return loras.trigger(tuple(loras.find(lora, self.person) for lora in chosen))

    def arrive(self) -> None:
        """Somebody came to the tab: without a photo, the one in hand elsewhere is taken."""
        if not self.begun:
            found = self._visit.portrait or self._visit.retouch.portrait
            if found:
                self._begin(found, self._visit.people.used)

    def take(self, photo: Photo) -> None:
        """Begin with a photo. The one before stays until this one is known to be good."""
        cancel = self._cancel = CancelToken()
        portrait = self._visit.look_at(photo, cancel)
        cancel.check()  # deleted meanwhile: then it must not come back
        self._begin(portrait, self._visit.people.used)

    def take_person(self, short: str) -> None:
        """Draw somebody of the People tab: their best photo is the photo in hand, their models can be chosen."""
        from headshot_core.photo import read_photo
        from headshot_core.portrait import analyse

        people = self._visit.people
        person = people.everybody.get(short)
        path = best_photo(person)
        if path is None:
            raise HeadshotError(f"There is no photo of {person.about.name} yet.", "Add some in the People tab.")
        photo = read_photo(path)
        if person.about.cartoon:
            self._begin_cartoon(photo, person)
        else:
            self._begin(analyse(photo).of(person.profile), person)
        if self.trained and "person" in self._modes_of_base:
            self._set(generate=self.recipe.generate.model_copy(update={"mode": "person"}))
            self._settle_mode()

    def _begin(self, portrait: Portrait, person: Person | None) -> None:
        self._person = person
        self.portrait, self.small = portrait, small_copy(portrait.photo.image)
        self._settle_mode()

    def _begin_cartoon(self, photo: Photo, person: Person) -> None:
        """The demo alone draws cartoons, and only as it was trained: they have no face that could be drawn from."""
        if self.base is None or not self.base.cartoons:
            self._studio, self._base = False, self._known_base("micro")
        self._person, self.portrait, self.small = person, None, small_copy(photo.image)
        self._set(generate=self.recipe.generate.model_copy(update={"mode": "person"}))
        self._settle_mode()

    def choose_face(self, index: int) -> None:
        """Another person of the same photo."""
        self._need_portrait()
        self._begin(self.portrait.with_face(index), self._person)

    # The owner, and what was drawn for them.

    def claim(self, owner: str) -> bool:
        """The browser says whose page this is; gives whether there is something of theirs."""
        if not OWNER.fullmatch(owner):
            raise HeadshotError("This page could not be recognised.", "Load it again.")
        before = None
        if owner != self._owner:
            self._disown()
            self._owner, before = owner, self._drawings.claim(owner, self)
        if not self.begun:
            self._restore(before)
        self._watched = self.job
        return self.begun or bool(self.jobs)

    def _restore(self, before: CraftVisit | None) -> None:
        """The photo and the wishes as the page before had them, or at least those of the last drawing."""
        if before and before.begun:
            self.portrait, self.small, self._person = before.portrait, before.small, before.person
            self._base, self._studio, self.fresh = before._base, before._studio, before.fresh
            self._photographed, self.selected = before._photographed, before.selected
            self.recipe = self._own = _without_files(before.recipe)
        elif self.jobs:
            self.recipe = self._own = _without_files(self.jobs[0].recipe)
            self.selected = self._best_key(self.jobs[0]) if self.jobs[0].over else SKETCH

    def _disown(self) -> None:
        if self._owner:
            self._drawings.leave(self._owner, self)
            self._owner = None

    @property
    def owner(self) -> str:
        """The browser's word; a page that never said one has one of its own."""
        if self._owner is None:
            self._owner = secrets.token_urlsafe(24)
            self._drawings.claim(self._owner, self)
        return self._owner

    @property
    def jobs(self) -> list[Job]:
        """What is drawn, was drawn or waits, the newest first."""
        return self._drawings.of(self._owner) if self._owner else []

    @property
    def job(self) -> Job | None:
        """What is being drawn, or waits for it; the oldest such."""
        return next((job for job in reversed(self.jobs) if not job.over), None)

    @property
    def place(self) -> int:
        """How many drawings come before that."""
        return self._drawings.queue.place(self.job) if self.job else 0

    @property
    def series(self) -> list[Series]:
        """All finished pictures, the newest recipe first."""
        photographed = [Series(self._photographed)] if self._photographed else []
        return [*photographed, *(self._series_of(job) for job in self.jobs)]

    def _series_of(self, job: Job) -> Series:
        made = [self._made_of(job, candidate) for candidate in job.ready]
        if job.result is None:
            return Series(tuple(made))
        by_seed = {one.recipe.seed: one for one in made}
        best, more = (
            tuple(by_seed[candidate.seed] for candidate in part) for part in (job.result.shown, job.result.more)
        )
        return Series(best, more, job.result.withheld)

    def _made_of(self, job: Job, candidate: Candidate) -> Made:
        key = f"{job.number}-{candidate.seed}"
        if key not in self._made:
            self._made[key] = Made(key, candidate, candidate.source)
        return self._made[key]

    @property
    def shown(self) -> Made | None:
        """The picture that is selected; None: the sketch is."""
        return next((one for one in self._pictures if one.key == self.selected), None)

    @property
    def _pictures(self) -> list[Made]:
        return [one for series in self.series for one in (*series.best, *series.more)]

    @property
    def seen(self) -> np.ndarray | None:
        """Pixels of the picture that is shown, as far as it is finished."""
        return self.shown and self.shown.candidate.seen

    def show(self, key: str) -> None:
        """Look at another picture, or at the sketch."""
        if key == SKETCH or any(one.key == key for one in self._pictures):
            self.selected = key

    @property
    def stamp(self) -> str:
        """Changes whenever there is news of the drawing; empty where nothing is drawn."""
        return f"{self.job.number}.{self.job.turn}" if self.job else ""

    def settle(self) -> bool:
        """Once a drawing is over its best picture is shown; gives whether it has just ended."""
        if self._watched is None or not self._watched.over:
            return False
        self.ended, self._watched = self._watched, self.job
        if self.selected == SKETCH:
            self.selected = self._best_key(self.ended)
        return True

    def _best_key(self, job: Job) -> str:
        best = self._series_of(job).best
        return best[0].key if best else SKETCH

    # The engine.

    @property
    def bases(self) -> list[Base]:
        """Base models that are on this machine."""
        here = [base for base in models.BASES.values() if models.installed(base)]
        own = self._base
        return [*here, own] if own and own.name not in models.BASES else here

    @property
    def base(self) -> Base | None:
        """The base model that draws; None: the studio engine works alone."""
        if self._studio:
            return None
        if self._base and models.installed(self._base):
            return self._base
        return models.best_here()

    def use_engine(self, name: str) -> None:
        """Draw with another base model, or not at all: `STUDIO`."""
        self._studio = name == STUDIO
        if not self._studio:
            self._base = self._known_base(name)
        self._settle_mode()

    def _known_base(self, name: str) -> Base:
        if hosted() and name not in models.BASES:
            raise HeadshotError("This Space draws with its own base models only.", "Run the studio at home for others.")
        base = models.find(name)
        if not models.installed(base):
            raise HeadshotError(f"{base.title} is not on this machine yet.", "Download it first.")
        return base

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways to draw that the base model has; some with a reason why not now."""
        if self.base is None:
            return WAYS
        return tuple(replace(way, why=self._why_not(way.mode)) for way in WAYS if way.mode in self._modes_of_base)

    @property
    def _modes_of_base(self) -> set[Mode]:
        from headshot_core.generate.engine import NEEDS

        return {mode for mode, (needs, _) in NEEDS.items() if self.base and self.base.can.intersection(needs)}

    def _why_not(self, mode: Mode) -> str:
        if mode != "person" and self.person and self.person.about.cartoon:
            return f"{self.person.about.name} is a cartoon: it is drawn by a model trained on it."
        if mode == "person" and not self.trained:
            who = self.person.about.name if self.person else "the person in this photo"
            other = loras.models_of(self.person)
            return f"There is no trained model of {who} {f'for {self.base.title}' if other else 'yet'}."
        if mode == "photo" and "reference" not in self.base.can:
            adapter = next((extra for extra in self.base.extras if extra.kind == "face_adapter"), None)
            if adapter and not models.installed(adapter):
                return f"Needs {adapter.title}: see the base models below."
        return ""

    def _settle_mode(self) -> None:
        """A way to draw that can be had: what was chosen before need not be."""
        can = [way.mode for way in self.ways if not way.why]
        if not self.base or not can:
            return
        if self.base.demo:
            can.sort(key=lambda mode: mode == "keep")  # a photo's own head is no part of a cartoon
        settings, trained = self.recipe.generate, self.trained
        mode = settings.mode if settings.mode in can else can[0]
        used = tuple(lora for lora in settings.loras if lora.file in trained)
        if mode == "person" and not used:
            used = (Lora(file=next(iter(trained))),)
        self._set(generate=settings.model_copy(update={"mode": mode, "loras": used}))

    # The wishes.

    def adjust(self, wish: dict, fresh: bool) -> None:
        """Take the form's settings. Paths and names of files are never believed."""
        try:
            recipe = self._own_files(Recipe(**wish))
        except (ValidationError, TypeError) as error:
            raise HeadshotError("That setting is out of range.", "Move it back a little.") from error
        if recipe != self.recipe:
            self.ended = None
            if self.base is None:
                self.selected = SKETCH  # which is then the picture itself
        self.recipe, self.fresh = recipe, fresh

    def _own_files(self, recipe: Recipe) -> Recipe:
        """The recipe with files of this visit alone: the browser may send anything."""
        own, pose, settings = self._visit.backdrop, recipe.pose, recipe.generate
        if recipe.backdrop.kind == "image" and own is None:
            raise HeadshotError("There is no backdrop of your own yet.", "Choose a picture for it.")
        image = str(own) if recipe.backdrop.kind == "image" else None
        copied = pose.name == "photo" and self._pose_photo is not None
        name = "free" if pose.name == "photo" and not copied else pose.name
        trained = self.trained if settings.mode == "person" else {}
        limit = MOST["hosted" if hosted() else "count"]
        count = min(settings.count, limit)
        settings = settings.model_copy(
            update={
                "base": "",
                "loras": tuple(lora for lora in settings.loras if lora.file in trained),
                "count": count,
                "shown": min(settings.shown, count),
            }
        )
        return recipe.model_copy(
            update={
                "backdrop": recipe.backdrop.model_copy(update={"image": image}),
                "pose": pose.model_copy(update={"name": name, "image": str(self._pose_photo) if copied else None}),
                "generate": settings,
            }
        )

    def start_from(self, name: str) -> None:
        """Begin from a look. What was changed of clothes, words and pose stays, and so does how it is drawn."""
        own = presets.get(name).recipe()
        kept = {part: _kept(getattr(self._own, part), getattr(self.recipe, part), getattr(own, part)) for part in _FORM}
        self._own = own
        self.recipe = own.model_copy(update={**kept, "generate": self.recipe.generate, "seed": self.recipe.seed})

    def use_again(self, key: str) -> None:
        """The form as it was for that picture, its seed too."""
        made = self._need_made(key)
        settings = made.recipe.generate
        if not made.drawn:
            self._studio = True
        elif any(base.name == settings.base for base in self.bases):
            self._studio, self._base = False, models.find(settings.base)
        count = {"count": self.recipe.generate.count, "shown": self.recipe.generate.shown}
        self.recipe = self._own = self._own_files(
            made.recipe.model_copy(update={"generate": settings.model_copy(update=count)})
        )
        self.fresh = False
        self.selected = SKETCH

    def use_backdrop(self, source: Path) -> None:
        """A picture of the person's own as the backdrop."""
        self._visit.keep_backdrop(source)
        self._set(backdrop=Backdrop(kind="image", image=str(self._visit.backdrop)))

    def use_pose(self, source: Path) -> None:
        """Copy the pose of a photo."""
        from headshot_core.photo import read_photo, write_picture
        from headshot_core.portrait import analyse

        photo = read_photo(source)
        analyse(photo)  # raises an error where nobody is on it
        self._pose_photo = write_picture(photo.image, self._visit.folder / "pose.jpg")
        self._set(pose=self.recipe.pose.model_copy(update={"name": "photo", "image": str(self._pose_photo)}))

    def _set(self, **parts: Settings) -> None:
        """Other parts of the recipe, checked."""
        data = self.recipe.model_dump() | {name: part.model_dump() for name, part in parts.items()}
        self.recipe = Recipe(**data)

    @property
    def settled(self) -> Recipe:
        """The recipe with the base model that is to draw it."""
        name = self.base.name if self.base else ""
        return self.recipe.model_copy(update={"generate": self.recipe.generate.model_copy(update={"base": name})})

    # What it is going to be.

    def sketch(self) -> np.ndarray | Image.Image | None:
        """The studio engine's picture, small, where that is all or is drawn over; or else pose and light."""
        shown = self.portrait, self.over_photo, self.recipe.model_copy(update=_UNSEEN)
        if self._sketched is None or self._sketched[0] != shown:
            self._sketched = shown, self._sketch()
        return self._sketched[1]

    def _sketch(self) -> np.ndarray | Image.Image | None:
        if self.over_photo:
            return self._photograph(_smaller(self.recipe)).candidate.picture if self.portrait else None
        return self.light_figure(SKETCH_SIDE)

    @property
    def over_photo(self) -> bool:
        """Whether the studio engine's picture is what it begins with."""
        return self.base is None or self.recipe.generate.mode in ("keep", "restyle")

    def light_figure(self, side: int) -> Image.Image:
        """Head and shoulders in the pose, in the light."""
        from headshot_core.generate import light

        return light.lit(self.recipe, _within(self.recipe, side))

    def pose_figure(self, side: int) -> Image.Image:
        """What holds the pose while it is drawn."""
        from headshot_core.generate import control

        return control.preview(self.recipe, _within(self.recipe, side))

    # Making.

    def generate(self) -> None:
        """Put the recipe in the queue."""
        from headshot_core.generate.engine import Subject, base_of, check

        if self.job:
            raise HeadshotError("Something is being drawn already.", "Wait for it, or cancel it.")
        if self._base and not models.installed(self._base):
            gone, self._base = self._base, None
            self._settle_mode()
            raise HeadshotError(f"{gone.title} is not on this machine any more.", "Look which one is chosen now.")
        self._new_seed()
        subject = Subject(self.portrait, self.person)
        recipe = self.settled
        check(base_of(recipe), subject, recipe)
        self._watched = self._drawings.queue.add(self.owner, subject, recipe)
        self.selected, self.ended = SKETCH, None

    def photograph(self) -> Iterator[Step]:
        """The studio engine's picture in full, shown beside what is drawn."""
        self._need_portrait()
        cancel = self._cancel = CancelToken()
        recipe, start = self.recipe, time.monotonic()
        made = yield from in_steps(lambda report: self._photograph(recipe, report, cancel), cancel, self._seconds)
        self._seconds += (time.monotonic() - start - self._seconds) / 3  # a calm mean
        self._photographed = (made, *self._photographed)
        self.selected = made.key

    def _photograph(self, recipe: Recipe, report=None, cancel: CancelToken | None = None) -> Made:
        from headshot_core.generate.engine import Candidate
        from headshot_core.photo import to_bytes
        from headshot_core.progress import silent
        from headshot_core.provenance import source_of
        from headshot_core.studio.engine import make

        self._need_portrait()
        headshot = make(self.portrait, recipe, report or silent, cancel)
        key = f"studio-{secrets.token_hex(4)}"
        candidate = Candidate(to_bytes(headshot.picture), recipe, None, headshot.notes)
        return Made(key, candidate, source_of(recipe), drawn=False)

    def _new_seed(self) -> None:
        if self.fresh:
            self.recipe = self.recipe.model_copy(update={"seed": secrets.randbelow(LAST_SEED)})

    def cancel(self) -> None:
        """Stop what is being drawn; pictures that are ready stay."""
        self._cancel.cancel()
        if self.job:
            self._drawings.queue.cancel(self.job)

    # Taking home.

    def enhance(self, key: str) -> None:
        """Open a picture in the Enhance tab."""
        from headshot_core.photo import read_photo

        made = self._need_made(key)
        photo = replace(read_photo(Image.fromarray(made.candidate.picture)), name=f"{self.stem}-{made.key}")
        self._visit.retouch.take_made(photo, made.source)

    def download(self, key: str, kind: str) -> Path:
        """One picture as a file, its recipe inside."""
        made = self._need_made(key)
        folder = download_folder(self._visit.folder, "drawing")
        name, data = self._file(made, kind)
        path = folder / name
        path.write_bytes(data)
        return path

    def download_all(self, kind: str) -> Path:
        """All the best pictures with their recipes, as a ZIP."""
        best = [made for series in self.series for made in series.best]
        if not best:
            raise HeadshotError("There is nothing to download yet.", "Press Generate first.")
        files = [file for made in best for file in (self._file(made, kind), self._recipe_file(made))]
        path = download_folder(self._visit.folder, "drawing") / f"{self.stem}-craft.zip"
        path.write_bytes(zipped(files))
        return path

    @property
    def stem(self) -> str:
        """What the files are called."""
        if self.person:
            return safe_stem(self.person.about.name)
        return safe_stem(self.portrait.photo.name) if self.portrait else "headshot"

    def _file(self, made: Made, kind: str) -> tuple[str, bytes]:
        from headshot_core.photo import encode_picture

        data = encode_picture(made.candidate.picture, kind, recipe=made.recipe, source=made.source)
        return f"{self.stem}-{made.key}.{kind}", data

    def _recipe_file(self, made: Made) -> tuple[str, bytes]:
        return f"{self.stem}-{made.key}.recipe.json", made.recipe.public().model_dump_json(indent=2).encode()

    # Forgetting.

    def forget(self) -> None:
        """Delete the photo and every picture drawn of it."""
        from headshot_core.generate import pose

        self._cancel.cancel()
        pose.forget()
        if self._owner:
            self._drawings.forget(self._owner)
        self.clear()

    def end(self) -> None:
        """The page was left: what was drawn stays at home until the studio ends, for a page that comes back."""
        self._cancel.cancel()
        self._disown()
        self.clear()

    # Guards.

    def _need_portrait(self) -> None:
        if self.portrait is None:
            raise HeadshotError("There is no photo yet.", "Choose one, or try the example.")

    def _need_made(self, key: str) -> Made:
        made = next((one for one in self._pictures if one.key == key), None)
        if made is None:
            raise HeadshotError("This picture is no more.", "Draw it again: its recipe may be in the files you saved.")
        return made


_UNSEEN = {"preset": None, "wishes": Wishes(), "generate": Generate()}
"""Parts of a recipe that the sketch does not show, as plain as they come."""
_FORM = ("wishes", "pose")
"""Parts of a recipe that somebody fills in, and that another look must not empty."""


def _without_files(recipe: Recipe) -> Recipe:
    """The recipe without files that belong to another page and go with it."""
    backdrop = Backdrop() if recipe.backdrop.kind == "image" else recipe.backdrop
    pose = Pose() if recipe.pose.name == "photo" else recipe.pose
    return recipe.model_copy(update={"backdrop": backdrop, "pose": pose})


def _kept(old: Settings, now: Settings, new: Settings) -> Settings:
    """A part of a new look, with what was changed by hand since the old one."""
    mine = {name: value for name, value in now.model_dump().items() if value != getattr(old, name)}
    return new.model_copy(update=mine)


def _within(recipe: Recipe, side: int) -> tuple[int, int]:
    """Width and height of a small picture in the recipe's frame."""
    from headshot_core.studio.framing import size_of

    width, height = size_of(recipe.frame)
    scale = min(1, side / max(width, height))
    return max(64, round(width * scale)), max(64, round(height * scale))


def _smaller(recipe: Recipe) -> Recipe:
    width, height = _within(recipe, SKETCH_SIDE)
    return recipe.model_copy(update={"frame": recipe.frame.model_copy(update={"width": width, "height": height})})
