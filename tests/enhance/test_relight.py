"""Relight: the side with the lamp becomes brighter, on the person alone, without a seam; the face stays theirs."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageOps

from headshot_core import colour
from headshot_core.enhance.engine import Desk, enhance
from headshot_core.enhance.relight import Relight
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study
from headshot_core.face import identity, regions
from headshot_core.portrait import analyse


def done(study: Study, **settings) -> tuple[np.ndarray, np.ndarray]:
    """The photo before and after, linear light (H, W, 3)."""
    window = study.whole()
    after = Desk(study).render(window, Stack(steps=[Relight(**{"strength": 1, **settings})]))
    return colour.to_linear(window.photo), colour.to_linear(after)


def cheeks(study: Study, **settings) -> tuple[float, float]:
    """By how many stops the viewer's left and right cheek become brighter."""
    before, after = (colour.luminance(pixels) for pixels in done(study, **settings))
    shape = study.whole().shape
    places = [regions.polygon(study.face, outline, shape) for outline in (regions.CHEEK_LEFT, regions.CHEEK_RIGHT)]
    return tuple(float(np.log2(after[place].mean() / before[place].mean())) for place in places)


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    return Study(astronaut)


@pytest.mark.parametrize("pattern", ["loop", "split"])
def test_the_cheek_on_the_lamps_side_becomes_brighter(study, pattern):
    left, right = cheeks(study, pattern=pattern, side="left")
    assert left > right + 0.15
    left, right = cheeks(study, pattern=pattern, side="right")
    assert right > left + 0.15


def test_a_mirrored_photo_is_lit_as_in_a_mirror(study, astronaut_photo):
    flipped = Study(analyse(replace(astronaut_photo, image=ImageOps.mirror(astronaut_photo.image))))
    (_, there), (_, mirrored) = done(study, side="left"), done(flipped, side="right")
    skin = study.whole().skin > 0.5
    difference = np.abs(colour.to_srgb(there) - colour.to_srgb(mirrored)[:, ::-1]).max(-1)
    assert difference[skin].mean() < 0.02


def test_the_background_keeps_its_pixels(study):
    window = study.whole()
    outside = window.person == 0
    assert outside.mean() > 0.2
    for pattern in ("split", "rim"):
        after = Desk(study).render(window, Stack(steps=[Relight(strength=1, pattern=pattern)]))
        assert np.abs(after - window.photo)[outside].max() < 1 / 255


def test_the_lamps_colour_falls_on_the_skin(study):
    skin = study.whole().skin > 0.8

    def warmth(kelvin):
        _, after = done(study, temperature=kelvin)
        return np.median(np.log2(after[skin][:, 0] / np.maximum(after[skin][:, 2], 1e-3)))

    warm, daylight, cold = (warmth(kelvin) for kelvin in (3500, 6500, 9500))
    assert warm > daylight + 0.1
    assert daylight > cold + 0.03


@pytest.mark.parametrize(("pattern", "side"), [("split", "left"), ("rembrandt", "right"), ("rim", "auto")])
def test_in_full_the_face_is_still_theirs(astronaut, pattern, side):
    if not identity.available():
        pytest.skip("likeness cannot be read on this machine")
    assert enhance(astronaut, Stack(steps=[Relight(strength=1, pattern=pattern, side=side)])).distance <= 0.25


def by_rows(study: Study) -> np.ndarray:
    """(H,) by how many stops the person changes in each row, all of them in absolute terms."""
    before, after = (colour.luminance(pixels) + 0.01 for pixels in done(study, pattern="split", side="right"))
    person = study.whole().person > 0.99
    return (np.abs(np.log2(after / before)) * person).sum(1) / np.maximum(person.sum(1), 1)


def test_where_the_photo_goes_on_it_fades_out_without_a_seam(study):
    rows = by_rows(study)
    chin, head = round(float(study.face.chin[1])), round(study.face.head_height)
    assert rows[chin - head // 2 : chin].mean() > 0.2
    assert rows[-20:].max() < 0.01
    assert np.abs(np.diff(rows[chin + head // 4 :])).max() < 0.05


def test_on_a_bust_it_reaches_the_photos_edge(study, astronaut_photo):
    below = round(float(study.face.chin[1]) + study.face.head_height)
    bust = replace(astronaut_photo, image=astronaut_photo.image.crop((0, 0, 512, below)))
    assert by_rows(Study(analyse(bust)))[-20:].mean() > 0.2
