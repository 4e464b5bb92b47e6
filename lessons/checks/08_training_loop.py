"""What the answers to the exercises of lesson 8 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import Exercise, ExerciseError, values
from tinygrad_edu.tables import equal


def draw_orders(random):
    """A short last batch, none, one batch only, and a batch larger than the data."""
    return [(random.permutation(n), size) for n, size in ((7, 3), (6, 3), (5, 5), (4, 10))]


def split_into_batches(order, size):
    loader = te.data.DataLoader((order,), batch_size=size)
    return tuple(rows.numpy() for (rows,) in loader)


def draw_means(random):
    """The case of the lesson, and others; sizes that are equal hide a missing weight."""
    return [
        (np.array([1.0, 0.0]), np.array([32, 1])),
        (random.normal(size=4), np.array([8, 8, 8, 3])),
        (random.normal(size=3), random.integers(1, 50, 3)),
    ]


def weighted_mean(means, sizes):
    rows = np.repeat(means, sizes)  # as if each row had the mean of its batch
    return te.tensor(rows).mean()


def draw_answers(random):
    """The ten samples of the lesson, 30 at random, and the cases of 0/0."""
    zeros, ones = np.zeros(5, dtype=int), np.ones(5, dtype=int)
    ten = (np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0]), np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0]))
    drawn = random.integers(0, 2, 30), random.integers(0, 2, 30)
    return [ten, drawn, (zeros, ones), (ones, zeros), (zeros, zeros)]


def precision_recall_f1(answer, truth):
    scores = te.metrics.precision_recall_f1(answer, truth, num_classes=2)
    return tuple(column[1] for column in scores[:3])


def draw_training(random):
    """7 rows of 4 features, 3 classes: with a short last batch, and all rows at once."""
    cases = []
    for size in (3, 7):
        x, W, b = (random.normal(size=shape) for shape in ((7, 4), (4, 3), 3))
        cases.append((x, random.permutation([0, 0, 1, 1, 1, 2, 2]), W, b, 0.5, size))
    return cases


def train(
    x,
    y,
    W,
    b,
    learning_rate,
    batch_size,
    *,
    reset=True,
    reduction="mean",
    weighted=True,
    uphill=False,
):
    """(W, b, loss) by the library's loop; the options make typical mistakes."""
    W, b = te.tensor(W, requires_grad=True), te.tensor(b, requires_grad=True)
    optimizer = te.optim.SGD([W, b], lr=learning_rate)
    losses, sizes = [], []
    for inputs, labels in te.data.DataLoader((x, y), batch_size=batch_size):
        logits = inputs @ W + b
        loss = F.cross_entropy(logits, labels, reduction)
        if reset:
            optimizer.zero_grad()
        (-loss if uphill else loss).backward()
        optimizer.step()
        losses.append(F.cross_entropy(logits, labels).item())
        sizes.append(len(inputs))
    return W.numpy(), b.numpy(), np.average(losses, weights=sizes if weighted else None)


TRAIN = values("", "", draw_training, train)
MISTAKES = {  # what to say: the options of train() that make this mistake
    "the gradients are never reset: each step repeats those before it": {"reset": False},
    "it goes uphill: the sign of the step is wrong": {"uphill": True},
    "1/n is missing in the gradient: the loss is a mean over the n rows of the batch": {
        "reduction": "sum"
    },
}


def check_train(function):
    """The values; and typical mistakes by name."""
    try:
        TRAIN.check(function)
    except ExerciseError:
        case = draw_training(np.random.default_rng(0))[0]
        given = function(*case)
        if not (isinstance(given, tuple | list) and len(given) == 3):
            raise
        for sentence, options in MISTAKES.items():
            if _same(given[:2], train(*case, **options)[:2]):
                raise ExerciseError(sentence) from None
        if _same(given, train(*case, weighted=False)):
            raise ExerciseError(
                "W and b are right. The loss is the plain mean of the batches; the last one is "
                "shorter, so weigh each batch with its rows"
            ) from None
        raise


def _same(given, wanted):
    return all(equal(*both, 1e-9) for both in zip(given, wanted, strict=True))


EXERCISES = [
    values("split_into_batches", "the batches of an epoch", draw_orders, split_into_batches),
    values("weighted_mean", "the mean over all rows", draw_means, weighted_mean),
    values(
        "precision_recall_f1", "precision, recall and F1", draw_answers, precision_recall_f1
    ),
    Exercise("train", "one epoch of the training loop, by hand", check_train),
]  # fmt: skip
