"""What training costs, beside the plain DreamBooth LoRA loop as diffusers documents it, same device and run.

    python -m benchmarks.train [--only speed|small …] [--json]

The models have Stable Diffusion 1.5's shape, and that of a distilled one, with random weights: time and memory are
those of real ones. About 3 GB of disk in the temporary folder, 8 GB of memory and ten minutes on two cores.
"""

from __future__ import annotations

from benchmarks.parts import main

PARTS = ("speed", "small")

if __name__ == "__main__":
    main("benchmarks.train", PARTS, __doc__)
