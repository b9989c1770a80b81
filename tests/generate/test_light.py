"""Light: the figure's can be read back, the words are true to the sliders, the start carries the direction."""

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core import colour
from headshot_core.generate import figure, light
from headshot_core.generate.figure import Stance
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.recipe import Backdrop, Frame, Generate, Light, Pose, Recipe
from headshot_core.studio import engine
from headshot_core.studio.geometry import Shape
from headshot_core.studio.light import PATTERNS, lamps
from headshot_core.studio.relight import Shading, SourceLight

SIZE = (256, 320)
DIRECTED = ("loop", "rembrandt", "butterfly", "split", "broad", "short")


def of(pattern="rembrandt", pose="straight", **settings) -> Recipe:
    return Recipe(light=Light(pattern=pattern, **settings), pose=Pose(name=pose))


def rendered(azimuth, elevation, fill, yaw=0.0, size=SIZE):
    lights = lamps(Light(pattern="loop", azimuth=azimuth, elevation=elevation, fill=fill, rim=0, strength=1), 0, 1)
    return figure.render(Stance(yaw=yaw, shoulders=yaw / 2), size, Frame(), lights), lights


def read_off(shown) -> light.Reading:
    """What the reader sees where the shape is known exactly."""
    shape = Shape(shown.depth, shown.normal, 1.0)
    shading = Shading(shape, SourceLight(1, np.zeros(3)), shown.alpha, np.zeros_like(shown.alpha))
    return light.read_shading(shading, colour.to_linear(shown.lit / np.float32(255)), shown.face)


# Reading.


@pytest.mark.parametrize("yaw", [-30, -15, 0, 15, 30])
@pytest.mark.parametrize("pattern", DIRECTED)
def test_rendered_light_is_read_back(pattern, yaw):
    known = PATTERNS[pattern]
    for side in (-1, 1):
        shown, lights = rendered(side * known.azimuth, known.elevation, known.fill, yaw)
        reading = read_off(shown)
        assert reading.azimuth == pytest.approx(lights.azimuth, abs=15)
        assert reading.elevation == pytest.approx(lights.elevation, abs=15)
        assert reading.ratio == pytest.approx(np.log2(1 / lights.fill), abs=0.8)


@pytest.mark.parametrize("pattern", DIRECTED)
def test_light_is_read_off_a_picture_as_off_any_photo(model_files, tmp_path, pattern):
    """Face found, shape guessed: sides stay sure to 15 degrees on a head that looks at the camera."""
    known = PATTERNS[pattern]
    shown, lights = rendered(-known.azimuth, known.elevation, known.fill, size=(512, 640))
    Image.fromarray(shown.lit).save(tmp_path / "lit.png")
    reading = light.read(analyse(read_photo(tmp_path / "lit.png")))
    assert reading.azimuth == pytest.approx(lights.azimuth, abs=15)
    assert reading.elevation == pytest.approx(lights.elevation, abs=15)
    assert not reading.even
    assert light.says(lights, reading).endswith("as asked.")


@pytest.mark.parametrize("azimuth", [-60, 60])
def test_light_of_a_relit_photo_is_read(astronaut, tmp_path, monkeypatch, azimuth):
    """A real face in a known light. It reads as weaker from the right: the photo was lit from the left, and what is
    burnt out there cannot be lit anew."""
    monkeypatch.setattr(engine, "safe_strength", lambda portrait, wish: 1.0)
    wish = Light(pattern="rembrandt", azimuth=azimuth, strength=1)
    engine.make(astronaut, Recipe(frame=Frame(width=400, height=500), light=wish)).save(tmp_path / "relit.png")
    reading = light.read(analyse(read_photo(tmp_path / "relit.png")))
    assert light.agrees(lamps(wish, 0, 1), reading)
    assert not light.agrees(lamps(wish.model_copy(update={"azimuth": -azimuth}), 0, 1), reading)


def test_even_light_reads_as_even():
    shown, lights = rendered(0, 15, 0.85)
    reading = read_off(shown)
    assert reading.even
    assert light.says(lights, reading) == "Light: even, as asked."


def test_no_skin_no_reading():
    shown, _ = rendered(40, 30, 0.3)
    hidden = figure.Figure(**{**vars(shown), "alpha": np.zeros_like(shown.alpha)})
    assert read_off(hidden) is None
    assert "too little skin" in light.says(light.lamps_of(of()), None)


