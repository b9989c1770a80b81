"""The score as a whole: five pillars, two profiles, and fixes that raise it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from headshot_core import colour
from headshot_core.enhance.engine import enhance
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tone import Tone, gains
from headshot_core.enhance.view import Study
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_photo, to_bytes
from headshot_core.portrait import analyse
from headshot_core.profile import build
from headshot_core.score.engine import PILLARS, fixed, score


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


@pytest.mark.parametrize("profile", ["headshot", "passport"])
def test_five_pillars_with_measures_that_can_be_read(study, profile):
    """Each says a sentence, knows its cost, and no two of a pillar have one name."""
    seen = score(study, profile=profile)
    assert [pillar.name for pillar in seen.pillars] == [pillar.NAME for pillar in PILLARS]
    assert sum(pillar.weight for pillar in seen.pillars) == pytest.approx(1)
    for pillar in seen.pillars:
        names = [measure.name for measure in pillar.measures]
        assert len(set(names)) == len(names) >= 4
        for measure in pillar.measures:
            assert 0 <= measure.score <= 100
            assert not measure.says[0].islower()
            assert measure.says.endswith(".")


def test_an_unknown_profile_is_refused(study):
    with pytest.raises(HeadshotError, match="headshot, passport"):
        score(study, profile="beauty")


def test_what_is_foretold_is_what_is_made(study):
    """The score of a stack is near that of the finished picture, looked at anew."""
    stack = Stack(steps=[Tone(exposure=-2, temperature=0.5)])
    made = score(Study(analyse(read_photo(_image(study, stack)))))
    foretold = score(study, stack)
    for before, after in zip(foretold.pillars, made.pillars, strict=True):
        assert abs(before.score - after.score) < 10, before.name


def test_fix_all_raises_the_score_and_says_by_what(study):
    """A dark photo with a cast comes back; fixing again changes next to nothing."""
    light = colour.to_linear(study.portrait.pixels.astype(np.float32) / 255) * 0.25 * gains(0.5, 0.0)
    spoilt = Study(analyse(read_photo(Image.fromarray(to_bytes(colour.to_srgb(light))))))
    stack = fixed(spoilt)
    before, after = score(spoilt), score(spoilt, stack)
    lighting = [next(p for p in s.pillars if p.name == "lighting").score for s in (before, after)]
    assert lighting[1] > lighting[0] + 20
    assert after.points > before.points + 5
    assert stack.of(Tone).exposure > 0.5
    assert stack.of(Tone).temperature < -0.1
    assert score(spoilt, fixed(spoilt, stack)).points - after.points < 2


def test_likeness_is_told_where_the_person_is_known(astronaut):
    person = build([astronaut])
    assert score(Study(astronaut.of(person))).likeness == 100
    assert score(Study(astronaut)).likeness is None


def _image(study: Study, stack: Stack) -> Image.Image:
    return Image.fromarray(enhance(study.portrait, stack).picture)
