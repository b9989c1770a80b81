"""Styles: those that come along are sound, own ones are kept safely, and bad files are told with their place."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from headshot_core.enhance import catalogue, styles
from headshot_core.enhance.background import Background
from headshot_core.enhance.blemishes import Blemishes
from headshot_core.enhance.engine import enhance
from headshot_core.enhance.heal import Heal
from headshot_core.enhance.skin import Skin
from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tone import Tone
from headshot_core.enhance.upscale import Upscale
from headshot_core.enhance.view import Study
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_photo
from headshot_core.portrait import analyse

BUILT_IN = sorted(path.stem for path in styles.FOLDER.glob("*.yaml"))


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A person's folder."""
    monkeypatch.setattr("headshot_core.files.home", lambda: tmp_path)
    return tmp_path


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    """A file with that text."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# Those that come along.


def test_the_styles_asked_for_come_along_and_present_themselves():
    assert next(iter(styles.styles())) == "natural"
    assert {"natural", "polished", "soft", "crisp", "rescue"} <= set(BUILT_IN)
    titles = [styles.get(name).title for name in BUILT_IN]
    assert len(set(titles)) == len(titles)
    for name in BUILT_IN:
        style = styles.get(name)
        assert not style.own
        assert style.description.endswith(".")
        assert style.wand or style.steps


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_style_keeps_the_person(small, name):
    """At a size that keeps the test quick, and without the upscaler, which has tests of its own."""
    stack = styles.get(name).stack_for(Study(small)).without("upscale")
    assert enhance(small, stack).distance <= 0.25


@pytest.fixture(scope="module")
def small(astronaut):
    """The example at half its size."""
    image = astronaut.photo.image
    return analyse(read_photo(image.resize((image.width // 2, image.height // 2))))


def test_a_style_lays_its_steps_over_the_wands_choice(astronaut, monkeypatch):
    choice = styles.Choice(Stack(steps=[Tone(exposure=0.4), Skin(strength=0.2)]), ("It was dark.",))
    asked = []
    monkeypatch.setattr(styles.wand, "choose", lambda study, strength: asked.append(strength) or choice)
    style = styles.Style(path="x.yaml", title="x", wand=0.7, steps=[Skin(strength=0.9), Upscale()])
    made = style.choice_for(Study(astronaut))
    assert asked == [0.7]
    assert made.stack == Stack(steps=[Tone(exposure=0.4), Skin(strength=0.9), Upscale()])
    assert made.reasons == ("It was dark.",)
    choice = styles.Choice(Stack(), ("This photo needs nothing.",))
    assert style.choice_for(Study(astronaut)).reasons == ()


def test_without_the_wand_the_order_of_the_steps_is_the_styles_own(astronaut):
    style = styles.Style(path="x.yaml", title="x", steps=[Skin(), Tone()])
    assert style.stack_for(Study(astronaut)) == Stack(steps=[Skin(), Tone()])


# Own ones.


def test_an_own_style_is_found_again_after_those_that_came_along(home):
    stack = Stack(steps=[Skin(strength=0.3), Tone(exposure=0.2, strength=0.5)])
    saved = styles.save_own("Evening: Zoë & me", stack, wand=0.5)
    assert (saved.name, saved.own) == ("evening-zoe-me", True)
    assert list(styles.styles()) == [*(name for name in styles.styles() if not styles.get(name).own), saved.name]
    again = styles.get("evening-zoe-me")
    assert again == saved
    assert (again.title, again.wand, again.steps) == ("Evening: Zoë & me", 0.5, stack.steps)
    styles.delete_own(saved.name)
    assert list((home / "styles").iterdir()) == []


def test_the_same_title_replaces_and_another_of_the_same_name_does_not(home):
    styles.save_own("Café", Stack())
    styles.save_own("Café", Stack(steps=[Skin()]))
    other = styles.save_own("cafe!", Stack())
    assert other.name == "cafe-2"
    assert styles.get("cafe").steps == (Skin(),)
    assert styles.save_own("Natural", Stack()).name == "natural-2"
    assert not styles.get("natural").own


@given(st.text(min_size=1, max_size=40))
@example("../../etc")
@example("con")
@example("\ud800 half a letter")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_title_becomes_a_file_inside_the_folder(home, title):
    try:
        style = styles.save_own(title, Stack())
    except HeadshotError:
        assert not title.strip()
        return
    assert style.path.parent == home / "styles"
    assert style.path.exists()
    assert styles.get(style.name).title == style.title
    styles.delete_own(style.name)


def test_what_belongs_to_one_photo_or_one_machine_stays_behind(home):
    wall = Background(kind="image", image="/home/me/secret/wall.jpg")
    spots = Blemishes(spared=((0.4, 0.6),), sensitivity=0.7)
    kept = styles.save_own("a", Stack(steps=[spots, Heal(), wall, Skin()]))
    assert kept.steps == (Blemishes(sensitivity=0.7), Skin())
    assert "secret" not in kept.path.read_text()
    assert styles.save_own("b", Stack(steps=[Background(kind="paper", blur=0.1)])).steps[0].blur == 0.1


def test_a_bad_own_file_is_told_and_the_others_work(home):
    styles.save_own("Good", Stack())
    written(home / "styles", "title: [", "bad.yaml")
    assert "good" in styles.styles()
    (problem,) = styles.problems()
    assert "bad.yaml, line 1" in str(problem)


def test_an_own_style_takes_the_place_of_one_that_came_along(home):
    written(home / "styles", "title: Mine\n", "natural.yaml")
    assert (styles.get("natural").own, styles.get("natural").title) == (True, "Mine")
    styles.delete_own("natural")
    with pytest.raises(HeadshotError, match="came along and stays"):
        styles.delete_own("natural")


def test_a_name_that_is_not_there_is_told_with_the_nearest(home):
    with pytest.raises(HeadshotError, match="Did you mean 'polished'"):
        styles.get("Polish")
    with pytest.raises(HeadshotError, match="There are: natural"):
        styles.get("qqq")


# Files.


def test_on_is_a_word_in_a_style_and_a_stack_file_is_one(tmp_path):
    path = written(tmp_path, "title: Mine\nsteps:\n  - tool: skin\n    on: false\n")
    assert styles.read_style(path).steps == (Skin(on=False),)
    stack = Stack(steps=[Skin(strength=0.1), Background(image="wände/😀.jpg")])
    path = written(tmp_path, stack.to_json(), "me.first.stack.json")
    style = styles.read_style(path)
    assert (style.name, style.wand, style.steps) == ("me", 0, stack.steps)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no style"),
        ("[1, 2]", "no style"),
        ("steps: []", "title: Field required"),
        ("title: x\nsteps: 3", "steps"),
        ("title: x\nsteps: [skin]", "steps.0"),
        ("title: x\nsteps:\n  - {strength: 1}", "begins with 'tool:'"),
        ("title: x\nsteps:\n  - {tool: skn}", "there is no tool 'skn'"),
        ("title: x\nsteps:\n  - {tool: [skin]}", "steps.0"),
        ("title: x\nsteps:\n  - {tool: skin, power: 1}", "steps.0.skin.power: there is no such field"),
        ("title: x\nsteps:\n  - {tool: skin, strength: lots}", "steps.0.skin.strength"),
        ("title: x\nsteps:\n  - {tool: skin}\n  - {tool: skin}", "'skin' stands there twice"),
        ("title: x\nwand: 2", "wand: Input should be less than or equal to 1"),
        ("title: x\ncolour: red", "colour: there is no such field. Allowed: title"),
        ("title: x\npath: /etc", "does not say its own path"),
        ("title: &a x\ndescription: *a", "line 2: a style has no aliases"),
        ("title: !!python/name:os.system x", "line 1"),
        ("title: x\n\tsteps: 1", "line 2"),
        ("1: x", "no style"),
        ("title: x\n" + "#" * styles.MAX_BYTES, "too large"),
        ("title: " + "[" * 5000, "mine.yaml"),
    ],
)
def test_a_bad_file_is_told_with_its_place(tmp_path, text, says):
    path = written(tmp_path, text)
    with pytest.raises(HeadshotError) as caught:
        styles.read_style(path)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"steps": {}}', '{"version": 2, "steps": []}', '{"x": 1}'])
def test_a_bad_stack_file_is_told(tmp_path, text):
    with pytest.raises(HeadshotError, match=r"me\.stack\.json"):
        styles.read_style(written(tmp_path, text, "me.stack.json"))


def test_bytes_that_are_no_text_and_a_file_that_is_not_there_are_told(tmp_path):
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe\x00title")
    for name in ("mine.yaml", "none.yaml"):
        with pytest.raises(HeadshotError, match=name):
            styles.read_style(tmp_path / name)


def test_a_style_in_the_docs_is_one(tmp_path):
    text = catalogue.DOCS.read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert yaml.safe_load(example)
    assert styles.read_style(written(tmp_path, example)).steps
