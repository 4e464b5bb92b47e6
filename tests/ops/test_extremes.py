"""Where formulas overflow, divide by zero or have a kink: values and gradients that are said once.

Warnings are errors in these tests, so a value that passes was computed without one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu.ops import attention, batch_norm, fused, layer_norm, pooling

INF = math.inf
BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def value_and_slope(
    f: Callable[[te.Tensor], te.Tensor], x: Any, dtype: Any, device: str, create_graph: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    a = te.tensor(np.array(x, dtype), None, True, device)
    y = f(a)
    assert y.dtype == dtype
    slope = te.grad(y.sum(), a, create_graph=create_graph)
    return y.numpy(), slope.numpy()


# --- no overflow

# op, inputs, values, slopes of the sum of the values
FAR = [
    (te.sigmoid, [-1000.0, -800.0, 0.0, 1000.0], [0, 0, 0.5, 1], [0, 0, 0.25, 0]),
    (te.sigmoid, [-INF, INF], [0, 1], [0, 0]),
    (te.tanh, [-1000.0, 0.0, 1000.0], [-1, 0, 1], [0, 1, 0]),
    (te.tanh, [-INF, INF], [-1, 1], [0, 0]),
    (te.relu, [-1e30, 1e30, -INF, INF], [0, 1e30, 0, INF], [0, 1, 0, 1]),
    (te.exp, [-1000.0, -INF], [0, 0], [0, 0]),
    (te.expm1, [-1000.0, -INF, 0.0], [-1, -1, 0], [0, 0, 1]),
    (te.log1p, [0.0, 1e30], [0, 30 * math.log(10)], [1, 0]),
    (te.softplus, [-1000.0, 1000.0, -INF, INF], [0, 1000, 0, INF], [0, 1, 0, 1]),
    (te.erf, [-1000.0, 1000.0, -INF, INF], [-1, 1, -1, 1], [0, 0, 0, 0]),
    (te.gelu, [-1000.0, 1000.0], [0, 1000], [0, 1]),
    (lambda a: te.gelu(a, "tanh"), [-1000.0, 1000.0], [0, 1000], [0, 1]),
    (te.abs, [-1e30, INF], [1e30, INF], [-1, 1]),
    (lambda a: te.clip(a, -1, 1), [-INF, 0.5, INF], [-1, 0.5, 1], [0, 1, 0]),
    (te.logsumexp, [1e4, 0.0, -1e4], 1e4, [1, 0, 0]),
    (te.logsumexp, [1e4, 1e4], 1e4 + math.log(2), [0.5, 0.5]),
    (te.logsumexp, [-1e4, -1e4], -1e4 + math.log(2), [0.5, 0.5]),
    (te.logsumexp, [-INF, 0.0, -INF, 0.0], math.log(2), [0, 0.5, 0, 0.5]),
    (te.logsumexp, [-INF, -INF], -INF, [0, 0]),
    (te.logsumexp, [-INF], -INF, [0]),
    (lambda a: te.softmax(a)[0], [1e4, 0.0, -1e4], 1, [0, 0, 0]),
    (lambda a: te.softmax(a)[0], [1e4, 1e4], 0.5, [0.25, -0.25]),
    (lambda a: te.softmax(a)[1], [-INF, 0.0, -INF, 0.0], 0.5, [0, 0.25, 0, -0.25]),
    (lambda a: te.softmax(a), [-INF, -INF], [0, 0], [0, 0]),
    (lambda a: te.log_softmax(a)[1], [1e4, 0.0, -1e4], -1e4, [-1, 1, 0]),
    (lambda a: te.log_softmax(a)[0], [1e4, 0.0, -1e4], 0, [0, 0, 0]),
    (lambda a: te.log_softmax(a)[1], [-INF, 0.0, -INF, 0.0], -math.log(2), [0, 0.5, 0, -0.5]),
    (lambda a: te.log_softmax(a)[0], [-INF, 0.0], -INF, [1, -1]),
]


@BOTH
@pytest.mark.parametrize(("f", "x", "y", "slope"), FAR)
def test_far_out_values_and_slopes_are_right(
    f: Any, x: Any, y: Any, slope: Any, dtype: Any, device: str
) -> None:
    for create_graph in (False, True):
        found, found_slope = value_and_slope(f, x, dtype, device, create_graph)
        close = {"rtol": 1e-6, "atol": 1e-7 if dtype == np.float32 else 1e-12}
        np.testing.assert_allclose(found, np.array(y, dtype), **close)
        np.testing.assert_allclose(found_slope, slope, **close)


def test_far_values_in_float16(device: str) -> None:
    for f in (te.softmax, te.log_softmax):
        found, slope = value_and_slope(lambda a: f(a)[:2], [3e4, 0, -3e4], np.float16, device)  # noqa: B023
        assert not np.isnan(found).any() and not np.isnan(slope).any()
    found, _ = value_and_slope(te.sigmoid, [6e4, 0, -6e4], np.float16, device)
    np.testing.assert_array_equal(found, [1, 0.5, 0])


@pytest.mark.parametrize(
    ("f", "slopes"),  # of order 0, 1, 2, 3
    [
        (te.sigmoid, [1 / 2, 1 / 4, 0, -1 / 8]),
        (te.tanh, [0, 1, 0, -2]),
        (te.softplus, [math.log(2), 1 / 2, 1 / 4, 0]),
        (te.erf, [0, 2 / math.sqrt(math.pi), 0, -4 / math.sqrt(math.pi)]),
        (te.gelu, [0, 1 / 2, 2 / math.sqrt(2 * math.pi), 0]),
        (lambda a: te.gelu(a, "tanh"), [0, 1 / 2, 2 / math.sqrt(2 * math.pi), 0]),
        (lambda a: fused.sigmoid_cross_entropy(a, 0.25), [math.log(2), 1 / 4, 1 / 4, 0]),
    ],
)
def test_smooth_functions_have_no_kink_at_0(f: Any, slopes: Any, device: str) -> None:
    """A formula with |a| in it is right there, but its slope's slope is not."""
    x = te.tensor(np.array([0.0, -0.0]), None, True, device)
    y = f(x)
    for slope in slopes:
        np.testing.assert_allclose(y.numpy(), [slope, slope], atol=1e-15)
        y = te.grad(y.sum(), x, create_graph=True)


