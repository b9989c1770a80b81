"""Views: what each widget of the Enhance tab shows, as plain data made from a visit, and the controls of every tool."""

from __future__ import annotations

import base64
import io
import sys
import traceback
from functools import cache

import numpy as np
from PIL import Image

from headshot_core.enhance import styles
from headshot_core.enhance.stack import TOOLS
from headshot_core.enhance.tool import GROUPS, Tool
from headshot_core.errors import HeadshotError
from headshot_ui import score_views, views
from headshot_ui.retouch import Retouch, Seen, Step
from headshot_ui.visit import Visit
from headshot_ui.widgets import file_url, picture_url

FEW = 4
"""Choices that are shown side by side; more of them make a list."""
SEEDS = 1e6
"""A whole number with a range beyond this is no slider but another throw of the dice."""
photo_busy = views.photo_busy


def photo(visit: Visit, error: Exception | None = None) -> dict:
    """The person's photo, its faces, and what was found."""
    work = visit.retouch
    return views.photo_of(work.portrait, work.small, error)


def score(visit: Visit, error: Exception | None = None) -> dict:
    """The photo's score, and that of what the tools make of it."""
    work = visit.retouch
    if work.study is None:
        return {}
    of, spent = str(work.judge.number), work.judge.spent(visit.rules, work.stack)
    return score_views.panel(visit, of, *work.scores, error and views.problem(error), spent)


def easel(visit: Visit, error: Exception | None = None, with_before: bool = True) -> dict:
    """The large picture with the photo to compare, and what lies over it."""
    work = visit.retouch
    if work.study is None:
        return {"state": "none"}
    seen, pixels, error = _rendered(work, error)
    made = work.finished if work.finished and work.finished.stack == work.stack else None
    height, width = pixels.shape[:2]
    return {
        "state": "shot",
        "name": str(seen.number),
        "title": "Your photo" if not work.stack.steps else "Enhanced",
        "tag": "" if made else _size_words(work),
        "notes": list(made.notes) if made else [],
        "numbers": _numbers(work) if made else [],
        "error": error and views.problem(error),
        "after": picture_url(pixels, quality=90),
        "before": picture_url(seen.before, quality=86) if with_before else None,
        "width": width,
        "height": height,
        "finished": made is not None,
        "mode": work.mode,
        "mask": _mask_url(work.mask()),
        "masked": work.masked,
        "spots": work.spots() if work.mode == "spots" else [],
        "undo": work.undoable,
        "redo": work.redoable,
        "full": work.window().size,
        "face": work.face_place(),
        "zoomed": work.place is not None,
        "part": _part(work),
        "map": picture_url(work.overview(), 160, 80) if work.place and with_before else None,
    }


def _rendered(work: Retouch, error: Exception | None) -> tuple[Seen, np.ndarray, Exception | None]:
    """What is looked at, its pixels, and what went wrong: then the photo is shown, and an undo helps."""
    try:
        return *work.render(), error
    except Exception as trouble:
        if not isinstance(trouble, HeadshotError):
            traceback.print_exc(file=sys.stderr)
        return work.seen, work.seen.before, error or trouble


def easel_photo(image: Image.Image, says: str) -> dict:
    """A photo that is being looked at."""
    return views.viewer_photo(image, says)


def _size_words(work: Retouch) -> str:
    width, height = work.window().size
    return f"{width} × {height}"


def _numbers(work: Retouch) -> list[dict]:
    likeness = work.likeness()
    height, width = work.finished.picture.shape[:2]
    size = {"name": "", "value": f"{width} × {height}", "words": "Width and height of the picture in pixels."}
    return [size] if likeness is None else [size, views.number("likeness", likeness)]


def _part(work: Retouch) -> dict | None:
    """Where in the whole picture the part lies that is looked at, as shares."""
    box = work.seen.box
    if box is None:
        return None
    width, height = work.window().size
    x0, y0, x1, y1 = box
    return {
        "x": x0 / width,
        "y": y0 / height,
        "width": (x1 - x0) / width,
        "height": (y1 - y0) / height,
        "ratio": width / height,
    }


