"""Presets: those that come along are whole and unlike each other, own ones join them, errors say where and what."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headshot_core import presets as presets_module
from headshot_core.errors import HeadshotError
from headshot_core.presets import CATEGORIES, THUMBNAIL, categories, get, presets, problems, read_folder, read_preset
from headshot_core.recipe import Recipe
from headshot_core.studio.backdrops import BACKDROPS

GOOD = """\
title: Plain
description: One plain sentence.
backdrop:
  kind: paper
light:
  pattern: loop
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty folder of one's own, and nothing remembered."""
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    presets_module._all.cache_clear()
    yield tmp_path / "home"
    presets_module._all.cache_clear()


def write(folder: Path, text: str, name="plain", category="mine") -> Path:
    path = folder / category / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_four_of_each_category():
    """24 presets to begin with, in their order, each with words and a recipe that survives JSON."""
    assert list(categories()) == list(CATEGORIES)
    assert all(len(shelf) >= 4 for shelf in categories().values())
    assert not problems()
    for name, preset in presets().items():
        assert preset.name == name
        assert preset.description.endswith(".")
        assert preset.tags
        recipe = preset.recipe()
        assert recipe.preset == name
        assert Recipe.model_validate_json(recipe.to_json()) == recipe


def test_presets_are_unlike_each_other():
    """No two presets share their backdrop; no two of a category share light and look."""
    kinds = [preset.backdrop.kind for preset in presets().values()]
    assert len(set(kinds)) == len(kinds)
    for shelf in categories().values():
        settings = [(preset.light.pattern, preset.light.temperature, preset.grade.look) for preset in shelf]
        assert len(set(settings)) == len(settings)


@pytest.mark.parametrize(
    ("category", "kinds"),
    [
        ("sports", {"stadium", "court", "track", "gym"}),
        ("fantasy", {"forest", "starfield", "aurora", "castle"}),
        ("festive", {"lanterns", "snow", "confetti", "christmas_tree", "fireworks"}),
    ],
)
def test_scene_fits_the_category_and_lights_the_person(category, kinds):
    """A sports preset has a ground behind the person, and so on; out of focus, and with an edge light to match."""
    for preset in categories()[category]:
        assert preset.backdrop.kind in kinds
        assert preset.backdrop.blur >= 0.4
        assert preset.light.rim > 0
        assert BACKDROPS[preset.backdrop.kind].spill >= 0.3


def test_thumbnails():
    """Each preset has a small WebP of the right size, and no two look alike."""
    pictures = {}
    for name, preset in presets().items():
        with Image.open(preset.thumbnail) as image:
            assert image.format == "WEBP"
            assert image.size == THUMBNAIL
            pictures[name] = np.asarray(image.convert("RGB").resize((15, 20)), np.float32)
        assert preset.thumbnail.stat().st_size < 40_000
    names = list(pictures)
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            assert np.abs(pictures[first] - pictures[second]).mean() > 4, (first, second)


def test_thumbnail_is_rendered_by_the_engine(home):
    """An own preset gets its thumbnail beside its file."""
    path = write(home / "presets", GOOD)
    assert presets_module.render_thumbnails(["plain"]) == [path.with_suffix(".webp")]
    with Image.open(path.with_suffix(".webp")) as image:
        assert image.size == THUMBNAIL


def test_own_presets_join(home):
    """Own presets follow in their own category; one of the same name takes the other's place."""
    write(home / "presets", GOOD)
    write(home / "presets", GOOD, "boardroom", "professional")
    presets_module._all.cache_clear()
    assert list(categories()) == [*CATEGORIES, "mine"]
    assert get("boardroom").title == "Plain"
    assert len(presets()) == len(read_folder(presets_module.FOLDER)) + 1


def test_a_broken_own_preset_spoils_nothing(home):
    """The others are there all the same, and the problem is told."""
    write(home / "presets", "title: [", "broken")
    write(home / "presets", GOOD)
    presets_module._all.cache_clear()
    assert "plain" in presets()
    assert [("broken.yaml" in str(problem)) for problem in problems()] == [True]


