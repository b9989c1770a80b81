"""What the score looks at: any stack's picture, without making it at full size."""

from __future__ import annotations

import numpy as np
import pytest

from headshot_core.enhance.crop import Crop
from headshot_core.enhance.engine import enhance
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tone import Tone
from headshot_core.enhance.upscale import Upscale
from headshot_core.enhance.view import Study
from headshot_core.score.look import FACE, WHOLE, Look


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


def test_the_photo_as_it_is(study):
    """An empty stack shows the photo, in no more pixels than are needed."""
    look = Look(study)
    assert look.size == study.size
    assert look.scale == 1
    assert np.array_equal(look.whole.pixels, look.whole.window.photo)
    assert max(look.whole.window.size) <= WHOLE
    assert look.face.face.head_height <= FACE + 1
    assert np.allclose(look.full_face.points, study.face.points)


def test_every_view_has_gone_through_the_stack(study):
    stack = Stack(steps=[Tone(exposure=1)])
    before, after = Look(study), Look(study, stack)
    for name in ("head", "face", "whole"):
        assert getattr(after, name).pixels.mean() > getattr(before, name).pixels.mean() + 0.05


def test_crop_and_enlargement_as_the_finished_picture_has_them(study):
    """Size and face agree with the picture that the engine makes."""
    stack = Stack(steps=[Crop(frame="linkedin"), Tone(exposure=0.2)])
    look, made = Look(study, stack), enhance(study.portrait, stack)
    assert look.size == (made.picture.shape[1], made.picture.shape[0])
    assert np.allclose(look.full_face.points, made.face.points, atol=0.01)
    larger = Look(study, stack.having(Upscale(to="2x")))
    assert larger.size[0] > look.size[0]
    assert larger.full_face.inter_eye / look.full_face.inter_eye == pytest.approx(larger.size[0] / look.size[0])
    assert larger.scale == pytest.approx(look.scale * larger.size[0] / look.size[0])
