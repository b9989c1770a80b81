"""Bringing base models and extras onto this machine, when they are asked for.

A process of its own speaks to the hub, by huggingface_hub. So a download stops at once when it is cancelled, whatever
it waits for, and the process that draws stays off the network. A file is written as ``NAME.HASH.part``, taken up again
where it broke off, verified by the hub's own hash, and only then takes its name; model_index.json comes last.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from headshot_core.errors import HeadshotError
from headshot_core.files import explain, lock, make_folder, require_space
from headshot_core.generate import models
from headshot_core.generate.models import Base, Extra
from headshot_core.progress import CancelToken, Report, silent

CHUNK = 1 << 20
TRIES = 5
"""How often a connection that broke is taken up again before giving up, where nothing more came meanwhile."""
TIMEOUT = 10
"""Seconds to wait for the hub's answer, and for the next bytes."""
PACKAGE = Path(__file__).parents[2]
"""The folder that the process of its own imports headshot_core from."""


# What the rest of the code asks for.


def fetch(item: Base | Extra, report: Report = silent, cancel: CancelToken | None = None) -> Path:
    """Bring what is missing of a base model (with its few-step adapter) or an extra; gives where it lies.

    Reports bytes. Raises `HeadshotError` where it cannot be had (or ``HEADSHOT_OFFLINE=1`` forbids asking), `Cancelled`
    within a second. What arrived until then is taken up again next time.
    """
    if models.is_own(item) and not models.installed(item):
        raise HeadshotError(f"{item.source} is your own and not whole.", "Bring its files again.")
    if item.demo and not models.installed(item):
        raise HeadshotError(f"{item.title} is not whole.", models.how_to_get(item))
    missing = [part for part in models.parts(item) if not models.is_here(part)]
    if missing:
        _refuse(item)
    for part in missing:
        report(0, part.download_bytes, terms(part))
        _in_own_process(part, report, cancel)
    if not models.installed(item):
        raise HeadshotError(
            f"{item.title} was fetched, but is not a whole base model.", f"See what lies in {models.location(item)}."
        )
    return models.location(item)


def size_of(item: Base | Extra) -> int:
    """Bytes that fetching it would bring, as the table knows them; what lies there already is taken off."""
    return sum(max(0, part.download_bytes - _lying(part)) for part in models.parts(item) if not models.is_here(part))


def terms(item: Base | Extra) -> str:
    """Name, size, licence and what it allows, in one line."""
    size = f"{item.download_bytes / 1e9:.1f} GB, " if item.download_bytes else "comes with this project, " * item.demo
    use = "commercial use allowed" if item.commercial else "commercial use not known to be allowed"
    return f"{item.title}: {size}licence {item.licence}, {use}"


def remove(item: Base | Extra) -> int:
    """Delete its files; gives the bytes that came free.

    A base model that lies in another's folder (SDXL with Lightning in SDXL's) gives up its adapter alone, an extra
    those files that no other extra needs. `HeadshotError` for a user's own folder or file, and for the demo.
    """
    if item.demo:
        raise HeadshotError(f"{item.title} comes with this project and stays.", "It takes up next to no room.")
    if models.is_own(item):
        raise HeadshotError(f"{item.source} is your own.", "Delete it yourself, if you want that.")
    shares = isinstance(item, Base) and item.name in models.BASES and item.folder
    parts = models.parts(item)[1:] if shares else models.parts(item)
    return sum(_remove_files(part) if isinstance(part, Extra) else _remove_folder(part) for part in parts)


# Removing.


def _remove_folder(base: Base) -> int:
    place = models.location(base)
    if not place.exists():
        return 0
    freed = _lying(base)
    gone = place.with_name(f".removed-{secrets.token_hex(4)}")
    try:
        with lock(_lock_of(place)):
            place.rename(gone)  # at once: a model half removed would be a puzzle
        shutil.rmtree(gone)
    except OSError as error:
        raise explain(error, place) from error
    return freed


