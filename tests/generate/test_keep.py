"""Keep my face: what is kept, that it stays, and what its seam with a drawing looks like."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image

from headshot_core import colour
from headshot_core.face import regions
from headshot_core.generate import keep
from headshot_core.matte import clean_foreground
from headshot_core.photo import read_photo, to_bytes
from headshot_core.portrait import analyse
from headshot_core.recipe import Light, Recipe
from headshot_core.studio.frame import framed

SIZE = (384, 480)


@pytest.fixture(scope="module")
def kept(astronaut):
    return keep.prepare(astronaut, Recipe(), SIZE)


@cache
def analysed(path):
    return analyse(read_photo(path))


def portrait_of(portraits, name):
    """A real person by their photo's name; the test is skipped where it is not there."""
    path = next((path for path in portraits if path.stem == name), None)
    if path is None:
        pytest.skip(f"no portrait {name}")
    return analysed(path)


def drawings(kept):
    """Pictures that a model might give: anything at all, and the same person in other light."""
    height, width = kept.keep.shape
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    flat = np.full((height, width, 3), (200, 30, 90), np.uint8)
    return noise, flat, tinted(kept, (0.75, 0.68, 0.6))


def tinted(kept, gain):
    """The picture to begin with, as if drawn in other light: uint8."""
    linear = colour.to_linear(np.asarray(kept.image) / np.float32(255))
    return (colour.to_srgb(linear * np.float32(gain)) * 255 + 0.5).astype(np.uint8)


def test_what_is_kept_stays_within_one_step(kept):
    """Whatever is drawn, even noise, the kept pixels are those of the studio portrait."""
    begun, sure = np.asarray(kept.image).astype(int), kept.keep == 1
    assert sure.mean() > 0.1
    for drawn in drawings(kept):
        joined = to_bytes(kept.rejoin(drawn)).astype(int)
        assert np.abs(joined - begun)[sure].max() <= 1


@pytest.mark.parametrize("name", ["a2", "b1"])
def test_what_is_kept_stays_on_real_people_in_new_light(portraits, name):
    """The same on other people, lit anew, where the drawing was enlarged before it is joined."""
    lit = keep.prepare(portrait_of(portraits, name), Recipe(light=Light(pattern="loop")), SIZE)
    large = lit.at((512, 640))
    drawn = np.random.default_rng(2).integers(0, 256, (640, 512, 3), np.uint8)
    difference = to_bytes(lit.rejoin(drawn)).astype(int) - np.asarray(large.image)
    assert np.abs(difference)[large.keep == 1].max() <= 1


def test_the_mask_takes_clothes_and_background_and_spares_the_face(kept):
    """White is drawn: all background, all clothes well below the chin; never an eye, a brow or the mouth."""
    mask = np.asarray(kept.mask)
    assert set(np.unique(mask)) == {0, 255}
    assert kept.mask.size == kept.image.size == SIZE
    face, shape = kept.shot.face, mask.shape
    for part in (regions.EYE_LEFT, regions.EYE_RIGHT, regions.BROW_LEFT, regions.BROW_RIGHT, regions.LIPS):
        assert (mask[regions.polygon(face, part, shape)] == 0).all()
    assert (mask[kept.shot.alpha < 0.02] == 255).all()
    assert (mask[int(face.chin[1] + 0.3 * face.head_height) :] == 255).all()


def test_long_hair_over_clothes_is_kept(portraits):
    """Hair of another colour than the clothes is kept down to its ends, the clothes between it are not."""
    kept = keep.prepare(portrait_of(portraits, "d1_generated"), Recipe(), SIZE)
    face, lightness = kept.shot.face, colour.to_lab(kept.shot.foreground)[..., 0]
    rows = slice(int(face.chin[1] + 0.35 * face.head_height), int(face.chin[1] + 0.7 * face.head_height))
    body = kept.shot.alpha[rows] > 0.95
    dark, bright = body & (lightness[rows] < 25), body & (lightness[rows] > 75)
    assert (kept.keep[rows][dark] > 0.5).mean() > 0.6
    assert (kept.keep[rows][bright] < 0.5).mean() > 0.95


# The seam.