@pytest.mark.parametrize(("asked", "meant"), [("bordroom", "boardroom"), ("City Dusk", "city-dusk"), ("xyzzy", "neon")])
def test_unknown_name(asked, meant):
    """Nearly right: the right one is named. Wholly wrong: all are."""
    with pytest.raises(HeadshotError, match=meant):
        get(asked)


BAD = [
    (GOOD.replace("paper", "papr"), 4, "backdrop.kind", "paper"),
    (GOOD.replace("loop", "lop"), 6, "light.pattern", "rembrandt"),
    (GOOD + "grade:\n  look: sepia\n", 8, "grade.look", "black_and_white"),
    (GOOD + "frame: {name: huge}\n", 7, "frame.name", "linkedin"),
    (GOOD + "  softnes: 0.4\n", 7, "light.softnes", "'softness'"),
    (GOOD + "colour: red\n", 7, "colour", "backdrop"),
    (GOOD + "  softness: 3\n", 7, "light.softness", "less than or equal to 1"),
    (GOOD + "  softness: much\n", 7, "light.softness", "number"),
    (GOOD + '  rim_colour: "#ff"\n', 7, "light.rim_colour", "#rrggbb"),
    (GOOD.replace("kind: paper", "kind: paper\n  kind: window"), 5, "backdrop.kind", "Keep one"),
    (GOOD + "tags: [a, {b: c}]\n", 7, "tags.1", "string"),
    (GOOD.replace("title: Plain\n", ""), 1, "title", "Add it"),
    (GOOD + "light: [\n", 8, "", "YAML"),
    (GOOD.replace("light:", "light: loop\nx:"), 5, "light", "dictionary"),
    (GOOD + "1: 2\n", 7, "1", ""),
    (GOOD + "null: 2\n", 7, "", ""),
    (GOOD + "? {a: b}\n: 2\n", 7, "", ""),
    (GOOD + "order: 2020-13-45\n", None, "", ""),
    (GOOD + "order: .inf\n", 7, "order", ""),
    (GOOD + "frame: null\n", 7, "frame", ""),
    (GOOD + "  1: 2\n", 7, "light.1", ""),
    ("- a\n- b\n", 1, "", "title"),
    ("", 1, "", "title"),
    ("a: &x [*x]\n", None, "", "alias"),
    ("[" * 5000, None, "", ""),
    ("title: \x00\n", None, "", ""),
    ("x" * 100_000, None, "", "64 kB"),
]


@pytest.mark.parametrize(("text", "line", "field", "allowed"), BAD)
def test_errors_say_where_and_what_is_allowed(tmp_path, text, line, field, allowed):
    """File, line, field, and what would be right."""
    with pytest.raises(HeadshotError) as error:
        read_preset(write(tmp_path, text))
    said = str(error.value)
    assert "plain.yaml" in said
    assert line is None or f"line {line}" in said
    assert field in said
    assert allowed in said
    assert error.value.todo


def test_bytes_that_are_not_text(tmp_path):
    """A file that is no text, and one that is not there."""
    path = write(tmp_path, GOOD)
    path.write_bytes(b"\xff\xfe\x00title")
    with pytest.raises(HeadshotError, match="UTF-8"):
        read_preset(path)
    with pytest.raises(HeadshotError):
        read_preset(tmp_path / "mine" / "gone.yaml")


def test_names_are_slugs_and_stand_once(tmp_path):
    """A file name that cannot be typed is refused, and so is the same name in two categories."""
    with pytest.raises(HeadshotError, match="city-dusk"):
        read_preset(write(tmp_path, GOOD, "My Preset"))
    (tmp_path / "mine" / "My Preset.yaml").unlink()
    write(tmp_path, GOOD, category="one")
    write(tmp_path, GOOD, category="two")
    with pytest.raises(HeadshotError, match="Two presets"):
        read_folder(tmp_path)


def test_a_preset_knows_no_path_of_its_own(tmp_path):
    """'path' is the file's, not a field to write."""
    with pytest.raises(HeadshotError, match="path"):
        read_preset(write(tmp_path, GOOD + "path: /etc\n"))
