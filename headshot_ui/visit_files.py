"""What the tabs share of a visit's files: names, downloads, ZIPs, small copies."""

from __future__ import annotations

import io
import secrets
import shutil
import zipfile
from pathlib import Path

from PIL import Image

SMALL_SIDE = 640
"""Pixels of a small copy's longer side."""


def safe_stem(name: str) -> str:
    """A photo's name as a file name anywhere."""
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
    return safe.strip("-")[:60] or "photo"


def download_folder(folder: Path, kind: str) -> Path:
    """A new folder for one download, its name not to be guessed; the last one of its kind is removed."""
    for old in folder.glob(f"{kind}-*"):
        shutil.rmtree(old, ignore_errors=True)
    new = folder / f"{kind}-{secrets.token_urlsafe(8)}"
    new.mkdir()
    return new


def zipped(files: list[tuple[str, bytes]]) -> bytes:
    """Stored, not squeezed: pictures are already. The time is fixed, so equal pictures give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def small_copy(image: Image.Image) -> Image.Image:
    """A copy of at most `SMALL_SIDE` pixels a side."""
    small = image.copy() if max(image.size) <= SMALL_SIDE else image.reduce(max(image.size) // SMALL_SIDE)
    small.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS)
    return small
