"""Convolution as a matrix product: every window of the images times every kernel.

What it is called with: images.py. What it shares with pooling: window.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..backend import Array
from ..tensor import Tensor, op
from .fused import _row_sum
from .matrix import einsum
from .window import ONES, ZEROS, Pair, bordered, bordered_tensor, inside, places, steps_of


def looped_conv2d(
    x: Tensor, weight: Tensor, stride: Pair = ONES, padding: Pair = ZEROS, dilation: Pair = ONES,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """The convolution as a loop over the kernel: each entry times the part of x that it meets."""
    (out, size), kernel = weight.shape[:2], weight.shape[2:]  # a kernel sees `size` channels
    image = bordered_tensor(x, padding)
    steps = steps_of(image.shape[2:], kernel, stride, dilation)
    image = image.reshape((len(x), groups, size, *image.shape[2:]))  # (N, groups, in, H, W)
    kernels = weight.reshape((groups, out // groups, size, *kernel))
    total: Any = 0
    for k, place in enumerate(places(kernel, steps, stride, dilation)):
        entry = kernels[(..., *divmod(k, kernel[1]))]  # (groups, out, in)
        total = total + einsum("ngihw,goi->ngohw", image[(..., *place)], entry)
    y: Tensor = total.reshape((len(x), out, *steps))  # (N, out, rows, columns)
    return y


def _looped_and_shifted(x: Tensor, weight: Tensor, bias: Tensor, **how: Any) -> Tensor:
    return looped_conv2d(x, weight, **how) + bias.reshape((len(bias), 1, 1))


def _reader(
    xp: Any, x: Array, kernel: Pair, steps: Pair, stride: Pair, padding: Pair, dilation: Pair,
    groups: int,
) -> tuple[tuple[int, ...], Callable[[slice], Array]]:  # fmt: skip
    """How windows are read: the order of their entries, and windows(images) as a matrix.

    The order is that of the axes of kernels (groups, out, in, height, width) with `out` last. The
    matrix (groups, area, windows) has in each column what one window of these images sees.
    """
    size = x.shape[1] // groups
    each, area = math.prod(steps), math.prod(kernel) * size
    # Copying is fast where what lies side by side is long: rows of a plane, or channels.
    in_planes = x.flags.c_contiguous and steps[1] > kernel[1] * size
    if in_planes:
        image = bordered(xp, x, padding, 2)  # (N, C, H, W)
        of_image, of_channel, of_row, of_column = image.strides
    else:
        image = bordered(xp, x.transpose((0, 2, 3, 1)), padding, 1)  # (N, H, W, C)
        of_image, of_row, of_column, of_channel = image.strides
    by_window = (of_image, stride[0] * of_row, stride[1] * of_column)
    by_entry = (dilation[0] * of_row, dilation[1] * of_column)
    of_group, as_strided = size * of_channel, xp.lib.stride_tricks.as_strided

    def by_plane(images: slice) -> Array:
        part = image[images]
        shape = (groups, size, *kernel, len(part), *steps)
        seen = as_strided(part, shape, (of_group, of_channel, *by_entry, *by_window))
        return seen.reshape((groups, area, len(part) * each))

    def by_pixel(images: slice) -> Array:
        part = image[images]
        shape = (groups, len(part), *steps, *kernel, size)
        seen = as_strided(part, shape, (of_group, *by_window, *by_entry, of_channel))
        return seen.reshape((groups, len(part) * each, area)).transpose((0, 2, 1))

    return ((0, 2, 3, 4, 1), by_plane) if in_planes else ((0, 3, 4, 2, 1), by_pixel)


def _blocks(n: int, size: int, limit: int) -> list[slice]:
    """n images in blocks of one at least and `limit` bytes at most, at `size` bytes an image.

    Windows overlap, so together they are several times as large as the images. A block at a time
    they stay in the cache, and a thousand images fit into memory.
    """
    length = max(1, limit // max(1, size))
    return [slice(start, min(n, start + length)) for start in range(0, n, length)]


@op(composed=looped_conv2d)
def _conv2d(
    xp: Any, x: Array, weight: Array, /, stride: Pair = ONES, padding: Pair = ZEROS,
    dilation: Pair = ONES, groups: int = 1,
) -> Any:  # fmt: skip
    """conv(x, W): every window of x times every kernel of W, summed.

    ∂/∂x = Σ g · W, each where its window lay   ∂/∂W = Σ g · window
    """
    (out, size), kernel = weight.shape[:2], weight.shape[2:]  # a kernel sees `size` channels
    lengths = tuple(n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True))
    steps = steps_of(lengths, kernel, stride, dilation)
    each, area = math.prod(steps), math.prod(kernel) * size  # windows of an image, entries of one
    order, windows = _reader(xp, x, kernel, steps, stride, padding, dilation, groups)

    kernels = weight.reshape((groups, out // groups, size, *kernel))
    matrix = kernels.transpose(order).reshape((groups, area, out // groups))
    blocks = _blocks(len(x), groups * each * area * x.itemsize, xp.block_bytes)
    y = xp.empty((groups, len(x) * each, out // groups), xp.result_type(x.dtype, weight.dtype))
    for images in blocks:  # all windows meet all kernels in one matrix product
        rows = slice(images.start * each, images.stop * each)
        xp.matmul(windows(images).transpose((0, 2, 1)), matrix, out=y[:, rows])
    y = xp.ascontiguousarray(y.transpose((1, 0, 2))).reshape((len(x), *steps, out))

    def by_group(g: Array) -> Array:  # (groups, windows, out/groups)
        g = g.transpose((0, 2, 3, 1)).reshape((len(g) * each, groups, out // groups))
        return g.transpose((1, 0, 2))

    def wrt_x(g: Array) -> Array:
        entries = xp.ascontiguousarray(kernels.transpose((3, 4, 0, 1, 2)))
        entries = entries.reshape((math.prod(kernel), groups, out // groups, size))
        slope, g = xp.zeros((len(x), *lengths, x.shape[1]), g.dtype), by_group(g)
        for entry, place in zip(entries, places(kernel, steps, stride, dilation), strict=True):
            part = (g @ entry).transpose((1, 0, 2))  # (windows, groups, in)
            slope[(slice(None), *place)] += part.reshape((len(x), *steps, x.shape[1]))
        return inside(slope, padding)

    def wrt_weight(g: Array) -> Array:
        slope = xp.zeros(matrix.shape, g.dtype)
        for images in blocks:
            slope += windows(images) @ by_group(g[images])
        slope = slope.reshape(tuple(kernels.shape[i] for i in order))
        return slope.transpose([order.index(i) for i in range(5)]).reshape(weight.shape)

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
    y = y.astype(xp.result_type(y.dtype, bias.dtype), copy=False)
    n, out, rows, columns = y.shape
    lines = y.transpose((0, 2, 3, 1)).reshape((n * rows, columns * out))
    lines += xp.tile(bias, columns)  # in a third of the time of one pixel after another
    y = lines.reshape((n, rows, columns, out)).transpose((0, 3, 1, 2))

    def wrt_bias(g: Array) -> Array:
        pixels = g.transpose((0, 2, 3, 1)).reshape((n * rows * columns, out))
        return _row_sum(xp, pixels)

    return y, wrt_x, wrt_weight, wrt_bias


_biased_conv2d.__name__ = "conv2d"  # as it was called: an error and a graph show this name
