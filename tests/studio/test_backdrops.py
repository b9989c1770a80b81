"""Rendered backdrops: the same picture from the same seed, at every size, in agreement with the key light."""

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from headshot_core import colour
from headshot_core.errors import HeadshotError
from headshot_core.recipe import Backdrop, Light
from headshot_core.studio.backdrops import BACKDROPS, Stage, get, render

RENDERED = [name for name in BACKDROPS if name not in ("image", "original", "original_blur")]
PLAIN = ("paper", "studio_grey", "gradient", "brand")


def stage(width=256, height=320, azimuth=40.0, seed=0) -> Stage:
    head = (0.5 * width, 0.4 * height, 0.36 * height)
    return Stage(width, height, head, Light(azimuth=azimuth, elevation=25), seed)


@cache
def picture(kind: str, *, width=256, height=320, azimuth=40.0, seed=0, **wishes) -> np.ndarray:
    return render(Backdrop(kind=kind, **wishes), stage(width, height, azimuth, seed))


def luminance(srgb: np.ndarray) -> np.ndarray:
    return colour.luminance(colour.to_linear(srgb))


def test_the_wanted_kinds_are_there():
    """All kinds that recipes may name are registered, each with words and facts for the page and the engine."""
    wanted = (
        "paper studio_grey canvas window office city_evening foliage library brand image stadium court track gym "
        "forest starfield aurora castle lanterns snow confetti christmas_tree fireworks cafe beach_sunset neon "
        "gradient skyline loft concrete original original_blur"
    )
    assert set(wanted.split()) == set(BACKDROPS)
    for kind in BACKDROPS.values():
        assert kind.title
        assert kind.sentence.endswith(".")
        assert 0 <= kind.spill <= 1
        Backdrop(kind=kind.name, colour=kind.colour, accent=kind.accent)


@pytest.mark.parametrize("kind", RENDERED)
def test_same_seed_same_bytes_other_seed_other_picture(kind):
    """A recipe can be repeated to the byte, and its seed matters (plain walls differ too little to show)."""
    first = picture(kind)
    assert first.dtype == np.float32
    assert first.shape == (320, 256, 3)
    assert first.min() >= 0
    assert first.max() <= 1
    assert np.array_equal(first, render(Backdrop(kind=kind), stage()))
    assert not np.array_equal(first, picture(kind, seed=1))


@pytest.mark.parametrize("kind", RENDERED)
def test_same_composition_at_every_size(kind):
    """A thumbnail shows what the large picture shows: shrunk, they are almost equal."""
    large = picture(kind, width=1024, height=1280)
    small = picture(kind, width=256, height=320)
    shrunk = cv2.resize(large, (256, 320), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk - small).mean() < 0.004
    wide = picture(kind, width=320, height=320)
    assert np.abs(wide[:, 32:-32] - small).mean() < 0.02


@pytest.mark.parametrize("kind", RENDERED)
def test_key_light_side(kind):
    """The key's side is the lighter one, and a key from the left gives the mirrored picture."""
    right = [luminance(picture(kind, azimuth=60, seed=seed)) for seed in range(3)]
    assert np.mean(right, axis=0)[:, 128:].mean() > 1.01 * np.mean(right, axis=0)[:, :128].mean()
    left = luminance(picture(kind, azimuth=-60))
    assert np.allclose(left, right[0][:, ::-1], atol=1e-4)


@pytest.mark.parametrize("kind", RENDERED)
def test_brightness_is_monotone_and_about_a_stop(kind):
    """More brightness is never darker anywhere, and about a stop from end to middle where nothing rolls off."""
    steps = [picture(kind, brightness=b) for b in (-1.0, 0.0, 1.0)]
    for darker, lighter in pairwise(steps):
        assert (lighter >= darker - 1e-3).all()
    middle = luminance(steps[1])
    shade = middle <= max(0.3, np.quantile(middle, 0.1))
    stops = np.log2(middle[shade].mean() / luminance(steps[0])[shade].mean())
    assert 0.8 < stops < 1.2


@pytest.mark.parametrize("kind", RENDERED)
def test_colours_are_taken(kind):
    """Main and second colour each change the picture; a red one makes it redder than a blue one."""
    red, blue = (picture(kind, colour=c).mean((0, 1)) for c in ("#c03028", "#2838c0"))
    assert red[0] - red[2] > blue[0] - blue[2] + 0.01
    accent = picture(kind, accent="#30b0ff")
    # A flat brand colour has no second one.
    assert kind in ("paper", "brand") or np.abs(accent - picture(kind)).mean() > 0.002


@pytest.mark.parametrize("kind", PLAIN)
def test_no_banding(kind):
    """Plain walls fall off smoothly: neighbours differ by less than a grey level, and not in steps."""
    wall = picture(kind, width=1024, height=1280)
    for axis in (0, 1):
        steps = np.abs(np.diff(wall, axis=axis))
        assert np.quantile(steps, 0.999) < 1.0 / 255
        assert (steps == 0).mean() < 0.25
    assert len(np.unique(wall[..., 1])) > 20_000


