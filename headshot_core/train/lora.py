"""The trainer: one loop for all families, which can be broken off anywhere and goes on exactly where it was.

What is random in a step follows from the seed and the step's number (`dice`). So the state to be saved is the adapter,
the optimiser and the step; and a run that was killed twenty times gives the same weights as one that was not, bit for
bit on a CPU in float32.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write, make_private
from headshot_core.generate import library
from headshot_core.train import estimate, finish, judge, optimiser
from headshot_core.train.dataset import Example
from headshot_core.train.dice import Dice, Use
from headshot_core.train.encode import encode
from headshot_core.train.families.base import Noised
from headshot_core.train.look import Onlooker
from headshot_core.train.model import Lesson, Model
from headshot_core.train.runs import CHECKPOINTS, RESUME, STEPS, Checkpoint, Run
from headshot_core.train.work import Gone, Paused, Work

__all__ = ["Gone", "Paused", "train"]

SAVE_SECONDS = 60
"""From one saving of all that is needed to go on to the next."""
TELL_SECONDS = 0.5
"""From one word on where it stands to the next."""
SILENT = 0.25
"""Share of that in which there are no words at all: guidance draws away from the picture without words, which must not
become the person's either."""
PACE = 30
"""The last steps, whose pace tells the time left."""
HEADER = "step,loss,rate,seconds"


def train(run: Run, until: float | None = None) -> None:
    """Work on a run until it is finished: encode, train, judge, choose, make the model.

    Raises `Paused` where that is wished, or at `until` (of `time.monotonic`), with everything saved; `Gone` where the
    run was deleted; `HeadshotError` where it cannot go on.
    """
    work = Work(run, until)
    if work.ranks.own == 0:
        work.say("Preparing", state="preparing")
        estimate.check_disk(work.base, work.training, len({one.photo for one in work.examples}))
        work.forget_deleted()
        encode(work)
    work.ranks.wait()
    Trainer(work).go()
    if work.ranks.own == 0:
        work.say("Choosing the best moment", state="finishing")
        _finish(run)


def _finish(run: Run) -> None:
    """Choose the best checkpoint and make the model of it."""
    chosen = judge.best(run.checkpoints)
    if chosen is None:
        raise HeadshotError("The training was stopped before there was anything to keep.", "Start it again.")
    path = finish.finish(run, chosen.step)
    run.log(f"The model was made of step {chosen.step}: {path.name}.")
    run.tell(state="done", says=f"Ready: made of step {chosen.step}.", todo="", pid=None)


