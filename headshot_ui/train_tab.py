"""The Train tab: a model of a person, from their photos to the finished file. Handlers are thin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import gradio as gr
import numpy as np
from PIL import Image, ImageFilter

from headshot_core.errors import Cancelled
from headshot_core.photo import MAX_BYTES
from headshot_core.presets import presets
from headshot_ui import craft_tab, craft_views, people_tab
from headshot_ui import train_views as views
from headshot_ui.handlers import HEAVY, Widgets, careful, uploaded
from headshot_ui.visit import Visit, Visits
from headshot_ui.widgets import file_url, picture_url, widget

TITLE = "Train"
WELCOME = {
    "title": "A model of you",
    "words": "From a dozen photos the studio learns how you look. Then it draws you in any clothes, place and light, "
    "and measures that it is still you.",
    "picture": "One face in four pictures, from noise to a clear portrait",
}
TEACH = {
    "base": "It learns on top of a base model, and there is none to learn on here yet. One is fetched once; then all "
    "of it works without the internet.",
    "person": "First the studio needs to know whom to learn: a name and a handful of photos.",
    "space": "This Space has no base model to learn on. Run the studio at home to train.",
}
HERO, NOISE = "city-dusk", (0.9, 0.65, 0.35, 0.0)
"""The look in the picture that welcomes a visitor, and how much of each of its four parts is noise."""


@dataclass
class Tab(Widgets):
    """The widgets of the tab."""

    views = views
    usual = ("train_plan", "train_photos", "train_view", "train_shelf", "bar")

    train_plan: gr.HTML
    train_photos: gr.HTML
    train_view: gr.HTML
    train_shelf: gr.HTML
    bar: gr.HTML


def build(visits: Visits) -> Tab:
    """Lay out the tab and connect it."""
    tab = _layout()
    do = Handlers(tab, visits)
    tab.on(tab.train_plan.who, do.who, trigger_mode="once")
    tab.on(tab.train_plan.demo, do.demo, trigger_mode="once")
    tab.on(tab.train_plan.plan, do.plan, trigger_mode="multiple")
    for name in ("caption", "leave_out"):
        tab.on(getattr(tab.train_photos, name), getattr(do, name), trigger_mode="multiple")
    for name in ("show", "choose"):
        tab.on(getattr(tab.train_view, name), getattr(do, name), trigger_mode="multiple")
    for name in ("open", "fresh", "resume", "remove", "take", "bring", "push"):
        tab.on(getattr(tab.train_shelf, name), getattr(do, name), trigger_mode="once")
    tab.on(tab.bar.look, do.look, trigger_mode="once", **HEAVY)
    for name in ("start", "go_on", *views.ENDS):
        tab.on(getattr(tab.bar, name), getattr(do, name), trigger_mode="once")
    tab.bar.cancel(do.cancel, None, None, queue=False, show_progress="hidden", api_visibility="private")
    # While somebody is trained the page asks: that outlasts a nap of the laptop.
    tab.on(tab.train_view.tick, do.tick, trigger_mode="once", concurrency_limit=None)
    return tab


def connect(visits: Visits, tabs: gr.Tabs, places: dict[str, tuple]) -> None:
    """The ways to and from the other tabs. `places`: for each tab's title its `gr.Tab` and its widgets."""
    (place, tab), (_, craft), (_, people) = places[TITLE], places[craft_tab.TITLE], places[people_tab.TITLE]
    do = Crossing(tab, visits, craft, people, tabs)
    tab.on(place.select, do.arrive, trigger_mode="once")
    for part in (tab.train_plan, tab.train_photos):
        tab.on(part.people, do.people, also=(*people.all(), tabs), trigger_mode="once")
    tab.on(tab.train_plan.bases, do.bases, also=(*craft.all(), tabs), trigger_mode="once")
    tab.on(tab.bar.draw, do.draw, also=(*craft.all(), tabs), trigger_mode="once", **HEAVY)


