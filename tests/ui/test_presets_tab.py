"""The handlers of the Presets tab: thin, safe against what a browser may send, and errors shown where they belong."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.presets import EXAMPLE
from headshot_ui import views
from headshot_ui.presets_tab import Handlers, Tab, uploaded
from headshot_ui.visit import Visits

WIDGETS = ("photo", "score", "viewer", "strip", "take", "adjust", "gallery", "bar")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call a handler as the page does; gives all that it showed, by widget, the latest last."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    handlers = Handlers(Tab(*WIDGETS), Visits(tmp_path / "visits"))

    def call(handler, /, **data):
        shown = list(getattr(handlers, handler)(SimpleNamespace(_data=data), SimpleNamespace(session_hash="me")))
        return {widget: value for update in shown for widget, value in update.items() if widget in WIDGETS}

    call.handlers = handlers
    call.visit = handlers.visits.of("me")
    return call


def _upload(tmp_path, source):
    folder = tmp_path / "0123abcd"
    folder.mkdir(exist_ok=True)
    return shutil.copy(source, folder / "photo.jpg")


def test_a_visit_from_upload_to_result(run, tmp_path):
    """Each step shows what a person expects to see."""
    path = _upload(tmp_path, EXAMPLE)
    assert run("give", path=path)["photo"]["state"] == "ready"
    shown = run("pick", picked=["boardroom"])
    assert shown["viewer"]["tag"] == "preview"
    assert shown["bar"]["ready"]
    shown = run("make")
    assert shown["viewer"]["finished"]
    assert [shot["state"] for shot in shown["strip"]["shots"]] == ["done"]
    assert not shown["bar"]["working"]
    assert not shown["bar"]["ready"]


def test_the_score_comes_after_the_picture(run):
    """The photo's, then the headshot's beside it; the viewer says it too, without the photo being sent again."""
    assert run("example")["score"]["state"] == "measuring"
    assert run("measure")["score"]["state"] == "ready"
    run("pick", picked=["boardroom"])
    shown = run("make")
    assert shown["viewer"]["numbers"][-1]["value"] == "…"
    shown = run("measure")
    assert shown["score"]["total"]["before"] is not None
    assert shown["viewer"]["numbers"][-1]["value"] == str(shown["score"]["total"]["now"])
    assert shown["viewer"]["before"] is None
    assert "viewer" not in run("measure")
    assert run("judge_as", name="passport")["score"]["state"] == "measuring"


def test_an_upload_is_removed_once_read(run, tmp_path):
    """Neither a good photo nor a bad file stays on the disk."""
    path = _upload(tmp_path, EXAMPLE)
    run("give", path=path)
    bad = tmp_path / "0123abcd"
    bad.mkdir()
    (bad / "photo.jpg").write_bytes(b"no photo")
    run("give", path=str(bad / "photo.jpg"))
    assert not list(tmp_path.rglob("photo.jpg"))


def test_a_bad_file_is_told_beside_the_photo_and_costs_nothing(run, tmp_path):
    """The message stands in the photo's widget; photo and looks are still there."""
    run("example")
    run("pick", picked=["boardroom"])
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff no photo")
    shown = run("give", path=str(bad))
    assert shown["photo"]["error"]["what"]
    assert shown["photo"]["state"] == "ready"
    assert shown["viewer"]["after"]


@pytest.mark.parametrize("path", ["/etc/hostname", "../outside.jpg", "", "https://example.org/a.jpg"])
def test_only_uploads_are_read(tmp_path, monkeypatch, path):
    """The path comes from the browser: anything outside the upload folder is refused."""
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (tmp_path / "outside.jpg").write_bytes(b"x")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(uploads))
    with pytest.raises(HeadshotError):
        uploaded({"path": path if ".." not in path else str(uploads / path)})


def test_removing_an_upload_takes_nothing_else_along(tmp_path, monkeypatch):
    """Even where the path points into a folder that holds others' files."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "b.jpg").write_bytes(b"x")
    with uploaded({"path": str(tmp_path / "a.jpg")}):
        pass
    assert (tmp_path / "b.jpg").exists()
    assert not (tmp_path / "a.jpg").exists()


def test_adjusting_shows_a_new_preview_and_no_new_photo(run):
    """A light that moves sends the picture, not the photo again."""
    run("example")
    old = run("pick", picked=["boardroom"])["viewer"]["after"]
    settings = run("show", name="boardroom")["adjust"]["recipe"]
    settings["light"] |= {"pattern": "split", "azimuth": None}
    shown = run("adjust", recipe=settings)
    assert shown["viewer"]["after"] != old
    assert shown["viewer"]["before"] is None
    settings["frame"]["zoom"] = 1.2
    assert run("adjust", recipe=settings)["viewer"]["before"]


def test_settle_makes_again_only_what_was_made(run):
    """A preview stays a preview; a headshot becomes a headshot again."""
    run("example")
    run("pick", picked=["boardroom"])
    assert run("settle") == {}
    run("make")
    settings = run("show", name="boardroom")["adjust"]["recipe"]
    settings["grade"]["exposure"] = 0.4
    assert not run("adjust", recipe=settings)["viewer"]["finished"]
    assert run("settle")["viewer"]["finished"]


def test_settings_go_to_the_look_that_was_shown(run):
    """Another look may be selected before they arrive: events are answered in no certain order."""
    run("example")
    run("pick", picked=["boardroom", "city-dusk"])
    look = run("show", name="city-dusk")["adjust"]["look"]
    assert look == "city-dusk"
    settings = run("show", name="city-dusk")["adjust"]["recipe"]
    settings["frame"]["name"] = "linkedin"
    run("show", name="boardroom")
    run("adjust", look=look, recipe=settings)
    frames = {shot.name: shot.recipe.frame.name for shot in run.visit.strip}
    assert frames["boardroom"] != frames["city-dusk"] == "linkedin"
    assert run("spread", look=look, section="frame")["adjust"]["recipe"]["frame"]["name"] == "linkedin"
    run("reset", look=look, section="frame")
    frames = {shot.name: shot.recipe.frame.name for shot in run.visit.strip}
    assert frames["city-dusk"] != frames["boardroom"] == "linkedin"


def test_a_wrong_setting_is_told_in_the_drawer(run):
    """The words stand where the slider is."""
    run("example")
    run("pick", picked=["boardroom"])
    settings = run("show", name="boardroom")["adjust"]["recipe"]
    settings["frame"]["zoom"] = 50
    shown = run("adjust", recipe=settings)
    assert shown["adjust"]["error"]["what"]
    assert shown["adjust"]["recipe"]["frame"]["zoom"] == 1.0


def test_inner_errors_are_told_in_words(run, monkeypatch, capsys):
    """A fault of the program is no traceback in the page; the terminal has it."""
    run("example")
    monkeypatch.setattr(run.visit, "pick", lambda names: 1 / 0)
    shown = run("pick", picked=["boardroom"])
    assert shown["bar"]["error"]["what"] == "Something went wrong inside."
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_no_handler_ends_without_a_word(run):
    """Gradio empties all widgets when a generator ends before its first value."""
    handlers = run.handlers
    events = {"face": {"index": 0}, "settle": {}, "adjust": {"recipe": {}}, "make": {}, "reset": {"section": "light"}}
    for name, data in events.items():
        first = next(getattr(handlers, name)(SimpleNamespace(_data=data), SimpleNamespace(session_hash="other")))
        assert first == gr.skip()


def test_forget_shows_the_beginning_again(run):
    """Nothing of the visit is left on the page."""
    run("example")
    run("pick", picked=["boardroom"])
    shown = run("forget")
    assert shown["photo"]["state"] == "empty"
    assert shown["viewer"] == {"state": "none", "turn": shown["viewer"]["turn"]}
    assert shown["strip"]["shots"] == []
    assert shown["gallery"] == {"picked": [], "turn": shown["gallery"]["turn"]}


def test_several_faces_are_offered(run, tmp_path):
    """Two people in a photo: both are shown, and the second can be taken."""
    person = Image.open(EXAMPLE).crop((90, 0, 360, 300))
    both = Image.new("RGB", (700, 320), "grey")
    both.paste(person, (10, 10))
    both.paste(person.resize((216, 240)), (400, 20))
    path = tmp_path / "both.png"
    both.save(path)
    shown = run("give", path=str(path))["photo"]
    assert len(shown["faces"]) == 2
    assert shown["chosen"] == 0
    assert run("face", index=1)["photo"]["chosen"] == 1
    assert run("face", index=7)["photo"]["error"]


def test_choices_cover_the_core():
    """Every frame, backdrop, pattern and look of the core can be chosen, each with words."""
    choices = views.choices()
    assert {frame["name"] for frame in choices["frames"]} >= {"portrait", "linkedin", "id", "free"}
    for group in choices.values():
        assert group
        assert all(option["title"] for option in group)
    assert set(views.backdrop_pictures()) == {kind["name"] for kind in choices["backdrops"] if kind["rendered"]}
