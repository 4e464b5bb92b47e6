"""Counting as a language model: what a network has to beat."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from .text import _ids


class NGram:
    """P(next | the last `order` tokens) = (count(context, next) + s) / (count(context) + s V).

    V is vocab_size, s is smoothing: that many occurrences are added to each count, so that what was
    not seen has a chance. s = 1 is Laplace's rule; with s = 0, an unseen token has probability 0.
    order 1 is a bigram model, order 0 looks at how often a token comes and at nothing else.
    """

    def __init__(self, vocab_size: int, order: int, smoothing: float = 1.0) -> None:
        whole = all(isinstance(n, int | np.integer) for n in (vocab_size, order))
        number = isinstance(smoothing, int | float | np.number)
        if not (whole and number and vocab_size >= 1 and order >= 0 and 0 <= smoothing < math.inf):
            raise ValueError(
                "NGram needs whole numbers vocab_size ≥ 1 and order ≥ 0, and smoothing ≥ 0, not "
                f"{vocab_size!r}, {order!r} and {smoothing!r}; NGram(len(tokenizer), order=2)"
            )
        self.vocab_size, self.order, self.smoothing = vocab_size, order, smoothing
        self.contexts: Counter[tuple[int, ...]] = Counter()
        self.runs: Counter[tuple[int, ...]] = Counter()  # a context and the token after it

    def fit(self, tokens: Any) -> NGram:
        """Count the runs of a stream of tokens, on top of those counted before; returns itself."""
        runs = self._runs(tokens)
        self.runs.update(runs)
        self.contexts.update(run[:-1] for run in runs)
        return self

    def probability(self, context: Any, token: int) -> float:
        """P(token | the last tokens of context)."""
        last = _ids(context, self.vocab_size).tolist()
        if len(last) < self.order:
            raise ValueError(f"order {self.order} needs as many tokens of context, not {len(last)}")
        next_one = int(_ids([token], self.vocab_size)[0])
        return self._probability((*last[len(last) - self.order :], next_one))

    def score(self, tokens: Any) -> float:
        """−mean ln P of each token with a whole context before it: the cross-entropy, in nats."""
        runs = self._runs(tokens)
        if not runs:
            raise ValueError(f"order {self.order} needs more than {self.order} tokens to score")
        chances = [self._probability(run) for run in runs]
        return math.inf if min(chances) == 0 else -math.fsum(map(math.log, chances)) / len(runs)

    def _probability(self, run: tuple[int, ...]) -> float:
        s = self.smoothing
        total = self.contexts[run[:-1]] + s * self.vocab_size
        return (self.runs[run] + s) / total if total else 0.0

    def _runs(self, tokens: Any) -> list[tuple[int, ...]]:
        """Each order + 1 tokens in a row."""
        ids = _ids(tokens, self.vocab_size)
        if len(ids) <= self.order:
            return []
        windows = np.lib.stride_tricks.sliding_window_view(ids, self.order + 1)
        return [tuple(run) for run in windows.tolist()]
