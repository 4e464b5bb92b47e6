"""Exercises of lesson 1: activation functions and their slopes, on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 1
"""

import numpy as np


def sigmoid_slope(x):
    """The slope of the sigmoid at x: σ'(x) = σ(x) (1 - σ(x)), with σ(x) = 1 / (1 + e^-x).

    x is a number or an array; the answer has its shape. np.exp(x) is e^x.
    """
    ...


def tanh_slope(x):
    """The slope of tanh at x: 1 - tanh² x. There is np.tanh, and a square is t * t or t**2."""
    ...


def stable_sigmoid(x):
    """σ(x) for an array of numbers of any size, such as -1000 and 1000, without an overflow.

    With e = e^-|x|, which lies between 0 and 1:

        σ(x) = 1 / (1 + e)    where x >= 0
        σ(x) = e / (1 + e)    where x < 0

    np.abs(x) is |x|. np.where(condition, this, that) takes `this` where the condition holds, and
    `that` elsewhere.
    """
    ...


def gate_backward(a, b, g):
    """The gradients (da, db) of a gate, y = tanh(a) · σ(b), for N samples.

    a (N, m) holds the samples. b (m,) is one row, used for every sample. g (N, m) is the gradient
    of the loss for y. By the chain rule, da is g times the slope of y towards a. tanh(a) and σ(b)
    are factors of a product: the slope towards one factor is multiplied by the other.

    da has the shape of a. Each entry of b moves the y of every sample, so db is the sum over the
    samples, and has the shape of b.
    """
    ...
