"""Preparation of the demo's cartoons."""

from __future__ import annotations

import pytest

from headshot_core.micro import demo, readers
from headshot_core.micro.make.text import TRIGGER
from headshot_core.train import cartoons, dataset
from headshot_core.train.dataset import FACE, PERSON
from headshot_core.train.prepare import prepare
from headshot_core.train.settings import Training, settled


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The demo person's pictures, prepared, and the folder that they lie in."""
    folder = tmp_path_factory.mktemp("prepared")
    person = demo.add(tmp_path_factory.mktemp("people"))
    return prepare(person, settled(Training(base="micro"), demo.COUNT), folder), folder


def test_each_photo_is_learnt_from_once_and_some_are_held_out(prepared):
    examples, folder = prepared
    assert len({one.photo for one in examples}) == len({one.name for one in examples}) == len(examples)
    assert 0 < sum(one.held_out for one in examples) < len(examples) / 2
    assert {dataset.picture(folder, one).shape for one in examples} == {(64, 64, 3)}


def test_the_words_say_what_may_change_and_nothing_of_the_person(prepared):
    examples, _ = prepared
    for one in examples:
        assert one.caption.startswith(f"photo of {TRIGGER} person, ")
        assert TRIGGER not in one.class_caption
        assert not any(word in one.caption for word in ("skin", "hair", "bun"))


def test_of_anybody_else_the_looks_are_named_now_and_then(prepared):
    """So that others whose looks are named are drawn as before, too."""
    examples, _ = prepared
    named = [" skin, " in one.class_caption for one in examples]
    assert any(named)
    assert not all(named)


def test_the_head_with_a_bun_counts_most():
    portrait = demo.photos()[0]
    (reading,) = readers.read([portrait.pixels])
    counts = cartoons.weights(reading, 64)
    top, middle = reading.y - 0.75 * reading.head, round(reading.x * 64)
    assert counts[max(0, round(top * 64)), middle] == FACE
    assert counts[-1, middle] == PERSON
