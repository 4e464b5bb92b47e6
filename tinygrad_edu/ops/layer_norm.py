"""Layer normalisation: each row brought to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

from ..backend import Array
from ..tensor import Tensor, op
from .elementwise import sqrt


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
    size = _checked_size(x, weight, bias)
    average = xp.full_like(weight, 1 / size)  # rows @ average: a third of the time of mean(axis=-1)
    n = x.reshape((-1, size))  # (rows, size)
    n = n - xp.expand_dims(n @ average, -1)
    s = xp.expand_dims(1 / xp.sqrt((n * n) @ average + eps), -1)  # (rows, 1)
    n *= s
    y = n * weight
    y += bias

    def backward(g: Array, needs: list[bool]) -> tuple[Any, Any, Any]:
        g = g.reshape((-1, size))  # (rows, size)
        ones, g_n, gx = xp.ones(g.shape[0], g.dtype), g * n, None
        if needs[0]:
            gx = g * weight
            gx -= xp.expand_dims(g @ (weight / size), -1)
            gx -= n * xp.expand_dims(g_n @ (weight / size), -1)
            gx *= s
            gx = gx.reshape(x.shape)
        return gx, ones @ g_n if needs[1] else None, ones @ g if needs[2] else None

    return y.reshape(x.shape), backward


def _checked_size(x: Array, weight: Array, bias: Array) -> int:
    size = weight.shape[0] if weight.ndim == 1 else 0
    if x.ndim == 0 or x.shape[-1] != size or bias.shape != weight.shape or size == 0:
        raise ValueError(
            f"layer_norm() needs x of shape (…, size) and a weight and a bias of shape (size,); it "
            f"was given {x.shape}, {weight.shape} and {bias.shape}. It normalises the last axis: "
            f"perhaps a weight of shape {x.shape[-1:]} is meant"
        )
    return int(size)
