"""Nets that enlarge a picture, run by ncnn on the CPU.

`natural()`: twice, by waifu2x's photo net (nagadomi, MIT): sharp edges, nothing invented. `crisp()`: four times, by
Real-ESRGAN x4plus (Wang et al. 2021, BSD-3-Clause): draws hair and lashes, and on its own turns skin into wax.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from headshot_core import assets
from headshot_core.errors import HeadshotError


class Upscaler:
    """One net, safe to call from several threads."""

    def __init__(self, files: tuple[str, str], border: int, ends: tuple[str, str]):
        """`border`: pixels that the net's convolutions take off each side. `ends`: its input and output by name."""
        self._ncnn = _ncnn()
        self._border, (self._input, self._output) = border, ends
        weights, layers = assets.fetch_all(files)
        self._net = self._ncnn.Net()
        self._net.load_param(str(layers))
        self._net.load_model(str(weights))

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """(H, W, 3) sRGB float32, 0..1, to (k * H, k * W, 3), which may overshoot a little."""
        bordered = cv2.copyMakeBorder(pixels, *(self._border,) * 4, cv2.BORDER_REFLECT_101)
        planes = np.ascontiguousarray(bordered.transpose(2, 0, 1), np.float32)
        extractor = self._net.create_extractor()
        extractor.input(self._input, self._ncnn.Mat(planes))  # borrows the memory of `planes`
        _, large = extractor.extract(self._output)
        return np.ascontiguousarray(np.array(large).transpose(1, 2, 0))


@lru_cache(maxsize=1)
def natural() -> Upscaler:
    """Twice the pixels: a few seconds for a megapixel of output on two cores. Raises `HeadshotError`."""
    return Upscaler(assets.UPSCALE, 7, ("Input1", "Eltwise4"))


@lru_cache(maxsize=1)
def crisp() -> Upscaler:
    """Four times the pixels: about a minute for a megapixel of output. Raises `HeadshotError`."""
    return Upscaler(assets.CRISP, 0, ("data", "output"))


def _ncnn():
    try:
        import ncnn
    except ImportError as error:
        raise HeadshotError("Enlarging needs the package ncnn.", "Install it: pip install ncnn") from error
    return ncnn
