"""What the answers to the exercises of lesson 1 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
from tinygrad_edu.exercise import Exercise, ExerciseError, gradients, values

CASES = [(2.0,), (np.array([-3.0, -0.5, 0.0, 1.0, 4.0]),), (np.linspace(-2, 2, 6).reshape(2, 3),)]


def slope_of(function):
    """The slope of a function of the library, as a function of arrays."""

    def slope(x):
        t = te.tensor(np.asarray(x), requires_grad=True)
        return te.grad(function(t).sum(), t).numpy()

    return slope


def check_stable_sigmoid(stable_sigmoid):
    """First the values, then that NumPy has nothing to complain about on the way."""
    huge = np.array([-1e308, -1000.0, -710.0, -2.0, 0.0, 2.0, 710.0, 1000.0, 1e308])
    cases = [(np.array([-2.0, 0.0, 0.5]),), (huge,)]
    correct = values("stable_sigmoid", "", cases, lambda x: te.sigmoid(te.tensor(x)), 1e-12)
    correct.check(stable_sigmoid)
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            stable_sigmoid(huge.copy())
    except FloatingPointError as error:
        raise ExerciseError(
            f"the values are right, but on the way NumPy met this: {error}. np.where computes both "
            "sides everywhere, so neither may overflow: only e^-|x| is safe"
        ) from error


def draw_gate(random):
    """6 samples of 4 numbers."""
    return random.normal(size=(6, 4)), random.normal(size=4), random.normal(size=(6, 4))


def gate_gradients(a, b, g):
    a, b = te.tensor(a, requires_grad=True), te.tensor(b, requires_grad=True)
    found = te.grad(te.tanh(a) * te.sigmoid(b), [a, b], grad_output=te.tensor(g))
    return tuple(gradient.numpy() for gradient in found)


def wrong_gate_gradients(a, b, g):
    t, s = np.tanh(a), 1 / (1 + np.exp(-b))
    of_s = 1 / (1 + np.exp(-s))
    return {
        "tanh'(tanh a) in place of tanh' a": (
            g * (1 - np.tanh(t) ** 2) * s, (g * t * s * (1 - s)).sum(axis=0),
        ),
        "σ'(σ(b)) in place of σ'(b)": (
            g * (1 - t**2) * s, (g * t * of_s * (1 - of_s)).sum(axis=0),
        ),
        "the other factor of the product was left out": (
            g * (1 - t**2), (g * s * (1 - s)).sum(axis=0),
        ),
    }  # fmt: skip


SIGMOID_MISTAKES = {
    "this is σ'(σ(x)): σ was put in twice. With s = σ(x) the slope is s (1 - s)": (
        lambda x: slope_of(te.sigmoid)(te.sigmoid(te.tensor(x)).numpy())
    ),
    "this is x (1 - x): σ(x) belongs in place of x": lambda x: x * (1 - x),
}
TANH_MISTAKES = {
    "this is tanh'(tanh x): tanh was put in twice": lambda x: slope_of(te.tanh)(np.tanh(x)),
    "this is 1 - x²: tanh x belongs in place of x": lambda x: 1 - x**2,
    "this is 1 - tanh x: the square is missing": lambda x: 1 - np.tanh(x),
}
EXERCISES = [
    values(
        "sigmoid_slope", "the slope of the sigmoid", CASES, slope_of(te.sigmoid),
        mistakes=SIGMOID_MISTAKES,
    ),
    values(
        "tanh_slope", "the slope of tanh", CASES, slope_of(te.tanh), mistakes=TANH_MISTAKES,
    ),
    Exercise("stable_sigmoid", "the sigmoid of numbers of any size", check_stable_sigmoid),
    gradients(
        "gate_backward", "the backward pass of a gate, tanh(a) σ(b)",
        draw_gate, gate_gradients, ["da", "db"], alternatives=wrong_gate_gradients,
    ),
]  # fmt: skip
