"""Skin: blotches go, pores and colour stay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.enhance import skin as measures
from headshot_core.enhance import engine
from headshot_core.enhance.skin import Grid, Skin, redness, tone_of, where, without_lines
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.view import Study, View
from headshot_core.face import regions
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse

ALL = Skin(strength=1, evenness=1, shine=1, redness=1, lines=1)


@pytest.fixture(scope="module")
def view(astronaut):
    """The head of the example portrait."""
    return Study(astronaut).head


def done(window, settings: Skin) -> np.ndarray:
    return settings.on_view(View(window, window.photo)).pixels


def test_texture_stays_and_blotches_go(view):
    after = done(view, Skin())
    assert measures.texture_kept(view, after) > 0.85
    assert measures.blotches_gone(view, after) > 0.25


def test_hue_of_the_skin_stays(view):
    assert abs(measures.hue_shift(view, done(view, ALL))) < 2


def test_eyes_brows_and_lips_are_not_touched(view):
    changed = np.abs(done(view, ALL) - view.photo).max(-1)
    for outline in (regions.EYE_LEFT, regions.EYE_RIGHT, regions.BROW_LEFT, regions.LIPS):
        assert changed[regions.polygon(view.face, outline, view.shape)].mean() < 0.004


def test_a_blotch_fades_and_a_mole_stays(view):
    x, y = np.round(view.face.points[regions.CHEEK_LEFT, :2].mean(0)).astype(int)
    rows, columns = np.mgrid[: view.shape[0], : view.shape[1]]
    far = np.hypot(columns - x, rows - y) / view.unit
    for size, change, least, most in ((0.07, 0.05, 0.2, 1.0), (0.012, 0.25, -0.15, 0.15)):
        mark = change * np.exp(-((far / size) ** 2))[..., None].astype(np.float32)
        plain, marked = Skin().on_view(View(view, view.photo)), Skin().on_view(View(view, view.photo - mark))
        gone = 1 - float((plain.pixels - marked.pixels)[y, x].mean()) / change
        assert least < gone < most


def test_shine_is_taken_down_without_grey(view):
    x, y = np.round(view.face.points[regions.CHEEK_RIGHT, :2].mean(0)).astype(int)
    rows, columns = np.mgrid[: view.shape[0], : view.shape[1]]
    glare = 0.5 * np.exp(-((np.hypot(columns - x, rows - y) / (0.1 * view.unit)) ** 2)).astype(np.float32)
    shiny = view.photo + glare[..., None] * (1 - view.photo)
    after = Skin(strength=1, evenness=0, redness=0, shine=1).on_view(View(view, shiny)).pixels
    assert after[y, x].mean() < shiny[y, x].mean() - 0.02
    assert np.ptp(after[y, x]) >= np.ptp(shiny[y, x])


def test_redness_is_what_is_redder_than_the_cheeks(view):
    tone = tone_of(View(view, view.photo))
    lab = np.array([tone.lab, tone.lab + (20, 0, 0), tone.lab + (0, 12, 0)], np.float32)[None]
    same, lighter, redder = redness(lab, tone)[0]
    assert same == lighter == 0 < redder


def test_lines_are_filled_and_dots_stay():
    pixels = np.full((120, 120, 3), 0.6, np.float32)
    cv2.line(pixels, (20, 30), (100, 34), (0.5, 0.5, 0.5), 2)
    cv2.circle(pixels, (60, 80), 2, (0.4, 0.4, 0.4), -1)
    change = without_lines(pixels, Grid(110, 100.0, np.zeros(2)))[..., 0]
    assert change[32, 60] > 0.03
    assert abs(change[80, 60]) < 0.01


def test_tiles_are_treated_alike(astronaut, monkeypatch):
    stack = Stack(steps=(ALL,))
    whole = engine.enhance(astronaut, stack).picture
    monkeypatch.setattr(engine, "TILE", 215)
    assert np.abs(engine.enhance(astronaut, stack).picture.astype(int) - whole).max() <= 2


def test_a_tiny_face_is_left_alone(portraits):
    path = next((path for path in portraits if "240p" in path.stem), None)
    if path is None:
        pytest.skip("no small portrait there")
    portrait = analyse(read_photo(path))
    assert where(Study(portrait).whole()).max() < 0.5
    assert engine.enhance(portrait, Stack(steps=(ALL,))).distance < 0.05
