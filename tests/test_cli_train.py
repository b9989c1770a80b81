"""`train` in the terminal: from photos to a model and a picture; breaking off and going on; what is wrong in a line."""

from __future__ import annotations

import json
import os
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny
import tiny_run
import trained
from PIL import Image

from headshot_core import assets
from headshot_core.cli import train
from headshot_core.generate import device, loras, models, pipelines
from headshot_core.people import Person
from headshot_core.train import catalogue, publish, runs
from headshot_core.train.runs import Run

pytestmark = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
QUICK = ("--base", "sd15", "--resolution", 64, "--rank", 4, "--samples", 0, "--prior", "none", "--choice", "quick")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, model_files):
    """An empty home, but for the model files."""
    known = [path for asset in assets.ASSETS.values() if (path := assets.location(asset)).is_file()]
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    for path in known:
        os.link(path, home / "models" / path.name)
    monkeypatch.setenv("HEADSHOT_HOME", str(home))
    monkeypatch.setattr(device, "_free_ram", lambda: 64.0)
    return home


@pytest.fixture
def anna() -> Person:
    """Somebody with three photos, and a base model to train on."""
    tiny.install("sd15", extras=False)
    return trained.person("Anna", photos=3)


def lines(text: str) -> list[str]:
    return text.splitlines()


# From photos to a model.


def test_from_photos_to_a_picture_of_the_trained_person(run, home):
    assets.fetch_all(assets.SAFETY)
    trained.person("Anna", photos=5)
    tiny_run.install("sd15")
    code, out, err = run("train", "--person", "Anna", *QUICK, "--steps", 4, "--checkpoints", 2)
    assert code == 0, err
    told = lines(err)
    assert told[0] == ("sd15-1 of Anna. Stable Diffusion 1.5, quick: 5 photos, 4 steps, rank 4, 64 x 64 pixels.")
    assert "of 5 photos: " in told[1]
    assert "; 1 held out." in told[1]
    assert told[2].startswith("About ")
    assert [line.split(":")[0] for line in told[3:]] == ["Step 2", "Step 4"]
    model = home / "people" / "anna" / "models" / "sd15-1.safetensors"
    assert lines(out)[0].startswith("The model sd15-1 of Anna is made of step ")
    assert any(line in out for line in ("None of the 2 checkpoints has more points.", "It is the earliest within"))
    assert f"It lies in {model}" in lines(out)
    draw = next(line for line in lines(out) if line.startswith("Draw with it: python -m headshot_core "))
    words = draw.removeprefix("Draw with it: python -m headshot_core ").split()
    assert words == ["generate", "--person", "Anna", "--mode", "person", "--lora", "sd15-1", "--base", "sd15"]
    code, _, err = run(*words, "--count", 1, "--steps", 2, "--size", "128x160", "-o", "drawn.png", "--no-safety-check")
    assert (code, err) == (0, "")
    assert Path("drawn.png").is_file()
    pipelines.forget()


def test_the_demo_learns_the_demo_person_alone(run, anna, monkeypatch):
    """With an estimate that fits any machine; who is real is refused before their photos are looked at."""
    monkeypatch.setitem(models.BASES, "micro", tiny.install("micro", extras=False))
    assert run("people", "demo")[0] == 0
    code, out, _ = run("train", "--estimate", "--person", "Demo (cartoon)", "--base", "micro")
    assert code == 0
    assert "10 photos, 420 steps, rank 32, 64 x 64 pixels." in out
    code, _, err = run("train", "--person", "Anna", "--base", "micro")
    assert (code, err.count("\n")) == (2, 1)
    assert "does not learn real people" in err
    code, _, err = run("train", "--person", "Demo (cartoon)", "--base", "sd15")
    assert (code, "--base micro" in err) == (2, True)


