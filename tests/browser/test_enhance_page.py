"""Real visits to the Enhance tab in Chromium: wand, sliders, mask, full size, brush, styles, files."""

from __future__ import annotations

import io
import json
import time
import zipfile

import pytest
from PIL import Image

from headshot_core.photo import read_provenance

from .conftest import DESKTOP, PHONE
from .test_presets_page import CONTRAST

PICTURE = ".easel.shot .after"


def begin(page):
    """Open the tab and take the example."""
    page.click("button[role=tab]:has-text('Enhance')")
    page.click("#enhance-photo-widget [data-key=example]")
    page.wait_for_selector(PICTURE)


def change(page, action) -> str:
    """Do something and wait until the large picture is another one."""
    before = page.get_attribute(PICTURE, "src")
    action()
    page.wait_for_function(f"(old) => document.querySelector('{PICTURE}').src !== old", arg=before)
    return page.get_attribute(PICTURE, "src")


def at_rest(page):
    """Wait until the large picture changes no more, so that the last place of a slider has come."""
    before = None
    while before != (before := page.get_attribute(PICTURE, "src")):
        page.wait_for_timeout(3000)


def open_tool(page, section, tool):
    """Show a tool's sliders."""
    if page.get_attribute(f"[data-key='section {section}']", "aria-expanded") == "false":
        page.click(f"[data-key='section {section}']")
    page.click(f"[data-key='tool {tool}']")


def drag(page, label, value):
    """Move a slider of the drawer."""
    page.locator(f"#tools-widget input[aria-label='{label}']").fill(str(value))


def download(page, button: str):
    """Press a button that ends in a download; gives name and bytes."""
    with page.expect_download() as waiting:
        page.click(button)
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def test_wand_sliders_history_and_file(visit):
    """The wand gives its reasons, a slider changes the picture, undo brings it back, the file has what was seen."""
    page = visit()
    begin(page)
    photo = page.get_attribute(PICTURE, "src")
    page.click(".wand-button")
    page.wait_for_selector(".reasons li")
    open_tool(page, "Photo", "tone")
    waved = page.get_attribute(PICTURE, "src")
    # One drag, one step of the history: in one go, since a rest on the way would make two.
    change(page, lambda: [drag(page, "Exposure", value) for value in (1, 1.2)])
    assert page.get_attribute("[data-key='switch tone']", "aria-checked") == "true"
    page.wait_for_selector(".easel-bar [data-key=undo]:not(:disabled)")
    at_rest(page)
    page.keyboard.press("Control+z")
    page.wait_for_function(f"(waved) => document.querySelector('{PICTURE}').src === waved", arg=waved)
    assert page.input_value("#tools-widget input[aria-label='Exposure']") == "0"
    assert change(page, lambda: page.keyboard.press("Control+Shift+z")) not in (photo, waved)

    # Before and after.
    box = page.locator(".easel .compare").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5)
    cut = page.evaluate("parseFloat(document.querySelector('.easel .compare').style.getPropertyValue('--cut'))")
    assert 60 < cut < 80

    # The file, and the same with its settings.
    name, data = download(page, "#enhance-bar-widget .main")
    picture = Image.open(io.BytesIO(data))
    assert (name, picture.size) == ("example-enhanced.png", (512, 512))
    assert not picture.getexif()
    steps = {step["tool"]: step for step in read_provenance(data).recipe["steps"]}
    assert steps["tone"]["exposure"] == 1.2
    page.wait_for_selector(".easel[data-finished=true] .number:has-text('Likeness')")
    page.click("[data-key=form]")
    page.click("#enhance-bar-widget .chip:has-text('WebP')")
    page.check("[data-key=settings]")
    name, data = download(page, "#enhance-bar-widget .main")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert set(archive.namelist()) == {"example-enhanced.webp", "example-enhanced.stack.json"}
        assert {step["tool"] for step in json.loads(archive.read("example-enhanced.stack.json"))["steps"]} == set(steps)


def test_a_slider_that_moves_is_seen(visit):
    """Each move shows a new preview; how soon is printed."""
    page = visit()
    begin(page)
    open_tool(page, "Photo", "tone")
    times = []
    for value in (0.3, 0.6, 0.9, 0.2, 0.5):
        start = time.monotonic()
        change(page, lambda value=value: drag(page, "Exposure", value))
        times.append(time.monotonic() - start)
    print(f"preview after {sorted(times)[2]:.2f} s")


