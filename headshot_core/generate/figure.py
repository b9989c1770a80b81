"""A canonical head and shoulders, posed, framed, lit and drawn without any photo.

The camera is far away (orthographic), so that angles read from the picture are the angles asked for. The frame is
filled by the studio's rule (`headshot_core.studio.framing`), and the light is the studio's own
(`headshot_core.studio.relight`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.face.landmarks import Face
from headshot_core.generate import mannequin
from headshot_core.generate.mannequin import BODY_PIVOT, HEAD_PIVOT, LIMBS, Arms
from headshot_core.generate.raster import Drawn, rasterise
from headshot_core.recipe import Frame
from headshot_core.studio.framing import place
from headshot_core.studio.geometry import HEAD, Shape
from headshot_core.studio.light import Lamps
from headshot_core.studio.relight import Shading, SourceLight, relight

NEUTRAL = Lamps(0, 25, 0.9, 0.6, 6500, 0.0, "#ffffff", 1.0)
"""Soft front light, where no lamps are given."""
GROUND = "#8d8f92"
"""What stands behind the figure."""
UNIT = 100.0
"""Pixels of an inter-eye distance, in which the frame is found."""
FARTHEST = 0.3
"""Depth of the farthest part of the figure that is seen; the ground has 0."""
BEHIND = 0.5
"""How far the ground lies behind the figure, in inter-eye distances."""
EDGE = 0.2
"""A step in depth, in inter-eye distances, that is an edge."""
FURTHER = 7.5
"""Degrees that a head turned by 45 is turned further: landmarks of the hidden cheek cling to the outline, so that a
turned head reads straighter than it is, and what counts is what will be read from the finished picture."""
HIDDEN = 0.3
"""How far a point may lie behind what is seen, in inter-eye distances, and still count as seen."""


@dataclass(frozen=True)
class Stance:
    """How head and shoulders are held. Degrees as the viewer sees them, as in `headshot_core.recipe.Pose`."""

    yaw: float = 0.0
    """the nose to the viewer's right"""
    pitch: float = 0.0
    """the nose up"""
    roll: float = 0.0
    """the head clockwise: the angle of the eye line"""
    shoulders: float = 0.0
    """the chest to the viewer's right"""
    lean: float = 0.0
    """the shoulders clockwise"""
    distance: float = 1.0
    """nearer to farther, against the frame's rule"""
    arms: Arms = "down"

    @property
    def mirrored(self) -> Stance:
        """The same seen in a mirror."""
        return Stance(-self.yaw, self.pitch, -self.roll, -self.shoulders, -self.lean, self.distance, self.arms)


@dataclass(frozen=True, eq=False)
class Figure:
    """The figure in one pose and light, in pixels of the frame."""

    lit: np.ndarray
    """uint8 (H, W, 3), sRGB: under the lamps, before a plain ground"""
    depth: np.ndarray
    """float32 (H, W) 0..1: the nearest point 1, the ground 0, linear on the figure"""
    normal: np.ndarray
    """float32 (H, W, 3) unit vectors: x right, y down, z toward the camera; the ground faces the camera"""
    alpha: np.ndarray
    """float32 (H, W) 0..1"""
    points: np.ndarray
    """float32 (478, 3) face landmarks: x, y and z toward the camera, pixels"""
    body: np.ndarray
    """float32 (18, 3): x, y in pixels and 1 where seen, in OpenPose's order (COCO)"""
    bare: np.ndarray
    """uint8 (H, W, 3), sRGB: its own colours without light"""

    @property
    def face(self) -> Face:
        """The landmarks as the app's own face."""
        return Face(self.points, {}, 1.0)


def render(stance: Stance, size: tuple[int, int], frame: Frame, lamps: Lamps | None = None) -> Figure:
    """Draw the figure at `size` (width, height), framed by `frame`'s rule; in neutral front light without lamps."""
    drawn = _geometry(stance, size, frame)
    face = Face(drawn.points, {}, 1.0)
    # There is no photo whose own light could stay in part.
    light = replace(lamps, strength=1.0) if lamps is not None and lamps.strength > 0 else NEUTRAL
    lit = _lit(drawn, face, light)
    return Figure(lit, drawn.depth, drawn.normal, drawn.alpha, drawn.points, drawn.body, drawn.bare)


# Pose.


