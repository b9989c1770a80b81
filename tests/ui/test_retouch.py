"""The Enhance tab's state without the page: history, settings that are not believed, looking, painting, saving."""

from __future__ import annotations

import gc
import io
import json
import weakref
import zipfile

import numpy as np
import pytest
from PIL import Image

from headshot_core import files
from headshot_core.enhance.background import Background
from headshot_core.enhance.crop import Crop
from headshot_core.enhance.heal import Heal
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tone import Tone
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.photo import read_photo, read_provenance
from headshot_core.progress import CancelToken
from headshot_core.provenance import COMPOSITE, ENHANCED
from headshot_ui.retouch import HISTORY, LOUPE, PREVIEW_SIDE, Moment, in_steps
from headshot_ui.visit import Visit


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A person's folder of its own, with the models of this machine."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "models").symlink_to(files.home() / "models")
    monkeypatch.setenv("HEADSHOT_HOME", str(folder))
    monkeypatch.delenv("SPACE_ID", raising=False)
    return folder


@pytest.fixture
def work(tmp_path, astronaut, home):
    """A visit's retouching with the example photo."""
    visit = Visit(tmp_path / "visit")
    visit.retouch.begin(astronaut)
    return visit.retouch


def brighter(work, exposure=1.0, gesture=None):
    """A setting that can be seen everywhere."""
    work.adjust({"tone": {"exposure": exposure}}, gesture)


# The stack and its history.


def test_a_photo_begins_as_it_is(work):
    """Choosing a photo applies nothing."""
    seen, pixels = work.render()
    assert work.stack == Stack()
    assert np.array_equal(pixels, seen.before)


def test_a_setting_changes_the_picture_and_undo_brings_it_back(work):
    """Exactly, in both directions."""
    before = work.render()[1]
    brighter(work)
    after = work.render()[1]
    assert after.mean() > before.mean() + 10
    assert work.undoable == "Light and colour"
    work.undo()
    assert np.array_equal(work.render()[1], before)
    assert work.redoable == "Light and colour"
    work.redo()
    assert np.array_equal(work.render()[1], after)


def test_a_drag_is_one_step(work):
    """All values of one gesture make one moment; the next gesture makes another."""
    for exposure in (0.1, 0.2, 0.3):
        brighter(work, exposure, gesture=1)
    brighter(work, 0.8, gesture=2)
    work.undo()
    assert work.stack.of(Tone).exposure == 0.3
    work.undo()
    assert work.stack == Stack()
    assert not work.undoable


def test_a_new_step_after_undo_forgets_what_was_undone(work):
    """As in any program."""
    brighter(work, 0.5, gesture=1)
    work.undo()
    brighter(work, -0.5, gesture=2)
    assert not work.redoable
    assert work.stack.of(Tone).exposure == -0.5
    work.undo()
    assert work.stack == Stack()


def test_what_comes_late_of_an_undone_drag_is_not_taken(work):
    """On a slow machine the end of a drag may reach the studio after the undo: it must not undo the undo."""
    brighter(work, 0.5, gesture=1)
    work.undo()
    brighter(work, 0.6, gesture=1)
    assert work.stack == Stack()
    work.redo()
    brighter(work, 0.7, gesture=1)
    assert work.stack.of(Tone).exposure == 0.5


@pytest.mark.parametrize("ended", ["clear", "use_style", "reset", "use_wand"])
def test_what_comes_late_of_a_drag_does_not_undo_what_came_after_it(work, ended):
    """Whatever ended the drag: a late value brings all of the drawer's old settings with it."""
    brighter(work, 0.5, gesture=1)
    given = {"use_style": sorted(work.styles())[:1], "reset": ["tone"], "use_wand": [1.0, 2]}.get(ended, [])
    getattr(work, ended)(*given)
    after = work.stack
    brighter(work, 0.6, gesture=1)
    assert work.stack == after


def test_history_is_bounded(work):
    """A long visit does not fill the memory."""
    for number in range(HISTORY + 20):
        brighter(work, number / 200, gesture=number)
    for _ in range(HISTORY + 20):
        work.undo()
    assert work.stack.of(Tone).exposure > 0  # the oldest steps are gone
    assert work.redoable


