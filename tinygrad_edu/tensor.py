"""Going forward: the Tensor, and the @op decorator that records operations on it.

Every operation on Tensors is made by @op from a pure function of arrays that returns its value and,
for each array, the vector–Jacobian product (VJP) that carries a gradient back through it. A result
remembers the operation, its inputs and those products; autograd.py walks back through them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, overload

import numpy as np

from . import recording
from .backend import Array, device_of, namespaces
from .backend.convert import as_array, bounds
from .backend.sentences import explained
from .refusals import mixed_devices

if TYPE_CHECKING:  # operators and array methods; ops/__init__ attaches them
    from ._methods import Methods as _Methods
else:
    _Methods = object

P = ParamSpec("P")

_tick = count(1).__next__  # one clock for results and changes: inputs are older than results
_new = object.__new__
_NUMBERS = (float, int, bool, complex)
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Tensor(_Methods):
    """An array that remembers how it was computed, so that gradients can flow back through it."""

    __slots__ = (
        "_data", "grad", "requires_grad", "op", "inputs", "options",
        "_products", "_time", "_written", "_keeps_grad", "_bounds",
    )  # fmt: skip

    def __init__(self, data: Array, requires_grad: bool = False) -> None:
        if type(data) not in namespaces:
            raise TypeError(
                f"Tensor() wraps an array of a device, not a {type(data).__name__}; "
                "te.tensor(data) makes a tensor from numbers, lists and arrays"
            )
        self._data = data
        self.grad: Tensor | None = None
        self.requires_grad = False
        self.op: Callable[..., Tensor] | None = None  # what computed it; None for a leaf
        self.inputs: tuple[Any, ...] = ()  # what op was given: Tensors and Python numbers
        self.options: dict[str, Any] = {}
        self._products: Any = None  # what op's function returned: the value, then its VJPs
        self._time = 0  # when it was recorded
        self._written: list[int] | None = None  # when its memory was; one list for all its views
        self._keeps_grad = False
        self._bounds: tuple[int, int] | None = None  # of integers, found on the host
        if requires_grad:
            self.requires_grad_()

    @property
    def data(self) -> Array:
        """The raw, writable array. Writing single entries of it goes unseen by autograd."""
        return self._data

    @data.setter
    def data(self, array: Array) -> None:
        array = _raw(array)
        if isinstance(array, np.generic):  # what NumPy computes where the shape is ()
            array = np.asarray(array)
        if type(array) is not type(self._data) or array.shape != self._data.shape:
            raise ValueError(
                f".data holds a {type(self._data).__name__} of shape {self._data.shape} and was "
                f"given a {type(array).__name__} of shape {getattr(array, 'shape', ())}; give an "
                "array of that shape on that device, or make a new tensor"
            )
        if array is not self._data:  # memory of its own from now on, shared with nobody
            self._data, self._written = array.copy(), None
        self.mark_changed()

    def mark_changed(self) -> None:
        """Say that the values were written to, so that graphs which used them refuse to run."""
        self._memory()[0] = _tick()

    def _memory(self) -> list[int]:
        """The list with the time of the last write, made now if it is the first to be needed."""
        if self._written is None:
            self._written = [0]
        return self._written

    shape: tuple[int, ...] = property(attrgetter("_data.shape"), doc="Length of each axis.")  # type: ignore[assignment]
    dtype: Any = property(attrgetter("_data.dtype"), doc="Type of the entries.")
    ndim: int = property(attrgetter("_data.ndim"), doc="Number of axes.")  # type: ignore[assignment]
    size: int = property(attrgetter("_data.size"), doc="Number of entries.")  # type: ignore[assignment]
    device: str = property(lambda self: device_of(self._data), doc="Device it lives on.")  # type: ignore[assignment]

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for gradients with respect to this tensor (or no longer); returns itself."""
        if requires_grad and self.dtype.kind not in "fc":
            raise TypeError(
                f"only floating-point tensors can require gradients, and this one is {self.dtype}; "
                "make it with dtype=te.float32 or convert it with .astype(te.float32)"
            )
        if self.op is not None and not requires_grad:
            raise ValueError("a computed tensor always requires gradients; use .detach()")
        self.requires_grad = requires_grad
        return self

    def retain_grad(self) -> None:
        """Let backward() keep .grad of this computed tensor too."""
        if not self.requires_grad:
            raise ValueError("retain_grad() needs a tensor that requires gradients")
        self._keeps_grad = True

    def detach(self) -> Tensor:
        """The same values, in the same memory, without the graph."""
        result = Tensor(self._data)
        result._written = self._memory()
        result._bounds = self._bounds
        return result

    def __copy__(self) -> Tensor:
        """copy.copy(x): as detach(), so that writes through the copy are seen."""
        return self.detach()

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("a tensor of shape () has no rows to iterate over; use .item()")
        return (self[i] for i in range(self.shape[0]))

    __hash__ = object.__hash__  # by identity, although == compares entries


