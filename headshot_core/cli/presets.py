"""`presets`: the looks to start from."""

from __future__ import annotations

import argparse
from typing import Any

from headshot_core import assets
from headshot_core.cli.terminal import Bar, command, complain, fetch, print_json


def add(commands) -> None:
    """The command and its flags."""
    parser = command(commands, "presets", run, "list the presets, or render their thumbnails")
    parser.add_argument("action", nargs="?", choices=("list", "render"), default="list")
    parser.add_argument("names", nargs="*", metavar="NAME", help="thumbnails to render; all where none is named")


def run(given: argparse.Namespace) -> int:
    """List the presets by category, after rendering thumbnails if asked to."""
    from headshot_core import presets

    for problem in presets.problems():
        complain(str(problem))
    if given.action == "render":
        bar = Bar()
        fetch(assets.STUDIO, bar)
        presets.render_thumbnails(given.names, bar.report)
        bar.clear()
    if given.json:
        print_json([_preset(row) for row in presets.presets().values()])
        return 0
    for category, shelf in presets.categories().items():
        print(category)
        for row in shelf:
            print(f"  {row.name:<22}{row.description}")
    return 0


def _preset(row) -> dict[str, Any]:
    words = {"name": row.name, "title": row.title, "category": row.category, "description": row.description}
    return words | {"tags": list(row.tags), "recipe": row.recipe().model_dump(mode="json")}
