"""`assets`: the model files."""

from __future__ import annotations

import argparse

from headshot_core import assets
from headshot_core.cli.terminal import Bar, command, fetch, print_json
from headshot_core.errors import HeadshotError


def add(commands) -> None:
    """The command and its flags."""
    parser = command(commands, "assets", run, "list, fetch or verify the model files")
    parser.add_argument("action", nargs="?", choices=("list", "fetch", "verify"), default="list")
    parser.add_argument("names", nargs="*", metavar="NAME", help="model files to fetch; all where none is named")


def run(given: argparse.Namespace) -> int:
    """List the model files, after fetching or verifying them. 2 where one is damaged."""
    if given.action == "fetch":
        fetch(given.names or assets.STUDIO + assets.LIKENESS, Bar())
    elif given.names:
        raise HeadshotError("Names are for 'assets fetch'.", "See: python -m headshot_core assets --help")
    rows = assets.verify()
    if given.json:
        print_json(
            [
                {
                    "name": asset.name,
                    "state": state,
                    "path": str(place),
                    "purpose": asset.purpose,
                    "licence": asset.licence,
                    "bytes": asset.size_bytes,
                }
                for asset, state, place in rows
            ]
        )
    else:
        for asset, state, _ in rows:
            print(f"{asset.name:<23}{state:<9}{asset.size_bytes / 1e6:5.1f} MB  {asset.licence:<12}{asset.purpose}")
    return 2 if any(state == "damaged" for _, state, _ in rows) else 0
