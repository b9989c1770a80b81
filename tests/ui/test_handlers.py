"""What the tabs' handlers share."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

from headshot_ui.handlers import Widgets


def test_a_later_look_bears_the_higher_number():
    """Of two answers that overtake each other the browser can tell the newer, by when its view began to look."""

    @dataclass
    class Tab(Widgets):
        usual = ("bar",)
        bar: str = "bar"

    def look(visit):
        if visit == "slow":  # somebody else looks, and is done, meanwhile
            between.update(tab.show("quick"))
        return {"seen": visit}

    Tab.views = SimpleNamespace(bar=look)
    tab, between = Tab(), {}
    slow = tab.show("slow")
    assert slow["bar"]["seen"] == "slow"
    assert between["bar"]["seen"] == "quick"
    assert slow["bar"]["turn"] < between["bar"]["turn"] < tab.put(bar={})["bar"]["turn"]
