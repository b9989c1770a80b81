"""What a model family must know. One file a family; `headshot_core.generate.families.family` finds them by name.

A family turns a `Call` into the keywords of the diffusers pipeline that does it. Everything that touches torch is
imported inside the methods.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from headshot_core.generate.call import Call, ControlKind, Kind
from headshot_core.generate.models import Base


class Family(Protocol):
    """One family of base models. What has a body here is what most of them do."""

    name: str
    title: str
    multiple: int
    """widths and heights are multiples of this"""

    def pipeline(self, kind: Kind, controlled: bool) -> type:
        """The diffusers class for this kind of drawing, with or without ControlNets."""

    def controlnet(self, kind: ControlKind) -> type:
        """The class of its ControlNets; `HeadshotError` where it has none."""

    def arguments(self, pipe: Any, call: Call, device: str) -> dict[str, Any]:
        """Every keyword for ``pipe(**arguments)``: prompt embeddings, pictures, generators (one a seed), latents."""

    def preview(self, pipe: Any, latents: Any, size: tuple[int, int]) -> np.ndarray:
        """A rough uint8 (h, w, 3) look at the first picture from the latents of a step, in milliseconds."""

    def without(self) -> dict[str, None]:
        """Parts of the pipeline that are not loaded."""
        return {}

    def load_controlnet(self, folder: Path, dtype: Any) -> Any:
        """A ControlNet from its folder."""
        variant = "fp16" if any(folder.glob("*.fp16.safetensors")) else None
        kind = self.controlnet("pose")
        return kind.from_pretrained(folder, dtype=dtype, variant=variant, local_files_only=True)

    def settle(self, pipe: Any, base: Base) -> None:
        """Once, after loading: the scheduler that the base model is drawn with."""
        if base.scheduler:
            pipe.scheduler = scheduler(base.scheduler, pipe)

    def prepare(self, pipe: Any, base: Base, call: Call) -> None:
        """Before each run: what the call needs beside LoRAs and ControlNets."""


def scheduler(name: str, pipe: Any) -> Any:
    """The scheduler that a few-step adapter was distilled with, from the pipeline's own settings."""
    from headshot_core.generate import library

    kind = getattr(library.diffusers(), name)
    return kind.from_config(pipe.scheduler.config, timestep_spacing="trailing")
