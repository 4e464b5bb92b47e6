"""Solutions of lesson 16: the size of a GPT, its loss, an entropy, and a backward pass in NumPy."""

import numpy as np


def gpt_parameters(V, T, d, h, layers):
    """The number of parameters of a GPT."""
    attention = 4 * (d * d + d)
    feed_forward = d * h + h + h * d + d
    norm = 2 * d
    blocks = layers * (attention + feed_forward + 2 * norm)
    return V * d + T * d + blocks + norm + d * V + V


def language_model_loss(logits, tokens):
    """The mean cross-entropy of the next word."""
    z = logits[:, :-1].reshape((-1, logits.shape[2]))  # (B (T - 1), V)
    target = tokens[:, 1:].reshape(-1)
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(target)), target].mean()


def bigram_entropy(counts):
    """H(b | a) of a table of counts, in nats."""
    a, b = np.nonzero(counts)
    of_row = counts.sum(axis=1)
    found = counts[a, b]
    return -(found / counts.sum() * np.log(found / of_row[a])).sum()


def repaired_backward(tokens, E, W1, b1, W2, dZ):
    """The gradients (dE, dW1, db1, dW2, db2) of the repaired listing."""
    x = E[tokens]  # (N, D)
    a = np.tanh(x @ W1 + b1)  # (N, H)
    dW2, db2 = a.T @ dZ, dZ.sum(axis=0)  # (H, V), (V,)
    delta = (dZ @ W2.T) * (1 - a * a)  # (N, H)
    dW1, db1 = x.T @ delta, delta.sum(axis=0)  # (D, H), (H,)
    dE = np.zeros_like(E)
    np.add.at(dE, tokens, delta @ W1.T)  # (V, D)
    return dE, dW1, db1, dW2, db2