def test_sigmoid_keeps_small_values(device: str) -> None:
    """Not 0 where 1 / (1 + e^-a) is a small number."""
    found, slope = value_and_slope(te.sigmoid, [-80.0, -700.0], np.float64, device)
    np.testing.assert_allclose(found, [math.exp(-80), math.exp(-700)], rtol=1e-12)
    np.testing.assert_allclose(slope, [math.exp(-80), math.exp(-700)], rtol=1e-12)


# --- kinks: one slope, said in the design

KINKS = [
    (te.relu, [0.0, -0.0], [0, 0]),
    (te.abs, [0.0, -0.0], [0, 0]),
    (lambda a: te.clip(a, -1, 1), [-1.0, 1.0, -1.001, 1.001], [1, 1, 0, 0]),
    (lambda a: te.clip(a, low=0), [0.0, -1.0], [1, 0]),
    (lambda a: te.clip(a, high=0), [0.0, 1.0], [1, 0]),
    (lambda a: te.maximum(a, 0.0), [0.0, 1.0, -1.0], [0.5, 1, 0]),
    (lambda a: te.minimum(a, 0.0), [0.0, 1.0, -1.0], [0.5, 0, 1]),
    (lambda a: te.maximum(a, a), [2.0, 0.0], [1, 1]),
    (te.max, [1.0, 3.0, 3.0, 2.0], [0, 1, 0, 0]),
    (te.min, [2.0, 1.0, 3.0, 1.0], [0, 1, 0, 0]),
    (te.max, [[1.0, 3.0], [3.0, 3.0]], [[0, 1], [0, 0]]),
    (lambda a: te.max(a, axis=0), [[1.0, 3.0], [1.0, 3.0]], [[1, 1], [0, 0]]),
    (lambda a: te.max(a, axis=1), [[1.0, 1.0], [3.0, 3.0]], [[1, 0], [1, 0]]),
    (lambda a: te.min(a, axis=(0, 2)), [[[1.0, 1.0]], [[1.0, 1.0]]], [[[1, 0]], [[0, 0]]]),
    (lambda a: te.max(a, axis=(1, 0)), [[5.0, 5.0], [5.0, 5.0]], [[1, 0], [0, 0]]),
]


