"""`styles`: ready stacks of tools for `enhance`."""

from __future__ import annotations

import argparse

from headshot_core.cli.terminal import command, complain, print_json


def add(commands) -> None:
    """The command and its flags."""
    command(commands, "styles", run, "list the styles of enhance, those that come along and your own")


def run(given: argparse.Namespace) -> int:
    """List the styles."""
    from headshot_core.enhance import styles

    for problem in styles.problems():
        complain(str(problem))
    if given.json:
        print_json(
            [{"name": row.name, "own": row.own, **row.model_dump(mode="json")} for row in styles.styles().values()]
        )
        return 0
    for row in styles.styles().values():
        print(f"{row.name:<22}{row.description or row.title}")
    return 0
