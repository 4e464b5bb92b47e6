"""Each channel brought to mean 0 and variance 1 over the batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array
from ..tensor import Tensor, op
from .elementwise import sqrt
from .fused import _row_sum, _wide
from .reduce import mean, var


def _rows(x: Array) -> Array:
    """(N, C, …) as a matrix with a column for each channel; no copy where x is channels-last."""
    return x.transpose((0, *range(2, x.ndim), 1)).reshape((-1, x.shape[1]))  # (rows, C)


def _like(rows: Array, x: Array) -> Array:
    """Such a matrix in the shape of x again."""
    apart = rows.reshape((len(x), *x.shape[2:], x.shape[1]))  # (N, …, C)
    return apart.transpose((0, x.ndim - 1, *range(1, x.ndim - 1)))


def _plain_batch_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """The same in single steps."""
    others = (0, *range(2, x.ndim))  # all axes but that of the channels
    centred = x - mean(x, axis=others, keepdims=True)
    normal = centred / sqrt(var(x, axis=others, keepdims=True) + eps)
    along = (-1, *[1] * (x.ndim - 2))
    return normal * weight.reshape(along) + bias.reshape(along)


@op(composed=_plain_batch_norm, joint=True)
def _batch_norm(xp: Any, x: Array, weight: Array, bias: Array, /, eps: float = 1e-5) -> Any:
    """w · z + b with z = (x − mean) / √(var + ε), mean and var of each channel.

    ∂/∂x = w (g − mean(g) − z · mean(g z)) / √(var + ε)   ∂/∂w = Σ g z   ∂/∂b = Σ g

    Shapes: x (N, C, …), w and b (C,); each mean is over all axes but that of the channels.
    """
    rows = _rows(x).astype(_wide(x), copy=False)
    n = len(rows)
    normal = rows - _row_sum(xp, rows) / n
    scale = 1 / xp.sqrt(_row_sum(xp, normal * normal) / n + eps)  # (C,)
    normal *= scale
    y = normal * weight + bias
    if x.dtype == weight.dtype == bias.dtype == np.float16:
        y = y.astype(np.float16)

    def backward(g: Array, needs: list[bool]) -> Any:
        g = _rows(g).astype(_wide(g), copy=False)
        wrt_weight, wrt_bias = _row_sum(xp, g * normal), _row_sum(xp, g)
        if not needs[0]:
            return None, wrt_weight, wrt_bias
        slope = g - (wrt_bias / n + normal * (wrt_weight / n))
        slope *= weight * scale
        return _like(slope, x), wrt_weight, wrt_bias

    return _like(y, x), backward
