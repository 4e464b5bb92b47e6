"""Exercises of lesson 13: what goes around a convolutional network, on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 13
"""

import numpy as np


def convolution_layer(shape, filters, kernel, stride=1, padding=0):
    """What a convolution makes of one picture: (its output shape, its number of parameters).

    The shape is (C, H, W), and the output shape (filters, H', W') with

        H' = floor((H + 2 padding - kernel) / stride) + 1       and likewise W'

    Each filter has kernel · kernel weights for each of the C channels, and one bias.
    """
    ...


def precision_recall_f1(matrix):
    """Precision, recall and F1 of each class, three arrays (C,), from a confusion matrix (C, C).

    matrix[i, j] counts the pictures of class i that were answered as class j. With TP on the
    diagonal:

        precision = TP / (all answers of the class)
        recall    = TP / (all pictures of the class)
        F1        = 2 TP / (all answers + all pictures of the class)

    Where a class was never answered or never occurs, 0 / 0 counts as 0.
    """
    ...


def rows_from_keras(W, channels, height, width):
    """The rows of a dense layer's W (D, M), from Keras's order into ours; D = C · H · W pixels.

    Keras flattens a map (H, W, C): its row number (h · width + w) · channels + c belongs to
    channel c at the place (h, w). We flatten (C, H, W): here that row has the number
    (c · height + h) · width + w.
    """
    ...


def twice_gradient(logits, labels):
    """The gradient of the mean loss with two softmaxes for the logits Z (N, C): dZ (N, C).

    Row by row: p = softmax(z), q = softmax(p), the loss is -ln q[t] with t the label, and

        dz = J (q - y) / N      with J = diag(p) - p pᵀ,  y one-hot

    Without any matrix, with v = q - y: J v = p * (v - sum(p * v)). Subtract the largest logit of
    each row before exp, so that exp stays finite.
    """
    ...
