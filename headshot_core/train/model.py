"""What is trained, in memory: the denoiser (and text encoders) with the adapter, the optimiser, a running mean."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write
from headshot_core.generate import library, models
from headshot_core.generate.weights import read_header
from headshot_core.train import optimiser
from headshot_core.train.adapter import Adapter
from headshot_core.train.families.base import Noised, joined
from headshot_core.train.thrift import thrifty
from headshot_core.train.work import Work


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is to be predicted of which pictures and words."""

    noised: Noised
    captions: list[str]
    counts: Any
    """(N, 1, h, w): what each place counts"""
    weight: float = 1.0
    """in the loss, beside other lessons"""
    as_base: bool = False
    """whether to predict what the base model itself predicts, instead of the truth"""


class Model:
    """Loaded from a base model; nothing is learnt yet."""

    def __init__(self, work: Work):
        self.work, self.torch = work, library.torch()
        training, trainee = work.training, work.trainee
        stored = self._stored()
        self.pipe = work.load((trainee.part,), stored)
        self.denoiser = getattr(self.pipe, trainee.part)
        if stored != work.dtype:
            thrifty(self.denoiser)
        if work.plan.checkpointing:
            self.denoiser.enable_gradient_checkpointing()
        self.models = {trainee.part: self.denoiser, **self._encoders()}
        self.adapter = Adapter(self.models, training, trainee)
        self.optimiser = optimiser.make(self.adapter, training)
        self.scaled = work.plan.dtype == "float16" and work.device.type == "cuda"
        self.scaler = self.torch.amp.GradScaler(work.device.type, enabled=self.scaled)
        self.mean = [weight.detach().clone() for weight in self.adapter.all_weights] if training.ema else []
        self._words: dict[str, dict[str, Any]] = {}
        self.learning(True)

    def _stored(self) -> Any:
        """The type that the denoiser's weights are held in: a U-Net's as they come, see `thrift`."""
        work = self.work
        if work.trainee.part != "unet" or work.plan.dtype != "float32":
            return work.dtype
        files = models.weights(models.location(work.base) / work.trainee.part)
        kind = next(iter(read_header(files[0]).tensors.values()))["dtype"]
        return {"F16": self.torch.float16, "BF16": self.torch.bfloat16}.get(kind, self.torch.float32)

    def _encoders(self) -> dict[str, Any]:
        """The text encoders, where they are trained."""
        if not self.work.training.text_encoder:
            return {}
        names = self.work.trainee.encoders
        words = self.work.load(names, self.work.dtype)
        self.pipe.register_modules(**words.components | {self.work.trainee.part: self.denoiser})
        return {name: getattr(self.pipe, name) for name in names}

    def learning(self, on: bool) -> None:
        """Training, or only looking."""
        for model in self.models.values():
            model.train(on)

    def computing(self) -> AbstractContextManager:
        """Half precision where that is computed in; the trained weights stay float32."""
        if self.work.dtype == self.torch.float32:
            return nullcontext()
        return self.torch.autocast(self.work.device.type, self.work.dtype)

    # Predicting.

    def words(self, captions: list[str]) -> dict[str, Any]:
        """Captions as tensors on the device: read anew where the encoders are trained."""
        fresh = self.work.training.text_encoder
        read = [self.work.trainee.read(self.pipe, one) if fresh else self._known(one) for one in captions]
        return self.work.trainee.collate(read)

    def _known(self, caption: str) -> dict[str, Any]:
        if caption not in self._words:
            kept = self.work.cache.words(caption)
            self._words[caption] = {name: value.to(self.work.device, self.work.dtype) for name, value in kept.items()}
        return self._words[caption]

    def error(self, *lessons: Lesson) -> Any:
        """How far predictions are off: the mean square, weighted by place and noise level; by weight, of all lessons.

        Lessons of one size go through the denoiser together, which is quicker, unless memory is short.
        """
        alone = self.work.plan.checkpointing
        sizes = [(number * alone, *one.noised.latents.shape[1:]) for number, one in enumerate(lessons)]
        alike = [[one for one, own in zip(lessons, sizes, strict=True) if own == size] for size in dict.fromkeys(sizes)]
        return sum(self._error(some) for some in alike)

    def _error(self, lessons: Sequence[Lesson]) -> Any:
        """Of lessons of one size."""
        held = [one for one in lessons if one.as_base]
        targets = iter(self._each(self.predict_as_base, held) if held else [])
        total = 0.0
        for one, predicted in zip(lessons, self._each(self.predict, lessons), strict=True):
            apart = (predicted - (next(targets) if one.as_base else one.noised.target.float())).square() * one.counts
            total = total + one.weight * (apart.mean((1, 2, 3)) * one.noised.weight).mean()
        return total

    @staticmethod
    def _each(predict: Callable[[Noised, list[str]], Any], lessons: Sequence[Lesson]) -> Sequence[Any]:
        """What is predicted of each, (N, C, h, w), float32."""
        predicted = predict(
            joined([one.noised for one in lessons]), [caption for one in lessons for caption in one.captions]
        )
        return predicted.float().split([len(one.captions) for one in lessons])

    def predict(self, noised: Noised, captions: list[str]) -> Any:
        """What the denoiser makes of it, (N, C, h, w)."""
        return self.work.trainee.predict(self.denoiser, noised, self.words(captions))

    def predict_as_base(self, noised: Noised, captions: list[str]) -> Any:
        """The same without anything learnt, and without gradients."""
        with self.torch.no_grad():
            self.adapter.switch(False)
            try:
                return self.predict(noised, captions)
            finally:
                self.adapter.switch(True)

    # Learning.

    def step(self) -> None:
        """Move the weights along their gradients, the mean of all processes'."""
        weights = self.adapter.all_weights
        self.work.ranks.mean(weights)
        if self.scaled:
            self.scaler.unscale_(self.optimiser)
        self.torch.nn.utils.clip_grad_norm_(weights, self.work.training.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        for kept, weight in zip(self.mean, weights, strict=False):
            kept.lerp_(weight.detach(), 1 - self.work.training.ema)

    @contextmanager
    def settled(self) -> Iterator[None]:
        """To look at and to keep: the running mean in the weights' place, where there is one."""
        weights = self.adapter.all_weights if self.mean else []
        now = [weight.detach().clone() for weight in weights]
        for weight, kept in zip(weights, self.mean, strict=True):
            weight.data.copy_(kept)
        try:
            yield
        finally:
            for weight, kept in zip(weights, now, strict=True):
                weight.data.copy_(kept)

    # Breaking off and going on.

    def save(self, path: Path, **more: Any) -> None:
        """Write all that is needed to go on, whole or not at all; `more`: plain numbers."""
        state = {
            **more,
            "weights": [weight.detach().cpu() for weight in self.adapter.all_weights],
            "mean": [kept.cpu() for kept in self.mean],
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        buffer = io.BytesIO()
        self.torch.save(state, buffer)
        atomic_write(path, buffer.getbuffer())

    def restore(self, path: Path) -> dict[str, Any]:
        """Take up what `save` wrote; gives the plain numbers. Raises `HeadshotError` where it is damaged."""
        try:
            saved = self.torch.load(path, map_location="cpu", weights_only=True)
            for weight, kept in zip(self.adapter.all_weights, saved.pop("weights"), strict=True):
                weight.data.copy_(kept)
            for mean, kept in zip(self.mean, saved.pop("mean"), strict=True):
                mean.copy_(kept)
            tops = [group["top"] for group in self.optimiser.param_groups]
            self.optimiser.load_state_dict(saved.pop("optimiser"))
            for group, top in zip(self.optimiser.param_groups, tops, strict=True):
                group["top"] = top  # it may have been changed since
            scale = saved.pop("scaler")
            if scale:  # none, where it was not computed in float16 until now
                self.scaler.load_state_dict(scale)
        except Exception as error:
            raise HeadshotError(
                "What was saved of this training is damaged.", "Start a new one, or choose one of its checkpoints."
            ) from error
        return saved