def _turns(stance: Stance) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (3, 3) of head and shoulders; their columns are where right, down and forward go."""
    return _turn(_further(stance.yaw), stance.pitch, stance.roll), _turn(stance.shoulders, 0, stance.lean)


def _further(yaw: float) -> float:
    """Degrees by which the head is turned so that it reads as turned by `yaw`."""
    share = min(abs(yaw) / 45, 1.0)
    return float(yaw + np.sign(yaw) * FURTHER * share * share * (3 - 2 * share))


def _turn(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """The rotation whose yaw, pitch and roll `Face` reads: forward by yaw and pitch, the eye line's angle by roll."""
    yaw, pitch, roll = np.radians([yaw, pitch, roll])
    forward = np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    across = np.array([np.cos(roll), np.sin(roll), 0.0])
    across[2] = -(forward @ across) / forward[2]
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(forward, across), forward], 1)


def _posed(points: np.ndarray, head: np.ndarray | float, stance: Stance) -> np.ndarray:
    """Points (N, 3) that follow the head by the share `head` (N, 1) and the shoulders by the rest."""
    turn_head, turn_body = _turns(stance)
    with_head = (points - HEAD_PIVOT) @ turn_head.T + HEAD_PIVOT
    with_body = (points - BODY_PIVOT) @ turn_body.T + BODY_PIVOT
    return with_body + head * (with_head - with_body)


def _body(stance: Stance) -> tuple[np.ndarray, np.ndarray]:
    """The 18 OpenPose points, posed (18, 3), and whether each lies on the surface (18,) rather than inside."""
    points = mannequin.face()
    (rs, re, rw, _), (ls, le, lw, _) = LIMBS[stance.arms]
    hip, knee, ankle = np.array([1.4, 11.0, -1.6]), np.array([1.4, 17.4, -1.4]), np.array([1.4, 23.7, -1.9])
    if stance.arms == "lap":
        knee, ankle = np.array([1.5, 11.6, 4.2]), np.array([1.5, 17.9, 4.0])
    left = np.array([-1, 1, 1])
    neck = (np.array(rs) + np.array(ls)) / 2
    body = [neck, rs, re, rw, ls, le, lw, hip * left, knee * left, ankle * left, hip, knee, ankle]
    ear = np.array([1.25, 0.4, -1.05])
    head = [points[468], points[473], ear * left, ear]
    nose = _posed(points[4][None], 1.0, stance)
    posed = np.vstack([nose, _posed(np.array(body), 0.0, stance), _posed(np.array(head), 1.0, stance)])
    return posed, np.isin(np.arange(18), [0, 14, 15, 16, 17])


# Drawing.


@dataclass(frozen=True, eq=False)
class _Geometry:
    bare: np.ndarray
    depth: np.ndarray
    cells: np.ndarray
    """(H, W) z toward the camera, inter-eye distances"""
    normal: np.ndarray
    alpha: np.ndarray
    kind: np.ndarray
    """(H, W, 3) 0 or 1: skin, hair, cloth"""
    edges: np.ndarray
    """(H, W) bool"""
    points: np.ndarray
    body: np.ndarray


@lru_cache(maxsize=4)
def _geometry(stance: Stance, size: tuple[int, int], frame: Frame) -> _Geometry:
    """All that does not depend on the light; the last few are kept."""
    person = mannequin.person(stance.arms)
    posed = _posed(person.points, person.head, stance).astype(np.float32)
    landmarks = _posed(mannequin.face(), 1.0, stance)
    face = Face((landmarks * UNIT).astype(np.float32), {}, 1.0)
    matrix = placed(face, float(posed[:, 1].min()) * UNIT, size, frame, stance.distance)
    scale, offset = float(matrix[0, 0]) * UNIT, matrix[:, 2]

    def in_frame(points):
        return (points * scale + [*offset, 0]).astype(np.float32)

    drawn = rasterise(in_frame(posed), person.triangles, size)
    turn_head, turn_body = _turns(stance)
    by_head, by_body = person.normals @ turn_head.T, person.normals @ turn_body.T
    normals = by_body + person.head * (by_head - by_body)
    mixed = drawn.mixed(np.hstack([normals, posed[:, 2:], person.paint]))
    normal, z = mixed[:, :3], mixed[:, 3]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    depth = FARTHEST + (1 - FARTHEST) * (z - z.min()) / max(float(np.ptp(z)), 1e-6)
    cells = drawn.laid(z, float(z.min()) - BEHIND)
    edges = _edges(cells)
    body, surface = _body(stance)
    return _Geometry(
        bare=_smoothed(_painted(drawn, mixed[:, 4:], scale), edges),
        depth=drawn.laid(depth),
        cells=cells,
        normal=drawn.laid(normal, np.float32([0, 0, 1])),
        alpha=cv2.GaussianBlur(drawn.laid(np.ones(len(z), np.float32)), (3, 3), 0),
        kind=drawn.laid(person.kind[drawn.corners[:, 0]]),
        edges=edges,
        points=in_frame(landmarks),
        body=_seen(in_frame(body), surface, cells * scale, scale),
    )


