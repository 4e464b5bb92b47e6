"""The stand-in for a GPU keeps each rule of CuPy, and computes what NumPy computes."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import subprocess
import sys
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.backend import pretend
from tinygrad_edu.backend import pretend_rules as rules
from tinygrad_edu.backend.pretend import PretendArray, count_transfers, to_device, to_host, xp

A = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
B = np.random.default_rng(1).random((3, 4)).astype(np.float32) + 0.5
SQUARE = B @ B.T + np.eye(3, dtype=np.float32)
WHOLE = np.array([[3, 1, 2, 0], [7, 5, 4, 6], [11, 8, 9, 10]])
MASK = A > 0


def device(*arrays: np.ndarray) -> tuple[Any, ...]:
    return tuple(to_device(array) for array in arrays)


def on_host(value: Any) -> Any:
    """The value with every array of the device copied to the host."""
    if isinstance(value, tuple | list):
        return [on_host(item) for item in value]
    assert not isinstance(value, np.ndarray | np.generic), "NumPy values leave the device"
    return to_host(value) if isinstance(value, PretendArray) else value


# Each computation gets the namespace, two positive or signed float arrays, integers and a mask.
COMPUTATIONS: dict[str, Callable[..., Any]] = {
    "operators": lambda xp, a, b, i, m: -a + b * 2 - a / b + (a**2) @ b.T[:, :1] + 1 / b,
    "reflected operators": lambda xp, a, b, i, m: (2 - a, 2 / b, 2**b, 7 // i[0, :3], 7 % i[1]),
    "comparisons": lambda xp, a, b, i, m: (a < b, a <= 0, b > a, a >= b, a == b, i != 1),
    "logic": lambda xp, a, b, i, m: (m & ~m, m | m, m ^ True, i << 1, i >> 1, divmod(i, 3)),
    "NumPy scalars": lambda xp, a, b, i, m: (np.float32(2) * a, np.float64(2) * a, a / np.int64(2)),
    "exp": lambda xp, a, b, i, m: xp.exp(a),
    "ufunc of a number": lambda xp, a, b, i, m: xp.exp(1.0) if xp is not np else np.asarray(np.e),
    "log, sqrt, tanh": lambda xp, a, b, i, m: (xp.log(b), xp.sqrt(b), xp.tanh(a), xp.log1p(b)),
    "ufunc with out": lambda xp, a, b, i, m: xp.add(a, b, out=xp.empty_like(a)),
    "ufunc with dtype": lambda xp, a, b, i, m: xp.multiply(a, b, dtype=xp.float64),
    "maximum, minimum": lambda xp, a, b, i, m: (xp.maximum(a, 0), xp.minimum(a, b)),
    "two outputs": lambda xp, a, b, i, m: (xp.modf(a), xp.frexp(b)),
    "isfinite, isnan": lambda xp, a, b, i, m: (xp.isfinite(a), xp.isnan(a), xp.isinf(a)),
    "add.reduce": lambda xp, a, b, i, m: (xp.add.reduce(a, axis=1), xp.multiply.reduce(b)),
    "add.accumulate": lambda xp, a, b, i, m: xp.add.accumulate(i, axis=1),
    "add.reduceat": lambda xp, a, b, i, m: xp.add.reduceat(i, [0, 2], axis=0),
    "subtract.outer": lambda xp, a, b, i, m: xp.subtract.outer(a, b),
    "sum": lambda xp, a, b, i, m: (xp.sum(a), xp.sum(a, axis=0), a.sum(axis=(0, 1), keepdims=True)),
    "mean, var, std": lambda xp, a, b, i, m: (xp.mean(a, 1), a.var(0), xp.std(a, axis=1, ddof=1)),
    "max, min, prod": lambda xp, a, b, i, m: (xp.max(a, axis=1), a.min(), xp.prod(b, axis=0)),
    "any, all": lambda xp, a, b, i, m: (xp.any(m), m.all(axis=0), xp.count_nonzero(m, axis=1)),
    "argmax, argmin": lambda xp, a, b, i, m: (xp.argmax(a, axis=1), a.argmin(), i.argmax(0)),
    "cumsum, cumprod": lambda xp, a, b, i, m: (xp.cumsum(a, axis=1), b.cumprod(axis=0), xp.diff(a)),
    "sort, argsort": lambda xp, a, b, i, m: (xp.sort(a, axis=0), a.argsort(), xp.unique(i % 3)),
    "matmul, dot": lambda xp, a, b, i, m: (xp.matmul(a, b.T), xp.dot(a, b.T), a.dot(b.T), a @ b.T),
    "tensordot, outer": lambda xp, a, b, i, m: (xp.tensordot(a, b, axes=2), xp.outer(a, b)),
    "einsum": lambda xp, a, b, i, m: xp.einsum("ij,kj->ik", a, b, optimize=True),
    "norm, inv, det": lambda xp, a, b, i, m: (xp.linalg.norm(a, axis=1), xp.linalg.norm(b)),
    "reshape": lambda xp, a, b, i, m: (xp.reshape(a, (4, 3)), a.reshape(2, -1), a.reshape((12,))),
    "ravel, flatten": lambda xp, a, b, i, m: (xp.ravel(a.T), a.ravel(), a.flatten(), a.T.ravel()),
    "transpose": lambda xp, a, b, i, m: (a.T, xp.transpose(a, (1, 0)), a.transpose(1, 0), a.mT),
    "swapaxes, moveaxis": lambda xp, a, b, i, m: (a.swapaxes(0, 1), xp.moveaxis(a, 0, 1)),
    "squeeze, expand_dims": lambda xp, a, b, i, m: xp.squeeze(xp.expand_dims(a, (0, 3)), axis=0),
    "broadcast_to": lambda xp, a, b, i, m: xp.broadcast_to(a[0], (2, 4)),
    "broadcast_arrays": lambda xp, a, b, i, m: list(xp.broadcast_arrays(a, b[0])),
    "concatenate, stack": lambda xp, a, b, i, m: (xp.concatenate([a, b]), xp.stack((a, b), axis=1)),
    "vstack, hstack": lambda xp, a, b, i, m: (xp.vstack([a, b]), xp.hstack([a, b])),
    "split": lambda xp, a, b, i, m: (xp.split(a, 2, axis=1), xp.split(a, [1, 3], axis=1)),
    "pad": lambda xp, a, b, i, m: xp.pad(a, ((1, 1), (0, 2)), mode="constant", constant_values=7),
    "repeat, tile, roll": lambda xp, a, b, i, m: (a.repeat(2, 0), xp.tile(a, 2), xp.roll(a, 1)),
    "flip, rot90": lambda xp, a, b, i, m: (xp.flip(a, axis=1), xp.rot90(a), xp.diagonal(a)),
    "where": lambda xp, a, b, i, m: (xp.where(m, a, 0.0), xp.where(a > 0, a, b)),
    "where, nonzero": lambda xp, a, b, i, m: (xp.where(m), xp.nonzero(m), xp.argwhere(m)),
    "clip": lambda xp, a, b, i, m: (xp.clip(a, -1, 1), a.clip(-1, 1), xp.clip(a, None, b)),
    "abs, sign, round": lambda xp, a, b, i, m: (abs(a), xp.sign(a), xp.round(a, 2), a.round(1)),
    "tril, triu, trace": lambda xp, a, b, i, m: (xp.tril(a), xp.triu(a, 1), a.trace(), xp.diag(a)),
    "take": lambda xp, a, b, i, m: (xp.take(a, [2, 0], axis=0), a.take(i[0, 2:], axis=1)),
    "take_along_axis": lambda xp, a, b, i, m: xp.take_along_axis(a, i[:1] % 3, axis=0),
    "searchsorted": lambda xp, a, b, i, m: xp.searchsorted(xp.sort(i.ravel()), i, side="right"),
    "bincount, histogram": lambda xp, a, b, i, m: (xp.bincount(i[0]), xp.histogram(a, bins=5)),
    "isclose, allclose": lambda xp, a, b, i, m: xp.isclose(a, b, rtol=0.5),
    "nan_to_num": lambda xp, a, b, i, m: xp.nan_to_num(xp.log(a), nan=0.0, neginf=-1.0),
    "nansum, nanmax": lambda xp, a, b, i, m: (xp.nansum(xp.log(a)), xp.nanmax(xp.log(a), axis=1)),
    "creation": lambda xp, a, b, i, m: (xp.zeros((2, 3)), xp.ones(2, dtype=xp.int64), xp.eye(3)),
    "full, arange": lambda xp, a, b, i, m: (xp.full((2,), 7.0), xp.arange(2, 9, 3), xp.arange(4.0)),
    "linspace, meshgrid": lambda xp, a, b, i, m: xp.meshgrid(xp.linspace(0, 1, 3), xp.arange(2)),
    "like": lambda xp, a, b, i, m: (xp.zeros_like(a), xp.ones_like(i), xp.full_like(a, 2)),
    "astype, copy": lambda xp, a, b, i, m: (a.astype(xp.float16), a.copy(), a.astype(a.dtype)),
    "asarray": lambda xp, a, b, i, m: (xp.asarray([[1, 2], [3, 4]]), xp.array(A), xp.asarray(a)),
    "basic index": lambda xp, a, b, i, m: (a[1:], a[..., 0], a[::-1, None], a[2], a[-1, 1:3]),
    "index of arrays": lambda xp, a, b, i, m: (
        a[[0, 2]],
        a[i[0, 2:]],
        a[[2, 1], [0, 3]],
        a[:, [1]],
    ),
    "index of masks": lambda xp, a, b, i, m: (a[m], a[m[:, 0]], a[:, np.array([True, False] * 2)]),
    "split index of arrays": lambda xp, a, b, i, m: a[None, [0, 1], :, None][:, :, [3, 0]],
    "as_strided": lambda xp, a, b, i, m: xp.lib.stride_tricks.as_strided(a, (2, 3), (16, 4)),
    "sizes": lambda xp, a, b, i, m: (a.shape, a.ndim, a.size, a.nbytes, len(a), xp.ndim(a)),
    "types": lambda xp, a, b, i, m: (a.dtype, xp.result_type(a, i), xp.finfo(a.dtype).eps.dtype),
}


@pytest.mark.parametrize("compute", COMPUTATIONS.values(), ids=COMPUTATIONS.keys())
def test_computes_what_numpy_computes(compute: Callable[..., Any]) -> None:
    with np.errstate(all="ignore"):
        expected = compute(np, A, B, WHOLE, MASK)
    assert_same(on_host(compute(xp, *device(A, B, WHOLE, MASK))), expected)


def assert_same(value: Any, expected: Any) -> None:
    if isinstance(expected, tuple | list):
        assert len(value) == len(expected)
        for part, expected_part in zip(value, expected, strict=True):
            assert_same(part, expected_part)
    else:
        np.testing.assert_array_equal(value, expected, strict=isinstance(value, np.ndarray))


@pytest.mark.parametrize("name", ["sum", "mean", "exp", "concatenate", "linalg.norm", "fft.rfft"])
def test_numpy_functions_give_arrays_of_the_device(name: str) -> None:
    function: Any = np
    own: Any = xp
    for part in name.split("."):
        function, own = getattr(function, part), getattr(own, part)
    a: Any = to_device(A)
    argument = [a, a] if name == "concatenate" else a
    result = function(argument)
    assert isinstance(result, PretendArray)
    np.testing.assert_array_equal(to_host(result), to_host(own(argument)))


HOST_ARRAYS = [np.ones((3, 4), np.float32), np.array(2.0), np.ones(4)]
MIXTURES: dict[str, Callable[[Any, Any], Any]] = {
    "a + h": lambda a, h: a + h,
    "h - a": lambda a, h: h - a,
    "a += h": lambda a, h: a.__iadd__(h),
    "h += a": lambda a, h: h.__iadd__(a),
    "a @ h.T": lambda a, h: a @ np.broadcast_to(h, (3, 4)).T,
    "h @ a": lambda a, h: (h.sum() * np.ones((3, 3))) @ a,
    "numpy.add": lambda a, h: np.add(a, h),
    "xp.multiply": lambda a, h: xp.multiply(a, h),
    "xp.exp": lambda a, h: xp.exp(h),
    "xp.sum": lambda a, h: xp.sum(h),
    "xp.where": lambda a, h: xp.where(a > 0, a, h),
    "xp.concatenate": lambda a, h: xp.concatenate([a, h]),
    "numpy.stack": lambda a, h: np.stack([a, h]),
    "xp.add out": lambda a, h: xp.add(a, 1, out=h),
    "xp.full": lambda a, h: xp.full((3, 4), h),
}


@pytest.mark.parametrize("host", HOST_ARRAYS, ids=lambda h: f"{h.ndim}-d")
@pytest.mark.parametrize("mixture", MIXTURES.values(), ids=MIXTURES.keys())
def test_numpy_arrays_do_not_mix_in(mixture: Callable[..., Any], host: np.ndarray) -> None:
    with pytest.raises(TypeError, match="Unsupported type <class 'numpy"):
        mixture(to_device(A), host.copy())


def test_comparison_refuses_numpy_arrays_but_takes_single_ones() -> None:
    a: Any = to_device(A)
    with pytest.raises(TypeError, match="Unsupported type"):
        _ = a == A
    np.testing.assert_array_equal(to_host(a < np.array(0.0)), A < 0)
    assert not to_host(a == None).any()  # noqa: E711
    assert to_host(a != object()).all()


IMPLICIT: dict[str, Callable[[Any], Any]] = {
    "asarray": np.asarray,
    "array of arrays": lambda a: np.array([a, a]),
    "assigned into a host array": lambda a: np.zeros((3, 4)).__setitem__(..., a),
    "assert_allclose": lambda a: np.testing.assert_allclose(a, A),
    "buffer": memoryview,
}


@pytest.mark.parametrize("convert", IMPLICIT.values(), ids=IMPLICIT.keys())
def test_no_implicit_conversion(convert: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="Implicit conversion|bytes-like|Unsupported type"):
        convert(to_device(A))


NO_ARRAYS: dict[str, Callable[[Any], Any]] = {
    "range": range,
    "index of a list": lambda n: [1, 2, 3][n],
    "shape": lambda n: xp.zeros((n, 2)),
    "reshape": lambda n: xp.zeros(6).reshape(n, -1),
    "axis": lambda n: xp.sum(xp.zeros((2, 2)), axis=n),
    "arange": lambda n: xp.arange(n),
    "list in place of an array": lambda n: xp.sum([1.0, 2.0]),
    "number in place of an array": lambda n: xp.sum(2.0),
    "list in an operator": lambda n: n + [1.0],
    "list in a ufunc": lambda n: xp.exp([1.0]),
    "lists joined": lambda n: xp.concatenate([[1.0], [2.0]]),
    "hash": hash,
    "len": len,
    "iteration": iter,
}


@pytest.mark.parametrize("use", NO_ARRAYS.values(), ids=NO_ARRAYS.keys())
def test_an_array_without_axes_is_no_python_number(use: Callable[..., Any]) -> None:
    with pytest.raises(TypeError):
        use(to_device(np.array(1)))


REFUSED: dict[str, tuple[type[Exception], str, Callable[[Any], Any]]] = {
    "missing function": (AttributeError, "CuPy 14.2.0 has no errstate", lambda a: xp.errstate),
    "missing dtype": (AttributeError, "has no longdouble", lambda a: xp.longdouble),
    "missing in linalg": (AttributeError, "no linalg.vector", lambda a: xp.linalg.vector_norm),
    "missing in NumPy": (AttributeError, "NumPy", lambda a: xp.RawKernel),
    "random": (AttributeError, "drawn on the CPU", lambda a: xp.random),
    "missing method": (AttributeError, "tostring", lambda a: a.tostring()),
    "where= of a ufunc": (TypeError, "where=", lambda a: xp.add(a, 1, where=a > 0)),
    "where= through NumPy": (TypeError, "where=", lambda a: np.add(a, 1, where=True)),
    "order= of a ufunc": (TypeError, "order=", lambda a: xp.exp(a, order="F")),
    "where= of sum": (TypeError, "where=, which CuPy's sum", lambda a: xp.sum(a, where=a > 0)),
    "initial= of max": (TypeError, "initial=", lambda a: xp.max(a, initial=0)),
    "initial= of the method": (TypeError, "initial=", lambda a: a.max(initial=0)),
    "where= of mean": (TypeError, "where=", lambda a: np.mean(a, where=True)),
    "correction=": (TypeError, "correction=", lambda a: xp.var(a, correction=1)),
    "min= of clip": (TypeError, "CuPy's clip lacks", lambda a: xp.clip(a, min=0, max=1)),
    "clip without bounds": (TypeError, "a_max", lambda a: xp.clip(a, 0)),
    "shape= of reshape": (TypeError, "shape=", lambda a: xp.reshape(a, shape=(12,))),
    "newshape= of NumPy 1": (TypeError, "newshape", lambda a: xp.reshape(a, newshape=(12,))),
    "mode= of take": (TypeError, "mode=", lambda a: xp.take(a, [0], mode="clip")),
    "writeable= of as_strided": (
        TypeError,
        "writeable=",
        lambda a: xp.lib.stride_tricks.as_strided(a, (2,), (4,), writeable=False),
    ),
    "axis of take_along_axis": (
        TypeError,
        "requires",
        lambda a: xp.take_along_axis(a, xp.zeros((3, 1), dtype=int)),
    ),
    "order= of einsum": (TypeError, "order=", lambda a: xp.einsum("ij->j", a, order="C")),
    "third argument of argmax": (TypeError, "name it", lambda a: xp.argmax(a, 0, None)),
    "device=": (TypeError, "device=", lambda a: xp.zeros(3, device="cpu")),
    "kind of sort": (ValueError, "not supported", lambda a: xp.sort(a, kind="quicksort")),
    "median padding": (ValueError, "not supported", lambda a: xp.pad(a, 1, mode="median")),
    "too many arguments": (TypeError, "positional", lambda a: a.item(0)),
    "in place to a wider dtype": (TypeError, "same_kind", lambda a: xp.ones(2, int).__iadd__(0.5)),
    "objects": (ValueError, "Unsupported dtype", lambda a: to_device(np.array([None]))),
    "lists to the device": (TypeError, "numpy.ndarray", lambda a: to_device([1.0])),  # type: ignore
    "host arrays to the host": (TypeError, "array of the device", lambda a: to_host(A)),  # type: ignore
    "new attributes": (AttributeError, "note", lambda a: setattr(a, "note", 1)),
}


@pytest.mark.parametrize(("error", "words", "use"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cupy_lacks_is_refused(
    error: type[Exception], words: str, use: Callable[..., Any]
) -> None:
    with pytest.raises(error, match=words):
        use(to_device(A))


UFUNC_METHODS = [
    (name, method)
    for name in ("maximum", "minimum", "logaddexp", "logical_or", "subtract", "divide", "multiply")
    for method in ("reduce", "accumulate", "reduceat", "at")
    if (name, method)
    not in {
        *{("maximum", "at"), ("minimum", "at"), ("subtract", "at")},
        *{("multiply", "reduce"), ("multiply", "accumulate")},
    }
]


@pytest.mark.parametrize(("name", "method"), UFUNC_METHODS)
def test_ufunc_methods_that_cupy_lacks(name: str, method: str) -> None:
    operands = {"reduceat": ([0],), "at": ([0], 1.0)}.get(method, ())
    with pytest.raises(NotImplementedError, match=rf"{name}\.{method} is not implemented"):
        getattr(getattr(xp, name), method)(to_device(A), *operands)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint64", "float16", "float32", "float64"])
@pytest.mark.parametrize(
    "index", [[0, 0, 2], (slice(None), [1, 1, 1]), (slice(0, 2),), ([0, 0], [3, 3])], ids=str
)
def test_add_at_adds_every_duplicate(dtype: str, index: Any) -> None:
    host = np.zeros((3, 4), dtype)
    target = to_device(host)
    np.add.at(host, index, 1)
    on_device = tuple(
        to_device(np.array(item)) if isinstance(item, list) else item
        for item in (index if isinstance(index, tuple) else (index,))
    )
    xp.add.at(target, on_device, to_device(np.ones((), dtype)))
    np.testing.assert_array_equal(to_host(target), host)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("add", "int8"), ("add", "bool"), ("subtract", "float32"), ("maximum", "float16")],
)
def test_at_refuses_dtypes_without_atomic_operation(name: str, dtype: str) -> None:
    with pytest.raises(TypeError, match=rf"cupy.{name}.at only supports"):
        getattr(xp, name).at(to_device(np.ones(3, dtype)), [0, 0], 1)


REDUCTIONS = ["sum", "prod", "max", "min", "mean", "var", "std", "argmax", "argmin", "any", "all"]


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_give_arrays_without_axes(name: str) -> None:
    a = to_device(A)
    for result in (getattr(xp, name)(a), getattr(np, name)(a), getattr(a, name)()):
        assert isinstance(result, PretendArray)
        assert result.shape == ()


@pytest.mark.parametrize("name", ["allclose", "array_equal", "array_equiv"])
def test_questions_give_arrays_without_axes(name: str) -> None:
    answer = getattr(xp, name)(to_device(A), to_device(A))
    assert isinstance(answer, PretendArray)
    assert bool(answer) is True


def test_single_entries_are_views() -> None:
    a: Any = to_device(A)
    entry = a[1, 2]
    assert entry.shape == ()
    assert entry.base is a
    a += 1
    assert float(entry) == A[1, 2] + 1


@pytest.mark.parametrize("index", [[0, 5, -7], np.array([[4, 2], [-1, 99]]), [np.int64(3)]])
def test_integer_arrays_wrap_around_their_axis(index: Any) -> None:
    index = np.asarray(index)
    a: Any = to_device(A)
    expected = A[index % 3]
    for form in (index, index.tolist(), to_device(index)):
        np.testing.assert_array_equal(to_host(a[form]), expected)
        np.testing.assert_array_equal(to_host(xp.take(a, form, axis=0)), expected)
    np.testing.assert_array_equal(to_host(a[:, index]), A[:, index % 4])
    np.testing.assert_array_equal(to_host(a[..., index, index]), A[index % 3, index % 4])


def test_uint8_indices_wrap_around_an_axis_longer_than_they_reach() -> None:
    a: Any = to_device(np.arange(1000))
    np.testing.assert_array_equal(to_host(a[np.array([3, 255], np.uint8)]), [3, 255])


@pytest.mark.parametrize("index", [3, -4, (0, 4), (np.int64(5),)], ids=str)
def test_single_integers_out_of_range_are_found(index: Any) -> None:
    a: Any = to_device(A)
    with pytest.raises(IndexError):
        a[index]
    with pytest.raises(IndexError):
        a[index] = 0.0


@pytest.mark.parametrize("index", [[0.5], np.array([1.0]), "a", (0, 0, 0)], ids=str)
def test_other_indices_are_refused(index: Any) -> None:
    with pytest.raises(IndexError):
        to_device(A)[index]


ASSIGNMENTS: dict[str, tuple[Any, Any]] = {
    "number": ((0, 1), 5.0),
    "NumPy scalar": (slice(1, 3), np.float64(2)),
    "array of the device": ((slice(None), 0), np.arange(3.0)),
    "leading units": (1, np.arange(4.0)[None, None]),
    "mask": (MASK, -1.0),
    "integers": ([2, 0], np.arange(8.0).reshape(2, 4)),
    "integers that wrap": ([5], 1.0),
    "two arrays": (([0, 1], [3, 2]), np.array([7.0, 8.0])),
    "ellipsis": (..., 3),
}


@pytest.mark.parametrize(("index", "value"), ASSIGNMENTS.values(), ids=ASSIGNMENTS.keys())
def test_assignment(index: Any, value: Any) -> None:
    a, host = to_device(A), A.copy()
    host[[2] if isinstance(index, list) and index == [5] else index] = value
    a[index] = to_device(value) if isinstance(value, np.ndarray) else value
    np.testing.assert_array_equal(to_host(a), host)


def test_host_arrays_are_assigned_through_index_arrays_only() -> None:
    a: Any = to_device(A)
    a[[0, 1]] = np.ones(4)
    with pytest.raises(ValueError, match="to_device"):
        a[0] = np.ones(4)
    with pytest.raises(ValueError, match="to_device"):
        a[:] = [1.0, 2.0, 3.0, 4.0]


def test_the_order_of_duplicate_assignments_is_not_that_of_numpy() -> None:
    a: Any = to_device(np.zeros(3))
    a[[1, 1]] = to_device(np.array([5.0, 6.0]))
    assert a.tolist() == [0.0, 5.0, 0.0]


VIEWS: dict[str, Callable[[Any], Any]] = {
    "slice": lambda a: a[1:],
    "transpose": lambda a: a.T,
    "view of a view": lambda a: a.T[1:][::2],
    "reshape": lambda a: a.reshape(4, 3),
    "ravel": lambda a: a.ravel(),
    "expand_dims": lambda a: xp.expand_dims(a, 0),
    "broadcast_to": lambda a: xp.broadcast_to(a, (2, 3, 4)),
    "as_strided": lambda a: xp.lib.stride_tricks.as_strided(a, (2, 2), (16, 4)),
    "split": lambda a: xp.split(a, 2, axis=1)[1],
    "moveaxis": lambda a: xp.moveaxis(a, 0, 1),
    "view": lambda a: a.view(),
}
OWNERS: dict[str, Callable[[Any], Any]] = {
    "sum of two": lambda a: a + 1,
    "copy": lambda a: a.copy(),
    "reduction": lambda a: a.sum(axis=0, keepdims=True),
    "product": lambda a: a @ a.T,
    "index array": lambda a: a[[0, 1]],
    "index without axes": lambda a: a[np.array(1)],
    "mask": lambda a: a[a > 0],
    "copying reshape": lambda a: a.T.reshape(-1),
    "array": lambda a: xp.array(a),
    "tensordot": lambda a: xp.tensordot(a, a.T, axes=1),
}
SELVES: dict[str, Callable[[Any], Any]] = {
    "T of one axis": lambda a: a[0].T.base,
    "in place": lambda a: a.__imul__(2),
    "out": lambda a: xp.exp(a, out=a),
    "asarray": lambda a: xp.asarray(a),
    "same dtype": lambda a: a.astype(a.dtype, copy=False),
}


@pytest.mark.parametrize("make", VIEWS.values(), ids=VIEWS.keys())
def test_base_of_a_view_is_the_array_that_owns_the_memory(make: Callable[..., Any]) -> None:
    a = to_device(A)
    view = make(a)
    assert view.base is a
    assert not view.flags.owndata
    assert bool(xp.shares_memory(a, view))


@pytest.mark.parametrize("make", OWNERS.values(), ids=OWNERS.keys())
def test_base_of_a_new_array_is_none(make: Callable[..., Any]) -> None:
    a = to_device(A)
    new = make(a)
    assert new.base is None
    assert new.flags["OWNDATA"]
    assert not xp.shares_memory(a, new)


@pytest.mark.parametrize("make", SELVES.values(), ids=SELVES.keys())
def test_results_that_are_the_array_itself(make: Callable[..., Any]) -> None:
    a = to_device(A)
    assert make(a) is a


def test_in_place_operators_change_the_array_and_its_views() -> None:
    a: Any = to_device(A)
    same, row = a, a[0]
    a += 1
    a -= 0.5
    a *= to_device(B)
    a /= 2
    assert a is same
    expected = (A + np.float32(0.5)) * B / 2
    np.testing.assert_allclose(to_host(row), expected[0], rtol=1e-6)


def test_matrix_product_has_no_in_place_form() -> None:
    a: Any = to_device(SQUARE)
    same = a
    a @= a
    assert a is not same
    np.testing.assert_array_equal(to_host(same), SQUARE)


def test_elementwise_results_lie_in_c_order_whatever_their_operands() -> None:
    a: Any = to_device(A).T
    assert not a.flags.c_contiguous
    assert (a * 2).flags.c_contiguous
    assert xp.where(a > 0, a, 0.0).flags.c_contiguous
    assert a[:, [0, 1]].flags["C_CONTIGUOUS"]
    assert not a.astype(xp.float64).flags.c_contiguous


def test_copies_between_host_and_device_are_copies() -> None:
    host = A.copy()
    a: Any = to_device(host)
    host[0, 0] = 99
    assert float(a[0, 0]) == A[0, 0]
    to_host(a)[0, 0] = 99
    assert float(a[0, 0]) == A[0, 0]
    from_xp = xp.asarray(host)
    host[0, 0] = 0
    assert float(from_xp[0, 0]) == 99


TRANSFERS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "float": (1, lambda a: float(a[0, 0])),
    "int": (1, lambda a: int(a.argmax())),
    "bool": (1, lambda a: bool((a > 0).any())),
    "if": (1, lambda a: 1 if a.sum() > 0 else 0),
    "item": (1, lambda a: a.sum().item()),
    "tolist": (1, lambda a: a.tolist()),
    "get": (1, lambda a: a.get()),
    "to_host": (1, to_host),
    "asnumpy": (1, lambda a: xp.asnumpy(a)),
    "print": (2, lambda a: f"{a!r}{a[0, 0]:.3f}"),
    "contains": (2, lambda a: 99.0 in a[0, :2]),
    "mask": (1, lambda a: a[a > 0]),
    "assignment by mask": (1, lambda a: a.__setitem__(a > 0, 0.0)),
    "nonzero": (1, lambda a: xp.nonzero(a)),
    "where with one argument": (1, lambda a: xp.where(a > 0)),
    "unique": (1, lambda a: xp.unique(a)),
    "training step": (0, lambda a: xp.where(xp.max(a @ a.T) > 0, xp.exp(a).mean(), 0.0)),
    "index arrays": (0, lambda a: a[[0, 1]] + xp.take_along_axis(a, a.argsort(), axis=1)[:2]),
    "shapes": (0, lambda a: (len(a), a.shape, a.dtype, a.size, xp.shape(a), a.flags, a.base)),
    "to the device": (0, lambda a: to_device(A)),
}


@pytest.mark.parametrize(("count", "use"), TRANSFERS.values(), ids=TRANSFERS.keys())
def test_copies_to_the_host_are_counted(count: int, use: Callable[..., Any]) -> None:
    a = to_device(A)
    with count_transfers() as counter:
        use(a)
    assert counter.count == count


def test_counters_are_independent_and_the_total_can_be_reset() -> None:
    a: Any = to_device(np.ones(()))
    pretend.transfers.count = 0
    with count_transfers() as outer:
        float(a)
        with count_transfers() as inner:
            float(a)
    float(a)
    assert (outer.count, inner.count, pretend.transfers.count) == (2, 1, 3)


def test_bytes_and_calls_are_counted_too() -> None:
    with count_transfers() as counter:
        a: Any = to_device(A)
        ((a @ a.T) * 2).sum().item()
    assert (counter.uploads, counter.uploaded_bytes) == (1, A.nbytes)
    assert (counter.count, counter.bytes) == (1, 4)
    assert counter.calls == 3  # @, *, sum; a transpose is a view


SILENT: dict[str, Callable[[Any], Any]] = {
    "division by zero": lambda a: a / xp.zeros_like(a),
    "log of zero": lambda a: xp.log(a * 0),
    "overflow": lambda a: xp.exp(a * 0 + 1e9),
    "in-place overflow": lambda a: (a + 1).__imul__(1e38).__imul__(1e38),
    "cast of not-a-number": lambda a: (a * xp.nan).astype(xp.int32),
    "mean of nothing": lambda a: (a[:0].mean(), xp.var(a[:0])),
    "nanmax of nothing": lambda a: xp.nanmean(a * xp.nan, axis=0),
    "assigned overflow": lambda a: xp.zeros(3, xp.float16).__setitem__(0, 1e9),
    "through NumPy": lambda a: np.sqrt(-abs(a)),
}


@pytest.mark.parametrize("compute", SILENT.values(), ids=SILENT.keys())
def test_no_floating_point_warnings(compute: Callable[..., Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compute(to_device(A))


def test_arrays_can_be_copied_pickled_and_weakly_referenced() -> None:
    a: Any = to_device(A)
    for other in (copy.copy(a), copy.deepcopy(a), pickle.loads(pickle.dumps(a))):
        assert other.base is None
        other += 1
        np.testing.assert_array_equal(to_host(a), A)
    assert weakref.ref(a)() is a


class Wrapper:
    """An operand of another library: takes over from arrays as numpy's protocol says."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> str:
        return f"{ufunc.__name__} of {len(inputs)}"


