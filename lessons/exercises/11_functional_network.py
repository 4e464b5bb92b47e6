"""Exercises of lesson 11: one-hot labels, the last fraction, and two backward passes in NumPy.

Put your answer in place of each `...`, then run: tinygrad-edu check 11
"""

import numpy as np


def one_hot(labels, classes):
    """The labels as rows Y (N, classes): a 1 at the label, and 0 elsewhere.

    The labels (N,) are whole numbers from 0 to classes - 1. A row of the identity matrix, np.eye,
    looks just so.
    """
    ...


def last_fraction(x, y, fraction):
    """The rows cut in two, (x_train, y_train, x_validation, y_validation), in their order.

    Validation gets the last rows. Training gets the first N · (1 - fraction), rounded down to a
    whole number; int() does that. Do not shuffle.
    """
    ...


def tied_backward(x, W, b, dY):
    """The gradients (dW, db) of two layers that share one W.

    The second layer uses it transposed. So the shapes fit, even where D and H differ:

        a = sigmoid(x @ W + b)      (N, D) @ (D, H) + (H,)
        Y = a @ W.T                 (N, H) @ (H, D)

    dY (N, D) is the gradient for Y. First compute a. Then go back, and add what W gets from both
    layers. The second part has to have the shape of W, not of W.T. The derivative of the sigmoid is
    a (1 - a), where a is its value.
    """
    ...


def backward(x, W1, b1, W2, b2, W3, dZ):
    """The gradients (dW1, db1, dW2, db2, dW3, db3) of the network of this lesson.

    Forward, for N images with D pixels, hidden layers of H and K neurons, and C digits:

        a1 = relu(x @ W1 + b1)       (N, D) @ (D, H) + (H,)
        a2 = relu(a1 @ W2 + b2)      (N, H) @ (H, K) + (K,)
        Z = a2 @ W3 + b3             (N, K) @ (K, C) + (C,)

    dZ (N, C) is the gradient for Z; 1/N is inside it already. First go forward and keep what you
    need: b3 is not needed. Then go back, one layer after the other. The derivative of relu(z) is 1
    where z > 0, else 0.
    """
    ...
