"""The dense jobs and the chain in HIPS autograd; Adam is the hand-written one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad

from .. import jobs
from .numpy_by_hand import adam


def prepare(job: str, options: dict[str, Any]) -> Callable[[int], None] | None:
    """The function that runs steps of a job."""
    if job == "chain of 200":
        return chain()
    if job not in jobs.DENSE and job != "2-64-32-1":
        return None
    random = np.random.default_rng(0)
    parameters = []
    for inputs, outputs in itertools.pairwise(jobs.DENSE.get(job, jobs.BINARY)):
        parameters += [jobs.glorot(random, inputs, outputs), np.zeros(outputs, np.float32)]
    step = adam(parameters)
    loss_of = binary_cross_entropy if job == "2-64-32-1" else cross_entropy
    gradients = grad(lambda parameters, x, y: loss_of(forward(parameters, x), y))
    batches = itertools.cycle(jobs.batches(job))

    def run(steps: int) -> None:
        for x, y in itertools.islice(batches, steps):
            step(gradients(parameters, x, y))

    return run


def forward(parameters: Any, x: Any) -> Any:
    for position in range(0, len(parameters), 2):
        x = anp.maximum(x, 0) if position else x
        x = anp.dot(x, parameters[position]) + parameters[position + 1]
    return x


def cross_entropy(z: Any, y: Any) -> Any:
    shifted = z - anp.max(z, axis=1, keepdims=True)
    picked = shifted[np.arange(len(y)), y]
    return anp.mean(anp.log(anp.sum(anp.exp(shifted), axis=1)) - picked)


def binary_cross_entropy(z: Any, y: Any) -> Any:
    return anp.mean(anp.logaddexp(0, z) - z * y)


def chain() -> Callable[[int], None]:
    w, b = map(np.float32, jobs.batches("chain of 200")[0])

    def value(w: Any, b: Any) -> Any:
        x = w
        for _ in range(jobs.CHAIN_LENGTH // 2):
            x = x * w + b
        return x

    gradients = grad(value, (0, 1))

    def run(steps: int) -> None:
        for _ in range(steps):
            gradients(w, b)

    return run
