"""The handlers and views of the Craft tab: thin, safe against what a browser may send, and errors where they belong."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from PIL import Image

from headshot_core import files
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.generate import fetch, models
from headshot_core.people import About
from headshot_core.presets import EXAMPLE
from headshot_ui import craft_downloads, craft_tab
from headshot_ui import craft_views as views
from headshot_ui.craft_tab import Crossing, Tab
from headshot_ui.craft_visit import CraftVisit, Drawings
from headshot_ui.visit import Visits

WIDGETS = ("photo", "craft_who", "craft_view", "craft_form", "craft_looks", "craft_models", "bar")
WORD = "w" * 32


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, model_files):
    """A person's folder of its own, with the studio's models of this machine and no base model."""
    folder = tmp_path / "home"
    (folder / "models").mkdir(parents=True)
    for path in (files.home() / "models").iterdir():
        if path.name != "diffusion":
            (folder / "models" / path.name).symlink_to(path)
    monkeypatch.setenv("HEADSHOT_HOME", str(folder))
    monkeypatch.delenv("SPACE_ID", raising=False)
    return folder


@pytest.fixture
def downloads(monkeypatch):
    """Nothing is on its way."""
    fresh = craft_downloads.Downloads()
    for module in (craft_tab, views):
        monkeypatch.setattr(module, "DOWNLOADS", fresh)
    return fresh


@pytest.fixture
def run(tmp_path, monkeypatch, downloads):
    """Call a handler as the page does; gives all that it showed, by widget, the latest last."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    visits = Visits(tmp_path / "uploads" / "visits")
    visit = visits.of("me")
    visit.craft = CraftVisit(visit, Drawings())
    other = SimpleNamespace(show=lambda visit: {"enhance": "shown"}, all=lambda: ["enhance"])
    handlers = Crossing(Tab(*WIDGETS), visits, other, "tabs")

    def call(handler, /, **data):
        shown = list(getattr(handlers, handler)(SimpleNamespace(_data=data), SimpleNamespace(session_hash="me")))
        call.shown = [update for update in shown if "__type__" not in update]
        return {widget: value for update in call.shown for widget, value in update.items()}

    call.handlers, call.visit = handlers, visit
    return call


@pytest.fixture
def ready(run, astronaut):
    """The same, with the example in hand."""
    run.visit.begin(astronaut)
    run("arrive")
    return run


@pytest.fixture
def drawing(ready, monkeypatch):
    """The same, and SD 1.5 seems to be here."""
    monkeypatch.setattr(models, "installed", lambda item: item.name == "sd15")
    monkeypatch.setattr(models, "best_here", lambda: models.BASES["sd15"])
    ready("arrive")
    return ready


def upload(tmp_path, source):
    folder = tmp_path / "uploads" / "0123"
    folder.mkdir(parents=True, exist_ok=True)
    return shutil.copy(source, folder / "photo.jpg")


def test_a_visit_without_a_base_model(run, tmp_path):
    """The tab says what is missing and what can be had, and makes what the studio engine can."""
    shown = run("arrive")
    assert shown["photo"]["state"] == "empty"
    assert shown["craft_models"]["none"]
    assert [model["name"] for model in shown["craft_models"]["models"]] == list(models.BASES)
    assert not shown["bar"]["ready"]

    path = upload(tmp_path, EXAMPLE)
    shown = run("give", path=path)
    assert shown["photo"]["state"] == "ready"
    assert shown["craft_form"]["studio"]
    assert shown["craft_form"]["why"]
    assert shown["craft_view"]["state"] == "sketch"
    assert shown["craft_view"]["picture"].startswith("data:")
    assert not (tmp_path / "uploads" / "0123").exists()

    shown = run("pick", name="city-dusk")
    assert shown["craft_looks"]["picked"] == "city-dusk"
    shown = run("make")
    assert shown["craft_view"]["state"] == "made"
    assert shown["craft_view"]["title"] == "City dusk"
    key = shown["craft_view"]["key"]
    shown = run("take", key=key, kind="jpg")
    assert shown["craft_view"]["file"]["name"].endswith(".jpg")
    assert shown["craft_view"]["picture"] is None  # the page has it
    assert run("show", key="sketch")["craft_view"]["state"] == "sketch"
    assert run("forget")["photo"]["state"] == "empty"
    assert run.visit.craft.series == []


