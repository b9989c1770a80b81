"""Triangles to pixels: a z-buffer in numpy, all triangles at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Drawn:
    """Which triangle each covered pixel shows, and where in it."""

    size: tuple[int, int]
    """width, height"""
    pixels: np.ndarray
    """(N,) flat indices of the covered pixels"""
    corners: np.ndarray
    """(N, 3) vertices of the triangle that is seen there"""
    weights: np.ndarray
    """(N, 3) float32 barycentric weights"""

    def mixed(self, values: np.ndarray) -> np.ndarray:
        """Values of the vertices (V, C) at the covered pixels: (N, C) float32."""
        values = values.astype(np.float32)
        mixed = values[self.corners[:, 0]] * self.weights[:, :1]
        for corner in (1, 2):
            mixed += values[self.corners[:, corner]] * self.weights[:, corner : corner + 1]
        return mixed

    def laid(self, values: np.ndarray, around: float | np.ndarray = 0.0) -> np.ndarray:
        """Values of the covered pixels (N,) or (N, C) as a picture (H, W) or (H, W, C), `around` elsewhere."""
        width, height = self.size
        picture = np.empty((height * width, *values.shape[1:]), np.float32)
        picture[:] = around
        picture[self.pixels] = values
        return picture.reshape(height, width, *values.shape[1:])


def rasterise(points: np.ndarray, triangles: np.ndarray, size: tuple[int, int]) -> Drawn:
    """Draw triangles (T, 3) between points (V, 3): x right, y down in pixels, z toward the camera.

    Corners run clockwise as seen from outside; triangles that turn their back are left out.
    """
    triangles, edges, low, counts = _facing(points.astype(np.float32), triangles, size)
    which = np.repeat(np.arange(len(triangles), dtype=np.int32), counts[:, 0] * counts[:, 1])
    first = np.cumsum(counts[:, 0] * counts[:, 1]) - counts[:, 0] * counts[:, 1]
    index = np.arange(len(which), dtype=np.int32) - first.astype(np.int32)[which]
    row, column = np.divmod(index, counts[:, 0].astype(np.int32)[which])
    x, y = column + low[which, 0], row + low[which, 1]
    del index, row, column

    plane, across, down = edges[which], x.astype(np.float32), y.astype(np.float32)
    second = plane[:, 0] * across + plane[:, 1] * down + plane[:, 2]
    third = plane[:, 3] * across + plane[:, 4] * down + plane[:, 5]
    slack = np.float32(-1e-4)
    inside = (second >= slack) & (third >= slack) & (second + third <= 1 - slack)
    which, second, third = which[inside], second[inside], third[inside]
    pixel = y[inside] * size[0] + x[inside]

    z = points[:, 2].astype(np.float32)[triangles]
    depth = z[which, 0] + second * (z[:, 1] - z[:, 0])[which] + third * (z[:, 2] - z[:, 0])[which]
    nearest = np.full(size[0] * size[1], -np.inf, np.float32)
    np.maximum.at(nearest, pixel, depth)
    seen = np.flatnonzero(depth == nearest[pixel])
    pixels, one = np.unique(pixel[seen], return_index=True)  # two triangles may share an edge
    seen = seen[one]
    weights = np.stack([1 - second[seen] - third[seen], second[seen], third[seen]], 1)
    return Drawn(size, pixels, triangles[which[seen]], weights)


def _facing(points: np.ndarray, triangles: np.ndarray, size: tuple[int, int]):
    """Triangles that face the camera inside the picture, the planes of two of their weights, and their boxes."""
    a, b, c = (points[triangles[:, i], :2] for i in range(3))
    ab, ac = b - a, c - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    low = np.ceil(np.minimum(np.minimum(a, b), c)).clip(0).astype(np.int32)
    high = np.floor(np.maximum(np.maximum(a, b), c)).clip(max=np.array(size) - 1).astype(np.int32)
    counts = (high - low + 1).clip(0)
    kept = (area > 1e-6) & (counts.min(1) > 0)
    triangles, a, ab, ac, area = triangles[kept], a[kept], ab[kept], ac[kept], area[kept, None]
    second = np.stack([ac[:, 1], -ac[:, 0]], 1) / area
    third = np.stack([-ab[:, 1], ab[:, 0]], 1) / area
    offsets = [-(plane * a).sum(1, keepdims=True) for plane in (second, third)]
    edges = np.hstack([second, offsets[0], third, offsets[1]]).astype(np.float32)
    return triangles, edges, low[kept], counts[kept]
