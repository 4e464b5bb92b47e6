"""The checks themselves are tried on wrong operations: each fault is found by the check for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tests.ops import checks, table
from tests.ops.checks import FOR_ALL, FOR_FLAT, WITH_GRADIENT
from tests.ops.table import Line, positive, real
from tinygrad_edu.backend import generator

# --- wrong operations, each beside the right one it stands for


def right_exp(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)
    return y, lambda g: g * y


def exp_of_another_value(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a) + 1e-9
    return y, lambda g: g * y


def exp_that_forgets_the_layout(xp: Any, a: Any, /) -> Any:
    steps = [n // a.itemsize for n in getattr(a, "strides", ())]
    y = xp.exp(a if steps == sorted(steps, reverse=True) and min(steps, default=1) > 0 else -a)
    return y, lambda g: g * y


def exp_of_the_wrong_sign(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)
    return y, lambda g: -g * y


def exp_without_its_factor(xp: Any, a: Any, /) -> Any:
    return xp.exp(a), lambda g: g


def exp_with_a_constant_slope(xp: Any, a: Any, /) -> Any:
    """Right at first order, but its slope is no function of a any more."""
    y = xp.exp(a)
    constant = y.detach() if isinstance(y, te.Tensor) else y
    return y, lambda g: g * constant


def exp_that_records_another_gradient(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)
    return y, lambda g: g * y * (1.5 if isinstance(g, te.Tensor) else 1)


def exp_that_loses_upstream(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)
    return y, lambda g: g * y if not isinstance(g, te.Tensor) else g.detach() * y


def exp_in_single_precision(xp: Any, a: Any, /) -> Any:
    """The engine narrows float64 itself where no input is; float16 is left to the operation."""
    y = xp.exp(a) if a.dtype == np.float64 else xp.exp(a.astype(np.float32))
    return y, lambda g: g * y


def exp_in_half_precision(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a.astype(np.float16)).astype(a.dtype) if a.dtype == np.float32 else xp.exp(a)
    return y, lambda g: g * y


def exp_written_into_its_input(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)
    a *= 1.5
    return y, lambda g: g * y


def exp_written_into_upstream(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)

    def vjp(g: Any) -> Any:
        g *= y
        return g

    return y, vjp


def exp_written_into_its_result(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)

    def vjp(g: Any) -> Any:
        y[...] *= g
        return y.copy()

    return y, vjp


def exp_with_a_kept_buffer(xp: Any, a: Any, /) -> Any:
    y, buffer = xp.exp(a), xp.zeros_like(a)

    def vjp(g: Any) -> Any:
        buffer[...] = g * y + 0 * buffer
        return buffer

    return y, vjp


def exp_that_gives_its_result_away(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)

    def vjp(g: Any) -> Any:
        y[...] = g * xp.exp(a)
        return y

    return y, vjp


def exp_with_noise(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)
    return y * (1 + 1e-15 * generator().random()), lambda g: g * y


def exp_in_a_circle(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)
    circle = [y]
    circle.append(circle)
    return y, lambda g: g * circle[0]


def exp_that_asks_the_host(xp: Any, a: Any, /) -> Any:
    y = xp.exp(a)
    if not isinstance(a, te.Tensor) and a.size and float(a.max()) > 1e6:
        raise OverflowError
    return y, lambda g: g * y


def softmax_of_zero_slope(xp: Any, a: Any, /, axis: int) -> Any:
    """Upstream gradients of ones would let this pass: Σ softmax is constant."""
    e = xp.exp(a)
    return e / e.sum(axis=axis, keepdims=True), lambda g: g * 0


def mul_with_gradients_exchanged(xp: Any, a: Any, b: Any, /) -> Any:
    return a * b, lambda g: g * a, lambda g: g * b


def mul_that_counts_on_both(xp: Any, a: Any, b: Any, /) -> Any:
    """Its second gradient is right where the first was asked for before."""
    asked: list[Any] = []

    def wrt_a(g: Any) -> Any:
        asked.append(g)
        return g * b

    return a * b, wrt_a, lambda g: (g if asked else -g) * a


def add_with_one_gradient_array(xp: Any, a: Any, b: Any, /) -> Any:
    both: list[Any] = []

    def vjp(g: Any) -> Any:
        if not both:
            both.append(g * 1)
        return both[0]

    return a + b, vjp, vjp


def add_that_writes_twice(xp: Any, a: Any, b: Any, /) -> Any:
    """Right while its inputs differ."""
    if a is b:
        return a + b, lambda g: g * 2, lambda g: g * 2
    return a + b, lambda g: g, lambda g: g


def undeclared_view(xp: Any, a: Any, /) -> Any:
    return a.reshape(a.shape), lambda g: g


def sign_with_a_slope(xp: Any, a: Any, /) -> Any:
    return xp.sign(a), lambda g: g * 0


def twin_of_another_value(a: te.Tensor) -> te.Tensor:
    return te.exp(a) * (1 + 1e-9)


def twin_of_another_slope(a: te.Tensor) -> te.Tensor:
    return te.exp(a) + 1e-9 * (a - a.detach())


SAME: Any = [((2, 3),), ((3,),)]


def line_of(function: Any, like: str, **how: Any) -> Line:
    """The table's line of the right operation, with a wrong one in its place."""
    line = next(line for line in table.LINES if line.name == like)
    return line._replace(
        name=function.__name__, call=te.op(function, **how) if not how else te.op(**how)(function)
    )


