"""One way of drawing, timed in a process of its own so that its peak memory is its own.

    python -m benchmarks.generate.draw ours|plain FOLDER PICTURES STEPS SIZE [same]

Prints JSON. With `same`, both draw with the same settings: precision, scheduler, guidance, and one picture at a time.
"""

from __future__ import annotations

import json
import sys
import time

from headshot_core.generate import device, library, models, pipelines
from headshot_core.generate.call import Call, Prompt

WORDS = "portrait photo of a woman, charcoal blazer, soft light"
AVOID = "blurry"
GUIDANCE = 7.5


def ours(folder: str, pictures: int, steps: int, size: int, same: bool):
    """Our engine's call, and the same call again."""
    base = models.find(folder)
    call = Call(Prompt(WORDS, AVOID), (size, size), tuple(range(pictures)), steps, GUIDANCE)
    return lambda: pipelines.run(base, call)


def plain(folder: str, pictures: int, steps: int, size: int, same: bool):
    """What the documentation of diffusers shows: load, move to the device, call."""
    torch, diffusers = library.torch(), library.diffusers()
    where = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    options = {}
    if same:
        plan = device.plan(models.find(folder), (size, size), pictures)
        options = {"dtype": getattr(torch, plan.dtype)}
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(folder, **options).to(where)
    pipe.set_progress_bar_config(disable=True)
    if same:
        from headshot_core.generate.families import family

        family("sd15").settle(pipe, models.find(folder))

    def draw():
        batch = 1 if same else pictures
        for begin in range(0, pictures, batch):
            generators = [torch.Generator().manual_seed(seed) for seed in range(begin, begin + batch)]
            pipe(
                WORDS, negative_prompt=AVOID, width=size, height=size, num_inference_steps=steps,
                guidance_scale=GUIDANCE, num_images_per_prompt=batch, generator=generators,
            )  # fmt: skip

    return draw


def main() -> None:
    """Load, draw once to warm up, draw again and tell how long it took."""
    way, folder, *numbers, same = sys.argv[1:]
    pictures, steps, size = map(int, numbers)
    started = time.perf_counter()
    draw = {"ours": ours, "plain": plain}[way](folder, pictures, steps, size, same == "same")
    draw()
    warm = time.perf_counter()
    draw()
    told = {"first": warm - started, "seconds": time.perf_counter() - warm, "megabytes": _peak()}
    json.dump(told, sys.stdout)


def _peak() -> float:
    """Peak memory: the GPU's where one draws, else the process's."""
    import resource

    torch = library.torch()
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e3 if sys.platform != "darwin" else 1e6)


if __name__ == "__main__":
    main()
