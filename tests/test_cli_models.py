"""`models` in the terminal: what is listed, said and refused. Fetching itself: tests/generate/test_fetch.py."""

from __future__ import annotations

import json

import pytest

from headshot_core.generate import fetch, models
from headshot_core.generate.models import BASES, EXTRAS


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))


@pytest.fixture
def fetched(monkeypatch):
    """Names of what was fetched; nothing is, in truth, but afterwards it counts as here."""
    names: list[str] = []

    def pretend(item, report, cancel=None):
        report(1, 2, "half")
        names.append(item.name)
        return models.location(item)

    here = models.is_here
    monkeypatch.setattr(fetch, "fetch", pretend)
    monkeypatch.setattr(models, "is_here", lambda item: item.name in names or here(item))
    return names


def test_the_list_tells_what_each_is_and_may_be_used_for(run):
    code, out, err = run("models")
    assert code == 0
    assert all(name in out for name in BASES)
    assert "Apache-2.0" in out
    assert "models get NAME" in err
    listed = json.loads(run("models", "--json")[1])
    assert [base["name"] for base in listed] == list(BASES)
    assert {"licence", "commercial", "bytes", "memory_gb", "installed", "can", "extras"} <= set(listed[0])


def test_the_demo_is_listed_as_what_it_is(run):
    """With no size to fetch and no page, and the way to try it."""
    _, out, err = run("models")
    row = next(line for line in out.splitlines() if line.startswith("micro"))
    assert "demo" in row
    assert "10 MB" in row
    assert "--base micro" in err
    told = run("models", "info", "micro")[1]
    assert "cartoon portraits, 64 px, made by this project" in told
    assert "huggingface" not in told
    assert "comes with this project" in run("models", "remove", "micro_pose")[2]


def test_info_says_all_of_one(run):
    code, out, _ = run("models", "info", "sd15_fast", "sdxl_pose")
    assert code == 0
    for word in (
        "CreativeML OpenRAIL-M",
        "512 x 640",
        "6 steps",
        "+ sd15_lcm",
        "not here",
        "xinsir/controlnet-openpose",
    ):
        assert word in out


def test_get_shows_the_terms_first_and_brings_what_was_asked_for(run, fetched):
    code, out, err = run("models", "get", "sdxl", "--with", "pose,face")
    assert (code, fetched) == (0, ["sdxl", "sdxl_pose", "sdxl_face"])
    assert "SDXL: 7.0 GB, licence CreativeML OpenRAIL++-M, commercial use allowed" in err
    assert "sdxl_face is here" in out
    fetched.clear()
    run("models", "get", "sd15", "--all")
    assert set(fetched) == {"sd15", *(extra.name for extra in BASES["sd15"].extras)}
    assert run("models", "get", "clip_scorer")[0] == 0, "an extra by its own name"


def test_the_terms_of_a_few_step_adapter_are_shown_too(run, fetched):
    assert EXTRAS["sd15_lcm"].title in run("models", "get", "sd15_fast")[2]


def test_unknown_terms_have_to_be_accepted(run, fetched):
    code, _, err = run("models", "get", "someone/portraits")
    assert (code, fetched) == (2, [])
    assert "--accept-licence" in err
    assert "https://huggingface.co/someone/portraits" in err
    assert run("models", "get", "someone/portraits", "--accept-licence")[0] == 0
    assert fetched == ["someone/portraits"]


def test_remove_tells_what_came_free(run):
    extra = EXTRAS["sd15_lcm"]
    place = models.location(extra)
    place.mkdir(parents=True)
    (place / extra.files[0]).write_bytes(b"x" * 100_000_000)
    assert run("models", "remove", "sd15_lcm") == (0, "sd15_lcm is gone: 0.1 GB came free.\n", "")
    assert not place.exists()
    assert run("models", "remove", "sd15_lcm")[1] == "sd15_lcm was not here.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("get",), "needs a name"),
        (("get", "sdlx"), "Did you mean sdxl"),
        (("get", "sdxl", "--with", "poses"), "Choose from: pose, depth"),
        (("get", "flux2_klein", "--with", "pose"), "FLUX.2 klein 4B has no pose"),
        (("info", "/nowhere/at/all"), "no base model"),
        (("list", "sdxl"), "takes no name"),
        (("fetch", "sdxl"), "invalid choice"),
    ],
)
def test_bad_input_is_one_line(run, fetched, arguments, words):
    code, out, err = run("models", *arguments)
    assert (code, out, fetched) == (2, "", [])
    assert words in err
    assert len(err.splitlines()) == 1
