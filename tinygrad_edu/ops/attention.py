"""Attention: softmax(q kᵀ / √d) v, in one operation with few passes over the scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backend import Array
from ..tensor import Tensor, asarray, op
from .elementwise import where
from .matrix import matmul
from .reduce import softmax
from .shape import swapaxes


def scaled_dot_product_attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Any = None, is_causal: bool = False
) -> Tensor:
    """softmax(q kᵀ / √d) v: for each query a mean of the values, weighted by how its keys fit.

    Shapes: q (…, queries, d), k (…, keys, d), v (…, keys, size) → (…, queries, size); the leading
    axes, such as (batch, heads), are broadcast.   Vaswani et al. 2017; document 000 §4.2

    Args:
        mask: booleans that broadcast to (…, queries, keys): True where a query may look at a key.
            A query that may look at no key gets zeros.
        is_causal: a query looks at keys up to its own position only. The queries are the last of
            the positions: of 5 keys, a single query sees all.
    """
    q, k, v = _checked(q, k, v, is_causal)
    return _scaled_dot_product_attention(q, k, v, *_checked_mask(q, k, mask), is_causal=is_causal)


def attention_weights(q: Tensor, k: Tensor, mask: Any = None, is_causal: bool = False) -> Tensor:
    """softmax(q kᵀ / √d), (…, queries, keys): how much each query looks at each key.

    The rows add up to 1. The arguments are those of scaled_dot_product_attention().
    """
    q, k, _ = _checked(q, k, k, is_causal)
    return _plain_weights(q, k, *_checked_mask(q, k, mask), is_causal=is_causal)


def _plain_weights(q: Tensor, k: Tensor, *mask: Tensor, is_causal: bool = False) -> Tensor:
    q = q / math.sqrt(q.shape[-1])  # before the product: q kᵀ itself may overflow
    scores = matmul(q, swapaxes(k, -1, -2))  # (…, queries, keys)
    if is_causal:
        mask = (*mask, asarray(np.tri(*_causal(scores), dtype=bool), device=q.device))
    for visible in mask:
        scores = where(visible, scores, -math.inf)
    return softmax(scores, axis=-1)


def _plain_attention(
    q: Tensor, k: Tensor, v: Tensor, *mask: Tensor, is_causal: bool = False
) -> Tensor:
    return matmul(_plain_weights(q, k, *mask, is_causal=is_causal), v)


@op(composed=_plain_attention, joint=True)
def _scaled_dot_product_attention(
    xp: Any, q: Array, k: Array, v: Array, /, *mask: Array, is_causal: bool = False
) -> Any:
    """A v, with the weights A = softmax(q kᵀ / √d).

    ∂/∂q: dS k / √d, with dS = A ⊙ (dA − the row sums of A ⊙ dA) and dA = g vᵀ

    ∂/∂k: dSᵀ q / √d, with the same dS of g   ∂/∂v: Aᵀ g
    """
    scale = 1 / math.sqrt(q.shape[-1])
    q = q * scale
    scores = q @ xp.swapaxes(k, -1, -2)  # (…, queries, keys)
    for visible in [*mask, xp.tri(*_causal(scores), dtype=bool)] if is_causal else mask:
        scores += xp.where(visible, 0.0, -math.inf).astype(scores.dtype)
    a = _softmax_in_place(xp, scores)
    y = a @ v

    def backward(g: Array, needs: list[bool]) -> tuple[Any, ...]:
        gq = gk = gv = None
        if needs[0] or needs[1]:
            ds = g @ xp.swapaxes(v, -1, -2)  # dA
            # Σ_j A_ij dA_ij = Σ_c y_ic g_ic, and the second sum is shorter
            ds -= xp.expand_dims(xp.einsum("...c,...c->...", y, g), -1)
            ds *= a
            gq = ds @ k
            gq *= scale
            gk = xp.swapaxes(ds, -1, -2) @ q  # q is divided by √d already
        if needs[2]:
            gv = xp.swapaxes(a, -1, -2) @ g
        return gq, gk, gv, *(None for _ in mask)

    return y, backward


def _softmax_in_place(xp: Any, scores: Array) -> Array:
    """scores become their softmax over the last axis; zeros where a row is nothing but −∞."""
    largest = scores.max(axis=-1, keepdims=True)
    scores -= xp.where(xp.isfinite(largest), largest, 0)
    xp.exp(scores, out=scores)
    total = xp.expand_dims(scores @ xp.ones(scores.shape[-1], scores.dtype), -1)
    scores /= xp.where(total == 0, 1, total)
    return scores


def _causal(scores: Any) -> tuple[int, int, int]:
    """Queries, keys, and how many keys there are before the first query's own."""
    queries, keys = scores.shape[-2:]
    return queries, keys, keys - queries


def _checked(q: Any, k: Any, v: Any, is_causal: bool) -> list[Tensor]:
    q, k, v = (asarray(x) for x in (q, k, v))
    shapes = f"q {q.shape}, k {k.shape} and v {v.shape}"
    matrices = min(q.ndim, k.ndim, v.ndim) >= 2
    if not (matrices and q.shape[-1] == k.shape[-1] > 0 and k.shape[-2] == v.shape[-2] > 0):
        raise ValueError(
            f"attention needs q (…, queries, d), k (…, keys, d) and v (…, keys, size); it was "
            f"given {shapes}. A query and a key are equally long, there is at least one key, and "
            "each has its value"
        )
    try:
        np.broadcast_shapes(*(x.shape[:-2] for x in (q, k, v)))
    except ValueError:
        raise ValueError(
            f"attention: the axes before the last two, such as (batch, heads), are equal or 1; it "
            f"was given {shapes}. Bring them to one shape with .reshape()"
        ) from None
    if is_causal and q.shape[-2] > k.shape[-2]:
        raise ValueError(
            f"causal attention needs a key for each query's own position; it was given {shapes}, "
            "more queries than keys. Leave is_causal out where queries look into another text"
        )
    return [q, k, v]


def _checked_mask(q: Tensor, k: Tensor, mask: Any) -> list[Tensor]:
    """The mask in a list, empty where there is none."""
    if mask is None:
        return []
    if not isinstance(mask, Tensor):
        mask = asarray(mask, device=q.device)
    lead = np.broadcast_shapes(q.shape[:-2], k.shape[:-2])
    scores = (*lead, q.shape[-2], k.shape[-2])
    if mask.dtype.kind != "b":
        raise TypeError(
            f"an attention mask is boolean, True where a query may look; it was given "
            f"{mask.dtype}. Compare to make one, as in tokens != padding"
        )
    try:
        fits = np.broadcast_shapes(mask.shape, scores) == scores
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"an attention mask broadcasts to (…, queries, keys), here {scores}; it was given "
            f"{mask.shape}. For one mask a batch of keys, write mask[:, None, None, :]"
        )
    return [mask]
