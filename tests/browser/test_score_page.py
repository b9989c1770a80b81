"""Real visits to the score panel in Chromium: five bars, sentences, a fix, undo; by keyboard, on the phone, unmoved."""

from __future__ import annotations

import pytest
from PIL import Image

from headshot_core.presets import EXAMPLE

from .conftest import PHONE
from .test_enhance_page import begin, change
from .test_presets_page import CONTRAST

PANEL = "#enhance-score-widget"
READY = ".score[aria-busy=false] .score-total:not(:text-is('…'))"


@pytest.fixture
def dark(tmp_path):
    """The example's head and shoulders, too dark: light is all that it lacks."""
    head = Image.open(EXAMPLE).crop((84, 10, 344, 335)).resize((720, 900), Image.Resampling.LANCZOS)
    head.point(lambda level: round(level * 0.5)).save(tmp_path / "dark.png")
    return tmp_path / "dark.png"


def give(page, photo):
    """Open the Enhance tab with a photo, and wait for its score."""
    page.click("button[role=tab]:has-text('Enhance')")
    with page.expect_file_chooser() as chooser:
        page.click("#enhance-photo-widget [data-key=choose]")
    chooser.value.set_files(photo)
    page.wait_for_selector(f"{PANEL} {READY}")


def total(page) -> list[int]:
    """The numbers beside the word Score: now, or before and now."""
    page.wait_for_selector(f"{PANEL} {READY}")
    return [int(part) for part in page.inner_text(f"{PANEL} .score-total").split("→")]


def test_bars_sentences_fix_and_undo(visit, dark):
    """Five bars, one opened; a fix raises the score and shows in the drawer; undo takes it back."""
    page = visit()
    give(page, dark)
    assert page.locator(f"{PANEL} [role=meter]").count() == 5
    (before,) = total(page)
    page.click(f"{PANEL} [data-key='pillar lighting']")
    assert page.locator(f"{PANEL} .score-says > ul > li").count() > 4
    assert page.locator(f"{PANEL} .score-good").count() > 0
    change(page, lambda: page.click(f"{PANEL} .score-says .plain >> nth=0"))
    page.wait_for_selector(f"{PANEL} .score-total:has-text('→')")
    old, now = total(page)
    assert old == before < now
    assert page.locator(f"{PANEL} .score-was").count() == 1  # where lighting was
    page.click("[data-key='section Photo']")
    assert page.get_attribute("[data-key='switch tone']", "aria-checked") == "true"
    change(page, lambda: page.keyboard.press("Control+z"))
    page.wait_for_function(f"!document.querySelector('{PANEL} .score-total').innerText.includes('→')")
    assert total(page) == [before]

    change(page, lambda: page.click(f"{PANEL} [data-key='mend all']"))
    page.wait_for_selector(f"{PANEL} .score-total:has-text('→')")
    assert total(page)[1] >= now
    page.click(f"{PANEL} .chip:has-text('Passport')")
    page.wait_for_selector(f"{PANEL} .chip:has-text('Passport')[aria-checked=true]")
    page.wait_for_selector(f"{PANEL} {READY}")


def test_a_headshot_s_score_in_presets(visit):
    """Both numbers beside the photo, the headshot's under it, nothing moved by them; a fix opens Enhance."""
    page = visit()
    page.click("text=try the example")
    page.wait_for_selector(f"#score-widget {READY}")
    where = """['.compare', '.gallery-head', '#score-widget .score-row:last-child'].map(
      (part) => document.querySelector(part).getBoundingClientRect().top + scrollY)"""
    places = page.evaluate(where)
    page.click(".look[data-name=boardroom]")
    page.wait_for_selector(".viewer.shot .after")
    page.click("text=Make headshots")
    page.wait_for_selector("#viewer-widget .number:has-text('Score …')")
    places.append(page.evaluate(where))
    page.wait_for_selector("#score-widget .score-total:has-text('→')")
    page.wait_for_selector("#viewer-widget .number:text-matches('Score [0-9]+')")
    places.append(page.evaluate(where))
    assert places[:3] == places[3] == places[4]
    page.click(".tile-drop")  # the photo's own again
    page.wait_for_function("!document.querySelector('#score-widget .score-total').innerText.includes('→')")
    page.click("#score-widget [data-key='mend all']")
    page.wait_for_selector(f"{PANEL} .score-total:has-text('→')")
    assert page.get_attribute(".easel [data-key=undo]", "title") == "Undo: Fix all"


def test_by_keyboard_and_for_a_screen_reader(visit):
    """A bar opens with Enter and keeps the focus; every bar says what it is; all words can be read."""
    page = visit()
    begin(page)
    page.wait_for_selector(f"{PANEL} {READY}")
    page.focus(f"{PANEL} [data-key='pillar background']")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    assert page.evaluate("document.activeElement.dataset.key") == "pillar background"
    for meter in page.locator(f"{PANEL} [role=meter]").all():
        assert meter.get_attribute("aria-label")
        assert meter.get_attribute("aria-valuetext") == f"{meter.get_attribute('aria-valuenow')} of 100"
    assert "of 100" in page.get_attribute(f"{PANEL} .score-head", "aria-label")
    assert page.inner_text(f"{PANEL} [role=status]").startswith("Score")
    assert page.evaluate(CONTRAST) == []


def test_phone(visit):
    """One line until it is opened; nothing is wider than the screen, and all words can be read."""
    page = visit(PHONE, "dark")
    begin(page)
    page.wait_for_selector(f"{PANEL} {READY}")
    assert page.locator(f"{PANEL} .score-row").count() == 0
    assert page.locator(PANEL).bounding_box()["height"] < 60
    page.tap(f"{PANEL} .score-head")
    page.tap(f"{PANEL} [data-key='pillar composition']")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CONTRAST) == []
