"""The page's state without the page: one visit from the photo to the download, and how it is forgotten."""

from __future__ import annotations

import gc
import io
import json
import weakref
import zipfile

import numpy as np
import pytest
from PIL import Image

from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.photo import read_photo, read_provenance
from headshot_core.presets import EXAMPLE
from headshot_ui.visit import PREVIEW_SIDE, Visit, Visits


@pytest.fixture
def visit(tmp_path, astronaut):
    """A visit with the example photo taken."""
    visit = Visit(tmp_path)
    visit.photo, visit.portrait, visit.small = astronaut.photo, astronaut, astronaut.photo.image
    return visit


def test_a_photo_without_a_face_leaves_the_one_before(visit):
    """What the person had stays when the next photo is refused."""
    before = visit.portrait
    with pytest.raises(HeadshotError):
        visit.take(read_photo(Image.new("RGB", (400, 400), "teal")))
    assert visit.portrait is before
    assert visit.photo is before.photo


def test_picking_selects_the_newest_and_forgets_nothing(visit):
    """A look that is put back and picked again comes back with its adjustments."""
    visit.pick(["boardroom", "city-dusk"])
    assert visit.selected == "city-dusk"
    visit.adjust({"grade": {"exposure": 0.5}})
    visit.pick(["boardroom"])
    assert visit.selected == "boardroom"
    visit.pick(["boardroom", "city-dusk"])
    assert visit.shot.recipe.grade.exposure == 0.5


def test_names_that_are_no_presets_are_left_out(visit):
    """The browser may send anything."""
    visit.pick(["boardroom", "../../etc", "boardroom"])
    assert visit.picked == ["boardroom"]


def test_previews_are_small_and_headshots_full(visit):
    """A preview is not taken for the finished picture."""
    visit.pick(["boardroom"])
    assert [shot.name for shot in visit.previews()] == ["boardroom"]
    assert max(visit.shot.picture.shape) <= PREVIEW_SIDE
    assert not visit.shot.finished
    assert visit.shot.before.shape == visit.shot.picture.shape
    steps = list(visit.make())
    assert [(step.done, step.total) for step in steps] == [(0, 1), (1, 1)]
    assert visit.shot.finished
    assert visit.shot.picture.shape == (1280, 1024, 3)


