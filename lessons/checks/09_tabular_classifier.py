"""What the answers to the exercises of lesson 9 are checked with: the library itself."""

import tempfile
from pathlib import Path

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import Exercise, ExerciseError, gradients, values
from tinygrad_edu.tables import equal


def draw_tables(random):
    """Tables of 9 rows and 3 columns: no defects; two repeats; holes too, one in a row twice."""
    table = random.normal(size=(9, 3)).round(2)
    repeats = table[[0, 1, 2, 0, 3, 4, 2, 5, 0]]
    holes = repeats.copy()
    holes[[1, 4, 6], [2, 0, 1]] = np.nan
    twice = np.vstack([holes, holes])
    return [(table,), (repeats,), (holes,), (twice,)]


def clean_rows(rows):
    """What the library's reader keeps of these rows, written as a CSV file."""
    names = ",".join(f"c{i}" for i in range(rows.shape[1]))
    lines = [",".join(map(repr, row)) for row in rows.tolist()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        path.write_text("\n".join([names, *lines]), encoding="utf-8")
        table = te.data.read_csv(path).clean()
    return np.column_stack([table.features, table.labels])


def draw_train_and_test(random):
    """Two pairs of tables, whose columns differ in size."""
    sizes = np.array([10.0, 0.1, 3.0])
    return [
        tuple(random.normal(size=(n, 3)) * sizes + (50, 3, -7) for n in counts)
        for counts in ((8, 3), (20, 6))
    ]


def scale(train, test):
    scaler = te.data.StandardScaler()
    return scaler.fit_transform(train), scaler.transform(test)


SCALE = values("", "", draw_train_and_test, scale)


def check_scale(function):
    """The values; and three common mistakes by name."""
    try:
        SCALE.check(function)
    except ExerciseError:
        train, test = draw_train_and_test(np.random.default_rng(0))[0]
        given = function(train.copy(), test.copy())
        train_z, _ = scale(train, test)
        both = np.vstack([train, test])
        sample_sd = train_z * np.sqrt(7 / 8), scale(train, test)[1] * np.sqrt(7 / 8)
        own, leak = (train_z, scale(test, test)[0]), scale(both, train)[1:] + scale(both, test)[1:]
        for sentence, wrong in (
            ("the test rows are scaled with their own mean and sd; use those of training", own),
            ("mean and sd are of all rows: a leak. Use those of the training rows", leak),
            ("sd divides by n - 1 here; the formula has the mean, which divides by n", sample_sd),
        ):
            if _same(given, wrong):
                raise ExerciseError(sentence) from None
        raise


def _same(given, wanted):
    pair = isinstance(given, tuple) and len(given) == 2
    return pair and all(equal(*both, 1e-9) for both in zip(given, wanted, strict=True))


def draw_answers(random):
    """Both classes, several borders; and a class that is never said, one that never occurs."""
    p, label = random.random(12), random.integers(0, 2, 12)
    cases = [(p, label, threshold, k) for threshold in (0.3, 0.5, 0.8) for k in (0, 1)]
    never_said, never_there = (p, label, 1.0, 1), (p, np.zeros(12, int), 0.5, 1)
    return [*cases, never_said, never_there]


def precision_recall(probability, label, threshold, positive):
    said = (probability > threshold).astype(int)
    scores = te.metrics.precision_recall_f1(said, label, num_classes=2)
    return scores.precision[positive], scores.recall[positive]


def draw_network(random):
    """7 rows of 3 features, hidden layers of 6 and 5 neurons, one logit."""
    shapes = (7, 3), (7, 6), (7, 5), (7, 1), (6, 5), (5, 1)
    return *(random.normal(size=shape) for shape in shapes), random.integers(0, 2, (7, 1)) * 1.0


def network_gradients(x, z1, z2, z3, W2, W3, y):
    """The library's gradients. Each layer gets an offset that makes its output the given one."""
    W1, b1, b2, b3 = (
        te.tensor(np.zeros(shape), requires_grad=True)
        for shape in ((x.shape[1], z1.shape[1]), z1.shape[1], z2.shape[1], 1)
    )
    W2, W3 = te.tensor(W2, requires_grad=True), te.tensor(W3, requires_grad=True)
    out = te.tensor(x)
    for W, b, z in ((W1, b1, z1), (W2, b2, z2), (W3, b3, z3)):
        plain = out @ W + b
        moved = plain + te.tensor(z - plain.numpy())
        out = F.relu(moved)
    loss = F.binary_cross_entropy_with_logits(moved, te.tensor(y))
    places = [W1, b1, W2, b2, W3, b3]
    return tuple(gradient.numpy() for gradient in te.grad(loss, places))


def relu(z):
    return np.maximum(z, 0)


def by_hand(x, z1, z2, z3, W2, W3, y, *, dz3=None, slope=lambda z, d: z > 0, activation=relu):
    """The backward pass from dz3, with a slope of ReLU and inputs of layers that may be wrong."""
    p = 1 / (1 + np.exp(-z3))
    dz3 = (p - y) / len(y) if dz3 is None else dz3(p, y)
    da2 = dz3 @ W3.T
    dz2 = da2 * slope(z2, da2)
    da1 = dz2 @ W2.T
    dz1 = da1 * slope(z1, da1)
    a1, a2 = activation(z1), activation(z2)
    return (
        x.T @ dz1, dz1.sum(axis=0), a1.T @ dz2, dz2.sum(axis=0), a2.T @ dz3, dz3.sum(axis=0),
    )  # fmt: skip


def wrong_network_gradients(*arguments):
    return {
        "dz3 with one more σ'(z3): it is in (σ(z3) - y) already": by_hand(
            *arguments, dz3=lambda p, y: (p - y) * p * (1 - p) / len(y)
        ),
        "∂L/∂o in place of ∂L/∂z3: σ'(z3) is missing": by_hand(
            *arguments, dz3=lambda p, y: (p - y) / (p * (1 - p)) / len(y)
        ),
        "ReLU'(da) in place of ReLU'(z)": by_hand(*arguments, slope=lambda z, d: d > 0),
        "da in place of dz: the slope of ReLU is left out": by_hand(
            *arguments, slope=lambda z, d: np.ones_like(z)
        ),
        "z in place of a = relu(z), the input of the layer": by_hand(
            *arguments, activation=lambda z: z
        ),
    }


EXERCISES = [
    values("clean_rows", "rows without holes and repeats", draw_tables, clean_rows),
    Exercise("scale", "standard scaling without a leak", check_scale),
    values("precision_recall", "precision and recall of a class", draw_answers, precision_recall),
    gradients(
        "network_backward", "the whole backward pass of the network, by hand",
        draw_network, network_gradients, ["dW1", "db1", "dW2", "db2", "dW3", "db3"],
        alternatives=wrong_network_gradients,
    ),
]  # fmt: skip