def test_mask_full_size_and_brush(visit):
    """A tool's mask lies over the picture; full size shows true pixels; a stroke heals, there too."""
    page = visit()
    begin(page)
    open_tool(page, "Scene", "background")
    page.click("#tools-widget [data-key=mask]")
    page.wait_for_selector(".mask-over")
    page.click("#tools-widget [data-key=mask]")
    page.wait_for_selector(".mask-over", state="detached")

    page.click("[data-key=brush]")
    canvas = page.wait_for_selector("canvas.brush").bounding_box()
    x, y = canvas["x"] + 0.45 * canvas["width"], canvas["y"] + 0.3 * canvas["height"]

    def stroke():
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 30, y + 4, steps=4)
        page.mouse.up()

    whole = page.get_attribute(PICTURE, "src")
    healed = change(page, stroke)
    change(page, stroke)
    assert change(page, lambda: page.keyboard.press("Control+z")) == healed
    assert change(page, lambda: page.keyboard.press("Control+z")) == whole

    part = change(page, lambda: page.click("[data-key=zoom]"))
    size = page.evaluate(f"((one) => [one.naturalWidth, one.width])(document.querySelector('{PICTURE}'))")
    assert size[1] == 2 * size[0]  # a small photo is shown at 200 %: its true pixels, each as four
    change(page, stroke)
    change(page, lambda: page.keyboard.press("Control+z"))
    frame = page.locator(".map").bounding_box()
    change(page, lambda: page.mouse.click(frame["x"] + 0.9 * frame["width"], frame["y"] + 0.9 * frame["height"]))
    page.focus(".map")
    assert change(page, lambda: page.keyboard.press("ArrowUp")) != part
    change(page, lambda: page.click("[data-key=zoom]"))
    assert page.locator(".map").count() == 0


def test_styles(visit):
    """A style that came along; an own one saved, used again and deleted; the order of its tools changed."""
    page = visit()
    begin(page)
    change(page, lambda: page.click(".styles .chip:has-text('Polished')"))
    page.wait_for_selector(".styles .chip:has-text('Polished')[aria-checked=true]")
    page.click("[data-key='section Order']")
    first = page.inner_text(".order li >> nth=0")
    page.click(".order li >> nth=0 >> [aria-label$=later]")
    page.wait_for_function("(first) => document.querySelectorAll('.order li')[1].innerText.includes(first)", arg=first)
    page.click("[data-key='name style']")
    page.fill("[data-key='style title']", "Mine alone")
    page.keyboard.press("Enter")
    page.wait_for_selector(".styles .chip:has-text('Mine alone')[aria-checked=true]")
    change(page, lambda: page.click("[data-key=clear]"))
    change(page, lambda: page.click(".styles .chip:has-text('Mine alone')"))
    page.click("[data-key='drop style']")
    page.wait_for_selector(".styles .chip:has-text('Mine alone')", state="detached")


def test_a_bad_photo_costs_nothing(visit, tmp_path):
    """The words stand beside the photo; picture and settings stay."""
    page = visit()
    begin(page)
    open_tool(page, "Photo", "tone")
    picture = change(page, lambda: drag(page, "Exposure", 1))
    bad = tmp_path / "holiday.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    with page.expect_file_chooser() as chooser:
        page.click("#enhance-photo-widget .photo-frame")
    chooser.value.set_files(bad)
    page.wait_for_selector("#enhance-photo-widget .problem")
    assert page.get_attribute(PICTURE, "src") == picture
    assert page.get_attribute("[data-key='switch tone']", "aria-checked") == "true"


