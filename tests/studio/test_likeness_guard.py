"""The guard turns light down for likeness, never up, and gives one answer for one portrait and light."""

import pytest

from headshot_core import assets
from headshot_core.errors import HeadshotError
from headshot_core.face import identity
from headshot_core.recipe import Frame, Light
from headshot_core.studio import likeness_guard
from headshot_core.studio.frame import framed
from headshot_core.studio.light import lamps
from headshot_core.studio.likeness_guard import LIMIT, safe_strength


@pytest.mark.parametrize("pattern", ["flat", "loop", "rembrandt", "split"])
def test_the_light_is_never_turned_up_and_the_limit_is_kept(astronaut, pattern):
    light = Light(pattern=pattern, strength=1.0)
    safe = safe_strength(astronaut, light)
    assert 0.1 < safe <= 1.0
    shot = framed(astronaut, likeness_guard.CROP)
    lights = lamps(light.model_copy(update={"strength": safe}), shot.face.yaw, shot.shading.source.side)
    assert likeness_guard._distance(shot, lights) <= LIMIT * 1.15


def test_strong_patterns_are_softened_more_than_gentle_ones(astronaut):
    split, flat = (safe_strength(astronaut, Light(pattern=name, strength=1.0)) for name in ("split", "flat"))
    assert split < flat


def test_the_photos_own_light_needs_no_guard(astronaut, monkeypatch):
    monkeypatch.setattr(identity, "embed", None)
    assert safe_strength(astronaut, Light(pattern="natural", strength=0.7)) == 0.7


def test_other_frames_do_not_change_the_answer(astronaut):
    light = Light(pattern="short", strength=0.9, softness=0.31)
    first = safe_strength(astronaut, light)
    likeness_guard.forget()
    framed(astronaut, Frame(name="team", height=90))
    assert safe_strength(astronaut, light) == first


def test_without_the_likeness_models_the_light_is_taken_as_asked(astronaut, monkeypatch):
    def missing(name, *_):
        raise HeadshotError("not here", "fetch it")

    identity._models.cache_clear()
    identity.available.cache_clear()
    monkeypatch.setattr(assets, "path", missing)
    assert safe_strength(astronaut, Light(pattern="split", strength=0.93)) == 0.93
    identity.available.cache_clear()
    likeness_guard.forget()
