"""Captions say what was measured, in the prompts' words, and never describe the face."""

import re

import numpy as np
import pytest

from headshot_core.enhance.view import Study, Window
from headshot_core.errors import HeadshotError
from headshot_core.face.landmarks import Face
from headshot_core.generate.light import Reading
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.prompt.words import SIZES
from headshot_core.train import captions, crops
from headshot_core.train.dataset import Example
from headshot_core.train.settings import Training

FACIAL = (
    r"\b((blue|green|brown|hazel|grey) eyes|blond\w*|brunette|hair|beard\w*|moustache|freckl\w*|moles?|wrinkl\w*|skin"
    r"|old|young|aged?|years?|beautiful|handsome|pretty|asian|caucasian|african|nose|cheeks?|lips|brows?)\b"
)


@pytest.fixture(scope="module")
def window(astronaut) -> Window:
    cut = crops.cuts(astronaut, 256)["half"]
    return Window(Study(astronaut), cut.matrix, cut.size)


def test_a_caption_names_framing_expression_pose_clothes_background_and_light(window):
    caption, _ = captions.write(captions.see(window, window.photo, 0.37), Training(), "woman")
    assert caption.startswith("photo of ohwx woman, head-and-shoulders portrait, warm, open smile, ")
    assert "head turned slightly" in caption or "head facing the camera" in caption
    assert "wearing coral clothes" in caption or "wearing orange clothes" in caption
    assert "background" in caption
    assert "light" in caption
    assert "glasses" not in caption
    assert not re.search(FACIAL, caption)
    assert len(re.findall(r"\w+|[^\w\s]", caption)) <= 60


def test_the_class_caption_differs_in_the_trigger_alone(window):
    caption, general = captions.write(captions.see(window, window.photo, 0.37), Training(trigger="zyx"), "woman")
    assert "zyx" not in general
    assert general == caption.replace("of zyx woman", "of a woman")


def test_a_trigger_with_the_noun_in_it_is_not_given_another(window):
    seen = captions.Seen("photo", ("close-up portrait",))
    assert captions.write(seen, Training(trigger="ohwx woman"), "woman") == (
        "photo of ohwx woman, close-up portrait",
        "photo of a woman, close-up portrait",
    )


def test_sizes_are_called_as_in_prompts():
    assert [captions.size_word(least) for least, _ in SIZES] == [word for _, word in SIZES]


def with_weights(face: Face, **weights: float) -> Face:
    return Face(face.points, {name: weights.get(name, 0.0) for name in face.expression}, face.score)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}, "warm, open smile"),
        ({"mouthSmileLeft": 0.3, "mouthSmileRight": 0.3}, "gentle smile"),
        ({}, "calm, neutral expression"),
        ({"eyeBlinkLeft": 0.9, "eyeBlinkRight": 0.9}, "calm, neutral expression with closed eyes"),
    ],
)
def test_expressions(astronaut, weights, words):
    assert captions.expression_word(with_weights(astronaut.face, **weights)) == words


def test_the_gaze_is_told_where_it_is_sure(astronaut):
    aside = {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}
    assert captions.gaze_words(with_weights(astronaut.face, **aside)) == "looking to the right"
    assert captions.gaze_words(with_weights(astronaut.face, eyeBlinkLeft=1.0, eyeBlinkRight=1.0)) == ""


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (None, ""),
        (Reading(-40, 40, 0.2), "soft, even light"),
        (Reading(-40, 40, 1.0), "soft key light from the left and above"),
        (Reading(80, 0, 3.0), "key light from the side, right of the face, strong shadows"),
    ],
)
def test_light_in_words(reading, words):
    assert captions.light_words(reading) == words


def test_a_plain_background_is_called_by_its_colour(window):
    blue = np.broadcast_to(np.float32([0.18, 0.38, 0.77]), window.photo.shape)
    pixels = window.photo * window.person[..., None] + blue * (1 - window.person[..., None])
    assert captions.background_words(window, pixels) == "plain blue background"


def test_clothes_are_called_by_their_colour(window):
    below = np.arange(window.shape[0])[:, None, None] > window.face.chin[1]
    green = np.float32([0.25, 0.57, 0.26])
    assert captions.clothes_words(window, np.where(below, green, window.photo)) == "green clothes"


def test_in_black_and_white_no_colours_are_named(astronaut):
    grey = analyse(read_photo(astronaut.photo.image.convert("L").convert("RGB")))
    cut = crops.cuts(grey, 256)["half"]
    window = Window(Study(grey), cut.matrix, cut.size)
    caption, general = captions.write(captions.see(window, window.photo, cut.share), Training(), "woman")
    assert caption.startswith("black and white photo of ohwx woman, ")
    assert "clothes" not in caption
    assert "grey" not in general


# Captions of one's own.


def test_a_caption_of_ones_own_is_put_on_one_line():
    assert captions.checked("  photo of\n OHWX \t outdoors ", "ohwx") == "photo of OHWX outdoors"


@pytest.mark.parametrize("text", ["", " \n", "ohwx " * 100, "photo of a woman", "photo of ohwxes"])
def test_a_caption_that_cannot_serve_is_refused_with_advice(text):
    with pytest.raises(HeadshotError) as error:
        captions.checked(text, "ohwx")
    assert error.value.todo


@pytest.mark.parametrize(
    ("words", "general"),
    [
        ("photo of ohwx woman outdoors", "photo of a woman outdoors"),
        ("the ohwx woman outdoors", "the woman outdoors"),
        ("ohwx outdoors", "a woman outdoors"),
        ("photo of ohwx, smiling", "photo of a woman, smiling"),
    ],
)
def test_words_of_ones_own_lose_the_trigger_and_keep_the_noun(words, general):
    example = Example("a", "a.jpg", "head", (64, 64), "photo of ohwx woman", "photo of a woman")
    changed = captions.with_words(example, words, Training())
    assert (changed.caption, changed.class_caption) == (words, general)
    assert changed.name == "a"