def _remove_files(extra: Extra) -> int:
    place = models.location(extra)
    others = [
        other
        for other in models.EXTRAS.values()
        if models.location(other) == place and other.files != extra.files and models.installed(other)
    ]
    names = set(extra.files).difference(*(other.files for other in others))
    files = [file for name in names for file in [place / name, *place.glob(f"{name}.*.part")] if file.is_file()]
    freed = sum(file.stat().st_size for file in files)
    try:
        for file in files:
            file.unlink()
    except OSError as error:
        raise explain(error, place) from error
    for folder in [*sorted((path for path in place.rglob("*") if path.is_dir()), reverse=True), place]:
        with suppress(OSError):  # not empty, or not there
            folder.rmdir()
    return freed


def _lock_of(place: Path) -> Path:
    """Beside the folder, so that an empty one can go."""
    return make_folder(place.parent) / f".{place.name}.lock"


def _lying(item: Base | Extra) -> int:
    """Bytes of it on the disk, parts of files among them."""
    place = models.location(item)
    if isinstance(item, Extra):
        found = [file for name in item.files for file in [place / name, *place.glob(f"{name}.*.part")]]
    else:
        found = list(place.rglob("*"))
    return sum(file.stat().st_size for file in found if file.is_file())


# The process of its own, seen from here.


def _refuse(item: Base | Extra) -> None:
    """Say it where nothing can be fetched."""
    if find_spec("huggingface_hub") is None:
        raise HeadshotError("Fetching models needs huggingface_hub.", "Run: pip install -r requirements.txt")
    if os.environ.get("HEADSHOT_OFFLINE", "0") not in ("", "0"):
        raise HeadshotError(
            f"{item.title} is not on this machine, and HEADSHOT_OFFLINE is set.", f"Unset it, or {by_hand(item)}"
        )


def by_hand(item: Base | Extra) -> str:
    """How the files can be brought without this machine's network."""
    places = [f"'hf download {part.source} --local-dir {models.location(part)}'" for part in models.parts(item)]
    return f"run {' and '.join(places)} on a machine with a network, and copy the folder here. See docs/base-models.md."


