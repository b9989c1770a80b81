"""Retouch: one person's photo in the Enhance tab, and all that is done to it. Plain Python: it knows nothing of Gradio.

All of it lives in memory and goes when the visit ends. On the disk there is only the latest download, in the visit's
private folder.
"""

from __future__ import annotations

import os
import queue
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from pydantic import ValidationError

from headshot_core.enhance import styles, wand
from headshot_core.enhance.background import Background
from headshot_core.enhance.blemishes import Blemishes, Spot, find_spots
from headshot_core.enhance.crop import Crop
from headshot_core.enhance.engine import Desk, Enhanced, enhance, output
from headshot_core.enhance.heal import Heal, Stroke
from headshot_core.enhance.stack import Stack, tool
from headshot_core.enhance.styles import Style, for_any_photo
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.view import Box, Study, Window
from headshot_core.errors import HeadshotError
from headshot_core.photo import Photo, encode_picture, read_photo, to_bytes
from headshot_core.portrait import Portrait
from headshot_core.progress import CancelToken, Report
from headshot_core.provenance import EDITED_WITH_AI, GENERATED, source_of
from headshot_core.score.report import Score
from headshot_ui.judge import Judge
from headshot_ui.visit_files import download_folder, safe_stem, small_copy, zipped

if TYPE_CHECKING:
    from headshot_ui.visit import Shot, Visit

PREVIEW_SIDE = 900
"""Pixels of the live picture's longer side."""
LOUPE = (960, 720)
"""Pixels that a look at full size shows, at the most."""
HISTORY = 80
"""How many steps can be undone."""
BATCH, BATCH_BYTES = 30, 300_000_000
"""How many photos may wait for the same treatment, and their bytes."""
STROKE = 400
"""Points of a stroke of the brush, at the most."""
MODES = ("compare", "brush", "spots")
SECONDS_PER_MEGAPIXEL = 1.0
"""Of the enhancement, before it was timed."""


@dataclass(frozen=True)
class Moment:
    """A place in the history."""

    stack: Stack = field(default_factory=Stack)
    did: str = ""
    """what led here, such as 'Skin'"""
    style: str = ""
    """the style that it is, by name"""
    reasons: tuple[str, ...] = ()
    """the wand's"""


@dataclass(frozen=True)
class Step:
    """Where long work stands."""

    done: int
    total: int
    message: str
    seconds_each: float


@dataclass(frozen=True, eq=False)
class Seen:
    """What the large picture shows: the whole, or a part of it at full size."""

    number: int
    """another one each time something else is seen"""
    window: Window
    before: np.ndarray
    """uint8 (H, W, 3), the photo as it was"""
    box: Box | None = None
    """the part, in pixels of the full-size picture"""


@dataclass
class Job:
    """One of several photos to be enhanced alike."""

    name: str
    data: bytes
    thumbnail: Image.Image | None = None
    state: str = "waiting"
    """waiting, working, done or failed"""
    error: str = ""


