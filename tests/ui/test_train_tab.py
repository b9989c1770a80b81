"""The handlers and views of the Train tab: thin, safe against what a browser may send, and errors where they belong."""

from __future__ import annotations

import importlib.util
import json
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest
import trained

from headshot_core.errors import HeadshotError
from headshot_core.generate import models
from headshot_core.train import runs
from headshot_core.train.estimate import Estimate
from headshot_core.train.settings import Training
from headshot_ui import train_views as views
from headshot_ui.train_tab import Crossing, Tab, _layout
from headshot_ui.train_visit import OWN_CONTROLS
from headshot_ui.visit import Visits

pytestmark = pytest.mark.skipif(importlib.util.find_spec("diffusers") is None, reason="diffusers is not installed")
WIDGETS = ("train_plan", "train_photos", "train_view", "train_shelf", "bar")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A person's folder of its own, empty."""
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SPACE_ID", raising=False)
    return tmp_path / "home"


@pytest.fixture
def base():
    """A tiny base model."""
    import tiny

    return tiny.install("sd15", extras=False)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call a handler as the page does; gives all that it showed, by widget, the latest last."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    visits = Visits(tmp_path / "uploads" / "visits")
    other = SimpleNamespace(show=lambda visit, *only, **given: {"other": given or "shown"}, usual=())
    handlers = Crossing(Tab(*WIDGETS), visits, other, other, "tabs")

    def call(handler, /, **data):
        shown = list(getattr(handlers, handler)(SimpleNamespace(_data=data), SimpleNamespace(session_hash="me")))
        call.shown = [update for update in shown if "__type__" not in update]
        return {widget: value for update in call.shown for widget, value in update.items()}

    call.handlers, call.visit = handlers, visits.of("me")
    return call


@pytest.fixture
def anna(base):
    """Somebody with four good photos, and a base model."""
    return trained.person("Anna", 4)


def test_empty_places_teach(run, anna, monkeypatch):
    """Without a base model, then without anybody; with both the plan is there."""
    shown = run("arrive")
    assert shown["train_plan"]["teach"] == ""
    assert shown["bar"]["event"] == "look"
    assert shown["bar"]["ready"]
    anna.delete()
    shown = run("arrive")
    assert shown["train_plan"]["teach"] == "person"
    assert not any(shown[name]["ready"] for name in ("train_photos", "train_view", "train_shelf", "bar"))
    monkeypatch.setattr(models, "installed", lambda item: False)
    shown = run("arrive")
    assert shown["train_plan"]["teach"] == "base"
    assert [one["here"] for one in shown["train_plan"]["bases"]] == [False] * 4


def test_the_demo_person_is_tried_at_once(run, anna, monkeypatch, tmp_path):
    """One press: somebody drawn is there with cartoons to look at and the demo base model; others are as before."""
    import tiny

    monkeypatch.setitem(models.BASES, "micro", tiny.install("micro", extras=False))
    shown = run("arrive")["train_plan"]
    assert "cartoon portraits of nobody, 64 px" in shown["demo"]["says"]
    assert (shown["base"], shown["chosen"]) == ("sd15", "anna")
    for _ in range(2):
        shown = run("demo")
        plan = shown["train_plan"]
        assert (plan["teach"], plan["chosen"], plan["base"], plan["demo"]) == ("", "demo-cartoon", "micro", None)
        assert [(one["name"], one["note"][:5]) for one in plan["bases"]] == [("micro", "Demo:")]
        assert all(one["fits"] for one in plan["choices"])
        assert len(shown["train_photos"]["pictures"]) == 10
        assert (shown["bar"]["event"], shown["bar"]["ready"]) == ("look", True)
    shown = run("who", short="anna")["train_plan"]
    assert shown["base"] == "sd15"
    assert "micro" not in [one["name"] for one in shown["bases"]]
    assert run("who", short="demo-cartoon")["train_plan"]["base"] == "micro"


