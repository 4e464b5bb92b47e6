"""A Tensor as NumPy and Python meet it: their functions, printing, numbers, rows, identity."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te


def leaf(*values: float, device: str = "cpu", dtype: Any = np.float64) -> te.Tensor:
    return te.tensor(np.array(values, dtype), requires_grad=True, device=device)


# --- NumPy's functions


X = np.array([[0.5, 1.5, 2.5], [3.5, 0.25, 1.0]])

GIVE_TENSORS = [
    np.exp, np.log, np.sqrt, np.tanh, np.abs, np.absolute, np.negative, np.sign,
    lambda x: np.add(x, 2), lambda x: np.subtract(2, x), lambda x: np.multiply(x, x),
    lambda x: np.divide(x, 3), lambda x: np.true_divide(1, x), lambda x: np.power(x, 2),
    lambda x: np.maximum(x, 1), lambda x: np.minimum(1, x), lambda x: np.matmul(x, x.T),
    lambda x: np.greater(x, 1), lambda x: np.equal(x, 1), lambda x: np.logical_not(x > 1),
    np.sum, np.mean, np.max, np.min, np.amax, np.amin, np.transpose, np.copy, np.squeeze, np.flip,
    lambda x: np.sum(x, axis=0), lambda x: np.mean(x, axis=1, keepdims=True),
    lambda x: np.cumsum(x, axis=1), lambda x: np.reshape(x, (3, 2)),
    lambda x: np.where(x > 1, x, 0), lambda x: np.clip(x, 1, 2),
    lambda x: np.concatenate([x, x], axis=1), lambda x: np.stack([x, x]),
    lambda x: np.expand_dims(x, 0), lambda x: np.swapaxes(x, 0, 1),
    lambda x: np.broadcast_to(x, (2, 2, 3)), lambda x: np.take(x, [0, 1], axis=1),
    lambda x: np.take_along_axis(x, np.array([[0], [2]]), axis=1),
    np.zeros_like, np.ones_like, lambda x: np.full_like(x, 7),
]  # fmt: skip
GIVE_PLAIN = [
    lambda x: np.allclose(x, X), lambda x: np.array_equal(x, X), np.isnan, np.isinf, np.isfinite,
    np.argmax, lambda x: np.argmin(x, axis=0), np.argsort, np.shape, np.ndim, np.size,
    lambda x: np.isclose(x, X + 1e-12), np.result_type,
]  # fmt: skip
REFUSED = [
    np.sin if not hasattr(te, "sin") else np.arctan, np.median, np.linalg.norm, np.fft.fft,
    np.arcsinh, np.linalg.det, np.nanmax,
]  # fmt: skip


@pytest.mark.parametrize("f", GIVE_TENSORS)
@pytest.mark.parametrize("where", ["cpu", "pretend-gpu"])
def test_numpy_functions_that_exist_here_give_tensors(f: Any, where: str) -> None:
    found = f(te.tensor(X, requires_grad=True, device=where))
    assert isinstance(found, te.Tensor)
    assert found.device == where
    np.testing.assert_allclose(found.numpy(), f(X))


@pytest.mark.parametrize("f", GIVE_PLAIN)
def test_numpy_functions_that_ask_give_plain_results(f: Any) -> None:
    found = f(te.tensor(X, requires_grad=True))
    assert not isinstance(found, te.Tensor)
    np.testing.assert_array_equal(found, f(X))


@pytest.mark.parametrize("f", REFUSED)
def test_other_numpy_functions_name_the_way_out(f: Any) -> None:
    path = f"{f.__module__}." if hasattr(f, "__module__") else ""
    name = f"{path.removeprefix('numpy.')}{f.__name__}"
    for requires_grad in (True, False):
        with pytest.raises(TypeError, match=rf"call np\.{name}\(x\.detach\(\)\.numpy\(\)"):
            f(te.tensor(X, requires_grad=requires_grad))


@pytest.mark.parametrize(
    ("f", "named"),
    [
        (lambda x: np.add(x, 1, out=np.zeros((2, 3))), r"np.add\(\) with out="),
        (lambda x: np.add(np.ones((2, 3)), 1, out=x), r"np.add\(\) with out="),
        (lambda x: np.exp(x, where=X > 1), r"np.exp\(\) with where="),
        (lambda x: np.add.at(x, [0], 1), r"np.add.at\(\)"),
        (lambda x: np.add.reduce(x), r"np.add.reduce\(\)"),
        (lambda x: np.maximum.accumulate(x), r"np.maximum.accumulate\(\)"),
        (lambda x: np.multiply.outer(x, x), r"np.multiply.outer\(\)"),
        (lambda x: np.add.reduceat(x, [0]), r"np.add.reduceat\(\)"),
    ],
)
def test_writing_and_reducing_ufuncs_are_refused(f: Any, named: str) -> None:
    x = te.tensor(X, requires_grad=True)
    with pytest.raises(TypeError, match=named):
        f(x)
    np.testing.assert_array_equal(x.numpy(), X)


def test_sums_with_out_or_where_are_refused() -> None:
    x = te.tensor(X, requires_grad=True)
    for option in ({"out": np.zeros(())}, {"where": X > 1}, {"initial": 1}):
        with pytest.raises(TypeError):
            np.sum(x, **option)


def test_an_array_in_place_operator_with_a_tensor_is_refused() -> None:
    array = np.ones((2, 3))
    with pytest.raises(TypeError, match="out="):
        array += te.tensor(X)
    np.testing.assert_array_equal(array, 1)


def test_a_tensor_becomes_an_array_only_where_nothing_is_lost() -> None:
    np.testing.assert_array_equal(np.asarray(te.tensor(X)), X)
    np.testing.assert_array_equal(np.array([te.tensor(1.0), te.tensor(2.0)]), [1, 2])
    with pytest.raises(TypeError, match=r"\.detach\(\)\.numpy\(\)"):
        np.asarray(te.tensor(X, requires_grad=True))
    with pytest.raises(TypeError, match=r"'pretend-gpu' does not move by itself"):
        np.asarray(te.tensor(X, device="pretend-gpu"))


# --- what Python asks of an object


def test_repr_shows_values_and_what_is_special(device: str) -> None:
    where = "" if device == "cpu" else f", device={device!r}"
    x = te.tensor([1.0, 2.5], requires_grad=True, device=device)
    assert repr(x) == f"tensor([1. , 2.5]{where}, requires_grad=True)"
    assert repr(x * 2) == f"tensor([2., 5.]{where}, from=mul)"
    assert repr(x.detach()) == f"tensor([1. , 2.5]{where})"
    assert repr(te.tensor(np.array(1.5), device=device)) == f"tensor(1.5, dtype=float64{where})"
    assert repr(te.tensor([1, 2], device=device)) == f"tensor([1, 2]{where})"
    assert repr(te.tensor([[1, 2], [3, 4]])) == "tensor([[1, 2],\n        [3, 4]])"


def test_format_prints_single_numbers(device: str) -> None:
    x = te.tensor(3.14159, device=device)
    assert f"{x:.2f}" == "3.14"
    assert f"{te.tensor([[2.0]], device=device):5.1f}" == "  2.0"
    assert f"{x}" == repr(x)
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        format(te.tensor([1.0, 2.0]), ".2f")


def test_single_entries_become_python_numbers(device: str) -> None:
    x = te.tensor([[2.5]], device=device)
    assert (float(x), int(x), bool(x), x.item()) == (2.5, 2, True, 2.5)
    assert type(x.item()) is float
    assert type(te.tensor(2, device=device).item()) is int
    assert not te.tensor([0.0], device=device)
    assert math.sqrt(te.tensor(4.0, device=device)) == 2
    for f in (float, int, te.Tensor.item):
        with pytest.raises(ValueError, match=r"shape \(2,\)"):
            f(te.tensor([1.0, 2.0], device=device))


def test_many_entries_are_neither_true_nor_false(device: str) -> None:
    for data in ([1.0, 2.0], []):
        with pytest.raises(ValueError, match="neither true nor false"):
            bool(te.tensor(data, device=device))


def test_tolist_and_numpy(device: str) -> None:
    x = te.tensor(X, device=device)
    assert x.tolist() == X.tolist()
    assert te.tensor(1.0, device=device).tolist() == 1.0
    assert type(x.numpy()) is np.ndarray
    np.testing.assert_array_equal(x.numpy(), X)


def test_len_and_iteration_go_along_the_first_axis(device: str) -> None:
    x = te.tensor(X, None, True, device)
    assert len(x) == 2
    first, second = x
    assert (first.tolist(), second.tolist()) == (X[0].tolist(), X[1].tolist())
    (first * second).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), X[::-1])
    assert len(te.zeros((0, 3), device=device)) == 0
    assert list(te.zeros((0, 3), device=device)) == []
    for f in (len, iter):
        with pytest.raises(TypeError, match=r"shape \(\)"):
            f(te.tensor(1.0, device=device))


def test_tensors_are_hashed_by_identity_and_compared_by_entries(device: str) -> None:
    a, b = te.tensor([1.0, 2.0], device=device), te.tensor([1.0, 3.0], device=device)
    assert hash(a) == hash(a) and len({a, b, a}) == 2
    assert {a: "a"}[a] == "a"
    assert (a == b).tolist() == [True, False]
    assert (a != b).tolist() == [False, True]
    assert (a == 1).tolist() == [True, False]


def test_comparison_with_none_is_no_comparison_of_entries() -> None:
    """`x == None` is a slip for `x is None`; it says so and gives no array."""
    with pytest.raises(TypeError, match="not on a NoneType"):
        te.tensor([1.0]) == None  # noqa: B015, E711


def test_shape_dtype_ndim_size_device(device: str) -> None:
    x = te.tensor(X, device=device)
    assert (x.shape, x.ndim, x.size, x.dtype, x.device) == ((2, 3), 2, 6, np.float64, device)


def test_what_a_tensor_remembers_of_its_making() -> None:
    x = leaf(1, 2)
    y = te.sum(x * 2, axis=0)
    assert (y.op, y.options) == (te.sum, {"axis": 0})
    assert y.inputs[0].op is te.mul
    assert y.inputs[0].inputs == (x, 2)
    assert (x.op, x.inputs) == (None, ())


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_leaves_can_be_copied_deeply_and_pickled(again: Any, device: str) -> None:
    x = leaf(2, 3, device=device)
    (x * x).sum().backward()
    y = again(x)
    assert (y.tolist(), y.grad.tolist(), y.requires_grad) == ([2, 3], [4, 6], True)
    assert (y.device, y.dtype) == (device, np.float64)
    y.data += 1
    assert x.tolist() == [2, 3]


def test_attributes_that_do_not_exist_are_errors() -> None:
    x = te.tensor([1.0])
    with pytest.raises(AttributeError):
        x.gard = None
    with pytest.raises(AttributeError):
        _ = x.cuda
