"""The readers: the net that tells a portrait's traits, trained on rendered truth and on what the VAE makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from headshot_core.files import atomic_write
from headshot_core.generate import library
from headshot_core.micro import readers
from headshot_core.micro.cartoon import PAINTS, Cartoon, sample
from headshot_core.micro.make.loop import tensor, train
from headshot_core.micro.make.pictures import PAINTED, PLAIN, SIZE, cartoon, kept, pictures
from headshot_core.micro.readers import KINDS, MEASURES, SIGNS
from headshot_core.micro.render import render

STEPS, BATCH, RATE = 2700, 36, 3e-3
MARKED, DRAWN = 2000, 2400
"""How many more portraits, all with the mark; and of how many pictures the VAE's own drawing is learnt from."""
UNSURE = 0.05
"""Noise on latents before they are decoded, against their spread: what a denoiser leaves."""
BLUR, NOISE, TINT, SHIFT = 1.0, 0.04, 0.03, 2
"""At most, in pixels; of 0..1, at most; of 0..1, usual; in pixels, at most: what a drawing may do to a picture."""
WEIGHTS = {"paints": 8.0, "kinds": 1.0, "signs": 6.0, "measures": 2.0, "direction": 4.0}
"""What each part of the loss counts for."""


def shown(i: int) -> Cartoon:
    """The portrait of that number: those beyond `pictures` bear the mark."""
    return cartoon(i) if i < PLAIN + PAINTED else sample(np.random.default_rng((5, i)), mark=True)