def test_a_training_that_cannot_work_here_is_told_before_any_work(run, monkeypatch):
    trained.person("Anna", photos=4)
    tiny_run.install("sd15")
    monkeypatch.setattr(device, "_free_ram", lambda: 1.0)
    code, out, err = run("train", "--person", "Anna", *QUICK)
    assert (code, out, len(lines(err))) == (2, "", 1)
    assert "needs about" in err
    assert runs.all_runs() == []


def test_what_it_would_take_is_told_and_measured_where_wished(run):
    trained.person("Anna", photos=5)
    tiny_run.install("sd15")
    code, out, _ = run("train", "--estimate", "--person", "Anna", *QUICK, "--steps", 30)
    assert code == 0
    assert lines(out)[0] == "Stable Diffusion 1.5, quick: 5 photos, 30 steps, rank 4, 64 x 64 pixels."
    assert "GB of memory" in lines(out)[1]
    assert "The time is reckoned" in lines(out)[1]
    code, out, err = run("train", "--estimate", "--measure", "--person", "Anna", *QUICK, "--steps", 30, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["measured"], told["fits"], told["photos"], told["training"]["steps"]) == (True, True, 5, 30)
    assert runs.all_runs() == [], "nothing is left of the measuring"


def test_an_estimate_that_does_not_fit_says_what_would(run, monkeypatch):
    trained.person("Anna", photos=4)
    tiny_run.install("sd15")
    monkeypatch.setattr(device, "_free_ram", lambda: 1.0)
    code, out, _ = run("train", "--estimate", "--person", "Anna", *QUICK)
    assert code == 2
    assert "Close other programs" in out


def test_the_prepared_pictures_are_shown_without_a_base_model(run):
    trained.person("Anna", photos=4)
    code, out, _ = run("train", "--prepare", "--person", "Anna", "--resolution", 128, "-o", "sheet.jpg",
                       "--caption", "0001-photo-1.jpg=photo of ohwx woman, laughing", "--json")  # fmt: skip
    told = json.loads(out)
    assert (code, told["sheet"]) == (0, "sheet.jpg")
    assert {one["photo"] for one in told["pictures"]} == {f"{n:04d}-photo-{n}.jpg" for n in range(1, 5)}
    assert any("laughing" in one["caption"] for one in told["pictures"])
    assert Image.open("sheet.jpg").width > 600
    assert runs.all_runs() == []


# Breaking off and going on.


def test_it_goes_on_by_itself_pauses_and_is_resumed_with_another_rate(run):
    made = tiny_run.make("sd15", steps=4000, checkpoints=1)
    code, out, _ = run("train", "--resume", "mine", "--detach")
    assert (code, lines(out)) == (
        0,
        ["It goes on by itself. To see how: python -m headshot_core train --status mine --person Ada"],
    )
    begun(made)
    code, out, err = run("train", "--resume", "mine", "--rate", "5e-5")
    assert (code, "running" in err) == (2, True)
    code, out, _ = run("train", "--pause", "mine", "--json")
    told = json.loads(out)
    assert (code, told["state"]) == (0, "paused")
    assert told["step"] > 0
    steps = told["step"] + 3
    code, out, err = run("train", "--resume", "--rate", "5e-5", "--steps", steps)
    assert code == 0, err
    assert f"is made of step {steps} of {steps}." in out
    assert made.training.rate == 5e-5


def begun(made: Run) -> None:
    """Wait until it does steps."""
    deadline = time.monotonic() + 120
    while made.status().step < 3 and time.monotonic() < deadline:
        assert made.status().working, made.status()
        time.sleep(0.05)


def test_ctrl_c_pauses_with_everything_saved_and_says_how_to_go_on(run, monkeypatch):
    made = tiny_run.make("sd15", steps=4000, checkpoints=1)
    pressed = []

    def sleep(seconds):
        if not pressed and made.status().step >= 3:
            pressed.append(True)
            raise KeyboardInterrupt
        time.sleep(seconds)

    monkeypatch.setattr(train, "time", SimpleNamespace(sleep=sleep))
    code, out, _ = run("train", "--resume", "mine")
    assert (code, pressed) == (130, [True])
    assert lines(out)[0].startswith("Paused at step ")
    assert lines(out)[1] == "To go on: python -m headshot_core train --resume mine --person Ada"
    assert made.status().state == "paused"
    assert (made.folder / "resume" / "state.pt").is_file()


