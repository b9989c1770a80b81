"""What a .safetensors file says of itself in its header; no weights are read.

Format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST = 100_000_000
"""Bytes that the format allows for a header."""


@dataclass(frozen=True)
class Header:
    """The header of a file."""

    tensors: dict[str, Any]
    """an entry for each tensor: dtype, shape, data_offsets"""
    metadata: dict[str, str]
    size: int
    """bytes that the whole file should have"""


def read_header(file: Path) -> Header:
    """The header of a file. Raises ValueError where it is no such file, OSError where it cannot be read."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > LONGEST:
            raise ValueError(f"{file} has no header")
        text = stream.read(length)
    try:
        tensors = json.loads(text)
        metadata = tensors.pop("__metadata__", None) or {}
        end = max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
        return Header(tensors, dict(metadata), 8 + length + int(end))
    except (ValueError, AttributeError, TypeError, LookupError) as error:
        raise ValueError(f"{file} has no header that can be read") from error
