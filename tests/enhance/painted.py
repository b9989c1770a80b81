"""Portraits changed with a brush: closed eyes, dark glasses, dull eyes, yellow teeth; and with other landmarks."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from PIL import Image

from headshot_core import colour
from headshot_core.enhance.features import INNER_LIPS, LEFT_EYE, RIGHT_EYE, EyePoints, eyes, laid, mouth
from headshot_core.enhance.view import Study
from headshot_core.face.landmarks import Face
from headshot_core.portrait import Portrait, analyse

UNDER = ([33, 7, 163, 144, 145, 153, 154, 155, 133], [263, 249, 390, 373, 374, 380, 381, 382, 362])
"""Lower lids."""


def closed_eyes(portrait: Portrait) -> Portrait:
    """Skin drawn over the eyes and a line of lashes under it, looked at afresh."""
    pixels = portrait.pixels.copy()
    study = Study(portrait)
    for eye in study.once(eyes):
        lid = cv2.dilate((eye.opening > 0.1).astype(np.float32), np.ones((15, 15)))
        place = laid(study.whole(), lid, eye.window) > 0.2
        pixels = cv2.inpaint(pixels, place.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    for line in UNDER:
        points = np.round(portrait.face.points[line, :2] * 16).astype(int)
        cv2.polylines(pixels, [points], False, (60, 40, 30), 1, cv2.LINE_AA, 4)
    return looked_at(portrait, pixels)


def dark_glasses(portrait: Portrait) -> Portrait:
    """Opaque sunglasses, looked at afresh."""
    pixels, unit = portrait.pixels.copy(), portrait.face.inter_eye
    for x, y in portrait.face.eyes:
        axes = round(0.42 * unit), round(0.3 * unit)
        cv2.ellipse(pixels, (round(x), round(y)), axes, 0, 0, 360, (22, 20, 20), -1, cv2.LINE_AA)
    return looked_at(portrait, pixels)


def dull_eyes(portrait: Portrait) -> Portrait:
    """No catchlights: irises in one colour."""
    pixels, study = portrait.pixels.astype(np.float32), Study(portrait)
    for eye in study.once(eyes):
        iris = np.zeros(eye.window.shape, np.float32)
        cv2.circle(iris, tuple(np.round(eye.centre).astype(int)), round(0.95 * eye.radius), 1.0, -1)
        iris *= eye.opening > 0.3
        brown = np.median(eye.window.photo[iris > 0], 0) * 255
        share = laid(study.whole(), cv2.GaussianBlur(iris, (0, 0), 1.0), eye.window)[..., None]
        pixels += share * (brown - pixels)
    return looked_at(portrait, pixels.round().astype(np.uint8))


def yellow_teeth(portrait: Portrait, more: float = 14.0) -> Portrait:
    """Teeth with that much more of CIELAB's b."""
    study = Study(portrait)
    part = study.once(mouth)
    lab = colour.to_lab(portrait.pixels.astype(np.float32) / 255)
    lab[..., 2] += more * laid(study.whole(), part.teeth, part.window)
    return looked_at(portrait, (colour.from_lab(lab) * 255).round().astype(np.uint8))


def looked_at(portrait: Portrait, pixels: np.ndarray) -> Portrait:
    """The same photo with other pixels, uint8 (H, W, 3), analysed."""
    return analyse(replace(portrait.photo, image=Image.fromarray(pixels)))


def with_points(portrait: Portrait, points: np.ndarray, **expression: float) -> Portrait:
    """The same photo with other landmarks and expression weights."""
    face = portrait.face
    return replace(portrait, faces=(Face(points, {**face.expression, **expression}, face.score),), chosen=0)


def lids_together(portrait: Portrait) -> Portrait:
    """Landmarks of closed eyes on the same photo."""
    points = portrait.face.points.copy()
    for eye in (LEFT_EYE, RIGHT_EYE):
        upper, lower = eye.outline[9:], eye.outline[1:8]
        points[upper[::-1]] = points[lower] - (0, 0.5, 0)
    return with_points(portrait, points)


def lips_together(portrait: Portrait) -> Portrait:
    """Landmarks of a closed mouth on the same photo."""
    points = portrait.face.points.copy()
    points[INNER_LIPS[1:10]] = points[INNER_LIPS[:10:-1]]
    return with_points(portrait, points)


def shifted_iris(portrait: Portrait, eye: EyePoints, share: float) -> Portrait:
    """An iris' landmarks moved to the right by a share of its radius."""
    points = portrait.face.points.copy()
    radius = np.linalg.norm(points[eye.ring, :2] - points[eye.iris, :2], axis=1).mean()
    points[[eye.iris, *eye.ring], 0] += share * radius
    return with_points(portrait, points)
