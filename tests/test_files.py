"""Writing: a file is whole or not there."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from headshot_core import files
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.files import atomic_file, atomic_write, home, lock, make_folder
from headshot_core.progress import CancelToken


def test_home_follows_the_environment(monkeypatch, tmp_path):
    """HEADSHOT_HOME decides, with ~ expanded; without it the folder is ~/.headshot-studio."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("HEADSHOT_HOME", "~/mine")
    assert home() == tmp_path / "mine"
    monkeypatch.delenv("HEADSHOT_HOME")
    assert home() == tmp_path / ".headshot-studio"


def test_write_makes_the_folder_and_replaces(tmp_path):
    """Missing folders are made, an old file is replaced, and nothing else stays."""
    path = tmp_path / "a" / "b.bin"
    atomic_write(path, b"one")
    atomic_write(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_any_failure_leaves_the_old_file(tmp_path, monkeypatch, number, step):
    """A disk that fails while flushing or renaming leaves the old file as it was and no temporary one."""
    path = tmp_path / "b.bin"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(*((files.os, "fsync") if step == "fsync" else (files.Path, "replace")), fail)
    with pytest.raises(HeadshotError) as caught:
        atomic_write(path, b"new")
    assert caught.value.todo
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_says_so(tmp_path, monkeypatch):
    """ENOSPC becomes 'The disk is full'."""
    monkeypatch.setattr(files.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "")))
    with pytest.raises(HeadshotError, match="disk is full"):
        atomic_write(tmp_path / "x", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full")
def test_a_real_full_device(tmp_path):
    """The operating system's own 'no space' is understood, and a device is never replaced by a file."""
    with (
        pytest.raises(HeadshotError, match="disk is full"),
        atomic_file(tmp_path / "x"),
        Path("/dev/full").open("wb") as full,
    ):
        full.write(b"1")
    with pytest.raises(HeadshotError, match="not a file"):
        atomic_write("/dev/full", b"1")
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_the_block_passes_through(tmp_path):
    """An error of the caller's own is not disguised, and the file does not appear."""
    with pytest.raises(ZeroDivisionError), atomic_file(tmp_path / "x") as file:
        file.write(bytes([1 // 0]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", ["folder", "file/inside", "n" * 300])
def test_bad_targets_are_clear_errors(tmp_path, bad):
    """A folder, a path through a file and an endless name: one sentence each, nothing written."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(HeadshotError):
        atomic_write(tmp_path / bad, b"")
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "file"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root and Windows may write anywhere")
def test_a_read_only_folder_is_told(tmp_path):
    """A folder without write permission: clear words."""
    tmp_path.chmod(0o500)
    with pytest.raises(HeadshotError, match="no permission"):
        atomic_write(tmp_path / "x", b"")


def test_written_files_have_ordinary_permissions(tmp_path):
    """Not the private ones of a temporary file: others may read, as with any saved file."""
    path = atomic_write(tmp_path / "x", b"")
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert path.stat().st_mode == plain.stat().st_mode


def test_make_folder_on_a_file_is_told(tmp_path):
    """A file where the folder should be."""
    (tmp_path / "x").write_text("")
    with pytest.raises(HeadshotError, match="not a folder"):
        make_folder(tmp_path / "x")


def test_lock_lets_one_in_at_a_time(tmp_path):
    """Four threads never meet inside."""
    inside, most = [], []

    def work():
        with lock(tmp_path / "lock"):
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.02)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def test_waiting_for_a_lock_can_be_cancelled(tmp_path):
    """A set token ends the wait."""
    token = CancelToken()
    token.cancel()
    with lock(tmp_path / "lock"), pytest.raises(Cancelled), lock(tmp_path / "lock", token):
        pass
