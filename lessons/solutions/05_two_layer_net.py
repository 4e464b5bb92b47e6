"""Solutions of lesson 5: a network of two layers, by hand on NumPy arrays."""

import numpy as np


def sigmoid_derivative(a):
    """The slope σ'(z) of the sigmoid, from its activation a = σ(z); any shape."""
    return a * (1 - a)


def forward(x, w1, b1, w2, b2):
    """The activations (a2, a3) of a network of two layers."""
    a2 = 1 / (1 + np.exp(-(x @ w1 + b1)))  # (N, H)
    a3 = 1 / (1 + np.exp(-(a2 @ w2 + b2)))  # (N, M)
    return a2, a3


def backward(x, y, w1, b1, w2, b2):
    """The gradients (dw1, db1, dw2, db2) of L = ½ Σ (y - a3)², summed over samples and outputs."""
    a2, a3 = forward(x, w1, b1, w2, b2)
    dz3 = (a3 - y) * sigmoid_derivative(a3)  # (N, M)
    dz2 = (dz3 @ w2.T) * sigmoid_derivative(a2)  # (N, H)
    return x.T @ dz2, dz2.sum(axis=0), a2.T @ dz3, dz3.sum(axis=0)


def train(x, y, w1, w2, eta, steps):
    """The listing of 003 §3.3 with its loop, without biases; gives the new (w1, w2)."""
    for _ in range(steps):
        dw1, _, dw2, _ = backward(x, y, w1, 0, w2, 0)
        w1, w2 = w1 - eta * dw1, w2 - eta * dw2
    return w1, w2
