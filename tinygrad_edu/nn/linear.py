"""The dense layer."""

from __future__ import annotations

from ..ops.create import zeros
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module, Parameter, check_sizes


class Linear(Module):
    """y = x W + b, a dense layer.

    Shapes: x (…, in_features), W (in_features, out_features), b (out_features,),
    y (…, out_features). W starts as U(−r, r) with r = √(6 / (in + out)) (Glorot), b as zeros: what
    the documents' Keras listings do. Source: document 002 §4.3, 003 §3.3.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        check_sizes("Linear", in_features=in_features, out_features=out_features)
        self.weight = Parameter(zeros((in_features, out_features)))
        init.xavier_uniform_(self.weight)
        self.bias = Parameter(zeros(out_features)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """x W + b."""
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Its sizes."""
        n_in, n_out = self.weight.shape
        return f"{n_in}, {n_out}" + ("" if self.bias is not None else ", bias=False")
