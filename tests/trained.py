"""Trainings as they lie on the disk, without training: people with photos of the example, runs in any state."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from headshot_core.gate import Checked, Gate
from headshot_core.people import GATE, About, People, Person
from headshot_core.presets import EXAMPLE, presets
from headshot_core.train import card, dataset, runs, settings
from headshot_core.train.dataset import Example
from headshot_core.train.runs import Checkpoint, Run
from headshot_core.train.settings import Training

WIDE = 480
"""Pixels of a photo's width."""
SAMPLE = (128, 160)
CROPS = (("head", 512, 512), ("half", 448, 576), ("wide", 512, 640))
LOOKS = ("window-light", "clean-white", "city-dusk", "golden-beach", "painted-canvas", "corner-cafe", "open-office")


def person(name: str = "Anna", photos: int = 8, folder: Path | None = None) -> Person:
    """Somebody whose photos the gate recommends, all of them."""
    someone = People(folder).add(About(name=name, noun="woman", consent=True))
    for number in range(photos):
        buffer = io.BytesIO()
        photo(number).save(buffer, "JPEG", quality=92)
        someone.add_photo(buffer.getvalue(), f"photo-{number + 1}.jpg")
    names = [path.name for path in someone.photos]
    gate = Gate(tuple(Checked(one, "accept", (), None) for one in names), (), tuple(names))
    someone._keep(GATE, {"photos": someone._state(), "gate": gate.to_dict()})
    return someone


def photo(number: int) -> Image.Image:
    """A variant of the example: itself, or its picture in one of the looks, cut and lit differently each time."""
    known = presets()
    picture = Image.open(known[LOOKS[number % 7]].thumbnail) if number % 8 else Image.open(EXAMPLE)
    picture = picture.convert("RGB")
    cut = 2 * number
    picture = picture.crop((cut, 0, picture.width, picture.height - cut))
    picture = ImageEnhance.Brightness(picture).enhance(1 + 0.04 * (number % 5 - 2))
    return picture.resize((WIDE, round(WIDE * picture.height / picture.width)))


def run(someone: Person, state: str = "draft", step: int = 0, name: str = "", **wishes) -> Run:
    """A run of theirs that got to a step of its way; checkpoints lie at every fifth of it."""
    training = settings.settled(Training(**({"base": "sd15"} | wishes)), len(someone.photos))
    number = 1
    while (someone.folder / "training" / f"{training.base}-{number}").exists():
        number += 1
    made = Run(someone.folder / "training" / (name or f"{training.base}-{number}"))
    (made.folder / runs.PHOTOS).mkdir(parents=True)
    _prepared(made, someone)
    (made.folder / runs.TRAINING).write_bytes(training.model_dump_json(indent=2).encode())
    left = 2.6 * (training.steps - step)
    made.tell(state=state, says=SAYS[state].format(step, training.steps), steps=training.steps, seconds_left=left)
    if state == "failed":
        made.tell(todo="Close other programs, then go on: everything is saved.")
    if step:
        learn(made, step)
    if state == "done":
        finish(made)
    return made


SAYS = {
    "draft": "Not started yet.",
    "waiting": "Waiting for its turn",
    "preparing": "Reading the captions",
    "training": "Step {} of {}",
    "finishing": "Choosing the best moment",
    "paused": "Paused, everything is saved.",
    "done": "The model is ready.",
    "failed": "The memory was full.",
    "broken": "",
}


