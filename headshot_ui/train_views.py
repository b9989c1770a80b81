"""Views: what each widget of the Train tab shows, as plain data made from a visit."""

from __future__ import annotations

import base64
import io
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.generate import loras, models
from headshot_core.generate.models import Base
from headshot_core.people import Person
from headshot_core.train import dataset, runs
from headshot_core.train.dataset import Example
from headshot_core.train.runs import Checkpoint, Run, Status
from headshot_core.train.settings import CHOICES, Training
from headshot_ui.retouch import Step, hosted
from headshot_ui.train_visit import OWN_CONTROLS, TrainVisit, words
from headshot_ui.views import problem, working
from headshot_ui.visit import Visit
from headshot_ui.widgets import picture_url

if TYPE_CHECKING:
    from headshot_core.train.estimate import Estimate

THUMB, LARGE, CROP = 220, 720, 320
"""Pixels of the longer side: of a sample in the strip, of the one looked at, of a prepared picture."""
LINES = 200
"""Lines of the log that are shown, the latest."""
STATES = {
    "draft": "Not started",
    "waiting": "Waiting for its turn",
    "preparing": "Getting ready",
    "training": "Learning",
    "finishing": "Finishing",
    "paused": "Paused",
    "done": "Ready",
    "failed": "Went wrong",
    "broken": "Broken off",
}
"""What a state is called."""
ENDS = {
    "pause": ("Pause", "Saves all, and goes on later"),
    "stop": ("Stop", "Ends it here: the model is made of what is there"),
}
"""Both ways to end it: title, and words on hover."""
WISHES = {"pause": "Saving, then it pauses …", "stop": "Saving, then the model is made of what is there …"}
"""What is said while a wish is not yet fulfilled."""
GROUPS = (("name", "Name and chance"), ("resolution", "The photos"), ("rank", "The adapter"))
GROUPS += (("steps", "The loop"), ("checkpoints", "Looking at it"))
"""Groups of the drawer: each begins with a setting, and goes on to the next one's."""
NEXT = {"look": "Look at the photos", "start": "Start training", "go_on": "Go on", "draw": "Draw with it"}
"""What can be done next, and the button for it."""
CROPS = {"head": "Head", "half": "Half length", "wide": "Wide"}
NUMBERS = {
    "likeness": ("Likeness", "How far the drawn faces are this person's: real photos of one person reach 50 to 75."),
    "loss": ("Kept back", "How wrong it is on photos that it never saw; the base model itself has 1.00."),
    "variety": ("Variety", "How much poses and pictures still differ, against the base model's own."),
}
"""Numbers of a checkpoint: title, and words on hover."""
DEMO = {
    "button": "Try it with the demo person",
    "says": "Demo: cartoon portraits of nobody, 64 px. It shows how all of it goes, in minutes on any machine.",
}
"""The way to try it at once: its button, and what it is."""


# The plan.


def train_plan(visit: Visit, error: Exception | None = None, echo: bool = False) -> dict:
    """Who, on which base model, how thoroughly, and every setting. `echo`: the answer to a change of its own."""
    work = visit.train
    person = work.person
    return {
        "teach": _teach(work),
        "hosted": hosted(),
        "people": [_person(visit, one) for one in visit.people.everybody.all()],
        "chosen": person and person.short,
        "planning": work.planning,
        "bases": [_base(base) for base in work.bases],
        "base": work.base and work.base.name,
        "demo": None if person and person.about.cartoon else DEMO,
        "choice": work.wish.choice,
        "given": work.wish.model_dump(mode="json", exclude=set(OWN_CONTROLS), exclude_defaults=True),
        "facts": _facts(work.run) if work.run and not work.planning else [],
        "echo": echo,
        "error": error and problem(error),
        **(_planned(work) if work.planning and _here(work) else {}),
    }


def _here(work: TrainVisit) -> bool:
    """Whether there is a base model for whom is looked at."""
    return any(models.installed(base) for base in work.bases)


def _teach(work: TrainVisit) -> str:
    """What is missing before anything can be planned: "base", "person" or nothing."""
    if work.names:
        return ""
    return "base" if not _here(work) else "person" if work.person is None else ""


def _person(visit: Visit, person: Person) -> dict:
    head = visit.people.head(person)
    working = next((status for run in runs.of(person) if (status := run.status()).working), None)
    return {
        "short": person.short,
        "name": person.about.name,
        "picture": head and picture_url(head.image, 128),
        "says": _share(working) if working else _good(person),
    }


