"""Writing the prompt: tags for Stable Diffusion, whole sentences for the flow models, from one and the same form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headshot_core.generate.call import Prompt
from headshot_core.prompt.clashes import traits
from headshot_core.prompt.phrases import backdrop_words, light_words, pose_words, size_word
from headshot_core.prompt.words import CLOTHES, FRAMES, INSTEAD, LENS, NEVER, WIDE, WIDE_WORDS
from headshot_core.recipe import Recipe

if TYPE_CHECKING:
    from headshot_core.generate.models import Base
    from headshot_core.people import About

TAGGED = ("sd15", "sdxl", "micro")
"""Families that read tags, and weights such as ``(word:1.2)``; the others read sentences."""
WEIGHT = re.compile(r"\(([^()\[\]{}<>:]+):\s*(\d?\.?\d+)\)")
MOST_WEIGHT = 2.0


def write(recipe: Recipe, base: Base, about: About | None = None, trigger: str = "") -> Prompt:
    """The prompt for a base model's family.

    `about`: what is known of the person; `trigger`: the word that calls up a trained one. The negative prompt is empty
    where the model, or its guidance, takes none: then notes say so, and what was to be avoided is wished away in other
    words where there are such.
    """
    form = _Form(recipe, base, about, " ".join(trigger.split()))
    negative, positives, notes = _avoided(recipe, base)
    positive = _tags(form, positives) if form.tagged else _sentences(form, positives)
    return Prompt(positive, negative, notes)


def plain(prompt: str) -> str:
    """A prompt without weights: what a model that knows none reads."""
    return WEIGHT.sub(lambda found: found[1].strip() if _weighs(found) else found[0], prompt)


# Free words.


def _weighs(found: re.Match) -> bool:
    """Whether what looks like a weight is one."""
    return 0 < float(found[2]) <= MOST_WEIGHT


def _cleaned(text: str, tagged: bool) -> str:
    """Free words on one line, without anything that a family would take for a command.

    Tags keep weights that are well formed; all other brackets, and the plus and minus signs that weigh a word, go.
    """
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    text = re.sub(r"<\w+:[^<>]*>", "", text)  # other programs' calls for adapters
    if not tagged:
        return plain(text).strip(" ,;")
    kept: list[str] = []

    def keep(found: re.Match) -> str:
        if not _weighs(found):
            return found[0]
        kept.append(f"({found[1].strip()}:{found[2]})")
        return f"\0{len(kept) - 1}\0"

    text = WEIGHT.sub(keep, text)
    text = re.sub(r"\s*[()\[\]{}<>\\]+\s*", " ", text)
    text = re.sub(r"(?<=\w)[+-]+(?=[\s,.;]|$)", "", text)
    text = re.sub(r"\s+([,.;])", r"\1", text).strip(" ,;.")
    return re.sub(r"\0(\d+)\0", lambda found: kept[int(found[1])], text)


# The form, put into phrases.

CUT = (
    r"((?:(?:plain|simple|soft|loose|fitted|tailored|festive|hooded|embroidered|knitted|slim|smart|casual|thick|long"
    r"|short|elegant|formal|traditional) )*)(.*)"
)
"""Words about clothes that stand before their colour, and the clothes themselves."""
SIZED = r"close-?up|shoulders|chest|waist|knees|length|full|head ?shot"
"""Framing that says how much of the person is seen."""


@dataclass(frozen=True)
class _Form:
    """A recipe's wishes as phrases, for one base model. Every phrase may be empty."""

    recipe: Recipe
    base: Base
    about: About | None
    trigger: str

    @property
    def tagged(self) -> bool:
        return self.base.family in TAGGED

    @property
    def referred(self) -> bool:
        """Whether the model is shown a picture of the person."""
        return self.recipe.generate.mode == "photo" and "reference" in self.base.can

    @property
    def kept(self) -> bool:
        """Whether the face stays as photographed: no word can change it."""
        return self.recipe.generate.mode == "keep"

    def wish(self, field: str) -> str:
        """What was typed or chosen."""
        return _cleaned(getattr(self.recipe.wishes, field), self.tagged)

    @property
    def noun(self) -> str:
        return self.about.noun if self.about else "person"

    @property
    def called(self) -> str:
        """The subject: the trigger before the noun, unless it says so itself."""
        if self.noun in self.trigger.split():
            return self.trigger
        return f"{self.trigger} {self.noun}".strip()

    @property
    def traits(self) -> list[str]:
        """What is known of the person's looks; nothing where a picture shows it."""
        if self.about is None or self.referred:
            return []
        hair, eyes = (_cleaned(text, self.tagged) for text in (self.about.hair, self.about.eyes))
        hair = hair if not hair or re.search(r"hair|bald|shaved", hair) else f"{hair} hair"
        eyes = eyes if not eyes or "eye" in eyes else f"{eyes} eyes"
        return [trait for trait in (hair, eyes, "glasses" if self._glasses else "") if trait]

    @property
    def _glasses(self) -> bool:
        return self.about.glasses and not re.search(r"glasses|spectacles", self.recipe.wishes.avoid)

    @property
    def mono(self) -> bool:
        grade = self.recipe.grade
        return grade.look == "black_and_white" and grade.strength >= 0.5

    @property
    def medium(self) -> str:
        return "black and white photo" if self.mono else "photo"

    @property
    def size(self) -> str:
        """What a picture of so large a head is called, unless another size was wished for."""
        return "portrait" if re.search(SIZED, self.wish("framing")) else size_word(self.recipe)

    @property
    def format(self) -> list[str]:
        """What the frame wants besides."""
        from headshot_core.studio.framing import size_of

        width, height = size_of(self.recipe.frame)
        wide = WIDE_WORDS if width > WIDE * height else ""
        return [words for words in (FRAMES.get(self.recipe.frame.name, ""), wide) if words]

    @property
    def pose(self) -> list[str]:
        return [] if self.kept else pose_words(self.recipe)

    @property
    def clothing(self) -> str:
        """Colour, fabric and clothes in one phrase, nothing named twice."""
        clothing, shades = self.wish("clothing"), [self.wish(field) for field in ("colour", "fabric")]
        if not (clothing or any(shades)):
            return "" if self.referred or self.recipe.generate.mode == "restyle" else CLOTHES
        clothing = clothing or "clothes"
        words = plain(clothing).lower()
        cut, noun = re.match(CUT, clothing).groups()
        return " ".join([cut.strip(), *(s for s in shades if s and plain(s).lower() not in words), noun]).strip()

    @property
    def background(self) -> str:
        return self.wish("background") or backdrop_words(self.recipe, self.mono)

    @property
    def light(self) -> str:
        own, said = self.wish("lighting"), light_words(self.recipe)
        if own and said.startswith("natural light"):  # nothing but a wish for the photo's own
            said = said.removeprefix("natural light").strip(", ")
        return ", ".join(part for part in (own, said) if part)

    @property
    def lens(self) -> str:
        return self.wish("lens") or LENS

    @property
    def look(self) -> str:
        """Nothing but grey is told: every other look is given to the finished picture, as in the studio."""
        return "a full range of greys" if self.mono else ""

    @property
    def focus(self) -> str:
        closed = "eyes_closed" in traits(self.recipe)
        return "face" if closed else "eyes"