def _layout() -> Tab:
    with gr.Row(elem_classes="stage train"):
        plan = widget(
            "train_plan", {}, uses=("train_kit",), hero=_hero(), groups=views.drawer(), teach=TEACH, **WELCOME
        )
        with gr.Column(elem_classes="train-middle"):
            photos = widget("train_photos", {"ready": False}, uses=("train_kit",))
            view = widget("train_view", {"ready": False}, uses=("train_kit", "train_chart"))
        shelf = widget("train_shelf", {"ready": False}, uses=("train_kit",), max_bytes=MAX_BYTES)
    says = {"working": False, "ready": False, "says": ""}
    # Gradio knows an event by its name in the script.
    bar = widget("bar", says, id="train-bar", button=views.NEXT["look"], events=[*views.NEXT, *views.ENDS])
    return Tab(plan, photos, view, shelf, bar)


def _hero() -> str:
    """One picture that says what this is: a face that comes out of noise."""
    width, height = 300, 400
    face = Image.open(presets()[HERO].thumbnail).convert("RGB").resize((width, height))
    grain = np.random.default_rng(0).normal(0.5, 0.16, (height // 3, width // 3)).clip(0, 1)
    noise = Image.fromarray(np.uint8(255 * grain)).resize((width, height), Image.Resampling.BICUBIC).convert("RGB")
    sheet = Image.new("RGB", (2 * width, 2 * height))
    for number, share in enumerate(NOISE):
        picture = Image.blend(face.filter(ImageFilter.GaussianBlur(16 * share)), noise, share)
        sheet.paste(picture, (number % 2 * width, number // 2 * height))
    return picture_url(sheet)


class Handlers:
    """What happens on each event: a generator over new data for the widgets."""

    def __init__(self, tab: Tab, visits: Visits):
        self.tab, self.visits = tab, visits

    # The plan.

    @careful("train_plan")
    def who(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another person is looked at."""
        visit.train.open_person(str(data["short"]))
        yield self.tab.show(visit)

    @careful("train_plan")
    def demo(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Somebody drawn is to be learned, to see how it goes."""
        visit.train.try_demo()
        yield self.tab.show(visit)

    @careful("train_plan")
    def plan(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another base model, choice or setting."""
        visit.train.plan(data)
        photos = views.train_photos(visit, pictures=False)
        yield self.tab.show(visit, "bar", train_plan=views.train_plan(visit, echo=True), train_photos=photos)

    # The photos.

    @careful("bar")
    def look(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Prepare the photos."""
        says = ""
        yield self.tab.put(train_photos=views.train_photos(visit, pictures=False, busy=True))
        try:
            for step in visit.train.look():
                yield self.tab.put(bar=views.bar_working(step))
        except Cancelled:
            says = "Stopped. Nothing was changed."
        photos = views.train_photos(visit) | {"come": not says}
        yield self.tab.show(visit, bar=views.bar(visit, says=says), train_photos=photos)

    @careful("train_photos")
    def caption(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Other words for a picture."""
        visit.train.caption(str(data["name"]), str(data["text"]))
        yield self.tab.put(train_photos=views.train_photos(visit, pictures=False))

    @careful("train_photos")
    def leave_out(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A photo less, or one taken back."""
        visit.train.leave_out(str(data["photo"]), bool(data["out"]))
        photos = views.train_photos(visit, pictures=False)
        yield self.tab.show(visit, "bar", train_plan=views.train_plan(visit, echo=True), train_photos=photos)

    def cancel(self, request: gr.Request) -> None:
        """Stop looking at the photos."""
        self.visits.of(request.session_hash).train.cancel()

    # The work.

    @careful("bar")
    def start(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Learn from the photos that were looked at."""
        yield self.tab.put(bar=views.bar(visit, says="One moment …") | {"ready": False})
        visit.train.start()
        yield self.tab.show(visit, train_view=views.train_view(visit) | {"come": True})

    @careful("bar")
    def go_on(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Take up what was paused or broken off."""
        yield self.tab.put(bar=views.bar(visit, says="One moment …") | {"ready": False})
        visit.train.resume(visit.train.opened)
        yield self.tab.show(visit)

    @careful("bar")
    def pause(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Save, and let go of the machine."""
        visit.train.pause()
        yield self.tab.show(visit, "bar")

    @careful("bar")
    def stop(self, visit: Visit, data: dict) -> Iterator[dict]:
        """End it, and make the model of what is there."""
        visit.train.stop()
        yield self.tab.show(visit, "bar")

    @careful("bar")
    def tick(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Where the trainings stand; a page that shows it already is told nothing."""
        if visit.train.stamp != data.get("seen"):
            plan = views.train_plan(visit, echo=True)
            view = views.train_view(visit, have=set(map(str, data.get("have", []))))
            yield self.tab.show(visit, "train_shelf", "bar", train_plan=plan, train_view=view)

    # What came of it.

    @careful("train_view")
    def show(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A sample of another checkpoint."""
        visit.train.show(int(data["step"]), int(data["number"]))
        yield self.tab.put(train_view=views.train_view(visit, have=set(map(str, data.get("have", [])))))

    @careful("train_view")
    def choose(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Make the model of another checkpoint."""
        visit.train.choose(int(data["step"]))
        view = views.train_view(visit, have=set(map(str, data.get("have", []))))
        yield self.tab.show(visit, "train_shelf", "bar", train_view=view)

    @careful("train_shelf")
    def open(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another training or model is looked at."""
        visit.train.open(str(data["name"]))
        yield self.tab.show(visit)

    @careful("train_shelf")
    def fresh(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another training is planned."""
        visit.train.plan_new()
        yield self.tab.show(visit)

    @careful("train_shelf")
    def resume(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Take one up from the list."""
        visit.train.resume(str(data["name"]))
        yield self.tab.show(visit)

    @careful("train_shelf")
    def take(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The finished model as a file."""
        path = visit.train.download(str(data["form"]))
        file = {"url": file_url(path), "name": path.name}
        yield self.tab.put(train_shelf=views.train_shelf(visit, file=file))

    @careful("train_shelf")
    def bring(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A LoRA from elsewhere: a file that the browser sent, or the place of one on this machine."""
        yield self.tab.put(bar=views.bar(visit, says="Reading it …") | {"ready": False})
        if data.get("place"):
            visit.train.adopt_from(str(data["place"]))
        else:
            with uploaded(data) as path:
                visit.train.adopt(path)
        yield self.tab.show(visit)

    @careful("train_shelf")
    def push(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A private copy of the model on the hub."""
        for step in visit.train.push(str(data["repo"]).strip(), str(data["token"]).strip()):
            yield self.tab.put(bar=views.bar_working(step) | {"buttons": []})
        yield self.tab.show(visit, "train_shelf", "bar")

    @careful("train_shelf")
    def remove(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Delete a training, a model, or both."""
        yield self.tab.put(bar=views.bar(visit, says="Deleting …") | {"working": False, "ready": False})
        visit.train.remove(str(data["name"]), set(map(str, data["parts"])))
        yield self.tab.show(visit, bar=views.bar(visit, says="Deleted."))


class Crossing(Handlers):
    """The ways to and from the other tabs."""

    def __init__(self, tab: Tab, visits: Visits, craft: Widgets, people: Widgets, tabs: gr.Tabs):
        super().__init__(tab, visits)
        self.craft, self.folk, self.tabs = craft, people, tabs

    @careful("bar")
    def arrive(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The tab was opened."""
        visit.train.arrive()
        yield self.tab.show(visit)

    @careful("train_plan")
    def people(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Somebody is to be added, or photos of them."""
        visit.people.arrive()
        if data.get("short"):
            visit.people.open(str(data["short"]))
        yield self.folk.show(visit) | {self.tabs: gr.Tabs(selected=people_tab.TITLE)}

    @careful("train_plan")
    def bases(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A base model is to be fetched."""
        models = craft_views.craft_models(visit) | {"wanted": str(data.get("name") or "")}
        yield self.craft.show(visit, craft_models=models) | {self.tabs: gr.Tabs(selected=craft_tab.TITLE)}

    @careful("bar")
    def draw(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The finished model is to be drawn with."""
        yield self.tab.put(bar=views.bar(visit, says="Opening it in Craft …"))
        visit.train.draw()
        shown = self.craft.show(visit, *self.craft.usual, "craft_models")
        yield self.tab.show(visit, "bar") | shown | {self.tabs: gr.Tabs(selected=craft_tab.TITLE)}
