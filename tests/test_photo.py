"""Photos in, pictures out: every odd kind of file, colours against an independent formula, bytes that never vary."""

from __future__ import annotations

import contextlib
import io
import re
import threading

import numpy as np
import pytest
from bad_inputs import ADOBE_RGB, DISPLAY_P3, FILES, encoded, exif, portrait, put
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from headshot_core import photo
from headshot_core.errors import HeadshotError
from headshot_core.photo import encode_picture, read_photo, srgb_profile, to_bytes, write_picture
from headshot_core.recipe import Backdrop, Recipe

LOSSLESS = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}
LOSSY = {"JPEG": {"quality": 95}, "AVIF": {"quality": 95}, "HEIF": {"quality": 95}}


def difference(first: Image.Image, second: Image.Image) -> float:
    """Mean difference in 8-bit steps."""
    return float(np.abs(np.asarray(first, np.float32) - np.asarray(second, np.float32)).mean())


# Every kind of file.


@pytest.mark.parametrize("case", FILES, ids=str)
def test_every_odd_input(case, tmp_path):
    """Each is read as upright 8-bit RGB, or refused with what happened and what to do; nothing else is ever raised."""
    source = case.make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    if case.accepted:
        result = read_photo(source)
        assert result.image.mode == "RGB"
        assert result.image.info == {}
        assert min(result.width, result.height) >= photo.MIN_SIDE
        assert len(result.digest) == 64
        assert result.name.isprintable()
        assert result.name.encode()
        assert re.search(case.word, "\n".join(result.notes))
    else:
        with pytest.raises(HeadshotError, match=case.word) as caught:
            read_photo(source)
        assert caught.value.todo
        assert "Error" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_there_are_enough_odd_inputs():
    """The table keeps its promise of at least 60 kinds, each with its own name."""
    assert len({case.name for case in FILES}) == len(FILES) >= 60


@pytest.mark.parametrize("kind", [*LOSSLESS, *LOSSY])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_in_every_format(kind, orientation):
    """What the camera noted is undone, once, whatever the container does by itself."""
    options = {**LOSSLESS, **LOSSY}[kind]
    stored = portrait(160)
    expected = stored.copy()
    expected.getexif()[0x0112] = orientation
    expected = ImageOps.exif_transpose(expected)
    result = read_photo(encoded(kind, stored, exif=exif(orientation), **options))
    assert difference(result.image, expected) < (0.01 if kind in LOSSLESS else 3)


@pytest.mark.parametrize("kind", LOSSLESS)
def test_plain_files_come_through_unchanged(kind):
    """Lossless sRGB pixels are not touched, and there is nothing to note."""
    result = read_photo(encoded(kind, portrait(), icc_profile=srgb_profile(), **LOSSLESS[kind]))
    assert difference(result.image, portrait()) == 0
    assert result.notes == ()


def test_array_is_the_image_in_0_to_1():
    """float32, and every 8-bit level comes back exactly."""
    levels = Image.fromarray(np.arange(256 * 64 * 3, dtype=np.uint8).reshape(64, 256, 3))
    array = read_photo(levels).array()
    assert array.dtype == np.float32
    assert (array.min(), array.max()) == (0, 1)
    assert np.array_equal(to_bytes(array), np.asarray(levels))


def test_photos_are_equal_by_content():
    """Same bytes, same digest, equal photos, whatever the name; other bytes, another digest."""
    first, second = encoded("PNG"), encoded("PNG", portrait(100))
    assert read_photo(first) == read_photo(io.BytesIO(first))
    assert len({read_photo(first), read_photo(first), read_photo(second)}) == 2
    assert read_photo(portrait()) == read_photo(portrait())


def test_the_callers_image_is_left_alone():
    """Reading a PIL image neither changes it nor shares its pixels."""
    image = portrait()
    image.info["icc_profile"] = DISPLAY_P3
    before = image.copy()
    result = read_photo(image)
    result.image.putpixel((0, 0), (1, 2, 3))
    assert image.info["icc_profile"] == DISPLAY_P3
    assert difference(image, before) == 0


def test_a_large_photo_is_read_at_half_size(monkeypatch):
    """Above the limit a JPEG, a PNG and a palette come at half size, upright, right in colour, and it is noted."""
    monkeypatch.setattr(photo, "FULL_SIZE_PIXELS", 200 * 300)
    image = portrait().resize((400, 300), Image.Resampling.LANCZOS)
    expected = image.resize((200, 150), Image.Resampling.BOX).transpose(Image.Transpose.ROTATE_270)
    palette = encoded("PNG", image.quantize(256), exif=exif(6))
    for content in (encoded("JPEG", image, quality=95, exif=exif(6)), encoded("PNG", image, exif=exif(6)), palette):
        result = read_photo(content)
        assert result.image.size == (150, 200)
        assert difference(result.image, expected) < 6
        assert "half size" in result.notes[0]


