"""Starting values. Each function draws a parameter's values anew, in place, and returns it.

fan_in and fan_out are the numbers of inputs and outputs that one weight connects: for a matrix
(in, out) its two sides, for a convolution (out, in, height, width) channels times kernel size.
"""

from __future__ import annotations

import math

import numpy as np

from ..backend import generator
from ..tensor import Tensor, asarray


def zeros_(x: Tensor) -> Tensor:
    """All entries 0."""
    return _filled(x, np.zeros(x.shape))


def uniform_(x: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
    """U(low, high)."""
    return _filled(x, generator().uniform(low, high, x.shape))


def normal_(x: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """N(mean, std²)."""
    return _filled(x, mean + std * generator().standard_normal(x.shape))


def ones_(x: Tensor) -> Tensor:
    """All entries 1."""
    return _filled(x, np.ones(x.shape))


def constant_(x: Tensor, value: float) -> Tensor:
    """All entries value."""
    return _filled(x, np.full(x.shape, value))


# --- sizes that keep the spread of signals the same from layer to layer


def xavier_uniform_(x: Tensor, gain: float = 1.0) -> Tensor:
    """U(−r, r) with r = gain · √(6 / (fan_in + fan_out)).   Glorot and Bengio 2010, eq. 16"""
    fan_in, fan_out = fans(x.shape)
    limit = gain * math.sqrt(6 / (fan_in + fan_out))
    return uniform_(x, -limit, limit)


def xavier_normal_(x: Tensor, gain: float = 1.0) -> Tensor:
    """N(0, σ²) with σ = gain · √(2 / (fan_in + fan_out)).   Glorot and Bengio 2010, eq. 12"""
    fan_in, fan_out = fans(x.shape)
    return normal_(x, 0.0, gain * math.sqrt(2 / (fan_in + fan_out)))


def kaiming_uniform_(x: Tensor, gain: float = math.sqrt(2)) -> Tensor:
    """U(−r, r) with r = gain · √(3 / fan_in); gain √2 makes up for ReLU.   He et al. 2015"""
    limit = gain * math.sqrt(3 / fans(x.shape)[0])
    return uniform_(x, -limit, limit)


def kaiming_normal_(x: Tensor, gain: float = math.sqrt(2)) -> Tensor:
    """N(0, σ²) with σ = gain / √fan_in; gain √2 makes up for ReLU.   He et al. 2015, eq. 10"""
    return normal_(x, 0.0, gain / math.sqrt(fans(x.shape)[0]))


def pytorch_linear_(weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """U(−r, r) with r = 1 / √fan_in for the weight and its bias: what PyTorch's Linear starts with.

    Returns the weight.
    """
    limit = 1 / math.sqrt(fans(weight.shape)[0])
    if bias is not None:
        uniform_(bias, -limit, limit)
    return uniform_(weight, -limit, limit)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight: (in, out) for a matrix, times the kernel for (out, in, …)."""
    if len(shape) < 2:
        raise ValueError(
            f"a weight of shape {shape} has no fan_in and fan_out: they need two axes. "
            "For a bias use zeros_ or uniform_"
        )
    if len(shape) == 2:
        return shape[0], shape[1]
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def _filled(x: Tensor, values: np.ndarray) -> Tensor:
    x.data = asarray(values.astype(x.dtype)).to(x.device)._data
    return x
