"""One way of drawing, timed in a process of its own so that its peak memory is its own.

    python -m benchmarks.generate.draw ours|plain FOLDER PICTURES STEPS SIZE same|own

Prints JSON. With `same`, both draw with the same settings: precision, scheduler, guidance, and one picture at a time.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks import device_peak_mb
from headshot_core.generate import device, library, models, pipelines
from headshot_core.generate.call import Call, Prompt
from headshot_core.generate.families import family

WORDS = "portrait photo of a woman, charcoal blazer, soft light"
AVOID = "blurry"
GUIDANCE = 7.5


def ours(folder: str, same: bool):
    """Our engine's call."""
    base = models.find(folder)

    def draw(pictures: int, steps: int, size: int) -> None:
        pipelines.run(base, Call(Prompt(WORDS, AVOID), (size, size), tuple(range(pictures)), steps, GUIDANCE))

    return draw


def plain(folder: str, same: bool):
    """What the documentation of diffusers shows: load, move to the device, call."""
    torch, diffusers = library.torch(), library.diffusers()
    where = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    dtype = getattr(torch, device.plan(models.find(folder), (512, 512), 1).dtype) if same else torch.float32
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(folder, dtype=dtype).to(where)
    pipe.set_progress_bar_config(disable=True)
    if same:
        family("sd15").settle(pipe, models.find(folder))

    def draw(pictures: int, steps: int, size: int) -> None:
        batch = 1 if same else pictures
        for begin in range(0, pictures, batch):
            pipe(
                WORDS, negative_prompt=AVOID, width=size, height=size, num_inference_steps=steps,
                guidance_scale=GUIDANCE, num_images_per_prompt=batch,
                generator=[torch.Generator().manual_seed(seed) for seed in range(begin, begin + batch)],
            )  # fmt: skip

    return draw


def main() -> None:
    """Load, draw something small to warm up, draw, and tell how long that took."""
    way, folder, *numbers, same = sys.argv[1:]
    draw = {"ours": ours, "plain": plain}[way](folder, same == "same")
    draw(1, 1, 64)
    started = time.perf_counter()
    draw(*map(int, numbers))
    json.dump({"seconds": time.perf_counter() - started, "megabytes": device_peak_mb()}, sys.stdout)


if __name__ == "__main__":
    main()
