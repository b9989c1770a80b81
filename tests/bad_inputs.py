"""Bad and odd inputs, made afresh in a folder: what a studio must refuse in plain words, or take in its stride.

`FILES` are decided when the photo is read. `FACES` are whole photos that are decided by whose face is in them.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin
from skimage import data

pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class Case:
    """One kind of input."""

    name: str
    make: Callable[[Path], Any]
    """Writes it into the folder and returns what to open: mostly a path."""
    accepted: bool
    word: str = ""
    """A pattern: of the error's text if refused, of one of the photo's notes if accepted."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class FaceCase:
    """One whole photo, and how many faces a careful eye finds in it; None: the photo is hard, both are right."""

    name: str
    make: Callable[[], Image.Image]
    faces: int | None

    def __str__(self) -> str:
        return self.name


FILES: list[Case] = []
FACES: list[FaceCase] = []


def refused(word: str):
    """Register the function below as an input that must be refused, with this in the message."""

    def register(make):
        FILES.append(Case(make.__name__, make, False, word))
        return make

    return register


def accepted(make=None, *, note: str = ""):
    """Register the function below as an input that must be read."""

    def register(make):
        FILES.append(Case(make.__name__, make, True, note))
        return make

    return register(make) if make else register


def faces(count: int | None):
    """Register the function below as a photo with so many faces."""

    def register(make):
        FACES.append(FaceCase(make.__name__, make, count))
        return make

    return register


# Building blocks.


def portrait(size: int = 320) -> Image.Image:
    """A real face: NASA's Eileen Collins, public domain."""
    return Image.fromarray(data.astronaut()).resize((size, size), Image.Resampling.LANCZOS)


