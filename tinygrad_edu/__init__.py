"""tinygrad_edu: deep learning from scratch on NumPy, to be read.

import tinygrad_edu as te

x = te.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
x.grad  # tensor([2., 4.])
"""

from typing import TYPE_CHECKING

from numpy import bool_, float16, float32, float64, int32, int64, uint8

from . import data, metrics, nn, optim
from ._later import later
from .autograd import grad
from .backend import (
    default_device,
    manual_seed,
    random_state,
    set_default_device,
    set_random_state,
    synchronize,
)
from .backend.cuda import is_available as cuda_is_available
from .gradcheck import check_vjp, gradcheck, gradgradcheck
from .ops.create import (
    arange,
    eye,
    full,
    full_like,
    ones,
    ones_like,
    rand,
    randn,
    zeros,
    zeros_like,
)
from .ops.elementwise import (
    abs,
    add,
    clip,
    div,
    equal,
    exp,
    greater,
    greater_equal,
    isfinite,
    less,
    less_equal,
    log,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    mul,
    neg,
    not_equal,
    power,
    relu,
    sigmoid,
    sign,
    sqrt,
    sub,
    tanh,
    where,
)
from .ops.index import one_hot, scatter_add, take, take_along_axis
from .ops.matrix import dot, einsum, matmul, outer
from .ops.reduce import (
    all,
    any,
    argmax,
    argmin,
    cumsum,
    log_softmax,
    logsumexp,
    max,
    mean,
    min,
    prod,
    softmax,
    std,
    sum,
    var,
)
from .ops.shape import (
    astype,
    broadcast_to,
    concatenate,
    copy,
    expand_dims,
    flatten,
    flip,
    pad,
    repeat,
    reshape,
    roll,
    split,
    squeeze,
    stack,
    swapaxes,
    to_device,
    transpose,
    tril,
    triu,
)
from .ops.special import cos, erf, expm1, floor, gelu, log1p, sin, softplus
from .recording import enable_grad, is_grad_enabled, no_grad
from .tensor import Tensor, asarray, op, tensor

if TYPE_CHECKING:
    from . import training
    from .checkpoint import load, save
    from .debug import debug_mode
    from .views import draw_graph, explain

__getattr__ = later(
    __name__,
    {
        "debug_mode": "debug",
        "draw_graph": "views",
        "explain": "views",
        "load": "checkpoint",
        "save": "checkpoint",
        "training": "training",
    },
)


__all__ = [
    "Tensor", "abs", "add", "all", "any", "arange", "argmax", "argmin", "asarray", "astype",
    "bool_", "broadcast_to", "check_vjp", "clip", "concatenate", "copy", "cos", "cuda_is_available",
    "cumsum", "data", "debug_mode", "default_device", "div", "dot", "draw_graph", "einsum",
    "enable_grad", "equal", "erf", "exp", "expand_dims", "explain", "expm1", "eye", "flatten",
    "flip", "float16", "float32", "float64", "floor", "full", "full_like", "gelu", "grad",
    "gradcheck", "gradgradcheck", "greater", "greater_equal", "int32", "int64", "is_grad_enabled",
    "isfinite", "less", "less_equal", "load", "log", "log1p", "log_softmax", "logical_and",
    "logical_not", "logical_or", "logsumexp", "manual_seed", "matmul", "max", "maximum", "mean",
    "metrics", "min", "minimum", "mul", "neg", "nn", "no_grad", "not_equal", "one_hot", "ones",
    "ones_like", "op", "optim", "outer", "pad", "power", "prod", "rand", "randn", "random_state",
    "relu", "repeat", "reshape", "roll", "save", "scatter_add", "set_default_device",
    "set_random_state", "sigmoid", "sign", "sin", "softmax", "softplus", "split", "sqrt", "squeeze",
    "stack", "std", "sub", "sum", "swapaxes", "synchronize", "take", "take_along_axis", "tanh",
    "tensor", "to_device", "training", "transpose", "tril", "triu", "uint8", "var", "where",
    "zeros", "zeros_like",
]  # fmt: skip
