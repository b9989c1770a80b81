"""Judge: the scores of one portrait, as it is and after stacks of tools, remembered. It knows nothing of Gradio."""

from __future__ import annotations

import itertools
import threading

from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study
from headshot_core.portrait import Portrait
from headshot_core.score.engine import fixed, score
from headshot_core.score.report import Fix, Score, applied

KEPT = 100
"""How many scores are remembered."""
_NUMBERS = itertools.count(1)


class Judge:
    """Scores one portrait. Its study is its own: a slider may be at work on another one meanwhile."""

    def __init__(self, portrait: Portrait):
        self.portrait = portrait
        self.number = next(_NUMBERS)
        """another one for each portrait"""
        self._study = Study(portrait)
        self._known: dict[tuple[str, Stack], Score] = {}
        self._spent: tuple[str, Stack] | None = None
        self._lock = threading.Lock()

    def known(self, rules: str, stack: Stack) -> Score | None:
        """The score, if it was worked out already."""
        return self._known.get((rules, stack))

    def score(self, rules: str, stack: Stack) -> Score:
        """The score after a stack of tools, in some tenths of a second. `rules`: headshot or passport."""
        with self._lock:
            if (rules, stack) not in self._known:
                self._known[rules, stack] = score(self._study, stack, rules)
                while len(self._known) > KEPT:
                    del self._known[next(iter(self._known))]
            return self._known[rules, stack]

    def mended(self, rules: str, stack: Stack, measure: str) -> tuple[Stack, Fix] | None:
        """The stack with the fix that the score offers for one measure; None where it offers none."""
        offered = [one for one in self.score(rules, stack).measures if one.name == measure and one.fix and one.lost > 0]
        return (applied(stack, offered[0].fix), offered[0].fix) if offered else None

    def mended_all(self, rules: str, stack: Stack) -> Stack:
        """The stack with all fixes that help, in a few seconds."""
        with self._lock:
            mended = fixed(self._study, stack, rules)
            self._spent = rules, mended
            return mended

    def spent(self, rules: str, stack: Stack) -> bool:
        """Whether this is what all fixes together made: no more of them help."""
        return self._spent == (rules, stack)