def encoded(kind: str, image: Image.Image | None = None, **options) -> bytes:
    """The image as the bytes of a file of that kind."""
    buffer = io.BytesIO()
    (image or portrait()).save(buffer, kind, **options)
    return buffer.getvalue()


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def png(width: int, height: int, pixels: bytes = b"", depth: int = 8, colour: int = 2, chunks: bytes = b"") -> bytes:
    """A PNG by hand: the header may promise what it likes."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(pixels))
    return b"\x89PNG\r\n\x1a\n" + header + chunks + body + png_chunk(b"IEND", b"")


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def jpeg_claiming(width: int, height: int, precision: int = 8) -> bytes:
    """A JPEG whose frame header lies about its size or depth."""
    content = bytearray(encoded("JPEG"))
    at = content.index(b"\xff\xc0") + 4
    content[at : at + 5] = struct.pack(">BHH", precision, height, width)
    return bytes(content)


def exif(orientation: object = 1, gps: bool = False) -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "A camera"
    if gps:
        block.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)})
    return block.tobytes()


GAMMA_2_2 = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))


def rgb_profile(name: str, colorants: list[tuple[float, float, float]], curve: bytes = GAMMA_2_2) -> bytes:
    """A matrix ICC profile (version 2.1, ICC.1:2001-04): XYZ (D50) of red, green and blue, and one tone curve."""

    def xyz(values) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))

    text = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name.encode() + bytes(1 + 4 + 4 + 2 + 1 + 67)
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0CC0\0", b"wtpt": xyz((0.9642, 1.0, 0.8249))}
    tags |= {key: xyz(value) for key, value in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)}
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for key, content in tags.items():
        content += bytes(-len(content) % 4)
        table += key + struct.pack(">II", start + len(body), len(content))
        body += content
    head = struct.pack(
        ">I4sI4s4s4s6H4s",
        start + len(body),
        b"",
        0x02100000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        *[2026, 1, 1, 0, 0, 0],
        b"acsp",
    )
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)  # the illuminant, D50
    return head.ljust(128, b"\0") + table + body


DISPLAY_P3 = rgb_profile(
    "Display P3", [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]
)
ADOBE_RGB = rgb_profile(
    "Adobe RGB (1998)", [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
)


def float_tiff(bad: float | None = None, white: float = 1.0) -> bytes:
    values = np.asarray(portrait().convert("L"), np.float32) / 255 * white
    if bad is not None:
        values[10:20, 10:20] = bad
    return encoded("TIFF", Image.fromarray(values))


def deep(kind: str, channels: int, dtype=np.uint16) -> bytes:
    """16-bit (0..65535) or float (0..1) colour, written by OpenCV: Pillow cannot."""
    picture = np.asarray(portrait(), np.float32)[..., ::-1] / 255
    if channels == 4:
        picture = np.dstack([picture, np.linspace(0, 1, 320, dtype=np.float32)[None].repeat(320, 0)])
    picture = (picture * 65535).astype(np.uint16) if dtype == np.uint16 else picture
    return cv2.imencode(kind, picture)[1].tobytes()


# Files that break off, or are broken inside.


def _register_truncated() -> None:
    kinds = {"JPEG": {}, "PNG": {}, "WEBP": {}, "HEIF": {}, "AVIF": {}, "TIFF": {}, "GIF": {}}
    kinds["JPEG progressive"] = {"progressive": True}
    for kind, options in kinds.items():
        for percent in (1, 25, 60, 90):

            def make(folder, kind=kind, options=options, percent=percent):
                content = encoded(kind.split()[0], **options)
                return put(folder, "broken", content[: max(12, len(content) * percent // 100)])

            FILES.append(Case(f"{kind} cut off at {percent} %", make, False, "damaged|incomplete|not a photo"))


_register_truncated()


@refused("incomplete")
def jpeg_without_end_marker(folder):
    return put(folder, "a.jpg", encoded("JPEG")[:-2])


@accepted
def png_with_too_few_rows(folder):
    return put(folder, "a.png", png(100, 100, bytes(301 * 50)))


@refused("damaged|incomplete")
def png_with_a_flipped_byte(folder):
    content = bytearray(encoded("PNG"))
    content[len(content) // 2] ^= 0xFF
    return put(folder, "a.png", bytes(content))


@refused("damaged|incomplete|not a photo")
def jpeg_of_noise_after_the_header(folder):
    return put(folder, "a.jpg", encoded("JPEG")[:200] + np.random.default_rng(0).bytes(5000))


@refused("damaged|incomplete|not a photo")
def webp_with_noise_inside(folder):
    content = encoded("WEBP")
    return put(folder, "a.webp", content[:40] + np.random.default_rng(0).bytes(len(content) - 40))


@refused("damaged|incomplete")
def heic_with_noise_inside(folder):
    content = encoded("HEIF")
    return put(folder, "a.heic", content[:64] + np.random.default_rng(0).bytes(len(content) - 64))


@refused("damaged|not a photo")
def twelve_bit_jpeg(folder):
    return put(folder, "a.jpg", jpeg_claiming(320, 320, precision=12))


@refused("damaged|incomplete|TIFF")
def tiff_whose_directory_points_nowhere(folder):
    return put(folder, "a.tif", b"II*\0" + struct.pack("<I", 0x7FFFFFFF) + bytes(100))


@refused("damaged|incomplete|TIFF|not a photo")
def tiff_whose_directory_points_at_itself(folder):
    entry = struct.pack("<HHII", 256, 4, 1, 100)
    return put(folder, "a.tif", b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 8))


# Files that are something else.


@refused("empty")
def zero_bytes(folder):
    return put(folder, "a.jpg", b"")


@refused("not a photo")
def text_named_jpg(folder):
    return put(folder, "a.jpg", b"This is my holiday photo, honestly.\n" * 50)


@refused("not a photo")
def one_byte(folder):
    return put(folder, "a.jpg", b"\xff")


@refused("not a photo")
def only_zeros(folder):
    return put(folder, "a.png", bytes(100_000))


@refused("SVG")
def svg(folder):
    return put(folder, "a.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')


@refused("web page")
def html_named_jpg(folder):
    return put(folder, "a.jpg", b"\n <!DOCTYPE html><html><body>404 Not Found</body></html>")


@refused("PDF")
def pdf(folder):
    return put(folder, "a.pdf", encoded("PDF"))


@refused("PostScript")
def eps(folder):
    return put(folder, "a.eps", encoded("EPS"))


@refused("PostScript")
def eps_named_jpg_that_runs_a_program(folder):
    return put(folder, "a.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch owned) (w) file\n")


@refused("Photoshop")
def psd(folder):
    return put(folder, "a.psd", b"8BPS\0\1" + bytes(100))


@refused("BMP")
def bmp(folder):
    return put(folder, "a.bmp", encoded("BMP"))


@refused("not a photo")
def jpeg_2000(folder):
    return put(folder, "a.jp2", encoded("JPEG2000"))


@refused("not a photo")
def icon(folder):
    return put(folder, "a.ico", encoded("ICO"))


@refused("ZIP")
def office_document(folder):
    return put(folder, "a.docx", b"PK\x03\x04" + bytes(200))


@refused("video")
def mp4_named_jpg(folder):
    return put(folder, "a.jpg", b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(500))


@refused("video")
def webm(folder):
    return put(folder, "a.webm", b"\x1a\x45\xdf\xa3" + bytes(500))


@refused("raw")
def raw_cr3(folder):
    return put(folder, "a.cr3", b"\0\0\0\x18ftypcrx \0\0\0\1" + bytes(500))


@refused("raw")
def raw_dng_with_a_preview(folder):
    return put(folder, "a.dng", encoded("TIFF", tiffinfo={254: 1, 50706: b"\1\4\0\0"}))


@refused("not a photo")
def pdf_with_a_jpeg_inside(folder):
    return put(folder, "a.jpg", b"%PDF-1.4\n1 0 obj stream\n" + encoded("JPEG"))


# Sizes.


@refused("pixels")
def png_that_promises_50000_by_50000(folder):
    return put(folder, "bomb.png", png(50_000, 50_000, bytes(1000)))


@refused("pixels")
def png_of_144_megapixels_in_few_bytes(folder):
    return put(folder, "bomb.png", png(12_000, 12_000, bytes(1501 * 12_000), depth=1, colour=0))


@refused("pixels")
def jpeg_that_promises_65000_by_65000(folder):
    return put(folder, "bomb.jpg", jpeg_claiming(65_000, 65_000))


@refused("pixels|damaged")
def gif_that_promises_65535_by_65535(folder):
    content = bytearray(encoded("GIF"))
    content[6:10] = b"\xff" * 4
    return put(folder, "bomb.gif", bytes(content))


@refused("pixels")
def tiff_that_promises_60000_by_60000(folder):
    content = encoded("TIFF")
    for tag in (256, 257):
        at = content.index(struct.pack("<HHI", tag, 4, 1))
        content = content[: at + 8] + struct.pack("<I", 60_000) + content[at + 12 :]
    return put(folder, "bomb.tif", content)


@refused("damaged")
def png_whose_text_unpacks_to_80_megabytes(folder):
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000), 9))
    return put(folder, "bomb.png", png(100, 100, bytes(301 * 100), chunks=text))


@refused("narrow")
def one_by_ten_thousand(folder):
    return put(folder, "a.png", encoded("PNG", Image.new("RGB", (1, 10_000))))


@refused("narrow")
def ten_thousand_by_one(folder):
    return put(folder, "a.png", encoded("PNG", Image.new("RGB", (10_000, 1))))


@refused("narrow")
def one_to_nine(folder):
    return put(folder, "a.png", encoded("PNG", Image.new("RGB", (100, 900))))


@refused("small")
def one_pixel(folder):
    return put(folder, "a.png", encoded("PNG", Image.new("RGB", (1, 1))))


@refused("small")
def sixty_three_pixels(folder):
    return put(folder, "a.png", encoded("PNG", Image.new("RGB", (63, 200))))


@refused("damaged|not a photo|small")
def no_pixels(folder):
    return put(folder, "a.png", png(0, 0))


@accepted
def sixty_four_pixels(folder):
    return put(folder, "a.png", encoded("PNG", Image.new("RGB", (64, 512))))


@refused("too large")
def thirty_one_megabytes(folder):
    path = put(folder, "a.jpg", encoded("JPEG"))
    os.truncate(path, 31_000_000)
    return path


@refused("too large")
def thirty_one_megabytes_in_memory(folder):
    return encoded("JPEG") + bytes(31_000_000)


# Odd kinds of pixels.


@accepted
def all_black(folder):
    return put(folder, "a.png", encoded("PNG", Image.new("RGB", (200, 200))))


@accepted
def one_colour(folder):
    return put(folder, "a.jpg", encoded("JPEG", Image.new("RGB", (200, 200), "#c08060")))


@accepted
def grey_jpeg(folder):
    return put(folder, "a.jpg", encoded("JPEG", portrait().convert("L")))


@accepted
def one_bit(folder):
    return put(folder, "a.png", encoded("PNG", portrait().convert("1")))


@accepted(note="transparent|Transparent")
def grey_with_alpha(folder):
    image = portrait().convert("LA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return put(folder, "a.png", encoded("PNG", image))


@accepted(note="Transparent")
def colour_with_alpha(folder):
    image = portrait()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return put(folder, "a.webp", encoded("WEBP", image))


@refused("transparent")
def nothing_but_transparency(folder):
    return put(folder, "a.png", encoded("PNG", Image.new("RGBA", (200, 200))))


@accepted(note="Transparent")
def palette_with_a_transparent_colour(folder):
    return put(folder, "a.png", encoded("PNG", portrait().quantize(64), transparency=3))


@accepted(note="Transparent")
def palette_with_many_alphas(folder):
    return put(folder, "a.png", encoded("PNG", portrait().quantize(64), transparency=bytes(range(0, 256, 4))))


@accepted(note="Transparent")
def grey_with_a_transparent_level(folder):
    return put(folder, "a.png", encoded("PNG", portrait().convert("L"), transparency=0))


@accepted(note="CMYK")
def cmyk_without_profile(folder):
    return put(folder, "a.jpg", encoded("JPEG", portrait().convert("CMYK")))


@accepted
def lab_tiff(folder):
    lab = ImageCms.profileToProfile(
        portrait(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    return put(folder, "a.tif", encoded("TIFF", lab))


@accepted
def ycbcr_tiff(folder):
    return put(folder, "a.tif", encoded("TIFF", portrait().convert("YCbCr"), compression="jpeg"))


@accepted(note="8 bits")
def sixteen_bit_grey_png(folder):
    return put(folder, "a.png", deep_grey("PNG"))


@accepted(note="8 bits")
def sixteen_bit_grey_tiff(folder):
    return put(folder, "a.tif", deep_grey("TIFF"))


def deep_grey(kind: str) -> bytes:
    return encoded(kind, Image.fromarray(np.asarray(portrait().convert("L"), np.uint16) * 257))


@accepted
def sixteen_bit_colour_png(folder):
    return put(folder, "a.png", deep(".png", 3))


@accepted(note="Transparent")
def sixteen_bit_alpha_png(folder):
    return put(folder, "a.png", deep(".png", 4))


@accepted
def sixteen_bit_colour_tiff(folder):
    return put(folder, "a.tif", deep(".tiff", 3))


@accepted(note="8 bits")
def thirty_two_bit_integer_tiff(folder):
    values = np.asarray(portrait().convert("L"), np.int32) * 1_000_000
    return put(folder, "a.tif", encoded("TIFF", Image.fromarray(values)))


@accepted(note="8 bits")
def negative_integer_tiff(folder):
    return put(folder, "a.tif", encoded("TIFF", Image.fromarray(np.full((100, 100), -5, np.int32))))


@accepted(note="8 bits")
def float_tiff_to_one(folder):
    return put(folder, "a.tif", float_tiff())


@accepted(note="8 bits")
def float_tiff_to_255(folder):
    return put(folder, "a.tif", float_tiff(white=255))


@refused("broken values")
def float_tiff_with_nan(folder):
    return put(folder, "a.tif", float_tiff(np.nan))


@refused("broken values")
def float_tiff_with_infinity(folder):
    return put(folder, "a.tif", float_tiff(np.inf))


@refused("TIFF")
def float_colour_tiff(folder):
    return put(folder, "a.tif", deep(".tiff", 3, np.float32))


# Animations and odd containers.


def frames() -> list[Image.Image]:
    return [portrait(), portrait().rotate(90), portrait().rotate(180)]


@accepted(note="first frame")
def animated_gif(folder):
    return put(folder, "a.gif", encoded("GIF", save_all=True, append_images=frames()[1:]))


@accepted(note="first frame")
def animated_webp(folder):
    return put(folder, "a.webp", encoded("WEBP", save_all=True, append_images=frames()[1:]))


@accepted(note="first frame")
def animated_png(folder):
    return put(folder, "a.png", encoded("PNG", save_all=True, append_images=frames()[1:]))


@accepted(note="first frame")
def animated_avif(folder):
    return put(folder, "a.avif", encoded("AVIF", save_all=True, append_images=frames()[1:]))


@accepted(note="first frame")
def tiff_of_three_pages(folder):
    return put(folder, "a.tif", encoded("TIFF", save_all=True, append_images=frames()[1:]))


@accepted
def mpo_of_two_views(folder):
    return put(folder, "a.jpg", encoded("MPO", save_all=True, append_images=frames()[1:2]))


@accepted
def progressive_jpeg(folder):
    return put(folder, "a.jpg", encoded("JPEG", progressive=True))


@accepted
def jpeg_with_junk_after_it(folder):
    return put(folder, "a.jpg", encoded("JPEG") + b"junk" * 5000)


@accepted
def jpeg_that_is_a_zip_as_well(folder):
    return put(folder, "a.jpg", encoded("JPEG") + b"PK\x05\x06" + bytes(18))


@accepted
def jpeg_with_a_comment_of_60_kilobytes(folder):
    return put(folder, "a.jpg", encoded("JPEG", comment=b"x" * 60_000))


@accepted
def png_named_jpg(folder):
    return put(folder, "a.jpg", encoded("PNG"))


@accepted
def jpeg_named_heic(folder):
    return put(folder, "a.heic", encoded("JPEG"))


@accepted
def heic_named_jpg(folder):
    return put(folder, "a.jpg", encoded("HEIF"))


@accepted
def no_suffix(folder):
    return put(folder, "photo", encoded("AVIF"))


# Metadata.


@accepted
def exif_of_noise(folder):
    return put(folder, "a.jpg", encoded("JPEG", exif=b"Exif\0\0" + np.random.default_rng(0).bytes(500)))


@accepted
def exif_that_breaks_off(folder):
    return put(folder, "a.jpg", encoded("JPEG", exif=exif(6)[:20]))


@accepted
def exif_whose_directory_points_nowhere(folder):
    return put(folder, "a.jpg", encoded("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f"))


@accepted
def exif_in_a_png_of_noise(folder):
    chunk = png_chunk(b"eXIf", np.random.default_rng(0).bytes(200))
    return put(folder, "a.png", png(100, 100, bytes(301 * 100), chunks=chunk))


@accepted
def exif_with_gps(folder):
    return put(folder, "a.jpg", encoded("JPEG", exif=exif(gps=True)))


@accepted
def orientation_99(folder):
    return put(folder, "a.jpg", encoded("JPEG", exif=exif(99)))


@accepted
def orientation_in_words(folder):
    block = b"Exif\0\0II*\0" + struct.pack("<IHHHI4sI", 8, 1, 0x0112, 2, 4, b"six\0", 0)
    return put(folder, "a.jpg", encoded("JPEG", exif=block))


def _register_orientations() -> None:
    for number in range(1, 9):

        def make(folder, number=number):
            return put(folder, "a.jpg", encoded("JPEG", exif=exif(number)))

        FILES.append(Case(f"EXIF orientation {number}", make, True))


_register_orientations()


@accepted(note="profile is damaged")
def icc_of_noise(folder):
    return put(folder, "a.jpg", encoded("JPEG", icc_profile=np.random.default_rng(0).bytes(3000)))


@accepted(note="profile is damaged")
def icc_that_breaks_off(folder):
    return put(folder, "a.png", encoded("PNG", icc_profile=DISPLAY_P3[:150]))


@accepted(note="profile is damaged")
def icc_of_one_byte(folder):
    return put(folder, "a.webp", encoded("WEBP", icc_profile=b"x"))


@accepted(note="profile is damaged")
def icc_for_other_channels(folder):
    return put(folder, "a.jpg", encoded("JPEG", portrait().convert("L"), icc_profile=DISPLAY_P3))


@accepted(note="Display P3")
def icc_display_p3(folder):
    return put(folder, "a.heic", encoded("HEIF", icc_profile=DISPLAY_P3))


@accepted(note="Adobe RGB")
def icc_adobe_rgb(folder):
    return put(folder, "a.jpg", encoded("JPEG", icc_profile=ADOBE_RGB))


@accepted
def xmp_of_noise(folder):
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta><unclosed")
    return put(folder, "a.png", encoded("PNG", pnginfo=text))


# Names and places.


def _register_names() -> None:
    names = {
        "emoji": "🙂📷.jpg",
        "spaces": "  my   photo  .jpg",
        "accents": "Zoë Åström – portrét.jpg",
        "other scripts": "写真 фото صورة.jpg",
        "leading dash": "--output.jpg",
        "250 letters": "n" * 246 + ".jpg",
        "upper case": "IMG_0001.JPG",
        "several dots": "me.final.v2.jpg.jpeg",
        "hidden": ".jpg",
        "shell words": "$(rm -rf x);`id`&'.jpg",
        "percent": "100%20%s{name}.jpg",
    }
    for kind, name in names.items():

        def make(folder, name=name):
            return put(folder, name, encoded("JPEG"))

        FILES.append(Case(f"name with {kind}", make, True))


_register_names()


@accepted
def name_with_a_line_break(folder):
    if os.name == "nt":
        pytest.skip("Windows has no such names")
    return put(folder, "a\nb\t\x1b[31m.jpg", encoded("JPEG"))


@accepted
def name_that_is_not_utf8(folder):
    if os.name == "nt":
        pytest.skip("Windows has no such names")
    try:
        return put(folder, os.fsdecode(b"\xff\xfe.jpg"), encoded("JPEG"))
    except OSError:
        pytest.skip("this file system has no such names")


@accepted
def link_to_a_photo(folder):
    put(folder, "real.jpg", encoded("JPEG"))
    return link(folder / "link.jpg", folder / "real.jpg")


@refused("link to a file that is not there")
def dangling_link(folder):
    return link(folder / "link.jpg", folder / "gone.jpg")


@refused("Check the path")
def link_to_itself(folder):
    return link(folder / "loop.jpg", folder / "loop.jpg")


@refused("folder")
def link_to_a_folder(folder):
    (folder / "inside").mkdir()
    return link(folder / "link.jpg", folder / "inside")


def link(path: Path, target: Path) -> Path:
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("no symbolic links here")
    return path


@refused("folder")
def folder_named_jpg(folder):
    (folder / "a.jpg").mkdir()
    return folder / "a.jpg"


@refused("no file")
def missing_file(folder):
    return folder / "gone.jpg"


@refused("Check the path")
def path_through_a_file(folder):
    return put(folder, "a.jpg", encoded("JPEG")) / "b.jpg"


@refused("too long")
def endless_name(folder):
    return folder / ("n" * 5000 + ".jpg")


@refused("not a regular file")
def named_pipe(folder):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(folder / "pipe.jpg")
    return folder / "pipe.jpg"


@refused("not a regular file")
def endless_device(folder):
    if not Path("/dev/zero").exists():
        pytest.skip("no such device here")
    return "/dev/zero"


@refused("no permission")
def unreadable_file(folder):
    if os.name == "nt" or os.geteuid() == 0:
        pytest.skip("root and Windows may read anything")
    path = put(folder, "a.jpg", encoded("JPEG"))
    path.chmod(0)
    return path


# What is no file at all.


@refused("web address")
def web_address(folder):
    return "https://example.com/me.jpg"


@refused("web address")
def data_address(folder):
    return "data:image/png;base64,iVBORw0KGgo="


@refused("No photo")
def nothing(folder):
    return None


@refused("No photo")
def empty_name(folder):
    return ""


@refused("No photo")
def number(folder):
    return 42


@refused("not a file's name")
def name_with_a_zero(folder):
    return "a\0b.jpg"


@refused("empty")
def empty_memory(folder):
    return b""


@refused("opened as text")
def file_opened_as_text(folder):
    return io.StringIO("a photo")


@refused("could not be read")
def closed_file(folder):
    file = io.BytesIO(encoded("JPEG"))
    file.close()
    return file


@refused("incomplete|damaged")
def lazily_opened_image_that_breaks_off(folder):
    content = encoded("JPEG")
    return Image.open(io.BytesIO(content[: len(content) // 2]))


@refused("small")
def image_of_no_size(folder):
    return Image.new("RGB", (0, 0))


@accepted
def bytes_in_memory(folder):
    return encoded("JPEG")


@accepted
def open_file(folder):
    return io.BytesIO(encoded("PNG"))


@accepted
def image_in_memory(folder):
    return portrait()


# Whole photos: whose face is it?


def canvas(width: int = 800, height: int = 800, colour: str = "#8090a0") -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def head(size: int = 300) -> Image.Image:
    """The astronaut's head and shoulders, without the rocket."""
    return Image.fromarray(data.astronaut()[:300, 60:360]).resize((size, size), Image.Resampling.LANCZOS)


