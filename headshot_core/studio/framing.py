"""Framing: where head and eyes stand in the picture, by rule, without a person who floats.

Where the photo cuts the body, that cut must lie on the frame's edge or outside it. Of all crops near the rule the one
that bends it least is taken; what cannot be hidden is said in a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.face.landmarks import Face
from headshot_core.matte import CONTACTS
from headshot_core.recipe import Frame


@dataclass(frozen=True)
class Rule:
    """One kind of picture. Lengths are shares of the frame's height."""

    title: str
    purpose: str
    width: int
    """pixels"""
    height: int
    head: float
    """crown to chin"""
    eyes: float
    """the eye line, from the top"""
    circle: bool = False
    """shown in a circle: the head must lie inside it"""


FRAMES: dict[str, Rule] = {
    "portrait": Rule("Portrait", "4:5, head and shoulders", 1024, 1280, 0.42, 0.365),
    "linkedin": Rule("LinkedIn", "Square, safe when shown in a circle", 800, 800, 0.52, 0.43, circle=True),
    "resume": Rule("CV and résumé", "3:4, a little tighter", 900, 1200, 0.46, 0.37),
    "email": Rule("Email avatar", "Small square, face large, safe in a circle", 400, 400, 0.60, 0.45, circle=True),
    "team": Rule("Team page", "4:5, roomy, for a website's grid", 1200, 1500, 0.36, 0.34),
    "speaker": Rule("Speaker", "3:2 landscape", 1500, 1000, 0.48, 0.38),
    # ICAO Doc 9303: 35 x 45 mm, chin to crown 70-80 % of the height, face centred. 600 dpi.
    "id": Rule("ID style", "35 x 45 mm at 600 dpi, head 70-80 % of the height", 827, 1063, 0.74, 0.46),
    "free": Rule("Free", "Your own size, zoom and place", 1024, 1280, 0.42, 0.365),
}
MAX_ROLL = 12.0
"""Degrees of tilt that are taken out; more is a pose."""
LEANING = 0.06
"""Cost of a degree of tilt that is left in the head."""
MARGIN = 0.006
"""A cut this near to the frame's edge (shares of its height) is on the edge."""


@dataclass(frozen=True)
class Framing:
    """A crop: the transform from photo to frame, and what to tell the person."""

    matrix: np.ndarray
    """(2, 3): from pixels of the photo to pixels of the frame"""
    size: tuple[int, int]
    """width, height"""
    floating: float
    """how much of a cut body shows, in sides of the photo: 0 none, 1 a whole side well inside the frame"""
    notes: tuple[str, ...]


def rule_of(frame: Frame) -> Rule:
    """The rule that a frame's settings name, or a `HeadshotError`."""
    if frame.name not in FRAMES:
        raise HeadshotError(f"There is no frame called '{frame.name}'.", f"Choose one of {', '.join(FRAMES)}.")
    return FRAMES[frame.name]


def size_of(frame: Frame) -> tuple[int, int]:
    """Width and height in pixels; one of them given keeps the rule's aspect."""
    rule = rule_of(frame)
    aspect = rule.width / rule.height
    if frame.width and frame.height:
        return frame.width, frame.height
    if frame.width:
        return frame.width, round(frame.width / aspect)
    if frame.height:
        return round(frame.height * aspect), frame.height
    return rule.width, rule.height


def place(face: Face, contacts: np.ndarray, hair_top: float, photo: tuple[int, int], frame: Frame, inside: bool):
    """The crop for a face.

    `contacts`: (N, 2) points where the photo's edge cuts the person; `hair_top`: the y of the hair's top; both and
    `photo` (width, height) in pixels of the photo. `inside`: keep the crop inside the photo, for its own background.
    """
    rule, (width, height) = rule_of(frame), size_of(frame)
    roll = float(np.clip(face.roll, -MAX_ROLL, MAX_ROLL)) if frame.straighten else 0.0
    scale = rule.head * frame.zoom * height / face.head_height
    target = np.array([0.5 + frame.shift_x, (rule.eyes + frame.shift_y)])

    def crop(angle: float) -> _Crop:
        turn = cv2.getRotationMatrix2D(tuple(float(v) for v in face.eye_centre), angle, 1.0)
        centre = _person_centre(face, turn)
        view = _View(turn, contacts, photo, hair_top, face, width / height, inside)
        cost, zoom, shift, floating = _search(view, scale / height, centre, target, rule)
        return _Crop(cost + LEANING * abs(face.roll - angle), zoom, shift, floating, turn, centre)

    # Turning a photo that cuts the body slants the cut: then less straightening may show less of it.
    angles = (roll, roll / 2, 0.0) if len(contacts) and abs(roll) > 1 else (roll,)
    best = min((crop(angle) for angle in angles), key=lambda one: one.cost)
    matrix = _matrix(best.turn, scale * best.zoom, best.centre, (target + best.shift) * (width, height))
    notes = _notes(best.zoom, best.shift, best.floating, scale * best.zoom)
    return Framing(matrix, (width, height), best.floating, notes)


class _Crop(NamedTuple):
    cost: float
    zoom: float
    shift: np.ndarray
    """against the rule's place, shares of the frame"""
    floating: float
    turn: np.ndarray
    """(2, 3): the photo's rotation"""
    centre: np.ndarray


