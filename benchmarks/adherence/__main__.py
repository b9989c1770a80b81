"""Whether the diffusion engine does what it is told, counted on cartoon portraits whose every trait can be read.

    python -m benchmarks.adherence [--only prompt|guidance|control|person|edit|rank|settings …] [--json]

Drawn by the demo base model through the app's own pipelines. Beside each figure stand chance (the same pictures held
against other pictures' wishes) and the readers' own ceiling (rendered truth, through the VAE). Fixed seeds; 128 wishes,
and 48 for each row of a table that has many; about three quarters of an hour on two slow cores.
"""

from __future__ import annotations

from benchmarks.parts import main

PARTS = ("prompt", "guidance", "control", "person", "edit", "rank", "settings")

if __name__ == "__main__":
    main("benchmarks.adherence", PARTS, __doc__)
