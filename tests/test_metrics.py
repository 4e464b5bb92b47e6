"""Accuracy, the confusion matrix, precision, recall and F1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as te
from tinygrad_edu.metrics import accuracy, confusion_matrix, precision_recall_f1

# TP 3, FP 1, FN 2, TN 4, with class 1 as positive
PREDICTED = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
TARGET = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0]
TABLE = [[4, 1], [2, 3]]  # rows are what is so, columns what was said: [[TN, FP], [FN, TP]]


def as_scores(classes: list[int], count: int) -> np.ndarray:
    """Scores, some negative, whose largest entry of each row is the class."""
    rng = np.random.default_rng(0)
    scores = rng.uniform(-3, -1, (len(classes), count)).astype(np.float32)
    scores[np.arange(len(classes)), classes] += 4
    return scores


def test_the_table_of_true_and_false_positives(device):
    """In every form: lists, arrays, tensors of any device, classes and scores on either side."""
    forms = [
        lambda v: v, np.array, np.uint8, lambda v: np.array(v) > 0,
        lambda v: te.tensor(v, device=device), lambda v: as_scores(v, 2),
        lambda v: te.tensor(as_scores(v, 2), device=device, requires_grad=True),
        lambda v: te.one_hot(te.tensor(v, device=device), 2),
    ]  # fmt: skip
    for predicted in forms:
        for target in forms:
            counts = confusion_matrix(predicted(PREDICTED), target(TARGET))
            assert type(counts) is np.ndarray and counts.dtype == np.int64
            assert counts.tolist() == TABLE
            share = accuracy(predicted(PREDICTED), target(TARGET))
            assert type(share) is float and share == 0.7


def test_accuracy_is_the_share_of_right_answers():
    assert accuracy([0, 1, 2, 3], [0, 1, 2, 3]) == 1
    assert accuracy([0, 1, 2, 3], [1, 2, 3, 0]) == 0
    assert accuracy([0, 1, 2], [0, 1, 0]) == 2 / 3
    assert accuracy([5], [5]) == 1


def test_the_first_of_equal_scores_is_the_answer():
    assert accuracy([[1.0, 1.0], [0.0, 0.0]], [0, 0]) == 1


def test_confusion_matrix_of_many_classes():
    rng = np.random.default_rng(1)
    predicted, target = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    counts = confusion_matrix(predicted, target)
    for row in range(4):
        for column in range(4):
            wanted = sum(
                1 for p, t in zip(predicted, target, strict=True) if (t, p) == (row, column)
            )
            assert counts[row, column] == wanted
    assert counts.sum() == 200 and counts.trace() / 200 == accuracy(predicted, target)


def test_num_classes():
    assert confusion_matrix([0, 2], [0, 1]).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert confusion_matrix([0], [0], num_classes=2).tolist() == [[1, 0], [0, 0]]
    assert confusion_matrix([2], [2]).tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 1]]


METRICS: list[Callable[..., Any]] = [accuracy, confusion_matrix, precision_recall_f1]
metrics = pytest.mark.parametrize("metric", METRICS, ids=[m.__name__ for m in METRICS])
MISMATCH = r"{}: \(3,\) predictions do not pair with \(2,\) targets; give one target for each"
ONE_COLUMN = r"^{} needs .* with at least two classes.*\(3, 1\).*threshold=0.5.*y\[:, 0\]"


@metrics
@pytest.mark.parametrize(
    ("predicted", "target", "words"),
    [
        ([0, 1, 2], [0, 1], MISMATCH),
        ([0.0, 1.0], [0, 1], "whole numbers.*float64 of shape"),
        ([0, 1], np.float32([0, 1]), "whole numbers.*float32 of shape"),
        (1, 1, r"whole numbers.*shape \(\)"),
        (np.zeros((2, 2, 2)), [0, 1], r"\(2, 2, 2\)"),
        # one column has only one largest: every answer would count as right
        (np.float32([[0.1], [0.9], [0.2]]), [0, 1, 0], ONE_COLUMN),
        ([0, 1, 0], [[0], [1], [0]], ONE_COLUMN),
        (np.zeros((3, 0)), [0, 1, 0], r"\(3, 0\)"),
        ([], [], "{} needs classes as whole numbers.*float64 of shape"),
    ],
)
def test_wrong_inputs_give_a_sentence(metric, predicted, target, words, device):
    words = words.replace("{}", metric.__name__)
    with pytest.raises(ValueError, match=words):
        metric(predicted, target)
    with pytest.raises(ValueError):
        metric(te.tensor(predicted, device=device), te.tensor(target, device=device))


@metrics
def test_no_samples(metric):
    none = np.zeros(0, np.int64)
    with pytest.raises(ValueError, match=f"{metric.__name__} of no samples.*give at least one"):
        metric(none, none)


@pytest.mark.parametrize("metric", METRICS[1:])
def test_classes_outside_the_table(metric):
    with pytest.raises(ValueError, match="0 to 1, and 2 was met; count .* or pass num_classes"):
        metric([0, 2], [0, 1], num_classes=2)
    for classes in (2, None):
        with pytest.raises(ValueError, match="0 to 1, and -1 was met; count them from 0"):
            metric([0, 1], [0, -1], num_classes=classes)


def test_inputs_are_left_alone():
    predicted, target = np.array(PREDICTED), np.array(TARGET)
    for metric in METRICS:
        metric(predicted, target)
    assert predicted.tolist() == PREDICTED and target.tolist() == TARGET


# --- two classes from one probability a sample


def as_probabilities(classes: list[int]) -> np.ndarray:
    return np.where(np.array(classes) == 1, 0.75, 0.5)  # 0.5 itself is not above 0.5


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_a_threshold_makes_classes_of_probabilities(shape, device):
    """The target too as floats and as a column: what binary_cross_entropy needs."""
    p = te.tensor(as_probabilities(PREDICTED).reshape(shape), device=device, requires_grad=True)
    for y in (TARGET, np.float32(TARGET), np.array(TARGET) > 0, np.float64(TARGET)[:, None]):
        for target in (y, te.tensor(y, device=device)):
            assert accuracy(p, target, threshold=0.5) == 0.7
            assert confusion_matrix(p, target, threshold=0.5).tolist() == TABLE
            scores = precision_recall_f1(p, target, threshold=0.5)
            assert scores.recall.tolist() == precision_recall_f1(PREDICTED, TARGET).recall.tolist()
    logits = te.log(p.detach() / (1 - p.detach()))
    assert accuracy(logits, TARGET, threshold=0.0) == 0.7
    assert accuracy(p, TARGET, threshold=0.75) == 0.5  # now all are called 0


def test_a_threshold_always_means_two_classes():
    assert confusion_matrix([0.1], [0.0], threshold=0.5).tolist() == [[1, 0], [0, 0]]
    assert precision_recall_f1([0.1], [0.0], threshold=0.5).recall.tolist() == [1, 0]


@metrics
@pytest.mark.parametrize(
    ("predicted", "target", "words"),
    [
        ([0.1, 1.5], [0, 1], r"probabilities in \[0, 1\], and these run from 0.1 to 1.5; .*=0.0"),
        ([0.1, -0.5], [0, 1], r"these run from -0.5 to 0.1; for logits pass threshold=0.0"),
        ([0.1, np.nan], [0, 1], r"these run from nan to nan"),
        ([0.1, 0.2], [0, 2], "targets that are 0 or 1, and 2 was met; .*leave threshold out"),
        ([0.1, 0.2], [0.1, 0.9], "targets that are 0 or 1, and 0.1 was met"),
        ([[0.1, 0.9]], [1], r"probabilities of shape \(N,\) or \(N, 1\), .*\(1, 2\).*several"),
        ([0.1, 0.2], [[0, 1]], r"targets 0 or 1 of shape .* given int64 of shape \(1, 2\)"),
        ([0.1, 0.2], [0], r"\(2,\) predictions do not pair with \(1,\) targets"),
        (["a"], [0], "probabilities of shape"),
    ],
)
def test_wrong_inputs_beside_a_threshold(metric, predicted, target, words):
    with pytest.raises(ValueError, match=words):
        metric(predicted, target, threshold=0.5)


# --- precision, recall and F1


@pytest.mark.parametrize("form", [np.array, lambda v: as_scores(v, 2)])
def test_the_scores_of_the_table(form, device):
    """TP 3, FP 1, FN 2, TN 4: precision 3/4, recall 3/5, F1 2/3, accuracy 7/10."""
    said, so = te.tensor(form(PREDICTED), device=device), te.tensor(TARGET, device=device)
    scores = precision_recall_f1(said, so)
    wanted = [[4 / 6, 3 / 4], [4 / 5, 3 / 5], [8 / 11, 2 / 3], [5, 5]]
    for found, right in zip(scores, wanted, strict=True):
        np.testing.assert_allclose(found, right, rtol=0, atol=1e-12)
    assert accuracy(said, so) == pytest.approx(0.7, abs=1e-12)
    assert precision_recall_f1(said, so, average="micro")[:3] == (0.7, 0.7, 0.7)


def by_loops(
    predicted: list[int], target: list[int], classes: int, average: str | None
) -> list[Any]:
    """Precision, recall, F1 and support from counts by plain loops."""
    pairs = list(zip(predicted, target, strict=True))
    counts = []
    for k in range(classes):
        tp = sum(1 for p, t in pairs if p == k and t == k)
        fp = sum(1 for p, t in pairs if p == k and t != k)
        fn = sum(1 for p, t in pairs if p != k and t == k)
        counts.append((tp, fp, fn))
    if average == "micro":
        counts = [tuple(sum(column) for column in zip(*counts, strict=True))]
    rows = []
    for tp, fp, fn in counts:
        precision = tp / (tp + fp) if tp + fp else 0.0
        recall = tp / (tp + fn) if tp + fn else 0.0
        both = precision + recall
        rows.append((precision, recall, 2 * precision * recall / both if both else 0.0, tp + fn))
    columns = [list(column) for column in zip(*rows, strict=True)]
    if average is None:
        return columns
    weights = [1.0 if sum(c) else 0.0 for c in counts]
    if average == "weighted":
        weights = columns[3]
    means = [
        sum(w * x for w, x in zip(weights, column, strict=True)) / sum(weights)
        for column in columns[:3]
    ]
    return [*means, len(pairs)]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30),
    st.sampled_from([None, 5, 7]),
    st.sampled_from([None, "macro", "micro", "weighted"]),
)
def test_against_plain_loops(pairs, num_classes, average):
    predicted, target = [p for p, _ in pairs], [t for _, t in pairs]
    classes = num_classes or max(1, *predicted, *target) + 1
    scores = precision_recall_f1(predicted, target, num_classes, average)
    wanted = by_loops(predicted, target, classes, average)
    for name, found, right in zip(scores._fields, scores, wanted, strict=True):
        assert np.shape(found) == (() if average else (classes,)), name
        np.testing.assert_allclose(found, right, rtol=0, atol=1e-12, err_msg=name)


def test_nothing_over_nothing_is_0():
    never_said = precision_recall_f1([0, 0], [0, 1])
    assert never_said.precision.tolist() == [0.5, 0] and never_said.recall.tolist() == [1, 0]
    never_so = precision_recall_f1([0, 1], [0, 0])
    assert never_so.precision.tolist() == [1, 0] and never_so.recall.tolist() == [0.5, 0]
    for scores in (never_said, never_so):
        assert scores.f1.tolist() == [2 / 3, 0]


def test_the_macro_mean_is_over_the_classes_that_are_met():
    """A class that was neither said nor occurs says nothing about the model."""
    assert precision_recall_f1([1, 3], [1, 3], 9, "macro")[:3] == (1, 1, 1)
    assert precision_recall_f1([0, 1], [0, 0], 9, "macro").precision == 0.5  # said, wrongly


def test_there_are_at_least_two_classes_and_as_many_as_columns():
    assert precision_recall_f1([0], [0]).recall.tolist() == [1, 0]
    assert precision_recall_f1(as_scores([0, 1], 4), [0, 1]).recall.tolist() == [1, 1, 0, 0]
    assert confusion_matrix(as_scores([0, 1], 3), [0, 1]).shape == (3, 3)


def test_scores_print_as_a_table():
    assert precision_recall_f1(PREDICTED, TARGET).table().splitlines() == [
        "class  precision  recall      f1  support",
        "    0     0.6667  0.8000  0.7273        5",
        "    1     0.7500  0.6000  0.6667        5",
    ]
    assert precision_recall_f1(PREDICTED, TARGET, average="macro").table().splitlines()[1:] == [
        "  all     0.7083  0.7000  0.6970       10"
    ]


def test_types_of_the_scores():
    for average in ("macro", "micro", "weighted"):
        scores = precision_recall_f1(PREDICTED, TARGET, average=average)
        assert [type(x) for x in scores] == [float, float, float, int]
    each = precision_recall_f1(PREDICTED, TARGET)
    assert [x.dtype for x in each] == [np.float64, np.float64, np.float64, np.int64]


def test_an_unknown_average():
    with pytest.raises(ValueError, match='None, "macro", "micro" or "weighted", not \'mean\''):
        precision_recall_f1([0], [0], average="mean")


def test_a_binary_classifier_is_measured_in_fit(seeded):
    x = te.randn(40, 2)
    y = (x[:, :1] > 0).astype(te.float32)
    model = te.nn.Sequential(te.nn.Linear(2, 1), te.nn.Sigmoid())
    history = te.training.fit(
        model, te.nn.BCELoss(), te.optim.SGD(model.parameters(), lr=1.0),
        te.data.DataLoader((x, y), batch_size=10), 20, progress=False,
        metrics={"accuracy": lambda p, y: accuracy(p, y, threshold=0.5)},
    )  # fmt: skip
    assert history["accuracy"][-1] > 0.9
