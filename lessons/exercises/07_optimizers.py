"""Exercises of lesson 7: optimizers, by hand on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 7

All of it is element by element: each number of theta has its own numbers in b, G, m and v. Make new
arrays: those you are given belong to the caller.
"""

import numpy as np


def momentum_step(theta, b, g, lr, mu=0.9):
    """One step with momentum; gives the new (theta, b). All three arrays have one shape.

    b ← mu b + g
    theta ← theta - lr b
    """
    ...


def adagrad_step(theta, G, g, lr, eps=1e-10):
    """One step of Adagrad; gives the new (theta, G). All three arrays have one shape.

    G ← G + g²
    theta ← theta - lr g / (sqrt(G) + eps)
    """
    ...


def adam_step(theta, m, v, t, g, lr, corrected, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam; gives the new (theta, m, v). All arrays have one shape; t is 1 at first.

        m ← beta1 m + (1 - beta1) g
        v ← beta2 v + (1 - beta2) g²

    With corrected=True, as in 002 §4.2.3:

        m_hat = m / (1 - beta1^t)              v_hat = v / (1 - beta2^t)
        theta ← theta - lr m_hat / (sqrt(v_hat) + eps)

    With corrected=False, as in 003 §4.1.3, it is m and v in place of m_hat and v_hat. What you give
    back is always m and v, not the corrected ones.
    """
    ...


def largest_stable_rate(H):
    """The bound of gradient descent on J = ½ θᵀ H θ: the loss falls for every rate below it.

    H (n, n) is symmetric, and its eigenvalues are all positive. np.linalg.eigvalsh gives them. Look
    at section 3: which of them sets the bound?
    """
    ...
