"""The Presets tab: one photo, a gallery of looks, results, and a drawer to adjust them. Handlers are thin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import gradio as gr
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.photo import MAX_BYTES, Photo
from headshot_core.presets import presets
from headshot_ui import views
from headshot_ui.handlers import HEAVY, LATEST, MEASURING, PhotoHandlers, Widgets, careful, uploaded
from headshot_ui.visit import SECTIONS, Visit, Visits
from headshot_ui.widgets import file_url, picture_url, widget

TITLE = "Presets"
WELCOME = {
    "title": "A headshot that still looks like you",
    "words": "Give one photo, a selfie by a window is perfect, and pick a look. Your face is never redrawn: only "
    "light, backdrop and crop are.",
    "picture": "The same person on four backdrops, in four kinds of light",
}
PLATFORM_SIZES = ("linkedin", "resume", "email", "team", "speaker", "id")
HERO = ("boardroom", "city-dusk", "sunlit-garden", "neon-night")
"""Looks in the picture that welcomes a visitor."""


@dataclass
class Tab(Widgets):
    """The widgets of the tab."""

    views = views
    usual = ("photo", "score", "viewer", "strip", "take", "adjust", "bar")

    photo: gr.HTML
    score: gr.HTML
    viewer: gr.HTML
    strip: gr.HTML
    take: gr.HTML
    adjust: gr.HTML
    gallery: gr.HTML
    bar: gr.HTML


def build(visits: Visits) -> Tab:
    """Lay out the tab and connect it."""
    tab = _layout()
    handlers = Handlers(tab, visits)
    tab.on(tab.photo.give, handlers.give, trigger_mode="multiple", **HEAVY)
    tab.on(tab.photo.example, handlers.example, trigger_mode="once", **HEAVY)
    tab.on(tab.photo.face, handlers.face, trigger_mode="once")
    tab.on(tab.photo.forget, handlers.forget, trigger_mode="once")
    tab.on(tab.score.measure, handlers.measure, **LATEST, **MEASURING)
    tab.on(tab.score.judge_as, handlers.judge_as, trigger_mode="multiple")
    tab.on(tab.gallery.pick, handlers.pick, tab.gallery, **LATEST)
    tab.on(tab.strip.show, handlers.show, trigger_mode="multiple")
    tab.on(tab.strip.drop, handlers.drop, trigger_mode="multiple")
    tab.on(tab.adjust.adjust, handlers.adjust, tab.adjust, **LATEST)
    tab.on(tab.adjust.settle, handlers.settle, **LATEST)
    tab.on(tab.adjust.reset, handlers.reset, trigger_mode="multiple")
    tab.on(tab.adjust.spread, handlers.spread, trigger_mode="once")
    tab.on(tab.adjust.own, handlers.own, trigger_mode="once")
    tab.on(tab.take.take, handlers.take, trigger_mode="once")
    tab.on(tab.bar.make, handlers.make, trigger_mode="once", **HEAVY)
    tab.bar.cancel(handlers.cancel, None, None, queue=False, show_progress="hidden", api_visibility="private")
    return tab


def _layout() -> Tab:
    choices = views.choices()
    sizes = [frame for frame in choices["frames"] if frame["name"] in PLATFORM_SIZES]
    with gr.Row(elem_classes="stage"):
        with gr.Column(elem_classes="side drawer"):
            photo = widget("photo", {"state": "empty"}, hero=_hero(), max_bytes=MAX_BYTES, **WELCOME)
            score = widget("score", {})
        with gr.Column(elem_classes="middle"):
            viewer = widget("viewer", {"state": "none"}, uses=("compare",))
            take = widget("take", {"count": 0}, frames=sizes)
            strip = widget("strip", {"shots": []})
        adjust = widget(
            "adjust", {}, uses=("dial", "panels"), server=[views.backdrop_pictures], max_bytes=MAX_BYTES, **choices
        )
    gallery = widget("gallery", {"picked": []}, looks=_looks())
    bar = widget("bar", {"working": False, "ready": False, "says": "Add a photo to begin."}, button="Make headshots")
    return Tab(photo, score, viewer, strip, take, adjust, gallery, bar)


def _looks() -> list[dict]:
    """What the gallery shows of each preset; one of the person's own may have no picture."""
    return [
        {"name": preset.name, "title": preset.title, "category": preset.category, "description": preset.description}
        | {"tags": " ".join(preset.tags), "thumbnail": file_url(preset.thumbnail) if preset.thumbnail.exists() else ""}
        for preset in presets().values()
    ]


def _hero() -> str:
    """One picture that says what this is: the same portrait in four looks, a band of each."""
    bands = [Image.open(presets()[name].thumbnail).convert("RGB") for name in HERO]
    hero = bands[0].copy()
    width = hero.width // len(bands)
    for number, band in enumerate(bands):
        box = (number * width, 0, (number + 1) * width, hero.height)
        hero.paste(band.crop(box), box[:2])
    return picture_url(hero.resize((2 * hero.width, 2 * hero.height), Image.Resampling.LANCZOS))


