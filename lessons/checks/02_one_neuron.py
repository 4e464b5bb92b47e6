"""What the answers to the exercises of lesson 2 are checked with: the library itself."""

import sys

import numpy as np

import tinygrad_edu as te
from tinygrad_edu.exercise import Exercise, ExerciseError, gradients, values


def draw_outputs(random):
    """Outputs and targets: numbers, a row, a matrix."""
    shapes = (), (5,), (2, 3)
    return [(random.uniform(0.05, 0.95, shape), random.uniform(0, 1, shape)) for shape in shapes]


def correct_delta(y_hat, y):
    z = te.tensor(np.log(y_hat / (1 - y_hat)), requires_grad=True)  # the z that gives this output
    d = te.sigmoid(z) - te.tensor(np.asarray(y))
    return te.grad((0.5 * d * d).sum(), z).numpy()


DELTA_MISTAKES = {
    "the sign is wrong: ½ (ŷ - y)² has the slope ŷ - y": lambda y_hat, y: -correct_delta(y_hat, y),
    "σ'(ŷ) in place of σ'(z): ŷ is σ(z) already, so the slope is ŷ (1 - ŷ)": (
        lambda y_hat, y: (y_hat - y) * slope(y_hat)
    ),
    "this is ∂L/∂ŷ: the slope f'(z) is left out": lambda y_hat, y: y_hat - y,
    "this is f'(z) alone: ∂L/∂ŷ is left out": lambda y_hat, y: y_hat * (1 - y_hat),
}


def draw_neuron(random):
    """7 samples with 3 inputs."""
    A, w = random.normal(size=(7, 3)), random.normal(size=3)
    return A, w, random.normal(), random.uniform(0, 1, 7)


def neuron_gradients(A, w, b, y):
    w, b = te.tensor(w, requires_grad=True), te.tensor(np.asarray(b), requires_grad=True)
    d = te.sigmoid(te.tensor(A) @ w + b) - te.tensor(y)
    return tuple(gradient.numpy() for gradient in te.grad((0.5 * d * d).mean(), [w, b]))


def wrong_neuron_gradients(A, w, b, y):
    y_hat = sigmoid(A @ w + b)
    wrong, none = (y_hat - y) * slope(y_hat) / len(y), (y_hat - y) / len(y)
    return {
        "σ'(ŷ) in place of σ'(z)": (A.T @ wrong, wrong.sum()),
        "∂L/∂ŷ in place of δ: f' was left out, or undone as in 001 §4.2": (A.T @ none, none.sum()),
    }


def draw_layer(random):
    """6 samples, 4 inputs, 3 neurons."""
    return tuple(random.normal(size=size) for size in ((6, 4), (4, 3), 3, (6, 3)))


def layer_gradients(X, W, b, G):
    X, W, b = (te.tensor(array, requires_grad=True) for array in (X, W, b))
    found = te.grad(te.sigmoid(X @ W + b), [X, W, b], grad_output=te.tensor(G))
    return tuple(gradient.numpy() for gradient in found)


def wrong_layer_gradients(X, W, b, G):
    wrong = G * slope(sigmoid(X @ W + b))
    return {
        "σ'(a) in place of σ'(z)": (wrong @ W.T, X.T @ wrong, wrong.sum(axis=0)),
        "G in place of δ: f' was left out, or undone as in 001 §4.2": (
            G @ W.T, X.T @ G, G.sum(axis=0),
        ),
    }  # fmt: skip


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(z):
    return sigmoid(z) * (1 - sigmoid(z))


# --- the order of sending


class Counted(dict):
    """The inputs of values, which counts how often it is asked."""

    def __init__(self, inputs):
        super().__init__(inputs)
        self.asked, self.most = 0, 20 * sum(1 + len(xs) for xs in inputs.values())

    def __getitem__(self, value):
        self.asked += 1
        if self.asked > self.most:
            raise ExerciseError(
                f"in a graph of {len(self)} values it has looked up inputs {self.most} times: it "
                "goes back every way alone, and y = y + y doubles them. Visit each value once"
            )
        return super().__getitem__(value)


def graphs(random):
    """Graphs by name, loss last; an input is named by its place in the list."""
    deep = sys.getrecursionlimit() + 500
    branches = [()] * 4
    for v in range(4, 40):
        branches.append(tuple(random.integers(0, v, 2).tolist()))
    branches.append(tuple(range(40)))
    return {
        "(ŷ - y)², where the difference is used twice": [(), (), (0, 1), (2, 2)],
        "x used at once and later": [(), (0,), (1,), (2, 0)],
        "a value that the loss does not use": [(), (0, 0), (0,), (1, 1)],
        "40 values with two inputs each": branches,
        "y = y + y, 16 times": [()] + [(v, v) for v in range(16)],
        f"a chain of {deep} values": [()] + [(v,) for v in range(deep - 1)],
    }


def belonging(inputs, loss):
    """The values that loss was computed from, and itself."""
    found, seen = [loss], {loss}
    for value in found:  # grows while we go through it
        new = set(inputs[value]) - seen
        found += new
        seen |= new
    return seen


def check_sending_order(sending_order):
    """Each graph with its values numbered at random, so that no numbering gives the order away."""
    random = np.random.default_rng(0)
    for name, graph in graphs(random).items():
        number = random.permutation(len(graph)).tolist()
        inputs = {number[v]: tuple(number[x] for x in xs) for v, xs in enumerate(graph)}
        loss = number[-1]
        try:
            order = sending_order(Counted(inputs), loss)
        except RecursionError as error:
            raise ExerciseError(
                f"{name}: too many calls inside each other. Use a loop and a list"
            ) from error
        if order is None:
            raise ExerciseError("it gives nothing back (None): is there a return?")
        shown = f"\n  inputs = {inputs}\n  loss = {loss}\n  given = {order}" * (len(graph) < 10)
        wanted = belonging(inputs, loss)
        if sorted(order) != sorted(wanted):
            raise ExerciseError(
                f"{name}: these {len(wanted)} values belong into the list, each once: "
                f"{str(sorted(wanted))[:60]}. It holds {len(order)}{shown}"
            )
        place = {value: i for i, value in enumerate(order)}
        for value, xs in inputs.items():
            for x in xs if value in place else ():
                if place[x] < place[value]:
                    raise ExerciseError(
                        f"{name}: {x} stands before {value}, which was computed from it and has "
                        f"still to send it a gradient{shown}"
                    )


EXERCISES = [
    values(
        "delta", "the δ of a sigmoid neuron", draw_outputs, correct_delta, mistakes=DELTA_MISTAKES
    ),
    gradients(
        "neuron_backward", "the backward pass of one neuron, for many samples",
        draw_neuron, neuron_gradients, ["dw", "db"], alternatives=wrong_neuron_gradients,
    ),
    gradients(
        "layer_backward", "the backward pass of a whole layer",
        draw_layer, layer_gradients, ["dX", "dW", "db"], alternatives=wrong_layer_gradients,
    ),
    Exercise("sending_order", "a topological order without recursion", check_sending_order),
]  # fmt: skip
