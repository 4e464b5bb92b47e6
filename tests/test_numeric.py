"""Gradients by small steps, and the difference of two results, as the lessons use them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import lesson
from tinygrad_edu.numeric import by_steps, difference

W = np.array([[0.5, -1.0], [2.0, 0.25]])
B = np.array([1.5, -0.5])


def value(parameters: list[Any]) -> Any:
    """Σ exp(w) b² over the rows: ∂/∂w = exp(w) b², ∂/∂b = 2 b Σ exp(w)."""
    w, b = parameters
    return (np.exp(w) * b**2).sum()


@pytest.mark.parametrize(("h", "tolerance"), [(1e-20j, 1e-14), (1e-30j, 1e-14), (1e-5, 1e-8)])
def test_by_steps_gives_the_gradients(h: complex, tolerance: float) -> None:
    by_w, by_b = by_steps(value, [W, B], h)
    np.testing.assert_allclose(by_w, np.exp(W) * B**2, rtol=tolerance)
    np.testing.assert_allclose(by_b, 2 * B * np.exp(W).sum(axis=0), rtol=tolerance)


def test_by_steps_leaves_the_parameters_alone() -> None:
    w, b = W.copy(), B.copy()
    by_steps(value, [w, b], 1e-5)
    np.testing.assert_array_equal(w, W)
    np.testing.assert_array_equal(b, B)


def test_difference_is_the_largest_one() -> None:
    assert difference([1.0, 2.0], [1.5, 1.987654]) == 0.5
    assert difference([1.0, 2.0], [1.0, 1.987654]) == 0.012
    assert difference([1.0], [[1.0]]) == math.inf
    assert math.isnan(difference([math.nan], [1.0]))


def test_show_prints_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    lesson.show("W", W)
    lesson.show("a third", np.float64(1) / 3)
    assert capsys.readouterr().out.splitlines() == [
        "W          = [[ 0.5 , -1. ], [ 2. , 0.25]]",
        "a third    = 0.33333333333",
    ]
