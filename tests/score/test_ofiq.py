"""Measures of ISO/IEC 29794-5: mappings against published results, raw values against examples worked by hand."""

import numpy as np
import pytest

from headshot_core.enhance.view import Study
from headshot_core.face.landmarks import CHIN, Face
from headshot_core.score import ofiq

# Raw value and quality of pictures in the expected results that OFIQ 1.0 publishes with its conformance test.
PUBLISHED = [
    ("BackgroundUniformity", 61.625131, 71),
    ("BackgroundUniformity", 242.789467, 17),
    ("IlluminationUniformity", 0.141003, 56),
    ("IlluminationUniformity", 0.842057, 95),
    ("LuminanceMean", 0.103719, 13),
    ("LuminanceMean", 0.497561, 100),
    ("LuminanceVariance", 0.067912, 58),
    ("LuminanceVariance", 0.01725, 100),
    ("UnderExposurePrevention", 0.351883, 100),
    ("OverExposurePrevention", 0.000065, 99),
    ("DynamicRange", 5.55899, 69),
    ("DynamicRange", 7.609802, 95),
    ("NaturalColour", 3.350172, 83),
    ("NaturalColour", 100.0, 0),
    ("SingleFacePresent", 0.333736, 67),
    ("EyesOpen", 0.023177, 58),
    ("EyesOpen", 0.07022, 99),
    ("MouthClosed", 0.082712, 88),
    ("MouthClosed", 0.001374, 96),
    ("EyesVisible", 0.380124, 62),
    ("MouthOcclusionPrevention", 1.0, 0),
    ("FaceOcclusionPrevention", 0.73643, 26),
    ("InterEyeDistance", 353.583928, 100),
    ("HeadSize", 0.257166, 4),
    ("HeadSize", 0.147008, 0),
    ("LeftwardCropOfTheFaceImage", 2.560953, 100),
    ("RightwardCropOfTheFaceImage", 3.106719, 100),
    ("MarginAboveOfTheFaceImage", 1.548853, 82),
    ("MarginBelowOfTheFaceImage", 1.725211, 32),
    ("HeadPoseYaw", -7.966364, 98),
    ("HeadPosePitch", 16.617661, 92),
    ("HeadPoseRoll", -27.373343, 79),
    ("NoHeadCoverings", 0.301582, 10),
    ("NoHeadCoverings", 0.401441, 4),
]
WORKED = [
    ("HeadSize", 0.45, 100),  # at the target
    ("InterEyeDistance", 70, 50),  # a sigmoid's middle
    ("EyesOpen", 0.02, 50),
    ("MouthClosed", 0.2, 50),
    ("MarginAboveOfTheFaceImage", 1.4, 50),
    ("UnderExposurePrevention", 0.92, 39.84),  # 120 * (0.832 - 0.5)
    ("OverExposurePrevention", 0.04, 20),  # 1 / 0.05
    ("LuminanceVariance", 1 / 60, 100),  # the sine's top
    ("HeadPoseYaw", 45, 50),
    ("HeadPoseRoll", 120, 0),  # never below 0, though the cosine is
    ("NoHeadCoverings", 0, 100),
    ("NoHeadCoverings", 0.99, 0),
]


@pytest.mark.parametrize(("name", "raw", "published"), PUBLISHED)
def test_quality_is_the_published_one(name, raw, published):
    assert round(ofiq.quality(name, raw)) == published


@pytest.mark.parametrize(("name", "raw", "worked"), WORKED)
def test_quality_is_the_one_worked_by_hand(name, raw, worked):
    assert ofiq.quality(name, raw) == pytest.approx(worked, abs=1e-6)


def test_every_measure_has_a_published_example():
    assert {name for name, _, _ in PUBLISHED} == set(ofiq.NAMES)


@pytest.mark.parametrize("name", ofiq.NAMES)
@pytest.mark.parametrize("raw", [0, 0.5, 1, 1000])
def test_quality_stays_in_bounds(name, raw):
    assert 0 <= ofiq.quality(name, raw) <= 100


# Geometry.


def face(**places) -> Face:
    """A face 100 pixels between the eyes, T 110: eyes at (100, 100) and (200, 100), chin at (150, 210)."""
    points = np.tile(np.float32([150, 150, 0]), (478, 1))
    for corners, x in zip(ofiq.EYES, (100, 200), strict=True):
        points[list(corners)] = [[x - 15, 100, 0], [x + 15, 100, 0]]
    points[CHIN] = (150, 210, 0)
    points[10] = (150, 60, 0)
    for index, place in places.items():
        points[int(index[1:])] = (*place, 0)
    return Face(points, {}, 1.0)


def test_geometry_worked_by_hand():
    someone = face()
    assert ofiq.t_metric(someone) == pytest.approx(110)
    assert ofiq.head_size(someone, 440) == pytest.approx(0.25)
    assert ofiq.leftward_crop(someone) == pytest.approx(2.0)
    assert ofiq.rightward_crop(someone, 400) == pytest.approx(3.0)
    assert ofiq.margin_above(someone) == pytest.approx(100 / 110)
    assert ofiq.margin_below(someone, 430) == pytest.approx(3.0)


def test_openings_are_the_widest_of_the_less_open_eye():
    left, right = (
        {f"p{u}": (x, 100 - gap / 2), f"p{v}": (x, 100 + gap / 2)}
        for u, v, x, gap in ((159, 145, 100, 5.5), (386, 374, 200, 11.0))
    )
    mouth = {"p13": (150, 170), "p14": (150, 192)}
    someone = face(**left, **right, **mouth)
    assert ofiq.eyes_open(someone) == pytest.approx(0.05)
    assert ofiq.mouth_closed(someone) == pytest.approx(0.2)


