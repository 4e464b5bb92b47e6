"""Many entries to fewer: sums, extrema, logsumexp; and softmax, which divides by such a sum."""

from __future__ import annotations

import math
from typing import Any

from ..backend import Array
from ..tensor import Tensor, op
from .elementwise import sqrt

Axis = int | tuple[int, ...] | None


def _axes(ndim: int, axis: Axis) -> tuple[int, ...]:
    """The axes reduced over, counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    for one in given:
        if not hasattr(one, "__index__") or not -ndim <= one < ndim:
            mend = f"give one of {-ndim} … {ndim - 1}, or " if ndim else ""
            raise ValueError(
                f"axis {one!r} does not exist: the tensor has {ndim} axes; {mend}leave it out for "
                "all entries"
            )
    axes = tuple(one % ndim for one in given)
    if len(set(axes)) != len(axes):
        raise ValueError(f"axis {given} names an axis twice")
    return axes


def _kept(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape with length 1 along the reduced axes."""
    if axis is None:
        return (1,) * len(shape)
    axes = _axes(len(shape), axis)
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def _count(shape: tuple[int, ...], axis: Axis) -> int:
    """How many entries go into each result."""
    if axis is None:
        return math.prod(shape)
    return math.prod(shape[i] for i in _axes(len(shape), axis))


# --- sums


