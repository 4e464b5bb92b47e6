"""What the answers to the exercises of lesson 6 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import gradients, values


def draw_predictions(random):
    """Two cases: 5 and 8 samples, with labels of both kinds."""
    return [(random.uniform(0.05, 0.95, n), random.permutation(np.arange(n) % 2.0)) for n in (5, 8)]


def binary_cross_entropy(prediction, y):
    return F.binary_cross_entropy(te.tensor(prediction), te.tensor(y)).item()


def without_zeros(prediction, y):
    return -(y * np.log(prediction))


LOSSES = {  # typical wrong losses, from ŷ and y: what to say
    "this is the formula of 003 §4.1.2: samples with y = 0 cost nothing": (
        lambda p, y: without_zeros(p, y).sum()
    ),
    "samples with y = 0 cost nothing: the term with 1 - y is missing": (
        lambda p, y: without_zeros(p, y).mean()
    ),
    "it is the sum over the samples; asked for is the mean": (
        lambda p, y: binary_cross_entropy(p, y) * len(y)
    ),
    "the sign is wrong: a loss of probabilities is not negative": (
        lambda p, y: -binary_cross_entropy(p, y)
    ),
}


def draw_outputs(random):
    """z_2 and labels of 7 samples."""
    return 2 * random.normal(size=7), random.integers(0, 2, 7).astype(float)


def output_gradient(z2, y):
    z2 = te.tensor(z2, requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(z2, te.tensor(y))
    return te.grad(loss, [z2])[0].numpy()


def wrong_output_gradients(z2, y):
    p = te.sigmoid(te.tensor(z2)).numpy()
    return {
        "1 - ŷ in place of ŷ - y, as in the document": (1 - p) / len(y),
        "ŷ in place of ŷ - y": p / len(y),
        "σ'(z) once too often: it cancels": (p - y) * p * (1 - p) / len(y),
        "∂J/∂ŷ alone, without σ'(z)": (p - y) / (p * (1 - p)) / len(y),
    }


def draw_network(random):
    """7 samples of 4 features, 3 hidden neurons: x, y, W1, b1, w2, b2."""
    x, W1, b1, w2 = (random.normal(size=shape) for shape in ((7, 4), (4, 3), 3, 3))
    return x, random.integers(0, 2, 7).astype(float), W1, b1, w2, float(random.normal())


def backward(x, y, W1, b1, w2, b2):
    places = [te.tensor(np.asarray(p), requires_grad=True) for p in (W1, b1, w2, b2)]
    W1, b1, w2, b2 = places
    z2 = te.sigmoid(F.linear(te.tensor(x), W1, b1)) @ w2 + b2
    loss = F.binary_cross_entropy_with_logits(z2, te.tensor(y))
    return tuple(gradient.numpy() for gradient in te.grad(loss, places))


def wrong_backwards(x, y, W1, b1, w2, b2):
    """Other factors of the output, and other hidden layers."""
    a1 = te.sigmoid(F.linear(te.tensor(x), te.tensor(W1), te.tensor(b1))).numpy()
    delta2 = output_gradient(a1 @ w2 + b2, y)
    slope1 = a1 * (1 - a1)

    def with_deltas(delta1, delta2):
        return x.T @ delta1, delta1.sum(axis=0), a1.T @ delta2, delta2.sum()

    factor = wrong_output_gradients(a1 @ w2 + b2, y)
    printed = factor["1 - ŷ in place of ŷ - y, as in the document"]
    return {
        "1 - ŷ in place of ŷ - y": with_deltas(printed[:, None] * w2 * slope1, printed),
        "w_2 is missing in δ_1": with_deltas(delta2[:, None] * slope1, delta2),
        "a_1 (1 - a_1) is missing in δ_1": with_deltas(delta2[:, None] * w2, delta2),
        "a_1 (1 - a_1) in place of a_1": (
            *with_deltas(delta2[:, None] * w2 * slope1, delta2)[:2], slope1.T @ delta2, delta2.sum()
        ),
    }  # fmt: skip


def draw_steps(random):
    """Two networks, each with its learning rate."""
    return [(*draw_network(random), alpha) for alpha in (0.1, 0.5)]


def moved(x, y, W1, b1, w2, b2, alpha, only=(1, 1, 1, 1)):
    """θ - α ∂J/∂θ, for those parameters where `only` is 1."""
    parameters, found = (W1, b1, w2, b2), backward(x, y, W1, b1, w2, b2)
    return tuple(
        p - alpha * factor * g for p, factor, g in zip(parameters, only, found, strict=True)
    )


STEPS = {  # typical wrong steps: what to say
    "b_1 and b_2 are not updated, as in the document": lambda *a: moved(*a, only=(1, 0, 1, 0)),
    "it goes uphill: the sign is wrong": lambda *a: moved(*a, only=(-1, -1, -1, -1)),
    "the learning rate α is left out": lambda *a: moved(*a[:-1], 1.0),
}


EXERCISES = [
    values(
        "binary_cross_entropy", "the loss of labels 0 and 1", draw_predictions,
        binary_cross_entropy, mistakes=LOSSES,
    ),
    gradients(
        "output_gradient", "δ_2, the gradient at the output",
        draw_outputs, output_gradient, ["dz2"], alternatives=wrong_output_gradients,
    ),
    gradients(
        "backward", "the whole backward pass of the classifier, by hand",
        draw_network, backward, ["dW1", "db1", "dw2", "db2"], alternatives=wrong_backwards,
    ),
    values(
        "training_step", "one step of gradient descent, for all four", draw_steps, moved,
        mistakes=STEPS,
    ),
]  # fmt: skip
