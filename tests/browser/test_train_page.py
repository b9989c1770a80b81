"""Real visits to the Train tab in Chromium: what is missing, the plan, one that runs, one from end to end."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from headshot_core.files import lock_now
from headshot_core.train import runs

from .conftest import DESKTOP, PHONE, studio_without_base_models, visits_to, windows_of
from .test_enhance_page import NAMELESS
from .test_presets_page import CONTRAST

PLAN, PHOTOS, VIEW = "#train_plan-widget", "#train_photos-widget", "#train_view-widget"
SHELF, BAR = "#train_shelf-widget", "#train-bar-widget"


@pytest.fixture(scope="module")
def studio(tmp_path_factory, model_files, chromium_path):
    """The app, without a base model."""
    running = studio_without_base_models(tmp_path_factory.mktemp("train"))
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def home(studio, monkeypatch):
    """The studio's folder, for this test alone without people."""
    monkeypatch.setenv("HEADSHOT_HOME", str(studio.home))
    shutil.rmtree(studio.home / "people", ignore_errors=True)
    return studio.home


@pytest.fixture(scope="module")
def base(studio):
    """A tiny Stable Diffusion 1.5 in the studio's folder."""
    if not importlib.util.find_spec("diffusers"):
        pytest.skip("diffusers is not installed")
    import tiny

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSHOT_HOME", str(studio.home))
        return tiny.install("sd15", extras=False)


@pytest.fixture
def anna(base, home):
    """Somebody with five good photos."""
    import trained

    return trained.person("Anna", 5)


@pytest.fixture
def visit(browser, studio):
    """Open the page of this studio, in windows that know nothing of other tests."""
    yield from visits_to(studio, windows_of(browser))


def come(page):
    """Open the tab."""
    page.click("button[role=tab]:has-text('Train')")
    page.wait_for_selector(f"{PLAN} :is(.welcome, .who)")
    return page


