"""A training's settings in words: what the terminal's flags and the tables in the docs are made from.

python -m headshot_core.train.catalogue    # brings the tables in docs/train.md up to date
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headshot_core.doc_tables import put
from headshot_core.generate.loras import FAMILIES
from headshot_core.train.settings import CHOICES, CHOSEN, DEFAULTS, Training

DOCS = Path(__file__).parents[2] / "docs" / "train.md"
FLAGS = {"captions": "caption"}
"""Fields whose flag is not simply the field's name."""
HUGE = 1e6
"""Where a range says nothing to people, such as a seed's."""


def settings() -> dict[str, dict[str, Any]]:
    """Every field of a training, as JSON schema."""
    return Training.model_json_schema()["properties"]


def flag(field: str) -> str:
    """What a field is called in a terminal."""
    return "--" + FLAGS.get(field, field.replace("_", "-"))


def is_switch(schema: dict[str, Any]) -> bool:
    """Whether a field is on or off."""
    return any(part.get("type") == "boolean" for part in _parts(schema))


def limits(schema: dict[str, Any]) -> str:
    """'1 to 256', 'above 0 to 10', 'one of a, b' or '' for a field's JSON schema."""
    for part in _parts(schema):
        if "enum" in part and not all(choice in schema["description"] for choice in part["enum"]):
            return f"one of {', '.join(part['enum'])}"
        most = part.get("maximum", part.get("exclusiveMaximum", HUGE))
        if most < HUGE:
            least = part.get("minimum", part.get("exclusiveMinimum"))
            return f"{'above ' * ('minimum' not in part)}{least:g} to {most:g}"
    return ""


def _parts(schema: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return schema, *schema.get("anyOf", ())


def tables() -> dict[str, str]:
    """A table of Markdown each for the settings, the families' defaults and the three choices."""
    return {"settings": _settings(), "families": _families(), "choices": _choices()}


def _settings() -> str:
    rows = ["| setting | | range | default |", "|---|---|---|---|"]
    return "\n".join([*rows, *(_setting(field, schema) for field, schema in settings().items())]) + "\n"


def _setting(field: str, schema: dict[str, Any]) -> str:
    given = "" if schema["default"] in (None, "", [], {}) else _word(schema["default"])
    return f"| `{flag(field)}` | {schema['description']} | {limits(schema)} | {given} |"


def _families() -> str:
    rows = [
        "| family | learning rate | rank | batch | steps for each photo | in all | side | text encoders | after |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for family, known in DEFAULTS.items():
        can = "can be trained" if known.text_encoder else "stay"
        rows.append(
            f"| {FAMILIES[family]} | {known.rate:g} | {known.rank} | {known.own.get('batch', 1)} | "
            f"{known.steps_per_photo} | {known.fewest} to {known.most} | {known.resolution} | {can} | {known.source} |"
        )
    return "\n".join(rows) + "\n"


def _choices() -> str:
    rows = [
        "| | | steps | rank | layers | text encoders | other people | checkpoints |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for choice, (_, hint) in CHOICES.items():
        given = CHOSEN[choice]
        encoders = "trained where possible" if given["text_encoder"] else "stay"
        rows.append(
            f"| `{choice}` | {hint} | × {given['share']:g} | × {given['rank']:g} | {given['layers']} | {encoders} | "
            f"`{given['prior']}` | {given['checkpoints']} |"
        )
    return "\n".join(rows) + "\n"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def update() -> None:
    """Put today's tables into the docs."""
    put(DOCS, "headshot_core.train.catalogue", tables())


if __name__ == "__main__":
    update()