@pytest.mark.parametrize(("f", "x", "slope"), KINKS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_slope_at_a_kink(f: Any, x: Any, slope: Any, create_graph: bool, device: str) -> None:
    _, found = value_and_slope(f, x, np.float64, device, create_graph)
    np.testing.assert_array_equal(found, slope)


def test_ties_of_maximum_and_minimum_are_shared(device: str) -> None:
    for f in (te.maximum, te.minimum):
        a = te.tensor([1.0, 2.0], requires_grad=True, device=device)
        b = te.tensor([1.0, 2.0], requires_grad=True, device=device)
        f(a, b).backward(te.tensor([4.0, 6.0], device=device))
        assert a.grad.tolist() == b.grad.tolist() == [2, 3]


# --- masked gradients: ∞ · 0 must not arise


@pytest.mark.parametrize(
    "f",
    [
        te.relu,
        lambda a: te.clip(a, 0, 9),
        lambda a: te.maximum(a, 0.0),
        lambda a: te.where(a > 0, a, 0.0),
    ],
)
def test_an_infinite_gradient_does_not_pass_a_closed_gate(f: Any, device: str) -> None:
    x = te.tensor([-1.0, 2.0], requires_grad=True, device=device)
    f(x).backward(te.tensor([INF, 1.0], device=device))
    assert x.grad.tolist() == [0, 1]


# --- products with zeros


@pytest.mark.parametrize(
    ("row", "slopes"),
    [
        ([2.0, 3.0, 4.0], [12, 8, 6]),
        ([2.0, 0.0, 4.0], [0, 8, 0]),
        ([0.0, 3.0, 0.0], [0, 0, 0]),
        ([5.0], [1]),
        ([], []),
    ],
)
def test_slopes_of_a_product_with_no_one_and_two_zeros(row: Any, slopes: Any, device: str) -> None:
    for create_graph in (False, True):
        value, found = value_and_slope(te.prod, row, np.float64, device, create_graph)
        assert value == np.prod(row)
        np.testing.assert_array_equal(found, slopes)


def test_second_slope_of_a_product_with_a_zero(device: str) -> None:
    x = te.tensor(np.array([2.0, 0.0, 4.0]), None, True, device)
    (g,) = te.grad(te.prod(x), [x], create_graph=True)
    assert te.grad(g[0], x).tolist() == [0, 4, 0]


# --- powers

POWERS = [
    (0.0, 2, 0.0, 0.0),
    (0.0, 1, 0.0, 1.0),
    (0.0, 0, 1.0, 0.0),
    (3.0, 0, 1.0, 0.0),
    (-2.0, 3, -8.0, 12.0),
    (-2.0, 4, 16.0, -32.0),
    (-2.0, 2.0, 4.0, -4.0),
    (-2.0, 5, -32.0, 80.0),
    (4.0, 0.5, 2.0, 0.25),
    (4.0, -0.5, 0.5, -0.0625),
    (2.0, -1, 0.5, -0.25),
    (2.0, True, 2.0, 1.0),
]


@BOTH
@pytest.mark.parametrize(("base", "exponent", "value", "slope"), POWERS)
def test_powers_with_a_number_as_exponent(
    base: float, exponent: Any, value: float, slope: float, dtype: Any, device: str
) -> None:
    for create_graph in (False, True):
        found = value_and_slope(lambda a: a**exponent, [base], dtype, device, create_graph)
        np.testing.assert_allclose(found, [[value], [slope]], rtol=1e-6)


@pytest.mark.parametrize("exponent", [2, 3, 4, 5, 6, 0.5, -1.0, -2])
def test_third_derivatives_of_powers(exponent: Any, device: str) -> None:
    x = te.tensor(np.array([0.7, 1.5]), None, True, device)
    y = (x**exponent).sum()
    for order in (1, 2, 3):
        (y,) = te.grad(y, [x], create_graph=True)
        factor = math.prod(exponent - i for i in range(order))
        expected = factor * np.array([0.7, 1.5]) ** float(exponent - order)
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12, atol=1e-12)
        y = y.sum()


