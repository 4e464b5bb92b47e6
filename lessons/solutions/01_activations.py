"""Solutions to the exercises of lesson 1."""

import numpy as np


def sigmoid_slope(x):
    s = 1 / (1 + np.exp(-x))
    return s * (1 - s)


def tanh_slope(x):
    return 1 - np.tanh(x) ** 2


def stable_sigmoid(x):
    e = np.exp(-np.abs(x))  # between 0 and 1
    return np.where(x >= 0, 1, e) / (1 + e)


def gate_backward(a, b, g):
    t, s = np.tanh(a), stable_sigmoid(b)
    da = g * (1 - t**2) * s
    db = (g * t * s * (1 - s)).sum(axis=0)  # b is used for every sample
    return da, db
