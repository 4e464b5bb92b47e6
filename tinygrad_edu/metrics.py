"""How good predictions are: accuracy, the confusion matrix, precision, recall and F1.

Every metric takes what a model gives, on any device, as tensors, arrays or lists:

    classes         whole numbers of shape (N,)
    scores          (N, classes), such as logits: the largest of each row is the answer
    probabilities   (N,) or (N, 1), of two classes: with threshold=0.5, above it means class 1
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .tensor import Tensor

Numbers = Any  # an array with one number a class, or a single number for all of them


class Scores(NamedTuple):
    """What precision_recall_f1 found: arrays (classes,), or numbers where it averaged."""

    precision: Numbers
    recall: Numbers
    f1: Numbers
    support: Numbers  # how many samples are of the class

    def table(self) -> str:
        """The numbers as lines of text: one a class, or one for all."""
        lines = ["class  precision  recall      f1  support"]
        rows = zip(*(np.atleast_1d(column) for column in self), strict=True)
        for number, (precision, recall, f1, support) in enumerate(rows):
            name = "all" if np.ndim(self.support) == 0 else str(number)
            lines.append(f"{name:>5}  {precision:9.4f}  {recall:6.4f}  {f1:6.4f}  {support:7d}")
        return "\n".join(lines)


def accuracy(predicted: Any, target: Any, threshold: float | None = None) -> float:
    """The share of right answers: (TP + TN) / N for two classes.

    Args:
        predicted: classes (N,) or scores (N, classes).
        target: the same.
        threshold: with it predicted holds one number a sample, (N,) or (N, 1): class 1 where it is
            above the threshold, else class 0. 0.5 for probabilities, 0.0 for logits. The target is
            then 0 or 1 in any dtype, (N,) or (N, 1). To measure it in fit(), pass
            metrics={"accuracy": lambda p, y: te.metrics.accuracy(p, y, threshold=0.5)}.
    """
    said, so, _ = _answers("accuracy", predicted, target, threshold)
    return float((said == so).mean())


def confusion_matrix(
    predicted: Any, target: Any, num_classes: int | None = None, threshold: float | None = None
) -> np.ndarray:
    """How often each class (row) was taken for each (column): counts (classes, classes).

    Of two classes, with 1 as the positive one, it is [[TN, FP], [FN, TP]].

    Args:
        num_classes: how many there are; otherwise the columns of the scores, or as many as the
            largest class that occurs needs.
        threshold: as for accuracy().
    """
    said, so, least = _answers("confusion_matrix", predicted, target, threshold)
    return _counts(said, so, _number_of_classes(said, so, least, num_classes))


def precision_recall_f1(
    predicted: Any,
    target: Any,
    num_classes: int | None = None,
    average: str | None = None,
    threshold: float | None = None,
) -> Scores:
    """How far a class can be trusted where it was said, and how much of it was found.

        precision = TP / (TP + FP)          of all that was called the class, the share that is it
        recall    = TP / (TP + FN)          of all that is the class, the share that was found
        F1        = 2 TP / (2 TP + FP + FN) = 2 · precision · recall / (precision + recall)

    For each class in turn, TP (true positives) counts its samples that were called so, FP (false
    positives) the others that were called so, FN (false negatives) its samples that were not. 0/0
    is defined as 0: a class that was never said has precision 0, one that never occurs recall 0.

    Of two classes, 1 is commonly the positive one: its numbers stand at index 1 of the result,
    as in precision_recall_f1(predicted, target).recall[1].

    Args:
        num_classes: as for confusion_matrix(), but at least two.
        average: None for an array with one number a class; or a single number for all of them,
            "macro": the plain mean over the classes that were said or occur,
            "weighted": the mean with each class weighted by its support, TP + FN,
            "micro": from TP, FP and FN summed over the classes. Every sample has one class, so each
            error is one FP and one FN, and all three numbers are then the accuracy.
        threshold: as for accuracy().
    """
    if average not in (None, "macro", "micro", "weighted"):
        raise ValueError(f'average is None, "macro", "micro" or "weighted", not {average!r}')
    said, so, least = _answers("precision_recall_f1", predicted, target, threshold)
    counts = _counts(said, so, _number_of_classes(said, so, max(least, 2), num_classes))
    tp = counts.diagonal()
    fp, fn = counts.sum(axis=0) - tp, counts.sum(axis=1) - tp
    support = tp + fn
    if average == "micro":
        tp, fp, fn = tp.sum(), fp.sum(), fn.sum()
    each = [_ratio(tp, tp + fp), _ratio(tp, tp + fn), _ratio(2 * tp, 2 * tp + fp + fn)]
    if average is None:
        return Scores(each[0], each[1], each[2], support)
    weight = tp + fp + fn > 0  # the classes that were said or occur
    if average == "weighted":
        weight = support
    precision, recall, f1 = (float((x * weight).sum() / weight.sum()) for x in each)
    return Scores(precision, recall, f1, int(support.sum()))


# --- what the metrics share


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, and 0 where both are 0."""
    quotient = np.zeros(np.shape(below))
    np.divide(above, below, out=quotient, where=below != 0)
    return quotient


