"""The card of a model: what it is, what its licence allows, how it was trained and how it is used, with samples.

    PEOPLE/person/models/NAME.card/README.md     in the form of Hugging Face's model cards
    PEOPLE/person/models/NAME.card/sample-1.jpg  drawn with it; nothing but pixels

It names no photo, no path and no person. Form: https://huggingface.co/docs/hub/model-cards
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.files import atomic_file, atomic_write, explain, make_private
from headshot_core.train.runs import Checkpoint
from headshot_core.train.settings import DEMO

README = "README.md"
QUALITY = 92
"""Of the sample pictures."""
LICENCES = {
    "Apache-2.0": "apache-2.0",
    "MIT": "mit",
    "OpenRAIL": "openrail",
    "CreativeML OpenRAIL-M": "creativeml-openrail-m",
    "CreativeML OpenRAIL++-M": "openrail++",
}
"""As the hub calls them; others are ``other`` there."""
EXPORTED = {
    "sd15": "ComfyUI, AUTOMATIC1111 and Forge",
    "sdxl": "ComfyUI, AUTOMATIC1111 and Forge",
    "z_image": "ComfyUI",
    "flux2_klein": "ComfyUI",
    "micro": "",
}
"""Programs that take the exported file (`exchange.export`), by family; empty: none does."""
SETTINGS = ("resolution", "rank", "alpha", "layers", "text_encoder", "optimiser", "rate", "schedule", "batch", "seed")
"""Those shown; all of them stand in the file."""
CONSENT = (
    "**This file can make pictures that look like a real person: share it only with their consent.** "
    "Deleting it does not reach copies that others have."
)


def folder_of(model: Path) -> Path:
    """Where the card of a model lies."""
    return model.with_suffix(".card")


def exported(name: str) -> str:
    """What the file is called that a model of that name is exported to, for other programs."""
    return f"{name}-comfyui.safetensors"


def write(
    model: Path, facts: dict[str, str], checkpoints: tuple[Checkpoint, ...] = (), samples: list[Path] | None = None
) -> Path:
    """Write the card beside a model, in place of an older one; gives the README's path.

    `facts`: the model's metadata. Samples that are not there any more are left out.
    """
    folder = folder_of(model)
    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
    make_private(folder)
    pictures = [path for path in samples or [] if path.is_file()]
    names = [_copy(path, folder / f"sample-{number}.jpg") for number, path in enumerate(pictures, 1)]
    return atomic_write(folder / README, text(model.stem, facts, checkpoints, names).encode())


def _copy(source: Path, target: Path) -> str:
    """The picture's pixels alone."""
    try:
        with Image.open(source) as image:
            plain = image.convert("RGB")
    except OSError as error:
        raise explain(error, source) if error.errno else HeadshotError(f"{source.name} is damaged.", "") from error
    plain.info = {}
    with atomic_file(target) as file:
        plain.save(file, "JPEG", quality=QUALITY)
    return target.name


