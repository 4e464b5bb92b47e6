"""What pooling and convolution share: windows that slide over images.

Images are (N, C, H, W). Behind that shape the memory of a result is channels-last, (N, H, W, C): a
window then reads whole rows of channels, and nothing is copied between one layer and the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..backend import Array
from ..tensor import Tensor
from .shape import pad

Pair = tuple[int, ...]  # two numbers: along the height and along the width
ONES, ZEROS = (1, 1), (0, 0)


def steps_of(lengths: Pair, kernel: Pair, stride: Pair, dilation: Pair = ONES) -> Pair:
    """How many windows fit along each axis: ⌊(n − d (k − 1) − 1) / s⌋ + 1. The rest is not seen."""
    sizes = zip(lengths, kernel, stride, dilation, strict=True)
    return tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in sizes)


def places(kernel: Pair, steps: Pair, stride: Pair, dilation: Pair = ONES) -> Iterator[Any]:
    """For each entry of the kernel, row by row: the rows and columns of the image it meets."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            along = zip((i, j), steps, stride, dilation, strict=True)
            yield tuple(slice(d * k, d * k + s * (n - 1) + 1, s) for k, n, s, d in along)


def bordered_tensor(x: Tensor, padding: Pair, value: float = 0) -> Tensor:
    """Images (N, C, H, W) with a border of one value."""
    return pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)), constant_values=value)


def bordered(xp: Any, x: Array, padding: Pair, axis: int, value: float = 0) -> Array:
    """x with a border of one value around an axis and the next, one after another in memory."""
    if padding == ZEROS:
        return xp.ascontiguousarray(x)  # itself, where the layer before has made it so
    shape, middle = list(x.shape), [slice(None)] * axis
    for i, width in enumerate(padding, axis):
        shape[i] += 2 * width
        middle.append(slice(width, width + x.shape[i]))
    image = xp.full(tuple(shape), value, x.dtype)
    image[tuple(middle)] = x
    return image


def inside(slope: Array, padding: Pair) -> Array:
    """The gradient of a bordered (N, H, W, C) as that of the images (N, C, H, W)."""
    (top, left), (height, width) = padding, slope.shape[1:3]
    return slope[:, top : height - top, left : width - left].transpose((0, 3, 1, 2))