def _share(status: Status) -> str:
    return f"learning, {_percent(status)} %" if status.state == "training" else STATES[status.state].lower()


def _percent(status: Status) -> int:
    return round(100 * status.step / status.steps) if status.steps else 0


def _good(person: Person) -> str:
    gate, count = person.gate, len(person.photos)
    if gate is None:
        return f"{count} photos, not looked at" if count else "no photos yet"
    good = sum(one.verdict != "reject" for one in gate.photos)
    return f"{good} good photo" if good == 1 else f"{good} good photos"


def _base(base: Base) -> dict:
    family = [one.title for one in models.BASES.values() if one.family == base.family and "lora" in one.can]
    return {
        "name": base.name,
        "title": base.title,
        "licence": base.licence,
        "commercial": base.commercial,
        "memory": f"{base.memory_gb:.0f} GB",
        "note": base.note if base.demo else "",
        "here": models.installed(base),
        "also": [title for title in family if title != base.title],
    }


def _planned(work: TrainVisit) -> dict:
    """What the choices take here, and what the empty fields stand for, where that can be told."""
    try:
        filled = work.settled().model_dump(mode="json", exclude=set(OWN_CONTROLS))
        estimates = work.estimates()
    except HeadshotError:  # said beside the photos
        return {"choices": [_choice(name) for name in CHOICES], "filled": {}}
    return {"choices": [_choice(name, estimates[name]) for name in CHOICES], "filled": filled}


def _choice(name: str, estimate: Estimate | None = None) -> dict:
    title, hint = CHOICES[name]
    says = estimate_words(estimate) if estimate else ""
    fits = estimate is None or estimate.fits
    return {"name": name, "title": title, "hint": hint, "says": says, "fits": fits, "words": estimate and estimate.says}


def estimate_words(estimate: Estimate) -> str:
    """Time, memory and room on the disk, in a line as short as a label."""
    known = [] if estimate.seconds is None else [time_words(estimate.seconds)]
    return " · ".join([*known, f"{estimate.memory_gb:.0f} GB", _megabytes(estimate.disk_bytes)])


def time_words(seconds: float) -> str:
    """A time as one would say it."""
    if seconds < 90:
        return f"about {max(5, round(seconds / 5) * 5)} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    hours = seconds / 3600
    if hours < 10:
        return f"about {hours:.1f} h"
    return f"about {hours:.0f} h" if hours < 48 else f"about {hours / 24:.0f} days"


def _megabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _facts(run: Run) -> list[dict]:
    """All settings of a training, as they were."""
    try:
        training = run.training
    except HeadshotError:  # damaged, or deleted meanwhile
        return []
    base = models.BASES.get(training.base)
    shown = training.model_dump(mode="json", exclude={"captions", "leave_out"})
    own = {"base": base.title if base else Path(training.base).name, "choice": CHOICES[training.choice][0]}
    shown = own | {name: shown[name] for name in ("steps", "rank")} | shown | own
    return [{"title": words(name), "value": _value(value)} for name, value in shown.items() if value not in (None, "")]


def _value(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value:g}" if _is_number(value) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, float)


@cache
def drawer() -> list[dict]:
    """Every setting that has no control of its own, in groups: made from the class of the settings."""
    found: list[dict] = []
    begins = dict(GROUPS)
    for name, schema in Training.model_json_schema()["properties"].items():
        if name in begins:
            found.append({"title": begins[name], "fields": []})
        if name not in OWN_CONTROLS:
            found[-1]["fields"].append(_field(name, schema))
    return found


def _field(name: str, schema: dict) -> dict:
    kinds = schema.get("anyOf", [schema])
    known = next(kind for kind in kinds if kind["type"] != "null")
    whole = known["type"] == "integer"
    return {
        "name": name,
        "title": words(name),
        "says": schema["description"],
        "kind": "choice" if "enum" in known else known["type"],
        "options": known.get("enum"),
        "least": known.get("minimum", known.get("exclusiveMinimum")),
        "most": known.get("maximum", known.get("exclusiveMaximum")),
        "step": known.get("multipleOf", 1) if whole else "any",
        "default": schema.get("default"),
        "length": known.get("maxLength"),
    }


# The photos.


