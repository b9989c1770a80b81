"""What all commands share: arguments, lines and JSON, model files, the progress bar."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from headshot_core import assets
from headshot_core.errors import HeadshotError

# Arguments.


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line. `fill` adds its arguments when it is used, where that takes a while."""

    def __init__(self, fill: Callable[[Parser], None] | None = None, **options):
        super().__init__(allow_abbrev=False, **options)
        self._fill = fill

    def parse_known_args(self, *arguments, **options):
        fill, self._fill = self._fill, None
        if fill:
            fill(self)
        return super().parse_known_args(*arguments, **options)

    def error(self, message: str):
        raise HeadshotError(f"{message[0].upper()}{message[1:]}.", f"See: {self.prog} --help")


def command(commands, name: str, run: Callable[[argparse.Namespace], int], text: str, **options) -> Parser:
    """A new command, to which its own arguments can be added."""
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", **options)
    parser.add_argument("--json", action="store_true", help="print machine-readable JSON")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a fault in the program")
    parser.set_defaults(run=run)
    return parser


def add_field(group, names: list[str], dest: str, schema: dict[str, Any], limits: str = "", **options) -> None:
    """One flag for one field of a model, from its JSON schema; what is given is checked by the model itself."""
    if schema.get("type") == "boolean":
        options = {"action": argparse.BooleanOptionalAction}
    text = schema.get("description", "") + f" ({limits})" * bool(limits)
    group.add_argument(*names, dest=dest, default=argparse.SUPPRESS, help=text.replace("%", "%%"), **options)


def add_who(parser: argparse.ArgumentParser, face: str) -> None:
    """Which person of the photo, and how the cut-out begins."""
    parser.add_argument("--face", type=int, default=1, metavar="N", help=face)
    parser.add_argument(
        "--mask", default="selfie", metavar="NAME", help="net for the rough cut-out: selfie, salient or rembg:MODEL"
    )


def face_index(number: int) -> int:
    """People count from 1, the core from 0."""
    if number < 1:
        raise HeadshotError("Faces count from 1.", "The largest face is 1.")
    return number - 1


def first_line(model: type[BaseModel]) -> str:
    """What the model is, in one line."""
    return (model.__doc__ or "").splitlines()[0]


def agreed(question: str) -> bool:
    """Ask on the terminal, and give whether the answer is yes. Raises `HeadshotError` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise HeadshotError("Deleting needs a yes.", "Add --yes.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


# Output.


def complain(text: str) -> int:
    """One line on stderr; returns the exit code of bad input."""
    print("headshot:", " ".join(text.split()), file=sys.stderr)
    return 2


def print_json(data: Any) -> None:
    """Data for another program, on stdout."""
    print(json.dumps(data, indent=2), flush=True)


def fetch(names: tuple[str, ...] | list[str], bar: Bar) -> None:
    """Bring missing model files, after saying which and how large."""
    wanted = [assets.find(name) for name in names]
    present = {asset.name for asset, good, _ in assets.status() if good}
    missing = [asset for asset in wanted if asset.name not in present]
    if missing:
        size = sum(asset.size_bytes for asset in missing) / 1e6
        listed = ", ".join(f"{asset.file} ({asset.licence})" for asset in missing)
        print(f"Fetching {size:.0f} MB of model files, this once: {listed}", file=sys.stderr)
        assets.fetch_all(names, bar.report)
        bar.clear()


class Bar:
    """A progress bar on stderr, for people: nothing where stderr is not a terminal."""

    WIDTH = 24

    def __init__(self):
        self.done, self.total = 0, 1
        self._shown = sys.stderr.isatty()

    def report(self, step: int, total: int, message: str) -> None:
        """Show `step` of `total`; of unknown length where that is 0."""
        self._draw(step / total if total else 0, message)

    def within(self, name: str):
        """A listener for one of several pieces of work."""

        def report(step: int, total: int, message: str) -> None:
            share = min(step / total, 0.99) if total else 0
            count = f"{self.done + 1}/{self.total} " if self.total > 1 else ""
            self._draw((self.done + share) / self.total, f"{count}{name}: {message}")

        return report

    def clear(self) -> None:
        """Take the bar away, so that a line can be printed."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _draw(self, share: float, text: str) -> None:
        if self._shown:
            filled = round(share * self.WIDTH)
            line = f"{'█' * filled}{'░' * (self.WIDTH - filled)} {share:4.0%} {text}"
            sys.stderr.write("\r\x1b[K" + line[: shutil.get_terminal_size().columns - 1])
            sys.stderr.flush()
