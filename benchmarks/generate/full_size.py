"""Models of Stable Diffusion 1.5's shape, and smaller ones, with random weights, laid out as on the hub."""

from __future__ import annotations

import tempfile
from pathlib import Path

from headshot_core.generate import library

SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
}
"""The hub's scheduler/scheduler_config.json: PNDM."""


FULL = {"divisor": 1, "levels": 4, "layers": 2, "mid": "UNetMidBlock2DCrossAttn"}
SHAPES = {
    "": FULL,
    "-narrow": {**FULL, "divisor": 4},
    "-distilled": {"divisor": 1, "levels": 3, "layers": 1, "mid": None},
}
"""By the end of the folder's name: as it is; a sixteenth of the weights; 323 million, as in BK-SDM-Tiny (Kim et al.,
"BK-SDM: a lightweight, fast, and cheap version of Stable Diffusion", 2023)."""


def folder(shape: str = "") -> Path:
    """Where the model of one of the `SHAPES` lies, made at the first call."""
    place = Path(tempfile.gettempdir()) / f"headshot-benchmark-sd15{shape}"
    if not (place / "model_index.json").exists():
        _pipeline(**SHAPES[shape]).save_pretrained(place)
    return place


def _pipeline(divisor: int, levels: int, layers: int, mid: str | None):
    torch, diffusers, transformers = library.torch(), library.diffusers(), library.transformers()
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float16)  # half the disk, as the hub's fp16 files
    try:
        text = transformers.CLIPTextConfig(
            vocab_size=512, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
            bos_token_id=510, eos_token_id=511, pad_token_id=511,
        )  # fmt: skip
        unet = diffusers.UNet2DConditionModel(
            sample_size=64, cross_attention_dim=768, attention_head_dim=8, layers_per_block=layers, mid_block_type=mid,
            block_out_channels=tuple(width // divisor for width in (320, 640, 1280, 1280)[:levels]),
            down_block_types=(*("CrossAttnDownBlock2D",) * 3, "DownBlock2D")[:levels],
            up_block_types=("UpBlock2D", *("CrossAttnUpBlock2D",) * 3)[-levels:],
            norm_num_groups=min(32, 80 // divisor),
        )  # fmt: skip
        vae = diffusers.AutoencoderKL(
            block_out_channels=tuple(width // divisor for width in (128, 256, 512, 512)), layers_per_block=2,
            latent_channels=4, sample_size=512, down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        )  # fmt: skip
        return diffusers.StableDiffusionPipeline(
            vae=vae, unet=unet, text_encoder=transformers.CLIPTextModel(text), tokenizer=_tokenizer(),
            scheduler=diffusers.PNDMScheduler(**SCHEDULE), safety_checker=None, feature_extractor=None,
            requires_safety_checker=False,
        )  # fmt: skip
    finally:
        torch.set_default_dtype(torch.float32)


def _tokenizer():
    """Letters for words: what is said makes no difference to the time."""
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), *(f"<{i}>" for i in range(322))]
    words += ["<|startoftext|>", "<|endoftext|>"]
    return library.transformers().CLIPTokenizer(
        vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77
    )
