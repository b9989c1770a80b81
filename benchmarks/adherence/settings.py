"""What solver, steps, seeds, batches and precision do to how closely the prompt is followed: little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks.adherence.draw import FIRST_SEED, SOME, adherence, base, draw, wishes
from headshot_core.generate import device, pipelines
from headshot_core.generate.call import Call, Prompt
from headshot_core.micro import captions, readers

TITLE = "Settings: mean share of named traits that are followed, and the difference from the usual settings"
SOLVERS = ("DPMSolverMultistepScheduler", "EulerDiscreteScheduler", "UniPCMultistepScheduler")
STEPS = (6, 20, 40)
SEEDS = (1000, 2000, 3000)


def rows(photos: list[Path]) -> list[dict]:
    """A row for each setting."""
    wished = wishes(SOME)
    usual = drawn(wished)
    found = {
        f"usual: DDIM, {base().steps} steps, float32": usual,
        **{name: drawn(wished, base=replace(base(), scheduler=name)) for name in SOLVERS},
        **{f"{steps} steps": drawn(wished, steps=steps) for steps in STEPS},
        **{f"other seeds ({seed})": drawn(wished, seed=seed) for seed in SEEDS},
        "bfloat16": in_bfloat16(wished),
    }
    table = [{"setting": name, "followed": share, "difference": share - usual} for name, share in found.items()]
    return [*table, {"setting": "four at once, against one by one: largest difference of a pixel", "pixels": batch()}]


def drawn(wished, **changes) -> float:
    """How far pictures drawn with these changes follow."""
    return adherence(readers.read(draw(wished, **changes)), wished)


def in_bfloat16(wished) -> float:
    """The same in half precision."""
    with mock.patch.object(device, "_dtype", return_value="bfloat16"):
        return drawn(wished)


def batch() -> int:
    """The largest difference of a pixel, 0..255, between pictures drawn together and one by one."""
    wish, own = wishes(1)[0], base()
    seeds = tuple(range(FIRST_SEED, FIRST_SEED + 4))
    call = Call(Prompt(captions.full(wish)), (64, 64), seeds, own.steps, own.guidance)
    plan = device.plan(own, call.size, 4)
    with mock.patch.object(device, "plan", return_value=replace(plan, batch=4)):
        together = np.stack(pipelines.run(own, call))
    alone = np.stack([pipelines.run(own, replace(call, seeds=(seed,)))[0] for seed in seeds])
    return int(np.abs(together.astype(int) - alone).max())
