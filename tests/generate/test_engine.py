"""The engine, end to end on tiny models with random weights: every way to draw, and the same recipe draws the same."""

from __future__ import annotations

import gc
import time
import weakref
from importlib.util import find_spec

import numpy as np
import pytest
import tiny

from headshot_core import assets
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.generate import control, engine, models, pipelines, pose, safety
from headshot_core.generate.engine import Subject, generate
from headshot_core.generate.families import latents
from headshot_core.generate.jobs import Queue
from headshot_core.generate.rank import Judged
from headshot_core.photo import read_photo, read_provenance
from headshot_core.portrait import analyse
from headshot_core.presets import PARTS
from headshot_core.progress import CancelToken
from headshot_core.provenance import EDITED_WITH_AI, GENERATED
from headshot_core.recipe import Backdrop, Frame, Generate, Grade, Light, Lora, Pose, Recipe

pytestmark = [
    pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed"),
    pytest.mark.usefixtures("at_home"),
]
SMALL = (128, 160)
FRAME = Frame(width=SMALL[0], height=SMALL[1])


@pytest.fixture(scope="module")
def at_home(model_files, tmp_path_factory):
    """A home of its own, with the studio's model files, where a tiny SD 1.5 draws small pictures."""
    assets.fetch_all([*assets.SAFETY, *assets.UPSCALE])
    files, home = assets.home() / "models", tmp_path_factory.mktemp("home")
    (home / "models").mkdir()
    for file in files.iterdir():
        if file.is_file():
            (home / "models" / file.name).symlink_to(file)
    patch = pytest.MonkeyPatch()
    patch.setenv("HEADSHOT_HOME", str(home))
    tiny.install("sd15")
    small = {**vars(models.find("sd15")), "sizes": (SMALL,), "steps": 2}
    base = models.Base(**small)
    find, best = models.find, models.best_here
    patch.setattr(models, "find", lambda name: base if name == "sd15" else find(name))
    patch.setattr(models, "best_here", lambda *abilities: base if best(*abilities) else None)
    yield home
    patch.undo()
    pipelines.forget()


def wish(mode: str = "photo", **more) -> Recipe:
    """A recipe for one small picture."""
    own = {name: more.pop(name) for name in list(more) if name in Generate.model_fields and name not in PARTS}
    settings = Generate(**{"mode": mode, "count": 1, "shown": 1} | own)
    return Recipe(**{"frame": FRAME, "seed": 3, **more}, generate=settings)


@pytest.mark.parametrize("mode", ["photo", "keep", "restyle"])
def test_every_way_to_draw_from_a_photo_gives_pictures_of_the_frames_size(astronaut, mode):
    result = generate(Subject(astronaut), wish(mode, count=2, shown=1))
    assert [len(result.shown), len(result.more), result.withheld] == [1, 1, 0]
    for candidate in (*result.shown, *result.more):
        assert candidate.picture.shape == (*SMALL[::-1], 3)
        assert candidate.picture.dtype == np.uint8
        assert candidate.picture.std() > 5
    assert {candidate.seed for candidate in (*result.shown, *result.more)} == {3, 4}


def test_a_trained_person_is_drawn_without_any_photo(tmp_path):
    file = tiny.lora("sd15", tmp_path / "ada.safetensors", metadata={"trigger": "ohwx"})
    plain, adapted = (
        generate(Subject(), wish("person", loras=(Lora(file=str(file), weight=weight),))).shown[0] for weight in (0, 1)
    )
    assert (plain.picture != adapted.picture).any()


def test_the_same_recipe_gives_the_same_picture_and_the_saved_one_does_too(astronaut, tmp_path):
    first = generate(Subject(astronaut), wish(count=2, shown=2))
    again = generate(Subject(astronaut), wish(count=2, shown=2))
    for one, other in zip(first.shown, again.shown, strict=True):
        assert (one.picture == other.picture).all()
    second = next(candidate for candidate in first.shown if candidate.seed == 4)
    path = second.save(tmp_path / "me.png")
    kept = Recipe(**read_provenance(path).recipe)
    (anew,) = generate(Subject(astronaut), kept).shown
    assert (anew.picture == np.asarray(read_photo(path).image)).all()


def test_a_recipe_leaves_nothing_to_the_base_model(astronaut):
    settings = generate(Subject(astronaut), wish()).shown[0].recipe.generate
    assert (settings.base, settings.steps, settings.count) == ("sd15", 2, 1)
    assert settings.guidance == models.BASES["sd15"].guidance


def test_pictures_say_whether_they_were_drawn_or_edited(astronaut, tmp_path):
    for mode, source in (("photo", GENERATED), ("keep", EDITED_WITH_AI)):
        path = generate(Subject(astronaut), wish(mode)).shown[0].save(tmp_path / f"{mode}.png")
        assert read_provenance(path).source == source