def test_without_a_base_model_the_demo_can_be_tried(ready, monkeypatch):
    """It is offered beside the studio as what it is; that no base model is here stays true and said."""
    monkeypatch.setattr(models, "installed", lambda item: item.name.startswith("micro"))
    shown = ready("arrive")
    listed, form = shown["craft_models"], views.craft_form(ready.visit)
    assert listed["none"]
    assert listed["demo"] == "Micro (demo)"
    assert (form["engine"], form["engines"]) == ("studio", [{"name": "micro", "title": "Micro (demo)", "demo": True}])
    assert "choose Micro (demo) above" in form["why"]
    micro = listed["models"][-1]
    assert (micro["name"], micro["size"], micro["source"]) == ("micro", "Comes with the studio", "")
    assert "made by this project" in micro["good"]
    shown = ready("engine", name="micro")
    assert "made by this project" in shown["craft_form"]["demo"]
    assert shown["craft_form"]["why"] == ""


def test_a_cartoon_person_is_shown_by_their_picture(ready, monkeypatch):
    """Though no face is found in it; and the button is there to be pressed."""
    monkeypatch.setattr(models, "installed", lambda item: item.name.startswith("micro"))
    person = ready.visit.people.everybody.add(About(name="Dot", cartoon=True, consent=True))
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "PNG")
    person.add_photo(buffer.getvalue(), "one.png")
    shown = ready("who", short=person.short)
    assert shown["photo"]["says"] == "Dot: a cartoon, nobody real"
    assert shown["photo"]["picture"].startswith("data:")
    assert shown["bar"]["ready"]
    assert shown["craft_form"]["engine"] == "micro"


def test_a_base_model_opens_the_whole_form(drawing):
    """Ways to draw, words, pose and light; pictures only of the panel that is open."""
    form = views.craft_form(drawing.visit)
    assert not form["studio"]
    assert form["engine"] == "sd15"
    assert [way["name"] for way in form["ways"]] == ["photo", "keep", "restyle", "person"]
    assert "pose" not in form["live"]
    recipe = form["recipe"]
    recipe["pose"]["name"] = "three-quarter-left"
    recipe["wishes"]["clothing"] = "navy suit"
    shown = drawing("adjust", recipe=recipe, fresh=True, section="pose")
    assert shown["craft_form"]["echo"]
    assert shown["craft_form"]["live"]["pose"].startswith("data:")
    assert shown["craft_form"]["no_pose"]  # its ControlNet is not here
    assert shown["craft_view"]["state"] == "sketch"
    shown = drawing("adjust", recipe=recipe, fresh=True, section="light")
    assert shown["craft_form"]["live"]["light"].startswith("data:")
    shown = drawing("adjust", recipe=recipe, fresh=True, section="words")
    assert "navy suit" in shown["craft_form"]["live"]["prompt"]


def test_contradictions_are_pointed_out(drawing):
    """While the form is filled in, in plain sentences."""
    recipe = drawing.visit.craft.recipe.model_dump(mode="json")
    recipe["generate"]["mode"] = "keep"
    recipe["wishes"]["expression"] = "broad smile"
    shown = drawing("adjust", recipe=recipe, fresh=True, section=None)
    assert any("face is kept" in words for words in shown["craft_form"]["live"]["contradictions"])


def test_every_choice_has_its_words():
    """The form's lists: suggestions, poses with their angles, styles."""
    choices = views.choices()
    assert set(choices["suggestions"]) >= {"clothing", "expression", "background"}
    poses = {pose["name"]: pose for pose in choices["poses"]}
    assert "yaw" not in poses["free"]
    assert poses["three-quarter-left"]["yaw"] < 0
    assert all(style["title"] for style in choices["styles"])


def test_a_pose_to_copy(drawing, tmp_path):
    """Its figure is shown at once; a file that is no photo is refused in the form, and neither stays on the disk."""
    shown = drawing("pose_photo", path=upload(tmp_path, EXAMPLE))
    pose = shown["craft_form"]["recipe"]["pose"]
    assert (pose["name"], pose["image"]) == ("photo", "pose.jpg")
    assert shown["craft_form"]["live"]["pose"].startswith("data:")
    folder = tmp_path / "uploads" / "0123"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(b"no photo")
    assert drawing("pose_photo", path=str(folder / "photo.jpg"))["craft_form"]["error"]
    assert drawing("pose_photo", path="/etc/passwd")["craft_form"]["error"]
    assert not folder.exists()