def test_reset_move_and_clear(work):
    """One tool off, the order changed, all off: each a step of its own."""
    work.adjust({"tone": {"exposure": 0.5}, "skin": {"strength": 0.3}, "grade": {"on": True}})
    work.move("grade", -1)
    assert [step.tool for step in work.stack.steps] == ["tone", "grade", "skin"]
    work.reset("tone")
    assert [step.tool for step in work.stack.steps] == ["grade", "skin"]
    work.clear()
    assert work.stack == Stack()
    work.undo()
    work.undo()
    work.undo()
    assert [step.tool for step in work.stack.steps] == ["tone", "skin", "grade"]
    with pytest.raises(HeadshotError):
        work.move("upscale", 1)


# What the browser sends is not believed.


@pytest.mark.parametrize(
    "settings",
    [
        {"tone": {"exposure": 99}},
        {"tone": {"exposure": "much"}},
        {"tone": {"nonsense": 1}},
        {"nonsense": {}},
        {"crop": {"frame": "/etc/hostname"}},
        {"background": {"kind": "image"}},
    ],
)
def test_wrong_settings_are_refused_and_change_nothing(work, settings):
    """In words, and the stack stays as it was."""
    with pytest.raises(HeadshotError):
        work.adjust(settings)
    assert work.stack == Stack()


def test_no_path_and_no_hidden_setting_comes_from_the_browser(work, tmp_path):
    """An own background is the one given in this visit; strokes are only painted."""
    work.adjust({"background": {"kind": "own", "image": "/etc/hostname"}, "heal": {"strokes": [1, 2]}})
    assert work.stack.of(Background).image is None
    assert work.stack.of(Heal).strokes == ()
    picture = tmp_path / "sea.png"
    Image.new("RGB", (300, 200), "teal").save(picture)
    work.use_background(picture)
    image = work.stack.of(Background).image
    assert image.startswith(str(tmp_path / "visit"))
    work.adjust({"background": {"kind": "image", "image": "/etc/hostname", "blur": 0.1}})
    assert work.stack.of(Background).image == image


# Wand and styles.


def test_the_wand_keeps_what_is_this_photos_own(work):
    """Crop and strokes stay; its reasons stand there until they are no longer true."""
    work.adjust({"crop": {"frame": "linkedin"}})
    work.paint(work.seen.number, [[0.5, 0.4]], 0.01)
    work.use_wand(0.8)
    assert work.moment.reasons
    assert work.stack.of(Crop).frame == "linkedin"
    assert len(work.stack.of(Heal).strokes) == 1
    work.undo()
    assert not work.moment.reasons


def test_own_styles_are_kept_used_and_deleted(work, home):
    """On the person's own machine they are files of theirs."""
    with pytest.raises(HeadshotError):
        work.keep_style("Nothing")
    brighter(work, 0.4)
    work.paint(work.seen.number, [[0.5, 0.4]], 0.01)
    work.keep_style("My light")
    name = work.moment.style
    assert list((home / "styles").iterdir())
    work.clear()
    work.use_style(name)
    assert work.stack.of(Tone).exposure == 0.4
    assert work.moment.style == name
    brighter(work, 0.5)
    assert work.moment.style == ""  # no longer that style
    work.drop_style(name)
    assert name not in work.styles()
    with pytest.raises(HeadshotError):
        work.use_style(name)


def test_on_a_space_own_styles_are_the_visits_alone(work, home, monkeypatch, tmp_path):
    """Nobody else sees them, and nothing is written."""
    monkeypatch.setenv("SPACE_ID", "me/studio")
    brighter(work, 0.4)
    work.keep_style("My light")
    assert not (home / "styles").exists()
    assert work.styles()[work.moment.style].own
    assert work.moment.style not in Visit(tmp_path).retouch.styles()
    work.drop_style(work.moment.style)
    assert not any(style.own for style in work.styles().values())
    with pytest.raises(HeadshotError):
        work.drop_style("natural")


# Looking.


def test_the_preview_is_small_and_full_size_is_looked_at_in_part(work, portraits):
    """True pixels of the place asked for, inside the picture, no larger than can be shown."""
    largest = max(portraits, key=lambda path: path.stat().st_size)
    work.take(read_photo(largest))
    assert max(work.render()[1].shape) <= PREVIEW_SIDE
    brighter(work)
    work.look((0.9, 0.99), (500, 300))
    seen, pixels = work.render()
    x0, y0, x1, y1 = seen.box
    width, height = work.study.size
    assert (x1 - x0, y1 - y0) == (min(500, width), min(300, height))
    assert x1 <= width
    assert y1 == height
    photo = np.asarray(work.portrait.photo.image)[y0:y1, x0:x1]
    assert np.abs(seen.before.astype(int) - photo).max() <= 2
    assert pixels.mean() > seen.before.mean()
    work.look((0.5, 0.5), (99999, 1))
    assert work.render()[1].shape[1] <= LOUPE[0]
    work.look(None)
    assert work.seen.box is None