@pytest.mark.parametrize("mode", ["keep", "restyle"])
def test_only_the_best_are_enlarged_at_once_and_the_others_give_the_same_picture_later(astronaut, mode):
    frame = Frame(width=192, height=240)
    result = generate(Subject(astronaut), wish(mode, count=2, shown=1, frame=frame))
    (best,), (other,) = result.shown, result.more
    assert best.seen.shape == (240, 192, 3)
    assert other.seen is other.draft
    assert other.draft.shape == (*SMALL[::-1], 3)
    (alone,) = generate(Subject(astronaut), other.recipe).shown
    assert (other.picture == alone.picture).all()
    assert other.seen is other.picture


def test_a_kept_head_is_not_turned(astronaut):
    posed = generate(Subject(astronaut), wish("keep", pose=Pose(name="three-quarter-left")))
    assert engine.HELD in posed.notes
    assert posed.shown[0].recipe.pose == Pose()
    (free,) = generate(Subject(astronaut), wish("keep")).shown
    assert (posed.shown[0].picture == free.picture).all()


def test_the_kept_face_is_the_photos_and_wins_the_likeness(astronaut):
    frame = Frame(width=512, height=640)
    (kept,) = generate(Subject(astronaut), wish("keep", frame=frame)).shown
    assert kept.judged.faces == 1
    assert kept.judged.likeness >= 70
    assert not kept.judged.copy


def test_wishes_change_the_picture(astronaut):
    plain = generate(Subject(astronaut), wish()).shown[0].picture
    others = {
        "light": wish(light=Light(pattern="split")),
        "pose": wish(pose=Pose(name="three-quarter-left")),
        "backdrop": wish(backdrop=Backdrop(kind="forest")),
        "look": wish(grade=Grade(look="black_and_white")),
        "likeness": wish(likeness=0.0),
        "seed": wish(seed=4),
    }
    for name, recipe in others.items():
        assert (generate(Subject(astronaut), recipe).shown[0].picture != plain).any(), name
    grey = generate(Subject(astronaut), others["look"]).shown[0].picture
    assert np.ptp(grey.astype(int), axis=2).max() <= 12


def test_noise_without_a_face_is_judged_in_words(astronaut):
    (candidate,) = generate(Subject(astronaut), wish()).shown
    assert candidate.judged.faces == 0
    assert candidate.judged.likeness is None
    assert "No face was drawn." in candidate.judged.notes


def test_progress_counts_every_step_and_brings_pictures_as_they_are_ready(astronaut):
    heard = []
    generate(Subject(astronaut), wish(count=3, steps=4), heard.append)
    steps = [(one.step, one.total) for one in heard if one.total and one.says.startswith("Drawing")]
    assert steps == [(i, 12) for i in range(1, 13)]
    assert sum(one.candidate is not None for one in heard) == 3
    assert any(one.preview is not None for one in heard)


def test_stopping_stops_within_a_step(astronaut):
    cancel, heard = CancelToken(), []

    def each(progress):
        heard.append(progress)
        if progress.step == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        generate(Subject(astronaut), wish(steps=50), each, cancel)
    assert max(one.step for one in heard) <= 2


def test_unsafe_pictures_are_withheld(astronaut, monkeypatch):
    verdicts = iter([safety.Verdict(0.9), safety.Verdict(0.0)])
    monkeypatch.setattr(safety, "check", lambda picture: next(verdicts))
    result = generate(Subject(astronaut), wish(count=2, shown=2))
    assert (result.withheld, [one.seed for one in result.shown]) == (1, [4])


def test_the_check_can_be_left_out_on_a_machine_of_ones_own_only(astronaut, monkeypatch):
    monkeypatch.setattr(safety, "check", lambda picture: safety.Verdict(0.9))
    assert generate(Subject(astronaut), wish()).withheld == 1
    assert len(generate(Subject(astronaut), wish(), checked=False).shown) == 1
    monkeypatch.setenv("SPACE_ID", "somebody/space")
    with pytest.raises(HeadshotError, match="cannot be left out"):
        generate(Subject(astronaut), wish(), checked=False)


def test_a_kept_head_is_held_in_no_other_pose(astronaut):
    plain, posed = (wish("keep", pose=Pose(name=name)) for name in ("free", "three-quarter-left"))
    one, other = (generate(Subject(astronaut), recipe).shown[0].picture for recipe in (plain, posed))
    assert (one == other).all()


