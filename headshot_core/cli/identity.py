"""`identity`: by whose network people are known."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from headshot_core import assets
from headshot_core.cli.terminal import Bar, command, fetch, print_json
from headshot_core.errors import HeadshotError


def add(commands) -> None:
    """The command and its flags."""
    parser = command(commands, "identity", run, "list the networks that people are known by, or choose one")
    parser.add_argument("action", nargs="?", choices=("list", "use", "revoke"), default="list")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the one to use, or whose terms are no longer accepted")
    parser.add_argument("--model", type=Path, metavar="FILE", help="its model file, where it needs your own")
    parser.add_argument("--accept-terms", action="store_true", help="accept its terms, as the list shows them")


def run(given: argparse.Namespace) -> int:
    """Choose if asked to, then list all."""
    from headshot_core.face import identity

    if (given.action == "list") != (given.name is None):
        raise HeadshotError("A name goes with 'use' and 'revoke'.", "See: python -m headshot_core identity --help")
    if given.action == "use":
        if given.name == "dlib":
            fetch(assets.LIKENESS, Bar())
        identity.use(given.name, given.model, given.accept_terms)
    elif given.action == "revoke":
        identity.revoke(given.name)
    if given.json:
        print_json([_plain(embedder) for embedder in identity.EMBEDDERS.values()])
        return 0
    for embedder in identity.EMBEDDERS.values():
        print(f"{embedder.name:<14}{embedder.title} ({embedder.licence}){', in use' * _in_use(embedder)}")
        accepted = "Terms, accepted" if identity.accepted(embedder.name) else "Terms"
        for text in (embedder.figures, embedder.terms and f"{accepted}: {embedder.terms}"):
            if text:
                print(textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="  "))
    print(textwrap.fill(identity.WARNING, 102))
    return 0


def _in_use(embedder) -> bool:
    from headshot_core.face import identity

    return identity.chosen().name == embedder.name


def _plain(embedder) -> dict:
    from headshot_core.face import identity

    names = ("name", "title", "licence", "commercial", "dimensions", "close", "far", "figures", "terms")
    shown = {name: getattr(embedder, name) for name in names}
    return shown | {"accepted": identity.accepted(embedder.name), "in_use": _in_use(embedder)}