def text(name: str, facts: dict[str, str], checkpoints: tuple[Checkpoint, ...], samples: list[str]) -> str:
    """The README: front matter for the hub, then what a person wants to know."""
    parts = [
        _front_matter(facts),
        f"# {name}",
        f"A personal LoRA for {facts.get('base_title') or 'a base model that it does not name'}.",
        CONSENT if facts.get("family") != DEMO else "",
        _pictures(samples),
        _overview(facts),
        _curve(checkpoints, facts.get("step", "")),
        _usage(name, facts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def prompt(facts: dict[str, str]) -> str:
    """A prompt to begin with."""
    who = " ".join(word for word in (facts.get("trigger", ""), facts.get("noun", "")) if word) or "person"
    return f"portrait photo of {who}, studio light, plain background"


def _front_matter(facts: dict[str, str]) -> str:
    licence = LICENCES.get(facts.get("licence", ""), "other")
    data = {
        "license": licence,
        **({"license_name": facts.get("licence", "unknown")} if licence == "other" else {}),
        **({"license_link": facts["licence_url"]} if facts.get("licence_url") else {}),
        **({"base_model": facts["base_source"], "base_model_relation": "adapter"} if facts.get("base_source") else {}),
        "library_name": "diffusers",
        "pipeline_tag": "text-to-image",
        "tags": ["lora", "text-to-image", "headshot-studio"],
        **({"instance_prompt": facts["trigger"]} if facts.get("trigger") else {}),
    }
    return f"---\n{yaml.safe_dump(data, sort_keys=False, allow_unicode=True)}---"


def _pictures(samples: list[str]) -> str:
    return " ".join(f"![drawn with it]({name})" for name in samples)


def _overview(facts: dict[str, str]) -> str:
    settings = _settings(facts)
    shown = ", ".join(f"{name} {_said(settings[name])}" for name in SETTINGS if settings.get(name) is not None)
    rows = {
        "Base model": facts.get("base_title"),
        "Licence": _licence(facts),
        "Trigger": f"`{facts['trigger']}`" if facts.get("trigger") else "",
        "Prompt to begin with": f"`{prompt(facts)}`",
        "Photos": facts.get("photos"),
        "Step": " of ".join(one for one in (facts.get("step"), str(settings.get("steps", ""))) if one),
        "Settings": shown,
        "Likeness": f"{facts['likeness']} of 100" if facts.get("likeness") else "",
        "Captions, sha256": f"`{facts['captions_hash'][:16]}…`" if facts.get("captions_hash") else "",
        "Made": ", ".join(one for one in (facts.get("made"), facts.get("made_with")) if one),
    }
    lines = [f"| {title} | {value} |" for title, value in rows.items() if value]
    return "\n".join(["| | |", "|---|---|", *lines])


def _settings(facts: dict[str, str]) -> dict[str, Any]:
    """Those of the training; none where the file came from elsewhere, or says nonsense."""
    try:
        return dict(json.loads(facts.get("settings") or "{}"))
    except (ValueError, TypeError):
        return {}


def _licence(facts: dict[str, str]) -> str:
    """The base model's licence, and what it allows."""
    name, url = facts.get("licence") or "not known", facts.get("licence_url")
    use = "commercial use allowed" if facts.get("commercial") == "true" else "commercial use not known to be allowed"
    terms = ", its limits on harmful use pass on to this file" if "OpenRAIL" in name else ""
    return f"{f'[{name}]({url})' if url else name} of the base model: {use}{terms}"


def _said(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _curve(checkpoints: tuple[Checkpoint, ...], step: str) -> str:
    """What was measured on every checkpoint; the one that the model is made of is marked."""
    if not checkpoints:
        return ""
    rows = [
        f"| {one.step}{' **chosen**' if str(one.step) == step else ''} | {_number(one.likeness, 0)} "
        f"| {_number(one.loss, 3)} | {_number(one.points, 0)} |"
        for one in checkpoints
    ]
    titles = "| step | likeness, 0..100 | loss, base model 1 | points, 0..100 |"
    return "\n".join(["## Checkpoints", "", titles, "|---|---|---|---|", *rows])


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _usage(name: str, facts: dict[str, str]) -> str:
    source = facts.get("base_source") or "folder-or-hub-id-of-the-base-model"
    programs = EXPORTED.get(facts.get("family", ""), "ComfyUI")
    elsewhere = f"""

For {programs}: put `{exported(name)}` (where it is not here, export it in Headshot Studio) into that program's \
folder of LoRAs, and write the trigger word into the prompt."""
    return f"""## Use

In Headshot Studio: choose it in the Craft tab. With [diffusers](https://github.com/huggingface/diffusers):

```python
import torch
from diffusers import DiffusionPipeline

device = "cuda" if torch.cuda.is_available() else "cpu"
pipe = DiffusionPipeline.from_pretrained("{source}", dtype=torch.bfloat16).to(device)
pipe.load_lora_weights(".", weight_name="{name}.safetensors")
pipe(prompt="{prompt(facts)}").images[0].save("portrait.png")
```{elsewhere if programs else ""}"""
