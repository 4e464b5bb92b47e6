"""Gradients of plain functions of arrays by small steps, and how far two results are apart.

Lesson 4 builds both by hand; the lessons after it take them from here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def difference(found: Any, wanted: Any) -> float:
    """The largest difference of two arrays, to two digits; infinite where their shapes differ."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape:
        return math.inf
    return float(f"{np.abs(found - wanted).max():.1e}")


def by_steps(
    function: Callable[[list[np.ndarray]], Any], parameters: Sequence[np.ndarray], h: complex
) -> list[np.ndarray]:
    """The gradients of function(parameters), a number, by a complex step h or by differences.

    h = 1e-20j: the imaginary part of f(w + h) over that of h, right to the last digit where f takes
    complex numbers. h = 1e-5: (f(w + h) − f(w − h)) / 2h, right to about ten digits.
    """
    gradients = [np.empty(p.shape) for p in parameters]
    for which, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            ahead = [p.astype(type(h)) for p in parameters]
            behind = [p.astype(type(h)) for p in parameters]
            ahead[which][index] += h
            behind[which][index] -= h
            if isinstance(h, complex):
                gradient[index] = function(ahead).imag / h.imag
            else:
                gradient[index] = (function(ahead) - function(behind)) / (2 * h)
    return gradients
