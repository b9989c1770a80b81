"""`score` in the terminal: the five bars with their sentences, a line for each of several photos, and the fixes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from headshot_core import people
from headshot_core.cli import score as command
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_provenance
from headshot_core.score.engine import PROFILES

EXAMPLE = Path(__file__).parents[1] / "presets" / "example.jpg"
PILLARS = ["striking", "background", "lighting", "expression", "composition"]
pytestmark = pytest.mark.usefixtures("model_files")


@pytest.fixture
def dark(tmp_path) -> Path:
    """The example's head and shoulders, too dark: light is all that it lacks."""
    path = tmp_path / "in" / "dark.png"
    path.parent.mkdir()
    head = Image.open(EXAMPLE).crop((84, 10, 344, 335)).resize((720, 900), Image.Resampling.LANCZOS)
    head.point(lambda level: round(level * 0.5)).save(path)
    return path


def test_one_photo_is_told_in_bars_and_sentences(run, dark):
    """Every pillar has its bar, every measure its sentence; what a tool can mend is said behind an arrow."""
    code, out, err = run("score", dark)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"{dark}: ")
    assert sum("█" in line or "░" in line for line in lines) == 5
    assert any(line.startswith("    ✗") and "→" in line for line in lines)
    assert any(line.startswith("    ✓") for line in lines)


def test_several_photos_are_a_line_each_the_best_first_where_wished(run, dark):
    """The figures stand under their names."""
    bright = dark.with_name("bright.png")
    Image.open(dark).point(lambda level: min(255, 2 * level)).save(bright)
    code, out, _ = run("score", dark, bright, "--sort")
    head, first, second = out.splitlines()
    assert code == 0
    assert head.split() == ["score", *PILLARS, "photo"]
    assert (first.split()[-1], second.split()[-1]) == (str(bright), str(dark))
    assert int(first.split()[0]) > int(second.split()[0])


def test_json_is_the_score_as_data_and_a_bad_photo_costs_no_other(run, dark, tmp_path):
    """One that cannot be read is told with the reason, and the exit code is that of bad input."""
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    code, out, err = run("score", "broken.jpg", dark, "--json")
    good, bad = json.loads(out)
    assert code == 2
    assert good["photo"] == str(dark)
    assert [pillar["name"] for pillar in good["pillars"]] == PILLARS
    assert bad["photo"] == "broken.jpg"
    assert bad["error"]["what"]
    assert err.count("\n") == 1


def test_fix_writes_a_better_picture_and_says_before_and_after(run, dark):
    """The stack lies beside it, and its score is what was said."""
    code, out, _ = run("score", dark, "--fix", "-o", "better.png")
    before, after = map(int, re.search(r"Score (\d+) → (\d+)\.", out).groups())
    assert code == 0
    assert "Proper lighting" in out
    assert after > before
    assert read_provenance("better.png").recipe == json.loads(Path("better.stack.json").read_bytes())
    _, again, _ = run("score", "better.png", "--json")
    assert abs(json.loads(again)[0]["total"] - after) <= 2


def test_passport_rules(run):
    """Other rules, other points; the same names of pillars or not, they are five bars."""
    assert command.PROFILES == PROFILES
    code, out, _ = run("score", EXAMPLE, "--profile", "passport", "--json")
    assert code == 0
    assert json.loads(out)[0]["profile"] == "passport"
    assert run("score", EXAMPLE, "--profile", "driving")[0] == 2


def test_likeness_to_a_person(run, monkeypatch):
    """The named person's profile is asked; one without a profile, or unknown, is told in a line."""
    profile = SimpleNamespace(likeness_of=lambda portrait: 77, marks=(), tone=None)
    known = {"Eileen": SimpleNamespace(profile=profile), "Nobody yet": SimpleNamespace(profile=None)}

    class Folder:
        def get(self, name):
            if name not in known:
                raise HeadshotError(f"There is nobody called {name}.", "Here are: Eileen.")
            return known[name]

    monkeypatch.setattr(people, "People", Folder)
    code, out, _ = run("score", EXAMPLE, "--person", "Eileen")
    assert code == 0
    assert "Likeness to Eileen: 77 of 100" in out
    for name in ("Nobody yet", "Stranger"):
        code, _, err = run("score", EXAMPLE, "--person", name)
        assert (code, err.count("\n")) == (2, 1)


def test_nothing_given_is_written_over(run, dark):
    """A picture in the place of its photo is refused before any work."""
    data = dark.read_bytes()
    assert run("score", dark, "--fix", "-o", dark)[0] == 2
    assert dark.read_bytes() == data
