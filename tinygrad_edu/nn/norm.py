"""Layers that bring their input to mean 0 and variance 1."""

from __future__ import annotations

from ..ops.create import ones, zeros
from ..ops.layer_norm import check_eps, layer_norm
from ..tensor import Tensor, asarray
from .module import Module, Parameter, check_sizes


class LayerNorm(Module):
    """(x − mean) / √(variance + ε) · weight + bias, over the last axis: for each row by itself.

    Shapes: x (…, size), weight and bias (size,), which start as ones and zeros. It does the same in
    training and in use.   Ba, Kiros and Hinton 2016

    Raises:
        ValueError: where size is no whole number of at least 1, or eps not above 0.
    """

    def __init__(self, size: int, eps: float = 1e-5) -> None:
        check_sizes("LayerNorm", size=size)
        check_eps("LayerNorm", eps)
        self.eps = eps
        self.weight = Parameter(ones(size))
        self.bias = Parameter(zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        """Each row, normalised, scaled and shifted."""
        return layer_norm(asarray(x), self.weight, self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        """Its size, and ε where it is not the usual one."""
        return f"{self.weight.size}" + ("" if self.eps == 1e-5 else f", eps={self.eps}")
