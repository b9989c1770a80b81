"""The demo person: cartoons of somebody whom the demo base model never saw, from the photos to the finished model."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import tiny
import trained
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.generate import device, library, loras, models
from headshot_core.micro import captions, demo, readers
from headshot_core.micro.cartoon import HAIRS, light_of, turn_of
from headshot_core.people import About, People
from headshot_core.train import cartoons, dataset, exchange, lora, prepare, runs, samples, settings
from headshot_core.train.settings import Training

IDENTITY = ("skin", "hair", "bun", "mark", "cheek", "tan", "e0409a")
SETTLED = Training(base="micro", resolution=64)
"""As far as preparation asks."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty folder for people, with a tiny demo base model in place of the project's."""
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(device, "_free_ram", lambda: 64.0)
    monkeypatch.setitem(models.BASES, "micro", tiny.install("micro", extras=False))
    return tmp_path / "home"


@pytest.fixture
def read_well(monkeypatch):
    """Readers that see what was drawn."""
    truth = {one.pixels.tobytes(): one.cartoon for one in demo.photos()}

    def read(pictures):
        drawn = {key: np.frombuffer(key, np.uint8).astype(int) for key in truth}
        alike = [min(drawn, key=lambda key: np.abs(drawn[key] - picture.ravel()).mean()) for picture in pictures]
        return [truth[key] for key in alike]

    monkeypatch.setattr(readers, "read", read)


# Who it is.


def test_it_is_somebody_whom_the_model_never_saw():
    """The same in all pictures; hair of no known colour, and the mark, are in none that the model learnt from."""
    people = [one.cartoon for one in demo.photos()]
    assert len(people) == 10
    assert {(one.skin, one.hair, one.style, one.mark, one.glasses) for one in people} == {
        ("tan", "#e0409a", "bun", True, False)
    }
    assert people[0].hair not in HAIRS.values()


def test_all_else_changes_from_picture_to_picture():
    """No two pictures share clothes or place, so that only the person is common to all."""
    found = demo.photos()
    shown = [one.cartoon for one in found]
    assert len({one.shirt for one in shown}) == len({one.background for one in shown}) == 8
    assert len({one.outfit for one in shown}) == 4
    assert len({(one.shirt, one.background) for one in shown}) == 10
    assert {turn_of(one.yaw) for one in shown} == {"left", "front", "right"}
    assert len({light_of(one.azimuth, one.elevation) for one in shown}) == 5
    assert {one.smile for one in shown} == {True, False}
    assert np.ptp([one.head for one in shown]) > 0.15
    assert {one.pixels.shape for one in found} == {(64, 64, 3)}
    assert all((one.pixels == other.pixels).all() for one, other in zip(found, demo.photos(), strict=True))


def test_captions_are_true_and_leave_the_person_out():
    for one in demo.photos():
        drawn = one.cartoon
        for word in (drawn.shirt, drawn.outfit, f"{drawn.background} backdrop", "key light", "no glasses"):
            assert word in one.caption
        assert ("smile" in one.caption) == drawn.smile
        assert {"left": "to the left", "right": "to the right", "front": "facing"}[turn_of(drawn.yaw)] in one.caption
        assert not [word for word in IDENTITY if word in one.caption]


# Among the people.


def test_it_is_added_once_and_deleted_as_anybody_is(tmp_path):
    first, again = demo.add(tmp_path), demo.add(tmp_path)
    assert first.folder == again.folder
    assert len(again.photos) == len(again.gate.recommended) == 10
    assert again.about.consent
    assert again.about.cartoon
    assert again.profile is None
    again.remove_photo(again.photos[0].name)
    assert len(demo.add(tmp_path).gate.recommended) == 10
    assert again.delete().left == ()
    assert not People(tmp_path).all()


def test_somebody_real_of_that_name_stays_as_they_are(tmp_path):
    People(tmp_path).add(About(name=demo.NAME, consent=True))
    with pytest.raises(HeadshotError, match="already"):
        demo.add(tmp_path)
    assert not People(tmp_path).all()[0].photos


def test_who_turns_out_to_be_real_is_looked_at_anew(tmp_path):
    person = demo.add(tmp_path)
    person.change(person.about.model_copy(update={"age": 30}))
    assert person.gate
    person.change(person.about.model_copy(update={"cartoon": False}))
    assert person.gate is None


# What is trained on what.


def test_the_demo_base_model_learns_nobody_real(home):
    """Refused before any work, in a sentence that says why; and the demo person on no other base model."""
    with pytest.raises(HeadshotError, match=r"64 pixels, which hold nobody's likeness") as caught:
        runs.draft(trained.person(), Training(base="micro"))
    assert "demo person" in caught.value.todo
    for base in ("", "sd15"):
        with pytest.raises(HeadshotError, match="the demo base model alone") as caught:
            runs.draft(demo.add(), Training(base=base))
        assert "--base micro" in caught.value.todo


def test_the_demo_base_model_is_never_chosen_by_itself(home):
    assert models.installed(models.BASES["micro"])
    assert settings.best_here() is None
    with pytest.raises(HeadshotError, match="No base model") as caught:
        settings.settled(Training(), 10)
    assert "get sd15" in caught.value.todo
    tiny.install("sd15", extras=False)
    assert settings.best_here().name == "sd15"
    assert settings.settled(Training(base="micro"), 10).base == "micro"


# Preparation.


