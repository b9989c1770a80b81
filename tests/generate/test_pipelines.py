"""The engine's heart: loading, LoRAs, batches, cancelling, memory; on tiny models in diffusers' real classes."""

from __future__ import annotations

import gc
import pickle
import shutil
import sys
import threading
import types
import weakref
from dataclasses import replace

import numpy as np
import pytest
import tiny

from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.generate import device, library, models, pipelines
from headshot_core.generate.call import Adapter, Control
from headshot_core.progress import CancelToken


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A tiny SD 1.5, installed with its extras; in float32, so that numbers can be compared."""
    with tiny.installed("sd15", tmp_path_factory.mktemp("home")) as base:
        yield base


@pytest.fixture
def one(base, tmp_path):
    """A LoRA, and another."""
    return tiny.lora("sd15", tmp_path / "one.safetensors", seed=1)


@pytest.fixture
def other(tmp_path):
    return tiny.lora("sd15", tmp_path / "other.safetensors", seed=2)


@pytest.fixture
def batch(monkeypatch):
    """Set how many pictures are drawn at once."""
    plan = device.plan

    def of(count):
        monkeypatch.setattr(device, "plan", lambda *a, **b: replace(plan(*a, **b), batch=count))

    return of


def draw(base, *loras, **wishes) -> np.ndarray:
    """One picture, with LoRAs as (file, weight)."""
    adapters = tuple(Adapter(str(path), weight) for path, weight in loras)
    return pipelines.run(base, tiny.call(loras=adapters, **wishes))[0]


# The same again.


def test_the_same_call_gives_the_same_pictures_even_after_a_reload(base):
    call = tiny.call(seeds=(1, 2))
    first, again = pipelines.run(base, call), pipelines.run(base, call)
    pipelines.forget()
    after = pipelines.run(base, call)
    assert all(tiny.distance(*pair) == 0 for pair in zip(first + first, again + after, strict=True))
    assert tiny.distance(*first) > 8


def test_a_seed_gives_the_same_picture_wherever_it_stands(base):
    forwards, backwards = (pipelines.run(base, tiny.call(seeds=seeds)) for seeds in ((1, 2, 3), (3, 2, 1)))
    assert all(tiny.distance(*pair) == 0 for pair in zip(forwards, backwards[::-1], strict=True))


def test_a_model_saved_and_loaded_again_draws_the_same(base, tmp_path):
    first = draw(base)
    pipelines._loaded.pipe.save_pretrained(tmp_path / "copy")
    copy = models.find(str(tmp_path / "copy"))
    assert tiny.distance(draw(copy), first) == 0


def test_a_single_file_draws_as_its_folder_does(base, tmp_path):
    first = draw(base)
    file = tiny.single_file(tmp_path / "whole.safetensors")
    assert tiny.distance(draw(models.find(str(file))), first) == 0


def test_a_single_file_needs_its_familys_settings(base, tmp_path, monkeypatch):
    file = tiny.single_file(tmp_path / "whole.safetensors")
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "empty"))
    with pytest.raises(HeadshotError, match="single file") as caught:
        draw(models.find(str(file)))
    assert "models get sd15" in caught.value.todo


# LoRAs.


def test_a_lora_changes_the_picture_by_its_weight_and_leaves_no_trace(base, one):
    plain = draw(base)
    half, full = draw(base, (one, 0.5)), draw(base, (one, 1.0))
    assert tiny.distance(half, full) > 2
    assert tiny.distance(full, plain) > 2
    assert tiny.distance(draw(base, (one, 0.0)), plain) == 0
    assert tiny.distance(draw(base), plain) == 0


def test_two_loras_are_weighted_each(base, one, other):
    both = draw(base, (one, 0.7), (other, 0.4))
    assert min(tiny.distance(both, draw(base, pair)) for pair in ((one, 0.7), (other, 0.4))) > 2
    assert tiny.distance(draw(base, (other, 0.4), (one, 0.7)), both) <= 1
    assert tiny.distance(draw(base, (one, 0.7), (other, 0.0)), draw(base, (one, 0.7))) == 0


def test_a_lora_is_loaded_once_and_gone_when_it_is_not_asked_for(base, one, other, monkeypatch):
    draw(base)
    pipe, loads = pipelines._loaded.pipe, []
    load = type(pipe).load_lora_weights
    monkeypatch.setattr(type(pipe), "load_lora_weights", lambda *a, **b: loads.append(b) or load(*a, **b))
    for wished in ([(one, 1.0)], [(one, 0.3)], [(one, 0.3), (other, 1.0)], [(other, 0.5)]):
        draw(base, *wished)
    assert len(loads) == 2
    assert {len(names) for names in pipe.get_list_adapters().values()} == {1}
    draw(base)
    assert pipe.get_list_adapters() == {}


def test_a_lora_that_changed_on_the_disk_is_loaded_anew(base, one):
    first = draw(base, (one, 1.0))
    tiny.lora("sd15", one, seed=9)
    assert tiny.distance(draw(base, (one, 1.0)), first) > 2


def test_loras_steer_every_kind_of_drawing(base, one):
    wishes = {"image": tiny.picture(), "mask": tiny.mask(), "controls": (Control("pose", tiny.picture(1)),)}
    assert tiny.distance(draw(base, (one, 1.0), **wishes), draw(base, **wishes)) > 2


def test_a_lora_for_another_model_is_refused_and_spoils_nothing(base, tmp_path):
    plain = draw(base)
    wrong = tiny.lora("sdxl", tmp_path / "wrong.safetensors")
    with pytest.raises(HeadshotError, match="wrong.safetensors does not fit"):
        draw(base, (wrong, 1.0))
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    with pytest.raises(HeadshotError, match="junk.safetensors does not fit"):
        draw(base, (tmp_path / "junk.safetensors", 1.0))
    with pytest.raises(HeadshotError, match="no trained model"):
        draw(base, (tmp_path / "nothing.safetensors", 1.0))
    assert tiny.distance(draw(base), plain) == 0


def test_a_few_step_base_always_draws_with_its_own_lora(base):
    fast = tiny.install("sd15_fast")
    pipelines.run(fast, tiny.call(guidance=1.0))
    pipe = pipelines._loaded.pipe
    assert type(pipe.scheduler).__name__ == "LCMScheduler"
    assert pipe.get_list_adapters()["unet"]
    pipelines.run(base, tiny.call())
    assert type(pipelines._loaded.pipe.scheduler).__name__ == "DPMSolverMultistepScheduler"
    assert pipelines._loaded.pipe.get_list_adapters() == {}


# Progress and cancelling.


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_step_is_told(base, batch, count):
    batch(count)
    told = []
    pipelines.run(base, tiny.call(seeds=(1, 2, 3), steps=4), told.append)
    rounds = -(-3 // count)
    assert [step.step for step in told] == list(range(1, 4 * rounds + 1))
    assert {step.total for step in told} == {4 * rounds}


def test_cancelling_works_within_one_step_and_the_next_run_is_whole(base):
    whole = draw(base, steps=20)
    cancel, told = CancelToken(), []

    def each(step):
        told.append(step)
        if step.step == 3:
            cancel.cancel()

    with pytest.raises(Cancelled):
        pipelines.run(base, tiny.call(steps=20), each, cancel)
    assert len(told) == 3
    assert tiny.distance(draw(base, steps=20), whole) == 0


def test_nothing_is_loaded_or_drawn_once_it_is_cancelled(base):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        pipelines.run(base, tiny.call(), cancel=cancel)


def test_one_run_works_at_a_time_and_whoever_waits_can_be_stopped(base):
    entered, leave, cancel = threading.Event(), threading.Event(), CancelToken()

    def hold(step):
        entered.set()
        leave.wait(30)

    thread = threading.Thread(target=pipelines.run, args=(base, tiny.call(), hold))
    thread.start()
    try:
        assert entered.wait(30)
        cancel.cancel()
        with pytest.raises(Cancelled):
            pipelines.run(base, tiny.call(), cancel=cancel)
    finally:
        leave.set()
        thread.join(30)


# Memory.


def test_one_base_model_is_in_memory_and_forget_frees_it(base, tmp_path):
    draw(base)
    unet = weakref.ref(pipelines._loaded.pipe.unet)
    assert sum(pipelines.held_gb()) > 0.005
    tiny.build("sd15", tmp_path / "second", seed=1)
    draw(models.find(str(tmp_path / "second")), controls=(Control("pose", tiny.picture()),))
    gc.collect()
    assert unet() is None
    unet = weakref.ref(pipelines._loaded.pipe.unet)
    pipelines.forget()
    gc.collect()
    assert unet() is None
    assert pipelines.held_gb() == (0.0, 0.0)


def test_all_kinds_of_drawing_share_their_parts(base):
    for wishes in ({}, {"image": tiny.picture()}, {"image": tiny.picture(), "mask": tiny.mask()}):
        draw(base, **wishes, strength=0.7)
    loaded = pipelines._loaded
    assert len(loaded.others) == 2
    assert {id(pipe.unet) for pipe in (loaded.pipe, *loaded.others.values())} == {id(loaded.pipe.unet)}


def test_a_controlnet_that_is_not_asked_for_is_let_go_of(base):
    draw(base, controls=(Control("pose", tiny.picture()),))
    net = weakref.ref(next(iter(pipelines._loaded.nets.values())))
    draw(base)
    gc.collect()
    assert net() is None


def starve(monkeypatch, largest: int, error: Exception) -> list[int]:
    """Let the U-Net run out of memory with more than `largest` pictures at once; gives the batches that were tried."""
    unet, tried = pipelines._loaded.pipe.unet, []
    forward = unet.forward

    def hungry(sample, *rest, **more):
        tried.append(len(sample))
        if len(sample) > largest:
            raise error
        return forward(sample, *rest, **more)

    monkeypatch.setattr(unet, "forward", hungry)
    return tried


ERRORS = [
    library.torch().OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=["cuda", "mps", "cpu", "python"])
def test_out_of_memory_halves_the_batch_once_and_draws_on(base, batch, monkeypatch, error):
    call = tiny.call(seeds=(1, 2, 3, 4), guidance=1.0, steps=2)
    whole = pipelines.run(base, call)
    batch(4)
    with monkeypatch.context() as patch:
        tried = starve(patch, 2, error)
        drawn = pipelines.run(base, call)
    assert tried == [4, 2, 2, 2, 2]
    # The VAE works in tiles then; pictures as small as these are one tile.
    assert max(tiny.distance(*pair) for pair in zip(drawn, whole, strict=True)) <= 1


def test_out_of_memory_again_is_explained_and_frees_the_model(base, batch, monkeypatch):
    draw(base)
    batch(4)
    with monkeypatch.context() as patch:
        tried = starve(patch, 0, MemoryError())
        with pytest.raises(HeadshotError, match="ran out of memory at 64 x 64") as caught:
            pipelines.run(base, tiny.call(seeds=(1, 2, 3, 4), guidance=1.0))
    assert tried == [4, 2]
    assert "smaller" in caught.value.todo
    assert pipelines.held_gb() == (0.0, 0.0)
    assert draw(base).shape == (64, 64, 3)


def test_other_errors_are_not_taken_for_want_of_memory(base, monkeypatch):
    draw(base)
    with monkeypatch.context() as patch:
        starve(patch, 0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
        with pytest.raises(RuntimeError, match="shapes"):
            draw(base)


def test_offloading_is_left_alone_without_an_accelerator(base, monkeypatch):
    pipelines.forget()
    called = []
    pipeline = library.diffusers().DiffusionPipeline
    for name in ("enable_model_cpu_offload", "enable_sequential_cpu_offload"):
        monkeypatch.setattr(pipeline, name, lambda self, device=None, name=name: called.append((name, device)))
    draw(base)
    assert called == []
    plan = device.plan
    for offload in ("model", "sequential"):
        monkeypatch.setattr(device, "plan", lambda *a, **b: replace(plan(*a, **b), offload=offload))  # noqa: B023
        draw(base)
    assert called == [("enable_model_cpu_offload", "cpu"), ("enable_sequential_cpu_offload", "cpu")]
    pipelines.forget()


# What is broken.


def test_a_broken_folder_is_explained(base, tmp_path):
    good = tiny.build("sd15", tmp_path / "good")
    for number, spoil in enumerate(
        (
            lambda folder: (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink(),
            lambda folder: (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"\x08" * 100),
            lambda folder: (folder / "unet" / "config.json").write_text("{"),
            lambda folder: (folder / "unet" / "config.json").write_text('{"block_out_channels": [4, 4]}'),
            lambda folder: shutil.rmtree(folder / "tokenizer"),
            lambda folder: shutil.rmtree(folder / "text_encoder"),
        )
    ):
        folder = tmp_path / f"bad{number}"
        shutil.copytree(good, folder)
        model = models.find(str(folder))
        spoil(folder)
        with pytest.raises(HeadshotError, match="cannot be loaded|not all of it") as caught:
            draw(model)
        assert caught.value.todo
    assert draw(base).shape == (64, 64, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0], ids=["nan", "infinite", "black"])
def test_an_empty_picture_is_said_to_be_one(base, monkeypatch, value):
    plain = draw(base)
    vae = pipelines._loaded.pipe.vae
    with monkeypatch.context() as patch:
        black = -1.0 if value == 0.0 else value
        patch.setattr(vae.decoder, "forward", lambda z, *rest: z.new_full((1, 3, 64, 64), black))
        with pytest.raises(HeadshotError, match="empty picture"):
            draw(base)
    assert tiny.distance(draw(base), plain) == 0


# A GPU that is lent for each run.


def test_a_lent_gpu_draws_the_same_and_only_plain_data_goes_across(base, monkeypatch):
    told, plain = [], pipelines.run(base, tiny.call(seeds=(1, 2)), None)
    fake = types.ModuleType("spaces")

    def lend(duration):
        def across(work):
            def worked(*given):
                for one in work(*pickle.loads(pickle.dumps(given))):
                    yield pickle.loads(pickle.dumps(one))

            return worked

        return across

    fake.GPU = lend
    monkeypatch.setitem(sys.modules, "spaces", fake)
    plan = device.plan
    monkeypatch.setattr(device, "plan", lambda *a, **b: replace(plan(*a, **b), lent=True))
    drawn = pipelines.run(base, tiny.call(seeds=(1, 2)), told.append)
    assert all(tiny.distance(*pair) == 0 for pair in zip(drawn, plain, strict=True))
    assert [step.step for step in told] == [1, 2, 3, 4, 5, 6]
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        pipelines.run(base, tiny.call(steps=9), lambda step: cancel.cancel(), cancel)
