"""What every tool promises, whatever it does: proven on each of them, with its defaults and at its extremes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from headshot_core.enhance import engine
from headshot_core.enhance.crop import Crop
from headshot_core.enhance.engine import Desk, enhance
from headshot_core.enhance.stack import NAMES, TOOLS, Stack, tool
from headshot_core.enhance.tool import GROUPS
from headshot_core.enhance.upscale import Upscale
from headshot_core.enhance.view import Study, View
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse

PIXEL_TOOLS = [kind for kind in TOOLS if kind not in (Crop, Upscale)]


@cache
def extremes(kind) -> list:
    """The tool with every slider at its upper end, and with every slider at its lower end."""
    fields = kind.model_json_schema()["properties"]
    sliders = {name: field for name, field in fields.items() if "maximum" in field and field["type"] == "number"}
    return [kind(**{name: field[end] for name, field in sliders.items()}) for end in ("maximum", "minimum")]


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


@pytest.mark.parametrize("kind", TOOLS, ids=list(NAMES))
def test_a_tool_says_what_it_is(kind):
    assert kind.title
    assert kind.group in GROUPS
    assert kind.__doc__.splitlines()[0].endswith(".")
    for name, field in kind.model_json_schema()["properties"].items():
        assert name == "tool" or "const" in field or field.get("description"), name


@pytest.mark.parametrize("kind", PIXEL_TOOLS, ids=lambda kind: kind.__name__)
def test_at_strength_nothing_it_changes_nothing(study, kind):
    view = View(study.head, study.head.photo)
    off = kind(on=False) if "const" in kind.model_json_schema()["properties"]["strength"] else kind(strength=0)
    assert off.idle
    assert off.on_view(view).pixels is view.pixels


@pytest.mark.parametrize("kind", PIXEL_TOOLS, ids=lambda kind: kind.__name__)
def test_pixels_stay_pixels(study, kind):
    """Whatever the sliders: float32, same shape, 0..1, and the view that was given is not written into."""
    window = study.whole(320)
    for settings in [kind(), *extremes(kind)]:
        before = window.photo.copy()
        after = settings.on_view(View(window, window.photo, View(study.head, study.head.photo))).pixels
        assert after.dtype == np.float32
        assert after.shape == before.shape
        assert np.isfinite(after).all()
        assert 0 <= after.min() <= after.max() <= 1
        assert np.array_equal(window.photo, before)


@pytest.mark.parametrize("kind", PIXEL_TOOLS, ids=lambda kind: kind.__name__)
def test_masks_are_masks(study, kind):
    window = study.whole(320)
    for settings in [kind(), *extremes(kind)]:
        mask = settings.mask(window)
        if mask is not None:
            assert mask.shape == window.shape
            assert 0 <= mask.min() <= mask.max() <= 1


@pytest.mark.parametrize("kind", PIXEL_TOOLS, ids=lambda kind: kind.__name__)
def test_a_tile_is_as_in_the_whole(study, kind):
    """A part worked on alone is as in the whole picture: large photos have no seams, the loupe does not lie."""
    stack, desk, window = Stack(steps=[kind()]), Desk(study), study.whole()
    x0, y0, x1, y1 = (int(v) for v in study.face.box)
    middle = int(study.face.eye_centre[0])
    whole = desk.render(window, stack)
    for box in [(x0, y0, middle, y1), (middle, y0 - 60, x1 + 90, y1), (0, 0, 140, 200), (200, 380, 512, 512)]:
        part = desk.region(window, box, stack)
        difference = np.abs(part - whole[box[1] : box[3], box[0] : box[2]])
        assert difference.max() < 0.03
        assert difference.mean() < 0.001


@pytest.mark.parametrize("size", [(64, 64), (64, 300), (700, 90), (333, 517)], ids=str)
def test_any_size_and_shape(astronaut_photo, model_files, size):
    """Every tool at once on odd sizes, down to a face a few pixels wide: a picture comes out, or a sentence."""
    image = Image.new("RGB", size, "grey")
    side = min(size)
    image.paste(astronaut_photo.image.crop((60, 0, 390, 330)).resize((side, side)), (0, 0))
    try:
        portrait = analyse(read_photo(image))
    except HeadshotError as error:
        assert error.todo
        return
    result = enhance(portrait, Stack(steps=[kind() for kind in PIXEL_TOOLS]))
    assert result.picture.shape == (size[1], size[0], 3)


def test_large_photos_are_worked_on_in_tiles(study, monkeypatch):
    """With small tiles the picture is the one made in one piece, but for rounding."""
    stack = Stack(steps=[{"tool": "tone", "shadows": 0.5, "clarity": 0.4}, {"tool": "skin"}, {"tool": "background"}])
    whole = enhance(study.portrait, stack).picture
    monkeypatch.setattr(engine, "TILE", 200)
    tiled = enhance(study.portrait, stack).picture
    assert np.abs(whole.astype(int) - tiled).max() <= 8
    assert np.abs(whole.astype(int) - tiled).mean() < 0.3


def test_unknown_settings_are_refused():
    with pytest.raises(ValidationError):
        Stack(steps=[{"tool": "skin", "strenght": 0.5}])
    with pytest.raises(ValidationError):
        Stack(steps=[{"tool": "magic"}])
    with pytest.raises(HeadshotError, match="magic"):
        tool("magic")