def test_the_photo_to_compare_is_framed_like_the_picture(visit):
    """Before and after show the eyes at the same place: nearly the same picture where the light is the photo's own."""
    visit.pick(["boardroom"])
    visit.adjust({"light": {"pattern": "natural"}, "grade": {"auto": False}})
    visit.preview(visit.shot)
    height, width = visit.shot.picture.shape[:2]
    face = np.s_[height // 3 : height // 2, int(width * 0.4) : int(width * 0.6)]
    difference = np.abs(visit.shot.picture[face].astype(int) - visit.shot.before[face])
    assert difference.mean() < 8


def test_cancel_stops_before_the_next_picture(visit):
    """What was ready stays; the rest is not made."""
    visit.pick(["boardroom", "city-dusk", "sunlit-garden"])
    steps = visit.make()
    assert next(steps).done == 0
    assert next(steps).done == 1
    visit.cancel()
    with pytest.raises(Cancelled):
        next(steps)
    assert [shot.finished for shot in visit.strip] == [True, False, False]


def test_an_adjusted_headshot_is_not_finished_any_more(visit):
    """A changed recipe never goes with an old picture into a download."""
    visit.pick(["boardroom"])
    list(visit.make())
    visit.adjust({"backdrop": {"kind": "paper", "colour": "#336699"}})
    assert not visit.shot.finished
    path = visit.download("png", [], everything=False)
    assert read_provenance(path).recipe["backdrop"]["colour"] == "#336699"


def test_settings_out_of_range_are_refused_and_change_nothing(visit):
    """The message is for people; the recipe stays."""
    visit.pick(["boardroom"])
    old = visit.shot.recipe
    for wrong in ({"frame": {"zoom": 90}}, {"frame": "x"}, {"light": {"colour": 3}}, {"grade": {"look": 7}}):
        with pytest.raises(HeadshotError):
            visit.adjust(wrong)
    assert visit.shot.recipe == old


def test_spread_and_reset_touch_one_part(visit):
    """Apply to all takes the frame along and leaves each look its backdrop; reset brings the look's own back."""
    visit.pick(["boardroom", "city-dusk"])
    visit.adjust({"frame": {"name": "linkedin"}, "grade": {"exposure": 1.0}})
    visit.spread("frame")
    assert {shot.recipe.frame.name for shot in visit.strip} == {"linkedin"}
    assert len({shot.recipe.backdrop.kind for shot in visit.strip}) == 2
    visit.reset("grade")
    assert visit.shot.recipe.grade == visit.shot.own.grade
    assert visit.shot.recipe.frame.name == "linkedin"


def test_the_browser_cannot_name_a_file_of_the_server(visit, tmp_path):
    """A backdrop is only ever the picture that was given in this visit."""
    secret = tmp_path / "secret.png"
    Image.new("RGB", (200, 200), "red").save(secret)
    visit.pick(["boardroom"])
    with pytest.raises(HeadshotError):
        visit.adjust({"backdrop": {"kind": "image", "image": str(secret)}})
    visit.use_backdrop(Image.new("RGB", (300, 300), "blue"))
    visit.adjust({"backdrop": {"kind": "image", "image": str(secret)}})
    assert visit.shot.recipe.backdrop.image == str(visit.backdrop)
    visit.preview(visit.shot)
    red, _, blue = visit.shot.picture[10, 10].astype(int)
    assert blue > red + 50


def test_own_backdrop_shows_no_folder_in_recipes(visit):
    """A recipe that is given away tells nothing of the machine."""
    visit.pick(["boardroom"])
    visit.use_backdrop(Image.new("RGB", (300, 300), "blue"))
    assert visit.shot.recipe.public().backdrop.image == "backdrop.jpg"


def test_zip_holds_every_picture_size_and_recipe(visit):
    """The ZIP has, for each look: the picture, its recipe, and each platform size asked for; no EXIF."""
    visit.pick(["boardroom", "city-dusk"])
    path = visit.download("jpg", ["linkedin"], everything=True)
    with zipfile.ZipFile(path) as archive:
        names = sorted(archive.namelist())
        assert names == sorted(
            f"example-{name}{end}" for name in visit.picked for end in (".jpg", ".recipe.json", "-linkedin.jpg")
        )
        recipe = json.loads(archive.read("example-boardroom.recipe.json"))
        small = Image.open(io.BytesIO(archive.read("example-boardroom-linkedin.jpg")))
    assert recipe["preset"] == "boardroom"
    assert small.size == (800, 800)
    assert not small.getexif()
    assert small.info["icc_profile"]


def test_only_the_latest_download_is_kept(visit):
    """Downloads do not pile up on the disk."""
    visit.pick(["boardroom"])
    first = visit.download("png", [], everything=False)
    second = visit.download("webp", [], everything=False)
    assert second.exists()
    assert not first.exists()


def test_nothing_to_do_without_photo_or_look(tmp_path):
    """Each is a sentence, not a traceback."""
    visit = Visit(tmp_path)
    for action in (
        lambda: visit.adjust({}),
        lambda: visit.choose_face(0),
        lambda: list(visit.make()),
        lambda: visit.download("png", [], everything=True),
    ):
        with pytest.raises(HeadshotError):
            action()


def test_forget_frees_photo_and_files(tmp_path):
    """After “delete my photo” neither memory nor disk holds it, the engine's caches included."""
    visit = Visit(tmp_path)
    visit.take(read_photo(EXAMPLE))
    visit.pick(["boardroom"])
    visit.download("png", [], everything=False)
    portrait = weakref.ref(visit.portrait)
    photo = weakref.ref(visit.photo)
    visit.forget()
    gc.collect()
    assert portrait() is None
    assert photo() is None
    assert list(tmp_path.iterdir()) == []


def test_visits_end_after_their_grace_and_not_before(tmp_path):
    """A closed page keeps its visit for a while; one that comes back keeps it for good."""
    visits = Visits(tmp_path, grace=0.05)
    visit = visits.of("a")
    visits.leave("a")
    assert visits.of("a") is visit
    visits.leave("a")
    timer = visits._leaving["a"]
    timer.join(2)
    assert len(visits) == 0


def test_too_many_visits_end_the_longest_unused(tmp_path):
    """The server's memory has a limit; those who are active stay."""
    visits = Visits(tmp_path, limit=2)
    first = visits.of("a")
    visits.of("b")
    visits.of("a")
    visits.of("c")
    assert visits.of("a") is first
    assert len(visits) == 2
