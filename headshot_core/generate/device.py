"""Where a base model runs and how: device, precision, offloading and batch, from the memory that is free.

`here` looks at this machine; `plan` decides, and imports nothing but numbers: it can be tried on machines made up.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from headshot_core.errors import HeadshotError
from headshot_core.generate import library
from headshot_core.generate.models import Base

Kind = Literal["cuda", "mps", "cpu"]
Offload = Literal["none", "model", "sequential"]

RESERVE = 0.9
"""Share of the free memory that is planned with."""
BATCH = 8
"""Most pictures at once; more gain nothing."""
LENT_GB = 48.0
"""What ZeroGPU lends at least, half of a card (huggingface.co/docs/hub/spaces-zerogpu): it cannot be asked before."""
LENT_SPEED = 50.0
"""Teraflops a second that a lent GPU reaches at the very least."""


CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """What there is to compute with, now."""

    kind: Kind
    title: str
    memory_gb: float
    """free on the device: of the graphics card; of a CPU and Apple silicon, main memory"""
    ram_gb: float
    """free main memory"""
    bf16: bool
    """whether it has units for bfloat16"""
    cores: int = 1
    lent: bool = False
    """a GPU that is lent for each run (ZeroGPU)"""


@dataclass(frozen=True)
class Needs:
    """What one family needs, measured or reckoned from its layers; gigabytes in half precision."""

    picture_gb: float
    """beside the weights, while drawing one picture, for each megapixel"""
    decode_gb: float
    """the VAE while it decodes one picture, for each megapixel"""
    largest: float
    """share of the weights that the largest part has"""
    teraflops: float
    """of one pass over one picture, for each megapixel"""
    half: str = "bfloat16"
    """half precision that its numbers fit in on a graphics card"""


NEEDS = {
    "sd15": Needs(0.6, 4.5, 0.8, 2.6, half="float16"),
    "sdxl": Needs(0.6, 4.5, 0.75, 5.8, half="float16"),
    "z_image": Needs(0.6, 4.5, 0.6, 53),
    "flux2_klein": Needs(0.6, 4.5, 0.5, 36),
    "micro": Needs(0.3, 0.6, 0.75, 0.11, half="float16"),
}
TILED_GB = 1.0
"""The VAE while it decodes one picture in tiles."""
LAYER_GB = 0.5
"""The largest layer, where layers come to the card one by one."""
SPEED = {("cpu", True): 0.2, ("cpu", False): 0.07}
"""Teraflops a second and core that a CPU reaches in bfloat16 and in float32."""


@dataclass(frozen=True)
class Plan:
    """How a base model is run."""

    device: str
    dtype: str
    """float16, bfloat16 or float32"""
    offload: Offload
    tiling: bool
    """whether the VAE works in tiles, for less memory"""
    batch: int
    """pictures at once"""
    says: str
    """the same in words, such as 'on the CPU in bfloat16, about 8 s a step, 4 pictures one at a time'"""
    lent: bool = False
    seconds: float | None = None
    """of one step of one picture, where it can be reckoned"""


def here() -> Machine:
    """This machine, as it is now. What the engine itself holds counts as free: it makes room for whatever comes."""
    from headshot_core.generate import pipelines

    torch = library.torch()
    on_card, in_ram = pipelines.held_gb()
    ram = _free_ram() + in_ram
    cores = os.cpu_count() or 1
    if is_lent():
        return Machine("cuda", "ZeroGPU", LENT_GB, ram, True, cores, lent=True)
    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        free += torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return Machine("cuda", torch.cuda.get_device_name(), free / 1e9 + on_card, ram, bf16, cores)
    if torch.backends.mps.is_available():
        free = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return Machine("mps", "Apple silicon", min(free / 1e9, ram), ram, True, cores)
    return Machine("cpu", "the CPU", ram, ram, _cpu_has_bf16(torch), torch.get_num_threads())


def is_slow() -> bool:
    """Whether there is nothing faster than a CPU here."""
    torch = library.torch()
    return not (is_lent() or torch.cuda.is_available() or torch.backends.mps.is_available())


def plan(base: Base, size: tuple[int, int], count: int, machine: Machine | None = None, guided: bool = True) -> Plan:
    """How to draw `count` pictures of that size (width, height). Raises `HeadshotError` where there is no way.

    `guided` pictures are computed twice in each step.
    """
    machine = machine or here()
    needs = NEEDS[base.family]
    megapixels = size[0] * size[1] / 1e6
    dtype = _dtype(base, needs, machine)
    wide = 2 if dtype == "float32" else 1
    weights = base.memory_gb * wide
    drawing = needs.picture_gb * megapixels * wide * (2 if guided else 1)
    decoding = needs.decode_gb * megapixels * wide
    least = max(drawing, min(decoding, TILED_GB * wide))
    free, ram = machine.memory_gb * RESERVE, machine.ram_gb * RESERVE
    ways: list[tuple[Offload, float, float]] = [("none", weights, 0.0)]  # on the device, in main memory meanwhile
    if machine.kind == "cuda":
        ways += [("model", weights * needs.largest, weights), ("sequential", LAYER_GB, weights)]
    for offload, resident, aside in ways:
        room = free - resident
        if room < least or ram < aside:
            continue
        batch = 1 if machine.kind == "cpu" else max(1, min(BATCH, count, int(room / drawing)))
        seconds = _seconds(needs, machine, dtype, megapixels, guided)
        says = _says(machine, dtype, offload, batch, count, seconds)
        return Plan(machine.kind, dtype, offload, decoding > room, batch, says, machine.lent, seconds)
    raise _too_large(base, machine, size, ways[-1][1] + least, ways[-1][2])


def _too_large(base: Base, machine: Machine, size: tuple[int, int], wanted: float, aside: float) -> HeadshotError:
    """What is needed at the least, and what there is."""
    on_device = "graphics memory" if machine.kind == "cuda" else "memory"
    parts = [f"about {wanted / RESERVE:.0f} GB of free {on_device} ({machine.memory_gb:.0f} GB are free)"]
    if aside:
        parts.append(f"{aside / RESERVE:.0f} GB of main memory ({machine.ram_gb:.0f} GB are free)")
    return HeadshotError(
        f"{base.title} needs {' and '.join(parts)} to draw {size[0]} x {size[1]} pixels.",
        "Close other programs, or choose a smaller picture or a smaller base model.",
    )


def _dtype(base: Base, needs: Needs, machine: Machine) -> str:
    if machine.kind != "cpu":
        return needs.half
    # Without units for it bfloat16 is slower, but half the size.
    fits = base.memory_gb * 2 < machine.memory_gb * RESERVE
    return "float32" if not machine.bf16 and fits else "bfloat16"


def _seconds(needs: Needs, machine: Machine, dtype: str, megapixels: float, guided: bool) -> float | None:
    speed = SPEED.get((machine.kind, dtype == "bfloat16" and machine.bf16))
    if speed is None:
        return None
    return needs.teraflops * megapixels * (2 if guided else 1) / (speed * machine.cores)


def _says(machine: Machine, dtype: str, offload: Offload, batch: int, count: int, seconds: float | None) -> str:
    parts = [f"on {machine.title} in {dtype}"]
    if seconds:
        parts.append(f"about {seconds:.0f} s a step" if seconds >= 1 else "under a second a step")
    if offload != "none":
        parts.append("parts of the model kept in main memory meanwhile, which is slower")
    if count > 1:
        parts.append(f"{count} pictures {'one at a time' if batch == 1 else f'{batch} at a time'}")
    return ", ".join(parts)


# Looking at the machine.


def _free_ram() -> float:
    """Gigabytes of main memory that can be had, within the limits of a container."""
    import psutil

    free = psutil.virtual_memory().available
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError, KeyError):  # no container, or no limit
        limit, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        free = min(free, limit - used + int(stat["inactive_file"]))  # files kept at hand make way
    return max(0, free) / 1e9


def _cpu_has_bf16(torch: Any) -> bool:
    """Whether the CPU computes in bfloat16, not only stores it."""
    try:
        flags = CPU_INFO.read_text().split()
        return "amx_bf16" in flags or "avx512_bf16" in flags
    except OSError:
        pass
    if platform.machine() == "arm64":  # Apple silicon has it from the M2 on, but torch's kernels do not use it
        return False
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


# GPUs that are lent (ZeroGPU).


def is_lent() -> bool:
    """Whether this is a Space whose GPU is lent for each run."""
    return bool(os.environ.get("SPACES_ZERO_GPU")) and find_spec("spaces") is not None


def lend(work: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    """The same function, with a GPU for as long as it runs."""
    import spaces

    return spaces.GPU(duration=round(seconds))(work)


def lent_seconds(base: Base, size: tuple[int, int], count: int, steps: int) -> float:
    """For how long to ask: a generous guess, since work that takes longer is cut off."""
    passes = 2 * count * steps
    return 20 + passes * NEEDS[base.family].teraflops * size[0] * size[1] / 1e6 / LENT_SPEED
