"""The jobs in Keras with its fit(), over the library that KERAS_BACKEND names (JAX if none)."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras  # noqa: E402 (the line above chooses what it computes with)
from keras import layers  # noqa: E402

from .. import jobs  # noqa: E402


def prepare(job: str, options: dict[str, Any]) -> Callable[[int], None] | None:
    """The function that runs steps of a job."""
    if job == "chain of 200":
        return None
    model = network(job)
    loss: Any = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if job == "2-64-32-1":
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(jobs.LEARNING_RATE), loss=loss)
    batches = jobs.batches(job)
    if job == "CIFAR CNN":
        batches = [(x.transpose((0, 2, 3, 1)), y) for x, y in batches]
    x, y = (np.concatenate(part) for part in zip(*batches, strict=True))
    rows = len(x) // jobs.BATCHES

    def run(steps: int) -> None:
        for start in range(0, steps, jobs.BATCHES):
            part = rows * min(jobs.BATCHES, steps - start)
            model.fit(x[:part], y[:part], batch_size=rows, epochs=1, verbose=0)

    return run


def network(job: str) -> Any:
    """The job's network."""
    if job == "GPT":
        return gpt()
    if job == "CIFAR CNN":
        parts = [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2)]
        parts += [layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2)]
        parts += [layers.Conv2D(64, 3, activation="relu"), layers.Flatten()]
        parts += [layers.Dense(64, activation="relu"), layers.Dense(10)]
        return keras.Sequential([keras.Input((32, 32, 3)), *parts])
    sizes = jobs.DENSE.get(job, jobs.BINARY)
    hidden = [layers.Dense(size, activation="relu") for size in sizes[1:-1]]
    return keras.Sequential([keras.Input((sizes[0],)), *hidden, layers.Dense(sizes[-1])])


def gpt() -> Any:
    """The GPT of jobs.GPT_SIZE."""
    size = jobs.GPT_SIZE
    tokens = keras.Input((size.context,), dtype="int32")
    positions = keras.ops.arange(size.context)
    x = layers.Embedding(size.vocabulary, size.width)(tokens)
    x = x + layers.Embedding(size.context, size.width)(positions)
    for _ in itertools.repeat(None, size.layers):
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        attention = layers.MultiHeadAttention(size.heads, size.width // size.heads)
        x = x + attention(y, y, use_causal_mask=True)
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        y = layers.Dense(4 * size.width)(y)
        y = layers.Dense(size.width)(keras.activations.gelu(y, approximate=True))
        x = x + y
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    return keras.Model(tokens, layers.Dense(size.vocabulary)(x))
