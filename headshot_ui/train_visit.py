"""Training in a visit: who is trained, what is asked for, and which training or model is looked at. Plain Python.

All that counts lies in files: another page, or this one loaded again, finds the same trainings, and none of them ends
when a page is left.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write
from headshot_core.generate import loras, models
from headshot_core.generate.models import Base
from headshot_core.people import Person
from headshot_core.progress import CancelToken
from headshot_core.train import dataset, runs, settings
from headshot_core.train.dataset import Example
from headshot_core.train.runs import Checkpoint, Run
from headshot_core.train.settings import CHOICES, Choice, Training
from headshot_ui.retouch import Step, hosted, in_steps
from headshot_ui.visit_files import download_folder

if TYPE_CHECKING:
    from headshot_core.train.estimate import Estimate
    from headshot_ui.visit import Visit

SECONDS_EACH = 2.0
"""For preparing one photo, before it was timed."""
SECONDS_TO_PUSH = 30.0
EXPORT = "model"
"""What the folder of a download is called."""
OWN_CONTROLS = ("base", "choice", "captions", "leave_out")
"""Settings that are set elsewhere than in the drawer."""
PREPARED = ("base", "name", "trigger", "seed", "resolution", "rescue", "backgrounds", "held_out")
"""Settings that decide how photos are prepared, and where: after a change of these they are prepared anew."""


class TrainVisit:
    """The Train tab's part of a visit. Methods raise `HeadshotError`."""

    def __init__(self, visit: Visit):
        self._visit = visit
        self._cancel = CancelToken()
        self._person: Person | None = None
        self._met: str | None = None
        self._begin()

    def _begin(self) -> None:
        self.wish = Training()
        """what is asked for; empty fields as the choice has them"""
        self.opened = ""
        """name of the training or model that is looked at; empty: a new training is planned"""
        self.selected: tuple[int, int] | None = None
        """step of a checkpoint and number of its sample, where somebody chose to look at them"""
        self.pushed = ""
        """address of the copy on the hub that was made last"""

    # Who.

    @property
    def person(self) -> Person | None:
        """Who is trained."""
        return self._person if self._person and self._person.folder.is_dir() else None

    def arrive(self) -> None:
        """Somebody came to the tab: whoever is being trained is looked at, or whom the People tab looks at."""
        people = self._visit.people
        met, before = people.person and people.person.short, self._met
        self._met = met
        if self.person is None:
            everybody = people.everybody.all()
            busy = [person for person in everybody if any(run.status().working for run in runs.of(person))]
            first = next(iter([*busy, *filter(None, (people.used, people.person)), *everybody]), None)
            if first:
                self._look_at(first)
        elif met and before and met != before:
            self._look_at(people.person)

    def open_person(self, short: str) -> None:
        """Look at another person."""
        self._look_at(self._visit.people.everybody.get(short))

    def try_demo(self) -> None:
        """Plan a training of the demo person; one that is planned or at work already is looked at."""
        from headshot_core.micro import demo

        settings.base_of(Training(base=settings.DEMO))  # said before anybody is added
        self._look_at(demo.add(self._visit.people.folder))
        if not (self.draft or (self.run and self.run.status().working)):
            self.plan_new()

    def _look_at(self, person: Person) -> None:
        self._cancel.cancel()
        self._person = person
        self._begin()
        if person.about.cartoon:
            self.wish = Training(base=settings.DEMO)
        working = [run.name for run in runs.of(person) if run.status().working]
        newest = next(iter([*working, *self.names]), None)
        if newest:
            self.open(newest)

    # Trainings and models.

    @property
    def names(self) -> list[str]:
        """All trainings and models of the person, the newest first."""
        if self.person is None:
            return []
        trained = [run.name for run in runs.of(self.person)]
        return list(dict.fromkeys([*trained, *loras.models_of(self.person)]))

    def run_of(self, name: str) -> Run | None:
        """The training of that name."""
        known = runs.of(self.person) if self.person else []
        return next((run for run in known if run.name == name), None)

    def model_of(self, name: str) -> Path | None:
        """The finished model of that name."""
        return loras.models_of(self.person).get(name)

    @property
    def run(self) -> Run | None:
        """The training that is looked at."""
        return self.run_of(self.opened) if self.opened else None

    @property
    def model(self) -> Path | None:
        """The finished model that is looked at."""
        return self.model_of(self.opened)

    @property
    def draft(self) -> Run | None:
        """The same, where it was not started yet."""
        run = self.run
        return run if run and run.status().state == "draft" else None

    @property
    def planning(self) -> bool:
        """Whether a training is planned that was not started yet."""
        return self.person is not None and ((self.run is None and self.model is None) or self.draft is not None)

    def open(self, name: str) -> None:
        """Look at a training or a model; of one that was not started, the wish is as it was."""
        if name not in self.names:
            raise HeadshotError("This training is not here any more.", "Choose another one.")
        self.opened, self.selected, self.pushed = name, None, ""
        if self.draft:
            with suppress(HeadshotError):  # damaged: it can be prepared anew
                self.wish = _wish_of(self.draft)

    def plan_new(self) -> None:
        """Plan another training, with the settings of the last."""
        self._need_person()
        self.opened, self.selected = "", None

    # What is asked for.

    @property
    def bases(self) -> list[Base]:
        """Base models to train on, best first: those known, and others that are here; of a cartoon the demo alone."""
        known = settings.trainable()
        others = [base for base in models.here() if settings.is_trainable(base) and base not in known]
        cartoon = self.person is not None and self.person.about.cartoon
        return [base for base in (*known, *others) if base.cartoons == cartoon]

    @property
    def base(self) -> Base | None:
        """The base model that is chosen, or the best one here."""
        return models.find(self.wish.base) if self.wish.base else settings.best_here()

    def plan(self, given: dict[str, Any]) -> None:
        """Take the settings of the page, which may send anything."""
        base = str(given.get("base") or "")
        if base and base not in [one.name for one in self.bases]:
            raise HeadshotError("There is no such base model here.", "Choose one of those shown.")
        kept = {"captions": self.wish.captions, "leave_out": self.wish.leave_out, "base": base}
        own = {name: value for name, value in given.get("settings", {}).items() if name not in OWN_CONTROLS}
        try:
            self.wish = Training(**own, **kept, choice=given.get("choice", "balanced"))
        except (ValidationError, TypeError) as error:
            raise HeadshotError(*_wrong(error)) from error

    @property
    def photos(self) -> int:
        """How many photos would be trained on, as far as is known. Raises `HeadshotError` where that is too few."""
        from headshot_core.train import prepare

        person = self._need_person()
        prepare.check_kind(person.about, self.wish)
        if person.photos and person.gate is None:  # that takes a while, and comes when they are prepared
            return len(person.photos)
        return len(prepare.photos_of(person, self.wish))

    def settled(self, choice: Choice | None = None) -> Training:
        """The wish with every field filled in; with another choice, as that has them."""
        wish = self.wish.model_copy(update={"choice": choice}) if choice else self.wish
        return settings.settled(wish, self.photos)

    def estimate(self, choice: Choice | None = None) -> Estimate:
        """What it will take here."""
        from headshot_core.train import estimate

        training = self.settled(choice)
        return estimate.estimate(settings.base_of(training), training, self.photos)

    def estimates(self) -> dict[Choice, Estimate]:
        """The same for each of the three choices."""
        return {choice: self.estimate(choice) for choice in CHOICES}

    # The photos.

    def look(self) -> Iterator[Step]:
        """Prepare the photos; they are then to be looked at, in a training that was not started."""
        person, wish, old = self._need_person(), self.wish, self.draft
        self._need_room()
        cancel = self._cancel = CancelToken()
        whole = wish.model_copy(update={"leave_out": ()})  # to be shown as well: they may be taken back

        def work(report) -> Run:
            if person.gate is None:
                person.check(report, cancel)
            return runs.draft(person, whole, report, cancel)

        run = yield from in_steps(work, cancel, SECONDS_EACH * self.photos)
        if cancel.cancelled:  # somebody else is looked at meanwhile
            run.remove()
            cancel.check()
        if old:
            old.remove()
        self.opened = run.name
        self._note(leave_out=wish.leave_out)

    @property
    def outdated(self) -> bool:
        """Whether the photos would be prepared differently now, or what was prepared is damaged."""
        try:
            then = self.draft.training
        except HeadshotError:
            return True
        try:
            now = self.settled()
        except HeadshotError:
            return False
        return not self.examples or any(getattr(now, name) != getattr(then, name) for name in PREPARED)

    @property
    def examples(self) -> list[Example]:
        """The prepared pictures that are looked at; none before, or where they are damaged."""
        with suppress(HeadshotError):
            return self.draft.examples if self.draft else []
        return []

    def caption(self, name: str, text: str) -> None:
        """Other words for a prepared picture, and for whatever is made of its photo later."""
        draft = self._need_draft()
        draft.caption(name, text)
        photo = next(one.photo for one in draft.examples if one.name == name)
        self._note(captions=self.wish.captions | {photo: text})

    def leave_out(self, photo: str, out: bool) -> None:
        """Leave a photo out, or take it back."""
        if photo not in [one.photo for one in self._need_draft().examples]:
            raise HeadshotError("That photo is not here any more.")
        others = [one for one in self.wish.leave_out if one != photo]
        self._note(leave_out=(*others, photo) if out else tuple(others))

    def _note(self, **changes) -> None:
        """Keep a change in the wish, and with the training, so that it is found again."""
        self.wish = self.wish.model_copy(update=changes)
        draft = self._need_draft()
        _write(draft, draft.training.model_copy(update=changes))

    def cancel(self) -> None:
        """Stop preparing."""
        self._cancel.cancel()

    # The work.

    def start(self) -> None:
        """Train with the photos that were looked at."""
        draft, training = self._need_draft(), self.settled()
        self._need_room()
        kept = [one for one in draft.examples if one.photo not in training.leave_out]
        if not any(not one.held_out for one in kept):
            raise HeadshotError("No photo is left to learn from.", "Take some back in.")
        for photo in training.leave_out:
            dataset.remove(draft.folder / runs.PHOTOS, photo)
        _write(draft, training)
        draft.tell(steps=training.steps)
        draft.start()

    def resume(self, name: str) -> None:
        """Take a training up where it was saved last."""
        self._need_run(name).start()
        self.open(name)

    def pause(self) -> None:
        """Save, and let go of the machine."""
        self._need_run(self.opened).pause()

    def stop(self) -> None:
        """End it, and make the model of what is there."""
        self._need_run(self.opened).stop()

    def _need_room(self) -> None:
        estimate = self.estimate()
        if not estimate.fits:
            raise HeadshotError(estimate.says, estimate.todo)

    # Checkpoints.

    @property
    def shown(self) -> tuple[Checkpoint | None, int]:
        """The checkpoint that is looked at and the number of its sample: the newest or the chosen, unless another."""
        run = self.run
        status = run.status() if run else None
        drawn = [one for one in status.checkpoints if one.samples] if status else []
        step, number = self.selected or (status and status.chosen, 0)
        found = next((one for one in drawn if one.step == step), None) or (drawn[-1] if drawn else None)
        return found, min(number, len(found.samples) - 1) if found else 0

    def show(self, step: int, number: int) -> None:
        """Look at a sample of a checkpoint."""
        self.selected = step, max(0, number)

    def sample(self, file: str) -> Path:
        """Where a sample lies."""
        return self._need_run(self.opened).folder / runs.SAMPLES / file

    def choose(self, step: int) -> None:
        """Make the model of another checkpoint."""
        self._need_run(self.opened).choose(step)

    # The finished model.

    @property
    def base_to_draw_with(self) -> Base:
        """A base model for the finished model: Craft's own where it fits, the one trained on, or else any other."""
        model, now = self._need_model(), self._visit.craft.base
        known = self.run and self.run.training.base
        here = [*filter(None, [now]), *models.here()]
        fitting = [base for base in here if "lora" in base.can and loras.fits(model, base)]
        if not fitting:
            raise HeadshotError("No base model that goes with it is on this machine.", "Fetch one in the Craft tab.")
        if fitting[0] is now:
            return now
        return next((base for base in fitting if base.name == known), fitting[0])

    def draw(self) -> None:
        """Choose this person and this model in the Craft tab."""
        base, craft = self.base_to_draw_with, self._visit.craft
        craft.use_engine(base.name)
        craft.take_person(self._need_person().short)
        wishes = craft.recipe.model_dump()
        wishes["generate"] |= {"mode": "person", "loras": [{"file": self._need_model().stem}]}
        craft.adjust(wishes, craft.fresh)

    def download(self, form: str) -> Path:
        """The model as a file: `diffusers`, as it is kept here, or in the form that other programs read."""
        from headshot_core.train import card, exchange

        model = self._need_model()
        folder = download_folder(self._visit.folder, EXPORT)
        if form == "diffusers":
            return Path(shutil.copy(model, folder))
        return exchange.export(model, folder / card.exported(model.stem))

    def adopt(self, source: Path, name: str = "") -> None:
        """Take a LoRA from elsewhere in as the person's model."""
        from headshot_core.train import exchange

        self.open(exchange.adopt(self._need_person(), source, name).stem)

    def adopt_from(self, path: str) -> None:
        """The same by its place on this machine, which only its owner may name."""
        if hosted():
            raise HeadshotError("Files of this Space cannot be named.", "Choose one of your own.")
        self.adopt(Path(path).expanduser())

    def push(self, repo: str, token: str) -> Iterator[Step]:
        """Put a copy of the model on the hub, private; its address is in `pushed`."""
        from headshot_core.train import publish

        if hosted() and not token:  # else it would be sent in the name of the Space
            raise HeadshotError("The hub wants to know who sends this.", "Give an access token of yours.")
        model = self._need_model()
        self.pushed = yield from in_steps(
            lambda report: publish.push(model, repo, token or None, report), CancelToken(), SECONDS_TO_PUSH
        )

    def remove(self, name: str, parts: set[str]) -> None:
        """Delete the `training` of that name, the `model`, or both. Whatever is left stays in sight."""
        from headshot_core.train import finish

        person, run = self._need_person(), self.run_of(name)
        if "model" in parts and self.model_of(name):
            finish.delete(person, name)
        if "training" in parts and run:
            run.remove()
        if self.opened not in self.names:
            self._look_at(person)

    @property
    def stamp(self) -> str:
        """Changes whenever there is news of a training; empty while none works."""
        news = []
        for run in runs.all_runs(self._visit.people.everybody):
            status = run.status()
            if status.working:
                news.append((run.name, status.state, status.step, status.says, run.wish, len(status.checkpoints)))
        return repr(news) if news else ""

    # Guards.

    def _need_model(self) -> Path:
        if self.model is None:
            raise HeadshotError("There is no finished model yet.", "Train one first.")
        return self.model

    def _need_person(self) -> Person:
        if self.person is None:
            raise HeadshotError("Nobody is chosen.", "Choose a person, or add one.")
        return self.person

    def _need_draft(self) -> Run:
        if self.draft is None:
            raise HeadshotError("The photos were not looked at yet.", "Look at them first.")
        return self.draft

    def _need_run(self, name: str) -> Run:
        return runs.find(self._need_person(), name)

    def end(self) -> None:
        """The visit ends. At home a training goes on; in a hosted Space its person goes, and it with them."""
        self._cancel.cancel()
        if hosted():
            for person in self._visit.people.everybody.all():
                runs.end_all(person)


def _write(draft: Run, training: Training) -> None:
    atomic_write(draft.folder / runs.TRAINING, training.model_dump_json(indent=2).encode())


def _wish_of(draft: Run) -> Training:
    """What a training that was not started came from: whatever its choice would not have by itself."""
    training = draft.training
    photos = len({one.photo for one in draft.examples})
    given = training.model_dump()
    for name in [name for name in given if name not in ("base", "choice")]:
        fewer = {key: value for key, value in given.items() if key != name}
        try:
            if settings.settled(Training(**fewer), photos) == training:
                given = fewer
        except HeadshotError:  # its base model is not here any more
            return training
    return Training(**given)


def _wrong(error: Exception) -> tuple[str, str]:
    """What is wrong with a setting, and what it may be."""
    if not isinstance(error, ValidationError):
        return "That setting cannot be.", "Change it back."
    first = error.errors()[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    return f"{words(field)} cannot be {first['input']}.", f"{first['msg']}."


def words(field: str) -> str:
    """A setting's name in words."""
    return field.replace("_", " ").capitalize()
