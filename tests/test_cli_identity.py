"""`identity`: the networks are listed with licence and figures, and terms come before use."""

import json

import pytest

from headshot_core.face import identity

pytestmark = pytest.mark.usefixtures("model_files")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "_place", lambda: tmp_path / "identity.json")


def test_all_are_listed_with_licence_figures_and_warning(run):
    code, out, err = run("identity")
    words = " ".join(out.split())
    assert (code, err) == (0, "")
    assert identity.WARNING in words
    for embedder in identity.EMBEDDERS.values():
        assert f"{embedder.title} ({embedder.licence})" in words
        assert embedder.figures in words
        assert embedder.terms in words
    assert "(CC0), in use" in words


def test_json_says_the_same(run):
    rows = {row["name"]: row for row in json.loads(run("identity", "--json")[1])}
    assert rows["dlib"]["in_use"]
    assert rows["dlib"]["commercial"]
    assert rows["dlib"]["accepted"]
    assert not rows["insightface"]["commercial"]
    assert not rows["insightface"]["accepted"]
    assert not rows["insightface"]["in_use"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["use", "insightface"], "non-commercial research"),
        (["use", "insightface", "--accept-terms"], "--model FILE"),
        (["use", "insightface", "--accept-terms", "--model", "none.onnx"], "none.onnx is not there"),
        (["use", "facenet"], "dlib, insightface"),
        (["revoke", "facenet"], "dlib, insightface"),
        (["use"], "A name goes with"),
        (["list", "dlib"], "A name goes with"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(run, arguments, says):
    code, out, err = run("identity", *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert says in err
    assert identity.chosen().name == "dlib"
    assert not identity.accepted("insightface")


def test_acceptance_is_kept_and_can_be_taken_back(run, monkeypatch):
    monkeypatch.setattr(identity, "_read_arc", lambda path: path)
    code, out, _ = run("identity", "use", "insightface", "--model", "mine.onnx", "--accept-terms")
    assert code == 0
    assert "(non-commercial research only), in use" in out
    assert "Terms, accepted" in out
    assert identity.chosen().name == "insightface"
    assert "Terms, accepted" not in run("identity", "revoke", "insightface")[1]
    assert identity.chosen().name == "dlib"
