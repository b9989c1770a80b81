"""IC-Light: a picture of a person in new light and before a new backdrop, by SD 1.5 with a light adapter.

Zhang, Rao, Agrawala: "Scaling In-the-Wild Training for Diffusion-based Illumination Harmonization and Editing by
Imposing Consistent Light Transport", ICLR 2025; github.com/lllyasviel/IC-Light (Apache-2.0; its weights
CreativeML OpenRAIL-M). An adapter file holds offsets for all of the U-Net's weights. Its first convolution sees, beside
the picture being drawn, the person cut out on grey (files "fc", 8 channels) and perhaps a backdrop ("fbc", 12).

The wider convolution is written as what it is: the old one, plus one of the new channels alone, whose input stays the
same at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from headshot_core.errors import HeadshotError
from headshot_core.generate import library, light, models, pipelines
from headshot_core.generate.call import Call, Prompt
from headshot_core.generate.models import Base
from headshot_core.progress import CancelToken, Report, silent
from headshot_core.recipe import Recipe

FIRST, LATENTS = "conv_in.weight", 4
"""The convolution that sees more, and the channels that it saw before."""
CHANNELS = {8: "the person", 12: "the person and the backdrop"}
GUIDANCE = {8: 2.0, 12: 7.0}
"""As in the authors' demos."""
ANEW, REFINED = 0.9, 0.5
"""How much is drawn anew: from the lit start, and of the enlarged picture; as in the authors' demos."""
BROAD = 0.06
"""Blur of the lit start, in picture heights: its light counts, not its figure."""
MULTIPLE = 64
"""Enlarged sides are multiples of this."""


def is_here(base: Base) -> bool:
    """Whether the base has a light adapter and it is on this machine."""
    return any(extra.kind == "light_adapter" and models.installed(extra) for extra in base.extras)


def adapter(base: Base) -> Path:
    """The base's light adapter on this machine. Raises `HeadshotError` where there is none."""
    extra = models.extra_of(base, "light_adapter", "light adapter", "Choose SD 1.5, or light it another way.")
    return models.location(extra) / extra.files[0]


def draw(
    base: Base,
    picture: np.ndarray,
    alpha: np.ndarray,
    recipe: Recipe,
    prompt: Prompt,
    seeds: tuple[int, ...],
    enlarge: float = 1.0,
    file: Path | None = None,
    each: pipelines.Each | None = None,
    cancel: CancelToken | None = None,
    report: Report = silent,
) -> list[np.ndarray]:
    """The person of a picture in the recipe's light, once a seed: uint8 (H, W, 3).

    `picture` uint8 (H, W, 3) and `alpha` (H, W) 0..1, with sides that are multiples of 8. `enlarge`: above 1 the
    pictures are drawn once more, so many times larger. `file`: another adapter than the base's own. The U-Net is
    afterwards what it was, bit for bit. Raises `HeadshotError`, `Cancelled`.
    """
    file = file or adapter(base)
    channels = _channels(file, base)
    size = picture.shape[1], picture.shape[0]
    start = light.lit(recipe, size).filter(ImageFilter.GaussianBlur(BROAD * size[1]))
    backdrop = light.backdrop(recipe, size) if channels == 12 else None
    person = Image.fromarray(picture), Image.fromarray((np.clip(alpha, 0, 1) * 255).round().astype(np.uint8))
    steps = recipe.generate.steps or base.steps
    guidance = GUIDANCE[channels] if base.guidance > 1 else base.guidance

    def run(image: Image.Image, strength: float, seeds: tuple[int, ...]) -> list[np.ndarray]:
        # Of the steps only the share `strength` is made: as many more are asked for.
        call = Call(prompt, image.size, seeds, round(steps / strength), guidance, image=image, strength=strength)
        around = relit(file, base, *(part and part.resize(image.size) for part in (*person, backdrop)))
        return pipelines.run(base, call, each, cancel, report, around)

    drawn = run(start, ANEW, seeds)
    if enlarge <= 1:
        return drawn
    larger = tuple(max(MULTIPLE, round(side * enlarge / MULTIPLE) * MULTIPLE) for side in size)
    enlarged = [Image.fromarray(one).resize(larger, Image.Resampling.LANCZOS) for one in drawn]
    return [run(image, REFINED, (seed,))[0] for image, seed in zip(enlarged, seeds, strict=True)]


def relit(
    file: Path, base: Base, person: Image.Image, alpha: Image.Image, backdrop: Image.Image | None
) -> Callable[[Any], AbstractContextManager]:
    """For `pipelines.run`: the pipeline draws this person in new light, as long as the context lasts."""

    @contextmanager
    def around(pipe: Any) -> Iterator[None]:
        seen = [_on_grey(person, alpha), *([np.asarray(backdrop) / 255] if backdrop else [])]
        latents = [_encoded(pipe, picture) for picture in seen]
        with _shifted(pipe.unet, file, base) as extra, _seeing(pipe.unet, extra, latents):
            yield

    return around