def tensor(
    data: Any, dtype: Any = None, requires_grad: bool = False, device: str | None = None
) -> Tensor:
    """A tensor with a copy of data: a number, a (nested) list of numbers, an array or a Tensor.

    Python floats become float32, integers int64, booleans bool; NumPy arrays keep their dtype.
    """
    array, found = as_array(_raw(data), dtype, device, copy=True)
    return _wrapped(array, found, requires_grad)


def asarray(data: Any, dtype: Any = None, device: str | None = None) -> Tensor:
    """A tensor that shares the memory of data wherever it can; a Tensor is returned as it is."""
    if isinstance(data, Tensor) and dtype in (None, data.dtype) and device in (None, data.device):
        return data
    return _wrapped(*as_array(_raw(data), dtype, device, copy=False))


def _raw(data: Any) -> Any:
    return data._data if isinstance(data, Tensor) else data


def _wrapped(array: Array, found: tuple[int, int] | None, requires_grad: bool = False) -> Tensor:
    result = Tensor(array, requires_grad)
    result._bounds = found
    return result


# --- making operations


@overload
def op(function: Callable[Concatenate[Any, P], Any], /) -> Callable[P, Tensor]: ...


@overload
def op(
    *,
    composed: Callable[..., Tensor] | None = ...,
    joint: bool = ...,
    view: bool = ...,
    differentiable: bool = ...,
) -> Callable[[Callable[Concatenate[Any, P], Any]], Callable[P, Tensor]]: ...


