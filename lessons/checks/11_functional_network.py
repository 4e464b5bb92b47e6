"""What the answers to the exercises of lesson 11 are checked with: the library itself."""

import math

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import gradients, values


def one_hot(labels, classes):
    return te.one_hot(te.tensor(labels), classes).numpy()


def draw_labels(random):
    """5 labels of 3 classes; 4 of 6, where the last classes do not occur."""
    return [(random.integers(0, 3, 5), 3), (np.array([2, 0, 1, 2]), 6)]


def draw_rows(random):
    """Rows and labels: a fifth of 10, half of 6, and three tenths of 7, where 4.9 becomes 4."""
    cases = (10, 0.2), (6, 0.5), (7, 0.3)
    return [(random.normal(size=(n, 2)), random.integers(0, 9, n), part) for n, part in cases]


def last_fraction(x, y, fraction):
    cut = math.floor(len(x) * (1 - fraction))
    return x[:cut], y[:cut], x[cut:], y[cut:]


def draw_tied(random):
    """7 samples of 5 features, 3 neurons."""
    sizes = (7, 5), (5, 3), 3, (7, 5)
    return tuple(random.normal(size=size) for size in sizes)  # x, W, b, dY


def tied_parts(x, W, b, dY):
    """The gradients (dW1, db, dW2) of the two layers, as if each had a W of its own."""
    leaves = [te.tensor(value, requires_grad=True) for value in (W, b, W)]
    W1, b, W2 = leaves
    Y = F.sigmoid(te.tensor(x) @ W1 + b) @ W2.T
    return tuple(gradient.numpy() for gradient in te.grad(Y, leaves, grad_output=te.tensor(dY)))


def tied_gradients(x, W, b, dY):
    """Those of the library, with one W."""
    leaves = [te.tensor(value, requires_grad=True) for value in (W, b)]
    W, b = leaves
    Y = F.sigmoid(te.tensor(x) @ W + b) @ W.T
    return tuple(gradient.numpy() for gradient in te.grad(Y, leaves, grad_output=te.tensor(dY)))


def wrong_tied_gradients(x, W, b, dY):
    dW1, db, dW2 = tied_parts(x, W, b, dY)
    da = dY @ W
    a = F.sigmoid(te.tensor(x @ W + b)).numpy()
    s = F.sigmoid(te.tensor(a)).numpy()
    dz = da * s * (1 - s)
    return {
        "the part of the second layer is missing": (dW1, db),
        "the part of the first layer is missing": (dW2, db),
        "da in place of dz": (x.T @ da + dW2, da.sum(axis=0)),
        "σ'(a) in place of σ'(z)": (x.T @ dz + dW2, dz.sum(axis=0)),
    }


def draw_network(random):
    """7 images of 6 pixels, 5 and 4 neurons, 3 digits."""
    sizes = (7, 6), (6, 5), 5, (5, 4), 4, (4, 3), (7, 3)
    return tuple(random.normal(size=size) for size in sizes)  # x, W1, b1, W2, b2, W3, dZ


def network_gradients(x, W1, b1, W2, b2, W3, dZ):
    numbers = W1, b1, W2, b2, W3, np.zeros(dZ.shape[1])
    leaves = [te.tensor(value, requires_grad=True) for value in numbers]
    W1, b1, W2, b2, W3, b3 = leaves
    Z = F.relu(F.relu(te.tensor(x) @ W1 + b1) @ W2 + b2) @ W3 + b3
    found = te.grad(Z, leaves, grad_output=te.tensor(dZ))
    return tuple(gradient.numpy() for gradient in found)


def wrong_network_gradients(x, W1, b1, W2, b2, W3, dZ):
    a1 = np.maximum(x @ W1 + b1, 0)
    a2 = np.maximum(a1 @ W2 + b2, 0)

    def with_masks(mask1, mask2):
        dz2 = (dZ @ W3.T) * mask2
        dz1 = (dz2 @ W2.T) * mask1
        hidden = x.T @ dz1, dz1.sum(axis=0), a1.T @ dz2, dz2.sum(axis=0)
        return *hidden, a2.T @ dZ, dZ.sum(axis=0)

    return {
        "no ReLU'(z1)": with_masks(1, a2 > 0),
        "no ReLU'(z2)": with_masks(a1 > 0, 1),
        "no ReLU' at all": with_masks(1, 1),
        "relu(z1) in place of ReLU'(z1)": with_masks(a1, a2 > 0),
        "relu(z2) in place of ReLU'(z2)": with_masks(a1 > 0, a2),
        "relu(z) in place of ReLU'(z)": with_masks(a1, a2),
    }


EXERCISES = [
    values("one_hot", "labels as rows with a single 1", draw_labels, one_hot),
    values("last_fraction", "the last rows for validation", draw_rows, last_fraction),
    gradients(
        "tied_backward", "the gradient of a W that two layers share",
        draw_tied, tied_gradients, ["dW", "db"], alternatives=wrong_tied_gradients,
    ),
    gradients(
        "backward", "forward and the whole backward pass of three layers, by hand",
        draw_network, network_gradients, ["dW1", "db1", "dW2", "db2", "dW3", "db3"],
        alternatives=wrong_network_gradients,
    ),
]  # fmt: skip
