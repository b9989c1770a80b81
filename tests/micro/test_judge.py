"""Judging cartoons: the person and the wishes decide, in the words and numbers of every other picture."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from headshot_core.files import atomic_write
from headshot_core.generate import light, models, rank
from headshot_core.generate.safety import Verdict
from headshot_core.micro import demo
from headshot_core.micro import judge as cartoons
from headshot_core.micro.cartoon import BACKGROUNDS, LIGHTS, SHIRTS, TURNS, Cartoon, light_of, sample, turn_of
from headshot_core.micro.render import render
from headshot_core.people import About, People, Person
from headshot_core.recipe import Backdrop, Light, Pose, Recipe, Wishes
from headshot_core.train import dataset
from headshot_core.train.dataset import Example
from headshot_core.train.judge import FACES, Eyes, Judge, judge_of
from headshot_core.train.runs import PHOTOS, TRAINING, Run
from headshot_core.train.settings import Training

MICRO = models.find("micro")
IDENTITY = ("skin", "hair", "style", "mark")
EYES = Eyes(
    cartoons.see, cartoons.copied, lambda person, held_out: cartoons.of_person(person), cartoons.Looks.nearness_of
)


def person(folder, kept: dict, rng: np.random.Generator, photos: int = 4, **about) -> Person:
    """Somebody with so many cartoons."""
    added = People(folder).add(About(name=f"Kim {rng.integers(1e9)}", consent=True, **about))
    for number in range(photos):
        buffer = io.BytesIO()
        Image.fromarray(render(sample(rng, glasses=False, **kept))).save(buffer, "PNG")
        added.add_photo(buffer.getvalue(), f"c{number}.png")
    return added


def kept_of(one: Cartoon) -> dict:
    return {name: getattr(one, name) for name in IDENTITY}


def recipe_of(one: Cartoon) -> Recipe:
    """All that can be wished of a portrait."""
    return Recipe(
        backdrop=Backdrop(kind="brand", colour=BACKGROUNDS[one.background]),
        light=Light(pattern="loop", azimuth=one.azimuth, elevation=one.elevation, strength=1.0),
        pose=Pose(yaw=one.yaw),
        wishes=Wishes(
            expression="gentle smile" if one.smile else "serious expression",
            clothing=one.outfit,
            colour=one.shirt,
            text="wearing glasses" if one.glasses else "no glasses",
        ),
    )


def other_than(table, name: str) -> str:
    names = list(table)
    return names[(names.index(name) + 3) % len(names)]


def worse(one: Cartoon, rng: np.random.Generator) -> list[Cartoon]:
    """Four portraits of the person that lack something wished for, and three of others that lack nothing."""
    light = other_than(LIGHTS, light_of(one.azimuth, one.elevation))
    azimuth, elevation = (float(rng.uniform(*span)) for span in LIGHTS[light])
    yaw = float(rng.uniform(*TURNS[other_than(TURNS, turn_of(one.yaw)) if abs(one.yaw) > 20 else "left"]))
    partly = [
        one.but(background=other_than(BACKGROUNDS, one.background), smile=not one.smile),
        one.but(shirt=other_than(SHIRTS, one.shirt), glasses=not one.glasses),
        one.but(azimuth=azimuth, elevation=elevation, smile=not one.smile),
        one.but(yaw=yaw, glasses=not one.glasses),
    ]
    strangers = []
    while len(strangers) < 3:
        stranger = sample(rng)
        if sum(getattr(stranger, name) != getattr(one, name) for name in IDENTITY) >= 2:
            strangers.append(one.but(**kept_of(stranger)))
    return partly + strangers


def test_the_ranking_finds_the_planted_best_of_eight(tmp_path):
    rng = np.random.default_rng(11)
    found = 0
    for trial in range(40):
        wished = sample(rng, mark=bool(trial % 3 == 0))
        whom, recipe = person(tmp_path, kept_of(wished), rng, 3), recipe_of(wished)
        shown = worse(wished, rng)
        place = int(rng.integers(0, 8))
        shown.insert(place, wished)
        judged = [rank.judge(render(one), recipe=recipe, base=MICRO, person=whom) for one in shown]
        found += rank.order(judged)[0] == place
    assert found >= 36


def test_judged_says_what_it_says_of_every_picture(tmp_path):
    rng = np.random.default_rng(2)
    one = Cartoon(skin="tan", hair="red", style="long", azimuth=-60, elevation=15, background="green", yaw=30)
    whom = person(tmp_path, kept_of(one), rng)
    judged = rank.judge(render(one), recipe=recipe_of(one), verdict=Verdict(0.01), base=MICRO, person=whom)
    assert (judged.faces, judged.whole, judged.sound, judged.same) == (1, True, True, True)
    assert judged.likeness >= 60
    assert judged.agreement == 100
    assert judged.points > 80
    assert judged.light == "Light: from the left, as asked."
    assert judged.notes == ()
    assert json.loads(json.dumps(judged.to_dict()))["likeness"] == judged.likeness


def test_a_stranger_in_the_wished_light_is_told(tmp_path):
    rng = np.random.default_rng(3)
    one = Cartoon(skin="pale", hair="black", style="bun", azimuth=-60)
    whom = person(tmp_path, {"skin": "dark", "hair": "white", "style": "short"}, rng)
    judged = rank.judge(render(one), recipe=recipe_of(one), base=MICRO, person=whom)
    assert judged.same is False
    assert "This looks like another person." in judged.notes


def test_each_wish_that_did_not_come_true_costs_agreement():
    one = Cartoon(azimuth=-60, background="yellow", shirt="red", smile=True, yaw=35)
    shown = {
        "background": one.but(background="navy blue"),
        "shirt": one.but(shirt="green"),
        "glasses": one.but(glasses=True),
        "smile": one.but(smile=False),
        "yaw": one.but(yaw=-35),
        "light": one.but(azimuth=60),
    }
    recipe = recipe_of(one)
    assert set(cartoons.agreed(cartoons.see(render(one)).reading, recipe).values()) == {True}
    for name, other in shown.items():
        agreed = cartoons.agreed(cartoons.see(render(other)).reading, recipe)
        assert [wish for wish, kept in agreed.items() if not kept] == [name]


def test_what_was_not_wished_costs_nothing():
    reading = cartoons.see(render(Cartoon(glasses=True, yaw=40))).reading
    free = Recipe(backdrop=Backdrop(kind="office"))
    assert cartoons.agreed(reading, free) == {}
    assert cartoons.agreement(reading, free) is None
    judged = rank.judge(render(Cartoon()), recipe=free, base=MICRO)
    assert (judged.likeness, judged.agreement, judged.points) == (None, None, 0)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("navy suit jacket", "navy blue"),
        ("light grey hoodie", "grey"),
        ("off-white shirt", "white"),
        ("turquoise shirt", None),
        ("", None),
    ],
)
def test_a_colour_is_known_by_any_of_its_names(words, name):
    assert cartoons._named("shirt", words) == name


@pytest.mark.parametrize(
    ("wishes", "worn", "wanted"),
    [
        (Wishes(text="round glasses"), False, True),
        (Wishes(text="no glasses"), True, False),
        (Wishes(avoid="glasses"), True, False),
        (Wishes(), True, True),
        (Wishes(text="sunglasses"), False, None),
        (Wishes(), False, None),
    ],
)
def test_glasses_are_wished_by_words_or_by_the_person(wishes, worn, wanted):
    assert cartoons._glasses(Recipe(wishes=wishes), worn) is wanted


def test_one_photo_tells_whom_it_shows_without_a_person():
    one = Cartoon(skin="brown", hair="blonde", style="curly")
    seen = cartoons.see(render(one))
    near, far = (
        cartoons.see(render(other)) for other in (one.but(yaw=30, shirt="red"), one.but(skin="pale", hair="red"))
    )
    known = cartoons.looks([seen])
    assert known.likeness_of(near) > 60 > 25 > known.likeness_of(far)
    assert cartoons.looks([]) is None


def test_real_faces_are_judged_as_before(astronaut):
    plain, named = (rank.judge(astronaut.pixels, astronaut, base=base) for base in (None, models.find("sd15")))
    assert plain.to_dict() == named.to_dict()
    assert plain.score is not None


def test_light_is_read_as_it_is_off_faces():
    lit = cartoons.lit(cartoons.see(render(Cartoon(azimuth=60, elevation=10))).reading)
    assert isinstance(lit, light.Reading)
    assert not lit.even
    assert lit.azimuth > 35


# The judge of a training.


def test_the_checkpoint_that_draws_the_person_has_more_points():
    rng = np.random.default_rng(5)
    one = Cartoon(skin="tan", hair="#e0409a", style="bun", mark=True)
    photos = [cartoons.see(render(sample(rng, glasses=False, **kept_of(one)))) for _ in range(8)]
    begun = tuple(render(sample(rng)) for _ in range(3))
    judge = Judge(cartoons.looks(photos), tuple(photos), begun, EYES)
    own = judge.judge(10, [*(render(sample(rng, **kept_of(one))) for _ in range(4)), begun[-1]], 0.9)
    half = judge.judge(
        5, [*(render(sample(rng, **kept_of(one.but(hair="brown", mark=False)))) for _ in range(4)), begun[-1]], 0.9
    )
    assert own.same >= 0.75
    assert half.same == 0
    assert own.likeness > half.likeness + 25
    assert own.points > half.points
    assert own.copies == 0


def test_only_a_picture_that_is_nearly_equal_is_a_copy():
    one = Cartoon(skin="tan", hair="#e0409a", style="bun", mark=True)
    photo = cartoons.see(render(one))
    noisy = np.clip(photo.picture + np.random.default_rng(0).normal(0, 2, (64, 64, 3)), 0, 255).astype(np.uint8)
    assert cartoons.copied(cartoons.see(noisy), photo)
    for other in (one.but(x=0.54), one.but(shirt="red"), one.but(yaw=30), one.but(background="grey")):
        assert not cartoons.copied(cartoons.see(render(other)), photo)


def test_a_sample_that_broke_counts_as_nobody():
    photo = cartoons.see(render(Cartoon()))
    broken = Judge(cartoons.looks([photo]), (photo,), (), EYES).judge(1, [None, render(Cartoon()), None], None)
    assert broken.same == 0.5
    assert "broke" in broken.notes[0]


def test_a_run_on_the_demo_is_judged_by_cartoons_and_any_other_by_faces(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path))
    photos = demo.photos()[:4]
    whom = People().add(About(name="Demo", cartoon=True, consent=True))
    for number, photo in enumerate(photos):
        buffer = io.BytesIO()
        Image.fromarray(photo.pixels).save(buffer, "PNG")
        whom.add_photo(buffer.getvalue(), f"c{number}.png")
    run = Run(whom.folder / "training" / "mine")
    examples = [
        Example(path.stem, path.name, "head", (64, 64), "a photo of ohwx", "a photo", held_out=number == 0)
        for number, path in enumerate(whom.photos)
    ]
    for example, photo in zip(examples, photos, strict=True):
        dataset.put(run.folder / PHOTOS, example, photo.pixels, np.full((64, 64), dataset.FACE, np.uint8))
    dataset.write(run.folder / PHOTOS, examples)
    atomic_write(run.folder / TRAINING, Training(base="micro", name="mine").model_dump_json().encode())
    judge = judge_of(run, [])
    assert isinstance(judge.held_out, cartoons.Looks)
    assert len(judge.trained) == 3
    judged = judge.judge(5, [photos[1].pixels, photos[0].pixels, photos[2].pixels], None)
    assert judged.copies == 1  # the photo held out was not learnt from
    assert judged.likeness > 25
    atomic_write(run.folder / TRAINING, Training(base="sd15", name="mine").model_dump_json().encode())
    assert judge_of(run, []).eyes is FACES
