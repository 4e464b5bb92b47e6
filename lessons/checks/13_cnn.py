"""What the answers to the exercises of lesson 13 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import gradients, values

LAYERS = [
    ((3, 32, 32), 32, 3),
    ((32, 15, 15), 64, 3),
    ((1, 7, 9), 2, 3, 2),  # neither square nor divisible
    ((2, 8, 5), 3, 5, 1, 2),
    ((4, 6, 6), 5, 1, 3, 1),
]


def convolution_layer(shape, filters, kernel, stride=1, padding=0):
    """Of a real convolution, run on zeros."""
    x, weight, bias = (
        te.tensor(np.zeros(sizes))
        for sizes in ((1, *shape), (filters, shape[0], kernel, kernel), filters)
    )
    output = F.conv2d(x, weight, bias, stride, padding)
    return output.shape[1:], weight.size + bias.size


def layer_with(side=None, count=None):
    """convolution_layer with another formula for a side, or for the number of parameters."""

    def wrong(shape, filters, kernel, stride=1, padding=0):
        found, parameters = convolution_layer(shape, filters, kernel, stride, padding)
        if side:
            found = filters, *(side(n, kernel, stride, padding) for n in shape[1:])
        return found, count(shape[0], filters, kernel) if count else parameters

    return wrong


WRONG_LAYERS = {
    "padding is put on both ends, so it counts twice": layer_with(
        side=lambda n, k, s, p: (n + p - k) // s + 1
    ),
    "the sides are one too small: the first window comes before the first step": layer_with(
        side=lambda n, k, s, p: (n + 2 * p - k) // s
    ),
    "the sides are rounded up; a window that does not end inside does not count": layer_with(
        side=lambda n, k, s, p: -((k - n - 2 * p) // s) + 1
    ),
    "the biases are missing: one for each filter": layer_with(
        count=lambda c, filters, k: filters * k * k * c
    ),
    "a filter has weights for each of the C channels; these are those of one": layer_with(
        count=lambda c, filters, k: filters * (k * k + 1)
    ),
    "each filter has a bias of its own; here is one for all of them": layer_with(
        count=lambda c, filters, k: filters * k * k * c + 1
    ),
    "one bias for each filter, not for each of its channels": layer_with(
        count=lambda c, filters, k: filters * (k * k + 1) * c
    ),
}


def draw_matrices(random):
    """Counts of 4 classes; and of 3, where one is never answered and one never occurs."""
    return [(random.integers(0, 9, (4, 4)),), (np.array([[5, 0, 2], [1, 0, 3], [0, 0, 0]]),)]


def precision_recall_f1(matrix):
    """The pictures of the matrix, one by one, given to the library."""
    truth, answers = np.indices(matrix.shape).reshape(2, -1).repeat(matrix.reshape(-1), axis=1)
    scores = te.metrics.precision_recall_f1(answers, truth, num_classes=len(matrix))
    return scores.precision, scores.recall, scores.f1


WRONG_SCORES = {
    "precision and recall are exchanged: all answers are a column's sum, all pictures a row's": (
        lambda matrix: precision_recall_f1(matrix.T)
    ),
    "F1 is no mean of the two: 2 TP / (all answers + all pictures)": (
        lambda matrix: (
            *precision_recall_f1(matrix)[:2],
            sum(precision_recall_f1(matrix)[:2]) / 2,
        )
    ),
    "the 2 of F1 is missing": (
        lambda matrix: (*precision_recall_f1(matrix)[:2], precision_recall_f1(matrix)[2] / 2)
    ),
}


def draw_rows(random):
    """Rows that are no squares, and rows where one size is 1."""
    sizes = (2, 3, 4), (5, 1, 2), (3, 2, 2)
    return [(random.normal(size=(c * h * w, 2)), c, h, w) for c, h, w in sizes]


def rows_from_keras(W, channels, height, width):
    """Row by row, as the exercise says it."""
    ours = np.empty_like(W)
    for c, h, w in np.ndindex(channels, height, width):
        ours[(c * height + h) * width + w] = W[(h * width + w) * channels + c]
    return ours


def rows_into_keras(W, channels, height, width):
    """The way back: from our order into Keras's."""
    by_channel = W.reshape((channels, height, width, -1))
    return by_channel.transpose((1, 2, 0, 3)).reshape(W.shape)


WRONG_ROWS = {
    "this is the other direction, from our order into Keras's": rows_into_keras,
    "the rows are still in Keras's order: a reshape alone moves nothing": lambda W, c, h, w: W,
    "height and width are exchanged": (
        lambda W, c, h, w: W.reshape((h, w, c, -1)).transpose((2, 1, 0, 3)).reshape(W.shape)
    ),
}


def draw_logits(random):
    """Logits of 7 pictures and 4 classes, the first row too large for exp; and labels."""
    logits = random.normal(size=(7, 4))
    logits[0] += 1000
    return logits, random.integers(0, 4, 7)


def twice_gradient(logits, labels):
    z = te.tensor(logits, requires_grad=True)
    return te.grad(F.cross_entropy(F.softmax(z), te.tensor(labels)), [z])[0].numpy()


def wrong_twice_gradients(logits, labels):
    p = F.softmax(te.tensor(logits)).numpy()
    q = F.softmax(te.tensor(p)).numpy()
    y, n = np.eye(logits.shape[1])[labels], len(labels)
    v, u = q - y, p - y
    return {
        "q - y, without the matrix J of the first softmax": v / n,
        "p - y, as if there were one softmax": u / n,
        "p - y in place of q - y": p * (u - (p * u).sum(axis=1, keepdims=True)) / n,
        "diag(p) in place of J": p * v / n,
        "the sum of p * v runs over the whole batch, not over each row": p
        * (v - (p * v).sum())
        / n,
        "q in place of p in the matrix J": q * (v - (q * v).sum(axis=1, keepdims=True)) / n,
    }


EXERCISES = [
    values("convolution_layer", "the shape and the parameters of a convolution", LAYERS,
           convolution_layer, mistakes=WRONG_LAYERS),
    values("precision_recall_f1", "precision, recall and F1 from a confusion matrix",
           draw_matrices, precision_recall_f1, mistakes=WRONG_SCORES),
    values("rows_from_keras", "the rows of a dense layer in another order", draw_rows,
           rows_from_keras, mistakes=WRONG_ROWS),
    gradients(
        "twice_gradient", "the gradient of the loss with two softmaxes",
        draw_logits, twice_gradient, ["dZ"], alternatives=wrong_twice_gradients,
    ),
]  # fmt: skip
