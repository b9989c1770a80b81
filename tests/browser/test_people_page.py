"""Real visits to the People tab in Chromium: a person from the first click to the proof that nothing is left."""

from __future__ import annotations

import base64
import zipfile

import pytest
from PIL import Image, ImageEnhance

from headshot_core.presets import EXAMPLE

from .conftest import DESKTOP, PHONE
from .test_enhance_page import NAMELESS
from .test_presets_page import CONTRAST

DONE = "#people-bar-widget .main"


@pytest.fixture
def photos(tmp_path):
    """Two photos of one person, and a file that is none."""
    example = Image.open(EXAMPLE)
    example.save(tmp_path / "first.jpg", quality=95)
    ImageEnhance.Brightness(example.crop((40, 0, 490, 470))).enhance(0.9).save(tmp_path / "second.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no photo")
    return [tmp_path / "first.jpg", tmp_path / "second.png", tmp_path / "broken.jpg"]


def add(page, name):
    """Open the tab and add a person."""
    page.click("button[role=tab]:has-text('People')")
    page.click("#people-widget [data-key=new]")
    page.fill("#people-widget [data-key=name]", name)
    page.click("#people-widget .chip:has-text('woman')")
    assert page.is_disabled("#people-widget [data-key=save]")  # nobody without consent
    page.check("#people-widget [data-key=consent]")
    page.click("#people-widget [data-key=save]")
    page.wait_for_selector(f".drop:has-text('{name}')")


def give(page, files):
    """Choose photos, and wait until all are looked at."""
    with page.expect_file_chooser() as chooser:
        page.click("#people_photos-widget [data-key=choose]")
    chooser.value.set_files(files)
    page.wait_for_selector(".snap.accept, .snap.usable")
    page.wait_for_selector(DONE)


def drop(page, path):
    """Drop a photo on the place for photos, and wait until it is looked at."""
    url = "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()
    page.evaluate(
        """async (url) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([await (await fetch(url)).blob()], "dropped.jpg", { type: "image/jpeg" }));
          const place = document.querySelector(".people-photos");
          place.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        url,
    )
    page.wait_for_selector(".snap img")  # at once, before it is looked at
    page.wait_for_selector(".snap:is(.accept, .usable)")
    page.wait_for_selector(DONE)


def remove(page):
    """Delete the person, with the question before."""
    page.click("[data-key=forget]")
    page.click("[data-key=delete]")
    page.wait_for_selector(".proof")


def test_a_person_from_name_to_proof(visit, studio, photos):
    """Name, photos with verdicts, use, other data, export, one photo less, deletion; nothing is left on the disk."""
    before = set(studio.files())  # of visits that have just ended
    page = visit()
    add(page, "Anna")
    give(page, photos)
    assert page.locator(".snap:is(.accept, .usable)").count() >= 1
    assert page.locator(".snap:is(.accept, .usable, .reject) img").count() == 2
    assert "damaged" in page.inner_text(".snap.refused")
    assert page.locator(".snap.sending").count() == 0
    assert "Rests on" in page.inner_text(".facts")
    page.click("[data-key=use]")
    page.wait_for_selector("[data-key=use][aria-checked=true]")
    page.wait_for_selector(".who:has-text('in your pictures')")

    page.click("[data-key=edit]")
    assert page.input_value("#people-widget [data-key=name]") == "Anna"
    page.click(".who-more summary")
    page.fill("#people-widget [data-key=age]", "500")
    page.evaluate("document.querySelector('.who-form').noValidate = true")
    page.click("[data-key=save]")
    page.wait_for_selector(".who-form .problem:has-text('age')")
    page.fill("#people-widget [data-key=age]", "50")
    page.click("[data-key=save]")
    page.wait_for_selector(".people-profile:has-text('50 years')")

    with page.expect_download() as waiting:
        page.click("[data-key=export]")
    with zipfile.ZipFile(waiting.value.path()) as archive:
        assert len([name for name in archive.namelist() if name.endswith(".jpg")]) == 2

    page.hover(".snap >> nth=1")
    page.click(".snap >> nth=1 >> .tile-drop")
    page.wait_for_function("document.querySelectorAll('.snap img').length === 1")
    page.click(DONE)
    page.wait_for_selector(f"{DONE}[aria-disabled=true]")

    remove(page)
    assert "nothing is left" in page.inner_text(".proof")
    assert page.locator("#people-widget .welcome").is_visible()
    assert not [path for path in set(studio.files()) - before if path.suffix in (".jpg", ".png", ".zip")]
    kept = (studio.temporary.parent / "home" / "people").rglob("*")
    assert not [path for path in kept if path.is_file() and path.stat().st_size]  # a lock is empty


def test_phone(visit, photos):
    """390 px: nothing wider than the screen in any state, the main button in sight."""
    page = visit(PHONE)

    def fits():
        return page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.click("button[role=tab]:has-text('People')")
    assert fits()
    add(page, "Olga with a name that is far longer than any card")
    assert fits()
    give(page, photos[1:])
    assert fits()
    button = page.locator(DONE).bounding_box()
    assert button["y"] + button["height"] <= 844
    assert button["x"] + button["width"] <= 390
    page.click("[data-key=forget]")
    assert fits()
    page.click("[data-key=delete]")
    page.wait_for_selector(".proof")
    assert fits()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_named_read_and_reached(visit, photos, scheme):
    """Names for screen readers, contrast of at least 4.5 to 1, a person added by keyboard alone."""
    page = visit(DESKTOP, scheme)
    page.click("button[role=tab]:has-text('People')")
    page.focus("#people-widget [data-key=new]")
    page.keyboard.press("Enter")
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(CONTRAST) == []
    page.keyboard.type("Eve")
    page.focus("[data-key=consent]")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_selector(".drop")
    assert page.evaluate(CONTRAST) == []
    drop(page, photos[0])
    page.click("[data-key=forget]")
    assert page.evaluate("document.activeElement.dataset.key") == "keep"
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("[...document.querySelectorAll('.widget img')].every((image) => image.hasAttribute('alt'))")
    page.click("[data-key=delete]")
    page.wait_for_selector(".proof")
