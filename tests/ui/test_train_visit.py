"""The Train tab's part of a visit: the plan, the photos, what is found again, what is taken home and deleted."""

from __future__ import annotations

import importlib.util

import pytest
import trained

from headshot_core.errors import HeadshotError
from headshot_core.generate import models
from headshot_core.train import dataset, runs
from headshot_core.train.settings import Training
from headshot_ui import train_visit
from headshot_ui.train_visit import PREPARED
from headshot_ui.visit import Visits

pytestmark = pytest.mark.skipif(importlib.util.find_spec("diffusers") is None, reason="diffusers is not installed")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A person's folder of its own with a tiny base model."""
    import tiny

    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SPACE_ID", raising=False)
    tiny.install("sd15", extras=False)
    return tmp_path / "home"


@pytest.fixture
def started(monkeypatch):
    """Runs that were started; no process works on them."""
    found = []
    monkeypatch.setattr(runs, "_spawn", found.append)
    return found


@pytest.fixture
def visits(tmp_path):
    """All visits, with a place of their own."""
    return Visits(tmp_path / "visits")


@pytest.fixture
def anna():
    """Somebody with four good photos."""
    return trained.person("Anna", 4)


@pytest.fixture
def work(visits, anna):
    """The tab's part of a visit in which Anna is looked at."""
    work = visits.of("me").train
    work.arrive()
    return work


def test_the_plan_is_checked(work):
    """Settings of the page are believed as far as they can be; the rest stays as it was."""
    work.plan({"base": "sd15", "choice": "quick", "settings": {"rank": 4, "leave_out": ["/etc/passwd"]}})
    assert (work.wish.choice, work.wish.rank, work.wish.leave_out) == ("quick", 4, ())
    for wrong in ({"rank": 0}, {"steps": "many"}, {"colour": "red"}, {"trigger": "../x"}):
        with pytest.raises(HeadshotError):
            work.plan({"base": "sd15", "choice": "quick", "settings": wrong})
    with pytest.raises(HeadshotError, match="base model"):
        work.plan({"base": "/etc/passwd", "choice": "quick"})
    assert work.wish.rank == 4


def test_each_choice_has_its_estimate(work):
    """The three differ in what they take; a setting of one's own counts for all of them."""
    times = [one.seconds for one in work.estimates().values()]
    assert times == sorted(times)
    assert len(set(times)) == 3
    work.plan({"base": "sd15", "choice": "best", "settings": {"steps": 2}})
    assert work.settled("quick").steps == work.settled("best").steps == 2


def test_a_machine_too_small_is_told_before_anything_starts(work, monkeypatch, started):
    """Neither the photos are prepared nor is anything started."""
    from headshot_core.train.estimate import Estimate

    none = Estimate("It needs 7 GB of memory.", 7, 2, None, 10, False, "Close other programs.")
    monkeypatch.setattr(train_visit.TrainVisit, "estimate", lambda self, choice=None: none)
    with pytest.raises(HeadshotError, match="7 GB"):
        list(work.look())
    work.open(trained.run(work.person).name)
    with pytest.raises(HeadshotError, match="Close other"):
        work.start()
    assert started == []


def test_look_prepares_and_replaces(work, anna, model_files):
    """Real crops with captions; looking again, after a change, leaves one draft, and own words stay."""
    work.plan({"base": "sd15", "choice": "quick", "settings": {"resolution": 64}})
    list(work.look())
    first = work.examples[0]
    assert work.draft
    assert max(first.size) <= 128
    work.caption(first.name, "photo of ohwx woman at the sea")
    work.leave_out(work.examples[-1].photo, True)
    assert not work.outdated
    work.plan({"base": "sd15", "choice": "best", "settings": {"resolution": 64}})
    assert not work.outdated
    work.plan({"base": "sd15", "choice": "best", "settings": {"resolution": 96}})
    assert work.outdated
    before = len(work.examples)
    list(work.look())
    assert len(runs.of(anna)) == 1
    assert not work.outdated
    assert "at the sea" in next(one.caption for one in work.examples if one.photo == first.photo)
    assert len(work.examples) == before  # what is left out can be taken back
    assert len(work.wish.leave_out) == 1


def test_prepared_names_settings():
    """Each is a setting that there is."""
    assert set(PREPARED) <= set(Training.model_fields)


def test_left_out_photos_go_when_it_starts(work, anna, started):
    """Their pictures are deleted, the others are trained on, and the settings are those of the plan."""
    draft = trained.run(anna)
    work.open(draft.name)
    out = work.examples[0].photo
    work.leave_out(out, True)
    work.plan({"base": "sd15", "choice": "quick", "settings": {"steps": 30}})
    assert out in work.wish.leave_out
    work.start()
    assert started[0].name == draft.name
    assert out not in [one.photo for one in draft.examples]
    assert draft.training.steps == draft.status().steps == 30


def test_the_last_photo_cannot_be_left_out(work, anna, started):
    """Somebody without photos is not learned."""
    work.open(trained.run(anna).name)
    for photo in anna.photos[1:]:
        work.leave_out(photo.name, True)
    with pytest.raises(HeadshotError):
        work.leave_out("../about.json", True)
    work.leave_out(anna.photos[0].name, True)
    with pytest.raises(HeadshotError):
        work.start()
    assert started == []
    assert len(work.examples) == 4


def test_a_draft_is_found_again_as_it_was(visits, anna):
    """What was asked for comes back, and what the choice would have anyway stays open to another choice."""
    trained.run(anna, choice="quick", rank=3, resolution=128)
    work = visits.of("other").train
    work.arrive()
    assert work.draft
    assert (work.wish.choice, work.wish.rank, work.wish.resolution) == ("quick", 3, 128)
    assert work.wish.steps is work.wish.alpha is None
    assert work.settled("best").steps > work.settled("quick").steps