@op
def sum(xp: Any, a: Array, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Σ a over an axis, several, or all.   ∂/∂a = 1"""
    kept = _kept(a.shape, axis)
    return (
        a.sum(axis=axis, keepdims=keepdims),
        lambda g: xp.broadcast_to(g.reshape(kept), a.shape),
    )


@op
def mean(xp: Any, a: Array, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Σ a / n over an axis, several, or all.   ∂/∂a = 1/n"""
    kept, n = _kept(a.shape, axis), _count(a.shape, axis)
    if n == 0:
        raise ValueError(f"the mean of no entries is undefined (shape {a.shape}, axis {axis})")
    if a.dtype.itemsize < 4:
        value = a.mean(axis=axis, keepdims=keepdims)  # which adds float16 up in float32
    else:
        value = a.sum(axis=axis, keepdims=keepdims) / n  # the same number in half the time
    return value, lambda g: xp.broadcast_to((g / n).reshape(kept), a.shape)


# --- extrema


@op
def max(xp: Any, a: Array, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest entry.   The gradient goes to the first of the largest"""
    return _extremum(xp, a, xp.max, axis, keepdims, "max")


@op
def min(xp: Any, a: Array, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest entry.   The gradient goes to the first of the smallest"""
    return _extremum(xp, a, xp.min, axis, keepdims, "min")


def _extremum(xp: Any, a: Array, find: Any, axis: Axis, keepdims: bool, name: str) -> Any:
    kept = _kept(a.shape, axis)
    if _count(a.shape, axis) == 0:
        raise ValueError(f"{name}() of no entries is undefined (shape {a.shape}, axis {axis})")
    value = find(a, axis=axis, keepdims=keepdims)

    def vjp(g: Array) -> Array:
        hit = _first_true(xp, a == value.reshape(kept), axis)
        return xp.masked(g.reshape(kept), hit)

    return value, vjp


def _first_true(xp: Any, hit: Array, axis: Axis) -> Array:
    """hit with only the first true entry left along the reduced axes, in the order of memory."""
    axes = _axes(hit.ndim, axis)
    order = tuple(i for i in range(hit.ndim) if i not in axes) + tuple(sorted(axes))
    moved = hit.transpose(order)  # the reduced axes last
    flat = moved.reshape((*moved.shape[: hit.ndim - len(axes)], _count(hit.shape, axis)))
    first = xp.logical_and(flat, xp.cumsum(flat, axis=-1) == 1).reshape(moved.shape)
    return first.transpose(tuple(order.index(i) for i in range(hit.ndim)))


@op(differentiable=False)
def argmax(xp: Any, a: Array, /, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first largest entry, along an axis or in the flattened tensor."""
    return xp.argmax(a, axis=axis, keepdims=keepdims)


@op(differentiable=False)
def argmin(xp: Any, a: Array, /, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first smallest entry, along an axis or in the flattened tensor."""
    return xp.argmin(a, axis=axis, keepdims=keepdims)


@op
def cumsum(xp: Any, a: Array, /, axis: int) -> Any:
    """The running sum along an axis: y_i = a_0 + … + a_i.   ∂y_i/∂a_j = 1 where j ≤ i"""
    return (
        xp.cumsum(a, axis=axis),
        lambda g: xp.flip(xp.cumsum(xp.flip(g, axis), axis=axis), axis),
    )


# --- spread and products


@op
def var(
    xp: Any, a: Array, /, axis: Axis = None, keepdims: bool = False, correction: int = 0
) -> Any:
    """Σ (a − mean)² / (n − correction).   ∂/∂a = 2 (a − mean) / (n − correction)

    correction=0 is the variance of the entries themselves, correction=1 the estimate for the
    population they were drawn from.
    """
    n = _count(a.shape, axis) - correction
    if n <= 0:
        raise ValueError(f"var() over {n + correction} entries with correction {correction} is 0/0")
    kept = _kept(a.shape, axis)
    centred = a - a.mean(axis=axis, keepdims=True)
    squares = centred * centred
    if a.dtype.itemsize < 4:  # as in mean()
        value = squares.mean(axis=axis, keepdims=keepdims) * ((n + correction) / n)
    else:
        value = squares.sum(axis=axis, keepdims=keepdims) / n
    return (
        value,
        lambda g: (g * (2 / n)).reshape(kept) * centred,
    )


def std(a: Tensor, axis: Axis = None, keepdims: bool = False, correction: int = 0) -> Tensor:
    """√var: the standard deviation."""
    return sqrt(var(a, axis=axis, keepdims=keepdims, correction=correction))


@op
def prod(xp: Any, a: Array, /, axis: int | None = None, keepdims: bool = False) -> Any:
    """Π a along an axis or over all entries.   ∂/∂a_i = the product of all the others

    The others are multiplied, never the whole divided by a_i: so one zero, or two, do no harm.
    """
    kept = _kept(a.shape, axis)

    def vjp(g: Array) -> Array:
        row = a.reshape((-1,)) if axis is None else xp.swapaxes(a, axis, -1)  # (…, n)
        before = _running_product(xp, row)
        after = xp.flip(_running_product(xp, xp.flip(row, -1)), -1)
        others = before * after  # (…, n)
        others = others.reshape(a.shape) if axis is None else xp.swapaxes(others, axis, -1)
        return g.reshape(kept) * others

    return a.prod(axis=axis, keepdims=keepdims), vjp


def _running_product(xp: Any, row: Array) -> Array:
    """1, a_0, a_0 a_1, …: for each entry the product of those before it along the last axis."""
    parts = [xp.ones_like(row[..., :1])]
    for i in range(row.shape[-1] - 1):
        parts.append(parts[-1] * row[..., i : i + 1])
    return xp.concatenate(parts, -1)


# --- true or false


@op(differentiable=False)
def any(xp: Any, a: Array, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """True where at least one entry is."""
    return a.any(axis=axis, keepdims=keepdims)


@op(differentiable=False)
def all(xp: Any, a: Array, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """True where every entry is."""
    return a.all(axis=axis, keepdims=keepdims)


# --- exponentials, summed


def _shifted_exp(xp: Any, a: Array, axis: Axis) -> tuple[Array, Array, Array]:
    """m = max a, held finite so that −∞ − (−∞) never arises; e = exp(a − m); Σe, or 1 for 0."""
    m = xp.max(a, axis=axis, keepdims=True)
    m = xp.where(xp.isfinite(m), m, 0)
    e = xp.exp(a - m)
    total = e.sum(axis=axis, keepdims=True)
    return m, e, xp.where(total == 0, 1, total)  # 0 only where every entry is −∞


@op
def logsumexp(xp: Any, a: Array, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """ln Σ eᵃ, without overflow.   ∂/∂a = softmax a"""
    m, e, total = _shifted_exp(xp, a, axis)
    nothing = xp.max(a, axis=axis, keepdims=True) == -math.inf
    value = xp.where(nothing, -math.inf, m + xp.log(total))
    if not keepdims:
        axes = _axes(a.ndim, axis)
        value = value.reshape(tuple(n for i, n in enumerate(a.shape) if i not in axes))
    return value, lambda g: g.reshape(m.shape) * (e / total)


@op
def softmax(xp: Any, a: Array, /, axis: int = -1) -> Any:
    """eᵃ / Σ eᵃ along an axis.   vjp(g) = y ⊙ (g − Σ g ⊙ y)

    A row of nothing but −∞ gives zeros: there is nothing to choose from.
    """
    _, e, total = _shifted_exp(xp, a, axis)
    y = e / total
    return y, lambda g: y * (g - (g * y).sum(axis=axis, keepdims=True))


@op
def log_softmax(xp: Any, a: Array, /, axis: int = -1) -> Any:
    """a − ln Σ eᵃ along an axis, without overflow.   vjp(g) = g − softmax(a) · Σ g"""
    m, e, total = _shifted_exp(xp, a, axis)
    value = (a - m) - xp.log(total)
    return value, lambda g: g - (e / total) * g.sum(axis=axis, keepdims=True)
