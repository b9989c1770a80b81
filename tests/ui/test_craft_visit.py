"""The Craft tab without the page: who is drawn, the wishes, the queue and the pictures. The engine is a stand-in."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from headshot_core import files
from headshot_core.errors import HeadshotError
from headshot_core.generate import models
from headshot_core.generate.engine import Candidate, Generated, Progress
from headshot_core.generate.jobs import Queue
from headshot_core.generate.rank import Judged
from headshot_core.people import About
from headshot_core.photo import read_photo, read_provenance
from headshot_core.presets import EXAMPLE
from headshot_core.provenance import GENERATED
from headshot_core.recipe import Backdrop, Pose, Wishes
from headshot_ui import craft_visit
from headshot_ui.craft_visit import SKETCH, STUDIO, CraftVisit, Drawings
from headshot_ui.visit import Visit

OWNER, OTHER = "a" * 32, "b" * 32


class Engine:
    """Draws plain pictures, one for each seed, once it is let; the last is the best."""

    def __init__(self):
        self.go, self.asked = threading.Event(), []
        self.go.set()
        self.fails = None

    def __call__(self, subject, recipe, each, cancel):
        self.asked.append((subject, recipe))
        drawn = []
        for number in range(recipe.generate.count):
            each(
                Progress(f"Drawing picture {number + 1}", number, recipe.generate.count, np.zeros((8, 8, 3), np.uint8))
            )
            self.go.wait(10)
            cancel.check()
            if self.fails:
                raise self.fails
            one = recipe.model_copy(update={"seed": recipe.seed + number})
            picture = np.full((100, 80, 3), 40 * number, np.uint8)
            drawn.append(Candidate(picture, one, Judged(points=number, faces=1, likeness=50 + number)))
            each(Progress("", 0, 0, candidate=drawn[-1]))
        ranked, shown = tuple(reversed(drawn)), recipe.generate.shown
        return Generated(ranked[:shown], ranked[shown:], 0, (), 1.0, models.BASES["sd15"])


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def drawings(engine):
    """A queue of its own, with the stand-in."""
    drawings = Drawings()
    drawings.__dict__["queue"] = Queue(engine)
    return drawings


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A person's folder of its own, with the studio's models of this machine and no base model."""
    folder = tmp_path / "home"
    (folder / "models").mkdir(parents=True)
    for path in (files.home() / "models").iterdir():
        if path.name != "diffusion":
            (folder / "models" / path.name).symlink_to(path)
    monkeypatch.setenv("HEADSHOT_HOME", str(folder))
    monkeypatch.delenv("SPACE_ID", raising=False)
    return folder


@pytest.fixture
def base(monkeypatch):
    """Say that these base models are here."""

    def here(*names):
        monkeypatch.setattr(models, "installed", lambda item: item.name in names)
        monkeypatch.setattr(models, "best_here", lambda: models.BASES[names[0]] if names else None)

    here("sd15")
    return here


@pytest.fixture
def page(tmp_path, home, base, astronaut, drawings):
    """Open a page; it has the example in hand."""
    opened = []

    def open_page(owner=OWNER, photo=True):
        visit = Visit(tmp_path / f"visit-{len(opened)}")
        visit.craft = CraftVisit(visit, drawings)
        if photo:
            visit.begin(astronaut)
            visit.craft.arrive()
        visit.craft.claim(owner)
        opened.append(visit)
        return visit

    return open_page


@pytest.fixture
def work(page):
    """The Craft tab of one page, all of whose pictures are shown that were asked for."""
    return page().craft


def draw(work, wait=True, **wishes):
    """Press the button."""
    settings = work.recipe.generate.model_copy(update={"count": 3, "shown": 2, "mode": "restyle", **wishes})
    work.recipe = work.recipe.model_copy(update={"generate": settings})
    work.generate()
    job = work.job or work.jobs[0]
    if wait:
        while not job.over:
            job.wait(job.turn, 10)
        work.settle()
    return job


# The photo.


def test_the_photo_in_hand_is_taken(page, astronaut):
    """From the tab where it was given, and only once: what is chosen here stays."""
    visit = page()
    assert visit.craft.portrait is astronaut
    other = replace(astronaut)
    visit.begin(other)
    visit.craft.arrive()
    assert visit.craft.portrait is astronaut


def test_a_photo_without_a_face_leaves_the_one_before(work, astronaut):
    """What the person had stays."""
    with pytest.raises(HeadshotError):
        work.take(read_photo(Image.new("RGB", (400, 400), "teal")))
    assert work.portrait is astronaut


