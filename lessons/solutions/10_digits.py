"""Solutions of lesson 10: the training of the digit network, by hand on NumPy arrays."""

import numpy as np


def cross_entropy_gradient(logits, labels):
    """The gradient of the mean cross-entropy for the logits Z (N, digits): dZ = (P - Y) / N."""
    N, digits = logits.shape
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    P = e / e.sum(axis=1, keepdims=True)
    Y = np.eye(digits)[labels]
    return (P - Y) / N


def hidden_layer_backward(x, z1, W2, dZ):
    """The gradients (dW1, db1, dW2, db2) of the digit network, from dZ back to its start."""
    a = np.maximum(z1, 0)
    dW2 = a.T @ dZ  # (H, N) @ (N, C)
    db2 = dZ.sum(axis=0)  # (C,)
    da = dZ @ W2.T  # (N, C) @ (C, H)
    dz1 = da * (z1 > 0)  # (N, H)
    dW1 = x.T @ dz1  # (D, N) @ (N, H)
    db1 = dz1.sum(axis=0)  # (H,)
    return dW1, db1, dW2, db2


def input_gradient(z1, W1, W2, answers):
    """How each pixel moves the logit of the answer: dx (N, D), one row for each image."""
    dZ = np.eye(W2.shape[1])[answers]  # (N, C)
    dz1 = (dZ @ W2.T) * (z1 > 0)  # (N, H)
    return dz1 @ W1.T  # (N, H) @ (H, D)


def adam_step(theta, m, v, t, g, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam; gives the new (theta, m, v)."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v
