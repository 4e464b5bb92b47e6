"""Convolution and pooling as they are called: numbers or pairs, and sentences for what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, asarray
from .convolution import _biased_conv2d, _conv2d
from .pooling import _avg_pool2d, _max_pool2d
from .shape import expand_dims, squeeze
from .window import ONES, ZEROS, Pair, steps_of

IntOrPair = int | tuple[int, ...]


def conv2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: IntOrPair = 1,
    padding: IntOrPair = 0, dilation: IntOrPair = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """y_nohw = b_o + Σ_ijk x_n,i,h+j,w+k · W_oijk: kernels W slide over images x.

    Shapes: x (N, in, H, W), weight (out, in/groups, height, width), bias (out,), result
    (N, out, H', W') with H' = ⌊(H + 2 padding − dilation (height − 1) − 1) / stride⌋ + 1. Rows and
    columns at the end that no window reaches are not used.

    Args:
        stride: how far the window moves; this and the next two are a number or a pair (rows,
            columns).
        padding: how many rows and columns of zeros are put on each side.
        dilation: how far apart the entries of a kernel meet the image.
        groups: channels are split into so many groups, each with kernels of its own.

    Raises:
        ValueError: where shapes, channels or groups do not fit, or the kernel exceeds the image.

    Document 001 §4.3.2
    """
    x = as_images("conv2d", x)
    weight = asarray(weight)
    _check_kernels("conv2d", x, weight, bias, groups)
    how = {
        "stride": as_pair("stride", stride, 1),
        "padding": as_pair("padding", padding, 0),
        "dilation": as_pair("dilation", dilation, 1),
    }
    _check_size("conv2d", x, weight.shape[2:], how["padding"], how["dilation"])
    if bias is None:
        return _conv2d(x, weight, **how, groups=groups)
    return _biased_conv2d(x, weight, bias, **how, groups=groups)


def conv1d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0,
    dilation: int = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """conv2d along one axis: x (N, in, L), weight (out, in/groups, length) → (N, out, L').

    L' and the options are those of conv2d, as whole numbers.   Waibel et al. 1989

    Raises:
        ValueError: as conv2d.
    """
    x, weight = asarray(x), asarray(weight)
    if x.ndim != 3 or weight.ndim != 3:
        raise ValueError(
            "conv1d() needs inputs of shape (N, C, L) and a weight of shape (out, in/groups, "
            f"length); it was given {x.shape} and {weight.shape}. x[None] makes a batch of one, "
            "x[:, None] gives (N, L) one channel"
        )
    y = conv2d(
        expand_dims(x, 2), expand_dims(weight, 2), bias, (1, as_length("stride", stride, 1)),
        (0, as_length("padding", padding, 0)), (1, as_length("dilation", dilation, 1)), groups,
    )  # fmt: skip
    return squeeze(y, 2)  # (N, out, L')


def max_pool2d(
    x: Tensor, kernel_size: IntOrPair, stride: IntOrPair | None = None, padding: IntOrPair = 0
) -> Tensor:
    """The largest entry of each window: (N, C, H, W) → (N, C, H', W'), H' as for conv2d.

    The gradient goes to the first of the largest, row by row. stride is kernel_size where none is
    given; padding adds −∞, at most half a kernel on each side. Rows and columns at the end that no
    window reaches are not used: 13 rows in pairs give 6. A window with a NaN gives NaN, and no
    gradient.   Document 001 §4.3.2

    Raises:
        ValueError: where padding exceeds half a kernel, or the kernel the image.
        TypeError: where images of whole numbers are padded.
    """
    x = as_images("max_pool2d", x)
    how = _pooling("max_pool2d", x, kernel_size, stride, padding)
    if how["padding"] != ZEROS and x.dtype.kind != "f":
        raise TypeError(
            f"max_pool2d(): padding is −∞, which {x.dtype} cannot hold; leave out padding= or "
            "convert the images with .astype(te.float32)"
        )
    return _max_pool2d(x, **how)


def avg_pool2d(
    x: Tensor, kernel_size: IntOrPair, stride: IntOrPair | None = None, padding: IntOrPair = 0
) -> Tensor:
    """The mean of each window: (N, C, H, W) → (N, C, H', W'), H' as for conv2d.

    Zeros that padding adds count as entries, as in PyTorch. stride is kernel_size where none is
    given.   LeCun et al. 1998, whose subsampling it is but for a factor and a shift

    Raises:
        ValueError: as max_pool2d.
    """
    x = as_images("avg_pool2d", x)
    if x.dtype.kind != "f":
        x = x.astype(np.float32)
    return _avg_pool2d(x, **_pooling("avg_pool2d", x, kernel_size, stride, padding))


# --- what they are given


def is_whole(value: Any, least: int) -> bool:
    """Whether value is a whole number of at least `least`. True and False are none."""
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_integer and bool(value >= least)


def as_pair(name: str, value: Any, least: int) -> Pair:
    """A whole number as a pair (rows, columns), a pair as it is."""
    if isinstance(value, np.ndarray | Tensor):
        value = value.tolist()
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2 or not all(is_whole(v, least) for v in pair):
        mend = ""
        if isinstance(value, str) and value == "same":
            mend = " With stride 1, padding=kernel_size // 2 keeps the size"
        raise ValueError(
            f"{name} is a whole number of at least {least}, or a pair of them for rows and "
            f"columns, not {value!r}.{mend}".rstrip(".")
        )
    return int(pair[0]), int(pair[1])


def as_length(name: str, value: Any, least: int) -> int:
    """A whole number of at least `least`, which value must be."""
    if not is_whole(value, least):
        raise ValueError(
            f"{name} along one axis is a whole number of at least {least}, not {value!r}"
        )
    return int(value)


def _pooling(name: str, x: Tensor, kernel: Any, stride: Any, padding: Any) -> dict[str, Pair]:
    how = {
        "kernel": as_pair("kernel_size", kernel, 1),
        "stride": as_pair("stride", kernel if stride is None else stride, 1),
        "padding": as_pair("padding", padding, 0),
    }
    if any(2 * p > k for p, k in zip(how["padding"], how["kernel"], strict=True)):
        raise ValueError(
            f"{name}(): padding {padding} is more than half of the kernel_size {kernel}, so that "
            "some windows would see nothing else; give at most half of it"
        )
    _check_size(name, x, how["kernel"], how["padding"], ONES)
    return how


def as_images(name: str, x: Any) -> Tensor:
    """x as a tensor of shape (N, C, H, W), which it must have."""
    images = asarray(x)
    if images.ndim == 4:
        return images
    mend = "x[:, None] gives (N, H, W) one channel, x[None] makes a batch of one (C, H, W)"
    if images.ndim == 2:
        mend = "reshape rows of pixels to (N, channels, height, width); x[None, None] is one image"
    raise ValueError(
        f"{name}() needs images of shape (N, C, H, W); it was given {images.shape}. {mend}"
    )


def _check_kernels(name: str, x: Tensor, weight: Tensor, bias: Any, groups: int) -> None:
    shift = None if bias is None else asarray(bias).shape
    if weight.ndim != 4 or shift not in (None, weight.shape[:1]):
        raise ValueError(
            f"{name}() needs a weight of shape (out, in/groups, height, width) and a bias of shape "
            f"(out,); it was given {weight.shape} and {shift}"
        )
    out, size = weight.shape[:2]
    if not is_whole(groups, 1) or out % groups:
        raise ValueError(
            f"{name}(): {out} output channels do not make {groups!r} equal groups; give a groups= "
            "that divides the input and the output channels"
        )
    if x.shape[1] == size * groups:
        return
    mend = f"give the layer in_channels={x.shape[1]}, or images of the channels it has"
    if x.shape[3] == size * groups:
        mend = "they look like (N, H, W, C): x.transpose(0, 3, 1, 2) puts the channels in front"
    raise ValueError(
        f"{name}(): a weight of shape {weight.shape} with groups={groups} is for images of "
        f"{size * groups} channels, and these of shape {x.shape} have {x.shape[1]}; {mend}"
    )


def _check_size(name: str, x: Tensor, kernel: Pair, padding: Pair, dilation: Pair) -> None:
    lengths = tuple(n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True))
    if min(steps_of(lengths, kernel, ONES, dilation)) < 1 or 0 in kernel:
        reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
        raise ValueError(
            f"{name}(): a window of {reach[0]} × {reach[1]} does not fit into images of "
            f"{lengths[0]} × {lengths[1]} (shape {x.shape}, padding included); take a smaller "
            "kernel, more padding=, or pool less before"
        )
