"""The Craft tab: new pictures of a person, with clothes, pose, light and place as wished. Handlers are thin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.photo import MAX_BYTES, Photo
from headshot_core.presets import presets
from headshot_ui import craft_views as views
from headshot_ui import enhance_tab
from headshot_ui.craft_downloads import DOWNLOADS
from headshot_ui.handlers import HEAVY, PhotoHandlers, Widgets, careful, uploaded
from headshot_ui.retouch import hosted
from headshot_ui.views import backdrop_pictures
from headshot_ui.views import choices as studio_choices
from headshot_ui.visit import Visit, Visits
from headshot_ui.widgets import file_url, picture_url, widget

TITLE = "Craft"
WELCOME = {
    "title": "Pictures that were never taken",
    "words": "Other clothes, another place, another light, and still you. Give one photo, or choose somebody the "
    "studio knows; say what you would like to see.",
    "picture": "The same person before four backdrops",
}
HERO = ("open-office", "golden-beach", "castle-dusk", "first-snow")
"""Looks in the picture that welcomes a visitor."""
KINDS = ("png", "jpg", "webp")


@dataclass
class Tab(Widgets):
    """The widgets of the tab."""

    views = views
    usual = ("photo", "craft_who", "craft_view", "craft_form", "craft_looks", "bar")

    photo: gr.HTML
    craft_who: gr.HTML
    craft_view: gr.HTML
    craft_form: gr.HTML
    craft_looks: gr.HTML
    craft_models: gr.HTML
    bar: gr.HTML


def build(visits: Visits) -> Tab:
    """Lay out the tab and connect it."""
    tab = _layout()
    do = Handlers(tab, visits)
    tab.on(tab.photo.give, do.give, trigger_mode="multiple", **HEAVY)
    tab.on(tab.photo.example, do.example, trigger_mode="once", **HEAVY)
    for name in ("face", "forget"):
        tab.on(getattr(tab.photo, name), getattr(do, name), trigger_mode="once")
    tab.on(tab.craft_who.who, do.who, trigger_mode="once", **HEAVY)
    for name in ("adjust", "engine", "pose_photo", "own"):
        tab.on(getattr(tab.craft_form, name), getattr(do, name), trigger_mode="multiple")
    tab.on(tab.craft_looks.pick, do.pick, trigger_mode="multiple")
    tab.on(tab.craft_view.owner, do.owner, trigger_mode="once")
    for name in ("show", "again", "take", "take_all"):
        tab.on(getattr(tab.craft_view, name), getattr(do, name), trigger_mode="multiple")
    for name in ("fetch", "stop_fetch"):
        tab.on(getattr(tab.craft_models, name), getattr(do, name), trigger_mode="multiple")
    tab.on(tab.bar.make, do.make, trigger_mode="once", **HEAVY)
    tab.bar.cancel(do.cancel, None, None, queue=False, show_progress="hidden", api_visibility="private")
    # While something is drawn or fetched the page asks every second: that outlasts a nap of the laptop.
    waits = {"trigger_mode": "once", "concurrency_limit": None}
    tab.on(tab.craft_view.tick, do.tick, **waits)
    tab.on(tab.craft_models.tick, do.tick_models, **waits)
    return tab


def connect(visits: Visits, tabs: gr.Tabs, places: dict[str, tuple]) -> None:
    """The ways to and from the other tabs. `places`: for each tab's title its `gr.Tab` and its widgets."""
    (place, tab), (_, enhance) = places[TITLE], places[enhance_tab.TITLE]
    do = Crossing(tab, visits, enhance, tabs)
    tab.on(place.select, do.arrive, trigger_mode="once")
    tab.on(tab.craft_view.enhance, do.enhance, also=(*enhance.all(), tabs), trigger_mode="once", **HEAVY)


def _layout() -> Tab:
    form = {"max_bytes": MAX_BYTES, **studio_choices(), **views.choices()}
    with gr.Row(elem_classes="stage craft"):
        with gr.Column(elem_classes="side drawer"):
            photo = widget("photo", {"state": "empty"}, id="craft-photo", hero=_hero(), max_bytes=MAX_BYTES, **WELCOME)
            who = widget("craft_who", {"people": []})
        with gr.Column(elem_classes="craft-middle"):
            view = widget("craft_view", {"state": "none"}, hosted=hosted())
            looks = widget("craft_looks", {"picked": None}, looks=views.all_looks())
        form = widget("craft_form", {"ready": False}, uses=("dial", "panels"), server=[backdrop_pictures], **form)
    models = widget("craft_models", {"models": []})
    says = {"working": False, "ready": False, "says": "Choose a photo or a person to begin."}
    bar = widget("bar", says, id="craft-bar", button="Generate")
    return Tab(photo, who, view, form, looks, models, bar)


