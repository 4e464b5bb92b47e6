"""Convolution, pooling and batch normalisation as plain loops, to compare the library with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Pair = tuple[int, ...]


def bordered(x: np.ndarray, padding: Pair, value: float = 0.0) -> np.ndarray:
    n, channels, height, width = x.shape
    top, left = padding
    image = np.full((n, channels, height + 2 * top, width + 2 * left), value, x.dtype)
    image[:, :, top : top + height, left : left + width] = x
    return image


def count(length: int, kernel: int, stride: int, dilation: int = 1) -> int:
    """How many windows start inside and end inside, counted one by one."""
    return sum(1 for start in range(0, length, stride) if start + dilation * (kernel - 1) < length)


def conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, stride: Pair = (1, 1),
    padding: Pair = (0, 0), dilation: Pair = (1, 1), groups: int = 1,
) -> np.ndarray:  # fmt: skip
    image = bordered(x, padding)
    out, size, kh, kw = weight.shape
    rows = count(image.shape[2], kh, stride[0], dilation[0])
    columns = count(image.shape[3], kw, stride[1], dilation[1])
    y = np.zeros((len(x), out, rows, columns), np.result_type(x, weight))
    for n, o, r, c in np.ndindex(y.shape):
        total = 0.0 if bias is None else bias[o]
        first = o // (out // groups) * size  # the first channel of its group
        for k, i, j in np.ndindex(size, kh, kw):
            seen = image[
                n, first + k, r * stride[0] + i * dilation[0], c * stride[1] + j * dilation[1]
            ]
            total = total + seen * weight[o, k, i, j]
        y[n, o, r, c] = total
    return y


def conv1d(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    n, _, length = x.shape
    out, size, kernel = weight.shape
    y = np.zeros((n, out, length - kernel + 1))
    for m, o, c in np.ndindex(y.shape):
        y[m, o, c] = bias[o]
        for k, j in np.ndindex(size, kernel):
            y[m, o, c] += x[m, k, c + j] * weight[o, k, j]
    return y


def pooled(
    x: np.ndarray, of: Callable[[Sequence[Any]], Any], border: float, kernel: Pair, stride: Pair,
    padding: Pair,
) -> np.ndarray:  # fmt: skip
    """`of` of the numbers in each window, row by row."""
    image = bordered(x, padding, border)
    rows = count(image.shape[2], kernel[0], stride[0])
    columns = count(image.shape[3], kernel[1], stride[1])
    y = np.zeros((*x.shape[:2], rows, columns), x.dtype)
    for n, k, r, c in np.ndindex(y.shape):
        y[n, k, r, c] = of(
            [
                image[n, k, r * stride[0] + i, c * stride[1] + j]
                for i in range(kernel[0])
                for j in range(kernel[1])
            ]
        )
    return y


def max_pool2d(
    x: np.ndarray, kernel: Pair = (1, 1), stride: Pair = (1, 1), padding: Pair = (0, 0)
) -> np.ndarray:
    return pooled(x, max, -np.inf, kernel, stride, padding)


def avg_pool2d(
    x: np.ndarray, kernel: Pair = (1, 1), stride: Pair = (1, 1), padding: Pair = (0, 0)
) -> np.ndarray:
    return pooled(x, lambda seen: sum(seen) / len(seen), 0.0, kernel, stride, padding)


def batch_norm(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float = 1e-5
) -> np.ndarray:
    """Channel by channel; NumPy only adds up."""
    y = np.zeros_like(x)
    for k in range(x.shape[1]):
        seen = x[:, k]
        mean = seen.sum() / seen.size
        var = ((seen - mean) ** 2).sum() / seen.size
        y[:, k] = weight[k] * (seen - mean) / np.sqrt(var + eps) + bias[k]
    return y


# --- gradients, the loops run backwards


def conv2d_gradients(
    g: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair, dilation: Pair,
    groups: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """∂/∂x, ∂/∂W and ∂/∂b of Σ g · y: every product of the forward loop, one by one."""
    image = bordered(x, padding)
    slope, slopes, shifts = np.zeros_like(image), np.zeros_like(weight), np.zeros(len(weight))
    out, size, kh, kw = weight.shape
    for n, o, r, c in np.ndindex(g.shape):
        shifts[o] += g[n, o, r, c]
        first = o // (out // groups) * size
        for k, i, j in np.ndindex(size, kh, kw):
            place = (n, first + k, r * stride[0] + i * dilation[0], c * stride[1] + j * dilation[1])
            slope[place] += g[n, o, r, c] * weight[o, k, i, j]
            slopes[o, k, i, j] += g[n, o, r, c] * image[place]
    height, width = x.shape[2:]
    inside = slope[:, :, padding[0] : padding[0] + height, padding[1] : padding[1] + width]
    return inside, slopes, shifts


def pool_gradient(
    g: np.ndarray, x: np.ndarray, kind: str, kernel: Pair, stride: Pair, padding: Pair
) -> np.ndarray:
    """∂/∂x of Σ g · y. Of several largest entries the first, row by row, gets all."""
    image = bordered(x, padding, -np.inf)
    slope = np.zeros_like(image)
    for n, k, r, c in np.ndindex(g.shape):
        places = [
            (n, k, r * stride[0] + i, c * stride[1] + j)
            for i in range(kernel[0])
            for j in range(kernel[1])
        ]
        if kind == "max":
            best = places[0]
            for place in places[1:]:
                if image[place] > image[best]:
                    best = place
            slope[best] += g[n, k, r, c]
        else:
            for place in places:
                slope[place] += g[n, k, r, c] / len(places)
    height, width = x.shape[2:]
    return slope[:, :, padding[0] : padding[0] + height, padding[1] : padding[1] + width]
