"""The model families by name. A new one is a file here and a line in `FAMILIES`."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from headshot_core.generate.families.base import Family

FAMILIES = {
    "sd15": ("sd15", "SD15"),
    "sdxl": ("sdxl", "SDXL"),
    "z_image": ("z_image", "ZImage"),
    "flux2_klein": ("flux2_klein", "Flux2Klein"),
    "micro": ("micro", "Micro"),
}
"""Module and class of each."""


@cache
def family(name: str) -> Family:
    """The family of that name."""
    module, kind = FAMILIES[name]
    return getattr(import_module(f"{__name__}.{module}"), kind)()
