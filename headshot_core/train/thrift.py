"""Layers that are not trained, kept small: their weights stay in half precision, and their inputs are not remembered.

Base models come in half precision. A machine that computes in float32 need not hold them any wider: each layer widens
its own weights for as long as it computes, which gives the very same numbers. And of a layer whose weights do not
change only the gradient towards its input is wanted, for which the input itself is not needed; torch remembers that of
every convolution all the same.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from headshot_core.generate import library


def thrifty(model: Any) -> None:
    """Let the linear layers and convolutions of a U-Net compute so; the few other weights are widened.

    Before an adapter is put in: its layers are trained, and stay as they are.
    """
    torch = library.torch()
    linear, convolution = _functions()
    first = model.conv_in  # diffusers reads the type to compute in off the first weights
    first.float()
    for layer in model.modules():
        if layer is first:
            continue
        if getattr(layer, "bias", None) is not None:
            layer.bias.data = layer.bias.data.float()
        if type(layer) is torch.nn.Linear:
            layer.forward = _bound(linear.apply, layer)
        elif type(layer) is torch.nn.Conv2d and layer.groups == 1 and layer.padding_mode == "zeros":
            layer.forward = _bound(convolution.apply, layer, layer.stride, layer.padding, layer.dilation)
        else:
            for name, weight in layer.named_parameters(recurse=False):
                setattr(layer, name, torch.nn.Parameter(weight.float(), requires_grad=False))


def _bound(apply: Any, layer: Any, *more: Any) -> Any:
    def forward(x: Any) -> Any:
        return apply(x, layer.weight, layer.bias, *more)

    return forward


@cache
def _functions() -> tuple[Any, Any]:
    """The two as torch knows them: forward, and backward towards the input alone."""
    torch = library.torch()

    class Linear(torch.autograd.Function):
        @staticmethod
        def forward(context, x, weight, bias):
            context.save_for_backward(weight)
            return torch.nn.functional.linear(x, _wide(weight, x), bias)

        @staticmethod
        def backward(context, gradient):
            (weight,) = context.saved_tensors
            return gradient @ _wide(weight, gradient), None, None

    class Convolution(torch.autograd.Function):
        @staticmethod
        def forward(context, x, weight, bias, stride, padding, dilation):
            context.save_for_backward(weight)
            context.shape, context.settings = x.shape, (stride, padding, dilation)
            return torch.nn.functional.conv2d(x, _wide(weight, x), bias, stride, padding, dilation)

        @staticmethod
        def backward(context, gradient):
            (weight,) = context.saved_tensors
            back = torch.nn.grad.conv2d_input(context.shape, _wide(weight, gradient), gradient, *context.settings)
            return back, None, None, None, None, None

    return Linear, Convolution


_room: list[Any] = []
"""The place in which weights are widened, one after another: taking a new one each time costs as much as that."""


def _wide(weight: Any, like: Any) -> Any:
    """The weights in the other's type, valid until the next call."""
    if weight.dtype == like.dtype:
        return weight
    if not _room or _room[0].numel() < weight.numel():
        _room[:] = [library.torch().empty(weight.numel(), dtype=like.dtype)]
    return _room[0][: weight.numel()].view(weight.shape).copy_(weight)
