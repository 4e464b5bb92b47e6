"""Layers and losses as functions: everything that a Module holds is an argument here."""

from __future__ import annotations

import math

from ..backend import generator
from ..ops import fused
from ..ops.attention import attention_weights, scaled_dot_product_attention
from ..ops.batch_norm import _batch_norm
from ..ops.elementwise import relu, sigmoid, sqrt, tanh
from ..ops.images import avg_pool2d, conv1d, conv2d, max_pool2d
from ..ops.index import embedding, one_hot
from ..ops.layer_norm import check_eps, layer_norm
from ..ops.matrix import matmul
from ..ops.reduce import log_softmax, softmax
from ..ops.special import gelu, softplus
from ..tensor import Tensor, asarray
from .loss_functions import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    l1_loss,
    mse_loss,
    nll_loss,
)

# --- layers


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W + b for rows x: (…, in), W: (in, out), b: (out,).

    Raises:
        ValueError: where the last axis of x is not W's first.
    """
    x, shape = asarray(x), weight.shape
    if len(shape) != 2 or (bias is not None and bias.shape != shape[1:]):
        raise ValueError(
            f"linear() needs a weight of shape (in, out) and a bias of shape (out,); it was given "
            f"{shape} and {None if bias is None else bias.shape}. As in X @ W + b, the "
            "weight's last axis is the outputs: perhaps W.T is meant"
        )
    if x.shape[-1:] != shape[:1]:
        raise ValueError(
            f"Linear({shape[0]}, {shape[1]}) needs inputs of shape (…, {shape[0]}); it was given "
            f"{x.shape}.{_advice(x, shape[0])}"
        )
    if bias is None or x.ndim == 1:
        y = matmul(x, weight)
        return y if bias is None else y + bias
    return fused.linear(x, weight, bias)


def _advice(x: Tensor, wanted: int) -> str:
    if x.ndim > 2 and math.prod(x.shape[1:]) == wanted:
        return f" Put nn.Flatten() before it, or reshape to (N, {wanted})"
    if x.ndim == 2 and x.shape[0] == wanted:
        return " Rows are samples and columns features here: perhaps x.T is meant"
    if x.ndim == 0:
        return " A sample is a row of features, not a single number"
    return f" Perhaps in_features={x.shape[-1]} is meant, or a layer was left out"


def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """In training each entry is 0 with probability p, else x / (1 − p); otherwise x.

    The draw is made by te.manual_seed's generator.   Srivastava et al. 2014
    """
    check_probability(p)
    x = asarray(x)
    if x.dtype.kind != "f":
        raise TypeError(
            f"dropout scales by 1 / (1 − p), so it needs floats, and this tensor is {x.dtype}; "
            "convert it with .astype(te.float32)"
        )
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0
    kept = (generator().random(x.shape, dtype="float32") >= p) / (1 - p)
    return x * asarray(kept.astype(x.dtype), device=x.device)


def check_probability(p: float) -> None:
    """Refuse a probability outside [0, 1]."""
    if not 0 <= p <= 1:
        raise ValueError(
            f"the probability of dropout lies in [0, 1], not {p!r}; 0.5 drops half of the entries"
        )


def batch_norm(
    x: Tensor, running_mean: Tensor, running_var: Tensor, weight: Tensor, bias: Tensor,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """w (x − mean) / √(var + ε) + b for each channel of x: (N, C, …).

    In training mean and var are those of the batch, and running_mean and running_var move towards
    them by momentum; otherwise they are the running ones.   Ioffe and Szegedy 2015

    Raises:
        ValueError: in training, where a channel has one value only; where eps is not above 0.
    """
    check_eps("batch_norm()", eps)
    x = asarray(x)
    if x.dtype.kind != "f":
        x = x.astype(running_mean.dtype)
    if not training:
        along = (-1, *[1] * (x.ndim - 2))
        mean, var, w, b = (a.reshape(along) for a in (running_mean, running_var, weight, bias))
        return (x - mean.astype(x.dtype)) * (w / sqrt(var.astype(x.dtype) + eps)) + b
    n = x.size // max(x.shape[1], 1)
    if n < 2:
        raise ValueError(
            f"batch_norm() in training needs more than one value for each channel, and x of shape "
            f"{x.shape} has {n}: take a larger batch, drop the last small one, or call "
            "model.eval()"
        )
    y = _batch_norm(x, weight, bias, eps=eps)
    others = (0, *range(2, x.ndim))  # all axes but that of the channels
    seen = x.detach().astype(running_mean.dtype)
    now = seen.mean(axis=others), seen.var(axis=others, correction=1)
    for running, found in zip((running_mean, running_var), now, strict=True):
        running.data = (running * (1 - momentum) + found * momentum).data
    return y


__all__ = [
    "attention_weights",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "huber_loss",
    "l1_loss",
    "layer_norm",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "scaled_dot_product_attention",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]
