"""The score beside every picture: what the panel says, its fixes as steps of the history, and the way to Enhance."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PIL import Image

from headshot_core.enhance.stack import Stack
from headshot_core.enhance.tone import Tone
from headshot_core.errors import HeadshotError
from headshot_core.photo import read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.presets import EXAMPLE
from headshot_core.score.report import Fix, Measure, Pillar, Score
from headshot_ui import enhance_views, judge, score_views, views
from headshot_ui.crossing import ToEnhance, _same
from headshot_ui.enhance_tab import Tab as EnhanceTab
from headshot_ui.judge import Judge
from headshot_ui.presets_tab import Tab as PresetsTab
from headshot_ui.visit import Visit, Visits

BRIGHTEN = Fix("Brighten the picture", {"tone": {"exposure": 1.0}})


@pytest.fixture(scope="module")
def dark(model_files) -> Portrait:
    """The example's head and shoulders, too dark: light is all that it lacks."""
    head = Image.open(EXAMPLE).crop((84, 10, 344, 335)).resize((720, 900), Image.Resampling.LANCZOS)
    return analyse(read_photo(head.point(lambda level: round(level * 0.5))))


@pytest.fixture
def visit(tmp_path, dark):
    """A visit with the dark photo in both tabs."""
    visit = Visit(tmp_path)
    visit.begin(dark)
    visit.retouch.begin_scored(visit.judge)
    return visit


def measure(name, score, costs=40, fix=None) -> Measure:
    """One measure."""
    return Measure(name, name.capitalize(), 1.234, "stops", score, costs, f"Says {name}.", "ISO", fix)


def score_of(*measures) -> Score:
    """A score of one pillar."""
    return Score("headshot", (Pillar("lighting", "Proper lighting", measures, 1.0),))


def dearest(scored: Score) -> Measure:
    """The dearest measure for which there is a fix."""
    return next(one for one in scored.measures if one.fix)


# The panel.


def test_the_dearest_comes_first_and_the_good_is_said_too(visit):
    """Faults by what they cost, then what is good, then mere information; figures on hover, fixes for faults alone."""
    fixes = {"fix": BRIGHTEN}
    scored = score_of(measure("fine", 100), measure("told", 0, 0), measure("dear", 10, **fixes), measure("cheap", 50))
    shown = score_views.panel(visit, "1", scored, scored)
    told = shown["pillars"][0]["measures"]
    assert [one["name"] for one in told] == ["dear", "cheap", "fine", "told"]
    assert [one["kind"] for one in told] == ["bad", "bad", "good", "info"]
    assert [one["fix"] for one in told] == ["Brighten the picture", None, None, None]
    assert told[0]["hint"] == "Dear: 1.23 stops, costs 36 points, ISO"
    assert shown["total"]["before"] is None
    assert shown["rest"] == ""


@pytest.mark.parametrize(
    ("score", "spent", "words"),
    [(100, False, "Good as it is."), (10, False, "What is left needs another photo."), (10, True, "All that helps")],
)
def test_where_nothing_can_be_fixed_it_is_said(visit, score, spent, words):
    """Instead of a button that does nothing."""
    scored = score_of(measure("light", score, 90, BRIGHTEN if spent else None))
    assert score_views.panel(visit, "1", scored, scored, spent=spent)["rest"].startswith(words)


def test_before_and_after_stand_side_by_side(visit):
    """A missing one is on its way; a problem is told."""
    before, after = score_of(measure("light", 20)), score_of(measure("light", 80))
    shown = score_views.panel(visit, "1", before, after)
    assert (shown["total"]["before"], shown["total"]["now"]) == (before.total, after.total)
    assert (shown["pillars"][0]["before"], shown["pillars"][0]["now"]) == (68, 92)
    assert score_views.panel(visit, "1", before, None)["state"] == "measuring"
    assert score_views.panel(visit, "1", before, None, {"what": "Oh."})["state"] == "failed"


def test_likeness_is_told_in_words_with_its_warning(visit, monkeypatch):
    """Only where a person was chosen."""
    scored = score_of(measure("light", 80))
    known = Score("headshot", scored.pillars, likeness=80)
    assert score_views.panel(visit, "1", known, known)["likeness"] is None
    monkeypatch.setattr(type(visit.people), "used", SimpleNamespace(about=SimpleNamespace(name="Ada")))
    likeness = score_views.panel(visit, "1", known, known)["likeness"]
    assert likeness["says"] == "Ada: very likely the same person."
    assert "80 of 100" in likeness["warning"]
    assert "never proof" in likeness["warning"]
    assert score_views.panel(visit, "1", scored, scored)["likeness"] is None


# In Enhance.


def test_a_fix_is_one_step_that_raises_the_score(visit):
    """It can be undone, the drawer shows it, and the score of both pictures is remembered."""
    work = visit.retouch
    assert enhance_views.score(visit)["state"] == "measuring"
    work.score()
    before = enhance_views.score(visit)
    assert before["total"]["before"] is None
    fix = dearest(work.scores[1])
    work.mend(fix.name)
    assert work.undoable == fix.fix.title
    assert enhance_views.tools(visit)["steps"]["tone"]["exposure"] == work.step("tone").exposure > 0
    assert enhance_views.score(visit)["state"] == "measuring"
    work.score()
    after = enhance_views.score(visit)
    assert after["total"]["before"] == before["total"]["now"] < after["total"]["now"]
    work.undo()
    assert enhance_views.score(visit) == before  # known still: nothing is worked out again


