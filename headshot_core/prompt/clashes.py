"""What in a recipe's wishes cannot go together, said in plain sentences. Few, and only what is true."""

from __future__ import annotations

import re
from collections.abc import Callable

from headshot_core.prompt.phrases import backdrop_words, head_share, light_words, stance
from headshot_core.recipe import Recipe

WORDS: dict[str, tuple[tuple[str, ...], str]] = {
    "eyes_closed": (("expression", "gaze", "text"), r"(closed|shut) eyes|eyes (are )?(closed|shut)|asleep|sleeping"),
    "gaze_away": (
        ("gaze",),
        r"\b(past|away|aside|off|beside|up|left|right|distance|window|sideways|over|beyond|light|down(?! the lens))\b",
    ),
    "gaze_camera": (("gaze",), r"\b(camera|lens|viewer)\b|straight ahead"),
    "smile": (("expression",), r"smil|laugh|grin|beaming"),
    "solemn": (("expression", "mood"), r"\b(stern|serious|solemn|sad|grave|angry|severe|sombre|frown\w*)\b"),
    "teeth": (("expression", "text"), r"\bteeth\b|toothy|open mouth|laugh"),
    "lips_closed": (("expression", "text"), r"(closed|pressed) (lips|mouth)|(lips|mouth) (closed|pressed)"),
    "sunglasses": (("clothing", "text"), r"sun ?glasses"),
    "low": (("clothing",), r"\b(trousers|jeans|skirt|shorts|belt|shoes|boots|leggings|socks|sneakers)\b"),
    "hands": (("clothing", "text"), r"\b(hands?|gloves|arms crossed|crossed arms|holding|rings?|wristwatch)\b"),
    "whole": (("framing",), r"full[- ](body|length)|\bwaist\b|\bknees?\b|three-quarter length|half[- ]length"),
    "close": (("framing",), r"close-?up|tight"),
    "daylight": (
        ("background", "lighting", "text"),
        r"\b(noon|midday|sunny|sunshine|sunlit|daylight|sunlight|by day)\b",
    ),
    "night": (("background", "lighting", "text"), r"\b(night|midnight|moonlight|moonlit|starry)\b"),
    "summer": (("background", "text"), r"\b(beach|summer|tropical|desert|pool)\b"),
    "winter": (("background", "text"), r"\b(snow\w*|winter|ice|icy|frozen)\b"),
    "warm_clothes": (("clothing", "fabric"), r"\b(parka|winter coat|down jacket|scarf|mittens|thick jumper)\b"),
    "light_clothes": (("clothing",), r"\b(swim\w+|tank top|summer dress|sundress|sleeveless|bikini|vest top)\b"),
    "hard": (("lighting",), r"\b(harsh|hard|bare bulb)\b"),
    "soft": (("lighting",), r"\b(soft\w*|diffus\w+|overcast)\b"),
    "wide_lens": (("lens",), r"wide[- ]angle|fish-?eye|\b(1\d|2[0-8]) ?mm\b"),
    "shadows_avoided": (("avoid",), r"\bshadows?\b"),
    "mono_words": (("era", "text", "mood", "lighting"), r"black[- ]and[- ]white|monochrome"),
    "colourful": (("lighting", "background"), r"\bneon\b|colou?rful|rainbow|golden hour"),
}
"""Trait -> the fields of the form it is read from, and the words that show it."""

CLASHES: tuple[tuple[str, str, str], ...] = (
    ("gaze_camera", "profile", "In profile the eyes cannot look into the camera."),
    ("eyes_closed", "gaze_wished", "Closed eyes look nowhere: leave out the gaze, or open the eyes."),
    ("sunglasses", "gaze_wished", "Sunglasses hide the eyes: nobody will see where they look."),
    ("smile", "solemn", "A smile and a serious or solemn mood do not go together."),
    ("teeth", "lips_closed", "Closed lips show no teeth, and do not laugh."),
    ("daylight", "night", "It cannot be day and night at once."),
    ("daylight", "dark", "Bright daylight and a dark, low-key look do not go together."),
    ("night", "bright", "A night scene and a bright, airy high-key look do not go together."),
    ("summer", "warm_clothes", "Those are warm clothes for so warm a place."),
    ("winter", "light_clothes", "Those are light clothes for so cold a place."),
    ("hard", "soft_lamps", "The light is wished hard, but its softness is set to soft."),
    ("soft", "hard_lamps", "The light is wished soft, but its softness is set to hard."),
    ("shadows_avoided", "strong_shadows", "Shadows are to be avoided, but the light is set to cast strong ones."),
    ("mono", "colour_named", "In black and white the colour of the clothes shows as light or dark only."),
    ("mono", "colourful", "In black and white coloured light and colourful places lose what makes them."),
    ("low", "upper", "This frame ends above the waist: trousers, skirts, belts and shoes are not in it."),
    ("hands", "tight", "This frame is too tight to show hands or arms."),
    ("arms", "tight", "This frame is too tight to show hands or arms."),
    ("whole", "tight", "This frame is tight about the head: choose a roomier one for so much of the body."),
    ("close", "roomy", "A close-up is wished, but frame and distance leave the head small."),
    ("wide_lens", "upper", "A wide-angle lens this near makes the nose large and the ears small."),
    ("id", "smile", "An ID picture wants a calm face: no smile."),
    ("id", "turned", "An ID picture wants the head straight to the camera."),
    ("id", "gaze_away", "An ID picture wants the eyes on the camera."),
    ("id", "clothing_wished", "An ID picture ends at the collar: the clothes will hardly be seen."),
    ("kept", "face_wished", "The face is kept as photographed: expression and gaze stay as they are."),
    ("kept", "posed", "The face is kept as photographed: the head cannot be turned."),
    ("own_background", "place_wished", "The photo's own background is kept, and another place is wished for."),
)
"""Pairs of traits that cannot go together, and what to say."""

