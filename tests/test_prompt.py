"""Prompts: every choice has words, each family reads its own kind of them, and what clashes is said."""

import re
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headshot_core.generate import pose as poses
from headshot_core.generate.models import Base
from headshot_core.people import NOUNS, About
from headshot_core.presets import presets
from headshot_core.prompt import SUGGESTIONS, contradictions, plain, traits, write
from headshot_core.prompt import words as lexicon
from headshot_core.prompt.phrases import colour_name
from headshot_core.prompt.write import TAGGED, WEIGHT, _article
from headshot_core.recipe import Backdrop, Frame, Generate, Grade, Light, Pose, Recipe, Wishes
from headshot_core.studio.backdrops import BACKDROPS
from headshot_core.studio.framing import FRAMES
from headshot_core.studio.grade import LOOKS
from headshot_core.studio.light import PATTERNS


def base(family, *can, guidance=5.0):
    return Base(family, family, family, "x/y", "", True, 1, 1.0, ((512, 512),), 20, guidance, frozenset(can))


SD15, SDXL = base("sd15", "lora", "negative"), base("sdxl", "lora", "negative")
Z_IMAGE, KLEIN = base("z_image", "lora", guidance=0), base("flux2_klein", "lora", "reference", guidance=1)
MICRO = base("micro", "lora", "negative", guidance=4)
BASES = (SD15, SDXL, Z_IMAGE, KLEIN, MICRO)
PERSON = Generate(mode="person")
ANNA = About(name="Anna", noun="woman", age=34, hair="short brown", eyes="green", glasses=True)


def positive(base, about=None, trigger="", **parts):
    return write(Recipe(**{"generate": PERSON} | parts), base, about, trigger).positive


# Every choice has words.


def test_every_backdrop_has_words():
    assert set(lexicon.BACKDROPS) == set(BACKDROPS)
    assert set(lexicon.FRAMES) <= set(FRAMES)
    assert set(lexicon.POSES) <= set(poses.NAMES)
    assert {base.family for base in BASES} == set(lexicon.NEVER)


CHOICES = [
    *(Recipe(backdrop=Backdrop(kind=kind)) for kind in BACKDROPS),
    *(Recipe(light=Light(pattern=pattern)) for pattern in PATTERNS),
    *(Recipe(grade=Grade(look=look)) for look in LOOKS),
    *(Recipe(frame=Frame(name=name)) for name in FRAMES),
    *(Recipe(pose=Pose(name=name)) for name in poses.NAMES),
    *(Recipe(wishes=Wishes(**{field: word})) for field, words in SUGGESTIONS.items() for word in words),
    *(preset.recipe() for preset in presets().values()),
]


@pytest.mark.parametrize("family", BASES, ids=lambda base: base.family)
def test_all_choices_read_well(family):
    """Every backdrop, light, look, frame, pose, suggestion, preset: no leftovers, nothing twice, clean punctuation."""
    for recipe in CHOICES:
        for mode in ("person", "photo", "keep"):
            settings = Recipe(**dict(recipe) | {"generate": Generate(mode=mode)})
            text = write(settings, family, ANNA, "ohwx" if mode == "person" else "").positive
            assert not re.search(
                r"None|[{}\[\]<>_\0]|  | [,.]|,,|\.\.|,\.|\ba [aeio]|\ban [bcdfgjklmnpqrstvwz]", text
            ), text
            assert not any(one == other for one, other in pairwise(re.findall(r"\w+", text))), text
            if family.family in TAGGED:
                tags = [tag for tag in text.split(", ") if " " in tag]  # 'cool, crisp colours' is one
                assert len(tags) == len(set(tags)), text
            else:
                assert re.match(r"[A-Z].*\.$", text), text
                assert all(sentence[0].isupper() for sentence in re.split(r"(?<=[a-z])\. ", text)), text


def test_presets_do_not_contradict_themselves():
    assert {name: contradictions(preset.recipe()) for name, preset in presets().items()} == dict.fromkeys(presets(), ())


def test_choices_show():
    """A different choice gives different words, but where a picture says it or the model is left free."""
    said = {positive(SDXL, backdrop={"kind": name}) for name in BACKDROPS}
    assert len(said) == len(BACKDROPS) - 2


def test_a_look_is_left_to_the_finishing_unless_it_is_grey():
    said = {look: positive(SDXL, grade=Grade(look=look)) for look in LOOKS}
    grey = said.pop("black_and_white")
    assert len(set(said.values())) == 1
    assert grey.startswith("black and white photo")


# The person.


