"""Time of convolution, pooling and one training step of the network for colour images.

    python benchmarks/conv.py            on one core
    python benchmarks/conv.py 2          on two

The network is that of document 001 §5.2 (122,570 parameters), in batches of 32, with Adam. Compares
this library and, where it is installed, PyTorch in its settings (memory channels-last or not, Adam
fused or not), in turn within one process. Prints medians over the rounds, in processor time, which
a busy machine disturbs less than the clock (with two cores it counts both), and the ratios to the
fastest setting of PyTorch, round by round. The single operations are given leaves and a gradient,
which this library copies; inside a network it does not.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

import tinygrad_edu as te
from tinygrad_edu import nn, optim
from tinygrad_edu.backend.threads import limit_threads

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
ROUNDS, BATCH = 40, 32
Jobs = dict[str, Callable[[], object]]

rng = np.random.default_rng(0)
images = rng.standard_normal((BATCH, 3, 32, 32), dtype=np.float32)
labels = rng.integers(0, 10, BATCH)
hidden = rng.standard_normal((BATCH, 32, 15, 15), dtype=np.float32)  # what the second layer sees
kernels = rng.standard_normal((64, 32, 3, 3), dtype=np.float32)
shifts = rng.standard_normal(64, dtype=np.float32)
upstream = rng.standard_normal((BATCH, 64, 13, 13), dtype=np.float32)
pooled = rng.standard_normal((BATCH, 32, 7, 7), dtype=np.float32)


def channels_last(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def library_jobs() -> Jobs:
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 64),
        nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    optimizer, loss_fn = optim.Adam(model.parameters()), nn.CrossEntropyLoss()
    x, w, b = te.Tensor(channels_last(hidden), True), te.tensor(kernels), te.tensor(shifts)
    w.requires_grad_(), b.requires_grad_()
    g, g_pooled = te.Tensor(channels_last(upstream)), te.Tensor(channels_last(pooled))

    def step() -> None:
        loss = loss_fn(model(te.asarray(images)), te.asarray(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def convolve() -> None:
        x.grad = w.grad = b.grad = None
        nn.functional.conv2d(x, w, b).backward(g)

    def pool() -> None:
        x.grad = None
        nn.functional.max_pool2d(x, 2).backward(g_pooled)

    return {"training step": step, "conv2d": convolve, "max_pool2d": pool}


def torch_jobs(in_channels_last: bool, fused: bool) -> Jobs:
    import torch

    torch.set_num_threads(THREADS)
    memory = torch.channels_last if in_channels_last else torch.contiguous_format
    layers = torch.nn
    model = layers.Sequential(
        layers.Conv2d(3, 32, 3), layers.ReLU(), layers.MaxPool2d(2), layers.Conv2d(32, 64, 3),
        layers.ReLU(), layers.MaxPool2d(2), layers.Conv2d(64, 64, 3), layers.ReLU(),
        layers.Flatten(), layers.Linear(1024, 64), layers.ReLU(), layers.Linear(64, 10),
    ).to(memory_format=memory)  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), fused=fused)
    loss_fn = layers.CrossEntropyLoss()

    def tensor(a: np.ndarray, learn: bool = False) -> torch.Tensor:
        return torch.from_numpy(a).to(memory_format=memory).requires_grad_(learn)

    batch, targets = tensor(images), torch.from_numpy(labels)
    x, w, g, g_pooled = (
        tensor(hidden, True),
        tensor(kernels, True),
        tensor(upstream),
        tensor(pooled),
    )
    b = torch.from_numpy(shifts).requires_grad_()

    def step() -> None:
        loss = loss_fn(model(batch), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def convolve() -> None:
        x.grad = w.grad = b.grad = None
        layers.functional.conv2d(x, w, b).backward(g)

    def pool() -> None:
        x.grad = None
        layers.functional.max_pool2d(x, 2).backward(g_pooled)

    return {"training step": step, "conv2d": convolve, "max_pool2d": pool}


def all_torch_jobs() -> dict[str, Jobs]:
    try:
        import torch  # noqa: F401
    except ImportError:
        return {}
    return {
        f"PyTorch{', channels-last' * last}{', fused Adam' * fused}": torch_jobs(last, fused)
        for last in (False, True)
        for fused in (False, True)
    }


def milliseconds(job: Callable[[], object]) -> tuple[float, float]:
    """In processor time and by the clock."""
    clock, processor = time.perf_counter(), time.process_time()
    job()
    return (time.process_time() - processor) * 1e3, (time.perf_counter() - clock) * 1e3


def main() -> None:
    limit_threads(THREADS)
    peers = {"tinygrad_edu": library_jobs()} | all_torch_jobs()
    for what in ("conv2d", "max_pool2d", "training step"):
        times: dict[str, list[tuple[float, float]]] = {peer: [] for peer in peers}
        for round_ in range(-3, ROUNDS):  # the first rounds warm up
            for peer, jobs in peers.items():
                found = milliseconds(jobs[what])
                if round_ >= 0:
                    times[peer].append(found)
        print(f"{what}, forward and backward, batch {BATCH}, threads {THREADS}")
        for peer, values in times.items():
            processor, clock = (statistics.median(column) for column in zip(*values, strict=True))
            print(f"  {peer:35} {processor:7.2f} ms of processor time {clock:7.2f} ms by the clock")
        others = [peer for peer in peers if peer != "tinygrad_edu"]
        if others:
            best = min(others, key=lambda peer: statistics.median(t for t, _ in times[peer]))
            pairs = zip(times["tinygrad_edu"], times[best], strict=True)
            ratios = [a[0] / b[0] for a, b in pairs]
            print(f"  {statistics.median(ratios):.2f} × {best}\n")


if __name__ == "__main__":
    main()
