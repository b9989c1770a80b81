"""Judging what was drawn: is it the person, is it a good headshot, is it what was asked for? And which is best?

Likeness counts no more than real photos of one person reach among each other: what lies beyond is a copy of the photo,
not a better portrait (`copied`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from PIL import Image

from headshot_core import prompt as prompts
from headshot_core.enhance.measure import skin_told, skin_tone
from headshot_core.enhance.view import Study
from headshot_core.errors import HeadshotError
from headshot_core.face import identity
from headshot_core.face.landmarks import find_faces
from headshot_core.gate.faults import NEARBY
from headshot_core.generate import agreement, light
from headshot_core.generate.models import Base
from headshot_core.generate.safety import Verdict
from headshot_core.people import Person
from headshot_core.photo import read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.profile import ALIKE, Profile
from headshot_core.pyramid import Pyramid
from headshot_core.recipe import Recipe
from headshot_core.score.engine import score
from headshot_core.score.expression import AT_CAMERA, PAST, gaze
from headshot_core.score.report import Score

WEIGHTS = {"likeness": 0.5, "score": 0.35, "agreement": 0.15}
"""What the points are made of; what is not known leaves its share to the others."""
REAL, PROVEN = 75, 50
"""Likeness beyond which more is no better, for real photos of one person seldom lie nearer than that; and what the
likeness of a copied face counts for."""
COPY_FAR, COPY_PIXELS = 0.3, 0.75
"""Distance of embeddings up to which, and correlation of aligned faces from which, one is a copy of the other. Copies
that were compressed, mirrored, turned, relit or made small lay within 0.22 and from 0.90; other photos of the same
person from 0.25 and up to 0.46; other people up to 0.48 in pixels."""
PALER, OTHER_COLOUR = 22.0, 12.0
"""Differences of the skin, in L and in a and b together, that are worth telling. Photos of one man under other light
lay 20 in L apart."""
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")


@dataclass(frozen=True, eq=False)
class Judged:
    """What was measured on one drawn picture. None: cannot be measured on it, or nothing to compare it with."""

    points: float
    """0..100: all of it in one number, see `WEIGHTS`"""
    faces: int
    """how many were drawn, without small ones far behind"""
    whole: bool = True
    """whether the face lies inside the picture and is large enough to be judged"""
    likeness: int | None = None
    """0..100: to the person"""
    apart: float | None = None
    """the distance of embeddings that it comes from"""
    copy: bool = False
    """suspiciously like the very photo it was drawn from"""
    score: Score | None = None
    """the five pillars; what was wished costs nothing"""
    agreement: float | None = None
    """0..100: of picture and prompt"""
    skin: tuple[float, float, float] | None = None
    """how far the skin's colour moved from the person's: L, a, b of CIELAB, both as if under neutral light"""
    gaze: float | None = None
    """degrees off the camera"""
    eyes_open: bool | None = None
    light: str = ""
    """where the light comes from, and whether that was asked for, in a sentence"""
    unsafe: float | None = None
    """0..1: see `headshot_core.generate.safety`; None where that was not checked"""
    safe: bool = True
    notes: tuple[str, ...] = ()
    """what is wrong with it, in plain words"""

    @property
    def sound(self) -> bool:
        """Whether it is a picture of one person at all: those that are not come last."""
        return self.safe and self.whole and self.faces == 1

    @property
    def same(self) -> bool | None:
        """Whether it passes for the same person."""
        return None if self.likeness is None else self.likeness >= ALIKE

    def to_dict(self) -> dict:
        """Plain data, ready for JSON."""
        names = ("faces", "whole", "likeness", "copy", "eyes_open", "light", "safe", "sound", "same")
        rounded = {"points": 1, "apart": 3, "agreement": 1, "gaze": 1, "unsafe": 3}
        numbers = {name: getattr(self, name) for name in rounded}
        return {
            **{name: getattr(self, name) for name in names},
            **{name: value if value is None else round(value, rounded[name]) for name, value in numbers.items()},
            "skin": self.skin and [round(value, 1) for value in self.skin],
            "score": self.score and self.score.to_dict(),
            "notes": list(self.notes),
        }


def judge(
    picture: np.ndarray,
    portrait: Portrait | None = None,
    profile: Profile | None = None,
    recipe: Recipe | None = None,
    prompt: str = "",
    verdict: Verdict | None = None,
    base: Base | None = None,
    person: Person | None = None,
) -> Judged:
    """Measure one drawn picture, sRGB uint8 (H, W, 3), against the person, the recipe and the prompt.

    `portrait`: the photo that it was drawn from; `profile`: the person's looks, which likeness is measured by where
    they are known; `verdict`: the safety check's, which the caller makes. A picture without any face is judged too.
    `base`, `person`: what drew whom, for the demo's cartoons are read by nets of their own.
    """
    if base and base.cartoons:
        from headshot_core.micro import judge as cartoons

        cartoon = cartoons.judge(picture, person, portrait, recipe, verdict)
        return replace(cartoon, points=_points(cartoon), notes=_known_faults(cartoon))
    recipe = recipe or Recipe()
    agreed = agreement.score(picture, prompt) if prompt else None
    safety = {"unsafe": verdict.score, "safe": verdict.allowed} if verdict else {}
    try:
        drawn = analyse(read_photo(Image.fromarray(picture))).of(profile)
    except HeadshotError as error:
        return _without_face(picture, error, agreed, safety)
    wanted = prompts.traits(recipe)
    study = Study(drawn)
    scored = _as_wished(score(study), wanted)
    apart, likeness = _likeness(drawn, portrait, profile)
    fresh = recipe.generate.mode in ("person", "photo") and not recipe.generate.blend
    judged = Judged(
        points=0.0,
        faces=1 + sum(face.head_height >= NEARBY * drawn.face.head_height for face in drawn.faces[1:]),
        likeness=likeness,
        apart=apart,
        copy=bool(fresh and portrait and copied(drawn, portrait)),
        score=scored,
        agreement=agreed,
        skin=_skin(study, portrait, profile),
        gaze=gaze(drawn.face),
        eyes_open=_measure(scored, "open") > 35,
        light=light.says(light.lamps_of(recipe), light.read(drawn)),
        **safety,
    )
    return replace(judged, points=_points(judged), notes=_notes(judged, wanted))


def order(judged: list[Judged]) -> list[int]:
    """Places in the list, the best first: pictures of one person before all others, then by points; ties in order."""
    return sorted(range(len(judged)), key=lambda i: (not judged[i].sound, not judged[i].safe, -judged[i].points))


@dataclass(frozen=True)
class Summary:
    """How far a whole run shows the person."""

    pictures: int
    median: float
    """likeness 0..100; a picture without a face counts as 0"""
    same: int
    """pictures that pass for the same person"""

    @property
    def share(self) -> float:
        """0..1 of the pictures pass for the same person."""
        return self.same / self.pictures

    @property
    def says(self) -> str:
        """One line."""
        return f"Median likeness {self.median:.0f} of 100; {self.same} of {self.pictures} pass for the same person."


def summary(judged: list[Judged]) -> Summary | None:
    """Median likeness and share above the threshold of all pictures drawn; None where likeness is not known."""
    if all(one.likeness is None for one in judged):
        return None
    found = [one.likeness or 0 for one in judged]
    return Summary(len(found), float(np.median(found)), sum(likeness >= ALIKE for likeness in found))


# The person.


def _likeness(drawn: Portrait, portrait: Portrait | None, profile: Profile | None) -> tuple[float | None, int | None]:
    """Distance and likeness to the person's profile, or else to the face of the photo."""
    if profile:
        embedder = identity.find(profile.embedder)
        if not embedder.usable():
            return None, None
        own = embedder.name == "dlib"
        apart = profile.distance(drawn.embedding if own else embedder.embed(drawn.pixels, drawn.face))
        return apart, embedder.likeness(apart)
    if portrait is None or not identity.available():
        return None, None
    apart = identity.distance(drawn.embedding, portrait.embedding)
    return apart, identity.likeness(apart)


