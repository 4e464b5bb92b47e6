"""Solutions of lesson 17: the shift, choosing the next word, and layer norm there and back."""

import numpy as np


def shift(sentences, start):
    """The inputs and targets (N, time) of sentences, given as tokens (N, time)."""
    first = np.full((len(sentences), 1), start)
    return np.concatenate([first, sentences[:, :-1]], axis=1), sentences


def choose(logits, temperature, top_k, points):
    """The probabilities (N, words), and the word (N,) that each point chooses."""
    z = logits / temperature
    weakest = np.sort(z, axis=1)[:, [-top_k]]  # (N, 1)
    z = np.where(z < weakest, -np.inf, z)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    ends = np.cumsum(p, axis=1)  # (N, words)
    return p, (ends <= points[:, None]).sum(axis=1)


def layer_norm(x, weight, bias, eps=1e-5):
    """(x - mean) / sqrt(variance + eps) · weight + bias, for each row of x (N, size)."""
    centred = x - x.mean(axis=1, keepdims=True)
    variance = (centred**2).mean(axis=1, keepdims=True)
    return centred / np.sqrt(variance + eps) * weight + bias


def layer_norm_backward(x, weight, dy, eps=1e-5):
    """The gradients (dx, dweight, dbias) of layer_norm, from dy (N, size)."""
    centred = x - x.mean(axis=1, keepdims=True)
    root = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)  # (N, 1)
    n = centred / root
    dn = dy * weight
    dx = dn - dn.mean(axis=1, keepdims=True) - n * (dn * n).mean(axis=1, keepdims=True)
    return dx / root, (dy * n).sum(axis=0), dy.sum(axis=0)