def test_errors_stand_where_they_belong(drawing, monkeypatch):
    """And keep what was made."""
    assert drawing("adjust", recipe={"seed": -1}, fresh=True)["craft_form"]["error"]["what"]
    assert drawing("engine", name="sdxl")["craft_form"]["error"]
    assert drawing("pick", name="nothing")["craft_looks"]["error"]
    assert drawing("take", key="1-1", kind="png")["craft_view"]["error"]
    assert drawing("take", key="1-1", kind="exe")["craft_view"]["error"]
    assert drawing("who", short="nobody")["craft_who"]["error"]
    assert drawing("owner", word="x")["bar"]["error"]
    assert drawing("fetch", names=["../../etc"])["craft_models"]["error"]
    monkeypatch.setattr(CraftVisit, "generate", lambda self: 1 / 0)
    assert "inside" in drawing("make")["bar"]["error"]["what"]


def test_a_page_that_knows_the_news_is_told_nothing(drawing):
    """Asking every second costs nothing while nothing changes."""
    assert drawing("owner", word=WORD)
    assert drawing("tick", seen="", key="") == {}
    shown = drawing("tick", seen="1.1", key="")
    assert shown["craft_view"]["stamp"] == ""


def test_enhance_opens_the_picture(ready, astronaut):
    """In the other tab, which is shown."""
    ready("make")
    shown = ready("enhance", key=ready.visit.craft.selected)
    assert shown["enhance"] == "shown"
    assert shown["tabs"].selected == "Enhance"
    assert ready.visit.retouch.portrait


# Base models.


def test_terms_are_shown_before_anything_is_fetched(run):
    """Size, licence, commercial use and room on the disk, for each model and what goes with it."""
    data = views.craft_models(run.visit)
    for model in data["models"]:
        assert model["size"].endswith("GB") != model["demo"]
        assert model["licence"]
        assert model["terms"].startswith("https://")
        assert isinstance(model["commercial"], bool)
        assert all(extra["good"] and extra["licence"] for extra in model["extras"])
    assert data["free"].endswith("GB")


def test_a_download_with_progress_and_cancel(run, downloads, monkeypatch):
    """One after the other; a stopped one leaves no error, a failed one says why."""

    def slow(item, report, cancel):
        report(1, 4, f"Fetching {item.title}")
        while not cancel.cancelled:
            time.sleep(0.01)
        raise Cancelled

    monkeypatch.setattr(fetch, "fetch", slow)
    run("fetch", names=["sd15", "sd15_pose"])
    _until(lambda: downloads.view and downloads.view["percent"] == 25)
    assert run("tick_models")["craft_models"]["now"]["name"] == "sd15"
    run("stop_fetch")
    _until(lambda: not downloads.busy)
    shown = run("tick_models")
    assert shown["craft_models"]["now"] is None
    assert "craft_form" in shown  # it may know a new model

    def fails(item, report, cancel):
        raise HeadshotError("The hub does not answer.", "Try again later.")

    monkeypatch.setattr(fetch, "fetch", fails)
    run("fetch", names=["sd15"])
    _until(lambda: not downloads.busy)
    assert run("tick_models")["craft_models"]["error"]["what"] == "The hub does not answer."


def test_visitors_of_a_space_fetch_nothing(run, monkeypatch):
    """Whatever their browser sends."""
    monkeypatch.setenv("SPACE_ID", "me/studio")
    assert views.craft_models(run.visit)["hosted"]
    assert run("fetch", names=["sd15"])["craft_models"]["error"]


def _until(done):
    limit = time.monotonic() + 5
    while not done() and time.monotonic() < limit:
        time.sleep(0.01)
    assert done()


def test_drawing_needs_nothing_heavy_before_the_button(tmp_path):
    """Opening the tab imports no torch."""
    code = "import headshot_ui.craft_tab, headshot_core.generate.jobs, sys; print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip().endswith("False")
