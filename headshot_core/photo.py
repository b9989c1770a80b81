"""Photo: read any photo into upright 8-bit sRGB, and write pictures with their provenance."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import warnings
import zlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write, explain
from headshot_core.provenance import Provenance, parse_xmp, source_of, to_xmp

if TYPE_CHECKING:
    from headshot_core.enhance.stack import Stack
    from headshot_core.recipe import Recipe

MAX_BYTES = 30_000_000
MAX_PIXELS = 60_000_000
MAX_ASPECT = 8
MIN_SIDE = 64
FULL_SIZE_PIXELS = 25_000_000
"""Photos above this are read at half size: far more than a headshot needs, at a quarter of the memory."""

READABLE = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF", "GIF")
WRITABLE = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}
"""Suffix -> Pillow's name of the format."""
_KINDS = "JPEG, PNG, WebP, HEIC, AVIF, TIFF or GIF"

# Pillow warns of what is checked or noted here anyway: bombs, broken EXIF, palettes with transparency.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True)
class Photo:
    """A photo as the rest of the core wants it. Two photos are equal when their digests are."""

    image: Image.Image = field(compare=False, repr=False)
    """8-bit RGB, sRGB, upright."""
    name: str = field(compare=False)
    """The file's name without folder and suffix."""
    digest: str
    """sha256 of the file's bytes."""
    notes: tuple[str, ...] = field(default=(), compare=False)
    """What was converted, in plain words."""
    enlarged: float = field(default=1.0, compare=False)
    """Pixels for one that a camera took, where that is known: more than 1 in a headshot made from a small photo."""

    @property
    def width(self) -> int:
        """Pixels."""
        return self.image.width

    @property
    def height(self) -> int:
        """Pixels."""
        return self.image.height

    def array(self) -> np.ndarray:
        """float32 ``(H, W, 3)``, sRGB 0..1."""
        return to_float(self.image)


def to_float(image: Image.Image) -> np.ndarray:
    """8-bit image to float32 0..1."""
    return np.multiply(np.asarray(image), np.float32(1 / 255), dtype=np.float32)


# Reading.


def read_photo(source: str | Path | bytes | BinaryIO | Image.Image) -> Photo:
    """Read a photo from a path, bytes, an open file or a PIL image.

    JPEG, PNG, WebP, HEIC/HEIF, AVIF, TIFF, and the first frame of animations. The result is upright (EXIF
    orientation), converted to sRGB, 8-bit, without alpha (laid on white). Up to 30 MB, 60 megapixels, sides of at
    least 64 px and at most 1:8; all of that is checked before anything is decoded. Raises `HeadshotError`.
    """
    if isinstance(source, Image.Image):
        return _from_image(source)
    data, name = _read_bytes(source)
    digest = hashlib.sha256(data).hexdigest()
    with _open(data) as image:
        picture, notes = _standardise(image)
    return Photo(picture, name, digest, notes)


def _from_image(image: Image.Image) -> Photo:
    _check_size(image)
    try:
        pixels = image.tobytes()
    except Exception as error:
        raise _unreadable(error) from error
    digest = hashlib.sha256(f"{image.mode} {image.size}".encode() + pixels).hexdigest()
    picture, notes = _standardise(image)
    return Photo(picture, _name(getattr(image, "filename", "")), digest, notes)


