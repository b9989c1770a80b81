"""Person masks: small nets that say roughly where the person is. The cut-out refines what they say.

A new one is one function in `MASKS`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.nets import image_blob, net

SELFIE_SIDE, SALIENT_SIDE = 256, 320
IMAGENET_MEAN, IMAGENET_DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def selfie(image: np.ndarray) -> np.ndarray:
    """MediaPipe's selfie segmenter (Apache-2.0): knows people, takes 10 ms."""
    square = cv2.resize(image, (SELFIE_SIDE, SELFIE_SIDE), interpolation=cv2.INTER_AREA)
    return next(iter(net("selfie_segmenter")(image_blob(square) / 255).values()))[0, 0]


def salient(image: np.ndarray) -> np.ndarray:
    """U²-Netp (Qin et al. 2020, Apache-2.0): whatever stands out, held objects too; takes 0.3 s."""
    square = cv2.resize(image, (SALIENT_SIDE, SALIENT_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    square = (square / max(float(square.max()), 1) - IMAGENET_MEAN) / IMAGENET_DEVIATION
    mask = next(iter(net("u2netp")(image_blob(square)).values()))[0, 0]
    return (mask - mask.min()) / max(float(np.ptp(mask)), 1e-6)


def rembg(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Any model of the rembg package by its name there, where package and weights are installed by the user."""

    def mask(image: np.ndarray) -> np.ndarray:
        try:
            return np.asarray(_rembg_session(name).predict(_pil(image))[0].convert("L"), np.float32) / 255
        except ImportError as error:
            raise HeadshotError(
                f"The mask 'rembg:{name}' needs the package rembg.", "pip install rembg[cpu]"
            ) from error
        except Exception as error:  # its download, or a name that it does not know
            raise HeadshotError(
                f"rembg could not load '{name}': {error}.", "Check its name and its weights."
            ) from error

    return mask


@lru_cache(maxsize=1)
def _rembg_session(name: str):
    from rembg import new_session

    return new_session(name)


def _pil(image: np.ndarray):
    from PIL import Image

    return Image.fromarray(image)


MASKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"selfie": selfie, "salient": salient}


def person_mask(image: np.ndarray, model: str = "selfie") -> np.ndarray:
    """Rough person mask 0..1 (H, W) of a uint8 RGB image. `model`: a name in `MASKS`, or 'rembg:NAME'."""
    if model.startswith("rembg:"):
        mask = rembg(model.removeprefix("rembg:"))(image)
    elif model in MASKS:
        mask = MASKS[model](image)
    else:
        raise HeadshotError(f"There is no mask called '{model}'.", f"Choose one of {', '.join(MASKS)}, rembg:NAME.")
    return cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_CUBIC).clip(0, 1)
