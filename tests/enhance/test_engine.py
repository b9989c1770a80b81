"""The engine and the stack: plain data in, the same picture out, and only the work that is new."""

from __future__ import annotations

import numpy as np
import pytest

from headshot_core.enhance.engine import Desk, enhance, output, tiles
from headshot_core.enhance.skin import Skin
from headshot_core.enhance.stack import TOOLS, Stack
from headshot_core.enhance.tone import Tone
from headshot_core.enhance.view import Study
from headshot_core.errors import Cancelled
from headshot_core.face import identity
from headshot_core.photo import read_provenance
from headshot_core.progress import CancelToken
from headshot_core.provenance import COMPOSITE, ENHANCED


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


def test_an_empty_stack_gives_the_photo(astronaut):
    assert np.array_equal(enhance(astronaut, Stack()).picture, astronaut.pixels)


def test_a_stack_is_plain_data():
    stack = Stack(steps=[{"tool": "tone", "exposure": 0.5}, {"tool": "skin", "strength": 0.3, "on": False}])
    assert Stack.model_validate_json(stack.to_json()) == stack
    assert Stack(**stack.model_dump()) == stack


def test_the_same_stack_gives_the_same_picture(astronaut):
    stack = Stack(steps=[{"tool": "tone", "exposure": 0.3}, {"tool": "skin"}])
    assert np.array_equal(enhance(astronaut, stack).picture, enhance(astronaut, stack).picture)


def test_a_tool_takes_its_usual_place():
    stack = Stack(steps=[{"tool": "sharpen"}]).having(Tone(exposure=1)).having(Skin())
    assert [step.tool for step in stack.steps] == ["tone", "skin", "sharpen"]
    assert [step.tool for step in stack.without("skin").steps] == ["tone", "sharpen"]
    assert stack.having(Tone(exposure=2)).of(Tone).exposure == 2


def test_a_reordered_stack_stays_so():
    stack = Stack(steps=[{"tool": "sharpen"}, {"tool": "tone"}]).having(Tone(exposure=1))
    assert [step.tool for step in stack.steps] == ["sharpen", "tone"]


def test_only_what_changed_is_done_again(study, monkeypatch):
    """Moving a late slider does not run the tools before it again, once that slider has been touched."""
    runs = []
    monkeypatch.setattr(Tone, "apply", lambda self, view: runs.append("tone") or view.pixels * np.float32(0.9))
    monkeypatch.setattr(Skin, "apply", lambda self, view: runs.append("skin") or view.pixels * np.float32(0.8))
    desk, window = Desk(study), study.whole(200)
    for strength in (0.2, 0.3):
        desk.render(window, Stack(steps=[Tone(exposure=1), Skin(strength=strength)]))
    runs.clear()
    fresh = desk.render(window, Stack(steps=[Tone(exposure=1), Skin(strength=0.5)]))
    assert "tone" not in runs
    assert np.array_equal(fresh, Desk(study).render(window, Stack(steps=[Tone(exposure=1), Skin(strength=0.5)])))


def test_cancel_stops_the_work(astronaut):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        enhance(astronaut, Stack(), cancel=token)


def test_tiles_cover_all_once():
    seen = np.zeros((3100, 1700), int)
    for x0, y0, x1, y1 in tiles((1700, 3100)):
        seen[y0:y1, x0:x1] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize("frame", ["portrait", "linkedin", "id"])
def test_a_crop_has_the_photos_own_pixels(study, frame):
    window = output(study, Stack(steps=[{"tool": "crop", "frame": frame}]))
    assert window.scale == pytest.approx(1, abs=0.02)


def test_a_turned_photo_shows_nothing_beyond_its_edges(study):
    for angle in (-12, -3, 5, 12):
        window = output(study, Stack(steps=[{"tool": "crop", "frame": "whole", "angle": angle}]))
        width, height = window.size
        corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]])
        back = np.linalg.inv(np.vstack([window.matrix, [0, 0, 1]]))
        there = corners @ back[:2, :2].T + back[:2, 2]
        assert there.min() > -1
        assert (there.max(0) < np.array(study.size)).all()
        assert window.face.roll - study.face.roll == pytest.approx(angle, abs=0.1)


def test_the_picture_says_how_it_was_made(astronaut, tmp_path):
    for steps, source in (
        ([{"tool": "tone", "exposure": 0.2}], ENHANCED),
        ([{"tool": "background", "kind": "studio_grey"}], COMPOSITE),
    ):
        stack = Stack(steps=steps)
        found = read_provenance(enhance(astronaut, stack).save(tmp_path / "out.png"))
        assert found.source == source
        assert Stack(**found.recipe) == stack


def test_paths_of_the_machine_stay_on_it():
    stack = Stack(steps=[{"tool": "background", "kind": "image", "image": "/home/ada/secret/wall.jpg"}])
    assert "secret" not in stack.public().to_json()


def test_every_tool_by_itself_leaves_the_face_whose_it_is(astronaut):
    """The photo's own face at the gentle defaults; relighting has a guard of its own."""
    if not identity.available():
        pytest.skip("likeness cannot be read on this machine")
    for kind in TOOLS:
        if kind.__name__ != "Upscale":
            assert enhance(astronaut, Stack(steps=[kind()])).distance <= 0.15, kind.__name__
