"""A window that slides over images: pooling and convolution. What they are called with: images.py.

Images are (N, C, H, W). Behind that shape the memory of a result is channels-last, (N, H, W, C): a
window then reads whole rows of channels, and nothing is copied between one layer and the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ..backend import Array
from ..tensor import Tensor, op
from .fused import _row_sum, _wide
from .matrix import einsum
from .shape import pad, stack

Pair = tuple[int, ...]  # two numbers: along the height and along the width
ONES, ZEROS = (1, 1), (0, 0)


def steps_of(lengths: Pair, kernel: Pair, stride: Pair, dilation: Pair = ONES) -> Pair:
    """How many windows fit along each axis: ⌊(n − d (k − 1) − 1) / s⌋ + 1. The rest is not seen."""
    sizes = zip(lengths, kernel, stride, dilation, strict=True)
    return tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in sizes)


def _places(kernel: Pair, steps: Pair, stride: Pair, dilation: Pair = ONES) -> Iterator[Any]:
    """For each entry of the kernel, row by row: the rows and columns of the image it meets."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            along = zip((i, j), steps, stride, dilation, strict=True)
            yield tuple(slice(d * k, d * k + s * (n - 1) + 1, s) for k, n, s, d in along)


def _bordered(x: Tensor, padding: Pair, value: float = 0) -> Tensor:
    """Images (N, C, H, W) with a border of one value."""
    return pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)), constant_values=value)


def _channels_last(xp: Any, x: Array, padding: Pair, value: float = 0) -> Array:
    """The same for arrays; the result is (N, H, W, C), in memory too."""
    x = x.transpose((0, 2, 3, 1))  # (N, H, W, C)
    if padding == ZEROS:
        return xp.ascontiguousarray(x)  # itself, where the layer before has made it so
    n, height, width, channels = x.shape
    top, left = padding
    image = xp.full((n, height + 2 * top, width + 2 * left, channels), value, x.dtype)
    image[:, top : top + height, left : left + width] = x
    return image


def _inside(slope: Array, padding: Pair) -> Array:
    """The gradient of a bordered (N, H, W, C) as that of the images (N, C, H, W)."""
    (top, left), (height, width) = padding, slope.shape[1:3]
    return slope[:, top : height - top, left : width - left].transpose((0, 3, 1, 2))


# --- pooling


def _stacked(x: Tensor, kernel: Pair, stride: Pair) -> Tensor:
    """What each window sees, along a new first axis: (window, N, C, rows, columns)."""
    places = _places(kernel, steps_of(x.shape[2:], kernel, stride), stride)
    return stack([x[(..., *place)] for place in places])


def stacked_max_pool2d(
    x: Tensor, kernel: Pair = ONES, stride: Pair = ONES, padding: Pair = ZEROS
) -> Tensor:
    """The largest entry of each window, by max() over all windows side by side."""
    return _stacked(_bordered(x, padding, -math.inf), kernel, stride).max(axis=0)


@op(composed=stacked_max_pool2d)
def _max_pool2d(
    xp: Any, x: Array, /, kernel: Pair = ONES, stride: Pair = ONES, padding: Pair = ZEROS
) -> Any:
    """The largest entry of each window of x.   The gradient goes to the first of the largest"""
    image = _channels_last(xp, x, padding, -math.inf)
    steps = steps_of(image.shape[1:3], kernel, stride)
    seen = [image[(slice(None), *place)] for place in _places(kernel, steps, stride)]
    y = xp.maximum(seen[0], seen[-1])  # (N, rows, columns, C), in memory of its own
    for entries in seen[1:-1]:
        xp.maximum(y, entries, out=y)

    apart = kernel[0] <= stride[0] and kernel[1] <= stride[1]  # windows share no entries

    def vjp(g: Array) -> Array:
        g = g.transpose((0, 2, 3, 1))
        slope = xp.zeros(image.shape, g.dtype)
        free = xp.ones(y.shape, bool)  # windows whose largest entry has not been met yet
        for entries, place in zip(seen, _places(kernel, steps, stride), strict=True):
            found = (entries == y) & free
            free ^= found
            if apart:
                slope[(slice(None), *place)] = xp.masked(g, found)
            else:
                slope[(slice(None), *place)] += xp.masked(g, found)
        return _inside(slope, padding)

    return y.transpose((0, 3, 1, 2)), vjp


def stacked_avg_pool2d(
    x: Tensor, kernel: Pair = ONES, stride: Pair = ONES, padding: Pair = ZEROS
) -> Tensor:
    """The mean of each window, by mean() over all windows side by side."""
    return _stacked(_bordered(x, padding), kernel, stride).mean(axis=0)


@op(composed=stacked_avg_pool2d)
def _avg_pool2d(
    xp: Any, x: Array, /, kernel: Pair = ONES, stride: Pair = ONES, padding: Pair = ZEROS
) -> Any:
    """The mean of each window of x, borders included.   ∂/∂x = 1/(entries of a window)"""
    image = _channels_last(xp, x, padding)
    steps = steps_of(image.shape[1:3], kernel, stride)
    places = [(slice(None), *place) for place in _places(kernel, steps, stride)]
    y = image[places[0]].astype(_wide(x))  # a copy: (N, rows, columns, C)
    for place in places[1:]:
        y += image[place]
    y /= len(places)
    y = y.astype(x.dtype, copy=False)

    def vjp(g: Array) -> Array:
        share = g.transpose((0, 2, 3, 1)) / len(places)
        slope = xp.zeros(image.shape, g.dtype)
        for place in places:
            slope[place] += share
        return _inside(slope, padding)

    return y.transpose((0, 3, 1, 2)), vjp


