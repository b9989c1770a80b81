"""The People tab without the page: who is there, photos and their verdicts, whom the pictures show, and deletion."""

from __future__ import annotations

import threading
import zipfile
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from headshot_core import files
from headshot_core.errors import HeadshotError
from headshot_core.gate import Checked, Gate, Reason
from headshot_core.people import People
from headshot_core.presets import EXAMPLE
from headshot_ui import people_views as views
from headshot_ui.people_tab import KEPT_HERE, KEPT_IN_SPACE, Handlers, Tab, _layout
from headshot_ui.visit import Visits

WIDGETS = ("people", "people_photos", "people_profile", "bar")
ANNA = {"name": "Anna", "noun": "woman", "consent": True}


@pytest.fixture
def home(tmp_path, monkeypatch, model_files):
    """A person's folder of its own, with the models of this machine."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "models").symlink_to(files.home() / "models")
    monkeypatch.setenv("HEADSHOT_HOME", str(folder))
    monkeypatch.delenv("SPACE_ID", raising=False)
    return folder


@pytest.fixture
def run(home, tmp_path, monkeypatch):
    """Call a handler as the page does; gives all that it showed, by widget, the latest last."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    visits = Visits(tmp_path / "uploads" / "visits")
    handlers = Handlers(Tab(*WIDGETS), visits)

    def call(name, /, session="me", **data):
        shown = list(getattr(handlers, name)(SimpleNamespace(_data=data), SimpleNamespace(session_hash=session)))
        call.shown = [update for update in shown if "__type__" not in update]
        return {widget: value for update in call.shown for widget, value in update.items()}

    call.handlers, call.visits, call.visit = handlers, visits, visits.of("me")
    return call


@pytest.fixture
def photos(tmp_path):
    """Variants of the example as uploads: a parcel for `give`. Names of files that are no photos are so."""
    folder = tmp_path / "uploads"
    folder.mkdir(exist_ok=True)
    example = Image.open(EXAMPLE)
    variants = {
        "one.jpg": example,
        "two.png": ImageEnhance.Brightness(example.crop((60, 0, 460, 440))).enhance(0.9),
        "three.jpg": ImageEnhance.Color(example.crop((30, 10, 500, 480))).enhance(0.8),
    }

    def parcel(*names):
        paths = []
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            if name in variants:
                variants[name].save(folder / name, quality=95)
            else:
                (folder / name).write_bytes(b"\xff\xd8\xff no photo")
            paths.append(str(folder / name))
        return {"parcel": "p1", "paths": paths}

    return parcel


def test_a_visit_from_name_to_proof(run, photos, home, tmp_path):
    """A person, photos with verdicts, their use in the other tabs, an export, and deletion with its proof."""
    shown = run("create", **ANNA)
    assert shown["people"]["people"][0]["name"] == "Anna"
    assert shown["people"]["form"] == "done"
    assert shown["bar"]["says"] == "Add photos of Anna."

    shown = run("give", **photos("one.jpg", "broken.jpg", "two.png"))
    seen = [photo["state"] for photo in shown["people_photos"]["photos"]]
    assert len(seen) == 2
    assert set(seen) <= {"accept", "usable", "reject"}
    assert set(seen) != {"reject"}
    assert [one["name"] for one in shown["people_photos"]["refused"]] == ["broken.jpg"]
    assert shown["people_photos"]["arrived"] == ["p1"]
    assert all(photo["picture"].startswith("data:") for photo in shown["people_photos"]["photos"])
    assert shown["people_photos"]["advice"]
    assert not shown["bar"]["ready"]
    known = shown["people_profile"]["profile"]
    assert known["photos"]
    assert shown["people_profile"]["limits"]
    assert shown["people_profile"]["picture"].startswith("data:")

    assert run.visit.profile is None
    assert run("use", on=True)["people_profile"]["used"]
    assert run.visit.profile.photos
    file = run("export")["people_profile"]["file"]
    assert file["name"] == "Anna.zip"
    assert [path for path in tmp_path.rglob("*.zip") if zipfile.is_zipfile(path)]

    kept = files_of(home / "people")
    size = sum(path.stat().st_size for path in kept)
    shown = run("delete")
    assert f"{len(kept)} files, {size / 1e6:.1f} MB" in shown["people"]["proof"]
    assert shown["people"]["proof"] == shown["bar"]["says"]
    assert run.visit.profile is None
    assert not [path for path in files_of(tmp_path) if "models" not in path.parts]


def files_of(folder):
    """Every file with something in it: locks are empty."""
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]


