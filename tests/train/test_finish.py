"""Finishing: a checkpoint becomes a model that draws, says what it is and no more than that, and can be deleted."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tiny
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write
from headshot_core.generate import device, library, loras, models, pipelines
from headshot_core.generate.call import Adapter
from headshot_core.people import About, People
from headshot_core.train import card, dataset, finish, runs, settings
from headshot_core.train.runs import Checkpoint, Run
from headshot_core.train.settings import Training

PHOTO = "0001-ada-at-the-lake"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(device, "_free_ram", lambda: 64.0)
    yield tmp_path / "home"
    pipelines.forget()


@pytest.fixture
def ada():
    return People().add(About(name="Ada", noun="woman", consent=True))


def made_run(person, base: str = "sd15", name: str = "portrait") -> Run:
    """A run that has trained two checkpoints, without any training."""
    tiny.install(base, extras=False)
    run = Run(person.folder / "training" / name)
    training = settings.settled(Training(base=base, leave_out=(f"{PHOTO}.jpg",)), 2)
    atomic_write(run.folder / runs.TRAINING, training.model_dump_json().encode())
    photos = [
        dataset.Example(f"{i}", f"{PHOTO}-{i}.jpg", "head", (64, 64), f"photo of ohwx woman in a red hat {i}", "")
        for i in range(2)
    ]
    dataset.write(run.folder / runs.PHOTOS, [*photos, photos[0]])
    for step in (100, 200):
        tiny.lora("sd15", run.weights(step), seed=step)
        name = f"{step:06d}-1.png"
        sample = Image.fromarray(np.full((64, 64, 3), step, np.uint8))
        (run.folder / runs.SAMPLES).mkdir(exist_ok=True)
        sample.save(run.folder / runs.SAMPLES / name, pnginfo=_written(PHOTO))
        run.keep(Checkpoint(step, loss=0.9, likeness=step / 4, samples=(name,)))
    return run


def _written(words: str):
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", words)
    return info


def test_a_checkpoint_becomes_a_model_that_draws(ada):
    """The picture differs from the base model's, and from the other checkpoint's; the trigger word is found."""
    library.torch().set_num_threads(1)  # for matrices this small more threads only wait for each other
    run = made_run(ada)
    path = finish.finish(run, 200)
    assert path == run.model
    assert run.status().chosen == 200
    adapter = Adapter(str(path))
    assert loras.trigger((adapter,)) == "ohwx"
    base = models.find("sd15")
    plain, first = (pipelines.run(base, tiny.call(loras=given))[0] for given in ((), (adapter,)))
    assert tiny.distance(plain, first) > 5
    assert np.array_equal(first, pipelines.run(base, tiny.call(loras=(Adapter(str(run.weights(200))),)))[0])
    finish.finish(run, 100)
    second = pipelines.run(base, tiny.call(loras=(adapter,)))[0]
    assert tiny.distance(first, second) > 5


def test_the_model_says_what_it_is_and_no_more(ada, home):
    """All facts stand in the header; no photo, caption or path stands anywhere in model or card."""
    run = made_run(ada)
    path = finish.finish(run, 200)
    said = loras.metadata(path)
    expected = {
        "format": "pt", "trigger": "ohwx", "noun": "woman", "base": "sd15", "base_title": "Stable Diffusion 1.5",
        "family": "sd15", "licence": "CreativeML OpenRAIL-M", "commercial": "true", "photos": "2", "step": "200",
        "likeness": "50", "loss": "0.9",
    }  # fmt: skip
    assert expected.items() <= said.items()
    assert json.loads(said["settings"])["rank"] == 16
    assert len(said["captions_hash"]) == 64
    assert said["made_with"].startswith("Headshot Studio")
    files = [path, *card.folder_of(path).iterdir()]
    assert len(files) == 3
    for secret in (PHOTO, "red hat", str(home), "Ada", "ada-"):
        assert not any(secret.encode() in file.read_bytes() for file in files), secret


def test_an_own_base_models_path_stays_out(ada, tmp_path):
    """Of a base model in a folder of one's own only the folder's name is written down."""
    folder = tiny.build("sd15", tmp_path / "secret" / "my model")
    run = made_run(ada)
    own = run.training.model_copy(update={"base": str(folder)})
    atomic_write(run.folder / runs.TRAINING, own.model_dump_json().encode())
    path = finish.finish(run, 100)
    assert loras.metadata(path)["base"] == "my model"
    assert loras.metadata(path)["commercial"] == "false"
    assert b"secret" not in path.read_bytes() + (card.folder_of(path) / card.README).read_bytes()


def test_the_hash_tells_other_captions_in_any_order(ada):
    examples = made_run(ada).examples
    assert finish.hash_of(examples) == finish.hash_of(examples[::-1])
    assert finish.hash_of(examples) != finish.hash_of(examples[1:])


def test_lists_show_what_a_model_says(ada):
    """The newest first; a file that is damaged is listed too, so that it can be deleted."""
    path = finish.finish(made_run(ada), 200)
    (ada.folder / "models" / "broken.safetensors").write_bytes(b"")
    by_name = {model.name: model for model in loras.all_of(ada)}
    assert list(by_name) == list(loras.models_of(ada))
    model = by_name["portrait"]
    assert (model.path, model.family, model.base, model.trigger) == (path, "sd15", "Stable Diffusion 1.5", "ohwx")
    assert (model.likeness, model.imported, len(model.made)) == (50, False, 10)
    assert by_name["broken"].family is None


def test_deleting_leaves_nothing(ada):
    """Model, card and samples go, and are counted; the person's other files stay."""
    run = made_run(ada)
    path = finish.finish(run, 200)
    other = path.with_name("other.safetensors")
    other.write_bytes(path.read_bytes())
    size = path.stat().st_size + sum(file.stat().st_size for file in card.folder_of(path).iterdir())
    assert finish.delete(ada, "portrait") == finish.Deleted("portrait", 3, size, ())
    assert [file.name for file in (ada.folder / "models").iterdir()] == ["other.safetensors"]
    assert run.status().model is None
    with pytest.raises(HeadshotError, match="no model 'portrait' of Ada"):
        finish.delete(ada, "portrait")


def test_what_stays_after_a_deletion_is_told(ada, monkeypatch):
    finish.finish(made_run(ada), 200)
    monkeypatch.setattr(finish.shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(HeadshotError, match="portrait.card"):
        finish.delete(ada, "portrait")


def test_what_cannot_be_finished_is_told(ada):
    """No such checkpoint, a damaged one, a person who is gone: words, and no model."""
    run = made_run(ada)
    with pytest.raises(HeadshotError, match="no checkpoint of step 300.*100, 200"):
        finish.finish(run, 300)
    run.weights(200).write_bytes(run.weights(200).read_bytes()[:-10])
    with pytest.raises(HeadshotError, match="step 200 is damaged"):
        finish.finish(run, 200)
    assert not run.model.exists()
    ada.delete()
    with pytest.raises(HeadshotError):
        finish.finish(run, 100)
    assert not ada.folder.exists()
