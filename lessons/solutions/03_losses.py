"""Solutions of lesson 3: losses and a backward pass, by hand on NumPy arrays."""

import numpy as np


def squared_error(prediction, target, reduction):
    """(ŷ - y)², reduced: one number for "mean" and "sum", an array for "none"."""
    if prediction.shape != target.shape:
        raise ValueError(f"the shapes differ: {prediction.shape} and {target.shape}")
    squares = (prediction - target) ** 2
    if reduction == "mean":
        return squares.mean()
    if reduction == "sum":
        return squares.sum()
    return squares


def binary_cross_entropy(z, y):
    """-y ln σ(z) - (1 - y) ln(1 - σ(z)) of each sample, from the logits z (N,); gives (N,)."""
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


def cross_entropy(Z, labels):
    """The mean over N samples of -ln p_t with p = softmax(Z), row by row; one number."""
    Z = Z - Z.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(Z).sum(axis=1))  # (N,)
    return (log_sums - Z[np.arange(len(Z)), labels]).mean()


def classifier_backward(X, W, b, labels):
    """The gradients (dX, dW, db) of a linear classifier with mean softmax cross-entropy."""
    Z = X @ W + b
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    Y = np.eye(W.shape[1])[labels]
    dZ = (P - Y) / len(X)  # (N, k)
    return dZ @ W.T, X.T @ dZ, dZ.sum(axis=0)  # (N, D), (D, k), (k,)
