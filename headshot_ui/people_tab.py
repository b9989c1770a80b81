"""The People tab: who a person is, their photos with what the gate says of each, and their looks. Handlers are thin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from PIL import Image

from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.people import NOUNS
from headshot_core.photo import MAX_BYTES
from headshot_core.presets import presets
from headshot_ui import people_views as views
from headshot_ui.handlers import HEAVY, Widgets, careful, uploaded
from headshot_ui.people_visit import MOST
from headshot_ui.retouch import Step, hosted
from headshot_ui.visit import Visit, Visits
from headshot_ui.widgets import file_url, picture_url, widget

TITLE = "People"
WELCOME = {
    "title": "The studio learns who you are",
    "words": "Give a handful of photos of one person. Then retouching knows a mole from a pimple, and every picture "
    "says how much it still looks like you. No training, a few seconds.",
    "picture": "Nine portraits of the same person, in different light and places",
}
KEPT_HERE = "Photos and profile are kept in the studio's folder on this machine, until you delete them."
KEPT_IN_SPACE = (
    "This Space keeps photos and profile in a private folder of this visit and deletes them soon after you leave. "
    "To have them longer, export them."
)
HERO = (
    ("window-light", "clean-white", "city-dusk"),
    ("golden-beach", "painted-canvas", "corner-cafe"),
    ("open-office", "home-court", "sunlit-garden"),
)
"""Looks in the picture that welcomes a visitor: one person, many photos."""


@dataclass
class Tab(Widgets):
    """The widgets of the tab."""

    views = views
    usual = ("people", "people_photos", "people_profile", "bar")

    people: gr.HTML
    people_photos: gr.HTML
    people_profile: gr.HTML
    bar: gr.HTML


def build(visits: Visits) -> Tab:
    """Lay out the tab and connect it."""
    tab = _layout()
    do = Handlers(tab, visits)
    for name in ("create", "open", "amend"):
        tab.on(getattr(tab.people, name), getattr(do, name), trigger_mode="once")
    tab.on(tab.people_photos.give, do.give, trigger_mode="multiple", **HEAVY)
    for name in ("remove", "dismiss"):
        tab.on(getattr(tab.people_photos, name), getattr(do, name), trigger_mode="multiple")
    for name in ("use", "edit", "export", "delete"):
        tab.on(getattr(tab.people_profile, name), getattr(do, name), trigger_mode="once")
    tab.on(tab.bar.make, do.check, trigger_mode="once", **HEAVY)
    tab.bar.cancel(do.cancel, None, None, queue=False, show_progress="hidden", api_visibility="private")
    return tab


def arrive(visits: Visits, place: gr.Tab, tab: Tab) -> None:
    """Show who is there when somebody comes to the tab."""
    tab.on(place.select, Handlers(tab, visits).arrive, trigger_mode="once")


def _layout() -> Tab:
    kept = KEPT_IN_SPACE if hosted() else KEPT_HERE
    with gr.Row(elem_classes="stage folk"):
        people = widget("people", {}, hero=_hero(), nouns=list(NOUNS), kept=kept, **WELCOME)
        photos = widget("people_photos", {"ready": False}, max_bytes=MAX_BYTES, most=MOST)
        profile = widget("people_profile", {"ready": False}, kept=kept)
    says = {"working": False, "ready": False, "says": "Add a person to begin."}
    bar = widget("bar", says, id="people-bar", button="Check photos")
    return Tab(people, photos, profile, bar)


def _hero() -> str:
    """One picture that says what this is: the example in nine looks."""
    width, height = 240, 320
    sheet = Image.new("RGB", (3 * width, 3 * height))
    for row, names in enumerate(HERO):
        for column, name in enumerate(names):
            picture = Image.open(presets()[name].thumbnail).convert("RGB").resize((width, height))
            sheet.paste(picture, (column * width, row * height))
    return picture_url(sheet)


class Handlers:
    """What happens on each event: a generator over new data for the widgets."""

    def __init__(self, tab: Tab, visits: Visits):
        self.tab, self.visits = tab, visits

    @careful("people")
    def arrive(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The tab was opened."""
        visit.people.arrive()
        yield self.tab.show(visit)

    # Who.

    @careful("people")
    def create(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A new person."""
        visit.people.add(data)
        yield self.tab.show(visit, people=views.people(visit, form="done"))

    @careful("people")
    def open(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another person is looked at."""
        visit.people.open(str(data["short"]))
        yield self.tab.show(visit)

    @careful("people_profile")
    def edit(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The form opens with what is known of the person."""
        yield self.tab.put(people=views.people(visit, form="change"))

    @careful("people")
    def amend(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Other data of the person."""
        visit.people.change(data)
        yield self.tab.show(visit, people=views.people(visit, form="done"))

    @careful("people_profile")
    def use(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The pictures show this person, or nobody known."""
        visit.people.use(bool(data["on"]))
        yield self.tab.show(visit, "people", "people_profile")

    # The photos.

    @careful("bar")
    def give(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Photos came from the browser, in one parcel: they are kept, then looked at."""
        work, paths = visit.people, list(data["paths"])
        for number, path in enumerate(paths):
            says = f"Keeping photo {number + 1} of {len(paths)}"
            yield self.tab.put(bar=views.bar_working(Step(number, len(paths), says, 0.3)))
            try:
                with uploaded({"path": path}) as file:
                    work.keep(file)
            except HeadshotError as error:
                work.refuse(Path(str(path)).name, error)
        work.arrived.append(str(data["parcel"]))
        yield self.tab.show(visit)
        yield from self._look(visit)

    @careful("bar")
    def check(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Look at all photos."""
        yield from self._look(visit)

    def _look(self, visit):
        says = ""
        try:
            for step in visit.people.check():
                photos = views.people_photos(visit, pictures=())
                yield self.tab.put(people_photos=photos, bar=views.bar_working(step))
        except Cancelled:
            says = "Stopped. What was seen so far stays."
        yield self.tab.show(visit, bar=views.bar(visit, says=says))

    @careful("people_photos")
    def remove(self, visit: Visit, data: dict) -> Iterator[dict]:
        """One photo less."""
        visit.people.remove(str(data["name"]))
        yield self.tab.show(visit)

    @careful("people_photos")
    def dismiss(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A file that was no photo was seen."""
        visit.people.dismiss(int(data["number"]))
        yield self.tab.put(people_photos=views.people_photos(visit, pictures=()))

    def cancel(self, request: gr.Request) -> None:
        """Stop looking; what is known stays."""
        self.visits.of(request.session_hash).people.cancel()

    # Taking away.

    @careful("people_profile")
    def export(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Everything of the person as a file."""
        path = visit.people.export()
        file = {"url": file_url(path), "name": path.name}
        yield self.tab.put(people_profile=views.people_profile(visit, file=file))

    @careful("people_profile")
    def delete(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Everything of the person is removed; then the proof."""
        visit.people.delete()
        visit.people.arrive()
        yield self.tab.show(visit, bar=views.bar(visit, says=views.proof(visit)))
