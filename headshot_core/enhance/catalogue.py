"""The tools in words: what the terminal's flags and the table in the docs are made from.

python -m headshot_core.enhance.catalogue    # brings the table in docs/enhance.md up to date
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from headshot_core.doc_tables import put
from headshot_core.enhance.stack import TOOLS
from headshot_core.enhance.tool import Tool

DOCS = Path(__file__).parents[2] / "docs" / "enhance.md"
FEW = 8
"""Choices that the table names one by one."""
HUGE = 1e6
"""Where a range says nothing to people, such as a seed's."""


def settings(kind: type[Tool]) -> dict[str, dict[str, Any]]:
    """The fields that people set, as JSON schema; the first one is the tool's main setting."""
    fields = kind.model_json_schema()["properties"].items()
    return {
        name: schema for name, schema in fields if name not in ("tool", "on", *hidden(kind)) and "const" not in schema
    }


def hidden(kind: type[Tool]) -> dict[str, FieldInfo]:
    """The fields that nobody sets by a slider or flag: marks made on one photo, such as strokes of the brush."""
    fields = kind.model_fields.items()
    return {name: info for name, info in fields if (info.json_schema_extra or {}).get("hidden")}


def summary(kind: type[Tool]) -> str:
    """What the tool does, in one sentence."""
    return (kind.__doc__ or "").splitlines()[0]


def limits(schema: dict[str, Any]) -> str:
    """'-3 to 3 stops', 'one of a, b' or '' for a field's JSON schema."""
    for part in (schema, *schema.get("anyOf", ())):
        if "enum" in part:
            return f"one of {', '.join(str(choice) for choice in part['enum'])}"
        if "minimum" in part and part["maximum"] < HUGE:
            unit = schema.get("unit", "")
            return f"{part['minimum']:g} to {part['maximum']:g} {unit}".strip()
    return ""


def table() -> str:
    """Every tool as a row of Markdown, in the order of their work."""
    rows = ["| tool | what it does | settings (range; default) |", "|---|---|---|"]
    rows += [f"| `{name(kind)}` {kind.title} | {summary(kind)} | {_cell(kind)} |" for kind in TOOLS]
    return "\n".join(rows) + "\n"


def name(kind: type[Tool]) -> str:
    """What stacks, styles and flags call the tool."""
    return kind.model_fields["tool"].default


def _cell(kind: type[Tool]) -> str:
    return "<br>".join(_setting(field, schema) for field, schema in settings(kind).items())


def _setting(field: str, schema: dict[str, Any]) -> str:
    choices = schema.get("enum", ())
    span = f"{len(choices)} names" if len(choices) > FEW else limits(schema)
    given = "; ".join(part for part in (span, _word(schema["default"])) if part)
    return f"`{field}` {schema['description']}" + f" ({given})" * bool(given)


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "on", False: "off"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def update() -> None:
    """Put today's table into the docs."""
    put(DOCS, "headshot_core.enhance.catalogue", {"tools": table()})


if __name__ == "__main__":
    update()
