"""The page's own widgets: a file of JavaScript each in `static/`, drawn into one `gr.HTML`, fed with plain data."""

from __future__ import annotations

import base64
import functools
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

STATIC = Path(__file__).parent / "static"
PICTURES = Path(__file__).parent / "pictures"


@functools.cache
def static(name: str) -> str:
    """The text of a file in `static/`."""
    return (STATIC / name).read_text(encoding="utf-8")


def widget(
    name: str,
    value: Any = None,
    *,
    id: str = "",
    uses: tuple[str, ...] = (),
    server: list[Callable] | None = None,
    **props: Any,
) -> gr.HTML:
    """A widget drawn by `static/NAME.js`. A second one of the same name on the page needs an `id`.

    `value` is its data, `props` what never changes; `uses` names further scripts that it is made of. What the script
    triggers, `trigger("pick", …)`, is an event here: `widget.pick(handler)`.
    """
    # Gradio forgets a component's own props at times, when an update comes while it is drawn: the script brings them.
    fixed = f"Object.assign(props, {json.dumps(props)});"
    script = "\n".join([fixed, *(static(f"{part}.js") for part in ("kit", *uses, name))])
    return gr.HTML(
        value,
        html_template="<div></div>",
        js_on_load=script,
        apply_default_css=False,
        elem_id=f"{id or name}-widget",
        elem_classes="widget",
        server_functions=server,
    )


def picture_url(picture: np.ndarray | Image.Image, side: int = 0, quality: int = 88) -> str:
    """The picture as a data URL, so that nothing of a person is written to the disk to show it.

    `side`: make its longer side at most that many pixels.
    """
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    if side and max(image.size) > side:
        scale = side / max(image.size)
        image = image.resize(
            (round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS, reducing_gap=2
        )
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def file_url(path: Path) -> str:
    """Where the page finds a file that Gradio may serve; relative, so that it holds behind any proxy."""
    return f"gradio_api/file={path.as_posix()}"
