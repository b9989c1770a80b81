"""The notebooks run from top to bottom, as a newcomer would, and are committed without results."""

import json
import os
from pathlib import Path

import nbformat
import pytest
import tiny
from nbclient import NotebookClient

from headshot_core import assets

TRAINING = {"resolution": 128, "steps": 12, "checkpoints": 2, "samples": 2, "sample_steps": 3, "rank": 4}
"""A training on a tiny base model, in seconds."""
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_valid_and_holds_no_results(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.outputs or cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_pictures(path, model_files, tmp_path, monkeypatch):
    base = tiny.build("sd15", tmp_path / "base", attentive=True)  # for the one that trains
    monkeypatch.setenv("HEADSHOT_TRAIN", json.dumps({"base": str(base), **TRAINING}))
    outputs = _outputs(path, tmp_path)
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
    if path.stem == "05_train":
        said = "".join(output.get("text", "") for output in outputs)
        for words in ("Ready: made of step", "trigger         ohwx", "-comfyui.safetensors", "left: []"):
            assert words in said
    assert not [output for output in outputs if output.get("name") == "stderr"]


@pytest.mark.slow
def test_the_notebook_that_trains_does_without_a_base_model_what_can_be_done(model_files, tmp_path, monkeypatch):
    (tmp_path / "home" / "models").mkdir(parents=True)
    for asset in assets.ASSETS.values():
        if assets.location(asset).is_file():
            os.link(assets.location(asset), tmp_path / "home" / "models" / asset.file)
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    outputs = _outputs(next(path for path in NOTEBOOKS if path.stem == "05_train"), tmp_path)
    assert any("No base model that can be trained on is here" in output.get("text", "") for output in outputs)
    assert not [output for output in outputs if output.get("name") == "stderr"]


def _outputs(path: Path, folder: Path) -> list:
    """Run a notebook beside a clone of the repository, as in Colab, so that what it saves does not stay here."""
    notebook = nbformat.read(path, as_version=4)
    (folder / "headshot-studio").symlink_to(path.parents[1], target_is_directory=True)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]
