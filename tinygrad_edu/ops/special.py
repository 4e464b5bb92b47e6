"""More functions of single entries: logarithms near 1, waves, rounding, erf, GELU, softplus."""

from __future__ import annotations

import math
from typing import Any

from ..backend import Array
from ..tensor import Tensor, op
from .elementwise import tanh

# --- near zero


@op
def log1p(xp: Any, a: Array, /) -> Any:
    """ln(1 + a), exact also for tiny a.   ∂/∂a = 1 / (1 + a)"""
    return xp.log1p(a), lambda g: g / (1 + a)


@op
def expm1(xp: Any, a: Array, /) -> Any:
    """eᵃ − 1, exact also for tiny a.   ∂/∂a = eᵃ"""
    return xp.expm1(a), lambda g: g * xp.exp(a)


# --- waves


@op
def sin(xp: Any, a: Array, /) -> Any:
    """sin a, a in radians.   ∂/∂a = cos a"""
    return xp.sin(a), lambda g: g * xp.cos(a)


@op
def cos(xp: Any, a: Array, /) -> Any:
    """cos a, a in radians.   ∂/∂a = −sin a"""
    return xp.cos(a), lambda g: -g * xp.sin(a)


# --- steps


@op(differentiable=False)
def floor(xp: Any, a: Array, /) -> Any:
    """The largest whole number not above a. Carries no gradient: it is flat between its jumps."""
    return xp.floor(a)


# --- smooth steps


@op
def softplus(xp: Any, a: Array, /) -> Any:
    """ln(1 + eᵃ), the smooth relu.   ∂/∂a = σ(a)"""
    e = xp.exp(xp.where(a >= 0, -a, a))  # never overflows; |a| would have a kink at 0
    return (
        xp.maximum(a, 0) + xp.log1p(e),
        lambda g: g * (xp.where(a >= 0, 1.0, e) / (1 + e)),
    )


@op
def erf(xp: Any, a: Array, /) -> Any:
    """erf a = 2/√π ∫₀ᵃ e^(−t²) dt, to 4e−16 in float64.   ∂/∂a = 2/√π · e^(−a²)"""
    return _erf(xp, a), lambda g: g * (2 / math.sqrt(math.pi) * xp.exp(-a * a))


# NumPy has no erf. With t = 2 / (2 + |a|), ln((1 − erf |a|) / t) + a² is a smooth function of t on
# [0, 1]; these are the coefficients of its Chebyshev series, computed with 50 digits.
_ERF_SERIES = (
    -0.6513268598908547, 0.6419697923564902, 0.019476473204185836, -0.009561514786808632,
    -0.0009465953444820369, 0.00036683949785276145, 4.252332480690777e-05, -2.0278578112534242e-05,
    -1.6242900046470256e-06, 1.3036558355805232e-06, 1.5626441722066142e-08, -8.523809591492654e-08,
    6.5290544390988515e-09, 5.059343495551469e-09, -9.91364156493033e-10, -2.273651222931836e-10,
    9.646791102015527e-11, 2.3940380830391146e-12, -6.886027526497553e-12, 8.944879273090725e-13,
    3.130921399342958e-13, -1.1270822361367252e-13, 3.810905255189232e-16, 7.106097613609237e-15,
    -1.5230282014571043e-15, -9.457494571291233e-17,
)  # fmt: skip


def _erf(xp: Any, a: Array) -> Array:
    size = xp.abs(a)
    t = 2 / (2 + size)
    u = 4 * t - 2  # twice the place in [−1, 1]
    newer, older = xp.zeros_like(t), xp.zeros_like(t)
    for coefficient in _ERF_SERIES[:0:-1]:  # Clenshaw's recurrence
        newer, older = u * newer - older + coefficient, newer
    tail = t * xp.exp(u * newer / 2 - older + _ERF_SERIES[0] - size * size)
    return xp.sign(a) * (1 - tail)


def _plain_gelu(a: Tensor, approximate: str = "none") -> Tensor:
    if approximate == "none":
        return 0.5 * a * (1 + erf(a / math.sqrt(2)))
    return 0.5 * a * (1 + tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a * a * a)))


@op(composed=_plain_gelu)
def gelu(xp: Any, a: Array, /, approximate: str = "none") -> Any:
    """a · Φ(a), Φ the normal distribution's cumulative function.   ∂/∂a = Φ(a) + a · φ(a)

    approximate="none": Φ(a) = ½ (1 + erf(a/√2)). "tanh": ½ (1 + tanh(√(2/π) (a + 0.044715 a³))),
    as GPT-2 has it.   Hendrycks and Gimpel 2016
    """
    if approximate == "none":
        below = 0.5 * (1 + _erf(xp, a / math.sqrt(2)))
        scale = 1 / math.sqrt(2 * math.pi)
        return a * below, lambda g: g * (below + a * (scale * xp.exp(-0.5 * (a * a))))
    if approximate != "tanh":
        raise ValueError(f'gelu: approximate is "none" or "tanh", not {approximate!r}')
    root = math.sqrt(2 / math.pi)
    below = a * (0.044715 * root)  # step by step in place: u = (0.044715 √(2/π) a² + √(2/π)) a
    below *= a
    below += root
    below *= a
    below = xp.tanh(below)
    below += 1
    below *= 0.5  # Φ(a) = ½ (1 + tanh u)

    def vjp(g: Array) -> Array:
        """g (Φ + a Φ′) with Φ′ = 2 Φ (1 − Φ) u′, in place as g Φ (1 + (1 − Φ) · 2 a u′)."""
        slope = a * (6 * 0.044715 * root)
        slope *= a
        slope += 2 * root  # 2 u′
        slope *= a
        slope *= 1 - below
        slope += 1
        slope *= below
        slope *= g
        return slope

    return a * below, vjp