def steps(picture, head):
    """(H, W) CIELAB difference from pixel to pixel, without grain."""
    lab = colour.to_lab(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.006 * head))
    across, down = (cv2.Sobel(lab, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    return np.sqrt((across**2 + down**2).sum(-1))


def places(kept):
    """The seam through the body where the studio portrait shows no edge, and its equally smooth surroundings."""
    head = kept.shot.face.head_height
    body = cv2.erode((kept.shot.alpha > 0.95).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    seam = ((kept.keep > 0.05) & (kept.keep < 0.95)).astype(np.uint8)

    def reach(share):
        return cv2.dilate(seam, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(share * head) + 1,) * 2)) > 0

    near = reach(0.12) & ~reach(0.03) & body
    own = steps(np.asarray(kept.image) / 255, head)
    smooth = own < np.percentile(own[near], 75)
    return (seam > 0) & body & smooth, near


def contrast(picture, kept):
    """How strong the seam is against its surroundings: 90th percentiles of the steps."""
    seam, near = places(kept)
    found = steps(picture, kept.shot.face.head_height)
    return np.percentile(found[seam], 90) / np.percentile(found[near], 90)


def pasted(kept, drawn):
    """The kept head simply laid over the drawing."""
    return np.where(kept.keep[..., None] > 0.5, np.asarray(kept.image), drawn) / 255


@pytest.mark.parametrize("name", ["a1", "a2", "b1", "c1", "f1"])
def test_the_seam_is_no_stronger_than_its_surroundings(portraits, name):
    """A body drawn in other light meets the kept head without a visible line."""
    kept = keep.prepare(portrait_of(portraits, name), Recipe(), SIZE)
    for gain in ((0.8, 0.74, 0.7), (1.2, 1.2, 1.25)):
        assert contrast(kept.rejoin(tinted(kept, gain)), kept) <= 1


@pytest.fixture(scope="module")
def bare_neck(portraits):
    """A person in a T-shirt."""
    return keep.prepare(portrait_of(portraits, "c1"), Recipe(), (640, 800))


def neck_line(picture, kept):
    """The step along the seam through the bare neck against that of the neck itself, medians."""
    seam, _ = places(kept)
    face, found = kept.shot.face, steps(picture, kept.shot.face.head_height)
    x, y, head = *face.chin, face.head_height
    rows, columns = slice(int(y + 0.1 * head), int(y + 0.3 * head)), slice(int(x - 0.15 * head), int(x + 0.15 * head))
    line = seam[rows, columns]
    return np.median(found[rows, columns][line]) / np.median(found[rows, columns][~line])


def test_a_bare_neck_shows_no_line_where_a_paste_does(bare_neck):
    """Through bare skin the step is that of skin: the tone is carried across. The same test fails for a naive paste."""
    kept = bare_neck
    drawn = tinted(kept, (0.75, 0.68, 0.6))
    assert neck_line(kept.rejoin(drawn), kept) < 1.1
    assert neck_line(pasted(kept, drawn), kept) > 2


def test_the_drawing_is_left_alone_away_from_the_seam(bare_neck):
    """The correction fades: the picture's lower part and the background are as drawn, but for grain."""
    kept = bare_neck
    drawn = tinted(kept, (0.75, 0.68, 0.6))
    below = slice(int(kept.shot.face.chin[1] + 0.45 * kept.shot.face.head_height), None)
    soft = cv2.GaussianBlur(kept.rejoin(drawn)[below] - drawn[below] / np.float32(255), (0, 0), 3)
    assert np.abs(soft).max() < 0.02


def test_cloth_at_the_seam_keeps_its_colour(kept):
    """A blue collar right under the jaw takes no tint of the skin, and meets it in a crisp line."""
    drawn = np.full((*kept.keep.shape, 3), (40, 60, 150), np.uint8)
    joined = kept.rejoin(drawn)
    free = kept.keep == 0
    assert (
        np.abs(cv2.GaussianBlur(joined, (0, 0), 2) - drawn / np.float32(255))[
            cv2.erode(free.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
        ].max()
        < 0.03
    )


def test_nothing_of_the_old_background_is_left_in_the_fringe(astronaut):
    """Before bright green, then drawn on grey: the hair's edge holds no green, where a plain paste holds plenty."""
    alpha = astronaut.matte
    photo = np.asarray(astronaut.photo.image).astype(np.float32) / 255
    size = astronaut.photo.width, astronaut.photo.height
    share = cv2.warpAffine(alpha.alpha, alpha.matrix, size, flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR)[..., None]
    own = clean_foreground(photo, share[..., 0], astronaut.face.head_height)
    green = own * share + np.float32([0.1, 0.85, 0.15]) * (1 - share)
    kept = keep.prepare(analyse(read_photo(Image.fromarray(to_bytes(green)))), Recipe(), SIZE)
    face = kept.shot.face
    above = np.arange(SIZE[1])[:, None] < face.eye_centre[1]
    fringe = (kept.keep > 0.05) & (kept.keep < 0.95) & above
    assert fringe.sum() > 200
    grey = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    plain = kept.shot.pixels * kept.keep[..., None] + 0.5 * (1 - kept.keep[..., None])
    tint = [-colour.to_lab(picture.astype(np.float32))[..., 1][fringe] for picture in (kept.rejoin(grey), plain)]
    assert np.percentile(tint[0], 95) < 4
    assert np.percentile(tint[1], 50) > 15


# What is begun with, and what is said.


def test_a_body_cut_by_the_photo_needs_no_other_crop(portraits):
    """Where the photo ends at the shoulders the studio must move the crop; here the rest is drawn."""
    portrait = portrait_of(portraits, "f1")
    kept = keep.prepare(portrait, Recipe(), SIZE)
    studio = framed(portrait, Recipe().frame.model_copy(update={"width": SIZE[0], "height": SIZE[1]}))
    assert kept.shot.face.head_height < 0.9 * studio.face.head_height
    beyond = kept.shot.photographed == 0
    assert beyond.any()
    assert (np.asarray(kept.mask)[beyond] == 255).all()


def test_a_body_lit_from_the_other_side_is_told(portraits):
    """The same body once with its light on the face's side, once against it."""
    kept = keep.prepare(portrait_of(portraits, "b1"), Recipe(), SIZE)
    linear = colour.to_linear(np.asarray(kept.image) / np.float32(255))
    ramp = np.exp(1.2 * np.linspace(-1, 1, SIZE[0], dtype=np.float32))[None, :, None]
    told = [kept.doubts(kept.rejoin(to_bytes(colour.to_srgb(linear * light)))) for light in (ramp[:, ::-1], ramp)]
    assert told == [(), (keep.OTHER_SIDE,)]


def test_equal_wishes_give_equal_pictures(astronaut, kept):
    """Nothing is left to chance."""
    again = keep.prepare(astronaut, Recipe(), SIZE)
    drawn = drawings(kept)[0]
    assert np.array_equal(np.asarray(again.image), np.asarray(kept.image))
    assert np.array_equal(again.rejoin(drawn), kept.rejoin(drawn))
