"""People: what is kept, what is known, and that deleted means deleted."""

import io
import json
import multiprocessing
import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headshot_core import people as module
from headshot_core.errors import HeadshotError
from headshot_core.gate import Checked, Gate
from headshot_core.people import About, People, Person
from headshot_core.profile import Profile

EXAMPLE = Path(__file__).parents[1] / "presets" / "example.jpg"
ANNA = About(name="Anna Lee", noun="woman", consent=True)


@pytest.fixture
def everybody(tmp_path) -> People:
    return People(tmp_path / "people")


@pytest.fixture
def anna(everybody) -> Person:
    return everybody.add(ANNA)


def picture(colour: str = "teal", **options) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (120, 90), colour).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.fixture
def quick(monkeypatch):
    """The gate takes all photos, and the profile is made of nothing, so that keeping them can be tested in no time."""

    def check(photos, report, cancel, each):
        seen = tuple(Checked(path.name, "accept", (), None, {"angle": "front"}) for path in photos)
        return Gate(seen, ("Add more.",), tuple(one.name for one in seen))

    def build(portraits):
        return Profile("dlib", np.ones(128, np.float32), 0.2, len(list(portraits)), None, ())

    monkeypatch.setattr(module, "check_photos", check)
    monkeypatch.setattr(module, "analyse", lambda photo: photo)
    monkeypatch.setattr(module, "build", build)


# Who.


def test_a_person_is_added_found_and_listed_by_name(everybody, anna):
    everybody.add(About(name="Žofie", consent=True))
    assert [person.about.name for person in everybody.all()] == ["Anna Lee", "Žofie"]
    assert everybody.get("anna  lee").folder == everybody.get("anna-lee").folder == anna.folder
    assert everybody.get("Žofie").short == "žofie"
    with pytest.raises(HeadshotError, match=r"nobody called 'Bob'\. Choose one of: Anna Lee, Žofie"):
        everybody.get("Bob")
    with pytest.raises(HeadshotError, match="somebody called 'ANNA LEE'"):
        everybody.add(About(name="ANNA LEE", consent=True))
    with pytest.raises(HeadshotError, match="Consent"):
        everybody.add(About(name="Carl"))


@pytest.mark.parametrize(
    "name", ["../../etc", "..", "/abs/olute", "a\\b:c*?", ".", "CON", "日本 太郎", "😀", "x" * 60, "ü" * 60]
)
def test_no_name_leads_out_of_the_folder(everybody, name):
    person = everybody.add(About(name=name, consent=True))
    assert person.folder.parent == everybody.folder
    assert person.folder.resolve().parent == everybody.folder.resolve()
    assert len(person.short.encode()) <= 90
    assert everybody.get(name).about.name == name