def op(
    function: Callable[..., Any] | None = None,
    /,
    *,
    composed: Callable[..., Tensor] | None = None,
    joint: bool = False,
    view: bool = False,
    differentiable: bool = True,
) -> Any:
    """An operation on Tensors from a pure `function(xp, a, b, /, options) -> value, vjp_a, vjp_b`.

    Args:
        function: takes the array library and arrays before the `/`, options after it; a float32
            array of shape () as a NumPy scalar. A VJP is None where its array has no gradient.
        composed: its twin, an ordinary function of Tensors that equals it. Needed where function
            uses out= or writes in place: such code cannot be run again on Tensors.
        joint: function returns `value, backward`, and `backward(g, needs)` a gradient or None for
            each array; for gradients that share work.
        view: the value may look into the memory of the first array.
        differentiable: False where function returns its value alone.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Tensor]:
        return _operation(function, composed, joint, view, differentiable)

    return decorate if function is None else decorate(function)


def _operation(
    function: Callable[..., Any],
    composed: Callable[..., Tensor] | None,
    joint: bool,
    view: bool,
    differentiable: bool,
) -> Callable[..., Tensor]:
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[1:]  # without xp
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    arity = sum(p.kind is p.POSITIONAL_ONLY for p in parameters)
    option_names = [
        p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]

    @wraps(function)
    def call(*inputs: Any, **options: Any) -> Tensor:
        if len(inputs) != arity and not variadic:
            inputs, options = _sort_arguments(call, inputs, options, arity, option_names)
        arrays: list[Array] = []
        kind: Any = None
        needs_grad = False
        for x in inputs:
            try:
                array = x._data
            except AttributeError:
                if type(x) in _NUMBERS:
                    arrays.append(x)
                    continue
                array = None
            if array is None:  # a list or a NumPy array or scalar: begin again with Tensors
                return call(*_as_inputs(call, inputs), **options)
            if x.requires_grad:
                needs_grad = True
            if type(array) is not kind:
                if kind is not None:
                    raise mixed_devices(call.__name__, [x for x in inputs if isinstance(x, Tensor)])
                kind = type(array)
            if not array.ndim and array.dtype is _FLOAT32 and kind is np.ndarray and not view:
                array = array[()]  # NumPy computes up to ten times as fast with its scalars
            arrays.append(array)
        if kind is None:  # numbers only
            return call(tensor(inputs[0]), *inputs[1:], **options)
        try:
            products = function(namespaces[kind], *arrays, **options)
        except (ValueError, TypeError, IndexError) as error:
            raise explained(call.__name__, arrays, options, option_names, error) from None
        if differentiable and type(products) is not tuple:
            raise TypeError(f"{call.__name__}() must return its value and then one VJP per array")
        value = products[0] if differentiable else products
        if type(value) not in namespaces:  # NumPy gives a scalar where the shape is ()
            value = np.asarray(value)
        if value.dtype is _FLOAT64:
            value = _not_widened(value, inputs, options)

        result = _new(Tensor)
        result._data = value
        result.grad = None
        result._keeps_grad = False
        result._written = result._bounds = None
        if view:
            memory = inputs[0]._memory()
            result._bounds = None if memory[0] else inputs[0]._bounds  # written to since?
            if value.base is not None or value is arrays[0]:
                result._written = memory
        if needs_grad and differentiable and recording.on:
            if recording.guard is not None:
                products = recording.guard(call, inputs, products)
            result.requires_grad = True
            result.op = call
            result.inputs = inputs
            result.options = options
            result._products = products
            result._time = _tick()
        else:
            result.requires_grad = False
            result.op = None
            result.inputs = ()
            result.options = options
            result._products = None
            result._time = 0
        return result

    operation: Any = call
    operation.__name__ = function.__name__.lstrip("_")
    operation.__signature__ = signature.replace(parameters=parameters)
    operation.function, operation.composed, operation.joint = function, composed, joint
    return call


def _sort_arguments(
    call: Any, given: tuple[Any, ...], options: dict[str, Any], arity: int, names: list[str]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arrays, and the options with those that were given by position."""
    if not arity <= len(given) <= arity + len(names):
        raise TypeError(
            f"{call.__name__}() takes {arity} tensor{'s'[: arity != 1]} and then the options "
            f"({', '.join(names)}); it was given {len(given)} arguments by position"
        )
    return given[:arity], dict(zip(names, given[arity:], strict=False), **options)


def _as_inputs(call: Any, inputs: tuple[Any, ...]) -> list[Any]:
    """Every input as a Tensor or a Python number. NumPy scalars become numbers: they would widen
    float32 to float64. Lists go to the device of the tensors beside them."""
    device = next((x.device for x in inputs if isinstance(x, Tensor)), None)
    result: list[Any] = []
    for x in inputs:
        if isinstance(x, Tensor) or type(x) in _NUMBERS:
            result.append(x)
        elif isinstance(x, np.generic) or (isinstance(x, np.ndarray) and x.ndim == 0):
            result.append(x.item())
        elif type(x) in namespaces:
            result.append(_wrapped(x, bounds(x)))
        elif isinstance(x, list | tuple):
            result.append(tensor(x, device=device))
        else:
            mend = "turn it into numbers first, for example with float(…)"
            if x is None:
                mend = "was a `return` forgotten? Whether x is None is asked by `x is None`"
            raise TypeError(
                f"{call.__name__}() works on tensors, arrays and numbers, "
                f"not on a {type(x).__name__}; {mend}"
            )
    return result


def _not_widened(value: Array, inputs: tuple[Any, ...], options: dict[str, Any]) -> Array:
    """float64 only where it was asked for: integers do not widen floats, as NumPy would have it."""
    given = [x.dtype for x in inputs if isinstance(x, Tensor) and x.dtype.kind in "fc"]
    if options.get("dtype") is not None or _FLOAT64 in given or np.complex128 in given:
        return value
    return value.astype(max(given, key=lambda dtype: dtype.itemsize, default=np.float32))


@op(view=True)
def identity(xp: Any, a: Array, /) -> Any:
    """a itself, as a new place in the graph.   ∂/∂a = 1"""
    return a, lambda g: g
