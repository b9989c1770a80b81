"""The gate: every planted fault is found, good photos pass, and what is said of the set is true."""

import json
import threading
from pathlib import Path

import numpy as np
import planted
import pytest
from PIL import Image, ImageEnhance

from headshot_core.enhance.view import Study
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.gate import Checked, Gate, Reason, check_photos, contact_sheet, variety
from headshot_core.gate.alike import company
from headshot_core.gate.one import see
from headshot_core.photo import read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.progress import CancelToken

EXAMPLE = Path(__file__).parents[2] / "presets" / "example.jpg"
pytestmark = pytest.mark.usefixtures("model_files")


@pytest.fixture(scope="module")
def good() -> Portrait:
    """The example at twice its size: 86 pixels between the eyes."""
    image = Image.open(EXAMPLE).convert("RGB").resize((1024, 1024), Image.Resampling.LANCZOS)
    return analyse(read_photo(planted.jpeg(image, 95)))


def codes(picture: planted.Pixels | Image.Image) -> set[str]:
    """What is said against a picture; fatal ones end in an exclamation mark."""
    return {reason.code + "!" * reason.fatal for reason in see("a.jpg", planted.jpeg(picture, 93)).checked.reasons}


# One photo.


def test_a_good_photo_is_accepted_with_its_traits(good):
    checked = see("a.jpg", planted.jpeg(good.photo.image)).checked
    assert (checked.verdict, checked.reasons) == ("accept", ())
    assert max(checked.thumbnail.size) == 320
    traits = checked.traits
    assert (traits["angle"], traits["expression"], traits["distance"]) == ("front", "broad smile", "half")
    assert traits["inter_eye"] == pytest.approx(86, abs=2)
    assert not traits["glasses"]
    assert 0.5 < traits["quality"] <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "plant"),
    [
        ("blurred!", lambda good: planted.blurred(good, 0.06)),
        ("shaken!", lambda good: planted.shaken(good, 0.25, 0)),
        ("shaken!", lambda good: planted.shaken(good, 0.25, 90)),
        ("too_dark!", lambda good: planted.exposed(good, -3.2)),
        ("too_bright!", lambda good: planted.exposed(good, 2)),
        ("too_small!", lambda good: planted.far_away(good, 16)),
        ("covered!", planted.sunglasses),
        ("covered!", planted.mouth_mask),
        ("covered!", lambda good: planted.mouth_mask(good, (0.06, 0.06, 0.07))),
        ("covered!", planted.hand),
        ("screenshot!", planted.screenshot),
        ("screenshot!", lambda good: planted.screenshot(good, dark=True)),
        ("drawing!", planted.painting),
        ("drawing!", planted.cartoon),
        ("drawing!", planted.posterised),
        ("drawing!", planted.sketch),
        ("several!", lambda good: planted.pair(good, good)),
        ("bystander", lambda good: planted.bystander(good, good, 0.35)),
    ],
)
def test_a_planted_fault_is_found(good, code, plant):
    assert code in codes(plant(good))


def test_half_a_fault_leaves_a_photo_usable(good):
    assert codes(planted.blurred(good, 0.03)) == {"blurred"}
    assert codes(planted.exposed(good, -1.8)) == {"too_dark"}


def test_a_small_face_in_the_background_is_only_a_note(good):
    checked = see("a.jpg", planted.jpeg(planted.bystander(good, good, 0.15))).checked
    assert checked.verdict == "accept"
    assert checked.traits["notes"] == ["There is a small face in the background."]