def test_a_second_face_counts_by_its_area(astronaut):
    own = astronaut.face
    half = own.moved(np.array([[0.5, 0, 0], [0, 0.5, 0]]))
    assert ofiq.single_face_present([own]) == 0
    assert ofiq.single_face_present([half, own]) == pytest.approx(0.25, abs=1e-4)


# The aligned face.


@pytest.fixture(scope="module")
def aligned(astronaut):
    window = Study(astronaut).head
    return ofiq.aligned(window.photo, window.face)


def painted(aligned, pixels) -> ofiq.Aligned:
    """The same face with other pixels."""
    full = np.broadcast_to(np.asarray(pixels, np.float32), (ofiq.SIDE, ofiq.SIDE, 3))
    return ofiq.Aligned(np.array(full), aligned.face, aligned.matrix)


def test_the_face_is_aligned_to_the_standards_points(aligned):
    own = [*ofiq.eye_centres(aligned.face), aligned.face.points[ofiq.NOSE_TIP, :2]]
    assert np.linalg.norm(own - ofiq.ANCHORS[:3], axis=1).max() < 15  # the mouth is wide in a smile
    x, y = np.int32(own[2])
    assert aligned.region[y, x] == 1
    assert aligned.region[:200].max() == 0  # the forehead does not belong to it
    assert 0.1 < aligned.region.mean() < 0.3


def test_one_grey_has_that_luminance_and_no_range(aligned):
    grey = painted(aligned, [0.5] * 3)  # 0.2140 in linear light: level 55 of 255
    assert ofiq.luminance_mean(grey) == pytest.approx(55 / 255)
    assert ofiq.luminance_variance(grey) == pytest.approx(0, abs=1e-6)
    assert ofiq.dynamic_range(grey) == 0
    assert ofiq.illumination_uniformity(grey) == pytest.approx(1)
    assert ofiq.under_exposure_prevention(grey) == ofiq.over_exposure_prevention(grey) == 0


def test_two_tones_make_one_bit(aligned):
    x = np.arange(ofiq.SIDE)[None, :, None]
    stripes = painted(aligned, np.where(x % 2, 1.0, 0.0) * np.ones((ofiq.SIDE, 1, 3)))
    assert ofiq.dynamic_range(stripes) == pytest.approx(1, abs=0.01)
    assert ofiq.over_exposure_prevention(stripes) == pytest.approx(0.5, abs=0.02)
    assert ofiq.under_exposure_prevention(stripes) == pytest.approx(0.5, abs=0.02)


def test_light_from_one_side_has_nothing_in_common(aligned):
    x = np.arange(ofiq.SIDE)[None, :, None]
    split = painted(aligned, np.where(x < aligned.face.points[1, 0], 0.2, 0.9) * np.ones((ofiq.SIDE, 1, 3)))
    assert ofiq.illumination_uniformity(split) < 0.1


def test_covered_parts_do_not_count_as_dark(aligned):
    left = np.arange(ofiq.SIDE)[None, :] < 308
    half = painted(aligned, np.where(left[..., None], 0.0, 0.5) * np.ones((ofiq.SIDE, 1, 3)))
    bare = np.uint8(~left) * np.ones((ofiq.SIDE, 1), np.uint8)
    assert ofiq.under_exposure_prevention(half) > 0.3
    assert ofiq.under_exposure_prevention(half, bare) == 0


@pytest.mark.parametrize("skin", [(0.93, 0.78, 0.69), (0.78, 0.57, 0.44), (0.36, 0.24, 0.18)])
def test_light_and_dark_skin_are_natural(aligned, skin):
    assert ofiq.natural_colour(painted(aligned, skin)) == 0


def test_unnatural_colours(aligned):
    assert ofiq.natural_colour(painted(aligned, (0.4, 0.7, 0.4))) == 100  # a* below 0
    assert 3 < ofiq.natural_colour(painted(aligned, (0.95, 0.4, 0.25))) < 100  # too red
    assert ofiq.natural_colour(painted(aligned, (0.6, 0.6, 0.6))) == 0  # black and white cannot be told


def test_background_gradient_worked_by_hand(aligned):
    behind = np.ones((ofiq.SIDE, ofiq.SIDE), bool)
    assert ofiq.background_uniformity(painted(aligned, [0.5] * 3), behind) == 0
    # Luminance rises by one level in 2 pixels of the measured size; Scharr's kernel answers 32 times the slope.
    level = np.arange(ofiq.SIDE) / ofiq.SIDE * 617 * 354 / 492 / 2
    linear = level / 255
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    ramp = painted(aligned, srgb[None, :, None] * np.ones((ofiq.SIDE, 1, 3)))
    assert ofiq.background_uniformity(ramp, behind) == pytest.approx(16, rel=0.05)
    assert ofiq.background_uniformity(ramp, ~behind) == 0


def test_what_lies_over_the_eyes_counts(aligned):
    bare = np.ones((ofiq.SIDE, ofiq.SIDE), np.uint8)
    assert ofiq.eyes_visible(aligned, bare) == 0
    bare[:, :308] = 0
    assert ofiq.eyes_visible(aligned, bare) == pytest.approx(0.5, abs=0.06)
    assert ofiq.covered(aligned.region, bare) == pytest.approx(0.5, abs=0.1)
    assert ofiq.covered(aligned.region, 0 * bare) == 1
