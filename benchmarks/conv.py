"""Time of one convolution and one max-pooling, forward and backward, at the sizes of 001 §5.2.

    python benchmarks/conv.py            on one core
    python benchmarks/conv.py 2          on two

Compares this library and, where it is installed, PyTorch with its memory channels-last or not, in
turn within one process. Whole training steps of the network are timed by `tinygrad-edu bench`.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

import tinygrad_edu as te
from tinygrad_edu import nn
from tinygrad_edu.backend.threads import limit_threads

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
ROUNDS, BATCH = 40, 32
Jobs = dict[str, Callable[[], object]]

rng = np.random.default_rng(0)
hidden = rng.standard_normal((BATCH, 32, 15, 15), dtype=np.float32)  # what the second layer sees
kernels = rng.standard_normal((64, 32, 3, 3), dtype=np.float32)
shifts = rng.standard_normal(64, dtype=np.float32)
upstream = rng.standard_normal((BATCH, 64, 13, 13), dtype=np.float32)
pooled = rng.standard_normal((BATCH, 32, 7, 7), dtype=np.float32)


def channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) whose memory is (N, H, W, C)."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def library_jobs() -> Jobs:
    x = te.Tensor(channels_last(hidden), True)
    w, b = te.tensor(kernels, requires_grad=True), te.tensor(shifts, requires_grad=True)
    g, g_pooled = te.Tensor(channels_last(upstream)), te.Tensor(channels_last(pooled))

    def convolve() -> None:
        x.grad = w.grad = b.grad = None
        nn.functional.conv2d(x, w, b).backward(g)

    def pool() -> None:
        x.grad = None
        nn.functional.max_pool2d(x, 2).backward(g_pooled)

    return {"conv2d": convolve, "max_pool2d": pool}


def torch_jobs(in_channels_last: bool) -> Jobs:
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(THREADS)
    order = torch.channels_last if in_channels_last else torch.contiguous_format

    def tensor(a: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(a).to(memory_format=order)

    x, w = tensor(hidden).requires_grad_(), tensor(kernels).requires_grad_()
    b, g, g_pooled = torch.from_numpy(shifts).requires_grad_(), tensor(upstream), tensor(pooled)

    def convolve() -> None:
        x.grad = w.grad = b.grad = None
        F.conv2d(x, w, b).backward(g)

    def pool() -> None:
        x.grad = None
        F.max_pool2d(x, 2).backward(g_pooled)

    return {"conv2d": convolve, "max_pool2d": pool}


def peers() -> dict[str, Jobs]:
    try:
        import torch  # noqa: F401
    except ImportError:
        return {"tinygrad_edu": library_jobs()}
    return {
        "tinygrad_edu": library_jobs(),
        "PyTorch": torch_jobs(False),
        "PyTorch, channels last": torch_jobs(True),
    }


def milliseconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    limit_threads(THREADS)
    found = peers()
    for what in library_jobs():
        rounds = [
            {name: milliseconds(jobs[what]) for name, jobs in found.items()}
            for _ in range(ROUNDS + 3)
        ][3:]  # the first rounds warm up
        print(f"{what}, forward and backward, batch {BATCH}, threads {THREADS}")
        for name in found:
            ratio = statistics.median(row["tinygrad_edu"] / row[name] for row in rounds)
            median = statistics.median(row[name] for row in rounds)
            print(f"  {name:24} {median:7.2f} ms   tinygrad_edu / this {ratio:.2f}")


if __name__ == "__main__":
    main()