def _read_bytes(source: object) -> tuple[bytes, str]:
    """The file's bytes and its name, without suffix."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, name = bytes(source), "photo"
    elif isinstance(source, (str, os.PathLike)):
        data, name = _read_file(source)
    elif hasattr(source, "read"):
        data, name = _read_stream(source)
    else:
        raise HeadshotError("No photo was given.", f"Choose a {_KINDS} file.")
    if not data:
        raise HeadshotError("The file is empty.", "Save or copy the photo again.")
    _check_bytes(len(data))
    return data, name


def _read_stream(stream: BinaryIO) -> tuple[bytes, str]:
    try:
        data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise HeadshotError(f"The photo could not be read ({error}).", "Open it again.") from error
    if not isinstance(data, bytes):
        raise HeadshotError("The photo was opened as text.", "Open it in binary mode.")
    return data, _name(getattr(stream, "name", ""))


def _name(path: object) -> str:
    """The stem of a file's name, as text that can be shown and written anywhere."""
    stem = Path(path).stem if isinstance(path, (str, os.PathLike)) else ""
    text = stem.encode("utf-8", "replace").decode()  # names that are not UTF-8 hold surrogates
    text = "".join(letter if letter.isprintable() else "_" for letter in text)
    return text.strip(" .")[:100] or "photo"  # room for what is added to it


def _read_file(source: str | os.PathLike) -> tuple[bytes, str]:
    text = os.fsdecode(source)
    if not text:
        raise HeadshotError("No photo was given.", f"Choose a {_KINDS} file.")
    if text.startswith(("http://", "https://", "data:")):
        raise HeadshotError("A web address cannot be read as a photo.", "Save the picture as a file first.")
    try:
        info = Path(text).stat()
        if stat.S_ISDIR(info.st_mode):
            raise HeadshotError(f"{text} is a folder.", "Choose a photo inside it.")
        if not stat.S_ISREG(info.st_mode):  # a pipe or device might never end
            raise HeadshotError(f"{text} is not a regular file.", "Choose a photo file.")
        _check_bytes(info.st_size)
        return Path(text).read_bytes(), _name(text)
    except ValueError as error:  # a zero character in the path
        raise HeadshotError("That is not a file's name.", "Check the path.") from error
    except FileNotFoundError as error:
        if Path(text).is_symlink():
            raise HeadshotError(f"{text} is a link to a file that is not there.", "Choose the photo itself.") from error
        raise HeadshotError(f"There is no file {text}.", "Check the path.") from error
    except OSError as error:
        raise explain(error, Path(text)) from error


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        raise HeadshotError(
            f"The file is too large: {size / 1e6:.0f} MB, at most {MAX_BYTES / 1e6:.0f} MB can be read.",
            "Save it as a JPEG, or make it smaller.",
        )


def _open(data: bytes) -> Image.Image:
    """Open and check the header; the pixels are not decoded yet."""
    _register_heif()
    try:
        image = Image.open(io.BytesIO(data), formats=READABLE)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception as error:  # the decoders raise many kinds for a broken header
        raise _not_a_photo(data) from error
    _check_raw(image, data)
    _check_size(image)
    return image


def _check_raw(image: Image.Image, data: bytes) -> None:
    """Raw files (DNG, NEF, CR2, ARW) are TIFFs whose first picture is a mere preview."""
    if image.format == "TIFF":
        preview = image.tag_v2.get(254, 0) == 1  # NewSubfileType: a reduced version of another picture in the file
        if preview or data[8:10] == b"CR" or 50706 in image.tag_v2:  # DNGVersion
            raise HeadshotError("The file is a camera's raw file.", "Export it as a JPEG or TIFF first.")


@cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(f" ({width} × {height})")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise HeadshotError(
            f"The photo is too long and narrow ({width} × {height}).", f"At most 1:{MAX_ASPECT} can be read; crop it."
        )
    if min(width, height) < MIN_SIDE:
        raise HeadshotError(
            f"The photo is too small ({width} × {height}).",
            f"Each side must have at least {MIN_SIDE} pixels; 600 and more give a good headshot.",
        )


def _too_many_pixels(size: str = "") -> HeadshotError:
    return HeadshotError(
        f"The photo has too many pixels{size}; at most {MAX_PIXELS / 1e6:.0f} megapixels can be read.",
        "Make it smaller.",
    )


