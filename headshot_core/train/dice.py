"""Chance, without a generator that runs on: every number is drawn from the seed, what it is for, and the step.

So a training that is taken up again draws the very numbers that it would have drawn, and looking at a checkpoint in
between changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from headshot_core.generate import library

USES = ("order", "others", "noise", "level", "words", "layers", "prior", "held out", "silent")
Use = Literal["order", "others", "noise", "level", "words", "layers", "prior", "held out", "silent"]


@dataclass(frozen=True)
class Dice:
    """For one training."""

    seed: int

    def number(self, use: Use, *place: int) -> int:
        """A number from 0 to 2**63 - 1 for one use at one place, such as a step."""
        drawn = np.random.SeedSequence([self.seed, USES.index(use), *place]).generate_state(1, np.uint64)
        return int(drawn[0] >> 1)

    def generator(self, use: Use, *place: int) -> Any:
        """A torch generator on the CPU, so that a seed means the same on every device."""
        return library.torch().Generator("cpu").manual_seed(self.number(use, *place))