def test_several_photos(visit, studio, tmp_path):
    """All in one ZIP; the one that is no photo says so in its place; no upload stays on the disk."""
    page = visit()
    begin(page)
    open_tool(page, "Photo", "tone")
    change(page, lambda: drag(page, "Exposure", 0.5))
    Image.open("presets/example.jpg").save(tmp_path / "colleague.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no photo")
    page.click("[data-key=several]")
    with page.expect_file_chooser() as chooser:
        page.click("#batch-widget [data-key=choose]")
    chooser.value.set_files([tmp_path / "colleague.png", tmp_path / "broken.jpg"])
    page.wait_for_selector(".job.failed:has-text('damaged')")
    _, data = download(page, "#batch-widget [data-key=start]")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert set(archive.namelist()) == {"colleague-enhanced.jpg", "colleague-enhanced.stack.json"}
    page.wait_for_selector(".job.done")
    assert not [path for path in studio.files() if path.stem in ("colleague", "broken")]


def test_from_headshot_to_enhance_and_back(visit):
    """A finished headshot is sent to Enhance, and what came of it back to Presets."""
    page = visit()
    page.click("text=try the example")
    page.wait_for_selector(".viewer.photo .after")
    page.click(".look[data-name=boardroom]")
    page.click("text=Make headshots")
    page.click("#viewer-widget [data-key=enhance]")
    page.wait_for_selector(PICTURE)
    assert "example-boardroom" in page.inner_text("#enhance-photo-widget .photo-says")
    change(page, lambda: page.click(".styles .chip:has-text('Natural')"))
    page.click("#enhance-photo-widget [data-key=hand]")
    page.wait_for_selector("#photo-widget .photo-says:has-text('boardroom-enhanced')")
    assert page.locator("#photo-widget").is_visible()


def test_one_photo_serves_both_tabs(visit):
    """An empty tab takes the photo of the other; deleting it deletes it in both."""
    page = visit()
    page.click("text=try the example")
    page.wait_for_selector("#photo-widget .photo-says:has-text('512')")
    page.click("button[role=tab]:has-text('Enhance')")
    page.wait_for_selector(PICTURE)
    page.click("#enhance-photo-widget [data-key=forget]")
    page.click("#enhance-photo-widget [data-key=delete]")
    page.wait_for_selector("#enhance-photo-widget .welcome")
    page.click("button[role=tab]:has-text('Presets')")
    page.wait_for_selector("#photo-widget .welcome")


def test_phone(visit):
    """390 px: nothing wider than the screen in any state, the main button in sight, the brush paints by touch."""
    page = visit(PHONE)

    def fits():
        return page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    begin(page)
    assert fits()
    for section in ("Photo", "Face", "Features", "Scene", "Size"):
        page.click(f"[data-key='section {section}']")
        page.click(".tool-name >> nth=0")
        assert fits()
    page.click("[data-key='section Order']")
    page.click("[data-key=several]")
    assert fits()
    button = page.locator("#enhance-bar-widget .main").bounding_box()
    assert button["y"] + button["height"] <= 844
    assert button["x"] + button["width"] <= 390
    page.evaluate("scrollTo(0, 0)")
    page.tap(".easel-bar [data-key=brush]")
    canvas = page.wait_for_selector("canvas.brush").bounding_box()
    assert fits()
    change(page, lambda: page.touchscreen.tap(canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 4))
    page.tap("[data-key=form]")
    sheet = page.locator("#enhance-bar-widget .take-panel").bounding_box()
    assert sheet["x"] >= 0
    assert sheet["x"] + sheet["width"] <= 390
    assert fits()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_named_read_and_reached(visit, scheme):
    """Names for screen readers, contrast of at least 4.5 to 1, and the wand by keyboard alone."""
    page = visit(DESKTOP, scheme)
    begin(page)
    page.focus("#enhance-photo-widget .photo-frame")
    for _ in range(40):
        if page.evaluate("document.activeElement.matches('.wand-button')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".reasons li")
    for section, tool in (("Photo", "tone"), ("Scene", "background"), ("Size", "crop")):
        open_tool(page, section, tool)
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate(CONTRAST) == []
    page.click("[data-key=several]")
    page.click("[data-key=form]")
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate("[...document.querySelectorAll('.widget img')].every((image) => image.hasAttribute('alt'))")


NAMELESS = """() => [...document.querySelectorAll('.widget :is(button, input, select, summary, [role=slider])')]
  .filter((node) => node.offsetParent && !(node.innerText || '').trim() && !node.getAttribute('aria-label')
    && !node.closest('label')?.innerText.trim()).map((node) => node.outerHTML.slice(0, 120))"""
