"""Upscale: sizes, no seams, no shift of colour, texture like a photo's, and the face stays the person's."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np
import pytest
from pydantic import ValidationError
from skimage.metrics import peak_signal_noise_ratio

from headshot_core import assets, upscalers
from headshot_core.enhance import upscale
from headshot_core.enhance.upscale import Upscale
from headshot_core.enhance.view import Study
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.face import identity
from headshot_core.progress import CancelToken, silent


@pytest.fixture(scope="module")
def study(astronaut) -> Study:
    assets.fetch_all(assets.UPSCALE)
    return Study(astronaut)


@pytest.fixture(scope="module")
def head(astronaut) -> tuple[np.ndarray, object]:
    """The head of the example, 192 x 192, and its face there."""
    x, y = (int(v) - 96 for v in astronaut.face.points[:, :2].mean(0))
    pixels = np.ascontiguousarray(astronaut.pixels[y : y + 192, x : x + 192])
    return pixels, astronaut.face.moved(np.array([[1.0, 0, -x], [0, 1.0, -y]]))


@pytest.fixture(scope="module")
def half(head) -> tuple[np.ndarray, object]:
    """The same at half its size."""
    pixels, face = head
    return _reduced(pixels, 2), face.moved(np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]]))


def _reduced(pixels: np.ndarray, times: int) -> np.ndarray:
    return cv2.resize(pixels, None, fx=1 / times, fy=1 / times, interpolation=cv2.INTER_AREA)


def _enlarged(tool: Upscale, small, study, cancel=None) -> tuple[np.ndarray, object, tuple[str, ...]]:
    return tool.enlarge(*small, study, silent, cancel or CancelToken())


def _fine(pixels: np.ndarray) -> float:
    """Deviation of the finest texture, 0..255."""
    grey = pixels.astype(np.float32).mean(-1)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 1.0)).std())


# How large.


@pytest.mark.parametrize(
    ("to", "size"),
    [
        ("2", (600, 800)),
        ("4x", (1200, 1600)),
        ("4K", (2880, 3840)),
        ("10x15", (1329, 1772)),
        ("13x18 cm", (1595, 2126)),
        ("8x10in", (2400, 3200)),
    ],
)
def test_sizes(to, size):
    """Short names are taken, and a print is filled across and down, whichever way the picture lies."""
    assert Upscale(to=to).size(300, 400) == size
    assert Upscale(to=to).size(400, 300) == size[::-1]


def test_an_unknown_size_is_refused():
    """A size that there is not is an error of the settings, not of the work."""
    with pytest.raises(ValidationError):
        Upscale(to="3x")


def test_more_pixels_than_anybody_prints_are_refused():
    """The limit is told before any work, with what to choose instead."""
    with pytest.raises(HeadshotError, match="megapixels") as error:
        Upscale(to="4x").size(4000, 3000)
    assert "2x" in error.value.todo
    assert Upscale(to="4k").size(12000, 9000) == (12000, 9000)


def test_a_picture_that_is_large_enough_is_left_alone(half, study):
    """Nothing shrinks and nothing is resampled for nothing; the person is told."""
    pixels = np.zeros((10, 4000, 3), np.uint8)
    same, _, notes = _enlarged(Upscale(to="4k"), (pixels, half[1]), study)
    assert same is pixels
    assert "4000 × 10" in notes[0]


# How good.


@pytest.mark.parametrize(("times", "to"), [(2, "2x"), (4, "4x")])
def test_nearer_to_the_truth_than_lanczos(head, study, times, to):
    """A photo reduced and brought back is nearer to the photo than by Lanczos, and its texture is too."""
    truth, face = head
    small = _reduced(truth, times), face.moved(np.array([[1 / times, 0, 0], [0, 1 / times, 0]]))
    ours, _, _ = _enlarged(Upscale(to=to, grain=0), small, study)
    lanczos = cv2.resize(small[0], truth.shape[1::-1], interpolation=cv2.INTER_LANCZOS4)
    assert peak_signal_noise_ratio(truth, ours) > peak_signal_noise_ratio(truth, lanczos)
    assert abs(_fine(ours) - _fine(truth)) < abs(_fine(lanczos) - _fine(truth))


@pytest.mark.parametrize(("method", "side"), [("natural", 192), ("natural", 250), ("plain", 250)])
def test_no_colour_shift(half, method, side):
    """Made small again, the picture has the colours that it had."""
    large = upscale.Job(Upscale(method=method), *half, (side, side)).run(silent, CancelToken())
    again = cv2.resize(large, half[0].shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(again.astype(float) - half[0]).mean() < 2.5
    assert np.abs(again.astype(float).mean((0, 1)) - half[0].mean((0, 1))).max() < 0.3


@pytest.mark.parametrize(("method", "side"), [("natural", 192), ("natural", 250), ("plain", 250)])
def test_no_seams(half, method, side, monkeypatch):
    """Small tiles give the picture that one tile gives, at whole and at odd scales."""

    def enlarged():
        return upscale.Job(Upscale(method=method), *half, (side, side)).run(silent, CancelToken()).astype(int)

    whole = enlarged()
    monkeypatch.setattr(upscale, "TILE", 60)
    difference = np.abs(whole - enlarged())
    assert difference.max() <= 1
    assert difference.mean() < 0.05


def test_the_face_moves_along(half, study):
    """The landmarks lie where the same face lies in the larger picture."""
    large, face, _ = _enlarged(Upscale(), half, study)
    assert np.allclose((half[1].eyes + 0.5) * 2, face.eyes + 0.5)
    assert large.shape == (192, 192, 3)


def test_grain_is_there_and_always_the_same(half, study):
    """Grain adds fine texture, alike in every run."""
    grainy, _, _ = _enlarged(Upscale(grain=1.0), half, study)
    again, _, _ = _enlarged(Upscale(grain=1.0), half, study)
    clean, _, _ = _enlarged(Upscale(grain=0), half, study)
    assert np.array_equal(grainy, again)
    assert 0.3 < (grainy.astype(float) - clean).std() < 4


def test_detail_keeps_the_photos_own_texture(half, study):
    """Made small again, the picture is nearer to the photo, the more of its detail was kept."""

    def lost(detail):
        large, _, _ = _enlarged(Upscale(grain=0, detail=detail), half, study)
        return np.abs(_reduced(large, 2).astype(float) - half[0]).mean()

    assert lost(1.0) < 0.5 * lost(0.0)


def test_white_and_black_have_no_grain(half, study):
    """Paper white stays white."""
    for level in (0, 255):
        large, _, _ = _enlarged(Upscale(method="plain", grain=1.0), (np.full_like(half[0], level), half[1]), study)
        assert (large == level).all()


@pytest.mark.parametrize("shape", [(64, 64), (20, 300), (2, 9)])
def test_any_shape(half, study, shape):
    """Narrow pictures and such as are smaller than a tile's margin are enlarged too."""
    pixels = np.ascontiguousarray(cv2.resize(half[0], shape[::-1]))
    large, _, _ = _enlarged(Upscale(method="natural"), (pixels, half[1]), study)
    assert large.shape == (2 * shape[0], 2 * shape[1], 3)


