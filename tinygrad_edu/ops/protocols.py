"""NumPy's functions on Tensors: np.exp(x) gives a Tensor, np.allclose(x, y) a plain result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor

_PLAIN = {
    "allclose", "array_equal", "isclose", "isnan", "isinf", "isfinite", "argmax", "argmin",
    "argsort", "shape", "ndim", "size", "array_repr", "array_str", "array2string",
    "may_share_memory", "shares_memory", "result_type", "can_cast",
}  # fmt: skip  # functions whose result carries no gradient, or is no array
_OTHER_NAMES = {
    "absolute": "abs", "subtract": "sub", "multiply": "mul", "divide": "div", "negative": "neg",
    "amax": "max", "amin": "min",
}  # fmt: skip


class NumpyProtocols:
    """What NumPy calls on an object of ours; `functions` maps a name to this library's own."""

    def __init__(self, functions: dict[str, Callable[..., Any]]) -> None:
        self.functions = functions

    def ufunc(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """np.ufunc(…): our function of that name where there is one."""
        name = ufunc.__name__
        if method != "__call__" or options:
            how = f"np.{name}.{method}()" if method != "__call__" else f"np.{name}()"
            extra = f" with {', '.join(f'{key}=' for key in options)}" if options else ""
            mend = _way_out(name)
            if "out" in options:  # as in w.data -= 0.1 * w.grad
                mend += "; to change a raw array give raw arrays, as in w.data -= 0.1 * w.grad.data"
            raise TypeError(
                f"{how}{extra} does not work on tensors: it would write or reduce behind the back "
                f"of autograd. {mend}"
            )
        return self._run(name, inputs, {})

    def function(self, func: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """np.function(…): our function of that name where there is one."""
        return self._run(f"{func.__module__}.{func.__name__}".removeprefix("numpy."), args, options)

    def _run(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if name in _PLAIN:
            plain = [_to_numpy(x) for x in args]
            return getattr(np, name)(*plain, **{k: _to_numpy(v) for k, v in options.items()})
        ours = self.functions.get(_OTHER_NAMES.get(name, name))
        if ours is None:
            raise TypeError(
                f"this library has no function like np.{name}, so no gradient could follow it. "
                f"{_way_out(name)}"
            )
        return ours(*args, **options)


def _way_out(name: str) -> str:
    return f"For plain numbers, call np.{name}(x.detach().numpy())"


def _to_numpy(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.numpy()
    if isinstance(value, list | tuple):
        return type(value)(_to_numpy(x) for x in value)
    return value
