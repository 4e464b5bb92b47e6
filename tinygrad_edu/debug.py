"""debug_mode(): finds numbers written behind the library's back, and where the first NaN arose."""

from __future__ import annotations

import zlib
from contextlib import ContextDecorator
from typing import Any

import numpy as np

from . import recording
from .backend import Array, namespaces, to_host
from .tensor import Tensor


class debug_mode(ContextDecorator):
    """Within it every recorded operation is watched, at some cost in time; outside at none.

        with te.debug_mode():
            loss = loss_fn(model(x), y)
            loss.backward()

    Raises RuntimeError
    - where single entries of a tensor's .data were written to between its use and backward(), which
      autograd does not see otherwise;
    - where an operation, or its gradient, makes the first NaN out of numbers that are none.
    Not watched are operations under no_grad(), and backward passes with create_graph=True.
    """

    def __init__(self) -> None:
        self.before: list[Any] = []

    def __enter__(self) -> None:
        self.before.append(recording.guard)
        recording.guard = _guarded

    def __exit__(self, *exception: object) -> None:
        recording.guard = self.before.pop()


def _guarded(call: Any, inputs: tuple[Any, ...], products: tuple[Any, ...]) -> tuple[Any, ...]:
    """The products of an operation, with VJPs that first compare checksums."""
    given = [getattr(x, "_data", x) for x in inputs]
    value, sound = products[0], not any(map(_has_nan, given))
    if sound and _has_nan(value):
        raise RuntimeError(
            f"{call.__name__}() made a NaN out of inputs that have none; its inputs have shapes "
            f"{_shapes(inputs)}. Look for 0/0, ∞ − ∞, or the log or root of a negative"
        )
    watched = [(a, _checksum(a)) for a in (*given, value) if type(a) in namespaces]

    def checked(vjp: Any) -> Any:
        def run(g: Any, *needs: Any) -> Any:
            for a, before in watched:
                if _checksum(a) != before:
                    raise RuntimeError(
                        f"entries of an array of shape {a.shape} that {call.__name__}() used were "
                        "written to before backward(); its gradient would be wrong. Write to a "
                        "copy, or call backward() first"
                    )
            found = vjp(g, *needs)
            gradients = found if needs else (found,)  # a joint backward returns several
            if sound and not _has_nan(g) and any(a is not None and _has_nan(a) for a in gradients):
                raise RuntimeError(
                    f"the gradient of {call.__name__}() made a NaN out of one that has none; its "
                    f"inputs have shapes {_shapes(inputs)}. Look for a slope that is infinite at "
                    "these inputs, as that of the root or log at 0, times 0"
                )
            return found

        return run

    return value, *(vjp if vjp is None else checked(vjp) for vjp in products[1:])


def _shapes(inputs: tuple[Any, ...]) -> list[tuple[int, ...]]:
    return [x.shape for x in inputs if isinstance(x, Tensor)]


def _checksum(a: Array) -> int:
    return zlib.crc32(np.ascontiguousarray(to_host(a)).tobytes())


def _has_nan(a: Any) -> bool:
    return bool(np.isnan(to_host(a) if type(a) in namespaces else a).any())