# Tags.


def _tags(form: _Form, positives: list[str]) -> str:
    """Phrases with commas, the subject first; nothing twice."""
    age = form.about.age if form.about and not form.referred else None
    face = [] if form.kept else [form.wish("expression"), _gaze_tag(form.wish("gaze"))]
    era = form.wish("era")
    tags = [
        f"{form.medium} of {form.called}",
        f"{age} years old" if age else "",
        *form.traits,
        form.size,
        form.wish("framing"),
        *form.format,
        *face,
        *form.pose,
        f"wearing {form.clothing}" if form.clothing else "",
        _background_tag(form.background),
        form.light,
        _mood_tag(form.wish("mood")),
        era and f"{era} style",
        form.wish("text"),
        *positives,
        _bare(form.look),
        form.lens,
        f"sharp focus on the {form.focus}",
        "natural skin texture",
    ]
    return ", ".join(dict.fromkeys(tag for tag in tags if tag))


def _gaze_tag(gaze: str) -> str:
    return gaze if not gaze or re.search(r"\beyes\b", gaze) else _gaze(gaze)


def _mood_tag(mood: str) -> str:
    return mood if not mood or mood.split()[0] in ADVERBS.split() else f"{mood} mood"


def _background_tag(background: str) -> str:
    return background and f"background of {_bare(background)}"


