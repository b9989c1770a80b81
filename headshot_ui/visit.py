"""Visit: one person's photo, looks and results while the page is open. Plain Python: it knows nothing of Gradio.

All of it lives in memory and goes when the visit ends. On the disk there is only what the person asked for: an own
backdrop and the latest download, in a private folder that is removed with the visit.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from pydantic import ValidationError

from headshot_core.enhance.stack import Stack
from headshot_core.errors import HeadshotError
from headshot_core.progress import CancelToken
from headshot_core.recipe import Recipe
from headshot_core.score.engine import PROFILES
from headshot_core.score.report import Score
from headshot_ui.craft_visit import CraftVisit
from headshot_ui.judge import Judge
from headshot_ui.people_visit import PeopleVisit
from headshot_ui.retouch import Retouch
from headshot_ui.train_visit import TrainVisit
from headshot_ui.visit_files import download_folder, safe_stem, small_copy, zipped

if TYPE_CHECKING:
    from headshot_core.photo import Photo
    from headshot_core.portrait import Portrait
    from headshot_core.profile import Profile
    from headshot_core.studio.engine import Headshot

PREVIEW_SIDE = 640
"""Pixels of a preview's longer side: quick, and sharp enough while a slider moves."""
SECTIONS = ("frame", "backdrop", "light", "grade")
"""The parts of a recipe that the drawer shows."""
FIRST_GUESS = 1.5
"""Seconds for one headshot, before any was timed."""


@dataclass
class Shot:
    """One look on the photo: its recipe as adjusted, and the newest picture of it."""

    name: str
    title: str
    own: Recipe
    """the look's own recipe, for `reset`"""
    recipe: Recipe
    picture: np.ndarray | None = None
    """uint8 (H, W, 3): a small preview, or the headshot in full once `finished`"""
    before: np.ndarray | None = None
    """uint8, the photo in the same frame"""
    azimuth: float = 0.0
    """where the key light stands, degrees"""
    finished: bool = False
    wanted: bool = False
    """made in full once: keep it so after an adjustment"""
    notes: tuple[str, ...] = ()
    numbers: dict = field(default_factory=dict)
    enlarged: float = 1.0
    """pixels of the picture for one of the photo"""
    scores: dict[str, Score | None] = field(default_factory=dict)
    """of the finished picture, by rules; None where no face was found on it"""
    error: str = ""


@dataclass
class Progress:
    """Where making several headshots stands."""

    done: int
    total: int
    title: str
    seconds_each: float


