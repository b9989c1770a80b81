"""The tokenizer and the text encoder, which learns from captions alone what each trait is called, and is then frozen.

Heads that are thrown away afterwards read every trait off the words; without this, light, yaw and glasses stayed at
chance when text encoder and U-Net were trained together from nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from headshot_core.generate import library
from headshot_core.micro.captions import caption, vocabulary
from headshot_core.micro.cartoon import LIGHTS, NAMED, TURNS, Cartoon, light_of, sample, turn_of
from headshot_core.micro.make.loop import train

WIDTH, TOKENS = 128, 1400
"""Of the text encoder; most entries of its vocabulary."""
STEPS, BATCH, RATE = 900, 48, 2e-3
SPECIAL = ("<|startoftext|>", "<|endoftext|>")


def tokenizer(folder: Path) -> Any:
    """CLIP's kind of tokenizer whose pairs are learnt from the vocabulary's words: most of them are one token each."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

    own = Tokenizer(models.BPE(unk_token=SPECIAL[1], end_of_word_suffix="</w>"))
    own.normalizer = normalizers.Lowercase()
    split = pre_tokenizers.Split(Regex(r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True)
    own.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENS, initial_alphabet=letters, end_of_word_suffix="</w>", show_progress=False, min_frequency=1
    )
    own.train_from_iterator(vocabulary() * 2, trainer)
    own.model.save(str(folder))
    pieces, merges = _pieces(folder)
    return library.transformers().CLIPTokenizer(vocab=pieces, merges=merges, model_max_length=77)


def _pieces(folder: Path) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and pairs as CLIP's tokenizer wants them: each letter also as the end of a word, then the words."""
    import json

    learnt = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
    merges = [tuple(line.split()) for line in lines if line and not line.startswith("#")]
    single = [piece for piece in learnt if len(piece) == 1]
    order = [*single, *(f"{piece}</w>" for piece in single), *learnt, *SPECIAL]
    return {piece: i for i, piece in enumerate(dict.fromkeys(order))}, merges


def build(words: Any) -> Any:
    """The untrained text encoder for a tokenizer."""
    transformers = library.transformers()
    library.torch().manual_seed(0)
    config = transformers.CLIPTextConfig(
        hidden_size=WIDTH, intermediate_size=4 * WIDTH, num_hidden_layers=2, num_attention_heads=4,
        projection_dim=WIDTH, vocab_size=len(words), bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id, attn_implementation="eager",
    )  # fmt: skip
    return transformers.CLIPTextModel(config)


def ids(words: Any, captions: list[str]) -> Any:
    """(N, 77)"""
    read = words(captions, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
    return read.input_ids


HEADS = {
    **{name: len(names) for name, names in NAMED.items()},
    "glasses": 2,
    "smile": 2,
    "turn": 3,
    "light": len(LIGHTS),
}


def classes(cartoon: Cartoon) -> list[int]:
    """The number of each trait in the order of `HEADS`."""
    named = [names.index(getattr(cartoon, name)) for name, names in NAMED.items()]
    turn = list(TURNS).index(turn_of(cartoon.yaw))
    light = list(LIGHTS).index(light_of(cartoon.azimuth, cartoon.elevation))
    return [*named, int(cartoon.glasses), int(cartoon.smile), turn, light]


def make(folder: Path, steps: int = STEPS) -> tuple[Any, Any]:
    """Tokenizer and trained text encoder."""
    torch = library.torch()
    words = tokenizer(folder)
    encoder = build(words)
    heads = torch.nn.ModuleList([torch.nn.Linear(2 * WIDTH, count) for count in HEADS.values()])

    def loss_of(rng: np.random.Generator) -> Any:
        shown = [sample(rng) for _ in range(BATCH)]
        read = encoder(ids(words, [caption(one, rng, named=0.95) for one in shown]))
        pooled = torch.cat([read.last_hidden_state.mean(1), read.pooler_output], 1)
        wanted = torch.tensor([classes(one) for one in shown]).T
        guesses = [
            torch.nn.functional.cross_entropy(head(pooled), one) for head, one in zip(heads, wanted, strict=True)
        ]
        return torch.stack(guesses).mean()

    train("text", folder, {"encoder": encoder, "heads": heads}, loss_of, steps, RATE)
    return words, encoder.eval()
