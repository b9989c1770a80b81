"""What a training will take: memory, time, disk; how it is run; and a plain word where it cannot work here.

Reckoned from the layers, until a step was measured on this machine: from then on by that (`remember`).
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write, home
from headshot_core.generate import device
from headshot_core.generate.device import Machine
from headshot_core.generate.models import Base
from headshot_core.train import optimiser
from headshot_core.train.families import trainee
from headshot_core.train.settings import Training

RESERVE = device.RESERVE
RUNTIME_GB = 0.9
"""torch and its like."""


@dataclass(frozen=True)
class Costs:
    """What one family takes; gigabytes in half precision, for each megapixel of a batch of one."""

    share: float
    """of the base model's weights that the denoiser has"""
    activations: float
    """remembered from forward to backward pass"""
    checkpointed: float
    """the same, with gradient checkpointing"""
    adapted: float
    """millions of trained weights for each rank, attention alone"""
    loading: float = 60
    """seconds to load, and to encode what is trained on"""


COSTS = {
    "sd15": Costs(0.81, 4.0, 1.5, 0.2),
    "sdxl": Costs(0.74, 11.0, 3.0, 1.45),
    "z_image": Costs(0.6, 36.0, 4.0, 1.0),
    "flux2_klein": Costs(0.49, 26.0, 3.5, 1.6),
    "micro": Costs(0.67, 15.0, 8.0, 0.0074, loading=15),
}
"""SD 1.5 measured by benchmarks/train, the demo while it learnt its person; the others reckoned from their layers."""
PASSES, CHECKPOINTED = 2.5, 1.0
"""Forward passes of the denoiser that a step takes as long as: one forward, and back to the inputs of its layers; and
one more forward, with gradient checkpointing."""
HELD = 1.3
"""What holding others to the base model costs each time, in steps without it."""
LEAST = 0.05
"""Seconds that a forward pass takes on a CPU however small the model is: hundreds of layers are called one by one."""
JUDGED = 8
"""Forward passes by which the loss on photos held out is measured."""


@dataclass(frozen=True)
class Plan:
    """How a training is run."""

    device: str
    dtype: str
    """what is computed in"""
    checkpointing: bool
    memory_gb: float
    """at the peak, of what `free_gb` tells"""
    free_gb: float
    lent: bool = False


@dataclass(frozen=True)
class Estimate:
    """What a training will take, in numbers and in words."""

    says: str
    memory_gb: float
    free_gb: float
    seconds: float | None
    """None where it cannot be told yet"""
    disk_bytes: int
    fits: bool
    todo: str = ""
    """what to do where it does not fit"""
    measured: bool = False
    """whether the time is from steps measured on this machine"""


def estimate(base: Base, training: Training, photos: int, machine: Machine | None = None) -> Estimate:
    """What a settled training on so many photos will take on this machine."""
    machine = machine or device.here()
    disk = disk_bytes(base, training, photos)
    known = _remembered(base, training, machine)
    seconds = _seconds(base, training, machine, known)
    try:
        found = plan(base, training, machine)
        check_disk(base, training, photos)
    except HeadshotError as error:
        needed = _memory(base, training, _dtype(training, machine, base), True)
        return Estimate(error.what, needed, machine.memory_gb, seconds, disk, False, error.todo)
    says = ", ".join(
        part
        for part in (
            f"about {duration(seconds)}" if seconds else "time not known yet",
            f"{found.memory_gb:.1f} GB of {'graphics ' * (found.device == 'cuda')}memory",
            f"{disk / 1e6:.0f} MB of disk",
            f"on {machine.title}",
        )
    )
    return Estimate(
        says[0].upper() + says[1:], found.memory_gb, found.free_gb, seconds, disk, True, measured=known is not None
    )


def plan(base: Base, training: Training, machine: Machine | None = None) -> Plan:
    """How to run it. Raises `HeadshotError` where the memory does not do, with what would."""
    optimiser.check(training)
    machine = machine or device.here()
    dtype, free = _dtype(training, machine, base), machine.memory_gb * RESERVE
    ways = [False, True] if training.checkpointing is None else [training.checkpointing]
    for checkpointing in ways:
        needed = _memory(base, training, dtype, checkpointing)
        if needed <= free:
            return Plan(machine.kind, dtype, checkpointing, needed, machine.memory_gb, machine.lent)
    where = "graphics memory" if machine.kind == "cuda" else "memory"
    raise HeadshotError(
        f"Training on {base.title} needs about {needed / RESERVE:.0f} GB of free {where}; "
        f"{machine.memory_gb:.0f} GB are free.",
        _advice(base, training),
    )


