"""The dense jobs with the derivatives written by hand on NumPy arrays, and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.backend.threads import limit_threads

from .. import jobs


def prepare(job: str, options: dict[str, Any]) -> Callable[[int], None] | None:
    """The function that runs steps of a job."""
    if options.get("threads"):
        limit_threads(options["threads"])
    if job not in jobs.DENSE and job != "2-64-32-1":
        return None
    sizes = jobs.DENSE.get(job, jobs.BINARY)
    random = np.random.default_rng(0)
    parameters = []
    for inputs, outputs in itertools.pairwise(sizes):
        parameters += [jobs.glorot(random, inputs, outputs), np.zeros(outputs, np.float32)]
    step = adam(parameters)
    slope = softmax_slope if job in jobs.DENSE else sigmoid_slope
    batches = itertools.cycle(jobs.batches(job))

    def run(steps: int) -> None:
        for x, y in itertools.islice(batches, steps):
            step(gradients(parameters, x, y, slope))

    return run


def gradients(
    parameters: list[np.ndarray], x: np.ndarray, y: np.ndarray, slope: Callable[..., Any]
) -> list[np.ndarray]:
    """Forward through all layers, then back through all of them."""
    inputs = []
    for position in range(0, len(parameters), 2):
        if position:
            x = np.maximum(x, 0)
        inputs.append(x)
        x = x @ parameters[position] + parameters[position + 1]
    _, delta = slope(x, y)
    found: list[np.ndarray] = []
    for position in reversed(range(0, len(parameters), 2)):
        a = inputs[position // 2]
        found = [a.T @ delta, delta.sum(axis=0), *found]
        if position:
            delta = (delta @ parameters[position].T) * (a > 0)
    return found


def softmax_slope(z: np.ndarray, y: np.ndarray) -> tuple[Any, np.ndarray]:
    """The mean cross-entropy of softmax(z), and its gradient (P − Y) / N."""
    rows = np.arange(len(z))
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    p /= len(z)
    return loss, p


def sigmoid_slope(z: np.ndarray, y: np.ndarray) -> tuple[Any, np.ndarray]:
    """The mean binary cross-entropy of σ(z), and its gradient (p − y) / N."""
    loss = (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).mean()
    return loss, (1 / (1 + np.exp(-z)) - y) / len(z)


def adam(parameters: list[np.ndarray]) -> Callable[[list[np.ndarray]], None]:
    """Adam over all parameters, in place."""
    m = [np.zeros_like(p) for p in parameters]
    v = [np.zeros_like(p) for p in parameters]
    count = itertools.count(1)

    def step(grads: list[np.ndarray]) -> None:
        t = next(count)
        size = jobs.LEARNING_RATE / (1 - jobs.BETA1**t)
        root = float(np.sqrt(1 - jobs.BETA2**t))
        for i, g in enumerate(grads):
            m[i] *= jobs.BETA1
            m[i] += (1 - jobs.BETA1) * g
            v[i] *= jobs.BETA2
            v[i] += (1 - jobs.BETA2) * (g * g)
            parameters[i] -= size * m[i] / (np.sqrt(v[i]) / root + jobs.EPS)

    return step
