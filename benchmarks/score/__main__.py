"""How well the score sees what is there, part by part.

    python -m benchmarks.score [PHOTO|FOLDER …] [--only PART …] [--json]

Photos are made worse by known amounts, and fixed again; the example where none are given.
"""

from __future__ import annotations

from benchmarks.parts import main

PARTS = ("matrix", "fixes", "speed")

if __name__ == "__main__":
    main("benchmarks.score", PARTS, __doc__)
