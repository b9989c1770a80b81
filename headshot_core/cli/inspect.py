"""`inspect`: what the studio sees in a photo."""

from __future__ import annotations

import argparse
from pathlib import Path

from headshot_core import assets
from headshot_core.cli.terminal import Bar, add_who, command, face_index, fetch, print_json


def add(commands) -> None:
    """The command and its flags."""
    parser = command(commands, "inspect", run, "say what the studio sees in a photo: faces, light, cut-out, frames")
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    add_who(parser, "which face to cut out, the largest is 1")


def run(given: argparse.Namespace) -> int:
    """Print what is seen in a photo."""
    from headshot_core.inspection import inspect_photo
    from headshot_core.photo import read_photo

    photo = read_photo(given.photo)
    bar = Bar()
    fetch(assets.STUDIO, bar)
    seen = inspect_photo(photo, face_index(given.face), given.mask)
    if given.json:
        print_json(seen)
        return 0
    print(f"{seen['photo']['name']}: {photo.width} × {photo.height}", *photo.notes, sep="\n  ")
    for number, face in enumerate(seen["faces"], 1):
        chosen = ", chosen" if face["chosen"] else ""
        print(
            f"Face {number}{chosen}: {face['pose']}, {face['expression']}, {face['inter_eye']:.0f} px between the eyes"
        )
    print(f"Light: {seen['light']['words']}")
    cut_by = f"; the photo's edge cuts the person at the {', '.join(seen['cut_out']['cut_by'])}" * bool(
        seen["cut_out"]["cut_by"]
    )
    print(f"Cut-out: {seen['cut_out']['words']}{cut_by}")
    for name, frame in seen["frames"].items():
        print(f"Frame {name}: {' '.join(frame['notes']) or 'fits'}")
    return 0