class Lessons:
    """All pictures with their truth, and one batch of them as a drawing might show them."""

    def __init__(self, folder: Path, vae: Any):
        known = pictures(folder)
        more = range(len(known), len(known) + MARKED)
        marked = kept(folder / "marked.npy", lambda: np.stack([render(shown(i), SIZE) for i in more]))
        self.pictures = np.concatenate([known, marked])
        self.redrawn = np.linspace(0, len(self.pictures) - 1, DRAWN).astype(int)
        self.drawn = kept(folder / "drawn.npy", lambda: drawn(vae, self.pictures[self.redrawn]))
        self.truth = _stacked([truth(shown(i)) for i in range(len(self.pictures))])

    def batch(self, rng: np.random.Generator, count: int) -> tuple[Any, dict[str, Any]]:
        """(N, 3, 64, 64), -1..1, half of them as the VAE draws them, and their truth."""
        plain = np.concatenate([rng.integers(*span, count // 6) for span in self._spans])
        drawn = rng.integers(0, len(self.redrawn), count - len(plain))
        seen = np.concatenate([self.pictures[plain], self.drawn[drawn]])
        chosen = np.concatenate([plain, self.redrawn[drawn]])
        pixels, right, down = _disturbed(tensor(seen), rng)
        wanted = {name: value[library.torch().from_numpy(chosen)] for name, value in self.truth.items()}
        names = list(MEASURES)
        measures = wanted["measures"].clone()
        for name, shift in (("x", right), ("y", down)):
            measures[:, names.index(name)] += shift / SIZE / MEASURES[name][1]
        return pixels, {**wanted, "measures": measures}

    @property
    def _spans(self) -> tuple[tuple[int, int], ...]:
        """Named, painted and marked portraits."""
        return (0, PLAIN), (PLAIN, PLAIN + PAINTED), (PLAIN + PAINTED, len(self.pictures))


def truth(one: Cartoon) -> dict[str, np.ndarray]:
    """What the net should tell of a portrait."""
    return {
        "paints": np.stack([one.paint_of(part) for part in PAINTS]),
        "kinds": np.array([names.index(getattr(one, kind)) for kind, names in KINDS.items()]),
        "signs": np.float32([getattr(one, name) for name in SIGNS]),
        "measures": np.float32([(getattr(one, name) - middle) / spread for name, (middle, spread) in MEASURES.items()]),
        "direction": one.lamps.direction,
    }


def drawn(vae: Any, shown: np.ndarray) -> np.ndarray:
    """The pictures as the VAE decodes latents that are not quite theirs; uint8, as they came."""
    torch, found = library.torch(), []
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        for begin in range(0, len(shown), 48):
            latents = vae.encode(tensor(shown[begin : begin + 48])).latent_dist.mean
            latents = latents + UNSURE * latents.std() * torch.randn(latents.shape, generator=generator)
            decoded = vae.decode(latents).sample.clamp(-1, 1) * 127.5 + 127.5
            found.append(decoded.round().byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(found)


def make(folder: Path, vae: Any, target: Path, steps: int = STEPS) -> Any:
    """The trained net, written as ``target.fp16.safetensors`` too."""
    library.torch().manual_seed(0)
    net, lessons = readers.build(), Lessons(folder, vae)

    def loss_of(rng: np.random.Generator) -> Any:
        pixels, wanted = lessons.batch(rng, BATCH)
        return _loss(readers.look(net, pixels), wanted)

    train("readers", folder, {"net": net}, loss_of, steps, RATE)
    atomic_write(target.with_suffix(".fp16.safetensors"), _halves(net.state_dict()))
    return net.eval()


def _halves(weights: dict[str, Any]) -> bytes:
    """A file of the weights in half precision."""
    from safetensors.torch import save

    return save({name: weight.half() if weight.is_floating_point() else weight for name, weight in weights.items()})


def _loss(told: dict[str, Any], wanted: dict[str, Any]) -> Any:
    functional = library.torch().nn.functional
    *kinds, signs, measures = told["tells"].split([*map(len, KINDS.values()), len(SIGNS), len(MEASURES)], 1)
    guessed = [functional.cross_entropy(kind, wanted["kinds"][:, i]) for i, kind in enumerate(kinds)]
    parts = {
        "paints": functional.l1_loss(told["paints"], wanted["paints"]),
        "kinds": sum(guessed),
        "signs": functional.binary_cross_entropy_with_logits(signs, wanted["signs"]),
        "measures": functional.smooth_l1_loss(measures, wanted["measures"]),
        "direction": functional.smooth_l1_loss(told["direction"], wanted["direction"], beta=0.1),
    }
    return sum(WEIGHTS[name] * part for name, part in parts.items())


def _disturbed(pixels: Any, rng: np.random.Generator) -> tuple[Any, int, int]:
    """The pictures blurred, tinted, noisy and moved, and by how many pixels: right, down."""
    torch = library.torch()
    functional = torch.nn.functional
    right, down = (int(shift) for shift in rng.integers(-SHIFT, SHIFT + 1, 2))
    edges = (SHIFT, SHIFT, SHIFT, SHIFT)
    pixels = functional.pad(pixels, edges, mode="replicate")[
        ..., SHIFT - down : SHIFT - down + SIZE, SHIFT - right : SHIFT - right + SIZE
    ]
    some = torch.from_numpy(rng.random(len(pixels)) < 0.5)
    pixels = torch.where(some[:, None, None, None], _blurred(pixels, float(rng.uniform(0.3, BLUR))), pixels)
    shape = (len(pixels), 3, 1, 1)
    gain, shift = (torch.from_numpy(rng.normal(0, TINT, shape).astype(np.float32)) for _ in range(2))
    noise = torch.from_numpy(rng.standard_normal(pixels.shape, np.float32))
    rough = torch.from_numpy(rng.uniform(0, NOISE, (len(pixels), 1, 1, 1)).astype(np.float32))
    return (pixels * (1 + gain) + shift + 2 * rough * noise).clamp(-1, 1), right, down


def _blurred(pixels: Any, sigma: float) -> Any:
    torch = library.torch()
    line = torch.from_numpy(cv2.getGaussianKernel(5, sigma).astype(np.float32)[:, 0])
    functional, (count, channels, height, width) = torch.nn.functional, pixels.shape
    single = functional.pad(pixels, (2, 2, 2, 2), mode="replicate").view(count * channels, 1, height + 4, width + 4)
    once = functional.conv2d(single, line.view(1, 1, 1, 5))
    return functional.conv2d(once, line.view(1, 1, 5, 1)).view(pixels.shape)


def _stacked(each: list[dict[str, np.ndarray]]) -> dict[str, Any]:
    torch = library.torch()
    return {name: torch.from_numpy(np.stack([one[name] for one in each])) for name in each[0]}
