"""The base models in words: the tables in the docs, made from the code.

python -m headshot_core.generate.catalogue    # brings the tables in docs/base-models.md up to date
"""

from __future__ import annotations

from pathlib import Path

from headshot_core.doc_tables import put
from headshot_core.generate.models import BASES, EXTRAS, Base, Extra, page

DOCS = Path(__file__).parents[2] / "docs" / "base-models.md"


def tables() -> dict[str, str]:
    """A table of Markdown each for the base models and the extras."""
    return {"bases": _bases(), "extras": _extras()}


def _bases() -> str:
    rows = ["| name | | licence | GB to fetch | GB of memory | steps | can |", "|---|---|---|---|---|---|---|"]
    return "\n".join([*rows, *(_base(base) for base in BASES.values())]) + "\n"


def _base(base: Base) -> str:
    licence = f"[{base.licence}]({base.licence_url})"
    can = ", ".join(sorted(ability.replace("_", " ") for ability in base.can))
    memory = f"{base.memory_gb:.1f}" if base.memory_gb >= 0.1 else f"{base.memory_gb:.2f}"
    return (
        f"| `{base.name}` | {_title(base)}. {base.note} | {licence} | {_size(base)} | {memory} | {base.steps} | {can} |"
    )


def _title(item: Base | Extra) -> str:
    """With the address of its page, where it has one."""
    return f"[{item.title}]({page(item)})" if page(item) else item.title


def _size(item: Base | Extra) -> str:
    return "comes along" if item.demo else f"{item.download_bytes / 1e9:.1f}"


def _extras() -> str:
    rows = ["| name | | for | licence | GB to fetch |", "|---|---|---|---|---|"]
    return "\n".join([*rows, *(_extra(extra) for extra in EXTRAS.values())]) + "\n"


def _extra(extra: Extra) -> str:
    users = [base for base in BASES.values() if extra in base.extras]
    fetched = [base for base in BASES.values() if not base.demo]
    names = "all that are fetched" if users == fetched else ", ".join(f"`{base.name}`" for base in users)
    licence = f"[{extra.licence}]({extra.licence_url})"
    return f"| `{extra.name}` | {_title(extra)} | {names} | {licence} | {_size(extra)} |"


def update() -> None:
    """Put today's tables into the docs."""
    put(DOCS, "headshot_core.generate.catalogue", tables())


if __name__ == "__main__":
    update()
