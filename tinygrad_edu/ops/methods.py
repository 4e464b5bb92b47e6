"""What a Tensor does besides computing: give its numbers, print itself, refuse assignment."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import to_host
from ..tensor import Tensor
from .elementwise import logical_and, logical_not, logical_or
from .index import getitem
from .shape import reshape, transpose

# --- its numbers


def numpy(self: Tensor) -> np.ndarray:
    """The values as a NumPy array: on the CPU a read-only view, from a GPU a copy.

    The view follows later changes of the tensor; .numpy().copy() does not.
    """
    view = to_host(self._data).view()
    view.flags.writeable = False
    return view


def item(self: Tensor) -> Any:
    """The value of a tensor with one entry, as a Python number."""
    if self.size != 1:
        raise ValueError(
            f".item() reads a single number, and this tensor has shape {self.shape}; "
            "use .numpy() or .tolist() for all of them"
        )
    return to_host(self._data).item()


def tolist(self: Tensor) -> Any:
    """The values as nested Python lists."""
    return to_host(self._data).tolist()


def as_float(self: Tensor) -> float:
    """float(x), for a tensor with one entry."""
    return float(item(self))


def as_int(self: Tensor) -> int:
    """int(x), for a tensor with one entry."""
    return int(item(self))


def as_bool(self: Tensor) -> bool:
    """bool(x), for a tensor with one entry."""
    if self.size != 1:
        raise ValueError(
            f"a tensor of shape {self.shape} is neither true nor false; "
            "use .any() or .all() on a comparison"
        )
    return bool(item(self))


def length(self: Tensor) -> int:
    """len(x): the length of the first axis."""
    if self.ndim == 0:
        raise TypeError("a tensor of shape () has no length; .item() gives its number")
    return int(self.shape[0])


def as_array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    """np.asarray(x): allowed where no gradient and no device would be lost without a word."""
    if self.requires_grad:
        raise TypeError(
            "a tensor that requires gradients does not turn into a NumPy array by itself: the "
            "gradient would be lost silently. Call .detach().numpy(); te.stack joins tensors with "
            "their gradients"
        )
    if self.device != "cpu":
        raise TypeError(f"a tensor on {self.device!r} does not move by itself; call .numpy()")
    return np.array(self.numpy(), dtype=dtype, copy=copy)


# --- printing


def represent(self: Tensor) -> str:
    """repr(x): the values, then what differs from a plain float32 tensor on the CPU."""
    values = np.array2string(to_host(self._data), separator=", ", precision=4, prefix="tensor(")
    notes = [] if self.dtype in (np.float32, np.int64, np.bool_) else [f"dtype={self.dtype}"]
    if self.device != "cpu":
        notes.append(f"device={self.device!r}")
    if self.op is not None:
        notes.append(f"from={self.op.__name__}")
    elif self.requires_grad:
        notes.append("requires_grad=True")
    return f"tensor({', '.join([values, *notes])})"


def formatted(self: Tensor, spec: str) -> str:
    """format(x, ".3f"), for a tensor with one entry."""
    return format(item(self), spec) if spec else represent(self)


# --- shape, with the lengths side by side as NumPy allows


def reshape_to(self: Tensor, *shape: Any) -> Tensor:
    """x.reshape(2, 3) or x.reshape((2, 3)): the same entries in another shape."""
    return reshape(self, shape[0] if len(shape) == 1 else shape)


def transpose_to(self: Tensor, *axes: Any) -> Tensor:
    """x.transpose(1, 0) or x.transpose((1, 0)): axes in another order; reversed without any."""
    order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
    return transpose(self, order)


def transposed(self: Tensor) -> Tensor:
    """x.T: the axes reversed."""
    return transpose(self)


# --- logic


def negated(self: Tensor) -> Tensor:
    """~x: not x, for booleans."""
    return logical_not(_boolean("~", self))


def both(a: Any, b: Any) -> Tensor:
    """x & y: x and y, for booleans."""
    return logical_and(_boolean("&", a), _boolean("&", b))


def either(a: Any, b: Any) -> Tensor:
    """x | y: x or y, for booleans."""
    return logical_or(_boolean("|", a), _boolean("|", b))


def _boolean(sign: str, x: Any) -> Any:
    dtype = np.asarray(x).dtype if not isinstance(x, Tensor) else x.dtype
    if dtype != np.bool_:
        raise TypeError(
            f"{sign} joins booleans, as in (x > 0) {sign} (x < 1), and was given {dtype}; compare "
            "first, with brackets around each comparison"
        )
    return x


# --- refused


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """x[key] = value is refused: what was computed from x would keep a wrong gradient."""
    getitem(self, key)  # a key that is wrong in itself says so first
    raise TypeError(
        "x[key] = value would change numbers that a gradient may still need. Make a new tensor: "
        "te.where(mask, value, x) puts a value in places, te.scatter_add(x, key, amount) adds. "
        "For a tensor outside any graph, write x.data[key] = value"
    )
