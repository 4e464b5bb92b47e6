"""Entries picked by their place: indexing, take, adding at places, one-hot, rows of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, namespaces
from ..tensor import Tensor, asarray, op
from .elementwise import where

_ARRAY = "array"  # stands in a key for the next index array


def getitem(a: Tensor, key: Any) -> Tensor:
    """a[key], for every key NumPy knows. The gradient of an entry taken twice is added twice.

    Raises:
        IndexError: where an index lies outside its axis.
    """
    plain, arrays = _split(a, key)
    return _getitem(a, *arrays, key=plain)


@op(view=True)
def _getitem(xp: Any, a: Array, /, *indices: Array, key: Any) -> Any:
    """a[key].   The gradient goes back to the places it was taken from"""
    whole = _filled(key, indices)
    return (
        a[whole],
        lambda g: xp.scatter_add(xp.zeros_like(a), whole, g),
        *(None for _ in indices),
    )


def scatter_add(a: Tensor, key: Any, values: Tensor) -> Tensor:
    """A copy of a with values added at a[key]; a place named twice gets both.

    This is `a[key] += values` without writing to a.   ∂/∂a = 1   ∂/∂values = g[key]
    """
    plain, arrays = _split(a, key)
    return _scatter_add(a, values, *arrays, key=plain)


@op
def _scatter_add(xp: Any, a: Array, values: Array, /, *indices: Array, key: Any) -> Any:
    """A copy of a with values added at a[key].   ∂/∂a = 1   ∂/∂values = g[key]"""
    whole = _filled(key, indices)
    return (
        xp.scatter_add(a, whole, values),
        lambda g: g,
        lambda g: g[whole],
        *(None,) * len(indices),
    )


def take(a: Tensor, indices: Any, axis: int | None = None) -> Tensor:
    """The slices of a at these indices along an axis: with axis=0, rows of a table.

    indices: whole numbers in any shape S; the result has S in place of the axis, which need not be
    named where there is one only.
    """
    if axis is None:
        if a.ndim != 1:
            raise ValueError(f"take() from a tensor of shape {a.shape} needs axis=, 0 for its rows")
        axis = 0
    if not -a.ndim <= axis < a.ndim:
        raise ValueError(f"take(): axis {axis} does not exist in a tensor of shape {a.shape}")
    return getitem(a, (slice(None),) * (axis % a.ndim) + (indices,))


def take_along_axis(a: Tensor, indices: Any, axis: int) -> Tensor:
    """For each place of indices, the entry of a at that index along the axis.

    On the other axes, a length of 1 is repeated to that of the other tensor. For logits
    (N, classes) and labels (N, 1), axis=1 gives each row's logit of its own class.
    """
    if not isinstance(indices, Tensor):
        indices = asarray(indices, device=a.device)
    if indices.ndim != a.ndim:
        raise ValueError(
            f"take_along_axis() needs indices with as many axes as the tensor, {a.ndim}; "
            f"they have shape {indices.shape}"
        )
    key: list[Any] = []
    for i, n in enumerate(a.shape):
        along = tuple(-1 if i == j else 1 for j in range(a.ndim))
        key.append(np.arange(n).reshape(along))
    key[axis] = indices
    return getitem(a, tuple(key))


def one_hot(indices: Any, num_classes: int, dtype: Any = np.float32) -> Tensor:
    """Rows of zeros with a one at each index: shape (…) of whole numbers → (…, num_classes).

    Raises:
        IndexError: where an index is below 0 or not below num_classes.
    """
    indices = asarray(indices)
    check_indices(indices, num_classes, "one_hot()", negative=False)
    return _one_hot(indices, num_classes=num_classes, dtype=dtype)


@op(differentiable=False)
def _one_hot(xp: Any, indices: Array, /, num_classes: int, dtype: Any) -> Any:
    """1 where the class is the index, else 0."""
    classes = xp.arange(num_classes)
    return (xp.expand_dims(indices, -1) == classes).astype(dtype)


def embedding(indices: Any, weight: Tensor, padding_index: int | None = None) -> Tensor:
    """The row of weight at each index: whole numbers (…) and a table (rows, size) → (…, size).

    It is one_hot(indices) @ weight without the product.   Document 000 §4.3(3)

    Args:
        padding_index: the row that stands for "no word", from 0; it gets no gradient.

    Raises:
        TypeError: where the indices are no whole numbers.
        IndexError: where one is below 0 or names no row.
        ValueError: where padding_index names no row, or weight is no table.
    """
    weight = asarray(weight)
    if weight.ndim != 2:
        raise ValueError(
            f"embedding() needs a table of shape (rows, size) after the indices; it was given "
            f"{weight.shape}. As in embedding(indices, weight)"
        )
    if not isinstance(indices, Tensor):
        indices = asarray(indices, device=weight.device)
    check_indices(indices, weight.shape[0], "embedding()", negative=False)
    check_padding(padding_index, weight.shape[0], "embedding()")
    return _embedding(weight, indices, padding_index=padding_index)


def _plain_embedding(weight: Tensor, indices: Tensor, padding_index: int | None = None) -> Tensor:
    rows = take(weight, indices, axis=0)  # (…, size)
    if padding_index is None:
        return rows
    is_padding = (indices == padding_index).reshape((*indices.shape, 1))
    return where(is_padding, rows.detach(), rows)


@op(composed=_plain_embedding)
def _embedding(xp: Any, weight: Array, indices: Array, /, padding_index: int | None = None) -> Any:
    """Rows of weight.   ∂/∂weight: g added up, row by row of the table"""

    def vjp(g: Array) -> Array:
        table = xp.scatter_add(xp.zeros_like(weight), indices, g)
        if padding_index is not None:
            table[padding_index] = 0
        return table

    return xp.take(weight, indices, axis=0), vjp, None


def check_padding(row: Any, rows: int, what: str) -> None:
    """Refuse a padding_index that is neither None nor the number of a row, 0 … rows − 1."""
    if row is None:
        return
    whole = isinstance(row, int | np.integer) and not isinstance(row, bool)
    if not whole or not 0 <= row < rows:
        raise ValueError(
            f"{what}: padding_index={row!r} names none of the rows, which are counted from 0 to "
            f"{rows - 1}; give such a whole number, or None where no row is padding"
        )


def check_indices(indices: Tensor, size: int, what: str, *, negative: bool = True) -> None:
    """Refuse indices that are no whole numbers or lie outside 0 … size − 1.

    A GPU wraps such indices silently. Tensors made on the host remember their bounds, so no number
    is copied back from the device to know.
    """
    if indices.dtype.kind not in "iu":
        raise TypeError(
            f"{what} needs whole numbers as indices; it was given {indices.dtype}. "
            "Convert with .astype(te.int64)"
        )
    if indices.size == 0:
        return
    lowest = -size if negative else 0
    written = indices._written is not None and indices._written[0]
    bounds = None if written else indices._bounds
    if bounds is None or bounds[0] < lowest or bounds[1] >= size:
        # unknown, or those of a whole of which these are a part: look at the numbers themselves
        xp = namespaces[type(indices._data)]
        bounds = (int(xp.min(indices._data)), int(xp.max(indices._data)))
    low, high = bounds
    if low < lowest or high >= size:
        wrong = high if high >= size else low
        raise IndexError(
            f"{what}: index {wrong} is outside 0 … {size - 1}; "
            f"the indices run from {low} to {high} and there are {size} places, counted from 0"
        )


def _split(a: Tensor, key: Any) -> tuple[Any, list[Tensor]]:
    """A key as its plain part, with a mark for each index array, and those arrays."""
    parts = [_checked_part(a, part) for part in (key if isinstance(key, tuple) else (key,))]
    used = sum(_axes_used(part) for part in parts)
    axis = 0
    for part in parts:
        if isinstance(part, Tensor) and part.dtype.kind != "b" and axis < a.ndim:
            check_indices(part, a.shape[axis], f"axis {axis} of a tensor of shape {a.shape}")
        axis += a.ndim - used if part is ... else _axes_used(part)
    plain = tuple(_ARRAY if isinstance(part, Tensor) else part for part in parts)
    arrays = [part for part in parts if isinstance(part, Tensor)]
    return (plain if isinstance(key, tuple) else plain[0]), arrays


def _checked_part(a: Tensor, part: Any) -> Any:
    """A part of a key as it is if plain, else as a tensor of whole numbers or booleans."""
    if part is None or part is ... or isinstance(part, slice | int):
        return part
    if isinstance(part, list) and not part:
        part = np.zeros(0, np.int64)
    try:
        array = part if isinstance(part, Tensor) else asarray(part, device=a.device)
    except TypeError:
        array = None
    if array is None or array.dtype.kind not in "iub":
        kind = type(part).__name__ if array is None else array.dtype
        raise IndexError(
            "a tensor is indexed by whole numbers, slices, None, ..., and by lists or arrays of "
            f"whole numbers or booleans; not by {kind}. int(i) and .astype(te.int64) make them"
        )
    return array


def _axes_used(part: Any) -> int:
    """How many axes of the tensor a part of a key stands for."""
    if part is None or part is ... or isinstance(part, bool):
        return 0
    return part.ndim if isinstance(part, Tensor) and part.dtype.kind == "b" else 1


def _filled(key: Any, arrays: tuple[Array, ...]) -> Any:
    """The key with the arrays back in their places."""
    left = iter(arrays)
    if not isinstance(key, tuple):
        return next(left) if key is _ARRAY else key
    return tuple(next(left) if part is _ARRAY else part for part in key)
