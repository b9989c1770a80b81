"""Captions name what is there, in words that the tokenizer knows."""

from __future__ import annotations

import re

import numpy as np

from headshot_core.generate import models
from headshot_core.micro import captions
from headshot_core.micro.cartoon import Cartoon, sample
from headshot_core.prompt import write
from headshot_core.recipe import Backdrop, Light, Pose, Recipe, Wishes

ONE = Cartoon("tan", "red", "curly", "hoodie", "yellow", "violet", glasses=True, smile=True, yaw=30, azimuth=-60)


def test_every_trait_is_named():
    said = captions.full(ONE)
    for phrase in (
        "tan skin",
        "curly red hair",
        "glasses",
        "gentle smile",
        "head turned to the right",
        "yellow hoodie",
    ):
        assert phrase in said
    assert "violet backdrop" in said
    assert "from the left" in said


def test_what_is_to_be_left_unsaid_is():
    for trait, word in {"turn": "turned", "light": "key light", "background": "violet", "shirt": "yellow"}.items():
        assert word not in captions.full(ONE, (trait,))
    assert "curly" in captions.full(ONE, ("hair",))
    assert "red" not in captions.full(ONE, ("hair",))
    assert "hair" not in captions.full(ONE, ("hair", "style"))


def test_captions_by_lot_are_true():
    """What a caption says of glasses, sides and colours is so; and no two are alike."""
    rng = np.random.default_rng(0)
    said = []
    for _ in range(300):
        one = sample(rng)
        said.append(captions.caption(one, rng))
        if "glasses" in said[-1]:
            assert ("no glasses" in said[-1]) != one.glasses
        if "turned" in said[-1]:
            assert re.search(r"turned (slightly )?to the right", said[-1]) is None or one.yaw > 0
    assert len(set(said)) > 295


def test_a_trait_is_left_out_now_and_then():
    rng = np.random.default_rng(0)
    named = np.mean(["key light" in captions.caption(ONE, rng) for _ in range(400)])
    assert abs(named - captions.NAMED_SHARE) < 0.06


def test_the_vocabulary_knows_every_word_of_captions_and_of_a_plain_prompt_of_the_app():
    rng = np.random.default_rng(0)
    known = set(captions.vocabulary())
    recipe = Recipe(
        backdrop=Backdrop(kind="paper", colour="#3f9143"),
        light=Light(azimuth=60, elevation=20),
        pose=Pose(name="three-quarter-left"),
        wishes=Wishes(clothing="suit jacket", colour="navy blue", expression="gentle smile"),
    )
    said = [captions.caption(sample(rng), rng) for _ in range(300)]
    said = [re.sub(r"^(\w+ )+?of \w+ (?=person|woman|man|girl|boy)", "", line) for line in said]  # made-up names
    said.append(write(recipe, models.find("micro")).positive)
    unknown = {word for line in said for word in re.findall(r"[a-z]+", line.lower())} - known
    assert not unknown
