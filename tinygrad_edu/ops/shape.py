"""The same entries in another shape, order, type or place; several tensors joined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..backend import Array, device_of
from ..backend.convert import checked_dtype
from ..backend.sentences import no_axis
from ..tensor import Tensor, asarray, op

# --- another shape


@op(view=True)
def reshape(xp: Any, a: Array, /, shape: int | tuple[int, ...]) -> Any:
    """The entries in the same order in another shape; −1 stands for the length that fits."""
    return a.reshape(shape), lambda g: g.reshape(a.shape)


def flatten(a: Tensor, start_axis: int = 0) -> Tensor:
    """a with all axes from start_axis on made into one: (N, 2, 3) from axis 1 on gives (N, 6)."""
    if not -a.ndim <= start_axis < max(a.ndim, 1):
        raise no_axis("flatten", start_axis, a.shape)
    return reshape(a, (*a.shape[:start_axis], math.prod(a.shape[start_axis:])))


@op(view=True)
def expand_dims(xp: Any, a: Array, /, axis: int | tuple[int, ...]) -> Any:
    """a with axes of length 1 put in, at the places they have in the result."""
    return xp.expand_dims(a, axis), lambda g: g.reshape(a.shape)


@op(view=True)
def squeeze(xp: Any, a: Array, /, axis: int | tuple[int, ...] | None = None) -> Any:
    """a without its axes of length 1, or without those named."""
    return xp.squeeze(a, axis), lambda g: g.reshape(a.shape)


@op(view=True)
def broadcast_to(xp: Any, a: Array, /, shape: tuple[int, ...]) -> Any:
    """a repeated along new axes and axes of length 1.   The engine sums the gradient back"""
    return xp.broadcast_to(a, shape), lambda g: g


# --- another order


@op(view=True)
def transpose(xp: Any, a: Array, /, axes: tuple[int, ...] | None = None) -> Any:
    """a with its axes in another order; reversed where none is given."""
    value = a.transpose(axes)
    order = tuple(range(a.ndim))[::-1] if axes is None else tuple(i % a.ndim for i in axes)
    back = tuple(order.index(i) for i in range(a.ndim))
    return value, lambda g: g.transpose(back)


@op(view=True)
def swapaxes(xp: Any, a: Array, /, axis1: int, axis2: int) -> Any:
    """a with two axes exchanged."""
    return xp.swapaxes(a, axis1, axis2), lambda g: xp.swapaxes(g, axis1, axis2)


@op(view=True)
def flip(xp: Any, a: Array, /, axis: int | tuple[int, ...] | None = None) -> Any:
    """a with the entries along an axis, several, or all in reverse order."""
    return xp.flip(a, axis), lambda g: xp.flip(g, axis)


# --- cut, padded, moved, repeated


def split(a: Tensor, parts: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """a cut along an axis into equally long parts, or before each of the given places."""
    if not -a.ndim <= axis < a.ndim:
        raise no_axis("split", axis, a.shape)
    n = a.shape[axis]
    if isinstance(parts, int):
        if parts < 1 or n % parts:
            raise ValueError(
                f"split(): {n} entries along axis {axis} do not make {parts} equal parts; give "
                "the places to cut at, as in [2, 5]"
            )
        places = list(range(n // parts, n, n // parts))
    else:
        places = list(parts)
    result = []
    for start, stop in zip([0, *places], [*places, n], strict=True):
        key = [slice(None)] * a.ndim
        key[axis] = slice(start, stop)
        result.append(a[tuple(key)])
    return result


@op
def pad(xp: Any, a: Array, /, pad_width: int | tuple[Any, ...], constant_values: float = 0) -> Any:
    """a with entries of one value put before and after along each axis.

    pad_width: one number for all sides, (before, after) for all axes, or one such pair an axis.
    """
    pairs = _pad_pairs(pad_width, a.ndim)
    inside = tuple(slice(before, before + n) for (before, _), n in zip(pairs, a.shape, strict=True))
    return xp.pad(a, pairs, constant_values=constant_values), lambda g: g[inside]


def _pad_pairs(width: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    if isinstance(width, int):
        return ((width, width),) * ndim
    if len(width) == 2 and all(isinstance(w, int) for w in width):
        return (tuple(width),) * ndim
    if len(width) != ndim:
        raise ValueError(f"pad(): {len(width)} pairs of widths for {ndim} axes")
    return tuple((int(before), int(after)) for before, after in width)


@op
def roll(
    xp: Any, a: Array, /, shift: int | tuple[int, ...], axis: int | tuple[int, ...] | None = None
) -> Any:
    """a moved on along an axis, what falls off the end coming in at the start."""
    back = -shift if isinstance(shift, int) else tuple(-s for s in shift)
    return xp.roll(a, shift, axis), lambda g: xp.roll(g, back, axis)


@op
def repeat(xp: Any, a: Array, /, repeats: int, axis: int) -> Any:
    """Each slice along an axis several times in a row.   ∂: the sum over its copies"""
    if repeats < 0:
        raise ValueError(f"repeat(): repeats is at least 0, not {repeats!r}")
    value = xp.repeat(a, repeats, axis)
    axis = axis % a.ndim
    apart = (*a.shape[: axis + 1], repeats, *a.shape[axis + 1 :])
    return value, lambda g: g.reshape(apart).sum(axis=axis + 1)


@op
def tril(xp: Any, a: Array, /, diagonal: int = 0) -> Any:
    """a with zeros above a diagonal of the last two axes."""
    return xp.tril(a, diagonal), lambda g: xp.tril(g, diagonal)


@op
def triu(xp: Any, a: Array, /, diagonal: int = 0) -> Any:
    """a with zeros below a diagonal of the last two axes."""
    return xp.triu(a, diagonal), lambda g: xp.triu(g, diagonal)


# --- another type or place


def astype(a: Tensor, dtype: Any) -> Tensor:
    """a as another type of number. As integers or booleans it carries no gradient: that is flat."""
    dtype = checked_dtype(dtype)
    return _astype(a if dtype.kind in "fc" else asarray(a).detach(), dtype)


@op
def _astype(xp: Any, a: Array, /, dtype: Any) -> Any:
    """a as another type of float.   The engine turns the gradient back into a's type"""
    return a.astype(dtype), lambda g: g


