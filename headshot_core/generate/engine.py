"""The diffusion engine: a person and a recipe give new pictures, measured, and the best of them first.

Four ways to draw (`recipe.generate.mode`), all from the same recipe as the studio engine's:

- ``person``: from a trained adapter (LoRA);
- ``photo``: from one photo, without training, where a base model takes pictures of the person along;
- ``keep``: the face and hair of the studio portrait stay pixel for pixel, all else is drawn anew;
- ``restyle``: the studio portrait is drawn over, as strongly as wished.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from headshot_core import prompt as prompts
from headshot_core.errors import HeadshotError
from headshot_core.generate import (
    control,
    device,
    finish,
    ic_light,
    keep,
    light,
    loras,
    models,
    pipelines,
    pose,
    rank,
    safety,
)
from headshot_core.generate.call import Call, LightStart, Prompt, Step
from headshot_core.generate.families import latents
from headshot_core.generate.models import Ability, Base
from headshot_core.generate.rank import Judged
from headshot_core.people import Person
from headshot_core.photo import read_photo, to_bytes, to_float, write_picture
from headshot_core.portrait import Portrait, analyse
from headshot_core.profile import Profile
from headshot_core.progress import CancelToken
from headshot_core.provenance import EDITED_WITH_AI, GENERATED
from headshot_core.recipe import Frame, Grade, Light, Mode, Pose, Recipe
from headshot_core.studio import engine as studio
from headshot_core.studio.frame import framed
from headshot_core.studio.framing import size_of
from headshot_core.studio.light import lamps

NEEDS: dict[Mode, tuple[tuple[Ability, ...], str]] = {
    "person": (("lora",), "takes no trained person"),
    "photo": (("reference", "face_adapter"), "cannot draw from a photo without training"),
    "keep": (("inpaint",), "cannot draw around a face that is kept"),
    "restyle": (("image",), "cannot draw over a picture"),
}
"""For each way to draw: the abilities of which the base model needs one, and what is said where it has none."""
HEAD_SHARE = 0.5
"""Head height against the height of the picture of the person that a base model is shown."""
REFERENCE = 1024
"""Pixels of that picture's sides."""
HELD = "Your face is kept, and with it the pose of your photo."
LAST_SEED = 2**31 - 1
Enlarge = Callable[[CancelToken | None], tuple[np.ndarray, tuple[str, ...]]]


@dataclass(frozen=True, eq=False)
class Subject:
    """Who is drawn: a photo, a known person, or both."""

    portrait: Portrait | None = None
    person: Person | None = None

    @property
    def profile(self) -> Profile | None:
        """The person's looks, where they are known."""
        if self.person:
            return self.person.profile
        return self.portrait and self.portrait.person


@dataclass(eq=False)
class Candidate:
    """One picture that was drawn and measured."""

    draft: np.ndarray
    """uint8 (h, w, 3): as large as it was drawn; this is what was measured"""
    recipe: Recipe
    """of this very picture: it alone, with its own seed"""
    judged: Judged | None
    """None: not measured"""
    notes: tuple[str, ...] = ()
    enlarge: Enlarge | None = None
    """makes the picture in the frame's size, which takes long where a net does it; None: the draft has that size"""
    _picture: np.ndarray | None = None

    @property
    def picture(self) -> np.ndarray:
        """uint8 (H, W, 3) in the frame's size; made when it is first asked for, and at once for the best."""
        return self.finish()

    @property
    def seen(self) -> np.ndarray:
        """The picture where it is made, the draft before."""
        return self.draft if self._picture is None else self._picture

    def finish(self, cancel: CancelToken | None = None) -> np.ndarray:
        """The `picture`. Raises `Cancelled`."""
        if self.enlarge is None:
            return self.draft
        if self._picture is None:
            picture, notes = self.enlarge(cancel)
            self._picture, self.notes = to_bytes(picture), tuple(dict.fromkeys((*self.notes, *notes)))
        return self._picture

    @property
    def seed(self) -> int:
        """What its randomness began with."""
        return self.recipe.seed

    @property
    def source(self) -> str:
        """The IPTC digital source type: drawn, or a photo edited."""
        return GENERATED if self.recipe.generate.mode in ("person", "photo") else EDITED_WITH_AI

    def save(self, path: str | Path) -> Path:
        """Write PNG, JPEG or WebP, with recipe and provenance inside. Raises `HeadshotError`."""
        return write_picture(self.picture, path, recipe=self.recipe, source=self.source)


