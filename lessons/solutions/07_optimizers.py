"""Solutions of lesson 7: optimizers, by hand on NumPy arrays."""

import numpy as np


def momentum_step(theta, b, g, lr, mu=0.9):
    """One step with momentum; gives the new (theta, b)."""
    b = mu * b + g
    return theta - lr * b, b


def adagrad_step(theta, G, g, lr, eps=1e-10):
    """One step of Adagrad; gives the new (theta, G)."""
    G = G + g**2
    return theta - lr * g / (np.sqrt(G) + eps), G


def adam_step(theta, m, v, t, g, lr, corrected, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam; gives the new (theta, m, v)."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m, v
    if corrected:
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


def largest_stable_rate(H):
    """The bound of gradient descent on J = ½ θᵀ H θ: 2 / λ_max."""
    return 2 / np.linalg.eigvalsh(H).max()
