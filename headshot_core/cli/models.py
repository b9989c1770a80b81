"""`models`: the base models that draw new pictures: which there are, which are here; fetch or remove them."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from headshot_core.cli.terminal import Bar, command, print_json
from headshot_core.errors import HeadshotError
from headshot_core.generate import fetch, models
from headshot_core.generate.models import Base, Extra

WITH: dict[str, models.ExtraKind] = {
    "pose": "pose",
    "depth": "depth",
    "normal": "normal",
    "face": "face_adapter",
    "light": "light_adapter",
    "scorer": "prompt_scorer",
}
"""What can be fetched along with a base model, and its kind."""


def add(commands) -> None:
    """The command and its flags."""
    parser = command(commands, "models", run, "base models for new pictures: list, info, get, remove")
    parser.add_argument("action", nargs="?", choices=("list", "info", "get", "remove"), default="list")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a base model, an extra, or a hub id: owner/name")
    parser.add_argument("--with", dest="extras", metavar="LIST", default="", help=f"get also: {','.join(WITH)}")
    parser.add_argument("--all", action="store_true", help="get all that belongs to it as well")
    parser.add_argument(
        "--accept-licence", action="store_true", help="get it where commercial use is not known to be allowed"
    )


def run(given: argparse.Namespace) -> int:
    """List base models, say all of one, fetch or remove some."""
    if given.action == "list":
        if given.names:
            raise HeadshotError("'models list' takes no name.", "Try: python -m headshot_core models info NAME")
        return _list(given)
    if not given.names:
        raise HeadshotError(f"'models {given.action}' needs a name.", f"Choose from: {', '.join(models.BASES)}.")
    items = [_find(name) for name in given.names]
    return {"info": _info, "get": _get, "remove": _remove}[given.action](items, given)


def _find(name: str) -> Base | Extra:
    return models.EXTRAS.get(name) or models.find(name)


# Actions.


def _list(given: argparse.Namespace) -> int:
    others = [base for base in models.here() if base.name not in models.BASES]
    bases = [*models.BASES.values(), *others]
    if given.json:
        print_json([facts(base) for base in bases])
        return 0
    print(f"{'NAME':<18}{'':<6}{'FETCH':>8}{'MEMORY':>9}  {'LICENCE':<32}CAN")
    for base in bases:
        here = "here" if models.installed(base) else "-"
        size = f"{base.download_bytes / 1e9:.1f} GB" if base.download_bytes else "demo" * base.demo
        licence = f"{base.licence}{'' if base.commercial else ' (see its page)'}"
        print(f"{base.name:<18}{here:<6}{size:>8}{_memory(base):>9}  {licence:<32}{', '.join(sorted(base.can))}")
    print(f"\nFetch one:    python -m headshot_core models get NAME  (into {models.folder()})", file=sys.stderr)
    print("All of one:   python -m headshot_core models info NAME", file=sys.stderr)
    print("Try the demo: python -m headshot_core generate PHOTO --base micro --mode restyle", file=sys.stderr)
    return 0


def _info(items: list[Base | Extra], given: argparse.Namespace) -> int:
    if given.json:
        print_json([facts(item) for item in items])
        return 0
    for item in items:
        print(fetch.terms(item))
        if item.note:
            print(f"  {item.note}")
        print(f"  {_here(item)}: {models.location(item)}")
        source = "made by this project" if item.demo else f"from {item.source}"
        print(f"  {source}; terms: {item.licence_url or 'see there'}")
        if isinstance(item, Base) and item.family:
            _tell_more(item)
    return 0


def _tell_more(base: Base) -> None:
    guidance = f"guidance {base.guidance:g}" if base.guidance > 1 else "no guidance"
    print(f"  {_memory(base)} of memory, {base.steps} steps, {guidance}")
    print(f"  can: {', '.join(sorted(base.can))}")
    print(f"  sizes: {', '.join(f'{width} x {height}' for width, height in base.sizes)}")
    for extra in base.extras:
        size = "demo" if extra.demo else f"{extra.download_bytes / 1e9:.1f} GB"
        print(f"  + {extra.name:<20}{size:>7}, {extra.licence}, {_here(extra)}: {extra.title}")


def _get(items: list[Base | Extra], given: argparse.Namespace) -> int:
    """Show the terms of all that is missing, then fetch it."""
    wanted = list(dict.fromkeys(part for item in items for part in [item, *_along(item, given)]))
    missing = [item for item in wanted if not models.installed(item)]
    for part in dict.fromkeys(part for item in missing for part in models.parts(item) if not models.is_here(part)):
        print(f"{fetch.terms(part)}{f' ({part.licence_url})' * bool(part.licence_url)}", file=sys.stderr)
        if not part.commercial and not given.accept_licence:
            raise HeadshotError(
                f"Whether {part.title} may be used commercially is not known, or it may not.",
                "Read its terms, then add --accept-licence.",
            )
    bar = Bar()
    for item in missing:
        fetch.fetch(item, lambda done, total, says: bar.report(done, total, says + _amount(done, total)))
        bar.clear()
    if given.json:
        print_json([facts(item) for item in wanted])
    else:
        print("\n".join(f"{item.name} is here: {models.location(item)}" for item in wanted))
    return 0


def _along(item: Base | Extra, given: argparse.Namespace) -> list[Extra]:
    """The extras that --with and --all ask for."""
    asked = [word.strip() for word in given.extras.split(",") if word.strip()]
    unknown = [word for word in asked if word not in WITH]
    if unknown:
        raise HeadshotError(f"--with knows no {unknown[0]!r}.", f"Choose from: {', '.join(WITH)}.")
    if isinstance(item, Extra):
        return []
    kinds = {extra.kind for extra in item.extras}
    lacking = [word for word in asked if WITH[word] not in kinds]
    if lacking:
        own = [word for word, kind in WITH.items() if kind in kinds]
        raise HeadshotError(f"{item.title} has no {lacking[0]}.", f"It has: {', '.join(own) or 'none'}.")
    return [extra for extra in item.extras if given.all or extra.kind in [WITH[word] for word in asked]]


def _remove(items: list[Base | Extra], given: argparse.Namespace) -> int:
    freed = {item.name: fetch.remove(item) for item in items}
    if given.json:
        print_json([{"name": name, "bytes": size} for name, size in freed.items()])
        return 0
    for name, size in freed.items():
        print(f"{name} is gone: {size / 1e9:.1f} GB came free." if size else f"{name} was not here.")
    return 0


# What is said.


def facts(item: Base | Extra) -> dict[str, Any]:
    """A base model or extra as plain data."""
    shared = {
        "name": item.name,
        "title": item.title,
        "source": item.source,
        "licence": item.licence,
        "licence_url": item.licence_url,
        "commercial": item.commercial,
        "bytes": item.download_bytes,
        "installed": models.installed(item),
        "path": str(models.location(item)),
        "note": item.note,
        "demo": item.demo,
    }
    if isinstance(item, Extra):
        return shared | {"kind": item.kind}
    return shared | {
        "family": item.family,
        "memory_gb": item.memory_gb,
        "sizes": [list(size) for size in item.sizes],
        "steps": item.steps,
        "guidance": item.guidance,
        "can": sorted(item.can),
        "extras": [facts(extra) for extra in item.extras],
    }


def _memory(base: Base) -> str:
    return f"{base.memory_gb:.1f} GB" if base.memory_gb >= 0.1 else f"{base.memory_gb * 1000:.0f} MB"


def _here(item: Base | Extra) -> str:
    return "here" if models.installed(item) else "not here"


def _amount(done: int, total: int) -> str:
    return f", {done / 1e9:.2f} of {total / 1e9:.2f} GB" if done and total else ""