def test_size_is_checked_before_decoding(monkeypatch):
    """A photo beyond the limit is refused without its pixels ever being asked for."""
    monkeypatch.setattr(photo, "MAX_PIXELS", 1000)
    monkeypatch.setattr(photo, "_decode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(HeadshotError, match="320 × 320"):
        read_photo(encoded("PNG"))


def test_reading_in_threads_gives_the_same():
    """The page reads several photos at once."""
    content = encoded("JPEG", icc_profile=DISPLAY_P3)
    expected, results = read_photo(content).image.tobytes(), []
    threads = [threading.Thread(target=lambda: results.append(read_photo(content).image.tobytes())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 6


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "GIF"]), st.data())
def test_any_damage_is_a_photo_or_a_clear_error(kind, data):
    """Whatever bytes are flipped, cut or inserted: a photo or a HeadshotError, never another exception."""
    content = bytearray(SMALL[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(1, len(content)))]
    with contextlib.suppress(HeadshotError):
        assert read_photo(bytes(content)).image.mode == "RGB"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DISPLAY_P3) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_damaged_profile_is_survived(changes):
    """A colour profile with flipped bytes costs at most the colours, never the photo."""
    profile = bytearray(DISPLAY_P3)
    for at, value in changes:
        profile[at] = value
    assert read_photo(encoded("PNG", portrait(80), icc_profile=bytes(profile))).image.size == (80, 80)


