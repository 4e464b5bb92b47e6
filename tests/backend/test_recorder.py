"""The recorder passes calls on unchanged, counts them, and finds each kind of planted fault."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.recorder import Recorder

X = np.arange(6.0).reshape(2, 3)

FAULTS: list[tuple[str, Callable[[Any], Any], str]] = [
    (
        "missing function",
        lambda xp: xp.nanpercentile(X, 50),
        "numpy.nanpercentile is missing in CuPy 14.2.0",
    ),
    (
        "missing function of a part",
        lambda xp: xp.linalg.vector_norm(X),
        "numpy.linalg.vector_norm is missing in CuPy 14.2.0",
    ),
    (
        "missing ufunc",
        lambda xp: xp.spacing(X),
        "numpy.spacing is missing in CuPy 14.2.0",
    ),
    ("missing dtype", lambda xp: xp.longdouble, "numpy.longdouble is missing in CuPy 14.2.0"),
    (
        "keyword that CuPy lacks",
        lambda xp: xp.sum(X, where=X > 1),
        "sum() got the keyword where=, which CuPy's sum lacks",
    ),
    (
        "keyword of another name",
        lambda xp: xp.clip(X, max=1),
        "clip() got the keyword max=, which CuPy's clip lacks",
    ),
    (
        "where= on a ufunc",
        lambda xp: xp.add(X, 1, where=X > 1, out=np.zeros_like(X)),
        "add() got the keyword where=, which CuPy's add lacks",
    ),
    (
        "ufunc method that CuPy lacks",
        lambda xp: xp.maximum.reduce(X),
        "maximum.reduce is not implemented in CuPy 14.2.0",
    ),
    (
        "keyword of a ufunc method",
        lambda xp: xp.add.reduce(X, initial=1),
        "add.reduce() got the keyword initial=, which CuPy's add.reduce lacks",
    ),
    (
        "keyword behind **kwargs",
        lambda xp: xp.einsum("ij->j", X, order="C"),
        "einsum() got the keyword order=, which CuPy's einsum lacks",
    ),
    (
        "too many arguments",
        lambda xp: xp.lib.stride_tricks.as_strided(X, (2,), (8,), False),
        "lib.stride_tricks.as_strided() got 4 positional arguments, "
        "CuPy's lib.stride_tricks.as_strided takes 3",
    ),
    (
        "argument that CuPy requires",
        lambda xp: xp.take_along_axis(X, np.zeros((2, 1), int)),
        "take_along_axis() needs the argument axis, which CuPy's take_along_axis requires",
    ),
    (
        "arguments in another order",
        lambda xp: xp.argmax(X, 0, np.zeros(3, int)),
        "argmax(): argument 3 is dtype= in CuPy and out= in NumPy; name it",
    ),
]


@pytest.mark.parametrize(
    ("fault", "sentence"), [f[1:] for f in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_planted_fault_is_found_and_still_computed(
    fault: Callable[[Any], Any], sentence: str
) -> None:
    xp = Recorder(np)
    np.testing.assert_array_equal(fault(xp), fault(np))
    assert xp.problems == [sentence]


def test_a_fault_is_told_once() -> None:
    xp = Recorder(np)
    for _ in range(3):
        xp.sum(X, initial=0)
    assert len(xp.problems) == 1
    assert xp.calls["sum", 1, ("initial",)] == 3


def network(xp: Any) -> Any:
    """One step of everything that a small network does."""
    hidden = xp.maximum(xp.matmul(X, X.T) - xp.max(X, axis=1, keepdims=True), 0)
    p = xp.exp(hidden) / xp.sum(xp.exp(hidden), axis=-1, keepdims=True)
    picked = xp.take_along_axis(p, xp.argmax(p, axis=1)[:, xp.newaxis], axis=1)
    total = xp.zeros(3, dtype=xp.float32)
    xp.add.at(total, xp.asarray([0, 0, 2]), 1)
    windows = xp.lib.stride_tricks.as_strided(X, shape=(2, 2, 2), strides=(24, 8, 8))
    ends = xp.concatenate([picked.ravel(), total, xp.einsum("ijk->i", windows)], axis=0)
    return xp.where(ends > xp.pi, xp.linalg.norm(ends), ends)


def test_a_clean_computation_has_no_problems_and_the_same_result() -> None:
    xp = Recorder(np)
    np.testing.assert_array_equal(network(xp), network(np))
    assert xp.problems == []
    assert xp.calls["exp", 1, ()] == 2
    assert xp.calls["sum", 1, ("axis", "keepdims")] == 1
    assert xp.calls["add.at", 3, ()] == 1
    assert xp.calls["lib.stride_tricks.as_strided", 1, ("shape", "strides")] == 1


def test_names_of_a_backend_itself_are_passed_on_as_they_are() -> None:
    def scatter_add(a: np.ndarray, key: Any, values: Any) -> str:
        return "own"

    xp = Recorder(SimpleNamespace(**vars(np), scatter_add=scatter_add), own_names=["scatter_add"])
    assert xp.scatter_add is scatter_add
    assert xp.float32 is np.float32
    assert xp.problems == []


def test_a_name_that_numpy_lacks_stays_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        _ = Recorder(np).no_such_function
