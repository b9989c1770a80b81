"""Control pictures: what a ControlNet is shown so that it draws a pose, or a light."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from headshot_core.generate import library, light, models
from headshot_core.generate.call import Control, ControlKind
from headshot_core.generate.figure import Figure, render
from headshot_core.generate.models import Base
from headshot_core.generate.pose import Skeleton, of_figure, of_photo, placing, reference, stance_of
from headshot_core.recipe import Pose, Recipe
from headshot_core.studio.light import lamps

MOST = {"z_image": 1}
"""How many control pictures a family follows at once, where that is limited."""
SHORT = 512
"""Pixels of the shorter side at which ControlNet's own detectors draw the skeleton before it is enlarged."""
FINE = 192
"""The same for the demo base model, whose 64 pixels would be all dots."""
LIGHT = 2.0
"""What a ControlNet for light counts where the lamps and their steering are wished in full: at a recipe's usual 0.8 and
0.6 it counts about as much as it did when it learnt."""


def controls(recipe: Recipe, size: tuple[int, int], base: Base) -> tuple[Control, ...]:
    """What holds the recipe's pose and light: the skeleton, depth (or normals) where that is wished, and a lit ball.

    Only kinds whose ControlNet belongs to the base model and is on this machine; a base that takes the pose as a
    picture gets one. `size`: width, height.
    """
    pose = recipe.pose
    posed = pose.name != "free" and pose.strength > 0
    if "pose_picture" in base.can:
        return (_control("pose", pose_picture(recipe, size), pose, pose.strength),) if posed else ()
    here = {extra.kind for extra in base.extras if models.installed(extra)} if "control" in base.can else set()
    found = []
    if "pose" in here and posed:
        image = draw_skeleton(skeleton(recipe, size), size, lines(size, base))
        found.append(_control("pose", image, pose, pose.strength))
    kind = next((kind for kind in ("depth", "normal") if kind in here), None)
    if kind and pose.depth > 0:
        figure = render(stance_of(pose), size, recipe.frame)
        image = depth_image(figure) if kind == "depth" else normal_image(figure)
        found.append(_control(kind, image, pose, pose.depth))
    lights = light.lamps_of(recipe)
    lit = LIGHT * recipe.generate.light * lights.strength
    if "light" in here and lit > 0:
        found.append(Control("light", light.ball(lights, size), lit))
    return tuple(found[: MOST.get(base.family)])


def says(recipe: Recipe, base: Base, given: tuple[Control, ...]) -> str:
    """What of the recipe's pose this base model does not follow, in plain words; empty where it follows all."""
    pose, kinds = recipe.pose, {control.kind for control in given}
    if pose.name != "free" and pose.strength > 0 and "pose" not in kinds:
        if any(extra.kind == "pose" for extra in base.extras):
            return f"The pose is told in words only: what holds it is not here (models get {base.name} --with pose)."
        return f"{base.title} is told the pose in words only."
    if pose.depth > 0 and not kinds & {"depth", "normal"}:
        return f"{base.title} does not hold depth here, or not beside the pose."
    return ""


def _control(kind: ControlKind, image: Image.Image, pose: Pose, strength: float) -> Control:
    return Control(kind, image, strength, pose.start, pose.end)


def pose_picture(recipe: Recipe, size: tuple[int, int]) -> Image.Image:
    """The pose as a picture of somebody who holds it: the photo whose pose is copied, or the figure in plain light."""
    if recipe.pose.name == "photo":
        portrait = reference(recipe.pose)
        matrix = placing(portrait, size, recipe.frame, recipe.pose.distance)
        return Image.fromarray(portrait.pyramid.warp(matrix, size, cv2.BORDER_CONSTANT))
    return Image.fromarray(render(stance_of(recipe.pose), size, recipe.frame).lit)


def skeleton(recipe: Recipe, size: tuple[int, int]) -> Skeleton:
    """The recipe's pose as a skeleton: the figure's, or that of the photo whose pose is copied."""
    pose = recipe.pose
    if pose.name == "photo":
        return of_photo(reference(pose), size, recipe.frame, pose.distance)
    return of_figure(render(stance_of(pose), size, recipe.frame))


