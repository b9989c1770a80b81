"""A training on a tiny base model, with small pictures in place of prepared photos: milliseconds a step.

run = tiny_run.make("sd15", steps=20)          # HEADSHOT_HOME: an empty folder
lora.train(run)                                # here and now
run.start(), tiny_run.wait(run)                # or in a process of its own
"""

from __future__ import annotations

import io
import time

import numpy as np
import tiny
from PIL import Image

from headshot_core.files import atomic_write, make_private
from headshot_core.generate import models
from headshot_core.people import About, People, Person
from headshot_core.train import dataset, settings
from headshot_core.train.dataset import Example
from headshot_core.train.runs import PHOTOS, TRAINING, Run
from headshot_core.train.settings import Training

SIDE = 64
NAMES = {"sd15": "sd15", "sdxl": "sdxl", "z_image": "z_image", "flux2_klein": "flux2_klein_base", "micro": "micro"}
"""The base model of each family that can be trained on."""
FAMILIES = tuple(NAMES)


def install(family: str) -> models.Base:
    """A tiny base model of that family, in the studio's own folder; gives its entry."""
    base = models.find(NAMES[family])
    if models.installed(base):
        return base
    if base.family in ("sd15", "sdxl", "micro"):
        tiny.build(base.family, models.location(base), variant=base.variant, attentive=True)
        return base
    return tiny.install(base.name)


def person(name: str = "Ada", photos: int = 4) -> Person:
    """Somebody with so many photos: coloured squares."""
    added = People().add(About(name=name, noun="woman", consent=True))
    for number in range(photos):
        buffer = io.BytesIO()
        tiny.picture(number, 128).save(buffer, "JPEG", quality=95)
        added.add_photo(buffer.getvalue(), f"p{number}.jpg")
    return added


def make(
    family: str = "sd15", name: str = "mine", photos: int = 4, held_out: int = 0, of: Person | None = None, **wishes
):
    """A run of that family, prepared, not started."""
    install(family)
    given = {"base": NAMES[family], "name": name, "resolution": SIDE, "rank": 4, "steps": 10, "checkpoints": 2}
    given |= {"samples": 0, "prior": "none", "sample_steps": 2}
    training = settings.settled(Training(**given | wishes), photos)
    someone = of or person(photos=photos)
    folder = someone.folder / "training" / name
    make_private(folder)
    examples = []
    for number, photo in enumerate(someone.photos):
        example = Example(
            f"{photo.stem}-head", photo.name, "head", (SIDE, SIDE),
            f"a photo of ohwx woman, picture {number}", f"a photo of woman, picture {number}",
            held_out=number < held_out,
        )  # fmt: skip
        weight = np.full((SIDE, SIDE), dataset.BEHIND, np.uint8)
        weight[8:, 12:-12] = dataset.PERSON
        weight[16:40, 20:-20] = dataset.FACE
        dataset.put(folder / PHOTOS, example, np.asarray(Image.open(photo).resize((SIDE, SIDE))), weight)
        examples.append(example)
    dataset.write(folder / PHOTOS, examples)
    atomic_write(folder / TRAINING, training.model_dump_json(indent=2).encode())
    run = Run(folder)
    run.tell(state="draft", says="Not started yet.", step=0, steps=training.steps)
    return run


def change(run: Run, **wishes) -> None:
    """Other settings."""
    changed = run.training.model_copy(update=wishes)
    atomic_write(run.folder / TRAINING, changed.model_dump_json(indent=2).encode())


def wait(run: Run, seconds: float = 120):
    """Until nobody works on it any more; gives how it ended."""
    deadline = time.monotonic() + seconds
    while run.alive and time.monotonic() < deadline:
        time.sleep(0.05)
    return run.status()
