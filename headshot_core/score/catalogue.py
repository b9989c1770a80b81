"""The measures in words: the tables in the docs, made from a score of the example.

python -m headshot_core.score.catalogue    # brings the tables in docs/score.md up to date
"""

from __future__ import annotations

from pathlib import Path

from headshot_core.doc_tables import put
from headshot_core.enhance.view import Study
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.presets import EXAMPLE
from headshot_core.score.engine import PROFILES, score
from headshot_core.score.report import Measure, Score

DOCS = Path(__file__).parents[2] / "docs" / "score.md"


def tables() -> dict[str, str]:
    """A table of Markdown for each profile: its pillars, their measures and the points that these may cost."""
    study = Study(analyse(read_photo(EXAMPLE)))
    return {profile: _table(score(study, profile=profile)) for profile in PROFILES}


def _table(scored: Score) -> str:
    rows = ["| pillar | measure | may cost | after |", "|---|---|---|---|"]
    for pillar in scored.pillars:
        rows += [_row(pillar.title * (number == 0), measure) for number, measure in enumerate(pillar.measures)]
    return "\n".join(rows) + "\n"


def _row(pillar: str, measure: Measure) -> str:
    unit = f" ({measure.unit})" * bool(measure.unit)
    costs = f"{measure.costs:g}" if measure.costs else "nothing: information"
    return f"| {pillar} | {measure.title}{unit} | {costs} | {measure.standard} |"


def update() -> None:
    """Put today's tables into the docs."""
    put(DOCS, "headshot_core.score.catalogue", tables())


if __name__ == "__main__":
    update()
