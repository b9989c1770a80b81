"""Finishing: a person's model made of one checkpoint of a run, with all that is known of it written inside; deletion.

A model is a .safetensors file in diffusers' form. Its header says what it was trained for, with which settings, and
what its base model's licence allows; never a photo's name, a caption or a path.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_write, explain, lock, make_private
from headshot_core.generate import loras, models
from headshot_core.generate.models import Base
from headshot_core.people import LOCK, Deleted, Person
from headshot_core.provenance import TOOL
from headshot_core.train import card
from headshot_core.train.dataset import Example
from headshot_core.train.runs import SAMPLES, Run
from headshot_core.train.settings import Training

UNSAID = {"captions", "leave_out", "base"}
"""Settings that stay out of the file: they may hold names of photos, what they show, and paths."""


def finish(run: Run, step: int) -> Path:
    """Make the person's model of the checkpoint of a step, with its card beside it; gives the model's path.

    Raises `HeadshotError` where there is no such checkpoint, or it is damaged.
    """
    weights = _weights(run, step)
    facts = _facts(run, step)
    samples = [run.folder / SAMPLES / name for one in run.checkpoints if one.step == step for name in one.samples]
    with kept(run.person):
        store(run.model, weights, facts)
        card.write(run.model, facts, run.checkpoints, samples)
    run.tell(chosen=step)
    return run.model


def portable(weights: dict[str, Any]) -> dict[str, Any]:
    """With the names that every version of diffusers knows: in transformers 5 some text encoders have no text_model."""
    bare = re.compile(r"(text_encoder(?:_2)?)\.(?=encoder\.)")
    return {bare.sub(r"\1.text_model.", name): one for name, one in weights.items()}


def store(path: Path, weights: dict[str, Any], facts: dict[str, str]) -> None:
    """Write weights by name (numpy arrays) with what is known of them, whole or not at all."""
    from safetensors.numpy import save

    make_private(path.parent)
    atomic_write(path, save(weights, {"format": "pt", **facts}))


def delete(person: Person, name: str) -> Deleted:
    """Delete a model with its card and sample pictures, look that nothing is left, and say what went.

    Raises `HeadshotError` that names what could not be deleted. The run that it came from stays, until it is removed.
    """
    path = loras.models_of(person).get(name)
    if path is None:
        raise HeadshotError(f"There is no model '{name}' of {person.about.name}.", "It may be gone already.")
    with kept(person):
        files = [path, *(file for file in card.folder_of(path).rglob("*") if file.is_file())]
        size = sum(file.stat().st_size for file in files)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise explain(error, path) from error
        shutil.rmtree(card.folder_of(path), ignore_errors=True)
    left = tuple(str(place) for place in (path, card.folder_of(path)) if place.exists())
    if left:
        raise HeadshotError(f"Could not be deleted: {', '.join(left)}.", "Close what uses it, and delete it again.")
    return Deleted(name, len(files), size, left)


def licence_of(base: Base) -> dict[str, str]:
    """What a model says of the base model that it was made for, and of its licence; of one's own folder, no path."""
    own = models.is_own(base)
    return {
        "base": base.title if own else base.name,
        "base_title": base.title,
        "base_source": base.source if models.page(base) else "",
        "family": base.family,
        "licence": base.licence,
        "licence_url": base.licence_url,
        "commercial": json.dumps(base.commercial),
    }


def _facts(run: Run, step: int) -> dict[str, str]:
    """What is written into the model; all of it text, as the format wants it."""
    training, examples = run.training, run.examples
    checkpoint = next((one for one in run.checkpoints if one.step == step), None)
    measured = {"likeness": checkpoint.likeness, "loss": checkpoint.loss} if checkpoint else {}
    return {
        "trigger": training.trigger,
        "noun": run.person.about.noun,
        **licence_of(models.find(training.base)),
        "captions_hash": hash_of(examples),
        "photos": str(len({example.photo for example in examples if not example.held_out})),
        "step": str(step),
        "settings": _settings(training),
        **{name: f"{value:.4g}" for name, value in measured.items() if value is not None},
        "made_with": TOOL,
        "made": date.today().isoformat(),
    }


def _settings(training: Training) -> str:
    return json.dumps(training.model_dump(mode="json", exclude=UNSAID), sort_keys=True)


def hash_of(examples: list[Example]) -> str:
    """sha256 over the captions, in any order: whether two models were trained with the same words."""
    captions = sorted(example.caption for example in examples)
    return hashlib.sha256("\n".join(captions).encode()).hexdigest()


def _weights(run: Run, step: int) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = run.weights(step)
    try:
        return portable(load_file(path))
    except FileNotFoundError as error:
        there = ", ".join(str(one.step) for one in run.checkpoints) or "none yet"
        raise HeadshotError(f"There is no checkpoint of step {step}.", f"Those kept are: {there}.") from error
    except OSError as error:
        raise explain(error, path) from error
    except SafetensorError as error:
        raise HeadshotError(f"The checkpoint of step {step} is damaged.", "Choose another one.") from error


@contextmanager
def kept(person: Person) -> Iterator[None]:
    """One at a time changes people's files; a `HeadshotError` where this person was deleted meanwhile."""
    _ = person.about
    with lock(person.folder.parent / LOCK):
        _ = person.about
        yield