_PHOTOS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF")
_TIFFS = (b"II*\0", b"MM\0*")
_PHOTO_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
_OTHERS = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript drawing",
    b"\xc5\xd0\xd3\xc6": "a PostScript drawing",
    b"8BPS": "a Photoshop document",
    b"BM": "a BMP picture",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\x1a\x45\xdf\xa3": "a video",
    b"<svg": "an SVG drawing",
    b"<?xml": "an SVG drawing or an XML document",
    b"<!doctype": "a web page",
    b"<html": "a web page",
}


def _not_a_photo(data: bytes) -> HeadshotError:
    """Why no decoder would have it, as far as the first bytes tell."""
    branded = data[4:8] == b"ftyp"  # ISO media: HEIC and AVIF, but videos and some raw files too
    if data.startswith(_PHOTOS) or (branded and data[8:12] in _PHOTO_BRANDS):
        return HeadshotError("The photo is damaged or incomplete.", "Copy or download it again.")
    if data.startswith(_TIFFS):
        return HeadshotError("The TIFF is damaged, or of a kind that cannot be read.", "Export it as an 8-bit TIFF.")
    text = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((kind for magic, kind in _OTHERS.items() if data.startswith(magic) or text.startswith(magic)), None)
    if branded:
        kind = "a video or a camera's raw file"
    what = f"The file is {kind}, not a photo." if kind else "The file is not a photo of a kind that can be read."
    return HeadshotError(what, f"Use a {_KINDS} photo.")


def _unreadable(error: Exception) -> HeadshotError:
    if isinstance(error, MemoryError):
        return HeadshotError("There is not enough memory to open the photo.", "Make it smaller.")
    text = str(error).lower()
    if any(word in text for word in ("truncated", "end of file", "unexpected end", "eof", "not enough")):
        return HeadshotError("The photo is incomplete: the file breaks off.", "Copy or download it again.")
    return HeadshotError("The photo is damaged and cannot be decoded.", "Copy or download it again.")


