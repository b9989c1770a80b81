"""Views: what each widget of the Craft tab shows, as plain data made from a visit."""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING

from headshot_core.files import home
from headshot_core.generate import models
from headshot_core.generate.fetch import size_of
from headshot_core.generate.models import Base, Extra
from headshot_core.presets import presets
from headshot_core.recipe import Recipe
from headshot_ui import views
from headshot_ui.craft_downloads import DOWNLOADS
from headshot_ui.craft_visit import MOST, SKETCH, STUDIO, CraftVisit, Made, Series
from headshot_ui.people_visit import best_photo
from headshot_ui.retouch import Step, hosted
from headshot_ui.views import VIEW_SIDE, photo_busy, problem, working
from headshot_ui.visit import Visit
from headshot_ui.widgets import file_url, picture_url

if TYPE_CHECKING:
    from headshot_core.generate.jobs import Job
    from headshot_core.generate.rank import Judged

__all__ = ["photo_busy"]
LIVE_SIDE = 320
"""Pixels of the small pictures that follow the sliders."""
KEPT_AS_IT_IS = "The studio keeps clothes, pose and expression as photographed. A base model draws them anew."
"""Why parts of the form are off without a base model."""
TRY_IT = "To see how that goes, choose {} above: it draws small cartoon portraits, at once."
"""What can be had meanwhile."""
SKETCHED = dict.fromkeys(("photo", "person"), "Pose and light, as the drawing begins with them.") | {
    "keep": "Face and hair stay like this; clothes and place are drawn.",
    "restyle": "Your headshot, as it is before it is drawn over.",
}
"""What the sketch is, by the way to draw."""
NUMBERS = {
    "likeness": (
        "Likeness",
        "How far the face is the person's, as a face recogniser sees it. Real photos of one person reach about 50 to "
        "75 among each other; 100 is a copy.",
    ),
    "score": views.NUMBERS["score"],
    "agreement": ("Wishes", "How well the picture agrees with what was asked for."),
}
"""Numbers shown beside a picture: title, and words on hover."""
EXTRAS = {
    "pose": "holds the pose",
    "depth": "holds the depth",
    "normal": "holds the shape",
    "light": "holds the light",
    "face_adapter": "draws a face from one photo",
    "light_adapter": "draws the light",
    "prompt_scorer": "ranks by what was asked for",
}
"""What the further models of a base model are for."""


# Who.


def photo(visit: Visit, error: Exception | None = None) -> dict:
    """The photo that is drawn from."""
    work = visit.craft
    if work.portrait is None and work.person:
        says = f"{work.person.about.name}: a cartoon, nobody real"
        shown = {"state": "ready", "picture": picture_url(work.small), "says": says}
        return shown | {"notes": [], "faces": [], "chosen": 0, "error": error and problem(error)}
    return views.photo_of(work.portrait, work.small, error)


def craft_who(visit: Visit, error: Exception | None = None) -> dict:
    """The people of the People tab who have photos, and who of them is drawn."""
    people, chosen = visit.people, visit.craft.person
    cards = [
        {"short": one.short, "name": one.about.name, "picture": picture_url(people.head(one).image, 96)}
        for one in people.everybody.all()
        if best_photo(one)
    ]
    return {"people": cards, "chosen": chosen and chosen.short, "error": error and problem(error)}


# The picture.


def craft_view(visit: Visit, error: Exception | None = None, keep: bool = False) -> dict:
    """The picture that is selected, or what is being drawn, or the sketch; and the strip of all others.

    `keep`: the large picture has not changed, and is not sent again.
    """
    work = visit.craft
    job, made = work.job, work.shown
    data = {
        "stamp": work.stamp,
        "selected": work.selected,
        "series": [_series(series) for series in work.series if series.best],
        "waiting": max(0, job.recipe.generate.count - len(job.ready)) if job else 0,
        "error": error and problem(error),
    }
    if made:
        return data | _made(made, keep)
    if job:
        return data | _drawing(work)
    return data | _sketch(work)


def _series(series: Series) -> dict:
    return {
        "best": [_tile(made) for made in series.best],
        "more": [_tile(made) for made in series.more],
        "withheld": series.withheld,
    }


def _tile(made: Made) -> dict:
    known = ", ".join(f"{number['name']} {number['value']}" for number in _numbers(made.candidate.judged))
    return {"key": made.key, "picture": made.tile, "says": known or _title(made.recipe)}


def _drawing(work: CraftVisit) -> dict:
    job = work.job
    width, height = _shape(job.recipe)
    return {
        "state": "drawing",
        "title": _title(job.recipe),
        "says": "" if job.preview is not None else job.says,
        "picture": None if job.preview is None else picture_url(job.preview),
        "width": width,
        "height": height,
    }