def test_black_bars_are_to_be_cropped_and_a_plain_backdrop_is_no_bar(good):
    image = good.photo.image
    framed = Image.new("RGB", (image.width * 2, image.height))
    framed.paste(image, (image.width // 2, 0))
    assert codes(framed) == {"bars"}
    person = Study(good).whole().person[..., None]
    assert codes(1 + person * (planted.pixels_of(good) - 1)) == set()  # on white paper, clipped


def test_what_is_no_photo_of_a_person_is_rejected_with_the_reason(good):
    noise = np.random.default_rng(0).uniform(0.3, 0.7, (400, 400, 3)).astype(np.float32)
    for data, code in ((b"nope", "unreadable"), (planted.jpeg(noise), "no_face")):
        checked = see("a.jpg", data).checked
        assert (checked.verdict, checked.reasons[0].code) == ("reject", code)
        assert all((checked.reasons[0].says, checked.reasons[0].advice))
    cut = good.photo.image.crop((0, int(good.face.eye_centre[1]), 1024, 1024))
    assert see("a.jpg", planted.jpeg(cut)).checked.verdict == "reject"


# A set.


def test_of_copies_the_better_one_stays(good):
    image = good.photo.image
    copies = {
        "original.jpg": planted.jpeg(image, 95),
        "re-encoded.jpg": planted.jpeg(image, 50),
        "cropped.jpg": planted.jpeg(image.crop((40, 25, 990, 980))),
        "brighter.jpg": planted.jpeg(ImageEnhance.Brightness(image).enhance(1.25)),
    }
    gate = check_photos(list(copies.items()))
    kept = [photo.name for photo in gate.photos if photo.good]
    assert len(kept) == 1
    assert gate.recommended == tuple(kept)
    rejected = [photo for photo in gate.photos if not photo.good]
    assert all(photo.reasons[0].code == "duplicate" and kept[0] in photo.reasons[0].says for photo in rejected)
    assert "Add 7 more good photos: 8 to 20 are best." in gate.advice


def test_the_order_and_unlike_names_are_kept_and_progress_is_told(good, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "me.jpg").write_bytes(planted.jpeg(good.photo.image.resize((600, 600))))
    steps, seen = [], []
    paths = [tmp_path / "one" / "me.jpg", tmp_path / "gone.jpg", tmp_path / "two" / "me.jpg"]
    gate = check_photos(paths, lambda *step: steps.append(step), each=seen.append)
    assert [photo.name for photo in gate.photos] == ["me.jpg", "gone.jpg", "me (2).jpg"]
    assert [photo.name for photo in seen] == ["me.jpg", "gone.jpg", "me (2).jpg"]
    assert [step[:2] for step in steps] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_nothing_to_check_is_said_and_stopping_stops(good):
    with pytest.raises(HeadshotError, match="no photo"):
        check_photos([])
    cancel, looked = CancelToken(), []

    def report(step, total, message):
        looked.append(threading.get_ident())
        cancel.cancel()

    with pytest.raises(Cancelled):
        check_photos([(f"{n}.jpg", b"nope") for n in range(9)], report, cancel)
    assert len(looked) == 1


def test_the_gate_is_plain_data_and_comes_back_from_it(good):
    gate = check_photos([("a.jpg", planted.jpeg(good.photo.image)), ("b.jpg", b"nope")])
    data = json.loads(json.dumps(gate.to_dict()))
    again = Gate.from_dict(data)
    assert again.to_dict() == gate.to_dict()
    assert again.photos[1].reasons == gate.photos[1].reasons


def test_one_wrong_person_in_twelve_is_found_and_nobody_else():
    random = np.random.default_rng(3)
    person, other = (random.normal(0, 1, 128) for _ in range(2))
    person, other = person / np.linalg.norm(person), other / np.linalg.norm(other)

    def photo(of):
        away = random.normal(0, 1, 128)
        return (of + 0.25 * away / np.linalg.norm(away)).astype(np.float32)  # two of one person lie 0.35 apart

    stranger = person + 0.55 * (other - person) / np.linalg.norm(other - person)
    found = company([*(photo(person) for _ in range(7)), photo(stranger), *(photo(person) for _ in range(4))])
    assert found.strangers == (7,)
    assert found.doubtful == ()
    assert len(found.group) == 11


def test_where_no_two_look_alike_nobody_is_called_a_stranger():
    assert company(list(np.eye(3, 128, dtype=np.float32))).strangers == ()
    assert company([]).group == ()


# What the set has, and lacks.


def traits(**changed) -> dict:
    usual = {"angle": "front", "light": "neutral, left", "expression": "no smile", "distance": "half"}
    return usual | {"background": 1, "quality": 0.8} | changed


def test_the_advice_says_how_many_more_of_what():
    lines = " ".join(variety.advice([traits() for _ in range(9)]))
    assert "more good photo" not in lines
    assert "2 turned to the left and 2 to the right" in lines
    assert "add 2 with a smile" in lines
    assert "2 of head and shoulders and 1 of the whole body" in lines
    assert "Light: 1 kind so far; add 2 others" in lines
    assert "Backgrounds: 1 so far" in lines


def test_a_set_that_has_it_all_gets_no_advice():
    angles = ["front"] * 4 + ["left"] * 3 + ["right"] * 3
    distances = ["close-up"] * 4 + ["half"] * 4 + ["full"] * 2
    rows = [
        traits(angle=a, distance=d, background=n % 3, light=f"{n % 3}", expression=("no smile", "slight smile")[n % 2])
        for n, (a, d) in enumerate(zip(angles, distances, strict=True), 1)
    ]
    rows[2]["background"] = 4
    assert variety.advice(rows) == []


def test_the_recommended_are_the_best_that_differ_most_and_twenty_at_the_most():
    many = [(f"{n}", traits(quality=0.5 + n / 100), True) for n in range(30)]
    many.append(("smile", traits(quality=0.5, expression="broad smile"), True))
    chosen = variety.recommended(many)
    assert len(chosen) == 20
    assert chosen[0] == "29"
    assert "smile" in chosen
    accepted = [(f"{n}", traits(), True) for n in range(10)]
    assert "poor" not in variety.recommended([*accepted, ("poor", traits(quality=0.2), False)])
    assert "poor" in variety.recommended([*accepted[:3], ("poor", traits(quality=0.2), False)])


# The contact sheet.


def test_the_contact_sheet_has_a_card_for_each_photo_with_its_verdicts_colour():
    reason = Reason("blurred", "The face is out of focus. " * 9, "Again.", True)
    photos = [Checked(f"{'long' * 20}{n}.jpg", "accept", (), Image.new("RGB", (320, 200), "navy")) for n in range(7)]
    photos.append(Checked("b.jpg", "reject", (reason,), None))
    sheet = contact_sheet(Gate(tuple(photos), ("Add 2 with a smile.",), (photos[0].name,)))
    colours = {colour for _, colour in sheet.getcolors(1 << 20)}
    assert {(0x2F, 0x8F, 0x5B), (0xBF, 0x3F, 0x3B), (0, 0, 128)} <= colours
    assert 600 < sheet.width < 2000


# Real people, where there are photos of some.


def test_no_good_photo_of_anybody_is_rejected(portraits):
    verdicts = {path.name: see(path.name, path).checked for path in portraits}
    rejected = {name: checked.reasons for name, checked in verdicts.items() if not checked.good}
    assert set(rejected) <= {"a1_240p.jpg"}


def test_the_stranger_among_three_photos_of_one_person_is_found(portraits):
    files = {path.stem: path for path in portraits}
    if not {"f1", "f2", "f3", "b1"} <= set(files):
        pytest.skip("the folder has other portraits")
    gate = check_photos([files[name] for name in ("f1", "b1", "f2", "f3")])
    assert [photo.verdict for photo in gate.photos] == ["accept", "reject", "accept", "accept"]
    assert gate.photos[1].reasons[0].code == "other_person"
    assert set(gate.recommended) == {"f1.jpg", "f2.jpg", "f3.jpg"}
