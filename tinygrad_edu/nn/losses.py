"""Losses as modules: the functions of loss_functions.py with their options kept."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor, tensor
from . import loss_functions as functions
from .module import Module


class MSELoss(Module):
    """(ŷ − y)², averaged over all entries; see functional.mse_loss."""

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = functions.checked_reduction(reduction)

    def forward(self, prediction: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        return functions.mse_loss(prediction, target, self.reduction)


class L1Loss(Module):
    """|ŷ − y|, averaged over all entries; see functional.l1_loss."""

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = functions.checked_reduction(reduction)

    def forward(self, prediction: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        return functions.l1_loss(prediction, target, self.reduction)


class HuberLoss(Module):
    """½ d² up to |d| = δ, a straight line beyond; see functional.huber_loss."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        self.reduction, self.delta = functions.checked_reduction(reduction), delta

    def forward(self, prediction: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        return functions.huber_loss(prediction, target, self.reduction, self.delta)


class BCELoss(Module):
    """−y ln p − (1 − y) ln(1 − p) of probabilities p; see functional.binary_cross_entropy."""

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = functions.checked_reduction(reduction)

    def forward(self, probability: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        return functions.binary_cross_entropy(probability, target, self.reduction)


class BCEWithLogitsLoss(Module):
    """The same of p = σ(z), from z; see functional.binary_cross_entropy_with_logits."""

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = functions.checked_reduction(reduction)

    def forward(self, logits: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        return functions.binary_cross_entropy_with_logits(logits, target, self.reduction)


class NLLLoss(Module):
    """−ln p_t of log-probabilities; see functional.nll_loss."""

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = functions.checked_reduction(reduction)

    def forward(self, log_probabilities: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        return functions.nll_loss(log_probabilities, target, self.reduction)


class CrossEntropyLoss(Module):
    """−ln softmax(z)_t, averaged over the samples; see functional.cross_entropy."""

    def __init__(
        self, reduction: str = "mean", weight: Any = None, label_smoothing: float = 0.0
    ) -> None:
        self.reduction = functions.checked_reduction(reduction)
        self.label_smoothing = label_smoothing
        self.weight = None if weight is None else tensor(weight)

    def forward(self, logits: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        return functions.cross_entropy(
            logits, target, self.reduction, self.weight, self.label_smoothing
        )
