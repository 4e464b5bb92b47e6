"""Exercises of lesson 6: a binary classifier with one hidden layer, by hand on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 6
"""

import numpy as np


def binary_cross_entropy(prediction, y):
    """The loss J = mean of -y ln ŷ - (1 - y) ln(1 - ŷ) over the N samples: one number.

    The prediction ŷ is (N,), between 0 and 1; the labels y are (N,), each 0 or 1.
    """
    ...


def output_gradient(z2, y):
    """The gradient δ_2 = ∂J/∂z2 (N,) of the mean J above, with ŷ = σ(z2) = 1 / (1 + exp(-z2)).

    z2 and y are (N,). Do not forget that J is a mean over the N samples.
    """
    ...


def backward(x, y, W1, b1, w2, b2):
    """The gradients (dW1, db1, dw2, db2) of the mean J: the whole backward pass.

        a1 = σ(x W1 + b1)     (N, K) @ (K, H) + (H,) gives (N, H)
        z2 = a1 w2 + b2       (N, H) @ (H,) + a number gives (N,)

    y is (N,). Each gradient has the shape of what it belongs to; db2 is a number. You may call
    output_gradient.
    """
    ...


def training_step(x, y, W1, b1, w2, b2, alpha):
    """One step of gradient descent on J; gives the new (W1, b1, w2, b2), all four.

    Make new arrays: those you are given belong to the caller. You may call backward.
    """
    ...
