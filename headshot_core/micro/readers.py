"""Reading a cartoon portrait's traits off its pixels, by one small net, as far as they can be seen.

    reading = read(picture[None])[0]      # uint8 (64, 64, 3); other sizes are brought to it
    reading.background, reading.turn      # "sky blue", "left"
    likeness(reading, person)             # 0..100

The net says where it looks for a part's colour and how much light falls there; the colour itself is taken from the
pixels, so that one which it never learnt is read as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.errors import HeadshotError
from headshot_core.generate import library
from headshot_core.micro.cartoon import OUTFITS, PAINTS, STYLES, Cartoon, Posed
from headshot_core.studio.light import Lamps

FILE = Path(__file__).parent / "weights" / "readers.fp16.safetensors"
SIDE, BATCH = 64, 64
"""Pixels of the sides of what is read; pictures that are read at once."""
KINDS = {"style": STYLES, "outfit": OUTFITS}
SIGNS = ("glasses", "smile", "mark")
MEASURES = {
    "yaw": (0.0, 25.0),
    "roll": (0.0, 5.0),
    "softness": (0.5, 0.2),
    "fill": (0.3, 0.1),
    "x": (0.5, 0.03),
    "y": (0.37, 0.04),
    "head": (0.54, 0.07),
}
"""What is read as a number, and the middle and the spread that the net reads it against."""
ANGLES = ("azimuth", "elevation")
"""Of the key light, which the net tells as a direction."""
TELLS = (*(f"{kind} {name}" for kind, names in KINDS.items() for name in names), *SIGNS, *MEASURES)
"""What the net tells besides the light's direction (three numbers) and the light on each part."""
WIDTH = 128


@dataclass(frozen=True)
class Reading(Posed):
    """What was read off one picture; names as in `headshot_core.micro.cartoon.Cartoon`."""

    skin: str
    hair: str
    style: str
    outfit: str
    shirt: str
    background: str
    glasses: bool
    smile: bool
    mark: bool
    yaw: float
    roll: float
    azimuth: float
    elevation: float
    softness: float
    fill: float
    x: float
    y: float
    head: float
    paints: dict[str, tuple[float, float, float]]
    """sRGB 0..1 of skin, hair, shirt and background, as painted, whatever they are called"""
    likely: dict[str, float]
    """0..1: how likely each of glasses, smile and mark is"""
    styles: dict[str, float]
    """0..1: how likely each style is"""
    outfits: dict[str, float]


def read(pictures: np.ndarray | Sequence[np.ndarray]) -> list[Reading]:
    """One reading for each picture, uint8 (H, W, 3). Raises `HeadshotError` where the net's file is missing."""
    if len(pictures) == 0:
        return []
    torch, net = library.torch(), _net()
    shown = np.stack([fitted(picture) for picture in pictures])
    found: list[dict[str, np.ndarray]] = []
    with torch.inference_mode():
        for begin in range(0, len(shown), BATCH):
            part = torch.from_numpy(shown[begin : begin + BATCH]).permute(0, 3, 1, 2)
            told = look(net, part.float() / 127.5 - 1)
            found.append({name: value.numpy() for name, value in told.items()})
    whole = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    return [_reading({name: value[i] for name, value in whole.items()}) for i in range(len(shown))]


