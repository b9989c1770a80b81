"""The Enhance tab: one photo, the wand, styles and every tool of the stack, live. Handlers are thin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import gradio as gr
from PIL import Image

from headshot_core.enhance.tool import GROUPS
from headshot_core.photo import MAX_BYTES, Photo
from headshot_ui import enhance_views as views
from headshot_ui.handlers import HEAVY, LATEST, MEASURING, PhotoHandlers, Widgets, careful, uploaded
from headshot_ui.visit import Visit, Visits
from headshot_ui.widgets import PICTURES, file_url, picture_url, widget

TITLE = "Enhance"
WELCOME = {
    "title": "Your photo on its best day",
    "words": "Give one photo. The wand looks at it as a retoucher would and says what it did; every tool can be turned "
    "up, down or off. Pores, moles and character stay.",
    "picture": "A dark portrait, and beside it the same one after the wand",
}
KINDS = ("png", "jpg", "webp")


@dataclass
class Tab(Widgets):
    """The widgets of the tab."""

    views = views
    usual = ("photo", "score", "easel", "tools", "batch", "bar")

    photo: gr.HTML
    score: gr.HTML
    easel: gr.HTML
    tools: gr.HTML
    batch: gr.HTML
    bar: gr.HTML


def build(visits: Visits) -> Tab:
    """Lay out the tab and connect it."""
    tab = _layout()
    do = Handlers(tab, visits)
    tab.on(tab.photo.give, do.give, trigger_mode="multiple", **HEAVY)
    tab.on(tab.photo.example, do.example, trigger_mode="once", **HEAVY)
    tab.on(tab.photo.face, do.face, trigger_mode="once")
    tab.on(tab.photo.forget, do.forget, trigger_mode="once")
    tab.on(tab.score.measure, do.measure, **LATEST, **MEASURING)
    for name in ("mend", "mend_all", "judge_as"):
        tab.on(getattr(tab.score, name), getattr(do, name), trigger_mode="once")
    tab.on(tab.tools.adjust, do.adjust, tab.tools, **LATEST)
    tab.on(tab.tools.wand, do.wand, tab.tools, **LATEST)
    for name in ("style", "keep_style", "drop_style", "reset", "clear", "move", "own", "mask", "mode", "fresh"):
        tab.on(getattr(tab.tools, name), getattr(do, name), trigger_mode="multiple")
    for name in ("undo", "redo", "look", "mode", "paint", "spare"):
        tab.on(getattr(tab.easel, name), getattr(do, name), trigger_mode="multiple")
    for name in ("include", "exclude"):
        tab.on(getattr(tab.batch, name), getattr(do, name), trigger_mode="multiple")
    tab.on(tab.batch.start, do.start, trigger_mode="once", **HEAVY)
    tab.on(tab.batch.fetch, do.fetch, trigger_mode="once")
    tab.on(tab.bar.make, do.make, trigger_mode="once", **HEAVY)
    tab.bar.cancel(do.cancel, None, None, queue=False, show_progress="hidden", api_visibility="private")
    return tab


def _layout() -> Tab:
    with gr.Row(elem_classes="stage darkroom"):
        welcome = {"hero": _hero(), "hand": "Use in Presets", **WELCOME}
        with gr.Column(elem_classes="side drawer"):
            photo = widget("photo", {"state": "empty"}, id="enhance-photo", max_bytes=MAX_BYTES, **welcome)
            score = widget("score", {}, id="enhance-score")
        easel = widget("easel", {"state": "none"}, uses=("compare",))
        tools = widget("tools", {"ready": False}, max_bytes=MAX_BYTES, groups=list(GROUPS), tools=views.all_tools())
    batch = widget("batch", {"ready": False, "jobs": []}, max_bytes=MAX_BYTES)
    says = {"working": False, "ready": False, "says": "Add a photo to begin."}
    bar = widget("bar", says, id="enhance-bar", button="Save picture", kinds=list(KINDS))
    return Tab(photo, score, easel, tools, batch, bar)


def _hero() -> str:
    """One picture that says what this is: the example before and after."""
    return picture_url(Image.open(PICTURES / "enhance.jpg"))


class Handlers(PhotoHandlers):
    """What happens on each event: a generator over new data for the widgets."""

    # The photo.

    def take_photo(self, visit: Visit, photo: Photo) -> Iterator[dict]:
        """Look for the face, and show it."""
        says = "Looking for your face …"
        busy = self.tab.put(photo=views.photo_busy(photo.image, says))
        yield busy if visit.retouch.study else busy | self.tab.put(easel=views.easel_photo(photo.image, says))
        visit.retouch.take(photo)
        yield self.tab.show(visit)

    @careful("photo")
    def face(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Another person of the photo."""
        visit.retouch.choose_face(int(data["index"]))
        yield self.tab.show(visit)

    @careful("photo")
    def forget(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Delete the photo and all that was made of it, in every tab."""
        visit.forget()
        yield self.tab.show(visit)

    # The score.

    @careful("score")
    def measure(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The picture came to rest: its score."""
        visit.retouch.score()
        yield self.tab.show(visit, "score")

    @careful("score")
    def judge_as(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Other rules to score by."""
        visit.judge_as(str(data["name"]))
        yield self.tab.show(visit, "score")

    @careful("score")
    def mend(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A fix of the score."""
        visit.retouch.mend(str(data["measure"]))
        yield self._changed(visit)

    @careful("score")
    def mend_all(self, visit: Visit, data: dict) -> Iterator[dict]:
        """All fixes of the score that help."""
        visit.retouch.mend_all()
        yield self._changed(visit)

    # The tools.

    @careful("tools")
    def adjust(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A control of the drawer moved."""
        work = visit.retouch
        old, seen = work.stack, work.seen
        work.adjust(data["steps"], data["gesture"])
        if work.stack != old:
            others = ("score", "bar", "batch") if not old.steps else ("score", "bar")
            yield self.tab.show(visit, *others, easel=views.easel(visit, with_before=work.seen is not seen))

    @careful("tools")
    def wand(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The wand, or its slider after it was used."""
        visit.retouch.use_wand(data["strength"], data["gesture"])
        yield self._changed(visit)

    @careful("tools")
    def style(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Begin from a style."""
        visit.retouch.use_style(str(data["name"]))
        yield self._changed(visit)

    @careful("tools")
    def keep_style(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Save the settings as an own style."""
        visit.retouch.keep_style(str(data["title"]))
        yield self.tab.show(visit, "tools")

    @careful("tools")
    def drop_style(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Delete an own style."""
        visit.retouch.drop_style(str(data["name"]))
        yield self.tab.show(visit, "tools")

    @careful("tools")
    def reset(self, visit: Visit, data: dict) -> Iterator[dict]:
        """One tool as it came."""
        visit.retouch.reset(str(data["name"]))
        yield self._changed(visit)

    @careful("tools")
    def clear(self, visit: Visit, data: dict) -> Iterator[dict]:
        """All tools off."""
        visit.retouch.clear()
        yield self._changed(visit)

    @careful("tools")
    def move(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A tool is used earlier or later."""
        visit.retouch.move(str(data["name"]), int(data["by"]))
        yield self._changed(visit)

    @careful("tools")
    def own(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The person's own background."""
        with uploaded(data) as path:
            visit.retouch.use_background(path)
        yield self._changed(visit)

    @careful("tools")
    def mask(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Show where a tool works, or no more."""
        visit.retouch.show_mask(data.get("name"))
        yield self.tab.show(visit, "easel", "tools")

    @careful("tools")
    def fresh(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The drawer as it is now: order and data."""
        yield self.tab.show(visit, "tools")

    def _changed(self, visit):
        return self.tab.show(visit, "easel", "score", "tools", "batch", "bar")

    # The picture.

    @careful("easel")
    def undo(self, visit: Visit, data: dict) -> Iterator[dict]:
        """One step back."""
        visit.retouch.undo()
        yield self._changed(visit)

    @careful("easel")
    def redo(self, visit: Visit, data: dict) -> Iterator[dict]:
        """One step forward."""
        visit.retouch.redo()
        yield self._changed(visit)

    @careful("easel")
    def look(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Look at a place in full size, or at the whole."""
        visit.retouch.look(data.get("place"), data.get("size"))
        yield self.tab.show(visit, "easel")

    @careful("easel")
    def mode(self, visit: Visit, data: dict) -> Iterator[dict]:
        """What the pointer does on the picture."""
        visit.retouch.set_mode(str(data["name"]))
        yield self.tab.show(visit, "easel", "tools")

    @careful("easel")
    def paint(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A stroke of the heal brush."""
        visit.retouch.paint(int(data["seen"]), data["points"], data["radius"])
        yield self._changed(visit)

    @careful("easel")
    def spare(self, visit: Visit, data: dict) -> Iterator[dict]:
        """A found spot stays, or is healed after all."""
        visit.retouch.spare(int(data["number"]))
        yield self._changed(visit)

    # Making and taking home.

    @careful("bar")
    def make(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The picture at full size, as a file."""
        for step in visit.retouch.make():
            yield self.tab.put(bar=views.bar_working(step))
        path = visit.retouch.download(str(data["kind"]), bool(data.get("settings")))
        file = {"url": file_url(path), "name": path.name}
        yield self.tab.show(visit, "easel", bar=views.bar(visit, says="Your picture is saved.", file=file))

    def cancel(self, request: gr.Request) -> None:
        """Stop making; what is ready stays."""
        self.visits.of(request.session_hash).retouch.cancel()

    # Several photos.

    @careful("batch")
    def include(self, visit: Visit, data: dict) -> Iterator[dict]:
        """One more photo for the same treatment."""
        with uploaded(data) as path:
            visit.retouch.add(path)
        yield self.tab.show(visit, "batch")

    @careful("batch")
    def exclude(self, visit: Visit, data: dict) -> Iterator[dict]:
        """One photo less."""
        visit.retouch.drop(int(data["number"]))
        yield self.tab.show(visit, "batch")

    @careful("batch")
    def start(self, visit: Visit, data: dict) -> Iterator[dict]:
        """Every photo, one after the other; then all in one ZIP."""
        for step in visit.retouch.make_all(str(data["kind"]), bool(data["wand"])):
            if step.done < step.total:
                says = f"Enhancing {step.message}, {step.done + 1} of {step.total}"
                yield self.tab.show(visit, "batch", bar=views.bar_working(step, says))
        yield self.tab.show(visit, "bar", batch=views.batch(visit, file=views.batch_file(visit)))

    @careful("batch")
    def fetch(self, visit: Visit, data: dict) -> Iterator[dict]:
        """The ZIP once more."""
        yield self.tab.put(batch=views.batch(visit, file=views.batch_file(visit)))
