"""What a training is asked for, as plain data; and the defaults for each family of base models, with their sources.

Three choices for people (`quick`, `balanced`, `best`); everything else is open to those who know. A field that is empty
is filled in by `settled`, so that what was trained can be read from the finished file, whatever the defaults are by
then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from headshot_core.errors import HeadshotError
from headshot_core.generate import device, models
from headshot_core.generate.models import Base
from headshot_core.recipe import Settings, Unit

Choice = Literal["quick", "balanced", "best"]
CHOICES: dict[Choice, tuple[str, str]] = {
    "quick": ("Quick", "A first likeness in the shortest time."),
    "balanced": ("Balanced", "What suits most people and photos."),
    "best": ("Best", "More layers, steps and checkpoints to choose from; takes longer."),
}
"""Title, and what it is in a sentence."""


class Training(Settings):
    """One training. Ranges are what trains at all, not what is wise; empty fields take the defaults of the family."""

    base: str = Field("", description="base model: a name, folder or hub id; the best one here where empty")
    choice: Choice = Field("balanced", description="quick, balanced or best")
    name: str = Field("", max_length=60, description="of the trained model; the base model's and a number where empty")
    trigger: str = Field(
        "ohwx", pattern=r"^[A-Za-z0-9_]+( [A-Za-z0-9_]+)*$", max_length=40, description="the word that calls the person"
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="of everything random")

    # The photos.
    resolution: int | None = Field(
        None, ge=64, le=2048, multiple_of=16, description="side of a square of that many pixels"
    )
    rescue: bool = Field(False, description="mend weak photos gently: exposure, noise, small blemishes of compression")
    backgrounds: bool = Field(False, description="put other backgrounds behind a part of the photos")
    captions: dict[str, str] = Field({}, description="captions of one's own, by photo")
    leave_out: tuple[str, ...] = Field((), description="photos not to be used, by name")
    held_out: float = Field(0.15, ge=0, le=0.5, description="share of the photos kept for judging, never trained on")
    caption_dropout: Unit | None = Field(
        None, description="share of the steps without any words; where others are held to the base model, none"
    )

    # The adapter.
    rank: int | None = Field(None, ge=1, le=256, description="size of the adapter")
    alpha: float | None = Field(None, gt=0, le=512, description="its strength; the rank where empty")
    layers: Literal["attention", "all"] | None = Field(None, description="attention alone, or feed-forward as well")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of the adapter's inputs left out at each step")
    text_encoder: bool | None = Field(None, description="train the text encoders too (Stable Diffusion only)")
    ema: float = Field(0.0, ge=0, lt=1, description="decay of a running mean of the weights, such as 0.99; 0: none")

    # The loop.
    steps: int | None = Field(None, ge=1, le=20000, description="steps of the optimiser")
    batch: int | None = Field(None, ge=1, le=16, description="photos at once")
    accumulation: int = Field(1, ge=1, le=64, description="batches for one step")
    optimiser: Literal["adamw", "adamw8bit", "prodigy"] = Field("adamw", description="adamw, adamw8bit or prodigy")
    rate: float | None = Field(None, gt=0, le=10, description="learning rate; of Prodigy a factor, usually 1")
    text_rate: float | None = Field(None, gt=0, le=10, description="learning rate of the text encoders")
    weight_decay: float = Field(0.01, ge=0, le=1, description="of the optimiser")
    warm_up: float = Field(0.05, ge=0, le=0.5, description="share of the steps in which the learning rate rises")
    schedule: Literal["cosine", "constant"] = Field("cosine", description="how the learning rate goes on")
    snr_gamma: float | None = Field(
        None, ge=0, le=20, description="min-SNR weighting (Stable Diffusion only), usually 5; 0: none"
    )
    clip: float = Field(1.0, gt=0, le=100, description="largest norm of a gradient")
    face: float | None = Field(None, ge=0, le=4, description="weight of the face in the loss, usually 1")
    body: float = Field(0.6, ge=0, le=4, description="weight of the person otherwise")
    surroundings: float = Field(0.15, ge=0, le=4, description="weight of what is behind")
    prior: Literal["none", "images", "output"] | None = Field(
        None, description="what others are held to the base model by: these photos, or drawn pictures of them as well"
    )
    prior_weight: float | None = Field(None, ge=0, le=10, description="weight of that in the loss, usually 1")
    prior_every: int | None = Field(None, ge=1, le=20, description="steps from one with that to the next, usually 2")
    prior_images: int | None = Field(None, ge=1, le=500, description="pictures drawn for it, once; usually 16")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field("auto", description="what is computed in")
    checkpointing: bool | None = Field(None, description="less memory for a third more time; as needed where empty")

    # Looking at it.
    checkpoints: int | None = Field(None, ge=1, le=50, description="how many are kept and judged")
    samples: int | None = Field(None, ge=0, le=16, description="pictures drawn at each, to see and to judge")
    sample_steps: int | None = Field(
        None, ge=1, le=100, description="steps of a sample, and of pictures of others; the base model's where empty"
    )

    @property
    def held_every(self) -> int:
        """`prior_every`, of a training from before there was any as well."""
        return self.prior_every or PRIOR_EVERY


# Defaults.


@dataclass(frozen=True)
class Defaults:
    """What is known to work for one family."""

    rate: float
    rank: int
    steps_per_photo: int
    fewest: int
    most: int
    """steps = `steps_per_photo` times photos, within these"""
    resolution: int
    text_encoder: bool
    """whether its text encoders can be trained"""
    source: str
    own: Mapping[str, Any] = field(default_factory=dict)
    """other fields of `Training`, whatever the choice says of them"""


DEFAULTS: dict[str, Defaults] = {
    "sd15": Defaults(
        1e-4, 16, 100, 400, 1600, 512, True,
        "FaceChain v3 (rank 4, 1.5e-4, 200 steps a photo, 800 at most) and EasyPhoto (rank 128, 1e-4, 800 steps)",
    ),
    "sdxl": Defaults(
        1e-4, 16, 100, 800, 1500, 1024, True,
        "Hugging Face, 'sdxl_lora_advanced_script': rank 4 to 32, 1e-4, 1000 to 1500 steps for faces",
    ),
    "z_image": Defaults(
        1e-4, 16, 150, 1500, 3000, 1024, False,
        "practitioners' reports for Z-Image: rank 8 to 16, 1e-4, 2000 to 3000 steps for 9 to 25 photos",
    ),
    "flux2_klein": Defaults(
        2e-4, 16, 90, 800, 1200, 1024, False,
        "practitioners' reports for klein Base 4B: rank 16 at 2e-4, 800 to 1200 steps, 90 to 120 a photo for likeness",
    ),
    "micro": Defaults(
        4e-3, 32, 42, 200, 750, 64, True,
        "tried on the demo person, see docs/micro.md: attention alone did not learn the mark; min-SNR weighting hardly "
        "learnt at the noise levels at which colours are decided; others held in every step stayed as they were",
        {
            "batch": 4, "layers": "all", "text_encoder": False, "prior": "images", "prior_weight": 1.5,
            "prior_every": 1, "prior_images": 32, "snr_gamma": 0.0, "face": 3.0, "samples": 2,
        },
    ),
}  # fmt: skip
"""By family. Reports of practitioners are no controlled studies: nobody publishes any."""
DEMO = "micro"
"""The family of the demo base model (and its name), which learns cartoons alone."""
_SHARED = {"layers": "attention", "text_encoder": False, "prior": "output"}
CHOSEN: dict[Choice, dict[str, Any]] = {
    "quick": {**_SHARED, "share": 0.5, "rank": 0.5, "prior": "none", "checkpoints": 4},
    "balanced": {**_SHARED, "share": 1.0, "rank": 1, "checkpoints": 8},
    "best": {"share": 1.3, "rank": 2, "layers": "all", "text_encoder": True, "prior": "output", "checkpoints": 10},
}
"""What a choice changes: share of the steps, factor of the rank, and other fields."""
PRIOR_EVERY = 2
"""Every second step: where a step learns from one photo, holding others costs more than learning."""
TEXT_SHARE = 0.5
"""Of the denoiser's learning rate, for text encoders (Hugging Face's DreamBooth scripts: 5e-6 to half)."""
DROPOUT = 0.05
"""Share of the steps without words, where nothing holds the base model's picture without words as it was."""
SAMPLES, SLOW_SAMPLES, SLOW_STEPS = 4, 3, 12
"""Pictures at each checkpoint; on a CPU fewer, and in so many steps: looking must not take longer than learning."""


