"""What the answers to the exercises of lesson 5 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import gradients, values


def sigmoid(z):
    return te.sigmoid(te.tensor(z)).numpy()


def draw_activations(random):
    """Activations of 5 and of 3 × 4 neurons, some of them saturated."""
    return [(sigmoid(4 * random.normal(size=shape)),) for shape in (5, (3, 4))]


def sigmoid_derivative(a):
    z = te.tensor(np.log(a / (1 - a)), requires_grad=True)
    return te.grad(te.sigmoid(z).sum(), [z])[0].numpy()


SLOPE_MISTAKES = {
    "this is σ(a) (1 - σ(a)), the slope at the place a. But a is an activation: the sigmoid is in "
    "it already": lambda a: sigmoid(a) * (1 - sigmoid(a)),
}


def draw_layers(random, samples=7):
    """3 inputs, 4 hidden neurons, 2 outputs: x, w1, b1, w2, b2."""
    shapes = (samples, 3), (3, 4), (4,), (4, 2), (2,)
    return tuple(random.normal(size=shape) for shape in shapes)


def forward(x, w1, b1, w2, b2):
    a2 = te.sigmoid(te.tensor(x) @ te.tensor(w1) + te.tensor(b1))
    return a2.numpy(), te.sigmoid(a2 @ te.tensor(w2) + te.tensor(b2)).numpy()


FORWARD_MISTAKES = {
    "the biases are left out": lambda x, w1, b1, w2, b2: forward(x, w1, 0 * b1, w2, 0 * b2),
    "the output is z_3: its sigmoid is missing": (
        lambda x, w1, b1, w2, b2: (a2 := forward(x, w1, b1, w2, b2)[0], a2 @ w2 + b2)
    ),
    "the sigmoid of the hidden layer is missing: a_2 is σ(z_2)": (
        lambda x, w1, b1, w2, b2: (z2 := x @ w1 + b1, sigmoid(z2 @ w2 + b2))
    ),
    "the order asked for is a_2, a_3": lambda *arguments: forward(*arguments)[::-1],
}


def draw_network(random):
    """The layers, 7 samples and their labels: x, y, w1, b1, w2, b2."""
    x, *layers = draw_layers(random)
    return x, random.integers(0, 2, (7, 2)).astype(float), *layers


def backward(x, y, w1, b1, w2, b2):
    places = [te.tensor(parameter, requires_grad=True) for parameter in (w1, b1, w2, b2)]
    w1, b1, w2, b2 = places
    a3 = te.sigmoid(te.sigmoid(te.tensor(x) @ w1 + b1) @ w2 + b2)
    loss = 0.5 * F.mse_loss(a3, te.tensor(y), "sum")
    return tuple(gradient.numpy() for gradient in te.grad(loss, places))


def wrong_backwards(x, y, w1, b1, w2, b2):
    """With other slopes, or the hidden layer's left out."""
    a2, a3 = forward(x, w1, b1, w2, b2)

    def with_slopes(slope2, slope3):
        dz3 = (a3 - y) * slope3
        dz2 = (dz3 @ w2.T) * slope2
        return x.T @ dz2, dz2.sum(axis=0), a2.T @ dz3, dz3.sum(axis=0)

    misread = [sigmoid(a) * (1 - sigmoid(a)) for a in (a2, a3)]
    return {
        "σ(a) (1 - σ(a)) in place of a (1 - a)": with_slopes(*misread),
        "the slope of the hidden layer was left out": with_slopes(1, a3 * (1 - a3)),
        "the slope of the output layer was left out": with_slopes(a2 * (1 - a2), 1),
    }


def draw_trainings(random):
    """Two networks without biases, with learning rate and steps."""
    cases = []
    for eta, steps in ((0.5, 1), (0.1, 20)):
        x, y, w1, _, w2, _ = draw_network(random)
        cases.append((x, y, w1, w2, eta, steps))
    return cases


def train(x, y, w1, w2, eta, steps, gradients=backward):
    for _ in range(steps):
        dw1, _, dw2, _ = gradients(x, y, w1, np.zeros(4), w2, np.zeros(2))
        w1, w2 = w1 - eta * dw1, w2 - eta * dw2
    return w1, w2


def train_one_after_the_other(x, y, w1, w2, eta, steps):
    """w2 moves first, and δ_2 is computed with the new one."""
    for _ in range(steps):
        a2, a3 = forward(x, w1, np.zeros(4), w2, np.zeros(2))
        dz3 = (a3 - y) * a3 * (1 - a3)
        w2 = w2 - eta * a2.T @ dz3
        w1 = w1 - eta * x.T @ ((dz3 @ w2.T) * a2 * (1 - a2))
    return w1, w2


def misread(*arguments):
    return wrong_backwards(*arguments)["σ(a) (1 - σ(a)) in place of a (1 - a)"]


TRAIN_MISTAKES = {
    "it goes uphill: the sign of the step is wrong": (
        lambda x, y, w1, w2, eta, steps: train(x, y, w1, w2, -eta, steps)
    ),
    "the learning rate η is left out": (
        lambda x, y, w1, w2, eta, steps: train(x, y, w1, w2, 1.0, steps)
    ),
    "it makes one step: the loop is missing": (
        lambda x, y, w1, w2, eta, steps: train(x, y, w1, w2, eta, 1)
    ),
    "the slopes are σ(a) (1 - σ(a)) in place of a (1 - a)": (
        lambda *arguments: train(*arguments, misread)
    ),
    "w_2 was moved before δ_2 was computed with it: first both δ, then both steps": (
        train_one_after_the_other
    ),
}


EXERCISES = [
    values(
        "sigmoid_derivative", "the slope of the sigmoid, from its activation", draw_activations,
        sigmoid_derivative, mistakes=SLOPE_MISTAKES,
    ),
    values(
        "forward", "both activations of the network",
        lambda random: [draw_layers(random), draw_layers(random, samples=5)], forward,
        mistakes=FORWARD_MISTAKES,
    ),
    gradients(
        "backward", "the whole backward pass of the network, by hand",
        draw_network, backward, ["dw1", "db1", "dw2", "db2"], alternatives=wrong_backwards,
    ),
    values(
        "train", "the listing with its loop", draw_trainings, train, mistakes=TRAIN_MISTAKES
    ),
]  # fmt: skip
