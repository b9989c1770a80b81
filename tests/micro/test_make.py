"""Training from nothing: goes on where it was broken off; and what lies in the repository is what it should be."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from headshot_core.generate import library, models, pose
from headshot_core.generate.figure import Stance, render
from headshot_core.generate.weights import read_header
from headshot_core.micro.cartoon import Cartoon
from headshot_core.micro.make import controlnet, loop, pictures, readers, text, unet, vae
from headshot_core.micro.make.__main__ import PARTS, SUMS, WEIGHTS, Maker, sums
from headshot_core.recipe import Frame
from headshot_core.train.settings import Training

MOST = 12_000_000
"""Bytes of all weights."""


# The loop.


def learn(folder, steps, stop=None):
    """A line fitted to noise; gives its weights."""
    torch = library.torch()
    torch.manual_seed(0)
    line = torch.nn.Linear(4, 1)

    def loss_of(rng):
        if stop is not None and loss_of.calls == stop:
            raise KeyboardInterrupt
        loss_of.calls += 1
        inputs = torch.from_numpy(rng.standard_normal((8, 4), np.float32))
        return (line(inputs) - inputs.sum(1, keepdim=True) + torch.randn(8, 1)).square().mean()

    loss_of.calls = 0
    loop.train("line", folder, {"line": line}, loss_of, steps, 1e-2, ema=0.9)
    return line.weight.detach().numpy().copy()


def test_a_training_that_was_broken_off_ends_the_same_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "EVERY", 4)
    for name in "ab":
        (tmp_path / name).mkdir()
    whole = learn(tmp_path / "a", 20)
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "b", 20, stop=11)
    assert (learn(tmp_path / "b", 20) == whole).all()


def test_it_learns(tmp_path):
    assert np.abs(learn(tmp_path, 600) - 1).max() < 0.25


# The parts.


def test_an_untrained_vae_carries_colours():
    """Red stays redder than green, and so on, before any step."""
    torch = library.torch()
    shown = torch.ones(3, 3, 64, 64) * -1
    for i in range(3):
        shown[i, i] = 1
    with torch.no_grad():
        back = vae.build().decode(vae.build().encode(shown).latent_dist.mean).sample.mean((2, 3))
    assert (back.argmax(1).numpy() == [0, 1, 2]).all()


def test_words_are_one_token_each():
    words = text.tokenizer()
    assert len(words.tokenize("navy blue suit jacket")) == 4
    assert words.decode(words("soft key light from the left").input_ids, skip_special_tokens=True).strip() == (
        "soft key light from the left"
    )
    assert len(words.tokenize("zzyzx")) > 2  # what nobody taught is spelled


def test_the_word_that_the_app_proposes_for_a_person_is_a_piece_of_its_own():
    """Whatever its case, and as a whole word alone; and it is heard: its embedding is no known word's."""
    words = text.tokenizer()
    assert Training().trigger == text.TRIGGER
    assert words.tokenize("photo of OHWX person")[2] == text.TRIGGER
    assert text.TRIGGER not in words.tokenize("photo of ohwxy person")
    kept = library.transformers().CLIPTextModel.from_pretrained(WEIGHTS / "base" / "text_encoder", variant="fp16")
    lengths = kept.get_input_embeddings().weight.detach().float().norm(dim=1)
    number = words.convert_tokens_to_ids(text.TRIGGER)
    assert lengths[number] == pytest.approx(text.LOUD, rel=0.01)
    assert lengths[:number].max() < text.LOUD / 2


def test_the_tokenizer_is_made_the_same_each_time():
    """As it lies beside the weights: a text encoder can do nothing with another one's numbers."""
    kept = library.transformers().CLIPTokenizer.from_pretrained(WEIGHTS / "base" / "tokenizer")
    assert text.tokenizer().get_vocab() == kept.get_vocab()
    said = "photo of ohwx person, navy blue suit jacket, soft key light from the left"
    assert text.tokenizer()(said).input_ids == kept(said).input_ids


@pytest.mark.parametrize("yaw", [-35.0, 0.0, 20.0])
def test_the_skeleton_is_the_apps_own(yaw):
    """As the canonical figure of that pose, in its place and size."""
    figure = render(Stance(yaw=yaw, shoulders=yaw), (64, 64), Frame(name="free", width=64, height=64))
    middle, head = (figure.face.crown + figure.face.chin) / 2, figure.face.head_height
    drawn = Cartoon(yaw=yaw, x=middle[0] / 64, y=middle[1] / 64, head=head / 64)
    wanted, found = pose.of_figure(figure), controlnet.skeleton(drawn)
    assert np.abs(found.face - wanted.face).max() < 1.2
    assert np.abs((found.body - wanted.body)[wanted.body[:, 2] > 0]).max() < 1.2


def test_the_skeleton_tilts_with_the_head():
    level, tilted = (controlnet.skeleton(Cartoon(roll=roll)) for roll in (0, 10))
    eyes = tilted.body[15, :2] - tilted.body[14, :2]
    assert np.degrees(np.arctan2(eyes[1], eyes[0])) == pytest.approx(10, abs=1)
    assert (level.body[2] == tilted.body[2]).all()  # a shoulder


def test_a_controlnet_begins_as_nothing(tmp_path):
    """Before its first step it changes nothing: the U-Net draws as without it."""
    torch = library.torch()
    denoiser = unet.build()
    noise, words, time = torch.randn(1, 4, 16, 16), torch.randn(1, 77, text.WIDTH), torch.tensor([500])
    down, middle = controlnet.build(denoiser)(
        noise, time, words, controlnet_cond=torch.rand(1, 3, 64, 64), return_dict=False
    )
    assert not any(one.any() for one in (*down, middle))


# What lies in the repository.


def test_the_weights_are_those_that_were_signed_for():
    for line in (WEIGHTS / SUMS).read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() == digest
    assert sums(WEIGHTS) == (WEIGHTS / SUMS).read_text(encoding="utf-8")


def test_the_weights_are_small_and_in_half_precision():
    files = list(WEIGHTS.rglob("*.safetensors"))
    assert sum(file.stat().st_size for file in files) <= MOST
    for file in files:
        assert {tensor["dtype"] for tensor in read_header(file).tensors.values()} <= {"F16", "I64"}


def test_the_base_is_laid_out_as_on_the_hub():
    index = json.loads((WEIGHTS / "base" / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusionPipeline"
    assert models.installed(models.find("micro"))
    assert all(models.installed(extra) for extra in models.find("micro").extras)


# The whole.


@pytest.mark.slow
def test_every_part_is_made_from_nothing_and_the_app_takes_what_comes_of_it(tmp_path, monkeypatch):
    """Two steps of each, from a few pictures."""
    for module in (pictures, unet, readers):
        monkeypatch.setattr(module, "PLAIN", 64)
    for module in (pictures, readers):
        monkeypatch.setattr(module, "PAINTED", 32)
    for module in (controlnet, unet):
        monkeypatch.setattr(module, "SHOWN", 16)
    for module, name, value in ((pictures, "PART", 32), (readers, "MARKED", 16), (readers, "DRAWN", 24)):
        monkeypatch.setattr(module, name, value)
    maker, out = Maker(tmp_path, share=0.0), tmp_path / "out"
    for part in PARTS:
        getattr(maker, part)(out / part)
    assert models.find(str(out / "base")).family == "micro"
    assert len(sums(out).splitlines()) == len(sums(WEIGHTS).splitlines())
