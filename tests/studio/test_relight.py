"""Relighting puts light where the lamp is, keeps the skin's texture, and clips nothing."""

import cv2
import numpy as np
import pytest

from headshot_core import colour
from headshot_core.face.regions import bare_face, cheeks
from headshot_core.recipe import Frame, Light
from headshot_core.studio.frame import framed
from headshot_core.studio.light import PATTERNS, lamps
from headshot_core.studio.relight import gain, read_source, relight, roll_off


@pytest.fixture(scope="module")
def shot(astronaut):
    return framed(astronaut, Frame(width=384, height=480))


def lit(shot, **settings) -> np.ndarray:
    lights = lamps(Light(**{"strength": 1.0, **settings}), shot.face.yaw, shot.shading.source.side)
    return relight(shot.linear, shot.alpha, shot.shading, lights, shot.face.head_height)


def sides(shot, picture) -> tuple[float, float]:
    """Mean luminance of the cheek on the viewer's left and right."""
    region = cheeks(shot.face, shot.alpha.shape)
    left = np.arange(shot.alpha.shape[1])[None] < shot.face.points[1, 0]
    light = colour.luminance(picture)
    return float(light[region & left].mean()), float(light[region & ~left].mean())


def test_the_photos_own_light_is_left_alone_to_the_bit(shot):
    assert lit(shot, pattern="natural") is shot.linear


@pytest.mark.parametrize("azimuth", [-70, -40, 40, 70])
def test_the_cheek_on_the_lamps_side_is_the_brighter(shot, azimuth):
    left, right = sides(shot, lit(shot, pattern="loop", azimuth=azimuth))
    before = np.divide(*sides(shot, shot.linear))
    assert (left / right > before) == (azimuth < 0)
    assert (left > right) == (azimuth < 0)


def test_contrast_grows_with_strength_and_falls_with_fill(shot):
    def contrast(**settings):
        left, right = sides(shot, lit(shot, pattern="split", azimuth=-80, **settings))
        return left / right

    by_strength = [contrast(strength=s) for s in (0.25, 0.5, 0.75, 1.0)]
    by_fill = [contrast(fill=f) for f in (0.1, 0.3, 0.6, 0.9)]
    assert by_strength == sorted(by_strength)
    assert by_fill == sorted(by_fill, reverse=True)


def test_a_high_lamp_shades_under_chin_and_a_low_one_does_not(shot):
    x, y = (shot.face.chin + np.array([0, 0.1 * shot.face.head_height])).round().astype(int)
    throat = (slice(y - 4, y + 5), slice(x - 12, x + 13))

    def brightness(elevation):
        return float(lit(shot, pattern="butterfly", elevation=elevation)[throat].mean())

    assert brightness(60) < 0.8 * brightness(-20)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_nothing_clips_and_nothing_is_negative(shot, pattern):
    picture = lit(shot, pattern=pattern, rim=1.0)
    assert picture.min() >= 0
    assert picture.max() <= 1.001
    skin = shot.skin > 0.9
    clipped = (colour.peak(picture)[skin] > 0.99).mean()
    assert clipped <= (colour.peak(shot.linear)[skin] > 0.99).mean() + 0.003


@pytest.mark.parametrize("pattern", ["loop", "rembrandt", "clamshell"])
def test_the_skin_keeps_its_texture(shot, pattern):
    """Fine detail relative to its surroundings is the same before and after, to a few per cent."""

    def detail(picture):
        light = colour.luminance(picture) + 1e-3
        ratio = np.log(light) - np.log(cv2.GaussianBlur(light, (0, 0), 2))
        return float(ratio[shot.skin > 0.9].std())

    assert detail(lit(shot, pattern=pattern)) == pytest.approx(detail(shot.linear), rel=0.12)


def test_a_warm_lamp_is_warm_and_a_cold_one_cold(shot):
    def warmth(kelvin):
        mean = lit(shot, pattern="loop", temperature=kelvin)[shot.skin > 0.9].mean(0)
        return float(mean[0] / mean[2])

    assert warmth(3000) > warmth(6500) > warmth(10000)


def test_the_rim_brightens_the_edge_and_not_the_face(shot):
    change = colour.luminance(lit(shot, pattern="rim", rim=1.0) - lit(shot, pattern="rim", rim=0.0))
    solid = (shot.alpha > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(solid, 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    edge = (depth > 0) & (depth < 0.04 * shot.face.head_height)
    middle = cheeks(shot.face, shot.alpha.shape)
    assert change[edge].mean() > 8 * abs(change[middle]).mean()


def test_the_side_of_a_photos_light_is_read_back(shot):
    shading, size = shot.shading, shot.shading.skin.shape[::-1]
    face = shot.face.moved(np.array([[shading.shape.scale, 0, 0], [0, shading.shape.scale, 0]]))
    skin = shading.skin * bare_face(face, shading.skin.shape)

    def read(azimuth):
        picture = cv2.resize(lit(shot, pattern="loop", azimuth=azimuth), size, interpolation=cv2.INTER_AREA)
        return read_source(colour.luminance(picture), skin, shading.shape)

    left, middle, right = read(-60), read(0), read(60)
    assert left.azimuth < middle.azimuth - 10 < right.azimuth - 20
    assert (left.side, right.side) == (-1, 1)


def test_highlights_bend_in_order_and_what_was_bright_before_stays():
    before = np.full((1, 50, 3), 0.5, np.float32)
    after = roll_off(np.linspace(0.5, 3, 50, dtype=np.float32)[None, :, None] * np.ones(3, np.float32), before)
    assert (np.diff(after[0, :, 0]) > 0).all()
    assert after.max() < 1
    bright = np.full((4, 4, 3), 0.97, np.float32)
    assert roll_off(bright, bright) == pytest.approx(bright)


def test_light_is_single_precision_throughout(shot):
    """One double among the factors would silently double the time and memory of every picture."""
    lights = lamps(Light(pattern="rim", strength=1), shot.face.yaw, shot.shading.source.side)
    assert [array.dtype for array in gain(shot.shading, lights)] == [np.float32, np.float32]
    assert lit(shot, pattern="rim").dtype == np.float32
