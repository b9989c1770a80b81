"""The trainer: one loop for all families, which can be broken off anywhere and goes on exactly where it was.

Nothing random is left to a generator that runs on: every step draws its photo, noise, noise level and dropped caption
from the seed and its own number. So the state to be saved is the adapter, the optimiser and the step; and a run
that was killed twenty times gives the same weights as one that was not, bit for bit on a CPU in float32.
"""

from __future__ import annotations

import gc
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_file, atomic_write, make_private
from headshot_core.generate import library, models
from headshot_core.generate.families.latents import ready_vae
from headshot_core.generate.weights import read_header
from headshot_core.train import cache as caches
from headshot_core.train import dataset, estimate, finish, judge, optimiser, prior, samples, settings
from headshot_core.train.adapter import Adapter
from headshot_core.train.cache import Cache
from headshot_core.train.dataset import Example
from headshot_core.train.families import trainee
from headshot_core.train.families.base import Noised
from headshot_core.train.ranks import Ranks
from headshot_core.train.runs import CACHE, CHECKPOINTS, PHOTOS, RESUME, SAMPLES, STEPS, Checkpoint, Run
from headshot_core.train.thrift import thrifty

SAVE_SECONDS = 60
"""From one saving of all that is needed to go on to the next."""
TELL_SECONDS = 0.5
"""From one word on where it stands to the next."""
PRIOR_EVERY = 2
"""Steps from one on which others are held to the base model's output to the next; it then counts as often."""
LATE = 30
"""Steps whose pace tells the time left."""
PHOTO, NOISE, LEVEL, WORDS, PRIOR, LAYERS, ORDER, HELD = range(8)
"""What is drawn at random in a step, each from numbers of its own."""
FEWEST = 1
"""Photos without which there is nothing to train on."""
STATE_FILE = "state.pt"


class Paused(Exception):
    """Saved, and to be taken up again."""


class Gone(Exception):
    """The run was deleted."""


def train(run: Run, until: float | None = None) -> None:
    """Work on a run until it is finished: encode, train, judge, choose, make the model.

    Raises `Paused` where that is wished, or at `until` (of `time.monotonic`), with everything saved; `Gone` where the
    run was deleted; `HeadshotError` where it cannot go on.
    """
    work = _Work(run, until)
    run.tell(state="preparing", says="Preparing")
    work.prepare()
    run.tell(state="training", says="Training")
    work.go()
    run.tell(state="finishing", says="Choosing the best moment")
    work.finish()