# Every kind of pixel to 8-bit sRGB.

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the picture upright."""


def _standardise(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """The image as upright 8-bit sRGB, and notes on what was converted."""
    notes: list[str] = []
    large = image.width * image.height > FULL_SIZE_PIXELS
    _decode(image, large, notes)
    turn = _UPRIGHT.get(_orientation(image, notes))
    profile = image.info.get("icc_profile")
    image = _eight_bit(image, notes)
    if large:
        image = image.reduce(2) if image.width * image.height > FULL_SIZE_PIXELS else image
        notes.append("Read at half size: more than a headshot needs.")
    rgb = _to_srgb(image, profile, notes)
    if image.mode in ("RGBA", "LA"):
        alpha = image.getchannel("A")
        lowest, highest = alpha.getextrema()
        if highest == 0:
            raise HeadshotError("The photo is wholly transparent.", "Export it without transparency.")
        if lowest < 255:
            rgb = _on_white(rgb, alpha)
            notes.append("Transparent areas were filled with white.")
    if turn is not None:
        rgb = rgb.transpose(turn)
    rgb.info = {}
    return rgb, tuple(notes)


def _decode(image: Image.Image, large: bool, notes: list[str]) -> None:
    """Load the pixels of the first frame; of a large JPEG only at half size, which its decoder does by itself."""
    try:
        if image.format != "MPO" and getattr(image, "is_animated", False):  # MPO: the same photo in other sizes
            notes.append("Only the first frame was used.")
        if large and image.format in ("JPEG", "MPO"):
            image.draft(None, (image.width // 2, image.height // 2))
        image.load()
    except Exception as error:  # the decoders raise many kinds for broken data
        raise _unreadable(error) from error


def _orientation(image: Image.Image, notes: list[str]) -> int:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # broken EXIF, of whatever kind, must not cost the photo
        notes.append("The camera's data (EXIF) is damaged and was ignored.")
        return 1


def _eight_bit(image: Image.Image, notes: list[str]) -> Image.Image:
    """Palettes, bitmaps, premultiplied alpha and deep grey as L, LA, RGB, RGBA, CMYK or LAB."""
    mode = image.mode
    if mode in ("I", "F") or mode.startswith("I;"):
        return _deep_grey(image, notes)
    if mode == "1":
        return image.convert("L")
    if mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if mode in ("PA", "RGBa"):
        return image.convert("RGBA")
    if mode == "La":
        return image.convert("LA")
    if mode in ("RGBX", "YCbCr", "HSV"):
        return image.convert("RGB")
    if "transparency" in image.info and mode in ("L", "RGB"):  # one colour stands for transparent
        return image.convert("LA" if mode == "L" else "RGBA")
    return image


def _deep_grey(image: Image.Image, notes: list[str]) -> Image.Image:
    """16-bit, 32-bit and float grey to 8 bits: by the smallest usual white (1, 255, 65535) that holds the values."""
    values = np.asarray(image, np.float32)
    if not np.isfinite(values).all():
        raise HeadshotError("The photo holds broken values (not a number, or infinite).", "Export it again as 8-bit.")
    if image.mode.startswith("I;16"):
        white = 65535.0
    else:
        whites = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        peak = float(values.max())
        white = next((white for white in whites if peak <= white), peak)
    notes.append("Reduced to 8 bits.")
    return Image.fromarray(np.clip(values * (255 / white) + 0.5, 0, 255).astype(np.uint8))


_SRGB_NAMES = ("sRGB", "sRGB built-in", "sRGB IEC61966-2.1", "sRGB IEC61966-2-1 black scaled", "sRGB2014", "c2")
_SPACE = {"RGB ": ("RGB", "RGBA"), "GRAY": ("L", "LA"), "CMYK": ("CMYK",), "Lab ": ("LAB",)}


def _to_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """Colour-managed conversion to RGB; a missing or broken profile means sRGB. Alpha is dropped."""
    flat = {"RGBA": "RGB", "LA": "L"}.get(image.mode)
    plain = image.convert(flat) if flat else image
    source = _parse_profile(profile, plain.mode, notes)
    if source is None and plain.mode == "LAB":
        source = ImageCms.createProfile("LAB")
    if source is None:
        if plain.mode == "CMYK":
            notes.append("Print colours (CMYK) without a profile: the colours are approximate.")
        return plain.convert("RGB")
    try:
        converted = ImageCms.profileToProfile(plain, source, _srgb(), outputMode="RGB")
    except (ImageCms.PyCMSError, ValueError, OSError):
        notes.append("The colour profile is damaged and was ignored.")
        return plain.convert("RGB")
    if isinstance(source, ImageCms.ImageCmsProfile):
        notes.append(f"Colours converted from {_description(source)} to sRGB.")
    return converted


def _parse_profile(profile: bytes | None, mode: str, notes: list[str]) -> ImageCms.ImageCmsProfile | None:
    """The profile if it is whole, fits the pixels and is not sRGB already."""
    if not profile:
        return None
    try:
        parsed = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = parsed.profile.xcolor_space
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        space = ""
    if mode not in _SPACE.get(space, ()):
        notes.append("The colour profile is damaged and was ignored.")
        return None
    return None if _description(parsed) in _SRGB_NAMES else parsed


def _description(profile: ImageCms.ImageCmsProfile) -> str:
    try:
        name = profile.profile.profile_description
    except ValueError:  # broken letters in it
        name = None
    return (name or "an unnamed colour space").strip()[:60]


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _on_white(rgb: Image.Image, alpha: Image.Image) -> Image.Image:
    return Image.composite(rgb, Image.new("RGB", rgb.size, "white"), alpha)


# Writing.


def write_picture(
    picture: np.ndarray | Image.Image,
    path: str | Path,
    *,
    quality: int = 92,
    recipe: Recipe | Stack | None = None,
    source: str | None = None,
) -> Path:
    """Write PNG, JPEG or WebP by the path's suffix, whole or not at all; see `encode_picture`."""
    data = encode_picture(picture, Path(path).suffix.lstrip("."), quality=quality, recipe=recipe, source=source)
    return atomic_write(path, data)


