"""The tokenizer and the text encoder, which learns from captions alone what each trait is called, and is then frozen.

Heads that are thrown away afterwards read every trait off the words; without this, light, yaw and glasses stayed at
chance when text encoder and U-Net were trained together from nothing.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from headshot_core.generate import library
from headshot_core.micro.captions import caption, vocabulary
from headshot_core.micro.cartoon import LIGHTS, NAMED, TURNS, Cartoon, sample
from headshot_core.micro.make.loop import train

WIDTH = 128
STEPS, BATCH, RATE = 2400, 48, 2e-3
END = "</w>"
"""What a piece at the end of a word ends with."""
SPECIAL = ("<|startoftext|>", "<|endoftext|>")
TRIGGER = "ohwx"
"""The word that the app proposes to call a person by: a piece of its own that no caption has, as the rare tokens of
DreamBooth (Ruiz et al., CVPR 2023). Other names are spelled in letters, which the encoder learns to overlook."""
LOUD = 10.0
"""The length of its embedding, those of known words being about 1: a LoRA tells the sooner who is meant."""


def tokenizer() -> Any:
    """CLIP's tokenizer with pairs of our own: most words of the vocabulary are one token each."""
    transformers = library.transformers()
    from tokenizers import pre_tokenizers

    known = merges([word for word in vocabulary() if word.isascii() and word.isalpha()])
    single = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*single, *(piece + END for piece in single), *dict.fromkeys(map("".join, known)), *SPECIAL]
    words = transformers.CLIPTokenizer(
        vocab={piece: i for i, piece in enumerate(pieces)}, merges=known, model_max_length=77
    )
    words.add_tokens(transformers.AddedToken(TRIGGER, single_word=True, normalized=True))
    return words


def merges(words: list[str]) -> list[tuple[str, str]]:
    """Byte-pair encoding (Sennrich et al., ACL 2016): the commonest neighbours join first, of equals by the alphabet.

    The library's trainer breaks ties by lot, and a text encoder can do nothing with another run's tokenizer.
    """
    spelled = [[*word[:-1], word[-1] + END] for word in words]
    found: list[tuple[str, str]] = []
    while pairs := Counter(pair for word in spelled for pair in pairwise(word)):
        found.append(min(pairs, key=lambda pair: (-pairs[pair], pair)))
        spelled = [_joined(word, found[-1]) for word in spelled]
    return found


def _joined(word: list[str], pair: tuple[str, str]) -> list[str]:
    joined: list[str] = []
    for piece in word:
        if joined and (joined[-1], piece) == pair:
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


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
    turn, light = list(TURNS).index(cartoon.turn), list(LIGHTS).index(cartoon.light)
    return [*named, int(cartoon.glasses), int(cartoon.smile), turn, light]


def make(folder: Path, steps: int = STEPS) -> tuple[Any, Any]:
    """Tokenizer and trained text encoder."""
    torch = library.torch()
    words = tokenizer()
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
    raise_voice(encoder, words)
    return words, encoder.eval()


def raise_voice(encoder: Any, words: Any) -> None:
    """Give the trigger its embedding, which no caption teaches: a direction by lot, the same each time."""
    torch = library.torch()
    direction = torch.randn(WIDTH, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        embeddings = encoder.get_input_embeddings().weight
        embeddings[words.convert_tokens_to_ids(TRIGGER)] = LOUD * direction / direction.norm()
