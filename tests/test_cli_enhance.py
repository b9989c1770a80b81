"""`enhance` and `styles` in the terminal: flags are the tools' own, everything wrong is one line and exit code 2."""

import argparse
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from headshot_core import cli
from headshot_core.cli import enhance
from headshot_core.enhance import catalogue, styles
from headshot_core.enhance.stack import NAMES, Stack
from headshot_core.enhance.tone import Tone
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_provenance

EXAMPLE = Path(__file__).parents[1] / "presets" / "example.jpg"
pytestmark = pytest.mark.usefixtures("model_files")


@pytest.fixture
def photo(tmp_path) -> Path:
    """The example, small: quick to work on."""
    small = tmp_path / "in" / "me.png"
    small.parent.mkdir()
    Image.open(EXAMPLE).resize((256, 256)).save(small)
    return small


@pytest.fixture
def own_home(tmp_path_factory, monkeypatch) -> Path:
    """A person's folder of its own, so that styles saved here stay here."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr("headshot_core.files.home", lambda: home)
    return home


def parsed(*flags) -> argparse.Namespace:
    """The arguments of `enhance`."""
    return cli._parser().parse_args(["enhance", "photo.jpg", *flags])


def stack_of(*flags, start: Stack | None = None) -> Stack:
    """What the flags make of a stack."""
    return enhance.changed(start or Stack(), enhance.wishes_of(parsed(*flags)))


# Pictures.


def test_a_photo_is_enhanced_with_its_stack_beside_it(run, photo, tmp_path):
    code, out, err = run("enhance", photo, "-o", "me.png", "--tone-exposure", "0.5", "--skin", "0.3")
    assert (code, err) == (0, "")
    assert re.match(r"me\.png  256 × 256, likeness \d+, ", out)
    assert {path.name for path in tmp_path.iterdir()} == {"in", "me.png", "me.stack.json"}
    saved = Stack.model_validate_json(Path("me.stack.json").read_bytes())
    assert [step.tool for step in saved.steps] == ["tone", "skin"]
    assert Stack(**read_provenance("me.png").recipe) == saved
    brighter, before = (sum(Image.open(path).convert("L").getdata()) for path in ("me.png", photo))
    assert brighter > 1.05 * before


def test_a_saved_stack_gives_the_same_bytes_again(run, photo):
    assert run("enhance", photo, "-o", "first.png", "--wand", "--grade", "0.5", "--grade-look", "warm")[0] == 0
    assert run("enhance", photo, "-o", "second.png", "--style", "first.stack.json")[0] == 0
    assert Path("first.png").read_bytes() == Path("second.png").read_bytes()
    assert Path("first.stack.json").read_bytes() == Path("second.stack.json").read_bytes()


def test_the_wand_says_what_it_does_and_is_what_happens_where_nothing_is_asked_for(run, photo):
    code, out, _ = run("enhance", photo, "-o", "wand.png", "--wand")
    assert code == 0
    assert len(out.splitlines()) >= 2
    assert all(line.startswith("    ") and line.endswith(".") for line in out.splitlines()[1:])
    assert run("enhance", photo, "-o", "plain.png")[0] == 0
    assert Path("plain.stack.json").read_bytes() == Path("wand.stack.json").read_bytes()


def test_a_style_comes_first_and_the_flags_are_laid_over_it(run, photo, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "title: Mine\nsteps:\n  - {tool: skin, strength: 0.9}\n  - {tool: tone, exposure: 0.2, contrast: 0.1}\n"
        "  - {tool: lips, on: false}\n"
    )
    code, out, _ = run("enhance", photo, "--style", "mine.yaml", "--tone-exposure", "0.3", "--no-skin", "--json")
    (result,) = json.loads(out)
    assert code == 0
    assert result["style"] == "mine"
    assert result["path"] == str(Path("enhanced/me-mine.png"))
    assert [step["tool"] for step in result["stack"]["steps"]] == ["tone", "lips"]
    assert (result["stack"]["steps"][0]["exposure"], result["stack"]["steps"][0]["contrast"]) == (0.3, 0.1)
    assert not result["stack"]["steps"][1]["on"]
    assert result["reasons"] == []
    assert result["likeness"] >= 90
    assert json.loads(Path(result["stack_path"]).read_text()) == result["stack"]


def test_a_folder_is_worked_through_past_what_is_no_photo(run, photo):
    (photo.parent / "me.webp").write_bytes(photo.read_bytes())
    (photo.parent / "notes.txt").write_text("not looked at")
    (photo.parent / "wrong.jpg").write_bytes(b"this is no photo")
    code, out, err = run("enhance", "in", "-o", "out", "--skin")
    assert code == 2
    assert sorted(path.name for path in Path("out").glob("*.png")) == ["me-enhanced-2.png", "me-enhanced.png"]
    assert len(list(Path("out").glob("*.stack.json"))) == len(out.splitlines()) == 2
    assert len(err.splitlines()) == 1
    assert "wrong.jpg: The file is not a photo" in err


def test_the_upscalers_files_are_fetched_only_when_it_is_asked_for(run, photo, monkeypatch):
    asked = []
    monkeypatch.setattr(enhance, "work_through", lambda jobs, given, produce, models: asked.append(models) or 0)
    for flags in (["--wand"], ["--upscale"], ["--style", "rescue"], ["--style", "rescue", "--no-upscale"]):
        assert run("enhance", photo, *flags)[0] == 0
    assert [len(models) > len(asked[0]) for models in asked] == [False, True, True, False]


# Flags.


def test_every_setting_of_every_tool_has_a_flag_with_its_help_text(capsys):
    with pytest.raises(SystemExit):
        parsed("--help")
    text = " ".join(capsys.readouterr().out.split())
    for name, kind in NAMES.items():
        assert f" --no-{name} " in text
        assert " ".join(catalogue.summary(kind).split())[:60] in text
        for field, schema in catalogue.settings(kind).items():
            assert re.search(f"--{name}-{field.replace('_', '-')}[ ,]", text)
            assert schema["description"][:20] in text
        for field in catalogue.hidden(kind):
            assert f"--{name}-{field}" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_alone_is_used_as_it_comes_or_left_out(name):
    assert stack_of(f"--{name}") == Stack(steps=[NAMES[name]()])
    assert stack_of(f"--{name}", f"--no-{name}") == Stack()
    off = NAMES[name]().model_copy(update={"on": False})
    assert stack_of(f"--{name}", start=Stack(steps=[off])) == Stack(steps=[NAMES[name]()])


def test_a_flag_changes_one_setting_and_leaves_the_others():
    start = Stack(steps=[Tone(exposure=-1, contrast=0.4)])
    (tone,) = stack_of("--tone-exposure", "-0.25", "--tone", "0.5", start=start).steps
    assert (tone.exposure, tone.contrast, tone.strength) == (-0.25, 0.4, 0.5)


def test_switches_choices_and_an_own_background_are_understood():
    stack = stack_of(
        "--no-crop-straighten", "--crop", "linkedin", "--grade-look", "film", "--background-image", "w.jpg"
    )
    crop, background, grade = (stack.of(NAMES[name]) for name in ("crop", "background", "grade"))
    assert (crop.straighten, crop.frame) == (False, "linkedin")
    assert (background.kind, background.image) == ("image", "w.jpg")
    assert grade.look == "film"


# Bad input.


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--wand", "2"], "--wand 2"),
        (["--wand", "much"], "--wand much"),
        (["--wand", "--style", "natural"], "not allowed with"),
        (["--style", "polishd"], "Did you mean 'polished'?"),
        (["--style", "none.yaml"], "none.yaml"),
        (["--style", "bad.yaml"], "bad.yaml, line 3"),
        (["--style", "word.yaml"], "word.yaml is no style"),
        (["--style", "tool.yaml"], "no tool 'skn'"),
        (["--style", "field.yaml"], "steps.0.skin.strnegth"),
        (["--style", "range.yaml"], "steps.0.skin.strength"),
        (["--style", "me.recipe.json"], "me.recipe.json"),
        (["--sikn", "0.5"], "--sikn"),
        (["--skin", "3"], "--skin 3"),
        (["--skin", "nan"], "--skin nan"),
        (["--skin="], "--skin"),
        (["--tone-exposure", "bright"], "--tone-exposure bright"),
        (["--tone-exposure"], "expected one argument"),
        (["--crop", "poster"], "linkedin"),
        (["--relight-pattern", "disco"], "rembrandt"),
        (["--background-colour", "red"], "--background-colour red"),
        (["--face", "0"], "Faces count from 1"),
        (["--face", "2", "--skin"], "no face 2"),
        (["--skin", "-o", "x.gif"], ".png, .jpg"),
        (["--skin", "-o", "in/me.png"], "not written over"),
        (["--skin", "-o", "range.yaml/x.png"], "not a folder"),
        (["--background-image", "none.jpg"], "none.jpg"),
        (["--style", "kept.stack.json", "-o", "kept.png"], "kept.stack.json was given as an input"),
        (["--mask", "nonsense", "--skin"], "nonsense"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run, photo, tmp_path, flags, says):
    (tmp_path / "bad.yaml").write_text("title: Bad\nsteps: [\n")
    (tmp_path / "word.yaml").write_text("word")
    (tmp_path / "tool.yaml").write_text("title: Tool\nsteps:\n  - {tool: skn}\n")
    (tmp_path / "field.yaml").write_text("title: Field\nsteps:\n  - {tool: skin, strnegth: 0.3}\n")
    (tmp_path / "range.yaml").write_text("title: Range\nsteps:\n  - {tool: skin, strength: 30}\n")
    (tmp_path / "me.recipe.json").write_text('{"light": {"pattern": "loop"}}')
    (tmp_path / "kept.stack.json").write_text('{"version": 1, "steps": []}')
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    code, out, err = run("enhance", photo, *flags)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith("headshot: ")
    assert says in err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_flag_that_does_not_fit_is_found_before_any_photo_is_opened(run):
    assert "--skin 9" in run("enhance", "nobody.jpg", "--skin", "9")[2]
    assert "nobody.jpg" in run("enhance", "nobody.jpg", "--skin")[2]


def test_a_name_no_tool_has_is_refused():
    with pytest.raises(HeadshotError, match="no tool called 'ears'"):
        enhance.changed(Stack(), {"ears": {}})


# styles


def test_styles_are_listed_with_what_is_wrong_with_own_ones(run, own_home):
    styles.save_own("My look", Stack(steps=[Tone(exposure=0.2)]))
    (own_home / "styles" / "broken.yaml").write_text("title: [")
    code, out, err = run("styles")
    assert code == 0
    assert re.search(r"^natural +\w", out, re.MULTILINE)
    assert re.search(r"^my-look +My look", out, re.MULTILINE)
    assert "broken.yaml, line 1" in err
    listed = {row["name"]: row for row in json.loads(run("styles", "--json")[1])}
    assert (listed["natural"]["own"], listed["my-look"]["own"]) == (False, True)
    assert listed["my-look"]["steps"][0]["exposure"] == 0.2
    assert run("enhance", EXAMPLE, "--style", "my-lok")[2].count("my-look") == 1
