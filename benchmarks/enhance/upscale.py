"""Upscaling: photos made small and brought back, beside Lanczos and bicubic.

Each photo is reduced twice and four times by area averaging, saved as JPEG of quality 92, and enlarged again. Where a
folder holds NAME_240p and NAME_1080p, the one is enlarged to the other. `gradients` is the first Wasserstein distance
between the distributions of |gradient| (Sobel / 8 of Rec. 709 luma, 0..255) of picture and truth: sorted both, the mean
absolute difference. 0 is a photo's own sharpness and texture; too soft and too crisp both raise it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from headshot_core import assets
from headshot_core.enhance.upscale import Job, Upscale
from headshot_core.errors import HeadshotError
from headshot_core.photo import encode_picture, read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.progress import CancelToken, silent

TITLE = "Upscale: nearer to the true picture? Means over photos; (f) is the face alone"
SIDE = 1000
"""Pixels of the true picture's longer side, at the most: the crisp net is slow."""
JPEG = 92
WAYS = {
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
    "natural": Upscale(),
    "natural, no grain": Upscale(grain=0),
    "crisp": Upscale(method="crisp"),
}
METHODS = ("natural", "crisp")
MEMORY = """
import sys
import numpy as np
from benchmarks import peak_mb
from headshot_core.enhance.upscale import Job, Upscale
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.progress import CancelToken, silent
portrait = analyse(read_photo(sys.argv[1]))
before = peak_mb()
size = 2 * portrait.photo.width, 2 * portrait.photo.height
Job(Upscale(method=sys.argv[2]), portrait.pixels, portrait.face, size).run(silent, CancelToken())
print(peak_mb() - before)
"""


def rows(photos: list[Path]) -> list[dict]:
    """A row a scale and way of enlarging, and one for the memory that enlarging the first photo twice takes."""
    assets.fetch_all(Upscale(method="crisp").files)
    table = []
    for scale, pairs in (("2x", _reduced(photos, 2)), ("4x", _reduced(photos, 4)), ("240 to 1080", _pairs(photos))):
        table += _compared(scale, list(pairs))
    return [*table, *({"scale": "memory", "way": way, "peak MB more": _memory(photos[0], way)} for way in METHODS)]


def _reduced(photos: list[Path], times: int) -> Iterator[tuple[Portrait, np.ndarray]]:
    """Small portraits and their true pictures."""
    for photo in photos:
        image = read_photo(photo).image
        image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
        truth = np.asarray(image)[: image.height // times * times, : image.width // times * times]
        small = cv2.resize(truth, None, fx=1 / times, fy=1 / times, interpolation=cv2.INTER_AREA)
        yield from _seen(encode_picture(small, "jpeg", quality=JPEG), truth)


def _pairs(photos: list[Path]) -> Iterator[tuple[Portrait, np.ndarray]]:
    for photo in photos:
        large = photo.with_stem(photo.stem.replace("_240p", "_1080p"))
        if large != photo and large.exists():
            yield from _seen(photo, np.asarray(read_photo(large).image))


def _seen(small: Path | bytes, truth: np.ndarray) -> Iterator[tuple[Portrait, np.ndarray]]:
    try:
        yield analyse(read_photo(small)), truth
    except HeadshotError:  # the face is too small once it is reduced
        return


def _compared(scale: str, pairs: list[tuple[Portrait, np.ndarray]]) -> list[dict]:
    found = []
    for way in WAYS:
        lines = [_line(way, *pair) for pair in pairs]
        if lines:
            means = {key: float(np.mean([line[key] for line in lines])) for key in lines[0]}
            found.append({"scale": scale, "way": way, "photos": len(lines)} | means)
    return found


def _line(way: str, portrait: Portrait, truth: np.ndarray) -> dict[str, float]:
    size = truth.shape[1::-1]
    start = time.perf_counter()
    if isinstance(WAYS[way], Upscale):
        job = Job(WAYS[way], portrait.pixels, portrait.face, size)
        large = job.run(silent, CancelToken())
    else:
        job = Job(Upscale(), portrait.pixels, portrait.face, size)
        large = cv2.resize(portrait.pixels, size, interpolation=WAYS[way])
    seconds = time.perf_counter() - start
    x0, y0, x1, y1 = (int(side) for side in np.clip(job.large_face.box, 0, (*size, *size)))
    whole, face = _distances(large, truth), _distances(large[y0:y1, x0:x1], truth[y0:y1, x0:x1])
    return whole | {f"{key} (f)": value for key, value in face.items()} | {"s/MP": seconds / (truth.size / 3e6)}


def _distances(one: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    error = ((one.astype(np.float32) - truth) ** 2).mean()
    return {
        "PSNR": float(10 * np.log10(255**2 / error)),
        "SSIM": float(structural_similarity(one, truth, channel_axis=2)),
        "gradients": float(np.abs(_gradients(one) - _gradients(truth)).mean()),
    }


def _gradients(pixels: np.ndarray) -> np.ndarray:
    grey = pixels.astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return np.sort(np.hypot(cv2.Sobel(grey, -1, 1, 0, scale=1 / 8), cv2.Sobel(grey, -1, 0, 1, scale=1 / 8)).ravel())


def _memory(photo: Path, method: str) -> float:
    command = [sys.executable, "-c", MEMORY, str(photo), method]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
