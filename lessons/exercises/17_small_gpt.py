"""Exercises of lesson 17: the shift, choosing the next word, and layer norm there and back.

Put your answer in place of each `...`, then run: tinygrad-edu check 17
"""

import numpy as np


def shift(sentences, start):
    """The inputs and targets (N, time) of sentences, given as tokens (N, time).

    The targets are the sentences themselves. The inputs begin with the token `start` and leave out
    the last token, so that inputs[n, t] is the word before targets[n, t]. np.full and
    np.concatenate help.
    """
    ...


def choose(logits, temperature, top_k, points):
    """The probabilities (N, words), and the word (N,) that each point chooses.

    First divide the logits (N, words) by the temperature. Then keep the top_k largest of each row:
    the others get the logit -inf, so that exp makes 0 of it. Then softmax; subtract the largest
    logit of each row first.

    To choose, lay the probabilities of a row one after the other on the line from 0 to 1. Word j
    has the stretch from p_0 + … + p_(j-1) up to p_0 + … + p_j. The point (N,), a number from 0 to
    1, lies in one of them. np.cumsum gives the ends of the stretches.
    """
    ...


def layer_norm(x, weight, bias, eps=1e-5):
    """(x - mean) / sqrt(variance + eps) · weight + bias, for each row of x (N, size).

    Mean and variance are those of the row; the variance is the mean of (x - mean)². weight and bias
    have the shape (size,).
    """
    ...


def layer_norm_backward(x, weight, dy, eps=1e-5):
    """The gradients (dx, dweight, dbias) of layer_norm, from dy (N, size).

    Write n = (x - mean) / sqrt(variance + eps), so that y = n · weight + bias.

    dbias and dweight are sums over the rows. For dx, first dn = dy · weight. An entry of x acts on
    its whole row, because it is in the mean and in the variance. That gives two more terms:

        dx = (dn - mean(dn) - n · mean(dn · n)) / sqrt(variance + eps)

    where each mean is over the row.
    """
    ...