@op
def copy(xp: Any, a: Array, /) -> Any:
    """a in memory of its own.   ∂/∂a = 1"""
    return a.copy(), lambda g: g


@op(view=True)
def to_device(xp: Any, a: Array, /, device: str) -> Any:
    """a on another device; itself where it is there already."""
    home = a.device if isinstance(a, Tensor) else device_of(a)
    return xp.to_device(a, device), lambda g: xp.to_device(g, home)


# --- joined


def concatenate(arrays: Sequence[Tensor], axis: int = 0) -> Tensor:
    """The tensors one after another along an axis they have."""
    return _concatenate(*_several(arrays, "concatenate"), axis=axis)


def stack(arrays: Sequence[Tensor], axis: int = 0) -> Tensor:
    """The tensors, all of one shape, side by side along a new axis."""
    return _stack(*_several(arrays, "stack"), axis=axis)


@op
def _concatenate(xp: Any, /, *arrays: Array, axis: int = 0) -> Any:
    """The arrays one after another.   Each gets back its part of the gradient"""
    value = xp.concatenate(arrays, axis)
    ends = [0]
    for a in arrays:
        ends.append(ends[-1] + a.shape[axis])

    def part(i: int) -> Any:
        key = [slice(None)] * value.ndim
        key[axis] = slice(ends[i], ends[i + 1])
        return lambda g: g[tuple(key)]

    return value, *(part(i) for i in range(len(arrays)))


@op
def _stack(xp: Any, /, *arrays: Array, axis: int = 0) -> Any:
    """The arrays along a new axis.   Each gets back its slice of the gradient"""
    value = xp.stack(arrays, axis)

    def part(i: int) -> Any:
        key: list[Any] = [slice(None)] * value.ndim
        key[axis] = i
        return lambda g: g[tuple(key)]

    return value, *(part(i) for i in range(len(arrays)))


def _several(arrays: Sequence[Tensor], name: str) -> list[Tensor]:
    if isinstance(arrays, Tensor) or not len(arrays):
        raise ValueError(
            f"{name}() joins a list of at least one tensor, as in te.{name}([a, b]); it was given "
            + (f"a tensor of shape {arrays.shape}" if isinstance(arrays, Tensor) else "none")
        )
    device = next((x.device for x in arrays if isinstance(x, Tensor)), None)
    return [x if isinstance(x, Tensor) else asarray(x, device=device) for x in arrays]