def settled(training: Training, photos: int) -> Training:
    """Every empty field filled in, for a set of so many photos. Raises `HeadshotError` where it cannot be."""
    base, slow = base_of(training), device.is_slow()
    defaults, chosen = DEFAULTS[base.family], CHOSEN[training.choice]
    rate = training.rate or (1.0 if training.optimiser == "prodigy" else defaults.rate)
    steps = min(max(photos * defaults.steps_per_photo, defaults.fewest), defaults.most) * chosen["share"]
    rank = training.rank or max(1, round(defaults.rank * chosen["rank"]))
    own = {
        "base": base.name,
        "resolution": defaults.resolution,
        "rank": rank,
        "alpha": float(rank),
        "layers": chosen["layers"],
        "text_encoder": chosen["text_encoder"] and defaults.text_encoder,
        "steps": round(steps / 10) * 10,
        "batch": 1,
        "rate": rate,
        "text_rate": rate if training.optimiser == "prodigy" else rate * TEXT_SHARE,
        "prior": chosen["prior"],
        "prior_weight": 1.0,
        "prior_every": PRIOR_EVERY,
        "prior_images": 16,
        "snr_gamma": 5.0,
        "face": 1.0,
        "checkpoints": chosen["checkpoints"],
        "samples": SLOW_SAMPLES if slow else SAMPLES,
        "sample_steps": min(base.steps, SLOW_STEPS) if slow else base.steps,
        **defaults.own,
    }
    given = {name: value for name in own if (value := getattr(training, name)) not in (None, "")}
    filled = training.model_copy(update=own | given | {"base": base.name})
    if filled.text_encoder and not defaults.text_encoder:
        raise HeadshotError(f"The text encoder of {base.title} cannot be trained.", "Leave it as it is.")
    wordless = 0.0 if filled.prior != "none" else DROPOUT
    return filled.model_copy(
        update={
            "checkpoints": min(filled.checkpoints, filled.steps),
            "caption_dropout": wordless if filled.caption_dropout is None else filled.caption_dropout,
        }
    )


