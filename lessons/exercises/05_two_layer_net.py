"""Exercises of lesson 5: a network of two layers, by hand on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 5
"""

import numpy as np


def sigmoid_derivative(a):
    """The slope σ'(z) of the sigmoid, from its activation a = σ(z); any shape.

    The listing of the document calls it like this: sigmoid_derivative(a3). z is not given, and not
    needed.
    """
    ...


def forward(x, w1, b1, w2, b2):
    """The activations (a2, a3) of a network of two layers.

        z2 = x w1 + b1     a2 = σ(z2)     (N, K) @ (K, H) + (H,) gives (N, H)
        z3 = a2 w2 + b2    a3 = σ(z3)     (N, H) @ (H, M) + (M,) gives (N, M)

    with σ(z) = 1 / (1 + exp(-z)).
    """
    ...


def backward(x, y, w1, b1, w2, b2):
    """The gradients (dw1, db1, dw2, db2) of L = ½ Σ (y - a3)², summed over samples and outputs.

    x is (N, K), y is (N, M); the rest is as in forward, which you may call. These are ∂L/∂w1 and so
    on, with their true sign: what gradient descent subtracts. Each has the shape of what it belongs
    to.
    """
    ...


def train(x, y, w1, w2, eta, steps):
    """The listing of 003 §3.3 with its loop, without biases; gives the new (w1, w2).

    Each step: forward, then the gradients of L = ½ Σ (y - a3)², then w ← w - eta · ∂L/∂w for both.
    Both gradients belong to the weights before the step. Make new arrays: those you are given
    belong to the caller, and += would change them.
    """
    ...
