"""Small neural nets, run by OpenCV on the CPU.

MediaPipe's models are run here without MediaPipe's own runtime: version 1.2 of that library opens a connection to its
maker's logging service as soon as a face is looked for, and this studio promises that nothing leaves the machine.
OpenCV gives the same numbers (differences below 1e-4), starts faster and brings no second copy of itself.
"""

from __future__ import annotations

import tempfile
import threading
import zipfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from headshot_core import assets


class Net:
    """One net, safe to call from several threads (calls wait for each other)."""

    def __init__(self, asset: str, member: str | None = None):
        self._net = _read(asset, member)
        self._names = self._net.getUnconnectedOutLayersNames()
        self._lock = threading.Lock()

    def __call__(self, blob: np.ndarray) -> dict[str, np.ndarray]:
        """Run the net on a float32 array in its own input shape (images: N, C, H, W); outputs by name."""
        with self._lock:
            self._net.setInput(np.ascontiguousarray(blob, np.float32))
            return dict(zip(self._names, self._net.forward(self._names), strict=True))


def _read(asset: str, member: str | None) -> cv2.dnn.Net:
    path = assets.path(asset)
    if path.suffix == ".onnx":
        return cv2.dnn.readNetFromONNX(str(path))
    if member is None:
        return _read_tflite(path)
    with tempfile.TemporaryDirectory() as folder:
        return _read_tflite(Path(zipfile.ZipFile(path).extract(member, folder)))


def _read_tflite(path: Path) -> cv2.dnn.Net:
    # The classic engine: the new one shows only the last of several outputs. It is honoured for files, not for bytes.
    return cv2.dnn.readNetFromTFLite(str(path), cv2.dnn.ENGINE_CLASSIC)


@cache
def net(asset: str, member: str | None = None) -> Net:
    """The net of an asset (`member`: its name inside a .task file), read once in a process."""
    return Net(asset, member)


def image_blob(image: np.ndarray) -> np.ndarray:
    """``(H, W, 3)`` to ``(1, 3, H, W)`` float32."""
    return image.astype(np.float32).transpose(2, 0, 1)[None]
