"""What one run of a diffusion pipeline is asked for: plain data, the same for every model family."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from PIL import Image

Kind = Literal["text", "image", "inpaint"]
"""Drawing from nothing, from a picture, or inside a mask."""
ControlKind = Literal["pose", "depth", "normal", "light"]


@dataclass(frozen=True)
class Prompt:
    """What a model family is told. Words may be weighted as ``(word:1.2)``; a family without weights drops them."""

    positive: str
    negative: str = ""
    notes: tuple[str, ...] = ()
    """what the person should know, such as that this model ignores what is to be avoided"""


@dataclass(frozen=True, eq=False)
class Control:
    """A picture that steers where things are."""

    kind: ControlKind
    image: Image.Image
    strength: float = 0.8
    """0..2"""
    start: float = 0.0
    """share of the steps, 0..1"""
    end: float = 1.0


@dataclass(frozen=True)
class Adapter:
    """A LoRA on the disk and its weight."""

    path: str
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class LightStart:
    """A lit picture whose broad light and dark the drawing begins with."""

    image: Image.Image
    strength: float
    """0..1"""


@dataclass(frozen=True, eq=False)
class Call:
    """One run: as many pictures as there are seeds, all from the same wishes."""

    prompt: Prompt
    size: tuple[int, int]
    """width, height in pixels; multiples of 16"""
    seeds: tuple[int, ...]
    steps: int
    guidance: float
    image: Image.Image | None = None
    """the picture to begin with, of that size; None draws from nothing"""
    mask: Image.Image | None = None
    """mode L, of that size: white is drawn anew, black is kept"""
    strength: float = 1.0
    """0..1: how much of `image` is drawn anew"""
    references: tuple[Image.Image, ...] = ()
    """pictures of the person, for models that take them"""
    likeness: float = 0.7
    """0..1: how strongly references count"""
    controls: tuple[Control, ...] = ()
    loras: tuple[Adapter, ...] = ()
    light: LightStart | None = None
    extras: dict = field(default_factory=dict)
    """further keywords of the pipeline, for those who know it"""

    @property
    def kind(self) -> Kind:
        """What sort of drawing this is."""
        if self.mask is not None:
            return "inpaint"
        return "text" if self.image is None else "image"


@dataclass(frozen=True, eq=False)
class Step:
    """Where a run stands, told after every step."""

    step: int
    total: int
    preview: np.ndarray | None = None
    """uint8 (h, w, 3): a small, rough look at the first picture of the run; not at every step"""
