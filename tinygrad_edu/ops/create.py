"""New tensors: of one value, in a row, at random. Floats are float32 unless a dtype is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import generator
from ..backend.convert import checked_dtype
from ..tensor import Tensor, asarray, tensor

Shape = int | tuple[int, ...]


def zeros(
    shape: Shape, dtype: Any = np.float32, requires_grad: bool = False, device: str | None = None
) -> Tensor:
    """A tensor of zeros."""
    return full(shape, 0, dtype, requires_grad, device)


def ones(
    shape: Shape, dtype: Any = np.float32, requires_grad: bool = False, device: str | None = None
) -> Tensor:
    """A tensor of ones."""
    return full(shape, 1, dtype, requires_grad, device)


def full(
    shape: Shape,
    value: float,
    dtype: Any = None,
    requires_grad: bool = False,
    device: str | None = None,
) -> Tensor:
    """A tensor filled with one value; its dtype is that of te.tensor(value) unless given."""
    wanted = tensor(value).dtype if dtype is None else checked_dtype(dtype)
    return tensor(np.full(_lengths(shape), value, wanted), None, requires_grad, device)


def _lengths(shape: Any) -> tuple[int, ...]:
    lengths = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    for n in lengths:
        if not isinstance(n, int | np.integer) or n < 0:
            raise ValueError(
                f"a shape is a whole number or a tuple of them, none below 0, not {shape!r}; "
                "write te.zeros((2, 3)), and te.randn(2, 3) where the lengths stand side by side"
            )
    return lengths


def eye(
    n: int, dtype: Any = np.float32, requires_grad: bool = False, device: str | None = None
) -> Tensor:
    """The n × n identity matrix."""
    return tensor(np.eye(*_lengths(n), dtype=checked_dtype(dtype)), None, requires_grad, device)


def arange(
    start: float, stop: float | None = None, step: float = 1, dtype: Any = None,
    device: str | None = None,
) -> Tensor:  # fmt: skip
    """start, start + step, … below stop; 0, 1, … below start where it stands alone."""
    low, high = (0, start) if stop is None else (start, stop)
    if not step:
        raise ValueError("arange(): a step of 0 never arrives; give another, such as 1 or 0.5")
    values = np.arange(low, high, step, dtype=dtype)
    if dtype is None and values.dtype == np.float64:
        values = values.astype(np.float32)
    return tensor(values, device=device)


def zeros_like(a: Tensor, dtype: Any = None) -> Tensor:
    """Zeros of a's shape and device, and of its dtype unless one is given."""
    return full(a.shape, 0, a.dtype if dtype is None else dtype, device=a.device)


def ones_like(a: Tensor, dtype: Any = None) -> Tensor:
    """Ones of a's shape and device, and of its dtype unless one is given."""
    return full(a.shape, 1, a.dtype if dtype is None else dtype, device=a.device)


def full_like(a: Tensor, value: float, dtype: Any = None) -> Tensor:
    """One value in a's shape and device, and of its dtype unless one is given."""
    return full(a.shape, value, a.dtype if dtype is None else dtype, device=a.device)


def rand(
    *shape: int, dtype: Any = np.float32, requires_grad: bool = False, device: str | None = None
) -> Tensor:
    """Draws from the uniform distribution on [0, 1), seeded by te.manual_seed."""
    values = generator().random(_lengths(shape)).astype(_fractions("rand", dtype))
    return tensor(values, None, requires_grad, device)


def randn(
    *shape: int, dtype: Any = np.float32, requires_grad: bool = False, device: str | None = None
) -> Tensor:
    """Draws from the normal distribution N(0, 1), seeded by te.manual_seed."""
    values = generator().standard_normal(_lengths(shape)).astype(_fractions("randn", dtype))
    return tensor(values, None, requires_grad, device)


def _fractions(name: str, dtype: Any) -> np.dtype[Any]:
    wanted = checked_dtype(dtype)
    if wanted.kind not in "fc":
        raise TypeError(
            f"{name}() draws fractions, and {wanted} would cut them off; draw floats and convert "
            f"what you make of them, as in (te.{name}(3) * 10).astype(te.{wanted})"
        )
    return wanted


__all__ = [
    "arange", "asarray", "eye", "full", "full_like", "ones", "ones_like", "rand", "randn",
    "tensor", "zeros", "zeros_like",
]  # fmt: skip
