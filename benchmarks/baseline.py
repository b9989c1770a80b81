"""What a user would script instead: rembg with u2netp and alpha matting, Pillow to crop and paste. Prints JSON.

Called by `benchmarks.studio --baseline`, in a process of its own; it imports nothing of the studio's core. The model
file is found through U2NET_HOME. The first photo is done once before the clock starts: rembg compiles code then.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from PIL import Image, ImageOps
from rembg import new_session, remove

from benchmarks import peak_mb

WIDTH, HEIGHT = 1024, 1280
GREY = "#565c63"


def headshot(photo: str, session) -> Image.Image:
    """Cut out, crop to the person, paste on plain grey."""
    image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
    cut = remove(image, session=session, alpha_matting=True)
    person = ImageOps.fit(cut.crop(cut.getbbox()), (WIDTH, HEIGHT), centering=(0.5, 0.0))
    page = Image.new("RGB", (WIDTH, HEIGHT), GREY)
    page.paste(person, mask=person)
    return page


def main() -> None:
    """Arguments: how often each photo is done, a folder for the pictures, the photos."""
    runs, folder, *photos = sys.argv[1:]
    session = new_session("u2netp")
    headshot(photos[0], session)
    seconds = []
    for photo in photos * int(runs):
        start = time.perf_counter()
        headshot(photo, session).save(Path(folder) / f"{Path(photo).stem}.png", compress_level=1)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
