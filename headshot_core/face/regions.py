"""Regions of a face as soft masks, from landmarks and colour."""

from __future__ import annotations

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.face.landmarks import Face

# fmt: off
OVAL = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
    150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109]
EYE_LEFT = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
EYE_RIGHT = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466]
BROW_LEFT = [70, 63, 105, 66, 107, 55, 65, 52, 53, 46]
BROW_RIGHT = [300, 293, 334, 296, 336, 285, 295, 282, 283, 276]
LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]
CHEEK_LEFT = [50, 101, 118, 117, 123, 147, 187, 205, 36]
CHEEK_RIGHT = [280, 330, 347, 346, 352, 376, 411, 425, 266]
# fmt: on
"""Outlines as landmark indices; left and right as the viewer sees them."""


def polygon(face: Face, indices: list[int], shape: tuple[int, int], grow: float = 0.0) -> np.ndarray:
    """(H, W) bool: the region inside an outline, grown by a share of the inter-eye distance."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(face.points[indices, :2]).astype(np.int32)], 255)
    radius = round(grow * face.inter_eye)
    if radius > 0:
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2))
    return mask > 0


def features(face: Face, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: eyes, brows and lips."""
    parts = [(EYE_LEFT, 0.08), (EYE_RIGHT, 0.08), (BROW_LEFT, 0.05), (BROW_RIGHT, 0.05), (LIPS, 0.04)]
    return np.any([polygon(face, outline, shape, grow) for outline, grow in parts], 0)


def cheeks(face: Face, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: both cheeks, where skin colour is read."""
    return polygon(face, CHEEK_LEFT, shape) | polygon(face, CHEEK_RIGHT, shape)


def bare_face(face: Face, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: inside the face's oval, without eyes, brows and lips."""
    return polygon(face, OVAL, shape) & ~features(face, shape)


def skin(pixels: np.ndarray, face: Face) -> np.ndarray:
    """(H, W) 0..1: skin of face, ears, neck and hands, by likeness to the cheeks' colour. `pixels`: sRGB 0..1."""
    lab = colour.to_lab(cv2.GaussianBlur(pixels, (0, 0), max(0.8, face.inter_eye * 0.02)))
    shape = pixels.shape[:2]
    sample = lab[bare_face(face, shape)]
    if len(sample) < 20:
        return np.zeros(shape, np.float32)
    centre = np.median(sample, 0)
    spread = np.maximum(1.4826 * np.median(np.abs(sample - centre), 0), (9.0, 3.5, 4.0))
    distance = np.sqrt((((lab - centre) / spread / (1.6, 1.0, 1.0)) ** 2).sum(-1))
    likeness = np.clip((4.2 - distance) / 1.6, 0, 1) * _below_hairline(face, shape)
    oval = cv2.GaussianBlur(polygon(face, OVAL, shape).astype(np.float32), (0, 0), max(0.8, face.inter_eye * 0.05))
    hard = cv2.GaussianBlur(features(face, shape).astype(np.float32), (0, 0), max(0.6, face.inter_eye * 0.03))
    return (np.maximum(likeness, 0.6 * oval * (likeness > 0)) * (1 - hard)).clip(0, 1).astype(np.float32)


def _below_hairline(face: Face, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) 0..1: the face itself and all below the brows; hair above may have the skin's colour."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    brows = face.points[BROW_LEFT + BROW_RIGHT, :2].mean(0)
    down = face.axes[1][:2] / (np.linalg.norm(face.axes[1][:2]) + 1e-6)
    depth = (x - brows[0]) * down[0] + (y - brows[1]) * down[1]
    below = np.clip(depth / (0.2 * face.inter_eye), 0, 1)
    return np.maximum(below, polygon(face, OVAL, shape, 0.06))
