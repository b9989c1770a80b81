"""Real visits to the Craft tab in Chromium: without a base model, and with a tiny one that draws coloured noise."""

from __future__ import annotations

import importlib.util
import json

import pytest

from .conftest import PHONE, studio_without_base_models, visits_to, windows_of
from .test_enhance_page import NAMELESS
from .test_presets_page import CONTRAST

FORM, VIEW, BAR = "#craft_form-widget", "#craft_view-widget", "#craft-bar-widget"


@pytest.fixture(scope="module")
def studio(tmp_path_factory, model_files, chromium_path):
    """The app, without a base model."""
    running = studio_without_base_models(tmp_path_factory.mktemp("craft"))
    yield running
    running.stop()


@pytest.fixture
def visit(browser, studio):
    """Open the page of this studio, in windows that know nothing of other tests."""
    yield from visits_to(studio, windows_of(browser))


@pytest.fixture(scope="module")
def base_model(studio):
    """A tiny Stable Diffusion 1.5 in the studio's folder."""
    if not importlib.util.find_spec("diffusers"):
        pytest.skip("diffusers is not installed")
    import tiny

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSHOT_HOME", str(studio.home))
        base = tiny.install("sd15", extras=False)
        tiny.install_extra("sd15", next(extra for extra in base.extras if extra.kind == "face_adapter"))


def begin(page):
    """Open the tab and take the example."""
    page.click("button[role=tab]:has-text('Craft')")
    page.click("#craft-photo-widget [data-key=example]")
    page.wait_for_selector("#craft-photo-widget .photo-says:has-text('512')")


def few(page, count):
    """Ask for as many pictures, small ones, in few steps."""
    page.click(f"{FORM} [data-key='section frame']")
    page.click(f"{FORM} [data-key='frame email']")
    page.click(f"{FORM} [data-key='section numbers']")
    slide(page, "Pictures to draw", count)
    page.click(f"{FORM} [data-key='more numbers']")
    slide(page, "Steps", 2)
    page.click(f"{FORM} [data-key='section numbers']")
    page.wait_for_selector(f"{BAR}:has-text('{count} pictures')")


def slide(page, label, value):
    """Move a slider, and let it go."""
    page.locator(f"{FORM} input[aria-label='{label}']").evaluate(
        """(input, value) => {
          input.value = value;
          for (const type of ["input", "change"]) input.dispatchEvent(new Event(type, { bubbles: true }));
        }""",
        value,
    )


def test_without_a_base_model(visit):
    """It says so, shows the base models with their terms before anything is fetched, and the studio works meanwhile."""
    page = visit()
    begin(page)
    page.wait_for_selector(f"{VIEW} img.after")
    assert "as photographed" in page.inner_text(FORM)
    assert page.is_disabled(f"{FORM} [data-key='wish clothing']")
    assert page.locator(".model").count() == 9
    page.click("[data-key='get sd15']")
    assert "free on this disk" in page.inner_text(".model.on")
    assert "commercial use allowed" in page.inner_text(".model.on")
    page.click("[data-key='leave sd15']")

    page.click("#craft_looks-widget .look[data-name=city-dusk]")
    page.click(f"{BAR} .main")
    page.wait_for_selector(f"{VIEW} [data-key=take]")
    assert "City dusk" in page.inner_text(f"{VIEW} .viewer-title")
    with page.expect_download() as waiting:
        page.click(f"{VIEW} [data-key=take]")
    assert waiting.value.suggested_filename.endswith(".png")
    page.click(f"{VIEW} [data-key=enhance]")
    page.wait_for_selector("#easel-widget img.after")