def copied(drawn: Portrait, portrait: Portrait) -> bool:
    """Whether the drawn face is the photo's own, perhaps mirrored, turned, relit or compressed."""
    if identity.available() and identity.distance(drawn.embedding, portrait.embedding) > COPY_FAR:
        return False
    found, known = _relief(drawn), _relief(portrait)
    return max(_correlation(found, known), _correlation(found[:, ::-1], known)) >= COPY_PIXELS


def _relief(portrait: Portrait) -> np.ndarray:
    """(88, 88): the face aligned, its light evened out: what is left are features and folds."""
    grey = cv2.cvtColor(identity.align_arc(portrait.pixels, portrait.face), cv2.COLOR_RGB2GRAY)
    inner = grey[16:104, 12:100].astype(np.float32)
    apart = inner - cv2.GaussianBlur(inner, (0, 0), 6)
    return apart / (np.sqrt(cv2.GaussianBlur(apart**2, (0, 0), 6)) + 4)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _skin(study: Study, portrait: Portrait | None, profile: Profile | None) -> tuple[float, float, float] | None:
    """How far the skin lies from the person's, as the profile knows it, or else the photo."""
    own = profile.tone if profile else _own_tone(portrait) if portrait else None
    drawn = _tone(study)
    return None if own is None or drawn is None else tuple(float(value) for value in drawn - own)


