"""Time per operation on small tensors: a chain of mul, add, tanh on 8 × 8 float32.

    python benchmarks/per_op.py

Compares this library, plain NumPy and, where it is installed, PyTorch, in turn within one process,
and prints medians over the rounds and the ratios pair by pair.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import tinygrad_edu as te

LENGTH, ROUNDS = 60, 300
x, w, b = (np.random.default_rng(i).random((8, 8), dtype=np.float32) for i in range(3))
upstream = np.ones((8, 8), np.float32)


def numpy_forward() -> None:
    y = x
    for _ in range(LENGTH):
        y = np.tanh(y * w + b)


def library_jobs() -> dict[str, Callable[[], None]]:
    start, weight, bias = te.tensor(x), te.tensor(w).requires_grad_(), te.tensor(b).requires_grad_()

    def forward() -> te.Tensor:
        y = start
        for _ in range(LENGTH):
            y = te.tanh(y * weight + bias)
        return y

    def both() -> None:
        weight.grad = bias.grad = None
        forward().backward(upstream)

    return {"forward": forward, "forward + backward": both}


def torch_jobs() -> dict[str, Callable[[], None]]:
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(1)
    start = torch.from_numpy(x)
    weight, bias = (torch.from_numpy(a.copy()).requires_grad_() for a in (w, b))
    ones = torch.ones(8, 8)

    def forward() -> torch.Tensor:
        y = start
        for _ in range(LENGTH):
            y = torch.tanh(y * weight + bias)
        return y

    def both() -> None:
        weight.grad = bias.grad = None
        forward().backward(ones)

    return {"forward": forward, "forward + backward": both}


def seconds(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def main() -> None:
    peers = {"tinygrad_edu": library_jobs(), "PyTorch": torch_jobs()}
    jobs = {("NumPy", "forward"): numpy_forward}
    jobs |= {(peer, what): job for peer, given in peers.items() for what, job in given.items()}
    times: dict[tuple[str, str], list[float]] = {key: [] for key in jobs}
    for _ in range(ROUNDS):
        for key, job in jobs.items():
            times[key].append(seconds(job))
    for (peer, what), values in times.items():
        print(
            f"{peer:14} {what:20} {statistics.median(values) / (3 * LENGTH) * 1e6:6.2f} µs per op"
        )
    for what in ("forward", "forward + backward"):
        ours = times["tinygrad_edu", what]
        for peer in ("NumPy", "PyTorch"):
            other = times.get((peer, what))
            if other:
                ratio = statistics.median(a / b for a, b in zip(ours, other, strict=True))
                print(f"{what}: {ratio:.2f} × {peer}")


if __name__ == "__main__":
    main()
