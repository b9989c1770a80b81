"""Trained adapters (LoRA): finding the files that a recipe names, and the word that calls the person up."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from headshot_core.errors import HeadshotError
from headshot_core.files import explain
from headshot_core.generate import models
from headshot_core.generate.call import Adapter
from headshot_core.generate.models import Base
from headshot_core.generate.weights import read_header
from headshot_core.people import Person
from headshot_core.recipe import Lora

WIDTHS = {768: "sd15", 2048: "sdxl"}
"""Families by the width of the words that a U-Net attends to."""
LAYERS = {"single_transformer_blocks": "flux2_klein", "noise_refiner": "z_image", "transformer.layers.": "z_image"}
"""Families by names of layers, as diffusers calls them."""


def find(lora: Lora, person: Person | None) -> Adapter:
    """The file of a recipe's LoRA: a path, or the name of one of the person's models. Raises `HeadshotError`."""
    path = Path(lora.file).expanduser()
    known = models_of(person)
    if lora.file in known:
        path = known[lora.file]
    if not path.is_file():
        there = f"Choose one of {', '.join(known)}." if known else "Train one, or give the path of a file."
        raise HeadshotError(f"There is no trained model '{lora.file}'.", there)
    metadata(path)
    return Adapter(str(path), lora.weight)


def models_of(person: Person | None) -> dict[str, Path]:
    """The person's trained models by name, the newest first."""
    files = list((person.folder / "models").glob("*.safetensors")) if person else []
    return {path.stem: path for path in sorted(files, key=lambda path: (-path.stat().st_mtime, path.name))}


@dataclass(frozen=True)
class Model:
    """One of a person's models, as lists show it."""

    name: str
    path: Path
    family: str | None
    """of base models that it was trained for; None where it does not tell"""
    base: str
    """title of the base model, as far as it is known"""
    trigger: str
    made: str
    """when: an ISO date"""
    likeness: float | None
    """0..100, measured when it was made"""
    imported: bool
    """whether it came from elsewhere"""


def all_of(person: Person | None) -> list[Model]:
    """The person's models with what they say of themselves, the newest first; a damaged one has nothing to say."""
    return [_described(path) for path in models_of(person).values()]


def _described(path: Path) -> Model:
    said: dict[str, str] = {}
    with suppress(HeadshotError):
        said = metadata(path)
    try:
        likeness = float(said["likeness"])
    except (LookupError, ValueError):
        likeness = None
    base, trigger, made = (said.get(name, "") for name in ("base_title", "trigger", "made"))
    return Model(path.stem, path, family_of(path), base, trigger, made, likeness, said.get("imported") == "true")


def metadata(path: Path) -> dict[str, str]:
    """What a .safetensors file says about itself. Raises `HeadshotError` for other files."""
    try:
        return read_header(path).metadata
    except OSError as error:
        raise explain(error, path) from error
    except ValueError as error:
        raise HeadshotError(f"{path.name} is not a .safetensors file.", "Choose another one.") from error


def family_of(path: Path) -> str | None:
    """The family of base models that it was trained for, by names and widths of its layers; None where none tells."""
    try:
        tensors = read_header(path).tensors
    except (OSError, ValueError):
        return None
    for name, entry in tensors.items():
        if "attn2" in name and "to_k" in name and ("lora_A" in name or "down" in name):
            return WIDTHS.get(entry["shape"][-1])
        if family := next((family for part, family in LAYERS.items() if part in name), None):
            return family
    return None


def fits(path: Path, base: Base) -> bool:
    """Whether an adapter may be used with a base model, as far as its layers tell."""
    return family_of(path) in (None, base.family)


def check(adapter: Adapter, base: Base) -> None:
    """Raise `HeadshotError` where an adapter was trained for another family of base models."""
    path = Path(adapter.path)
    if not fits(path, base):
        own = next(other.title for other in models.BASES.values() if other.family == family_of(path))
        raise HeadshotError(f"{path.stem} was trained for {own}, not for {base.title}.", f"Draw with {own}.")


def trigger(adapters: tuple[Adapter, ...]) -> str:
    """The words that call up who was trained, as the files themselves name them; empty where none does."""
    words = [metadata(Path(adapter.path)).get("trigger", "") for adapter in adapters if adapter.weight > 0]
    return " ".join(word for word in dict.fromkeys(words) if word)
