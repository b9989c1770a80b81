"""Pictures of other people, drawn once by the base model before any training: what it is to keep drawing.

Prior preservation, as in Ruiz et al., "DreamBooth", CVPR 2023; but the base model's own output on them is learnt.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from headshot_core.files import make_private
from headshot_core.generate import pipelines
from headshot_core.generate.call import Call, Prompt
from headshot_core.generate.models import Base
from headshot_core.people import About
from headshot_core.train import dataset, samples
from headshot_core.train.dataset import Example
from headshot_core.train.runs import Run

FOLDER = "prior"
SEED = 5000


def folder(run: Run) -> Path:
    """Where they lie."""
    return run.folder / FOLDER


def examples(run: Run) -> list[Example]:
    """What was drawn; empty before."""
    return dataset.read(folder(run)) if (folder(run) / dataset.INDEX).is_file() else []


def draw(run: Run, base: Base, about: About, heed: Callable[[], object]) -> None:
    """Draw what is not there yet, in the looks that samples have; `heed` is called at every step."""
    training = run.training
    if examples(run):
        return
    make_private(folder(run))
    size = samples.size(training.resolution)
    found = []
    for number in range(training.prior_images):
        caption, negative = samples.class_words(number, base, about)
        name = f"prior-{number + 1:04d}"
        example = Example(name, name, "half", size, caption, caption)
        if not (folder(run) / f"{name}.weight.png").is_file():  # one that was broken off goes on
            call = Call(Prompt(caption, negative), size, (SEED + number,), training.sample_steps, base.guidance)
            (picture,) = pipelines.run(base, call, lambda step: heed())
            dataset.put(folder(run), example, picture, np.full(picture.shape[:2], dataset.PERSON, np.uint8))
        found.append(example)
    pipelines.forget()
    dataset.write(folder(run), found)
