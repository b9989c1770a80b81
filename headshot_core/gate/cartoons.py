"""Cartoons: nobody real. Nets that know faces see none in most of them, so they are taken as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from headshot_core.gate.verdict import Checked, Gate
from headshot_core.progress import CancelToken, Report, silent

ADVICE = "These are cartoons: no face was looked for, and the demo base model alone learns them."


def take_cartoons(
    photos: list[Path],
    report: Report = silent,
    cancel: CancelToken | None = None,
    each: Callable[[Checked], None] | None = None,
) -> Gate:
    """Every picture accepted unseen, without a thumbnail; arguments as those of `check_photos`."""
    found = []
    for number, path in enumerate(photos):
        if cancel:
            cancel.check()
        report(number, len(photos), f"Looking at {path.name}")
        found.append(Checked(path.name, "accept", (), None))
        if each:
            each(found[-1])
    return Gate(tuple(found), (ADVICE,), tuple(path.name for path in photos))