def test_the_form_is_live(visit, base_model):
    """Pose and light are seen at once, in the sketch and in their panels; a contradiction is pointed out."""
    page = visit()
    begin(page)
    sketch = page.get_attribute(f"{VIEW} img.after", "src")
    page.click(f"{FORM} [data-key='section pose']")
    page.click(f"{FORM} [data-key='Pose three-quarter-left']")
    page.wait_for_selector(f"{FORM} [data-live=pose] img")
    page.wait_for_function(f"document.querySelector('{VIEW} img.after').src !== {json.dumps(sketch)}")
    pose = page.get_attribute(f"{FORM} [data-live=pose] img", "src")
    slide(page, "Head turned", 40)
    page.wait_for_function(f"document.querySelector('{FORM} [data-live=pose] img').src !== {json.dumps(pose)}")
    page.click(f"{FORM} [data-key='section light']")
    page.wait_for_selector(f"{FORM} [data-live=light] img")
    page.click(f"{FORM} [data-key='way keep']")
    page.wait_for_selector(f"{VIEW} .viewer-words:has-text('Face and hair stay')")
    assert page.locator(f"{FORM} [data-live=light]").count() == 0  # the sketch is in this light
    page.click(f"{FORM} .quick .chip:has-text('smile') >> nth=0")
    page.wait_for_selector(f"{FORM} .hint:has-text('face is kept')")
    page.click(f"{FORM} [data-key='section words']")
    page.fill(f"{FORM} [data-key='wish text']", "holding a red umbrella")
    page.click(f"{FORM} [data-key='more told']")
    page.wait_for_selector(f"{FORM} .told:has-text('umbrella')")


def test_draw_reload_and_take_home(visit, base_model):
    """Progress with a preview, the page loaded again meanwhile, ranked pictures, a recipe; all in one go."""
    page = visit()
    begin(page)
    page.click(f"{FORM} [data-key='way restyle']")
    few(page, 3)
    page.click(f"{BAR} .main")
    page.wait_for_selector(f"{BAR} .working")
    assert page.locator(f"{VIEW} .tile .shimmer").count() == 3  # their places are kept
    page.close()

    page = visit()
    page.click("button[role=tab]:has-text('Craft')")
    page.wait_for_selector("#craft-photo-widget .photo-card")  # the photo is there again
    page.wait_for_selector(f"{VIEW} [data-key=take]", timeout=300_000)
    page.wait_for_selector(f"{BAR} .bar:not(.working)", timeout=120_000)
    assert page.locator(f"{VIEW} .tile img").count() >= 2
    page.click(f"{VIEW} [data-key=more]")
    assert page.locator(f"{VIEW} .tile.more").count() == 1
    assert "face" in page.inner_text(f"{VIEW} .viewer-words")  # noise has none, and that is said
    page.click(f"{VIEW} [data-key=recipe]")
    recipe = json.loads(page.inner_text(f"{VIEW} pre"))
    assert recipe["generate"]["base"] == "sd15"
    page.click(f"{VIEW} [data-key=again]")
    page.click(f"{FORM} [data-key='section numbers']")
    page.wait_for_function(f"document.querySelector('{FORM} [data-key=seed]')?.value === '{recipe['seed']}'")
    page.click(f"{VIEW} .tile.more button")
    page.click(f"{VIEW} [data-key=enhance]")
    page.wait_for_selector(f"{VIEW} .problem:has-text('No face')")


def test_cancel(visit, base_model):
    """Within a step; what is ready stays, and the button is there again."""
    page = visit()
    begin(page)
    page.click(f"{FORM} [data-key='way restyle']")
    few(page, 16)
    page.click(f"{BAR} .main")
    page.wait_for_selector(f"{BAR} .working")
    page.click(f"{BAR} .plain:has-text('Cancel')")
    page.wait_for_selector(f"{BAR} .main:has-text('Generate')")
    assert "Stopped" in page.inner_text(BAR)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone(visit, base_model, scheme):
    """One column, nothing wider than the screen; every control has a name, every word contrast."""
    page = visit(PHONE, scheme)
    begin(page)
    page.wait_for_selector(f"{FORM} .section-head")
    page.click(f"{FORM} [data-key='section pose']")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    top = "(name) => document.querySelector(name).getBoundingClientRect().top"
    places = [page.evaluate(top, name) for name in (VIEW, "#craft_looks-widget", FORM, "#craft_models-widget")]
    assert places == sorted(places)
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(CONTRAST) == []
