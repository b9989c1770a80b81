"""Views: what each widget of the Presets tab shows, as plain data made from a visit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_ui import score_views
from headshot_ui.visit import Progress, Shot, Visit
from headshot_ui.visit_files import small_copy
from headshot_ui.widgets import picture_url

if TYPE_CHECKING:
    from headshot_core.portrait import Portrait

STRIP_SIDE = 200
VIEW_SIDE = 1500
NUMBERS = {
    "score": ("Score", score_views.WHOLE),
    "likeness": ("Likeness", "How far the face is still yours, as a face recogniser sees it: 100 is no change at all."),
}
"""Numbers shown beside a picture: title, and words on hover."""


def problem(error: Exception) -> dict:
    """An error in the user's words."""
    if isinstance(error, HeadshotError):
        return {"what": error.what, "todo": error.todo}
    return {"what": "Something went wrong inside.", "todo": "What you made is still here; try again."}


def photo(visit: Visit, error: Exception | None = None) -> dict:
    """The person's photo, its faces, and what was found."""
    return photo_of(visit.portrait, visit.small, error)


def photo_of(portrait: Portrait | None, small: Image.Image | None, error: Exception | None = None) -> dict:
    """A photo that was looked at, shown by its `small` copy; or the place for one."""
    if portrait is None:
        return {"state": "empty", "error": error and problem(error)}
    image = portrait.photo.image
    return {
        "state": "ready",
        "picture": picture_url(small),
        "says": f"{portrait.photo.name}, {image.width} × {image.height}",
        "notes": list(portrait.photo.notes),
        "faces": [_face(image, face.box) for face in portrait.faces] if len(portrait.faces) > 1 else [],
        "chosen": portrait.chosen,
        "error": error and problem(error),
    }


def photo_busy(image: Image.Image, says: str) -> dict:
    """A photo that is being looked at."""
    return {
        "state": "busy",
        "picture": picture_url(small_copy(image)),
        "says": says,
        "notes": [],
        "faces": [],
        "chosen": 0,
    }


def _face(image: Image.Image, box) -> str:
    """A square crop round a face."""
    x0, y0, x1, y1 = (float(value) for value in box)
    half = 0.75 * max(x1 - x0, y1 - y0)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return picture_url(image.crop(tuple(round(v) for v in (x - half, y - half, x + half, y + half))), 112)


def score(visit: Visit, error: Exception | None = None) -> dict:
    """The photo's score, and the headshot's where one is finished and shown."""
    if visit.portrait is None:
        return {}
    photo, headshot = visit.photo_score, visit.shot_score
    now = None if visit.unscored else headshot or photo
    of = f"{visit.judge.number} {visit.selected if visit.unscored or headshot else ''}"
    return score_views.panel(visit, of, photo, now, error and problem(error))


def viewer(visit: Visit, with_before: bool = True) -> dict:
    """The selected picture with the photo to compare; the photo itself where no look is picked."""
    shot = visit.shot
    if visit.photo is None:
        return {"state": "none"}
    if shot is None:
        return viewer_photo(visit.photo.image, "Your photo", "Pick a look below to see yourself in it.")
    width, height = _size(shot)
    return {
        "state": "shot",
        "name": shot.name,
        "title": shot.title,
        "tag": "" if shot.finished else "preview",
        "notes": list(shot.notes),
        "numbers": _numbers(visit),
        "error": {"what": shot.error} if shot.error else None,
        "after": picture_url(shot.picture, VIEW_SIDE) if shot.picture is not None else None,
        "before": picture_url(shot.before, 1000, 84) if with_before and shot.before is not None else None,
        "finished": shot.finished,
        "width": width,
        "height": height,
    }


def _numbers(visit: Visit) -> list[dict]:
    """What was measured on the selected headshot; the score's place is kept until it is known."""
    measured = {name: value for name, value in visit.shot.numbers.items() if name in NUMBERS}
    if visit.unscored or visit.shot_score:
        measured["score"] = visit.shot_score and visit.shot_score.total
    return [number(name, value) for name, value in measured.items()]


def viewer_photo(image: Image.Image, title: str, note: str = "") -> dict:
    """A photo as it is."""
    return {
        "state": "photo",
        "name": "",
        "title": title,
        "notes": [note] if note else [],
        "after": picture_url(image, VIEW_SIDE),
        "width": image.width,
        "height": image.height,
    }


def _size(shot: Shot) -> tuple[int, int]:
    from headshot_core.studio.framing import size_of

    return size_of(shot.recipe.frame)


def number(name: str, value: float | None) -> dict:
    """A measured number with its title, and words on hover; None: not known yet."""
    title, words = NUMBERS[name]
    return {"name": title, "value": "…" if value is None else f"{value:.0f}", "words": words}


def strip(visit: Visit, making: str | None = None) -> dict:
    """All picked looks, small; `making`: the one being made."""
    shots = [
        {
            "name": shot.name,
            "title": shot.title,
            "state": _state(shot, making),
            "picture": None if shot.picture is None else picture_url(_small(shot.picture), quality=84),
        }
        for shot in visit.strip
    ]
    return {"shots": shots if visit.photo else [], "selected": visit.selected}


