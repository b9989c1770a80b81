"""Tiny random models of the flow-matching families in diffusers' own classes, in folders laid out as on the hub.

Shapes follow diffusers' tests of these pipelines; weights are random, so pictures are too, but every keyword, size and
file is the real thing. The tokenizer knows bytes only: it needs no files of a hub.
"""

from __future__ import annotations

from pathlib import Path

from headshot_core.files import atomic_write
from headshot_core.generate import library, models
from headshot_core.generate.families import latents

CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
"""Qwen3's chat template, as far as one message of a user goes."""
Z_IMAGE = {
    "all_patch_size": (2,),
    "all_f_patch_size": (1,),
    "in_channels": 16,
    "dim": 32,
    "n_layers": 2,
    "n_refiner_layers": 2,
    "n_heads": 2,
    "n_kv_heads": 2,
    "qk_norm": True,
    "cap_feat_dim": 16,
    "rope_theta": 256.0,
    "t_scale": 1000.0,
    "axes_dims": [8, 4, 4],
    "axes_lens": [1024, 64, 64],
}


def z_image(folder: Path, seed: int = 0) -> Path:
    """Z-Image: folder with model_index.json, scheduler, text_encoder, tokenizer, transformer, vae."""
    torch, diffusers = library.torch(), library.diffusers()
    torch.manual_seed(seed)
    transformer = diffusers.ZImageTransformer2DModel(**Z_IMAGE)
    with torch.no_grad():  # the class leaves both uninitialised, for the checkpoint to fill
        transformer.x_pad_token.normal_()
        transformer.cap_pad_token.normal_()
    vae = diffusers.AutoencoderKL(
        **_vae_blocks(), latent_channels=16, scaling_factor=0.3611, shift_factor=0.1159, **_no_quantisation()
    )
    pipe = diffusers.ZImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae,
        text_encoder=library.transformers().Qwen3Model(_qwen3(layers=2)),
        tokenizer=_tokenizer(),
        transformer=transformer,
    )
    pipe.save_pretrained(folder)
    return folder


def z_image_controlnet(folder: Path, version=2, file: str = "", refined=True, seed: int = 1) -> Path:
    """A ControlNet for `z_image`, with the layers of its makers' first or second version; the second can inpaint.

    Written as diffusers saves one, or as a single file of that name, as its makers publish theirs. Its closing layers,
    zero at the start of a training, are random, so that it has an effect; without `refined`, not the noise refiner's.
    """
    torch, diffusers = library.torch(), library.diffusers()
    torch.manual_seed(seed)
    first = version == 1
    controlnet = diffusers.ZImageControlNetModel(
        control_layers_places=list(range(0, 30, 5 if first else 2)),
        control_refiner_layers_places=[] if first else [0, 1],
        control_in_dim=16 if first else 33,
        add_control_noise_refiner=None if first else "control_noise_refiner",
        dim=Z_IMAGE["dim"],
        n_refiner_layers=2,
        n_heads=2,
        n_kv_heads=2,
    )
    with torch.no_grad():
        for name, weight in controlnet.named_parameters():
            if ("before_proj" in name or "after_proj" in name) and (refined or "control_layers" in name):
                weight.normal_(std=0.5)
    if file:
        atomic_write(folder / file, _packed(controlnet.state_dict()))
    else:
        controlnet.save_pretrained(folder)
    return folder