def test_what_cannot_be_drawn_is_said_before_any_work(astronaut, monkeypatch):
    monkeypatch.setattr(pipelines, "run", lambda *arguments: pytest.fail("nothing was to be drawn"))
    for subject, recipe, words in (
        (Subject(), wish("photo"), "no photo"),
        (Subject(astronaut), wish("person"), "No trained model"),
        (Subject(astronaut), wish("person", loras=(Lora(file="nobody"),)), "no trained model 'nobody'"),
        (Subject(astronaut), wish("photo", base="z_image"), "not on this machine"),
        (Subject(astronaut), wish("photo", base="nonsense"), "nonsense"),
    ):
        with pytest.raises(HeadshotError, match=words):
            generate(subject, recipe)


def test_without_a_base_model_it_says_how_to_get_one(astronaut, monkeypatch, tmp_path):
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path))
    with pytest.raises(HeadshotError, match="No base model is on this machine.*models"):
        generate(Subject(astronaut), wish())


def test_the_demo_draws_with_its_light_held_and_none_to_begin_with(astronaut, monkeypatch, tmp_path):
    """Small, and enlarged to the frame. What a cartoon has no face for is left out, and said once."""
    base = tiny.install("micro")
    file = tiny.lora("micro", tmp_path / "dot.safetensors")
    monkeypatch.setitem(models.BASES, "micro", base)
    monkeypatch.setattr(engine.rank, "judge", lambda *given: Judged(points=1.0, faces=1))
    run, calls = pipelines.run, []
    monkeypatch.setattr(pipelines, "run", lambda base, call, *rest: calls.append(call) or run(base, call, *rest))
    wishes = {"base": "micro", "steps": 3, "light": Light(pattern="loop"), "frame": Frame(width=160, height=200)}
    for mode in ("restyle", "keep"):
        (made,) = generate(Subject(astronaut), wish(mode, **wishes)).shown
        assert (made.draft.shape, made.picture.shape) == ((64, 51, 3), (200, 160, 3))
        assert not made.notes
    (made,) = generate(Subject(), wish("person", loras=(Lora(file=str(file)),), relight=True, **wishes)).shown
    assert made.notes == ("No face was found in the drawn picture: it was not relit.",)
    assert all([one.kind for one in call.controls] == ["light"] for call in calls)
    assert [call.light for call in calls] == [None] * 3
    dark = {**wishes, "light": Light(pattern="natural")}
    assert not control.controls(wish("person", **dark), (64, 64), base)


def test_a_base_is_asked_for_what_it_can(monkeypatch):
    able = {mode: engine.NEEDS[mode][0] for mode in engine.NEEDS}
    assert set(able) == {"person", "photo", "keep", "restyle"}
    known = {ability for base in models.BASES.values() for ability in base.can}
    assert {ability for abilities in able.values() for ability in abilities} <= known


@pytest.mark.parametrize(
    ("frame", "size"), [("portrait", (896, 1152)), ("linkedin", (1024, 1024)), ("speaker", (1216, 832))]
)
def test_the_drawing_has_the_base_models_own_size_nearest_to_the_frames_shape(frame, size):
    assert engine.drawing_size(models.BASES["sdxl"], Frame(name=frame)) == size


def test_the_base_model_is_shown_head_and_shoulders(astronaut):
    shown = read_photo(engine.reference(astronaut))
    from headshot_core.face.landmarks import find_faces
    from headshot_core.pyramid import Pyramid

    (face,) = find_faces(Pyramid(np.asarray(shown.image)))
    assert shown.width == shown.height == engine.REFERENCE
    assert face.head_height / shown.height == pytest.approx(engine.HEAD_SHARE, abs=0.06)
    assert abs(face.eye_centre[0] / shown.width - 0.5) < 0.03


def test_a_deleted_photo_is_nowhere_any_more(astronaut_photo, tmp_path):
    """Neither with the pictures drawn of it, nor in what is kept for speed; not even where it was being drawn."""
    owner, queue = "an owner's word, long enough", Queue()
    portrait, copied = analyse(astronaut_photo), tmp_path / "pose.jpg"
    astronaut_photo.image.save(copied)
    for recipe in (wish(), wish("keep", count=2), wish(pose=Pose(name="photo", image=str(copied))), wish(steps=60)):
        job = queue.add(owner, Subject(portrait), recipe)
    while job.step < 2:
        job.wait(job.turn, 20)
    alive = weakref.ref(portrait)
    queue.forget(owner)
    while not job.over:
        job.wait(job.turn, 20)
    assert job.state == "stopped"
    del portrait
    deadline = time.monotonic() + 20
    while (latents._read or latents._encoded or (gc.collect() and alive())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive() is None
    assert not latents._read
    assert not latents._encoded
    assert not pose._looked_at.cache_info().currsize
