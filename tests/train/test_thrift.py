"""Layers kept small give the very same numbers, forward and back, and remember less."""

from __future__ import annotations

import copy

import pytest

from headshot_core.generate import library
from headshot_core.train.thrift import thrifty


@pytest.fixture(scope="module")
def nets():
    """A small U-Net in half precision, and the same widened as usual."""
    torch, diffusers = library.torch(), library.diffusers()
    torch.manual_seed(0)
    net = diffusers.UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, norm_num_groups=8, cross_attention_dim=32,
        block_out_channels=(16, 32), down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), attention_head_dim=4,
    ).half().requires_grad_(False)  # fmt: skip
    wide, thrift = copy.deepcopy(net).float(), net
    thrifty(thrift)
    return wide, thrift


def run(net, x):
    torch = library.torch()
    words = torch.ones(1, 3, 32) * torch.linspace(-1, 1, 32)
    x = x.clone().requires_grad_()
    out = net(x, torch.tensor([7]), words).sample
    (gradient,) = torch.autograd.grad(out.square().sum(), x)
    return out.detach(), gradient


def test_the_numbers_are_the_same(nets):
    torch = library.torch()
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    (out, gradient), (thrift_out, thrift_gradient) = run(nets[0], x), run(nets[1], x)
    assert torch.allclose(out, thrift_out, atol=1e-6)
    assert torch.allclose(gradient, thrift_gradient, rtol=1e-4, atol=1e-5 * gradient.abs().max())


def test_the_weights_stay_in_half_precision_and_diffusers_still_computes_in_float32(nets):
    torch = library.torch()
    thrift = nets[1]
    half = [weight for weight in thrift.parameters() if weight.dtype == torch.float16]
    assert sum(weight.numel() for weight in half) > 0.9 * sum(weight.numel() for weight in thrift.parameters())
    assert thrift.dtype == torch.float32


def test_less_is_remembered_for_the_way_back(nets):
    torch = library.torch()
    x = torch.randn(1, 4, 8, 8)

    def remembered(net) -> int:
        kept = {}

        def pack(tensor):
            own = {weight.data_ptr() for weight in net.parameters()}
            if tensor.data_ptr() not in own:
                kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            net(x.clone().requires_grad_(), torch.tensor([7]), torch.ones(1, 3, 32))
        return sum(kept.values())

    assert remembered(nets[1]) < 0.9 * remembered(nets[0])
