"""Tables in the docs that are made from the code, between two marks that say so."""

from __future__ import annotations

from pathlib import Path

from headshot_core.files import atomic_write

MARKS = "<!-- {}: made by python -m {} -->\n", "<!-- /{} -->"
"""Before and after a table: its name, and the module that makes it."""


def put(docs: Path, module: str, tables: dict[str, str]) -> None:
    """Put today's tables, Markdown by name, in the places of those of old."""
    text = docs.read_text(encoding="utf-8")
    for name, table in tables.items():
        begin, end = (mark.format(name, module) for mark in MARKS)
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}{table}{end}{rest.partition(end)[2]}"
    atomic_write(docs, text.encode())