def train_photos(visit: Visit, error: Exception | None = None, pictures: bool = True, busy: bool = False) -> dict:
    """The good photos; once they were prepared, every picture as it will be seen, with its words.

    `pictures`: send them as well, or else the page keeps those that it has; `busy`: they are being prepared.
    """
    work = visit.train
    if not work.planning or _teach(work):
        return {"ready": False, "error": error and problem(error)}
    examples = work.examples
    shown = [_example(work, one, pictures) for one in examples] or _photos(visit, work.person)
    return {
        "ready": True,
        "run": work.opened,
        "short": work.person.short,
        "name": work.person.about.name,
        "seen": bool(examples),
        "busy": busy,
        "pictures": shown,
        "says": _photos_say(work, examples),
        "outdated": work.outdated if examples else False,
        "lacking": _lacking(work),
        "error": error and problem(error),
    }


def _lacking(work: TrainVisit) -> dict | None:
    """What stands in the way of a training, above all too few photos."""
    try:
        work.settled()
    except HeadshotError as error:
        return problem(error)
    return None


def _photos(visit: Visit, person: Person) -> list[dict]:
    """The photos as they are, before they were prepared."""
    gate = person.gate
    good = {one.name for one in gate.photos if one.verdict != "reject"} if gate else set()
    return [
        {"name": path.name, "picture": picture_url(visit.people.picture(path), quality=80)}
        for path in person.photos
        if path.name in good or gate is None
    ]


def _photos_say(work: TrainVisit, examples: list[Example]) -> str:
    if not examples:
        return "They are cropped and put into words first. You see all of it before anything is learned."
    kept = [one for one in examples if one.photo not in work.wish.leave_out]
    photos, held = len({one.photo for one in kept}), sum(one.held_out for one in kept)
    says = f"{_count(len(kept), 'picture')} of {_count(photos, 'photo')}"
    return f"{says}; {held} of them kept back to judge by." if held else f"{says}."


def _example(work: TrainVisit, example: Example, pictures: bool) -> dict:
    width, height = example.size
    return {
        "name": example.name,
        "photo": example.photo,
        "crop": CROPS[example.crop],
        "width": width,
        "height": height,
        "caption": example.caption,
        "held_out": example.held_out,
        "out": example.photo in work.wish.leave_out,
        "notes": list(example.notes),
        **(_pixels(work, example) if pictures else {}),
    }


