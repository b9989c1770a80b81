"""Provenance: what is written into a picture can be read back, and says the truth in the standard's words."""

from __future__ import annotations

import pytest
from bad_inputs import encoded, portrait
from hypothesis import given
from hypothesis import strategies as st

from headshot_core import __version__
from headshot_core.errors import HeadshotError
from headshot_core.photo import encode_picture, read_provenance, write_picture
from headshot_core.provenance import (
    COMPOSITE,
    EDITED_WITH_AI,
    ENHANCED,
    GENERATED,
    parse_xmp,
    source_of,
    to_xmp,
)
from headshot_core.recipe import OWN_BACKGROUND, Backdrop, Recipe
from headshot_core.studio.backdrops import BACKDROPS

RECIPE = Recipe(preset="executive", backdrop=Backdrop(kind="seamless", colour="#336699"), seed=7)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize("source", [COMPOSITE, ENHANCED, EDITED_WITH_AI, GENERATED])
def test_round_trip_through_a_file(tmp_path, suffix, source):
    """Source type, program and recipe come back from each format; the recipe makes an equal Recipe."""
    path = write_picture(portrait(), tmp_path / f"out.{suffix}", recipe=RECIPE, source=source)
    found = read_provenance(path)
    assert found.source == source
    assert found.tool == f"Headshot Studio {__version__}"
    assert Recipe(**found.recipe) == RECIPE


def test_without_a_recipe():
    """The recipe is optional; the rest is always there."""
    found = read_provenance(encode_picture(portrait(), "jpg"))
    assert (found.source, found.recipe) == (COMPOSITE, None)


def test_other_pictures_have_none():
    """A camera's photo, and one with somebody else's XMP, are no error."""
    assert read_provenance(encoded("JPEG")) is None
    assert read_provenance(encoded("JPEG", xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")) is None
    with pytest.raises(HeadshotError):
        read_provenance(b"not a picture")


def test_attributes_count_like_elements():
    """Other software rewrites simple properties as attributes: they are still found."""
    packet = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <r:Description xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" e:DigitalSourceType="somewhere"
        xmlns:p="http://ns.adobe.com/xap/1.0/" p:CreatorTool="A tool"/></r:RDF></x:xmpmeta>"""
    found = parse_xmp(packet)
    assert (found.source, found.tool, found.recipe) == ("somewhere", "A tool", None)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_in_a_recipe_survives(text):
    """Markup, quotes, emoji and control characters in a preset's name neither break the XML nor change."""
    recipe = Recipe(preset=text)
    assert Recipe(**parse_xmp(to_xmp(COMPOSITE, recipe)).recipe) == recipe


@given(st.binary(max_size=300))
def test_any_bytes_are_no_error(packet):
    """Broken XMP is no provenance, not a crash."""
    parse_xmp(packet)


@pytest.mark.parametrize("path", ["/home/jane/wall.jpg", r"C:\Users\jane\wall.jpg", "wall.jpg"])
def test_the_makers_folders_stay_private(path):
    """Of an own backdrop's path only the last name is written."""
    recipe = Recipe(backdrop=Backdrop(kind="image", image=path))
    assert parse_xmp(to_xmp(COMPOSITE, recipe)).recipe["backdrop"]["image"] == "wall.jpg"
    assert b"jane" not in to_xmp(COMPOSITE, recipe)


def test_a_kept_background_is_an_enhanced_photo_and_a_rendered_one_a_composite():
    """The two lists, here and among the backdrops, name the same kinds."""
    assert set(OWN_BACKGROUND) == {name for name, kind in BACKDROPS.items() if kind.own}
    for name in BACKDROPS:
        recipe = Recipe(backdrop=Backdrop(kind=name))
        assert source_of(recipe) == (ENHANCED if name in OWN_BACKGROUND else COMPOSITE)
    assert source_of(None) == COMPOSITE
