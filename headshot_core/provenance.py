"""Provenance: how a picture came to be, as XMP metadata inside the picture.

Three facts are written: the IPTC digital source type (so that other software can tell a composite or a generated
picture from a camera's), the program with its version, and the recipe that made the picture.
Vocabulary: https://cv.iptc.org/newscodes/digitalsourcetype/ (edition of 2024-10-23).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from headshot_core import __version__

if TYPE_CHECKING:
    from headshot_core.enhance.stack import Stack
    from headshot_core.recipe import Recipe

_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"

COMPOSITE = _SOURCE_TYPE + "composite"
"""A mix of several elements: the captured person on a rendered backdrop. Not ``compositeCapture``: that says that
all elements are captures of real life, and a rendered backdrop is none."""

ENHANCED = _SOURCE_TYPE + "algorithmicallyEnhanced"
"""One photo, corrected by algorithm, its content as it was: the own background kept."""

EDITED_WITH_AI = _SOURCE_TYPE + "compositeWithTrainedAlgorithmicMedia"
"""A photo edited with generative AI."""

GENERATED = _SOURCE_TYPE + "trainedAlgorithmicMedia"
"""Made by generative AI."""

TOOL = f"Headshot Studio {__version__}"

_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_OWN = "urn:x-headshot-studio:1#"

_TEMPLATE = """<x:xmpmeta xmlns:x="adobe:ns:meta/">\
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="" xmlns:xmp="{xmp}" xmlns:Iptc4xmpExt="{iptc}" xmlns:headshot="{own}">\
<Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>\
<xmp:CreatorTool>{tool}</xmp:CreatorTool>\
{recipe}\
</rdf:Description></rdf:RDF></x:xmpmeta>"""


@dataclass(frozen=True)
class Provenance:
    """What stands in a picture about how it was made."""

    source: str
    """The IPTC digital source type, such as `COMPOSITE`."""
    tool: str
    """The program and its version."""
    recipe: dict[str, Any] | None = None
    """The recipe as plain data: ``Recipe(**recipe)``, or ``Stack(**recipe)`` of an enhanced photo."""


def source_of(recipe: Recipe | Stack | None) -> str:
    """The IPTC digital source type of a studio picture: `ENHANCED` where the photo's own background is kept."""
    return ENHANCED if recipe and recipe.own_background else COMPOSITE


def to_xmp(source: str, recipe: Recipe | Stack | None = None) -> bytes:
    """The XMP packet, UTF-8. Equal arguments give equal bytes."""
    text = f"<headshot:Recipe>{escape(recipe.public().to_json())}</headshot:Recipe>" if recipe else ""
    packet = _TEMPLATE.format(xmp=_XMP, iptc=_IPTC, own=_OWN, source=escape(source), tool=TOOL, recipe=text)
    return packet.encode()


def parse_xmp(packet: bytes) -> Provenance | None:
    """What `to_xmp` wrote, from any XMP packet; None where there is no digital source type, or no readable XMP."""
    try:
        root = ElementTree.fromstring(packet.strip(b"\0 \r\n"))
        recipe = root.findtext(f".//{{{_OWN}}}Recipe")
        recipe = json.loads(recipe) if recipe else None
    except (ElementTree.ParseError, ValueError):
        return None
    source = _value(root, _IPTC, "DigitalSourceType")
    return Provenance(source, _value(root, _XMP, "CreatorTool") or "", recipe) if source else None


def _value(root: ElementTree.Element, namespace: str, name: str) -> str | None:
    """A simple property: other software may write it as an attribute of its description."""
    attributes = (node.get(f"{{{namespace}}}{name}") for node in root.iter())
    return root.findtext(f".//{{{namespace}}}{name}") or next((value for value in attributes if value), None)
