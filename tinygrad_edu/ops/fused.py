"""Several steps in one operation, for fewer passes over memory. Each has its plain twin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array
from ..tensor import Tensor, op
from .index import take_along_axis
from .matrix import matmul
from .reduce import log_softmax


def _plain_linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return matmul(x, weight) + bias


@op(composed=_plain_linear)
def linear(xp: Any, x: Array, weight: Array, bias: Array, /) -> Any:
    """x W + b for rows x: (…, in) and W: (in, out), b: (out,).

    ∂/∂x = g Wᵀ   ∂/∂W = xᵀ g   ∂/∂b = Σ g over the rows
    """
    rows = x.reshape((-1, x.shape[-1])) if x.ndim != 2 else x  # (rows, in): one product for all
    y = rows @ weight  # (rows, out)
    if y.dtype == bias.dtype:
        y += bias
    else:
        y = y + bias

    def flat(g: Array) -> Array:  # (rows, out)
        return g.reshape((-1, g.shape[-1])) if g.ndim != 2 else g

    return (
        y.reshape((*x.shape[:-1], y.shape[-1])) if x.ndim != 2 else y,
        lambda g: (flat(g) @ weight.T).reshape(x.shape),
        lambda g: rows.T @ flat(g),
        lambda g: _row_sum(xp, flat(g)),
    )


def _row_sum(xp: Any, g: Array) -> Array:
    """Σ over the rows, as a product with ones: five times as fast as sum(axis=0)."""
    return xp.ones(g.shape[0], g.dtype) @ g


def _wide(x: Array) -> Any:
    """The dtype to add up many entries of x in: a sum in float16 is infinite beyond 65,504."""
    return np.result_type(x.dtype, np.float32)


def _plain_softmax_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    picked = take_along_axis(log_softmax(logits, axis=-1), target.reshape((-1, 1)), axis=1)
    return -picked.reshape((-1,))


@op(composed=_plain_softmax_cross_entropy)
def softmax_cross_entropy(xp: Any, logits: Array, target: Array, /) -> Any:
    """−ln softmax(z)_t of each row of logits z: (N, classes), with its class t: (N,).

    ∂/∂z = softmax(z) − one-hot(t)
    """
    rows = xp.arange(logits.shape[0])
    shifted = logits - logits.max(axis=-1, keepdims=True)
    e = xp.exp(shifted)
    total = e.sum(axis=-1, keepdims=True)
    value = xp.log(total)[:, 0] - shifted[rows, target]

    def vjp(g: Array) -> Array:
        slope = e / total
        slope[rows, target] -= 1
        slope *= g.reshape((-1, 1))
        return slope

    return value, vjp, None


@op
def sigmoid_cross_entropy(xp: Any, z: Array, y: Array, /) -> Any:
    """max(z, 0) − z y + ln(1 + e^−|z|), the cross-entropy of σ(z).   ∂/∂z = σ(z) − y   ∂/∂y = −z"""
    e = xp.exp(xp.where(z >= 0, -z, z))  # never overflows; |z| would have a kink at 0
    return (
        xp.maximum(z, 0) - z * y + xp.log1p(e),
        lambda g: g * (xp.where(z >= 0, 1.0, e) / (1 + e) - y),
        lambda g: -g * z,
    )


@op
def probability_cross_entropy(xp: Any, p: Array, y: Array, /) -> Any:
    """−y ln p − (1 − y) ln(1 − p), p held within [ε, 1 − ε].   ∂/∂p = (p − y) / (p (1 − p))"""
    eps = float(xp.finfo(p.dtype).eps)
    p = xp.clip(p, eps, 1 - eps)
    return (
        -(y * xp.log(p) + (1 - y) * xp.log(1 - p)),
        lambda g: g * (p - y) / (p * (1 - p)),
        lambda g: g * (xp.log(1 - p) - xp.log(p)),
    )
