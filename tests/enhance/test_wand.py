"""The wand mends what is wrong and says it, leaves good light alone, and finds next to nothing to do a second time."""

import io
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from painted import looked_at
from PIL import Image

from benchmarks.enhance.blemishes import planted
from headshot_core import colour
from headshot_core.enhance import wand
from headshot_core.enhance.blemishes import Blemishes, healed_spots
from headshot_core.enhance.denoise import Denoise
from headshot_core.enhance.engine import enhance
from headshot_core.enhance.jpeg import Jpeg
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tone import Tone, gains
from headshot_core.enhance.view import Study
from headshot_core.errors import HeadshotError
from headshot_core.face import regions
from headshot_core.photo import read_photo, to_bytes
from headshot_core.portrait import Portrait, analyse
from headshot_core.profile import Profile, build


def light(stops: float = 0.0, temperature: float = 0.0, tint: float = 0.0):
    """A photo taken in other light, or exposed otherwise."""
    factors = 2**stops * gains(temperature, tint)
    return lambda pixels: colour.to_srgb(colour.to_linear(pixels) * factors)


def noisy(pixels: np.ndarray) -> np.ndarray:
    return pixels + np.random.default_rng(0).normal(0, 0.04, pixels.shape).astype(np.float32)


def compressed(pixels: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(to_bytes(pixels)).save(file, "JPEG", quality=12)
    return np.asarray(Image.open(file)).astype(np.float32) / 255


def grey(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(colour.to_srgb(colour.luminance(colour.to_linear(pixels)))[..., None], 3, -1)


SPOILT = {
    "dark": light(-1.5),
    "warm": light(temperature=0.45),
    "cool": light(temperature=-0.45),
    "pink": light(tint=0.35),
    "green": light(tint=-0.35),
    "flat": lambda pixels: 0.25 + 0.5 * pixels,
}
WORDS = {
    "dark": "dark",
    "warm": "yellow cast",
    "cool": "blue cast",
    "pink": "pink cast",
    "green": "green cast",
    "flat": "flat",
    "noisy": "noisy",
    "compressed": "compressed",
}


def lab(picture: np.ndarray) -> np.ndarray:
    """CIELAB of uint8 pixels (H, W, 3)."""
    return colour.to_lab(picture.astype(np.float32) / 255)


class Stroke:
    """A photo, what the wand says to it, and the picture after it."""

    def __init__(self, portrait: Portrait):
        self.portrait = portrait
        self.choice = wand.choose(Study(portrait))
        self.picture = enhance(portrait, self.choice.stack).picture

    @property
    def words(self) -> str:
        return " ".join(self.choice.reasons)


@pytest.fixture(scope="module")
def stroke(astronaut):
    """The wand's stroke on the example as it is, or spoilt by that function."""

    @cache
    def on(spoil=None) -> Stroke:
        if spoil is None:
            return Stroke(astronaut)
        pixels = spoil(astronaut.pixels.astype(np.float32) / 255)
        return Stroke(looked_at(astronaut, to_bytes(np.clip(pixels, 0, 1).astype(np.float32))))

    return on


@pytest.fixture(scope="module")
def face(astronaut) -> np.ndarray:
    """(H, W) bool: the bare face's skin."""
    return regions.bare_face(astronaut.face, astronaut.pixels.shape[:2]) & (Study(astronaut).whole().skin > 0.5)


# Good photos, and spoilt ones.


def test_a_good_photo_keeps_its_light_and_colour(stroke, face):
    good = stroke()
    assert good.choice.stack.of(Tone) is None
    assert "cast" not in good.words
    before, after = lab(good.portrait.pixels), lab(good.picture)
    assert np.linalg.norm(before[face].mean(0) - after[face].mean(0)) < 1
    assert np.linalg.norm(before - after, axis=-1).mean() < 0.5


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_photo_comes_back_most_of_the_way(stroke, face, name):
    goal = lab(stroke().portrait.pixels)[face].mean(0)
    spoilt = stroke(SPOILT[name])
    was, now = (
        np.linalg.norm(lab(picture)[face].mean(0) - goal) for picture in (spoilt.portrait.pixels, spoilt.picture)
    )
    assert was > 8
    assert now < 0.45 * was


@pytest.mark.parametrize("name", WORDS)
def test_the_reasons_name_what_was_wrong(stroke, name):
    words = stroke((SPOILT | {"noisy": noisy, "compressed": compressed})[name]).words
    assert WORDS[name] in words
    assert WORDS[name] not in stroke().words


@pytest.mark.parametrize(("spoil", "tool"), [(noisy, Denoise), (compressed, Jpeg)])
def test_noise_and_blocks_become_less(stroke, spoil, tool):
    good, bad = lab(stroke().portrait.pixels), stroke(spoil)
    assert bad.choice.stack.of(tool) is not None
    assert bad.choice.stack.of(Tone) is None
    was, now = (np.square(lab(picture) - good).sum(-1).mean() for picture in (bad.portrait.pixels, bad.picture))
    assert now < (0.7 if tool is Denoise else 0.97) * was


def test_other_good_photos_keep_their_light(portraits):
    """Over real portraits the face's mean colour moves by little, and mostly not at all."""
    moved = []
    for path in portraits:
        image = read_photo(path).image
        image.thumbnail((600, 600))
        portrait = analyse(read_photo(image))
        tone = wand.choose(Study(portrait)).stack.of(Tone)
        picture = enhance(portrait, Stack(steps=[tone] if tone else [])).picture
        seen = Study(portrait).whole().skin > 0.5
        moved.append(np.linalg.norm(lab(picture)[seen].mean(0) - lab(portrait.pixels)[seen].mean(0)))
    assert np.median(moved) == 0
    assert max(moved) < 5


# The choice.


@pytest.mark.parametrize("name", ["good", "dark", "warm", "compressed"])
def test_a_second_stroke_changes_next_to_nothing(stroke, name):
    first = stroke((SPOILT | {"good": None, "compressed": compressed})[name])
    second = Stroke(looked_at(first.portrait, first.picture))
    assert second.choice.stack.of(Tone) is None
    assert np.linalg.norm(lab(second.picture) - lab(first.picture), axis=-1).mean() < 0.3


@pytest.mark.parametrize(("spoil", "share"), [(light(1.5), 0.7), (noisy, 0.5)], ids=["burnt", "noisy"])
def test_where_one_stroke_is_not_enough_the_second_is_smaller(stroke, spoil, share):
    """Of what is burnt out or drowned in noise a part only is mended at once."""
    first = stroke(spoil)
    second = Stroke(looked_at(first.portrait, first.picture))
    steps = [np.linalg.norm(lab(s.picture) - lab(s.portrait.pixels), axis=-1).mean() for s in (first, second)]
    assert steps[1] < share * steps[0]


def test_strength_scales_every_tool_and_without_it_there_is_none(stroke):
    study = Study(stroke(SPOILT["warm"]).portrait)
    full, half, none = (wand.choose(study, strength) for strength in (1, 0.5, 0))
    assert none.stack == Stack()
    assert [step.tool for step in half.stack.steps] == [step.tool for step in full.stack.steps]
    for one, two in zip(half.stack.steps, full.stack.steps, strict=True):
        assert one.strength == pytest.approx(two.strength / 2)
        assert one == two.model_copy(update={"strength": one.strength})
    assert full.reasons == half.reasons == none.reasons


def test_the_same_photo_gives_the_same_choice(astronaut, stroke):
    assert wand.choose(Study(replace(astronaut))) == stroke().choice


# Words.


@pytest.mark.parametrize(("number", "words"), [(1, "1 spot healed"), (12, "12 spots healed")])
def test_spots_are_counted_and_moles_are_not(astronaut, monkeypatch, number, words):
    found = [SimpleNamespace(kind="spot")] * number + [SimpleNamespace(kind="mole")]
    monkeypatch.setattr(wand, "healed_spots", lambda study, settings: found)
    reasons = wand.choose(Study(astronaut)).reasons
    assert sum(reason.startswith(f"{words};") for reason in reasons) == 1


def test_spots_on_a_face_are_healed(astronaut):
    portrait, _ = planted(astronaut, 1)
    study = Study(portrait)
    choice = wand.choose(study)
    number = sum(spot.kind == "spot" for spot in healed_spots(study, Blemishes()))
    assert number > 3
    assert choice.stack.of(Blemishes) == Blemishes()
    assert any(reason.startswith(f"{number} spots") for reason in choice.reasons)


def test_without_spots_none_is_named(stroke):
    assert stroke().choice.stack.of(Blemishes) is None
    assert "spot" not in stroke().words


def test_a_photo_that_needs_nothing_is_told_so(astronaut, monkeypatch):
    monkeypatch.setattr(wand, "_wishes", lambda study: ())
    choice = wand.choose(Study(astronaut))
    assert choice.stack == Stack()
    assert choice.reasons[0] == "This photo needs nothing."


@pytest.mark.parametrize(("turn", "told"), [(0, False), (-6, True), (-20, False)])
def test_a_leaning_head_is_mentioned_but_not_a_pose(astronaut, turn, told):
    image = Image.fromarray(astronaut.pixels).rotate(turn, Image.Resampling.BICUBIC)
    study = Study(analyse(read_photo(image)))
    choice = wand.choose(study)
    leans = [reason for reason in choice.reasons if "leans" in reason]
    assert bool(leans) == told
    assert all(f"{abs(study.face.roll):.0f} degrees" in reason for reason in leans)
    assert "crop" not in [step.tool for step in choice.stack.steps]


def test_a_busy_background_is_mentioned(astronaut, stroke):
    y, x = np.mgrid[:512, :512]
    checks = np.repeat(np.where((x // 12 + y // 12) % 2, 210, 60).astype(np.uint8)[..., None], 3, -1)
    behind = Study(astronaut).whole().person[..., None] < 0.02
    study = Study(looked_at(astronaut, np.where(behind, checks, astronaut.pixels)))
    assert any("busy" in reason for reason in wand.choose(study).reasons)
    assert "busy" not in stroke().words


# Photos out of the ordinary.


def test_black_and_white_stays_so(stroke):
    """There is no cast to take out, no yellow teeth to pale: the picture is as colourless as the photo."""
    plain = stroke(grey)
    assert "cast" not in plain.words
    assert np.abs(lab(plain.picture)[..., 1:]).max() < 3


def clipped(pixels: np.ndarray) -> np.ndarray:
    """Red light, and far too much of it."""
    return colour.to_srgb(colour.to_linear(pixels) * np.float32([3, 1, 0.5]))


def tiny(pixels: np.ndarray) -> np.ndarray:
    """A face a few pixels wide."""
    return cv2.resize(pixels[:330, 60:390], (110, 110), interpolation=cv2.INTER_AREA)


def corner(pixels: np.ndarray) -> np.ndarray:
    """A face in the photo's corner."""
    return pixels[45:345, 182:482]


ODD = {
    "tiny": tiny,
    "corner": corner,
    "red clipped": clipped,
    "black": light(-5),
    "burnt out": light(4),
    "fog": lambda pixels: 0.45 + 0.05 * pixels,
}


@pytest.mark.parametrize("spoil", ODD.values(), ids=ODD)
def test_photos_out_of_the_ordinary(astronaut, spoil):
    """Settings within every slider's bounds and a picture that shows what the photo does, or a sentence."""
    pixels = spoil(astronaut.pixels.astype(np.float32) / 255)
    try:
        stroke = Stroke(looked_at(astronaut, to_bytes(pixels)))
    except HeadshotError as error:
        assert error.todo
        return
    for step in stroke.choice.stack.steps:
        assert type(step).model_validate(step.model_dump(), strict=True) == step
        assert all(np.isfinite(value) for value in step.model_dump().values() if isinstance(value, float))
    was, now = (picture.astype(float) for picture in (stroke.portrait.pixels, stroke.picture))
    assert now.std() > 0.7 * was.std()
    assert np.corrcoef(was.mean(-1).ravel(), now.mean(-1).ravel())[0, 1] > 0.9


# A person who is known.


@pytest.fixture(scope="module")
def person(astronaut) -> Profile:
    """The example's person as known from other photos: lighter, darker, warmer and colder ones."""
    spoilt = [light(0.3, 0.1), light(-0.3, -0.1), light(0, -0.05)]
    pixels = astronaut.pixels.astype(np.float32) / 255
    return build(looked_at(astronaut, to_bytes(spoil(pixels))) for spoil in spoilt)


@pytest.mark.parametrize("temperature", [0.4, -0.4])
def test_skin_returns_nearer_to_the_person_s_own_tone(astronaut, stroke, face, person, temperature):
    goal = lab(astronaut.pixels)[face].mean(0)
    unknown = stroke(light(temperature=temperature))
    known = Stroke(unknown.portrait.of(person))
    off = [np.linalg.norm((lab(one.picture)[face].mean(0) - goal)[1:]) for one in (unknown, known)]
    assert off[1] < 2.5
    assert off[1] < off[0]
    assert "own tone" in known.words
    assert "own tone" not in unknown.words


def test_a_good_photo_of_a_known_person_keeps_its_colour(astronaut, person):
    assert Stroke(astronaut.of(person)).choice.stack.of(Tone) is None


def test_a_person_without_a_tone_changes_nothing(astronaut, stroke, person):
    spoilt = stroke(SPOILT["cool"])
    nameless = Stroke(spoilt.portrait.of(replace(person, tone=None, marks=())))
    assert nameless.choice == spoilt.choice
    assert np.array_equal(nameless.picture, spoilt.picture)
