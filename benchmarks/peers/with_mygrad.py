"""The dense jobs and the chain in MyGrad, which has no optimizers: Adam is the hand-written one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mygrad
import numpy as np
from mygrad.nnet.activations import relu
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from .. import jobs
from .numpy_by_hand import adam


def prepare(job: str, options: dict[str, Any]) -> Callable[[int], None] | None:
    """The function that runs steps of a job."""
    if job == "GPT":
        return None
    if job == "chain of 200":
        return chain()
    random = np.random.default_rng(0)
    shapes = [(32, 3, 3, 3), (64, 32, 3, 3), (64, 64, 3, 3)] if job == "CIFAR CNN" else []
    sizes = (1024, 64, 10) if shapes else jobs.DENSE.get(job, jobs.BINARY)
    parameters = []
    for shape in shapes:
        parameters += [0.05 * random.standard_normal(shape, np.float32), np.zeros(shape[0])]
    for inputs, outputs in itertools.pairwise(sizes):
        parameters += [jobs.glorot(random, inputs, outputs), np.zeros(outputs)]
    tensors = [mygrad.tensor(p.astype(np.float32)) for p in parameters]
    loss_of = binary_cross_entropy if job == "2-64-32-1" else softmax_crossentropy
    step = adam([tensor.data for tensor in tensors])
    batches = itertools.cycle(jobs.batches(job))

    def run(steps: int) -> None:
        for x, y in itertools.islice(batches, steps):
            loss = loss_of(forward(tensors, x, len(shapes)), y)
            loss.backward()
            step([tensor.grad for tensor in tensors])

    return run


def forward(tensors: list[Any], x: Any, convolutions: int) -> Any:
    pairs = list(zip(tensors[::2], tensors[1::2], strict=True))
    for i, (w, b) in enumerate(pairs[:convolutions]):
        x = relu(conv_nd(x, w, stride=1) + b.reshape(1, -1, 1, 1))
        x = max_pool(x, (2, 2), 2) if i < 2 and x.shape[2] % 2 == 0 else pooled_odd(x, i)
    if convolutions:
        x = x.reshape(len(x), -1)
    for i, (w, b) in enumerate(pairs[convolutions:]):
        x = mygrad.matmul(relu(x) if i else x, w) + b
    return x


def pooled_odd(x: Any, i: int) -> Any:
    """2 × 2 pooling where the last row and column are left over; none after the third layer."""
    return max_pool(x[:, :, :-1, :-1], (2, 2), 2) if i < 2 else x


def binary_cross_entropy(z: Any, y: Any) -> Any:
    return mygrad.mean(mygrad.logaddexp(0, z) - z * y)


def chain() -> Callable[[int], None]:
    w, b = (mygrad.tensor(v, dtype=np.float32) for v in jobs.batches("chain of 200")[0])

    def run(steps: int) -> None:
        for _ in range(steps):
            x = w
            for _ in range(jobs.CHAIN_LENGTH // 2):
                x = x * w + b
            x.backward()

    return run
