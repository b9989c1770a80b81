"""Shape: a 3D reading of head and shoulders, from landmarks and the cut-out's outline.

The depth is the smoothest surface (a thin plate) that passes through the landmarks, lies behind the ears along the
outline, and bulges like a body in between. One surface for face, hair and clothes leaves no seam where one ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from headshot_core.face.landmarks import Face

HEAD = 80
"""Head height in grid cells: fine enough for a nose's shadow."""
STIFFNESS = 1.5
"""Weight of the plate's bending against the landmarks."""
STEPS = 60
EARS = (234, 454)
NECK = 0.34
"""How far the throat lies behind the chin, in head heights."""


@dataclass(frozen=True)
class Shape:
    """Depth and normals on a grid over the frame."""

    depth: np.ndarray
    """(h, w) toward the camera, in grid cells"""
    normals: np.ndarray
    """(h, w, 3) unit vectors: x right, y down, z toward the camera"""
    scale: float
    """grid cells for one pixel of the frame"""


def read_shape(alpha: np.ndarray, face: Face) -> Shape:
    """The shape of the person in a frame: `alpha` (H, W) 0..1, `face` in pixels of the frame."""
    scale = HEAD / face.head_height
    height, width = (max(16, round(n * scale / 2) * 2) for n in alpha.shape)
    small = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA)
    face = face.moved(np.array([[width / alpha.shape[1], 0, 0], [0, height / alpha.shape[0], 0]]))
    target, weight = _data(small, face)
    depth = _thin_plate(target, weight, _bulge(small, face))
    return Shape(depth, _normals(depth, small, face), scale)


def _normals(depth: np.ndarray, alpha: np.ndarray, face: Face) -> np.ndarray:
    """Normals in full detail on the face, softer on hair, softest on clothes, whose folds the surface cannot know."""
    oval = np.zeros(depth.shape, np.uint8)
    cv2.fillConvexPoly(oval, cv2.convexHull(np.round(face.points[:468, :2]).astype(np.int32)), 255)
    on_face = cv2.GaussianBlur(oval.astype(np.float32) / 255, (0, 0), HEAD * 0.04)[..., None]
    y = np.arange(depth.shape[0], dtype=np.float32)[:, None, None]
    on_body = np.clip((y - face.chin[1]) / (0.25 * face.head_height), 0, 1) * (1 - on_face)
    fine, soft, softest = (normals_of(depth, HEAD * s) for s in (0.01, 0.035, 0.12))
    normals = soft + on_face * (fine - soft)
    normals = normals + on_body * (softest - normals)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def _data(alpha: np.ndarray, face: Face) -> tuple[np.ndarray, np.ndarray]:
    """Known depths and how sure they are."""
    target, weight = np.zeros_like(alpha), np.zeros_like(alpha)
    ears = float(face.points[list(EARS), 2].mean())
    back = ears - 0.06 * face.head_height
    outline = cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    weight[outline], target[outline] = 0.3, back
    outside = alpha < 0.02
    weight[outside], target[outside] = 0.02, back - 0.1 * face.head_height
    _put(target, weight, _throat(face), 0.5)
    _put(target, weight, face.points[:468][_seen(face)], 1.5)
    return target, weight


def _throat(face: Face) -> np.ndarray:
    across, down, _ = face.axes
    below = face.points[152] + 0.16 * face.head_height * np.array([down[0], down[1], 0])
    steps = np.linspace(-0.14, 0.14, 9)[:, None] * face.head_height * np.array([across[0], across[1], 0])
    points = below + steps
    points[:, 2] = face.points[152, 2] - NECK * face.head_height
    return points


def _seen(face: Face) -> np.ndarray:
    """Landmarks (468,) that the camera sees: on a turned head the far cheek folds behind the near one."""
    flat = (face.points[:468] - face.points[:468].mean(0)) @ face.axes[2]
    return flat > -0.32 * face.head_height * (1.2 - np.sin(np.radians(abs(face.yaw))))


def _put(target: np.ndarray, weight: np.ndarray, points: np.ndarray, trust: float) -> None:
    height, width = target.shape
    x, y = np.round(points[:, 0]).astype(int), np.round(points[:, 1]).astype(int)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y, z = x[inside], y[inside], points[inside, 2]
    total, count = np.zeros_like(target), np.zeros_like(target)
    np.add.at(total, (y, x), z)
    np.add.at(count, (y, x), 1)
    hit = count > 0
    target[hit], weight[hit] = total[hit] / count[hit], trust


def _bulge(alpha: np.ndarray, face: Face) -> np.ndarray:
    """The curvature of an average head and body, per cell: negative is convex toward the camera."""
    y = np.arange(alpha.shape[0], dtype=np.float32)[:, None]
    below = np.clip((y - face.chin[1]) / (0.4 * face.head_height), 0, 1)
    radius = face.head_height * (0.55 + 0.9 * below)
    return -(1.6 / radius) * alpha


def _thin_plate(target: np.ndarray, weight: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """Minimise STIFFNESS |laplacian(z) - curvature|^2 + weight (z - target)^2, by conjugate gradients.

    The cosine transform solves the plate with an even weight exactly, and so serves as preconditioner.
    """
    height, width = target.shape
    eigen = (2 - 2 * np.cos(np.pi * np.arange(height) / height))[:, None]
    eigen = eigen + (2 - 2 * np.cos(np.pi * np.arange(width) / width))[None]
    inverse = (1 / (STIFFNESS * eigen**2 + weight.mean())).astype(np.float32)

    def precondition(x):
        return cv2.idct(cv2.dct(x) * inverse)

    def apply(x):
        return STIFFNESS * _laplacian(_laplacian(x)) + weight * x

    right = (STIFFNESS * _laplacian(curvature.astype(np.float32)) + weight * target).astype(np.float32)
    depth = np.full_like(target, float((weight * target).sum() / weight.sum()))
    residual = right - apply(depth)
    guess = precondition(residual)
    direction, energy = guess, float(np.vdot(residual, guess))
    for _ in range(STEPS):
        image = apply(direction)
        step = energy / float(np.vdot(direction, image))
        depth = depth + step * direction
        residual = residual - step * image
        guess = precondition(residual)
        energy, before = float(np.vdot(residual, guess)), energy
        direction = guess + energy / before * direction
    return depth


def _laplacian(x: np.ndarray) -> np.ndarray:
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)
    return cv2.filter2D(x, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT)


def normals_of(depth: np.ndarray, sigma: float) -> np.ndarray:
    """Unit normals (h, w, 3) of a depth map smoothed by `sigma` cells, toward the camera."""
    smooth = cv2.GaussianBlur(depth, (0, 0), sigma)
    dx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)
    normal = np.stack([-dx, -dy, np.ones_like(dx)], -1)
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)
