"""The studio engine: a portrait and a recipe make a headshot, on a plain CPU, without drawing a new face."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from headshot_core import colour
from headshot_core.face import identity
from headshot_core.photo import to_bytes, write_picture
from headshot_core.portrait import Portrait
from headshot_core.progress import CancelToken, Report, silent
from headshot_core.recipe import Grade, Recipe
from headshot_core.studio import backdrops, composite, frame, grade, likeness_guard
from headshot_core.studio.frame import Framed, framed
from headshot_core.studio.light import Lamps, lamps
from headshot_core.studio.likeness_guard import safe_strength
from headshot_core.studio.relight import relight, roll_off

SOFTENED = "The light was softened, so that the face stays yours."
STAGES = ("Framing", "Backdrop", "Lighting", "Finishing")


@dataclass(frozen=True, eq=False)
class Headshot:
    """A finished picture and how it came about."""

    picture: np.ndarray
    """sRGB float32 (H, W, 3), 0..1"""
    recipe: Recipe
    notes: tuple[str, ...]
    """what the person should know, in plain words"""
    shot: Framed

    @cached_property
    def distance(self) -> float:
        """Identity distance between photo and picture; see `headshot_core.face.identity`."""
        portrait = self.shot.portrait
        before = portrait.embedding
        after = identity.embed(to_bytes(self.picture), self.shot.face)
        return identity.distance(before, after)

    @property
    def likeness(self) -> int:
        """0..100: how far the face is still the photo's."""
        return identity.likeness(self.distance)

    def save(self, path: str | Path) -> Path:
        """Write PNG, JPEG or WebP, with provenance and without the source's EXIF. Raises `HeadshotError`."""
        write_picture(self.picture, path, recipe=self.recipe)
        return Path(path)


def make(portrait: Portrait, recipe: Recipe, report: Report = silent, cancel: CancelToken | None = None) -> Headshot:
    """One headshot. The same portrait and recipe give the same picture. Raises `HeadshotError`."""
    cancel = cancel or CancelToken()
    kind = backdrops.get(recipe.backdrop.kind)
    grade.look_of(recipe.grade)

    def begin(stage: int) -> None:
        cancel.check()
        report(stage, len(STAGES), STAGES[stage])

    begin(0)
    shot = framed(portrait, recipe.frame, inside=kind.own)
    lights = lamps(recipe.light, shot.face.yaw, shot.shading.source.side)
    begin(1)
    behind = backdrop(shot, recipe, lights, kind)
    begin(2)
    safe = safe_strength(portrait, recipe.light) if lights.strength else 0.0
    person = relight(
        exposed(shot, recipe.grade),
        shot.alpha,
        shot.shading,
        replace(lights, strength=min(safe, lights.strength)),
        shot.face.head_height,
        composite.surroundings(behind, kind.spill),
    )
    begin(3)
    linear = composite.join(person, shot.alpha, behind, kind.wall, kind.spill, lights, shot.face.head_height)
    picture = composite.add_grain(colour.to_srgb(linear), shot.alpha, shot.grain, recipe.seed)
    picture = np.clip(grade.apply(picture, recipe.grade, shot.skin, recipe.seed), 0, 1)
    report(len(STAGES), len(STAGES), "Ready")
    softened = (SOFTENED,) if safe < 0.5 * lights.strength else ()
    notes = (*portrait.photo.notes, *shot.framing.notes, *shot.notes, *softened)
    return Headshot(picture, recipe, notes, shot)


def exposed(shot: Framed, settings: Grade, linear: np.ndarray | None = None) -> np.ndarray:
    """The person brought to a pleasant brightness, linear (H, W, 3). `linear`: other colours than `shot.linear`."""
    linear = shot.linear if linear is None else linear
    if not settings.auto or abs(shot.stops) < 0.05:
        return linear
    return roll_off(linear * 2**shot.stops, linear)


def backdrop(shot: Framed, recipe: Recipe, lights: Lamps, kind: backdrops.Kind) -> np.ndarray:
    """What stands behind the person in that frame and light, linear (H, W, 3)."""
    width, height = shot.framing.size
    light = recipe.light.model_copy(update={"azimuth": lights.azimuth, "elevation": lights.elevation})
    plate = shot.background if kind.own else None
    stage = backdrops.Stage(width, height, shot.head, light, recipe.seed, plate)
    return colour.to_linear(backdrops.render(recipe.backdrop, stage))


def forget() -> None:
    """Let go of every picture of a person's that is kept for speed, as when somebody deletes their photo."""
    frame.forget()
    likeness_guard.forget()
    backdrops.forget()