class Retouch:
    """The Enhance tab's part of a visit. Methods raise `HeadshotError`."""

    def __init__(self, visit: Visit):
        self._visit = visit
        self._lock = threading.Lock()
        self._cancel = CancelToken()
        self._own_styles: dict[str, Style] = {}
        self._seconds = SECONDS_PER_MEGAPIXEL
        self._number = 0
        self.strength = 1.0
        """of the wand"""
        self._clear()

    def _clear(self) -> None:
        self.study: Study | None = None
        self.judge: Judge | None = None
        self.small: Image.Image | None = None
        """the photo, small, to show"""
        self._desk: Desk | None = None
        self._source: str | None = None
        self._windows: dict[int | None, tuple[Crop | None, Window]] = {}
        self._seen: Seen | None = None
        self._history, self._at, self._gesture, self._ended = [Moment()], 0, None, None
        self.finished: Enhanced | None = None
        """the picture at full size, until something changes"""
        self.mode = "compare"
        self.masked: str | None = None
        """the tool whose mask is shown"""
        self.place: tuple[float, float] | None = None
        """what is looked at in full size, as shares of width and height; None: the whole picture is shown"""
        self._part = LOUPE
        self.jobs: list[Job] = []

    # The photo.

    def take(self, photo: Photo) -> None:
        """Begin with a photo, as it is. The one before stays until this one is known to be good."""
        cancel = self._new_cancel()
        portrait = self._visit.look_at(photo, cancel)
        cancel.check()  # deleted meanwhile: then it must not come back
        self.begin(portrait)

    def take_shot(self, shot: Shot) -> None:
        """Begin with a finished headshot."""
        self.begin_scored(self._visit.judge_of(shot))
        self._source = source_of(shot.recipe)

    def take_made(self, photo: Photo, source: str) -> None:
        """Begin with a picture that was drawn; `source`: its IPTC digital source type."""
        self.begin(self._visit.look_at(photo))
        self._source = source

    def begin(self, portrait: Portrait) -> None:
        """Begin with a photo that was looked at already."""
        self.begin_scored(Judge(portrait))

    def begin_scored(self, judge: Judge) -> None:
        """Begin with a photo that was scored already, or will be."""
        jobs, portrait = self.jobs, judge.portrait
        self._clear()
        self.jobs, self.judge = jobs, judge
        self.study, self.small = Study(portrait), small_copy(portrait.photo.image)
        self._desk = Desk(self.study)

    def recognise(self) -> bool:
        """The photo shows the person chosen in the visit, or nobody known; gives whether that is new."""
        if self.study is None or self.portrait.person is self._visit.profile:
            return False
        portrait = self.portrait.of(self._visit.profile)
        with self._lock:
            self.study, self.judge = Study(portrait), Judge(portrait)
            self._desk, self._windows, self._seen, self.finished = Desk(self.study), {}, None, None
        return True

    def choose_face(self, index: int) -> None:
        """Work on another person of the same photo."""
        self.begin(self._need_study().portrait.with_face(index))

    def forget(self) -> None:
        """Let go of the photo and all that was made of it."""
        self._cancel.cancel()
        self._clear()

    @property
    def portrait(self) -> Portrait | None:
        """The photo as it was looked at."""
        return self.study.portrait if self.study else None

    # The stack and its history.

    @property
    def moment(self) -> Moment:
        """Where in the history the work stands."""
        return self._history[self._at]

    @property
    def stack(self) -> Stack:
        """The tools as they are set now."""
        return self.moment.stack

    def step(self, name: str) -> Tool:
        """The settings of one tool; as it comes where it is not used."""
        kind = tool(name)
        return self.stack.of(kind) or kind()

    @property
    def undoable(self) -> str:
        """What an undo would take back; empty where there is nothing."""
        return self.moment.did if self._at else ""

    @property
    def redoable(self) -> str:
        """What a redo would bring back; empty where there is nothing."""
        return self._history[self._at + 1].did if self._at + 1 < len(self._history) else ""

    def undo(self) -> None:
        """One step back."""
        self._to(max(0, self._at - 1))

    def redo(self) -> None:
        """One step forward again."""
        self._to(min(len(self._history) - 1, self._at + 1))

    def _to(self, at: int, gesture: object = None) -> None:
        """Another place of the history. It ends the drag before: what is late of that must not come after it."""
        if gesture != self._gesture:
            self._ended = self._gesture or self._ended
        self._at, self._gesture = at, gesture

    def _go(self, moment: Moment, gesture: object = None) -> None:
        """A new moment; one drag of a slider, which is one `gesture`, makes one moment only."""
        unchanged = moment.stack == self.stack and moment.reasons == self.moment.reasons
        if unchanged or (gesture is not None and gesture == self._ended):
            return
        same = gesture is not None and gesture == self._gesture and self._at > 0
        past = self._history[: self._at if same else self._at + 1]
        self._history = [*past, moment][-HISTORY:]
        self._to(len(self._history) - 1, gesture)

    def _change(self, stack: Stack, did: str, gesture: object = None) -> None:
        self._go(replace(self.moment, stack=stack, did=did, style=""), gesture)

    # Settings.

    def adjust(self, settings: dict[str, dict], gesture: object = None) -> None:
        """Take the drawer's settings: by tool, only those that a person sees there."""
        self._need_study()
        stack, did = self.stack, ""
        for name, given in settings.items():
            step = self._validated(tool(name), given)
            if step != stack.of(type(step)):
                stack, did = stack.having(step), step.title
        self._change(stack, did, gesture)

    def _validated(self, kind: type[Tool], given: dict) -> Tool:
        """What is hidden from the person is never taken from the browser, a path least of all."""
        secret = {"tool", "image", *styles.hidden(kind)}
        seen = {name: value for name, value in given.items() if name not in secret}
        old = self.stack.of(kind) or kind()
        try:
            step = kind(**(old.model_dump() | seen))
        except (ValidationError, TypeError) as error:
            raise HeadshotError("That setting is out of range.", "Move the slider back a little.") from error
        return self._with_own_picture(step) if isinstance(step, Background) else step

    def _with_own_picture(self, step: Background) -> Background:
        if step.kind != "image":
            return step.model_copy(update={"image": None})
        if self._visit.backdrop is None:
            raise HeadshotError("There is no background of your own yet.", "Choose a picture for it.")
        return step.model_copy(update={"image": str(self._visit.backdrop)})

    def use_background(self, source) -> None:
        """Put a picture of the person's own behind them."""
        self._need_study()
        self._visit.keep_backdrop(source)
        step = self.step("background").model_copy(update={"kind": "image", "on": True})
        self._change(self.stack.having(self._with_own_picture(step)), step.title, object())

    def reset(self, name: str) -> None:
        """One tool as it came: not used."""
        self._change(self.stack.without(tool(name).model_fields["tool"].default), f"{tool(name).title}, reset")

    def clear(self) -> None:
        """The photo as it was taken."""
        self._go(Moment(did="All tools off"))

    def move(self, name: str, by: int) -> None:
        """Use a tool earlier or later."""
        steps = list(self.stack.steps)
        at = next((i for i, step in enumerate(steps) if step.tool == name), None)
        if at is None:
            raise HeadshotError(f"The tool '{name}' is not in use.", "Switch it on first.")
        step = steps.pop(at)
        steps.insert(max(0, min(len(steps), at + (1 if by > 0 else -1))), step)
        self._change(self.stack.model_copy(update={"steps": tuple(steps)}), "Order")

    def use_wand(self, strength: float, gesture: object = None) -> None:
        """Let the wand choose. What is this photo's own, crop and strokes, stays."""
        study = self._need_study()
        self.strength = _share(strength)
        choice = wand.choose(study, self.strength)
        self._go(Moment(self._with_photo_bound(choice.stack), "Magic wand", reasons=choice.reasons), gesture)

    def _with_photo_bound(self, stack: Stack) -> Stack:
        """A stack with the crop and the strokes that this photo has, unless it brings its own."""
        for kind in (Crop, Heal):
            mine = self.stack.of(kind)
            if mine and stack.of(kind) is None:
                stack = stack.having(mine)
        return stack

    # The score.

    @property
    def scores(self) -> tuple[Score | None, Score | None]:
        """Of the photo and of what the tools make of it, those that were worked out."""
        known, rules = self.judge.known, self._visit.rules
        return known(rules, Stack()), known(rules, self.stack)

    def score(self) -> None:
        """Score the photo, and what the tools make of it."""
        self._need_study()
        judge, rules = self.judge, self._visit.rules
        for stack in (Stack(), self.stack):
            judge.score(rules, stack)

    def mend(self, measure: str) -> None:
        """Use the fix that the score offers for one of its measures, if it still does."""
        self._need_study()
        if mended := self.judge.mended(self._visit.rules, self.stack, measure):
            self._change(mended[0], mended[1].title)

    def mend_all(self) -> None:
        """Use all fixes of the score that help, as one step."""
        self._need_study()
        self._change(self.judge.mended_all(self._visit.rules, self.stack), "Fix all")

    # Styles. In a hosted Space own styles are this visit's alone: the folder there is everybody's.

    def styles(self) -> dict[str, Style]:
        """Those that come along, and the person's own."""
        known = styles.styles()
        if not hosted():
            return known
        return {name: style for name, style in known.items() if not style.own} | self._own_styles

    def use_style(self, name: str) -> None:
        """Begin from a style. What is this photo's own, crop and strokes, stays."""
        style = self._style(name)
        self._go(Moment(self._with_photo_bound(style.stack_for(self._need_study())), style.title, name))

    def keep_style(self, title: str) -> None:
        """Save the tools as they are set now as an own style."""
        if not self.stack.steps:
            raise HeadshotError("There is nothing to keep yet.", "Use a tool or the wand first.")
        style = self._keep_here(title) if hosted() else styles.save_own(title, self.stack)
        self._history[self._at] = replace(self.moment, style=style.name)

    def _keep_here(self, title: str) -> Style:
        title = " ".join(title.split())
        if not 1 <= len(title) <= styles.TITLE:
            raise HeadshotError("A style needs a title.", f"Give it one of 1 to {styles.TITLE} letters.")
        path = Path(f"own-{safe_stem(title).lower()}.yaml")
        style = Style(path=path, title=title, steps=for_any_photo(self.stack).steps)
        self._own_styles[style.name] = style
        return style

    def drop_style(self, name: str) -> None:
        """Delete an own style."""
        if not hosted():
            styles.delete_own(name)
        elif self._own_styles.pop(name, None) is None:
            raise HeadshotError("That style came along and stays.", "Only your own can be deleted.")

    def _style(self, name: str) -> Style:
        known = self.styles()
        if name not in known:
            raise HeadshotError("There is no such style any more.", "Choose another one.")
        return known[name]

    # Looking.

    def look(self, place: tuple[float, float] | None, size: tuple[int, int] | None = None) -> None:
        """Look at a place in full size, given as shares of width and height; None: at the whole picture.

        `size`: pixels of what can be shown.
        """
        self._need_study()
        if size:
            self._part = tuple(max(64, min(most, int(wish))) for wish, most in zip(size, LOUPE, strict=True))
        self.place = place and (_share(place[0]), _share(place[1]))

    def set_mode(self, mode: str) -> None:
        """What the pointer does on the picture: one of `MODES`."""
        if mode not in MODES:
            raise HeadshotError("There is no such way to work.")
        self.mode = mode

    def show_mask(self, name: str | None) -> None:
        """Show where a tool works; None: show no mask."""
        self.masked = tool(name).model_fields["tool"].default if name else None

    def window(self, side: int | None = None) -> Window:
        """What the picture shows, at full size or with its longer side at most `side` pixels."""
        crop = self.stack.of(Crop)
        known = self._windows.get(side)
        if known is None or known[0] != crop:
            known = self._windows[side] = crop, output(self._need_study(), self.stack, side)
        return known[1]

    @property
    def seen(self) -> Seen:
        """What is looked at now, without the tools."""
        whole = self.window() if self.place else self.window(PREVIEW_SIDE)
        box = _box_at(self.place, whole.size, self._part) if self.place else None
        seen = self._seen
        if seen is None or seen.box != box or (seen.window is not whole and box is None) or self._moved(seen, whole):
            window = whole.cut(box) if box else whole
            self._number += 1
            seen = self._seen = Seen(self._number, window, to_bytes(window.photo), box)
        return seen

    def _moved(self, seen: Seen, whole: Window) -> bool:
        """Whether a part at full size belongs to a crop that is no more."""
        return seen.box is not None and not np.array_equal(whole.cut(seen.box).matrix, seen.window.matrix)

    def render(self) -> tuple[Seen, np.ndarray]:
        """What is looked at, and its pixels after the tools: uint8 (H, W, 3)."""
        with self._lock:
            seen, desk, stack = self.seen, self._desk, self.stack
            pixels = desk.region(self.window(), seen.box, stack) if seen.box else desk.render(seen.window, stack)
        return seen, to_bytes(pixels)

    def face_place(self) -> tuple[float, float]:
        """Where the face is in the picture, as shares of width and height."""
        window = self.window(PREVIEW_SIDE)
        x0, y0, x1, y1 = window.face.box
        return _share((x0 + x1) / 2 / window.size[0]), _share((y0 + y1) / 2 / window.size[1])

    def overview(self) -> np.ndarray:
        """The whole picture as it was, small: uint8 (H, W, 3)."""
        return to_bytes(self.window(PREVIEW_SIDE).photo)

    def mask(self) -> np.ndarray | None:
        """(H, W) uint8: where the tool works whose mask is shown, in what is looked at."""
        if self.masked is None:
            return None
        window = self.seen.window
        mask = self.step(self.masked).mask(window)
        return np.full(window.shape, 255, np.uint8) if mask is None else to_bytes(mask)

    # On the picture.

    def paint(self, number: int, points: list, radius: float) -> None:
        """One stroke of the heal brush on what was seen as `number`: points and radius as shares of its width.

        The points' y is a share of its height.
        """
        window = self._window_seen(number)
        width, height = self._need_study().size
        found = _photo_points(list(points)[:: 1 + len(points) // STROKE], window)
        places = tuple((round(float(x + 0.5) / width, 5), round(float(y + 0.5) / height, 5)) for x, y in found)
        share = float(radius) * window.size[0] / window.scale / max(width, height)
        step = self.step("heal")
        try:
            stroke = Stroke(points=places, radius=round(share, 5))
            step = Heal(**(step.model_dump() | {"on": True, "strokes": (*step.strokes, stroke)}))
        except ValidationError as error:
            raise HeadshotError("That stroke is outside the picture.", "Paint on the picture.") from error
        self._change(self.stack.having(step), "Brush stroke")

    def _window_seen(self, number: int) -> Window:
        if self._seen is None or self._seen.number != number:
            raise HeadshotError("The picture moved meanwhile.", "Paint once more.")
        return self._seen.window

    def spots(self) -> list[dict]:
        """The blemishes found in what is looked at: place and radius as shares of its width, and whether they stay."""
        study, step, window = self._need_study(), self.step("blemishes"), self.seen.window
        (width, height), shown = window.size, []
        for number, spot in enumerate(study.once(find_spots)):
            x, y = window.matrix @ (spot.x, spot.y, 1.0) + 0.5
            known = step.includes(spot, study.size) or self._spared(spot)
            if known and 0 <= x < width and 0 <= y < height:
                place = {"x": float(x) / width, "y": float(y) / height, "r": float(spot.radius * window.scale) / width}
                shown.append({"number": number, **place, "stays": not step.includes(spot, study.size)})
        return shown

    def spare(self, number: int) -> None:
        """Let a found spot stay, or heal it after all."""
        study, step = self._need_study(), self.step("blemishes")
        found = study.once(find_spots)
        if not 0 <= number < len(found):
            raise HeadshotError("There is no such spot.", "Click one of the rings.")
        here = self._spared(found[number])
        spared = tuple(one for one in step.spared if one not in here)
        if not here:
            width, height = study.size
            spared = (*spared, ((found[number].x + 0.5) / width, (found[number].y + 0.5) / height))
        step = Blemishes(**(step.model_dump() | {"on": True, "spared": spared}))
        self._change(self.stack.having(step), "A spot")

    def _spared(self, spot: Spot) -> list[tuple[float, float]]:
        """The places of spots that stay which mean this one."""
        width, height = self._need_study().size
        far = [np.hypot(x * width - 0.5 - spot.x, y * height - 0.5 - spot.y) for x, y in self.step("blemishes").spared]
        return [one for one, away in zip(self.step("blemishes").spared, far, strict=True) if away <= spot.radius]

    # Making and taking home.

    def make(self) -> Iterator[Step]:
        """The picture at full size, in `finished`; nothing to do where it is there already."""
        study, stack = self._need_study(), self.stack
        if self.finished and self.finished.stack == stack:
            return
        cancel, start = self._new_cancel(), time.monotonic()
        megapixels = np.prod(self.window().size) / 1e6
        guess = float(self._seconds * max(0.3, megapixels))
        made = yield from in_steps(lambda report: enhance(study.portrait, stack, report, cancel), cancel, guess)
        cancel.check()  # deleted meanwhile: then it must not come back
        self._seconds += ((time.monotonic() - start) / max(0.3, megapixels) - self._seconds) / 2
        self.finished = made

    def likeness(self) -> int | None:
        """Of the finished picture; None where the models for it are missing."""
        from headshot_core.face import identity

        return self.finished.likeness if self.finished and identity.available() else None

    def download(self, kind: str, with_settings: bool) -> Path:
        """The finished picture as a file; in a ZIP with its settings where wished. `kind`: png, jpg or webp."""
        made = self.finished
        if made is None:
            raise HeadshotError("There is no picture to save yet.", "Press Save picture.")
        stem = f"{safe_stem(made.portrait.photo.name)}-enhanced"
        name = f"{stem}.{kind}"
        data = encode_picture(made.picture, kind, recipe=made.stack, source=self._origin(made.stack))
        if with_settings:
            name, data = f"{stem}.zip", zipped([(name, data), _stack_file(stem, made.stack)])
        target = download_folder(self._visit.folder, "enhanced") / name
        target.write_bytes(data)
        return target

    def _origin(self, stack: Stack) -> str:
        """A studio picture stays one, and what was drawn stays drawn, whatever is done to it here."""
        drawn = self._source in (GENERATED, EDITED_WITH_AI)
        return self._source if drawn or (self._source and stack.own_background) else source_of(stack)

    def as_photo(self) -> Photo:
        """The finished picture, to be used as a photo."""
        photo = read_photo(Image.fromarray(self.finished.picture))
        return replace(photo, name=f"{self.portrait.photo.name}-enhanced")

    def cancel(self) -> None:
        """Stop what is being made."""
        self._cancel.cancel()

    # Several photos.

    def add(self, path: Path) -> None:
        """One more photo for the same treatment; a file that cannot be read is told in its place."""
        if len(self.jobs) >= BATCH:
            raise HeadshotError(f"{BATCH} photos are the most at once.", "Enhance these first.")
        data = path.read_bytes()
        if sum(len(job.data) for job in self.jobs) + len(data) > BATCH_BYTES:
            raise HeadshotError("That is more than can be held at once.", "Enhance these first.")
        job = Job(path.stem, data)
        try:
            photo = self._read(job)
            job.name, job.thumbnail = photo.name, small_copy(photo.image)
            job.thumbnail.thumbnail((240, 240))
        except HeadshotError as error:
            job.state, job.error, job.data = "failed", str(error), b""
        self.jobs.append(job)

    def drop(self, number: int) -> None:
        """Take one of the photos away."""
        if 0 <= number < len(self.jobs):
            self.jobs.pop(number)

    def make_all(self, kind: str, by_wand: bool) -> Iterator[Step]:
        """Every photo with these tools, or with the wand's choice for each. One that fails says why; the others go on.

        Ends with a ZIP in `batch_file`, of those that were ready where it was stopped.
        """
        cancel, stack = self._new_cancel(), for_any_photo(self.stack)
        todo = [job for job in self.jobs if job.data]
        if not todo:
            raise HeadshotError("There are no photos to enhance.", "Choose some first.")
        target = download_folder(self._visit.folder, "batch") / "enhanced-photos.zip"
        for job in todo:
            job.state, job.error = "waiting", ""
        start, names = time.monotonic(), set()
        with zipfile.ZipFile(target, "w") as archive:
            for number, job in enumerate(todo):
                job.state = "working"
                yield Step(number, len(todo), job.name, (time.monotonic() - start) / number if number else 4.0)
                try:
                    for name, data in self._files(job, kind, None if by_wand else stack, cancel):
                        archive.writestr(zipfile.ZipInfo(_unused(name, names)), data)
                    job.state = "done"
                except HeadshotError as error:
                    job.state, job.error = ("waiting", "") if cancel.cancelled else ("failed", str(error))
                    if cancel.cancelled:
                        break
        yield Step(len(todo), len(todo), "", 0.0)

    def batch_file(self) -> Path | None:
        """The ZIP of all photos that were made, if any was."""
        files = sorted(self._visit.folder.glob("batch-*/*.zip"))
        return files[0] if files and any(job.state == "done" for job in self.jobs) else None

    def _files(self, job: Job, kind: str, stack: Stack | None, cancel: CancelToken) -> list[tuple[str, bytes]]:
        portrait = self._visit.look_at(self._read(job), cancel)
        stack = wand.choose(Study(portrait), self.strength).stack if stack is None else stack
        made = enhance(portrait, stack, cancel=cancel)
        stem = f"{safe_stem(job.name)}-enhanced"
        return [(f"{stem}.{kind}", encode_picture(made.picture, kind, recipe=stack)), _stack_file(stem, stack)]

    @staticmethod
    def _read(job: Job) -> Photo:
        return replace(read_photo(job.data), name=job.name)

    # Guards.

    def _need_study(self) -> Study:
        if self.study is None:
            raise HeadshotError("There is no photo yet.", "Choose one, or try the example.")
        return self.study

    def _new_cancel(self) -> CancelToken:
        self._cancel = CancelToken()
        return self._cancel


def _share(value: float) -> float:
    return min(1.0, max(0.0, float(value)))


def hosted() -> bool:
    """Whether the page is one that many people share."""
    return bool(os.environ.get("SPACE_ID"))


def in_steps(work: Callable[[Report], object], cancel: CancelToken, guess: float) -> Iterator[Step]:
    """Do long work in a thread of its own and yield where it stands; gives what the work gave.

    `guess`: seconds that it will take, until its own pace is known.
    """
    news: queue.Queue = queue.Queue()
    phase = {"message": "", "start": 0.0}

    def report(done: int, total: int, message: str) -> None:
        if message != phase["message"]:
            phase.update(message=message, start=time.monotonic())
        each = (time.monotonic() - phase["start"]) / done if done else guess / max(1, total)
        news.put(Step(done, total, message, each))

    def run() -> None:
        try:
            news.put(("made", work(report)))
        except BaseException as error:
            news.put(("failed", error))

    threading.Thread(target=run, daemon=True).start()
    try:
        while isinstance(item := news.get(), Step):
            yield item
    except GeneratorExit:
        cancel.cancel()  # nobody waits for it any more
        raise
    how, what = item
    if how == "failed":
        raise what
    return what


def _box_at(place: tuple[float, float], size: tuple[int, int], part: tuple[int, int]) -> Box:
    """A part, as large as `part`, of a picture of that (width, height) round a place, wholly inside it."""
    box = []
    for share, length, most in zip(place, size, part, strict=True):
        part = min(length, most)
        low = round(min(max(0.0, share * length - part / 2), length - part))
        box.append((low, low + part))
    (x0, x1), (y0, y1) = box
    return x0, y0, x1, y1


def _photo_points(points: list, window: Window) -> np.ndarray:
    """Points of the picture, as shares of a window's width and height, in pixels of the photo: (N, 2)."""
    try:
        shares = np.asarray(points, dtype=float).reshape(-1, 2)
    except ValueError as error:
        raise HeadshotError("That stroke cannot be read.", "Paint once more.") from error
    here = shares * window.size - 0.5
    matrix = np.vstack([window.matrix, [0, 0, 1]])
    return (np.linalg.inv(matrix) @ np.column_stack([here, np.ones(len(here))]).T).T[:, :2]


def _stack_file(stem: str, stack: Stack) -> tuple[str, bytes]:
    return f"{stem}.stack.json", stack.public().model_dump_json(indent=2).encode()


def _unused(name: str, names: set[str]) -> str:
    """The name, or one with a number where it was given before."""
    stem, _, suffix = name.partition("-enhanced")
    new, number = name, 2
    while new in names:
        new, number = f"{stem}-{number}-enhanced{suffix}", number + 1
    names.add(new)
    return new
