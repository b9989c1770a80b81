"""The tools in words: settings, limits, and docs that are today's truth and run."""

import re
import sys
from types import ModuleType

import pytest

from headshot_core import doc_tables
from headshot_core.enhance import catalogue
from headshot_core.enhance.blemishes import Blemishes
from headshot_core.enhance.crop import Crop
from headshot_core.enhance.heal import Heal
from headshot_core.enhance.skin import Skin
from headshot_core.enhance.stack import TOOLS
from headshot_core.enhance.tone import Tone
from headshot_core.enhance.view import Study, View

DOCS = catalogue.DOCS.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)


def test_the_table_in_the_docs_is_todays():
    assert catalogue.table() in DOCS, "run: python -m headshot_core.enhance.catalogue"


def test_the_table_is_written_between_its_marks_and_nowhere_else(tmp_path, monkeypatch):
    begin, end = (mark.format("tools", "headshot_core.enhance.catalogue") for mark in doc_tables.MARKS)
    copy = tmp_path / "enhance.md"
    copy.write_text(f"before\n{begin}old\n{end}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(catalogue, "DOCS", copy)
    catalogue.update()
    catalogue.update()
    text = copy.read_text(encoding="utf-8")
    assert text == f"before\n{begin}{catalogue.table()}{end}\nafter\n"


def test_a_row_says_what_a_tool_does_and_what_can_be_set():
    row = next(line for line in catalogue.table().splitlines() if line.startswith("| `tone`"))
    assert "`exposure` brighter or darker (-3 to 3 stops; 0)" in row
    assert len(catalogue.table().splitlines()) == 2 + len(TOOLS)


@pytest.mark.parametrize("kind", TOOLS, ids=catalogue.name)
def test_every_tool_and_setting_presents_itself_in_a_table_and_in_a_help_text(kind):
    summary = catalogue.summary(kind)
    assert summary[0].isupper()
    assert summary.endswith(".")
    for schema in catalogue.settings(kind).values():
        assert schema["description"][0].islower()
        assert not schema["description"].endswith(".")
        assert "|" not in schema["description"]


def test_the_first_setting_is_the_strength_or_else_what_the_tool_is_about():
    assert next(iter(catalogue.settings(Skin))) == "strength"
    assert next(iter(catalogue.settings(Crop))) == "frame"
    assert catalogue.limits(catalogue.settings(Tone)["exposure"]) == "-3 to 3 stops"
    assert catalogue.limits(catalogue.settings(Crop)["frame"]).startswith("one of whole, portrait")
    assert catalogue.limits(catalogue.settings(Crop)["straighten"]) == ""


def test_marks_made_on_one_photo_are_no_settings():
    for kind in (Heal, Blemishes):
        assert not set(catalogue.hidden(kind)) & set(catalogue.settings(kind))
    assert catalogue.hidden(Heal)


def test_the_python_in_the_docs_runs(astronaut_photo, model_files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    astronaut_photo.image.resize((256, 256)).save("me.jpg")
    exec(compile(EXAMPLES[0], "docs", "exec"), {})
    assert {path.name for path in tmp_path.iterdir()} == {"me.jpg", "me.png", "by-hand.png", "polished.png"}
    assert capsys.readouterr().out


def test_the_tool_in_the_docs_is_one(astronaut, monkeypatch):
    module = ModuleType("corners")
    monkeypatch.setitem(sys.modules, "corners", module)
    exec(compile(EXAMPLES[1], "corners.py", "exec"), module.__dict__)
    window = Study(astronaut).whole(256)
    after = module.Corners().on_view(View(window, window.photo)).pixels
    assert after.dtype == window.photo.dtype
    assert after[-1, 0].mean() < 0.9 * window.photo[-1, 0].mean()
    x, y = window.face.points[:, :2].mean(0).astype(int)
    assert abs(after[y, x] - window.photo[y, x]).max() < 1e-3