FAULTS: list[tuple[Callable[..., Any], str, str, dict[str, Any]]] = [
    (exp_of_another_value, "exp", "value", {}),
    (exp_that_forgets_the_layout, "exp", "value", {}),
    (exp_of_the_wrong_sign, "exp", "gradient", {}),
    (exp_without_its_factor, "exp", "gradient", {}),
    (softmax_of_zero_slope, "softmax", "gradient", {}),
    (mul_with_gradients_exchanged, "mul", "gradient", {}),
    (exp_that_records_another_gradient, "exp", "recorded_gradient", {}),
    (exp_with_a_constant_slope, "exp", "second_gradient", {}),
    (exp_that_loses_upstream, "exp", "second_gradient", {}),
    (exp_in_single_precision, "exp", "dtype", {}),
    (exp_in_half_precision, "exp", "values_in_lower_precision", {}),
    (exp_written_into_its_input, "exp", "nothing_else_changes", {}),
    (exp_written_into_its_result, "exp", "nothing_else_changes", {}),
    (exp_with_a_kept_buffer, "exp", "nothing_else_changes", {}),
    (exp_with_noise, "exp", "nothing_else_changes", {}),
    (exp_written_into_upstream, "exp", "upstream_is_left_alone", {}),
    (exp_that_gives_its_result_away, "exp", "gradients_own_their_memory", {}),
    (add_with_one_gradient_array, "add", "gradients_own_their_memory", {}),
    (add_that_writes_twice, "add", "gradient_of_repeated_input", {}),
    (mul_that_counts_on_both, "mul", "frozen_inputs", {}),
    (undeclared_view, "copy", "views_are_known", {}),
    (exp_in_a_circle, "exp", "freed_by_reference_count", {}),
    (exp_that_asks_the_host, "exp", "same_as_on_cpu", {}),
    (right_exp, "exp", "twin", {"composed": twin_of_another_value}),
    (right_exp, "exp", "twin", {"composed": twin_of_another_slope}),
    (sign_with_a_slope, "sign", "no_gradient", {}),
]


@pytest.mark.parametrize(
    ("function", "like", "check", "how"),
    FAULTS,
    ids=[f"{check}: {function.__name__}" for function, _, check, _ in FAULTS],
)
@pytest.mark.usefixtures("seeded")
def test_a_planted_fault_is_found(function: Any, like: str, check: str, how: Any) -> None:
    with pytest.raises(AssertionError):
        getattr(checks, f"check_{check}")(line_of(function, like, **how), "pretend-gpu")


def test_every_check_has_seen_a_fault() -> None:
    names = [check.__name__[6:] for check in FOR_ALL + WITH_GRADIENT + FOR_FLAT]
    assert {check for _, _, check, _ in FAULTS} == set(names)


def test_the_right_operation_passes() -> None:
    line = line_of(right_exp, "exp")
    for check in FOR_ALL + WITH_GRADIENT:
        check(line, "pretend-gpu")


def test_a_slope_said_not_to_bend_is_checked() -> None:
    line = line_of(right_exp, "exp")._replace(bends=False)
    with pytest.raises(AssertionError, match="bends after all"):
        checks.check_second_gradient(line, "cpu")


@pytest.mark.parametrize("draw", [real, positive])
def test_differences_are_right_to_eight_digits(draw: Any) -> None:
    x = draw(np.random.default_rng(0), (4, 5))
    found = checks.difference_quotient(lambda x: np.sum(np.exp(x) * x**2), x)
    np.testing.assert_allclose(found, np.exp(x) * (x**2 + 2 * x), rtol=1e-9, atol=1e-9)