def test_all_fixes_are_one_step_and_then_nothing_is_offered(visit):
    """What `fixed` makes of the stack."""
    work = visit.retouch
    work.mend_all()
    work.score()
    shown = enhance_views.score(visit)
    assert work.undoable == "Fix all"
    assert shown["total"]["now"] > shown["total"]["before"]
    assert shown["rest"]
    work.undo()
    work.score()
    assert work.stack == Stack()
    assert enhance_views.score(visit)["rest"] == ""


def test_a_fix_that_is_not_offered_does_nothing(visit):
    """The browser may send anything, and a fix may be used up meanwhile."""
    visit.retouch.mend("../../etc")
    visit.retouch.mend("eyes_open")
    assert visit.retouch.undoable == ""
    with pytest.raises(HeadshotError):
        visit.judge_as("driving licence")


def test_passport_rules_are_another_score(visit):
    """By tab and by picture the rules are the same until they are changed."""
    visit.retouch.score()
    visit.judge_as("passport")
    assert enhance_views.score(visit)["state"] == "measuring"
    visit.retouch.score()
    assert enhance_views.score(visit)["rules"] == views.score(visit)["rules"] == "passport"
    assert visit.retouch.scores[0].profile == "passport"


def test_a_judge_remembers_the_latest_scores_only(dark, monkeypatch):
    """A slider makes hundreds of stacks."""
    asked = []
    monkeypatch.setattr(judge, "score", lambda study, stack, rules: asked.append(stack) or score_of())
    monkeypatch.setattr(judge, "KEPT", 3)
    one = Judge(dark)
    stacks = [Stack(steps=(Tone(exposure=step / 10),)) for step in range(5)]
    for stack in (*stacks, stacks[-1]):
        one.score("headshot", stack)
    assert asked == stacks
    assert [one.known("headshot", stack) is not None for stack in stacks] == [False, False, True, True, True]


# In Presets.


def test_a_finished_headshot_has_a_score_of_its_own(visit):
    """Its place is kept while it is worked out; an adjustment takes it away; the photo's stays beside it."""
    visit.score()
    photo = views.score(visit)
    visit.pick(["boardroom"])
    visit.preview(visit.shot)
    assert views.score(visit) == photo  # a preview has none
    visit.finish(visit.shot)
    assert views.score(visit)["state"] == "measuring"
    assert views.viewer(visit)["numbers"][-1]["value"] == "…"
    visit.score()
    shown = views.score(visit)
    assert shown["of"] != photo["of"]
    assert shown["total"]["before"] == photo["total"]["now"] < shown["total"]["now"]
    assert views.viewer(visit)["numbers"][-1]["value"] == str(shown["total"]["now"])
    visit.adjust({"grade": {"exposure": -0.5}})
    assert views.score(visit) == photo


def test_a_headshot_on_which_no_face_is_found_has_no_score(visit, monkeypatch):
    """The photo's is shown, and nobody is bothered."""
    visit.pick(["boardroom"])
    visit.finish(visit.shot)
    monkeypatch.setattr(visit, "judge_of", lambda shot: (_ for _ in ()).throw(HeadshotError("No face was found.")))
    visit.score()
    assert views.score(visit)["total"]["before"] is None
    assert "Score" not in [number["name"] for number in views.viewer(visit)["numbers"]]


def test_nothing_is_left_when_the_photo_is_deleted(visit):
    """Neither the judges nor their portraits."""
    visit.pick(["boardroom"])
    visit.finish(visit.shot)
    visit.score()
    visit.forget()
    assert views.score(visit) == enhance_views.score(visit) == {}
    assert visit._judge is visit._shot_judge is visit.retouch.judge is None


@pytest.mark.parametrize("finished", [False, True])
def test_a_fix_in_presets_opens_the_picture_in_enhance(tmp_path, dark, finished):
    """The photo, or the headshot that was scored; a second fix keeps what was done there."""
    visits = Visits(tmp_path)
    visit = visits.of("me")
    visit.begin(dark)
    presets = PresetsTab(*(f"p.{name}" for name in PresetsTab.__annotations__))
    there = ToEnhance(presets, EnhanceTab(*EnhanceTab.__annotations__), "tabs", visits)
    if finished:
        visit.pick(["boardroom"])
        visit.adjust({"grade": {"auto": False, "exposure": -2}, "light": {"pattern": "natural"}})
        visit.finish(visit.shot)
    visit.score()
    fix = dearest(visit.shot_score or visit.photo_score)
    event, request = SimpleNamespace(_data={"measure": fix.name}), SimpleNamespace(session_hash="me")
    shown = list(there.mend(event, request))[-1]
    work = visit.retouch
    assert shown["tabs"].selected == "Enhance"
    assert work.undoable == fix.fix.title
    assert _same(work.portrait, visit.judged.portrait)
    assert work.portrait.photo.name.endswith("boardroom") == finished
    before = work.stack
    list(there.mend_all(SimpleNamespace(_data={}), request))
    assert {step.tool for step in work.stack.steps} >= {step.tool for step in before.steps}


def test_everything_in_hand_is_the_chosen_person_s(visit, monkeypatch):
    """Photos given before and after the choice, in both tabs; what was done to them stays."""
    someone = SimpleNamespace(likeness_of=lambda portrait: 66, marks=(), tone=None)
    visit.retouch.adjust({"tone": {"exposure": 0.5}})
    assert visit.recognise() is False
    monkeypatch.setattr(type(visit), "profile", someone)
    assert visit.recognise() is True
    assert visit.recognise() is False
    assert visit.portrait.person is visit.retouch.portrait.person is visit.look_at(visit.photo).person is someone
    assert visit.retouch.step("tone").exposure == 0.5
    visit.score()
    assert visit.photo_score.likeness == 66