def lines(size: tuple[int, int], base: Base) -> float:
    """How much thicker than OpenPose's own the lines are that the base's ControlNet learnt from.

    SDXL's (xinsir/controlnet-openpose-sdxl-1.0) by a rule of its own, the demo's from skeletons drawn on `FINE` pixels;
    the others from skeletons drawn on `SHORT` pixels.
    """
    longer = max(size)
    if base.family == "micro":
        return min(size) / FINE
    if base.family == "sdxl":
        return 1.0 if longer < 500 else float(min(2 + longer // 1000, 7))
    return max(1.0, min(size) / SHORT)


def draw_skeleton(skeleton: Skeleton, size: tuple[int, int], thicker: float | None = None) -> Image.Image:
    """The skeleton in OpenPose's colours on black, by controlnet_aux.

    It draws lines of one thickness, so it is given a canvas smaller by `thicker` (see `lines`), which is then resized.
    """
    open_pose = library.controlnet_aux().open_pose
    thicker = thicker or max(1.0, min(size) / SHORT)
    width, height = (max(16, round(side / thicker)) for side in size)

    def keypoint(x: float, y: float):
        return open_pose.Keypoint(x / size[0], y / size[1])

    body = [keypoint(x, y) if seen else None for x, y, seen in skeleton.body.tolist()]
    face = [keypoint(x, y) for x, y in skeleton.face.tolist()]
    known = open_pose.BodyResult(body, float(len(body)), sum(point is not None for point in body))
    drawn = open_pose.draw_poses([open_pose.PoseResult(known, None, None, face)], height, width)
    how = cv2.INTER_LINEAR if thicker >= 1 else cv2.INTER_AREA
    return Image.fromarray(cv2.resize(drawn, size, interpolation=how))


def depth_image(figure: Figure) -> Image.Image:
    """Depth as ControlNets take it from MiDaS and its like: near is white, the ground black."""
    return Image.fromarray((figure.depth * 255 + 0.5).astype(np.uint8)).convert("RGB")


def normal_image(figure: Figure) -> Image.Image:
    """Surface directions as ControlNet 1.1's normalbae takes them: blue is front, red is left, green is top.

    (README of lllyasviel/ControlNet-v1-1-nightly; "NYU-V2's visualization method".)
    """
    return Image.fromarray(((figure.normal * [-1, -1, 1] + 1) * 127.5 + 0.5).astype(np.uint8))


# What the page shows while the sliders move; needs none of the diffusion engine's libraries.

DIM, BEHIND = 0.66, (40, 42, 46)
"""How much of the figure shows under the skeleton, and through what grey."""
LIMBS = ((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (1, 11), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17))
JOINTED, DOTS = (255, 176, 92), (255, 255, 255)
FINER = 4
"""Binary digits behind the point."""


def preview(recipe: Recipe, size: tuple[int, int]) -> Image.Image:
    """The pose at a glance: the skeleton over the dimmed figure, or over the photo whose pose is copied.

    A free pose shows the figure alone. `size`: width, height.
    """
    pose = recipe.pose
    if pose.name == "photo":
        ground = np.asarray(pose_picture(recipe, size)).copy()
        bones = skeleton(recipe, size)
    else:
        stance = stance_of(pose)
        figure = render(stance, size, recipe.frame, lamps(recipe.light, stance.yaw, -1))
        ground, bones = figure.lit, of_figure(figure)
    if pose.name == "free":
        return Image.fromarray(ground)
    dim = DIM * ground + (1 - DIM) * np.float32(BEHIND)
    return Image.fromarray(_drawn_over(dim.astype(np.uint8), bones))


def _drawn_over(picture: np.ndarray, bones: Skeleton) -> np.ndarray:
    unit = min(picture.shape[:2]) / 320
    points = [tuple(int(v) for v in np.round(point * 2**FINER)) for point in bones.body[:, :2]]
    seen = bones.body[:, 2] > 0
    thick = max(1, round(2 * unit))
    for one, other in LIMBS:
        if seen[one] and seen[other]:
            cv2.line(picture, points[one], points[other], JOINTED, thick, cv2.LINE_AA, FINER)
    for x, y in bones.face:
        _dot(picture, (x, y), 1.0 * unit, DOTS)
    for place in bones.body[seen, :2]:
        _dot(picture, place, 3.2 * unit, JOINTED)
        _dot(picture, place, 1.6 * unit, DOTS)
    return picture


def _dot(picture: np.ndarray, place, radius: float, shade: tuple[int, int, int]) -> None:
    centre = tuple(round(float(v) * 2**FINER) for v in place)
    cv2.circle(picture, centre, max(1, round(radius * 2**FINER)), shade, -1, cv2.LINE_AA, FINER)
