"""Looking at what was learnt: the loss on photos held out, sample pictures, and the judge's word on both."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from headshot_core.files import atomic_write, make_private
from headshot_core.generate import library
from headshot_core.train import estimate, judge, samples
from headshot_core.train.dice import Dice
from headshot_core.train.model import Lesson, Model
from headshot_core.train.runs import SAMPLES, Checkpoint
from headshot_core.train.work import Work, collect


class Onlooker:
    """Looks at a model as it learns."""

    def __init__(self, work: Work, model: Model):
        self.work, self.model = work, model
        self.seconds = 0.0
        """that one look takes"""
        self._judge: judge.Judge | None = None

    def begin(self) -> float | None:
        """How the base model draws and explains the photos held out, before any training; gives that loss."""
        loss = self._loss()
        self._draw(0)
        self.work.run.keep(Checkpoint(0, loss=None if loss is None else 1.0, samples=self._names(0)))
        return loss

    def look(self, step: int, begun: float | None) -> None:
        """Judge the checkpoint of a step; `begun`: the base model's loss."""
        work, began = self.work, time.monotonic()
        work.say(f"Looking at what was learnt by step {step}", step=step)
        with self.model.settled():
            loss, drawn = self._loss(), self._draw(step)
        judged = self._known_judge().judge(step, drawn, loss / begun if loss is not None and begun else None)
        work.check_there()
        work.run.keep(replace(judged, samples=self._names(step)))
        work.run.log(says(judged))
        self.seconds = time.monotonic() - began

    def _known_judge(self) -> judge.Judge:
        """Made once: it looks at all photos, which it need not where there is no sample to compare them with."""
        if self._judge is None:
            self._judge = judge.judge_of(self.work.run, self._names(0)) if self.work.samples else judge.Judge(None)
        return self._judge

    def _loss(self) -> float | None:
        """On photos never trained on, always with the same noise: comparable from checkpoint to checkpoint."""
        if not self.work.held_out:
            return None
        torch, dice, found = library.torch(), Dice(self.work.training.seed), []
        with torch.no_grad(), self.model.computing():
            for number in range(estimate.JUDGED):
                self.work.heed()
                one = self.work.held_out[number % len(self.work.held_out)]
                known = {name: value.to(self.work.device) for name, value in self.work.cache.latents(one).items()}
                noise = torch.randn(known["latents"].shape, generator=dice.generator("held out", number))
                level = torch.full((1,), (number + 0.5) / estimate.JUDGED)
                noised = self.work.trainee.noised(
                    self.model.pipe, known["latents"], noise.to(self.work.device), level.to(self.work.device)
                )
                found.append(float(self.model.error(Lesson(noised, [one.caption], known["weight"]))))
        return float(np.mean(found))

    def _draw(self, step: int) -> list[np.ndarray | None]:
        """Draw all samples, and write them."""
        work, drawn = self.work, []
        if not work.samples:
            return []
        make_private(work.run.folder / SAMPLES)
        self.model.learning(False)
        with samples.easel(work.trainee, work.base, self.model.denoiser, work.dtype, work.device) as pipe:
            for number, sample in enumerate(work.samples, 1):
                work.heed()
                work.say(f"Drawing sample {number} of {len(work.samples)}")
                drawn.append(self._drawn(pipe, sample))
                self._write(f"{step:06d}-{number}.png", drawn[-1])
        self.model.learning(True)
        collect()
        return drawn

    def _drawn(self, pipe: Any, sample: samples.Sample) -> np.ndarray | None:
        with library.torch().no_grad(), self.model.computing():
            words, negative = (_one(self.model.words([text])) for text in (sample.prompt, sample.negative))
            given = self.work.trainee.drawing(words, negative)
            return samples.draw(pipe, sample, given, self.work.base, self.work.training)

    def _write(self, name: str, picture: np.ndarray | None) -> None:
        self.work.check_there()
        if picture is not None:
            data = cv2.imencode(".png", picture[..., ::-1])[1]
            atomic_write(self.work.run.folder / SAMPLES / name, data.tobytes())

    def _names(self, step: int) -> tuple[str, ...]:
        names = [f"{step:06d}-{number}.png" for number in range(1, len(self.work.samples) + 1)]
        return tuple(name for name in names if (self.work.run.folder / SAMPLES / name).is_file())


def _one(words: dict[str, Any]) -> dict[str, Any]:
    """What `collate` made of one caption, as one caption again."""
    return {name: value[0][None] if isinstance(value, list) else value for name, value in words.items()}


def says(checkpoint: Checkpoint) -> str:
    """What was measured on a checkpoint, in a line."""
    known = []
    if checkpoint.likeness is not None:
        known.append(f"likeness {checkpoint.likeness:.0f} of 100")
    if checkpoint.loss is not None:
        known.append(f"loss on photos held out {checkpoint.loss:.3f} of the base model's")
    if checkpoint.points is not None:
        known.append(f"{checkpoint.points:.0f} points")
    return " ".join([f"Step {checkpoint.step}: {', '.join(known) or 'not measured'}.", *checkpoint.notes])