# --- convolution


def looped_conv2d(
    x: Tensor, weight: Tensor, stride: Pair = ONES, padding: Pair = ZEROS, dilation: Pair = ONES,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """The convolution as a loop over the kernel: each entry times the part of x that it meets."""
    (out, size), kernel = weight.shape[:2], weight.shape[2:]  # a kernel sees `size` channels
    image = _bordered(x, padding)
    steps = steps_of(image.shape[2:], kernel, stride, dilation)
    image = image.reshape((len(x), groups, size, *image.shape[2:]))  # (N, groups, in, H, W)
    kernels = weight.reshape((groups, out // groups, size, *kernel))
    total: Any = 0
    for k, place in enumerate(_places(kernel, steps, stride, dilation)):
        entry = kernels[(..., *divmod(k, kernel[1]))]  # (groups, out, in)
        total = total + einsum("ngihw,goi->ngohw", image[(..., *place)], entry)
    y: Tensor = total.reshape((len(x), out, *steps))  # (N, out, rows, columns)
    return y


def _looped_and_shifted(x: Tensor, weight: Tensor, bias: Tensor, **how: Any) -> Tensor:
    return looped_conv2d(x, weight, **how) + bias.reshape((len(bias), 1, 1))


@op(composed=looped_conv2d)
def _conv2d(
    xp: Any, x: Array, weight: Array, /, stride: Pair = ONES, padding: Pair = ZEROS,
    dilation: Pair = ONES, groups: int = 1,
) -> Any:  # fmt: skip
    """conv(x, W): every window of x times every kernel of W, summed.

    ∂/∂x = Σ g · W, each where its window lay   ∂/∂W = Σ g · window
    """
    (out, size), kernel = weight.shape[:2], weight.shape[2:]  # a kernel sees `size` channels
    image = _channels_last(xp, x, padding)
    steps = steps_of(image.shape[1:3], kernel, stride, dilation)
    count, area = len(x) * math.prod(steps), math.prod(kernel) * size

    # Each window becomes the row of a matrix: then all meet all kernels in one matrix product.
    of_image, of_row, of_column, of_channel = image.strides
    windows = xp.lib.stride_tricks.as_strided(
        image,
        (groups, len(x), *steps, *kernel, size),
        (
            *(size * of_channel, of_image, stride[0] * of_row, stride[1] * of_column),
            *(dilation[0] * of_row, dilation[1] * of_column, of_channel),
        ),
    ).reshape((groups, count, area))  # a copy, except for kernels of 1 × 1
    kernels = weight.reshape((groups, out // groups, size, *kernel)).transpose((0, 3, 4, 2, 1))
    y = windows @ kernels.reshape((groups, area, out // groups))  # (groups, windows, out/groups)
    y = y.transpose((1, 0, 2)).reshape((len(x), *steps, out))

    def by_group(g: Array) -> Array:  # (groups, windows, out/groups)
        g = g.transpose((0, 2, 3, 1)).reshape((count, groups, out // groups))
        return g.transpose((1, 0, 2))

    def wrt_x(g: Array) -> Array:
        g = by_group(g)
        entries = xp.ascontiguousarray(kernels.transpose((1, 2, 0, 4, 3)))
        entries = entries.reshape((math.prod(kernel), groups, out // groups, size))
        slope = xp.zeros(image.shape, g.dtype)
        for entry, place in zip(entries, _places(kernel, steps, stride, dilation), strict=True):
            part = (g @ entry).transpose((1, 0, 2))  # (windows, groups, in)
            slope[(slice(None), *place)] += part.reshape((len(x), *steps, image.shape[3]))
        return _inside(slope, padding)

    def wrt_weight(g: Array) -> Array:
        slope = windows.transpose((0, 2, 1)) @ by_group(g)  # (groups, area, out/groups)
        slope = slope.reshape((groups, *kernel, size, out // groups))
        return slope.transpose((0, 4, 3, 1, 2)).reshape(weight.shape)

    return y.transpose((0, 3, 1, 2)), wrt_x, wrt_weight


@op(composed=_looped_and_shifted)
def _biased_conv2d(
    xp: Any, x: Array, weight: Array, bias: Array, /, stride: Pair = ONES, padding: Pair = ZEROS,
    dilation: Pair = ONES, groups: int = 1,
) -> Any:  # fmt: skip
    """conv(x, W) + b.

    ∂/∂x = Σ g · W, each where its window lay   ∂/∂W = Σ g · window   ∂/∂b = Σ g over the windows
    """
    conv: Any = _conv2d
    y, wrt_x, wrt_weight = conv.function(xp, x, weight, stride, padding, dilation, groups)
    shift = bias.reshape((len(bias), 1, 1))
    if y.dtype == bias.dtype:
        y += shift
    else:
        y = y + shift

    def wrt_bias(g: Array) -> Array:
        g = g.transpose((0, 2, 3, 1))  # (N, rows, columns, out)
        return _row_sum(xp, g.reshape((math.prod(g.shape[:3]), len(bias))))

    return y, wrt_x, wrt_weight, wrt_bias


_biased_conv2d.__name__ = "conv2d"  # as it was called: an error and a graph show this name