def _advice(base: Base, training: Training) -> str:
    parts = []
    if training.checkpointing is False:
        parts.append("allow gradient checkpointing")
    if training.batch > 1:
        parts.append("take a batch of 1")
    if training.text_encoder:
        parts.append("leave the text encoders as they are")
    if base.family not in ("sd15", "micro"):
        parts.append("take a smaller base model, such as SD 1.5")
    return f"{', or '.join(['Close other programs', *parts])}."


def _dtype(training: Training, machine: Machine, base: Base) -> str:
    if training.precision != "auto":
        return training.precision
    if machine.kind == "cpu":
        return "bfloat16" if machine.bf16 else "float32"
    return "bfloat16" if machine.bf16 else "float16"


def _memory(base: Base, training: Training, dtype: str, checkpointing: bool) -> float:
    """Gigabytes at the peak."""
    costs = COSTS[base.family]
    wide = 2 if dtype == "float32" else 1
    # A U-Net's weights stay as narrow as they came (`thrift`).
    weights = base.memory_gb * costs.share * (1 if trainee(base.family).part == "unet" else wide)
    if training.text_encoder:
        weights += base.memory_gb * (1 - costs.share) * wide
    pictures = training.batch * training.resolution**2 / 1e6
    remembered = (costs.checkpointed if checkpointing else costs.activations) * wide * pictures
    return RUNTIME_GB + weights + remembered + 16e-9 * _trained(training, costs)


def _trained(training: Training, costs: Costs) -> float:
    """How many weights are trained; each is kept four times over, in float32."""
    return costs.adapted * 1e6 * training.rank * (2.5 if training.layers == "all" else 1)


# Time.


def _seconds(base: Base, training: Training, machine: Machine, known: dict | None) -> float | None:
    """Of the whole training."""
    if known:
        step, forward = known["step"], known["step"] / PASSES
    else:
        speed = device.SPEED.get((machine.kind, _dtype(training, machine, base) == "bfloat16"))
        if speed is None:
            return None
        megapixels = training.batch * training.resolution**2 / 1e6
        forward = max(LEAST, device.NEEDS[base.family].teraflops * megapixels / (speed * machine.cores))
        step = forward * (PASSES + CHECKPOINTED * bool(training.checkpointing)) * training.accumulation
        step *= 1 + HELD / training.held_every * (training.prior != "none")
    guided = 2 if base.guidance > 1 else 1
    drawn = (training.samples + (training.samples > 0)) * training.sample_steps * guided
    looks = (training.checkpoints + 1) * (drawn + JUDGED)
    others = training.prior_images * training.sample_steps * guided if training.prior == "images" else 0
    return COSTS[base.family].loading + training.steps * step + (looks + others) * forward / training.batch


def duration(seconds: float) -> str:
    """Minutes or hours in words."""
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.1f} h"


# What was measured here.


def remember(base: Base, training: Training, plan: Plan, step: float) -> None:
    """Keep what a step took on this machine, for the next estimate."""
    known = _all()
    known[_key(base, training, plan.device, plan.dtype)] = {"step": round(step, 4)}
    with suppress(HeadshotError):
        atomic_write(_file(), json.dumps(known, indent=2).encode())


def _remembered(base: Base, training: Training, machine: Machine) -> dict | None:
    found = _all().get(_key(base, training, machine.kind, _dtype(training, machine, base)))
    return found if isinstance(found, dict) and found.get("step", 0) > 0 else None


def _all() -> dict:
    with suppress(OSError, ValueError):
        known = json.loads(_file().read_bytes())
        return known if isinstance(known, dict) else {}
    return {}


def _file() -> Path:
    return home() / "training-pace.json"


def _key(base: Base, training: Training, kind: str, dtype: str) -> str:
    """What the time of a step depends on."""
    parts = (base.name, kind, dtype, training.resolution, training.batch, training.accumulation, training.prior)
    return " ".join(str(part) for part in (*parts, training.held_every, training.layers, training.text_encoder))


# Disk.


def disk_bytes(base: Base, training: Training, photos: int) -> int:
    """What a run leaves on the disk: checkpoints, state, samples, prepared photos."""
    adapter = 4 * _trained(training, COSTS[base.family])
    pictures = (photos * 2 + training.checkpoints * (training.samples + 1)) * training.resolution**2 * 2
    return round(adapter * (training.checkpoints + 4) + pictures + 10e6)


def check_disk(base: Base, training: Training, photos: int) -> None:
    """Raise `HeadshotError` where the disk has not the room."""
    place = home()
    while not place.exists():
        place = place.parent
    needed, free = disk_bytes(base, training, photos), shutil.disk_usage(place).free
    if free < needed + 200e6:
        raise HeadshotError(
            f"The disk has {free / 1e6:.0f} MB left, and the training needs {(needed + 200e6) / 1e6:.0f} MB.",
            "Make some room, keep fewer checkpoints, or set HEADSHOT_HOME to a folder on another disk.",
        )