def test_a_person_comes_with_photo_and_models(page, base):
    """Somebody of the People tab: their photo is drawn from, and their newest model is chosen."""
    visit = page(photo=False)
    person = visit.people.everybody.add(About(name="Anna", consent=True))
    with pytest.raises(HeadshotError, match="no photo of Anna"):
        visit.craft.take_person(person.short)
    person.add_photo(EXAMPLE.read_bytes(), "one.jpg")
    visit.craft.take_person(person.short)
    assert visit.craft.portrait
    assert visit.craft.person.short == person.short
    assert next(way for way in visit.craft.ways if way.mode == "person").why == "There is no trained model of Anna yet."
    assert visit.craft.recipe.generate.mode != "person"

    (person.folder / "models").mkdir()
    (person.folder / "models" / "anna.safetensors").write_bytes(b"weights")
    visit.craft.take_person(person.short)
    assert visit.craft.recipe.generate.mode == "person"
    assert [lora.file for lora in visit.craft.recipe.generate.loras] == ["anna"]
    person.delete()
    assert visit.craft.person is None


# The engine.


def test_without_a_base_model_the_studio_works(page, base):
    """The same form makes what the studio engine can; nothing is put in a queue."""
    base()
    visit = page()
    work = visit.craft
    assert work.base is None
    assert work.sketch().shape[2] == 3
    work.start_from("city-dusk")
    steps = list(work.photograph())
    assert steps[-1].total
    assert work.shown.recipe.preset == "city-dusk"
    assert work.shown.candidate.picture.shape[:2] == (1280, 1024)
    assert not work.shown.drawn
    assert work.jobs == []


def test_the_demo_draws_only_when_it_is_chosen(page, base, monkeypatch):
    """It is offered among the base models, and a photo becomes a cartoon: its head is not laid over one."""
    base("micro")
    monkeypatch.setattr(models, "best_here", lambda: None)
    work = page().craft
    assert [one.name for one in work.bases] == ["micro"]
    assert work.base is None
    work.use_engine("micro")
    assert work.base.name == "micro"
    assert work.recipe.generate.mode == "restyle"
    assert {way.mode for way in work.ways} == {"keep", "restyle", "person"}
    draw(work)
    assert work.shown.recipe.generate.base == "micro"


def test_a_cartoon_person_is_drawn_by_the_demo_as_it_was_trained(page, base):
    """No face is found in a cartoon, so there is no photo to draw from, and no other way."""
    base("sd15", "micro")
    visit = page()
    work = visit.craft
    person = visit.people.everybody.add(About(name="Dot", cartoon=True, consent=True))
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "PNG")
    person.add_photo(buffer.getvalue(), "one.png")
    work.take_person(person.short)
    work.arrive()
    assert (work.portrait, work.person.short, work.base.name) == (None, person.short, "micro")
    assert all(way.why for way in work.ways)
    with pytest.raises(HeadshotError, match="No trained model"):
        work.generate()
    (person.folder / "models").mkdir()
    (person.folder / "models" / "dot.safetensors").write_bytes(b"weights")
    work.take_person(person.short)
    assert [way.mode for way in work.ways if not way.why] == ["person"]
    assert [lora.file for lora in work.recipe.generate.loras] == ["dot"]
    assert work.sketch() is not None
    assert work.begun
    person.delete()
    assert not work.begun


def test_only_ways_that_the_base_model_has(work, base):
    """Those that need something more say what."""
    assert {way.mode: bool(way.why) for way in work.ways} == {
        "photo": True,  # the face adapter is not here
        "keep": False,
        "restyle": False,
        "person": True,  # nobody was trained
    }
    assert work.recipe.generate.mode == "keep"
    base("z_image_turbo")
    assert [way.mode for way in work.ways] == ["keep", "restyle", "person"]
    base("flux2_klein")
    assert next(way for way in work.ways if way.mode == "photo").why == ""


def test_another_engine(work, base):
    """Any base model that is here, or none."""
    base("sd15", "flux2_klein")
    work.use_engine("flux2_klein")
    assert work.base.name == work.settled.generate.base == "flux2_klein"
    work.use_engine(STUDIO)
    assert work.base is None
    with pytest.raises(HeadshotError, match="not on this machine"):
        work.use_engine("sdxl")


# The wishes.


