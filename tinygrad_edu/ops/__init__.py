"""Operations: one short block each, its value and then its gradients.

This file is the one table that makes them operators and methods of Tensor.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from .. import autograd
from ..tensor import Tensor
from . import create, elementwise, index, matrix, methods, reduce, shape, special
from .protocols import NumpyProtocols

# name -> the function te.name; the same names serve np.name(x) and the replay of an operation
FUNCTIONS = {
    name: getattr(module, name)
    for module, names in {
        elementwise: "add sub mul div neg power abs sign equal not_equal less less_equal greater "
        "greater_equal logical_not logical_and logical_or isfinite exp log sqrt sigmoid tanh relu "
        "maximum minimum clip where",
        special: "log1p expm1 sin cos floor softplus erf gelu",
        reduce: "sum mean var std prod max min argmax argmin any all cumsum logsumexp softmax "
        "log_softmax",
        shape: "reshape flatten expand_dims squeeze broadcast_to transpose swapaxes flip split pad "
        "roll repeat tril triu astype copy to_device concatenate stack",
        matrix: "matmul dot outer einsum",
        index: "take take_along_axis scatter_add one_hot",
        create: "zeros ones full eye arange rand randn zeros_like ones_like full_like",
    }.items()
    for name in names.split()
}

_METHODS = (
    "abs exp log log1p expm1 sqrt sin cos floor sigmoid tanh relu clip sum mean var std prod max "
    "min argmax argmin any all cumsum logsumexp softmax log_softmax flatten expand_dims squeeze "
    "swapaxes flip split pad roll repeat tril triu astype copy take dot"
).split()

_OPERATORS = {
    "add": elementwise.add, "radd": lambda a, b: elementwise.add(b, a),
    "sub": elementwise.sub, "rsub": lambda a, b: elementwise.sub(b, a),
    "mul": elementwise.mul, "rmul": lambda a, b: elementwise.mul(b, a),
    "truediv": elementwise.div, "rtruediv": lambda a, b: elementwise.div(b, a),
    "pow": elementwise.power, "rpow": lambda a, b: elementwise.power(b, a),
    "matmul": matrix.matmul, "rmatmul": lambda a, b: matrix.matmul(b, a),
    "neg": elementwise.neg, "pos": shape.copy, "abs": elementwise.abs,
    "invert": methods.negated, "and": methods.both, "rand": methods.both, "or": methods.either,
    "ror": methods.either,
    "eq": elementwise.equal, "ne": elementwise.not_equal,
    "lt": elementwise.less, "le": elementwise.less_equal,
    "gt": elementwise.greater, "ge": elementwise.greater_equal,
    "getitem": index.getitem, "setitem": methods.setitem, "len": methods.length,
    "bool": methods.as_bool, "float": methods.as_float, "int": methods.as_int,
    "repr": methods.represent, "format": methods.formatted, "array": methods.as_array,
}  # fmt: skip


def _attach() -> None:
    for name in _METHODS:
        setattr(Tensor, name, FUNCTIONS[name])
    for name, function in _OPERATORS.items():
        setattr(Tensor, f"__{name}__", function)
    members: dict[str, Any] = {
        "backward": autograd.backward,
        "numpy": methods.numpy,
        "item": methods.item,
        "tolist": methods.tolist,
        "reshape": methods.reshape_to,
        "transpose": methods.transpose_to,
        "T": property(methods.transposed),
        "to": shape.to_device,
    }
    logic = {"bitwise_and": methods.both, "bitwise_or": methods.either, "invert": methods.negated}
    protocols = NumpyProtocols(FUNCTIONS | logic)
    members["__array_ufunc__"] = lambda self, *args, **options: protocols.ufunc(*args, **options)
    members["__array_function__"] = lambda self, func, types, args, options: protocols.function(
        func, args, options
    )
    for name, member in members.items():
        setattr(Tensor, name, member)


_attach()
autograd.replay_namespace = SimpleNamespace(
    **FUNCTIONS, masked=lambda g, mask: elementwise.where(mask, g, 0), finfo=np.finfo
)
