"""How good and how quick the enhancement is, part by part.

    python -m benchmarks.enhance [PHOTO|FOLDER …] [--only PART …] [--json]

Each part compares with the obvious alternatives in the same run, on the same photos; the example where none are given.
"""

from __future__ import annotations

from benchmarks.parts import main

PARTS = ("tools", "skin", "blemishes", "wand", "upscale", "speed")

if __name__ == "__main__":
    main("benchmarks.enhance", PARTS, __doc__)