def encode_picture(
    picture: np.ndarray | Image.Image,
    kind: str = "png",
    *,
    quality: int = 92,
    recipe: Recipe | Stack | None = None,
    source: str | None = None,
) -> bytes:
    """The picture as the bytes of a PNG, JPEG or WebP file.

    ``picture`` is float32 0..1 or uint8, ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)`` with alpha (JPEG: laid on
    white); or a PIL image. ``kind`` is a key of `WRITABLE`; ``quality`` 1..100 is for JPEG and WebP. ``source`` is
    the IPTC digital source type; the recipe tells it where it is not given. The sRGB profile and the provenance (see
    `headshot_core.provenance`) are written in, and nothing else: no EXIF, no time. Equal arguments give equal bytes.
    """
    form = WRITABLE.get(kind.lower())
    if form is None:
        asked = f"of the kind {kind!r}" if kind else "without a suffix"
        raise HeadshotError(f"A picture {asked} cannot be written.", f"Use one of {', '.join(WRITABLE)}.")
    image = _plain(picture)
    options = {
        "icc_profile": srgb_profile(),
        "exif": b"",
        "xmp": to_xmp(source or source_of(recipe), recipe),
        "quality": quality,
    }
    if form == "JPEG":
        if image.mode == "RGBA":
            image = _on_white(image.convert("RGB"), image.getchannel("A"))
        options |= {"subsampling": 0}  # full colour resolution: skin and thin coloured edges stay clean
    elif form == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode())
        options |= {"pnginfo": text, "compress_level": 1, "compress_type": zlib.Z_RLE}  # smaller and faster on photos
    else:
        options |= {"method": 2}  # half the default's time, 3 % larger
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _plain(picture: np.ndarray | Image.Image) -> Image.Image:
    """RGB or RGBA without any metadata: Pillow would write a JPEG's comment on."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(to_bytes(picture))
    if image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGB")
    if image.info:
        image = image.copy()
        image.info = {}
    return image


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """Float 0..1 to uint8 with a fine ordered dither, so that smooth backdrops show no bands.

    Values that are whole 8-bit steps already stay exactly as they are.
    """
    if picture.dtype == np.uint8:
        return picture
    if not np.isfinite(picture).all():
        raise HeadshotError("The picture holds broken values.", "This is a fault in Headshot Studio: please report it.")
    height, width = picture.shape[:2]
    tile = _bayer()
    grid = np.tile(tile, (height // 8 + 1, width // 8 + 1))[:height, :width]
    grid = grid if picture.ndim == 2 else grid[..., None]
    return (np.clip(picture, 0, 1) * np.float32(255) + grid).astype(np.uint8)


@cache
def _bayer() -> np.ndarray:
    """Bayer's 8 × 8 thresholds, inside 0..1: never so near to 0 or 1 that a whole step changes by rounding."""
    order = np.zeros((1, 1))
    for _ in range(3):
        order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
    return ((order + 0.5) / 64).astype(np.float32)


@cache
def srgb_profile() -> bytes:
    """The sRGB ICC profile, with its date (bytes 24..36) set to one that never changes."""
    profile = _srgb().tobytes()
    return profile[:24] + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + profile[36:]


def read_provenance(path: str | Path | bytes) -> Provenance | None:
    """What `write_picture` wrote into the picture; None where nothing of the kind is there."""
    data, _ = _read_bytes(path)
    with _open(data) as image:
        if image.format == "PNG":
            _decode(image, False, [])  # text may stand after the pixels
        xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    return parse_xmp(xmp.encode() if isinstance(xmp, str) else xmp) if xmp else None
