"""Layers whose window slides over images: pooling, then convolution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ops.create import zeros
from ..ops.images import IntOrPair, as_images, as_length, as_pair
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module, Parameter

# --- pooling


class GlobalAvgPool2d(Module):
    """The mean of each channel: (N, C, H, W) → (N, C), whatever the size of the images."""

    def forward(self, x: Tensor) -> Tensor:
        """The mean over rows and columns."""
        return as_images("GlobalAvgPool2d", x).mean(axis=(2, 3))  # (N, C)


class _Pool2d(Module):
    """What the poolings share: their window."""

    def __init__(
        self, kernel_size: IntOrPair, stride: IntOrPair | None = None, padding: IntOrPair = 0
    ) -> None:
        self.kernel_size = as_pair("kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else as_pair("stride", stride, 1)
        self.padding = as_pair("padding", padding, 0)

    def extra_repr(self) -> str:
        """Its window."""
        usual = {"stride": self.kernel_size, "padding": (0, 0)}
        return _shown(self.kernel_size) + _differing(self, usual)


class MaxPool2d(_Pool2d):
    """The largest entry of each window: (N, C, H, W) → (N, C, H', W').

    H' = ⌊(H + 2 padding − kernel_size) / stride⌋ + 1, and likewise W'; stride is kernel_size where
    none is given. Sizes are whole numbers or pairs (rows, columns). Source: document 001 §4.3.2.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The largest entry of each window."""
        return F.max_pool2d(x, self.kernel_size, self.stride, self.padding)


class AvgPool2d(_Pool2d):
    """The mean of each window, zeros of the padding included; shapes as for MaxPool2d."""

    def forward(self, x: Tensor) -> Tensor:
        """The mean of each window."""
        return F.avg_pool2d(x, self.kernel_size, self.stride, self.padding)


# --- convolution


class Conv2d(Module):
    """Kernels that slide over images: y = x ∗ W + b, the same W and b at every place.

    Shapes: x (N, in_channels, H, W), W (out_channels, in_channels/groups, *kernel_size),
    b (out_channels,), y (N, out_channels, H', W') with
    H' = ⌊(H + 2 padding − dilation (kernel_size − 1) − 1) / stride⌋ + 1. Sizes are whole numbers or
    pairs (rows, columns). W starts as U(−r, r) with r = √(6 / (fan_in + fan_out)) (Glorot), where
    one weight connects fan_in = k k in/groups inputs and fan_out = k k out/groups outputs; b starts
    as zeros: what the documents' Keras listings do. Source: document 001 §4.3.2, §5.2.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: IntOrPair, stride: IntOrPair = 1,
        padding: IntOrPair = 0, dilation: IntOrPair = 1, groups: int = 1, bias: bool = True,
    ) -> None:  # fmt: skip
        kernel = as_pair("kernel_size", kernel_size, 1)
        self.weight = _kernels("Conv2d", in_channels, out_channels, kernel, groups)
        self.bias = Parameter(zeros(out_channels)) if bias else None
        self.stride = as_pair("stride", stride, 1)
        self.padding = as_pair("padding", padding, 0)
        self.dilation = as_pair("dilation", dilation, 1)
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """x ∗ W + b."""
        return F.conv2d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        """Its channels and its window."""
        out, size, *kernel = self.weight.shape
        usual = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
        sizes = f"{size * self.groups}, {out}, {_shown(tuple(kernel))}"
        return sizes + _differing(self, usual) + ("" if self.bias is not None else ", bias=False")


class Conv1d(Module):
    """Conv2d along one axis: x (N, in_channels, L) → (N, out_channels, L')."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1,
        padding: int = 0, dilation: int = 1, groups: int = 1, bias: bool = True,
    ) -> None:  # fmt: skip
        length = as_length("kernel_size", kernel_size, 1)
        self.weight = _kernels("Conv1d", in_channels, out_channels, (length,), groups)
        self.bias = Parameter(zeros(out_channels)) if bias else None
        self.stride = as_length("stride", stride, 1)
        self.padding = as_length("padding", padding, 0)
        self.dilation = as_length("dilation", dilation, 1)
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """x ∗ W + b."""
        return F.conv1d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        """Its channels and its window."""
        out, size, length = self.weight.shape
        usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
        sizes = f"{size * self.groups}, {out}, {length}"
        return sizes + _differing(self, usual) + ("" if self.bias is not None else ", bias=False")


def _kernels(
    name: str, in_channels: Any, out_channels: Any, kernel: tuple[int, ...], groups: Any
) -> Parameter:
    """Kernels drawn by Glorot's rule, each for the channels of one group."""
    numbers = {"groups": groups, "in_channels": in_channels, "out_channels": out_channels}
    for what, value in numbers.items():
        if not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name}: {what} is a whole number of at least 1, not {value!r}")
        if what != "groups" and value % groups:
            raise ValueError(
                f"{name}: {what}={value} does not make {groups} equal groups; give a groups= that "
                "divides in_channels and out_channels"
            )
    weight = Parameter(zeros((out_channels, in_channels // groups, *kernel)))
    fans = init.fans((out_channels // groups, in_channels // groups, *kernel))
    limit = math.sqrt(6 / sum(fans))
    init.uniform_(weight, -limit, limit)
    return weight


def _shown(pair: tuple[int, ...]) -> str:
    """A pair as it would be typed: 3 for (3, 3)."""
    return str(pair[0] if len(set(pair)) == 1 else pair)


def _differing(module: Module, usual: dict[str, Any]) -> str:
    """The settings that are not the usual ones."""
    text = ""
    for name, value in usual.items():
        given = getattr(module, name)
        if given != value:
            text += f", {name}={_shown(given) if isinstance(given, tuple) else given}"
    return text