def _on_grey(person: Image.Image, alpha: Image.Image) -> np.ndarray:
    """(H, W, 3) 0..1: the person, and middle grey where they are not."""
    share = np.asarray(alpha, np.float32)[..., None] / 255
    return 0.5 + (np.asarray(person, np.float32) / 255 - 0.5) * share


def _encoded(pipe: Any, picture: np.ndarray) -> Any:
    """Latents (1, 4, h, w) of a picture (H, W, 3) 0..1."""
    torch = library.torch()
    pixels = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32))[None] * 2 - 1
    pixels = pixels.to(pipe._execution_device, pipe.vae.dtype)
    with torch.no_grad():
        return pipe.vae.encode(pixels).latent_dist.mode() * pipe.vae.config.scaling_factor


@contextmanager
def _shifted(unet: Any, file: Path, base: Base) -> Iterator[Any]:
    """The U-Net with the adapter's offsets added; gives the first convolution's weights for the new channels."""
    torch = library.torch()
    weights = _by_name(unet)
    if any(weight.is_meta for weight in weights.values()):
        raise HeadshotError("There is too little graphics memory for IC-Light.", "Light the picture another way.")
    before = {name: weight.data for name, weight in weights.items()}
    try:
        with _open(file, base) as offsets, torch.no_grad():
            _check(offsets, weights, file, base)
            for name, weight in weights.items():
                offset = offsets.get_tensor(name)[:, :LATENTS] if name == FIRST else offsets.get_tensor(name)
                weight.data = (weight.data.float() + offset.to(weight.device, torch.float32)).to(weight.dtype)
            extra = offsets.get_tensor(FIRST)[:, LATENTS:]
        yield extra
    finally:
        for name, weight in weights.items():
            weight.data = before[name]


def _by_name(unet: Any) -> dict[str, Any]:
    """The U-Net's own weights by their plain names, without those of LoRAs and other adapters in it."""
    named = ((name.replace("base_layer.", ""), weight) for name, weight in unet.named_parameters())
    return {name: weight for name, weight in named if "lora_" not in name and ".processor." not in name}


@contextmanager
def _seeing(unet: Any, extra: Any, latents: list[Any]) -> Iterator[None]:
    """The first convolution sees these latents beside its own."""
    torch = library.torch()
    seen, conv2d = torch.cat(latents, 1), torch.nn.functional.conv2d
    first = unet.conv_in
    added: list[Any] = []

    def add(_: Any, __: Any, output: Any) -> Any:
        if not added:  # the same at every step
            added.append(conv2d(seen.to(output), extra.to(output), stride=first.stride, padding=first.padding))
        return output + added[0]

    hook = first.register_forward_hook(add)
    try:
        with torch.no_grad():
            yield
    finally:
        hook.remove()


# The file.


def _open(file: Path, base: Base) -> Any:
    from safetensors import SafetensorError, safe_open

    try:
        return safe_open(str(file), "pt")
    except (OSError, SafetensorError) as error:
        raise _unfit(file, base, f"it cannot be read: {error}") from error


def _channels(file: Path, base: Base) -> int:
    """How much the adapter's first convolution sees: 8 or 12 channels."""
    with _open(file, base) as offsets:
        if FIRST not in offsets.keys():  # noqa: SIM118 (it is no dict)
            raise _unfit(file, base, "it holds no light adapter")
        channels = offsets.get_slice(FIRST).get_shape()[1]
    if channels not in CHANNELS:
        raise _unfit(file, base, f"its first layer sees {channels} channels, not 8 or 12")
    return channels


def _check(offsets: Any, weights: dict[str, Any], file: Path, base: Base) -> None:
    """Raise `HeadshotError` unless there is an offset of the right shape for every weight."""
    names = set(offsets.keys())
    for name, weight in weights.items():
        if name not in names:
            raise _unfit(file, base, f"it has nothing for {name}")
        shape, wanted = list(offsets.get_slice(name).get_shape()), list(weight.shape)
        if name == FIRST:
            shape[1], wanted[1] = min(shape[1], LATENTS), LATENTS
        if shape != wanted:
            raise _unfit(file, base, f"the sizes of {name} differ")


def _unfit(file: Path, base: Base, why: str) -> HeadshotError:
    return HeadshotError(
        f"{file.name} does not fit {base.title}: {why}.", "Fetch the light adapter again, or name another file."
    )
