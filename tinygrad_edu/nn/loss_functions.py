"""Losses as functions, from simple to hard. Each takes reduction="mean", "sum" or "none".

Shapes are never broadcast: a (2, 1) target against a (2, 2) prediction has a loss that looks right
and gradients that are not (document 002 §4.3 falls into that).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ops import fused
from ..ops.elementwise import abs as absolute
from ..ops.elementwise import equal, logical_and, where
from ..ops.index import check_indices, one_hot, take, take_along_axis
from ..ops.reduce import log_softmax
from ..tensor import Tensor, asarray


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """The losses as one number, "mean" or "sum", or as they are, "none"."""
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    checked_reduction(reduction)
    return losses


def checked_reduction(reduction: Any) -> str:
    """The reduction, refused where it is none of the three."""
    if isinstance(reduction, Tensor | np.ndarray):
        raise TypeError(
            f'reduction is "mean", "sum" or "none", not a tensor of shape {reduction.shape}; '
            "a loss is made first and then called, as in nn.CrossEntropyLoss()(logits, target)"
        )
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction is "mean", "sum" or "none", not {reduction!r}')
    return str(reduction)


def _check_unit(name: str, what: str, x: Tensor, mend: str) -> None:
    """Refuse numbers outside [0, 1]. On the host only: on a GPU it would wait for a copy."""
    host = x._data
    if isinstance(host, np.ndarray) and host.size and not (host.min() >= 0 and host.max() <= 1):
        raise ValueError(
            f"{name} needs {what} in [0, 1]; these run from {host.min():.4g} to {host.max():.4g}. "
            f"{mend}"
        )


def _beside(prediction: Tensor, target: Any) -> Tensor:
    """The target as a Tensor; numbers and NumPy arrays go to the device of the prediction."""
    return target if isinstance(target, Tensor) else asarray(target, device=prediction.device)


def _pair(name: str, prediction: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Both as Tensors on one device, refused where their shapes differ."""
    prediction = asarray(prediction)
    target = _beside(prediction, target)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{name}: the prediction has shape {prediction.shape} and the target {target.shape}; "
            "they must be equal. Reshape one of them: broadcasting would pair the wrong numbers"
        )
    return prediction, target


# --- of numbers


