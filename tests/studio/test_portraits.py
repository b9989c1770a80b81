"""The promises of the studio on every portrait at hand: set HEADSHOT_PORTRAITS to a folder of photos."""

import numpy as np
import pytest

from headshot_core import colour
from headshot_core.face.regions import cheeks
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse
from headshot_core.recipe import Backdrop, Frame, Light, Recipe
from headshot_core.studio.engine import make
from headshot_core.studio.light import PATTERNS

pytestmark = pytest.mark.slow
FRAME = Frame(width=768, height=960)


def test_the_face_stays_the_persons_under_every_light(portraits, model_files):
    worst = {}
    for path in portraits:
        portrait = analyse(read_photo(path))
        for pattern in PATTERNS:
            shot = make(portrait, Recipe(frame=FRAME, light=Light(pattern=pattern, strength=0.8)))
            worst[path.name, pattern] = shot.distance
    relit = {key: d for key, d in worst.items() if key[1] != "natural"}
    assert max(relit.values()) <= 0.20, max(relit, key=relit.get)
    plain = {key: d for key, d in worst.items() if key[1] == "natural"}
    assert max(plain.values()) <= 0.10, max(plain, key=plain.get)


def test_neutral_light_keeps_the_skins_colour(portraits, model_files):
    for path in portraits:
        portrait = analyse(read_photo(path))
        for kind in ("studio_grey", "paper", "office"):
            shot = make(portrait, Recipe(frame=FRAME, backdrop=Backdrop(kind=kind)))
            region = cheeks(shot.shot.face, shot.picture.shape[:2])
            before, after = (np.median(colour.to_lab(p)[region], 0) for p in (shot.shot.pixels, shot.picture))
            assert np.linalg.norm(before - after) <= 3, (path.name, kind)