def test_powers_with_a_tensor_as_exponent(device: str) -> None:
    """0⁰ = 1 with slope 0, and d/db 0ᵇ = 0: no NaN from ln 0 or 0⁻¹."""
    a = te.tensor(np.array([0.0, 0.0, 2.0, 0.0]), None, True, device)
    b = te.tensor(np.array([0.0, 2.0, 0.0, 1.0]), None, True, device)
    (a**b).backward(te.tensor(np.ones(4), device=device))
    np.testing.assert_array_equal((a**b).numpy(), [1, 0, 1, 0])
    np.testing.assert_array_equal(a.grad.numpy(), [0, 0, 0, 1])
    np.testing.assert_allclose(b.grad.numpy(), [0, 0, math.log(2), 0])


def test_exponent_of_a_number(device: str) -> None:
    found, slope = value_and_slope(lambda b: 2**b, [0.0, 3.0, -1.0], np.float64, device)
    np.testing.assert_allclose(found, [1, 8, 0.5])
    np.testing.assert_allclose(slope, math.log(2) * found)
    _, slope = value_and_slope(lambda b: 0**b, [2.0, 1.0], np.float64, device)
    np.testing.assert_array_equal(slope, [0, 0])


@pytest.mark.parametrize("exponent", [3.0, 4.0, 2.5])
@pytest.mark.parametrize("base", [2, 2.0, [1.5, 2.0], np.array([10, 20], np.uint8), [True, False]])
def test_exponent_of_shape_nothing(base: Any, exponent: float, device: str) -> None:
    """A float64 scalar of NumPy is a Python float too, but its dtype counts."""
    a = base if isinstance(base, int | float) else te.tensor(base, device=device)
    b = te.tensor(np.array(exponent), None, True, device)
    y = a**b
    wanted = np.asarray(base, np.float64) ** exponent
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.numpy(), wanted)
    y.sum().backward()
    assert b.grad.dtype == np.float64


def test_powers_of_unsigned_and_booleans_are_floats(device: str) -> None:
    for base in (np.array([10, 20], np.uint8), np.array([True, False])):
        y = te.tensor(base, device=device) ** 3.0
        np.testing.assert_allclose(y.numpy(), base.astype(float) ** 3.0)


@pytest.mark.filterwarnings("error")
def test_whole_numbers_wrap_in_every_shape(device: str) -> None:
    for shape in ((), (1,)):
        a, b = (te.tensor(np.full(shape, v, np.uint8), device=device) for v in (200, 100))
        np.testing.assert_array_equal((a + b).numpy(), np.full(shape, 44))
        np.testing.assert_array_equal((-b).numpy(), np.full(shape, 156))


def test_negative_base_has_a_slope_while_the_exponent_needs_none(device: str) -> None:
    """ln of the base is not computed where only the base needs a gradient."""
    a = te.tensor(np.array([-2.0, -3.0]), None, True, device)
    b = te.tensor(np.array([2.0, 3.0]), device=device)
    (a**b).sum().backward()
    np.testing.assert_array_equal(a.grad.numpy(), [-4, 27])


# --- NumPy warns, so does the library on the CPU: a wrong argument is worth a word


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (te.log, [0.0], [-INF]),
        (te.log, [-1.0], [math.nan]),
        (te.sqrt, [-1.0], [math.nan]),
        (te.exp, [1000.0], [INF]),
        (lambda a: 1 / a, [0.0], [INF]),
        (lambda a: a**-1, [0.0], [INF]),
        (lambda a: a / 0, [0.0], [math.nan]),
    ],
)
def test_numpy_warns_of_a_singular_value(f: Any, x: Any, expected: Any) -> None:
    with pytest.warns(RuntimeWarning):
        assert np.array_equal(f(te.tensor(x)).numpy(), expected, equal_nan=True)
    assert np.array_equal(f(te.tensor(x, device="pretend-gpu")).numpy(), expected, equal_nan=True)


