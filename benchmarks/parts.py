"""A benchmark of several parts: photos in, a table or JSON a part out."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from benchmarks.studio import EXAMPLE
from headshot_core import assets

SUFFIXES = (".jpg", ".jpeg", ".png", ".heic")


def main(package: str, parts: tuple[str, ...], about: str) -> None:
    """Measure the parts of `package` that are asked for, and print tables or JSON.

    A part is a module with `TITLE` and `rows(photos)`.
    """
    given = _arguments(parts, about)
    assets.fetch_all([*assets.STUDIO, *assets.LIKENESS])
    photos = [photo for path in given.photos or [EXAMPLE] for photo in _in(path)]
    results = {}
    for name in given.only or parts:
        part = importlib.import_module(f"{package}.{name}")
        results[name] = part.rows(photos)
        if not given.json:
            print(f"\n{part.TITLE}\n{table(results[name])}", flush=True)
    if given.json:
        json.dump(results, sys.stdout, indent=2)


def _arguments(parts: tuple[str, ...], about: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO|FOLDER")
    parser.add_argument("--only", nargs="+", choices=parts, metavar="PART", help=", ".join(parts))
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _in(path: Path) -> list[Path]:
    return sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES) if path.is_dir() else [path]


def table(rows: list[dict]) -> str:
    """Rows as aligned columns; a column for every key that any row has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def _cell(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