def _prepared(made: Run, someone: Person) -> None:
    examples = []
    for number, path in enumerate(someone.photos):
        crop, width, height = CROPS[number % 3]
        picture = Image.open(path).convert("RGB")
        scale = max(width / picture.width, height / picture.height)
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
        left, top = (picture.width - width) // 2, (picture.height - height) // 4
        picture = picture.crop((left, top, left + width, top + height))
        rows, columns = np.mgrid[0:height, 0:width]
        away = np.hypot((columns - width / 2) / (0.2 * width), (rows - height * 0.42) / (0.25 * height))
        weight = np.where(away < 1, dataset.FACE, np.where(away < 2.2, dataset.PERSON, dataset.BEHIND)).astype(np.uint8)
        words = "portrait photo of ohwx woman, soft light from the left, in front of a plain grey wall"
        example = Example(
            f"{number + 1:03d}-{crop}", path.name, crop, (width, height), words, words.replace("ohwx ", "")
        )
        if number == 1:
            example = replace(example, held_out=True)
        if number == 2:
            example = replace(example, notes=("Levelled by 2 degrees.",))
        dataset.put(made.folder / runs.PHOTOS, example, np.asarray(picture), weight)
        examples.append(example)
    dataset.write(made.folder / runs.PHOTOS, examples)


def learn(made: Run, step: int) -> None:
    """Let it get to a step: curves, checkpoints with samples, a log."""
    steps = made.training.steps
    random = np.random.default_rng(1)
    with (made.folder / runs.STEPS).open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["step", "loss", "rate", "seconds"])
        for at in range(1, step + 1):
            rows.writerow([at, 0.09 + 0.07 * math.exp(-4 * at / steps) + random.normal(0, 0.025), 1e-4, 1.4])
    places = [at for at in (round(steps * share / 5) for share in range(1, 6)) if at <= step]
    made.tell(step=step)
    if made.status().state == "training":
        made.tell(says=f"Step {step} of {steps}")
    for at in places:
        made.keep(_checkpoint(made, at, at / steps))
        made.log(f"Checkpoint at step {at} is kept and judged.")


def _checkpoint(made: Run, step: int, share: float) -> Checkpoint:
    folder = made.folder / runs.SAMPLES
    folder.mkdir(exist_ok=True)
    files = [f"{step:06d}-{number}.png" for number in range(1, 5)]
    noise = np.random.default_rng(3)
    for number, file in enumerate(files):
        face = photo(number + 2).resize(SAMPLE).filter(ImageFilter.GaussianBlur(SAMPLE[0] / 36 * (1 - share)))
        grain = (
            Image.fromarray(noise.integers(40, 215, (SAMPLE[1] // 4, SAMPLE[0] // 4), np.uint8))
            .convert("RGB")
            .resize(face.size)
        )
        Image.blend(face, grain, 0.75 * (1 - share)).save(folder / file)
    weights = made.weights(step)
    weights.parent.mkdir(exist_ok=True)
    weights.write_bytes(_weights(step))
    likeness = 60 * math.sin(2.2 * share)
    notes = ("It begins to repeat the photos.",) if share > 0.9 else ()
    return Checkpoint(
        step, 1 - 0.2 * share, likeness, share, 0, 1 - 0.3 * share, 0.2 * share, likeness, tuple(files), notes
    )


def _weights(step: int) -> bytes:
    from safetensors.numpy import save

    layer = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    pair = {"A": np.full((4, 768), step, np.float32), "B": np.zeros((320, 4), np.float32)}
    return save({f"{layer}.lora_{side}.weight": one for side, one in pair.items()})


def finish(made: Run, chosen: int | None = None) -> Path:
    """Make its model of a checkpoint, the last but one unless another is wanted."""
    return made.choose(chosen or made.checkpoints[-2].step)


def model(someone: Person, name: str = "brought", step: int = 1) -> Path:
    """A model of theirs that no run made."""
    from safetensors.numpy import load

    from headshot_core.train import finish as finishing

    path = someone.folder / "models" / f"{name}.safetensors"
    facts = {"trigger": "ohwx", "noun": "woman", "base_title": "Stable Diffusion 1.5", "licence": "its maker's"}
    finishing.store(path, load(_weights(step)), facts)
    card.write(path, facts)
    return path


def state(made: Run, **news) -> None:
    """Change what its state.json says, as whoever works on it does."""
    known = json.loads((made.folder / runs.STATE).read_bytes())
    (made.folder / runs.STATE).write_text(json.dumps(known | news))