@faces(0)
def smooth_gradient():
    return Image.merge("RGB", [Image.linear_gradient("L").rotate(angle) for angle in (0, 90, 180)]).resize((600, 600))


@faces(0)
def pure_noise():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8))


@faces(0)
def black_picture():
    return canvas(colour="black")


@faces(0)
def white_picture():
    return canvas(colour="white")


@faces(0)
def cup_of_coffee():
    return Image.fromarray(data.coffee())


@faces(0)
def page_of_text():
    return Image.fromarray(data.page()).convert("RGB").resize((768, 382))


@faces(0)
def checkerboard():
    return Image.fromarray(data.checkerboard()).convert("RGB")


@faces(0)
def rocket():
    return Image.fromarray(data.rocket())


@faces(None)
def coins_with_heads_on_them():
    return Image.fromarray(data.coins()).convert("RGB").resize((768, 606))


@faces(0)
def cat():
    return Image.fromarray(data.chelsea()).resize((902, 600))


@faces(0)
def back_of_a_head():
    picture = canvas()
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((120, 560, 680, 900), 160, fill="#33415c")
    pen.rectangle((340, 470, 460, 600), fill="#c99a7c")
    pen.ellipse((230, 130, 570, 560), fill="#2b1d14")
    return picture


@faces(0)
def stick_figure():
    picture = canvas(colour="white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((300, 100, 500, 300), outline="black", width=8)
    pen.line((400, 300, 400, 560, 300, 740), fill="black", width=8)
    pen.line((400, 560, 500, 740), fill="black", width=8)
    pen.line((270, 420, 530, 420), fill="black", width=8)
    return picture


@faces(None)
def drawn_face():
    picture = canvas(colour="#fff4d6")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((200, 120, 600, 680), fill="#f2c9a4", outline="black", width=6)
    for x in (310, 490):
        pen.ellipse((x - 45, 320, x + 45, 370), fill="white", outline="black", width=4)
        pen.ellipse((x - 18, 325, x + 18, 365), fill="black")
        pen.arc((x - 60, 260, x + 60, 330), 200, 340, fill="black", width=8)
    pen.line((400, 370, 380, 470, 415, 475), fill="black", width=5)
    pen.arc((310, 500, 490, 590), 20, 160, fill="#a03030", width=12)
    return picture


@faces(1)
def plain_portrait():
    return Image.fromarray(data.astronaut())


@faces(1)
def grey_portrait():
    return Image.fromarray(data.astronaut()).convert("L").convert("RGB")


@faces(1)
def mirrored_portrait():
    return Image.fromarray(data.astronaut()[:, ::-1].copy())


@faces(1)
def tilted_by_30_degrees():
    return Image.fromarray(data.astronaut()).rotate(30, Image.Resampling.BICUBIC, fillcolor="#8090a0")


@faces(2)
def two_faces():
    picture = canvas(1000, 600)
    picture.paste(head(450), (20, 120))
    picture.paste(head(450).transpose(Image.Transpose.FLIP_LEFT_RIGHT), (530, 120))
    return picture


@faces(6)
def six_faces():
    picture = canvas(960, 640)
    for number in range(6):
        picture.paste(head(300), (10 + 320 * (number % 3), 10 + 320 * (number // 3)))
    return picture


@faces(None)
def face_of_40_pixels():
    picture = canvas(1600, 1200)
    picture.paste(head(100), (900, 500))
    return picture


@faces(None)
def face_of_15_pixels():
    picture = canvas(1600, 1200)
    picture.paste(head(36), (900, 500))
    return picture


@faces(None)
def upside_down():
    return Image.fromarray(data.astronaut()).rotate(180)


@faces(None)
def on_its_side():
    return Image.fromarray(data.astronaut()).rotate(90)


@faces(None)
def left_half_covered():
    picture = Image.fromarray(data.astronaut())
    ImageDraw.Draw(picture).rectangle((0, 0, 222, 512), fill="#205030")
    return picture


@faces(None)
def mouth_covered():
    picture = Image.fromarray(data.astronaut())
    ImageDraw.Draw(picture).rectangle((160, 140, 290, 215), fill="#dfe8ee")
    return picture


@faces(None)
def eyes_covered():
    picture = Image.fromarray(data.astronaut())
    ImageDraw.Draw(picture).rectangle((150, 85, 290, 125), fill="black")
    return picture


@faces(None)
def face_cut_by_the_left_edge():
    return Image.fromarray(data.astronaut()[:, 215:])


@faces(None)
def only_eyes_and_nose():
    return Image.fromarray(data.astronaut()[85:135, 195:260]).resize((780, 600), Image.Resampling.LANCZOS)


@faces(None)
def very_dark():
    return Image.fromarray((data.astronaut() * 0.06).astype(np.uint8))


@faces(None)
def very_bright():
    return Image.fromarray(np.clip(data.astronaut() * 2.5 + 60, 0, 255).astype(np.uint8))


@faces(None)
def very_blurred():
    return Image.fromarray(cv2.GaussianBlur(data.astronaut(), (0, 0), 9))


@faces(None)
def very_noisy():
    noise = np.random.default_rng(0).normal(0, 70, data.astronaut().shape)
    return Image.fromarray(np.clip(data.astronaut() + noise, 0, 255).astype(np.uint8))


@faces(None)
def squeezed_to_a_third():
    return Image.fromarray(data.astronaut()).resize((170, 512))


@faces(None)
def negative():
    return Image.fromarray(255 - data.astronaut())
