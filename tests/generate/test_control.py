"""Control pictures: the colours and conventions that ControlNets learnt from, and only what a base model takes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from headshot_core.generate import control, models
from headshot_core.generate.figure import Stance, render
from headshot_core.generate.pose import of_figure, stance_of
from headshot_core.recipe import Frame, Light, Pose, Recipe
from tests.conftest import EXAMPLE

SIZE = (512, 640)
draws = pytest.mark.skipif(find_spec("controlnet_aux") is None, reason="controlnet_aux is not installed")


@pytest.fixture
def all_here(monkeypatch):
    """Every model counts as installed."""
    monkeypatch.setattr(models, "installed", lambda item: True)


def base_with(*kinds: str, without: str = "none") -> models.Base:
    """The first base model that has these kinds of ControlNets."""
    for base in models.BASES.values():
        its = {extra.kind for extra in base.extras}
        if set(kinds) <= its and without not in its:
            return base
    raise AssertionError(kinds)


@draws
def test_the_skeleton_is_drawn_in_openposes_colours():
    figure = render(Stance(20, shoulders=10, distance=1.5), SIZE, Frame())
    skeleton = of_figure(figure)
    drawn = np.asarray(control.draw_skeleton(skeleton, SIZE))
    assert drawn.shape == (640, 512, 3)

    def near(point):
        x, y = point[:2].astype(int)
        return drawn[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].reshape(-1, 3).max(0)

    assert (near(skeleton.body[5]) >= (80, 250, 0)).all()  # the left shoulder is green
    assert (near(skeleton.body[2]) >= (250, 160, 0)).all()  # the right one is orange
    assert all((near(point) > 200).all() for point in skeleton.face[8:9])  # the chin is white
    assert drawn[:5].max() == 0


@draws
def test_what_is_not_seen_is_not_drawn():
    skeleton = of_figure(render(Stance(), SIZE, Frame()))
    nothing = control.Skeleton(skeleton.body * (1, 1, 0), skeleton.face - 10_000)
    assert np.asarray(control.draw_skeleton(nothing, SIZE)).max() == 0


@draws
def test_lines_are_as_thick_as_the_base_model_knows_them():
    sdxl, sd15 = models.BASES["sdxl"], models.BASES["sd15"]
    assert control.lines((512, 640), sd15) == 1
    assert control.lines((1024, 1280), sd15) == 2
    assert control.lines((1024, 1280), sdxl) == 3
    assert control.lines((448, 448), sdxl) == 1
    skeleton = of_figure(render(Stance(), (1024, 1280), Frame()))
    thin, thick = (np.asarray(control.draw_skeleton(skeleton, (1024, 1280), n)) for n in (1, 3))
    middle = int(skeleton.body[1, 0] * 0.5 + skeleton.body[5, 0] * 0.5)
    level = int(skeleton.body[1, 1])
    widths = [(drawn[level - 40 : level + 40, middle].max(1) > 60).sum() for drawn in (thin, thick)]
    assert widths[1] == pytest.approx(3 * widths[0], rel=0.35)


def test_near_is_white_and_the_ground_black():
    figure = render(Stance(), SIZE, Frame())
    depth = np.asarray(control.depth_image(figure))
    nose = figure.points[4].astype(int)
    assert depth[nose[1], nose[0]].min() > 200
    assert not depth[figure.alpha == 0].any()


def test_normals_are_red_to_the_left_green_to_the_top_and_blue_in_front():
    figure = render(Stance(), SIZE, Frame())
    normals = np.asarray(control.normal_image(figure)).astype(int)
    (lx, ly), (rx, ry), (tx, _ty) = figure.points[[234, 454, 10], :2].astype(int)
    assert normals[ly, lx + 4, 0] > 160 > 96 > normals[ry, rx - 4, 0]
    top = np.flatnonzero(figure.alpha[:, tx] > 0.99)[0] + 4
    assert normals[top, tx, 1] > 190
    assert (normals[5, 5] - (128, 128, 255) == 0).all()


@draws
def test_controls_are_those_that_are_wished_and_can_be_had(all_here):
    base = models.find("sdxl")
    posed = Recipe(pose=Pose(name="slight-left", strength=0.7, start=0.1, end=0.6))
    (only,) = control.controls(posed, (256, 320), base)
    assert (only.kind, only.strength, only.start, only.end) == ("pose", 0.7, 0.1, 0.6)
    assert only.image.size == (256, 320)
    both = Recipe(pose=Pose(name="slight-left", depth=0.4))
    assert [(one.kind, one.strength) for one in control.controls(both, (256, 320), base)] == [
        ("pose", 0.8),
        ("depth", 0.4),
    ]
    assert control.controls(Recipe(), (256, 320), base) == ()
    unable = replace(base, can=frozenset({"image"}))
    assert control.controls(both, (256, 320), unable) == ()


def test_a_base_that_takes_the_pose_as_a_picture_gets_one_and_no_skeleton():
    klein = models.find("flux2_klein")
    (only,) = control.controls(Recipe(pose=Pose(name="slight-left", depth=1, strength=0.5)), (256, 320), klein)
    shown = render(stance_of(Pose(name="slight-left")), (256, 320), Frame())
    assert (only.kind, only.strength) == ("pose", 0.5)
    assert (np.asarray(only.image) == shown.lit).all()
    assert control.controls(Recipe(), (256, 320), klein) == ()


@draws
def test_z_image_follows_one_picture_and_the_pose_comes_first(all_here):
    both = Recipe(pose=Pose(name="slight-left", depth=0.4))
    base = models.find("z_image")
    found = control.controls(both, (256, 320), base)
    assert [one.kind for one in found] == ["pose"]
    assert "depth" in control.says(both, base, found)
    assert control.says(both.model_copy(update={"pose": Pose(name="slight-left")}), base, found) == ""


def test_a_pose_that_a_base_cannot_hold_is_said():
    posed = Recipe(pose=Pose(name="slight-left"))
    assert "in words only" in control.says(posed, replace(models.find("sd15"), extras=()), ())
    assert "models get sd15 --with pose" in control.says(posed, models.find("sd15"), ())
    assert control.says(Recipe(), models.find("sd15"), ()) == ""


def test_controls_that_are_not_on_this_machine_are_left_out(monkeypatch):
    monkeypatch.setattr(models, "installed", lambda item: False)
    recipe = Recipe(pose=Pose(name="straight", depth=1))
    assert control.controls(recipe, (256, 320), base_with("pose", "depth")) == ()


def test_the_preview_shows_the_skeleton_over_the_figure():
    free, posed = (control.preview(Recipe(pose=Pose(name=name)), (256, 320)) for name in ("free", "straight"))
    assert free.size == posed.size == (256, 320)
    figure = render(Stance(), (256, 320), Frame())
    x, y = figure.body[5, :2].astype(int)
    assert posed.getpixel((int(x), int(y)))[0] > 230  # a joint
    assert np.asarray(posed).mean() < np.asarray(free).mean()


def test_the_preview_of_a_photo_shows_the_photo(model_files):
    recipe = Recipe(pose=Pose(name="photo", image=str(EXAMPLE)), light=Light(pattern="loop"))
    picture = np.asarray(control.preview(recipe, (256, 320))).astype(int)
    suit = picture[-20:, 100:150].reshape(-1, 3).mean(0)
    assert suit[0] > suit[2] + 40  # orange


def test_the_preview_needs_none_of_the_diffusion_libraries():
    code = (
        "import sys; from headshot_core.generate import control; from headshot_core.recipe import Recipe, Pose;"
        "control.preview(Recipe(pose=Pose(name='straight')), (96, 120));"
        "assert not {'torch', 'diffusers', 'controlnet_aux', 'mediapipe'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
