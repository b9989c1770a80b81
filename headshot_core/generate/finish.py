"""Finishing a drawn picture: the own face blended in, light, look, enhancement, and the frame's size.

Each step leaves the picture as it was, and says why, where it cannot work: a drawn picture need not show a face.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from headshot_core import colour
from headshot_core.enhance import styles
from headshot_core.enhance.engine import enhance
from headshot_core.enhance.upscale import Job, Upscale
from headshot_core.enhance.view import Study
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.face import regions
from headshot_core.face.identity import similarity
from headshot_core.face.landmarks import Face, find_faces
from headshot_core.photo import read_photo, to_bytes, to_float
from headshot_core.portrait import Portrait, analyse
from headshot_core.progress import CancelToken, Report, silent
from headshot_core.pyramid import Pyramid
from headshot_core.recipe import Recipe
from headshot_core.studio import grade
from headshot_core.studio.frame import Framed
from headshot_core.studio.framing import Framing, size_of
from headshot_core.studio.light import lamps
from headshot_core.studio.likeness_guard import safe_strength
from headshot_core.studio.relight import relight

TURN = 12.0
"""Degrees by which yaw or pitch of photo and drawing may differ for the photo's face to be blended in."""
FACE_ALIKE, UNALIKE = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight"), 0.35
"""Expressions (blendshape weights, 0..1) that must agree, and the difference from which they do not."""
FEATHER = 0.25
"""How far inside the face's oval the blend is full, in inter-eye distances."""
FOLLOW = 0.6
"""Inter-eye distances over which differences between the faces' shapes are evened out: features keep their own."""
LIGHT = 0.25
"""Inter-eye distances above which light and colour stay the drawing's."""
HAIR = 0.1
"""How far round hair and brows the blend keeps off or reaches, in inter-eye distances."""
DARKEST, LIGHTEST = 0.15, 6.0
"""Bounds of the change of linear light by which that is done."""
SKIN_SIDE = 640
"""Pixels of the longer side at which skin is told from the rest."""
LITTLE = 1.25
"""Enlargement below which a net shows nothing that plain resampling does not."""
NO_FACE = "No face was found in the drawn picture"


@dataclass(frozen=True, eq=False)
class Finished:
    """A finished picture."""

    picture: np.ndarray
    """sRGB float32 (H, W, 3), 0..1, of the size asked for"""
    notes: tuple[str, ...]
    """what could not be done, in plain words"""


@dataclass(frozen=True, eq=False)
class Task:
    """What the steps are told."""

    recipe: Recipe
    portrait: Portrait | None
    report: Report
    cancel: CancelToken


def finish(
    picture: np.ndarray,
    recipe: Recipe,
    portrait: Portrait | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
    size: tuple[int, int] | None = None,
) -> Finished:
    """Every finishing step of the recipe on a drawn picture (H, W, 3), uint8 or sRGB float32. Raises `Cancelled`.

    `portrait`: the person's photo, for `recipe.generate.blend`; `size`: width and height of what is wanted, the frame's
    where it is not given. Equal arguments give equal pictures.
    """
    task, notes = Task(recipe, portrait, report, cancel or CancelToken()), []
    picture = _floats(picture)
    for step in (blended, relit, graded, enhanced):
        task.cancel.check()
        try:
            picture = step(picture, task)
        except Cancelled:
            raise
        except HeadshotError as error:
            notes.append(error.what)
    picture, more = sized(picture, size or size_of(recipe.frame), report, task.cancel)
    return Finished(np.clip(picture, 0, 1).astype(np.float32), (*notes, *more))


def _floats(picture: np.ndarray) -> np.ndarray:
    return to_float(picture) if picture.dtype == np.uint8 else picture.astype(np.float32)


def _face_in(picture: np.ndarray, otherwise: str) -> Face:
    """The largest face of a picture, or a `HeadshotError` that tells what was not done."""
    faces = find_faces(Pyramid(to_bytes(picture)), most=1)
    if not faces:
        raise HeadshotError(f"{NO_FACE}: {otherwise}.")
    return faces[0]


def _portrait_of(picture: np.ndarray, otherwise: str) -> Portrait:
    """The picture as a portrait of its own, or a `HeadshotError` that tells what was not done."""
    try:
        portrait = analyse(read_photo(Image.fromarray(to_bytes(picture))))
    except Cancelled:
        raise
    except HeadshotError as error:
        raise HeadshotError(
            f"{error.what.rstrip('.').replace('this photo', 'the drawn picture')}: {otherwise}."
        ) from error
    if portrait.pixels.shape != picture.shape:  # a face that lies on its side, or a very large picture
        raise HeadshotError(f"The drawn face does not stand upright: {otherwise}.")
    return portrait


# The photo's own face on the drawn head.