@pytest.mark.parametrize(
    ("asked", "came", "said"),
    [
        ((-50, 30), (40, 25), "Light: from the right and above; asked was from the left and above."),
        ((-50, 30), (-70, 10), "Light: from the left and above, as asked."),
        ((0, 40), (60, 30), "Light: from the right and above; asked was from the front and above."),
    ],
)
def test_what_is_said_of_the_light(asked, came, said):
    wanted = lamps(Light(pattern="loop", azimuth=asked[0], elevation=asked[1]), 0, -1)
    assert light.says(wanted, light.Reading(*came, 1.5)) == said


# What the drawing begins with.


@pytest.mark.parametrize("pattern", ["loop", "rembrandt", "split", "short"])
def test_start_is_brighter_on_the_lamps_side(pattern):
    """Also when all but its broadest light and dark is gone, and by more the less fill there is."""
    begun = light.start(of(pattern, azimuth=-60), SIZE)
    face = np.asarray(begun.image.resize(SIZE), np.float32)[90:150, 88:168].mean(-1)
    broad = cv2.resize(face, (2, 1), interpolation=cv2.INTER_AREA)[0]
    stops = np.log2(*colour.to_linear(broad[:1] / 255)) - np.log2(*colour.to_linear(broad[1:] / 255))
    assert stops > 0.25 * np.log2(1 / PATTERNS[pattern].fill)


def test_mirrored_light_mirrors_the_start_and_the_words():
    left, right = (of("rembrandt", azimuth=azimuth) for azimuth in (-52, 52))
    one, other = (np.asarray(light.lit(recipe, SIZE), int) for recipe in (left, right))
    assert np.abs(one - other[:, ::-1]).mean() < 3
    assert np.abs(one - other).mean() > 3 * np.abs(one - other[:, ::-1]).mean()
    assert light.words(left).replace("left", "right") == light.words(right)


def test_start_carries_the_place():
    """The backdrop's colour is there, whatever the person wears; a photo's own background falls back to grey."""
    blue = Recipe(backdrop=Backdrop(kind="studio_grey", colour="#1133aa"), light=Light(pattern="loop"))
    corner = np.asarray(light.lit(blue, SIZE))[:30, :30].reshape(-1, 3).mean(0)
    assert corner[2] > corner[0] + 20
    own = blue.model_copy(update={"backdrop": Backdrop(kind="original")})
    assert np.ptp(np.asarray(light.lit(own, SIZE))[:30, :30].reshape(-1, 3).mean(0)) < 12


def test_start_is_as_strong_as_both_sliders_say():
    recipe = of("loop", strength=0.5).model_copy(update={"generate": Generate(light=0.6)})
    begun = light.start(recipe, (512, 640))
    assert begun.strength == pytest.approx(0.3)
    assert begun.image.size == (512, 640)


@pytest.mark.parametrize(
    "recipe",
    [of("natural"), of("loop", strength=0), of("loop").model_copy(update={"generate": Generate(light=0)})],
)
def test_light_that_is_left_to_the_model_has_no_start(recipe):
    assert light.start(recipe, SIZE) is None


def test_natural_light_with_a_side_has_a_start():
    assert light.start(of("natural", azimuth=-50), SIZE) is not None


def test_short_and_broad_go_by_the_poses_turn():
    """Short light stands on the side that the nose points to."""
    for pose, side in (("three-quarter-left", -1), ("three-quarter-right", 1)):
        assert np.sign(light.lamps_of(of("short", pose)).azimuth) == side
        assert np.sign(light.lamps_of(of("broad", pose)).azimuth) == -side


# Words.


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (
            of("rembrandt", temperature=4000, fill=0.35),
            "Rembrandt lighting, soft key light from the left and above, warm light",
        ),
        (of("natural"), "natural light"),
        (of("loop", strength=0), ""),
        (of("butterfly", softness=0.1), "butterfly lighting, hard key light from the front and above"),
        (
            of("split", azimuth=84, temperature=9500, softness=0.3, rim=0.5, rim_colour="#0060ff"),
            "split lighting, crisp key light from the side, right of the face at eye level, deep dark shadows, "
            "cold blue light, blue rim light on the left edge",
        ),
        (of("rim", azimuth=150), "soft key light from behind on the right and above, bright rim light on both edges"),
    ],
)
def test_words(recipe, words):
    assert light.words(recipe) == words


def test_every_pattern_has_its_name_until_its_lamp_is_moved_away():
    for name in PATTERNS.keys() - {"natural"}:
        assert light.NAMES[name] in light.words(of(name))
        assert light.NAMES[name] not in light.words(of(name, azimuth=-130, elevation=-40))