def _made(made: Made, keep: bool) -> dict:
    judged, (width, height) = made.candidate.judged, _shape(made.recipe)
    said = (*judged.notes, judged.light) if judged else ()
    return {
        "state": "made",
        "key": made.key,
        "title": _title(made.recipe),
        "drawn": made.drawn,
        "picture": None if keep else picture_url(made.candidate.seen, VIEW_SIDE),
        "width": width,
        "height": height,
        "numbers": _numbers(judged),
        "notes": [note for note in dict.fromkeys((*said, *made.candidate.notes)) if note],
        "seed": made.recipe.seed,
        "recipe": made.recipe.public().model_dump_json(indent=2),
    }


def _numbers(judged: Judged | None) -> list[dict]:
    if judged is None:
        return []
    known = {
        "likeness": judged.likeness,
        "score": judged.score and judged.score.total,
        "agreement": judged.agreement,
    }
    return [
        {"name": NUMBERS[name][0], "value": f"{value:.0f}", "words": NUMBERS[name][1]}
        for name, value in known.items()
        if value is not None
    ]


def _sketch(work: CraftVisit) -> dict:
    width, height = _shape(work.recipe)
    picture = work.sketch()
    return {
        "state": SKETCH,
        "title": "Preview" if work.base is None else "The sketch",
        "says": SKETCHED[work.recipe.generate.mode] if work.base else "",
        "picture": None if picture is None else picture_url(picture),
        "width": width,
        "height": height,
    }


def _shape(recipe: Recipe) -> tuple[int, int]:
    from headshot_core.studio.framing import size_of

    return size_of(recipe.frame)


def _title(recipe: Recipe) -> str:
    known = presets().get(recipe.preset or "")
    return known.title if known else "Portrait"


# The form.


def craft_form(visit: Visit, error: Exception | None = None, echo: bool = False, section: str | None = None) -> dict:
    """The wishes. `echo`: the answer to a change of the form's own, which it shows already; `section`: the open one."""
    work = visit.craft
    base = work.base
    return {
        "ready": True,
        "recipe": _shown_recipe(work.recipe),
        "fresh": work.fresh,
        "engine": base.name if base else STUDIO,
        "engines": [{"name": one.name, "title": one.title, "demo": one.demo} for one in work.bases],
        "demo": base.note if base and base.demo else "",
        "ways": [{"name": way.mode, "title": way.title, "hint": way.hint, "why": way.why} for way in work.ways],
        "studio": base is None,
        "why": "" if base else _why(work),
        "trained": list(work.trained),
        "no_pose": _no_pose(base),
        "ignores_avoid": base is not None and "negative" not in base.can,
        "steps": base.steps if base else 1,
        "guidance": base.guidance if base else 1,
        "most": MOST["hosted" if hosted() else "count"],
        "azimuth": _azimuth(work.recipe),
        "photo": picture_url(work.small, 96) if work.small else None,
        "own_backdrop": visit.backdrop is not None,
        "live": _live(work, section),
        "echo": echo,
        "error": error and problem(error),
    }


def _why(work: CraftVisit) -> str:
    demos = [one.title for one in work.bases if one.demo]
    alone = demos and len(demos) == len(work.bases)
    return f"{KEPT_AS_IT_IS} {TRY_IT.format(demos[0])}" if alone else KEPT_AS_IT_IS


def _shown_recipe(recipe: Recipe) -> dict:
    """The recipe for the browser: without the folders of this machine."""
    return recipe.public().model_dump(mode="json")


def _azimuth(recipe: Recipe) -> float:
    from headshot_core.generate.light import lamps_of

    return lamps_of(recipe).azimuth


def _no_pose(base: Base | None) -> str:
    """Why the pose cannot be held, only asked for in words; empty where it can."""
    if base is None:
        return ""
    held = next((extra for extra in base.extras if extra.kind == "pose"), None)
    if "control" not in base.can or held is None:
        return f"{base.title} takes the pose in words only."
    if not models.installed(held):
        return f"Words only, until “{held.title}” is here: see the base models below."
    return ""


def _live(work: CraftVisit, section: str | None) -> dict:
    """What follows the form while it changes: contradictions, and the pictures of the open section."""
    from headshot_core import prompt

    live = {"contradictions": list(prompt.contradictions(work.recipe)) if work.base else [], "prompt": ""}
    if work.base is None:
        return live
    if section == "pose" and work.recipe.pose.name != "free":
        live["pose"] = picture_url(work.pose_figure(LIVE_SIDE))
    if section == "light":
        live["light"] = picture_url(work.light_figure(LIVE_SIDE))
    if section == "words":
        about = work.person.about if work.person else None
        told = prompt.write(work.settled, work.base, about, work.trigger)
        live |= {"prompt": told.positive, "avoid": told.negative}
    return live