def test_the_demo_needs_nothing_else_and_says_where_it_is_missing(run, monkeypatch, tmp_path):
    """Without any base model the page teaches, and the demo works all the same; where it is missing nobody is added."""
    import tiny

    gone = replace(models.BASES["micro"], source=str(tmp_path / "gone"))
    monkeypatch.setitem(models.BASES, "micro", gone)
    assert run("arrive")["train_plan"]["teach"] == "base"
    shown = run("demo")["train_plan"]
    assert "not on this machine" in shown["error"]["what"]
    assert shown["people"] == []
    monkeypatch.setitem(models.BASES, "micro", tiny.install("micro", extras=False))
    assert run("arrive")["train_plan"]["teach"] == "base"
    assert run("demo")["train_plan"]["teach"] == ""
    assert run("arrive")["bar"]["ready"]


def test_a_model_is_found_without_a_base_model(run, anna, monkeypatch):
    """What was trained once stays in sight, and can be taken home."""
    trained.model(anna)
    monkeypatch.setattr(models, "installed", lambda item: False)
    shown = run("arrive")
    assert shown["train_plan"]["teach"] == ""
    assert shown["train_shelf"]["entries"][0]["name"] == "brought"
    assert shown["train_view"]["card"]["facts"]


def test_too_few_photos_are_told(run, base):
    """All of it beside the photos, what to do beside the button, which cannot be pressed."""
    trained.person("Ben", 2)
    shown = run("arrive")
    assert "are needed" in shown["bar"]["says"]
    assert not shown["bar"]["ready"]
    assert "can be used" in shown["train_photos"]["lacking"]["what"]


def test_a_plain_refusal(run, anna, monkeypatch):
    """Where it cannot work here, the choice and the bar say so, and what to do."""
    none = Estimate("It needs 7 GB of memory, 2 are free.", 7, 2, None, 10, False, "Take a smaller base model.")
    monkeypatch.setattr("headshot_core.train.estimate.estimate", lambda *_: none)
    shown = run("arrive")
    assert [one["fits"] for one in shown["train_plan"]["choices"]] == [False] * 3
    assert "7 GB" in shown["bar"]["says"]
    assert "smaller" in shown["bar"]["says"]
    assert not shown["bar"]["ready"]


def test_the_drawer_has_every_setting(run):
    """Made from the class: no setting is forgotten, each with its words, and each range is the one that is checked."""
    fields = {field["name"]: field for group in views.drawer() for field in group["fields"]}
    assert set(fields) == set(Training.model_fields) - set(OWN_CONTROLS)
    assert [group["title"] for group in views.drawer()] == [title for _, title in views.GROUPS]
    assert all(field["says"] and field["title"] for field in fields.values())
    assert fields["rank"]["most"] == 256
    assert fields["resolution"]["step"] == 16
    assert fields["optimiser"]["options"] == ["adamw", "adamw8bit", "prodigy"]
    assert fields["text_encoder"]["kind"] == "boolean"
    json.dumps(list(fields.values()))


def test_a_wrong_setting_is_told_in_the_plan(run, anna):
    """With the name of the setting; what was there before stays."""
    run("arrive")
    shown = run("plan", base="sd15", choice="quick", settings={"rank": 9999})
    assert "Rank" in shown["train_plan"]["error"]["what"]
    assert run("plan", base="sd15", choice="nonsense", settings={})["train_plan"]["error"]
    assert run("plan", base="sd15", choice="quick", settings={"rank": 2})["train_plan"]["given"] == {"rank": 2}


def test_photos_as_they_will_be_seen(run, anna):
    """Every picture with its words, its shade and what is kept back; pictures are not sent again for a word."""
    trained.run(anna)
    shown = run("arrive")
    pictures = shown["train_photos"]["pictures"]
    assert len(pictures) == 4
    assert all(one["picture"].startswith("data:") and one["shade"].startswith("data:") for one in pictures)
    assert [one["held_out"] for one in pictures].count(True) == 1
    assert shown["bar"]["event"] == "start"
    shown = run("caption", name=pictures[0]["name"], text="photo of ohwx woman, laughing")
    assert "laughing" in shown["train_photos"]["pictures"][0]["caption"]
    assert "picture" not in shown["train_photos"]["pictures"][0]
    shown = run("leave_out", photo=pictures[3]["photo"], out=True)
    assert [one["out"] for one in shown["train_photos"]["pictures"]] == [False, False, False, True]
    assert not run("leave_out", photo=pictures[3]["photo"], out=False)["train_photos"]["pictures"][3]["out"]
    assert run("caption", name="../x", text="a")["train_photos"]["error"]
    assert run("caption", name=pictures[0]["name"], text="")["train_photos"]["error"]