def test_each_verdict_is_shown_as_it_is_known(run, photos, monkeypatch):
    """While the second photo is looked at, the first one has its verdict; pictures are sent once."""
    seen = threading.Semaphore(0)

    def slow(paths, report, cancel, each):
        checked = [
            Checked(path.name, "reject", (Reason("dark", "Dark.", "Turn to a window.", True),), None) for path in paths
        ]
        for number, one in enumerate(checked):
            report(number, len(paths), one.name)
            assert seen.acquire(timeout=20)  # the page shows where it stands
            each(one)
        return Gate(tuple(checked), ("More light.",), ())

    monkeypatch.setattr("headshot_core.people.check_photos", slow)
    run("create", **ANNA)
    moments = []
    given = SimpleNamespace(_data=photos("one.jpg", "two.png"))
    for update in run.handlers.give(given, SimpleNamespace(session_hash="me")):
        if "bar" in update and update["bar"]["working"] and "people_photos" in update:
            assert update["bar"]["seconds_left"] >= 0
            seen.release()
        moments += [update["people_photos"]] if "people_photos" in update else []
    states = [[photo["state"] for photo in one["photos"]] for one in moments]
    assert states == [["looking"] * 2, ["looking"] * 2, ["reject", "looking"], ["reject"] * 2, ["reject"] * 2]
    assert [one["photos"][0]["picture"] is None for one in moments] == [False, True, True, True, False]
    assert moments[2]["photos"][0]["reasons"] == [{"says": "Dark.", "advice": "Turn to a window."}]
    assert moments[-1]["advice"] == ["More light."]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"consent": False}, "agree"),
        ({"name": "  "}, "name"),
        ({"age": 500}, "age"),
        ({"noun": "robot"}, "form"),
        ({"folder": "/etc", "name": ["x"] * 99}, "name"),
    ],
)
def test_a_wrong_form_is_told_in_the_form(run, given, words):
    """Nobody is made of it, and the form stays open."""
    shown = run("create", **(ANNA | given))
    assert words in f"{shown['people']['error']['what']} {shown['people']['error']['todo']}".lower()
    assert shown["people"]["form"] == ""
    assert People().all() == []


def test_other_data(run):
    """The form opens with what is known, and what it says then counts."""
    run("create", **ANNA)
    about = run("edit")["people"]["about"]
    assert about["name"] == "Anna"
    shown = run("amend", **(about | {"name": "Anna K", "age": 41, "eyes": "green", "glasses": True}))
    assert shown["people_profile"]["about"] == "woman, 41 years, green eyes, glasses"
    assert shown["people"]["people"][0]["name"] == "Anna K"


def test_two_people(run, photos):
    """Each has their own photos; the one in use stays in use while the other is looked at."""
    run("create", **ANNA)
    run("give", **photos("one.jpg", "two.png"))
    run("use", on=True)
    shown = run("create", **(ANNA | {"name": "Ben", "noun": "man"}))
    assert shown["people_photos"]["photos"] == []
    assert shown["people_profile"]["other"] == "Anna"
    assert run.visit.profile is not None
    shown = run("use", on=True)
    assert "Nothing is known of Ben" in shown["people_profile"]["error"]["what"]
    anna = shown_of(run("arrive"), "Anna")
    assert anna["used"]
    shown = run("open", short=anna["short"])
    assert len(shown["people_photos"]["photos"]) == 2
    assert run("use", on=False)["people_profile"]["used"] is False
    assert run.visit.profile is None


def shown_of(shown, name):
    """The card of a person."""
    return next(one for one in shown["people"]["people"] if one["name"] == name)


def test_a_removed_photo_asks_for_another_look(run, photos):
    """The verdicts of the others stay; the main button looks again."""
    run("create", **ANNA)
    run("give", **photos("one.jpg", "two.png"))
    name = run.visit.people.person.photos[0].name
    shown = run("remove", name=name)
    assert len(shown["people_photos"]["photos"]) == 1
    assert "waiting" not in [photo["state"] for photo in shown["people_photos"]["photos"]]
    assert shown["bar"]["ready"]
    assert not run("check")["bar"]["ready"]


def test_paths_from_the_browser_are_not_believed(run, photos, home):
    """Neither a photo to remove, nor a person, nor an upload leads outside."""
    run("create", **ANNA)
    run("give", **photos("one.jpg"))
    before = files_of(home / "people")
    assert run("remove", name="../about.json")["people_photos"]["error"]["what"]
    assert run("open", short="../../home")["people"]["error"]["what"]
    shown = run("give", parcel="p2", paths=[str(EXAMPLE)])
    assert "did not arrive" in shown["people_photos"]["refused"][0]["says"]
    assert EXAMPLE.exists()
    assert files_of(home / "people") == before


def test_a_refused_file_can_be_put_aside(run, photos):
    """It says why, until it was seen."""
    run("create", **ANNA)
    assert run("give", **photos("broken.jpg"))["people_photos"]["refused"][0]["says"]
    assert run("dismiss", number=0)["people_photos"]["refused"] == []
    run("dismiss", number=7)


