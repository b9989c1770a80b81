"""Preparation: level, neutral crops of a person alone, in thirds, with weights; none both learnt from and judged by."""

import re
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from train.test_captions import FACIAL

from headshot_core import colour
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.face.landmarks import find_faces
from headshot_core.gate import Checked, Gate, Reason
from headshot_core.people import About, People, Person
from headshot_core.photo import read_photo, to_bytes
from headshot_core.portrait import Portrait, analyse
from headshot_core.progress import CancelToken
from headshot_core.pyramid import Pyramid
from headshot_core.train import captions, crops, dataset, prepare
from headshot_core.train.settings import Training

EXAMPLE = Path(__file__).parents[2] / "presets" / "example.jpg"
SIDE = 192
pytestmark = pytest.mark.usefixtures("model_files")


def example() -> np.ndarray:
    return np.asarray(Image.open(EXAMPLE).convert("RGB"))


def turned(degrees: float) -> np.ndarray:
    """The example leaning clockwise."""
    matrix = cv2.getRotationMatrix2D((256, 256), -degrees, 1.0)
    return cv2.warpAffine(example(), matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)


def far() -> np.ndarray:
    """The example in a picture of twice its size, with room above and beside."""
    return cv2.copyMakeBorder(example(), 512, 0, 256, 256, cv2.BORDER_REPLICATE)


def close() -> np.ndarray:
    """The example's head alone."""
    return cv2.resize(example()[:290, 60:380], None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)


def lit(stops: float) -> np.ndarray:
    """The example in other light."""
    return to_bytes(colour.to_srgb(colour.to_linear(example().astype(np.float32) / 255) * 2**stops))


PICTURES = {
    "plain": example, "leaning": lambda: turned(9), "mirrored": lambda: example()[:, ::-1].copy(), "far": far,
    "farther": lambda: far()[200:, 100:900].copy(), "close": close,
}  # fmt: skip


FOUR = ("plain", "leaning", "mirrored", "far")


def person_of(folder: Path, pictures: dict[str, np.ndarray], traits: dict | None = None) -> Person:
    """A person with these photos, all of them accepted."""
    person = People(folder).add(About(name="Eileen", noun="woman", consent=True))
    for name, pixels in pictures.items():
        path = folder / f"{name}.png"
        Image.fromarray(pixels).save(path)
        person.add_photo(path.read_bytes(), path.name)
    checked(person, traits)
    return person


def checked(person: Person, traits: dict | None = None, bad: tuple[str, ...] = ()) -> None:
    """Let the gate have said this."""
    blurred = (Reason("blurred", "The face is out of focus.", "Take it again.", True),)
    usual = {"angle": "front", "quality": 0.5, "yaw": 0.0, "pitch": 0.0, "background": 1}
    photos = [
        Checked(
            path.name, "reject" if path.name in bad else "accept", blurred if path.name in bad else (), None,
            usual | (traits or {}).get(path.name, {}),
        )
        for path in person.photos
    ]  # fmt: skip
    good = tuple(photo.name for photo in photos if photo.good)
    person._keep("gate.json", {"photos": person._state(), "gate": Gate(tuple(photos), (), good).to_dict()})


@pytest.fixture(scope="module")
def person(tmp_path_factory, model_files) -> Person:
    return person_of(tmp_path_factory.mktemp("people"), {name: make() for name, make in PICTURES.items()})


