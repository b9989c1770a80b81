"""The base models in words: the tables in the docs, made from the code.

python -m headshot_core.generate.catalogue    # brings the tables in docs/base-models.md up to date
"""

from __future__ import annotations

from pathlib import Path

from headshot_core.doc_tables import put
from headshot_core.generate.models import BASES, EXTRAS, Base, Extra

DOCS = Path(__file__).parents[2] / "docs" / "base-models.md"


def tables() -> dict[str, str]:
    """A table of Markdown each for the base models and the extras."""
    return {"bases": _bases(), "extras": _extras()}


def _bases() -> str:
    rows = ["| name | | licence | GB to fetch | GB of memory | steps | can |", "|---|---|---|---|---|---|---|"]
    return "\n".join([*rows, *(_base(base) for base in BASES.values())]) + "\n"


def _base(base: Base) -> str:
    title = f"[{base.title}](https://huggingface.co/{base.source})"
    licence = f"[{base.licence}]({base.licence_url})"
    can = ", ".join(sorted(ability.replace("_", " ") for ability in base.can))
    size = f"{base.download_bytes / 1e9:.1f}"
    return (
        f"| `{base.name}` | {title}. {base.note} | {licence} | {size} | {base.memory_gb:.1f} | {base.steps} | {can} |"
    )


def _extras() -> str:
    rows = ["| name | | for | licence | GB to fetch |", "|---|---|---|---|---|"]
    return "\n".join([*rows, *(_extra(extra) for extra in EXTRAS.values())]) + "\n"


def _extra(extra: Extra) -> str:
    users = ", ".join(f"`{base.name}`" for base in BASES.values() if extra in base.extras)
    users = "all" if len(users.split(", ")) == len(BASES) else users
    title = f"[{extra.title}](https://huggingface.co/{extra.source})"
    licence = f"[{extra.licence}]({extra.licence_url})"
    return f"| `{extra.name}` | {title} | {users} | {licence} | {extra.download_bytes / 1e9:.1f} |"


def update() -> None:
    """Put today's tables into the docs."""
    put(DOCS, "headshot_core.generate.catalogue", tables())


if __name__ == "__main__":
    update()