def test_the_browser_names_no_files(work, tmp_path):
    """Paths, base models and adapters come from this visit, whatever is sent."""
    wish = work.recipe.model_dump()
    wish["pose"] |= {"name": "photo", "image": "/etc/passwd"}
    wish["generate"] |= {"base": "/etc/passwd", "loras": [{"file": "/etc/passwd"}], "mode": "person", "count": 64}
    wish["backdrop"]["image"] = "/etc/passwd"
    work.adjust(wish, True)
    assert "/etc/passwd" not in json.dumps(work.recipe.model_dump())
    assert work.recipe.pose.name == "free"
    assert work.recipe.generate.count == craft_visit.MOST["count"]
    wish["backdrop"]["kind"] = "image"
    with pytest.raises(HeadshotError, match="no backdrop of your own"):
        work.adjust(wish, True)
    with pytest.raises(HeadshotError, match="out of range"):
        work.adjust({"seed": -1}, True)


def test_another_look_keeps_what_was_written(work):
    """Clothes and pose of the look before go; what was changed by hand stays."""
    work.start_from("boardroom")
    own = work.recipe
    wishes = own.wishes.model_copy(update={"expression": "a wink"})
    work.adjust(own.model_dump() | {"wishes": wishes.model_dump()}, True)
    work.start_from("golden-beach")
    assert work.recipe.wishes.expression == "a wink"
    assert work.recipe.wishes.clothing != own.wishes.clothing
    assert work.recipe.backdrop.kind == "beach_sunset"


def test_a_base_model_that_has_gone_is_told_before_another_draws(work, base):
    """Nobody finds pictures of another model than the one they chose."""
    base("sd15", "sdxl")
    work.use_engine("sdxl")
    base("sd15")
    with pytest.raises(HeadshotError, match="SDXL is not on this machine any more"):
        work.generate()
    assert work.base.name == "sd15"


def test_the_sketch_is_what_the_drawing_begins_with(work):
    """A figure in pose and light, or the person where they are kept or drawn over; words do not change it."""
    wish = work.recipe.model_dump()
    sketches = []
    for mode, clothing in (("photo", ""), ("keep", ""), ("keep", "raincoat")):
        wish["generate"]["mode"], wish["wishes"]["clothing"] = mode, clothing
        work.adjust(wish, True)
        sketches.append(work.sketch())
    figure, person, again = sketches
    assert (np.asarray(person) != np.asarray(figure)).any()
    assert again is person


def test_the_pose_of_a_photo(work, tmp_path):
    """It is kept in the visit's own folder, and refused where nobody is on it."""
    with pytest.raises(HeadshotError):
        work.use_pose(_picture(tmp_path / "empty.png"))
    assert work.recipe.pose.name == "free"
    work.use_pose(EXAMPLE)
    assert work.recipe.pose.name == "photo"
    wish = work.recipe.model_dump()
    wish["pose"]["image"] = "pose.jpg"  # as the browser knows it
    work.adjust(wish, True)
    assert work.recipe.pose.image.endswith("pose.jpg")
    assert work.recipe.pose.image != "pose.jpg"


def _picture(path):
    Image.new("RGB", (400, 400), "teal").save(path)
    return path


# Drawing.


def test_the_best_come_first(work, engine):
    """Drawn in the background, ranked, the best selected; the others are kept."""
    job = draw(work)
    (series,) = work.series
    assert [one.candidate.judged.likeness for one in series.best] == [52, 51]
    assert [one.candidate.judged.likeness for one in series.more] == [50]
    assert work.selected == series.best[0].key
    assert work.ended is job
    subject, recipe = engine.asked[0]
    assert subject.portrait is work.portrait
    assert recipe.generate.base == "sd15"


def test_new_pictures_each_time_unless_the_seed_is_kept(work, engine):
    """What was drawn once can be drawn again."""
    draw(work)
    draw(work)
    made = work.shown
    work.use_again(made.key)
    assert work.recipe.seed == made.recipe.seed
    assert work.recipe.generate.count == 3
    draw(work)
    seeds = [recipe.seed for _, recipe in engine.asked]
    assert seeds[0] != seeds[1]
    assert seeds[2] == made.recipe.seed


def test_cancel_keeps_what_is_ready(work, engine):
    """A drawing that is stopped."""
    engine.go.clear()
    job = draw(work, wait=False)
    assert work.stamp
    with pytest.raises(HeadshotError, match="already"):
        work.generate()
    work.cancel()
    engine.go.set()
    while not job.over:
        job.wait(job.turn, 10)
    work.settle()
    assert job.state == "stopped"
    assert work.stamp == ""
    assert work.selected == SKETCH
    assert "Stopped" in work.ended.says


def test_a_fault_of_the_engine_is_told_once(work, engine):
    """And forgotten when something is changed."""
    engine.fails = HeadshotError("There is too little memory.", "Draw fewer at once.")
    draw(work)
    assert work.ended.error is engine.fails
    work.adjust(work.recipe.model_dump() | {"wishes": {"era": "1960s"}}, True)
    assert work.ended is None