def _bare(phrase: str) -> str:
    """Without its article."""
    return re.sub(r"^(an?|the) ", "", phrase)


# Sentences.

ADVERBS = "outdoors outside indoors inside in on at by near beside under over among before behind along above below"
"""Words that begin a place which is no thing."""
PRONOUNS = {"woman": "She", "girl": "She", "man": "He", "boy": "He"}
PLURAL = {"has": "have", "is": "are", "wears": "wear"}
"""Of the verbs that 'They' takes."""
FACIAL = r"smil|laugh|grin|look|expression|face|frown|smirk|eyes|lips|mouth"
ARTICLE = r"^(an?|the|his|her|their|my|no|one|two) "
UNCOUNTED = r"(wear|clothing|attire|armour|kameez|snow|confetti|paper|water|daylight|sunlight|light)$"


def _sentences(form: _Form, positives: list[str]) -> str:
    """A photographic description in plain English."""
    parts = [
        _who(form),
        _framed(form),
        *_face(form),
        _posed(form),
        _dressed(form),
        _placed(form),
        _lit(form),
        _shot(form),
    ]
    parts += [f"The picture has {form.look}." if form.look else "", *_spirit(form)]
    parts += [_sentence(form.wish("text")), *map(_sentence, positives)]
    return " ".join(part for part in parts if part)


def _who(form: _Form) -> str:
    shot = _capital(_article(f"{'black and white ' if form.mono else ''}{form.size} photograph"))
    if form.referred:
        return f"{shot} of the same {form.noun} as in the first picture, with exactly the same face, hair and age."
    age = form.about.age if form.about else None
    if form.trigger:
        who = f"{form.called}, {age} years old" if age else form.called
    else:
        who = _article(f"{age}-year-old {form.noun}" if age else form.noun)
    looks = f"{',' if form.trigger and age else ''} with {_listed(form.traits)}" if form.traits else ""
    return f"{shot} of {who}{looks}."


def _framed(form: _Form) -> str:
    framing = ", ".join(words for words in (form.wish("framing"), *form.format) if words)
    return f"Framing: {framing}." if framing else ""


def _face(form: _Form) -> list[str]:
    """Expression and gaze."""
    if form.kept:
        return []
    expression, gaze = form.wish("expression"), form.wish("gaze")
    has, does, rest = [], [], []  # a gentle smile; laughing; anything else
    if re.match(r"\w+ing\b", expression):
        does.append(expression)
    elif re.search(FACIAL, expression):
        has.append(_article(expression))
    elif expression:
        rest.append(f"The expression is {expression}.")
    if re.search(r"\beyes\b", gaze):
        has.append(gaze)
    elif gaze:
        does.append(_gaze(gaze))
    clauses = [f"{_verb(form, 'has')} {_listed(has)}"] if has else []
    clauses += [f"{_verb(form, 'is')} {_listed(does)}"] if does else []
    return [*([f"{_pronoun(form)} {' and '.join(clauses)}."] if clauses else []), *rest]


def _gaze(gaze: str) -> str:
    return gaze if re.match(r"(looking|gazing|staring|glancing)\b", gaze) else f"looking {gaze}"


def _posed(form: _Form) -> str:
    return f"Pose: {', '.join(form.pose)}." if form.pose else ""


def _dressed(form: _Form) -> str:
    return f"{_pronoun(form)} {_verb(form, 'wears')} {_article(form.clothing)}." if form.clothing else ""


