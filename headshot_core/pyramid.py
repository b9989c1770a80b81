"""Pyramid: a photo and its halves, so that looking at it small costs little and skips no pixels."""

from __future__ import annotations

import cv2
import numpy as np


class Pyramid:
    """Views of a uint8 RGB photo (H, W, 3) at any scale; each half is made once, when first needed."""

    def __init__(self, image: np.ndarray):
        self.image = image
        self._levels = [image]

    def warp(self, matrix: np.ndarray, size: tuple[int, int], border: int = cv2.BORDER_REFLECT_101) -> np.ndarray:
        """The photo through a similarity transform ``matrix`` (2, 3), uint8, for `size` (width, height).

        Averaged where it shrinks, cubic where it grows. Beyond the photo as `border` (OpenCV's border types) says.
        """
        shrink = 1 / scale_of(matrix)
        image, matrix = self._level(shrink, matrix)
        left_over = 1 / scale_of(matrix)
        if left_over > 1.3:
            image, matrix = _shrunk(image, matrix, size, left_over)
        flags = cv2.INTER_CUBIC if shrink < 1.3 else cv2.INTER_LINEAR
        return cv2.warpAffine(image, matrix, size, flags=flags, borderMode=border)

    def within(self, side: int) -> tuple[np.ndarray, float]:
        """The photo with its long side at most `side` pixels, and the scale that took it there."""
        height, width = self.image.shape[:2]
        scale = min(1.0, side / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image, _ = self._level(1 / scale, np.eye(3)[:2])
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale

    def _level(self, shrink: float, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The smallest level that is no smaller than the photo shrunk so, and the transform from there."""
        depth = int(np.clip(np.floor(np.log2(max(shrink, 1.0))), 0, 6))
        while len(self._levels) <= depth:
            last = self._levels[-1]
            even = last[: last.shape[0] // 2 * 2, : last.shape[1] // 2 * 2]
            self._levels.append(cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
        factor = 2.0**depth
        # Pixel centres: photo x = (u + 0.5) * factor - 0.5.
        offset = matrix[:, :2] @ np.full(2, (factor - 1) / 2) + matrix[:, 2]
        return self._levels[depth], np.column_stack([matrix[:, :2] * factor, offset])


def scale_of(matrix: np.ndarray) -> float:
    """Pixels after for one pixel before, of a similarity transform (2, 3)."""
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def _shrunk(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], shrink: float):
    """The part of the image that the view shows, averaged to near the view's resolution, and its transform."""
    width, height = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    back = cv2.invertAffineTransform(matrix)
    there = corners @ back[:, :2].T + back[:, 2]
    margin = 2 * shrink
    limit = image.shape[1] - 2, image.shape[0] - 2
    x0, y0 = np.clip(np.floor(there.min(0) - margin), 0, limit).astype(int)
    x1, y1 = np.clip(np.ceil(there.max(0) + margin), (x0 + 2, y0 + 2), image.shape[1::-1]).astype(int)
    factor = 1.15 / shrink
    target = max(1, round((x1 - x0) * factor)), max(1, round((y1 - y0) * factor))
    part = cv2.resize(image[y0:y1, x0:x1], target, interpolation=cv2.INTER_AREA)
    sx, sy = target[0] / (x1 - x0), target[1] / (y1 - y0)
    offset = matrix[:, :2] @ np.array([x0 + 0.5 / sx - 0.5, y0 + 0.5 / sy - 0.5]) + matrix[:, 2]
    return part, np.column_stack([matrix[:, :2] / (sx, sy), offset])
