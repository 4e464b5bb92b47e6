"""PretendArray: a NumPy array behind the manners of cupy.ndarray.

Its operators and most of its methods are attached by the tables at the end of pretend.py.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import pretend_rules as rules
from .pretend_counts import count_call, count_transfer


class Flags:
    """The memory layout of an array, as far as CuPy tells it."""

    def __init__(self, array: PretendArray) -> None:
        self.c_contiguous = array._array.flags.c_contiguous
        self.f_contiguous = array._array.flags.f_contiguous
        self.owndata = array.base is None

    def __getitem__(self, name: str) -> bool:
        return bool({key.upper(): value for key, value in vars(self).items()}[name])


class PretendArray:
    """An array on the pretend device: holds a NumPy array and behaves as cupy.ndarray does."""

    __slots__ = ("__weakref__", "_array", "_base")
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]
    _array: np.ndarray
    _base: PretendArray | None

    def __init__(self, array: np.ndarray, base: PretendArray | None = None) -> None:
        if not isinstance(array, np.ndarray):
            raise TypeError("a PretendArray is made by to_device() or by a function of xp")
        self._array = array
        self._base = base

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    nbytes = property(lambda self: self._array.nbytes)
    itemsize = property(lambda self: self._array.itemsize)
    strides = property(lambda self: self._array.strides)
    flags = property(Flags, doc="Memory layout: c_contiguous, f_contiguous, owndata.")
    base = property(lambda self: self._base, doc="The array this one is a view of, else None.")
    T = property(lambda self: self if self.ndim < 2 else self._view(self._array.T))
    mT = property(lambda self: self._view(self._array.mT))
    real = property(lambda self: self._view(self._array.real))
    imag = property(lambda self: self._view(self._array.imag))

    def _view(self, array: np.ndarray) -> PretendArray:
        return PretendArray(array, self if self._base is None else self._base)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from .pretend import xp

        function = getattr(xp, ufunc.__name__, None)
        out = kwargs.get("out", ())
        if function is None or not all(map(_may_reach_cupy, (*inputs, *out))):
            return NotImplemented
        if out:
            kwargs["out"] = out[0] if len(out) == 1 else out
        if ufunc.__name__ in COMPARISONS:
            inputs = tuple(
                value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
                for value in inputs
            )
        return (function if method == "__call__" else getattr(function, method))(*inputs, **kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if not all(issubclass(kind, PretendArray | np.ndarray) for kind in types):
            return NotImplemented
        from .pretend import xp

        path = [*function.__module__.split(".")[1:], function.__name__]
        try:
            own: Any = functools.reduce(getattr, path, xp)
        except AttributeError:
            return NotImplemented
        return own(*args, **kwargs)

    def get(
        self, stream: None = None, order: Any = "C", out: Any = None, blocking: bool = True
    ) -> np.ndarray:
        """A copy on the host, as a NumPy array; counts as a transfer."""
        count_transfer(self.nbytes)
        if out is None:
            return np.array(self._array, order=order)
        if out.dtype != self.dtype or out.shape != self.shape:
            raise TypeError(f"{out.dtype}{out.shape} cannot take {self.dtype}{self.shape}")
        out[...] = self._array
        return np.asarray(out)

    def item(self) -> Any:
        """The single entry as a Python number; counts as a transfer."""
        return self.get().item()

    def tolist(self) -> Any:
        """The entries as a nested list; counts as a transfer."""
        return self.get().tolist()

    def __bool__(self) -> bool:
        return bool(self.get())

    def __int__(self) -> int:
        return int(self.get())

    def __float__(self) -> float:
        return float(self.get())

    def __complex__(self) -> complex:
        return complex(self.get())

    def __repr__(self) -> str:
        return repr(self.get())

    def __str__(self) -> str:
        return str(self.get())

    def __format__(self, specification: str) -> str:
        return format(self.get(), specification)

    def __copy__(self) -> PretendArray:
        return PretendArray(self._array.copy())

    def __deepcopy__(self, memo: Any) -> PretendArray:
        return PretendArray(self._array.copy())

    def __reduce__(self) -> Any:
        return PretendArray, (self.get(),)

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[PretendArray]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> PretendArray:
        key, has_arrays = self._key(index)
        if has_arrays:
            return PretendArray(np.array(self._array[key], order="C"))
        with_axes = key if Ellipsis in key else (*key, Ellipsis)  # keeps NumPy from giving a scalar
        return self._view(self._array[with_axes])

    def __setitem__(self, index: Any, value: Any) -> None:
        key, has_arrays = self._key(index)
        host_value = assigned_value(value, has_arrays)
        with np.errstate(all="ignore"):
            if not has_arrays:
                self._array[key] = host_value
                return
            # Which of several values for one place wins is undefined in CuPy: here the first does,
            # so that nobody relies on NumPy's order.
            places = np.arange(self.size).reshape(self.shape)[key]
            while host_value.ndim > places.ndim and len(host_value) == 1:
                host_value = host_value[0]
            values = np.broadcast_to(host_value, places.shape)
            self._array.flat[places.ravel()[::-1]] = values.ravel()[::-1]

    def _key(self, index: Any) -> tuple[tuple[Any, ...], bool]:
        items = index if isinstance(index, tuple) else (index,)
        host_items = tuple(unwrap_nested(item) for item in items)
        key, has_arrays, has_masks = rules.device_index(host_items, self.shape)
        if has_arrays:
            count_call()
        if has_masks:
            count_transfer()  # a GPU counts the True entries first and tells the host
        return key, has_arrays


COMPARISONS = {"equal", "greater", "greater_equal", "less", "less_equal", "not_equal"}
NUMBERS = {bool, int, float, complex}


def is_operand(value: Any) -> bool:
    """Whether a ufunc of CuPy takes the value: an array of the device, or a single number."""
    return isinstance(value, PretendArray | np.generic) or type(value) in NUMBERS


def _may_reach_cupy(value: Any) -> bool:
    """Whether __array_ufunc__ passes the value on; CuPy then refuses NumPy arrays with a reason."""
    return is_operand(value) or isinstance(value, np.ndarray)


def assigned_value(value: Any, may_be_host_array: bool) -> np.ndarray:
    """The value of `a[...] = value`; CuPy takes host arrays only where the index holds arrays."""
    if isinstance(value, PretendArray):
        return value._array
    host = np.asarray(value)
    if host.ndim and not may_be_host_array:
        raise ValueError(
            "non-scalar numpy.ndarray cannot be used for fill: a slice of an array of the device "
            "takes a number or an array of the device; copy yours with to_device()"
        )
    return host


def unwrap_nested(value: Any) -> Any:
    """NumPy arrays in place of arrays of the device, in lists too."""
    if isinstance(value, list | tuple):
        return type(value)(unwrap_nested(item) for item in value)
    return value._array if isinstance(value, PretendArray) else value
