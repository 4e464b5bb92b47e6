"""Device "pretend-gpu": computes with NumPy, but by the rules of CuPy 14.

It lets a machine without a GPU find what would fail on one: an array that is silently copied
between host and device, a NumPy array mixed in, a function or keyword that CuPy lacks, a number
where a GPU gives an array without axes. It means to be at least as strict as CuPy: what it
computes, CuPy computes too. The rules are in pretend_rules.py.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from . import pretend_rules as rules
from .pretend_array import PretendArray as PretendArray
from .pretend_array import assigned_value, is_operand
from .pretend_calls import device_copy, run
from .pretend_counts import TransferCounter as TransferCounter
from .pretend_counts import count_transfers as count_transfers
from .pretend_counts import transfers as transfers


def to_device(array: np.ndarray) -> PretendArray:
    """A copy of a host array on the pretend device."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"to_device() takes a numpy.ndarray, not a {type(array).__name__}")
    return device_copy(array)


def to_host(array: PretendArray) -> np.ndarray:
    """A copy of an array of the device as a NumPy array; counts as a transfer."""
    if not isinstance(array, PretendArray):
        raise TypeError(f"to_host() takes an array of the device, not a {type(array).__name__}")
    return array.get()


class PretendUfunc:
    """A ufunc as CuPy has them: takes only out=, dtype= and casting=, and few ufunc methods."""

    def __init__(self, name: str, ufunc: np.ufunc) -> None:
        self.__name__ = name
        self.name = f"cupy_{name}"
        self.nin, self.nout, self.nargs = ufunc.nin, ufunc.nout, ufunc.nargs
        self._ufunc = ufunc

    def __repr__(self) -> str:
        return f"<ufunc '{self.name}'>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for value in args:
            if not is_operand(value):
                raise TypeError(
                    f"Unsupported type {type(value)}: {self.__name__}() takes arrays of the device "
                    "and single numbers; copy a NumPy array there with to_device()"
                )
        return run(self.__name__, self._ufunc, args, kwargs)

    def _method(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        fault = rules.method_complaint(self.__name__, method)
        if fault:
            raise NotImplementedError(fault)
        return run(f"ufunc.{method}", getattr(self._ufunc, method), args, kwargs)

    def accumulate(self, *args: Any, **kwargs: Any) -> Any:
        """Running results along an axis; CuPy has it for add and multiply."""
        return self._method("accumulate", args, kwargs)

    def outer(self, *args: Any, **kwargs: Any) -> Any:
        """The ufunc of every pair of entries of two arrays."""
        return self._method("outer", args, kwargs)

    def reduce(self, *args: Any, **kwargs: Any) -> Any:
        """The result along an axis; CuPy has it for add and multiply."""
        return self._method("reduce", args, kwargs)

    def reduceat(self, *args: Any, **kwargs: Any) -> Any:
        """The results along slices of an axis; CuPy has it for add."""
        return self._method("reduceat", args, kwargs)

    def at(self, a: PretendArray, indices: Any, b: Any = None) -> None:
        """Changes a[indices] in place; a place named twice is changed twice."""
        fault = rules.method_complaint(self.__name__, "at")
        if fault:
            raise NotImplementedError(fault)
        if not isinstance(a, PretendArray):
            raise TypeError(f"{self.__name__}.at() changes an array of the device only")
        key, has_arrays = a._key(indices)
        if has_arrays and a.dtype.name not in rules.AT_DTYPES[self.__name__]:
            able = ", ".join(rules.AT_DTYPES[self.__name__])
            raise TypeError(f"cupy.{self.__name__}.at only supports {able}, not {a.dtype}")
        with np.errstate(all="ignore"):
            self._ufunc.at(a._array, key, assigned_value(b, has_arrays))


class Namespace:
    """The functions, dtypes and constants that both CuPy and NumPy have, under CuPy's rules."""

    def __init__(self, path: str, library: ModuleType) -> None:
        self._path = path  # "" or as in "linalg."
        self._library = library

    def __dir__(self) -> list[str]:
        below = [
            name.removeprefix(self._path)
            for name in rules.table()["names"]
            if name.startswith(self._path)
        ]
        return [name for name in below if "." not in name and hasattr(self, name)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self._imitation(name, rules.kind(self._path + name))
        self.__dict__[name] = value
        return value

    def _imitation(self, name: str, kind: str) -> Any:
        """What stands for CuPy's object of this name, or an AttributeError that says why none."""
        dotted = self._path + name
        if dotted in _OWN:
            return _OWN[dotted]
        if kind == "missing":
            raise AttributeError(f"CuPy {rules.table()['cupy']} has no {dotted}")
        if dotted == "random":
            raise AttributeError("random numbers are drawn on the CPU and copied to the device")
        original: Any = getattr(self._library, name, None)
        if original is None and name != "newaxis" or dotted in rules.NOT_IMITATED:
            raise AttributeError(f"CuPy has {dotted}, but NumPy or this stand-in for a GPU has not")
        if kind == "module":
            return Namespace(dotted + ".", original)
        if isinstance(original, np.ufunc) and kind == "ufunc":
            return PretendUfunc(dotted, original)
        if kind in ("function", "ufunc"):
            function = _ADAPTED.get(dotted, original)

            def call(*args: Any, **kwargs: Any) -> Any:
                return run(dotted, function, args, kwargs)

            call.__name__ = call.__qualname__ = name
            return call
        if kind == "class" and name not in _CLASSES:
            raise AttributeError(f"CuPy has {dotted}, but this stand-in for a GPU has not")
        return original


def _take(a: Any, indices: Any, axis: int | None = None, out: Any = None) -> Any:
    return np.take(a, indices, axis, out, mode="wrap")


def _take_along_axis(arr: Any, indices: Any, axis: int | None) -> Any:
    size = arr.size if axis is None else arr.shape[axis]
    return np.take_along_axis(arr, rules.wrapped(indices, size), axis)


def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    size = arr.size if axis is None else arr.shape[axis]
    np.put_along_axis(arr, rules.wrapped(indices, size), values, axis)


def _method(name: str) -> Callable[..., Any]:
    """PretendArray's method of this name: NumPy's, under CuPy's rules."""
    function = _ADAPTED.get(f"ndarray.{name}", getattr(np.ndarray, name))

    def method(self: PretendArray, *args: Any, **kwargs: Any) -> Any:
        return run(f"ndarray.{name}", function, args, kwargs, own=(self,))

    method.__name__ = method.__qualname__ = name
    return method


def _operator(ufunc: np.ufunc, order: int) -> Callable[..., Any]:
    """a + b (order 1) or b + a (order -1); NumPy asks both operands where b is not the device's."""
    name = ufunc.__name__

    def operator(self: PretendArray, other: Any) -> Any:
        if is_operand(other):
            return getattr(xp, name)(*(self, other)[::order])
        has_ufuncs = hasattr(other, "__array_ufunc__")
        if has_ufuncs and other.__array_ufunc__ is None:
            return NotImplemented
        if not has_ufuncs and getattr(other, "__array_priority__", 0) > self.__array_priority__:
            return NotImplemented
        if name in ("equal", "not_equal"):
            # NumPy would compare objects; CuPy holds none, so they equal no number.
            plain: Any = object.__eq__
            if other is None or type(other).__eq__ is plain:
                return PretendArray(np.full(self.shape, name == "not_equal"))
        return ufunc(*(self, other)[::order])

    return operator


def _unary(ufunc: np.ufunc) -> Callable[[PretendArray], Any]:
    return lambda self: getattr(xp, ufunc.__name__)(self)


def _in_place(ufunc: np.ufunc) -> Callable[..., Any]:
    def operator(self: PretendArray, other: Any) -> Any:
        return getattr(xp, ufunc.__name__)(self, other, out=self)

    return operator


_OWN = {"asnumpy": to_host, "ndarray": PretendArray, "ufunc": PretendUfunc}
_CLASSES = ("LinAlgError", "dtype", "finfo", "iinfo", "ndindex")
_ADAPTED: dict[str, Callable[..., Any]] = {
    "ndarray.take": _take,
    "put_along_axis": _put_along_axis,
    "take": _take,
    "take_along_axis": _take_along_axis,
}
_METHODS = """
    all any argmax argmin argpartition argsort astype clip compress conj conjugate copy cumprod
    cumsum diagonal dot fill flatten max mean min nonzero partition prod ravel repeat reshape round
    searchsorted sort squeeze std sum swapaxes take tobytes trace transpose var view
""".split()
_COMPARISONS = {"eq": "equal", "ge": "greater_equal", "gt": "greater"}
_COMPARISONS |= {"le": "less_equal", "lt": "less", "ne": "not_equal"}
_UNARY = {"abs": "absolute", "invert": "invert", "neg": "negative", "pos": "positive"}
_ARITHMETIC = {"add": "add", "floordiv": "floor_divide", "mod": "remainder", "mul": "multiply"}
_ARITHMETIC |= {"pow": "power", "sub": "subtract", "truediv": "true_divide"}
_ARITHMETIC |= {"and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor"}
_ARITHMETIC |= {"lshift": "left_shift", "rshift": "right_shift"}

xp = Namespace("", np)

for _name in _METHODS:
    setattr(PretendArray, _name, _method(_name))
for _name, _ufunc in _COMPARISONS.items():
    setattr(PretendArray, f"__{_name}__", _operator(getattr(np, _ufunc), 1))
for _name, _ufunc in _UNARY.items():
    setattr(PretendArray, f"__{_name}__", _unary(getattr(np, _ufunc)))
for _name, _ufunc in (_ARITHMETIC | {"divmod": "divmod", "matmul": "matmul"}).items():
    setattr(PretendArray, f"__{_name}__", _operator(getattr(np, _ufunc), 1))
    setattr(PretendArray, f"__r{_name}__", _operator(getattr(np, _ufunc), -1))
for _name, _ufunc in _ARITHMETIC.items():
    setattr(PretendArray, f"__i{_name}__", _in_place(getattr(np, _ufunc)))
