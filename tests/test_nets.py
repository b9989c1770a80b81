"""The nets give what their files promise, and MediaPipe's runtime stays out."""

import sys

import numpy as np
import pytest

from headshot_core.nets import image_blob, net

pytestmark = pytest.mark.usefixtures("model_files")


def test_an_image_becomes_a_batch_of_one_with_channels_first():
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    blob = image_blob(image)
    assert blob.shape == (1, 3, 2, 3)
    assert blob[0, 2, 1, 0] == image[1, 0, 2]


@pytest.mark.parametrize(
    ("asset", "member", "shape", "sizes"),
    [
        ("selfie_segmenter", None, (1, 3, 256, 256), {256 * 256}),
        ("face_landmarker", "face_landmarks_detector.tflite", (1, 3, 256, 256), {1434, 1}),
        ("face_landmarker", "face_blendshapes.tflite", (1, 146, 2), {52}),
        ("u2netp", None, (1, 3, 320, 320), {320 * 320}),
    ],
)
def test_every_output_is_there_and_finite(asset, member, shape, sizes):
    outputs = net(asset, member)(np.full(shape, 0.5, np.float32))
    assert sizes <= {o.size for o in outputs.values()}
    assert all(np.isfinite(o).all() for o in outputs.values())


def test_a_net_is_read_once_and_gives_the_same_twice():
    assert net("selfie_segmenter") is net("selfie_segmenter")
    blob = np.random.default_rng(0).random((1, 3, 256, 256), np.float32)
    first, second = (next(iter(net("selfie_segmenter")(blob).values())).copy() for _ in range(2))
    assert np.array_equal(first, second)


def test_mediapipes_runtime_is_not_loaded():
    assert "mediapipe" not in sys.modules
