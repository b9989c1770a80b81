"""Measurements: `python -m benchmarks.NAME`."""

from pathlib import Path


def peak_mb() -> float:
    """The most memory that this process ever held, in MB. Linux tells it per program, other systems by `resource`."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    import resource
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def device_peak_mb() -> float:
    """The most memory that this process held where it computes, in MB: on the graphics card where there is one."""
    from headshot_core.generate import library

    torch = library.torch()
    return torch.cuda.max_memory_allocated() / 1e6 if torch.cuda.is_available() else peak_mb()
