"""`generate` from a terminal: pictures with their recipes, numbers in a line, errors in a line."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tiny

from headshot_core import assets, cli
from headshot_core.cli import recipes
from headshot_core.generate import pipelines
from headshot_core.photo import read_photo, read_provenance
from headshot_core.recipe import Recipe

EXAMPLE = Path(__file__).parents[1] / "presets" / "example.jpg"
pytestmark = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")


@pytest.fixture(scope="module")
def folder(model_files, tmp_path_factory) -> Path:
    """A tiny SD 1.5 as a folder of the user's own."""
    assets.fetch_all([*assets.SAFETY, *assets.UPSCALE])
    yield tiny.build("sd15", tmp_path_factory.mktemp("model"))
    pipelines.forget()


def draw(run, folder, *flags):
    """A few steps of restyling, for a small frame."""
    given = ["--base", folder, "--mode", "restyle", "--steps", 2, "--size", "128x160", "--count", 2, *flags]
    return run("generate", EXAMPLE, *given)


def test_the_best_pictures_are_written_with_their_recipes(run, folder):
    code, out, err = draw(run, folder, "-o", "out", "--shown", 1, "--clothing", "raincoat", "--preset", "boardroom")
    assert (code, err) == (0, "")
    assert [path.name for path in sorted(Path("out").iterdir())] == [
        "example-boardroom-1.png",
        "example-boardroom-1.recipe.json",
    ]
    assert out.splitlines()[0].startswith("out/example-boardroom-1.png  seed ")
    assert out.splitlines()[-1].startswith("2 drawn with ")
    saved = Recipe.model_validate_json(Path("out/example-boardroom-1.recipe.json").read_bytes())
    assert (saved.wishes.clothing, saved.preset, saved.generate.mode) == ("raincoat", "boardroom", "restyle")


def test_a_saved_recipe_draws_the_same_picture(run, folder):
    assert draw(run, folder, "-o", "first.png", "--shown", 1, "--seed", 5)[0] == 0
    recipe = Path("first.recipe.json")
    told = json.loads(recipe.read_text())
    assert "/" not in told["generate"]["base"], "no folder of this machine is written down"
    assert run("generate", EXAMPLE, "--recipe", recipe, "--base", folder, "-o", "again.png")[0] == 0
    assert (np.asarray(read_photo("first.png").image) == np.asarray(read_photo("again.png").image)).all()
    assert "/" not in read_provenance("first.png").recipe["generate"]["base"]


def test_all_pictures_and_json(run, folder):
    code, out, err = draw(run, folder, "-o", "out", "--all", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert [one["rank"] for one in told] == [1, 2]
    assert {one["seed"] for one in told} == {0, 1}
    assert all(Path(one["picture"]).is_file() for one in told)
    assert all(one["safe"] for one in told)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--base", "nonsense"], "nonsense"),
        (["--base", "sdxl"], "not on this machine"),
        (["--pose", "strait"], "Did you mean straight"),
        (["--count", "0"], "--count"),
        (["--mode", "magic"], "--mode"),
        (["-o", "me.bmp"], "cannot be written"),
        (["--person", "Nobody"], "nobody called 'Nobody'"),
        (["--lora", "missing.safetensors:0.5", "--mode", "person"], "no trained model"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run, folder, monkeypatch, flags, words):
    monkeypatch.setattr(pipelines, "run", lambda *arguments: pytest.fail("nothing was to be drawn"))
    base = [] if "--base" in flags else ["--base", folder]
    code, out, err = run("generate", EXAMPLE, *base, *flags)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_photo_whose_pose_is_copied_says_so_by_itself():
    given = cli._parser().parse_args(["generate", "me.jpg", "--pose-photo", "other.jpg"])
    pose = recipes.changed(Recipe(), recipes.wishes_of(given, recipes.DRAWN)).pose
    assert (pose.name, pose.image) == ("photo", "other.jpg")


def test_without_a_photo_only_a_trained_person_can_be_drawn(run, folder):
    code, _, err = run("generate", "--base", folder, "--mode", "restyle")
    assert code == 2
    assert "no photo" in err