SMALL = {kind: encoded(kind, portrait(80)) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF")}


# Colour.


def through_matrix(picture: Image.Image, matrix: np.ndarray) -> np.ndarray:
    """The picture's values taken as another space's with gamma 2.2, as sRGB 0..255: the textbook way."""
    linear = (np.asarray(picture, np.float64) / 255) ** 2.2 @ matrix.T
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


# To linear sRGB, both D65: Display P3 (SMPTE EG 432-1 primaries) and Adobe RGB (1998), after Lindbloom.
P3 = np.array([[1.22494, -0.22494, 0], [-0.04206, 1.04206, 0], [-0.01964, -0.07864, 1.09827]])
ADOBE = np.array([[1.39836, -0.39836, 0], [0, 1, 0], [0, -0.04293, 1.04293]])


@pytest.mark.parametrize(("profile", "matrix"), [(DISPLAY_P3, P3), (ADOBE_RGB, ADOBE)], ids=["P3", "Adobe RGB"])
@pytest.mark.parametrize("kind", LOSSLESS)
def test_wide_colour_is_converted_right(profile, matrix, kind):
    """Display P3 and Adobe RGB land where the textbook puts them, to two 8-bit steps."""
    content = encoded(kind, portrait(), icc_profile=profile, **LOSSLESS[kind])
    error = np.abs(np.asarray(read_photo(content).image) - through_matrix(portrait(), matrix))
    assert np.percentile(error, 99.5) < 2
    assert np.abs(np.asarray(portrait(), np.float64) - through_matrix(portrait(), matrix)).mean() > 2


def test_wide_colour_under_alpha_is_converted_too():
    """The profile counts for RGBA as for RGB."""
    opaque = portrait()
    opaque.putalpha(255)
    rgba, rgb = (read_photo(encoded("PNG", image, icc_profile=DISPLAY_P3)) for image in (opaque, portrait()))
    assert difference(rgba.image, rgb.image) == 0


def test_lab_comes_back_as_it_was():
    """CIELAB, as TIFF stores it, to sRGB: within the rounding of 8-bit Lab."""
    lab = ImageCms.profileToProfile(
        portrait(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert difference(read_photo(encoded("TIFF", lab)).image, portrait()) < 2


@pytest.mark.parametrize("white", [1, 255, 65535])
def test_deep_grey_keeps_its_tones(white):
    """Float and integer greys of any usual range show the same picture."""
    grey = np.asarray(portrait().convert("L"), np.float32)
    expected = Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    images = [Image.fromarray(grey / 255 * white)]
    images += [Image.fromarray((grey * 257).astype(np.uint16))] if white == 65535 else []
    for image in images:
        assert difference(read_photo(encoded("TIFF", image)).image, expected) < 0.6


def test_transparency_is_laid_on_white():
    """Half transparent red on white is pink; hidden colours under full transparency do not show."""
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 128))
    image.paste((0, 255, 0, 0), (0, 0, 50, 100))
    result = read_photo(encoded("PNG", image)).image
    assert result.getpixel((10, 10)) == (255, 255, 255)
    assert result.getpixel((90, 10)) == pytest.approx((255, 127, 127), abs=1)


# Writing.


def gradient(width: int = 256, height: int = 160) -> np.ndarray:
    """A smooth float picture between two near tones: the worst case for bands."""
    ramp = np.linspace(0.40, 0.43, width, dtype=np.float32)[None, :, None]
    return np.broadcast_to(ramp, (height, width, 3)).copy()


@pytest.mark.parametrize("kind", ["png", "jpg", "jpeg", "webp", "PNG"])
def test_equal_pictures_give_equal_bytes(kind):
    """No time, no chance in the file."""
    assert encode_picture(gradient(), kind, recipe=Recipe()) == encode_picture(gradient(), kind, recipe=Recipe())


@pytest.mark.parametrize("suffix", ["png", "JPG", "jpeg", "webp"])
def test_written_pictures_read_back(tmp_path, suffix):
    """The picture, its sRGB profile, and nothing of a camera."""
    path = write_picture(read_photo(portrait()).array(), tmp_path / f"out.{suffix}", quality=95)
    with Image.open(path) as image:
        assert image.info["icc_profile"] == srgb_profile()
        assert "exif" not in image.info
    result = read_photo(path)
    assert result.notes == ()
    assert difference(result.image, portrait()) < 3
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_nothing_of_the_source_leaks(tmp_path, kind):
    """GPS, camera and the source's profile stay behind; an own backdrop gives only its file's name."""
    source = read_photo(put(tmp_path, "a.jpg", encoded("JPEG", exif=exif(gps=True), icc_profile=ADOBE_RGB)))
    recipe = Recipe(backdrop=Backdrop(kind="image", image="/home/jane.doe/private/wall.jpg"))
    with Image.open(io.BytesIO(encoded("JPEG", comment=b"private note"))) as image:
        assert b"private" not in encode_picture(image, kind)
    content = encode_picture(source.image, kind, recipe=recipe)
    with Image.open(io.BytesIO(content)) as image:
        assert not image.getexif()
    for secret in (b"A camera", b"Adobe RGB", b"jane.doe", b"private"):
        assert secret not in content
    assert b"wall.jpg" in content


def test_whole_steps_survive_and_the_mean_is_kept():
    """8-bit values are exact after dithering; between the steps the mean is right, which rounding alone misses."""
    steps = np.arange(256, dtype=np.float32).repeat(64).reshape(256, 64, 1).repeat(3, 2) / 255
    assert np.array_equal(to_bytes(steps), np.round(steps * 255).astype(np.uint8))
    for value in (0.4011, 0.4025):
        flat = np.full((64, 64, 3), value, np.float32)
        assert to_bytes(flat).mean() == pytest.approx(value * 255, abs=0.02)


def test_smooth_backdrops_show_no_bands():
    """Local means follow the ramp finer than one 8-bit step; plain rounding would leave stairs."""
    ramp = gradient()
    means = to_bytes(ramp).astype(np.float32).reshape(20, 8, 32, 8, 3).mean((0, 1, 3)) - 255 * ramp[0, 4::8]
    stairs = np.round(ramp * 255).reshape(20, 8, 32, 8, 3).mean((0, 1, 3)) - 255 * ramp[0, 4::8]
    assert np.abs(means).max() < 0.15 < np.abs(stairs).max()


@pytest.mark.parametrize("shape", [(70, 90), (70, 90, 3), (70, 90, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_grey_colour_and_alpha_are_written(shape, dtype, kind):
    """Cut-outs keep their alpha, but in JPEG, where they stand on white."""
    picture = np.zeros(shape, dtype)
    with Image.open(io.BytesIO(encode_picture(picture, kind))) as image:
        image.load()
        assert image.size == (90, 70)
        if len(shape) == 3 and shape[2] == 4:
            assert image.convert("RGBA").getpixel((5, 5))[3] == (255 if kind == "jpg" else 0)
            assert kind != "jpg" or image.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("quality", [1, 92, 100])
@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_pure_noise_can_be_written(kind, quality):
    """The least compressible picture there is does not overrun an encoder."""
    noise = np.random.default_rng(0).integers(0, 256, (700, 500, 3), np.uint8)
    assert read_photo(encode_picture(noise, kind, quality=quality)).image.size == (500, 700)


@pytest.mark.parametrize("name", ["out.gif", "out", "out.bmp", ".png.", "out.png.exe"])
def test_unknown_suffixes_are_refused(tmp_path, name):
    """A clear error that lists the suffixes, and no file."""
    with pytest.raises(HeadshotError, match="png, jpg"):
        write_picture(gradient(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_values_are_never_written(tmp_path, bad):
    """A NaN is a fault to be told, not a black pixel."""
    picture = gradient()
    picture[3, 3] = bad
    with pytest.raises(HeadshotError, match="broken values"):
        write_picture(picture, tmp_path / "out.png")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_old_picture(tmp_path, monkeypatch):
    """Disk full while writing: clear words, the old file whole, nothing half-written."""
    path = write_picture(gradient(), tmp_path / "out.png")
    old = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(HeadshotError, match="disk is full"):
        write_picture(1 - gradient(), path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]
