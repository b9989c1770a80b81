"""The VAE: 64 pixels to 16 x 16 latents of four channels and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from headshot_core.generate import library
from headshot_core.micro.make.loop import tensor, train
from headshot_core.micro.make.pictures import SIZE, cartoon, pictures

STEPS, BATCH, RATE = 1800, 8, 2e-3
KL = 5e-5
"""Against the mean absolute error: so little that eyes and glasses stay, so much that near latents look alike."""
GROUPS = 2
"""Of channels that are normed together: the more there are, the less is left of how bright and coloured a place is."""
FACE, EDGES, SQUARE = 2.0, 1.0, 1.0
"""What the head counts for beyond the rest; differences of neighbouring pixels; and large errors beyond small ones.
Opponent colours count as much as colours: else pink hair comes out orange."""
QUIET = 6.0
"""How much less noise there is in the latents at first (in logarithms of the variance): a channel that is drowned in
noise before it is of use never is."""


def build() -> Any:
    """The untrained VAE, through which the first three channels carry red, green and blue, as blurred as latents are.

    Learnt from nothing, one of the two axes of colour was still missing after a thousand steps.
    """
    torch = library.torch()
    torch.manual_seed(0)
    vae = library.diffusers().AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 64),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=GROUPS,
        sample_size=SIZE,
        mid_block_add_attention=False,
    )
    ends = (vae.encoder.conv_in, vae.quant_conv, vae.post_quant_conv, vae.decoder.conv_in)
    with torch.no_grad():
        for layer in (*ends, *_ways(vae)):
            _carry(layer)
        for layer in (vae.encoder.conv_out, vae.decoder.conv_out):
            _carry(layer, 2.0)  # for SiLU before it halves what is small
        vae.quant_conv.bias[4:] -= QUIET
    return vae


def _ways(vae: Any) -> Iterator[Any]:
    """The layers by which a block hands on what it is given."""
    for module in vae.modules():
        kind = type(module).__name__
        if kind == "ResnetBlock2D":
            module.conv2.weight[:3] = 0
            module.conv2.bias[:3] = 0
            if module.conv_shortcut is not None:
                yield module.conv_shortcut
        elif kind in ("Downsample2D", "Upsample2D"):
            yield module.conv


def _carry(layer: Any, times: float = 1.0) -> None:
    """Let a convolution hand on the first three channels; where it halves the sides, the mean of four places."""
    layer.weight[:3] = 0
    layer.bias[:3] = 0
    middle = layer.kernel_size[0] // 2
    for i in range(3):
        if layer.stride[0] == 2:
            layer.weight[i, i, :2, :2] = 0.25
        else:
            layer.weight[i, i, middle, middle] = times


def make(folder: Path, steps: int = STEPS) -> Any:
    """The trained VAE, its scaling factor measured."""
    torch = library.torch()
    vae, shown = build(), pictures(folder)

    def loss_of(rng: np.random.Generator) -> Any:
        chosen = rng.integers(0, len(shown), BATCH)
        wanted, weight = tensor(shown[np.sort(chosen)]), torch.from_numpy(_weights(np.sort(chosen)))
        posterior = vae.encode(wanted).latent_dist
        off = vae.decode(posterior.sample()).sample - wanted
        hues = torch.stack([off[:, 0] - off[:, 1], off[:, 2] - off[:, :2].mean(1)], 1)
        edges = off.diff(dim=2).abs().mean() + off.diff(dim=3).abs().mean()
        kl = 0.5 * (posterior.mean.square() + posterior.var - 1 - posterior.logvar).mean()
        errors = sum((weight * (one.abs() + SQUARE * one.square())).mean() for one in (off, hues))
        return errors + EDGES * edges + KL * kl

    train("vae", folder, {"vae": vae}, loss_of, steps, RATE)
    with torch.no_grad():
        spread = vae.encode(tensor(shown[:512])).latent_dist.mean.std()
    vae.register_to_config(scaling_factor=round(1 / float(spread), 5))
    return vae.eval()


def _weights(numbers: np.ndarray) -> np.ndarray:
    """(N, 1, 64, 64): more on the heads."""
    at = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE
    heads = [cartoon(int(i)) for i in numbers]
    x, y, head = (np.float32([getattr(one, name) for one in heads])[:, None, None] for name in ("x", "y", "head"))
    away = np.hypot((at[None, None] - x) / (0.5 * head), (at[None, :, None] - y) / (0.6 * head))
    return 1 + FACE * np.clip(3 - 2 * away, 0, 1)[:, None]