class _Work:
    """One run on its way."""

    def __init__(self, run: Run, until: float | None):
        self.run, self.until, self.ranks = run, until, Ranks()
        self.training = run.training
        self.base = settings.base_of(self.training)
        self.plan = estimate.plan(self.base, self.training)
        self.torch = library.torch()
        self.device = self.ranks.device or self.torch.device(self.plan.device)
        self.dtype = getattr(self.torch, self.plan.dtype)
        self.trainee = trainee(self.base.family)
        self.trainee.snr_gamma = self.training.snr_gamma
        self.cache = Cache(run.folder / CACHE)
        self.about = run.person.about
        self.samples = samples.samples(self.training, self.base, self.about)
        self.examples = run.examples
        self.step = 0
        self.begun_loss: float | None = None
        self.mean: list[Any] = []
        self.paces: list[float] = []
        self.look_seconds = 0.0
        self._saved = self._told = time.monotonic()

    # Before: what the encoders give.

    def prepare(self) -> None:
        """Read the captions and encode the photos, once, and let the encoders go; then load what is trained."""
        if self.ranks.own == 0:
            estimate.check_disk(self.base, self.training, len({one.photo for one in self.examples}))
            make_private(self.cache.folder)
            self._prior_pictures()
            self._read()
            self._encode()
        self.ranks.wait()
        self._load()
        self._restore()

    def _prior_pictures(self) -> None:
        if self.training.prior == "images":
            prior.draw(self.run, self.base, self.about, self._heed)

    @property
    def prior_examples(self) -> list[Example]:
        """Pictures of others, drawn by the base model before any training."""
        return prior.examples(self.run) if self.training.prior == "images" else []

    def _captions(self) -> list[str]:
        """Everything that is ever read."""
        own = [words for one in self.examples for words in (one.caption, one.class_caption)]
        shown = [words for one in self.samples for words in (one.prompt, one.negative)]
        return list(dict.fromkeys(["", *own, *shown, *(one.caption for one in self.prior_examples)]))

    def _read(self) -> None:
        captions = self._captions()
        if self.training.text_encoder or self.cache.has_words(captions):
            return
        self._say("Reading the captions")
        pipe = self._parts(self._encoder_names(), self._narrow())
        with self.torch.no_grad():
            for caption in captions:
                self._heed()
                self.cache.keep_words(caption, self.trainee.read(pipe, caption))
        _free(pipe)

    def _encode(self) -> None:
        folders = [(self.run.folder / PHOTOS, self.examples), (prior.folder(self.run), self.prior_examples)]
        wanted = [(place, one) for place, examples in folders for one in examples]
        if self.cache.has_latents([one for _, one in wanted]):
            return
        pipe = self._parts(("vae",), self._narrow())
        ready_vae(pipe.vae)
        values = (self.training.surroundings, self.training.body, self.training.face)
        for number, (place, example) in enumerate(wanted, 1):
            self._heed()
            self._say(f"Looking at picture {number} of {len(wanted)}")
            pixels = caches.pixels(place, example).to(self.device, pipe.vae.dtype)
            with self.torch.no_grad():
                latents = self.trainee.encode(pipe, pixels).float()
            counts = caches.weight(place, example, latents.shape[-2:], values)
            if place.name == prior.FOLDER:
                counts = self.torch.ones_like(counts)
            self.cache.keep_latents(example, latents, counts)
        _free(pipe)

    def _encoder_names(self) -> tuple[str, ...]:
        return self.trainee.encoders or ("text_encoder",)

    def _narrow(self) -> Any:
        """Encoders only compute once: in half precision where the device does that well."""
        return self.torch.float32 if self.plan.device == "cpu" and self.plan.dtype == "float32" else self.dtype

    def _parts(self, names: tuple[str, ...], dtype: Any) -> Any:
        try:
            return self.trainee.load(self.base, dtype, names).to(self.device)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise HeadshotError(
                f"{self.base.title} cannot be loaded ({_short(error)}).", models.how_to_get(self.base)
            ) from error

    # Loading what is trained.

    def _load(self) -> None:
        self._say(f"Loading {self.base.title}")
        stored = self._stored()
        trained = self.trainee.encoders if self.training.text_encoder else ()
        # In half precision, also where float32 is computed in: `thrift`.
        self.pipe = self._parts((self.trainee.part,), stored)
        denoiser = getattr(self.pipe, self.trainee.part)
        if stored != self.dtype:
            thrifty(denoiser)
        if trained:
            words = self._parts(trained, self.dtype if self.dtype != self.torch.float16 else self.torch.float32)
            self.pipe.register_modules(**{name: getattr(words, name) for name in trained})
        self.models = {self.trainee.part: denoiser, **{name: getattr(self.pipe, name) for name in trained}}
        if self.plan.checkpointing:
            denoiser.enable_gradient_checkpointing()
        self.adapter = Adapter(self.models, self.training, self.trainee)
        for model in self.models.values():
            model.train()
        self.optimiser = optimiser.make(self.adapter, self.training)
        self.scaler = self.torch.amp.GradScaler(self.device.type, enabled=self._scaled())
        if self.training.ema:
            self.mean = [weight.detach().clone() for weight in self.adapter.all_weights]
        self._remember_photos()

    def _stored(self) -> Any:
        """The type that the denoiser's weights are held in."""
        narrow = self.base.family in ("sd15", "sdxl") and self.plan.dtype == "float32" and self.plan.device == "cpu"
        if not narrow:
            return self.dtype
        files = models.weights(models.location(self.base) / self.trainee.part)
        kind = next(iter(read_header(files[0]).tensors.values()))["dtype"]
        return {"F16": self.torch.float16, "BF16": self.torch.bfloat16}.get(kind, self.torch.float32)

    def _scaled(self) -> bool:
        return self.plan.dtype == "float16" and self.device.type == "cuda"

    def _remember_photos(self) -> None:
        """The latents of all pictures, in memory: a few hundred kilobytes each."""
        kept = [one for one in self.examples if not one.held_out]
        if len({one.photo for one in kept}) < FEWEST:
            raise HeadshotError("No photo is left to train on.", "Add photos of the person, and start a new training.")
        self.trained_on = kept
        self.held_out = [one for one in self.examples if one.held_out]
        self.others = self.prior_examples
        self.latents = {one.name: self.cache.latents(one) for one in (*self.examples, *self.others)}

    # Going on.

    def _restore(self) -> None:
        """Take up what was saved, where something was."""
        path = self.run.folder / RESUME / STATE_FILE
        if path.is_file():
            try:
                saved = self.torch.load(path, map_location="cpu", weights_only=True)
            except Exception as error:
                raise HeadshotError(
                    "What was saved of this training is damaged.", "Start a new one; its checkpoints are kept."
                ) from error
            self.step, self.begun_loss = saved["step"], saved["begun_loss"]
            for weight, kept in zip(self.adapter.all_weights, saved["weights"], strict=True):
                weight.data.copy_(kept)
            for weight, kept in zip(self.mean, saved["mean"], strict=True):
                weight.copy_(kept)
            self.optimiser.load_state_dict(saved["optimiser"])
            for group in self.optimiser.param_groups:  # they may have been changed since
                group["weight_decay"] = self.training.weight_decay
            self.scaler.load_state_dict(saved["scaler"]) if self._scaled() else None
            self.run.log(f"Taken up at step {self.step} of {self.training.steps}.")
        self._cut_steps()

    def _save(self) -> None:
        """Everything that is needed to go on. Whole or not at all."""
        self._saved = time.monotonic()
        if self.ranks.own:
            return
        state = {
            "step": self.step,
            "begun_loss": self.begun_loss,
            "weights": [weight.detach().cpu() for weight in self.adapter.all_weights],
            "mean": [weight.cpu() for weight in self.mean],
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        buffer = io.BytesIO()
        self.torch.save(state, buffer)
        self._check_there()
        make_private(self.run.folder / RESUME)
        with atomic_file(self.run.folder / RESUME / STATE_FILE) as file:
            file.write(buffer.getbuffer())

    def _cut_steps(self) -> None:
        """The record of steps that were done, but not saved, goes: they are done again."""
        path = self.run.folder / STEPS
        if self.ranks.own or not path.is_file():
            return
        lines = path.read_text().splitlines()
        kept = [line for line in lines[1:] if line.split(",")[0].isdigit() and int(line.split(",")[0]) <= self.step]
        atomic_write(path, "\n".join([HEADER, *kept, ""]).encode())

    # The loop.

    def go(self) -> None:
        """Train to the last step, or until it is wished to stop."""
        if self.step == 0 and self.begun_loss is None:
            self._begin()
        while self.step < self.training.steps:
            self._look_at_checkpoint()
            if self._heed() == "stop":
                self.run.log(f"Stopped at step {self.step}.")
                break
            began = time.monotonic()
            loss, rate = self._advance()
            self.step += 1
            self._record(loss, rate, time.monotonic() - began)
            if self.step in self._milestones():
                self._keep_checkpoint()
            elif time.monotonic() - self._saved > SAVE_SECONDS:
                self._save()
        self._look_at_checkpoint()
        if self.step and self.step not in self._milestones():
            self._keep_checkpoint()
            self._look_at_checkpoint()

    def _begin(self) -> None:
        """How the base model draws and explains the photos held out, before any training."""
        self.run.log(f"Training on {self.base.title} {_where(self.plan)}: {self.training.steps} steps.")
        self.begun_loss = self._held_out_loss()
        if self.samples:
            self._draw_samples()
        if self.ranks.own == 0:
            self.run.keep(Checkpoint(0, loss=1.0 if self.begun_loss else None, samples=self._sample_names(0)))
        self._save()

    def _milestones(self) -> list[int]:
        count, steps = self.training.checkpoints, self.training.steps
        return sorted({round(steps * (i + 1) / count) for i in range(count)})

    def _advance(self) -> tuple[float, float]:
        """One step of the optimiser; gives loss and learning rate. Raises `HeadshotError` where the numbers broke."""
        rate = optimiser.set_rate(self.optimiser, self.training, self.step)
        self.torch.manual_seed(self._number(LAYERS))
        total = 0.0
        for part in range(self.training.accumulation):
            loss = self._loss(part) / self.training.accumulation
            self.scaler.scale(loss).backward()
            total += float(loss.detach())
        if not np.isfinite(total):
            raise HeadshotError(
                f"The training's numbers broke at step {self.step + 1}: the loss is no number any more.",
                "Resume it with a lower learning rate (half of it); what was kept until then is not lost.",
            )
        weights = self.adapter.all_weights
        self.ranks.mean(weights)
        self.scaler.unscale_(self.optimiser) if self._scaled() else None
        self.torch.nn.utils.clip_grad_norm_(weights, self.training.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        for kept, weight in zip(self.mean, weights, strict=False):
            kept.lerp_(weight.detach(), 1 - self.training.ema)
        return total, rate

    def _loss(self, part: int) -> Any:
        batch = self._batch(part)
        generator = self._generator(NOISE, part)
        latents, counts = self._together(batch)
        noised = self._noised(latents, generator, self._generator(LEVEL, part))
        dropped = self._generator(WORDS, part)
        captions = [one.caption if self._kept(dropped) else "" for one in batch]
        with self._computing():
            loss = self._error(noised, captions, counts)
            if self.others:
                loss = loss + self.training.prior_weight * self._error_on_others(part)
            if self.training.prior == "output" and self.step % PRIOR_EVERY == 0:
                plain = [one.class_caption for one in batch]
                loss = loss + PRIOR_EVERY * self.training.prior_weight * self._apart_from_base(noised, plain)
        return loss

    def _error(self, noised: Noised, captions: list[str], counts: Any) -> Any:
        """How far the prediction is off, weighted by place and by noise level."""
        predicted = self.trainee.predict(self._denoiser, noised, self._words(captions))
        apart = (predicted.float() - noised.target.float()).square() * counts
        return (apart.mean((1, 2, 3)) * noised.weight).mean()

    def _error_on_others(self, part: int) -> Any:
        """The same on a picture of somebody else, drawn before: prior preservation (Ruiz et al., DreamBooth, 2023)."""
        number = int(self.torch.randint(len(self.others), (1,), generator=self._generator(PRIOR, part)))
        other = self.others[number]
        latents, counts = self._together([other])
        noised = self._noised(latents, self._generator(PRIOR, part, NOISE), self._generator(PRIOR, part, LEVEL))
        return self._error(noised, [other.caption], counts)

    def _apart_from_base(self, noised: Noised, captions: list[str]) -> Any:
        """How far the prediction without the trigger word is from the base model's own.

        Others are to be drawn as they were: the "differential output preservation" of ostris' ai-toolkit.
        """
        with self.torch.no_grad():
            self.adapter.switch(False)
            target = self.trainee.predict(self._denoiser, noised, self._words(captions)).float()
            self.adapter.switch(True)
        held = replace(noised, target=target)
        return self._error(held, captions, self.torch.ones_like(noised.latents[:, :1]))

    @property
    def _denoiser(self) -> Any:
        return self.models[self.trainee.part]

    def _computing(self) -> Any:
        """Half precision where it is computed in; the trained weights stay float32."""
        if self.dtype == self.torch.float32:
            return nullcontext()
        return self.torch.autocast(self.device.type, self.dtype)

    # What a step is made of.

    def _batch(self, part: int) -> list[Example]:
        """Each photo once before any comes again; others of the same size beside it, where a batch is larger."""
        per_step = self.training.accumulation * self.ranks.count
        place = self.step * per_step + part * self.ranks.count + self.ranks.own
        turn, position = divmod(place, len(self.trained_on))
        order = self.torch.randperm(len(self.trained_on), generator=self._generator(ORDER, step=turn))
        first = self.trained_on[int(order[position])]
        alike = [one for one in self.trained_on if one.size == first.size and one is not first]
        if not alike:
            return [first] * self.training.batch
        chosen = self.torch.randperm(len(alike), generator=self._generator(PHOTO, part))
        return [first, *(alike[int(chosen[i % len(alike)])] for i in range(self.training.batch - 1))]

    def _together(self, batch: list[Example]) -> tuple[Any, Any]:
        """Latents (N, C, h, w) and weights (N, 1, h, w) on the device."""
        known = [self.latents[one.name] for one in batch]
        return tuple(self.torch.cat([one[name] for one in known]).to(self.device) for name in ("latents", "weight"))

    def _noised(self, latents: Any, noise: Any, level: Any) -> Noised:
        drawn = self.torch.randn(latents.shape, generator=noise).to(self.device)
        at = self.torch.rand(len(latents), generator=level).to(self.device)
        return self.trainee.noised(self.pipe, latents, drawn, at)

    def _kept(self, generator: Any) -> bool:
        return float(self.torch.rand(1, generator=generator)) >= self.training.caption_dropout

    def _words(self, captions: list[str]) -> dict[str, Any]:
        """Captions as tensors on the device: read anew where the encoders are trained."""
        read = [
            self.trainee.read(self.pipe, caption) if self.training.text_encoder else self._known(caption)
            for caption in captions
        ]
        return self.trainee.collate(read)

    def _known(self, caption: str) -> dict[str, Any]:
        kept = self.__dict__.setdefault("_in_memory", {})
        if caption not in kept:
            kept[caption] = {
                name: value.to(self.device, self.dtype) for name, value in self.cache.words(caption).items()
            }
        return kept[caption]

    def _number(self, kind: int, *more: int, step: int | None = None) -> int:
        numbers = [
            self.training.seed,
            kind,
            self.step if step is None else step,
            self.ranks.own * (kind != ORDER),
            *more,
        ]
        return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)

    def _generator(self, kind: int, *more: int, step: int | None = None) -> Any:
        """Random numbers of this step alone, the same on every device."""
        return self.torch.Generator("cpu").manual_seed(self._number(kind, *more, step=step))

    # Checkpoints.

    def _keep_checkpoint(self) -> None:
        """The adapter as it is now, for good; then all that is needed to go on."""
        if self.ranks.own == 0:
            self._check_there()
            make_private(self.run.folder / CHECKPOINTS)
            with self._settled():
                self.adapter.save(self.run.weights(self.step))
            self.run.keep(Checkpoint(self.step))
        self._save()

    def _look_at_checkpoint(self) -> None:
        """Judge the checkpoint of this step, where there is one that was not judged yet."""
        known = next((one for one in self.run.checkpoints if one.step == self.step and self.step), None)
        if known is None or known.points is not None or known.notes or known.samples:
            return
        began = time.monotonic()
        self._say(f"Looking at what was learnt by step {self.step}")
        with self._settled():
            loss = self._held_out_loss()
            drawn = self._draw_samples() if self.samples else []
        if self.ranks.own == 0:
            share = loss / self.begun_loss if loss is not None and self.begun_loss else None
            judged = self._judge().judge(self.step, drawn, share)
            self.run.keep(replace(judged, samples=self._sample_names(self.step)))
            self.run.log(_words_of(judged))
        self.look_seconds = time.monotonic() - began

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """With the running mean of the weights in their place, where there is one."""
        weights = self.adapter.all_weights
        now = [weight.detach().clone() for weight in weights] if self.mean else []
        for weight, kept in zip(weights, self.mean, strict=False):
            weight.data.copy_(kept)
        try:
            yield
        finally:
            for weight, kept in zip(weights, now, strict=False):
                weight.data.copy_(kept)

    def _held_out_loss(self) -> float | None:
        """On photos never trained on, always with the same noise: comparable from checkpoint to checkpoint."""
        if not self.held_out:
            return None
        found = []
        with self.torch.no_grad(), self._computing():
            for number in range(estimate.JUDGED):
                self._heed()
                one = self.held_out[number % len(self.held_out)]
                latents, counts = self._together([one])
                noise = self.torch.randn(latents.shape, generator=self._generator(HELD, number, step=0))
                at = self.torch.full((1,), (number + 0.5) / estimate.JUDGED)
                noised = self.trainee.noised(self.pipe, latents, noise.to(self.device), at.to(self.device))
                found.append(float(self._error(noised, [one.caption], counts)))
        return float(np.mean(found))

    def _draw_samples(self) -> list[np.ndarray | None]:
        """Draw them all and write them."""
        if self.ranks.own:
            return []
        for model in self.models.values():
            model.eval()
        drawn = []
        make_private(self.run.folder / SAMPLES)
        with samples.easel(self.trainee, self.base, self._denoiser, self._narrow(), self.device) as pipe:
            for number, sample in enumerate(self.samples, 1):
                self._heed()
                self._say(f"Drawing sample {number} of {len(self.samples)}")
                with self.torch.no_grad(), self._computing():
                    words, negative = (self._words([text]) for text in (sample.prompt, sample.negative))
                    given = self.trainee.drawing(_split(words), _split(negative))
                    picture = samples.draw(pipe, sample, given, self.base, self.training)
                self._write_sample(number, picture)
                drawn.append(picture)
        for model in self.models.values():
            model.train()
        _collect()
        return drawn

    def _write_sample(self, number: int, picture: np.ndarray | None) -> None:
        if picture is not None:
            self._check_there()
            data = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
            atomic_write(self.run.folder / SAMPLES / f"{self.step:06d}-{number}.png", data)

    def _sample_names(self, step: int) -> tuple[str, ...]:
        names = [f"{step:06d}-{number}.png" for number in range(1, len(self.samples) + 1)]
        return tuple(name for name in names if (self.run.folder / SAMPLES / name).is_file())

    def _judge(self) -> judge.Judge:
        """Made when it is first needed: it looks at all the photos."""
        if not hasattr(self, "_made"):
            self._made = judge.judge_of(self.run, self._sample_names(0))
        return self._made

    def finish(self) -> None:
        """Choose the best checkpoint and make the model of it."""
        self.ranks.wait()
        if self.ranks.own:
            return
        chosen = judge.best(self.run.checkpoints)
        if chosen is None:
            raise HeadshotError("The training was stopped before there was anything to keep.", "Start it again.")
        self._check_there()
        path = finish.finish(self.run, chosen.step)
        self.run.log(f"The model was made of step {chosen.step}: {path.name}.")
        self.run.tell(state="done", says=f"Ready: made of step {chosen.step}.", todo="", step=self.step)

    # Who watches.

    def _heed(self) -> str:
        """What whoever watches wants. Raises `Paused`, with everything saved, and `Gone`."""
        self._check_there()
        late = self.until is not None and time.monotonic() > self.until
        wish = self.ranks.share("pause" if late else self.run.wish)
        if wish == "pause":
            if (hasattr(self, "optimiser") and self.begun_loss is not None) or self.step:
                self._save()
            raise Paused
        self._heed_photos()
        return wish

    def _check_there(self) -> None:
        if not self.run.folder.is_dir():
            raise Gone

    def _heed_photos(self) -> None:
        """What came of a photo goes when the photo was deleted."""
        now = time.monotonic()
        if now - self.__dict__.get("_heeded", 0.0) < TELL_SECONDS:
            return
        self._heeded = now
        there = {path.name for path in self.run.person.photos}
        gone = [one for one in self.examples if one.photo not in there]
        if not gone:
            return
        for photo in dict.fromkeys(one.photo for one in gone):
            if self.ranks.own == 0:
                dataset.remove(self.run.folder / PHOTOS, photo)
                self.run.log(f"{photo} was deleted: it is not trained on any more. What was learnt of it stays.")
        for one in gone:
            self.cache.forget(one)
        self.examples = [one for one in self.examples if one.photo in there]
        if hasattr(self, "optimiser"):
            self._remember_photos()

    def _say(self, says: str) -> None:
        if self.ranks.own == 0:
            self.run.tell(says=says, step=self.step, steps=self.training.steps)

    def _record(self, loss: float, rate: float, seconds: float) -> None:
        """A line in the record, and now and then a word on where it stands."""
        self.paces = [*self.paces[-LATE:], seconds]
        if self.ranks.own:
            return
        self._check_there()
        path = self.run.folder / STEPS
        begun = path.is_file()
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{'' if begun else HEADER + chr(10)}{self.step},{loss:.6f},{rate:.3e},{seconds:.3f}\n")
        now, last = time.monotonic(), self.step == self.training.steps
        if now - self._told < TELL_SECONDS and not last:
            return
        self._told = now
        pace, steps = float(np.median(self.paces)), self.training.steps
        looks = sum(step > self.step for step in self._milestones())
        left = (steps - self.step) * pace + looks * self.look_seconds
        self.run.tell(says=f"Step {self.step} of {self.training.steps}", step=self.step, seconds_left=left)
        if len(self.paces) == LATE:
            estimate.remember(self.base, self.training, self.plan, float(np.mean(self.paces)))


HEADER = "step,loss,rate,seconds"


def _split(words: dict[str, Any]) -> dict[str, Any]:
    """What `collate` made of one caption, as one caption again."""
    return {name: value[0][None] if isinstance(value, list) else value for name, value in words.items()}


def _where(plan: estimate.Plan) -> str:
    more = ", with gradient checkpointing" if plan.checkpointing else ""
    return f"on {plan.device} in {plan.dtype}{more}"


def _words_of(checkpoint: Checkpoint) -> str:
    """What was measured on a checkpoint, in a line."""
    known = [f"Step {checkpoint.step}:"]
    if checkpoint.likeness is not None:
        known.append(f"likeness {checkpoint.likeness:.0f} of 100,")
    if checkpoint.loss is not None:
        known.append(f"loss on photos held out {checkpoint.loss:.2f} of what it was,")
    if checkpoint.points is not None:
        known.append(f"{checkpoint.points:.0f} points.")
    return " ".join([*known, *checkpoint.notes])


def _short(error: Exception) -> str:
    return str(error).split("\n")[0][:200]


def _free(pipe: Any) -> None:
    """Let a pipeline's parts go."""
    pipe.register_modules(**dict.fromkeys(pipe.components))
    _collect()


def _collect() -> None:
    gc.collect()
    torch = library.torch()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
