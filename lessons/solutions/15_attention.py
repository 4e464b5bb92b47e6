"""Solutions of lesson 15: attention by hand on NumPy arrays."""

import numpy as np


def softmax_rows(S):
    """The attention weights from the scores: softmax of each row."""
    powers = np.exp(S - S.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def attention(Q, K, V):
    """The output of attention, softmax(Q Kᵀ / √d_k) V."""
    return softmax_rows(Q @ K.T / np.sqrt(K.shape[1])) @ V


def causal_weights(Q, K):
    """The attention weights of a GPT: query i gives no weight to the keys after place i."""
    S = Q @ K.T / np.sqrt(K.shape[1])  # (time, time)
    return softmax_rows(np.where(np.tri(len(S), dtype=bool), S, -np.inf))


def attention_backward(Q, K, V, G):
    """The gradients (dQ, dK, dV) of softmax(Q Kᵀ / √d_k) V, without a mask."""
    A = softmax_rows(Q @ K.T / np.sqrt(K.shape[1]))  # (queries, keys)
    dA = G @ V.T
    dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))
    return dS @ K / np.sqrt(K.shape[1]), dS.T @ Q / np.sqrt(K.shape[1]), A.T @ G
