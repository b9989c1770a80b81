"""The handlers of the Enhance tab: thin, and errors shown where they belong; controls made from the tools' classes."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from headshot_core.enhance.stack import TOOLS
from headshot_core.enhance.tone import Tone
from headshot_core.enhance.tool import GROUPS
from headshot_core.presets import EXAMPLE
from headshot_ui import enhance_views as views
from headshot_ui.crossing import ToEnhance, ToPresets
from headshot_ui.enhance_tab import Handlers, Tab
from headshot_ui.presets_tab import Tab as PresetsTab
from headshot_ui.visit import Visits

WIDGETS = ("photo", "score", "easel", "tools", "batch", "bar")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call a handler as the page does; gives all that it showed, by widget, the latest last."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    visits = Visits(tmp_path / "visits")
    handlers = Handlers(Tab(*WIDGETS), visits)

    def call(handler, /, **data):
        owner = handler.__self__ if callable(handler) else handlers
        name = handler if isinstance(handler, str) else handler.__name__
        shown = list(getattr(owner, name)(SimpleNamespace(_data=data), SimpleNamespace(session_hash="me")))
        return {widget: value for update in shown if "__type__" not in update for widget, value in update.items()}

    call.handlers, call.visits = handlers, visits
    call.visit = visits.of("me")
    return call


def test_a_visit_from_upload_to_file(run, tmp_path):
    """Photo, a slider, the picture as a file."""
    path = shutil.copy(EXAMPLE, tmp_path / "me.jpg")
    shown = run("give", path=str(path))
    assert shown["photo"]["state"] == "ready"
    assert shown["easel"]["before"]
    assert shown["tools"]["steps"] == {}
    assert not path.exists()
    old = shown["easel"]["after"]
    shown = run("adjust", steps={"tone": {"exposure": 1.0}}, gesture=1)
    assert shown["easel"]["after"] != old
    assert shown["easel"]["before"] is None  # the photo is not sent again
    assert "tools" not in shown  # the drawer is not drawn anew under the hand
    shown = run("make", kind="jpg", settings=False)
    assert shown["bar"]["file"]["name"] == "me-enhanced.jpg"
    assert shown["easel"]["finished"]
    assert not shown["bar"]["working"]


def test_undo_shows_drawer_and_picture(run):
    """Both follow the history."""
    old = run("example")["easel"]["after"]
    run("adjust", steps={"tone": {"exposure": 1.0}}, gesture=1)
    shown = run("undo")
    assert shown["easel"]["after"] == old
    assert shown["tools"]["steps"] == {}
    assert shown["easel"]["redo"] == "Light and colour"
    assert run("redo")["tools"]["steps"]["tone"]["exposure"] == 1.0


def test_the_score_comes_when_the_picture_rests_and_a_fix_changes_both(run):
    """The panel asks for it: no picture waits for its score. A fix shows in the picture and in the drawer."""
    shown = run("example")
    assert shown["score"]["state"] == "measuring"
    assert set(run("measure")) == {"score"}
    pillars = run("measure")["score"]["pillars"]
    fix = next(one for pillar in pillars for one in pillar["measures"] if one["fix"])
    shown = run("mend", measure=fix["name"])
    assert shown["easel"]["undo"] == fix["fix"]
    assert shown["tools"]["steps"]
    assert shown["score"]["state"] == "measuring"
    assert run("measure")["score"]["total"]["before"] is not None
    assert run("judge_as", name="passport")["score"]["rules"] == "passport"
    assert run("judge_as", name="nonsense")["score"]["error"]["what"]


def test_a_bad_file_is_told_beside_the_photo_and_costs_nothing(run, tmp_path):
    """The photo before and its tools stay."""
    run("example")
    run("adjust", steps={"tone": {"exposure": 1.0}}, gesture=1)
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff no photo")
    shown = run("give", path=str(bad))
    assert shown["photo"]["error"]["what"]
    assert shown["photo"]["state"] == "ready"
    assert run.visit.retouch.stack.steps


def test_a_wrong_setting_is_told_in_the_drawer(run):
    """Where the slider is, and the drawer says again what is true."""
    run("example")
    shown = run("adjust", steps={"tone": {"exposure": 50}}, gesture=1)
    assert shown["tools"]["error"]["what"]
    assert shown["tools"]["steps"] == {}


def test_a_tool_that_fails_leaves_the_photo_and_a_way_back(run, monkeypatch, capsys):
    """The words stand at the picture, the photo is shown, and undo helps."""
    run("example")
    monkeypatch.setattr(Tone, "apply", lambda self, view: 1 / 0)
    shown = run("adjust", steps={"tone": {"exposure": 1.0}}, gesture=1)["easel"]
    assert shown["error"]["what"] == "Something went wrong inside."
    assert shown["after"]
    assert shown["undo"]
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert not run("undo")["easel"]["error"]


def test_no_handler_ends_without_a_word(run):
    """Gradio empties all widgets when a generator ends before its first value."""
    events = {"adjust": {"steps": {}, "gesture": 1}, "make": {"kind": "png"}, "undo": {}, "start": {"kind": "x"}}
    for name, data in events.items():
        first = next(getattr(run.handlers, name)(SimpleNamespace(_data=data), SimpleNamespace(session_hash="other")))
        assert first == gr.skip()


@pytest.mark.parametrize(
    ("handler", "data", "where"),
    [
        ("wand", {"strength": 1, "gesture": 1}, "tools"),
        ("style", {"name": "natural"}, "tools"),
        ("look", {"place": [0.5, 0.5], "size": [100, 100]}, "easel"),
        ("paint", {"seen": 1, "points": [[0.5, 0.5]], "radius": 0.1}, "easel"),
        ("make", {"kind": "png"}, "bar"),
        ("start", {"kind": "png", "wand": True}, "batch"),
        ("own", {"path": "/etc/hostname"}, "tools"),
        ("include", {"path": "/etc/hostname"}, "batch"),
    ],
)
def test_nothing_can_be_done_without_a_photo(run, handler, data, where, capsys):
    """Whatever the browser sends first; no traceback."""
    shown = run(handler, **data)
    assert set(shown) == set(WIDGETS)
    assert shown["photo"]["state"] == "empty"
    assert "Traceback" not in capsys.readouterr().err
    assert where in shown


def test_forget_shows_the_beginning_again(run):
    """Nothing of the visit is left on the page."""
    run("example")
    shown = run("forget")
    assert shown["photo"]["state"] == "empty"
    assert shown["easel"] == {"state": "none", "turn": shown["easel"]["turn"]}
    assert shown["tools"] == {"ready": False, "turn": shown["tools"]["turn"]}
    assert not shown["batch"]["ready"]


def test_photos_go_from_tab_to_tab(run):
    """An empty tab takes the other's photo; a finished headshot is sent to Enhance, and the result back."""
    presets = PresetsTab("p.photo", "p.score", "p.viewer", "p.strip", "p.take", "p.adjust", "p.gallery", "p.bar")
    enhance = run.handlers.tab
    there = ToEnhance(presets, enhance, "tabs", run.visits)
    back = ToPresets(enhance, presets, "tabs", run.visits)
    assert run(there.arrive)["photo"]["state"] == "empty"
    assert run(there.send)["p.bar"]["error"]["what"]  # nothing is finished yet
    run("example")
    assert run(back.arrive)["p.photo"]["state"] == "ready"
    assert run(back.arrive) == {}  # not again
    run.visit.pick(["boardroom"])
    list(run.visit.make())
    shown = run(there.send)
    assert shown["tabs"].selected == "Enhance"
    assert shown["photo"]["says"].startswith("example-boardroom")
    assert run(there.arrive) == {}
    run("adjust", steps={"tone": {"exposure": 0.5}}, gesture=1)
    shown = run(back.send)
    assert shown["tabs"].selected == "Presets"
    assert shown["p.photo"]["says"].startswith("example-boardroom-enhanced")
    assert shown["p.viewer"]["after"]


