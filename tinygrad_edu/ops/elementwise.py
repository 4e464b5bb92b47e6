"""Entry by entry: arithmetic, comparisons, powers, exponentials, activations, selection."""

from __future__ import annotations

import math
from typing import Any

from ..backend import Array
from ..tensor import op

# --- arithmetic


@op
def add(xp: Any, a: Array, b: Array, /) -> Any:
    """a + b.   ∂/∂a = 1   ∂/∂b = 1"""
    return a + b, lambda g: g, lambda g: g


@op
def sub(xp: Any, a: Array, b: Array, /) -> Any:
    """a − b.   ∂/∂a = 1   ∂/∂b = −1"""
    return a - b, lambda g: g, lambda g: -g


@op
def mul(xp: Any, a: Array, b: Array, /) -> Any:
    """a · b.   ∂/∂a = b   ∂/∂b = a"""
    return a * b, lambda g: g * b, lambda g: g * a


@op
def div(xp: Any, a: Array, b: Array, /) -> Any:
    """y = a / b.   ∂/∂a = 1/b   ∂/∂b = −y/b"""
    y = a / b
    return y, lambda g: g / b, lambda g: -g * y / b


@op
def neg(xp: Any, a: Array, /) -> Any:
    """−a.   ∂/∂a = −1"""
    return -a, lambda g: -g


@op
def power(xp: Any, a: Array, b: Array, /) -> Any:
    """y = aᵇ.   ∂/∂a = b · aᵇ⁻¹   ∂/∂b = y · ln a, taken as 0 where a = 0"""
    y = _power(a, b)

    def wrt_a(g: Array) -> Array:
        if isinstance(b, int | float):
            return g * (b * _power(a, b - 1)) if b != 0 else xp.zeros_like(g)
        flat = b == 0  # a⁰ = 1 has slope 0, also at a = 0 where 0 · a⁻¹ would be NaN
        return g * xp.where(flat, 0, b * a ** xp.where(flat, 1, b - 1))

    def wrt_b(g: Array) -> Array:
        if isinstance(a, int | float):
            logarithm = math.log(a) if a > 0 else math.nan  # a negative base has none
            return g * (y * logarithm) if a != 0 else xp.zeros_like(g)
        zero = a == 0
        return g * xp.where(zero, 0, y * xp.log(xp.where(zero, 1, a)))

    return y, wrt_a, wrt_b


def _power(a: Array, b: Any) -> Array:
    """aᵇ; cubes and fourth powers by multiplication, as NumPy's own power takes 200 times as long
    (up to squares it has a short cut itself)."""
    of_floats = isinstance(b, float) and a.dtype.kind not in "iub"  # 2 ** 3.0 is 8.0, not 8
    if (isinstance(b, int) or of_floats) and b in (3, 4):
        square = a * a
        return square * (a if b == 3 else square)
    return a**b


@op
def abs(xp: Any, a: Array, /) -> Any:
    """|a|.   ∂/∂a = sign a, 0 at 0"""
    return xp.abs(a), lambda g: g * xp.sign(a)


@op(differentiable=False)
def sign(xp: Any, a: Array, /) -> Any:
    """−1, 0 or 1, as a is negative, zero or positive. Carries no gradient: it is flat."""
    return xp.sign(a)


# --- comparisons


@op(differentiable=False)
def equal(xp: Any, a: Array, b: Array, /) -> Any:
    """a = b, true or false entry by entry."""
    return a == b


@op(differentiable=False)
def not_equal(xp: Any, a: Array, b: Array, /) -> Any:
    """a ≠ b, true or false entry by entry."""
    return a != b


@op(differentiable=False)
def less(xp: Any, a: Array, b: Array, /) -> Any:
    """a < b, true or false entry by entry."""
    return a < b


@op(differentiable=False)
def less_equal(xp: Any, a: Array, b: Array, /) -> Any:
    """a ≤ b, true or false entry by entry."""
    return a <= b


@op(differentiable=False)
def greater(xp: Any, a: Array, b: Array, /) -> Any:
    """a > b, true or false entry by entry."""
    return a > b


@op(differentiable=False)
def greater_equal(xp: Any, a: Array, b: Array, /) -> Any:
    """a ≥ b, true or false entry by entry."""
    return a >= b