def test_what_is_seen_changes_only_when_it_must(work):
    """A slider keeps the window, so that the engine keeps its work; a crop gives another one."""
    first = work.seen
    brighter(work)
    assert work.seen is first
    work.adjust({"crop": {"frame": "linkedin"}})
    assert work.seen is not first
    assert work.seen.window.size[0] == work.seen.window.size[1]
    work.look((0.5, 0.5), (200, 200))
    part = work.seen
    brighter(work, 0.3)
    assert work.seen is part
    work.reset("crop")
    assert work.seen is not part


def test_a_mask_shows_where_a_tool_works(work):
    """Of the size of what is seen; a tool without one works everywhere."""
    assert work.mask() is None
    work.show_mask("background")
    mask = work.mask()
    assert mask.shape == work.seen.window.shape
    assert mask[:20, :60].mean() > 200  # the wall
    x0, y0, x1, y1 = (round(float(value)) for value in work.seen.window.face.box)
    assert mask[y0:y1, x0:x1].mean() < 40
    work.show_mask("tone")
    assert work.mask().min() == 255
    with pytest.raises(HeadshotError):
        work.show_mask("nonsense")


# On the picture.


@pytest.mark.parametrize("place", [None, (0.45, 0.3)])
def test_a_stroke_heals_where_it_was_painted(work, place):
    """On the whole picture and at full size, and nowhere else; one step of the history each."""
    work.look(place, (220, 160))
    seen, before = work.render()
    work.paint(seen.number, [[0.3, 0.5], [0.4, 0.5]], 0.03)
    changed = np.abs(work.render()[1].astype(int) - before).max(axis=2) > 0
    rows, columns = np.nonzero(changed)
    height, width = changed.shape
    assert 0.2 * width < columns.min() < columns.max() < 0.5 * width
    assert 0.35 * height < rows.min() < rows.max() < 0.65 * height
    assert work.undoable == "Brush stroke"
    work.undo()
    assert np.array_equal(work.render()[1], before)


@pytest.mark.parametrize(
    ("points", "radius"), [([], 0.01), ([["a", 1]], 0.01), ([[0.5]], 0.01), ([[9, 9]], 0.01), ([[0.5, 0.5]], 5)]
)
def test_strokes_that_make_no_sense_are_refused(work, points, radius):
    """Whatever the browser sends."""
    with pytest.raises(HeadshotError):
        work.paint(work.seen.number, points, radius)
    assert work.stack == Stack()


def test_a_stroke_on_a_picture_that_moved_is_not_guessed(work):
    """It would be healed in the wrong place."""
    number = work.seen.number
    work.look((0.2, 0.2), (100, 100))
    work.render()
    with pytest.raises(HeadshotError):
        work.paint(number, [[0.5, 0.5]], 0.01)


def test_a_found_spot_can_stay(work, monkeypatch):
    """A click lets it stay, another one heals it after all."""
    from headshot_core.enhance.blemishes import Spot
    from headshot_ui import retouch

    spot = Spot(x=220.0, y=120.0, radius=3.0, kind="spot", score=1.0)
    monkeypatch.setattr(retouch, "find_spots", lambda study: [spot])
    shown = work.spots()
    assert [one["stays"] for one in shown] == [False]
    width = work.seen.window.size[0]
    assert abs(shown[0]["x"] * width - 220.5) < 1
    work.spare(0)
    assert [one["stays"] for one in work.spots()] == [True]
    work.spare(0)
    assert [one["stays"] for one in work.spots()] == [False]
    with pytest.raises(HeadshotError):
        work.spare(7)


# Making and taking home.