@pytest.mark.parametrize("kind", [k for k in RENDERED if k not in (*PLAIN, "neon")])
def test_blur_takes_detail(kind):
    """A wider aperture leaves less of the detail fine, more of it broad (below the hall's blown-out lamps)."""

    def fineness(blur):
        grey = picture(kind, width=512, height=640, blur=blur).mean(-1)[200:]
        fine, broad = (np.square(grey - cv2.GaussianBlur(grey, (0, 0), sigma)).mean() for sigma in (2, 24))
        return fine / broad

    assert fineness(1.0) < 0.95 * fineness(0.0)


@pytest.mark.parametrize("kind", ["city_evening", "cafe", "lanterns", "christmas_tree", "beach_sunset", "fireworks"])
def test_calm_behind_the_head(kind):
    """Bright lights keep away from the head: the band about it has fewer highlights than a far ring."""
    bands = []
    for seed in range(5):
        light = luminance(picture(kind, width=512, height=512, seed=seed))
        y, x = np.mgrid[0:512, 0:512] / 512.0
        distance = np.hypot((x - 0.5) / 0.85, y - 0.4) / 0.36
        bands.append([np.quantile(light[(distance > a) & (distance < b)], 0.995) for a, b in ((0.5, 0.7), (1.05, 1.3))])
    near, far = np.mean(bands, axis=0)
    assert near < far


@settings(max_examples=15, deadline=None)
@given(
    kind=st.sampled_from(RENDERED),
    width=st.integers(16, 400),
    height=st.integers(16, 400),
    azimuth=st.floats(-180, 180) | st.none(),
    elevation=st.floats(-60, 90) | st.none(),
    head=st.tuples(st.floats(-1, 2), st.floats(-1, 2), st.floats(0.05, 2)),
    blur=st.floats(0, 1),
)
def test_any_stage_gives_a_picture(kind, width, height, azimuth, elevation, head, blur):
    """Any size, light, head and depth of field: right shape, finite, in range."""
    place = (head[0] * width, head[1] * height, head[2] * height)
    light = Light(azimuth=azimuth, elevation=elevation)
    out = render(Backdrop(kind=kind, blur=blur), Stage(width, height, place, light, 1))
    assert out.shape == (height, width, 3)
    assert np.isfinite(out).all()


@pytest.fixture
def own(tmp_path):
    """A wide picture with a red left, green middle and blue right third."""
    pixels = np.zeros((200, 600, 3), np.uint8)
    for third in range(3):
        pixels[:, 200 * third : 200 * third + 200, third] = 200
    path = tmp_path / "größe.png"
    Image.fromarray(pixels).save(path)
    return path


def test_own_picture_is_cropped_to_cover(own):
    """The user's picture fills the frame, keeps its colours, and is not mirrored by a key from the left."""
    out = render(Backdrop(kind="image", image=str(own), blur=0), stage(200, 200, azimuth=-60))
    assert np.abs(out[100, 100] - (0, 200 / 255, 0)).max() < 0.01
    wide = render(Backdrop(kind="image", image=str(own), blur=0), stage(600, 200, azimuth=-60))
    assert wide[100, 20].argmax() == 0
    assert wide[100, 580].argmax() == 2


def test_own_picture_is_blurred_and_read_anew(own):
    """Blur softens the edge between two colours; a file that changed is not served from memory."""
    soft = render(Backdrop(kind="image", image=str(own), blur=1), stage(600, 200))
    assert 0.02 < soft[100, 202, 0] < 0.75
    Image.new("RGB", (300, 300), (10, 20, 250)).save(own)
    assert render(Backdrop(kind="image", image=str(own)), stage())[100, 100].argmax() == 2


@pytest.mark.parametrize("bad", ["none", "missing", "text"])
def test_own_picture_that_cannot_be_used(tmp_path, bad):
    """No picture, a path to nothing, a file that is no picture: a plain message."""
    (tmp_path / "text").write_text("not a picture")
    wish = Backdrop(kind="image", image=None if bad == "none" else str(tmp_path / bad))
    with pytest.raises(HeadshotError) as error:
        render(wish, stage())
    assert error.value.todo


def test_own_background():
    """The photo's own background is kept to the eye, or put out of focus; without a photo there is a plain message."""
    plate = np.zeros((320, 256, 3), np.float32)
    plate[:, 128:] = 0.5
    light = Light(azimuth=-60, elevation=25)
    on_plate = Stage(256, 320, (128, 128, 115), light, 0, plate)
    assert np.abs(colour.to_linear(render(Backdrop(kind="original"), on_plate)) - plate).max() < 1e-3
    soft = render(Backdrop(kind="original_blur", blur=1), on_plate)
    assert 0.05 < soft[160, 124, 0] < 0.6
    with pytest.raises(HeadshotError):
        render(Backdrop(kind="original"), stage())


def test_unknown_kind_names_the_nearest():
    """A typing error is met with the name that was meant."""
    with pytest.raises(HeadshotError, match="studio_grey"):
        get("studio_gray")
