"""Several processes at one training, a GPU each, as `accelerate launch` starts them; usually there is one."""

from __future__ import annotations

import os
from typing import Any

from headshot_core.generate import library


class Ranks:
    """This process among those that train together."""

    def __init__(self):
        self._state = None
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            on_cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")
            self._state = library.accelerate().PartialState(cpu=on_cpu)

    @property
    def count(self) -> int:
        """How many there are."""
        return self._state.num_processes if self._state else 1

    @property
    def own(self) -> int:
        """This one's number; 0 writes the files."""
        return self._state.process_index if self._state else 0

    @property
    def device(self) -> Any | None:
        """The device that is this one's; None where it is alone, and may choose."""
        return self._state.device if self._state else None

    def wait(self) -> None:
        """Until all are here."""
        if self._state:
            self._state.wait_for_everyone()

    def share(self, value: Any) -> Any:
        """The first one's value, for all: any plain object."""
        if not self._state:
            return value
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def mean(self, weights: list[Any]) -> None:
        """Put the mean of all gradients in place of each one's own."""
        if not self._state:
            return
        from accelerate.utils import reduce

        for weight in weights:
            if weight.grad is not None:
                weight.grad = reduce(weight.grad, "mean")
