"""What drawing costs, beside a plain call of diffusers on the same device in the same run.

    python -m benchmarks.generate [--only speed|overhead|control …] [--json]

The model has Stable Diffusion 1.5's shape and random weights: time and memory are those of the real one. About 2 GB of
disk in the temporary folder, 10 GB of memory and ten minutes on two cores.
"""

from __future__ import annotations

from benchmarks.parts import main

PARTS = ("speed", "overhead", "control")

if __name__ == "__main__":
    main("benchmarks.generate", PARTS, __doc__)