def test_stopped_early_the_model_is_made_of_what_is_there(run):
    made = tiny_run.make("sd15", steps=4000, checkpoints=1)
    run("train", "--resume", "mine", "--detach")
    begun(made)
    code, out, err = run("train", "--stop", "mine")
    assert code == 0, err
    assert "The model mine of Ada is made of step" in out
    assert made.model.is_file()


def test_one_that_fails_says_why_and_what_to_do(run):
    made = tiny_run.make("sd15")
    (made.folder / "photos" / "index.json").write_text("{")
    code, out, err = run("train", "--resume", "mine")
    assert (code, out) == (2, "")
    assert "is damaged" in err
    assert lines(err)[-1].endswith("To go on: python -m headshot_core train --resume mine --person Ada")


def test_the_one_broken_off_last_is_resumed(run, monkeypatch):
    code, _, err = run("train", "--resume")
    assert (code, "No training was broken off" in err) == (2, True)
    first = tiny_run.make("sd15", "first")
    second = tiny_run.make("sd15", "second", of=first.person)
    first.tell(state="training", since=20.0)  # whose process is gone
    second.tell(state="paused", since=10.0)
    begun: list[str] = []
    monkeypatch.setattr(Run, "start", lambda self: begun.append(self.name))
    assert run("train", "--resume", "--detach")[0] == 0
    assert begun == ["first"]


# What there is, and afterwards.


def test_trainings_and_models_are_listed_and_told(run, anna):
    assert run("train", "--list")[1] == "Nothing was trained yet.\n"
    trained.run(anna, "done", 240, "first")
    trained.run(anna, "paused", 30, "second")
    trained.model(anna)
    code, out, _ = run("train", "--list")
    assert code == 0
    known = {("first", "done"), ("second", "paused"), ("first", "model"), ("brought", "model")}
    assert {(line.split()[0], line.split()[2]) for line in lines(out)} == known
    told = json.loads(run("train", "--list", "--json")[1])
    assert {one["name"] for one in told["models"]} == {"first", "brought"}
    assert {one["state"] for one in told["trainings"]} == {"done", "paused"}
    code, out, _ = run("train", "--status", "first")
    assert code == 0
    chosen = told["trainings"][[one["name"] for one in told["trainings"]].index("first")]["chosen"]
    assert [line.split(":")[0] for line in lines(out) if line.startswith("+ ")] == [f"+ Step {chosen}"]
    assert json.loads(run("train", "--status", "second", "--json")[1])["step"] == 30


def test_another_checkpoint_is_chosen_and_a_training_removed(run, anna):
    made = trained.run(anna, "done", 240, "mine")
    other = made.checkpoints[0].step
    code, _, err = run("train", "--choose", "mine")
    assert (code, f"Those kept are: {other}" in err) == (2, True)
    assert run("train", "--choose", "mine", "--step", 7)[0] == 2
    code, out, _ = run("train", "--choose", "mine", "--step", other)
    assert (code, out) == (0, f"mine is made of step {other} now: {made.model}\n")
    assert loras.metadata(made.model)["step"] == str(other)
    code, _, err = run("train", "--remove", "mine")
    assert (code, "--yes" in err, made.folder.is_dir()) == (2, True, True)
    code, out, _ = run("train", "--remove", "mine", "--yes")
    assert (code, made.folder.exists(), made.model.is_file()) == (0, False, True)
    assert f"The model stays: {made.model}" in out


