"""The whole engine on a real photo: same person, same skin, new room; the same recipe gives the same bytes."""

import gc
import weakref

import numpy as np
import pytest

from headshot_core import colour
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.face.regions import cheeks
from headshot_core.portrait import analyse
from headshot_core.progress import CancelToken
from headshot_core.recipe import Backdrop, Frame, Grade, Light, Recipe
from headshot_core.studio.backdrops import BACKDROPS, own
from headshot_core.studio.engine import forget, make
from headshot_core.studio.framing import FRAMES
from headshot_core.studio.grade import LOOKS
from headshot_core.studio.light import PATTERNS

SMALL = Frame(width=320, height=400)


def test_the_same_recipe_gives_the_same_bytes(astronaut):
    recipe = Recipe(frame=SMALL, light=Light(pattern="loop"), grade=Grade(look="film"), seed=7)
    first = make(astronaut, recipe).picture
    assert np.array_equal(first, make(analyse(astronaut.photo), recipe).picture)
    other = make(astronaut, recipe.model_copy(update={"seed": 8})).picture
    assert not np.array_equal(first, other)


def test_a_preview_shows_what_the_result_will_be(astronaut):
    recipe = Recipe(frame=Frame(width=640, height=800), light=Light(pattern="short"))
    large = make(astronaut, recipe).picture
    small = make(astronaut, recipe.model_copy(update={"frame": SMALL})).picture
    shrunk = large.reshape(400, 2, 320, 2, 3).mean((1, 3))
    assert np.abs(shrunk - small).mean() < 0.02


@pytest.mark.parametrize("name", FRAMES)
def test_every_frame_has_its_size(astronaut, name):
    rule = FRAMES[name]
    frame = Frame(name=name, height=160)
    picture = make(astronaut, Recipe(frame=frame)).picture
    assert picture.shape == (160, round(160 * rule.width / rule.height), 3)
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1


@pytest.mark.parametrize("kind", BACKDROPS)
def test_every_backdrop_stands_behind_and_the_person_in_front(astronaut, kind):
    if kind == "image":
        pytest.skip("needs a picture of the user's: see test_backdrops")
    shot = make(astronaut, Recipe(frame=SMALL, backdrop=Backdrop(kind=kind)))
    face = cheeks(shot.shot.face, shot.picture.shape[:2])
    assert np.abs(shot.picture - shot.shot.foreground)[face].mean() < 0.06
    assert shot.picture[:40].std() > 0.001


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_works(astronaut, look):
    assert make(astronaut, Recipe(frame=SMALL, grade=Grade(look=look))).picture.std() > 0.1


def cheek_shift(portrait, recipe) -> float:
    """Median CIELAB distance of the cheeks between photo and picture."""
    shot = make(portrait, recipe)
    region = cheeks(shot.shot.face, shot.picture.shape[:2])
    before, after = (colour.to_lab(p)[region] for p in (shot.shot.pixels, shot.picture))
    return float(np.linalg.norm(np.median(before, 0) - np.median(after, 0)))


@pytest.mark.parametrize("kind", ["studio_grey", "paper", "office", "original"])
def test_neutral_light_and_grade_keep_the_skins_colour(astronaut, kind):
    assert cheek_shift(astronaut, Recipe(frame=SMALL, backdrop=Backdrop(kind=kind))) <= 3


def test_without_relighting_the_face_is_the_photos(astronaut):
    assert make(astronaut, Recipe()).distance <= 0.10


@pytest.mark.parametrize("pattern", PATTERNS)
def test_under_any_light_the_face_stays_the_persons(astronaut, pattern):
    shot = make(astronaut, Recipe(light=Light(pattern=pattern, strength=1.0)))
    assert shot.distance <= 0.20
    assert shot.likeness >= 80


def test_the_own_background_is_kept_or_blurred(astronaut):
    kept = make(astronaut, Recipe(frame=SMALL, backdrop=Backdrop(kind="original")))
    soft = make(astronaut, Recipe(frame=SMALL, backdrop=Backdrop(kind="original_blur", blur=0.8)))
    behind = kept.shot.alpha < 0.01
    assert np.abs(kept.picture - kept.shot.pixels)[behind].mean() < 0.01

    def sharpness(picture):
        return float(np.abs(np.diff(picture.mean(-1), axis=1))[behind[:, 1:]].mean())

    assert sharpness(soft.picture) < 0.75 * sharpness(kept.picture)


def test_progress_is_told_and_a_cancel_is_heard(astronaut):
    steps = []
    make(astronaut, Recipe(frame=SMALL), report=lambda *step: steps.append(step))
    assert [step for step, _, _ in steps] == sorted({step for step, _, _ in steps})
    assert steps[-1][0] == steps[-1][1]
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        make(astronaut, Recipe(frame=SMALL), cancel=token)


@pytest.mark.parametrize(
    "wrong",
    [
        {"frame": Frame(name="nope")},
        {"backdrop": Backdrop(kind="nope")},
        {"light": Light(pattern="nope")},
        {"grade": Grade(look="nope")},
    ],
)
def test_an_unknown_name_is_a_sentence_and_not_a_traceback(astronaut, wrong):
    with pytest.raises(HeadshotError, match="nope"):
        make(astronaut, Recipe(**wrong))


def test_forgetting_frees_the_portrait_and_the_users_own_backdrop(astronaut_photo, tmp_path):
    """Delete means deleted, in memory too."""
    wall = tmp_path / "wall.png"
    astronaut_photo.image.resize((120, 150)).save(wall)
    portrait = analyse(astronaut_photo)
    make(portrait, Recipe(frame=SMALL, backdrop=Backdrop(kind="image", image=str(wall)), light=Light(pattern="split")))
    trace = weakref.ref(portrait)
    del portrait
    assert own._read.cache_info().currsize
    forget()
    gc.collect()
    assert trace() is None
    assert not own._read.cache_info().currsize
