"""Sample pictures of a training: always the same prompts and seeds, so that one sees it learn, and can judge it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from headshot_core import prompt as prompts
from headshot_core.generate import library
from headshot_core.generate.families import family
from headshot_core.generate.families.latents import generators, ready_vae
from headshot_core.generate.models import Base
from headshot_core.micro import captions, cartoon
from headshot_core.people import About
from headshot_core.presets import get
from headshot_core.train.captions import called
from headshot_core.train.families import Trainee
from headshot_core.train.settings import Training

LOOKS = ("boardroom", "sunlit-garden", "corner-cafe", "window-light", "clean-white", "city-dusk", "golden-beach")
"""Presets whose words the samples are drawn from: none of the photos' captions, so they show what was learnt. The demo
base model knows no such places: its samples are drawn from traits by lot."""
LOT = 975
"""Of those traits: the first few differ in nearly all of them."""
SEED = 1000
PORTRAIT = 0.8
"""Width against height."""


@dataclass(frozen=True)
class Sample:
    """One picture that is drawn at every checkpoint."""

    prompt: str
    negative: str
    seed: int


def samples(training: Training, base: Base, about: About) -> list[Sample]:
    """What is drawn at each checkpoint; last the class prompt, which calls nobody."""
    wanted = [Sample(*_words(i, base, about, training.trigger), SEED + i) for i in range(training.samples)]
    if not wanted:
        return []
    return [*wanted, Sample(*class_words(0, base, about), SEED)]


def class_words(number: int, base: Base, about: About) -> tuple[str, str]:
    """Prompt and negative prompt for anybody of the person's kind, in one of the looks."""
    return _words(number, base, About(name="anybody", noun=about.noun), "")


def _words(number: int, base: Base, about: About, trigger: str) -> tuple[str, str]:
    if base.cartoons:
        return _of_cartoon(number, trigger, about.noun), ""
    recipe = get(LOOKS[number % len(LOOKS)]).recipe()
    alone = recipe.model_copy(update={"generate": recipe.generate.model_copy(update={"mode": "person"})})
    written = prompts.write(alone, base, about, trigger)
    return prompts.plain(written.positive), prompts.plain(written.negative)


def _of_cartoon(number: int, trigger: str, noun: str) -> str:
    """Clothes, background, light, turn, smile and glasses by lot, in the words of cartoons' captions."""
    rng = np.random.default_rng((LOT, number))
    wish = cartoon.sample(rng)
    who = called(trigger, noun) if trigger else captions.anybody(noun, rng)
    return ", ".join((f"photo of {who}", *captions.changing(wish)))


def size(resolution: int) -> tuple[int, int]:
    """Width and height of a sample: an upright picture of about `resolution` squared pixels."""
    step = 64 if resolution >= 512 else 16
    width, height = resolution * PORTRAIT**0.5, resolution / PORTRAIT**0.5
    return max(step, round(width / step) * step), max(step, round(height / step) * step)


@contextmanager
def easel(trainee: Trainee, base: Base, denoiser: Any, dtype: Any, device: Any) -> Iterator[Any]:
    """The pipeline that draws with the denoiser that is being trained; the VAE is in memory only inside the block."""
    pipe = trainee.load(base, dtype, ("vae",))
    ready_vae(pipe.vae)
    pipe.vae.to(device)
    pipe.register_modules(**{trainee.part: denoiser})
    family(base.family).settle(pipe, base)
    try:
        yield pipe
    finally:
        pipe.register_modules(**{trainee.part: None, "vae": None})


def draw(pipe: Any, sample: Sample, words: dict[str, Any], base: Base, training: Training) -> np.ndarray | None:
    """uint8 (H, W, 3); None where the numbers broke. `words`: what `Trainee.drawing` gave."""
    width, height = size(training.resolution)
    with library.torch().no_grad():
        drawn = pipe(
            **words,
            width=width,
            height=height,
            num_inference_steps=training.sample_steps,
            guidance_scale=base.guidance,
            generator=generators((sample.seed,)),
            output_type="np",
        ).images[0]
    return (drawn * 255).round().astype(np.uint8) if np.isfinite(drawn).all() else None
