"""Preparation: a person's good photos as the pictures that a model is trained on.

A third shows the head, a third head and shoulders, a third more, as far as the photos do: a model draws at the sizes
that it has seen. Upright, in neutral light, and the skin as it was photographed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from headshot_core import colour
from headshot_core.enhance import measure, wand
from headshot_core.enhance.denoise import Denoise
from headshot_core.enhance.engine import Heads, through
from headshot_core.enhance.jpeg import Jpeg
from headshot_core.enhance.tone import Tone
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.upscale import Upscale
from headshot_core.enhance.view import Study, View, Window
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.face import regions
from headshot_core.gate import variety
from headshot_core.gate.verdict import Gate
from headshot_core.generate import models
from headshot_core.matte import clean_foreground
from headshot_core.people import About, Person
from headshot_core.photo import read_photo, to_bytes
from headshot_core.portrait import Portrait, analyse
from headshot_core.progress import CancelToken, Report, silent
from headshot_core.prompt.phrases import backdrop_words
from headshot_core.recipe import Backdrop, Light, Recipe
from headshot_core.studio import backdrops, composite
from headshot_core.studio.light import lamps
from headshot_core.train import captions, crops, dataset
from headshot_core.train.crops import KINDS, Cut
from headshot_core.train.dataset import FACE, PERSON, Crop, Example
from headshot_core.train.settings import DEMO, Training

FEWEST = 3
"""Photos without which nobody is learnt."""
HOLDS_OUT = 5
"""Photos from which one at least is held out."""
SMALL_SET = 8
"""Photos below which one may give two pictures."""
APART = 1.6
"""How much larger the head must be in one of these two: pictures that hardly differ are learnt by heart."""
NEUTRAL, LEAST, MOST = 0.7, 0.06, 0.6
"""Share of a colour cast that is taken out; and the least and the most that a slider is moved."""
LEVELLED = 1.5
"""Degrees of turning that are worth a word."""
SOFT_EDGE, GROWN = 0.12, 0.08
"""Inter-eye distances: softness of the face's edge in the weights, and how far it reaches out of the oval."""
KEPT = 60e6
"""Pixels of all photos up to which they stay in memory while the crops are chosen, rather than be looked at twice."""
BEHIND_SHARE, CLEAN = 1 / 3, 0.05
"""Share of the photos that get another background, and the doubt of a cut-out (see `Matte`) up to which they may: what
is learnt must not show remains of the old one."""
BACKDROPS = ("paper", "studio_grey", "window", "canvas", "foliage", "office", "concrete", "gradient", "loft", "cafe")


# Which photos.


def photos_of(
    person: Person, training: Training, report: Report = silent, cancel: CancelToken | None = None
) -> list[Path]:
    """The photos to train on: those that the gate recommends, without those that were left out.

    The gate looks at them where it has not yet. Raises `HeadshotError` where too few are good, and without consent.
    """
    about = person.about
    if not about.consent:
        raise HeadshotError("Consent is missing.", "Confirm that the person shown agrees, or that it is you.")
    check_kind(about, training)
    photos = {path.name: path for path in person.photos}
    if not photos:
        raise HeadshotError(
            f"There is no photo of {about.name} yet.",
            f"Add {variety.FEWEST} to {variety.MOST} that differ in pose, light and place.",
        )
    gate = person.gate or person.check(report, cancel)
    chosen = [path for name, path in photos.items() if name in gate.recommended and name not in training.leave_out]
    if len(chosen) < FEWEST:
        raise _too_few(gate, chosen, training)
    return chosen


def check_kind(about: About, training: Training) -> None:
    """Raise `HeadshotError` unless it is a cartoon for the demo base model, or somebody for another one."""
    base = models.find(training.base) if training.base else None
    demo = base is not None and base.cartoons
    if demo and not about.cartoon:
        raise HeadshotError(
            f"{base.title} draws cartoons of 64 pixels, which hold nobody's likeness: it does not learn real people.",
            "Choose another base model, or try this one with the demo person.",
        )
    if about.cartoon and not demo:
        raise HeadshotError(
            f"{about.name} is a cartoon, which the demo base model alone learns.",
            f"Choose {models.BASES[DEMO].title} as the base model (--base {DEMO}).",
        )


def _too_few(gate: Gate, chosen: list[Path], training: Training) -> HeadshotError:
    bad = [f"{photo.name}: {photo.reasons[0].says}" for photo in gate.photos if not photo.good and photo.reasons]
    bad += [f"{name}: left out by you." for name in training.leave_out if name in gate.recommended]
    why = f": {' '.join(bad)}" if bad else "."
    given = len(gate.photos)
    return HeadshotError(
        f"{given} {'photo was' if given == 1 else 'photos were'} given, {len(chosen) or 'none'} can be used{why}",
        f"At least {FEWEST} are needed, and {variety.FEWEST} to {variety.MOST} are best: add some that differ.",
    )


