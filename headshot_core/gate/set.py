"""A set of photos: each by itself, then among each other, then what the set lacks."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from headshot_core.errors import HeadshotError
from headshot_core.face import identity
from headshot_core.gate import variety
from headshot_core.gate.alike import company, same_moment
from headshot_core.gate.one import Seen, see
from headshot_core.gate.verdict import Checked, Gate, Reason
from headshot_core.progress import CancelToken, Report, silent

WORKERS = 2
"""Photos looked at at a time: one is decoded while another goes through the nets."""


def check_photos(
    photos: Iterable[Path | tuple[str, bytes]],
    report: Report = silent,
    cancel: CancelToken | None = None,
    each: Callable[[Checked], None] | None = None,
) -> Gate:
    """Look at every photo, and at the set. A file that cannot be read is rejected with the reason, never an error.

    Each item is a path, or a name and the file's bytes. `each` is told of every photo as soon as it was looked at by
    itself: among the others its verdict may become worse. Raises `HeadshotError` where the list is empty, `Cancelled`
    where asked to.
    """
    items = _named(photos)
    if not items:
        raise HeadshotError("There is no photo to check.", "Choose some photos of one person.")
    told = each or (lambda checked: None)
    seen = _without_copies(list(_each(items, report, cancel or CancelToken(), told)))
    seen, doubts = _without_strangers(seen)
    seen = _with_backgrounds(seen)
    good = [one.checked for one in seen if one.checked.good]
    report(len(items), len(items), "Ready")
    return Gate(
        tuple(one.checked for one in seen),
        (*doubts, *variety.advice([photo.traits for photo in good])),
        tuple(variety.recommended([(photo.name, photo.traits, photo.verdict == "accept") for photo in good])),
    )


def _named(photos: Iterable[Path | tuple[str, bytes]]) -> list[tuple[str, Path | bytes]]:
    """Every photo with a name of its own."""
    items: dict[str, Path | bytes] = {}
    for photo in photos:
        name, source = photo if isinstance(photo, tuple) else (Path(photo).name, Path(photo))
        unique, number = name, 2
        while unique in items:
            unique, number = f"{Path(name).stem} ({number}){Path(name).suffix}", number + 1
        items[unique] = source
    return list(items.items())


def _each(
    items: list[tuple[str, Path | bytes]], report: Report, cancel: CancelToken, each: Callable[[Checked], None]
) -> Iterator[Seen]:
    """Each photo by itself, in order."""
    with ThreadPoolExecutor(WORKERS) as pool:
        tasks = [pool.submit(see, name, source) for name, source in items]
        try:
            for number, task in enumerate(tasks):
                report(number, len(items), f"Looking at {items[number][0]}")
                seen = task.result()
                cancel.check()
                each(seen.checked)
                gc.collect()  # a study's windows refer to it, and with it to the photo: they would pile up
                yield seen
        finally:
            for task in tasks:
                task.cancel()


def _without_copies(seen: list[Seen]) -> list[Seen]:
    """Of photos that show the same moment only the best is kept."""
    result, kept = list(seen), []
    order = sorted(range(len(seen)), key=lambda i: (seen[i].checked.verdict != "accept", -seen[i].quality))
    for i in order:
        if not seen[i].checked.good:
            continue
        twin = next((j for j in kept if _same(seen[i], seen[j])), None)
        if twin is None:
            kept.append(i)
            continue
        says = f"This is nearly the same picture as {seen[twin].checked.name}."
        reason = Reason("duplicate", says, "One of the two is enough; the better one stays.", True)
        result[i] = _against(seen[i], reason)
    return result


def _same(first: Seen, second: Seen) -> bool:
    one, other = first.checked.embedding, second.checked.embedding
    apart = None if one is None or other is None else identity.distance(one, other)
    return same_moment(first.print, second.print, apart)


def _without_strangers(seen: list[Seen]) -> tuple[list[Seen], list[str]]:
    """Photos that may show somebody else than the largest group, marked; and what is to be said about it."""
    known = [i for i, one in enumerate(seen) if one.checked.good and one.checked.embedding is not None]
    if not known:
        unread = any(one.checked.good for one in seen)
        return seen, ["Whether all photos show one person was not checked: its model files are missing."] * unread
    result, found = list(seen), company([seen[i].checked.embedding for i in known])
    families = "Families look alike to a machine, and so do strangers at times: decide yourself."
    for i in found.strangers:
        says = "This may not be the same person as in the other photos."
        result[known[i]] = _against(seen[known[i]], Reason("other_person", says, f"Leave it out. {families}", True))
    for i in found.doubtful:
        says = "It is hard to tell whether this is the same person as in the other photos."
        result[known[i]] = _against(seen[known[i]], Reason("doubtful_person", says, families))
    if len(found.group) < 2 <= len(known):
        return result, ["No two of the photos look like one person: check that all of them show the same."]
    if len(found.strangers) >= len(found.group):
        return result, [f"These are photos of several people: {len(found.group)} look like one and the same."]
    return result, []


def _against(seen: Seen, reason: Reason) -> Seen:
    return replace(seen, checked=seen.checked.against(reason))


def _with_backgrounds(seen: list[Seen]) -> list[Seen]:
    """With a number for the background among the traits."""
    faces = [one for one in seen if one.print]
    numbers = iter(variety.backgrounds([one.print.backdrop for one in faces]))
    return [
        replace(one, checked=replace(one.checked, traits=one.checked.traits | {"background": next(numbers)}))
        if one.print
        else one
        for one in seen
    ]
