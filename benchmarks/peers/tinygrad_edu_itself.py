"""The jobs in this library, as a lesson writes them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import nn
from tinygrad_edu.backend.threads import limit_threads

from .. import jobs


def prepare(job: str, options: dict[str, Any]) -> Callable[[int], None] | None:
    """The function that runs steps of a job."""
    if options.get("threads"):
        limit_threads(options["threads"])
    device = options.get("device", "cpu")
    if job == "chain of 200":
        return chain(device)
    model, loss_of = network(job)
    model.to(device)
    optimizer = te.optim.Adam(model.parameters(), lr=jobs.LEARNING_RATE)
    batches = itertools.cycle(
        [(te.tensor(x, device=device), te.tensor(y, device=device)) for x, y in jobs.batches(job)]
    )

    def run(steps: int) -> None:
        for x, y in itertools.islice(batches, steps):
            loss = loss_of(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        te.synchronize(device)

    return run


def network(job: str) -> tuple[nn.Module, Callable[[te.Tensor, te.Tensor], te.Tensor]]:
    """The job's network and its loss."""
    if job == "GPT":
        size = jobs.GPT_SIZE
        model = nn.GPT(size.vocabulary, size.context, size.width, size.heads, size.layers)
        return model, lambda z, y: F.cross_entropy(z.reshape((-1, size.vocabulary)), y.flatten())
    if job == "2-64-32-1":
        return dense(jobs.BINARY), F.binary_cross_entropy_with_logits
    return cifar_cnn() if job == "CIFAR CNN" else dense(jobs.DENSE[job]), F.cross_entropy


def dense(sizes: tuple[int, ...]) -> nn.Sequential:
    """Dense layers with ReLU between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def cifar_cnn() -> nn.Sequential:
    """The network of 001 §5.2, with logits."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2),  # (N, 32, 15, 15)
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),  # (N, 64, 6, 6)
        nn.Conv2d(64, 64, 3), nn.ReLU(),  # (N, 64, 4, 4)
        nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def chain(device: str) -> Callable[[int], None]:
    """x ← x w + b, with single numbers."""
    w, b = (te.tensor(v, device=device, requires_grad=True) for v in jobs.batches("chain")[0])

    def run(steps: int) -> None:
        for _ in range(steps):
            x = w
            for _ in range(jobs.CHAIN_LENGTH // 2):
                x = x * w + b
            w.grad = b.grad = None
            x.backward()
        te.synchronize(device)

    return run