@op(differentiable=False)
def logical_not(xp: Any, a: Array, /) -> Any:
    """Not a, entry by entry."""
    return xp.logical_not(a)


@op(differentiable=False)
def logical_and(xp: Any, a: Array, b: Array, /) -> Any:
    """a and b, entry by entry."""
    return xp.logical_and(a, b)


@op(differentiable=False)
def logical_or(xp: Any, a: Array, b: Array, /) -> Any:
    """a or b, entry by entry."""
    return xp.logical_or(a, b)


@op(differentiable=False)
def isfinite(xp: Any, a: Array, /) -> Any:
    """True where a is neither infinite nor NaN."""
    return xp.isfinite(a)


# --- exponentials and roots


@op
def exp(xp: Any, a: Array, /) -> Any:
    """eᵃ.   ∂/∂a = eᵃ"""
    y = xp.exp(a)
    return y, lambda g: g * y


@op
def log(xp: Any, a: Array, /) -> Any:
    """ln a.   ∂/∂a = 1/a"""
    return xp.log(a), lambda g: g / a


@op
def sqrt(xp: Any, a: Array, /) -> Any:
    """√a.   ∂/∂a = 1 / (2√a)"""
    y = xp.sqrt(a)
    return y, lambda g: g / (2 * y)


# --- activations


@op
def sigmoid(xp: Any, a: Array, /) -> Any:
    """σ(a) = 1 / (1 + e⁻ᵃ).   ∂/∂a = σ(a) (1 − σ(a))"""
    e = xp.exp(xp.where(a >= 0, -a, a))  # never overflows: σ(a) = e / (1 + e) where a < 0
    y = xp.where(a >= 0, 1.0, e) / (1 + e)  # not |a|: it has a kink, where σ has slopes
    return y, lambda g: g * (y * (1 - y))


@op
def tanh(xp: Any, a: Array, /) -> Any:
    """tanh a.   ∂/∂a = 1 − tanh² a"""
    y = xp.tanh(a)
    return y, lambda g: g * (1 - y * y)


@op
def relu(xp: Any, a: Array, /) -> Any:
    """max(0, a).   ∂/∂a = 1 where a > 0, else 0"""
    # with both bounds given NumPy takes a third of the time of maximum(a, 0)
    y = a.clip(0, math.inf) if a.dtype.kind == "f" else xp.maximum(a, 0)
    return y, lambda g: xp.masked(g, a > 0)


# --- selection


@op
def maximum(xp: Any, a: Array, b: Array, /) -> Any:
    """The larger of a and b.   It gets the gradient; where they are equal, each gets half"""
    return (
        xp.maximum(a, b),
        lambda g: _share(xp, g, a > b, a == b),
        lambda g: _share(xp, g, b > a, a == b),
    )


@op
def minimum(xp: Any, a: Array, b: Array, /) -> Any:
    """The smaller of a and b.   It gets the gradient; where they are equal, each gets half"""
    return (
        xp.minimum(a, b),
        lambda g: _share(xp, g, a < b, a == b),
        lambda g: _share(xp, g, b < a, a == b),
    )


def _share(xp: Any, g: Array, wins: Array, ties: Array) -> Array:
    return xp.where(wins, g, xp.where(ties, g / 2, 0))


@op
def clip(xp: Any, a: Array, /, low: float | None = None, high: float | None = None) -> Any:
    """a, but at least low and at most high.   ∂/∂a = 1 where low ≤ a ≤ high, else 0"""
    if low is None and high is None:
        raise ValueError("clip() needs low, high or both")

    def vjp(g: Array) -> Array:
        if low is not None:
            g = xp.masked(g, a >= low)
        return g if high is None else xp.masked(g, a <= high)

    return xp.clip(a, low, high), vjp


@op
def where(xp: Any, condition: Array, a: Array, b: Array, /) -> Any:
    """a where condition is true, b elsewhere.   ∂/∂a = 1 where true   ∂/∂b = 1 where false"""
    return (
        xp.where(condition, a, b),
        None,
        lambda g: xp.masked(g, condition),
        lambda g: xp.where(condition, 0, g),
    )
