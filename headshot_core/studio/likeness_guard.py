"""Likeness guard: how strong may the new light be before the face is read as somebody else's?

Strong shadows change what a face looks like. The guard lights a small canonical crop, measures the identity distance
to the photo, and turns the light down until the face is safely the same. It looks at portrait and light alone, so
every frame, preview and order of work gives the same answer.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from headshot_core import colour
from headshot_core.errors import HeadshotError
from headshot_core.face import identity
from headshot_core.portrait import Portrait
from headshot_core.recipe import Frame, Light
from headshot_core.studio.frame import Framed, framed
from headshot_core.studio.light import lamps
from headshot_core.studio.relight import relight

LIMIT = 0.165
"""Identity distance that new light may cause on the crop, so that the finished picture stays below 0.20."""
CROP = Frame(name="email", width=320, height=320)
TRIES = 3


@lru_cache(maxsize=64)
def safe_strength(portrait: Portrait, light: Light) -> float:
    """The light's strength 0..1, turned down where likeness asks for it; unchanged where likeness cannot be read."""
    shot = framed(portrait, CROP)
    strength = light.strength
    if lamps(light, shot.face.yaw, shot.shading.source.side).strength == 0:
        return strength
    try:
        as_shot = identity.embed(portrait.pixels, portrait.face, mirrored=False)
        for _ in range(TRIES):
            apart = identity.distance(as_shot, _embedding(shot, light.model_copy(update={"strength": strength})))
            if apart <= LIMIT:
                break
            strength *= 0.95 * LIMIT / apart
    except HeadshotError:  # the likeness models are not on this machine
        return light.strength
    return round(strength, 3)


def _embedding(shot: Framed, light: Light) -> np.ndarray:
    lights = replace(lamps(light, shot.face.yaw, shot.shading.source.side), rim=0.0)
    person = relight(shot.linear, shot.alpha, shot.shading, lights, shot.face.head_height)
    a = shot.alpha[..., None]
    picture = colour.to_srgb(person * a + 0.2 * (1 - a))
    return identity.embed((picture * 255).round().astype(np.uint8), shot.face, mirrored=False)