class Handlers(PhotoHandlers):
    """What happens on each event: a generator over new data for the widgets."""

    # The photo.

    def take_photo(self, visit: Visit, photo: Photo) -> Iterator[dict]:
        """Look for the face, and show it."""
        says = "Looking for your face …"
        busy = self.tab.put(photo=views.photo_busy(photo.image, says))
        yield busy if visit.photo else busy | self.tab.put(viewer=views.viewer_photo(photo.image, says))
        visit.take(photo)
        yield self.tab.show(visit)
        yield from self._previews(visit)

    @careful("photo")
    def face(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another person of the photo."""
        visit.choose_face(int(data["index"]))
        yield self.tab.show(visit)
        yield from self._previews(visit)

    @careful("photo")
    def forget(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Delete the photo and all that was made of it."""
        visit.forget()
        yield self.tab.show(visit, gallery={"picked": []})

    # The score.

    @careful("score")
    def measure(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The picture came to rest: its score."""
        unscored = visit.unscored
        visit.score()
        yield self.tab.show(visit, "score")
        if unscored:
            yield self.tab.show(visit, viewer=views.viewer(visit, with_before=False))

    @careful("score")
    def judge_as(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Other rules to score by."""
        visit.judge_as(str(data["name"]))
        yield self.tab.show(visit, "score")

    # The looks.

    @careful("bar")
    def pick(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The looks now picked."""
        visit.pick([str(name) for name in data["picked"]])
        yield self.tab.show(visit)
        yield from self._previews(visit)

    def _previews(self, visit):
        if visit.photo is None:
            return
        for shot in visit.previews():
            names = ("viewer", "strip") if shot.name == visit.selected else ("strip",)
            yield self.tab.show(visit, *names)

    @careful("bar")
    def show(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another look is selected."""
        visit.select(str(data["name"]))
        yield self.tab.show(visit, "viewer", "score", "strip", "adjust")

    @careful("bar")
    def drop(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A look is taken away; it comes back as it was when picked again."""
        visit.pick([name for name in visit.picked if name != data["name"]])
        yield self.tab.show(visit, gallery={"picked": visit.picked})

    # Adjusting.

    @careful("adjust")
    def adjust(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A control of the drawer moved: a new preview."""
        if visit.shot is None:
            return
        shot = visit.need_shot(data.get("look"))
        old = shot.recipe
        visit.adjust(data["recipe"], shot.name)
        if shot.recipe == old:
            return
        visit.preview(shot)
        same_frame = shot is visit.shot and shot.recipe.frame == old.frame and shot.recipe.backdrop == old.backdrop
        yield self.tab.show(visit, "score", "strip", "bar", viewer=views.viewer(visit, with_before=not same_frame))

    @careful("bar")
    def settle(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The controls rest: a look that was made in full is made so again."""
        shot = visit.shot and visit.need_shot(data.get("look"))
        if shot and shot.wanted and not shot.finished:
            visit.finish(shot)
            yield self.tab.show(visit, "viewer", "score", "strip", "bar")

    @careful("adjust")
    def reset(self, visit: Visit, data: dict) -> Iterator[dict]:
        """One part of the look as it came."""
        visit.reset(_section(data), data.get("look"))
        yield from self._remake(visit)

    @careful("adjust")
    def spread(self, visit: Visit, data: dict) -> Iterator[dict]:
        """One part of the look for all picked looks."""
        visit.spread(_section(data), data.get("look"))
        yield from self._remake(visit)

    @careful("adjust")
    def own(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The person's own backdrop."""
        with uploaded(data) as path:
            visit.use_backdrop(path, data.get("look"))
        yield from self._remake(visit)

    def _remake(self, visit):
        for shot in visit.strip:
            if not shot.finished:
                visit.preview(shot)
                yield self.tab.show(visit, *(("viewer", "strip") if shot is visit.shot else ("strip",)))
        yield self.tab.show(visit, "score", "adjust", "bar")
        yield from self._finish_wanted(visit)

    def _finish_wanted(self, visit):
        for shot in visit.strip:
            if shot.wanted and not shot.finished:
                visit.finish(shot)
                yield self.tab.show(visit, "viewer", "score", "strip", "bar")

    # Making and taking home.

    @careful("bar")
    def make(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Every picked look in full, as each is ready."""
        for progress in visit.make():
            if progress.done == progress.total:
                break
            shown = ("viewer", "score") if progress.done else ()
            strip = views.strip(visit, making=progress.title)
            yield self.tab.show(visit, *shown, bar=views.bar_working(progress), strip=strip)
        yield self.tab.show(visit, "viewer", "score", "strip", "take", "bar")

    def cancel(self, request: gr.Request) -> None:
        """Stop making; what is ready stays."""
        self.visits.of(request.session_hash).cancel()

    @careful("take")
    def take(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A file to take home."""
        sizes = [size for size in PLATFORM_SIZES if size in data["sizes"]]
        yield self.tab.put(take=views.take(visit) | {"busy": True})
        path = visit.download(str(data["kind"]), sizes, bool(data["everything"]))
        file = {"url": file_url(path), "name": path.name}
        yield self.tab.show(visit, "viewer", "score", "strip", "bar", take=views.take(visit, file))


def _section(data: dict) -> str:
    if data.get("section") not in SECTIONS:
        raise HeadshotError("There is no such part of a look.")
    return data["section"]
