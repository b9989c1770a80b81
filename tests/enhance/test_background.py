"""Background: the person keeps their pixels, what is behind becomes quieter, softer or another, and lies still."""

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core import colour, recipe
from headshot_core.enhance.background import Background
from headshot_core.enhance.crop import Crop
from headshot_core.enhance.engine import Desk
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study, Window
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.studio import backdrops


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


def after(window: Window, **settings) -> np.ndarray:
    """The window with another background, sRGB (H, W, 3)."""
    return Desk(window.study).render(window, Stack(steps=[Background(**settings)]))


def detail(pixels: np.ndarray, where: np.ndarray) -> float:
    """Mean step of lightness from pixel to pixel there, coarse enough that grain does not count."""
    light = cv2.GaussianBlur(colour.to_lab(pixels)[..., 0], (0, 0), 2)
    return float(cv2.magnitude(cv2.Sobel(light, -1, 1, 0), cv2.Sobel(light, -1, 0, 1))[where].mean())


def away(window: Window, share: float = 0.3) -> np.ndarray:
    """(H, W) bool: behind the person, and farther from them than a share of the eyes' distance."""
    person = (window.person > 0.002).astype(np.uint8)
    return cv2.distanceTransform(1 - person, cv2.DIST_L2, 3) > share * window.unit


OWN = [{}, {"blur": 1}, {"blur": 0, "tidy": 1}, {"blur": 1, "tidy": 1, "brightness": -1}]


@pytest.mark.parametrize("settings", OWN, ids=str)
def test_the_person_keeps_their_pixels(study, settings):
    window = study.whole()
    inside = window.person == 1
    assert inside.mean() > 0.3
    assert np.abs(after(window, **settings) - window.photo)[inside].max() < 1 / 255


@pytest.mark.parametrize("kind", ["studio_grey", "foliage"])
def test_another_background_lends_the_person_a_little_of_its_colour_and_no_more(study, kind):
    window = study.whole()
    inside = cv2.erode((window.person > 0.99).astype(np.uint8), np.ones((9, 9))) > 0
    before, now = (colour.to_lab(pixels)[inside] for pixels in (window.photo, after(window, kind=kind)))
    assert np.linalg.norm(now - before, axis=-1).mean() < 3


def test_blur_takes_detail_from_the_background_alone(study):
    window = study.whole()
    behind, inside = away(window), window.person == 1
    pictures = [after(window, tidy=0, blur=blur) for blur in (0, 0.25, 0.5, 1)]
    found = [detail(picture, behind) for picture in pictures]
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(detail(window.photo, behind), rel=0.1)
    assert found[3] < 0.6 * found[0]
    inner = cv2.erode(inside.astype(np.uint8), np.ones((15, 15))) > 0
    assert detail(pictures[3], inner) == pytest.approx(detail(window.photo, inner), rel=0.01)


def test_out_of_focus_the_head_does_not_glow_into_the_background(astronaut):
    """On a plain wall the blur changes nothing: no halo of hair and skin round the head."""
    pixels, person = astronaut.pixels.astype(np.float32), Study(astronaut).whole().person[..., None]
    wall = (pixels * person + 128 * (1 - person)).round().astype(np.uint8)
    window = Study(analyse(read_photo(Image.fromarray(wall)))).whole()
    change = cv2.blur(np.abs(after(window, blur=1) - 128 / 255).mean(-1), (5, 5))
    above = round(float(window.face.chin[1]))
    assert change[:above][away(window, 0.1)[:above]].max() < 0.01


def test_tidy_takes_bright_and_coloured_spots_down(astronaut):
    pixels = astronaut.pixels.copy()
    pixels[40:200, 330:500] = 90
    places = [(x, y) for x in (360, 400, 440, 480) for y in (60, 110, 160)]
    for i, place in enumerate(places):
        cv2.circle(pixels, place, 3, [(255, 255, 240), (250, 40, 20)][i % 2], -1, cv2.LINE_AA)
    window = Study(analyse(read_photo(Image.fromarray(pixels)))).whole()
    assert all(away(window)[y, x] for x, y in places)

    def stands_out(tidy):
        lab = colour.to_lab(after(window, blur=0, tidy=tidy))
        return np.array([np.linalg.norm(lab[y, x] - lab[y - 15, x + 15]) for x, y in places])

    none, some, all_ = (stands_out(tidy) for tidy in (0, 0.5, 1))
    assert (all_ < 0.7 * none).all()
    assert (all_ < some).all()
    assert (some < none).all()