@pytest.fixture(scope="module")
def small(tmp_path_factory, model_files) -> Person:
    """The same with less to compute: four photos of half the size."""
    pictures = {name: cv2.resize(PICTURES[name](), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for name in FOUR}
    return person_of(tmp_path_factory.mktemp("people"), pictures)


@pytest.fixture(scope="module")
def made(person, tmp_path_factory) -> tuple[Path, list[dataset.Example]]:
    folder = tmp_path_factory.mktemp("photos")
    return folder, prepare.prepare(person, Training(resolution=SIDE), folder)


def face_in(folder: Path, one: dataset.Example):
    """The face of a prepared picture."""
    return find_faces(Pyramid(dataset.picture(folder, one)))[0]


# Which photos.


def test_the_gates_photos_are_taken_but_for_those_left_out(person):
    names = [path.name for path in prepare.photos_of(person, Training(leave_out=("0001-plain.jpg",)))]
    assert names == [path.name for path in person.photos][1:]


def test_too_few_photos_are_refused_with_the_gates_reasons(tmp_path):
    person = person_of(tmp_path, {"a": example(), "b": turned(5), "c": far()})
    checked(person, bad=("0001-a.jpg",))
    with pytest.raises(HeadshotError) as error:
        prepare.photos_of(person, Training())
    assert "3 photos were given, 2 can be used: 0001-a.jpg: The face is out of focus." in error.value.what
    assert "At least 3" in error.value.todo


def test_a_person_without_photos_or_consent_is_refused(tmp_path):
    person = People(tmp_path).add(About(name="Nobody", consent=True))
    with pytest.raises(HeadshotError, match="no photo"):
        prepare.photos_of(person, Training())
    (person.folder / "person.json").write_text(About(name="Nobody").model_dump_json())
    with pytest.raises(HeadshotError, match="Consent"):
        prepare.photos_of(person, Training())


# The pictures.


def test_sizes_are_buckets_and_pixels_as_many_as_asked_for(made):
    for one in made[1]:
        assert one.size in crops.buckets(SIDE)
        assert dataset.picture(made[0], one).shape[1::-1] == one.size


@pytest.mark.parametrize("resolution", [64, 80, 96, 128, 256, 512, 768, 1024, 1536])
def test_buckets(resolution):
    sizes = crops.buckets(resolution)
    step = 64 if resolution >= 512 else 16
    assert any(width == height for width, height in sizes)
    assert all(width % step == 0 == height % step for width, height in sizes)
    assert all(abs(width * height / resolution**2 - 1) <= 0.1 for width, height in sizes)


def test_eyes_are_level_and_the_face_is_whole(made):
    for one in made[1]:
        face, (width, height) = face_in(made[0], one), one.size
        assert abs(face.roll) < 1.2, one.name
        x0, y0, x1, y1 = face.box
        assert min(x0, y0, width - x1, height - y1) > 0, one.name
        assert face.crown[1] > 0, one.name


def test_a_third_each_as_far_as_the_photos_show(made):
    counts = Counter(one.crop for one in made[1] if not one.held_out)
    assert len(counts) == 3
    assert max(counts.values()) - min(counts.values()) <= 1
    shares = {kind: crops.KINDS[kind] for kind in counts}
    for one in made[1]:
        share = face_in(made[0], one).head_height / one.size[1]
        assert 0.9 * shares[one.crop].least < share < 1.1 * shares[one.crop].most, one.name


def test_a_head_alone_gives_no_more_than_the_head(model_files):
    found = crops.cuts(analyse(read_photo(Image.fromarray(close()))), SIDE)
    assert list(found) == ["head"]


def test_crops_lie_in_the_photo_and_keep_the_hair(astronaut):
    for cut in crops.cuts(astronaut, 256).values():
        back = cv2.invertAffineTransform(cut.matrix)
        width, height = cut.size
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
        there = corners @ back[:, :2].T + back[:, 2]
        assert (there > -0.6).all()
        assert (there < 511.6).all()
        top = cut.matrix @ [*astronaut.face.eye_centre[:1], astronaut.hair_top, 1]
        assert top[1] > 0


def test_a_small_photo_goes_into_a_smaller_bucket_rather_than_be_blown_up(astronaut):
    for cut in crops.cuts(astronaut, 1024).values():
        assert cut.scale <= crops.ENLARGED
        assert cut.size in [size for share in crops.SMALLER for size in crops.buckets(round(1024 * share))]
    assert any(cut.size in crops.buckets(512) for cut in crops.cuts(astronaut, 1024).values())


def test_somebody_elses_head_stays_outside():
    two = np.hstack([example()[:, 40:380], example()[:, 40:380]])
    portrait = analyse(read_photo(Image.fromarray(two)))
    assert len(portrait.faces) == 2
    for cut in crops.cuts(portrait, SIDE).values():
        other = portrait.faces[1].moved(cut.matrix)
        x0, y0, x1, y1 = other.box
        width, height = cut.size
        assert x1 < 0 or y1 < 0 or x0 > width or y0 > height


def test_weights_tell_face_person_and_background(made):
    for one in made[1]:
        weight, face = dataset.weights(made[0], one), face_in(made[0], one)
        nose = face.points[1, :2].round().astype(int)
        assert weight.shape == one.size[::-1]
        assert weight[nose[1], nose[0]] == dataset.FACE
        assert min(weight[2, 2], weight[2, -3]) == dataset.BEHIND
        chest = min(one.size[1] - 2, round(float(face.chin[1] + 0.5 * face.head_height)))
        if one.crop != "head":
            assert weight[chest, round(float(face.chin[0]))] == dataset.PERSON


def test_the_box_tells_where_the_crop_lies(made):
    one = next(one for one in made[1] if one.photo == "0004-far.jpg")
    assert one.crop == "wide"
    x0, y0, x1, y1 = one.box
    assert 0 <= x0 < 0.5 < x1 <= 1
    assert 0 <= y0 < 0.6 < y1 <= 1


def cast(pixels: np.ndarray) -> float:
    """How far the grey patch in a corner of the picture is from grey, in CIELAB."""
    lab = colour.to_lab(pixels)[4:12, 4:12]
    return float(np.linalg.norm(lab[..., 1:].mean((0, 1))))


def test_a_colour_cast_is_taken_out_gently(model_files):
    yellow = np.float32([1.25, 1.0, 0.6])
    grey = np.full((640, 640, 3), 128, np.uint8)
    grey[128:, 64:576] = example()
    tinted = to_bytes(colour.to_srgb(colour.to_linear(grey.astype(np.float32) / 255) * yellow))
    study = prepare.Study(analyse(read_photo(Image.fromarray(tinted))))
    steps, notes = prepare._mending(study, False)
    cut = crops.cuts(study.portrait, SIDE)["half"]
    window = prepare.Window(study, cut.matrix, cut.size)
    after = prepare._pixels(window, cut, steps, False, [], CancelToken())
    assert cast(after) < 0.6 * cast(window.photo)
    assert notes == ["The light's colour was made neutral."]


# Held out.


def test_a_held_out_photo_is_in_no_picture_to_learn_from(made):
    held = {one.photo for one in made[1] if one.held_out}
    assert len(held) == 1
    assert not held & {one.photo for one in made[1] if not one.held_out}


def test_the_typical_are_held_out_and_none_that_is_alone_in_its_angle(person):
    names = [path.name for path in person.photos]
    traits = {
        names[0]: {"angle": "left", "quality": 0.99},
        names[1]: {"quality": 0.9},
        names[2]: {"quality": 0.8},
        names[3]: {"quality": 0.95, "yaw": 13.0},
    }
    plans = [
        prepare.Plan(path, {}, True, {"angle": "front", "quality": 0.1, "yaw": 0.0} | traits.get(path.name, {}))
        for path in person.photos
    ]

    def held(share: float, number: int = 6) -> list[str]:
        return [plan.path.name for plan in prepare._held_out(plans[:number], Training(held_out=share)) if plan.held_out]

    assert held(0.15) == [names[1]]
    assert held(0.34) == names[1:3]
    assert held(0.0) == []
    assert len(held(0.01, 5)) == 1
    assert held(0.5, 3) == []  # as many as can be learnt from are left


# Balance.


def plan(name: str, *kinds: str, **more) -> prepare.Plan:
    cuts = {kind: crops.Cut(kind, np.eye(3)[:2], (64, 64), crops.KINDS[kind].best, 1.0, 0.0, 0.1) for kind in kinds}
    return prepare.Plan(Path(name), cuts, True, {}, **more)


def counts(plans: list[prepare.Plan], held_out: bool | None = None) -> Counter:
    return Counter(kind for one in plans for kind in one.chosen if held_out in (None, one.held_out))


def test_photos_that_can_give_few_kinds_choose_first():
    plans = [plan(f"{i}.jpg", "wide", "half", "head") for i in range(6)]
    plans += [plan(f"{i}.jpg", "head") for i in range(6, 9)]
    assert counts(prepare._chosen(plans)) == {"head": 3, "half": 3, "wide": 3}


def test_pictures_to_learn_from_are_balanced_by_themselves():
    plans = [plan(f"{i}.jpg", "wide", "half", "head", held_out=i < 3) for i in range(12)]
    assert counts(prepare._chosen(plans), False) == {"head": 3, "half": 3, "wide": 3}


def test_in_a_small_set_a_photo_gives_two_that_differ_and_no_more():
    plans = prepare._chosen([plan("a", "head"), plan("b", "head"), plan("c", "wide", "half", "head")])
    assert counts(plans) == {"head": 2, "half": 0, "wide": 1} or counts(plans)["half"] == 1
    assert max(len(one.chosen) for one in plans) <= 2
    many = prepare._chosen([plan(str(i), "head") for i in range(7)] + [plan("x", "wide", "half", "head")])
    assert all(len(one.chosen) == 1 for one in many)


# Captions.


def test_captions_name_what_is_seen_and_never_the_face(made):
    for one in made[1]:
        assert one.caption.startswith("photo of ohwx woman, ")
        assert "ohwx" not in one.class_caption
        assert "a woman" in one.class_caption
        assert not re.search(FACIAL, one.caption), one.caption
        assert len(re.findall(r"\w+|[^\w\s]", one.caption)) <= 60


def test_a_caption_of_ones_own_without_the_trigger_is_refused(person, tmp_path):
    with pytest.raises(HeadshotError, match="lacks the word"):
        prepare.prepare(person, Training(resolution=64, captions={"0001-plain.jpg": "in orange"}), tmp_path)


# The rest of what is promised.


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_gives_the_same_bytes_with_other_backgrounds_and_own_words_too(small, tmp_path, monkeypatch):
    own = {"0001-plain.jpg": "ohwx woman in orange"}
    training = Training(resolution=64, held_out=0.0, backgrounds=True, captions=own, leave_out=("0002-leaning.jpg",))
    first, second = tmp_path / "1", tmp_path / "2"
    for folder, kept in ((first, 1e9), (second, 0)):  # in memory, and read twice
        folder.mkdir()
        monkeypatch.setattr(prepare, "KEPT", kept)
        prepared = prepare.prepare(small, training, folder)
    assert files(first) == files(second)
    assert dataset.read(first) == prepared
    replaced = [one for one in prepared if any("Another background" in note for note in one.notes)]
    assert len({one.photo for one in replaced}) == 1
    theirs = [one for one in prepared if one.photo in own]
    assert {(one.caption, one.class_caption) for one in theirs} == {("ohwx woman in orange", "a woman in orange")}
    assert all("background of " in one.caption for one in replaced if one not in theirs)


def test_another_background_leaves_the_person_as_photographed(astronaut):
    cut = crops.cuts(astronaut, 256)["half"]
    window = prepare.Window(prepare.Study(astronaut), cut.matrix, cut.size)
    recipe = prepare.Recipe(backdrop=prepare.Backdrop(kind="paper", colour="#2f62c4"))
    picture = prepare._before(window, window.photo, recipe)
    inside, behind = window.person > 0.99, window.person < 0.01
    inside = cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert np.abs(picture - window.photo)[inside].mean() < 0.02
    red, _, blue = np.median(picture[behind], 0)
    assert blue > red + 0.2


def test_rescue_mends_light_and_leaves_the_skin(model_files):
    dark = analyse(read_photo(Image.fromarray(lit(-2.5))))
    steps, notes = prepare._mending(prepare.Study(dark), True)
    assert [step.tool for step in steps][-1] == "tone"
    assert steps[-1].exposure > 0.5
    assert {step.tool for step in steps} <= {"jpeg", "denoise", "tone"}
    assert "Exposure and contrast were mended." in notes
    plain, _ = prepare._mending(prepare.Study(dark), False)
    assert plain[-1].exposure == 0


def test_a_damaged_photo_is_done_without_while_enough_are_left(small, tmp_path, monkeypatch):
    said, read = [], prepare.read_photo

    def broken(path):
        return read(path if path.name != "0002-leaning.jpg" else b"\xff\xd8\xff nothing")

    monkeypatch.setattr(prepare, "read_photo", broken)
    training = Training(resolution=64, held_out=0.0)
    prepared = prepare.prepare(small, training, tmp_path, lambda step, total, what: said.append((step, total, what)))
    assert {one.photo for one in prepared} == {"0001-plain.jpg", "0003-mirrored.jpg", "0004-far.jpg"}
    assert any(what.startswith("Left out 0002-leaning.jpg: ") for _, _, what in said)
    assert "Preparing 3 of 3" in [what for _, _, what in said]
    assert said[-1][:2] == (8, 8)


def test_too_few_photos_that_can_be_used_are_told_by_name(person, tmp_path, monkeypatch):
    def broken(path):
        raise HeadshotError("The photo is damaged.", "Copy it again.")

    monkeypatch.setattr(prepare, "read_photo", broken)
    with pytest.raises(HeadshotError, match="0002-leaning.jpg: The photo is damaged"):
        prepare.prepare(person, Training(resolution=64), tmp_path)


def test_it_stops_when_asked_to_and_leaves_no_index(person, tmp_path):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        prepare.prepare(person, Training(resolution=64), tmp_path, cancel=cancel)
    assert not (tmp_path / dataset.INDEX).exists()


def test_real_portraits_give_level_whole_faces(portraits):
    seen = 0
    for path in portraits:
        try:
            portrait: Portrait = analyse(read_photo(path))
        except HeadshotError:
            continue
        for cut in crops.cuts(portrait, 512).values():
            face, (width, height) = portrait.face.moved(cut.matrix), cut.size
            x0, y0, x1, y1 = face.box
            assert min(x0, width - x1) > -0.5, path.name
            assert y0 > 0, path.name
            assert y1 < height + 0.06 * face.head_height, path.name  # as far as the photo shows the chin
            assert abs(face.roll) < 1 or cut.share > 0.8, path.name  # so tight a photo cannot be turned
            seen += 1
    assert seen
    assert captions.NOUNS
