"""The card: in order for the hub, true to its model, with code that runs, and nothing that gives anybody away."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import tiny
import yaml
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from headshot_core.generate import library
from headshot_core.generate.models import BASES
from headshot_core.train import card, finish
from headshot_core.train.runs import Checkpoint
from headshot_core.train.settings import Training

FACTS = {
    "trigger": "ohwx", "noun": "woman", **finish.licence_of(BASES["sd15"]), "photos": "12", "step": "200",
    "settings": json.dumps(Training(rank=16, steps=400, text_encoder=True).model_dump(mode="json")),
    "likeness": "71", "captions_hash": "ab" * 32, "made": "2026-11-29", "made_with": "Headshot Studio 0.1.0",
}  # fmt: skip
CHECKPOINTS = (Checkpoint(100, 0.953, 40.2, points=30), Checkpoint(200, 0.941, 71.4, points=66.6), Checkpoint(300))


@pytest.fixture
def readme(tmp_path):
    """The card of a model with two samples, of which one is gone."""
    info = PngInfo()
    info.add_text("parameters", "secret words")
    Image.fromarray(np.full((32, 24, 3), 99, np.uint8)).save(tmp_path / "000200-1.png", pnginfo=info)
    samples = [tmp_path / "000200-1.png", tmp_path / "000200-2.png"]
    return card.write(tmp_path / "models" / "portrait.safetensors", FACTS, CHECKPOINTS, samples)


def test_the_front_matter_is_what_the_hub_wants(readme):
    """Base model, licence, tags and trigger, as YAML between two lines of hyphens."""
    _, front, body = readme.read_text().split("---\n", 2)
    data = yaml.safe_load(front)
    assert data["base_model"] == BASES["sd15"].source
    assert (data["license"], data["instance_prompt"], data["pipeline_tag"]) == (
        "creativeml-openrail-m", "ohwx", "text-to-image",
    )  # fmt: skip
    assert set(data["tags"]) == {"lora", "text-to-image", "headshot-studio"}
    assert body.startswith("\n# portrait\n")


def test_the_card_says_what_a_person_wants_to_know(readme):
    """Consent, licence and what it allows, trigger with a prompt, photos, step, settings, likeness and how it grew."""
    text = readme.read_text()
    for words in (
        "share it only with their consent",
        "commercial use allowed, its limits on harmful use pass on",
        "`portrait photo of ohwx woman, studio light, plain background`",
        "| Photos | 12 |",
        "| Step | 200 of 400 |",
        "rank 16",
        "text_encoder yes",
        "| Likeness | 71 of 100 |",
        "| 100 | 40 | 0.953 | 30 |",
        "| 200 **chosen** | 71 | 0.941 | 67 |",
        "| 300 |  |  |  |",
        "portrait-comfyui.safetensors",
    ):
        assert words in text, words


def test_samples_are_pixels_alone_and_a_new_card_has_the_new_ones(readme, tmp_path):
    """What a picture said of itself is gone; samples of an older card do not stay."""
    folder = readme.parent
    assert sorted(file.name for file in folder.iterdir()) == [card.README, "sample-1.jpg"]
    with Image.open(folder / "sample-1.jpg") as sample:
        assert sample.size == (24, 32)
        assert not sample.getexif()
    assert b"secret" not in (folder / "sample-1.jpg").read_bytes() + readme.read_bytes()
    assert str(tmp_path) not in readme.read_text()
    card.write(tmp_path / "models" / "portrait.safetensors", FACTS)
    assert [file.name for file in folder.iterdir()] == [card.README]
    assert "![" not in readme.read_text()


def test_little_is_known_of_what_came_from_elsewhere(tmp_path):
    """The card is in order all the same, even where the file says nonsense."""
    for facts in ({}, {"licence": "its maker's", "settings": "[1, 2", "family": "z_image"}):
        text = card.write(tmp_path / "other.safetensors", facts).read_text()
        data = yaml.safe_load(text.split("---\n")[1])
        assert data["license"] == "other"
        assert "base_model" not in data
        assert "commercial use not known to be allowed" in text


@pytest.mark.filterwarnings("ignore")
def test_the_code_runs(readme, tmp_path, monkeypatch):
    """As it stands in the card, with a tiny base model in place of the hub's, in two steps."""
    base = tiny.build("sd15", tmp_path / "base")
    tiny.lora("sd15", tmp_path / "portrait.safetensors")
    code = re.search(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)[1]
    assert BASES["sd15"].source in code
    monkeypatch.chdir(tmp_path)
    library.diffusers()
    exec(code.replace(BASES["sd15"].source, str(base)).replace("(prompt=", "(num_inference_steps=2, prompt="), {})
    with Image.open("portrait.png") as drawn:
        assert drawn.size == (tiny.SIZE, tiny.SIZE)