def test_the_picture_is_saved_with_its_settings(work):
    """At full size, with provenance, in every format; in a ZIP with the stack."""
    with pytest.raises(HeadshotError):
        work.download("png", False)
    brighter(work, 0.5)
    steps = list(work.make())
    assert steps[0].done == 0
    assert work.finished.picture.shape == (512, 512, 3)
    path = work.download("png", False)
    assert path.name == "example-enhanced.png"
    assert read_provenance(path).recipe["steps"][0]["exposure"] == 0.5
    assert read_provenance(path).source == ENHANCED
    assert list(work.make()) == []  # nothing to do again
    for kind in ("jpg", "webp"):
        path = work.download(kind, True)
        with zipfile.ZipFile(path) as archive:
            assert Image.open(io.BytesIO(archive.read(f"example-enhanced.{kind}"))).size == (512, 512)
            assert Stack(**json.loads(archive.read("example-enhanced.stack.json"))) == work.stack
    assert len(list(path.parent.parent.glob("enhanced-*"))) == 1  # the last download is the only one on the disk


def test_a_headshot_stays_a_composite(work, tmp_path):
    """Whatever is done to it here: its background was rendered."""
    visit = work._visit
    visit.begin(work.portrait)
    visit.pick(["boardroom"])
    list(visit.make())
    work.take_shot(visit.shot)
    brighter(work, 0.2)
    list(work.make())
    assert read_provenance(work.download("png", False)).source == COMPOSITE
    assert work.as_photo().name == "example-boardroom-enhanced"


def test_cancel_keeps_everything(work):
    """Nothing is made, nothing is lost."""
    brighter(work)
    steps = work.make()
    next(steps)
    work.cancel()
    with pytest.raises(Cancelled):
        list(steps)
    assert work.finished is None
    assert work.stack.of(Tone)


def test_long_work_is_stopped_when_nobody_waits():
    """A closed page ends the work."""
    token = CancelToken()

    def endless(report):
        for number in range(10_000):
            report(number, 10_000, "on and on")
            token.check()

    steps = in_steps(endless, token, 1.0)
    next(steps)
    steps.close()
    assert token.cancelled


def test_errors_of_long_work_come_through():
    """As they are, in the thread that waits."""
    with pytest.raises(ZeroDivisionError):
        list(in_steps(lambda report: 1 / 0, CancelToken(), 1.0))


def test_several_photos(work, tmp_path, astronaut):
    """One that fails says why, the others go on; strokes of one photo are not for another."""
    sources = [tmp_path / name for name in ("me.jpg", "broken.jpg", "wall.png", "again/me.jpg")]
    sources[3].parent.mkdir()
    for path in (sources[0], sources[3]):
        astronaut.photo.image.save(path)
    sources[1].write_bytes(b"\xff\xd8\xff no photo")
    Image.new("RGB", (300, 300), "grey").save(sources[2])
    brighter(work, 0.5)
    work.paint(work.seen.number, [[0.5, 0.5]], 0.02)
    for path in sources:
        work.add(path)
    assert [job.state for job in work.jobs] == ["waiting", "failed", "waiting", "waiting"]
    assert [step.done for step in work.make_all("jpg", by_wand=False)] == [0, 1, 2, 3]
    assert [job.state for job in work.jobs] == ["done", "failed", "failed", "done"]
    assert "face" in work.jobs[2].error
    with zipfile.ZipFile(work.batch_file()) as archive:
        names = archive.namelist()
        stack = Stack(**json.loads(archive.read("me-enhanced.stack.json")))
    assert [name for name in names if name.endswith(".jpg")] == ["me-enhanced.jpg", "me-2-enhanced.jpg"]
    assert [step.tool for step in stack.steps] == ["tone"]


def test_several_photos_stopped_half_way(work, tmp_path, astronaut):
    """What was ready can be taken home."""
    for name in ("a", "b"):
        astronaut.photo.image.save(tmp_path / f"{name}.png")
        work.add(tmp_path / f"{name}.png")
    brighter(work)
    for step in work.make_all("jpg", by_wand=False):
        if step.done == 1:
            work.cancel()
    assert [job.state for job in work.jobs] == ["done", "waiting"]
    with zipfile.ZipFile(work.batch_file()) as archive:
        assert len(archive.namelist()) == 2
    work.drop(0)
    assert [job.name for job in work.jobs] == ["b"]


def test_forgetting_lets_go_of_everything(tmp_path, astronaut, home):
    """Nothing keeps the photo, its masks or its pictures in memory."""
    visit = Visit(tmp_path / "visit")
    work = visit.retouch
    work.begin(astronaut)
    brighter(work)
    work.render()
    list(work.make())
    path = work.download("png", False)
    watched = weakref.ref(work.study)
    visit.forget()
    gc.collect()
    assert watched() is None
    assert not path.exists()
    assert work.moment == Moment()
    assert work.portrait is None
