"""What the encoders give, computed once: latents of the prepared photos, captions as tensors. Then they are let go of.

Kept in the run's own folder, a file each, so that what came of a photo goes when the photo goes, and a run that is
taken up again need not load the encoders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from headshot_core.files import atomic_write
from headshot_core.generate import library
from headshot_core.train import dataset
from headshot_core.train.dataset import Example


@dataclass(frozen=True, eq=False)
class Cache:
    """The files of one run."""

    folder: Path

    # Words.

    def words(self, caption: str) -> dict[str, Any]:
        """A caption as tensors, (1, ...) each, on the CPU."""
        return _load(self._words(caption))

    def has_words(self, captions: Iterable[str]) -> bool:
        """Whether all these were read."""
        return all(self._words(caption).is_file() for caption in captions)

    def keep_words(self, caption: str, tensors: dict[str, Any]) -> None:
        """Keep a caption as tensors."""
        _save(self._words(caption), tensors)

    def _words(self, caption: str) -> Path:
        return self.folder / f"words-{hashlib.sha256(caption.encode()).hexdigest()[:24]}.safetensors"

    # Pictures.

    def latents(self, example: Example) -> dict[str, Any]:
        """`latents` (1, C, h, w) and `weight` (1, 1, h, w) of an example, on the CPU."""
        return _load(self._latents(example))

    def has_latents(self, examples: Iterable[Example]) -> bool:
        """Whether all these were encoded."""
        return all(self._latents(example).is_file() for example in examples)

    def keep_latents(self, example: Example, latents: Any, weight: Any) -> None:
        """Keep an example's latents and weights."""
        _save(self._latents(example), {"latents": latents, "weight": weight})

    def _latents(self, example: Example) -> Path:
        return self.folder / f"{example.name}.safetensors"


def _load(path: Path) -> dict[str, Any]:
    library.torch()
    from safetensors.torch import load

    return load(path.read_bytes())


def _save(path: Path, tensors: dict[str, Any]) -> None:
    from safetensors.torch import save

    atomic_write(path, save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}))


def pixels(folder: Path, example: Example) -> Any:
    """The prepared picture as a VAE takes it: (1, 3, H, W), -1..1."""
    picture = dataset.picture(folder, example)
    return library.torch().from_numpy(picture.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]


def weight(folder: Path, example: Example, sides: tuple[int, int], values: tuple[float, float, float]) -> Any:
    """How much each place counts, (1, 1, h, w) with mean 1: `values` are those behind, of the person, of the face."""
    height, width = sides
    seen = cv2.resize(dataset.weights(folder, example), (width, height), interpolation=cv2.INTER_AREA)
    levels = np.interp(seen, (dataset.BEHIND, dataset.PERSON, dataset.FACE), values).astype(np.float32)
    if levels.mean() <= 0:  # a crop without the person, and nothing else counts
        levels[:] = 1
    return library.torch().from_numpy(levels / levels.mean())[None, None]