SETTINGS: dict[str, Callable[[Recipe], bool]] = {
    "profile": lambda recipe: abs(stance(recipe).yaw) >= 50,
    "turned": lambda recipe: abs(stance(recipe).yaw) >= 12,
    "posed": lambda recipe: recipe.pose.name != "photo" and abs(stance(recipe).yaw) >= 12,
    "gaze_wished": lambda recipe: bool(recipe.wishes.gaze) and not _says(recipe, "eyes_closed", ("gaze",)),
    "dark": lambda recipe: recipe.grade.look == "low_key" and recipe.grade.strength >= 0.5,
    "bright": lambda recipe: recipe.grade.look == "high_key" and recipe.grade.strength >= 0.5,
    "mono": lambda recipe: (
        (recipe.grade.look == "black_and_white" and recipe.grade.strength >= 0.5) or _says(recipe, "mono_words")
    ),
    "colour_named": lambda recipe: (
        bool(recipe.wishes.colour)
        and not re.search(r"black|white|grey|gray|charcoal|dark|light", recipe.wishes.colour.lower())
    ),
    "soft_lamps": lambda recipe: recipe.light.pattern != "natural" and recipe.light.softness >= 0.7,
    "hard_lamps": lambda recipe: recipe.light.pattern != "natural" and recipe.light.softness <= 0.25,
    "strong_shadows": lambda recipe: re.search(r"(strong|dark) shadows", light_words(recipe)) is not None,
    "upper": lambda recipe: head_share(recipe) >= 0.3 and not _says(recipe, "whole"),
    "tight": lambda recipe: head_share(recipe) >= 0.5,
    "roomy": lambda recipe: head_share(recipe) < 0.3,
    "arms": lambda recipe: stance(recipe).arms != "down",
    "id": lambda recipe: recipe.frame.name == "id",
    "clothing_wished": lambda recipe: bool(recipe.wishes.clothing),
    "kept": lambda recipe: recipe.generate.mode == "keep",
    "face_wished": lambda recipe: bool(recipe.wishes.expression or recipe.wishes.gaze),
    "own_background": lambda recipe: recipe.own_background,
    "place_wished": lambda recipe: bool(recipe.wishes.background),
}
"""Traits that settings show."""
SMALL_WORDS = {"a", "an", "the", "and", "or", "of", "with", "in", "on", "at", "any", "no", "too", "much", "very"}


def traits(recipe: Recipe) -> frozenset[str]:
    """What the wishes amount to, such as 'eyes_closed' or 'night': the names in `WORDS` and `SETTINGS`."""
    found = {name for name in WORDS if _says(recipe, name)} | {
        name for name, holds in SETTINGS.items() if holds(recipe)
    }
    return frozenset(found - {"gaze_camera"} if "gaze_away" in found else found)


def contradictions(recipe: Recipe) -> tuple[str, ...]:
    """What cannot go together, a plain sentence each; empty where all is well."""
    found = traits(recipe)
    said = [sentence for one, other, sentence in CLASHES if one in found and other in found]
    return tuple(dict.fromkeys([*said, *_two_lights(recipe), *_wished_and_avoided(recipe)]))


def _says(recipe: Recipe, trait: str, fields: tuple[str, ...] | None = None) -> bool:
    read, pattern = WORDS[trait]
    return any(re.search(pattern, _text(recipe, field)) for field in fields or read)


def _text(recipe: Recipe, field: str) -> str:
    """A field's words, without what they say is not there; the backdrop's own where no place was wished."""
    text = getattr(recipe.wishes, field)
    if field == "background" and not text:
        text = backdrop_words(recipe)
    return re.sub(r"\b(no|not|without|never)( an?| any)? \w+", "", text.lower())


def _two_lights(recipe: Recipe) -> list[str]:
    """Another pattern named in words than the one that is set."""
    from headshot_core.studio.light import PATTERNS

    named = [
        name for name in ("rembrandt", "butterfly", "split", "clamshell", "loop") if name in _text(recipe, "lighting")
    ]
    others = [name for name in named if recipe.light.pattern not in (name, "natural")]
    set_to = PATTERNS[recipe.light.pattern].title if recipe.light.pattern in PATTERNS else recipe.light.pattern
    return [f"The words ask for {PATTERNS[name].title} light, but the light is set to {set_to}." for name in others]


def _wished_and_avoided(recipe: Recipe) -> list[str]:
    """Terms that are both wished for and to be avoided."""
    fields = [field for field in type(recipe.wishes).model_fields if field != "avoid"]
    wished = [_plural(word) for field in fields for word in re.findall(r"[\w'-]+", _wished(recipe, field))]
    text = f" {' '.join(wished)} "
    found = []
    for term in re.split(r"[,;\n]", recipe.wishes.avoid.lower()):
        words = [_plural(word) for word in re.findall(r"[\w'-]+", term) if word not in SMALL_WORDS]
        if words and f" {' '.join(words)} " in text:
            found.append(f"'{' '.join(term.split())}' is wished for and to be avoided at once.")
    return found


def _wished(recipe: Recipe, field: str) -> str:
    return _text(recipe, field) if getattr(recipe.wishes, field) else ""


def _plural(word: str) -> str:
    """Singular and plural alike."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
