"""`gate` and `people` in the terminal: verdicts, copies, and everything wrong is one line and exit code 2."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

EXAMPLE = Path(__file__).parents[1] / "presets" / "example.jpg"
pytestmark = pytest.mark.usefixtures("model_files")


@pytest.fixture
def folder(tmp_path) -> Path:
    """A good photo, a copy of it, and what is none."""
    folder = tmp_path / "in"
    folder.mkdir()
    Image.open(EXAMPLE).resize((1024, 1024)).save(folder / "good.jpg", quality=95)
    Image.open(EXAMPLE).resize((700, 700)).save(folder / "copy.jpg", quality=80)
    (folder / "nope.jpg").write_bytes(b"nope")
    return folder


@pytest.fixture
def own_home(tmp_path_factory, monkeypatch) -> Path:
    """A folder of their own for the people of a test."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr("headshot_core.people.home", lambda: home)
    return home


def test_gate_tells_the_verdicts_and_writes_sheet_and_copies(run, folder):
    code, out, err = run("gate", "in", "--sheet", "sheet.png", "--copy", "best")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split() for line in lines if not line.startswith("   ")][:3] == [
        ["copy.jpg", "reject"],
        ["+", "good.jpg", "accept"],
        ["nope.jpg", "reject"],
    ]
    assert "1 of 3 are recommended (+)." in lines
    assert "Add 7 more good photos: 8 to 20 are best." in lines
    assert Path("best/good.jpg").read_bytes() == (folder / "good.jpg").read_bytes()
    assert Image.open("sheet.png").width > 600
    code, _, err = run("gate", folder / "good.jpg", "--copy", "best")
    assert (code, err.count("\n")) == (2, 1)
    assert "good.jpg is there already" in err


def test_gate_in_json_is_data(run, folder):
    code, out, _ = run("gate", folder / "good.jpg", folder / "nope.jpg", "--json")
    data = json.loads(out)
    assert code == 0
    assert [photo["verdict"] for photo in data["photos"]] == ["accept", "reject"]
    assert data["photos"][1]["reasons"][0]["code"] == "unreadable"
    assert data["recommended"] == ["good.jpg"]


def test_gate_says_by_its_exit_code_that_nothing_is_good(run, folder):
    assert run("gate", folder / "nope.jpg")[0] == 2
    code, _, err = run("gate", folder / "good.jpg", "--sheet", folder / "good.jpg")
    assert code == 2
    assert "not written over" in err


def test_a_person_from_adding_to_deleting(run, folder, own_home):
    code, _, err = run("people", "add", "Eileen", folder)
    assert (code, "Consent" in err) == (2, True)
    code, out, err = run("people", "add", "Eileen", folder, "--noun", "woman", "--consent", "--json")
    assert (code, err.count("\n")) == (2, 1)  # one of the files is no photo
    data = json.loads(out)
    assert (data["noun"], data["photos"], data["profile"]["photos"]) == ("woman", 2, 1)
    assert data["gate"]["recommended"] == ["0002-good.jpg"]

    code, out, _ = run("people", "list")
    assert (code, out) == (0, "Eileen (woman): 2 photos, known from 1\n")
    code, out, _ = run("people", "show", "eileen")
    assert code == 0
    assert "Profile: from 1 photo" in out
    assert "+ 0002-good.jpg  accept" in out

    assert run("people", "export", "Eileen", "-o", "e.zip")[0] == 0
    assert run("people", "export", "Eileen", "-o", "e.zip")[0] == 2  # it is not written over
    code, out, _ = run("people", "delete", "Eileen", "--yes")
    assert code == 0
    assert out.startswith("Eileen is deleted: 5 files, ")
    assert list((own_home / "people").glob("*/")) == []
    assert run("people", "list")[1] == "Nobody was added yet.\n"


def test_the_demo_person_is_nobody_and_goes_as_anybody_does(run, own_home):
    code, out, err = run("people", "demo")
    assert (code, err) == (0, "")
    assert "10 cartoon portraits" in out
    assert "train --person 'Demo (cartoon)' --base micro" in out
    assert run("people", "demo", "--json")[0] == 0
    code, out, _ = run("people", "list")
    assert out == "Demo (cartoon) (person): 10 photos, not known yet\n"
    assert "no face was looked for" in run("people", "check", "demo-cartoon")[1]
    assert run("people", "delete", "Demo (cartoon)", "--yes")[0] == 0
    assert list((own_home / "people").glob("*/")) == []


def test_cartoons_are_taken_as_they_are(run, own_home, tmp_path):
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "drawn.png")
    code, out, _ = run("people", "add", "Lou", tmp_path / "drawn.png", "--cartoon", "--consent")
    assert code == 0
    assert "1 of 1 are recommended" in out


def test_deleting_asks_first(run, own_home, monkeypatch):
    assert run("people", "add", "Bob", "--consent")[0] == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))  # no terminal: nobody was asked
    code, _, err = run("people", "delete", "Bob")
    assert (code, "--yes" in err) == (2, True)
    for answer, gone in (("\n", False), ("y\n", True)):
        terminal = io.StringIO(answer)
        terminal.isatty = lambda: True
        monkeypatch.setattr("sys.stdin", terminal)
        assert run("people", "delete", "Bob")[0] == (0 if gone else 2)
        assert (run("people", "show", "Bob")[0] == 2) is gone


def test_what_is_wrong_is_one_line(run, own_home):
    for words in (
        ("people",),
        ("people", "show", "Nobody"),
        ("people", "add", "X", "--consent", "--noun", "dog"),
        ("people", "add", "", "--consent"),
        ("people", "add", "X" * 61, "--consent"),
        ("gate", "gone-folder/x.jpg"),
    ):
        code, _, err = run(*words)
        assert (code, len(err.splitlines()) <= 1) == (2, True), words
        assert "Traceback" not in err
