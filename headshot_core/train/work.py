"""One run while a process works on it: what is decided before anything is loaded, and who watches."""

from __future__ import annotations

import gc
import time
from typing import Any

from headshot_core.errors import HeadshotError
from headshot_core.generate import library, models
from headshot_core.train import estimate, prior, samples, settings
from headshot_core.train.cache import Cache
from headshot_core.train.dataset import Example
from headshot_core.train.families import trainee
from headshot_core.train.ranks import Ranks
from headshot_core.train.runs import CACHE, Run

PHOTOS_SECONDS = 0.5
"""From one look at whether photos were deleted to the next."""


class Paused(Exception):
    """To be taken up again."""


class Gone(Exception):
    """The run was deleted."""


class Work:
    """What all parts of the trainer share. Raises `HeadshotError` where the run cannot work here."""

    def __init__(self, run: Run, until: float | None = None):
        """`until`: of `time.monotonic`, when to pause."""
        self.run, self.until, self.ranks = run, until, Ranks()
        self.training = run.training
        self.base = settings.base_of(self.training)
        self.plan = estimate.plan(self.base, self.training)
        torch = library.torch()
        self.device = self.ranks.device or torch.device(self.plan.device)
        self.dtype = getattr(torch, self.plan.dtype)
        self.trainee = trainee(self.base.family)
        self.trainee.snr_gamma = self.training.snr_gamma
        self.cache = Cache(run.folder / CACHE)
        self.about = run.person.about
        self.samples = samples.samples(self.training, self.base, self.about)
        self.examples = run.examples
        self._photos_at = 0.0

    @property
    def trained_on(self) -> list[Example]:
        """The pictures of the person to train on. Raises `HeadshotError` where none is left."""
        found = [one for one in self.examples if not one.held_out]
        if not found:
            raise HeadshotError("No photo is left to train on.", "Add photos of the person, and start a new training.")
        return found

    @property
    def held_out(self) -> list[Example]:
        """Those kept for judging."""
        return [one for one in self.examples if one.held_out]

    @property
    def others(self) -> list[Example]:
        """Pictures of other people, drawn by the base model."""
        return prior.examples(self.run) if self.training.prior == "images" else []

    def load(self, parts: tuple[str, ...], dtype: Any) -> Any:
        """A pipeline with some of the base model's parts. Raises `HeadshotError`."""
        try:
            return self.trainee.load(self.base, dtype, parts).to(self.device)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            said = str(error).split("\n")[0][:200]
            raise HeadshotError(
                f"{self.base.title} cannot be loaded ({said}).", models.how_to_get(self.base)
            ) from error

    # Who watches.

    def say(self, says: str, **news: Any) -> None:
        """Where it stands."""
        if self.ranks.own == 0:
            self.run.tell(says=says, steps=self.training.steps, **news)

    def check_there(self) -> None:
        """Raise `Gone` where the run was deleted: before anything is written, or its folder would come back."""
        if not self.run.folder.is_dir():
            raise Gone

    def heed(self) -> str:
        """What whoever watches wants: "", "stop". Raises `Paused`, and `Gone`. For what one process does alone."""
        self.check_there()
        wish = self.wish
        if wish == "pause":
            raise Paused
        return wish

    @property
    def wish(self) -> str:
        """What whoever watches wants; a pause once the time is up."""
        late = self.until is not None and time.monotonic() > self.until
        return "pause" if late else self.run.wish

    def forget_deleted(self) -> bool:
        """Remove what came of photos that were deleted meanwhile; gives whether there were such."""
        if time.monotonic() - self._photos_at < PHOTOS_SECONDS:
            return False
        self._photos_at = time.monotonic()
        there = {path.name for path in self.run.person.photos}
        gone = [one for one in self.examples if one.photo not in there]
        self.examples = [one for one in self.examples if one.photo in there]
        for photo in dict.fromkeys(one.photo for one in gone):
            self.run.forget(photo)
        return bool(gone)


def free(pipe: Any) -> None:
    """Let a pipeline's parts go."""
    pipe.register_modules(**dict.fromkeys(pipe.components))
    collect()


def collect() -> None:
    """Give back what nobody holds any more."""
    gc.collect()
    torch = library.torch()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