@dataclass(frozen=True, eq=False)
class Progress:
    """Where the work stands."""

    says: str
    step: int
    total: int
    """steps of all pictures together; 0 where it is not known yet"""
    preview: np.ndarray | None = None
    """uint8 (h, w, 3): a rough look at what is being drawn"""
    candidate: Candidate | None = None
    """a picture that has just been finished"""


@dataclass(frozen=True, eq=False)
class Generated:
    """All pictures of one recipe."""

    shown: tuple[Candidate, ...]
    """the best, in order"""
    more: tuple[Candidate, ...]
    """the others, in order"""
    withheld: int
    """pictures that the safety check kept back"""
    notes: tuple[str, ...]
    seconds: float
    base: Base


Each = Callable[[Progress], None]


def generate(
    subject: Subject,
    recipe: Recipe,
    each: Each | None = None,
    cancel: CancelToken | None = None,
    checked: bool = True,
) -> Generated:
    """Draw `recipe.generate.count` pictures, measure and rank them. Raises `HeadshotError`.

    The same subject, recipe and device give the same pictures. `checked`: by the safety check, which can be left out on
    a person's own machine only.
    """
    if not checked and not safety.may_switch_off():
        raise HeadshotError("The safety check cannot be left out here.", "Run the studio on a machine of your own.")
    started = time.monotonic()
    each, cancel = each or (lambda progress: None), cancel or CancelToken()
    base = base_of(recipe)
    check(base, subject, recipe)
    each(Progress("Preparing", 0, 0))
    if checked:
        safety.ready()
    settled = _settled(recipe, base, subject)
    work = _Work(subject, settled, base, each, cancel, checked)
    candidates = work.draw()
    order = rank.order([candidate.judged for candidate in candidates])
    ranked = [candidates[i] for i in order]
    shown = recipe.generate.shown
    work.finish(ranked[:shown])
    held = (HELD,) if settled.pose != recipe.pose else ()
    notes = (*work.call.prompt.notes, *held, *work.notes)
    seconds = time.monotonic() - started
    return Generated(tuple(ranked[:shown]), tuple(ranked[shown:]), work.withheld, notes, seconds, base)


def forget() -> None:
    """Let go of every picture of a person's that is kept for speed, as when somebody deletes their photo."""
    studio.forget()
    pose.forget()
    latents.forget_read()


def base_of(recipe: Recipe) -> Base:
    """The base model that a recipe names, or the best one here; a `HeadshotError` where it has to be fetched first."""
    settings = recipe.generate
    base = models.find(settings.base) if settings.base else models.best_here(*NEEDS[settings.mode][0])
    if base is None:
        raise HeadshotError(
            "No base model is on this machine yet, and new pictures need one.",
            "Fetch one (python -m headshot_core models), try the demo (micro), or use the studio engine.",
        )
    if not models.installed(base):
        raise HeadshotError(f"{base.title} is not on this machine, or not all of it.", models.how_to_get(base))
    return base


def check(base: Base, subject: Subject, recipe: Recipe) -> None:
    """Raise `HeadshotError` where this cannot be drawn, before any work."""
    mode = recipe.generate.mode
    able, cannot = NEEDS[mode]
    if not base.can.intersection(able):
        raise HeadshotError(f"{base.title} {cannot}.", "Choose another way to draw, or another base model.")
    if mode == "person" and not recipe.generate.loras:
        raise HeadshotError("No trained model of the person is chosen.", "Choose one, or draw from a photo.")
    if mode != "person" and subject.portrait is None:
        raise HeadshotError("There is no photo to draw from.", "Give one.")
    for lora in recipe.generate.loras:
        loras.check(loras.find(lora, subject.person), base)


def drawing_size(base: Base, frame: Frame) -> tuple[int, int]:
    """The base model's own size whose shape is nearest to the frame's: width, height."""
    width, height = size_of(frame)
    return min(base.sizes, key=lambda size: abs(np.log(size[0] / size[1] * height / width)))


def _settled(recipe: Recipe, base: Base, subject: Subject) -> Recipe:
    """The recipe with nothing left to the base model or the photo.

    Another default one day must not change old pictures; and words and measures must speak of one light.
    """
    settings = recipe.generate
    steps = settings.steps or base.steps
    guidance = base.guidance if settings.guidance is None else settings.guidance
    settled = settings.model_copy(update={"base": base.name, "steps": steps, "guidance": guidance})
    light = recipe.light
    if settings.mode in ("keep", "restyle"):
        light = _lit_by(subject.portrait, light)
    held = Pose() if settings.mode == "keep" else recipe.pose  # a head that is kept is held as photographed
    return recipe.model_copy(update={"generate": settled, "light": light, "pose": held})