def _counts(said: np.ndarray, so: np.ndarray, classes: int) -> np.ndarray:
    """The confusion matrix of classes said and classes that are so."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (so, said), 1)
    return counts


def _number_of_classes(said: np.ndarray, so: np.ndarray, least: int, wanted: int | None) -> int:
    low = int(min(said.min(), so.min()))
    high = int(max(said.max(), so.max()))
    classes = max(high + 1, least) if wanted is None else wanted
    if low < 0 or high >= classes:
        raise ValueError(
            f"classes run from 0 to {classes - 1}, and {low if low < 0 else high} was met; count "
            "them from 0, or pass num_classes="
        )
    return classes


def _answers(
    name: str, predicted: Any, target: Any, threshold: float | None
) -> tuple[np.ndarray, np.ndarray, int]:
    """Both as classes (N,), and how many classes there are at least."""
    if threshold is None:
        (said, columns), (so, more) = _classes(name, predicted), _classes(name, target)
        least = max(columns, more)
    else:
        said, so, least = _above(name, predicted, threshold), _zero_or_one(name, target), 2
    if said.shape != so.shape:
        raise ValueError(
            f"{name}: {said.shape} predictions do not pair with {so.shape} targets; give one "
            "target for each prediction"
        )
    if said.size == 0:
        raise ValueError(f"{name} of no samples is undefined; give at least one")
    return said, so, least


def _host(values: Any) -> np.ndarray:
    return values.numpy() if isinstance(values, Tensor) else np.asarray(values)


def _classes(name: str, values: Any) -> tuple[np.ndarray, int]:
    """Class indices (N,), of scores (N, classes) the largest in each row; and the columns."""
    array = _host(values)
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(axis=1), array.shape[1]
    if array.ndim != 1 or array.dtype.kind not in "iub":
        raise ValueError(
            f"{name} needs classes as whole numbers of shape (N,), or scores of shape (N, classes) "
            f"with at least two classes; it was given {array.dtype} of shape {array.shape}. For "
            "one probability a sample pass threshold=0.5, of a column of labels y take y[:, 0]; a "
            "regression has no accuracy, so give fit() metrics={}"
        )
    return array.astype(np.int64), 1


def _one_a_sample(name: str, what: str, values: Any) -> np.ndarray:
    """Numbers of shape (N,), from (N,) or (N, 1)."""
    array = _host(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "fiub":
        raise ValueError(
            f"{name} with a threshold needs {what} of shape (N,) or (N, 1), one a sample; it was "
            f"given {array.dtype} of shape {array.shape}. For scores of several classes leave "
            "threshold out"
        )
    return array


def _above(name: str, values: Any, threshold: float) -> np.ndarray:
    """1 where the probability is above the threshold, else 0."""
    array = _one_a_sample(name, "probabilities", values)
    if 0 < threshold < 1 and array.size and not (array.min() >= 0 and array.max() <= 1):
        raise ValueError(
            f"{name}: threshold={threshold!r} is for probabilities in [0, 1], and these run from "
            f"{array.min():.4g} to {array.max():.4g}; for logits pass threshold=0.0"
        )
    return (array > threshold).astype(np.int64)


def _zero_or_one(name: str, values: Any) -> np.ndarray:
    """Targets of two classes as whole numbers."""
    array = _one_a_sample(name, "targets 0 or 1", values)
    other = array[(array != 0) & (array != 1)]
    if other.size:
        raise ValueError(
            f"{name} with a threshold needs targets that are 0 or 1, and {other[0]} was met; for "
            "classes from 0 up leave threshold out and give scores of shape (N, classes)"
        )
    return array.astype(np.int64)