def _in_own_process(item: Base | Extra, report: Report, cancel: CancelToken | None) -> None:
    """Run `main` below in a new Python; tell its progress, raise its errors, end it when cancelled."""
    order = {"source": item.source, "files": item.files, "folder": str(models.location(item)), "by_hand": by_hand(item)}
    process = subprocess.Popen(
        [sys.executable, "-m", "headshot_core.generate.fetch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        write_line(process.stdin, order)  # and left open: when it closes, because this process ended, the other ends
        for said in _lines(process, cancel):
            if "error" in said:
                raise HeadshotError(said["error"], said["todo"])
            report(said["done"], said["total"], f"{item.title}: {said['says']}")
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def environment() -> dict[str, str]:
    """For the other process: it may go online, and tells the hub no more than it must."""
    paths = [str(PACKAGE), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "HF_HUB_OFFLINE": "0",
        "TRANSFORMERS_OFFLINE": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    }


def _lines(process: subprocess.Popen, cancel: CancelToken | None) -> Iterable[dict[str, Any]]:
    """What the process says, line by line, until it has said that it is done."""
    said: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(process.stdout, said), daemon=True).start()
    while True:
        if cancel:
            cancel.check()
        try:
            line = said.get(timeout=0.1)
        except queue.Empty:
            continue
        if not line:
            raise HeadshotError("The download ended by a fault in the program.", "Try again.")
        data = json.loads(line)
        if data.get("finished"):
            return
        yield data


def _listen(stream: IO[bytes], said: queue.Queue[bytes]) -> None:
    with suppress(ValueError, OSError):  # closed meanwhile
        for line in stream:
            said.put(line)
    said.put(b"")


def write_line(stream: IO[bytes], data: dict[str, Any]) -> None:
    stream.write(json.dumps(data).encode() + b"\n")
    stream.flush()


# The process of its own, seen from inside.


@dataclass(frozen=True)
class File:
    """A file in the hub's repository, at one commit."""

    path: str
    size: int
    hash: str
    """sha256 of a large file; git's own hash of a small one"""
    url: str


Tell = Callable[[int, int, str], None]
"""Bytes done, bytes in all, what is going on."""


def bring(source: str, patterns: tuple[str, ...], folder: Path, tell: Tell) -> None:
    """Fetch what is missing of the repository's files that match into the folder. Raises `HeadshotError`."""
    tell(0, 0, "asking the hub, or waiting for another program that fetches it")
    with lock(_lock_of(folder)):
        files = [file for file in _listing(source, patterns) if _is_inside(make_folder(folder), file)]
        missing = [file for file in files if not _is_there(folder / file.path, file)]
        total = sum(file.size for file in missing)
        require_space(folder, sum(file.size - _part_size(folder, file) for file in missing))
        done = 0
        for file in missing:
            _bring_file(file, folder, lambda more, says, done=done: tell(done + more, total, says))
            done += file.size


def _listing(source: str, patterns: tuple[str, ...]) -> list[File]:
    """The wanted files, the largest first and the index last: what is not whole does not look whole."""
    from huggingface_hub import HfApi, hf_hub_url

    info = HfApi().model_info(source, files_metadata=True, timeout=TIMEOUT)
    listed = {sibling.rfilename: sibling for sibling in info.siblings or []}
    if not patterns:
        _check_family(source, listed, info.sha)
    names = choose(listed, patterns)
    if not names:
        raise HeadshotError(f"{source} holds none of the files that are wanted.", "It may have changed: see its page.")
    files = [
        File(
            name,
            listed[name].size,
            listed[name].lfs.sha256 if listed[name].lfs else listed[name].blob_id,
            hf_hub_url(source, name, revision=info.sha),
        )
        for name in names
    ]
    return sorted(files, key=lambda file: (file.path == "model_index.json", -file.size))


def choose(names: Iterable[str], patterns: tuple[str, ...] = ()) -> list[str]:
    """Which files to take: those that match, or, without patterns, of diffusers' layout each part's weights once.

    Half precision where there is both; .safetensors only; no part that is never loaded.
    """
    from huggingface_hub.utils import filter_repo_objects

    if patterns:
        return list(filter_repo_objects(names, allow_patterns=list(patterns)))
    kept = ["model_index.json", "LICENSE*", "*/*.json", "*/*.txt", "*/*.model", "*/*.safetensors"]
    passed = [f"{part}/*" for part in models.NOT_NEEDED] + ["*/*/*", "*non_ema*", "*/openvino*", ".*"]
    found = list(filter_repo_objects(names, allow_patterns=kept, ignore_patterns=passed))
    halved = {name.partition("/")[0] for name in found if ".fp16" in name}
    return [
        name
        for name in found
        if not (name.endswith(".safetensors") and name.partition("/")[0] in halved and ".fp16" not in name)
    ]


def _check_family(source: str, listed: dict[str, Any], commit: str) -> None:
    """Before gigabytes are fetched of a repository that the user named: can it be used at all?"""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    if "model_index.json" not in listed:
        raise HeadshotError(
            f"{source} is not laid out as diffusers does: it has no model_index.json.",
            "Of a single .safetensors file, fetch it yourself and name its path.",
        )
    url = hf_hub_url(source, "model_index.json", revision=commit)
    answer = get_session().get(url, headers=build_hf_headers(), timeout=TIMEOUT, follow_redirects=True)
    hf_raise_for_status(answer)
    models.family_of(answer.json())


def _is_inside(folder: Path, file: File) -> bool:
    """Whether the file's path leads nowhere else."""
    return (folder / file.path).resolve().is_relative_to(folder.resolve())


def _is_there(place: Path, file: File) -> bool:
    return place.is_file() and place.stat().st_size == file.size


def _part(folder: Path, file: File) -> Path:
    return folder / f"{file.path}.{file.hash[:12]}.part"


def _part_size(folder: Path, file: File) -> int:
    part = _part(folder, file)
    return part.stat().st_size if part.is_file() else 0


def _bring_file(file: File, folder: Path, tell: Callable[[int, str], None]) -> None:
    """One file: download or take up again, verify, and only then give it its name."""
    part = _part(folder, file)
    make_folder(part.parent)
    resumed = _part_size(folder, file) > 0
    if _part_size(folder, file) > file.size:
        part.unlink()
    _download(file, part, tell)
    if resumed and not _is_right(part, file, tell):  # the old beginning was bad: once more, from the start
        part.unlink()
        _download(file, part, tell)
    if not _is_right(part, file, tell):
        part.unlink()
        raise HeadshotError(f"{file.path}: what came is not the expected file (its hash differs).", "Try again later.")
    part.replace(folder / file.path)


def _download(file: File, part: Path, tell: Callable[[int, str], None]) -> None:
    """Bring the rest of the file, connecting again while each try brings something."""
    import httpx2  # what huggingface_hub speaks HTTP with

    failures = 0
    while (start := part.stat().st_size if part.exists() else 0) < file.size or not part.exists():
        try:
            _append(file, part, start, tell)
        except (httpx2.TransportError, EOFError):
            failures = 0 if part.exists() and part.stat().st_size > start else failures + 1
            if failures >= TRIES:
                raise
            time.sleep(min(failures, 3))


def _append(file: File, part: Path, start: int, tell: Callable[[int, str], None]) -> None:
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, http_stream_backoff

    headers = build_hf_headers() | {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    request = {"headers": headers, "timeout": TIMEOUT, "follow_redirects": True}
    with http_stream_backoff("GET", file.url, max_retries=3, retry_on_exceptions=(), **request) as response:
        hf_raise_for_status(response)
        done = start if response.status_code == 206 else 0
        with part.open("ab" if done else "wb") as target:
            for chunk in response.iter_bytes():  # as they come: nothing waits to fill a chunk
                target.write(chunk)
                done += len(chunk)
                tell(min(done, file.size), file.path)
                if done > file.size:  # a wrong server must not fill the disk
                    break
            target.flush()
            os.fsync(target.fileno())
    if done < file.size:
        raise EOFError


def _is_right(part: Path, file: File, tell: Callable[[int, str], None]) -> bool:
    """Whether size and hash agree with what the hub's listing says."""
    size = part.stat().st_size
    if size != file.size:
        return False
    digest = hashlib.sha256() if len(file.hash) == 64 else hashlib.sha1(b"blob %d\0" % size)  # as git names a file
    with part.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            tell(file.size, f"checking {file.path}")
    return digest.hexdigest() == file.hash


def _explained(error: Exception, order: dict[str, Any]) -> HeadshotError:
    """What went wrong, in plain words."""
    import httpx2
    from huggingface_hub import errors

    source, by_hand = order["source"], order["by_hand"]
    page = f"https://huggingface.co/{source}"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, HeadshotError):
        return error
    if isinstance(error, errors.GatedRepoError):
        return HeadshotError(
            f"The makers of {source} give it only to those who accept their terms.",
            f"Accept them on {page}, log in with 'hf auth login', and try again.",
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return HeadshotError(f"The hub has no model {source}, or it is private.", "Check the name, or: hf auth login")
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return HeadshotError(f"A file of {source} is no longer there.", f"See {page}.")
    if status in (401, 403):
        return HeadshotError(f"The hub refused {source} ({status}).", "Your token may be stale: hf auth login")
    if status is not None:
        return HeadshotError(f"The hub answered {status} for {source}.", "Try again later.")
    if isinstance(error, (httpx2.TransportError, EOFError)):
        words = str(error) or type(error).__name__
        return HeadshotError(
            f"The hub was not reached, or the connection broke ({words}).",
            f"Check the connection and try again: what arrived is kept. Or {by_hand}",
        )
    if isinstance(error, OSError):
        return explain(error, Path(order["folder"]))
    return HeadshotError(f"A fault in the program ({type(error).__name__}: {error}).", "Please report it.")


def main() -> None:
    """Read an order from stdin, carry it out, and say on stdout how far it is, a line of JSON each."""
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_other, daemon=True).start()
    last = [0.0]

    def tell(done: int, total: int, says: str) -> None:
        if time.monotonic() - last[0] > 0.2:
            last[0] = time.monotonic()
            write_line(sys.stdout.buffer, {"done": done, "total": total, "says": says})

    try:
        bring(order["source"], tuple(order["files"]), Path(order["folder"]), tell)
    except Exception as error:
        known = _explained(error, order)
        write_line(sys.stdout.buffer, {"error": known.what, "todo": known.todo})
    else:
        write_line(sys.stdout.buffer, {"finished": True})


def _end_with_the_other() -> None:
    sys.stdin.buffer.read()  # until the process that ordered ends
    os._exit(1)


if __name__ == "__main__":
    main()
