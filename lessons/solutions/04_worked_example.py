"""Solutions of lesson 4: one training step of a sigmoid layer, by hand on NumPy arrays."""

import numpy as np


def half_squared_error(prediction, target):
    """The loss L = ½ Σ (ŷ - y)², summed over all entries: one number."""
    if prediction.shape != target.shape:
        raise ValueError(f"the shapes differ: {prediction.shape} and {target.shape}")
    return 0.5 * ((prediction - target) ** 2).sum()


def output_gradient(z, y):
    """The gradient δ = ∂L/∂Z (N, M) of L = ½ Σ (ŷ - y)² with ŷ = σ(Z)."""
    prediction = 1 / (1 + np.exp(-z))
    slope = prediction * (1 - prediction)  # σ'(Z)
    return (prediction - y) * slope


def layer_gradients(x, W, b, y):
    """The gradients (dW, db) of L = ½ Σ (ŷ - y)² with ŷ = σ(X W + b): the whole backward pass."""
    delta = output_gradient(x @ W + b, y)  # (N, M)
    return x.T @ delta, delta.sum(axis=0)  # (K, N) @ (N, M), and (M,)


def training_step(x, W, b, y, alpha):
    """One step of gradient descent on this loss; gives the new (W, b)."""
    dW, db = layer_gradients(x, W, b, y)
    return W - alpha * dW, b - alpha * db
