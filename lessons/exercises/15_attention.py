"""Exercises of lesson 15: attention by hand on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 15
"""

import numpy as np


def softmax_rows(S):
    """The attention weights from the scores: softmax of each row.

        A_ij = exp(S_ij) / Σ_j exp(S_ij)     (queries, keys) gives (queries, keys)

    Scores can be as large as 1000, and exp(1000) is no number any more. The weights do not change
    where the largest score of a row is subtracted from that row first. A score can be -∞: that key
    gets the weight 0. Each row has at least one other score.
    """
    ...


def attention(Q, K, V):
    """The output of attention, softmax(Q Kᵀ / √d_k) V.

    Q is (queries, d_k), K is (keys, d_k), V is (keys, size). The output is (queries, size): for
    each query a mean of the values. d_k is the length of a key.
    """
    ...


def causal_weights(Q, K):
    """The attention weights of a GPT: query i gives no weight to the keys after place i.

    Q and K are (time, d_k), the weights (time, time). Each row adds up to 1, and what lies above
    the diagonal is 0. The scores are divided by √d_k, as in attention.
    """
    ...


def attention_backward(Q, K, V, G):
    """The gradients (dQ, dK, dV) of softmax(Q Kᵀ / √d_k) V, without a mask.

    The shapes are as in attention. G = ∂L/∂(output) is (queries, size), the gradient that arrives
    from above. Each gradient has the shape of what it belongs to. NumPy alone, no autograd.
    """
    ...
