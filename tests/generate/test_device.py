"""Device policy, on machines made up: what runs where, how, and what is said where nothing can."""

from __future__ import annotations

import sys
import types

import pytest

from headshot_core.errors import HeadshotError
from headshot_core.generate import device, models
from headshot_core.generate.device import Machine, plan

SD15, SDXL, Z_IMAGE, KLEIN = (models.BASES[name] for name in ("sd15", "sdxl", "z_image_turbo", "flux2_klein"))
MEGAPIXEL = (1024, 1024)


def card(gigabytes: float, ram: float = 32) -> Machine:
    """A graphics card with that much free memory."""
    return Machine("cuda", "a card", gigabytes, ram, bf16=True, cores=8)


def cpu(gigabytes: float, bf16: bool = True, cores: int = 2) -> Machine:
    """A machine without a graphics card."""
    return Machine("cpu", "the CPU", gigabytes, gigabytes, bf16, cores)


def test_a_cpu_draws_in_bfloat16_only_where_it_has_units_for_it():
    assert plan(SD15, (512, 512), 4, cpu(16)).dtype == "bfloat16"
    assert plan(SD15, (512, 512), 4, cpu(16, bf16=False)).dtype == "float32"
    # Slow bfloat16 is better than nothing.
    assert plan(SD15, (512, 512), 4, cpu(4, bf16=False)).dtype == "bfloat16"


def test_the_plan_is_told_in_words():
    says = plan(SD15, (512, 512), 4, cpu(16)).says
    assert says.startswith("on the CPU in bfloat16, about ")
    assert says.endswith("s a step, 4 pictures one at a time")
    assert "2 at a time" in plan(SD15, (512, 512), 2, card(12)).says
    assert "picture" not in plan(SD15, (512, 512), 1, card(12)).says


def test_a_slower_cpu_is_said_to_take_longer():
    fast, slow, unguided = (
        plan(SD15, (512, 512), 1, cpu(16, cores=16)),
        plan(SD15, (512, 512), 1, cpu(16, bf16=False, cores=4)),
        plan(SD15, (512, 512), 1, cpu(16, cores=16), guided=False),
    )
    assert slow.seconds > 4 * fast.seconds
    assert unguided.seconds == pytest.approx(fast.seconds / 2)


@pytest.mark.parametrize(
    ("gigabytes", "offload"), [(24, "none"), (8, "model"), (4.5, "sequential")], ids=["roomy", "small", "tiny"]
)
def test_the_smaller_the_card_the_more_is_kept_aside(gigabytes, offload):
    assert plan(SDXL, MEGAPIXEL, 1, card(gigabytes)).offload == offload


def test_nothing_is_offloaded_without_an_accelerator():
    for machine in (cpu(12), cpu(64), Machine("mps", "Apple silicon", 16, 16, bf16=True)):
        assert plan(SDXL, MEGAPIXEL, 1, machine).offload == "none"


def test_offloading_needs_main_memory():
    with pytest.raises(HeadshotError, match="main memory"):
        plan(SDXL, MEGAPIXEL, 1, card(4.5, ram=4))


@pytest.mark.parametrize("machine", [cpu(8), card(1.5), Machine("mps", "Apple silicon", 8, 8, bf16=True)])
def test_a_model_that_cannot_fit_is_refused_with_figures_and_advice(machine):
    with pytest.raises(HeadshotError, match=r"Z-Image-Turbo needs about \d+ GB.* 1024 x 1024") as caught:
        plan(Z_IMAGE, MEGAPIXEL, 1, machine)
    assert "smaller" in caught.value.todo


def test_more_memory_gives_larger_batches_but_no_more_pictures_than_asked_for():
    batches = [plan(SD15, (512, 512), 6, card(gigabytes)).batch for gigabytes in (3, 4, 24)]
    assert batches == sorted(batches)
    assert batches[0] < batches[-1] == 6
    assert plan(SD15, (512, 512), 64, card(80)).batch == device.BATCH
    assert plan(SD15, (512, 512), 6, cpu(64)).batch == 1


def test_the_vae_works_in_tiles_only_where_memory_is_short():
    assert plan(SDXL, MEGAPIXEL, 1, card(10)).tiling
    assert not plan(SDXL, MEGAPIXEL, 1, card(24)).tiling


def test_flow_models_never_draw_in_float16():
    assert plan(SD15, (512, 512), 1, card(24)).dtype == "float16"
    assert {plan(base, MEGAPIXEL, 1, card(40)).dtype for base in (Z_IMAGE, KLEIN)} == {"bfloat16"}


def test_this_machine_has_memory_and_makes_a_plan():
    machine = device.here()
    assert machine.memory_gb > 0.1
    assert machine.ram_gb > 0.1
    assert machine.cores >= 1
    assert plan(SD15, (512, 512), 1, Machine(machine.kind, machine.title, 16, 16, machine.bf16)).device == machine.kind


def test_bfloat16_units_are_read_from_the_cpu(monkeypatch, tmp_path):
    flags = tmp_path / "cpuinfo"
    monkeypatch.setattr(device, "CPU_INFO", flags)
    flags.write_text("flags : fpu avx512f avx512_bf16")
    assert device._cpu_has_bf16(None)
    flags.write_text("flags : fpu avx2")
    assert not device._cpu_has_bf16(None)


def test_a_lent_gpu_is_asked_for_long_enough(monkeypatch):
    asked = []
    fake = types.ModuleType("spaces")
    fake.__spec__ = object()
    fake.GPU = lambda duration: asked.append(duration) or (lambda work: work)
    monkeypatch.setitem(sys.modules, "spaces", fake)
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    assert device.here().lent
    assert plan(SDXL, MEGAPIXEL, 4).lent
    seconds = device.lent_seconds(SDXL, MEGAPIXEL, 4, 30)
    assert device.lend(len, seconds)("abc") == 3
    assert asked == [round(seconds)]
    assert seconds > device.lent_seconds(SDXL, MEGAPIXEL, 1, 30) > 20
