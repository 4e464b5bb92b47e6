"""Solutions of lesson 6: a binary classifier with one hidden layer, by hand on NumPy arrays."""

import numpy as np


def binary_cross_entropy(prediction, y):
    """The loss J = mean of -y ln ŷ - (1 - y) ln(1 - ŷ) over the N samples: one number."""
    return (-y * np.log(prediction) - (1 - y) * np.log(1 - prediction)).mean()


def output_gradient(z2, y):
    """The gradient δ_2 = ∂J/∂z2 (N,) of the mean J above, with ŷ = σ(z2) = 1 / (1 + exp(-z2))."""
    prediction = 1 / (1 + np.exp(-z2))
    return (prediction - y) / len(y)


def backward(x, y, W1, b1, w2, b2):
    """The gradients (dW1, db1, dw2, db2) of the mean J: the whole backward pass."""
    a1 = 1 / (1 + np.exp(-(x @ W1 + b1)))  # (N, H)
    delta2 = output_gradient(a1 @ w2 + b2, y)  # (N,)
    delta1 = delta2[:, None] * w2 * a1 * (1 - a1)  # (N, H)
    return x.T @ delta1, delta1.sum(axis=0), a1.T @ delta2, delta2.sum()


def training_step(x, y, W1, b1, w2, b2, alpha):
    """One step of gradient descent on J; gives the new (W1, b1, w2, b2), all four."""
    dW1, db1, dw2, db2 = backward(x, y, W1, b1, w2, b2)
    return W1 - alpha * dW1, b1 - alpha * db1, w2 - alpha * dw2, b2 - alpha * db2
