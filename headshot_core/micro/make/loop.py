"""One training loop for every part: seeded, told as it goes, and resumed where it was broken off."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from headshot_core.generate import library

EVERY = 250
"""Steps between two states that are kept, and between two lines that are told."""


def train(
    name: str,
    folder: Path,
    modules: dict[str, Any],
    loss_of: Callable[[np.random.Generator], Any],
    steps: int,
    rate: float,
    ema: float = 0.0,
) -> None:
    """Train the modules' weights in place. `loss_of(rng)` gives one step's loss; all chance comes from its `rng`.

    The learning rate rises over 3 % of the steps and falls by a cosine over the last half. With `ema` the modules end
    with the running mean of their weights. The state is kept as ``folder/name.pt`` and taken up from there.
    """
    torch = library.torch()
    weights = [weight for module in modules.values() for weight in module.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=rate, betas=(0.9, 0.99), weight_decay=1e-3, fused=True)
    means = [weight.detach().clone() for weight in weights] if ema else []
    file, begin = folder / f"{name}.pt", 0
    if file.is_file():
        state = torch.load(file, weights_only=True)
        for key, module in modules.items():
            module.load_state_dict(state["modules"][key])
        optimiser.load_state_dict(state["optimiser"])
        means, begin = state["means"], state["step"]
    told, started = [], time.monotonic()
    for step in range(begin, steps):
        rng = np.random.default_rng((2, step))
        torch.manual_seed(step)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / (0.03 * steps), _late(step / steps))
        loss = loss_of(rng)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        decay = min(ema, (step + 1) / (step + 10))
        for mean, weight in zip(means, weights, strict=False):
            mean.lerp_(weight.detach(), 1 - decay)
        told.append(float(loss.detach()))
        if (step + 1) % EVERY == 0 or step + 1 == steps:
            each = (time.monotonic() - started) / (step + 1 - begin)
            print(f"{name} {step + 1}/{steps}: loss {np.mean(told):.4f}, {each * 1000:.0f} ms a step", flush=True)
            told = []
            _keep(file, modules, optimiser, means, step + 1)
    for mean, weight in zip(means, weights, strict=False):
        weight.data.copy_(mean)


def _late(share: float) -> float:
    """1 over the first half, then a cosine down to a fiftieth."""
    return 1.0 if share < 0.5 else 0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * (2 * share - 1)))


def _keep(file: Path, modules: dict[str, Any], optimiser: Any, means: list[Any], step: int) -> None:
    torch = library.torch()
    state = {"modules": {key: module.state_dict() for key, module in modules.items()}, "means": means, "step": step}
    half = file.with_suffix(".half")
    torch.save({**state, "optimiser": optimiser.state_dict()}, half)
    half.replace(file)


def tensor(pictures: np.ndarray) -> Any:
    """(N, 3, H, W), -1..1, from uint8 (N, H, W, 3)."""
    torch = library.torch()
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float().contiguous() / 127.5 - 1