def test_the_subject_comes_first():
    assert positive(SDXL, ANNA, "ohwx").startswith("photo of ohwx woman, 34 years old, short brown hair, green eyes")
    assert positive(Z_IMAGE, ANNA).startswith(
        "A head-and-shoulders portrait photograph of a 34-year-old woman with short brown hair, green eyes and glasses."
    )
    assert positive(Z_IMAGE, ANNA, "ohwx").startswith(
        "A head-and-shoulders portrait photograph of ohwx woman, 34 years old, with short brown hair"
    )
    assert positive(SD15).startswith("photo of person,")
    assert positive(SD15, trigger="ohwx person").startswith("photo of ohwx person,")


@pytest.mark.parametrize(("noun", "says"), [("woman", "She wears"), ("boy", "He wears"), ("person", "They wear")])
def test_each_noun_has_its_pronoun(noun, says):
    assert noun in NOUNS
    assert says in positive(Z_IMAGE, About(name="A", noun=noun))


def test_a_model_that_sees_the_person_is_told_to_keep_them():
    shown = positive(KLEIN, ANNA, generate=Generate(mode="photo"))
    assert "of the same woman as in the first picture" in shown
    assert "brown" not in shown
    assert "wears" not in shown
    unseen = positive(KLEIN, ANNA)
    assert "first picture" not in unseen
    assert "brown" in unseen


def test_a_kept_face_is_not_described():
    wishes = Wishes(expression="gentle smile", gaze="into the camera", clothing="red dress")
    text = positive(SDXL, wishes=wishes, generate=Generate(mode="keep"))
    assert "red dress" in text
    assert "smile" not in text
    assert "looking" not in text


# Tags and sentences.


def test_clothing_is_one_phrase():
    wishes = Wishes(clothing="plain T-shirt", colour="navy", fabric="cotton")
    assert "They wear a plain navy cotton T-shirt." in positive(Z_IMAGE, wishes=wishes)
    assert "wearing plain navy cotton T-shirt" in positive(SD15, wishes=wishes)
    denim = Wishes(clothing="denim jacket over a T-shirt", colour="blue", fabric="denim")
    assert "They wear a blue denim jacket over a T-shirt." in positive(Z_IMAGE, wishes=denim)
    assert "They wear red clothes." in positive(Z_IMAGE, wishes=Wishes(colour="red"))


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"expression": "laughing", "gaze": "up"}, "They are laughing and looking up."),
        ({"expression": "warm smile", "gaze": "eyes closed"}, "They have a warm smile and eyes closed."),
        ({"expression": "serious"}, "The expression is serious."),
        ({"background": "outdoors in the rain"}, "The picture is taken outdoors in the rain."),
        ({"background": "old harbour"}, "The background shows an old harbour."),
        ({"era": "the 1920s"}, "It looks like a portrait from the 1920s."),
        ({"text": "a cat on the shoulder"}, "A cat on the shoulder."),
    ],
)
def test_free_words_become_sentences(wishes, says):
    assert says in positive(Z_IMAGE, wishes=Wishes(**wishes))


@pytest.mark.parametrize(
    ("phrase", "says"),
    [
        ("suit and tie", "a suit and tie"),
        ("85 mm lens", "an 85 mm lens"),
        ("uniform", "a uniform"),
        ("medical scrubs", "medical scrubs"),
        ("her grandmother's coat", "her grandmother's coat"),
        ("sportswear", "sportswear"),
        ("simple dress", "a simple dress"),
    ],
)
def test_articles(phrase, says):
    assert _article(phrase) == says


def test_the_frame_and_distance_name_the_size():
    assert "close-up portrait" in positive(SDXL, frame=Frame(name="id"))
    assert "tight head-and-shoulders" in positive(SDXL, frame=Frame(name="linkedin"))
    assert "waist-up portrait" in positive(SDXL, pose=Pose(distance=2))
    assert "landscape format" in positive(SDXL, frame=Frame(name="speaker"))
    wished = positive(SDXL, wishes=Wishes(framing="waist up"))
    assert "waist up" in wished
    assert "head-and-shoulders" not in wished


def test_colours_are_named():
    assert (colour_name("#565c63"), colour_name("#EEECE8"), colour_name("#1f4e79")) == (
        "slate grey",
        "off-white",
        "steel blue",
    )
    two = Backdrop(kind="gradient", colour="#4a5fd0", accent="#f0a08c")
    assert "gradient from blue to peach" in positive(SDXL, backdrop=two)
    mono = positive(SDXL, backdrop=two, grade=Grade(look="black_and_white"))
    assert mono.startswith("black and white photo of")
    assert "blue" not in mono