class Opposer:
    """An operand that refuses ufuncs and has its own reflected operator."""

    __array_ufunc__ = None

    def __radd__(self, other: Any) -> str:
        return "reflected"


def test_other_operands_may_take_over() -> None:
    a: Any = to_device(A)
    assert a * Wrapper() == "multiply of 2"
    assert Wrapper().__array_ufunc__(np.add, "__call__", a) == "add of 1"
    assert a + Opposer() == "reflected"


def names_below(namespace: Any, path: str = "") -> list[str]:
    names = [path + name for name in dir(namespace)]
    for part in ("fft", "lib", "linalg", "stride_tricks"):
        if rules.kind(path + part) == "module":
            names += names_below(getattr(namespace, part), f"{path}{part}.")
    return names


def test_every_name_of_the_namespace_is_one_of_cupys() -> None:
    names = names_below(xp)
    assert len(names) > 350
    assert {"linalg.norm", "lib.stride_tricks.as_strided", "fft.rfft", "ndarray"} <= set(names)
    assert [name for name in names if rules.kind(name) == "missing"] == []


def test_every_attribute_of_the_array_is_one_of_cupys() -> None:
    python = {"__annotations__", "__static_attributes__", "__firstlineno__", "__slots__"}
    python |= {"__weakref__", "__module__"}
    own = {name for name in dir(PretendArray) if not name.startswith("_") or name[:2] == "__"}
    own -= set(dir(object)) | python
    assert len(own) > 90
    assert [name for name in sorted(own) if rules.kind(f"ndarray.{name}") == "missing"] == []