_tones: WeakKeyDictionary[Portrait, np.ndarray | None] = WeakKeyDictionary()


def _own_tone(portrait: Portrait) -> np.ndarray | None:
    """The photo's, measured once for all the pictures drawn from it."""
    if portrait not in _tones:
        _tones[portrait] = _tone(Study(portrait))
    return _tones[portrait]


def _tone(study: Study) -> np.ndarray | None:
    """(3,) CIELAB of the skin under neutral light."""
    told = skin_told(study)
    return skin_tone([told]) if told else None


# What was wished costs nothing.


def _as_wished(scored: Score, wanted: frozenset[str]) -> Score:
    """The score without what is lost to closed eyes or a gaze aside, where that was asked for."""
    free = set()
    if "eyes_closed" in wanted:
        free = {"open", "gaze"}
    elif "gaze_away" in wanted:
        free = {"gaze"}
    pillars = tuple(
        replace(pillar, measures=tuple(replace(m, costs=0.0) if m.name in free else m for m in pillar.measures))
        for pillar in scored.pillars
    )
    return replace(scored, pillars=pillars)


def _measure(scored: Score, name: str) -> float:
    return next(measure.score for measure in scored.measures if measure.name == name)


def _points(judged: Judged) -> float:
    """The weighted mean of what is known."""
    likeness = judged.likeness
    if likeness is not None:
        likeness = min(likeness, PROVEN if judged.copy else REAL) / REAL * 100
    known = {"likeness": likeness, "score": judged.score and judged.score.points, "agreement": judged.agreement}
    known = {name: value for name, value in known.items() if value is not None}
    if not known:
        return 0.0
    return float(np.average(list(known.values()), weights=[WEIGHTS[name] for name in known]))


# In plain words.


def _without_face(picture: np.ndarray, error: HeadshotError, agreed: float | None, safety: dict) -> Judged:
    faces = len(find_faces(Pyramid(picture)))
    note = "No face was drawn." if not faces else error.what.replace("photo", "picture")
    return Judged(0.0, faces, whole=False, agreement=agreed, notes=(note,), **safety)


def _notes(judged: Judged, wanted: frozenset[str]) -> tuple[str, ...]:
    return (*_known_faults(judged), *_eyes(judged, wanted), *_colour(judged.skin))


def _known_faults(judged: Judged) -> tuple[str, ...]:
    """Those of any picture, a cartoon's too."""
    notes = [] if judged.safe else ["This picture may show nudity."]
    if judged.faces > 1:
        notes.append(f"{NUMBERS[judged.faces]} faces were drawn.")
    if judged.same is False:
        notes.append("This looks like another person.")
    if judged.copy:
        notes.append("The face is almost a copy of the photo's, not a new picture of the person.")
    return tuple(notes)


def _eyes(judged: Judged, wanted: frozenset[str]) -> list[str]:
    if "eyes_closed" in wanted:
        return ["The eyes are open, though they should be closed."] if judged.eyes_open else []
    if not judged.eyes_open:
        return ["The eyes are closed, or nearly so."]
    if judged.gaze is None:
        return []
    if "gaze_away" in wanted:
        return ["The eyes look into the camera, though they should not."] if judged.gaze < AT_CAMERA else []
    return ["The eyes look past the camera."] if judged.gaze > (AT_CAMERA + PAST) / 2 else []


def _colour(skin: tuple[float, float, float] | None) -> list[str]:
    if skin is None:
        return []
    light, red, yellow = skin
    notes = []
    if abs(light) > PALER:
        notes.append(f"The skin is much {'lighter' if light > 0 else 'darker'} than the person's.")
    if np.hypot(red, yellow) > OTHER_COLOUR:
        notes.append("The skin has another colour than the person's.")
    return notes