def test_every_tool_has_controls_made_from_its_class():
    """Each in one of the groups, in their order, each setting with a name, a hint and a way to set it."""
    tools = views.all_tools()
    assert {tool["name"] for tool in tools} == {kind.model_fields["tool"].default for kind in TOOLS}
    groups = [tool["group"] for tool in tools]
    assert groups == sorted(groups, key=GROUPS.index)
    for tool in tools:
        assert tool["title"]
        assert tool["hint"].endswith(".")
        assert set(tool["rest"]) >= {"on", "strength", *(field["name"] for field in tool["fields"])}
        for field in tool["fields"]:
            assert field["label"]
            assert field["hint"]
            if field["kind"] == "slider":
                assert field["min"] <= field["rest"] <= field["max"]
            if field["kind"] in ("chips", "list"):
                assert all(option["title"] for option in field["options"])


def test_every_setting_can_be_reached():
    """Only what is hidden, fixed or has a place of its own is no control."""
    special = {("background", "image"), ("blemishes", "spared"), ("heal", "strokes")}
    for kind in TOOLS:
        name = kind.model_fields["tool"].default
        shown = {control["name"] for control in views.controls(kind)} | {"tool", "on", "strength"}
        assert {(name, field) for field in set(kind.model_fields) - shown} <= special


def test_several_faces_are_offered(run, tmp_path):
    """Two people in a photo: the second can be taken."""
    person = Image.open(EXAMPLE).crop((90, 0, 360, 300))
    both = Image.new("RGB", (700, 320), "grey")
    both.paste(person, (10, 10))
    both.paste(person.resize((216, 240)), (400, 20))
    path = tmp_path / "both.png"
    both.save(path)
    assert len(run("give", path=str(path))["photo"]["faces"]) == 2
    assert run("face", index=1)["photo"]["chosen"] == 1
