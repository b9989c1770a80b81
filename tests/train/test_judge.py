"""The judge of checkpoints, on real faces: likeness chooses, copies and leaks lose, the earliest of equals is taken."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core.face import identity
from headshot_core.photo import read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.profile import build
from headshot_core.train.judge import Judge, best
from headshot_core.train.runs import Checkpoint


@pytest.fixture(scope="module")
def face(astronaut) -> np.ndarray:
    """The example's pixels, 512 x 512."""
    return astronaut.pixels


def relit(face: np.ndarray, gamma: float, shift: int = 0) -> np.ndarray:
    """The same person in other light, elsewhere in the picture."""
    moved = np.roll(face, shift, axis=1)
    return ((moved / 255.0) ** gamma * 255).astype(np.uint8)


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (512, 512, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def judge(astronaut) -> Judge:
    """Knows the person; the base model drew noise, as different as can be."""
    begun = tuple(np.full((512, 512, 3), level, np.uint8) for level in (20, 120, 220))
    return Judge(build([astronaut]), (), begun)


@pytest.mark.skipif(not identity.available(), reason="likeness cannot be read on this machine")
def test_samples_of_the_person_have_likeness_and_others_none(judge, face):
    own = judge.judge(10, [relit(face, 0.8), relit(face, 1.2), noise()], 0.95)
    nobody = judge.judge(20, [noise(1), noise(2), noise(3)], 0.95)
    assert own.likeness > 60
    assert own.same == 1
    assert nobody.likeness is None
    assert "No face" in nobody.notes[0]


@pytest.mark.skipif(not identity.available(), reason="likeness cannot be read on this machine")
def test_a_sample_without_a_face_counts_against_it(judge, face):
    half = judge.judge(10, [relit(face, 0.9), noise(1), noise(2), noise()], None)
    assert half.same == pytest.approx(1 / 3)
    whole = judge.judge(10, [relit(face, 0.9), noise()], None)
    assert half.likeness == pytest.approx(whole.likeness / 3)


def test_copies_of_a_photo_of_the_training_cost_points(astronaut, face):
    known = Judge(build([astronaut]), (astronaut,), (noise(1), noise(2), noise(3)))
    plain = Judge(build([astronaut]), (), (noise(1), noise(2), noise(3)))
    drawn = [face, face[:, ::-1].copy(), noise()]
    copied, new = known.judge(10, drawn, 0.95), plain.judge(10, drawn, 0.95)
    assert copied.copies == 2
    assert copied.points < new.points - 20
    assert "almost a photo" in " ".join(copied.notes)


def test_samples_all_alike_and_a_class_prompt_that_changed_are_told(judge, face):
    alike = judge.judge(10, [face, face, judge.begun[-1]], 0.95)
    assert alike.variety < 0.1
    assert alike.drift == 0
    assert "all alike" in " ".join(alike.notes)
    leaked = judge.judge(20, [relit(face, 0.5), relit(face, 2.0), noise()], 0.95)
    assert leaked.drift > 0.35
    assert "Other people" in " ".join(leaked.notes)


def test_pictures_that_broke_are_told_and_do_not_break_the_judge(judge):
    broken = judge.judge(10, [None, None, None], 0.95)
    assert "broke" in broken.notes[0]
    assert broken.likeness is None


def test_without_samples_the_loss_tells():
    plain = Judge(None)
    losses = {10: 0.99, 20: 0.93, 30: 0.91, 40: 0.96}
    found = [plain.judge(step, [], loss) for step, loss in losses.items()]
    assert best(found).step == 30


def test_of_those_as_good_as_the_best_the_earliest_is_taken():
    found = [Checkpoint(step, points=points) for step, points in ((0, 99), (10, 50), (20, 79), (30, 80), (40, 80.5))]
    assert best(found).step == 20


def test_of_equals_those_that_explain_the_photos_held_out_best_are_left():
    """A small model has all points for its loss at once, and has learnt nothing yet."""
    losses = {10: 0.8, 20: 0.6, 30: 0.595, 40: 0.7}
    assert best([Checkpoint(step, points=30, loss=loss) for step, loss in losses.items()]).step == 20


def test_likeness_beyond_that_of_real_photos_earns_nothing(judge):
    from dataclasses import replace

    from headshot_core.train.judge import _points

    real, more = (_points(replace(Checkpoint(1), likeness=value), 4) for value in (75.0, 99.0))
    assert real == more


def test_without_any_points_the_last_is_taken():
    assert best([Checkpoint(0), Checkpoint(5), Checkpoint(9)]).step == 9
    assert best([Checkpoint(0)]) is None
    assert best([]) is None


def test_the_chosen_is_within_three_points_of_the_best():
    rng = np.random.default_rng(0)
    for _ in range(200):
        found = [Checkpoint(step, points=float(points)) for step, points in enumerate(rng.uniform(0, 100, 10), 1)]
        assert best(found).points >= max(one.points for one in found) - 3


def test_a_face_drawn_elsewhere_in_the_picture_is_found(judge, face):
    small = cv2.resize(face, (256, 256))
    picture = np.full((512, 512, 3), 90, np.uint8)
    picture[200:456, 150:406] = small
    assert isinstance(analyse(read_photo(Image.fromarray(picture))), Portrait)
    assert judge.judge(10, [picture, noise()], None).likeness is not None
