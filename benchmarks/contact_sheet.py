"""A contact sheet: portraits in many looks on one picture, to judge the studio's work at a glance.

    python -m benchmarks.contact_sheet me.jpg -o sheet.jpg
    python -m benchmarks.contact_sheet faces/ -o sheet.jpg --presets boardroom,neon-night --lights loop,split
    HEADSHOT_PORTRAITS=faces python -m benchmarks.contact_sheet -o sheet.jpg

Each photo, once as it is in the frame and once in each preset; with --lights, in each of these lights instead of the
preset's own.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from headshot_core import presets
from headshot_core.cli import PHOTO_SUFFIXES, Bar
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_photo, to_bytes, write_picture
from headshot_core.portrait import Portrait, analyse
from headshot_core.recipe import Frame, Light, Recipe
from headshot_core.studio.engine import make
from headshot_core.studio.framing import size_of

EXAMPLE = Path(__file__).parents[1] / "presets" / "example.jpg"
GAP = 8
PAPER, INK = "#ffffff", "#333333"
Cell = tuple[Image.Image, str]


def main() -> None:
    """Render the sheet."""
    given = _arguments()
    looks = list(presets.presets()) if given.presets == "all" else given.presets.split(",")
    lights = given.lights.split(",") if given.lights else [None]
    frame = Frame(name=given.frame, width=2 * given.cell)
    bar, cells = Bar(), []
    photos = _photos(given.photos)
    bar.total = len(photos)
    for bar.done, photo in enumerate(photos):
        try:
            portrait = analyse(read_photo(photo), report=bar.within(photo.name))
            width, height = size_of(frame)
            cells += [_as_shot(portrait, width // 2, height // 2)]
            cells += _looks(portrait, looks, lights, frame, bar)
        except HeadshotError as error:
            print(f"{photo}: {error}")
    bar.clear()
    columns = given.columns or len(looks) * len(lights) + 1
    print(write_picture(lay_out(cells, columns, given.captions), given.out))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="*", type=Path, help="photos or folders; $HEADSHOT_PORTRAITS or the example")
    parser.add_argument("-o", "--out", type=Path, default=Path("sheet.jpg"))
    parser.add_argument("--presets", default="all", help="names with commas, or all")
    parser.add_argument("--lights", help="light patterns with commas; the presets' own where empty")
    parser.add_argument("--frame", default="portrait")
    parser.add_argument("--columns", type=int, help="one row a photo where empty")
    parser.add_argument("--cell", type=int, default=240, help="width of a picture in pixels")
    parser.add_argument("--captions", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args()


def _photos(given: list[Path]) -> list[Path]:
    folder = os.environ.get("HEADSHOT_PORTRAITS")
    photos: list[Path] = []
    for path in given or [Path(folder) if folder else EXAMPLE]:
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in PHOTO_SUFFIXES) if path.is_dir() else [path]
        photos += inside
    return photos


def _as_shot(portrait: Portrait, width: int, height: int) -> Cell:
    """The photo, cropped round the face."""
    image = portrait.photo.image
    x, y = portrait.face.eye_centre / (image.width, image.height)
    return ImageOps.fit(image, (width, height), centering=(float(x), float(y))), f"{portrait.photo.name}, as shot"


def _looks(portrait: Portrait, looks: list[str], lights: list[str | None], frame: Frame, bar: Bar) -> Iterator[Cell]:
    for name in looks:
        for light in lights:
            report = bar.within(f"{portrait.photo.name} {name} {light or ''}")
            recipe = presets.get(name).recipe().model_copy(update={"frame": frame})
            headshot = make(portrait, _lit(recipe, light), report)
            picture = Image.fromarray(to_bytes(headshot.picture)).reduce(2)
            yield picture, ", ".join(filter(None, (name, light, f"likeness {headshot.likeness}")))


def _lit(recipe: Recipe, pattern: str | None) -> Recipe:
    return recipe.model_copy(update={"light": Light(pattern=pattern)}) if pattern else recipe


def lay_out(cells: list[Cell], columns: int, captions: bool) -> Image.Image:
    """The cells in rows, a caption under each."""
    width = max(picture.width for picture, _ in cells)
    height = max(picture.height for picture, _ in cells)
    size = max(10, width // 18)
    step = height + GAP + (2 * size if captions else 0)
    font = ImageFont.load_default(size)
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, -(-len(cells) // columns) * step + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, (picture, caption) in enumerate(cells):
        x, y = GAP + place % columns * (width + GAP), GAP + place // columns * step
        sheet.paste(picture, (x, y))
        if captions:
            draw.text((x, y + height + size // 3), caption, INK, font)
    return sheet


if __name__ == "__main__":
    main()
