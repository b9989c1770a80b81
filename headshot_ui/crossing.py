"""Crossing: photos and pictures that go from one tab to the other."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from headshot_core.errors import HeadshotError
from headshot_core.portrait import Portrait
from headshot_ui import enhance_tab, enhance_views, presets_tab, views
from headshot_ui.handlers import HEAVY, careful
from headshot_ui.visit import Visit, Visits


def connect(visits: Visits, tabs: gr.Tabs, places: dict[str, tuple]) -> None:
    """Connect Presets and Enhance. `places`: for each tab's title its `gr.Tab` and its widgets."""
    (presets_place, presets), (enhance_place, enhance) = places[presets_tab.TITLE], places[enhance_tab.TITLE]
    to_enhance, to_presets = ToEnhance(presets, enhance, tabs, visits), ToPresets(enhance, presets, tabs, visits)
    beyond = {"trigger_mode": "once"}
    presets.on(presets.viewer.enhance, to_enhance.send, also=(*enhance.all(), tabs), **beyond, **HEAVY)
    presets.on(presets.score.mend, to_enhance.mend, also=(*enhance.all(), tabs), **beyond, **HEAVY)
    presets.on(presets.score.mend_all, to_enhance.mend_all, also=(*enhance.all(), tabs), **beyond, **HEAVY)
    enhance.on(enhance.photo.hand, to_presets.send, also=(*presets.all(), tabs), **beyond, **HEAVY)
    enhance.on(enhance_place.select, to_enhance.arrive, also=presets.all(), **beyond)
    presets.on(presets_place.select, to_presets.arrive, also=enhance.all(), **beyond)


class Crossing:
    """The way from one tab, `tab`, to the `other`."""

    def __init__(self, tab, other, tabs: gr.Tabs, visits: Visits):
        self.tab, self.other, self.tabs, self.visits = tab, other, tabs, visits


class ToEnhance(Crossing):
    """From Presets to Enhance."""

    @careful("bar")
    def send(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A finished headshot is to be enhanced."""
        if visit.shot is None or not visit.shot.finished:
            raise HeadshotError("This headshot is not made yet.", "Press Make headshots first.")
        yield self.tab.put(bar=views.bar(visit, says="Opening it in Enhance …"))
        visit.retouch.take_shot(visit.shot)
        yield self._there(visit)

    @careful("score")
    def mend(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A fix of the score: the picture opens in Enhance with it."""
        yield from self._begin(visit)
        visit.retouch.mend(str(data["measure"]))
        yield self._there(visit)

    @careful("score")
    def mend_all(self, visit: Visit, data: dict) -> Iterator[dict]:
        """All fixes of the score that help: the picture opens in Enhance with them."""
        yield from self._begin(visit)
        visit.retouch.mend_all()
        yield self._there(visit)

    def _begin(self, visit):
        """What was scored goes to Enhance, unless it is there already: then what was done to it stays."""
        yield self.tab.put(bar=views.bar(visit, says="Opening it in Enhance …"))
        if not _same(visit.retouch.portrait, visit.judged.portrait):
            if visit.shot_score:
                visit.retouch.take_shot(visit.shot)
            else:
                visit.retouch.begin_scored(visit.judge)

    def _there(self, visit):
        return (
            self.tab.show(visit, "score", "bar")
            | self.other.show(visit)
            | {self.tabs: gr.Tabs(selected=enhance_tab.TITLE)}
        )

    @careful("bar")
    def arrive(self, visit: Visit, data: dict) -> Iterator[dict]:
        """An Enhance tab that is empty takes the photo of Presets."""
        known = visit.recognise()
        if visit.retouch.study is None:
            if visit.portrait:
                visit.retouch.begin_scored(visit.judge)
            yield self.other.show(visit)
        elif known:
            yield self.other.show(visit) | self.tab.show(visit)


class ToPresets(Crossing):
    """From Enhance to Presets."""

    @careful("bar")
    def send(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The enhanced picture is to be the photo for headshots."""
        for step in visit.retouch.make():
            yield self.tab.put(bar=enhance_views.bar_working(step))
        visit.take(visit.retouch.as_photo())
        yield (
            self.tab.show(visit, "easel", "bar")
            | self.other.show(visit)
            | {self.tabs: gr.Tabs(selected=presets_tab.TITLE)}
        )
        for shot in visit.previews():
            yield self.other.show(visit, *(("viewer", "strip") if shot is visit.shot else ("strip",)))

    @careful("bar")
    def arrive(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A Presets tab that is empty takes the photo of Enhance."""
        known = visit.recognise()
        if visit.photo is None:
            if visit.retouch.portrait:
                visit.begin(visit.retouch.portrait)
            yield self.other.show(visit)
        elif known:
            yield self.other.show(visit) | self.tab.show(visit)


def _same(first: Portrait | None, second: Portrait) -> bool:
    """Whether both are the same person of the same photo."""
    return first is not None and first.photo is second.photo and first.chosen == second.chosen