def test_names_that_give_one_folder_get_two(everybody):
    first, second = (everybody.add(About(name=name, consent=True)) for name in ("A.B", "A-B"))
    assert (first.short, second.short) == ("a-b", "a-b-2")
    first.delete()
    assert everybody.get("A-B").folder == second.folder


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_nobody_else_on_the_machine_can_look_into_a_persons_folder(anna):
    anna.add_photo(picture(), "a.jpg")
    for folder in (anna.folder.parent, anna.folder, anna.folder / "photos"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_other_data_and_another_name_keep_the_folder(everybody, anna):
    everybody.add(About(name="Bob", consent=True))
    anna.change(About(name="Anna Ray", age=40, consent=True))
    assert everybody.get("Anna Ray").folder == anna.folder
    assert anna.about.age == 40
    anna.change(About(name="ANNA RAY", consent=True))  # her own name is not taken by herself
    with pytest.raises(HeadshotError, match="somebody called 'bob'"):
        anna.change(About(name="bob", consent=True))


# Photos.


def test_photos_are_kept_upright_plain_and_in_order(anna):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Secret Camera"
    kept = anna.add_photo(picture(exif=exif, comment=b"at home"), "IMG 1.HEIC.jpg")
    anna.add_photo(picture("red"), "../../b.jpg")
    assert [path.name for path in anna.photos] == ["0001-img-1-heic.jpg", "0002-b.jpg"]
    with Image.open(kept) as image:
        assert image.size == (90, 120)
        assert set(image.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density", "icc_profile"}
    data = kept.read_bytes()
    assert not any(word in data for word in (b"Secret", b"home", b"xmp", b"Exif"))


def test_a_photo_that_is_here_is_not_kept_twice_and_none_takes_anothers_name(anna):
    first = anna.add_photo(picture(), "a.jpg")
    assert anna.add_photo(picture(), "again.png") == first
    anna.add_photo(picture("red"), "a.jpg")
    anna.remove_photo(first.name)
    third = anna.add_photo(picture("blue"), "a.jpg")
    assert [path.name for path in anna.photos] == ["0002-a.jpg", third.name]
    with pytest.raises(HeadshotError, match="no photo ../person.json"):
        anna.remove_photo("../person.json")
    with pytest.raises(HeadshotError, match="not a photo"):
        anna.add_photo(b"nope", "c.jpg")


def _add_many(folder: Path, colours: range) -> None:
    person = Person(folder)
    for shade in colours:
        person.add_photo(picture(f"#{shade:02x}40{shade:02x}"), "same.jpg")


def test_two_processes_at_once_lose_nothing(anna):
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_add_many, args=(anna.folder, range(k, k + 80, 8))) for k in (0, 4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(anna.photos) == 20
    assert len({path.name[:4] for path in anna.photos}) == 20


# What is known.


def test_verdicts_and_profile_are_kept_until_the_photos_change(anna, quick):
    assert (anna.gate, anna.profile) == (None, None)
    anna.add_photo(picture(), "a.jpg")
    anna.add_photo(picture("red"), "b.jpg")
    steps = []
    anna.check(lambda *step: steps.append(step))
    assert anna.gate.recommended == ("0001-a.jpg", "0002-b.jpg")
    assert anna.profile.photos == 2
    assert steps[-1][:2] == (4, 4)
    anna.remove_photo("0001-a.jpg")
    assert anna.gate is None
    assert anna.profile.photos == 2


def test_verdicts_on_photos_that_changed_meanwhile_are_not_kept(anna, quick, monkeypatch):
    anna.add_photo(picture(), "a.jpg")
    check = module.check_photos

    def slow(*arguments):
        anna.add_photo(picture("red"), "b.jpg")
        return check(*arguments)

    monkeypatch.setattr(module, "check_photos", slow)
    assert len(anna.check().photos) == 1
    assert (anna.gate, anna.profile) == (None, None)


def test_damaged_files_count_as_not_checked(anna, quick):
    anna.add_photo(picture(), "a.jpg")
    anna.check()
    (anna.folder / "gate.json").write_text('{"photos": []')
    (anna.folder / "profile.json").write_text("{}")
    assert (anna.gate, anna.profile) == (None, None)


def test_where_no_photo_is_good_there_is_no_profile(model_files, anna):
    anna.add_photo(picture(), "a.jpg")
    gate = anna.check()
    assert [photo.verdict for photo in gate.photos] == ["reject"]
    assert anna.gate.to_dict() == gate.to_dict()
    assert anna.profile is None


def test_a_real_photo_gives_a_real_profile(model_files, anna, astronaut):
    anna.add_photo(EXAMPLE.read_bytes(), EXAMPLE.name)
    anna.check()
    assert anna.profile.photos == 1
    assert anna.profile.likeness(astronaut.embedding) > 90


# Taking away.


def test_the_export_holds_everything(anna, quick, tmp_path):
    anna.add_photo(picture(), "a.jpg")
    anna.check()
    (anna.folder / "models").mkdir()
    (anna.folder / "models" / "lora.safetensors").write_bytes(b"weights")
    with zipfile.ZipFile(anna.export(tmp_path / "anna.zip")) as archive:
        assert sorted(archive.namelist()) == [
            f"anna-lee/{name}"
            for name in ("gate.json", "models/lora.safetensors", "person.json", "photos/0001-a.jpg", "profile.json")
        ]
        assert json.loads(archive.read("anna-lee/person.json"))["name"] == "Anna Lee"
        assert archive.testzip() is None
    with pytest.raises(HeadshotError, match="own folder"):
        anna.export(anna.folder / "anna.zip")


def test_deleting_removes_everything_and_proves_it(everybody, anna, tmp_path):
    anna.add_photo(picture(), "a.jpg")
    (anna.folder / "results" / "deep").mkdir(parents=True)
    (anna.folder / "results" / "deep" / "one.png").write_bytes(b"12345")
    outside = tmp_path / "outside.txt"
    outside.write_text("stays")
    (anna.folder / "link").symlink_to(outside)
    size = sum(path.lstat().st_size for path in anna.folder.rglob("*") if path.is_symlink() or path.is_file())
    gone = anna.delete()
    assert (gone.name, gone.files, gone.bytes, gone.left) == ("Anna Lee", 4, size, ())
    assert not anna.folder.exists()
    assert everybody.all() == []
    assert outside.read_text() == "stays"
    for late in (anna.delete, lambda: anna.add_photo(picture(), "a.jpg"), lambda: anna.check()):
        with pytest.raises(HeadshotError, match="not here any more|no photo"):
            late()
    assert not anna.folder.exists()


def test_read_only_folders_are_deleted_too(anna):
    anna.add_photo(picture(), "a.jpg").chmod(0o400)
    (anna.folder / "photos").chmod(0o500)
    assert anna.delete().files == 2
    assert not anna.folder.exists()


def test_what_cannot_be_deleted_is_named(anna, monkeypatch):
    anna.add_photo(picture(), "a.jpg")
    monkeypatch.setattr(module.shutil, "rmtree", lambda folder, ignore_errors: (folder / "person.json").unlink())
    with pytest.raises(HeadshotError, match=r"1 of Anna Lee's files could not be deleted: .*0001-a\.jpg"):
        anna.delete()