def test_slope_of_a_root_at_zero_is_infinite() -> None:
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        _, slope = value_and_slope(te.sqrt, [0.0], np.float64, "cpu")
    assert slope == [INF]


# --- what is refused


@pytest.mark.parametrize("f", [te.max, te.min, te.mean, te.logsumexp])
@pytest.mark.parametrize(
    ("shape", "axis"), [((0,), None), ((0,), 0), ((2, 0), 1), ((2, 0, 3), (0, 1))]
)
def test_of_no_entries_is_undefined(f: Any, shape: Any, axis: Any, device: str) -> None:
    with pytest.raises(ValueError, match=r"no entries|zero-size array"):
        f(te.zeros(shape, device=device), axis=axis)


def test_sum_of_no_entries_is_zero(device: str) -> None:
    assert te.zeros((0,), device=device).sum().item() == 0
    assert te.zeros((2, 0), device=device).sum(axis=1).tolist() == [0, 0]


WRONG = [
    (lambda x: te.sum(x, axis=2), ValueError, "axis 2 does not exist: the tensor has 2 axes"),
    (lambda x: te.max(x, axis=-3), ValueError, "axis -3 does not exist"),
    (lambda x: te.mean(x, axis=(0, -2)), ValueError, "names an axis twice"),
    (lambda x: te.clip(x), ValueError, "needs low, high or both"),
    (lambda x: x @ x, ValueError, r"\(2, 3\) @ \(2, 3\) does not fit"),
    (lambda x: x @ x[0, 0], ValueError, "To multiply by a number, use"),
    (lambda x: x @ 2, ValueError, "To multiply by a number, use"),
    (lambda x: te.concatenate(x), ValueError, "joins a list of at least one tensor"),
    (lambda x: te.stack([]), ValueError, "joins a list of at least one tensor"),
    (lambda x: te.take(x, [0], axis=2), ValueError, "axis 2 does not exist"),
    (lambda x: te.take(x, [0]), ValueError, r"of shape \(2, 3\) needs axis=, 0 for its rows"),
    (lambda x: te.take_along_axis(x, [0], axis=0), ValueError, "as many axes as the tensor"),
    (lambda x: te.exp("x"), TypeError, r"exp\(\) works on tensors, arrays and numbers, not on a str"),  # noqa: E501
    (lambda x: x + None, TypeError, "not on a NoneType"),
    (lambda x: te.exp(x, x), TypeError, r"exp\(\) takes 1 tensor"),
    (lambda x: te.add(x), TypeError, r"add\(\) takes 2 tensors"),
    (lambda x: x + te.zeros(2, device=x.device), ValueError, "broadcast"),
    (lambda x: te.var(x, axis=1, correction=3), ValueError, "3 entries with correction 3 is 0/0"),
    (lambda x: te.gelu(x, "fast"), ValueError, 'approximate is "none" or "tanh", not \'fast\''),
    (lambda x: te.dot(x, x), ValueError, "two vectors of one length"),
    (lambda x: te.outer(x, x), ValueError, "two vectors"),
    (lambda x: te.einsum("ii->i", x @ x.T), ValueError, "one letter of its own"),
    (lambda x: te.einsum("ij,jk->ik", x), ValueError, "names 2 arrays, and 1 were given"),
    (lambda x: te.einsum("ijk->i", x), ValueError, "does not fit an array of 2 axes"),
    (lambda x: te.split(x, 2, axis=1), ValueError, "do not make 2 equal parts"),
    (lambda x: te.pad(x, ((1, 1),) * 3), ValueError, "3 pairs of widths for 2 axes"),
    (lambda x: te.repeat(x, -1, axis=0), ValueError, "repeats is at least 0"),
    (lambda x: te.one_hot([3], 3), IndexError, r"one_hot\(\): index 3 is outside 0 … 2"),
    (lambda x: te.one_hot([-1], 3), IndexError, "index -1 is outside 0 … 2"),
    (lambda x: te.one_hot([1.0], 3), TypeError, "whole numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "error", "sentence"), WRONG)
def test_wrong_use_stops_with_a_sentence(f: Any, error: Any, sentence: str, device: str) -> None:
    with pytest.raises(error, match=sentence):
        f(te.ones((2, 3), device=device))


# --- float16, whose largest number is 65,504

SPREAD = np.random.default_rng(0).normal(50, 20, (4000, 3))
ENDS = np.ones(3), np.zeros(3)
FORTIES = np.full((4, 64), 40.0)
HALF = [  # an operation, its inputs, its value
    (batch_norm._batch_norm, (SPREAD, *ENDS), (SPREAD - SPREAD.mean(0)) / SPREAD.std(0)),
    (
        layer_norm.layer_norm,
        (SPREAD.T, np.ones(4000), np.zeros(4000)),
        ((SPREAD - SPREAD.mean(0)) / SPREAD.std(0)).T,
    ),
    (attention._scaled_dot_product_attention, (FORTIES,) * 3, FORTIES),
    (partial(pooling._avg_pool2d, kernel=(64, 64)), (np.full((1, 1, 64, 64), 100.0),), 100.0),
]


@pytest.mark.parametrize(("operation", "arrays", "wanted"), HALF)
def test_float16_does_not_overflow_on_the_way(
    operation: Any, arrays: Any, wanted: Any, device: str
) -> None:
    """Sums and products inside are larger than the result; the twin and second pass hold too."""
    inputs = [te.tensor(a.astype(np.float16), None, True, device) for a in arrays]
    options = getattr(operation, "keywords", {})
    operation = getattr(operation, "func", operation)
    for function in (operation, operation.composed):
        y = function(*inputs, **options)
        assert y.dtype == np.float16
        np.testing.assert_allclose(y.numpy(), np.broadcast_to(wanted, y.shape), atol=2e-2)
        for create_graph in (False, True):
            slopes = te.grad(y, inputs, te.ones_like(y), True, create_graph=create_graph)
            for slope in slopes:
                assert slope.dtype == np.float16 and np.isfinite(slope.numpy()).all()


# --- layer norm of inputs that differ in their dtypes

MIXED = list(itertools.product([np.float16, np.float32, np.float64], repeat=3))


@pytest.mark.parametrize("dtypes", MIXED, ids=lambda dtypes: "-".join(d.__name__ for d in dtypes))
def test_layer_norm_of_mixed_dtypes_is_its_twin(dtypes: Any, device: str) -> None:
    """Value, dtype and gradients, to the precision of the coarsest dtype."""
    rng = np.random.default_rng(1)
    arrays = rng.normal(5, 1, (3, 7)), rng.normal(size=7), rng.normal(size=7)
    inputs = [
        te.tensor(a.astype(dtype), None, True, device)
        for a, dtype in zip(arrays, dtypes, strict=True)
    ]
    y, twin = layer_norm.layer_norm(*inputs), layer_norm.layer_norm.composed(*inputs)
    assert y.dtype == twin.dtype == np.result_type(*dtypes)
    close = 2e-2 if np.float16 in dtypes else 1e-5
    np.testing.assert_allclose(y.numpy(), twin.numpy(), atol=close)
    g = te.tensor(rng.uniform(-1, 1, y.shape).astype(y.dtype), device=device)
    for x, one, other in zip(inputs, *(te.grad(o, inputs, g) for o in (y, twin)), strict=True):
        assert one.dtype == x.dtype
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=close)


@pytest.mark.parametrize(
    ("dtype", "of_weight", "mean", "size", "close"),
    [(np.float64, np.float32, 1e4, 7, 1e-10), (np.float32, np.float16, 5, 1000, 5e-5)],
)
def test_layer_norm_is_as_exact_as_its_input(
    dtype: Any, of_weight: Any, mean: float, size: int, close: float, device: str
) -> None:
    """1/size is no number of the weight's dtype: 1/7 has 7 digits in float32."""
    x = np.random.default_rng(2).normal(mean, 1, (4, size)).astype(dtype)
    wide = x.astype(np.float64)
    wanted = (wide - wide.mean(1)[:, None]) / np.sqrt(wide.var(1)[:, None] + 1e-5)
    arrays = x, np.ones(size, of_weight), np.zeros(size, of_weight)
    y = layer_norm.layer_norm(*(te.tensor(a, device=device) for a in arrays))
    np.testing.assert_allclose(y.numpy(), wanted, atol=close)