def test_a_picture_that_is_gone_has_its_place(run, anna):
    """The others are shown."""
    draft = trained.run(anna)
    (draft.folder / runs.PHOTOS / f"{draft.examples[0].name}.png").unlink()
    pictures = run("arrive")["train_photos"]["pictures"]
    assert [one["picture"] is None for one in pictures] == [True, False, False, False]


def test_a_training_that_works(run, anna):
    """Progress, curves, samples and log; a page that shows it already is told nothing, and samples are sent once."""
    made = trained.run(anna, "training", 160)
    with runs.lock_now(made.folder / runs.LOCK):
        shown = run("arrive")
        bar, view = shown["bar"], shown["train_view"]
        assert (bar["working"], bar["from"]) == (True, 40)
        assert [button["name"] for button in bar["buttons"]] == ["pause", "stop"]
        assert view["losses"][-1][0] == 160
        assert [one["step"] for one in view["checkpoints"]] == [80, 160]
        assert view["selected"] == {"step": 160, "number": 0}
        assert len(view["thumbs"]) == 8
        assert "Checkpoint at step 160" in view["log"][-1]
        assert not view["choosable"]
        assert run("tick", seen=view["stamp"], have=list(view["thumbs"])) == {}
        trained.state(made, step=200)
        shown = run("tick", seen=view["stamp"], have=list(view["thumbs"]))
        assert shown["bar"]["from"] == 50
        assert shown["train_view"]["thumbs"] == {}
        assert "learning, 50 %" in [one["says"] for one in shown["train_plan"]["people"]]
        shown = run("pause")
        assert made.wish == "pause"
        assert "Saving" in shown["bar"]["says"]
        assert shown["bar"]["buttons"] == []
    shown = run("tick", seen="other")
    assert "switched off" in shown["train_view"]["says"]
    assert shown["bar"]["event"] == "go_on"


def test_what_breaks_off_while_it_is_shown_is_asked_for_again(run, anna, monkeypatch):
    """A page whose view is already old must not believe that nothing works any more."""
    made, says = trained.run(anna, "training", 160), views._says
    with ExitStack() as alive:
        alive.enter_context(runs.lock_now(made.folder / runs.LOCK))
        monkeypatch.setattr(views, "_says", lambda *given: alive.close() or says(*given))
        view = run("arrive")["train_view"]
    assert "switched off" not in view["says"]
    assert "switched off" in run("tick", seen=view["stamp"])["train_view"]["says"]


def test_go_on(run, anna, monkeypatch):
    """What broke off is taken up, and shown as waiting."""
    made = trained.run(anna, "broken", 100)
    monkeypatch.setattr(runs, "_spawn", lambda one: trained.state(one, state="done"))
    run("arrive")
    run("go_on")
    assert made.status().state == "done"
    assert run("go_on")["bar"]["error"]


def test_another_checkpoint(run, anna):
    """It is shown large, and the model is made of it when it is wanted."""
    made = trained.run(anna, "done", 400)
    shown = run("arrive")
    assert shown["bar"]["event"] == "draw"
    chosen = shown["train_view"]["chosen"]
    large = shown["train_view"]["picture"]["url"]
    shown = run("show", step=80, number=2, have=[])
    assert shown["train_view"]["selected"] == {"step": 80, "number": 2}
    assert shown["train_view"]["picture"]["url"] != large
    assert shown["train_view"]["chosen"] == chosen
    assert run("choose", step=80)["train_view"]["chosen"] == 80
    assert made.status().chosen == 80
    assert run("choose", step=81)["train_view"]["error"]


def test_take_home(run, anna, tmp_path):
    """A file that the browser fetches, in both forms; then one comes in."""
    trained.run(anna, "done", 400)
    run("arrive")
    names = [run("take", form=form)["train_shelf"]["file"]["name"] for form in ("diffusers", "exported")]
    assert len(set(names)) == 2
    assert all(name.endswith(".safetensors") for name in names)
    upload = tmp_path / "uploads" / "given" / "mine.safetensors"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(trained._weights(3))
    assert run("bring", path=str(upload))["train_shelf"]["opened"] == "mine"
    assert not upload.exists()
    assert run("bring", path="/etc/passwd")["train_shelf"]["error"]
    assert run("bring", place="/etc/passwd")["train_shelf"]["error"]