def test_photos_are_taken_as_they_are_in_the_words_of_what_is_read(home, read_well, tmp_path):
    """Every picture as it was drawn, with its true caption; two from the front are held out."""
    found = prepare.prepare(demo.add(), SETTLED, tmp_path)
    drawn = demo.photos()
    assert [one.caption.replace("ohwx person", "person") for one in found] == [one.caption for one in drawn]
    assert all(one.caption.startswith("photo of ohwx person, ") for one in found)
    for one, example in zip(drawn, found, strict=True):
        assert example.class_caption.startswith("photo of person, ")
        assert example.class_caption.endswith(one.caption.removeprefix("photo of person, "))
    assert {" skin, " in one.class_caption for one in found} == {True, False}  # somebody else, named or not
    held = [one for one, example in zip(drawn, found, strict=True) if example.held_out]
    assert {turn_of(one.cartoon.yaw) for one in held} == {"front"}
    assert len(held) == 2
    for one, example in zip(drawn, found, strict=True):
        assert example.size == (64, 64)
        assert np.abs(dataset.picture(tmp_path, example).astype(int) - one.pixels).mean() < 3  # a JPEG of good quality
    assert dataset.read(tmp_path) == found


def test_the_head_counts_most(home, read_well, tmp_path):
    for one, example in zip(demo.photos(), prepare.prepare(demo.add(), SETTLED, tmp_path), strict=True):
        weight = dataset.weights(tmp_path, example)
        assert weight[round(64 * one.cartoon.y), round(64 * one.cartoon.x)] == dataset.FACE
        assert weight[60, 2] == dataset.PERSON


def test_ones_own_words_and_pictures_of_any_shape_are_taken(home, read_well, tmp_path):
    """The middle of a photo is taken, brought to the side that is asked for."""
    person = People().add(About(name="Lou", noun="girl", cartoon=True, consent=True))
    for number, one in enumerate(demo.photos()[:3]):
        wide, buffer = Image.new("RGB", (300, 128), "white"), io.BytesIO()
        wide.paste(Image.fromarray(one.pixels).resize((128, 128), Image.Resampling.NEAREST), (86, 0))
        wide.save(buffer, "PNG")
        person.add_photo(buffer.getvalue(), f"{number}.png")
    own = {person.photos[1].name: "photo of ohwx girl in a hat"}
    found = prepare.prepare(person, SETTLED.model_copy(update={"captions": own}), tmp_path)
    assert [one.size for one in found] == [(64, 64)] * 3
    assert found[0].caption == demo.photos()[0].caption.replace("person", "ohwx girl")
    assert (found[1].caption, found[1].class_caption) == ("photo of ohwx girl in a hat", "photo of a girl in a hat")
    assert np.abs(dataset.picture(tmp_path, found[0]).astype(int) - demo.photos()[0].pixels).mean() < 3


def test_a_head_is_where_it_was_read_to_be():
    """With room above it for a bun."""
    reading = replace(demo.photos()[0].cartoon, x=0.3, y=0.5, head=0.4)
    rows, columns = np.nonzero(cartoons.weights(reading, 64) == dataset.FACE)
    assert (columns.mean() / 64, rows.mean() / 64) == pytest.approx((0.3, 0.46), abs=0.02)
    assert np.ptp(rows) == pytest.approx(64 * 0.4 * 1.44, abs=2)


# Samples.


def test_samples_are_wishes_in_words_that_the_model_knows(home):
    """They differ from each other and from all photos, and so do the pictures of others; none says who it is."""
    base, about = models.BASES["micro"], About(name="Lou", noun="person")
    training = settings.settled(Training(base="micro", samples=4), 10)
    *drawn, plain = samples.samples(training, base, about)
    texts = [one.prompt for one in drawn]
    assert len(set(texts)) == 4
    assert all(text.startswith("photo of ohwx person, ") for text in texts)
    assert plain.prompt.startswith("photo of person, ")
    others = [samples.class_words(number, base, about)[0] for number in range(16)]
    assert len(set(others)) == 16
    assert not {one.caption for one in demo.photos()} & set(others)
    known = set(captions.vocabulary()) | {"ohwx"}
    for text in (*texts, *others):
        assert set(text.replace(",", "").replace("-", " ").split()) <= known
    for text in texts:
        assert not [word for word in ("skin", "hair", "mark") if word in text]
    named = ["hair" in text for text in others if " skin, " in text]  # of some, by lot, the looks are named
    assert 4 <= len(named) <= 12
    assert all(named)
    assert samples.size(64) == (64, 64)


# The whole way.


def test_from_the_photos_to_a_finished_model(home, monkeypatch):
    """With random weights: prepared, trained beside pictures of others, judged, made a model of the demo's family."""
    library.torch().set_num_threads(1)
    net = readers.build().eval()
    monkeypatch.setattr(readers, "_net", lambda: net)
    wish = Training(base="micro", steps=4, checkpoints=2, samples=1, sample_steps=2, prior="images", prior_images=2)
    run = runs.draft(demo.add(), wish)
    assert len(run.examples) == 10
    assert sum(one.held_out for one in run.examples) == 2
    lora.train(run)
    status = run.status()
    assert status.state == "done"
    assert status.chosen in (2, 4)
    assert [len(one.samples) for one in status.checkpoints] == [2, 2, 2]
    assert loras.family_of(run.model) == "micro"
    said = loras.metadata(run.model)
    assert (said["base"], said["base_source"], said["trigger"]) == ("micro", "", "ohwx")
    assert str(home) not in str(said)
    assert loras.family_of(exchange.adopt(run.person, run.model, "again")) == "micro"
    with pytest.raises(HeadshotError, match="No other program"):
        exchange.export(run.model, home / "other.safetensors")
    card = (run.model.with_suffix(".card") / "README.md").read_text()
    assert "real person" not in card
    assert "For :" not in card