# What is made of them.


@dataclass(frozen=True, eq=False)
class Plan:
    """What is made of one photo."""

    path: Path
    cuts: dict[Crop, Cut]
    """every kind that the photo can give"""
    clean: bool
    """whether the person can be cut out well"""
    traits: dict
    """the gate's"""
    portrait: Portrait | None = None
    """the photo as it was looked at, where there is memory for all"""
    chosen: tuple[Crop, ...] = ()
    held_out: bool = False
    backdrop: Backdrop | None = None


def prepare(
    person: Person, training: Training, folder: Path, report: Report = silent, cancel: CancelToken | None = None
) -> list[Example]:
    """Make the pictures of a training that is settled, and their captions, in `folder`.

    A photo that is gone or damaged meanwhile, or that holds too little, is done without as long as enough are left.
    The same photos, training and seed give the same bytes. Raises `HeadshotError`, and `Cancelled` where asked to.
    """
    cancel = cancel or CancelToken()
    own = {name: captions.checked(text, training.trigger) for name, text in training.captions.items()}
    photos, profile, noun = photos_of(person, training), person.profile, person.about.noun
    if person.about.cartoon:
        return _of_cartoons(photos, training, noun, own, folder, report, cancel)
    gate = person.gate
    traits = {photo.name: photo.traits for photo in gate.photos} if gate else {}
    plans = _planned(photos, traits, training, lambda step, what: report(step, 2 * len(photos), what), cancel)
    plans = _with_backdrops(_chosen(_held_out(plans, training)), training)
    examples: list[Example] = []
    for number, plan in enumerate(plans, 1):
        cancel.check()
        report(len(photos) + number - 1, 2 * len(photos), f"Preparing {number} of {len(plans)}")
        portrait = (plan.portrait or _read(plan.path)).of(profile)
        for kind in plan.chosen:
            examples.append(_make(portrait, plan, kind, training, noun, own, folder, cancel))
    dataset.write(folder, examples)
    report(2 * len(photos), 2 * len(photos), "Ready")
    return examples


def _of_cartoons(
    photos: list[Path],
    training: Training,
    noun: str,
    own: dict[str, str],
    folder: Path,
    report: Report,
    cancel: CancelToken,
) -> list[Example]:
    """The same of cartoons, for the demo base model."""
    from headshot_core.train import cartoons

    report(0, len(photos), "Looking at the cartoons")
    seen = cartoons.read(photos, training.resolution)
    plans = _held_out([Plan(one.path, {}, False, one.traits) for one in seen], training)
    examples = []
    for number, (one, plan) in enumerate(zip(seen, plans, strict=True), 1):
        cancel.check()
        report(number - 1, len(photos), f"Preparing {number} of {len(photos)}")
        examples.append(cartoons.make(one, plan.held_out, training, noun, own, folder))
    dataset.write(folder, examples)
    report(len(photos), len(photos), "Ready")
    return examples


def _planned(
    photos: list[Path], traits: dict[str, dict], training: Training, report: Callable, cancel: CancelToken
) -> list[Plan]:
    """What each photo can give; those that give nothing are done without."""
    plans, lost, pixels = [], [], 0
    for number, path in enumerate(photos, 1):
        cancel.check()
        report(number - 1, f"Looking at {number} of {len(photos)}")
        try:
            portrait = _read(path)
            pixels += portrait.photo.width * portrait.photo.height
            plans.append(_plan(path, portrait, traits.get(path.name, {}), training, pixels <= KEPT))
        except Cancelled:
            raise
        except HeadshotError as error:
            lost.append(f"{path.name}: {error.what}")
            report(number - 1, f"Left out {lost[-1]}")
    if len(plans) < FEWEST:
        raise HeadshotError(
            f"{len(plans) or 'None'} of {len(photos)} photos can be used. {' '.join(lost)}",
            f"At least {FEWEST} are needed: add photos, or train with fewer pixels (resolution).",
        )
    return plans


def _plan(path: Path, portrait: Portrait, traits: dict, training: Training, kept: bool) -> Plan:
    enlarged = crops.RESCUED if training.rescue else crops.ENLARGED
    cuts = crops.cuts(portrait, training.resolution, enlarged)
    if not cuts:
        raise HeadshotError("It is too small, or no crop of it shows this person alone.", "Use another photo.")
    return Plan(path, cuts, portrait.matte.doubt < CLEAN, traits, portrait if kept else None)


def _read(path: Path) -> Portrait:
    return analyse(read_photo(path))