def begun(recipe: Recipe) -> Recipe:
    """The recipe of what a drawing begins with: one for all pictures of a run, whichever seed each is drawn with."""
    return recipe.model_copy(update={"seed": 0})


def _lit_by(portrait: Portrait, light: Light) -> Light:
    """The light with the side that the studio chooses for this photo."""
    lights = lamps(light, portrait.face.yaw, framed(portrait, Frame()).shading.source.side)
    return light.model_copy(update={"azimuth": lights.azimuth}) if lights.strength else light


class _Work:
    """One recipe on its way to pictures."""

    def __init__(self, subject: Subject, recipe: Recipe, base: Base, each: Each, cancel: CancelToken, checked: bool):
        self.subject, self.recipe, self.base = subject, recipe, base
        self.each, self.cancel, self.checked = each, cancel, checked
        self.size = drawing_size(base, recipe.frame)
        self.draft = _within(self.size, size_of(recipe.frame))
        self.notes: list[str] = []
        self.withheld = 0
        self.kept: keep.Kept | None = None
        self.call = self._call()

    # What is asked for.

    def _call(self) -> Call:
        recipe, settings = self.recipe, self.recipe.generate
        adapters = tuple(loras.find(lora, self.subject.person) for lora in settings.loras)
        held = control.controls(recipe, self.size, self.base)
        if note := control.says(recipe, self.base, held):
            self.notes.append(note)
        call = Call(
            self._prompt(loras.trigger(adapters)),
            self.size,
            _seeds(recipe),
            settings.steps,
            settings.guidance,
            controls=held,
            loras=adapters,
            likeness=settings.likeness,
        )
        return getattr(self, f"_{settings.mode}")(call)

    def _prompt(self, trigger: str) -> Prompt:
        about = self.subject.person.about if self.subject.person else None
        return prompts.write(self.recipe, self.base, about, trigger)

    def _person(self, call: Call) -> Call:
        return replace(call, light=self._light_start(call))

    def _photo(self, call: Call) -> Call:
        shown = reference(self.subject.portrait)
        return replace(call, references=(shown,), light=self._light_start(call))

    def _light_start(self, call: Call) -> LightStart | None:
        """The light that the drawing begins with; none where a ControlNet holds it."""
        held = any(one.kind == "light" for one in call.controls)
        return None if held else light.start(begun(self.recipe), self.size)

    def _keep(self, call: Call) -> Call:
        self.kept = keep.prepare(self.subject.portrait, begun(self.recipe), self.size)
        self.notes += self.kept.notes
        return replace(call, image=self.kept.image, mask=self.kept.mask)

    def _restyle(self, call: Call) -> Call:
        width, height = self.size
        frame = self.recipe.frame.model_copy(update={"width": width, "height": height})
        plain = begun(self.recipe).model_copy(update={"frame": frame, "grade": Grade()})  # the look comes at the end
        start = studio.make(self.subject.portrait, plain, cancel=self.cancel)
        self.notes += start.notes
        image = Image.fromarray(to_bytes(start.picture))
        return replace(call, image=image, strength=self.recipe.generate.strength)

    # Drawing.

    def draw(self) -> list[Candidate]:
        """Every picture: drawn, developed, measured."""
        plan = device.plan(self.base, self.size, len(self.call.seeds), guided=self.call.guidance > 1)
        found: list[Candidate] = []
        for begin in range(0, len(self.call.seeds), plan.batch):
            seeds = self.call.seeds[begin : begin + plan.batch]
            call = replace(self.call, seeds=seeds)
            drawn = pipelines.run(self.base, call, self._listen(begin, len(seeds)), self.cancel, self._loading)
            for seed, picture in zip(seeds, drawn, strict=True):
                found += self._developed(picture, seed)
        return found

    def _loading(self, step: int, total: int, message: str) -> None:
        self.each(Progress(message, 0, 0))

    def _listen(self, begin: int, batch: int) -> Callable[[Step], None]:
        count = len(self.call.seeds)
        last = begin + batch
        which = f"picture {last}" if batch == 1 else f"pictures {begin + 1} to {last}"

        def listen(step: Step) -> None:
            done = begin * step.total + batch * step.step
            says = f"Drawing {which} of {count}" if count > 1 else "Drawing"
            self.each(Progress(says, done, count * step.total, step.preview))

        return listen

    def finish(self, best: list[Candidate]) -> None:
        """The best in the frame's size. The others wait until somebody wants them: a net takes long."""
        total = len(self.call.seeds) * self.call.steps
        for number, candidate in enumerate(best, 1):
            says = f"Finishing picture {number} of {len(best)}" if len(best) > 1 else "Finishing"
            self.each(Progress(says, total, total, candidate.draft))
            candidate.finish(self.cancel)

    def _developed(self, drawn: np.ndarray, seed: int) -> list[Candidate]:
        """The candidate that a drawing becomes; none where the safety check keeps it back."""
        self.cancel.check()
        portrait, wanted = self.subject.portrait, self.call.prompt.positive
        alone = self.recipe.generate.model_copy(update={"count": 1, "shown": 1})
        recipe = self.recipe.model_copy(update={"seed": seed, "generate": alone})
        if self.kept:
            developed = self._joined(self.kept, drawn, recipe, self.draft, self.cancel)
        else:
            lit, left = self._lit(drawn, recipe)
            developed = finish.finish(lit, left, portrait, cancel=self.cancel, size=self.draft)
        draft = to_bytes(developed.picture)
        verdict = safety.check(draft) if self.checked else None
        if verdict and not verdict.allowed:
            self.withheld += 1
            return []
        whom = self.subject
        judged = rank.judge(draft, portrait, whom.profile, recipe, wanted, verdict, self.base, whom.person)

        def enlarge(cancel: CancelToken | None) -> tuple[np.ndarray, tuple[str, ...]]:
            size = size_of(recipe.frame)
            if not self.kept:
                return finish.sized(draft, size, cancel=cancel)
            kept = self.kept.at(self.size)  # a fresh one: what it computes is large, and goes with it
            large = self._joined(kept, drawn, recipe, size, cancel)
            return large.picture, large.notes

        candidate = Candidate(draft, recipe, judged, developed.notes, enlarge)
        self.each(Progress("", 0, 0, candidate=candidate))
        return [candidate]

    def _joined(
        self, kept: keep.Kept, drawn: np.ndarray, recipe: Recipe, size: tuple[int, int], cancel: CancelToken | None
    ) -> finish.Finished:
        """The kept head on the drawing, which is enlarged before: the head is not to be enlarged with it."""
        large, notes = finish.sized(drawn, size, cancel=cancel)
        picture = kept.rejoin(large)
        done = finish.finish(picture, recipe, self.subject.portrait, cancel=cancel, size=size)
        return replace(done, notes=(*notes, *kept.doubts(picture), *done.notes))

    def _lit(self, drawn: np.ndarray, recipe: Recipe) -> tuple[np.ndarray, Recipe]:
        """The drawing lit by IC-Light, where that is wished and here, and what is left for the finishing to do."""
        settings, as_drawn = recipe.generate, (to_float(drawn), recipe)
        if not settings.relight or not ic_light.is_here(self.base):
            return as_drawn
        try:
            portrait = analyse(read_photo(Image.fromarray(drawn)))
        except HeadshotError:  # the finishing says so
            return as_drawn
        alpha = portrait.matte.in_frame(as_drawn[0], np.eye(3)[:2])
        (lit,) = ic_light.draw(self.base, drawn, alpha, recipe, self.call.prompt, (recipe.seed,), cancel=self.cancel)
        done = settings.model_copy(update={"relight": False})
        return to_float(lit), recipe.model_copy(update={"generate": done})


def _within(drawn: tuple[int, int], frame: tuple[int, int]) -> tuple[int, int]:
    """The frame's size, or as large in its shape as a drawing holds: width, height."""
    scale = min(1.0, drawn[0] / frame[0], drawn[1] / frame[1])
    return round(frame[0] * scale), round(frame[1] * scale)


def _seeds(recipe: Recipe) -> tuple[int, ...]:
    """The recipe's own seed and those that follow it."""
    return tuple((recipe.seed + i) % (LAST_SEED + 1) for i in range(recipe.generate.count))


def reference(portrait: Portrait) -> Image.Image:
    """The person as a base model is shown them: a square picture of head and shoulders, as photographed."""
    face = portrait.face
    side = face.head_height / HEAD_SHARE
    scale = REFERENCE / side
    x, y = face.eye_centre - (side / 2, 0.42 * side)
    matrix = np.array([[scale, 0, -scale * x], [0, scale, -scale * y]])
    return Image.fromarray(portrait.pyramid.warp(matrix, (REFERENCE, REFERENCE)))
