"""Every tool on every photo: does the face stay whose it is, does skin keep its colour, what does it cost."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from headshot_core import colour
from headshot_core.enhance.crop import Crop
from headshot_core.enhance.engine import enhance
from headshot_core.enhance.stack import TOOLS, Stack
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.upscale import Upscale
from headshot_core.enhance.view import Study, View
from headshot_core.face import regions
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse

TITLE = "Tools: identity distance at default and at full strength, shift of the skin's hue (degrees), preview (ms)"
PREVIEW = 900
"""Longer side of the live preview."""


def rows(photos: list[Path]) -> list[dict]:
    """A row a tool: the worst over all photos, and the median time at preview size."""
    studies = [Study(analyse(read_photo(photo))) for photo in photos]
    return [_row(kind, studies) for kind in TOOLS if kind not in (Crop, Upscale)]


def _row(kind: type[Tool], studies: list[Study]) -> dict:
    usual, full = kind(), at_full(kind)
    seen = [(_seen(study, usual), _seen(study, full)) for study in studies]
    return {
        "tool": kind.model_fields["tool"].default,
        "distance": max(one["distance"] for one, _ in seen),
        "distance, full": max(one["distance"] for _, one in seen),
        "hue": max(one["hue"] for one, _ in seen),
        "hue, full": max(one["hue"] for _, one in seen),
        "preview ms": float(np.median([1000 * _seconds(study, usual) for study in studies])),
    }


def at_full(kind: type[Tool]) -> Tool:
    """The tool at full strength; one whose sliders rest at nothing (light and colour) with each of them at a third."""
    fields = kind.model_json_schema()["properties"]
    if "const" not in fields["strength"] and any(field.get("default") for name, field in _sliders(fields)):
        return kind(strength=1.0)
    return kind(**{name: field["maximum"] / 3 for name, field in _sliders(fields)})


def _sliders(fields: dict) -> list[tuple[str, dict]]:
    numbers = {name: field for name, field in fields.items() if field.get("type") == "number" and "maximum" in field}
    return [(name, field) for name, field in numbers.items() if name != "strength"]


def _seen(study: Study, tool: Tool) -> dict:
    result = enhance(study.portrait, Stack(steps=[tool]))
    skin = regions.bare_face(study.face, study.portrait.pixels.shape[:2]) & (study.whole().skin > 0.5)
    before, after = (_hue(pixels[skin]) for pixels in (study.portrait.pixels, result.picture))
    return {"distance": result.distance, "hue": abs(after - before)}


def _hue(pixels: np.ndarray) -> float:
    """CIELAB hue of the median colour, degrees."""
    _, a, b = np.median(colour.to_lab(pixels[None].astype(np.float32) / 255)[0], 0)
    return float(np.degrees(np.arctan2(b, a)))


def _seconds(study: Study, tool: Tool) -> float:
    """One run at preview size, masks at hand."""
    window, head = study.whole(PREVIEW), View(study.head, study.head.photo)
    tool.on_view(View(window, window.photo, head))
    start = time.perf_counter()
    tool.on_view(View(window, window.photo, head))
    return time.perf_counter() - start
