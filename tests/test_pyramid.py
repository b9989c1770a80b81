"""A pyramid shows what one careful resize of the photo would show, at any scale."""

import cv2
import numpy as np
import pytest

from headshot_core.pyramid import Pyramid, scale_of


def smooth_photo(height: int = 700, width: int = 900) -> np.ndarray:
    noise = np.random.default_rng(5).random((height // 50, width // 50, 3)).astype(np.float32)
    return (cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 255).astype(np.uint8)


@pytest.mark.parametrize("scale", [0.07, 0.2, 0.31, 0.5, 0.77, 1.0, 1.6])
def test_a_view_lies_where_the_transform_says(scale):
    photo = smooth_photo()
    size = (int(900 * scale) // 2, int(700 * scale) // 2)
    # Pixel centres of a picture scaled about its corner.
    matrix = np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5]])
    view = Pyramid(photo).warp(matrix, size)
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    whole = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=flags)[: size[1], : size[0]]
    assert np.abs(view.astype(int) - whole).mean() < 3


def test_fine_stripes_shrink_to_grey_instead_of_to_other_stripes():
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    for scale in (0.4, 0.21, 0.1):
        view = Pyramid(stripes).warp(np.array([[scale, 0, 0], [0, scale, 0]]), (40, 40))
        assert view[2:-2, 2:-2].std() < 20


def test_within_keeps_the_aspect_and_never_enlarges():
    pyramid = Pyramid(smooth_photo())
    small, scale = pyramid.within(300)
    assert small.shape[:2] == (233, 300)
    assert scale == pytest.approx(1 / 3)
    same, one = pyramid.within(5000)
    assert same.shape == pyramid.image.shape
    assert one == 1


def test_scale_of_a_turned_transform():
    matrix = cv2.getRotationMatrix2D((10, 20), 33, 1.7)
    assert scale_of(matrix) == pytest.approx(1.7)