def _mask_url(mask: np.ndarray | None) -> str | None:
    """The mask as the alpha of a PNG; the page gives it its colour."""
    if mask is None:
        return None
    image = Image.merge("LA", (Image.new("L", mask.shape[::-1], 255), Image.fromarray(mask)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def tools(visit: Visit, error: Exception | None = None) -> dict:
    """The drawer: wand, styles, and every tool's settings."""
    work = visit.retouch
    if work.study is None:
        return {"ready": False}
    return {
        "ready": True,
        "steps": {step.tool: shown_settings(step) for step in work.stack.steps},
        "order": [step.tool for step in work.stack.steps],
        "styles": [_style(name, style) for name, style in work.styles().items()],
        "style": work.moment.style,
        "strength": work.strength,
        "reasons": list(work.moment.reasons),
        "masked": work.masked,
        "mode": work.mode,
        "own_background": visit.backdrop is not None,
        "strokes": len(work.step("heal").strokes),
        "json": work.stack.public().model_dump_json(indent=2),
        "error": error and views.problem(error),
    }


def _style(name: str, style: styles.Style) -> dict:
    return {"name": name, "title": style.title, "hint": style.description or style.title, "own": style.own}


def batch(visit: Visit, error: Exception | None = None, file: dict | None = None) -> dict:
    """Several photos for the same treatment."""
    work = visit.retouch
    return {
        "ready": work.study is not None,
        "jobs": [
            {
                "name": job.name,
                "state": job.state,
                "error": job.error,
                "picture": job.thumbnail and picture_url(job.thumbnail, quality=80),
            }
            for job in work.jobs
        ],
        "tools": len(work.stack.steps),
        "file": file,
        "error": error and views.problem(error),
    }


def batch_file(visit: Visit) -> dict | None:
    """The ZIP to fetch, if there is one."""
    path = visit.retouch.batch_file()
    return path and {"url": file_url(path), "name": path.name}


def bar(visit: Visit, error: Exception | None = None, says: str = "", file: dict | None = None) -> dict:
    """The main button and the words beside it."""
    ready = visit.retouch.study is not None
    advice = "Add a photo to begin." if not ready else ""
    return {
        "working": False,
        "ready": ready,
        "says": says or advice,
        "file": file,
        "error": error and views.problem(error),
    }


def bar_working(step: Step, says: str = "") -> dict:
    """Progress with the time left."""
    return views.working(says or step.message, step.done, step.total, step.seconds_each)


# The controls of a tool, made from its class.


def shown_settings(step: Tool) -> dict:
    """What the drawer shows of a tool's settings."""
    names = {"on", "strength", *(control["name"] for control in controls(type(step)))}
    return {name: value for name, value in step.model_dump(mode="json").items() if name in names}


@cache
def all_tools() -> list[dict]:
    """Every tool with its controls, in the order of the groups."""
    ranked = sorted(TOOLS, key=lambda kind: GROUPS.index(kind.group))
    return [
        {
            "name": kind.model_fields["tool"].default,
            "title": kind.title,
            "group": kind.group,
            "hint": (kind.__doc__ or "").strip().split("\n")[0],
            "fields": controls(kind),
            "rest": shown_settings(kind()),
            "strength": "maximum" in kind.model_json_schema()["properties"]["strength"],
            "mask": kind.mask is not Tool.mask,
        }
        for kind in ranked
    ]


@cache
def controls(kind: type[Tool]) -> list[dict]:
    """The controls for a tool's settings, from its JSON schema; none for what is hidden or fixed."""
    secret = {"tool", "on", "strength", "image", *styles.hidden(kind)}
    schema = kind.model_json_schema()
    rules = {name: _resolved(rule, schema) for name, rule in schema["properties"].items() if name not in secret}
    found = [_control(name, rule) for name, rule in rules.items()]
    return [control for control in found if control]


def _resolved(rule: dict, schema: dict) -> dict:
    """A setting's rule; where it may be empty, that of its value, with a word that it may."""
    options = [one for one in rule.get("anyOf", ()) if one.get("type") != "null"]
    if options:
        rule = rule | options[0] | {"empty": True, "description": rule.get("description", "")}
    if "$ref" in rule:
        rule = schema["$defs"][rule["$ref"].rsplit("/", 1)[1]] | rule
    return rule


def _control(name: str, rule: dict) -> dict | None:
    """One control, or None where no person sets it by hand."""
    words = {"name": name, "label": _title(name), "hint": _sentence(rule.get("description", ""))}
    kind = rule.get("type")
    if "const" in rule or kind == "array":
        return None
    if "enum" in rule:
        options = [{"name": one, "title": _option(one)} for one in rule["enum"]]
        return words | {"kind": "chips" if len(options) <= FEW else "list", "options": options}
    if kind == "boolean":
        return words | {"kind": "check"}
    if "#" in rule.get("pattern", ""):
        return words | {"kind": "colour"}
    if kind in ("number", "integer") and "minimum" in rule and "maximum" in rule:
        return words | _slider(rule, kind)
    return None


def _slider(rule: dict, kind: str) -> dict:
    low, high = rule["minimum"], rule["maximum"]
    if high - low > SEEDS:
        return {"kind": "seed"}
    step = 1 if kind == "integer" or high - low > 1000 else 0.01
    return {"kind": "slider", "min": low, "max": high, "step": step, "rest": rule["default"]} | {
        "unit": rule.get("unit", ""),
        "whole": kind == "integer",
    }


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _option(name) -> str:
    """A choice's title where the studio has one, else its name in words."""
    return _studio_titles().get(name) or _title(str(name))


@cache
def _studio_titles() -> dict[str, str]:
    own = {"own": "The photo’s own", "whole": "Whole photo", "image": "Your own picture"}
    return {option["name"]: option["title"] for group in views.choices().values() for option in group} | own