def test_who_is_trained_is_found_first(visits, anna):
    """A page that is loaded comes to the training that runs, whoever was looked at before."""
    ben = trained.person("Ben", 3)
    run = trained.run(ben, "training", 60)
    visits.of("me").people.open(anna.short)
    work = visits.of("me").train
    with runs.lock_now(run.folder / runs.LOCK):
        work.arrive()
        assert work.person.short == ben.short
        assert work.opened == run.name
        assert work.stamp
    assert work.stamp == ""
    assert work.run.status().state == "broken"


def test_the_people_tab_leads(visits, work, anna):
    """Somebody else who is looked at there is looked at here, the next time somebody comes."""
    ben, people = trained.person("Ben", 3), visits.of("me").people
    people.open(anna.short)
    work.arrive()
    people.open(ben.short)
    work.arrive()
    assert work.person.short == ben.short
    work.open_person(anna.short)
    work.arrive()
    assert work.person.short == anna.short


def test_another_checkpoint(work, anna):
    """The chosen one is shown first, any other can be looked at and taken."""
    run = trained.run(anna, "done", 400)
    work.open(run.name)
    steps = [one.step for one in run.checkpoints]
    assert work.shown[0].step == run.status().chosen == steps[-2]
    work.show(steps[0], 99)
    assert work.shown == (run.checkpoints[0], 3)
    before = run.model.read_bytes()
    work.choose(steps[0])
    assert run.status().chosen == steps[0]
    assert run.model.read_bytes() != before
    with pytest.raises(HeadshotError):
        work.choose(7)


def test_take_home_and_bring_back(work, anna, home):
    """Both forms, and the exported one is taken in again as another model."""
    work.open(trained.run(anna, "done", 400).name)
    assert work.download("diffusers").read_bytes() == work.model.read_bytes()
    exported = work.download("exported")
    work.adopt(exported, "again")
    assert work.opened == "again"
    assert work.run is None
    assert set(work.names) == {"again", "sd15-1"}
    work.adopt_from(str(work.download("diffusers")))
    assert len(work.names) == 3
    with pytest.raises(HeadshotError):
        work.adopt_from(str(home / "people" / "anna" / "person.json"))


def test_in_a_space_no_file_of_it_can_be_named(work, monkeypatch, anna):
    """And nothing is sent in its name."""
    path = trained.model(anna)
    monkeypatch.setenv("SPACE_ID", "me/studio")
    with pytest.raises(HeadshotError, match="cannot be named"):
        work.adopt_from(str(path))
    with pytest.raises(HeadshotError, match="who sends"):
        next(work.push("me/anna", ""))


def test_in_a_space_a_training_ends_with_the_visit(visits, monkeypatch):
    """Its person lies in the visit's folder, and nothing of them is left."""
    monkeypatch.setenv("SPACE_ID", "me/studio")
    visit = visits.of("me")
    run = trained.run(trained.person("Anna", 3, visit.people.folder), "training", 40)
    visit.train.arrive()
    assert visit.train.opened == run.name
    ended = []
    monkeypatch.setattr(runs, "end_all", lambda person: ended.append(person.folder))
    visits.end("me")
    assert ended == [run.person.folder]
    assert not run.folder.exists()


def test_at_home_a_training_outlives_the_visit(visits, work, anna, monkeypatch):
    """Nobody ends it."""
    run = trained.run(anna, "training", 40)
    monkeypatch.setattr(runs, "end_all", pytest.fail)
    visits.end("me")
    assert run.folder.is_dir()


def test_draw_with_it(visits, work, anna, model_files):
    """Craft has the person, a base model that goes with the model, and that model alone."""
    trained.model(anna, "other")
    run = trained.run(anna, "done", 400)
    work.open(run.name)
    work.draw()
    craft = visits.of("me").craft
    assert craft.person.short == "anna"
    assert craft.base.name == "sd15"
    assert craft.recipe.generate.mode == "person"
    assert [one.file for one in craft.recipe.generate.loras] == [run.name]


def test_nothing_to_draw_with(work, anna, monkeypatch):
    """Without a base model that fits it says so."""
    work.open(trained.model(anna).stem)
    monkeypatch.setattr(models, "here", list)
    monkeypatch.setattr(models, "best_here", lambda: None)
    with pytest.raises(HeadshotError, match="No base model"):
        work.draw()


def test_deletion(work, anna):
    """The training alone, then the model; what is left is looked at."""
    run = trained.run(anna, "done", 400)
    trained.model(anna, "other")
    work.open(run.name)
    work.remove(run.name, {"training"})
    assert not run.folder.exists()
    assert work.model.is_file()
    assert work.opened == run.name
    work.remove(run.name, {"model"})
    assert work.names == ["other"]
    assert work.opened == "other"
    work.remove("other", {"training", "model"})
    assert (work.names, work.opened, work.planning) == ([], "", True)


def test_somebody_deleted_meanwhile(work, anna):
    """Who is gone is neither shown nor trained."""
    trained.run(anna)
    anna.delete()
    assert work.person is None
    assert work.names == []
    for action in (work.plan_new, work.settled, lambda: list(work.look()), lambda: work.open("sd15-1")):
        with pytest.raises(HeadshotError):
            action()


def test_a_photo_that_is_not_there(work, anna):
    """Names come from the browser."""
    work.open(trained.run(anna).name)
    folder = work.draft.folder / runs.PHOTOS
    before = dataset.read(folder)
    with pytest.raises(HeadshotError):
        work.caption("../../person", "photo of ohwx woman")
    assert dataset.read(folder) == before