def _placed(form: _Form) -> str:
    wish = form.wish("background")
    if wish and wish.split()[0].lower() in ADVERBS.split():
        return f"The picture is taken {wish}."
    place = _article(wish) if wish else form.background
    if not place and form.referred and form.recipe.own_background:
        return "The background is the same as in the first picture."
    return f"The background shows {place}." if place else ""


def _lit(form: _Form) -> str:
    return f"Lighting: {form.light}." if form.light else ""


def _shot(form: _Form) -> str:
    lens = (
        form.lens if re.match(r"(shot|taken|photographed)\b", form.lens) else f"photographed with {_article(form.lens)}"
    )
    return f"{_capital(lens)}, with sharp focus on the {form.focus} and natural skin texture."


def _spirit(form: _Form) -> list[str]:
    """Mood and era."""
    mood, era = form.wish("mood"), form.wish("era")
    return [f"The mood is {mood}." if mood else "", f"It looks like a portrait from the {_bare(era)}." if era else ""]


def _pronoun(form: _Form) -> str:
    return PRONOUNS.get(form.noun, "They")


def _verb(form: _Form, verb: str) -> str:
    return verb if form.noun in PRONOUNS else PLURAL[verb]


def _article(phrase: str) -> str:
    """The phrase with 'a' or 'an', where it is one thing and has no article yet."""
    if re.search(ARTICLE, phrase.lower()):
        return phrase
    head = re.split(r" (?:and|or|over|with|of|in|at|on|to|under|seen|beside|above|full|from)\b", phrase)[0]
    noun = head.split()[-1].lower() if head.split() else ""
    if (re.search(r"[^s']s$", noun) and noun != "lens") or re.search(UNCOUNTED, noun):
        return phrase
    vowel = re.match(r"[aeio]|u(?!ni|s[ae])|8|11\b|18\b", phrase.lower())
    return f"{'an' if vowel else 'a'} {phrase}"


def _listed(phrases: list[str]) -> str:
    """With commas, and 'and' before the last."""
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]]) if len(phrases) > 1 else "".join(phrases)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    """Free words as a sentence of their own."""
    return text and _capital(text) + ("" if text[-1] in ".!?" else ".")


# What is to be avoided.


def _avoided(recipe: Recipe, base: Base) -> tuple[str, list[str], tuple[str, ...]]:
    """The negative prompt; or else what to wish for instead, and notes that say so."""
    terms = [
        term for part in re.split(r"[,;\n]", recipe.wishes.avoid) if (term := _cleaned(part, base.family in TAGGED))
    ]
    guidance = base.guidance if recipe.generate.guidance is None else recipe.generate.guidance
    if "negative" in base.can and guidance > 1:
        return ", ".join(dict.fromkeys([*terms, *_never(recipe, base)])), [], ()
    if not terms:
        return "", [], ()
    instead = {term: _instead(plain(term)) for term in terms}
    left = [term for term, words in instead.items() if not words]
    found = list(dict.fromkeys(words for words in instead.values() if words))
    why = "is told nothing to avoid at so low a guidance" if "negative" in base.can else "cannot be told what to avoid"
    notes = [f"This model {why}."]
    if found:
        notes.append(f"It was asked for the opposite: {'; '.join(found)}.")
    if left:
        notes.append(f"Left out: {', '.join(left)}.")
    return "", found, (" ".join(notes),)


def _never(recipe: Recipe, base: Base) -> list[str]:
    """What no headshot wants, but for what was wished; nudity stays in any case."""
    wished = " ".join(text for field, text in recipe.wishes if field != "avoid").lower()
    terms = [term for term in NEVER[base.family].split(", ") if term]
    return [term for term in terms if term == "nudity" or not re.search(rf"\b{term.split()[-1]}\b", wished)]


def _instead(term: str) -> str:
    """What to wish for where the term is to be avoided; empty where there is no such."""
    bare = re.sub(r"^(any|the|an?|no) ", "", term.lower())
    return next((words for pattern, words in INSTEAD if re.fullmatch(pattern, bare)), "")
