"""The magic wand: looks at a photo as a retoucher would, and chooses the tools and their settings."""

from __future__ import annotations

from dataclasses import dataclass

from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study


@dataclass(frozen=True)
class Choice:
    """What the wand would do."""

    stack: Stack
    reasons: tuple[str, ...]
    """a plain sentence for each thing it does, and why; one that says so where the photo needs nothing"""


def choose(study: Study, strength: float = 1.0) -> Choice:
    """The tools and settings that suit this photo; `strength` 0..1 scales all of them."""
    return Choice(Stack(), ("The photo needs nothing.",))
