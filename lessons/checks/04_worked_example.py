"""What the answers to the exercises of lesson 4 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import Exercise, ExerciseError, gradients, values


def draw_predictions(random):
    """Two cases: 5 samples of 2 nodes, 7 samples of 3 nodes."""
    return [(random.random(shape), random.random(shape).round()) for shape in ((5, 2), (7, 3))]


def half_squared_error(prediction, target):
    return 0.5 * F.mse_loss(te.tensor(prediction), te.tensor(target), "sum").item()


LOSS = values("", "", draw_predictions, half_squared_error)


def check_loss(function):
    """The values, and an error on each kind of broadcasting."""
    LOSS.check(function)
    prediction = np.full((2, 2), 0.5)
    for target in (np.array([[1.0], [0.0]]), np.array([1.0, 0.0])):
        try:
            given = function(prediction, target)
        except ValueError:
            continue
        raise ExerciseError(
            f"the numbers are right. But a prediction of shape (2, 2) and a target of shape "
            f"{target.shape} have to raise a ValueError; it gives {given}"
        )


def draw_outputs(random):
    """Z and 0/1 labels of 7 samples and 2 nodes."""
    return 2 * random.normal(size=(7, 2)), random.integers(0, 2, (7, 2)).astype(float)


def output_gradient(z, y):
    place = te.tensor(z, requires_grad=True)
    loss = 0.5 * F.mse_loss(te.sigmoid(place), te.tensor(y), "sum")
    return te.grad(loss, [place])[0].numpy()


def wrong_output_gradients(z, y):
    a = 1 / (1 + np.exp(-z))
    twice = 1 / (1 + np.exp(-a))
    return {
        "σ'(ŷ) in place of σ'(z)": (a - y) * twice * (1 - twice),
        "z (1 - z) in place of ŷ (1 - ŷ)": (a - y) * z * (1 - z),
        "the factor σ'(z) was left out": a - y,
    }


def draw_layer(random):
    """A layer of 3 inputs and 2 nodes, and 7 samples."""
    x, W, b = (random.normal(size=shape) for shape in ((7, 3), (3, 2), (2,)))
    return x, W, b, random.integers(0, 2, (7, 2)).astype(float)


def layer_gradients(x, W, b, y):
    places = [te.tensor(W, requires_grad=True), te.tensor(b, requires_grad=True)]
    prediction = te.sigmoid(F.linear(te.tensor(x), *places))
    loss = 0.5 * F.mse_loss(prediction, te.tensor(y), "sum")
    return tuple(gradient.numpy() for gradient in te.grad(loss, places))


def wrong_layer_gradients(x, W, b, y):
    wrong = wrong_output_gradients(x @ W + b, y)
    return {name: (x.T @ delta, delta.sum(axis=0)) for name, delta in wrong.items()}


def draw_steps(random):
    """Two layers, each with its learning rate."""
    return [(*draw_layer(random), alpha) for alpha in (0.1, 0.5)]


def training_step(x, W, b, y, alpha):
    places = [te.tensor(W, requires_grad=True), te.tensor(b, requires_grad=True)]
    optimizer = te.optim.SGD(places, lr=alpha)
    for place, gradient in zip(places, layer_gradients(x, W, b, y), strict=True):
        place.grad = te.tensor(gradient)
    optimizer.step()
    return tuple(place.numpy() for place in places)


def moved_by(change):
    """The step where change(α, gradient) is added to W and to b."""

    def step(x, W, b, y, alpha):
        dW, db = layer_gradients(x, W, b, y)
        return W + change(alpha, dW), b + change(alpha, db)

    return step


WRONG_STEPS = {
    "it goes uphill: the sign is wrong": moved_by(lambda alpha, g: alpha * g),
    "the learning rate α is left out": moved_by(lambda alpha, g: -g),
    "α is left out and the sign is wrong, as in the document": moved_by(lambda alpha, g: g),
}


EXERCISES = [
    Exercise("half_squared_error", "the loss ½ Σ (ŷ - y)²", check_loss),
    gradients(
        "output_gradient", "δ = ∂L/∂Z: the loss and the slope of the sigmoid",
        draw_outputs, output_gradient, ["dZ"], alternatives=wrong_output_gradients,
    ),
    gradients(
        "layer_gradients", "the whole backward pass of the layer, by hand",
        draw_layer, layer_gradients, ["dW", "db"], alternatives=wrong_layer_gradients,
    ),
    values(
        "training_step", "one step of gradient descent",
        draw_steps, training_step, mistakes=WRONG_STEPS,
    ),
]  # fmt: skip
