"""The jobs that are timed: whole training steps at the sizes that the documents train.

A job is forward, loss, forgetting old gradients, backward, and one step of Adam, on one batch. Each
peer in peers/ builds the same network. The numbers in the batches are random; so are the labels,
and the learning rate is so small that nothing is learned: gradients that die out would be slow.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

LEARNING_RATE, BETA1, BETA2, EPS = 1e-5, 0.9, 0.999, 1e-8
BATCHES = 16  # a job goes round through as many batches


class GPTSize(NamedTuple):
    """A GPT with 818,241 parameters: that of lesson 17 for characters."""

    vocabulary: int = 65
    context: int = 64
    width: int = 128
    heads: int = 4
    layers: int = 4


GPT_SIZE = GPTSize()
DENSE = {"784-128-10": (784, 128, 10), "784-128-64-10": (784, 128, 64, 10)}
BINARY = (2, 64, 32, 1)
CHAIN_LENGTH = 200
JOBS = (*DENSE, "2-64-32-1", "CIFAR CNN", "GPT", "chain of 200")
WHAT = {
    "784-128-10": "digits, batch 32 (003 §5.2)",
    "784-128-64-10": "digits, batch 32 (004 §5.2)",
    "2-64-32-1": "two features, sigmoid cross-entropy, batch 32 (002 §5.2)",
    "CIFAR CNN": "122,570 parameters, 32 images of 3 × 32 × 32 (001 §5.2)",
    "GPT": "818,241 parameters, 16 × 64 tokens (000 §5.2)",
    "chain of 200": "200 operations on single numbers, forward and backward",
}


def batches(job: str) -> list[tuple[Any, Any]]:
    """The job's batches (x, y) as NumPy arrays; for the chain, two numbers."""
    random = np.random.default_rng(0)

    def one() -> tuple[Any, Any]:
        if job in DENSE:
            return random.random((32, 784), np.float32), random.integers(0, 10, 32)
        if job == "2-64-32-1":
            y = random.integers(0, 2, (32, 1)).astype(np.float32)
            return random.standard_normal((32, 2), np.float32), y
        if job == "CIFAR CNN":
            return random.random((32, 3, 32, 32), np.float32), random.integers(0, 10, 32)
        if job == "GPT":
            tokens = random.integers(0, GPT_SIZE.vocabulary, (16, GPT_SIZE.context + 1))
            return tokens[:, :-1], tokens[:, 1:]
        return 0.999, 0.001  # w and b of x ← x w + b, so that x stays near 1

    return [one() for _ in range(BATCHES)]


def glorot(random: np.random.Generator, inputs: int, outputs: int) -> np.ndarray:
    """Weights for peers that have no layers: U(−√(6/(inputs + outputs)), +…)."""
    limit = np.sqrt(6 / (inputs + outputs))
    return random.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)
