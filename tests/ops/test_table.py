"""Every operation of the library, by the table: a line for each, and every check on every line."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import hypothesis
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest

import tinygrad_edu as te
from tests.ops.checks import (
    FOR_ALL,
    FOR_FLAT,
    WITH_GRADIENT,
    check_broadcast,
    drawn,
    run,
)
from tests.ops.table import FUNCTIONS, LINES, Line
from tests.ops.test_create import CREATED
from tests.recorder import Recorder
from tinygrad_edu import ops
from tinygrad_edu.backend import cuda, namespaces

Check = Callable[[Line, str], None]


def by_name(lines: list[Line]) -> Any:
    return pytest.mark.parametrize("line", lines, ids=lambda line: line.name)


def each(checks: list[Check]) -> Any:
    return pytest.mark.parametrize("check", checks, ids=lambda check: check.__name__[6:])


# --- every check on every line


@each(FOR_ALL)
@by_name(LINES)
def test_of_every_operation(line: Line, check: Check, device: str) -> None:
    check(line, device)


@each(WITH_GRADIENT)
@by_name([line for line in LINES if line.differentiable])
def test_of_every_gradient(line: Line, check: Check, device: str) -> None:
    check(line, device)


@each(FOR_FLAT)
@by_name([line for line in LINES if not line.differentiable])
def test_of_every_flat_operation(line: Line, check: Check, device: str) -> None:
    check(line, device)


@by_name([line for line in LINES if line.broadcasts])
@hypothesis.given(
    pair=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3)
)
def test_of_shapes_that_broadcast(line: Line, device: str, pair: Any) -> None:
    check_broadcast(line, pair.input_shapes, device)


# --- NumPy's function of the same name, called on Tensors

OF_NUMPY = [line for line in FUNCTIONS if hasattr(np, line.name)]


@by_name(OF_NUMPY)
def test_numpys_function_of_that_name_agrees_or_refuses(line: Line) -> None:
    """np.f(x) calls te.f(x): where their meanings differ that raises, with a sentence.

    That most agree is seen in test_engine.py.
    """
    for shapes, options in line.cases:
        for given in (options, {}):
            arrays, _ = drawn(line, (shapes, options))
            try:
                expected = getattr(np, line.name)(*arrays, **given)
            except (TypeError, ValueError, RuntimeWarning):
                continue
            try:
                found = getattr(np, line.name)(*(te.tensor(a) for a in arrays), **given)
            except (TypeError, ValueError) as error:
                assert "()" in str(error) or "axis" in str(error), error
                continue
            np.testing.assert_allclose(as_array(found), expected, rtol=1e-12, err_msg=line.name)


def as_array(found: Any) -> Any:
    return found.numpy() if isinstance(found, te.Tensor) else found


@pytest.mark.gpu
def test_the_table_ran_on_a_real_gpu() -> None:
    """Where this is not skipped, `device` was "cuda" too in every test above."""
    assert cuda.is_available()


# --- every operation has its line

# What Tensor has besides operations: see test_engine.py, test_numpy_and_python.py and others.
NO_OPERATIONS = set(
    "backward data detach device dtype grad inputs item mark_changed ndim numpy op options "
    "requires_grad requires_grad_ retain_grad shape size tolist "
    "__array__ __array_function__ __array_ufunc__ __bool__ __copy__ __float__ __format__ __hash__ "
    "__init__ __int__ __iter__ __len__ __repr__ __setitem__".split()
)
OF_EVERY_CLASS = {"__annotations__", "__doc__", "__module__", "__slotnames__", "__slots__"}


def without_a_line() -> list[str]:
    """Functions, methods, operators and @ops of the library that the tables do not name."""
    lines = {line.name.split()[0] for line in LINES} | CREATED.keys()
    members = [name for name in vars(te.Tensor) if name.startswith("__") or name[0] != "_"]
    methods = [name for name in members if getattr(te.Tensor, name) is not ops.FUNCTIONS.get(name)]
    known = lines | NO_OPERATIONS | OF_EVERY_CLASS
    names = sorted({op.__name__ for op in all_ops()})
    at_ops = [name for name in names if name not in known and f"__{name}__" not in known]
    return sorted({*ops.FUNCTIONS, *methods} - known) + at_ops


def all_ops() -> set[Any]:
    """Each @op in the modules of ops/; its __name__ is the public one."""
    modules = [
        importlib.import_module(f"{ops.__name__}.{m.name}")
        for m in pkgutil.iter_modules(ops.__path__)
    ]
    return {value for module in modules for value in vars(module).values() if is_op(value)}


def is_op(value: Any) -> bool:
    return callable(value) and hasattr(value, "function") and hasattr(value, "composed")


def test_every_operation_has_its_line() -> None:
    assert without_a_line() == []


def test_a_function_method_operator_or_op_without_a_line_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = te.op(lambda xp, a, /: (a + 1, lambda g: g))
    monkeypatch.setitem(ops.FUNCTIONS, "new_function", new)
    monkeypatch.setattr(te.Tensor, "new_method", new, raising=False)
    monkeypatch.setattr(te.Tensor, "__floordiv__", new, raising=False)
    monkeypatch.setattr(ops.elementwise, "new_op", te.op(new_op), raising=False)
    assert without_a_line() == ["__floordiv__", "new_function", "new_method", "new_op"]


def new_op(xp: Any, a: Any, /) -> Any:
    return a + 1, lambda g: g


def test_names_of_the_table_are_used_once() -> None:
    names = [line.name for line in LINES]
    assert len(names) == len(set(names))


def test_every_twin_is_compared() -> None:
    """check_twin finds the twin on the function that the line calls."""
    compared = {line.call for line in LINES}
    assert [op for op in all_ops() if op.composed and op not in compared] == []


# --- CuPy has what the operations use


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """What operations on the CPU compute with, while each call is compared with CuPy."""
    xp = namespaces[np.ndarray]
    recorder = Recorder(xp, own_names=vars(xp).keys() - vars(np).keys())
    monkeypatch.setitem(namespaces, np.ndarray, recorder)
    return recorder


def run_through(line: Line) -> None:
    for case in line.cases:
        found = run(line, case, "cpu")
        if line.differentiable:
            found.backward()


def test_cupy_has_all_that_the_operations_use(recorder: Recorder) -> None:
    for line in LINES:
        run_through(line)
    assert recorder.problems == []
    assert {"exp", "where", "broadcast_to", "cumsum"} <= {name for name, _, _ in recorder.calls}


@pytest.mark.parametrize(
    ("value", "vjp", "problem"),
    [
        (lambda xp, a: xp.nanpercentile(a, 9), lambda xp, a, g: a + g, "nanpercentile"),
        (lambda xp, a: xp.sum(a, initial=0), lambda xp, a, g: xp.ones_like(a) * g, "initial="),
        (lambda xp, a: xp.exp(a, where=a > 9, out=a), lambda xp, a, g: g, "where="),
        (lambda xp, a: xp.maximum.reduce(a), lambda xp, a, g: g + 0 * a, "maximum.reduce"),
        (lambda xp, a: a + 0, lambda xp, a, g: xp.add(g, 0, where=True), "where="),
    ],
    ids=["no function", "no keyword", "where= of a ufunc", "maximum.reduce", "in the gradient"],
)
def test_what_cupy_lacks_is_found(value: Any, vjp: Any, problem: str, recorder: Recorder) -> None:
    @te.op
    def planted(xp: Any, a: Any, /) -> Any:
        return value(xp, a), lambda g: vjp(xp, a, g)

    x = te.tensor([1.0, 2.0], requires_grad=True)
    planted(x).sum().backward()
    assert any(problem in found for found in recorder.problems), recorder.problems
    with pytest.raises((TypeError, AttributeError, NotImplementedError), match=problem):
        planted(te.tensor([1.0, 2.0], None, True, "pretend-gpu")).sum().backward()
