"""The contact sheet: all photos of a set on one picture, each with its verdict and the weightiest reason."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont, ImageOps

from headshot_core.gate.verdict import Checked, Gate

CARD, PICTURE, GAP, MARGIN = (264, 352), 240, 16, 32
"""Pixels: a card, the picture's square on it, between cards, and round the sheet."""
MOST_COLUMNS = 6
PAPER, CARD_COLOUR, INK, FAINT = "#f3f1ec", "#ffffff", "#24262b", "#75787f"
COLOURS = {"accept": "#2f8f5b", "usable": "#b97a12", "reject": "#bf3f3b"}
WORDS = {"accept": "accepted", "usable": "usable", "reject": "rejected"}


def contact_sheet(gate: Gate) -> Image.Image:
    """All photos of the set on one picture, with verdict and reason; ticks mark the recommended ones."""
    columns = min(MOST_COLUMNS, max(2, round((1.3 * len(gate.photos)) ** 0.5)), max(2, len(gate.photos)))
    rows = -(-len(gate.photos) // columns)
    width = 2 * MARGIN + columns * CARD[0] + (columns - 1) * GAP
    top = MARGIN + 64
    notes = _notes(gate, width - 2 * MARGIN)
    bottom = top + rows * (CARD[1] + GAP)
    sheet = Image.new("RGB", (width, bottom + 26 * len(notes) + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN - 4), _title(gate), fill=INK, font=_font(26))
    for number, photo in enumerate(gate.photos):
        column, row = number % columns, number // columns
        at = MARGIN + column * (CARD[0] + GAP), top + row * (CARD[1] + GAP)
        _card(sheet, at, photo, photo.name in gate.recommended)
    for number, line in enumerate(notes):
        draw.text((MARGIN, bottom + 4 + 26 * number), line, fill=INK, font=_font(17))
    return sheet


def _title(gate: Gate) -> str:
    counts = {verdict: sum(photo.verdict == verdict for photo in gate.photos) for verdict in WORDS}
    told = ", ".join(f"{number} {WORDS[verdict]}" for verdict, number in counts.items() if number)
    return f"{len(gate.photos)} photo{'s' * (len(gate.photos) != 1)}: {told}"


def _notes(gate: Gate, width: int) -> list[str]:
    return [line for text in gate.advice for line in _wrapped(text, _font(17), width, 3)]


def _card(sheet: Image.Image, at: tuple[int, int], photo: Checked, ticked: bool) -> None:
    (x, y), (width, height), draw = at, CARD, ImageDraw.Draw(sheet)
    draw.rounded_rectangle((x, y, x + width, y + height), 12, CARD_COLOUR)
    edge = (width - PICTURE) // 2
    _picture(sheet, (x + edge, y + edge), photo)
    line = y + edge + PICTURE + 8
    colour = COLOURS[photo.verdict]
    room = width - 2 * edge
    draw.ellipse((x + edge, line + 5, x + edge + 10, line + 15), colour)
    draw.text((x + edge + 17, line), WORDS[photo.verdict], fill=colour, font=_font(17))
    left = 17 + draw.textlength(WORDS[photo.verdict], _font(17)) + 10
    (name,) = _wrapped(photo.name, _font(14), room - left, 1)
    draw.text((x + width - edge, line + 3), name, fill=FAINT, font=_font(14), anchor="ra")
    if ticked:
        _tick(draw, (x + width - edge - 16, y + edge + 16))
    words = photo.reasons[0].says if photo.reasons else "Nothing against it."
    for number, text in enumerate(_wrapped(words, _font(15), room, 3)):
        draw.text((x + edge, line + 25 + 19 * number), text, fill=INK if photo.reasons else FAINT, font=_font(15))


def _picture(sheet: Image.Image, at: tuple[int, int], photo: Checked) -> None:
    """The photo whole, on a tinted square with round corners."""
    square = Image.new("RGB", (PICTURE, PICTURE), "#e6e3dc")
    if photo.thumbnail is None:
        ImageDraw.Draw(square).text((PICTURE // 2, PICTURE // 2), "?", fill=FAINT, font=_font(72), anchor="mm")
    else:
        square = ImageOps.pad(photo.thumbnail.convert("RGB"), square.size, Image.Resampling.LANCZOS, "#e6e3dc")
    corners = Image.new("L", square.size, 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, PICTURE - 1, PICTURE - 1), 8, 255)
    sheet.paste(square, at, corners)


def _tick(draw: ImageDraw.ImageDraw, middle: tuple[int, int]) -> None:
    draw.circle(middle, 13, COLOURS["accept"])
    x, y = middle
    draw.line([(x - 6, y), (x - 2, y + 5), (x + 6, y - 5)], fill="#ffffff", width=3, joint="curve")


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float, most: int) -> list[str]:
    """The text in lines that fit, at most so many; what does not fit ends in dots."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    cut = len(lines) > most
    lines = lines[:most]
    while lines[-1] and (cut or font.getlength(lines[-1]) > width):
        shorter = lines[-1].rstrip("…")[:-1].rstrip() + "…"
        lines[-1], cut = shorter, font.getlength(shorter) > width
        if shorter == "…":
            break
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
