"""Solutions of lesson 9: from a table with holes to the gradients of the network, by hand."""

import numpy as np


def clean_rows(rows):
    """The rows (n, columns) without those that have a NaN or repeat an earlier row."""
    whole = rows[~np.isnan(rows).any(axis=1)]
    seen, kept = set(), []
    for i, row in enumerate(whole.tolist()):
        if tuple(row) not in seen:
            seen.add(tuple(row))
            kept.append(i)
    return whole[kept]


def scale(train, test):
    """Standard scaling of two tables (n, columns) and (m, columns); gives (train_z, test_z)."""
    mean = train.mean(axis=0)  # (columns,)
    sd = np.sqrt(((train - mean) ** 2).mean(axis=0))  # (columns,)
    return (train - mean) / sd, (test - mean) / sd


def precision_recall(probability, label, threshold, positive):
    """(precision, recall) of the class `positive`, which is 0 or 1."""
    said = (probability > threshold).astype(int) == positive
    true = label == positive
    TP, FP, FN = (said & true).sum(), (said & ~true).sum(), (~said & true).sum()
    return TP / max(TP + FP, 1), TP / max(TP + FN, 1)


def network_backward(x, z1, z2, z3, W2, W3, y):
    """The gradients (dW1, db1, dW2, db2, dW3, db3) of the network of the lesson."""
    a1, a2 = np.maximum(z1, 0), np.maximum(z2, 0)
    dz3 = (1 / (1 + np.exp(-z3)) - y) / len(y)  # (N, 1)
    dW3, db3 = a2.T @ dz3, dz3.sum(axis=0)  # (K, 1), (1,)
    dz2 = (dz3 @ W3.T) * (z2 > 0)  # (N, K)
    dW2, db2 = a1.T @ dz2, dz2.sum(axis=0)  # (H, K), (K,)
    dz1 = (dz2 @ W2.T) * (z1 > 0)  # (N, H)
    dW1, db1 = x.T @ dz1, dz1.sum(axis=0)  # (D, H), (H,)
    return dW1, db1, dW2, db2, dW3, db3
