"""Rows set apart: training and test sets, folds for cross-validation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np

from ..backend import generator
from ..tensor import Tensor

Rows = Any  # an array, a Tensor or a list


def train_test_split(
    *arrays: Rows, test_size: float | int = 0.25, stratify: Rows = None, seed: int | None = None
) -> list[Any]:
    """Each array's rows in random order, cut in two: [x_train, x_test, y_train, y_test, …].

    Args:
        arrays: equally many rows each, shuffled alike.
        test_size: the share of test rows (rounded up), or their number.
        stratify: labels; every class then keeps its share in both parts.
        seed: for an order of its own; without it te.manual_seed decides.
    """
    rows = _equal_rows(arrays)
    if isinstance(test_size, Integral):
        count = int(test_size)
    else:
        count = math.ceil(round(test_size * rows, 9))  # 0.07 · 100 is 7, not 7.000000000000001
    if not 0 < count < rows:
        raise ValueError(
            f"test_size={test_size!r} of {rows} rows would leave one part empty; "
            "give a share between 0 and 1, or a number of rows"
        )
    random = generator(seed)
    if stratify is None:
        order = random.permutation(rows)
        test, train = order[:count], order[count:]
    else:
        test, train = _stratified(_host(stratify), count, rows, random)
    return [part for a in arrays for part in (_rows(a, train), _rows(a, test))]


def _stratified(
    labels: np.ndarray, count: int, rows: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Test and training rows in which every class has its share, to the nearest whole row."""
    if labels.shape != (rows,):
        raise ValueError(f"stratify needs one label a row, of shape ({rows},), not {labels.shape}")
    order = random.permutation(rows)
    _, group, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    whole, remainder = np.divmod(sizes * count, rows)  # each class's share, sizes · count / rows
    extra = np.argsort(-remainder, kind="stable")[: count - int(whole.sum())]
    whole[extra] += 1  # the largest remainders get the rows that rounding down left over
    chosen = np.zeros(rows, dtype=bool)
    for k, size in enumerate(whole):
        chosen[order[group[order] == k][:size]] = True
    return order[chosen[order]], order[~chosen[order]]


class KFold:
    """k folds: each row is in the test part once, and k − 1 times in the training part.

    Args:
        n_splits: k.
        shuffle: put the rows in random order first; otherwise folds are blocks of neighbours.
        seed: for an order of its own; without it te.manual_seed decides.
    """

    def __init__(self, n_splits: int = 5, shuffle: bool = False, seed: int | None = None) -> None:
        if not isinstance(n_splits, int) or n_splits < 2:
            raise ValueError(f"KFold needs at least 2 folds, not {n_splits!r}")
        self.n_splits, self.shuffle, self.seed = n_splits, shuffle, seed

    def split(self, data: Rows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The row numbers (train, test) of each fold; sizes differ by one at most."""
        rows = len(data)
        if rows < self.n_splits:
            raise ValueError(f"{rows} rows do not fill {self.n_splits} folds")
        random = generator(self.seed)
        order = random.permutation(rows) if self.shuffle else np.arange(rows)
        folds = np.array_split(order, self.n_splits)
        for i, test in enumerate(folds):
            yield np.concatenate([fold for j, fold in enumerate(folds) if j != i]), test


def _equal_rows(arrays: tuple[Rows, ...]) -> int:
    lengths = {len(a) for a in arrays}
    if len(lengths) != 1:
        raise ValueError(
            f"the arrays need equally many rows; they have {[len(a) for a in arrays]}. Rows are "
            "the first axis: cut the longer ones"
            if arrays
            else "train_test_split needs at least one array"
        )
    return lengths.pop()


def _host(a: Rows) -> np.ndarray:
    return a.numpy() if isinstance(a, Tensor) else np.asarray(a)


def _rows(a: Rows, order: np.ndarray) -> Any:
    return a[order] if isinstance(a, Tensor) else np.asarray(a)[order]