def flux2_klein(folder: Path, distilled: bool = True, seed: int = 0) -> Path:
    """FLUX.2 klein, distilled or Base: a folder as `z_image`'s. Its text encoder has the 27 layers that are read."""
    torch, diffusers = library.torch(), library.diffusers()
    torch.manual_seed(seed)
    vae = diffusers.AutoencoderKLFlux2(**_vae_blocks(), latent_channels=32, **_no_quantisation())
    with torch.no_grad():  # as after a training: neither 0 nor 1
        vae.bn.running_mean.normal_(std=0.1)
        vae.bn.running_var.uniform_(0.5, 1.5)
    transformer = diffusers.Flux2Transformer2DModel(
        patch_size=1,
        in_channels=128,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=3 * 16,
        timestep_guidance_channels=256,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    with torch.no_grad():  # so that what it attends to counts
        for name, weight in transformer.named_parameters():
            if "norm" not in name:
                weight.mul_(2)
    pipe = diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        vae=vae,
        text_encoder=library.transformers().Qwen3ForCausalLM(_qwen3(layers=27)),
        tokenizer=_tokenizer(),
        transformer=transformer,
        is_distilled=distilled,
    )
    pipe.save_pretrained(folder)
    return folder


def lora(file: Path, base: Path, seed: int = 2) -> Path:
    """A LoRA of rank 2 on the attention of a base made here, as diffusers' training scripts save one."""
    torch, diffusers, peft = library.torch(), library.diffusers(), library.peft()
    torch.manual_seed(seed)
    pipe = diffusers.DiffusionPipeline.from_pretrained(base, text_encoder=None, tokenizer=None, vae=None)
    targets = ["to_q", "to_k", "to_v"]
    config = peft.LoraConfig(r=2, lora_alpha=2, target_modules=targets, init_lora_weights=False)
    pipe.transformer.add_adapter(config)
    with torch.no_grad():
        for name, weight in pipe.transformer.named_parameters():
            if "lora_" in name:
                weight.normal_(std=0.5)
    file.parent.mkdir(parents=True, exist_ok=True)
    layers = peft.get_peft_model_state_dict(pipe.transformer)
    type(pipe).save_lora_weights(file.parent, transformer_lora_layers=layers, weight_name=file.name)
    return file


def install(name: str) -> models.Base:
    """Put a tiny base model, with its ControlNets, where the base model of that name would lie; gives its entry."""
    base = models.find(name)
    if base.family == "z_image":
        z_image(models.location(base))
    else:
        flux2_klein(models.location(base), distilled=not name.endswith("_base"))
    for extra in base.extras:
        if extra.kind in ("pose", "depth"):
            z_image_controlnet(models.location(extra), file=extra.files[0])
    return base


def load(folder: Path, dtype=None):
    """The pipeline of a folder, made ready as the engine does. From then on torch uses one thread: for matrices this
    small more threads only wait for each other."""
    library.torch().set_num_threads(1)
    library.transformers()
    pipe = library.diffusers().DiffusionPipeline.from_pretrained(folder, dtype=dtype)
    latents.ready_vae(pipe.vae)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def turned(pipe, kind: type, **parts):
    """The same model as another pipeline."""
    if type(pipe) is kind:
        return pipe
    other = kind.from_pipe(pipe, dtype=pipe.dtype, **parts)
    other.set_progress_bar_config(disable=True)
    return other


def _vae_blocks() -> dict:
    """An autoencoder of four levels: eight pixels a latent, as the real ones."""
    return {
        "in_channels": 3,
        "out_channels": 3,
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "block_out_channels": (8, 8, 8, 8),
        "layers_per_block": 1,
        "norm_num_groups": 4,
    }


def _no_quantisation() -> dict:
    return {"use_quant_conv": False, "use_post_quant_conv": False}


def _qwen3(layers: int):
    return library.transformers().Qwen3Config(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
        vocab_size=300,
        max_position_embeddings=1024,
    )


def _tokenizer():
    """Qwen2's byte-level tokenizer without any merges: a token a byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]  # GPT-2's alphabet of bytes
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}
    vocabulary = {letters[byte]: byte for byte in range(256)}
    for i, word in enumerate(("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>")):
        vocabulary[word] = 256 + i
    tokenizer = library.transformers().Qwen2Tokenizer(vocab=vocabulary, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.chat_template = CHAT
    return tokenizer


def _packed(weights: dict) -> bytes:
    from safetensors.torch import save

    return save(weights)
