"""Numbers, NumPy scalars, lists and integers beside tensors: none of them widens a float."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te

FLOATS = [np.float16, np.float32, np.float64]
NUMBERS: list[Any] = [
    2,
    2.5,
    True,
    np.float64(2.5),
    np.float32(2.5),
    np.float16(2.5),
    np.int64(2),
    np.int8(2),
    np.bool_(True),
    np.array(2.5),
    np.array(2),
]
ARITHMETIC = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
    "maximum": te.maximum,
    "minimum": te.minimum,
    "where": lambda a, b: te.where(first_of_two(a, b), a, b),
}


def first_of_two(*values: Any) -> Any:
    device = next((x.device for x in values if isinstance(x, te.Tensor)), None)
    return te.tensor([True, False], device=device)


def described(x: Any) -> str:
    return f"{type(x).__name__} {x}"


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("number", NUMBERS, ids=described)
@pytest.mark.parametrize("name", ARITHMETIC)
def test_a_number_does_not_widen_a_tensor(name: str, number: Any, dtype: Any, device: str) -> None:
    of = ARITHMETIC[name]
    for left in (False, True):
        x = te.tensor(np.array([0.5, 3.0], dtype), None, True, device)
        y = of(number, x) if left else of(x, number)
        value = number.item() if isinstance(number, np.generic | np.ndarray) else number
        expected = of(value, x.numpy()) if left else of(x.numpy(), value)
        assert isinstance(y, te.Tensor)
        assert (y.dtype, y.device) == (dtype, device)
        np.testing.assert_allclose(y.numpy(), as_array(expected), rtol=1e-3)
        for create_graph in (False, True):
            slope = te.grad(y.sum(), x, retain_graph=True, create_graph=create_graph)
            assert slope.dtype == dtype


def as_array(x: Any) -> Any:
    return x.numpy() if isinstance(x, te.Tensor) else x


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("other", [np.int8, np.int32, np.int64, np.uint8, np.bool_])
@pytest.mark.parametrize("name", ["add", "mul", "truediv", "maximum", "sub"])
def test_an_integer_tensor_does_not_widen_a_float(
    name: str, other: Any, dtype: Any, device: str
) -> None:
    of = ARITHMETIC[name]
    x = te.tensor(np.array([1.5, 2.0], dtype), None, True, device)
    n = te.tensor(np.array([1, 1], other), device=device)
    for y in (of(x, n), of(n, x)):
        assert y.dtype == dtype
        assert te.grad(y.sum(), x).dtype == dtype


@pytest.mark.parametrize(
    "f",
    [
        te.exp,
        te.sqrt,
        te.sigmoid,
        te.tanh,
        te.mean,
        te.softmax,
        te.logsumexp,
        lambda n: n / n,
        lambda n: n / 2,
        lambda n: 1 / n,
        lambda n: n * 0.5,
        lambda n: n + 0.5,
        lambda n: n**0.5,
        lambda n: te.maximum(n, 0.5),
    ],
)
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_integers_become_float32_where_floats_are_needed(f: Any, dtype: Any, device: str) -> None:
    assert f(te.tensor(np.array([1, 2], dtype), device=device)).dtype == np.float32


@pytest.mark.parametrize(
    "f", [lambda n: n + n, lambda n: n * 2, lambda n: -n, te.sum, te.max, lambda n: n**2, te.relu]
)
def test_integers_stay_integers(f: Any, device: str) -> None:
    assert f(te.tensor([1, 2], device=device)).dtype == np.int64


def test_float64_beside_float32_is_float64_and_each_gradient_its_own(device: str) -> None:
    a = te.tensor([1.0, 2.0], np.float64, True, device)
    b = te.tensor([1.0, 2.0], np.float32, True, device)
    (a * b).sum().backward()
    assert (a * b).dtype == np.float64
    assert (a.grad.dtype, b.grad.dtype) == (np.float64, np.float32)


def test_astype_turns_the_gradient_back(device: str) -> None:
    x = te.tensor([1.0, 2.0], np.float32, True, device)
    y = x.astype(np.float64)
    assert y.dtype == np.float64
    (y * y).sum().backward()
    assert (x.grad.dtype, x.grad.tolist()) == (np.float32, [2, 4])


def test_astype_to_integers_carries_no_gradient(device: str) -> None:
    x = te.tensor([1.5, 2.5], requires_grad=True, device=device)
    assert not x.astype(np.int64).requires_grad
    assert te.astype([1.5], np.int64).tolist() == [1]


# --- what else may stand beside a tensor


def test_lists_stand_for_tensors(device: str) -> None:
    x = te.tensor([1.0, 2.0], device=device)
    assert (x + [1, 2]).tolist() == [2, 4]
    assert ([1, 2] - x).tolist() == [0, 0]
    assert te.maximum([1.0, 3.0], x).tolist() == [1, 3]
    assert ([[1, 0], [0, 2]] @ x).tolist() == [1, 4]


def test_functions_take_numbers_and_lists_alone() -> None:
    assert te.exp(0).tolist() == 1
    assert te.exp(0).dtype == np.float32
    assert te.add(1, 2).tolist() == 3
    assert te.sum([1.0, 2.0]).item() == 3
    assert te.concatenate([[1.0], [2.0]]).tolist() == [1, 2]


def test_arrays_of_the_host_stand_beside_tensors_of_the_host() -> None:
    x = te.tensor([1.0, 2.0], requires_grad=True)
    for y in (x * np.array([3.0, 4.0], np.float32), np.array([3.0, 4.0], np.float32) * x):
        assert isinstance(y, te.Tensor)
        assert te.grad(y.sum(), x).tolist() == [3, 4]


@pytest.mark.parametrize("of", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_arrays_of_the_host_do_not_move_to_a_device(of: Any) -> None:
    x, y = te.tensor([1.0, 2.0], device="pretend-gpu"), np.array([3.0, 4.0], np.float32)
    for a, b in ((x, y), (y, x)):
        with pytest.raises(ValueError, match=r"on 'pretend-gpu'.* Move one of them"):
            of(a, b)


def test_options_by_position_and_by_name_are_the_same(device: str) -> None:
    x = te.tensor(np.arange(6.0).reshape(2, 3), device=device)
    assert x.sum(1, True).tolist() == x.sum(axis=1, keepdims=True).tolist()
    assert te.clip(x, 1, 3).tolist() == x.clip(low=1, high=3).tolist()
    assert te.reshape(x, (3, 2)).tolist() == te.reshape(x, shape=(3, 2)).tolist()


# --- found by trying to break it


def test_take_along_axis_repeats_lengths_of_one_as_numpy_does():
    a, indices = np.arange(12.0).reshape(3, 4), np.array([[1, 2]])
    found = te.take_along_axis(te.tensor(a), indices, axis=1)
    np.testing.assert_array_equal(found.numpy(), np.take_along_axis(a, indices, axis=1))


@pytest.mark.parametrize(
    ("subscripts", "shapes"), [("i,i->", [(1,), (3,)]), ("ij,j->i", [(2, 1), (3,)])]
)
def test_einsum_repeats_lengths_of_one_forward_and_backward(subscripts, shapes):
    rng = np.random.default_rng(0)
    te.gradcheck(lambda *a: te.einsum(subscripts, *a), [rng.random(shape) for shape in shapes])


def test_whole_numbers_to_a_float_power_are_floats():
    x = te.tensor([1, 2])
    assert [(x**b).dtype for b in (3, 3.0, 4, 4.0)] == [te.int64, te.float32, te.int64, te.float32]


def test_logic_is_for_booleans():
    with pytest.raises(TypeError, match="& joins booleans.*int64"):
        te.tensor([1, 2]) & 1
    with pytest.raises(TypeError, match="~ joins booleans"):
        ~te.tensor([1, 2])


def test_numpy_functions_that_would_lose_a_gradient_are_refused():
    with pytest.raises(TypeError, match=r"np.sort\(x.detach\(\).numpy\(\)\)"):
        np.sort(te.tensor([2.0, 1.0], requires_grad=True))