def test_brightness_is_a_stop_each_way(study):
    window = study.whole()
    behind = away(window)
    dark, plain, light = (
        colour.luminance(colour.to_linear(after(window, brightness=b)))[behind].mean() for b in (-1, 0, 1)
    )
    assert plain / dark == pytest.approx(2, rel=0.1)
    assert 1.3 < light / plain < 2.1  # what is lighter than white is cut off


@pytest.mark.parametrize("kind", ["gradient", "foliage"])
def test_far_from_the_person_the_backdrop_is_seen(study, kind):
    window = study.whole()
    middle, head = (window.face.crown + window.face.chin) / 2, window.face.head_height
    place = (float(middle[0]), float(middle[1]), head)
    stage = backdrops.Stage(*window.size, place, recipe.Light(), 7, None)
    backdrop = backdrops.render(recipe.Backdrop(kind=kind, blur=0.4), stage)
    behind = away(window)
    shown = after(window, kind=kind, seed=7)
    assert np.abs(cv2.blur(shown - backdrop, (3, 3)))[behind].mean() < 0.01
    assert np.abs(shown - window.photo)[behind].mean() > 0.1


def test_a_backdrop_takes_the_colour_asked_for(study):
    window = study.whole(256)
    lab = colour.to_lab(after(window, kind="paper", colour="#a03030"))[away(window)].mean(0)
    assert lab[1] > 20 > abs(lab[2] - 15)


@pytest.mark.parametrize("image", [None, "no/such/picture.jpg"])
def test_an_own_picture_that_is_not_there_is_said(study, image):
    with pytest.raises(HeadshotError) as error:
        after(study.whole(128), kind="image", image=image)
    assert error.value.todo


def test_an_own_picture_is_put_there(study, tmp_path):
    path = tmp_path / "green.png"
    Image.new("RGB", (300, 200), (30, 140, 60)).save(path)
    window = study.whole(256)
    shown = after(window, kind="image", image=str(path), blur=0)[away(window)]
    assert shown.mean(0) * 255 == pytest.approx((30, 140, 60), abs=4)


@pytest.mark.parametrize("kind", ["own", "studio_grey", "foliage"])
def test_a_crop_shows_the_same_background(study, kind):
    """The backdrop belongs to the photo: cropping does not put it anew."""
    whole, crop = study.whole(), Crop(frame="linkedin").window(study)
    expected, shown = crop.laid_in(after(whole, kind=kind), whole.matrix), after(crop, kind=kind)
    behind = away(crop, 0.05)
    assert behind.mean() > 0.1
    difference = cv2.blur(np.abs(expected - shown), (5, 5))[behind]
    assert difference.mean() < 0.015
    assert np.percentile(difference, 99) < 0.05


# Whole bodies.


@pytest.fixture(scope="module")
def standing(astronaut, model_files) -> tuple[Study, np.ndarray]:
    """A person on a green wall, six heads tall to the photo's lower edge, and their share of each pixel (H, W).

    The example down to the chest, which goes on below, mirrored again and again.
    """
    person = np.dstack([astronaut.pixels, 255 * Study(astronaut).whole().person])[:340]
    body = np.pad(person[240:], ((0, 640), (0, 0), (0, 0)), "symmetric")[100:]
    person = np.pad(np.vstack([person, body]), ((40, 0), (150, 150), (0, 0)))
    share = person[..., 3:] / 255
    pixels = person[..., :3] * share + (1 - share) * (60, 150, 70)
    return Study(analyse(read_photo(Image.fromarray(pixels.round().astype(np.uint8))))), share[..., 0]


def test_below_the_headshot_the_person_is_cut_out_too(standing):
    study, alpha = standing
    found = study.whole().person[-400:]
    assert found[alpha[-400:] > 0.99].mean() > 0.9
    assert found[cv2.dilate(alpha, np.ones((31, 31)))[-400:] < 0.01].mean() < 0.03


def test_no_scraps_of_the_old_background_are_left(standing):
    """Down to the lower edge, nothing of the green wall remains when it is replaced."""
    study, alpha = standing
    lab = colour.to_lab(after(study.whole(), kind="studio_grey"))
    outside = cv2.dilate(alpha, np.ones((31, 31))) < 0.01
    green = (lab[..., 1] < -12) & outside
    assert green[-400:].sum() / outside[-400:].sum() < 0.02