def test_cancel_keeps_what_was_seen(run, photos):
    """After Cancel the verdicts so far stand, and the main button goes on."""
    run("create", **ANNA)
    given = photos("one.jpg", "two.png", "three.jpg")
    shown = {}
    for update in run.handlers.give(SimpleNamespace(_data=given), SimpleNamespace(session_hash="me")):
        if "__type__" not in update:
            shown.update(update)
            if run.visit.people.verdicts:
                run.handlers.cancel(SimpleNamespace(session_hash="me"))
    assert "Stopped" in shown["bar"]["says"]
    assert shown["bar"]["ready"]
    states = {photo["state"] for photo in shown["people_photos"]["photos"]}
    assert "looking" not in states
    assert not run("check")["bar"]["ready"]


def test_somebody_deleted_in_another_window(run, photos):
    """Who is gone is neither shown nor used."""
    run("create", **ANNA)
    run("give", **photos("one.jpg", "two.png"))
    run("use", on=True)
    People().get("Anna").delete()
    assert run.visit.profile is None
    shown = run("arrive")
    assert shown["people"]["people"] == []
    assert not shown["people_photos"]["ready"]
    assert "Nobody is chosen" in run("export")["people_profile"]["error"]["what"]


def test_at_home_people_stay_when_the_visit_ends(run, photos):
    """On the disk, in the studio's own folder; nothing of them stays in the visit."""
    run("create", **ANNA)
    run("give", **photos("one.jpg", "two.png"))
    run("use", on=True)
    run.visits.end("me")
    assert run.visit.profile is None
    assert run.visit.people.verdicts == {}
    shown = run("arrive")
    assert shown["people"]["people"][0]["name"] == "Anna"
    assert len(shown["people_photos"]["photos"]) == 2


def test_in_a_space_people_go_with_the_visit(run, photos, home, monkeypatch):
    """They lie in its private folder, outlive a photo deleted in another tab, and nobody else sees them."""
    monkeypatch.setenv("SPACE_ID", "me/studio")
    run("create", **ANNA)
    run("give", **photos("one.jpg", "two.png"))
    folder = run.visit.people.person.folder
    assert run.visit.folder in folder.parents
    assert not (home / "people").exists()
    assert run("arrive", session="other")["people"]["people"] == []
    run("export")
    run.visit.forget()
    assert folder.is_dir()
    assert [path.name for path in run.visit.folder.iterdir()] == ["people"]
    run.visits.end("me")
    assert not folder.exists()
    assert not folder.parents[1].exists()


@pytest.mark.parametrize(("space", "words"), [(None, KEPT_HERE), ("me/studio", KEPT_IN_SPACE)])
def test_the_page_says_where_people_are_kept(monkeypatch, space, words):
    """The sentence is the true one."""
    if space:
        monkeypatch.setenv("SPACE_ID", space)
    else:
        monkeypatch.delenv("SPACE_ID", raising=False)
    with gr.Blocks(analytics_enabled=False):
        tab = _layout()
    assert words in tab.people.js_on_load
    assert words in tab.people_profile.js_on_load


def test_no_handler_ends_without_a_word(run):
    """Gradio empties all widgets when a generator ends before its first value."""
    for name in ("arrive", "check", "use", "export", "delete", "edit"):
        handler = getattr(run.handlers, name)
        first = next(handler(SimpleNamespace(_data={"on": True}), SimpleNamespace(session_hash="other")))
        assert first == gr.skip()


def test_a_skin_tone_is_shown_as_it_is():
    """CIELAB to the page's own notation, by values worked out elsewhere (D65)."""
    assert views._hex(np.array([53.24, 80.09, 67.2])) == "#ff0000"
    assert views._hex(np.array([100.0, 0, 0])) == "#ffffff"


def test_too_many_photos(run, photos, monkeypatch):
    """The last one is refused with the reason; the others are kept."""
    monkeypatch.setattr("headshot_ui.people_visit.MOST", 1)
    run("create", **ANNA)
    shown = run("give", **photos("one.jpg", "two.png"))
    assert len(shown["people_photos"]["photos"]) == 1
    assert "the most" in shown["people_photos"]["refused"][0]["says"]


def test_pictures_of_a_person_are_small(run, photos):
    """What is shown of a photo is small enough to be sent thirty times."""
    run("create", **ANNA)
    run("give", **photos("one.jpg"))
    path = run.visit.people.person.photos[0]
    assert max(run.visit.people.picture(path).size) <= 360
    picture = run.visit.people.head(run.visit.people.person).image
    assert picture.width / picture.height == pytest.approx(0.8, abs=0.02)


def test_nobody_chosen(run):
    """What needs a person says so."""
    for action in (run.visit.people.export, run.visit.people.delete, lambda: run.visit.people.use(True)):
        with pytest.raises(HeadshotError, match="Nobody"):
            action()
