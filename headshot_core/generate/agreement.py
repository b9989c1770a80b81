"""How far a picture shows what its prompt says, by CLIP (Radford et al. 2021), where its files are on this machine."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from headshot_core.generate import library, models
from headshot_core.prompt import plain

SCALE = 2.5
"""CLIPScore: 2.5 times the cosine of picture and words, nothing below 0 (Hessel et al. 2021)."""
_lock = threading.Lock()
_loaded: dict[Path, tuple[Any, Any]] = {}


def scorer() -> Path | None:
    """The folder of the CLIP model on this machine; None without one."""
    known = [extra for extra in models.EXTRAS.values() if extra.kind == "prompt_scorer"]
    return next((models.location(extra) for extra in known if models.installed(extra)), None)


def score(picture: np.ndarray, prompt: str) -> float | None:
    """0..100: agreement of an sRGB uint8 picture (H, W, 3) with the prompt; None without a scorer or without words.

    Photos and their true captions mostly lie between 50 and 80. A long prompt is read in parts, for CLIP reads 77
    tokens at most; the parts count by their length.
    """
    folder, words = scorer(), plain(prompt).strip()
    if folder is None or not words:
        return None
    torch = library.torch()
    with _lock, torch.inference_mode():
        model, processor = _load(folder)
        parts = _parts(words, processor.tokenizer)
        inputs = processor(text=parts, images=Image.fromarray(picture), return_tensors="pt", padding=True)
        found = model(**inputs)
        cosines = (found.text_embeds @ found.image_embeds.T)[:, 0].numpy()
        lengths = inputs["attention_mask"].sum(1).numpy()
    return 100 * float(np.clip(SCALE * np.average(cosines, weights=lengths), 0, 1))


def forget() -> None:
    """Free the scorer's memory."""
    with _lock:
        _loaded.clear()


def _load(folder: Path) -> tuple[Any, Any]:
    """Model and processor, kept in memory."""
    if folder not in _loaded:
        transformers = library.transformers()
        model = transformers.CLIPModel.from_pretrained(folder, local_files_only=True).eval()
        _loaded[folder] = model, transformers.CLIPProcessor.from_pretrained(folder, local_files_only=True)
    return _loaded[folder]


def _parts(words: str, tokenizer: Any) -> list[str]:
    """The words in parts that CLIP can read whole, cut after commas and full stops; one longer than that is cut off."""
    most = tokenizer.model_max_length
    parts = [""]
    for phrase in re.split(r"(?<=[.,;])\s+", words):
        longer = f"{parts[-1]} {phrase}".strip()
        if len(tokenizer(longer).input_ids) <= most:
            parts[-1] = longer
        else:
            parts.append(" ".join(phrase.split()))
    return [_fitting(part, tokenizer, most) for part in parts if part]


def _fitting(part: str, tokenizer: Any, most: int) -> str:
    words = part.split()
    while len(words) > 1 and len(tokenizer(" ".join(words)).input_ids) > most:
        words.pop()
    return " ".join(words)