def _edges(cells: np.ndarray) -> np.ndarray:
    """(H, W) bool: where one surface ends before another, a pixel on both sides."""
    cross = np.ones((3, 3), np.uint8)
    return cv2.dilate(cells, cross) - cv2.erode(cells, cross) > EDGE


def _smoothed(picture: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The picture without stairs along edges."""
    return np.where(edges[..., None], cv2.GaussianBlur(picture, (3, 3), 0.8), picture)


def placed(face: Face, top: float, size: tuple[int, int], frame: Frame, distance: float) -> np.ndarray:
    """(2, 3): where the studio's framing rule takes a face in a frame of `size`, its tilt left as it is.

    `top`: y of the hair's top, in pixels of the face; `distance`: against the rule.
    """
    width, height = size
    own = {"width": width, "height": height, "zoom": frame.zoom / distance, "straighten": False}
    nothing_cut = np.zeros((0, 2))
    return place(face, nothing_cut, top, size, frame.model_copy(update=own), inside=False).matrix


def _seen(body: np.ndarray, surface: np.ndarray, z: np.ndarray, scale: float) -> np.ndarray:
    """The body's points with 1 where they lie in the frame and nothing hides them."""
    height, width = z.shape
    x, y = np.round(body[:, 0]).astype(int), np.round(body[:, 1]).astype(int)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    before = z[y.clip(0, height - 1), x.clip(0, width - 1)]
    hidden = surface & (body[:, 2] < before - HIDDEN * scale)
    return np.column_stack([body[:, :2], inside & ~hidden]).astype(np.float32)


def _painted(drawn: Drawn, places: np.ndarray, scale: float) -> np.ndarray:
    """The figure's own colours before the ground, uint8 (H, W, 3)."""
    levels = mannequin.atlas()
    finest = mannequin.SIDE * mannequin.ACROSS
    level = int(np.clip(np.round(np.log2(finest / scale)), 0, len(levels) - 1))
    where = drawn.laid(places * levels[level].shape[0] - 0.5, -2)
    ground = (colour.hex_to_rgb(GROUND) * 255).tolist()
    flags = {"borderMode": cv2.BORDER_CONSTANT, "borderValue": ground}
    return cv2.remap(levels[level], where[..., 0], where[..., 1], cv2.INTER_LINEAR, **flags)


# Light.


def _lit(drawn: _Geometry, face: Face, lamps: Lamps) -> np.ndarray:
    height, width = drawn.alpha.shape
    scale = HEAD / face.head_height
    small = max(16, round(width * scale)), max(16, round(height * scale))

    def shrunk(picture):
        return cv2.resize(picture, small, interpolation=cv2.INTER_AREA)

    normals = shrunk(drawn.normal)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True) + 1e-9
    shape = Shape(shrunk(drawn.cells) * np.float32(HEAD / mannequin.HEAD_HEIGHT), normals, scale)
    kind = shrunk(drawn.kind)
    shading = Shading(shape, SourceLight(1.0, np.zeros(3, np.float32)), kind[..., 0], kind[..., 2])
    linear = colour.to_linear(drawn.bare / np.float32(255))
    lit = relight(linear, drawn.alpha, shading, lamps, face.head_height)
    cloth = drawn.kind[..., mannequin.CLOTH]
    relief = cloth + (1 - cloth) * _relief(drawn.normal, normals, lamps)  # folds would not follow the arms' outlines
    lit = linear + drawn.alpha[..., None] * (lit * relief[..., None] - linear)
    return _smoothed((colour.to_srgb(lit) * 255 + 0.5).astype(np.uint8), drawn.edges)


def _relief(fine: np.ndarray, coarse: np.ndarray, lamps: Lamps) -> np.ndarray:
    """(H, W): what the key does to shape finer than the grid on which the studio's light is computed."""

    def facing(normals):
        soft = 0.1 + 0.3 * lamps.softness
        key = np.clip((normals @ lamps.direction + soft) / (1 + soft), 0, 1)
        return lamps.fill + (1 - lamps.fill) * key + 0.1

    broad = cv2.resize(facing(coarse), fine.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.clip(facing(fine) / broad, 0.6, 1.5)