@pytest.mark.parametrize(
    "name",
    [
        *("__index__", "__contains__", "__imatmul__", "__array_namespace__", "__array_interface__"),
        *("__array_struct__", "__array_wrap__", "ctypes", "resize", "tostring", "argwhere"),
    ],
)
def test_attributes_that_cupy_lacks_are_missing(name: str) -> None:
    assert rules.kind(f"ndarray.{name}") == "missing"
    assert not hasattr(to_device(A), name)


def test_the_table_has_readable_parameters_for_every_name() -> None:
    names = rules.table()["names"]
    assert rules.table()["cupy"].startswith("14.")
    assert list(names) == sorted(names)
    for name, entry in names.items():
        assert (rules.parameters(name) is None) == ("parameters" not in entry)
    accepted = rules.parameters("sum")
    assert accepted is not None
    assert accepted.positional == ("a", "axis", "dtype", "out", "keepdims")
    assert accepted.required == ("a",)
    ufuncs = [name for name, entry in names.items() if entry["kind"] == "ufunc"]
    assert len(ufuncs) == 103
    for name in ufuncs:
        ufunc_parameters = rules.parameters(name)
        assert ufunc_parameters is not None
        assert ufunc_parameters.keywords == {"out", "dtype", "casting"}


def test_the_rules_beside_the_table_are_about_names_of_cupy() -> None:
    names = rules.table()["names"]
    with_at = {name for name, entry in names.items() if "at" in entry.get("methods", ())}
    assert set(rules.AT_DTYPES) == with_at
    listed = {*rules.NOT_IMITATED, *rules.SILENT_COPIES, *rules.ARRAY_RESULTS, *rules.ANY_INPUT}
    listed |= {*rules.OPEN_KEYWORDS, *rules.FROM_HOST}
    assert listed - set(names) == set()


def test_the_committed_table_is_that_of_the_installed_cupy() -> None:
    if importlib.util.find_spec("cupy") is None:
        pytest.skip("CuPy is not installed; run tests/tools/make_cupy_table.py --check where it is")
    from tests.tools import make_cupy_table

    table = make_cupy_table.make_table()
    if f'"cupy": "{rules.table()["cupy"]}"' not in table:
        pytest.skip("another version of CuPy is installed than the table was made from")
    assert table == make_cupy_table.TABLE_FILE.read_text(encoding="ascii")


def test_the_table_is_read_at_first_use_only() -> None:
    code = (
        "from tinygrad_edu.backend import pretend, pretend_rules\n"
        "assert pretend_rules.table.cache_info().currsize == 0\n"
        "pretend.xp.zeros(3)\n"
        "assert pretend_rules.table.cache_info().currsize == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
