"""What the answers to the exercises of lesson 14 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import gradients, values


def draw_rows(random):
    """10 rows in 3 folds, 8 in 4, as many folds as rows, and two folds."""
    return [(random.permutation(n), k) for n, k in ((10, 3), (8, 4), (5, 5), (7, 2))]


def k_fold(rows, k):
    folds = te.data.KFold(k).split(rows)
    return tuple((rows[training], rows[fold]) for training, fold in folds)


def draw_images(random):
    """Whole numbers, easy to read; moves in all directions, none, and one out of the image."""
    moves = (1, 2, 0.0), (-2, 0, 0.5), (0, -1, 0.0), (0, 0, 0.0), (-1, 3, 0.25), (6, 0, 1.0)
    cases = [(random.normal(size=(5, 7)), *move) for move in moves]
    return [(np.arange(1, 13).reshape(3, 4), 1, -2, 0), *cases]


def shift(image, down, right, fill):
    """By padding with fill on all sides, and cutting the window out that is so far away."""
    room = max(abs(down), abs(right))
    wide = np.pad(image, room, constant_values=fill)
    H, W = image.shape
    return wide[room - down :, room - right :][:H, :W]


def draw_dropped(random):
    """6 samples of 5 numbers, 4 neurons; p = 0.3, so that 1 - p is no half."""
    x, W, dY = (random.normal(size=size) for size in ((6, 5), (5, 4), (6, 4)))
    return x, W, (random.random((6, 5)) >= 0.3).astype(float), 0.3, dY


def dropout_gradients(x, W, m, p, dY):
    x, W = te.tensor(x, requires_grad=True), te.tensor(W, requires_grad=True)
    Y = (x * te.tensor(m) / (1 - p)) @ W
    return tuple(g.numpy() for g in te.grad(Y, [x, W], grad_output=te.tensor(dY)))


def wrong_dropout_gradients(x, W, m, p, dY):
    da = dY @ W.T
    dx, dW = da * m / (1 - p), (x * m / (1 - p)).T @ dY
    return {
        "the division by 1 - p is missing": (da * m, (x * m).T @ dY),
        "the zeros of m are missing": (da / (1 - p), (x / (1 - p)).T @ dY),
        "dropout is missing": (da, x.T @ dY),
        "1 / p in place of 1 / (1 - p)": (dx * (1 - p) / p, dW * (1 - p) / p),
        "times (1 - p) in place of the division": (dx * (1 - p) ** 2, dW * (1 - p) ** 2),
    }


def draw_classifier(random):
    """7 samples of 5 features, 3 classes; weights of both signs, prices of like size."""
    x, W, b = (random.normal(size=size) for size in ((7, 5), (5, 3), 3))
    return x, random.permutation([0, 0, 1, 1, 1, 2, 2]), W, b, 0.05, 0.03


def penalised_gradients(x, y, W, b, l1, l2):
    W, b = te.tensor(W, requires_grad=True), te.tensor(b, requires_grad=True)
    loss = F.cross_entropy(te.tensor(x) @ W + b, te.tensor(y))
    loss = loss + l1 * W.abs().sum() + l2 * (W * W).sum()
    return tuple(g.numpy() for g in te.grad(loss, [W, b]))


def wrong_penalised_gradients(x, y, W, b, l1, l2):
    dW, db = penalised_gradients(x, y, W, b, 0, 0)
    of_l1, of_l2, N = l1 * np.sign(W), 2 * l2 * W, len(x)
    return {
        "the prices are missing": (dW, db),
        "the price l1 is missing": (dW + of_l2, db),
        "the price l2 is missing": (dW + of_l1, db),
        "l2 W in place of 2 l2 W": (dW + of_l1 + of_l2 / 2, db),
        "|W| in place of sign(W)": (dW + l1 * np.abs(W) + of_l2, db),
        "the prices are subtracted": (dW - of_l1 - of_l2, db),
        "the prices are divided by N": (dW + (of_l1 + of_l2) / N, db),
        "1/N is missing in dZ = (P - Y) / N; the prices are right": (
            N * dW + of_l1 + of_l2,
            db,  # of db it is said in any case
        ),
        "b has a price too": (dW + of_l1 + of_l2, db + l1 * np.sign(b) + 2 * l2 * b),
    }


EXERCISES = [
    values("k_fold", "the folds, and what each is trained on", draw_rows, k_fold),
    values("shift", "an image moved by whole pixels", draw_images, shift),
    gradients(
        "dropout_backward", "dropout and a dense layer, forward and back",
        draw_dropped, dropout_gradients, ["dx", "dW"], alternatives=wrong_dropout_gradients,
    ),
    gradients(
        "penalised_gradients", "the cross-entropy with the prices L1 and L2",
        draw_classifier, penalised_gradients, ["dW", "db"],
        alternatives=wrong_penalised_gradients,
    ),
]  # fmt: skip
