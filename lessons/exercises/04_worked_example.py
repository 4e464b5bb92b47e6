"""Exercises of lesson 4: one training step of a sigmoid layer, by hand on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 4
"""

import numpy as np


def half_squared_error(prediction, target):
    """The loss L = ½ Σ (ŷ - y)², summed over all entries: one number.

    Both have the shape (N, M). Where the shapes differ, raise a ValueError: NumPy would broadcast
    and pair the wrong numbers.
    """
    ...


def output_gradient(z, y):
    """The gradient δ = ∂L/∂Z (N, M) of L = ½ Σ (ŷ - y)² with ŷ = σ(Z) = 1 / (1 + exp(-Z)).

    First compute ŷ. Then multiply two derivatives, entry by entry: that of the loss for ŷ, and
    that of the sigmoid for Z. Both are short formulas in ŷ.
    """
    ...


def layer_gradients(x, W, b, y):
    """The gradients (dW, db) of L = ½ Σ (ŷ - y)² with ŷ = σ(X W + b): the whole backward pass.

    x is (N, K), W is (K, M), b is (M,), y is (N, M). Each gradient has the shape of what it belongs
    to. You may call output_gradient.
    """
    ...


def training_step(x, W, b, y, alpha):
    """One step of gradient descent on this loss; gives the new (W, b).

    Make new arrays: those you are given belong to the caller. You may call layer_gradients.
    """
    ...
