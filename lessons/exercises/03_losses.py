"""Exercises of lesson 3: losses and a backward pass, by hand on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 3
"""

import numpy as np


def squared_error(prediction, target, reduction):
    """(ŷ - y)², reduced: one number for "mean" and "sum", an array for "none".

    "mean" is over all entries, whatever the shape. Where the shapes of the two differ, raise a
    ValueError: NumPy would broadcast and compare the wrong numbers.
    """
    ...


def binary_cross_entropy(z, y):
    """-y ln σ(z) - (1 - y) ln(1 - σ(z)) of each sample, from the logits z (N,); gives (N,).

    y (N,) holds 0 and 1. It has to be right for every z, also for 800 and for -800, so do not
    compute σ(z). Section 7 of the lesson has a form in which exp never overflows. np.log1p(x) is
    ln(1 + x), and is exact for tiny x.
    """
    ...


def cross_entropy(Z, labels):
    """The mean over N samples of -ln p_t with p = softmax(Z), row by row; one number.

    Z (N, k) are logits, and may be as large as 1000. labels (N,) are the true classes t, whole
    numbers from 0. ln p_t = z_t - ln Σ e^z_j; first subtract from each row its largest logit.
    Z[np.arange(N), labels] picks one logit from each row.
    """
    ...


def classifier_backward(X, W, b, labels):
    """The gradients (dX, dW, db) of a linear classifier with mean softmax cross-entropy.

    Forward, for N samples, D features and k classes:

        Z = X @ W + b                          (N, D) @ (D, k) + (k,)
        P = softmax(Z), row by row             (N, k)
        L = mean over the samples of -ln p_t   with the true class t = labels[i]

    Start from ∂L/∂Z = (P - Y) / N, where Y (N, k) has a 1 in each row at the label; np.eye helps.
    Each gradient has the shape of what it belongs to.
    """
    ...
