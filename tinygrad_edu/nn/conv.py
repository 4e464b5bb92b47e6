"""Layers whose window slides over images: pooling, then convolution."""

from __future__ import annotations

import math
from typing import Any

from ..ops.create import zeros
from ..ops.images import IntOrPair, as_images, as_length, as_pair
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module, Parameter, check_sizes

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
    """The mean of each window, zeros of the padding included: (N, C, H, W) → (N, C, H', W').

    H' and what is given are as for MaxPool2d. Source: LeCun et al. 1998, subsampling.

    Raises:
        ValueError: where a size is no whole number, or a window does not fit into the images.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The mean of each window."""
        return F.avg_pool2d(x, self.kernel_size, self.stride, self.padding)


# --- convolution


class _Conv(Module):
    """What both share: kernels drawn by Glorot's rule, each for the channels of one group."""

    usual: dict[str, Any]  # the settings that repr() leaves out

    def __init__(
        self, in_channels: Any, out_channels: Any, kernel: tuple[int, ...], groups: Any, bias: bool
    ) -> None:
        name = type(self).__name__
        check_sizes(name, groups=groups, in_channels=in_channels, out_channels=out_channels)
        for what, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(
                    f"{name}: {what}={channels} does not make {groups} equal groups; give a "
                    "groups= that divides in_channels and out_channels"
                )
        self.weight = Parameter(zeros((out_channels, in_channels // groups, *kernel)))
        fans = init.fans((out_channels // groups, in_channels // groups, *kernel))
        limit = math.sqrt(6 / sum(fans))
        init.uniform_(self.weight, -limit, limit)
        self.bias = Parameter(zeros(out_channels)) if bias else None
        self.groups = groups

    def extra_repr(self) -> str:
        """Its channels and its window."""
        out, size, *kernel = self.weight.shape
        sizes = f"{size * self.groups}, {out}, {_shown(tuple(kernel))}"
        unbiased = "" if self.bias is not None else ", bias=False"
        return sizes + _differing(self, self.usual) + unbiased


class Conv2d(_Conv):
    """Kernels that slide over images: y = x ∗ W + b, the same W and b at every place.

    Shapes: x (N, in_channels, H, W), W (out_channels, in_channels/groups, *kernel_size),
    b (out_channels,), y (N, out_channels, H', W') with
    H' = ⌊(H + 2 padding − dilation (kernel_size − 1) − 1) / stride⌋ + 1. Sizes are whole numbers or
    pairs (rows, columns). W starts as U(−r, r) with r = √(6 / (fan_in + fan_out)) (Glorot), where
    one weight connects fan_in = k k in/groups inputs and fan_out = k k out/groups outputs; b starts
    as zeros: what the documents' Keras listings do. Source: document 001 §4.3.2, §5.2.

    Raises:
        ValueError: where groups does not divide the channels, or a size is no whole number.
    """

    usual = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: IntOrPair, stride: IntOrPair = 1,
        padding: IntOrPair = 0, dilation: IntOrPair = 1, groups: int = 1, bias: bool = True,
    ) -> None:  # fmt: skip
        kernel = as_pair("kernel_size", kernel_size, 1)
        super().__init__(in_channels, out_channels, kernel, groups, bias)
        self.stride = as_pair("stride", stride, 1)
        self.padding = as_pair("padding", padding, 0)
        self.dilation = as_pair("dilation", dilation, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x ∗ W + b."""
        return F.conv2d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


class Conv1d(_Conv):
    """Conv2d along one axis: x (N, in_channels, L) → (N, out_channels, L')."""

    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1,
        padding: int = 0, dilation: int = 1, groups: int = 1, bias: bool = True,
    ) -> None:  # fmt: skip
        length = as_length("kernel_size", kernel_size, 1)
        super().__init__(in_channels, out_channels, (length,), groups, bias)
        self.stride = as_length("stride", stride, 1)
        self.padding = as_length("padding", padding, 0)
        self.dilation = as_length("dilation", dilation, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x ∗ W + b."""
        return F.conv1d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


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