@pytest.mark.slow
def test_crisp_is_for_edges_and_not_for_skin(half, study):
    """The crisp net draws eyes and hair, and leaves skin and tone nearly as the natural one has them."""
    natural, face, _ = _enlarged(Upscale(grain=0), half, study)
    crisp, _, _ = _enlarged(Upscale(grain=0, method="crisp"), half, study)
    change = np.abs(crisp.astype(float) - natural).mean(-1)
    eyes, cheeks = (
        np.any([upscale.regions.polygon(face, part, change.shape) for part in parts], 0)
        for parts in (
            (upscale.regions.EYE_LEFT, upscale.regions.EYE_RIGHT),
            (upscale.regions.CHEEK_LEFT, upscale.regions.CHEEK_RIGHT),
        )
    )
    assert change[eyes].mean() > 3 * change[cheeks].mean()
    assert change[cheeks].mean() < 1.0
    assert np.abs(crisp.mean((0, 1)) - natural.mean((0, 1))).max() < 0.5


# The person.


def test_the_face_stays_the_persons(astronaut, head, study):
    """Enlarging the example changes its identity embedding next to nothing."""
    large, face, notes = _enlarged(Upscale(), head, study)
    assert identity.distance(astronaut.embedding, identity.embed(large, face)) < 0.1
    assert notes == ()


def test_a_face_that_a_net_changed_is_blended_back(head, study, monkeypatch):
    """Where a net makes another face of it, the face becomes that of plain enlarging, and a note says so."""

    def upside_down(pixels):
        return cv2.resize(pixels, None, fx=2, fy=2)[::-1]

    monkeypatch.setattr(upscalers, "natural", lambda: upside_down)
    monkeypatch.setattr(upscale.Job, "_true", lambda self, large, small: large)
    large, face, notes = _enlarged(Upscale(grain=0), head, study)
    plain, _, _ = _enlarged(Upscale(grain=0, method="plain"), head, study)
    inside = upscale.regions.polygon(face, upscale.regions.CHEEK_LEFT, large.shape[:2])
    assert "too much" in notes[0]
    assert np.abs(large.astype(int) - plain)[inside].max() <= 2
    assert np.abs(large.astype(int) - plain)[:40].mean() > 10


def test_a_strong_enlargement_says_what_it_cannot_do(half, study):
    """Nine times as large is large enough for the print, and no sharper than the photo."""
    _, _, notes = _enlarged(Upscale(to="10x15cm", method="plain"), half, study)
    assert "18.5 times" in notes[0]


# Stopping, and missing files.


def test_cancelling_does_not_wait_for_a_slow_net(half, study, monkeypatch):
    """A net that works for long is left alone at once."""
    done = threading.Event()
    monkeypatch.setattr(upscalers, "natural", lambda: lambda pixels: done.wait(30) and pixels)
    token = CancelToken()
    threading.Timer(0.2, token.cancel).start()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        _enlarged(Upscale(), half, study, token)
    assert time.monotonic() - start < 15, "it waited for the net"
    done.set()


def test_without_model_files_it_says_what_to_do(half, study, monkeypatch, tmp_path):
    """Nothing is replaced silently: the error names the file and the method that needs none, and that one works."""
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path))
    monkeypatch.setenv("HEADSHOT_OFFLINE", "1")
    with pytest.raises(HeadshotError, match=r"waifu2x_photo\.bin") as error:
        _enlarged(Upscale(), half, study)
    assert "'plain'" in error.value.todo
    large, _, _ = _enlarged(Upscale(method="plain"), half, study)
    assert large.shape == (192, 192, 3)


def test_without_ncnn_it_says_what_to_install(monkeypatch):
    """A missing package is one sentence."""
    monkeypatch.setitem(__import__("sys").modules, "ncnn", None)
    with pytest.raises(HeadshotError, match="pip install ncnn"):
        upscalers.natural.__wrapped__()


def test_progress_counts_tiles(astronaut, study):
    """Every tile is reported with the size that is being made."""
    steps = []
    tool = Upscale(method="plain")
    tool.enlarge(astronaut.pixels, astronaut.face, study, lambda *step: steps.append(step), CancelToken())
    assert [step for step, _, _ in steps] == list(range(36))
    assert steps[0][1:] == (36, "Enlarging to 1024 × 1024")
