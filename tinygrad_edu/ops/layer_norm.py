"""Layer normalisation: each row brought to mean 0 and variance 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backend import Array
from ..tensor import Tensor, op
from .elementwise import sqrt
from .fused import _wide


def _plain_layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / sqrt(x.var(axis=-1, keepdims=True) + eps) * weight + bias


@op(composed=_plain_layer_norm, joint=True)
def layer_norm(xp: Any, x: Array, weight: Array, bias: Array, /, eps: float = 1e-5) -> Any:
    """n · weight + bias, with n = (x − mean) / √(variance + ε) over the last axis.

    Shapes: x (…, size), weight and bias (size,). The variance divides by size.

    ∂/∂x: s (h − mean h − n · mean(h · n)), with h = g · weight and s = 1 / √(variance + ε)

    ∂/∂weight: Σ g · n over the rows   ∂/∂bias: Σ g over the rows

    Ba, Kiros and Hinton 2016
    """
    check_eps("layer_norm()", eps)
    size = _checked_size(x, weight, bias)
    # rows @ average is their mean, in a third of the time of mean(axis=-1)
    average = xp.full(size, 1 / size, _wide(x))
    n = x.reshape((-1, size))  # (rows, size)
    n = n - xp.expand_dims(n @ average, -1)
    s = xp.expand_dims(1 / xp.sqrt((n * n) @ average + eps), -1)  # (rows, 1)
    n *= s
    y = n * weight
    if y.dtype == bias.dtype:
        y += bias
    else:
        y = y + bias
    if x.dtype == weight.dtype == bias.dtype == np.float16:
        y = y.astype(np.float16)

    def backward(g: Array, needs: list[bool]) -> tuple[Any, Any, Any]:
        g = g.reshape((-1, size)).astype(_wide(g), copy=False)  # (rows, size)
        ones, g_n, gx = xp.ones(g.shape[0], g.dtype), g * n, None
        if needs[0]:
            gx, share = g * weight, average * weight
            gx -= xp.expand_dims(g @ share, -1)
            gx -= n * xp.expand_dims(g_n @ share, -1)
            gx *= s
            gx = gx.reshape(x.shape)
        return gx, ones @ g_n if needs[1] else None, ones @ g if needs[2] else None

    return y.reshape(x.shape), backward


def check_eps(name: str, eps: Any) -> None:
    """Refuse an ε that would not keep the square root of a variance of 0 above 0."""
    if not isinstance(eps, int | float | np.floating) or not 0 < eps < math.inf:
        raise ValueError(
            f"{name}: eps is a small number above 0, not {eps!r}; 1e-5 is usual, and keeps what it "
            "divides by from being 0"
        )


def _checked_size(x: Array, weight: Array, bias: Array) -> int:
    size = weight.shape[0] if weight.ndim == 1 else 0
    if x.ndim == 0 or x.shape[-1] != size or bias.shape != weight.shape or size == 0:
        raise ValueError(
            f"layer_norm() needs x of shape (…, size) and a weight and a bias of shape (size,); it "
            f"was given {x.shape}, {weight.shape} and {bias.shape}. It normalises the last axis: "
            f"perhaps a weight of shape {x.shape[-1:]} is meant"
        )
    return int(size)
