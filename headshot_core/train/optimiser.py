"""Optimisers and the learning rate's course."""

from __future__ import annotations

import math
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from headshot_core.errors import HeadshotError
from headshot_core.generate import library
from headshot_core.train.adapter import Adapter
from headshot_core.train.settings import Training

PACKAGES = {"adamw8bit": "bitsandbytes", "prodigy": "prodigyopt"}


def check(training: Training) -> None:
    """Raise `HeadshotError` where the optimiser's package is not installed."""
    package = PACKAGES.get(training.optimiser)
    if package and find_spec(package) is None:
        raise HeadshotError(
            f"The optimiser {training.optimiser} needs {package}, which is not installed.",
            f"Install it (pip install {package}), or take adamw.",
        )


def make(adapter: Adapter, training: Training) -> Any:
    """The optimiser, with a group for each model."""
    check(training)
    groups = [
        {"params": list(adapter.weights(name).values()), "lr": rate, "top": rate}
        for name, rate in _rates(adapter, training).items()
    ]
    if training.optimiser == "adamw8bit":
        return import_module("bitsandbytes").optim.AdamW8bit(groups, weight_decay=training.weight_decay)
    if training.optimiser == "prodigy":
        # Mishchenko & Defazio, "Prodigy: an expeditiously adaptive parameter-free learner", 2023; settings as in
        # Hugging Face's advanced DreamBooth script.
        return import_module("prodigyopt").Prodigy(
            groups, weight_decay=training.weight_decay, use_bias_correction=True, safeguard_warmup=True, decouple=True
        )
    return library.torch().optim.AdamW(groups, weight_decay=training.weight_decay)


def _rates(adapter: Adapter, training: Training) -> dict[str, float]:
    # Prodigy finds one rate for all, and refuses several.
    other = training.rate if training.optimiser == "prodigy" else training.text_rate
    return {name: other if name.startswith("text") else training.rate for name in adapter.models}


def set_rate(optimiser: Any, training: Training, step: int) -> float:
    """Set the learning rates for a step, counted from 0; gives the first."""
    share = course(training, step)
    for group in optimiser.param_groups:
        group["lr"] = group["top"] * share
    return optimiser.param_groups[0]["lr"]


def course(training: Training, step: int) -> float:
    """The share of the full learning rate at a step: it rises, then stays or falls along a cosine."""
    warm = round(training.warm_up * training.steps)
    if step < warm:
        return (step + 1) / warm
    if training.schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, training.steps - warm)))
