"""The model families that can be trained, by name. A new one is a class after `base.Trainee` and a line here."""

from __future__ import annotations

from headshot_core.train.families.base import Noised, Trainee
from headshot_core.train.families.flow import Flux2Klein, ZImage
from headshot_core.train.families.stable_diffusion import SD15, SDXL, Micro

__all__ = ["Noised", "Trainee", "trainee"]

TRAINEES: dict[str, type[Trainee]] = {kind.name: kind for kind in (SD15, SDXL, ZImage, Flux2Klein, Micro)}


def trainee(name: str) -> Trainee:
    """The family of that name."""
    return TRAINEES[name]()