def mse_loss(prediction: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """(ŷ − y)², averaged over all entries.   Document 002 §4.2.2, 003 §4.1.2

    The documents divide by the number n of samples; with k outputs a sample that is k times this.
    Raises ValueError where the shapes differ.
    """
    prediction, target = _pair("mse_loss", prediction, target)
    difference = prediction - target
    return reduced(difference * difference, reduction)


def l1_loss(prediction: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """|ŷ − y|, averaged over all entries. Raises ValueError where the shapes differ."""
    prediction, target = _pair("l1_loss", prediction, target)
    return reduced(absolute(prediction - target), reduction)


def huber_loss(
    prediction: Tensor, target: Any, reduction: str = "mean", delta: float = 1.0
) -> Tensor:
    """½ d² where |d| = |ŷ − y| ≤ δ, else δ (|d| − ½ δ): squares near, straight lines far away.

    Raises:
        ValueError: where the shapes differ, or δ is not above 0.   Source: Huber 1964
    """
    if not delta > 0:
        raise ValueError(f"huber_loss: delta is above 0, not {delta!r}")
    prediction, target = _pair("huber_loss", prediction, target)
    size = absolute(prediction - target)
    near = size.clip(high=delta)  # d, held at δ: the slope of both branches
    return reduced(near * (size - 0.5 * near), reduction)


# --- of two classes

_CLASSES_0_AND_1 = "Call the classes 0 and 1; for more than two use cross_entropy"


def binary_cross_entropy(probability: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """−y ln p − (1 − y) ln(1 − p), averaged over all entries.   Document 002 §3.3, 003 §4.2.2

    p = 0 or 1 has an infinite loss where it is wrong, and σ(z) is exactly 1 from z = 17 on in
    float32. So p is held within [ε, 1 − ε], with the dtype's ε: the loss stays below −ln ε (15.9 in
    float32) and its gradient finite. binary_cross_entropy_with_logits needs no such limit.

    Raises:
        ValueError: where the shapes differ, or a probability lies outside [0, 1].
    """
    name = "binary_cross_entropy"
    probability, target = _pair(name, probability, target)
    if probability.dtype.kind != "f":
        raise TypeError(
            f"{name} needs probabilities as floats, and these are {probability.dtype}; give what "
            "the sigmoid returned, not classes made of it"
        )
    _check_unit(name, "probabilities", probability, f"For logits use {name}_with_logits")
    _check_unit(name, "targets", target, _CLASSES_0_AND_1)
    return reduced(fused.probability_cross_entropy(probability, target), reduction)


def binary_cross_entropy_with_logits(
    logits: Tensor, target: Any, reduction: str = "mean"
) -> Tensor:
    """max(z, 0) − z y + ln(1 + e^−|z|), averaged: the loss of p = σ(z), exact at every z.

    ∂/∂z = σ(z) − y.
    Raises ValueError where the shapes differ.
    """
    logits, target = _pair("binary_cross_entropy_with_logits", logits, target)
    _check_unit("binary_cross_entropy_with_logits", "targets", target, _CLASSES_0_AND_1)
    return reduced(fused.sigmoid_cross_entropy(logits, target), reduction)


# --- of many classes


def nll_loss(log_probabilities: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """−ln p_t of each row of log-probabilities (N, classes), with its class t: (N,).

    Raises:
        ValueError: where the shapes do not fit.   IndexError: where a class does not exist.
    """
    rows, target = _classes("nll_loss", log_probabilities, target)
    if target.shape == rows.shape:
        raise ValueError(
            f"nll_loss takes class indices of shape ({len(rows)},), and the target has shape "
            f"{target.shape}; use cross_entropy for rows, or target.argmax(axis=1)"
        )
    return reduced(-take_along_axis(rows, target.reshape((-1, 1)), axis=1)[:, 0], reduction)


def cross_entropy(
    logits: Tensor,
    target: Any,
    reduction: str = "mean",
    weight: Any = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """−ln softmax(z)_t for logits z: (N, classes), averaged over the N samples.

    The softmax is inside: give it logits, not probabilities.
    Source: document 002 §4.2.2 and 003 §4.1.2, with softmax where 002 has a sigmoid.

    Args:
        target: class indices t (N,), or probabilities such as one-hot rows (N, classes), for which
            it is −Σ y_j ln softmax(z)_j.
        weight: one factor w_j a class, (classes,): −Σ w_j y_j ln softmax(z)_j. Of class indices the
            mean then divides by Σ w_t instead of N.
        label_smoothing: s in [0, 1]: y becomes (1 − s) y + s / classes.

    Raises:
        ValueError: where the shapes do not fit.   IndexError: where a class does not exist.
    """
    logits, target = _classes("cross_entropy", logits, target)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing lies in [0, 1], not {label_smoothing!r}")
    indices = target.ndim == 1
    if weight is None and not label_smoothing and indices:
        return reduced(fused.softmax_cross_entropy(logits, target), reduction)
    classes = logits.shape[1]
    y = one_hot(target, classes, dtype=logits.dtype) if indices else target
    if label_smoothing:
        y = (1 - label_smoothing) * y + label_smoothing / classes
    if weight is None:
        return reduced(_soft_cross_entropy(logits, y), reduction)
    weight = asarray(weight, dtype=logits.dtype, device=logits.device)
    if weight.shape != (classes,):
        raise ValueError(f"weight has shape {weight.shape}; it needs one a class, ({classes},)")
    losses = _soft_cross_entropy(logits, weight * y)
    if reduction == "mean" and indices:
        total: Tensor = losses.sum() / take(weight, target).sum()
        return total
    return reduced(losses, reduction)


def _soft_cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """−Σ y_j ln softmax(z)_j of each row; 0 where y_j = 0, also for a logit of −∞."""
    logs = log_softmax(logits, axis=-1)
    nothing = logical_and(equal(y, 0), equal(logs, -math.inf))  # 0 · (−∞) is NaN
    return -(y * where(nothing, 0, logs)).sum(axis=-1)


def _classes(name: str, scores: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Scores (N, classes) and a target of classes (N,) or of probabilities (N, classes)."""
    scores = asarray(scores)
    target = _beside(scores, target)
    if scores.ndim != 2:
        raise ValueError(
            f"{name} needs scores of shape (N, classes) first; it was given {scores.shape}. "
            + (
                f"Perhaps the two are exchanged: {name}(scores, target)"
                if scores.ndim < 2 <= target.ndim
                else "Put other axes into the first: scores.reshape((-1, classes))"
            )
        )
    n, classes = scores.shape
    if target.dtype.kind in "iu" and target.shape == (n,):
        check_indices(target, classes, f"{name} with {classes} classes", negative=False)
    elif target.shape != (n, classes):
        raise ValueError(
            f"{name}: scores of shape {scores.shape} need whole-number classes of shape ({n},) or "
            f"probabilities of shape {scores.shape}; the target has shape {target.shape} and dtype "
            f"{target.dtype}. Labels as floats or in a column become classes by "
            "target.reshape(-1).astype(te.int64)"
        )
    return scores, target


__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "nll_loss",
]
