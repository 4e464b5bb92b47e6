"""What the answers to the exercises of lesson 3 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import Exercise, ExerciseError, gradients, values


def draw_squares(random):
    """Each reduction for 5 numbers and for 4 samples of 3 outputs."""
    return [
        (random.normal(size=shape), random.normal(size=shape), how)
        for how in ("mean", "sum", "none")
        for shape in ((5,), (4, 3))
    ]


def squared_error(prediction, target, reduction):
    return F.mse_loss(te.tensor(prediction), te.tensor(target), reduction)


SQUARES = values("", "", draw_squares, squared_error)


def check_squares(function):
    """The values; and an error where NumPy would broadcast."""
    SQUARES.check(function)
    for shapes in (((5, 1), (5,)), ((5,), (5, 1)), ((4, 3), (3,))):
        try:
            given = function(np.full(shapes[0], 0.5), np.ones(shapes[1]), "mean")
        except ValueError:
            continue
        raise ExerciseError(
            f"the numbers are right. But a prediction of shape {shapes[0]} and a target of shape "
            f"{shapes[1]} have to raise a ValueError; it gives {given}"
        )


def draw_logits(random):
    """Ordinary logits first, then those at which the printed formula breaks down."""
    return [
        (3 * random.normal(size=6), random.integers(0, 2, 6).astype(float)),
        (np.array([40.0, 40.0, -40.0, -40.0]), np.array([0.0, 1.0, 0.0, 1.0])),
        (np.array([800.0, 800.0, -800.0, -800.0]), np.array([0.0, 1.0, 0.0, 1.0])),
    ]


def binary_cross_entropy(z, y):
    return F.binary_cross_entropy_with_logits(te.tensor(z), te.tensor(y), "none")


def draw_rows(random):
    """Ordinary logits first, then those whose exp overflows, or is 0 in a whole row."""
    Z, labels = random.normal(size=(5, 4)), random.permutation([0, 1, 2, 3, 1])
    return [(Z, labels), (Z + 1000, labels), (Z - 1000, labels), (1000 * Z, labels)]


def cross_entropy(Z, labels):
    return F.cross_entropy(te.tensor(Z), te.tensor(labels))


def over_the_whole_matrix(Z, labels):
    """The cross-entropy with the sum of all e^z in place of each row's."""
    return (np.log(np.exp(Z - Z.max()).sum()) + Z.max() - Z[np.arange(len(Z)), labels]).mean()


def over_the_whole_matrix_by_rows(Z, labels):
    """The same, where the largest of each row was subtracted first."""
    return over_the_whole_matrix(Z - Z.max(axis=1, keepdims=True), labels)


WHOLE = "the sum runs over the whole matrix: each row needs its own, axis=1"
CROSS_ENTROPY_MISTAKES = {
    "it is the sum over the samples; asked for is the mean": (
        lambda Z, labels: cross_entropy(Z, labels).item() * len(Z)
    ),
    "the sign is wrong: ln p is negative, and the loss is -ln p": (
        lambda Z, labels: -cross_entropy(Z, labels).item()
    ),
    WHOLE: over_the_whole_matrix,
    f"{WHOLE}, keepdims=True, as its largest has": over_the_whole_matrix_by_rows,
}
BINARY_MISTAKES = {
    "it is the mean over the samples; asked for is the loss of each": (
        lambda z, y: binary_cross_entropy(z, y).numpy().mean()
    ),
    "the sign is wrong: a loss is not negative": lambda z, y: -binary_cross_entropy(z, y).numpy(),
    "samples with y = 0 cost nothing: the term with 1 - y is missing": (
        lambda z, y: y * binary_cross_entropy(z, y).numpy()
    ),
}


def draw_classifier(random):
    """7 samples, 5 features, 3 classes; every class occurs."""
    X, W, b = (random.normal(size=shape) for shape in ((7, 5), (5, 3), 3))
    return X, W, b, random.permutation([0, 0, 1, 1, 1, 2, 2])


def classifier_gradients(X, W, b, labels):
    X, W, b = (te.tensor(array, requires_grad=True) for array in (X, W, b))
    found = te.grad(F.cross_entropy(X @ W + b, te.tensor(labels)), [X, W, b])
    return tuple(gradient.numpy() for gradient in found)


def wrong_classifier_gradients(X, W, b, labels):
    Z, Y, n = X @ W + b, np.eye(3)[labels], len(X)
    P, s = F.softmax(te.tensor(Z)).numpy(), te.sigmoid(te.tensor(Z)).numpy()
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    wrong = {
        "σ(Z) in place of softmax(Z)": (s - Y) / n,
        "the sigmoid of 002 §4.2.2 in place of softmax, which leaves the wrong classes out": (
            -Y * (1 - s) / n
        ),
        "P in place of P - Y": P / n,
        "only the true class, Y (P - 1), in place of P - Y": Y * (P - 1) / n,
        "the logits Z in place of P": (Z - Y) / n,
        "softmax down the columns, axis 0, in place of along the rows, axis 1": (
            (np.exp(Z) / np.exp(Z).sum(axis=0) - Y) / n
        ),
        "softmax over the whole matrix in place of each row": (np.exp(Z) / np.exp(Z).sum() - Y) / n,
        "the largest of each row subtracted, but e^z divided by the sum of the whole matrix": (
            (E / E.sum() - Y) / n
        ),
    }
    return {name: (dZ @ W.T, X.T @ dZ, dZ.sum(axis=0)) for name, dZ in wrong.items()}


EXERCISES = [
    Exercise("squared_error", "squared error with its three reductions", check_squares),
    values(
        "binary_cross_entropy", "binary cross-entropy from logits", draw_logits,
        binary_cross_entropy, mistakes=BINARY_MISTAKES,
    ),
    values(
        "cross_entropy", "softmax with cross-entropy", draw_rows, cross_entropy,
        mistakes=CROSS_ENTROPY_MISTAKES,
    ),
    gradients(
        "classifier_backward", "the whole backward pass of a linear classifier",
        draw_classifier, classifier_gradients, ["dX", "dW", "db"],
        alternatives=wrong_classifier_gradients,
    ),
]  # fmt: skip