# What can be trained on.


def base_of(training: Training) -> Base:
    """The base model that a training names, or the best one here; `HeadshotError` where it is not here, or unfit."""
    base = models.find(training.base) if training.base else best_here()
    if base is None:
        raise HeadshotError(
            "No base model that can be trained on is on this machine yet.",
            f"Fetch one: python -m headshot_core models get {_without_demo(trainable())[-1].name}",
        )
    check_base(base)
    return base


def trainable() -> list[Base]:
    """The known base models that can be trained on, best first; those distilled for few steps are for drawing alone."""
    return [base for base in models.BASES.values() if is_trainable(base)]


def best_here() -> Base | None:
    """The best of them that is on this machine and fits its memory, or the smallest; None without any but the demo."""
    here = [base for base in _without_demo(trainable()) if models.installed(base)]
    fitting = [base for base in here if models.fits(base)]
    return fitting[0] if fitting else min(here, key=lambda base: base.memory_gb, default=None)


def _without_demo(bases: list[Base]) -> list[Base]:
    return [base for base in bases if not base.demo]


def is_trainable(base: Base) -> bool:
    """Whether adapters can be trained on it: models distilled to draw in few steps forget that when trained."""
    return "lora" in base.can and base.family in DEFAULTS and not _is_distilled(base)


def _is_distilled(base: Base) -> bool:
    return base.guidance <= 1 or any(extra.kind == "few_steps" for extra in base.extras)


def check_base(base: Base) -> None:
    """Raise `HeadshotError` where it is not on this machine or cannot be trained on."""
    if not models.installed(base):
        raise HeadshotError(f"{base.title} is not on this machine, or not all of it.", models.how_to_get(base))
    if not is_trainable(base):
        other = next((one for one in trainable() if one.family == base.family), None)
        todo = f"Train on {other.title}; what comes of it also works with {base.title}." if other else "Choose another."
        raise HeadshotError(f"{base.title} is made for drawing in few steps, and cannot be trained on.", todo)
    if models.location(base).is_file():
        raise HeadshotError(
            f"{base.title} is a single file, and training needs the model's parts.",
            "Take the same model as a folder in diffusers' layout.",
        )