def fitted(picture: np.ndarray) -> np.ndarray:
    """(64, 64, 3): a picture that is not square gets its edge's colours beside it, so that nothing is stretched."""
    height, width = picture.shape[:2]
    side = max(height, width)
    if height != width:
        left, top = (side - width) // 2, (side - height) // 2
        edges = (top, side - height - top, left, side - width - left)
        picture = cv2.copyMakeBorder(np.ascontiguousarray(picture), *edges, cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    return picture if side == SIDE else cv2.resize(picture, (SIDE, SIDE), interpolation=how)


def _reading(told: dict[str, np.ndarray]) -> Reading:
    tells = dict(zip(TELLS, told["tells"].tolist(), strict=True))
    kinds = {kind: _shares(names, [tells[f"{kind} {name}"] for name in names]) for kind, names in KINDS.items()}
    likely = {name: float(1 / (1 + np.exp(-tells[name]))) for name in SIGNS}
    paints = {name: tuple(np.clip(paint, 0, 1).tolist()) for name, paint in zip(PAINTS, told["paints"], strict=True)}
    x, y, z = told["direction"].tolist()
    numbers = {name: middle + spread * tells[name] for name, (middle, spread) in MEASURES.items()}
    numbers["azimuth"] = float(np.degrees(np.arctan2(x, z)))
    numbers["elevation"] = float(np.degrees(np.arctan2(-y, np.hypot(x, z))))
    return _told(paints, {"styles": kinds["style"], "outfits": kinds["outfit"], "likely": likely}, numbers)


def _told(paints: dict[str, tuple], shares: dict[str, dict[str, float]], numbers: dict[str, float]) -> Reading:
    """The reading with everything called by its name."""
    return Reading(
        **{part: called(part, paint) for part, paint in paints.items()},
        **{kind: max(shares[f"{kind}s"], key=shares[f"{kind}s"].get) for kind in KINDS},
        **{name: share > 0.5 for name, share in shares["likely"].items()},
        **numbers,
        paints=paints,
        **shares,
    )


def _shares(names: Sequence[str], tells: list[float]) -> dict[str, float]:
    likely = np.exp(np.array(tells) - max(tells))
    return dict(zip(names, (likely / likely.sum()).tolist(), strict=True))


def called(part: str, paint: Sequence[float]) -> str:
    """The nearest in CIELAB of the names that a part's colour may have."""
    names, known = _known(part)
    return names[int(np.linalg.norm(known - lab(paint), axis=1).argmin())]


@cache
def _known(part: str) -> tuple[tuple[str, ...], np.ndarray]:
    table = PAINTS[part]
    return tuple(table), np.stack([lab(colour.hex_to_rgb(code)) for code in table.values()])


def lab(paint: Sequence[float]) -> np.ndarray:
    """(3,) CIELAB of one sRGB colour, 0..1."""
    return colour.to_lab(np.array(paint, np.float32)[None, None])[0, 0]


# Who it is.

NEAR, FAR = 8.0, 20.0
"""Differences of a colour in CIELAB up to which it is the same, and from which it is another."""
FAINT = 60.0
"""The difference from which a colour is not even nearer to another than any other is."""
AWAY = -25.0
"""The yaw from which the cheek that may bear a mark is out of sight."""
ODD = 0.15
"""What a trait leaves of the likeness where it is wholly another's."""


def likeness(reading: Reading, person: Cartoon | Reading) -> int:
    """0..100: how far what was read is the person: skin, colour and style of the hair, mark; not glasses or clothes.

    99 % of portraits in other light, pose and clothes reached `headshot_core.profile.ALIKE` against the mean of five of
    their person's, and half of them 89; those of others, who differed in one trait in sight at least, 15 at most.
    """
    painted = (_same_paint(reading.paints[part], _paint(person, part)) for part in ("skin", "hair"))
    same = (*painted, *_shapes(reading, person))
    return round(100 * float(np.prod([ODD + (1 - ODD) * one for one in same])))


def nearness(reading: Reading, person: Cartoon | Reading) -> float:
    """0..100: the same by degrees, the mean of the traits: tells a person who is half learnt from one who is not."""
    apart = (_apart(reading.paints[part], _paint(person, part)) for part in ("skin", "hair"))
    return 100 * float(np.mean([*_shapes(reading, person), *(max(0.0, 1 - one / FAINT) for one in apart)]))


def _shapes(reading: Reading, person: Cartoon | Reading) -> tuple[float, float]:
    """How alike style and mark are, 0..1; a cheek that is turned away tells nothing of a mark."""
    style = _fidelity(reading.styles, _styles(person))
    mark = _fidelity(_either(reading.likely["mark"]), _either(_marked(person)))
    return style, 1.0 if reading.yaw < AWAY else mark


def _fidelity(one: dict[str, float], other: dict[str, float]) -> float:
    """How alike two guesses are, 0..1: what cannot be told, as a bun beyond the picture's edge, costs little."""
    return sum(np.sqrt(share * other.get(name, 0.0)) for name, share in one.items()) ** 2


def _either(share: float) -> dict[str, float]:
    return {"yes": share, "no": 1 - share}


def _same_paint(one: Sequence[float], other: Sequence[float]) -> float:
    """1 the same to 0 another."""
    return float(np.clip((FAR - _apart(one, other)) / (FAR - NEAR), 0, 1))


def _apart(one: Sequence[float], other: Sequence[float]) -> float:
    """The difference of two colours in CIELAB."""
    return float(np.linalg.norm(lab(one) - lab(other)))


def _paint(person: Cartoon | Reading, part: str) -> Sequence[float]:
    return person.paints[part] if isinstance(person, Reading) else person.paint_of(part)


def _styles(person: Cartoon | Reading) -> dict[str, float]:
    return person.styles if isinstance(person, Reading) else {person.style: 1.0}


def _marked(person: Cartoon | Reading) -> float:
    return person.likely["mark"] if isinstance(person, Reading) else float(person.mark)


def mean(readings: Sequence[Reading]) -> Reading:
    """What several pictures of one person tell together; what is numbered is their median."""
    paints = {part: tuple(np.median([one.paints[part] for one in readings], axis=0).tolist()) for part in PAINTS}
    shares = {
        kind: {
            name: float(np.mean([getattr(one, kind)[name] for one in readings])) for name in getattr(readings[0], kind)
        }
        for kind in ("styles", "outfits", "likely")
    }
    numbers = {name: float(np.median([getattr(one, name) for one in readings])) for name in (*MEASURES, *ANGLES)}
    return _told(paints, shares, numbers)


# The net.


def build() -> Any:
    """The untrained net: a pyramid of features, what they tell as a whole, and where each colour is looked for.

    They tell by where they are, and by what is found anywhere: a mark is small, and a head may be turned or moved.
    """
    nn = library.torch().nn

    def layer(come: int, go: int, stride: int = 1) -> Any:
        return nn.Sequential(nn.Conv2d(come, go, 3, stride, 1, bias=False), nn.BatchNorm2d(go), nn.SiLU())

    return nn.ModuleDict(
        {
            "fine": nn.Sequential(layer(3, 24, 2), layer(24, 24)),
            "middle": nn.Sequential(layer(24, 48, 2), layer(48, 48)),
            "coarse": nn.Sequential(layer(48, 96, 2), layer(96, 64)),
            "places": nn.Sequential(nn.Conv2d(64, 16, 1), nn.Flatten()),
            "whole": nn.Sequential(nn.Linear(16 * 64 + 48 + 64, WIDTH), nn.BatchNorm1d(WIDTH), nn.SiLU()),
            "tells": nn.Linear(WIDTH, len(TELLS) + 3 + len(PAINTS)),
            "near": nn.Conv2d(24, len(PAINTS), 1),
            "far": nn.Conv2d(64, len(PAINTS), 1),
        }
    )


def look(net: Any, pictures: Any) -> dict[str, Any]:
    """Everything that the net tells of pictures (N, 3, 64, 64), -1..1: `TELLS`, direction (N, 3), paints (N, 4, 3)."""
    torch = library.torch()
    functional = torch.nn.functional
    fine = net["fine"](pictures)
    middle = net["middle"](fine)
    coarse = net["coarse"](middle)
    anywhere = [features.amax((2, 3)) for features in (middle, coarse)]
    told = net["tells"](net["whole"](torch.cat([net["places"](coarse), *anywhere], 1)))
    tells, direction, lit = told.split([len(TELLS), 3, len(PAINTS)], 1)
    where = net["near"](fine) + functional.interpolate(net["far"](coarse), size=fine.shape[2:], mode="bilinear")
    share = where.flatten(2).softmax(2)
    colours = functional.avg_pool2d(pictures, 2).flatten(2) / 2 + 0.5
    seen = share @ colours.transpose(1, 2)
    return {"tells": tells, "direction": direction, "paints": seen * lit.exp()[..., None]}


@cache
def _net() -> Any:
    library.torch()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(FILE)
    except (OSError, SafetensorError) as error:
        raise HeadshotError(
            "The file that cartoon portraits are read by is missing or damaged.", "Install the studio again."
        ) from error
    net = build()
    net.load_state_dict(weights)  # which come out as float32, as the net is
    return net.eval()


# How well it reads.

RIGHT = ("skin", "hair", "style", "outfit", "shirt", "background", "glasses", "smile", "mark", "turn", "light")
"""Traits that are read right or wrong."""
OFF = ("yaw", "roll", "direction")
"""Angles, of which the mean error counts."""


def ceiling(pictures: np.ndarray | Sequence[np.ndarray], cartoons: Sequence[Cartoon]) -> dict[str, float]:
    """How well pictures are read whose truth is known: shares read right, and mean errors in degrees.

    Colours without a name are right where they are called as their paint would be.
    """
    readings = read(pictures)
    pairs = list(zip(readings, cartoons, strict=True))
    right = {name: float(np.mean([getattr(one, name) == _true(truth, name) for one, truth in pairs])) for name in RIGHT}
    angles = {name: float(np.mean([abs(getattr(a, name) - getattr(b, name)) for a, b in pairs])) for name in OFF[:2]}
    return {**right, **angles, "direction": float(np.mean([apart(one.lamps, truth.lamps) for one, truth in pairs]))}


def _true(truth: Cartoon, name: str) -> str | bool:
    return called(name, truth.paint_of(name)) if name in PAINTS else getattr(truth, name)


def apart(one: Lamps, other: Lamps) -> float:
    """Degrees between two key lights."""
    return float(np.degrees(np.arccos(np.clip(one.direction @ other.direction, -1, 1))))