def _held_out(plans: list[Plan], training: Training) -> list[Plan]:
    """With the photos marked that are kept for judging: good, from the front, and with others of their angle."""
    number = round(training.held_out * len(plans))
    if training.held_out and len(plans) >= HOLDS_OUT:
        number = max(1, number)
    number = max(0, min(number, len(plans) - FEWEST))
    angles = Counter(plan.traits.get("angle") for plan in plans)
    held: list[Path] = []
    for plan in sorted(plans, key=_typical, reverse=True):
        angle = plan.traits.get("angle")
        if len(held) < number and angles[angle] > 1:
            held.append(plan.path)
            angles[angle] -= 1
    return [replace(plan, held_out=plan.path in held) for plan in plans]


def _typical(plan: Plan) -> tuple[float, str]:
    traits = plan.traits
    turned = np.hypot(traits.get("yaw", 0.0), traits.get("pitch", 0.0))
    return round(traits.get("quality", 0.0) - turned / 45, 4), plan.path.name


def _chosen(plans: list[Plan]) -> list[Plan]:
    """With the crops chosen: as many of one kind as of another, as far as the photos allow.

    Those that can give few kinds choose first, and those held out last: so both all pictures and those to learn from
    are balanced.
    """
    counts: Counter[Crop] = Counter()
    done: dict[Path, tuple[Crop, ...]] = {}
    for plan in sorted(plans, key=lambda plan: (plan.held_out, len(plan.cuts), plan.path.name)):
        kind = min(plan.cuts, key=lambda kind: counts[kind] + plan.cuts[kind].cost)
        done[plan.path] = (kind,)
        counts[kind] += 1
    plans = [replace(plan, chosen=done[plan.path]) for plan in plans]
    return _doubled(plans) if len(plans) < SMALL_SET else plans


def _doubled(plans: list[Plan]) -> list[Plan]:
    """With second crops of kinds of which there are too few to learn from, of photos that can give two that differ."""
    plans = list(plans)
    while True:
        shown = Counter(kind for plan in plans if not plan.held_out for kind in plan.chosen)
        counts = Counter(dict.fromkeys(KINDS, 0) | shown)
        wanted = [(kind, i) for kind in KINDS if counts[kind] < max(counts.values()) for i in _givers(plans, kind)]
        if not wanted:
            return plans
        kind, i = min(wanted, key=lambda one: (counts[one[0]], plans[one[1]].cuts[one[0]].cost))
        plans[i] = replace(plans[i], chosen=(*plans[i].chosen, kind))


def _givers(plans: list[Plan], kind: Crop) -> list[int]:
    """The plans that can give that kind besides another."""
    return [
        i
        for i, plan in enumerate(plans)
        if kind in plan.cuts and len(plan.chosen) == 1 and not plan.held_out and _apart(plan, kind) >= APART
    ]


def _apart(plan: Plan, kind: Crop) -> float:
    shares = sorted(plan.cuts[one].share for one in (plan.chosen[0], kind))
    return shares[1] / shares[0]


def _with_backdrops(plans: list[Plan], training: Training) -> list[Plan]:
    """With other backgrounds for a part of the photos, those first whose own is seen most often."""
    if not training.backgrounds:
        return plans
    rng = np.random.default_rng(training.seed)
    seen = Counter(plan.traits.get("background") for plan in plans)
    order = rng.permutation(len(plans)).tolist()
    able = [i for i in order if plans[i].clean and not plans[i].held_out]
    able.sort(key=lambda i: -seen[plans[i].traits.get("background")])
    kinds = rng.permutation(BACKDROPS).tolist()
    for number, i in enumerate(able[: round(BEHIND_SHARE * len(plans))]):
        plans[i] = replace(plans[i], backdrop=Backdrop(kind=kinds[number % len(kinds)]))
    return plans


# One picture.


def _make(
    portrait: Portrait,
    plan: Plan,
    kind: Crop,
    training: Training,
    noun: str,
    own: dict[str, str],
    folder: Path,
    cancel: CancelToken,
) -> Example:
    """Make one picture and write it."""
    cut, name = plan.cuts[kind], f"{plan.path.stem}-{kind}"
    study = Study(portrait)
    window = Window(study, cut.matrix, cut.size)
    steps, notes = _mending(study, training.rescue)
    if abs(cut.turned) >= LEVELLED:
        notes.append(f"Turned by {abs(cut.turned):.0f} degrees: the eyes are level.")
    pixels = _pixels(window, cut, steps, training.rescue, notes, cancel)
    words = ""
    if plan.backdrop:
        recipe = Recipe(backdrop=plan.backdrop, light=_light(study), seed=training.seed)
        pixels, words = _before(window, pixels, recipe), backdrop_words(recipe)
        notes.append(f"Another background: {words}.")
    seen = captions.see(window, pixels, cut.share, words)
    caption, class_caption = captions.write(seen, training, noun)
    size = (portrait.photo.width, portrait.photo.height)
    box = cut.box(size)
    example = Example(name, plan.path.name, kind, cut.size, caption, class_caption, box, plan.held_out, tuple(notes))
    given = own.get(name) or own.get(plan.path.name)
    if given:
        example = captions.with_words(example, given, training)
    dataset.put(folder, example, to_bytes(pixels), weights(window))
    return example


