"""A person's folder, and writing into it so that a file is either whole or not there."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from headshot_core.errors import HeadshotError
from headshot_core.progress import CancelToken


def home() -> Path:
    """The one folder for a person's data and models: ``$HEADSHOT_HOME``, else ``~/.headshot-studio``."""
    return Path(os.environ.get("HEADSHOT_HOME") or "~/.headshot-studio").expanduser()


def make_folder(folder: Path) -> Path:
    """Make the folder and its parents where they are missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error
    return folder


def make_private(folder: Path) -> None:
    """Make a folder that nobody else on the machine may look into."""
    make_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise explain(error, folder) from error


def atomic_write(path: Path | str, data: bytes) -> Path:
    """Write the whole file or nothing: an old file of that name stays until the new one is complete."""
    with atomic_file(path) as file:
        file.write(data)
    return Path(path)


@contextmanager
def atomic_file(path: Path | str) -> Iterator[BinaryIO]:
    """A file open for writing that takes its name only when the block ends well.

    It is written beside the target, flushed to the disk, then renamed over it. Any error removes it again;
    errors of the disk are raised as `HeadshotError`.
    """
    path = Path(path)
    make_folder(path.parent)
    temp = path.parent / f".headshot-{secrets.token_hex(6)}.tmp"
    try:
        # A rename would turn a folder into an error late, and a device such as /dev/null into a plain file.
        if path.exists() and not path.is_file():
            raise HeadshotError(f"{path} is not a file that can be written.", "Choose another name.")
        with temp.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temp.replace(path)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        temp.unlink(missing_ok=True)


def require_space(folder: Path, size_bytes: int) -> None:
    """Raise `HeadshotError` unless the disk of that folder (it must exist) has the room, and 50 MB to spare."""
    free = shutil.disk_usage(folder).free
    if free < size_bytes + 50_000_000:
        raise HeadshotError(
            f"The disk of {folder} has {free / 1e6:.0f} MB left; {size_bytes / 1e6 + 50:.0f} MB are needed.",
            "Make some room, or set HEADSHOT_HOME to a folder on another disk.",
        )


@contextmanager
def lock(path: Path, cancel: CancelToken | None = None) -> Iterator[None]:
    """Hold a lock file, so that one process (and one thread) at a time does the work inside."""
    try:
        file = path.open("ab")
    except OSError as error:
        raise explain(error, path) from error
    with file:
        while not _try_lock(file):
            if cancel:
                cancel.check()
            time.sleep(0.1)
        yield  # closing the file lets the lock go, as does the end of the process


@contextmanager
def lock_now(path: Path) -> Iterator[bool]:
    """Hold a lock file if nobody else does; gives whether it is held. False as well where its folder is gone."""
    try:
        file = path.open("ab")
    except OSError:
        yield False
        return
    with file:
        yield _try_lock(file)


def _try_lock(file: BinaryIO) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # some network disks know no locks: better without than never
        return True
    return True


def explain(error: OSError, path: Path) -> HeadshotError:
    """The operating system's error in plain words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HeadshotError(f"The disk is full; {path} was not written.", "Make some room and try again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return HeadshotError(
            f"There is no permission to open or write {path}.", "Choose another place, or change its permissions."
        )
    if error.errno == errno.ENAMETOOLONG:
        return HeadshotError("The file's name is too long.", "Choose a shorter one.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ELOOP):
        return HeadshotError(f"{path} is not there, or a part of its path is not a folder.", "Check the path.")
    return HeadshotError(f"{path}: {error.strerror or error}.", "Check the path and the disk.")