def blended(picture: np.ndarray, task: Task) -> np.ndarray:
    """The drawing with the photo's own face in it, in the drawing's light."""
    amount, otherwise = task.recipe.generate.blend, "your own face was not blended in"
    if not amount or task.recipe.generate.mode == "keep":
        return picture
    if task.portrait is None:
        raise HeadshotError(f"There is no photo: {otherwise}.")
    face = _face_in(picture, otherwise)
    _check_alike(task.portrait.face, face, otherwise)
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = (int(side) for side in np.clip(face.box, 0, (width, height, width, height)))
    drawn, face = picture[y0:y1, x0:x1], face.moved(np.array([[1.0, 0, -x0], [0, 1.0, -y0]]))
    own = _in_its_light(_warped(task.portrait, face, drawn.shape[:2]), drawn, face)
    mask = amount * _oval(face, drawn.shape[:2]) * _bare(own, drawn, face)
    result = picture.copy()
    result[y0:y1, x0:x1] += mask[..., None] * (own - drawn)
    return result


def _check_alike(photo: Face, drawn: Face, otherwise: str) -> None:
    if abs(photo.yaw - drawn.yaw) > TURN or abs(photo.pitch - drawn.pitch) > TURN:
        raise HeadshotError(f"The drawn head is turned another way than in your photo: {otherwise}.")
    if any(abs(photo.expression[name] - drawn.expression[name]) > UNALIKE for name in FACE_ALIKE):
        raise HeadshotError(f"Eyes or mouth are open in one picture and closed in the other: {otherwise}.")