def fits(page):
    """Whether nothing is wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def flawless(page):
    """Every control has a name, every word contrast, and nothing is wider than the screen."""
    page.wait_for_timeout(300)  # what fades in is there
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(CONTRAST) == []
    assert fits(page)


def test_what_is_missing_is_taught(visit, home, request):
    """Without a base model the way leads to it; without anybody to the People tab."""
    page = come(visit(PHONE))
    assert fits(page)
    page.click(f"{PLAN} [data-key='see bases']")
    page.wait_for_selector(".model >> nth=0")
    assert page.is_visible("[data-key='get sd15']")
    request.getfixturevalue("base")
    page = come(visit())
    assert not page.is_visible(BAR)
    page.click(f"{PLAN} [data-key='add person']")
    page.wait_for_selector("#people-widget [data-key=new]")


def test_plan_and_photos(visit, anna):
    """Choices with estimates, a drawer that follows under the hand, photos with words; all of it is found again."""
    import trained

    trained.run(anna)
    page = come(visit())
    page.wait_for_selector(f"{PHOTOS} .crop img")
    assert page.locator(f"{PHOTOS} .crop").count() == 5
    assert page.locator(f"{PLAN} .pick-says:has-text('GB')").count() == 3

    page.click(f"{PLAN} [data-key='choice quick']")
    page.wait_for_selector(f"{PLAN} [data-key='choice quick'][aria-checked=true]")
    page.click(f"{PLAN} [data-key=advanced]")
    page.click(f"{PLAN} [data-key='group The adapter']")
    assert page.get_attribute(f"{PLAN} [data-field=rank]", "placeholder") == "8"
    page.focus(f"{PLAN} [data-field=rank]")
    page.keyboard.type("12")
    page.keyboard.press("Tab")
    page.keyboard.type("6", delay=20)
    page.wait_for_selector(f"{PLAN} [data-field=alpha][placeholder='12']", state="attached")
    page.keyboard.type("4")
    assert page.input_value(f"{PLAN} [data-field=alpha]") == "64"
    page.keyboard.press("Tab")
    page.wait_for_selector(f"{PLAN} [data-key=advanced]:has-text('2 changed')")
    page.fill(f"{PLAN} [data-field=rank]", "999")
    assert page.evaluate(f"document.querySelector('{PLAN} [data-field=rank]').matches(':invalid')")
    page.fill(f"{PLAN} [data-field=rank]", "12")

    words = f"{PHOTOS} .crop >> nth=0 >> textarea"
    page.fill(words, "photo of ohwx woman, laughing, by the sea")
    page.keyboard.press("Tab")
    page.click(f"{PHOTOS} .crop >> nth=2 >> .link")
    page.wait_for_selector(f"{PHOTOS} .crop.out:has-text('Take back')")
    page.check(f"{PHOTOS} [data-key=shade]")
    page.wait_for_selector(f"{PHOTOS} .shaded")
    assert page.is_enabled(f"{BAR} .main:has-text('Start training')")
    flawless(page)

    page = come(visit())
    page.wait_for_selector(f"{PHOTOS} .crop.out")
    assert page.input_value(words) == "photo of ohwx woman, laughing, by the sea"
    assert page.get_attribute(f"{PLAN} [data-key='choice balanced']", "aria-checked") == "true"  # as it was prepared
    page.click(f"{SHELF} [data-key=fresh]")
    page.wait_for_selector(f"{PHOTOS} .snap img")


def test_a_training_that_runs(visit, anna):
    """It is found by any page, follows by itself, pauses where it is told to, and what broke off can go on."""
    import trained

    made = trained.run(anna, "training", 200)
    with lock_now(made.folder / runs.LOCK):
        page = come(visit())
        page.wait_for_selector(f"{VIEW} .compare img")
        assert page.locator(f"{VIEW} .moment").count() == 2
        assert page.locator(f"{VIEW} svg[role=img]").count() == 2
        assert "Step 200 of 500" in page.inner_text(BAR)
        page.click(f"{VIEW} [data-key='moment 100']")
        page.wait_for_selector(f"{VIEW} .train-words:has-text('Step 100')")
        trained.learn(made, 400)
        page.wait_for_selector(f"{BAR}:has-text('Step 400 of 500')")
        page.wait_for_selector(f"{VIEW} .moment >> nth=3")
        assert "Step 100" in page.inner_text(f"{VIEW} .train-words")  # what somebody looks at stays
        other = come(visit(PHONE, "dark"))
        other.wait_for_selector(f"{VIEW} .compare img")
        flawless(other)
        page.click("button[role=tab]:has-text('People')")
        come(page).wait_for_selector(f"{BAR} .bar.working")
        page.click(f"{BAR} .plain:has-text('Pause')")
        page.wait_for_selector(f"{BAR}:has-text('Saving')")
        assert made.wish == "pause"
    page.wait_for_selector(f"{VIEW} .problem:has-text('switched off')")
    other.wait_for_selector(f"{BAR} .main:has-text('Go on')")
    page.click(f"{VIEW} [data-key=log]")
    assert "Checkpoint at step 100" in page.inner_text(f"{VIEW} pre")


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")])
def test_a_finished_model(visit, anna, size, scheme):
    """The chosen checkpoint is marked, another can be taken; files, card, Craft; deletion asks, and leaves nothing."""
    import trained

    made = trained.run(anna, "done", 500)
    page = come(visit(size, scheme))
    page.wait_for_selector(f"{VIEW} .moment.chosen.on")
    assert "Your model is made of this one" in page.inner_text(f"{VIEW} .train-words")
    assert "ohwx" in page.inner_text(f"{VIEW} .train-card")
    flawless(page)
    page.click(f"{VIEW} [data-key='moment 300']")
    page.click(f"{VIEW} [data-key=use]")
    page.wait_for_selector(f"{VIEW} .moment.chosen[data-key='moment 300']")
    assert made.status().chosen == 300

    page.click(f"{SHELF} [data-key='take sd15-1']")
    for form in ("diffusers", "exported"):
        with page.expect_download() as waiting:
            page.click(f"{SHELF} [data-key='form {form}']")
        assert waiting.value.suggested_filename.endswith(".safetensors")
    page.click(f"{SHELF} [data-key='push sd15-1']")
    page.wait_for_selector(f"{SHELF} [data-key='hub token'][type=password]")
    page.click(f"{SHELF} [data-key=elsewhere]")
    flawless(page)
    with page.expect_file_chooser() as chooser:
        page.click(f"{SHELF} [data-key=choose]")
    chooser.value.set_files(waiting.value.path())
    page.wait_for_selector(f"{SHELF} .problem, {SHELF} .shelf-entry >> nth=1")

    page.click(f"{SHELF} [data-key='open sd15-1']")
    page.wait_for_selector(f"{SHELF} .on [data-key='remove sd15-1']")
    page.click(f"{SHELF} [data-key='remove sd15-1']")
    flawless(page)
    page.click(f"{SHELF} [data-key=delete]")
    page.wait_for_function(f"!document.querySelector(\"{SHELF} [data-key='open sd15-1']\")")
    assert not made.folder.exists()
    assert not made.model.exists()


def test_draw_with_it(visit, anna):
    """One click to the Craft tab, with the person and the model chosen."""
    import trained

    trained.run(anna, "done", 500)
    page = come(visit())
    page.click(f"{BAR} .main:has-text('Draw with it')")
    page.wait_for_selector("#craft_form-widget [data-key='way person'][aria-checked=true]")
    assert page.is_visible("#craft_form-widget input[aria-label='sd15-1']")
    assert page.is_visible("#craft_who-widget [aria-label='Anna'][aria-checked=true]")


@pytest.mark.slow
def test_from_photos_to_a_picture(visit, anna):
    """Nothing is stood in for: photos are prepared, a process trains, and what it made is chosen and deleted."""
    page = come(visit())
    page.click(f"{PLAN} [data-key='choice quick']")
    page.click(f"{PLAN} [data-key=advanced]")
    for group, wishes in WISHES.items():
        page.click(f"{PLAN} [data-key='group {group}']")
        for name, value in wishes.items():
            page.fill(f"{PLAN} [data-field={name}]", str(value))
            page.keyboard.press("Tab")
    page.wait_for_selector(f"{PLAN} [data-key=advanced]:has-text('5 changed')")
    page.click(f"{BAR} .main:has-text('Look at the photos')")
    page.wait_for_selector(f"{PHOTOS} .crop img", timeout=180_000)
    page.click(f"{BAR} .main:has-text('Start training')")
    page.wait_for_selector(f"{BAR} .bar.working")
    page.close()

    page = come(visit())
    page.wait_for_selector(f"{BAR} .main:has-text('Draw with it')", timeout=300_000)
    assert page.locator(f"{VIEW} .moment").count() >= 2
    page.click(f"{VIEW} .moment:not(.chosen) >> nth=-1")
    page.click(f"{VIEW} [data-key=use]")
    page.wait_for_selector(f"{VIEW} .moment.chosen.on")
    made = runs.of(anna)[0]
    assert made.model.is_file()
    page.click(f"{SHELF} [data-key='remove {made.name}']")
    page.click(f"{SHELF} [data-key=delete]")
    page.wait_for_selector(f"{SHELF}:has-text('kept here')")
    assert not made.folder.exists()
    assert not made.model.exists()


WISHES = {
    "The photos": {"resolution": 64},
    "The loop": {"steps": 6},
    "Looking at it": {"checkpoints": 3, "samples": 2, "sample_steps": 2},
}