@cache
def choices() -> dict:
    """What the form offers beside the studio's own choices: words, poses, styles."""
    from headshot_core import prompt
    from headshot_core.enhance.styles import styles
    from headshot_core.generate.pose import POSES

    angles = ("yaw", "pitch", "roll", "shoulders", "lean")
    poses = [
        {"name": name, "title": pose.title, "hint": pose.hint}
        | {angle: getattr(pose.stance, angle) for angle in angles if pose.stance}
        for name, pose in POSES.items()
    ]
    return {
        "suggestions": {name: list(words) for name, words in prompt.SUGGESTIONS.items()},
        "poses": poses,
        "styles": [{"name": name, "title": style.title} for name, style in styles().items()],
    }


# The looks.


def craft_looks(visit: Visit, error: Exception | None = None) -> dict:
    """The look that the wishes began from."""
    return {"picked": visit.craft.recipe.preset, "error": error and problem(error)}


def all_looks() -> list[dict]:
    """Every look, to begin from."""
    return [
        {"name": preset.name, "title": preset.title, "category": preset.category, "description": preset.description}
        | {"thumbnail": file_url(preset.thumbnail) if preset.thumbnail.exists() else ""}
        for preset in presets().values()
    ]


# Base models.


def craft_models(visit: Visit, error: Exception | None = None) -> dict:
    """The base models, which of them are here, and what is on its way."""
    now = DOWNLOADS.view
    return {
        "none": models.best_here() is None,
        "demo": next((base.title for base in models.here() if base.demo), ""),
        "hosted": hosted(),
        "models": [_base(base) for base in models.BASES.values()],
        "free": _free(),
        "now": now,
        "error": (error and problem(error)) or (now and now.get("error")),
    }


def _base(base: Base) -> dict:
    extras = [extra for extra in base.extras if extra.kind != "few_steps"]
    return {
        **_model(base),
        "good": base.note,
        "memory": f"about {base.memory_gb:.0f} GB of memory" if base.memory_gb >= 1 else "hardly any memory",
        "person": "reference" in base.can,
        "extras": [_model(extra) | {"good": EXTRAS[extra.kind]} for extra in extras],
    }


def _model(item: Base | Extra) -> dict:
    return {
        "name": item.name,
        "title": item.title,
        "size": "Comes with the studio" if item.demo else _gigabytes(size_of(item) or item.download_bytes),
        "demo": item.demo,
        "licence": item.licence,
        "terms": item.licence_url,
        "commercial": item.commercial,
        "source": "" if item.demo else item.source,
        "here": models.installed(item),
    }


def _free() -> str:
    """Room on the disk that models would be kept on."""
    folder = next(path for path in (home(), *home().parents) if path.exists())
    return _gigabytes(shutil.disk_usage(folder).free)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.0f} GB" if size >= 5e9 else f"{size / 1e9:.1f} GB"


# The bar.


def bar(visit: Visit, error: Exception | None = None, says: str = "") -> dict:
    """The main button and the words beside it; progress while something is drawn."""
    work = visit.craft
    if work.job and not error:
        return _bar_drawing(work)
    ready = work.begun
    error = error or (work.ended and work.ended.error)
    return {
        "working": False,
        "ready": ready,
        "says": says or _ended(work.ended) or _advice(work, ready),
        "error": error and problem(error),
    }


def _ended(job: Job | None) -> str:
    """What came of the drawing."""
    if job is None:
        return ""
    result = job.result
    if result is None:
        return job.says
    from headshot_core.generate import rank

    count = len(result.shown) + len(result.more)
    summary = rank.summary([one.judged for one in (*result.shown, *result.more)])
    ready = "Your picture is ready." if count == 1 else f"{count} pictures are ready, the best first."
    withheld = f"{result.withheld} withheld by the safety check." if result.withheld else ""
    return " ".join(
        part for part in (ready, summary.says if summary and count > 1 else "", withheld, *result.notes) if part
    )


def _advice(work: CraftVisit, ready: bool) -> str:
    if not ready:
        return "Choose a photo or a person to begin."
    if work.base is None:
        return "The studio photographs your photo again."
    count = work.recipe.generate.count
    return f"{count} pictures with {work.base.title}." if count > 1 else f"One picture with {work.base.title}."


def _bar_drawing(work: CraftVisit) -> dict:
    job = work.job
    total = max(1, job.total)
    seconds = job.seconds_left
    says = f"Waiting: {work.place} before you" if job.state == "waiting" and work.place else job.says
    return {
        "working": True,
        "says": says or "Drawing",
        "from": round(100 * job.step / total),
        "to": round(100 * (job.step + 1) / total) if job.total else 0,
        "step_seconds": round(seconds / max(1, job.total - job.step), 2) if seconds else 1,
        "seconds_left": None if seconds is None else round(seconds, 1),
    }


def bar_working(step: Step) -> dict:
    """Progress of the studio engine."""
    return working(step.message or "Making your headshot", step.done, step.total, step.seconds_each)