def _warped(portrait: Portrait, face: Face, shape: tuple[int, int]) -> np.ndarray:
    """The photo's face where the drawn `face` is, sRGB (H, W, 3): moved, turned and scaled, and broadly its shape."""
    matrix = similarity(portrait.face.points[:468, :2], face.points[:468, :2])
    own = portrait.pyramid.warp(matrix, shape[::-1]).astype(np.float32) / 255
    there, here = portrait.face.moved(matrix).points[:468, :2], face.points[:468, :2]
    step = max(1.0, 0.08 * face.inter_eye)
    rows, columns = max(2, round(shape[0] / step)), max(2, round(shape[1] / step))
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    places = np.stack([(x + 0.5) * shape[1] / columns, (y + 0.5) * shape[0] / rows], -1) - 0.5
    shift = _spread(places, here, there - here, FOLLOW * face.inter_eye)
    shift = cv2.resize(shift, shape[::-1], interpolation=cv2.INTER_LINEAR)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return cv2.remap(own, x + shift[..., 0], y + shift[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def _spread(places: np.ndarray, points: np.ndarray, values: np.ndarray, sigma: float) -> np.ndarray:
    """(h, w, 2) smooth values at `places` (h, w, 2) from those at `points` (N, 2)."""
    flat = places.reshape(-1, 2)
    apart = ((flat[:, None] - points[None]) ** 2).sum(-1)
    apart -= apart.min(1, keepdims=True)  # far away the nearest point's value
    weight = np.exp(-apart / (2 * sigma**2))
    return (weight @ values / weight.sum(1, keepdims=True)).reshape(places.shape).astype(np.float32)


def _oval(face: Face, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) 0..1: full well inside the face's oval, 0 from its outline on."""
    oval = regions.polygon(face, regions.OVAL, shape).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(oval, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    share = np.clip(depth / (FEATHER * face.inter_eye), 0, 1)
    return share * share * (3 - 2 * share)


def _bare(own: np.ndarray, drawn: np.ndarray, face: Face) -> np.ndarray:
    """(H, W) 0..1: all below the brows, and what is skin in both pictures above: hair on a forehead is not carried."""
    skin = np.minimum(*((regions.skin(pixels, face) > 0.4).astype(np.float32) for pixels in (own, drawn)))
    radius = max(1, round(HAIR * face.inter_eye))
    skin = cv2.erode(skin, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2))
    brows = regions.polygon(face, regions.BROW_LEFT, skin.shape, HAIR) | regions.polygon(
        face, regions.BROW_RIGHT, skin.shape, HAIR
    )
    top = face.points[regions.BROW_LEFT + regions.BROW_RIGHT, :2]
    down = face.axes[1][:2] / (np.linalg.norm(face.axes[1][:2]) + 1e-6)
    y, x = np.mgrid[: skin.shape[0], : skin.shape[1]].astype(np.float32)
    below = x * down[0] + y * down[1] > (top @ down).mean()
    return cv2.GaussianBlur(np.maximum(skin, (below | brows).astype(np.float32)), (0, 0), 0.5 * radius)


def _in_its_light(own: np.ndarray, drawn: np.ndarray, face: Face) -> np.ndarray:
    """The own face, sRGB (H, W, 3), with the broad light and colour of the drawn one."""
    sigma, size = LIGHT * face.inter_eye, own.shape[1::-1]
    shrink = max(1.0, sigma / 4)
    inside = regions.polygon(face, regions.OVAL, own.shape[:2])[..., None]
    ours = colour.to_linear(own)

    def broad(light):
        small = cv2.resize(light * inside, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        return cv2.GaussianBlur(small, (0, 0), sigma / shrink) + 1e-4

    gain = np.clip(broad(colour.to_linear(drawn)) / broad(ours), DARKEST, LIGHTEST)
    return colour.to_srgb(ours * cv2.resize(gain, size, interpolation=cv2.INTER_CUBIC))


# Light, look and retouching.


def relit(picture: np.ndarray, task: Task) -> np.ndarray:
    """The person of the drawing in the recipe's light. Where the own face was kept, that was done before."""
    settings = task.recipe.generate
    if not settings.relight or settings.mode == "keep":
        return picture
    portrait = _portrait_of(picture, "it was not relit")
    height, width = picture.shape[:2]
    shot = Framed(portrait, Framing(np.eye(3)[:2], (width, height), 0.0, ()))
    light = task.recipe.light
    lights = lamps(light, shot.face.yaw, shot.shading.source.side)
    if not lights.strength and not lights.rim:
        return picture
    light = light.model_copy(update={"strength": min(light.strength, safe_strength(portrait, light))})
    lights = lamps(light, shot.face.yaw, shot.shading.source.side)
    change = relight(shot.linear, shot.alpha, shot.shading, lights, shot.face.head_height) - shot.linear
    return colour.to_srgb(colour.to_linear(picture) + shot.alpha[..., None] * change)


def graded(picture: np.ndarray, task: Task) -> np.ndarray:
    """The drawing in the recipe's look."""
    settings = task.recipe.grade
    if settings.look == "natural" and not settings.exposure:
        return picture
    return np.clip(grade.apply(picture, settings, _skin(picture), task.recipe.seed), 0, 1)


def _skin(picture: np.ndarray) -> np.ndarray:
    """(H, W) 0..1: skin, as far as a face is found."""
    shape = picture.shape[:2]
    scale = min(1.0, SKIN_SIDE / max(shape))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    faces = find_faces(Pyramid(to_bytes(small)), most=1)
    mask = regions.skin(small, faces[0]) if faces else np.zeros(small.shape[:2], np.float32)
    return cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_LINEAR)


def enhanced(picture: np.ndarray, task: Task) -> np.ndarray:
    """The drawing after the tools of the style that the recipe names; its crop and its size are the recipe's."""
    name = task.recipe.generate.enhance
    if not name:
        return picture
    style = styles.get(name)
    portrait = _portrait_of(picture, "it was not enhanced")
    stack = style.stack_for(Study(portrait)).without("crop").without("upscale")
    return _floats(enhance(portrait, stack, task.report, task.cancel).picture)


# The frame's size.


def sized(
    picture: np.ndarray, size: tuple[int, int], report: Report = silent, cancel: CancelToken | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The picture, sRGB float32 (H, W, 3) or uint8, in exactly that width and height, and notes.

    Its middle is cut to the shape; what is too small is enlarged by a net, or without one where that cannot be had, or
    where there is little to enlarge.
    """
    picture = _cut(_floats(picture), size)
    if picture.shape[1::-1] == size:
        return picture, ()
    if size[0] <= picture.shape[1] and size[1] <= picture.shape[0]:
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), ()
    cancel = cancel or CancelToken()
    if size[0] < LITTLE * picture.shape[1]:
        return _enlarged(picture, size, "plain", report, cancel), ()
    try:
        return _enlarged(picture, size, "natural", report, cancel), ()
    except Cancelled:
        raise
    except HeadshotError as error:
        plain = _enlarged(picture, size, "plain", report, cancel)
        return plain, (f"The picture was enlarged without a net, and looks softer: {error.what}",)


def _cut(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture's middle in the shape of `size`, to the pixel."""
    height, width = picture.shape[:2]
    scale = min(width / size[0], height / size[1])
    columns, rows = min(width, max(1, round(size[0] * scale))), min(height, max(1, round(size[1] * scale)))
    x, y = (width - columns) // 2, (height - rows) // 2
    return picture[y : y + rows, x : x + columns]


def _enlarged(picture: np.ndarray, size: tuple[int, int], method: str, report: Report, cancel: CancelToken):
    pixels = np.ascontiguousarray(to_bytes(picture))
    faces = find_faces(Pyramid(pixels), most=1)
    tool = Upscale(method=method, grain=0.5 if faces else 0.0)  # grain like that of the face's skin
    tool.prepare(report, cancel)
    return _floats(Job(tool, pixels, faces[0] if faces else None, size).run(report, cancel))