def test_what_cannot_be_drawn_is_refused_at_once(work):
    """Before anything waits for its turn."""
    settings = work.recipe.generate.model_copy(update={"mode": "person"})
    work.recipe = work.recipe.model_copy(update={"generate": settings})
    with pytest.raises(HeadshotError, match="No trained model"):
        work.generate()
    assert work.jobs == []


# A page that was loaded again.


def test_a_page_loaded_again_finds_everything(page, engine):
    """Photo, wishes, what is being drawn and what was drawn."""
    first = page().craft
    first.start_from("city-dusk")
    draw(first)
    engine.go.clear()
    draw(first, wait=False)
    again = page(photo=False).craft
    assert again.portrait is first.portrait
    assert again.recipe == first.recipe
    assert again.job is first.job
    assert len(again.series) == 2
    engine.go.set()
    job = again.job
    while job and not job.over:
        job.wait(job.turn, 10)
    again.settle()
    assert again.shown


def test_files_of_the_page_before_are_not_taken_along(page, tmp_path):
    """They go with it."""
    first = page().craft
    first.use_pose(EXAMPLE)
    first.recipe = first.recipe.model_copy(update={"backdrop": Backdrop(kind="image", image="own.jpg")})
    again = page(photo=False).craft
    assert again.recipe.pose == Pose()
    assert again.recipe.backdrop == Backdrop()


def test_once_the_page_before_is_gone_the_pictures_stay(page):
    """At home: a laptop may sleep for a night. The photo is not kept."""
    first = page()
    first.craft.adjust(first.craft.recipe.model_dump() | {"wishes": Wishes(era="1920s").model_dump()}, True)
    draw(first.craft)
    first.end()
    again = page(photo=False).craft
    assert again.portrait is None
    assert again.recipe.wishes.era == "1920s"
    assert again.shown.candidate.judged.likeness == 52


def test_in_a_space_they_go_with_the_last_page(page, monkeypatch):
    """Nobody's pictures stay behind."""
    monkeypatch.setenv("SPACE_ID", "me/studio")
    first = page()
    draw(first.craft)
    again = page(photo=False)
    first.end()
    assert again.craft.jobs
    again.end()
    assert page(photo=False).craft.jobs == []


def test_others_see_nothing(page):
    """Without the word there is nothing to find, and none that could be guessed is taken."""
    draw(page().craft)
    assert page(OTHER, photo=False).craft.series == []
    with pytest.raises(HeadshotError, match="recognised"):
        page("short", photo=False)


def test_delete_means_deleted(page):
    """Photo and pictures are gone, in every page of that browser."""
    first = page()
    draw(first.craft)
    again = page(photo=False)
    again.forget()
    for visit in (first, again):
        assert visit.craft.portrait is None
        assert visit.craft.series == []
        assert visit.craft.shown is None


# Taking home.


def test_files_carry_recipe_and_provenance(work):
    """One picture, and all of the best as a ZIP."""
    draw(work)
    path = work.download(work.selected, "png")
    told = read_provenance(path)
    assert told.recipe["seed"] == work.shown.recipe.seed
    with zipfile.ZipFile(work.download_all("jpg")) as archive:
        names = archive.namelist()
    assert len([name for name in names if name.endswith(".jpg")]) == 2
    assert len([name for name in names if name.endswith(".recipe.json")]) == 2
    assert not path.exists()  # only the latest download lies on the disk
    with pytest.raises(HeadshotError, match="no more"):
        work.download("9-9", "png")


def test_what_was_drawn_stays_drawn_in_enhance(page, astronaut, monkeypatch):
    """The digital source type goes along, whatever is done to the picture there."""
    visit = page()
    work = visit.craft
    draw(work, mode="restyle")
    made = replace(work.shown, source=GENERATED)
    monkeypatch.setitem(work._made, made.key, made)
    with pytest.raises(HeadshotError, match="No face"):
        work.enhance(made.key)
    face = replace(made, candidate=replace(made.candidate, draft=astronaut.pixels))
    monkeypatch.setitem(work._made, made.key, face)
    work.enhance(made.key)
    assert visit.retouch.portrait
    list(visit.retouch.make())
    assert read_provenance(visit.retouch.download("png", False)).source == GENERATED


def test_the_queue_stops_for_good_when_forgotten(work, engine):
    """A drawing that is under way ends as well."""
    engine.go.clear()
    job = draw(work, wait=False)
    work.forget()
    engine.go.set()
    while not job.over:
        job.wait(job.turn, 10)
    assert job.state == "stopped"
    assert work.jobs == []
