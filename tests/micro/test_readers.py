"""The readers: every trait of a rendered portrait is read, odd colours too, and people are told apart."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from headshot_core.errors import HeadshotError
from headshot_core.micro import demo, readers
from headshot_core.micro.cartoon import Cartoon, painted, sample
from headshot_core.micro.readers import ceiling, fitted, likeness, mean, read
from headshot_core.micro.render import render
from headshot_core.profile import ALIKE

IDENTITY = ("skin", "hair", "style", "mark")


@pytest.fixture(scope="module")
def cartoons() -> list[Cartoon]:
    """Named traits, half of them with the mark; none was learnt from."""
    rng = np.random.default_rng(1234)
    return [sample(rng, mark=bool(i % 2)) for i in range(200)]


@pytest.fixture(scope="module")
def pictures(cartoons) -> np.ndarray:
    return np.stack([render(one) for one in cartoons])


def test_traits_are_read_off_fresh_pictures(pictures, cartoons):
    found = ceiling(pictures, cartoons)
    for name in ("background", "shirt", "outfit", "hair", "skin", "glasses", "smile", "light", "turn"):
        assert found[name] >= 0.95, name
    assert found["yaw"] < 5
    assert found["direction"] < 12


def test_style_and_mark_are_read_where_they_are_seen(pictures, cartoons):
    """A bun may lie beyond the picture's edge, and a head turned to the left hides the mark."""
    readings = list(zip(read(pictures), cartoons, strict=True))
    small = [reading.style == one.style for reading, one in readings if one.head < 0.54]
    near = [reading.mark == one.mark for reading, one in readings if one.yaw > -30]
    assert np.mean(small) >= 0.97
    assert np.mean(near) >= 0.97


def test_blurred_and_tinted_pictures_are_read_as_well(pictures, cartoons):
    rough = np.stack([cv2.GaussianBlur(picture, (0, 0), 0.7) for picture in pictures[:100]])
    rough = np.clip(rough * [1.03, 1.0, 0.97] + 4, 0, 255).astype(np.uint8)
    found = ceiling(rough, cartoons[:100])
    for name in ("background", "shirt", "hair", "light", "turn"):
        assert found[name] >= 0.93, name


def test_colours_without_a_name_are_read_as_they_are():
    rng = np.random.default_rng(5)
    shown = [painted(rng) for _ in range(60)]
    off = [
        np.abs(np.array(reading.paints[part]) - one.paint_of(part)).mean()
        for reading, one in zip(read([render(one) for one in shown]), shown, strict=True)
        for part in readers.PAINTS
    ]
    assert np.median(off) < 0.04


def test_the_place_of_the_head_is_read(pictures, cartoons):
    readings = read(pictures)
    for name, least in (("x", 0.02), ("y", 0.02), ("head", 0.03)):
        off = [
            abs(getattr(reading, name) - getattr(one, name)) for reading, one in zip(readings, cartoons, strict=True)
        ]
        assert np.mean(off) < least, name


def test_a_picture_of_another_size_or_shape_is_read_alike(cartoons):
    one = cartoons[0]
    small, large = render(one), render(one, 256)
    tall = small[:, 8:-8]
    assert fitted(tall).shape == fitted(large).shape == (64, 64, 3)
    readings = read([small, large, tall])
    assert len({(reading.background, reading.hair, reading.style, reading.turn) for reading in readings}) == 1


def test_nothing_is_read_off_no_picture():
    assert read([]) == []


def test_a_missing_file_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(readers, "FILE", tmp_path / "none.safetensors")
    readers._net.cache_clear()
    with pytest.raises(HeadshotError, match="missing or damaged"):
        read([np.zeros((64, 64, 3), np.uint8)])
    readers._net.cache_clear()


def test_one_person_is_known_in_other_light_clothes_and_pose_and_others_are_not():
    rng = np.random.default_rng(77)
    same, other = [], []
    for _ in range(30):
        person = sample(rng, mark=bool(rng.random() < 0.3))
        kept = {name: getattr(person, name) for name in IDENTITY}
        own = read([render(sample(rng, **kept)) for _ in range(5)])
        known = mean(own[:4])
        same.append(likeness(own[4], known))
        others = [sample(rng) for _ in range(4)]
        apart = [one for one in others if any(getattr(one, name) != kept[name] for name in IDENTITY)]
        other += [likeness(reading, known) for reading in read([render(one) for one in apart])]
    assert np.mean(np.array(same) >= ALIKE) >= 0.95
    assert np.mean(np.array(other) >= ALIKE) <= 0.05
    assert np.median(same) > 70


def test_the_demo_person_is_known_by_hair_and_mark():
    photos = demo.photos()
    readings = read([photo.pixels for photo in photos])
    known = mean(readings)
    assert known.mark
    assert known.style == "bun"
    assert np.allclose(known.paints["hair"], photos[0].cartoon.paint_of("hair"), atol=0.08)
    assert sum(likeness(reading, known) >= ALIKE for reading in readings) >= len(readings) - 1
    without = [photo.cartoon.but(mark=False, hair="brown") for photo in photos]
    assert max(likeness(reading, known) for reading in read([render(one) for one in without])) < ALIKE


def test_glasses_and_clothes_do_not_make_another_person():
    person = Cartoon(skin="tan", hair="red", style="curly")
    plain, dressed = read([render(person), render(person.but(glasses=True, outfit="suit jacket", shirt="navy blue"))])
    assert likeness(plain, person) > 70
    assert likeness(dressed, person) > 70


def test_who_is_half_learnt_is_nearer_than_who_is_not_learnt_at_all():
    """By degrees, where the likeness says for both that they are somebody else."""
    person = sample(np.random.default_rng(4), skin="tan", hair="#e0409a", style="bun", mark=True, yaw=10.0)
    stages = [
        person,
        person.but(mark=False),
        person.but(mark=False, hair="#a04060"),
        person.but(mark=False, hair="black", style="short"),
    ]
    near = [readers.nearness(one, person) for one in readers.read([render(stage) for stage in stages])]
    assert near == sorted(near, reverse=True)
    assert near[0] > 85
    assert near[-1] < 50
