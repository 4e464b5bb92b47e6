"""debug_mode() finds what autograd does not see: entries written to, and the first NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import recording


def leaf(*values: float, device: str = "cpu") -> te.Tensor:
    return te.tensor(np.array(values, float), requires_grad=True, device=device)


def test_entries_written_to_before_backward_are_found(device: str) -> None:
    with te.debug_mode():
        w, x = leaf(2, 3, device=device), te.tensor(np.array([5.0, 7.0]), device=device)
        for written in (lambda h: w, lambda h: x, lambda h: h):
            h = w * x
            y = h.sum()
            written(h).data[0] += 1.0
            with pytest.raises(RuntimeError, match=r"used were written to before backward\(\)"):
                y.backward()


def test_the_sentence_names_the_operation() -> None:
    with te.debug_mode():
        w = leaf(2)
        y = te.tanh(te.exp(w) * 3)
        w.data[0] = 5.0
        with pytest.raises(RuntimeError, match=r"shape \(1,\) that exp\(\) used"):
            y.backward()


def test_gradients_are_the_same_within_it(device: str) -> None:
    def slopes() -> list[Any]:
        a, b = leaf(0.5, 1.5, device=device), leaf(2, device=device)
        y = (te.logsumexp(a * b) * te.where(a > 1, a, b)).sum()
        y.backward()
        return [a.grad.tolist(), b.grad.tolist()]

    with te.debug_mode():
        found = slopes()
    assert found == slopes()


def test_joint_operations_are_watched_too() -> None:
    @te.op(joint=True)
    def product(xp: Any, a: Any, b: Any, /) -> Any:
        return a * b, lambda g, needs: (g * b, g * a)

    with te.debug_mode():
        a, b = leaf(2), leaf(3)
        y = product(a, b)
        a.data[0] = 7.0
        with pytest.raises(RuntimeError, match=r"product\(\) used"):
            y.backward()


def test_the_first_nan_is_named(device: str) -> None:
    with te.debug_mode():
        x = leaf(math.inf, 1, device=device)
        h = x * 2
        with pytest.raises(RuntimeError, match=r"tanh\(\) made a NaN|sub\(\) made a NaN"):
            with np.errstate(all="ignore"):
                te.tanh(h - h)


def test_a_nan_that_came_in_is_passed_on() -> None:
    with te.debug_mode():
        assert math.isnan((leaf(math.nan) * 2).item())


def test_it_ends_with_its_block_and_may_be_nested() -> None:
    with te.debug_mode():
        with te.debug_mode():
            pass
        assert recording.guard is not None
    assert recording.guard is None
    with pytest.raises(ZeroDivisionError), te.debug_mode():
        _ = 1 / 0
    assert recording.guard is None


@te.debug_mode()
def test_it_decorates_functions() -> None:
    assert recording.guard is not None
