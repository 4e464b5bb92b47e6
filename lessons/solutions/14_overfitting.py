"""Solutions of lesson 14: folds, a moved image, dropout and penalties, by hand on NumPy arrays."""

import numpy as np


def k_fold(rows, k):
    """The k pairs (rows to train on, fold), from row numbers (N,) in their order."""
    folds = np.array_split(rows, k)
    return [(np.concatenate(folds[:i] + folds[i + 1 :]), folds[i]) for i in range(k)]


def shift(image, down, right, fill):
    """The image (H, W) moved down and right by whole pixels; what comes in is fill."""
    H, W = image.shape
    moved = np.full_like(image, fill)
    for row in range(H):
        for column in range(W):
            if 0 <= row - down < H and 0 <= column - right < W:
                moved[row, column] = image[row - down, column - right]
    return moved


def dropout_backward(x, W, m, p, dY):
    """The gradients (dx, dW) of dropout and a dense layer, Y = (x m / (1 - p)) @ W."""
    a = x * m / (1 - p)
    dW = a.T @ dY  # (D, N) @ (N, H)
    da = dY @ W.T  # (N, H) @ (H, D)
    dx = da * m / (1 - p)
    return dx, dW


def penalised_gradients(x, y, W, b, l1, l2):
    """The gradients (dW, db) of the mean cross-entropy + l1 Σ |W| + l2 Σ W²."""
    Z = x @ W + b  # (N, k)
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = e / e.sum(axis=1, keepdims=True)
    dZ = (P - np.eye(len(b))[y]) / len(x)
    dW = x.T @ dZ + l1 * np.sign(W) + 2 * l2 * W
    return dW, dZ.sum(axis=0)
