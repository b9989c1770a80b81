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
from headshot_core.face import identity
from headshot_core.photo import to_bytes
from headshot_core.portrait import Portrait
from headshot_core.recipe import Frame, Light
from headshot_core.studio.frame import Framed, framed
from headshot_core.studio.light import Lamps, lamps
from headshot_core.studio.relight import gain, relight

LIMIT = 0.18
"""Identity distance that new light may cause on the crop, so that the finished picture stays below 0.20."""
TURNED, TURNED_YAW = 0.2, 30.0
"""A turned head is read less surely: share taken off the limit at so many degrees."""
LEAST_ROOM = 0.03
"""Distance that new light may always add, for photos whose crop alone reads as different."""
MILD_YAW, MILD_SOURCE, MILD_CHANGE = 15.0, 0.25, 0.22
"""What passes unmeasured: degrees of head turn, unevenness of the photo's light, deviation of log gain on the skin."""
CROP = Frame(name="email", width=320, height=320)


@lru_cache(maxsize=64)
def safe_strength(portrait: Portrait, light: Light) -> float:
    """The light's strength 0..1, turned down where likeness asks for it; unchanged where likeness cannot be read."""
    shot = framed(portrait, CROP)
    lights = replace(lamps(light, shot.face.yaw, shot.shading.source.side), rim=0.0)
    if lights.strength == 0 or not identity.available():
        return light.strength
    if _mild(shot, lights):
        return light.strength
    lit = _distance(shot, lights)
    limit = LIMIT * (1 - TURNED * min(abs(shot.face.yaw) / TURNED_YAW, 1))
    if lit <= limit:
        return light.strength
    unlit = _unlit_distance(portrait)
    limit = max(limit, unlit + LEAST_ROOM)
    if lit <= limit:
        return light.strength
    # Distance grows about evenly with strength: one look at each end is enough.
    return round(light.strength * (limit - unlit) / (lit - unlit), 3)


def _mild(shot: Framed, lights: Lamps) -> bool:
    """Gentle light on a frontal, evenly lit face never came near the limit: it need not be measured."""
    shading = shot.shading
    on_skin = shading.skin > 0.5
    if abs(shot.face.yaw) > MILD_YAW or shading.source.unevenness > MILD_SOURCE or not on_skin.any():
        return False
    factor, _ = gain(shading, lights)
    return float(np.log(factor[..., 1][on_skin]).std()) < MILD_CHANGE


@lru_cache(maxsize=8)
def _unlit_distance(portrait: Portrait) -> float:
    shot = framed(portrait, CROP)
    return _distance(shot, replace(lamps(Light(), 0, 1), strength=0.0, rim=0.0))


def _distance(shot: Framed, lights: Lamps) -> float:
    """Identity distance between the photo and the crop under these lamps, on grey."""
    person = relight(shot.linear, shot.alpha, shot.shading, lights, shot.face.head_height)
    a = shot.alpha[..., None]
    picture = colour.to_srgb(person * a + 0.2 * (1 - a))
    after = identity.embed(to_bytes(picture), shot.face, mirrored=False)
    return identity.distance(shot.portrait.plain_embedding, after)


def forget() -> None:
    """Let go of every portrait."""
    safe_strength.cache_clear()
    _unlit_distance.cache_clear()
