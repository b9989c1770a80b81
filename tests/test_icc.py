"""Matrix profiles: the fast way agrees with Little CMS, and steps back where it does not know."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from bad_inputs import ADOBE_RGB, DISPLAY_P3, GAMMA_2_2, portrait, rgb_profile
from PIL import Image, ImageCms

from headshot_core import icc

P3 = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]


def parametric(form: int, *values: float) -> bytes:
    """A 'para' tag."""
    return b"para\0\0\0\0" + struct.pack(f">HH{len(values)}i", form, 0, *(round(value * 65536) for value in values))


CURVES = {
    "gamma": GAMMA_2_2,
    "linear": b"curv\0\0\0\0\0\0\0\0",
    "table": b"curv\0\0\0\0" + struct.pack(">I1024H", 1024, *(round(65535 * (i / 1023) ** 1.8) for i in range(1024))),
    "parametric gamma": parametric(0, 2.4),
    "parametric sRGB": parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),  # as Apple writes Display P3
}


def by_little_cms(image: Image.Image, profile: bytes) -> np.ndarray:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return np.asarray(ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB")), np.int16)


@pytest.mark.parametrize("curve", CURVES)
def test_agrees_with_little_cms(curve):
    """Every kind of curve gives Little CMS's value, or the next, on a real picture."""
    profile = rgb_profile(curve, P3, CURVES[curve])
    converted = np.asarray(icc.parse(profile).convert(portrait()), np.int16)
    difference = np.abs(converted - by_little_cms(portrait(), profile))
    assert difference.mean() < 0.1
    assert np.percentile(difference, 99.9) <= 1


def test_neutral_stays_neutral():
    """Greys of any matrix space are greys in sRGB, to one step."""
    grey = Image.fromarray(np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2).repeat(64, 0))
    for profile in (DISPLAY_P3, ADOBE_RGB):
        assert np.ptp(np.asarray(icc.parse(profile).convert(grey), np.int16), axis=-1).max() <= 1


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"x" * 5000,
        DISPLAY_P3[:300],
        DISPLAY_P3.replace(b"RGB XYZ ", b"RGB Lab "),
        DISPLAY_P3.replace(b"rTRC", b"A2B0"),
        rgb_profile("other formula", P3, parametric(1, 2.2, 1, 0)),
        rgb_profile("short table", P3, b"curv\0\0\0\0" + struct.pack(">I", 60_000)),
    ],
    ids=["empty", "noise", "cut", "Lab", "table", "formula", "short"],
)
def test_other_profiles_are_left_alone(profile):
    """What is damaged or of another kind is not guessed at."""
    assert icc.parse(profile) is None