def _pixels(work: TrainVisit, example: Example) -> dict:
    """The picture, and what counts little in it as a shade to be laid over."""
    folder, wish = work.draft.folder / runs.PHOTOS, work.settled()
    try:
        picture, weights = dataset.picture(folder, example), dataset.weights(folder, example)
    except HeadshotError:  # gone: its place says so
        return {"picture": None, "shade": None}
    levels = (dataset.BEHIND, dataset.PERSON, dataset.FACE)
    counts = np.interp(weights, levels, (wish.surroundings, wish.body, wish.face))
    shade = Image.fromarray(np.uint8(255 * (1 - counts / max(1e-6, counts.max()))))
    shade.thumbnail((CROP // 2, CROP // 2))
    return {"picture": picture_url(picture, CROP, quality=82), "shade": _alpha_url(shade)}


def _alpha_url(mask: Image.Image) -> str:
    """A mask as the alpha of a PNG; the page gives it its colour."""
    buffer = io.BytesIO()
    Image.merge("LA", (Image.new("L", mask.size, 255), mask)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


# The training, while it works and afterwards.


def train_view(visit: Visit, error: Exception | None = None, have: Collection[str] = ()) -> dict:
    """What became of it so far: samples, curves, the log; of a finished model its card.

    `have`: samples that the page has already.
    """
    work = visit.train
    stamp = work.stamp  # first: of what changes while this is put together, the page must ask again
    run, model = work.run, work.model
    if work.planning or not (run or model):
        return {"ready": False, "stamp": stamp, "error": error and problem(error)}
    status = run.status() if run else Status("done", "")
    checkpoint, number = work.shown
    return {
        "ready": True,
        "short": work.person.short,
        "name": work.opened,
        "title": _title(work, status),
        "state": status.state,
        "says": _says(run, status),
        "todo": status.todo,
        "step": status.step,
        "steps": status.steps,
        "losses": [[step, round(loss, 5)] for step, loss in status.losses],
        "checkpoints": [_checkpoint(one) for one in status.checkpoints],
        "chosen": status.chosen,
        "choosable": not status.working,
        "selected": {"step": checkpoint.step, "number": number} if checkpoint else None,
        "picture": _large(work, checkpoint, number),
        "thumbs": _thumbs(work, status, have),
        "log": _log(run) if run else [],
        "card": _card(model) if model else None,
        "stamp": stamp,
        "error": error and problem(error),
    }


def _title(work: TrainVisit, status: Status) -> str:
    name = work.person.about.name
    return {
        "done": f"{name}’s model is ready",
        "training": f"Learning {name}",
    }.get(status.state, STATES[status.state])


def _says(run: Run | None, status: Status) -> str:
    if run is None or status.state == "done":
        return ""
    if status.working and run.wish:
        return WISHES[run.wish]
    if status.state == "training":
        return f"{_percent(status)} %. You may leave this page: it goes on."
    return "" if status.says == STATES[status.state] else status.says


def _checkpoint(one: Checkpoint) -> dict:
    return {
        "step": one.step,
        "likeness": one.likeness,
        "samples": list(one.samples),
        "numbers": _numbers(one),
        "notes": list(one.notes),
    }


def _numbers(one: Checkpoint) -> list[dict]:
    known = {
        "likeness": one.likeness is not None and f"{one.likeness:.0f}",
        "loss": one.loss is not None and f"{one.loss:.2f}",
        "variety": one.variety is not None and f"{100 * one.variety:.0f} %",
    }
    return [
        {"name": NUMBERS[name][0], "value": value, "words": NUMBERS[name][1]} for name, value in known.items() if value
    ]


def _large(work: TrainVisit, checkpoint: Checkpoint | None, number: int) -> dict | None:
    if checkpoint is None:
        return None
    image = _opened(work.sample(checkpoint.samples[number]))
    if image is None:
        return None
    return {"url": picture_url(image, LARGE), "width": image.width, "height": image.height}


def _thumbs(work: TrainVisit, status: Status, have: Collection[str]) -> dict[str, str]:
    files = [file for one in status.checkpoints for file in one.samples if file not in have]
    pictures = {file: _opened(work.sample(file)) for file in files}
    return {file: picture_url(image, THUMB, quality=82) for file, image in pictures.items() if image}


def _opened(path: Path) -> Image.Image | None:
    try:
        return Image.open(path).convert("RGB")
    except OSError:  # deleted meanwhile
        return None


def _log(run: Run) -> list[str]:
    try:
        text = (run.folder / runs.LOG).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-LINES:]


def _card(model: Path) -> dict:
    """What a model says of itself, and its sample pictures."""
    from headshot_core.train import card

    try:
        facts = loras.metadata(model)
    except HeadshotError as error:
        return {"error": problem(error), "facts": [], "pictures": []}
    pictures = [_opened(path) for path in sorted(card.folder_of(model).glob("*.jpg"))]
    return {
        "facts": _card_facts(facts, card.prompt(facts)),
        "licence": {"name": facts.get("licence"), "url": facts.get("licence_url")},
        "commercial": facts.get("commercial") == "true",
        "pictures": [picture_url(image, LARGE // 2) for image in pictures if image],
        "error": None,
    }


def _card_facts(facts: dict[str, str], prompt: str) -> list[dict]:
    shown = {
        "Made for": facts.get("base_title"),
        "Word that calls you": facts.get("trigger"),
        "Prompt to begin with": prompt,
        "Photos": facts.get("photos"),
        "Step": facts.get("step"),
        "Made": facts.get("made"),
    }
    return [{"title": title, "value": value} for title, value in shown.items() if value]


# Everything of the person.


def train_shelf(visit: Visit, error: Exception | None = None, file: dict | None = None) -> dict:
    """The person's trainings and models."""
    work = visit.train
    if work.person is None or (not work.names and not _here(work)):
        return {"ready": False, "error": error and problem(error)}
    return {
        "ready": True,
        "short": work.person.short,
        "entries": [_entry(work, name) for name in work.names],
        "opened": work.opened,
        "fresh": not work.opened,
        "hosted": hosted(),
        "forms": _forms(work.model) if work.model else [],
        "pushed": work.pushed,
        "file": file,
        "error": error and problem(error),
    }


def _entry(work: TrainVisit, name: str) -> dict:
    run, model = work.run_of(name), work.model_of(name)
    status = run.status() if run else None
    return {
        "name": name,
        "state": status.state if status else "done",
        "says": _entry_says(status),
        "picture": _entry_picture(run, status, model),
        "training": run is not None,
        "model": model is not None,
        "startable": status is not None and status.startable and status.state != "draft",
        "size": _megabytes(sum(_size(place) for place in (run and run.folder, model) if place)),
    }


def _forms(model: Path) -> list[dict]:
    """The forms in which the model can be taken home."""
    from headshot_core.train import card

    family = loras.family_of(model)
    programs = card.EXPORTED.get(family, "ComfyUI")
    return [
        {"name": "diffusers", "title": "For this studio", "hint": "and other programs that use diffusers"},
        *([{"name": "exported", "title": "For other programs", "hint": programs}] if programs else []),
    ]


def _entry_says(status: Status | None) -> str:
    if status is None:
        return "Finished model"
    likeness = next((one.likeness for one in status.checkpoints if one.step == status.chosen), None)
    if status.state == "done" and likeness is not None:
        return f"Ready, likeness {likeness:.0f}"
    if status.state in ("training", "paused", "broken", "failed") and status.steps:
        return f"{STATES[status.state]}, {_percent(status)} %"
    return STATES[status.state]


def _entry_picture(run: Run | None, status: Status | None, model: Path | None) -> str | None:
    """The first sample of the chosen checkpoint, or of the newest."""
    drawn = [one for one in status.checkpoints if one.samples] if status else []
    best = next((one for one in drawn if one.step == status.chosen), drawn[-1] if drawn else None)
    path = run.folder / runs.SAMPLES / best.samples[0] if best else _card_picture(model)
    image = path and _opened(path)
    return picture_url(image, 96) if image else None


def _card_picture(model: Path | None) -> Path | None:
    from headshot_core.train import card

    return next(iter(sorted(card.folder_of(model).glob("*.jpg"))), None) if model else None


def _size(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(path.stat().st_size for path in files if path.is_file())


# The bar.


def bar(visit: Visit, error: Exception | None = None, says: str = "") -> dict:
    """The one main button: look at the photos, start, go on, draw with it; progress while it works."""
    work = visit.train
    run = work.run
    status = run.status() if run else None
    if status and status.working and not error:
        return _bar_training(run, status)
    event, ready, words = _next(work, status)
    return {
        "working": False,
        "event": event,
        "button": NEXT[event],
        "ready": ready,
        "says": says or words,
        "error": error and problem(error),
    }


def _next(work: TrainVisit, status: Status | None) -> tuple[str, bool, str]:
    """What can be done next, whether it can be done now, and the words beside it."""
    if work.person is None:
        return "look", False, ""
    if work.planning:
        return _next_of_plan(work)
    if status and status.startable:
        return "go_on", True, "It goes on where it was saved last."
    return ("draw", True, "") if work.model else ("draw", False, "There is no finished model.")


def _next_of_plan(work: TrainVisit) -> tuple[str, bool, str]:
    event = "start" if work.draft and not work.outdated else "look"
    try:
        estimate = work.estimate()
    except HeadshotError as error:
        return event, False, error.todo or error.what  # all of it stands beside the photos
    if not estimate.fits:
        return event, False, f"{estimate.says} {estimate.todo}".strip()
    if event == "start":
        return event, True, f"{estimate.says}."
    return event, True, "The settings changed: the photos are prepared anew." if work.draft else ""


def _bar_training(run: Run, status: Status) -> dict:
    """Progress, with both ways to end it."""
    share = 100 * status.step / max(1, status.steps)
    seconds = status.seconds_left
    more = 0 if seconds is None else min(100 - share, 100 * (status.steps - status.step) / max(1, status.steps))
    buttons = [{"name": name, "title": title, "hint": hint} for name, (title, hint) in ENDS.items()]
    return {
        "working": True,
        "says": WISHES.get(run.wish, status.says),
        "from": round(share, 1),
        "to": round(share + more, 1),
        "step_seconds": round(seconds or 1, 1),
        "seconds_left": None if seconds is None else round(seconds),
        "buttons": [] if run.wish else buttons,
    }


def bar_working(step: Step) -> dict:
    """Progress of work that the page waits for."""
    return working(step.message or "Looking at the photos", step.done, step.total, step.seconds_each)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