def test_a_wished_place_takes_the_backdrops():
    text = positive(Z_IMAGE, backdrop=Backdrop(kind="forest"), wishes=Wishes(background="library"))
    assert "library" in text
    assert "forest" not in text


# Weights and brackets.


@pytest.mark.parametrize(
    ("text", "tags", "sentence"),
    [
        ("a (red:1.3) scarf", "a (red:1.3) scarf", "A red scarf."),
        ("a scarf (red)", "a scarf red", "A scarf (red)."),
        ("[[hat]], {cap}", "hat, cap", "[[hat]], {cap}."),
        ("(ratio:16)", "ratio:16", "(ratio:16)."),
        ("time: noon)", "time: noon", "Time: noon)."),
        ("((deep:1.1))", "(deep:1.1)", "(deep)."),
        ("hat++, cap-", "hat, cap", "Hat++, cap-."),
        ("<lora:somebody:1> hat", "hat", "Hat."),
        ("two\nlines\t here", "two lines here", "Two lines here."),
    ],
)
def test_brackets_in_free_words(text, tags, sentence):
    """Only well formed weights weigh; a family without weights gets none."""
    assert f", {tags}, " in positive(SDXL, wishes=Wishes(text=text))
    assert positive(Z_IMAGE, wishes=Wishes(text=text)).endswith(sentence)


@given(st.text(max_size=60), st.sampled_from(["text", "clothing", "expression", "gaze", "background", "avoid"]))
def test_any_text_is_safe(text, field):
    """No bracket is left but those of weights, no control character, and nothing is raised."""
    recipe = Recipe(wishes=Wishes(**{field: text}), generate=PERSON)
    for family in BASES:
        prompt = write(recipe, family)
        for words in (prompt.positive, prompt.negative):
            assert words.isprintable()
            assert WEIGHT.search(words) is None or family.family in TAGGED
            if family.family in TAGGED:
                assert not re.search(r"[()\[\]{}<>\\]", WEIGHT.sub("", words))
    contradictions(recipe)


def test_plain():
    assert plain("a (red:1.3) hat (new)") == "a red hat (new)"


# What is to be avoided.


def test_negative_prompts():
    """The person's own words first; what is wished is never forbidden."""
    prompt = write(Recipe(wishes=Wishes(avoid="hat, (beard:1.2)")), SDXL)
    assert prompt.negative.startswith("hat, (beard:1.2), nudity")
    assert prompt.notes == ()
    assert "text" in write(Recipe(), SD15).negative.split(", ")
    wished = write(Recipe(wishes=Wishes(text="nudity before a painting, textured wall")), SD15).negative.split(", ")
    assert "painting" not in wished
    assert {"nudity", "text"} <= set(wished)


@pytest.mark.parametrize("family", [Z_IMAGE, KLEIN, base("sdxl", "negative", guidance=1)], ids=["z", "klein", "low"])
def test_models_that_cannot_be_told(family):
    prompt = write(Recipe(wishes=Wishes(avoid="glasses, hats, dragons")), family)
    assert prompt.negative == ""
    assert re.search("eyes in full view.*ncovered hair", prompt.positive)
    assert "dragons" not in prompt.positive
    (note,) = prompt.notes
    assert "Left out: dragons." in note
    assert write(Recipe(), family).notes == ()


def test_guidance_decides_whether_it_is_heard():
    wishes = Wishes(avoid="hat")
    quiet, loud = (write(Recipe(wishes=wishes, generate=Generate(guidance=g)), SDXL) for g in (1, 5))
    assert quiet.negative == ""
    assert "at so low a guidance" in quiet.notes[0]
    assert loud.negative


def test_known_glasses_yield_to_the_wish():
    assert "glasses" not in write(Recipe(wishes=Wishes(avoid="glasses")), Z_IMAGE, ANNA).positive


def test_most_suggestions_of_what_to_avoid_have_an_opposite():
    for term in SUGGESTIONS["avoid"]:
        assert "Left out" not in write(Recipe(wishes=Wishes(avoid=term)), KLEIN).notes[0], term


# Suggestions and contradictions.


