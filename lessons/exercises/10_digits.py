"""Exercises of lesson 10: the training of the digit network, by hand on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 10
"""

import numpy as np


def cross_entropy_gradient(logits, labels):
    """The gradient of the mean cross-entropy for the logits Z (N, digits): dZ = (P - Y) / N.

    P = exp(Z) / sum(exp(Z)), row by row. First subtract from each row its largest logit: that
    leaves P as it is, and exp stays finite. Y has the shape of Z, with a 1 in each row at the
    label and 0 elsewhere; np.eye helps. The labels have the shape (N,).
    """
    ...


def hidden_layer_backward(x, z1, W2, dZ):
    """The gradients (dW1, db1, dW2, db2) of the digit network, from dZ back to its start.

    Forward, for N images with D pixels, H neurons and C digits:

        z1 = x @ W1 + b1      (N, D) @ (D, H) + (H,)
        a = relu(z1)          (N, H)
        Z = a @ W2 + b2       (N, H) @ (H, C) + (C,)

    dZ (N, C) is the gradient for Z; 1/N is inside it already. Go back line by line: first dW2, db2
    and da, then dz1 through ReLU (its derivative is 1 where z1 > 0, else 0), then dW1 and db1. Each
    gradient has the shape of what it belongs to.
    """
    ...


def input_gradient(z1, W1, W2, answers):
    """How each pixel moves the logit of the answer: dx (N, D), one row for each image.

    The network and its shapes are those above. The answers (N,) are digits, and row n of dx is the
    gradient of Z[n, answers[n]] for the pixels of image n. So dZ has a 1 in each row at the answer,
    and 0 elsewhere. From there go back as before, and one step further: through x @ W1.
    """
    ...


def adam_step(theta, m, v, t, g, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam; gives the new (theta, m, v). All arrays have one shape; t is 1 at first.

        m ← beta1 m + (1 - beta1) g            m_hat = m / (1 - beta1^t)
        v ← beta2 v + (1 - beta2) g²           v_hat = v / (1 - beta2^t)
        theta ← theta - lr m_hat / (sqrt(v_hat) + eps)

    Make new arrays: those you are given belong to the caller.
    """
    ...