def _person_centre(face: Face, turn: np.ndarray) -> np.ndarray:
    """The point that stands on the frame's middle: between eyes and head, upright photo pixels."""
    eyes = turn[:, :2] @ face.eye_centre + turn[:, 2]
    chin = turn[:, :2] @ face.chin + turn[:, 2]
    box = face.box
    middle = turn[:, :2] @ np.array([(box[0] + box[2]) / 2, face.eye_centre[1]]) + turn[:, 2]
    return np.array([(eyes[0] + chin[0] + 2 * middle[0]) / 4, eyes[1]])


def _matrix(turn: np.ndarray, scale: float, centre: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.column_stack([turn[:, :2] * scale, turn[:, 2] * scale - centre * scale + target])


class _View:
    """Cuts, photo corners and head, upright, to be looked at through many crops."""

    def __init__(self, turn, contacts, photo, hair_top, face, aspect, inside):
        def upright(points):
            return np.atleast_2d(points) @ turn[:, :2].T + turn[:, 2]

        width, height = photo
        self.cuts = upright(contacts) if len(contacts) else np.zeros((0, 2))
        self.corners = upright(np.array([[0, 0], [width, 0], [width, height], [0, height]], float))
        self.head = upright(np.array([[face.eye_centre[0], hair_top], face.chin]))
        self.sides = upright(face.points[[234, 454], :2])
        self.aspect, self.inside = aspect, inside


def _search(view: _View, scale: float, centre: np.ndarray, target: np.ndarray, rule: Rule):
    """The crop near the rule that hides the cuts best: (cost, zoom, shift in frame shares, floating share)."""
    spans = np.array([[np.log(0.9), np.log(2.2)], [-0.42, 0.42], [-0.2, 0.2]])
    best = np.zeros(3)
    for counts in ((13, 21, 11), (7, 7, 7), (7, 7, 7)):  # coarse, then finer round the best so far
        axes = [np.linspace(*span, n) for span, n in zip(spans, counts, strict=True)]
        grid = np.stack([g.ravel() for g in np.meshgrid(*axes, indexing="ij")], 1)
        grid = np.vstack([best, grid])
        cost, floating = _cost(view, scale, centre, target, rule, grid)
        index = int(np.argmin(cost))
        best = grid[index]
        steps = np.array([axis[1] - axis[0] for axis in axes])[:, None]
        spans = best[:, None] + steps * (-1, 1)
    return float(cost[index]), float(np.exp(best[0])), best[1:], float(floating[index])


def _cost(view: _View, scale: float, centre: np.ndarray, target: np.ndarray, rule: Rule, crops: np.ndarray):
    """How bad each crop (log zoom, shift x, shift y) is, and how much of the cut it shows."""
    log_zoom, dx, dy = crops.T
    zoom = np.exp(log_zoom)
    cost = 2.0 * np.abs(log_zoom) + 3.0 * np.abs(dx) + 20 * dx**2 + 3.0 * np.abs(dy) + 30 * dy**2
    tx, ty = (target[0] + dx) * view.aspect, target[1] + dy

    def seen(points):
        """Points in frame heights, one row a crop."""
        x = (points[:, 0] - centre[0]) * scale * zoom[:, None] + tx[:, None]
        y = (points[:, 1] - centre[1]) * scale * zoom[:, None] + ty[:, None]
        return x, y

    floating = np.zeros(len(crops))
    if len(view.cuts):
        x, y = seen(view.cuts)
        inset = np.minimum(np.minimum(x, view.aspect - x), np.minimum(y, 1 - y))
        floating = np.clip((inset - MARGIN) / 0.1, 0, 1).sum(1) / CONTACTS
        cost += 25 * floating
    cost += _head_cost(view, seen, rule)
    if view.inside:
        x, y = seen(view.corners)
        cost += 60 * _gap(x, y, view.aspect)
    return cost, floating


def _head_cost(view: _View, seen, rule: Rule) -> np.ndarray:
    _, y = seen(view.head)
    sides, _ = seen(view.sides)
    cut_top = bool(len(view.cuts)) and view.cuts[:, 1].min() <= view.head[0, 1] + 2
    room = 0.0 if cut_top else 0.025
    cost = 30 * np.clip(room - y[:, 0], 0, None) + 60 * np.clip(y[:, 1] - 0.93, 0, None)
    if rule.circle:
        radius = min(view.aspect, 1) / 2
        for x in (sides.min(1), sides.max(1)):
            cost += 30 * np.clip(np.hypot(x - view.aspect / 2, y[:, 0] + 0.1 - 0.5) - radius, 0, None)
    return cost + 20 * np.clip(0.02 - np.minimum(sides.min(1), view.aspect - sides.max(1)), 0, None)


def _gap(x: np.ndarray, y: np.ndarray, aspect: float) -> np.ndarray:
    """How far the frame reaches beyond the photo, in frame heights."""
    left, right = np.maximum(x[:, 0], x[:, 3]), np.minimum(x[:, 1], x[:, 2])
    top, bottom = np.maximum(y[:, 0], y[:, 1]), np.minimum(y[:, 2], y[:, 3])
    return sum(np.clip(g, 0, None) for g in (left, aspect - right, top, 1 - bottom))


def _notes(zoom: float, shift: np.ndarray, floating: float, magnified: float) -> tuple[str, ...]:
    notes = []
    if floating > 0.02:
        notes.append("The photo cuts the shoulders or hair, and no crop hides it fully. A photo with more room helps.")
    elif zoom > 1.12 or np.abs(shift).max() > 0.06:
        notes.append("The photo cuts the body, so the crop was moved to hide that.")
    if magnified > 2.2:
        notes.append(f"The face is small in the photo: it is enlarged {magnified:.1f} times and looks soft.")
    return tuple(notes)
