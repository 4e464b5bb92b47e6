"""Exercises of lesson 14: folds, a moved image, dropout and penalties, by hand on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 14
"""

import numpy as np


def k_fold(rows, k):
    """The k pairs (rows to train on, fold), from row numbers (N,) in their order.

    Cut rows into k folds, each of neighbours. Where N / k is no whole number, the first folds get
    one row more: 10 rows in 3 folds are 4, 3 and 3. np.array_split does that. The rows to train on
    are all others, in their order. Give a list of pairs of arrays.
    """
    ...


def shift(image, down, right, fill):
    """The image (H, W) moved down and right by whole pixels; what comes in is fill.

    Negative numbers move up and left. What leaves the image is lost: it must not come in again on
    the other side. The pixel at (row, column) comes from (row - down, column - right), where that
    is inside the image. Make a new image of the same dtype; np.full_like helps.
    """
    ...


def dropout_backward(x, W, m, p, dY):
    """The gradients (dx, dW) of dropout and a dense layer.

    Forward, for N samples with D numbers and H neurons:

        a = x · m / (1 - p)      elementwise, all (N, D); m is 0 where x is dropped, else 1
        Y = a @ W                (N, D) @ (D, H)

    dY (N, H) is the gradient for Y. First compute a: dW needs it. The way back goes through the
    same m, and through the same division.
    """
    ...


def penalised_gradients(x, y, W, b, l1, l2):
    """The gradients (dW, db) of L = C + l1 Σ |W| + l2 Σ W².

    x (N, D), y (N,) with classes from 0, W (D, k), b (k,). C is the mean cross-entropy:

        Z = x @ W + b                          (N, k)
        P = softmax(Z), row by row             (N, k)
        C = mean over the samples of -ln p_t   t is the class of the sample
        dZ = (P - Y) / N                       Y has a 1 in each row at t

    The sums go over all entries of W. There is no price on b, and no 1/N on the prices. Mind the
    factor of the square: there is no ½ in front of l2.
    """
    ...
