"""Dropout."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class Dropout(Module):
    """In training each entry is 0 with probability p, else x / (1 − p); in eval() it is x.

    The mean stays what it was.   Srivastava et al. 2014; document 000 §5.2, 002 §3.1
    """

    def __init__(self, p: float = 0.5) -> None:
        F.check_probability(p)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """x with entries dropped, if in training."""
        return F.dropout(x, self.p, training=self.training)

    def extra_repr(self) -> str:
        """Its probability."""
        return f"p={self.p}"
