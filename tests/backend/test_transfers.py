"""Training on a GPU copies nothing to the host but the numbers that somebody asks for.

On the stand-in the copies are counted. On a real GPU CuPy itself refuses them: its
allow_synchronize(False) makes every copy to the host, and every wait, an error.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import nn, optim
from tinygrad_edu.backend import pretend
from tinygrad_edu.data import DataLoader

pytestmark = pytest.mark.usefixtures("seeded")

RANDOM = np.random.default_rng(5)
PICTURES = RANDOM.normal(size=(8, 3, 8, 8)).astype(np.float32)
ROWS = RANDOM.normal(size=(8, 5)).astype(np.float32)
CLASSES = RANDOM.integers(0, 4, 8)
YES_OR_NO = RANDOM.integers(0, 2, (8, 1)).astype(np.float32)
TOKENS = RANDOM.integers(0, 7, (8, 6))


class Job(NamedTuple):
    """A network to be trained, the optimizer, and the data."""

    model: Callable[[], nn.Module]
    optimizer: Callable[[Any], optim.Optimizer]
    loss: Callable[[Any, Any], te.Tensor]
    data: tuple[np.ndarray, np.ndarray]


def dense(outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, outputs))


def normalised() -> nn.Module:
    return nn.Sequential(
        nn.Linear(5, 6), nn.BatchNorm1d(6), nn.GELU(), nn.LayerNorm(6), nn.Linear(6, 4)
    )


def convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.AvgPool2d(3),
        nn.Flatten(), nn.Linear(4, 4),
    )  # fmt: skip


def next_token(logits: te.Tensor, tokens: te.Tensor) -> te.Tensor:
    return F.cross_entropy(logits.reshape((-1, 7)), tokens.flatten())


JOBS = {
    "dense, Adam": Job(lambda: dense(4), optim.Adam, F.cross_entropy, (ROWS, CLASSES)),
    "dense, two classes, momentum": Job(
        lambda: dense(1),
        lambda params: optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        F.binary_cross_entropy_with_logits,
        (ROWS, YES_OR_NO),
    ),
    "dense, squares, RMSprop": Job(lambda: dense(1), optim.RMSprop, F.mse_loss, (ROWS, YES_OR_NO)),
    "normalised, Adagrad": Job(normalised, optim.Adagrad, F.cross_entropy, (ROWS, CLASSES)),
    "convolutional, AdamW": Job(convolutional, optim.AdamW, F.cross_entropy, (PICTURES, CLASSES)),
    "GPT, Adam": Job(
        lambda: nn.GPT(7, 6, 8, 2, 2, dropout=0.1), optim.Adam, next_token, (TOKENS, TOKENS)
    ),
}


def trained(job: Job, device: str, steps: int, watch: Callable[[te.Tensor], Any]) -> nn.Module:
    """The job's network after some steps; each loss is watched."""
    te.manual_seed(3)
    model = job.model().to(device)
    optimizer = job.optimizer(model.parameters())
    loader = DataLoader(job.data, batch_size=4, shuffle=True, device=device)
    for _ in range(steps):
        for x, y in loader:
            loss = job.loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch(loss)
    return model


@contextlib.contextmanager
def no_copies_from_the_gpu() -> Iterator[None]:
    """CuPy's own guard. It is deprecated, and says so in a warning."""
    import cupyx

    with warnings.catch_warnings(action="ignore"):
        guard = cupyx.allow_synchronize(False)
        guard.__enter__()
    try:
        yield
    finally:
        guard.__exit__(None, None, None)


every_job = pytest.mark.parametrize("job", JOBS.values(), ids=JOBS.keys())


@every_job
def test_training_copies_nothing_to_the_host(job: Job) -> None:
    with pretend.count_transfers() as counted:
        trained(job, "pretend-gpu", 2, lambda loss: None)
    assert counted.count == 0


@every_job
def test_each_number_that_is_asked_for_is_one_copy(job: Job) -> None:
    """So the count above sees a hidden .item() in a training loop."""
    with pretend.count_transfers() as counted:
        trained(job, "pretend-gpu", 2, float)
    assert counted.count == 2 * 2


@pytest.mark.gpu
@every_job
def test_cupy_itself_sees_no_copy_to_the_host(job: Job) -> None:
    trained(job, "cuda", 1, lambda loss: None)  # compiles what it needs
    with no_copies_from_the_gpu():
        trained(job, "cuda", 2, lambda loss: None)


@pytest.mark.gpu
def test_the_guard_of_cupy_sees_a_hidden_copy() -> None:
    import cupyx

    x = te.ones(3, device="cuda").sum()
    with no_copies_from_the_gpu(), pytest.raises(cupyx.DeviceSynchronized):
        x.item()


@every_job
def test_devices_train_alike(job: Job, device: str) -> None:
    """The same seed: the same weights to begin with, and to float32 rounding afterwards."""
    here, there = (trained(job, place, 0, float).state_dict() for place in ("cpu", device))
    for name, array in here.items():
        np.testing.assert_array_equal(there[name], array, name)
    losses: dict[str, list[float]] = {"cpu": [], device: []}
    here, there = (
        trained(job, place, 2, lambda x, place=place: losses[place].append(x.item())).state_dict()
        for place in ("cpu", device)
    )
    if device != "cpu":
        np.testing.assert_allclose(losses[device], losses["cpu"], rtol=1e-4, atol=1e-5)
    for name, array in here.items():
        np.testing.assert_allclose(there[name], array, rtol=1e-3, atol=1e-4, err_msg=name)
