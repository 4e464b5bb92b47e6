"""Batch normalisation: each channel with mean 0 and variance 1 over the batch, then w x̂ + b."""

from __future__ import annotations

from ..ops.create import ones, zeros
from ..ops.layer_norm import check_eps
from ..tensor import Tensor, asarray
from . import functional as F
from .module import Module, Parameter, check_sizes


class _BatchNorm(Module):
    """What both share; they differ in the shapes that they take."""

    shapes: dict[int, str]  # number of axes -> how it is written

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        name = type(self).__name__
        check_sizes(name, num_features=num_features)
        check_eps(name, eps)
        if not 0 <= momentum <= 1:
            raise ValueError(f"{name}: momentum lies in [0, 1], not {momentum!r}")
        self.weight = Parameter(ones(num_features))
        self.bias = Parameter(zeros(num_features))
        self.running_mean = zeros(num_features)
        self.running_var = ones(num_features)
        self.eps, self.momentum = eps, momentum

    def forward(self, x: Tensor) -> Tensor:
        """w x̂ + b, by the statistics of the batch in training, else by the running ones."""
        x = asarray(x)
        if x.ndim not in self.shapes or x.shape[1] != len(self.weight):
            mend = f"Perhaps num_features={x.shape[1]} is meant" if x.ndim in self.shapes else ""
            if x.ndim == 4 and x.shape[3] == len(self.weight):
                mend = "For (N, H, W, C) write x.transpose(0, 3, 1, 2)"
            elif not mend:
                other = {2: 1, 3: 1, 4: 2}.get(x.ndim)
                mend = f"For {x.ndim} axes there is BatchNorm{other}d" if other else "Reshape it"
            wanted = " or ".join(self.shapes.values()).replace("C", str(len(self.weight)))
            raise ValueError(
                f"{self!r} needs an input of shape {wanted}; it was given {x.shape}. {mend}"
            )
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training,
            self.momentum, self.eps,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Its channels, and what is not usual."""
        eps = "" if self.eps == 1e-5 else f", eps={self.eps}"
        return f"{len(self.weight)}{eps}" + (
            "" if self.momentum == 0.1 else f", momentum={self.momentum}"
        )


class BatchNorm1d(_BatchNorm):
    """w x̂ + b with x̂ = (x − mean) / √(var + ε), for each of the C features.

    Shapes: x (N, C) or (N, C, L), w, b and the running values (C,). In training, mean and var are
    those of the batch (var divided by n), and the running values move towards them:
    running ← (1 − momentum) running + momentum · batch, with the variance divided by n − 1. In
    eval() the running values stand in for those of the batch.   Ioffe and Szegedy 2015

    Raises:
        ValueError: in training where a channel has one value only: its variance would be 0; where
            a size, eps or momentum is out of bounds.
    """

    shapes = {2: "(N, C)", 3: "(N, C, L)"}


class BatchNorm2d(_BatchNorm):
    """As BatchNorm1d, for images (N, C, H, W): each channel over batch, rows and columns."""

    shapes = {4: "(N, C, H, W)"}
