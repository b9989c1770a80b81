"""The studio from a terminal: `python -m headshot_core make|generate|enhance|score|gate|people|train|...`.

A thin layer, one file a command: arguments in, calls to the core, lines or JSON out. Results go to stdout, everything
else to stderr. Exit codes: 0 done, 1 a fault of the program, 2 bad input, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import os
import sys
import traceback

from headshot_core import __version__
from headshot_core.cli import (
    assets,
    enhance,
    gate,
    generate,
    identity,
    inspect,
    make,
    models,
    people,
    presets,
    score,
    styles,
    train,
)
from headshot_core.cli.batch import PHOTO_SUFFIXES
from headshot_core.cli.terminal import Bar, Parser, complain
from headshot_core.errors import HeadshotError

__all__ = ["PHOTO_SUFFIXES", "Bar", "main"]

COMMANDS = (make, generate, enhance, score, gate, people, train, presets, styles, inspect, identity, models, assets)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files may hold anything
            stream.reconfigure(errors="backslashreplace")
    try:
        given = _parser().parse_args(arguments)
    except HeadshotError as error:
        return complain(str(error))
    try:
        return given.run(given)
    except HeadshotError as error:
        return complain(str(error))
    except KeyboardInterrupt:
        complain("Stopped. What was finished is kept, nothing is half-written.")
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if given.debug:
            traceback.print_exc()
        complain(f"A fault in Headshot Studio, please report it ({type(error).__name__}: {error}; more with --debug).")
        return 1


def _parser() -> Parser:
    parser = Parser(prog="python -m headshot_core", description="Headshots from photos, made on this machine alone.")
    parser.add_argument("--version", action="version", version=f"Headshot Studio {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser
