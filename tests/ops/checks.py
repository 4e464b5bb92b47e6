"""What must hold for every line of the table; each check raises an AssertionError otherwise.

test_checks.py plants wrong operations and sees each check fail.
"""

from __future__ import annotations

import gc
import itertools
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple

import numpy as np

import tinygrad_edu as te
from tinygrad_edu import backend
from tinygrad_edu.backend import Array, namespaces, to_device, to_host
from tinygrad_edu.backend.pretend import count_transfers

from .table import Case, Line, Shape

FLOATS = (np.float16, np.float32, np.float64)
EXACT = {"rtol": 1e-12, "atol": 1e-12}
DIFFERENCES = {"rtol": 1e-7, "atol": 1e-8}  # five-point differences are right to about 1e-10


# --- running a line


class Run(NamedTuple):
    """A line called on one case."""

    inputs: list[te.Tensor]
    output: te.Tensor
    upstream: np.ndarray  # a random gradient for the output

    @property
    def leaves(self) -> list[te.Tensor]:
        return [x for x in self.inputs if x.requires_grad]

    def backward(self, **how: Any) -> list[np.ndarray]:
        self.output.backward(self.upstream.astype(self.output.dtype), **how)
        return [to_host(x.grad.data) for x in self.leaves]


def drawn(line: Line, case: Case, dtype: Any = np.float64) -> tuple[list[np.ndarray], np.ndarray]:
    """The arrays of a case and the output's gradient: random, but each time the same."""
    shapes, options = case
    rng = np.random.default_rng(zlib.crc32(f"{line.name} {shapes} {options}".encode()))
    arrays = [draw(rng, shape) for draw, shape in zip(line.draws, shapes, strict=False)]
    upstream = rng.uniform(-1, 1, np.shape(line.reference(*arrays, **options)))
    return [as_float(a, dtype) for a in arrays], np.asarray(upstream)


def as_float(array: Any, dtype: Any) -> np.ndarray:
    array = np.asarray(array)
    return array.astype(dtype) if array.dtype.kind == "f" else array


def run(line: Line, case: Case, device: str, dtype: Any = np.float64, layout: str = "plain") -> Run:
    arrays, upstream = drawn(line, case, dtype)
    inputs = [as_input(a, device, layout) for a in arrays]
    return Run(inputs, line.call(*inputs, **case[1]), upstream)


def as_input(a: np.ndarray, device: str, layout: str = "plain") -> te.Tensor:
    if a.dtype.kind == "f":
        return te.Tensor(LAYOUTS[layout](a, device), requires_grad=True)
    return te.tensor(a, device=device)


def _in_steps(a: np.ndarray, device: str) -> Array:
    """Every other entry of something larger."""
    return to_device(np.repeat(a, 2, axis=-1), device)[..., ::2] if a.ndim else plain(a, device)


def plain(a: np.ndarray, device: str) -> Array:
    return to_device(a.copy(), device)


LAYOUTS: dict[str, Callable[[np.ndarray, str], Array]] = {
    "plain": plain,
    "last axis first": lambda a, device: to_device(a.T.copy(), device).T,
    "backwards": lambda a, device: to_device(a[..., ::-1].copy() if a.ndim else a.copy(), device)[
        (..., slice(None, None, -1)) if a.ndim else ...
    ],
    "in steps": _in_steps,
}


def each_case(line: Line) -> Iterator[tuple[Case, str]]:
    for case in line.cases:
        yield case, f"{line.name}{case[0]} {case[1]}"


def agree(actual: Any, expected: Any, what: str, **tolerance: float) -> None:
    assert np.shape(actual) == np.shape(expected), (
        f"{what}: shape {np.shape(actual)}, not {np.shape(expected)}"
    )
    np.testing.assert_allclose(actual, expected, err_msg=what, **(tolerance or EXACT))


# --- 1 value


def check_value(line: Line, device: str, layouts: Iterable[str] = LAYOUTS) -> None:
    for case, what in each_case(line):
        for layout in layouts:
            found = run(line, case, device, layout=layout).output
            expected = np.asarray(line.reference(*drawn(line, case)[0], **case[1]))
            assert found.device == device, what
            assert found.dtype == (line.dtype or expected.dtype), f"{what}: {found.dtype}"
            agree(found.numpy(), expected, f"{what}, memory {layout}")


# --- 2 gradient


def difference_quotient(f: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """∂f/∂x entry by entry, from four values of f around each: right up to h⁴."""
    h = 5e-4
    slope = np.zeros_like(x)
    for place in np.ndindex(x.shape):

        def moved(steps: int, place: Any = place) -> Any:
            there = x.copy()
            there[place] += steps * h
            return f(there)

        slope[place] = (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * h)
    return slope


def once_for_all_devices(f: Callable[..., Any]) -> Callable[..., Any]:
    """Remembers what a function of a line and a case gives: NumPy's numbers serve every device."""
    known: dict[tuple[str, str], Any] = {}

    @wraps(f)
    def remembering(line: Line, case: Case, *rest: Any) -> Any:
        key = (line.name, str(case))
        if key not in known:
            known[key] = f(line, case, *rest)
        return known[key]

    return remembering


@once_for_all_devices
def numerical_gradients(line: Line, case: Case) -> list[np.ndarray]:
    """The gradients of Σ upstream · reference(inputs), from differences of NumPy's values alone."""
    arrays, upstream = drawn(line, case)

    def value(i: int) -> Callable[[np.ndarray], Any]:
        return lambda x: np.sum(
            upstream * line.reference(*arrays[:i], x, *arrays[i + 1 :], **case[1])
        )

    return [difference_quotient(value(i), a) for i, a in enumerate(arrays) if a.dtype.kind == "f"]


def check_gradient(line: Line, device: str, layouts: Iterable[str] = LAYOUTS) -> None:
    for case, what in each_case(line):
        expected = numerical_gradients(line, case)
        for layout in layouts:
            found = run(line, case, device, layout=layout).backward()
            for i, (one, wanted) in enumerate(zip(found, expected, strict=True)):
                agree(one, wanted, f"{what}, memory {layout}: gradient {i}", **DIFFERENCES)


def check_no_gradient(line: Line, device: str) -> None:
    """A flat operation neither asks for gradients nor keeps its inputs."""
    for case, what in each_case(line):
        output = run(line, case, device).output
        assert not output.requires_grad, what
        assert output.op is None and output.inputs == (), what


# --- 3 and 4 gradients of gradients


def check_recorded_gradient(line: Line, device: str) -> None:
    """With create_graph=True the first gradient is the same."""
    for case, what in each_case(line):
        once = run(line, case, device).backward()
        recorded = run(line, case, device).backward(create_graph=True)
        for i, (one, other) in enumerate(zip(once, recorded, strict=True)):
            agree(other, one, f"{what}: gradient {i} with create_graph=True")


def first_gradients(
    line: Line, case: Case, arrays: Sequence[np.ndarray], upstream: np.ndarray, **how: Any
) -> tuple[list[te.Tensor], list[te.Tensor]]:
    """The inputs and upstream that take part in the gradients, and the gradients."""
    device = how.pop("device", "cpu")
    inputs = [as_input(a, device) for a in arrays]
    arriving = te.Tensor(plain(upstream, device), True)
    leaves = [x for x in inputs if x.requires_grad]
    output = line.call(*inputs, **case[1])
    return [*leaves, arriving], list(te.grad(output, leaves, grad_output=arriving, **how))


def check_second_gradient(line: Line, device: str) -> None:
    """The gradient of Σ weight · (first gradient), against differences of the first.

    Upstream is an input of the first gradient too, and there the second is never zero.
    """
    for case, what in each_case(line):
        arrays, upstream = drawn(line, case)
        rng = np.random.default_rng(1)
        variables, gradients = first_gradients(
            line, case, arrays, upstream, device=device, create_graph=True
        )
        weights = [rng.uniform(-1, 1, g.shape) for g in gradients]
        pairs = zip(gradients, weights, strict=True)
        total = sum_of_all([(g * te.tensor(w, device=device)).sum() for g, w in pairs])
        found = te.grad(total, variables, allow_unused=True)
        expected = numerical_second_gradients(line, case, arrays, upstream, weights)
        for i, (one, wanted) in enumerate(zip(found, expected, strict=True)):
            if not line.bends and i < len(found) - 1:
                agree(wanted, np.zeros_like(wanted), f"{what}: bends after all", **DIFFERENCES)
            if one is None:
                agree(wanted, np.zeros_like(wanted), f"{what}: lost gradient {i}", **DIFFERENCES)
            else:
                agree(one.numpy(), wanted, f"{what}: second gradient {i}", **DIFFERENCES)


@once_for_all_devices
def numerical_second_gradients(
    line: Line,
    case: Case,
    arrays: Sequence[np.ndarray],
    upstream: np.ndarray,
    weights: Sequence[np.ndarray],
) -> list[np.ndarray]:
    def weighted(arrays: Sequence[np.ndarray], upstream: np.ndarray) -> Any:
        _, gradients = first_gradients(line, case, arrays, upstream)
        pairs = zip(weights, gradients, strict=True)
        return np.sum([np.sum(w * g.numpy()) for w, g in pairs])

    result = [
        difference_quotient(
            lambda x, i=i: weighted([*arrays[:i], x, *arrays[i + 1 :]], upstream), a
        )
        for i, a in enumerate(arrays)
        if a.dtype.kind == "f"
    ]
    return [*result, difference_quotient(lambda g: weighted(arrays, g), upstream)]


def sum_of_all(tensors: Sequence[te.Tensor]) -> te.Tensor:
    total = tensors[0]
    for one in tensors[1:]:
        total = total + one
    return total


# --- 5 dtypes


def check_dtype(line: Line, device: str) -> None:
    """What comes in as float16, 32 or 64 comes out so, and so does its gradient."""
    for dtype in FLOATS:
        for case, what in each_case(line):
            found = run(line, case, device, dtype)
            if any(x.dtype.kind == "f" for x in found.inputs) or line.dtype:
                wanted = np.dtype(line.dtype or dtype)
                assert found.output.dtype == wanted, f"{what}: {wanted} became {found.output.dtype}"
            if line.differentiable:
                found.backward(retain_graph=True)
                recorded = te.grad(found.output, found.leaves, found.upstream, create_graph=True)
                for x, other in zip(found.leaves, recorded, strict=True):
                    assert x.grad.dtype == other.dtype == dtype, (
                        f"{what}: gradients {x.grad.dtype}, {other.dtype} for {dtype.__name__}"
                    )


def check_values_in_lower_precision(line: Line, device: str) -> None:
    """float32 gives what float64 gives, to its own precision."""
    for case, what in each_case(line):
        if line.dtype or not any(a.dtype.kind == "f" for a in drawn(line, case)[0]):
            continue
        full, single = run(line, case, device), run(line, case, device, np.float32)
        agree(single.output.numpy(), full.output.numpy(), what, rtol=1e-5, atol=1e-5)
        if line.differentiable:
            for one, other in zip(single.backward(), full.backward(), strict=True):
                agree(one, other, f"{what}: gradient", rtol=1e-5, atol=1e-5)


# --- 6 nothing else changes


def check_nothing_else_changes(line: Line, device: str) -> None:
    for case, what in each_case(line):
        before, state = drawn(line, case)[0], backend.generator().bit_generator.state
        found = run(line, case, device)
        value = found.output.numpy().copy()
        if line.differentiable:
            copies = [g.copy() for g in found.backward(retain_graph=True)]
            first = [x.grad for x in found.leaves]
            for x in found.leaves:
                x.grad = None
            again = found._replace(upstream=-found.upstream).backward()
            for one, other, copy in zip(first, again, copies, strict=True):
                agree(other, -copy, f"{what}: the second pass gives another gradient")
                agree(one.numpy(), copy, f"{what}: the second pass wrote to the first gradient")
        for x, was in zip(found.inputs, before, strict=True):
            np.testing.assert_array_equal(x.numpy(), was, f"{what}: an input was changed")
        np.testing.assert_array_equal(
            found.output.numpy(), value, f"{what}: the output was changed"
        )
        assert backend.generator().bit_generator.state == state, f"{what} drew random numbers"


# --- 7 no shared memory


def share(a: Array, b: Array) -> bool:
    return bool(namespaces[type(a)].shares_memory(a, b))


def writable(a: Array) -> bool:
    """Broadcast arrays are not; on a GPU there is no such flag."""
    return bool(getattr(getattr(a, "_array", a).flags, "writeable", True))


def check_gradients_own_their_memory(line: Line, device: str) -> None:
    for case, what in each_case(line):
        for how in ({}, {"create_graph": True}):
            found = run(line, case, device)
            upstream = te.tensor(found.upstream, device=device)
            found.output.backward(upstream, **how)
            gradients = [x.grad.data for x in found.leaves]
            others = [*(x.data for x in found.inputs), found.output.data, upstream.data]
            for i, one in enumerate(gradients):
                for other in [*gradients[:i], *others]:
                    assert not share(one, other), f"{what}: gradient {i} shares its memory {how}"
                assert writable(one), f"{what}: gradient {i} cannot be written to"


def check_upstream_is_left_alone(line: Line, device: str) -> None:
    """In op(x) + p, both get the same array as their gradient, and p reads it after op did."""
    for case, what in each_case(line):
        arrays, upstream = drawn(line, case)
        partner = te.tensor(np.zeros_like(upstream), None, True, device)
        earlier = -partner
        output = line.call(*(as_input(a, device) for a in arrays), **case[1])
        (output + earlier).backward(upstream)
        np.testing.assert_array_equal(partner.grad.numpy(), -upstream, f"{what} wrote to upstream")


def check_gradient_of_repeated_input(line: Line, device: str) -> None:
    """op(x, x) gives x the sum of both gradients."""
    case = next((c for c in line.cases if len(c[0]) > 1 and len(set(c[0])) == 1), None)
    if case is None:
        return
    arrays, upstream = drawn(line, case)
    if any(a.dtype.kind != "f" for a in arrays):
        return
    x = np.abs(arrays[0]) + 0.5
    _, several = first_gradients(line, case, [x] * len(arrays), upstream, device=device)
    one = te.tensor(x, None, True, device)
    line.call(*[one] * len(arrays), **case[1]).backward(upstream)
    agree(one.grad.numpy(), sum_of_all(several).numpy(), f"{line.name}(x, x)")


def check_views_are_known(line: Line, device: str) -> None:
    """A result that looks into an input's memory says so; else changes of it would go unseen."""
    for case, what in each_case(line):
        found = run(line, case, device)
        for x in found.inputs:
            if share(x.data, found.output.data):
                assert found.output._written is x._written is not None, (
                    f"{what} is a view but @op does not say view=True"
                )


def check_frozen_inputs(line: Line, device: str) -> None:
    """Where only some inputs learn, they get the same gradients and the others none."""
    case = line.cases[0]
    arrays, upstream = drawn(line, case)
    floats = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    wanted = dict(zip(floats, run(line, case, device).backward(), strict=True))
    subsets = itertools.chain(*(itertools.combinations(floats, n) for n in range(1, len(floats))))
    for learning, create_graph in itertools.product(subsets, (False, True)):
        inputs = [as_input(a, device) for a in arrays]
        for i in set(floats) - set(learning):
            inputs[i].requires_grad_(False)
        output = line.call(*inputs, **case[1])
        output.backward(te.Tensor(plain(upstream, device)), create_graph=create_graph)
        for i, x in enumerate(inputs):
            what = f"{line.name}, inputs {learning} learn, create_graph={create_graph}: input {i}"
            if i in learning:
                assert x.grad is not None, what
                agree(x.grad.numpy(), wanted[i], what)
            else:
                assert x.grad is None, what


# --- 8 freed


@contextmanager
def no_garbage_collector() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def check_freed_by_reference_count(line: Line, device: str) -> None:
    case = max(line.cases, key=lambda case: sum(np.prod(shape) for shape in case[0]))
    for how in ("forward", "backward", "recorded", "kept"):
        with no_garbage_collector():
            left = [
                name for name, ref in _arrays_of_a_run(line, case, device, how) if ref() is not None
            ]
            assert not left, f"{line.name} after {how}: {', '.join(left)} kept alive by a cycle"


def _arrays_of_a_run(line: Line, case: Case, device: str, how: str) -> list[tuple[str, Any]]:
    """Weak references to arrays whose tensors are gone when this returns."""
    found = run(line, case, device)
    arrays = [(f"input {i}", x.data) for i, x in enumerate(found.inputs)]
    arrays.append(("output", found.output.data))
    if line.differentiable and how == "backward":
        found.backward()
    elif line.differentiable and how != "forward":
        gradients = te.grad(
            found.output, found.leaves, found.upstream, True, create_graph=how == "recorded"
        )
        arrays += [(f"gradient {i}", g.data) for i, g in enumerate(gradients)]
    return [(name, weakref.ref(array)) for name, array in arrays]


# --- 9 every device computes the same


def check_same_as_on_cpu(line: Line, device: str) -> None:
    for dtype, tolerance in ((np.float32, 1e-6), (np.float64, 1e-13)):
        for case, what in each_case(line):
            with count_transfers() as transfers:
                here, there = run(line, case, "cpu", dtype), run(line, case, device, dtype)
                if line.differentiable:
                    for run_ in (here, there):
                        run_.output.backward(
                            te.tensor(
                                run_.upstream.astype(run_.output.dtype), device=run_.output.device
                            )
                        )
                assert line.transfers or transfers.count == 0, f"{what}: hidden copies to the host"
            assert there.output.dtype == here.output.dtype, what
            close = {"rtol": tolerance, "atol": tolerance}
            agree(there.output.numpy(), here.output.numpy(), what, **close)
            for x, y in zip(here.leaves if line.differentiable else [], there.leaves, strict=False):
                assert y.grad.device == device, what
                agree(y.grad.numpy(), x.grad.numpy(), f"{what}: gradient", **close)


# --- 10 twins


def check_twin(line: Line, device: str) -> None:
    """An @op(composed=twin) equals its twin, in value and gradients."""
    twin: Any = getattr(line.call, "composed", None)
    if twin is None:
        return
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-6), (np.float16, 5e-3)):
        for case, what in each_case(line):
            one = run(line, case, device, dtype)
            other = run(line._replace(call=twin), case, device, dtype)
            close = {"rtol": tolerance, "atol": tolerance}
            agree(one.output.numpy(), other.output.numpy(), f"{what} and its twin", **close)
            for g, h in zip(one.backward(), other.backward(), strict=True):
                agree(g, h, f"{what} and its twin: gradient", **close)


# --- 12 shapes by hypothesis (test_table.py draws them)


def check_broadcast(line: Line, shapes: tuple[Shape, ...], device: str) -> None:
    case: Case = (shapes, {})
    small = line._replace(cases=[case])
    check_value(small, device, ["plain"])
    if line.differentiable:
        check_gradient(small, device, ["plain"])
        check_recorded_gradient(small, device)


FOR_ALL = [
    check_value,
    check_dtype,
    check_values_in_lower_precision,
    check_nothing_else_changes,
    check_views_are_known,
    check_freed_by_reference_count,
    check_same_as_on_cpu,
]
WITH_GRADIENT = [
    check_gradient,
    check_recorded_gradient,
    check_second_gradient,
    check_gradients_own_their_memory,
    check_upstream_is_left_alone,
    check_gradient_of_repeated_input,
    check_frozen_inputs,
    check_twin,
]
FOR_FLAT = [check_no_gradient]
