"""What Python and NumPy values become as arrays: the rules for dtypes, said once."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import Array, backend, default_device, namespaces, to_device

Bounds = tuple[int, int]


def as_array(
    data: Any, dtype: Any = None, device: str | None = None, *, copy: bool
) -> tuple[Array, Bounds | None]:
    """An array of data on a device, and the bounds of its integers if they pass the host.

    Python floats, and lists of them, become float32, integers int64, booleans bool; NumPy values
    keep their dtype. An array that is on a device already stays there unless another is named.

    Raises:
        TypeError: where data is no number, list of numbers or array.
        ValueError: where the rows of a list differ in length.
    """
    if type(data) in namespaces and not isinstance(data, np.ndarray):
        array = data if device is None else to_device(data, device)
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype), None
        return (array.copy() if copy and array is data else array), None
    host = _as_host(data)
    if dtype is None and host.dtype == np.float64 and not _holds_numpy(data):
        dtype = np.float32
    elif dtype is not None:
        dtype = checked_dtype(dtype)
    wanted = np.array(host, dtype=dtype, copy=copy or None)
    name = default_device() if device is None else device
    return (wanted if name == "cpu" else backend(name).from_host(wanted)), bounds(wanted)


def checked_dtype(dtype: Any) -> np.dtype[Any]:
    """The dtype of a name or a type.

    Raises:
        TypeError: where it is none, such as a number that belongs to the data or the shape.
    """
    try:
        found: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        raise TypeError(
            f"{dtype!r} is no dtype; give te.float32, te.int64 or another of NumPy's. Numbers of "
            "one tensor and lengths of one shape go together in brackets: te.tensor([1.0, 2.0]), "
            "te.zeros((2, 3))"
        ) from None
    return found


def _as_host(data: Any) -> np.ndarray:
    try:
        host = np.asarray(data)
    except ValueError:
        raise ValueError(
            f"the rows of {_shortened(data)} differ in length or shape; a tensor needs a full "
            "block of numbers, so pad the short rows or keep them in a list"
        ) from None
    if host.dtype.kind not in "bifcu":
        raise TypeError(
            f"a tensor holds numbers; {_shortened(data)} of type {type(data).__name__} has none. "
            "Give a number, a (nested) list of numbers or a NumPy array"
            + (" (None often comes from a function without `return`)" if data is None else "")
        )
    if host.dtype.kind == "f" and host.dtype.itemsize > 8:
        raise TypeError(f"{host.dtype} is not supported; convert with .astype(np.float64)")
    return host


def _holds_numpy(data: Any) -> bool:
    """True where data is, or as a nested list begins with, a NumPy value that has a dtype."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return isinstance(data, np.ndarray | np.generic)


def _shortened(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else text[:57] + "..."


def bounds(array: Array) -> Bounds | None:
    """(smallest, largest) entry of a host array of integers; None for other or empty arrays."""
    if type(array) is not np.ndarray or array.dtype.kind not in "iu" or array.size == 0:
        return None
    return int(array.min()), int(array.max())
