"""First stage: where are faces in the photo, large or small? (CenterFace, Xu et al. 2019.)"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core.nets import image_blob, net
from headshot_core.pyramid import Pyramid

SIDES = (640, 1600)
"""Long sides, in pixels, at which the photo is searched: the second only if the first finds nothing."""
SURE = 0.5
OVERLAP = 0.3
STRIDE = 4


@dataclass(frozen=True)
class Detection:
    """A face's place in the photo, in pixels of the photo."""

    box: np.ndarray
    """x0, y0, x1, y1"""
    eyes: np.ndarray
    """(2, 2): the eye on the viewer's left, then the one on the right"""
    score: float


def detect_faces(photo: Pyramid) -> list[Detection]:
    """Faces in a photo, the largest first."""
    for side in SIDES:
        found = _detect_at(photo, side)
        if found or side >= max(photo.image.shape):
            break
    return sorted(found, key=lambda d: -_area(d.box))


def _area(box: np.ndarray) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _detect_at(photo: Pyramid, side: int) -> list[Detection]:
    small, scale = photo.within(side)
    height, width = small.shape[:2]
    padded = cv2.copyMakeBorder(small, 0, -height % 32, 0, -width % 32, cv2.BORDER_CONSTANT)
    heat, sizes, offsets, marks = (output[0] for output in net("centerface")(image_blob(padded)).values())
    return _decode(heat[0], sizes, offsets, marks, scale)


def _decode(heat, sizes, offsets, marks, scale: float) -> list[Detection]:
    rows, columns = np.nonzero(heat > SURE)
    if not len(rows):
        return []
    size = np.exp(sizes[:, rows, columns]) * STRIDE
    corner_y = (rows + offsets[0, rows, columns] + 0.5) * STRIDE - size[0] / 2
    corner_x = (columns + offsets[1, rows, columns] + 0.5) * STRIDE - size[1] / 2
    score = heat[rows, columns]
    boxes = np.stack([corner_x, corner_y, size[1], size[0]], 1)
    kept = np.ravel(cv2.dnn.NMSBoxes(boxes.tolist(), score.tolist(), SURE, OVERLAP)).astype(int)
    found = []
    for i in kept:
        y, x = marks[0::2, rows[i], columns[i]][:2], marks[1::2, rows[i], columns[i]][:2]
        eyes = np.stack([x * size[1, i] + corner_x[i], y * size[0, i] + corner_y[i]], 1)
        left, top, wide, high = boxes[i]
        box = np.array([left, top, left + wide, top + high])
        found.append(Detection(box / scale, eyes / scale, float(score[i])))
    return found