def test_suggestions():
    assert set(SUGGESTIONS) == set(Wishes.model_fields)
    for field, words in SUGGESTIONS.items():
        assert 12 <= len(words) <= 30, field
        assert len(set(words)) == len(words)
        for word in words:
            assert contradictions(Recipe(wishes=Wishes(**{field: word}))) == (), word


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"wishes": {"gaze": "into the camera"}, "pose": {"yaw": 65}}, "In profile"),
        ({"wishes": {"gaze": "into the camera", "expression": "closed eyes"}}, "Closed eyes look nowhere"),
        ({"wishes": {"gaze": "into the camera", "clothing": "suit and sunglasses"}}, "Sunglasses hide"),
        ({"wishes": {"expression": "broad smile", "mood": "solemn"}}, "A smile and a serious"),
        ({"wishes": {"expression": "laughing with lips closed"}}, "Closed lips"),
        ({"wishes": {"background": "beach at noon"}, "grade": {"look": "low_key"}}, "Bright daylight and a dark"),
        ({"wishes": {"background": "street at night"}, "grade": {"look": "high_key"}}, "A night scene"),
        ({"backdrop": {"kind": "stadium"}, "wishes": {"lighting": "bright midday sun"}}, "day and night"),
        ({"wishes": {"background": "beach", "clothing": "parka"}}, "warm clothes"),
        ({"backdrop": {"kind": "snow"}, "wishes": {"clothing": "swimsuit"}}, "light clothes"),
        ({"wishes": {"lighting": "hard light"}, "light": {"pattern": "loop", "softness": 0.9}}, "wished hard"),
        ({"wishes": {"lighting": "soft"}, "light": {"pattern": "split", "softness": 0.1}}, "wished soft"),
        ({"wishes": {"avoid": "harsh shadows"}, "light": {"pattern": "split"}}, "set to cast strong ones"),
        ({"wishes": {"colour": "red"}, "grade": {"look": "black_and_white"}}, "light or dark only"),
        ({"wishes": {"clothing": "shirt and jeans"}}, "ends above the waist"),
        ({"wishes": {"text": "holding a cup"}, "frame": {"name": "id"}}, "too tight to show hands"),
        ({"wishes": {"framing": "full body"}, "frame": {"name": "email"}}, "tight about the head"),
        ({"wishes": {"framing": "close-up"}, "pose": {"distance": 2}}, "leave the head small"),
        ({"wishes": {"lens": "24 mm lens"}}, "wide-angle"),
        ({"wishes": {"expression": "big smile"}, "frame": {"name": "id"}}, "calm face"),
        ({"pose": {"yaw": 30}, "frame": {"name": "id"}}, "straight to the camera"),
        ({"wishes": {"clothing": "suit"}, "frame": {"name": "id"}}, "ends at the collar"),
        ({"wishes": {"gaze": "up"}, "generate": {"mode": "keep"}}, "kept as photographed"),
        ({"wishes": {"background": "office"}, "backdrop": {"kind": "original"}}, "own background is kept"),
        ({"wishes": {"lighting": "Rembrandt"}, "light": {"pattern": "butterfly"}}, "ask for Rembrandt light"),
        ({"wishes": {"clothing": "red hat", "avoid": "Hats, dogs"}}, "'hats' is wished for and to be avoided"),
        ({"wishes": {"lighting": "harsh shadows", "avoid": "harsh shadows"}}, "'harsh shadows' is wished"),
    ],
)
def test_contradictions(parts, says):
    found = contradictions(Recipe.model_validate(parts))
    assert any(says in sentence for sentence in found), found


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"wishes": {"gaze": "past the camera"}, "pose": {"yaw": 65}},
        {"wishes": {"expression": "calm face, not smiling", "mood": "serious"}},
        {"wishes": {"text": "no glasses", "avoid": "glasses"}},
        {"wishes": {"clothing": "coat", "avoid": "raincoat"}},
        {"wishes": {"clothing": "jeans", "framing": "full length"}},
        {"wishes": {"colour": "charcoal"}, "grade": {"look": "black_and_white"}},
        {"wishes": {"lighting": "soft Rembrandt light"}, "light": {"pattern": "rembrandt"}},
        {"wishes": {"gaze": "closed eyes"}},
        {"generate": {"mode": "keep"}, "wishes": {"clothing": "suit"}},
    ],
)
def test_no_false_alarm(parts):
    assert contradictions(Recipe.model_validate(parts)) == ()


@pytest.mark.parametrize(
    ("gaze", "trait"),
    [
        ("into the camera", "gaze_camera"),
        ("straight ahead", "gaze_camera"),
        ("down the lens", "gaze_camera"),
        ("a little past the camera", "gaze_away"),
        ("at somebody beside the camera", "gaze_away"),
        ("closed eyes", "eyes_closed"),
    ],
)
def test_traits_of_the_gaze(gaze, trait):
    found = traits(Recipe(wishes=Wishes(gaze=gaze)))
    assert found & {"gaze_camera", "gaze_away", "eyes_closed"} == {trait}


def test_nothing_heavy_is_imported():
    """The page shows suggestions before anything else is loaded."""
    code = "import sys, headshot_core.prompt; print([m for m in ('torch', 'dlib', 'diffusers') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
