"""The safety check: its net is fed as its authors fed it, portraits pass, and without it nothing is shown."""

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core import assets, colour
from headshot_core.errors import HeadshotError
from headshot_core.face import regions
from headshot_core.generate import safety
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse


@pytest.fixture(scope="module", autouse=True)
def model(model_files):
    safety.ready()


def test_the_net_is_fed_as_yahoos_own_code_feeds_it():
    """classify_nsfw.py: squeezed to 256 x 256, the middle 224, blue first, less the training set's mean."""
    picture = np.zeros((300, 600, 3), np.uint8)
    picture[..., 0], picture[..., 2] = 200, 50
    blob = safety._blob(picture)
    assert blob.shape == (1, 224, 224, 3)
    np.testing.assert_allclose(blob[0].mean((0, 1)), [50 - 104, 0 - 117, 200 - 123], atol=2)


def test_the_whole_picture_is_squeezed_not_cropped():
    """What lies at the sides of a wide picture is seen as well."""
    picture = np.zeros((256, 1024, 3), np.uint8)
    picture[:, 80:160] = 255
    assert safety._blob(picture)[0, :, :24].mean() > 20


def test_a_known_score(astronaut_photo):
    """The number that the net's own package gives for the example portrait (ONNX Runtime: 0.0332)."""
    assert safety.score(np.asarray(astronaut_photo.image)) == pytest.approx(0.0332, abs=0.004)


def test_portraits_pass(portraits):
    """Bare shoulders and a face that fills the picture are no nudity."""
    for path in portraits:
        image = read_photo(path).image
        image.thumbnail((800, 800))
        whole = safety.check(np.asarray(image))
        assert whole.allowed, path.name
        assert not whole.says


def test_faces_that_fill_the_picture_pass(astronaut):
    x0, y0, x1, y1 = (round(value) for value in astronaut.face.box)
    assert safety.check(astronaut.pixels[y0:y1, x0:x1]).score < safety.LIMIT / 2


def test_a_bare_body_is_withheld(portraits):
    """A man whose clothes are painted over in the colour of his skin, down to the hips."""
    image = read_photo(next(path for path in portraits if path.stem == "a2")).image
    image.thumbnail((1024, 1024))
    verdict = safety.check(_undressed(analyse(read_photo(image))))
    assert not verdict.allowed
    assert "withheld" in verdict.says


def _undressed(portrait):
    pixels = portrait.pixels.astype(np.float32) / 255
    skin = regions.skin(pixels, portrait.face)
    alpha = portrait.matte.in_frame(pixels, np.array([[1, 0, 0], [0, 1, 0.0]]))
    clothes = (alpha > 0.5) & (skin < 0.8) & (np.mgrid[: len(pixels), : pixels.shape[1]][0] > portrait.face.chin[1])
    lab = colour.to_lab(pixels)
    light = cv2.GaussianBlur(lab[..., 0], (0, 0), 0.15 * portrait.face.inter_eye)
    tone = np.median(lab[skin > 0.8], 0)
    bare = np.dstack(
        [tone[0] + 0.35 * (light - np.median(light[clothes])), *(np.full_like(light, t) for t in tone[1:])]
    )
    share = cv2.GaussianBlur(clothes.astype(np.float32), (0, 0), 2)[..., None]
    return np.round(colour.from_lab(lab * (1 - share) + bare * share) * 255).astype(np.uint8)


def test_the_limit():
    assert safety.Verdict(safety.LIMIT - 0.01).allowed
    assert not safety.Verdict(safety.LIMIT).allowed


def test_only_the_own_machine_may_switch_it_off(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert safety.may_switch_off()
    monkeypatch.setenv("SPACE_ID", "somebody/headshots")
    assert not safety.may_switch_off()


def test_without_the_model_file_nothing_is_shown(monkeypatch, tmp_path):
    """Not even where the net is in memory still: a clear error instead of a picture that nobody looked at."""
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path))
    monkeypatch.setenv("HEADSHOT_OFFLINE", "1")
    with pytest.raises(HeadshotError, match="withheld.*open_nsfw.onnx") as error:
        safety.check(np.zeros((64, 64, 3), np.uint8))
    assert error.value.todo


def test_the_picture_is_left_as_it_is():
    picture = np.asarray(Image.new("RGB", (70, 90), "tan"))
    before = picture.copy()
    safety.score(picture)
    assert (picture == before).all()


def test_the_asset_is_listed():
    assert assets.find(*assets.SAFETY).licence == "BSD-2-Clause"