def _mending(study: Study, rescue: bool) -> tuple[tuple[Tool, ...], list[str]]:
    """The tools for light and colour, and what they do. The skin is never retouched: it is what is to be learnt."""
    steps: list[Tool] = []
    notes = []
    tone = _neutral(study)
    if not tone.idle:
        notes.append("The light's colour was made neutral.")
    if rescue:
        stack = wand.choose(study).stack
        lit = stack.of(Tone)
        if lit:
            tone = lit.model_copy(update={"temperature": tone.temperature, "tint": tone.tint})
            notes.append("Exposure and contrast were mended.")
        for kind, note in ((Jpeg, "Traces of compression were smoothed."), (Denoise, "Noise was taken down.")):
            tool = stack.of(kind)
            if tool:
                steps.append(tool)
                notes.append(note)
    return (*steps, tone), notes


def _neutral(study: Study) -> Tone:
    """White balance that takes most of a colour cast out, by the person's own skin where it is known."""
    whole, head = (View(window, window.photo) for window in (study.whole(measure.SIDE), study.head))
    warm, pink = (float(np.clip(NEUTRAL * value, -MOST, MOST)) for value in measure.cast(whole, head))
    if max(abs(warm), abs(pink)) < LEAST:
        return Tone(on=False)
    return Tone(temperature=round(warm, 3), tint=round(pink, 3))


def _pixels(
    window: Window, cut: Cut, steps: tuple[Tool, ...], rescue: bool, notes: list[str], cancel: CancelToken
) -> np.ndarray:
    """The crop after the tools, sRGB 0..1 (H, W, 3); enlarged by a net where that is wished for and needed."""
    heads = Heads(window.study.head).views(steps)
    if cut.scale > 1.05:
        notes.append(f"Enlarged {cut.scale:.1f} times.")
    if not (rescue and cut.scale > 1.05):
        return through(View(window, window.photo), steps, heads).pixels
    width, height = (round(side / cut.scale) for side in cut.size)
    shrink = np.array([[width / cut.size[0]], [height / cut.size[1]]])
    matrix = cut.matrix * shrink
    matrix[:, 2] += (shrink[:, 0] - 1) / 2
    small = Window(window.study, matrix, (width, height))
    view = through(View(small, small.photo), steps, heads)
    large, _, more = Upscale().enlarge(to_bytes(view.pixels), small.face, window.study, silent, cancel)
    notes.extend(more)
    return cv2.resize(large, cut.size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _light(study: Study) -> Light:
    """The photo's own light, which another background has to agree with."""
    reading = captions.read_light(study)
    if reading is None:
        return Light(azimuth=0.0, elevation=30.0)
    return Light(azimuth=round(reading.azimuth, 1), elevation=float(np.clip(reading.elevation, -60, 90)))


def _before(window: Window, pixels: np.ndarray, recipe: Recipe) -> np.ndarray:
    """The person before a studio backdrop, sRGB 0..1 (H, W, 3), with clean edges."""
    alpha, face = window.person, window.face
    kind = backdrops.get(recipe.backdrop.kind)
    middle = (face.crown + face.chin) / 2
    width, height = window.size
    stage = backdrops.Stage(
        width, height, (float(middle[0]), float(middle[1]), face.head_height), recipe.light, recipe.seed
    )
    behind = colour.to_linear(backdrops.render(recipe.backdrop, stage))
    person = clean_foreground(pixels, alpha, face.head_height)
    grain = composite.grain_of(person, window.skin)
    lights = lamps(recipe.light, face.yaw, 1 if (recipe.light.azimuth or 0) > 0 else -1)
    linear = composite.join(colour.to_linear(person), alpha, behind, kind.wall, kind.spill, lights, face.head_height)
    return np.clip(composite.add_grain(colour.to_srgb(linear), alpha, grain, recipe.seed), 0, 1).astype(np.float32)


def weights(window: Window) -> np.ndarray:
    """uint8 (H, W): `BEHIND`, `PERSON`, `FACE`, with soft edges."""
    unit = window.unit
    oval = regions.polygon(window.face, regions.OVAL, window.shape, GROWN).astype(np.float32)
    oval = cv2.GaussianBlur(oval, (0, 0), max(0.6, SOFT_EDGE * unit))
    return np.round(PERSON * np.maximum(window.person, oval) + (FACE - PERSON) * oval).astype(np.uint8)
