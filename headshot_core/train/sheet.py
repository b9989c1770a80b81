"""The contact sheet of a training: every prepared picture as the model will see it, with its caption."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from headshot_core.gate import sheet as gate_sheet
from headshot_core.gate.sheet import CARD_COLOUR, COLOURS, FAINT, GAP, INK, MARGIN, PAPER
from headshot_core.train import dataset
from headshot_core.train.dataset import Example

CARD, PICTURE = (320, 500), 288
"""Pixels: a card, and the picture's square on it."""
MOST_COLUMNS = 5
LINES = 7
"""Of a caption and of the notes below it, together."""


def contact_sheet(folder: Path, examples: list[Example]) -> Image.Image:
    """All prepared pictures of `folder` on one. Raises `HeadshotError` where one is damaged."""
    columns = min(MOST_COLUMNS, max(2, round(len(examples) ** 0.5)))
    rows = -(-len(examples) // columns)
    width = 2 * MARGIN + columns * CARD[0] + (columns - 1) * GAP
    top = MARGIN + 64
    sheet = Image.new("RGB", (width, top + rows * (CARD[1] + GAP) - GAP + MARGIN), PAPER)
    ImageDraw.Draw(sheet).text((MARGIN, MARGIN - 4), says(examples), fill=INK, font=gate_sheet._font(22))
    for number, example in enumerate(examples):
        column, row = number % columns, number // columns
        at = MARGIN + column * (CARD[0] + GAP), top + row * (CARD[1] + GAP)
        _card(sheet, at, folder, example)
    return sheet


def says(examples: list[Example]) -> str:
    """What was prepared, in a line."""
    photos, held_out = len({one.photo for one in examples}), sum(one.held_out for one in examples)
    kinds = {kind: sum(one.crop == kind for one in examples) for kind in ("head", "half", "wide")}
    shown = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
    return f"{len(examples)} pictures of {photos} photos: {shown}; {held_out or 'none'} held out"


def _card(sheet: Image.Image, at: tuple[int, int], folder: Path, example: Example) -> None:
    (x, y), (width, height), draw = at, CARD, ImageDraw.Draw(sheet)
    draw.rounded_rectangle((x, y, x + width, y + height), 12, CARD_COLOUR)
    edge = (width - PICTURE) // 2
    picture = Image.fromarray(dataset.picture(folder, example))
    square = ImageOps.pad(picture, (PICTURE, PICTURE), Image.Resampling.LANCZOS, PAPER)
    sheet.paste(square, (x + edge, y + edge))
    line = y + edge + PICTURE + 8
    word, colour = ("held out", COLOURS["usable"]) if example.held_out else (example.crop, COLOURS["accept"])
    draw.text((x + edge, line), word, fill=colour, font=gate_sheet._font(15))
    left = draw.textlength(word, gate_sheet._font(15)) + 12
    (name,) = gate_sheet._wrapped(example.photo, gate_sheet._font(13), PICTURE - left, 1)
    draw.text((x + width - edge, line + 2), name, fill=FAINT, font=gate_sheet._font(13), anchor="ra")
    caption = gate_sheet._wrapped(example.caption, gate_sheet._font(14), PICTURE, LINES)
    notes = gate_sheet._wrapped(" ".join(example.notes), gate_sheet._font(14), PICTURE, LINES)
    for number, text in enumerate([*caption, *notes][:LINES]):
        ink = INK if number < len(caption) else FAINT
        draw.text((x + edge, line + 24 + 19 * number), text, fill=ink, font=gate_sheet._font(14))
