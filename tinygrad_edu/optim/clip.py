"""Gradients held within limits, between backward() and step()."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ..tensor import Tensor


def clip_grad_norm_(params: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients together so that √(Σ g²) is at most max_norm; returns what it was.

    The direction of the step stays the same.   Pascanu et al. 2013
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm is above 0, not {max_norm!r}")
    gradients = _gradients(params)
    squares = [(g * g).sum() for g in (x.detach().astype(np.float64) for x in gradients)]
    norm = math.sqrt(float(sum(squares)))  # added on the device: one number is copied from it
    if not math.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}: a gradient is infinite or NaN")
    if norm > max_norm:
        for g in gradients:
            g.data *= float(max_norm / norm)
    return norm


def clip_grad_value_(params: Iterable[Tensor], max_value: float) -> None:
    """Hold every entry of every gradient within [−max_value, max_value]."""
    if not max_value > 0:
        raise ValueError(f"max_value is above 0, not {max_value!r}")
    for g in _gradients(params):
        g.data = g.detach().clip(-max_value, max_value)


def _gradients(params: Iterable[Tensor]) -> list[Tensor]:
    if isinstance(params, Tensor):
        raise TypeError("clipping takes a list of parameters, as in [w], not one tensor")
    return list(dict.fromkeys(x.grad for x in params if x.grad is not None))  # each once
