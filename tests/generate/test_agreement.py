"""Agreement of picture and prompt, by a tiny CLIP in the real classes."""

import json

import numpy as np
import pytest
from PIL import Image

from headshot_core.generate import agreement, library, models

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789,.-"
PICTURE = np.random.default_rng(1).integers(0, 255, (48, 40, 3), np.uint8)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A folder as `models.location` would have it, with a tiny random CLIP in it."""
    home = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    patch.setenv("HEADSHOT_HOME", str(home))
    folder = models.location(models.EXTRAS["clip_scorer"])
    _build(folder)
    yield folder
    agreement.forget()
    patch.undo()


def _build(folder):
    torch, transformers = library.torch(), library.transformers()
    torch.manual_seed(0)
    tokens = ["<|startoftext|>", "<|endoftext|>", *LETTERS, *(f"{letter}</w>" for letter in LETTERS)]
    tokenizer = transformers.CLIPTokenizer(
        vocab={token: i for i, token in enumerate(tokens)}, merges=[], model_max_length=20
    )
    size = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config=size
        | {"vocab_size": len(tokens), "max_position_embeddings": 20, "bos_token_id": 0, "eos_token_id": 1},
        vision_config=size | {"image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    image_processor = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    transformers.CLIPProcessor(image_processor, tokenizer).save_pretrained(folder)
    for name in models.EXTRAS["clip_scorer"].files:
        if not (folder / name).exists():  # other versions of the library write fewer files than lie on the hub
            (folder / name).write_text(json.dumps({}))


def test_the_score_is_clipscore(clip):
    """2.5 times the cosine of the model's own embeddings, as 0..100."""
    torch = library.torch()
    model, processor = agreement._load(clip)
    inputs = processor(text=["a red hat"], images=Image.fromarray(PICTURE), return_tensors="pt")
    with torch.inference_mode():
        cosine = (model(**inputs).logits_per_image / model.logit_scale.exp()).item()
    assert agreement.score(PICTURE, "a red hat") == pytest.approx(100 * min(max(2.5 * cosine, 0), 1), abs=1e-3)


def test_words_and_picture_matter(clip, monkeypatch):
    monkeypatch.setattr(agreement, "SCALE", 1000)  # of random weights the cosine may be any
    monkeypatch.setattr(np, "clip", lambda value, low, high: value)
    words = {agreement.score(PICTURE, prompt) for prompt in ("a red hat", "the sea")}
    pictures = {agreement.score(picture, "a red hat") for picture in (PICTURE, 255 - PICTURE)}
    assert len(words) == 2
    assert len(pictures) == 2


def test_weights_are_no_words(clip):
    assert agreement.score(PICTURE, "a (red:1.3) hat") == agreement.score(PICTURE, "a red hat")


def test_long_prompts_are_read_to_their_end(clip):
    """In parts that fit, cut between phrases; nothing is dropped but from a phrase that is too long by itself."""
    _, processor = agreement._load(clip)
    phrases = ["a red hat,", "blue sky,", "a dog", "."]
    parts = agreement._parts(" ".join(phrases), processor.tokenizer)
    assert " ".join(parts) == " ".join(phrases)
    assert len(parts) > 1
    assert all(len(processor.tokenizer(part).input_ids) <= 20 for part in parts)
    (cut,) = agreement._parts("one two three four five six seven", processor.tokenizer)
    assert cut.startswith("one two three")
    assert len(processor.tokenizer(cut).input_ids) <= 20


def test_none_without_a_scorer_or_words(clip, monkeypatch, tmp_path):
    assert agreement.score(PICTURE, " ") is None
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path))
    assert agreement.scorer() is None
    assert agreement.score(PICTURE, "a red hat") is None