def _hero() -> str:
    """One picture that says what this is: the example in four places."""
    width, height = 300, 400
    sheet = Image.new("RGB", (2 * width, 2 * height))
    for number, name in enumerate(HERO):
        picture = Image.open(presets()[name].thumbnail).convert("RGB").resize((width, height))
        sheet.paste(picture, (number % 2 * width, number // 2 * height))
    return picture_url(sheet)


class Handlers(PhotoHandlers):
    """What happens on each event: a generator over new data for the widgets."""

    # Who.

    def take_photo(self, visit: Visit, photo: Photo) -> Iterator[dict]:
        """Look for the face, and show it."""
        yield self.tab.put(photo=views.photo_busy(photo.image, "Looking for your face …"))
        visit.craft.take(photo)
        yield self._all(visit)

    def _all(self, visit):
        return self.tab.show(visit, *self.tab.usual, "craft_models")

    @careful("photo")
    def face(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another person of the photo."""
        visit.craft.choose_face(int(data["index"]))
        yield self.tab.show(visit)

    @careful("photo")
    def forget(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Delete the photo and all that was made of it, in every tab."""
        visit.forget()
        yield self.tab.show(visit)

    @careful("craft_who")
    def who(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Somebody of the People tab."""
        visit.craft.take_person(str(data["short"]))
        yield self._all(visit)

    @careful("bar")
    def owner(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The page was loaded: what its browser had drawn is there again."""
        if visit.craft.claim(str(data["word"])):
            yield self._all(visit)

    # The wishes.

    @careful("craft_form")
    def adjust(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A control of the form moved."""
        work = visit.craft
        work.adjust(data["recipe"], bool(data["fresh"]))
        names = ("bar",) if work.shown or work.job else ("craft_view", "bar")
        form = views.craft_form(visit, echo=True, section=str(data.get("section")))
        yield self.tab.show(visit, *names, craft_form=form)

    @careful("craft_form")
    def engine(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another base model, or the studio engine."""
        visit.craft.use_engine(str(data["name"]))
        yield self.tab.show(visit, "craft_form", "craft_view", "bar")

    @careful("craft_form")
    def pose_photo(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Copy the pose of a photo."""
        with uploaded(data) as path:
            visit.craft.use_pose(path)
        yield self.tab.show(visit, "craft_view", craft_form=views.craft_form(visit, section="pose"))

    @careful("craft_form")
    def own(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The person's own backdrop."""
        with uploaded(data) as path:
            visit.craft.use_backdrop(path)
        yield self.tab.show(visit, "craft_form", "craft_view")

    @careful("craft_looks")
    def pick(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Begin from a look."""
        visit.craft.start_from(str(data["name"]))
        visit.craft.show("sketch")
        yield self.tab.show(visit, "craft_form", "craft_view", "craft_looks", "bar")

    # Making.

    @careful("bar")
    def make(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Into the queue; or at once, where the studio engine makes it."""
        work = visit.craft
        if work.base is None:
            for step in work.photograph():
                yield self.tab.put(bar=views.bar_working(step))
        else:
            yield self.tab.put(bar=views.bar(visit, says="One moment …") | {"ready": False})
            work.generate()
        yield self.tab.show(visit, "craft_view", "craft_form", "bar")

    @careful("bar")
    def tick(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Where the drawing stands; a page that shows it already is told nothing."""
        work = visit.craft
        if work.stamp != data.get("seen"):
            finished = work.settle()  # pictures that were looked at meanwhile have all their pixels now
            keep = not finished and work.selected == data.get("key")
            yield self.tab.show(visit, "bar", craft_view=views.craft_view(visit, keep=keep))

    def cancel(self, request: gr.Request) -> None:
        """Stop making; what is ready stays."""
        self.visits.of(request.session_hash).craft.cancel()

    # The pictures.

    @careful("craft_view")
    def show(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another picture, or the sketch."""
        visit.craft.show(str(data["key"]))
        yield self.tab.show(visit, "craft_view")

    @careful("craft_view")
    def again(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The form as it was for a picture."""
        visit.craft.use_again(str(data["key"]))
        yield self.tab.show(visit, bar=views.bar(visit, says="The form is as it was for that picture."))

    @careful("craft_view")
    def take(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A picture as a file."""
        yield from self._file(visit, lambda: visit.craft.download(str(data["key"]), _kind(data)))

    @careful("craft_view")
    def take_all(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The best pictures with their recipes, as a ZIP."""
        yield from self._file(visit, lambda: visit.craft.download_all(_kind(data)))

    def _file(self, visit: Visit, download: Callable[[], Path]) -> Iterator[dict]:
        """A picture that was not among the best is finished for it, and then shown so."""
        before = visit.craft.seen
        yield self.tab.put(bar=views.bar(visit, says="Finishing it …"))
        path = download()
        view = views.craft_view(visit, keep=visit.craft.seen is before)
        yield self.tab.show(visit, "bar", craft_view=view | {"file": {"url": file_url(path), "name": path.name}})

    # Base models.

    @careful("craft_models")
    def fetch(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A base model is wanted, with what belongs to it."""
        DOWNLOADS.start([str(name) for name in data["names"]])
        yield self.tab.show(visit, "craft_models")

    @careful("craft_models")
    def stop_fetch(self, visit: Visit, data: dict) -> Iterator[dict]:
        """No more of it."""
        DOWNLOADS.cancel()
        yield self.tab.show(visit, "craft_models")

    @careful("craft_models")
    def tick_models(self, visit: Visit, data: dict) -> Iterator[dict]:
        """How far the download is; once it is over, the form knows the new model."""
        yield self.tab.show(visit, "craft_models", *(() if DOWNLOADS.busy else ("craft_form", "craft_view", "bar")))


class Crossing(Handlers):
    """The ways to and from the other tabs."""

    def __init__(self, tab: Tab, visits: Visits, enhance: Widgets, tabs: gr.Tabs):
        super().__init__(tab, visits)
        self.other, self.tabs = enhance, tabs

    @careful("bar")
    def arrive(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The tab was opened: an empty one takes the photo in hand."""
        visit.craft.arrive()
        yield self._all(visit)

    @careful("craft_view")
    def enhance(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A picture is to be retouched."""
        yield self.tab.put(bar=views.bar(visit, says="Opening it in Enhance …"))
        visit.craft.enhance(str(data["key"]))
        yield self.tab.show(visit, "bar") | self.other.show(visit) | {self.tabs: gr.Tabs(selected=enhance_tab.TITLE)}


def _kind(data: dict) -> str:
    if data.get("kind") not in KINDS:
        raise HeadshotError("There is no such kind of file.", f"Choose one of {', '.join(KINDS)}.")
    return data["kind"]