class Visit:
    """Everything between opening the page and leaving it. Methods raise `HeadshotError`."""

    def __init__(self, folder: Path):
        self._folder = folder
        self.photo: Photo | None = None
        self.portrait: Portrait | None = None
        self.small: Image.Image | None = None
        """the photo, small, to show"""
        self.shots: dict[str, Shot] = {}
        """every look tried, so that one picked again comes back as it was left"""
        self.picked: list[str] = []
        self.selected: str | None = None
        self.backdrop: Path | None = None
        """the person's own backdrop"""
        self.retouch = Retouch(self)
        """the Enhance tab's part"""
        self.craft = CraftVisit(self)
        """the Craft tab's part"""
        self.people = PeopleVisit(self)
        """the People tab's part"""
        self.train = TrainVisit(self)
        """the Train tab's part"""
        self.rules = PROFILES[0]
        """by which pictures are scored"""
        self._judge: Judge | None = None
        self._shot_judge: tuple[np.ndarray, Judge] | None = None
        self._news = False
        """whether the tabs have yet to show who the pictures are known to show"""
        self._cancel = CancelToken()
        self._seconds_each = FIRST_GUESS

    @cached_property
    def folder(self) -> Path:
        """The visit's private folder, made at first use; its name cannot be guessed."""
        folder = self._folder / secrets.token_urlsafe(16)
        folder.mkdir(parents=True, mode=0o700)
        return folder

    # The photo.

    def take(self, photo: Photo) -> None:
        """Find the faces and cut out the person. The photo before stays until this one is known to be good."""
        from headshot_core.studio import engine

        cancel = self._new_cancel()
        portrait = self.look_at(photo, cancel)
        cancel.check()  # deleted meanwhile: then it must not come back
        engine.forget()
        self.begin(portrait)

    def look_at(self, photo: Photo, cancel: CancelToken | None = None) -> Portrait:
        """Find the faces in a photo and cut out the person; all portraits of a visit are made here."""
        from headshot_core.portrait import analyse

        return analyse(photo, cancel=cancel).of(self.profile)

    def recognise(self, shown: bool = True) -> bool:
        """What is in hand shows the person chosen in the People tab, or nobody known.

        Gives whether that is news to the other tabs, which are to show it now, unless it is not `shown` yet.
        """
        new = self.retouch.recognise() or self._news
        if self.portrait and self.portrait.person is not self.profile:
            self.portrait = self.portrait.of(self.profile)
            self._judge = self._shot_judge = None
            for shot in self.shots.values():
                shot.scores = {}
            new = True
        self._news = new and not shown
        return new

    def begin(self, portrait: Portrait) -> None:
        """Use a photo that was looked at already."""
        self.portrait, self.photo = portrait, portrait.photo
        self.small = small_copy(self.photo.image)
        self._outdate()

    def choose_face(self, index: int) -> None:
        """Take another person of the same photo."""
        self._need_portrait()
        self.portrait = self.portrait.with_face(index)
        self._outdate()

    def _outdate(self) -> None:
        for shot in self.shots.values():
            shot.picture, shot.before, shot.finished = None, None, False
            shot.error, shot.notes, shot.numbers, shot.scores = "", (), {}, {}

    def forget(self) -> None:
        """Delete the photo, all pictures and their files; people stay until they are deleted, or the visit ends."""
        from headshot_core.studio import engine

        self._cancel.cancel()
        self.retouch.forget()
        self.craft.forget()
        self.photo = self.portrait = self.small = self.selected = self.backdrop = None
        self.shots, self.picked = {}, []
        self._judge = self._shot_judge = None
        engine.forget()  # it keeps the last portraits for speed; a deleted photo must not live on in there
        if "folder" in self.__dict__:
            self._remove_files()

    def _remove_files(self) -> None:
        """The private folder, or all of it but the people who are kept there."""
        people = self.people.folder
        if people is None or not people.exists():
            shutil.rmtree(self.__dict__.pop("folder"), ignore_errors=True)
            return
        for path in set(self.folder.iterdir()) - {people}:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)

    def end(self) -> None:
        """Forget everything."""
        self.craft.end()
        self.train.end()
        self.people.forget()
        self.forget()

    @property
    def profile(self) -> Profile | None:
        """The looks of the person whom the pictures show, where one was chosen."""
        return self.people.profile

    # The looks.

    def pick(self, names: list[str]) -> None:
        """The looks now picked, in order. The newest one is selected."""
        from headshot_core.presets import presets

        known = presets()
        names = [name for name in dict.fromkeys(names) if name in known]
        new = [name for name in names if name not in self.picked]
        for name in names:
            if name not in self.shots:
                recipe = known[name].recipe()
                self.shots[name] = Shot(name, known[name].title, recipe, recipe)
        self.picked = names
        if new:
            self.selected = new[-1]
        elif self.selected not in names:
            self.selected = names[-1] if names else None

    def select(self, name: str) -> None:
        """Show another of the picked looks."""
        if name in self.picked:
            self.selected = name

    @property
    def shot(self) -> Shot | None:
        """The selected look."""
        return self.shots.get(self.selected) if self.selected else None

    @property
    def strip(self) -> list[Shot]:
        """The picked looks, in order."""
        return [self.shots[name] for name in self.picked]

    # Adjusting.

    # `look`: the one whose settings the page showed, for another may have been selected since; else the selected one.

    def adjust(self, settings: dict, look: str | None = None) -> None:
        """Take the drawer's settings for a look."""
        shot = self.need_shot(look)
        wish = shot.recipe.model_dump() | {key: settings[key] for key in SECTIONS if key in settings}
        try:
            self._change(shot, self._with_own_backdrop(Recipe(**wish)))
        except (ValidationError, TypeError) as error:
            raise HeadshotError("That setting is out of range.", "Move the slider back a little.") from error

    def reset(self, section: str, look: str | None = None) -> None:
        """One part of a look as it came."""
        shot = self.need_shot(look)
        self._change(shot, shot.recipe.model_copy(update={section: getattr(shot.own, section)}))

    def spread(self, section: str, look: str | None = None) -> None:
        """Give one part of a look to every picked look."""
        value = getattr(self.need_shot(look).recipe, section)
        for shot in self.strip:
            self._change(shot, shot.recipe.model_copy(update={section: value}))

    def use_backdrop(self, source, look: str | None = None) -> None:
        """Put a look before a picture of the person's own."""
        shot = self.need_shot(look)
        self.keep_backdrop(source)
        backdrop = shot.recipe.backdrop.model_copy(update={"kind": "image", "image": str(self.backdrop)})
        self._change(shot, shot.recipe.model_copy(update={"backdrop": backdrop}))
        shot.finished = False

    def keep_backdrop(self, source) -> None:
        """Keep a picture to put behind the person, for all tabs."""
        from headshot_core.photo import read_photo, write_picture

        self.backdrop = write_picture(read_photo(source).image, self.folder / "backdrop.jpg")

    def _with_own_backdrop(self, recipe: Recipe) -> Recipe:
        """A path that the browser sends is never believed: an own backdrop is the one given in this visit."""
        if recipe.backdrop.kind == "image" and self.backdrop is None:
            raise HeadshotError("There is no backdrop of your own yet.", "Choose a picture for it.")
        image = str(self.backdrop) if recipe.backdrop.kind == "image" else None
        return recipe.model_copy(update={"backdrop": recipe.backdrop.model_copy(update={"image": image})})

    @staticmethod
    def _change(shot: Shot, recipe: Recipe) -> None:
        if recipe != shot.recipe:
            shot.recipe, shot.finished = recipe, False

    # Making.

    def preview(self, shot: Shot) -> None:
        """A small picture of a look, in a fraction of a second."""
        self._render(shot, _smaller(shot.recipe), CancelToken())

    def previews(self) -> Iterator[Shot]:
        """A preview for each picked look that has no picture yet, the selected one first."""
        waiting = [shot for shot in self.strip if shot.picture is None]
        for shot in sorted(waiting, key=lambda shot: shot.name != self.selected):
            if self.portrait and shot.name in self.picked and shot.picture is None:
                self.preview(shot)
                yield shot

    def finish(self, shot: Shot) -> None:
        """A look in full, unless it is so already."""
        if not shot.finished:
            start = time.monotonic()
            self._render(shot, shot.recipe, self._cancel)
            self._seconds_each += (time.monotonic() - start - self._seconds_each) / 3  # a calm mean

    def make(self) -> Iterator[Progress]:
        """Every picked look in full, one after the other; each step says what comes next."""
        self._need_portrait()
        self._new_cancel()
        todo = [shot for shot in self.strip if not shot.finished]
        for shot in todo:
            shot.wanted = True
        for number, shot in enumerate(todo):
            yield Progress(number, len(todo), shot.title, self._seconds_each)
            self._cancel.check()
            self.finish(shot)
        yield Progress(len(todo), len(todo), "", self._seconds_each)

    def cancel(self) -> None:
        """Stop `make`; what is finished stays."""
        self._cancel.cancel()

    def _render(self, shot: Shot, recipe: Recipe, cancel: CancelToken) -> None:
        from headshot_core.photo import to_bytes
        from headshot_core.studio.engine import make

        self._need_portrait()
        wish = shot.recipe
        try:
            headshot = make(self.portrait, recipe, cancel=cancel)
        except HeadshotError as error:
            cancel.check()
            shot.error = str(error)
            raise
        if shot.recipe == wish:  # a slider moved meanwhile: the next picture is on its way
            shot.picture, shot.notes, shot.error = to_bytes(headshot.picture), headshot.notes, ""
            shot.before = to_bytes(headshot.shot.pixels)
            shot.azimuth = _azimuth(headshot)
            shot.enlarged = headshot.shot.magnified * self.photo.enlarged
            shot.finished = recipe == wish
            shot.wanted = shot.wanted or shot.finished
            shot.numbers = _numbers(headshot) if shot.finished else {}
            shot.scores = {}

    # Scoring.

    def judge_as(self, rules: str) -> None:
        """Score pictures by other rules: headshot or passport."""
        if rules not in PROFILES:
            raise HeadshotError("There are no such rules.", f"Choose one of {', '.join(PROFILES)}.")
        self.rules = rules

    @property
    def judge(self) -> Judge:
        """Scores the photo."""
        self._need_portrait()
        if self._judge is None or self._judge.portrait is not self.portrait:
            self._judge = Judge(self.portrait)
        return self._judge

    def judge_of(self, shot: Shot) -> Judge:
        """Scores a finished headshot, by its pixels alone; the latest is remembered. Raises `HeadshotError`."""
        from headshot_core.photo import read_photo

        if self._shot_judge is None or self._shot_judge[0] is not shot.picture:
            picture, name = shot.picture, f"{self._stem}-{shot.name}"
            photo = replace(read_photo(Image.fromarray(picture)), name=name, enlarged=shot.enlarged)
            judge = Judge(self.look_at(photo))
            if self.shots.get(shot.name) is not shot:  # deleted meanwhile: then it must not come back
                raise HeadshotError("This headshot is no more.")
            self._shot_judge = picture, judge
        return self._shot_judge[1]

    @property
    def judged(self) -> Judge:
        """Scores what is looked at: the selected headshot once it is finished and scored, else the photo."""
        return self.judge_of(self.shot) if self.shot_score else self.judge

    @property
    def photo_score(self) -> Score | None:
        """The photo's score, if it was worked out."""
        return self.judge.known(self.rules, Stack())

    @property
    def shot_score(self) -> Score | None:
        """The score of the selected headshot, if it is finished and was scored."""
        return self.shot.scores.get(self.rules) if self.shot and self.shot.finished else None

    @property
    def unscored(self) -> bool:
        """Whether the selected headshot is finished and not scored yet."""
        return self.shot is not None and self.shot.finished and self.rules not in self.shot.scores

    def score(self) -> None:
        """Score what is looked at: the photo, and the selected headshot once it is finished."""
        self.judge.score(self.rules, Stack())
        if self.unscored:
            shot, picture, rules = self.shot, self.shot.picture, self.rules
            try:
                scored = self.judge_of(shot).score(rules, Stack())
            except HeadshotError:
                scored = None
            if shot.picture is picture:  # not made anew meanwhile
                shot.scores[rules] = scored

    # Taking home.

    def download(self, kind: str, sizes: list[str], everything: bool) -> Path:
        """A file to take home: one picture, or a ZIP of several with their recipes.

        `kind`: png, jpg or webp; `sizes`: frames to add beside the one chosen; `everything`: all picked looks.
        """
        self._need_portrait()
        shots = self.strip if everything else [self.need_shot()]
        if not shots:
            raise HeadshotError("There is nothing to download yet.", "Pick a look first.")
        folder = download_folder(self.folder, "download")
        files = [file for shot in shots for file in self._files(shot, kind, sizes)]
        if len(shots) == 1 and not sizes and not everything:
            name, data = files[0]
            target = folder / name
        else:
            target, data = folder / f"{self._stem}-headshots.zip", zipped(files)
        target.write_bytes(data)
        return target

    @property
    def _stem(self) -> str:
        return safe_stem(self.photo.name)

    def _files(self, shot: Shot, kind: str, sizes: list[str]) -> list[tuple[str, bytes]]:
        from headshot_core.photo import encode_picture
        from headshot_core.studio.engine import make

        self.finish(shot)
        stem = f"{self._stem}-{shot.name}"
        files = [(f"{stem}.{kind}", encode_picture(shot.picture, kind, recipe=shot.recipe)), _recipe_file(stem, shot)]
        for size in sizes:
            frame = shot.recipe.frame.model_copy(update={"name": size, "width": None, "height": None})
            recipe = shot.recipe.model_copy(update={"frame": frame})
            picture = make(self.portrait, recipe).picture
            files.append((f"{stem}-{size}.{kind}", encode_picture(picture, kind, recipe=recipe)))
        return files

    # Guards.

    def _need_portrait(self) -> None:
        if self.portrait is None:
            raise HeadshotError("There is no photo yet.", "Choose one, or try the example.")

    def need_shot(self, look: str | None = None) -> Shot:
        """The look of that name, or the selected one. Raises `HeadshotError` where there is none."""
        shot = self.shots.get(look) if look else self.shot
        if shot is None:
            raise HeadshotError("No look is picked yet.", "Pick one below.")
        return shot

    def _new_cancel(self) -> CancelToken:
        self._cancel = CancelToken()
        return self._cancel