def test_a_copy_on_the_hub(run, anna, monkeypatch):
    """Only what is asked for, and its address is shown."""
    sent = []

    def push(model, repo, token, report):
        sent.append((model.name, repo, token))
        report(1, 2, "Sending")
        return f"https://hub/{repo}"

    monkeypatch.setattr("headshot_core.train.publish.push", push)
    trained.run(anna, "done", 400)
    run("arrive")
    shown = run("push", repo=" me/anna ", token="")
    assert sent == [("sd15-1.safetensors", "me/anna", None)]
    assert shown["train_shelf"]["pushed"] == "https://hub/me/anna"


def test_deletion(run, anna):
    """The shelf is empty, and the plan is there."""
    trained.run(anna, "done", 400)
    run("arrive")
    shown = run("remove", name="sd15-1", parts=["training", "model"])
    assert shown["train_shelf"]["entries"] == []
    assert shown["train_plan"]["planning"]
    assert shown["bar"]["says"] == "Deleted."
    assert run("remove", name="../anna", parts=["training"])["train_shelf"]["entries"] == []
    assert anna.folder.is_dir()


def test_the_ways_to_other_tabs(run, anna, model_files):
    """To Craft with the model, to its base models, and to People."""
    trained.run(anna, "done", 400)
    run("arrive")
    assert run("draw")["tabs"].selected == "Craft"
    assert run.visit.craft.person.short == "anna"
    shown = run("bases", name="sdxl")
    assert shown["tabs"].selected == "Craft"
    assert shown["other"]["craft_models"]["wanted"] == "sdxl"
    trained.person("Ben", 1)
    assert run("people", short="ben")["tabs"].selected == "People"
    assert run.visit.people.person.short == "ben"


def test_a_damaged_model_is_told(run, anna):
    """Nothing else breaks."""
    path = trained.model(anna)
    path.write_bytes(b"no model")
    shown = run("arrive")
    assert "safetensors" in shown["train_view"]["card"]["error"]["what"]
    assert shown["train_shelf"]["entries"][0]["name"] == "brought"


@pytest.mark.parametrize("name", ["training.json", "photos/index.json", "state.json"])
def test_a_damaged_training_is_told(run, anna, name):
    """It stands in the list, can be deleted, and nothing else breaks."""
    draft = trained.run(anna)
    (draft.folder / name).write_bytes(b"{")
    shown = run("arrive")
    assert shown["train_shelf"]["entries"][0]["name"] == draft.name
    assert shown["bar"]["event"] == ("start" if name == "state.json" else "look")
    assert run("remove", name=draft.name, parts=["training"])["train_shelf"]["entries"] == []


def test_no_handler_ends_without_a_word(run, base):
    """Gradio empties all widgets when a generator ends before its first value."""
    data = {"short": "x", "name": "x", "text": "", "photo": "", "step": 1, "number": 0, "form": "", "parts": []}
    names = [name for name in vars(Crossing.__mro__[1]) if not name.startswith("_") and name != "cancel"]
    assert len(names) > 15
    for name in names:
        handler = getattr(run.handlers, name)
        assert next(handler(SimpleNamespace(_data=data), SimpleNamespace(session_hash="other"))) == gr.skip()


def test_every_event_is_known_to_the_page():
    """A name that the script does not have cannot be connected."""
    with gr.Blocks(analytics_enabled=False):
        tab = _layout()
    for name in (*views.NEXT, *views.ENDS, "cancel"):
        assert f'"{name}"' in tab.bar.js_on_load


@pytest.mark.parametrize(
    ("seconds", "said"), [(3, "5 s"), (89, "90 s"), (2400, "40 min"), (9000, "2.5 h"), (9e4, "25 h"), (4e5, "5 days")]
)
def test_a_time_in_words(seconds, said):
    """As one would say it."""
    assert views.time_words(seconds) == f"about {said}"


def test_cancel(run, anna, monkeypatch):
    """Preparing stops, and leaves nothing."""

    def draft(person, training, report, cancel):
        run.handlers.cancel(SimpleNamespace(session_hash="me"))
        cancel.check()
        raise HeadshotError("not reached")

    monkeypatch.setattr(runs, "draft", draft)
    run("arrive")
    assert "Stopped" in run("look")["bar"]["says"]
    assert run.visit.train.names == []
