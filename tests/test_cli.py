"""The terminal: what is asked for is made, everything else is one line and exit code 2."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headshot_core import cli
from headshot_core.cli import recipes
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_photo, read_provenance
from headshot_core.recipe import Recipe

EXAMPLE = Path(__file__).parents[1] / "presets" / "example.jpg"
SMALL = ("--size", "128x160")
pytestmark = pytest.mark.usefixtures("model_files")


def recipe_of(*flags, start=None) -> Recipe:
    """The recipe that `make` would use."""
    wanted = cli._parser().parse_args(["make", "photo.jpg", *flags])
    return recipes.changed(start or Recipe(), recipes.wishes_of(wanted, recipes.STUDIO))


# make


def test_a_photo_becomes_a_headshot_with_its_recipe_beside_it(run, tmp_path):
    code, out, err = run("make", EXAMPLE, "-o", "me.png", *SMALL, "--backdrop", "paper", "--colour", "#336699")
    assert (code, err) == (0, "")
    assert out.startswith("me.png  128 × 160, likeness ")
    assert {path.name for path in tmp_path.iterdir()} == {"me.png", "me.recipe.json"}
    saved = Recipe.model_validate_json(Path("me.recipe.json").read_bytes())
    assert saved.backdrop.colour == "#336699"
    assert Recipe(**read_provenance("me.png").recipe) == saved


def test_a_saved_recipe_gives_the_same_bytes_again(run):
    assert run("make", EXAMPLE, "-o", "first.png", *SMALL, "--light", "loop", "--look", "film", "--seed", 7)[0] == 0
    assert run("make", EXAMPLE, "-o", "second.png", "--recipe", "first.recipe.json")[0] == 0
    assert Path("first.png").read_bytes() == Path("second.png").read_bytes()


def test_json_says_all_about_each_headshot(run):
    code, out, _ = run("make", EXAMPLE, "-o", "out", "--preset", "boardroom", "--frame", "email", "--json")
    (result,) = json.loads(out)
    assert code == 0
    assert result["preset"] == "boardroom"
    assert (result["width"], result["height"]) == (400, 400)
    assert 0 <= result["distance"] <= 0.2
    assert result["likeness"] >= 80
    assert result["seconds"] > 0
    assert Recipe(**result["recipe"]).frame.name == "email"
    assert Path(result["path"]).exists()
    assert json.loads(Path(result["recipe_path"]).read_text()) == result["recipe"]


def test_a_folder_is_worked_through_past_what_is_no_photo(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(EXAMPLE.read_bytes())
    (folder / "b.jpg").write_bytes(b"this is no photo")
    (folder / "a.webp").write_bytes(EXAMPLE.read_bytes())
    (folder / "notes.txt").write_text("not looked at")
    code, out, err = run("make", folder, "-o", "out", *SMALL, "--preset", "boardroom,corner-cafe")
    assert code == 2
    assert sorted(path.name for path in Path("out").glob("*.png")) == [
        "a-boardroom-2.png", "a-boardroom.png", "a-corner-cafe-2.png", "a-corner-cafe.png"
    ]  # fmt: skip
    assert len(out.splitlines()) >= 4
    assert len(err.splitlines()) == 2
    assert all("b.jpg: The file is not a photo" in line for line in err.splitlines())


def test_progress_is_drawn_on_a_terminal_only(run, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, _, err = run("make", EXAMPLE, "-o", "me.png", *SMALL)
    assert "█" in err
    assert "Cutting out the person" in err
    assert err.endswith("\r\x1b[K")


# Flags and recipes.


def test_every_field_of_a_recipe_has_a_flag_and_every_flag_a_help_text():
    text = " ".join(cli._parser()._subparsers._group_actions[0].choices["make"].format_help().split())
    for section, model in recipes.STUDIO.items():
        for field, info in model.model_fields.items():
            assert f"{recipes.flag(section, field)} " in text or f"{recipes.flag(section, field)}," in text
            assert info.description is None or info.description[:30] in text


def test_flags_set_their_fields():
    recipe = recipe_of(
        *("--frame", "linkedin", "--size", "300X200", "--no-straighten", "--light", "split", "--azimuth", "-30"),
        *("--light-strength", "0.5", "--look", "warm", "--look-strength", "0.25", "--no-auto-exposure", "--seed", "9"),
    )
    assert (recipe.frame.name, recipe.frame.width, recipe.frame.height) == ("linkedin", 300, 200)
    assert not recipe.frame.straighten
    assert (recipe.light.azimuth, recipe.light.strength) == (-30, 0.5)
    assert (recipe.grade.look, recipe.grade.strength, recipe.grade.auto) == ("warm", 0.25, False)
    assert recipe.seed == 9


def test_a_flag_changes_one_setting_and_another_kind_begins_as_it_comes():
    start = Recipe.model_validate({"light": {"pattern": "split", "azimuth": 70}, "backdrop": {"colour": "#112233"}})
    assert recipe_of("--softness", "0.1", start=start).light.azimuth == 70
    assert recipe_of("--light", "split", start=start).light.azimuth == 70
    assert recipe_of("--light", "loop", start=start).light.azimuth is None
    assert recipe_of("--light", "loop", start=start).backdrop.colour == "#112233"


def test_an_own_backdrop_needs_no_second_flag():
    assert recipe_of("--image", "wall.jpg").backdrop.kind == "image"


@given(st.floats(-180, 180), st.floats(0, 1))
@settings(max_examples=30)
def test_any_number_in_range_is_taken_as_it_is(azimuth, fill):
    recipe = recipe_of(f"--azimuth={azimuth!r}", f"--fill={fill!r}")
    assert (recipe.light.azimuth, recipe.light.fill) == (azimuth, fill)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--azimuth", "999"], "--azimuth 999"),
        (["--zoom", "big"], "--zoom big"),
        (["--colour", "red"], "--colour red"),
        (["--size", "800"], "800x1000"),
        (["--size", "0x0"], "--width 0"),
        (["--seed", "-1"], "--seed -1"),
    ],
)
def test_a_flag_out_of_range_is_named(flags, says):
    with pytest.raises(HeadshotError, match=re.escape(says)):
        recipe_of(*flags)


# Bad input.


@pytest.fixture
def corner(tmp_path):
    """Files that are in the way."""
    (tmp_path / "me.png").write_bytes(EXAMPLE.read_bytes())
    (tmp_path / "broken.jpg").write_bytes(EXAMPLE.read_bytes()[:5000])
    (tmp_path / "bad.recipe.json").write_text('{"light": {"pattern": 3}}')
    (tmp_path / "empty").mkdir()
    (tmp_path / "link.png").symlink_to("me.png")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "COMMAND"),
        (["paint"], "paint"),
        (["make"], "PHOTO"),
        (["make", "nobody.jpg"], "nobody.jpg"),
        (["make", "broken.jpg"], "breaks off"),
        (["make", "empty"], "no photo in the folder"),
        (["make", "me.png", "-o", "me.png"], "not written over"),
        (["make", "me.png", "-o", "link.png"], "not written over"),
        (["make", "me.png", "-o", "x.gif"], ".png, .jpg"),
        (["make", "me.png", "broken.jpg", "-o", "x.png"], "Give a folder"),
        (["make", "me.png", "-o", "broken.jpg/x.png"], "not a folder"),
        (["make", "me.png", "-o", "bad.png", "--recipe", "bad.recipe.json"], "bad.recipe.json is no recipe"),
        (["make", "me.png", "--recipe", "none.json"], "none.json"),
        (["make", "me.png", "--recipe", "bad.recipe.json", "--preset", "boardroom"], "not allowed with"),
        (["make", "me.png", "--preset", "bordroom"], "boardroom"),
        (["make", "me.png", "--frame", "poster"], "linkedin"),
        (["make", "me.png", "--backdrop", "librari"], "library"),
        (["make", "me.png", "--light", "disco"], "rembrandt"),
        (["make", "me.png", "--look", "sepia"], "editorial"),
        (["make", "me.png", "--face", "0"], "Faces count from 1"),
        (["make", "me.png", "--face", "2"], "no face 2"),
        (["make", "me.png", "--backdrop", "image", "--image", "none.jpg"], "none.jpg"),
        (["inspect", "nobody.jpg"], "nobody.jpg"),
        (["inspect", "me.png", "--face", "5"], "no face 5"),
        (["presets", "paint"], "invalid choice"),
        (["assets", "fetch", "gpt"], "face_landmarker"),
        (["assets", "list", "u2netp"], "assets fetch"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run, corner, tmp_path, arguments, says):
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("headshot: ")
    assert says in err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_recipe_that_was_given_is_not_written_over(run):
    run("make", EXAMPLE, "-o", "me.png", *SMALL)
    code, _, err = run("make", EXAMPLE, "-o", "me.jpg", "--recipe", "me.recipe.json")
    assert code == 2
    assert "me.recipe.json was given as an input" in err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_found_before_the_work(run, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    code, _, err = run("make", EXAMPLE, "-o", "locked/me.png")
    assert code == 2
    assert "no permission" in err


def test_a_fault_of_ours_asks_for_a_report_and_shows_its_traceback_only_when_asked(run, monkeypatch):
    def fail(_):
        raise RuntimeError("a wire is loose")

    monkeypatch.setattr("headshot_core.photo.read_photo", fail)
    code, _, err = run("inspect", EXAMPLE)
    assert code == 1
    assert len(err.splitlines()) == 1
    assert "please report" in err
    assert "Traceback" in run("inspect", EXAMPLE, "--debug")[2]


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C another way")
def test_ctrl_c_stops_with_130_and_leaves_nothing_half_written(tmp_path):
    command = [sys.executable, "-m", "headshot_core", "make", EXAMPLE, "-o", tmp_path / "out", "--preset", "all"]
    process = subprocess.Popen(
        command,
        cwd=EXAMPLE.parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores Ctrl-C
    )
    process.stdout.readline()  # the first headshot is there
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.startswith("headshot: Stopped.")
    assert len(err.splitlines()) == 1
    for path in (tmp_path / "out").iterdir():
        assert path.name.endswith((".png", ".recipe.json"))
        assert path.suffix != ".png" or read_photo(path).width == 1024


def test_a_reader_that_leaves_early_is_no_fault():
    command = f'"{sys.executable}" -m headshot_core presets --json | head -c 1'
    done = subprocess.run(command, shell=True, cwd=EXAMPLE.parents[1], capture_output=True, text=True)
    assert done.stderr == ""


# presets, inspect, assets


def test_presets_are_listed(run):
    code, out, _ = run("presets")
    assert code == 0
    assert "professional" in out
    assert re.search(r"^  boardroom +\w", out, re.MULTILINE)
    listed = json.loads(run("presets", "--json")[1])
    assert len(listed) >= 24
    assert all(Recipe(**row["recipe"]).preset == row["name"] for row in listed)


def test_inspect_tells_what_is_seen(run):
    code, out, _ = run("inspect", EXAMPLE, "--json")
    seen = json.loads(out)
    (face,) = seen["faces"]
    assert code == 0
    assert face["chosen"]
    assert "smile" in face["expression"]
    assert "turned" not in face["pose"]
    assert len(face["weights"]) == 52
    assert "bottom" in seen["cut_out"]["cut_by"]
    assert "top" not in seen["cut_out"]["cut_by"]
    assert -90 <= seen["light"]["azimuth"] <= 90
    assert seen["light"]["words"].split()[1] == "light"
    assert any("enlarged" in note for note in seen["frames"]["id"]["notes"])
    assert "smile" in run("inspect", EXAMPLE)[1]


def test_model_files_are_listed_and_verified(run):
    code, out, _ = run("assets", "verify", "--json")
    states = {row["name"]: row["state"] for row in json.loads(out)}
    assert code == 0
    assert states["face_landmarker"] == "ok"
    assert re.search(r"^face_landmarker +ok +3\.8 MB +Apache-2\.0", run("assets")[1], re.MULTILINE)


def test_a_damaged_model_file_is_told_by_the_exit_code(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "centerface.onnx").write_bytes(b"half of it")
    code, out, _ = run("assets", "verify")
    assert code == 2
    assert re.search(r"^centerface +damaged", out, re.MULTILINE)
    assert re.search(r"^u2netp +missing", out, re.MULTILINE)


def test_another_mask_can_be_asked_for_and_an_unknown_one_is_named(tmp_path, capsys):
    assert (
        cli.main(["make", str(EXAMPLE), "-o", str(tmp_path / "out.png"), "--mask", "salient", "--size", "160x200"]) == 0
    )
    assert cli.main(["inspect", str(EXAMPLE), "--mask", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err