def _azimuth(headshot: Headshot) -> float:
    """Where the key light stands, in degrees, once the side was chosen for this face."""
    from headshot_core.studio.light import lamps

    shot = headshot.shot
    return lamps(headshot.recipe.light, shot.face.yaw, shot.shading.source.side).azimuth


def _numbers(headshot: Headshot) -> dict[str, float]:
    """What was measured on a finished picture; nothing where the models for it are missing."""
    from headshot_core.face import identity

    return {"likeness": headshot.likeness} if identity.available() else {}


def _smaller(recipe: Recipe) -> Recipe:
    """The same recipe at preview size; small frames as they are."""
    from headshot_core.studio.framing import size_of

    width, height = size_of(recipe.frame)
    scale = min(1, PREVIEW_SIDE / max(width, height))
    size = {"width": max(64, round(width * scale)), "height": max(64, round(height * scale))}
    return recipe.model_copy(update={"frame": recipe.frame.model_copy(update=size)})


def _recipe_file(stem: str, shot: Shot) -> tuple[str, bytes]:
    return f"{stem}.recipe.json", shot.recipe.public().model_dump_json(indent=2).encode()


class Visits:
    """The visits of all who have the page open, found by the browser session's name.

    A visit is kept for a while after its page was closed, so that a laptop that slept finds its pictures again.
    """

    def __init__(self, folder: Path, limit: int = 40, grace: float = 600):
        self._folder, self._limit, self._grace = folder, limit, grace
        self._visits: dict[str, Visit] = {}
        self._leaving: dict[str, threading.Timer] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._visits)

    def of(self, session: str) -> Visit:
        """The visit of that session; the longest unused one makes room where there are too many."""
        with self._lock:
            if timer := self._leaving.pop(session, None):
                timer.cancel()
            visit = self._visits.pop(session, None) or Visit(self._folder)
            self._visits[session] = visit
            crowd = list(self._visits)[: -self._limit]
        for name in crowd:
            self.end(name)
        return visit

    def leave(self, session: str) -> None:
        """The page was closed: end the visit after the grace time, unless it comes back."""
        with self._lock:
            if session not in self._visits or session in self._leaving:
                return
            timer = threading.Timer(self._grace, self.end, [session])
            timer.daemon = True
            self._leaving[session] = timer
        timer.start()

    def end(self, session: str) -> None:
        """Forget the visit now."""
        with self._lock:
            visit = self._visits.pop(session, None)
            self._leaving.pop(session, None)
        if visit:
            visit.end()