def _state(shot: Shot, making: str | None) -> str:
    if shot.title == making:
        return "making"
    if shot.error:
        return "failed"
    if shot.finished:
        return "done"
    return "waiting" if shot.picture is None else "draft"


def _small(picture: np.ndarray) -> Image.Image:
    image = Image.fromarray(picture)
    image.thumbnail((STRIP_SIDE, STRIP_SIDE), Image.Resampling.BOX, reducing_gap=2)
    return image


def adjust(visit: Visit, error: Exception | None = None) -> dict:
    """The drawer's settings."""
    if visit.photo is None or visit.shot is None:
        return {"recipe": None, "hint": "Frame, backdrop, light and grade are set here once a look is picked."}
    recipe = visit.shot.recipe.model_dump(mode="json")
    if recipe["backdrop"]["image"]:
        recipe["backdrop"]["image"] = "backdrop.jpg"
    return {
        "look": visit.shot.name,
        "recipe": recipe,
        "count": len(visit.picked),
        "azimuth": visit.shot.azimuth,
        "photo": picture_url(visit.small, 96),
        "own_backdrop": visit.backdrop is not None,
        "error": error and problem(error),
    }


def take(visit: Visit, file: dict | None = None, error: Exception | None = None) -> dict:
    """What can be downloaded, and the file to fetch."""
    count = len(visit.picked) if visit.photo else 0
    return {"count": count, "file": file, "error": error and problem(error)}


def bar(visit: Visit, error: Exception | None = None, says: str = "") -> dict:
    """The main button and the words beside it."""
    ready = visit.photo is not None and any(not shot.finished for shot in visit.strip)
    return {"working": False, "ready": ready, "says": says or _advice(visit), "error": error and problem(error)}


def _advice(visit: Visit) -> str:
    shots = visit.strip
    done = sum(shot.finished for shot in shots)
    if visit.photo is None:
        return "Add a photo to begin." if not shots else f"{_looks(len(shots))} picked. Add a photo to begin."
    if not shots:
        return "Pick one look, or several."
    if done == len(shots):
        return "Your headshot is ready." if done == 1 else f"All {done} headshots are ready."
    return f"{_looks(len(shots))} picked." if not done else f"{done} of {len(shots)} ready."


def _looks(count: int) -> str:
    return "1 look" if count == 1 else f"{count} looks"


def bar_working(progress: Progress) -> dict:
    """Progress with the time left."""
    says = f"Making {progress.title}, {progress.done + 1} of {progress.total}"
    return working(says, progress.done, progress.total, progress.seconds_each)


def working(says: str, done: int, total: int, seconds_each: float) -> dict:
    """The bar while something is done in steps of about as many seconds each."""
    share = 100 / max(1, total)
    return {
        "working": True,
        "says": says,
        "from": round(done * share),
        "to": round(min(total, done + 1) * share),
        "step_seconds": round(seconds_each, 2),
        "seconds_left": round((total - done) * seconds_each, 1),
    }


@cache
def choices() -> dict:
    """What the drawer offers: frames, backdrops, light patterns, grades."""
    from headshot_core.studio.backdrops import BACKDROPS
    from headshot_core.studio.framing import FRAMES
    from headshot_core.studio.grade import LOOKS
    from headshot_core.studio.light import PATTERNS

    return {
        "frames": [
            {"name": name, "title": rule.title, "purpose": rule.purpose, "circle": rule.circle}
            | {"width": rule.width, "height": rule.height}
            for name, rule in FRAMES.items()
        ],
        "backdrops": [
            {"name": name, "title": kind.title, "hint": kind.sentence, "colour": kind.colour, "accent": kind.accent}
            | {"rendered": _is_rendered(name)}
            for name, kind in BACKDROPS.items()
        ],
        "patterns": [
            {"name": name, "title": pattern.title, "hint": pattern.hint, "azimuth": pattern.azimuth}
            | {"elevation": pattern.elevation, "fill": pattern.fill, "rim": pattern.rim}
            for name, pattern in PATTERNS.items()
        ],
        "grades": [{"name": name, "title": look.title, "hint": look.hint} for name, look in LOOKS.items()],
    }


def backdrop_pictures(_: list | None = None) -> dict[str, str]:
    """Every rendered backdrop by name, small, as data URLs. The argument is what Gradio sends: nothing."""
    return _backdrop_pictures()


@cache
def _backdrop_pictures() -> dict[str, str]:
    from headshot_core.photo import to_bytes
    from headshot_core.recipe import Backdrop, Light
    from headshot_core.studio.backdrops import BACKDROPS, Stage, render

    stage = Stage(112, 112, (56.0, 60.0, 50.0), Light(azimuth=30, elevation=30), 0)
    rendered = {name: render(Backdrop(kind=name), stage) for name in BACKDROPS if _is_rendered(name)}
    return {name: picture_url(to_bytes(picture), quality=80) for name, picture in rendered.items()}


def _is_rendered(backdrop: str) -> bool:
    return backdrop != "image" and not backdrop.startswith("original")
