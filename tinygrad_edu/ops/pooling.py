"""Pooling: the largest entry of each window of images, or its mean.

What it is called with: images.py.
"""

from __future__ import annotations

import math
from typing import Any

from ..backend import Array
from ..tensor import Tensor, op
from .fused import _wide
from .shape import stack
from .window import ONES, ZEROS, Pair, bordered, bordered_tensor, inside, places, steps_of


def _stacked(x: Tensor, kernel: Pair, stride: Pair) -> Tensor:
    """What each window sees, along a new first axis: (window, N, C, rows, columns)."""
    steps = steps_of(x.shape[2:], kernel, stride)
    return stack([x[(..., *place)] for place in places(kernel, steps, stride)])


def stacked_max_pool2d(
    x: Tensor, kernel: Pair = ONES, stride: Pair = ONES, padding: Pair = ZEROS
) -> Tensor:
    """The largest entry of each window, by max() over all windows side by side."""
    return _stacked(bordered_tensor(x, padding, -math.inf), kernel, stride).max(axis=0)


@op(composed=stacked_max_pool2d)
def _max_pool2d(
    xp: Any, x: Array, /, kernel: Pair = ONES, stride: Pair = ONES, padding: Pair = ZEROS
) -> Any:
    """The largest entry of each window of x.   The gradient goes to the first of the largest"""
    image = bordered(xp, x.transpose((0, 2, 3, 1)), padding, 1, -math.inf)
    steps = steps_of(image.shape[1:3], kernel, stride)
    seen = [image[(slice(None), *place)] for place in places(kernel, steps, stride)]
    y = xp.maximum(seen[0], seen[-1])  # (N, rows, columns, C), in memory of its own
    for entries in seen[1:-1]:
        xp.maximum(y, entries, out=y)

    # Which entry it was is noted now, while the images are in the cache. All bits set: none was.
    kind = xp.uint8 if len(seen) < 256 else xp.uint32
    nothing = xp.iinfo(kind).max
    first = xp.full(y.shape, nothing, kind)  # number of the first of the largest
    for number, entries in enumerate(seen):
        other = (entries != y).astype(kind) * nothing
        other |= number
        xp.minimum(first, other, out=first)
    shape = image.shape
    apart = kernel[0] <= stride[0] and kernel[1] <= stride[1]  # windows share no entries

    def vjp(g: Array) -> Array:
        g = g.transpose((0, 2, 3, 1))
        slope = xp.zeros(shape, g.dtype)
        for number, place in enumerate(places(kernel, steps, stride)):
            part = xp.masked(g, first == number)
            if apart:
                slope[(slice(None), *place)] = part
            else:
                slope[(slice(None), *place)] += part
        return inside(slope, padding)

    return y.transpose((0, 3, 1, 2)), vjp


def stacked_avg_pool2d(
    x: Tensor, kernel: Pair = ONES, stride: Pair = ONES, padding: Pair = ZEROS
) -> Tensor:
    """The mean of each window, by mean() over all windows side by side."""
    return _stacked(bordered_tensor(x, padding), kernel, stride).mean(axis=0)


@op(composed=stacked_avg_pool2d)
def _avg_pool2d(
    xp: Any, x: Array, /, kernel: Pair = ONES, stride: Pair = ONES, padding: Pair = ZEROS
) -> Any:
    """The mean of each window of x, borders included.   ∂/∂x = 1/(entries of a window)"""
    image = bordered(xp, x.transpose((0, 2, 3, 1)), padding, 1)
    steps = steps_of(image.shape[1:3], kernel, stride)
    met = [(slice(None), *place) for place in places(kernel, steps, stride)]
    y = image[met[0]].astype(_wide(x))  # a copy: (N, rows, columns, C)
    for place in met[1:]:
        y += image[place]
    y /= len(met)
    y, shape = y.astype(x.dtype, copy=False), image.shape

    def vjp(g: Array) -> Array:
        share = g.transpose((0, 2, 3, 1)) / len(met)
        slope = xp.zeros(shape, g.dtype)
        for place in met:
            slope[place] += share
        return inside(slope, padding)

    return y.transpose((0, 3, 1, 2)), vjp