class Trainer:
    """The loop."""

    def __init__(self, work: Work):
        self.work, self.run, self.training = work, work.run, work.training
        self.torch, self.dice = library.torch(), Dice(work.training.seed)
        work.say(f"Loading {work.base.title}")
        self.model = Model(work)
        self.onlooker = Onlooker(work, self.model)
        self.step = 0
        """steps that are done"""
        self.begun: float | None = None
        """the base model's loss on the photos held out"""
        self.paces: list[float] = []
        self._saved = self._told = time.monotonic()
        self._latents: dict[str, dict[str, Any]] = {}
        self._others = work.others
        self._restore()

    def go(self) -> None:
        """Train to the last step, or until it is wished to stop."""
        self.work.check_there()
        self.work.say("Training", state="training", step=self.step)
        self._begin()
        while self.step < self.training.steps and self._heed() != "stop":
            began = time.monotonic()
            loss, rate = self.advance()
            self.step += 1
            self._record(loss, rate, time.monotonic() - began)
            if self.step in self._milestones():
                self._keep_checkpoint()
                self._look()
            elif time.monotonic() - self._saved > SAVE_SECONDS:
                self._save()
        if self.step and not self.run.weights(self.step).is_file():
            self.run.log(f"Stopped at step {self.step}.")
            self._keep_checkpoint()
        self._look()
        self.work.ranks.wait()

    def _heed(self) -> str:
        """What whoever watches wants, the same for all processes. Raises `Paused`, with everything saved."""
        self.work.check_there()
        first = self.work.ranks.own == 0
        wish, deleted = self.work.ranks.share((self.work.wish, self.work.forget_deleted()) if first else None)
        if wish == "pause":
            self._save()
            if first:
                self.run.tell(step=self.step)  # what was told before may be a few quick steps old
            raise Paused
        if deleted:
            self.work.examples = self.run.examples
            self._latents.clear()
        return wish

    # One step.

    def advance(self) -> tuple[float, float]:
        """One step of the optimiser; gives loss and learning rate. Raises `HeadshotError` where the numbers broke."""
        rate = optimiser.set_rate(self.model.optimiser, self.training, self.step)
        self.torch.manual_seed(self.dice.number("layers", self.step, self.work.ranks.own))
        total = 0.0
        for part in range(self.training.accumulation):
            loss = self._loss(part) / self.training.accumulation
            self.model.scaler.scale(loss).backward()
            total += float(loss.detach())
        if not np.isfinite(total):
            raise HeadshotError(
                f"The training's numbers broke at step {self.step + 1}: its loss is no number any more.",
                f"Resume it with half the learning rate ({self.training.rate / 2:.1e}); what was kept is not lost.",
            )
        self.model.step()
        return total, rate

    def _loss(self, part: int) -> Any:
        """Of one batch; `part`: which of those that make up a step."""
        place = (self.step, part, self.work.ranks.own)
        batch = self._batch(*place)
        latents, counts = self._together(batch)
        captions = self._spoken([one.caption for one in batch], self.training.caption_dropout, "words", *place)
        learnt = Lesson(self._noised(latents, *place), captions, counts)
        with self.model.computing():
            return self.model.error(learnt, *self._held(batch, learnt, *place))

    def _held(self, batch: list[Example], learnt: Lesson, *place: int) -> list[Lesson]:
        """Others, to be drawn as they were: the "differential output preservation" of ostris' ai-toolkit.

        The photos, seen as anybody's, teach what the trigger is for; but pictures of others, where there are any, pass
        through other noise: half of each, in turn where a batch is one. Of them, too, the base model's own output is
        learnt rather than their noise, which nobody can foretell.
        """
        training = self.training
        turn, left = divmod(self.step, training.held_every)
        if training.prior == "none" or left:
            return []
        others = (training.batch + (turn + 1) % 2) // 2 if self._others else 0
        photos = training.batch - others
        lessons = [self._of_others(others, *place)] if others else []
        if photos:
            words = self._spoken([one.class_caption for one in batch[:photos]], SILENT, "silent", *place)
            lessons.append(Lesson(learnt.noised.first(photos), words, learnt.counts[:photos]))
        weight = training.prior_weight * training.held_every / training.batch
        return [replace(one, weight=weight * len(one.captions), as_base=True) for one in lessons]

    def _of_others(self, count: int, *place: int) -> Lesson:
        """Pictures of others that the base model drew before (`prior`), and their words."""
        which = self.torch.randint(len(self._others), (count,), generator=self.dice.generator("prior", *place))
        batch = [self._others[i] for i in which.tolist()]
        latents, counts = self._together(batch)
        words = self._spoken([one.caption for one in batch], SILENT, "silent", *place, 1)
        return Lesson(self._noised(latents, *place, 1), words, counts)

    def _spoken(self, captions: list[str], silent: float, use: Use, *place: int) -> list[str]:
        """The captions, but that share of them, by lot, without words."""
        chances = self.torch.rand(len(captions), generator=self.dice.generator(use, *place)).tolist()
        return ["" if chance < silent else one for one, chance in zip(captions, chances, strict=True)]

    def _batch(self, step: int, part: int, own: int) -> list[Example]:
        """Each photo once before any comes again; where a batch is larger, others of the same size beside it."""
        known = self.work.trained_on
        ranks = self.work.ranks.count
        turn, position = divmod((step * self.training.accumulation + part) * ranks + own, len(known))
        order = self.torch.randperm(len(known), generator=self.dice.generator("order", turn))
        first = known[int(order[position])]
        alike = [one for one in known if one.size == first.size and one is not first] or [first]
        chosen = self.torch.randperm(len(alike), generator=self.dice.generator("others", step, part, own))
        return [first, *(alike[int(chosen[i % len(alike)])] for i in range(self.training.batch - 1))]

    def _together(self, batch: list[Example]) -> tuple[Any, Any]:
        """Latents (N, C, h, w) and weights (N, 1, h, w) on the device; kept in memory, a few hundred kilobytes each."""
        for one in batch:
            if one.name not in self._latents:
                self._latents[one.name] = self.work.cache.latents(one)
        known = [self._latents[one.name] for one in batch]
        return tuple(
            self.torch.cat([one[name] for one in known]).to(self.work.device) for name in ("latents", "weight")
        )

    def _noised(self, latents: Any, *place: int) -> Noised:
        noise = self.torch.randn(latents.shape, generator=self.dice.generator("noise", *place))
        level = self.torch.rand(len(latents), generator=self.dice.generator("level", *place))
        device = self.work.device
        return self.work.trainee.noised(self.model.pipe, latents, noise.to(device), level.to(device))

    # Keeping.

    def _begin(self) -> None:
        """Before the first step: how the base model does."""
        if self.work.ranks.own == 0 and not self._state.is_file():
            self.run.log(_says(self.work))
            self.begun = self.onlooker.begin()
            self._save()
        self._look()
        self.work.ranks.wait()

    def _milestones(self) -> set[int]:
        count, steps = self.training.checkpoints, self.training.steps
        return {round(steps * (i + 1) / count) for i in range(count)}

    def _keep_checkpoint(self) -> None:
        """The adapter as it is now, for good; then all that is needed to go on."""
        if self.work.ranks.own == 0:
            self.work.check_there()
            make_private(self.run.folder / CHECKPOINTS)
            with self.model.settled():
                self.model.adapter.save(self.run.weights(self.step))
            self.run.keep(Checkpoint(self.step))
        self._save()

    def _look(self) -> None:
        """Judge the checkpoint of this step, if there is one and nobody did."""
        known = next((one for one in self.run.checkpoints if one.step == self.step), None)
        if self.work.ranks.own == 0 and self.step and known == Checkpoint(self.step):
            self.onlooker.look(self.step, self.begun)
        self.work.ranks.wait()

    def _save(self) -> None:
        self._saved = time.monotonic()
        if self.work.ranks.own == 0:
            self.work.check_there()
            make_private(self.run.folder / RESUME)
            self.model.save(self._state, step=self.step, begun=self.begun)

    @property
    def _state(self):
        return self.run.folder / RESUME / "state.pt"

    def _restore(self) -> None:
        """Take up what was saved, where something was; the record of steps that are done again goes."""
        if self._state.is_file():
            saved = self.model.restore(self._state)
            self.step, self.begun = saved["step"], saved["begun"]
            if self.work.ranks.own == 0:
                self.run.log(f"Taken up at step {self.step} of {self.training.steps}.")
        path = self.run.folder / STEPS
        if self.work.ranks.own == 0 and path.is_file():
            lines = [line for line in path.read_text().splitlines()[1:] if line.split(",")[0].isdigit()]
            kept = [line for line in lines if int(line.split(",")[0]) <= self.step]
            atomic_write(path, "\n".join([HEADER, *kept, ""]).encode())

    def _record(self, loss: float, rate: float, seconds: float) -> None:
        """A line in the record, and now and then a word on where it stands."""
        self.paces = [*self.paces[1 - PACE :], seconds]
        if self.work.ranks.own:
            return
        self.work.check_there()
        path = self.run.folder / STEPS
        begun = path.is_file()
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{'' if begun else HEADER + chr(10)}{self.step},{loss:.6f},{rate:.3e},{seconds:.3f}\n")
        if self.step % PACE == 0:
            estimate.remember(self.work.base, self.training, self.work.plan, float(np.mean(self.paces)))
        if time.monotonic() - self._told > TELL_SECONDS or self.step == self.training.steps:
            self._told = time.monotonic()
            says = f"Step {self.step} of {self.training.steps}"
            self.work.say(says, step=self.step, seconds_left=self._seconds_left())

    def _seconds_left(self) -> float:
        looks = sum(step > self.step for step in self._milestones())
        return (self.training.steps - self.step) * float(np.mean(self.paces)) + looks * self.onlooker.seconds


def _says(work: Work) -> str:
    """What begins, in a line."""
    plan, pictures, held_out = work.plan, len(work.trained_on), len(work.held_out)
    more = ", with gradient checkpointing" if plan.checkpointing else ""
    return (
        f"Training on {work.base.title}, on {plan.device} in {plan.dtype}{more}: {work.training.steps} steps, "
        f"{pictures} pictures, {held_out} held out."
    )