def test_a_model_is_taken_home_brought_back_and_deleted(run, anna):
    made = trained.run(anna, "done", 240, "mine")
    code, out, _ = run("train", "--export", "mine")
    assert (code, out) == (0, "mine is written to mine-comfyui.safetensors.\n")
    assert run("train", "--export", "mine")[0] == 2, "it is not written over"
    code, out, _ = run("train", "--import", "mine-comfyui.safetensors", "--person", "Anna", "--name", "Back again")
    assert (code, out) == (0, "back-again is a model of Anna now. 'ohwx' calls the person.\n")
    code, out, _ = run("train", "--delete", "mine", "--yes")
    assert code == 0
    assert out.endswith("Nothing is left.\n")
    assert not made.model.exists()
    assert list(loras.models_of(made.person)) == ["back-again"]
    code, _, err = run("train", "--delete", "mine", "--yes")
    assert (code, "Choose one of: back-again" in err) == (2, True)


def test_a_model_is_sent_with_the_token_of_the_environment(run, anna, monkeypatch):
    made = trained.run(anna, "done", 240, "mine")
    sent = []

    def push(*given):
        sent.append(given[:3])
        return "https://hub/anna/me"

    monkeypatch.setattr(publish, "push", push)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert run("train", "--push", "mine")[0] == 2
    code, out, err = run("train", "--push", "mine", "--to", "anna/me", "--json")
    assert (code, json.loads(out), sent) == (
        0, {"address": "https://hub/anna/me"}, [(made.model, "anna/me", "hf_secret")],
    )  # fmt: skip
    assert "hf_secret" not in out + err


def test_a_name_that_two_people_share_needs_the_person(run, anna):
    for someone in (anna, trained.person("Berta", photos=3)):
        trained.run(someone, "done", 240, "mine")
    for words in (("--status", "mine"), ("--export", "mine")):
        code, _, err = run("train", *words)
        assert (code, "Say whose: --person NAME" in err) == (2, True)
        assert run("train", *words, "--person", "Berta")[0] == 0
    assert json.loads(run("train", "--status", "mine", "--person", "Berta", "--json")[1])["person"] == "Berta"


# What is wrong.


def test_every_setting_is_a_flag(run, capsys):
    with pytest.raises(SystemExit):
        run("train", "--help")
    told = capsys.readouterr().out
    assert all(
        f"{catalogue.flag(field)} " in told or f"{catalogue.flag(field)}," in told for field in catalogue.settings()
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--person Nobody --base sd15", "nobody called 'Nobody'"),
        ("--base sdxl", "is not on this machine"),
        ("--base sd15_fast", "cannot be trained on"),
        ("--rank 0", "--rank 0: Input should be greater than or equal to 1"),
        ("--choice better", "--choice better"),
        ("--caption words", "no PHOTO=WORDS"),
        ("--leave-out none.jpg", "no photo 'none.jpg' of Anna"),
        ("--caption none.jpg=words", "no photo 'none.jpg' of Anna"),
        ("--step 5", "--step does not go with a new training"),
        ("--status mine --rate 1e-4", "--rate does not go with --status"),
        ("--export mine --yes", "--yes does not go with --export"),
        ("--status gone", "no training 'gone'"),
        ("--export gone", "no model 'gone'"),
        ("--pause mine", "not running"),
        ("--resume mine --rank 8", "rank cannot change"),
        ("--import nothing.safetensors", "nothing.safetensors"),
        ("--list --status mine", "not allowed with"),
        ("Anna", "nrecognized arguments"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(run, anna, words, said):
    if "sd15_fast" in words:
        tiny.install("sd15_fast")
    trained.run(anna, "draft", 0, "mine")
    code, out, err = run("train", *words.split())
    assert (code, out, len(lines(err))) == (2, "", 1), err
    assert said in err
    assert "Traceback" not in err


def test_without_anybody_it_says_how_to_begin(run):
    code, _, err = run("train", "--base", "sd15")
    assert (code, "people add NAME PHOTO" in err) == (2, True)
    assert all(here.demo for here in models.here())
